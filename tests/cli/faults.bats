#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that fail: every write and every flush in turn, with the errors of real devices; afterwards the next writer
# recovers the volume.

load common
load places
load damage
setup() { common_setup; }
teardown() { common_teardown; }

# Makes a small volume in $device with the content of the file old, and a file new to be written.
fault_volume() {
	small back
	pattern old "$space" old
	pattern new "$space" new
	run_csum 0 write -q back old
	fault_device back
}

# consistent: the device must now hold a consistent volume, which the next writer recovers.
consistent() {
	fault clear
	run_csum 0 info -J "$device" || return
	[[ $(json info .state) =~ ^(active|clean)$ ]] || return
	run_csum 0 check -J "$device" || return
	[ "$(json finding 'select(.kind != "interrupted") | .kind')" = "" ] || return
	run_csum 0 read -q "$device" || return
	mixed "$BATS_TEST_TMPDIR/stdout" 512 || return
	cp "$BATS_TEST_TMPDIR/stdout" model
	run_csum 0 write -q -o 100 -l 10 "$device" < <(piece model 100 10) || return
	holds "$device" model
}

@test "a write that fails: message, status, state, recovery" {
	fault_volume
	fault "write EIO $(data_at 100) 512"
	run_csum 8 write "$device" new
	[ -z "$stdout" ]
	err_has "^csumtool: $device: writing [0-9]+ bytes at offset [0-9]+: Input/output error$"
	[[ $stderr =~ "writing "([0-9]+)" bytes at offset "([0-9]+) ]]
	[ "${BASH_REMATCH[2]}" -le "$(data_at 100)" ]
	[ $((BASH_REMATCH[2] + BASH_REMATCH[1])) -gt "$(data_at 100)" ]
	[ "$(grep -c "Input/output error" <<<"$stderr")" -eq 1 ]
	fault clear
	is_state "$device" active
	run_csum 0 info "$device"
	out_has "^state +active"
	# While a place fails, recovery fails too, or the write after it; nothing gets worse.
	fault "write EIO $(data_at 100) 512"
	run_csum 8 write "$device" new
	fault clear
	is_state "$device" active
	consistent
	run_csum 0 write -q "$device" new
	holds "$device" new
}

@test "each error is named" {
	fault_volume
	for pair in "EIO:Input/output error" "ENOSPC:No space left on device" "EROFS:Read-only file system" \
		"EREMOTEIO:Remote I/O error" "ETIMEDOUT:Connection timed out" "ENODEV:No such device" \
		"ENXIO:No such device or address" "EBADMSG:Bad message" "ENODATA:No data available" \
		"EILSEQ:Invalid or incomplete multibyte or wide character" "EBADE:Invalid exchange" \
		"ENOLINK:Link has been severed" "EUCLEAN:Structure needs cleaning" "ECANCELED:Operation canceled"; do
		fault clear "write ${pair%%:*} $(imd_at 2 0) 512" "write ${pair%%:*} $(imd_at 2 1) 512"
		run_csum 8 write "$device" new
		[ -z "$stdout" ]
		err_has "^csumtool: $device: .*: ${pair#*:}$"
		consistent
	done
}

@test "every write in turn fails, and those after it" {
	fault_volume
	for ((n = 0; n < 60; n++)); do
		fault clear
		run_csum 0 write -q "$device" old
		fault clear "write EIO 0 0 -1 $n"
		status=0
		run_csum 8 write "$device" new || [ "$status" -eq 0 ] || false
		[ "$status" -eq 8 ] || break
		err_has "^csumtool: $device: writing [0-9]+ bytes at offset [0-9]+: Input/output error$"
		consistent
	done
	echo "$n writes"
	[ "$n" -ge 8 ]
	[ "$n" -lt 60 ]
	fault clear
	holds "$device" new
}

@test "every write in turn fails once" {
	fault_volume
	for ((n = 0; n < 60; n++)); do
		fault clear
		run_csum 0 write -q "$device" old
		fault clear "write EIO 0 0 1 $n"
		status=0
		run_csum 8 write "$device" new || [ "$status" -eq 0 ] || false
		[ "$status" -eq 8 ] || break
		# Nothing was written after the failure: the state is still active.
		fault clear
		consistent
	done
	[ "$n" -ge 8 ]
	[ "$n" -lt 60 ]
}

@test "every flush in turn fails: 8, and never clean" {
	fault_volume
	for ((n = 0; n < 30; n++)); do
		fault clear
		run_csum 0 write -q "$device" old
		is_state "$device" clean
		fault clear "flush EIO 0 0 1 $n"
		status=0
		run_csum 8 write "$device" new || [ "$status" -eq 0 ] || false
		[ "$status" -eq 8 ] || break
		[ -z "$stdout" ]
		err_has "^csumtool: $device: .*flush.*: Input/output error$"
		writes=$(fault_calls 2)
		fault clear
		run_csum 0 info -J "$device"
		echo "flush $n: $(json info .state) after $writes writes"
		# The volume may be clean if no superblock was written yet, or if only the flush of the last superblock
		# failed, which says clean and may have reached the disk.
		if [ "$writes" -gt 0 ] && [ "$(json info .state)" = clean ]; then
			run_csum 0 read -q "$device"
			cmp ../stdout new
			last_flush=$n
		fi
		consistent
	done
	echo "$n flushes"
	[ "$n" -ge 5 ]
	[ "$n" -lt 30 ]
	[ -z "${last_flush:-}" ] || [ "$last_flush" -eq $((n - 1)) ]
}

@test "discard: every write and every flush in turn fails" {
	fault_volume
	head -c "$space" /dev/zero >new
	for call in write flush; do
		for ((n = 0; n < 30; n++)); do
			fault clear
			run_csum 0 write -q "$device" old
			fault clear "$call EIO 0 0 -1 $n"
			status=0
			run_csum 8 discard -o 100 -l 100000 "$device" || [ "$status" -eq 0 ] || false
			[ "$status" -eq 8 ] || break
			[ -z "$stdout" ]
			err_has "^csumtool: $device: .*: Input/output error$"
			# Sectors at the ends keep a part of their content, so mixed() would not do.
			fault clear
			run_csum 0 check -q "$device"
			run_csum 0 read -q "$device"
			cp ../stdout model
			run_csum 0 write -q -l 1 "$device" < <(piece model 0 1)
			holds "$device" model
		done
		[ "$n" -ge 4 ]
		[ "$n" -lt 30 ]
	done
}

@test "recovery: every write and every flush in turn fails" {
	fault_volume
	fault "write EIO 0 0 -1 4"
	run_csum 8 write "$device" new
	fault clear
	is_state "$device" active
	cp back active
	for call in write flush; do
		for ((n = 0; n < 40; n++)); do
			dd if=active of=back bs=64K conv=notrunc status=none
			fault clear "$call EIO 0 0 -1 $n"
			status=0
			run_csum 8 write -o 100 -l 10 "$device" old || [ "$status" -eq 0 ] || false
			[ "$status" -eq 8 ] || break
			fault clear
			run_csum 0 check -q "$device"
			silent
			run_csum 0 read -q "$device"
			cp ../stdout model
			run_csum 0 write -q -o 3000 -l 10 "$device" < <(piece model 3000 10)
			holds "$device" model
		done
		echo "$call: $n"
		[ "$n" -ge 4 ]
		[ "$n" -lt 40 ]
	done
}

@test "external: either device fails" {
	small_external dback mback
	pattern old "$space" old
	pattern new "$space" new
	run_csum 0 write -q -m mback dback old
	fault_device mback
	meta=$device
	fault "write EIO $(imd_at 3 0) 512" "write EIO $(imd_at 3 1) 512"
	run_csum 8 write -m "$meta" dback new
	err_has "^csumtool: $meta: writing [0-9]+ bytes at offset [0-9]+: Input/output error$"
	is_state dback active -m "$meta"
	fault clear "flush EIO 0 0 1 3"
	run_csum 8 write -m "$meta" dback new
	err_has "^csumtool: $meta: .*flush.*: Input/output error$"
	fault clear
	run_csum 0 write -q -m "$meta" dback new
	holds dback new -m "$meta"
	fault_device dback
	fault "write EIO 100000 512"
	run_csum 8 write -m "$meta" "$device" old
	err_has "^csumtool: $device: writing [0-9]+ bytes at offset [0-9]+: Input/output error$"
	is_state "$device" active -m "$meta"
	fault clear "flush EIO 0 0 -1 1"
	run_csum 8 write -m "$meta" "$device" old
	err_has "^csumtool: $device: .*flush.*: Input/output error$"
	fault clear
	run_csum 0 check -q -m "$meta" "$device"
	run_csum 0 write -q -m "$meta" "$device" old
	holds "$device" old -m "$meta"
}

@test "format: every write and every flush in turn fails, and no half of a volume is left" {
	fault_volume
	for call in write flush; do
		for ((n = 0; n < 40; n++)); do
			fault clear
			run_csum 0 format -q -f -s 512 -K 2 "$device"
			run_csum 0 write -q -l 5000 "$device" old
			fault clear "$call EIO 0 0 -1 $n"
			status=0
			run_csum 8 format -q -f -s 512 -K 3 "$device" || [ "$status" -eq 0 ] || false
			[ "$status" -eq 8 ] || break
			err_has "^csumtool: $device: .*: Input/output error$"
			fault clear
			# As long as the superblocks cannot be voided the old volume is there, and only its reserved
			# space has changed, which takes the first three writes; near the end the new volume may be
			# there.
			status=0
			run_csum 0 info -J "$device" || [ "$status" -eq 8 ] || false
			if [ "$status" -eq 0 ]; then
				case $(json info .interleave) in
				2)
					[ "$n" -lt 7 ]
					run_csum 0 read -q -l 5000 "$device"
					cmp -n 5000 ../stdout old
					;;
				3)
					# A valid superblock, even if it is C, means that everything but superblocks is
					# done.
					run_csum 0 read -q "$device"
					head -c "$space" /dev/zero | cmp - <(piece ../stdout 0 "$space")
					last=$n
					;;
				*) false ;;
				esac
			fi
		done
		echo "$call: $n"
		[ "$n" -ge 4 ]
		[ "$n" -lt 40 ]
		[ -z "${last:-}" ] || [ "$last" -ge $((n - 2)) ]
		last=
	done
}

@test "a device that vanishes in the middle of a write" {
	fault_volume
	fault "write ENODEV 0 0 -1 5" "read ENODEV 0 0 -1 30"
	run_csum 8 write "$device" new
	[ -z "$stdout" ]
	err_has "^csumtool: $device: .*No such device$"
	consistent
}

@test "issue 8 B5: whatever error a device has for a sector, it is unreadable" {
	local error first reads
	fault_volume
	for error in EIO ENODATA EREMOTEIO EILSEQ ETIMEDOUT EBADE ENOLINK ENOSPC EUCLEAN EBADMSG ECANCELED; do
		echo "$error"
		fault clear "read $error $(data_at 100) 512"
		run_csum 4 check -J "$device"
		[ "$(json finding '[.kind, .first_sector, .sector_count, .reason] | @csv')" = \
			'"unreadable",100,1,"the device cannot read it"' ]
		# Reads with any error are tried the same number of times.
		reads=$(fault_calls 1)
		[ "$reads" -eq "${first:=$reads}" ]
		must_fail 4 "data sector 100 .*the device cannot read it" read -o 100s -l 1s "$device"
		must_fail 4 "data sector 100 .* is bad" write -o $((100 * 512 + 5)) -l 20 "$device" new
		# The error may pass.
		fault clear "read $error $(data_at 100) 512 3"
		run_csum 0 check -J "$device"
		[ "$(json finding .kind)" = transient ]
		fault clear "read $error $(imd_at 2 0) 512"
		run_csum 4 check -J "$device"
		[ "$(json finding '[.kind, .first_group, .copy] | @csv')" = '"imd-bad",2,0' ]
		out_has '"reason":"unreadable"'
		fault clear "read $error 4096 4096"
		run_csum 0 read -q "$device"
		cmp ../stdout old
	done
	fault clear
	holds "$device" old
}

@test "reads that fail while opening" {
	fault_volume
	fault "read EIO 0 4096"
	run_csum 0 read -q "$device"
	cmp ../stdout old
	fault clear "read EIO 0 4096" "read EIO 524288 4096"
	run_csum 0 read -q "$device"
	cmp ../stdout old
	fault "read EIO $backup 4096"
	run_csum 8 read -q "$device"
	err_has "^csumtool: $device: "
	# The journal counts on an active volume only.
	fault clear "read EIO 65536 4096"
	run_csum 0 read -q "$device"
	cmp ../stdout old
	run_csum 0 write -q "$device" new
	fault clear
	holds "$device" new
}

@test "metadata that cannot be read is not written over with something made up" {
	fault_volume
	# One copy is unreadable: the other one serves, and the first is rewritten.
	fault "read EIO $(imd_at 2 0) 512"
	run_csum 0 write -q -o 130s -l 100 "$device" new
	fault clear
	put old $((130 * 512)) <(piece new 0 100)
	holds "$device" old
	# Both copies are unreadable: the group can only be written as a whole.
	fault "read EIO $(imd_at 2 0) 512" "read EIO $(imd_at 2 1) 512"
	before=$(digest back)
	must_fail 4 "both imd copies of group 2 " write -o 130s -l 100 "$device" new
	[ "$(digest back)" = "$before" ]
	fault clear
	holds "$device" old
}

@test "a device that reads once wrong does not fool a partial write" {
	fault_volume
	fault "flip $(data_at 77) 512 1"
	run_csum 0 write -q -o $((77 * 512 + 5)) -l 20 "$device" new
	fault clear
	put old $((77 * 512 + 5)) <(piece new 0 20)
	holds "$device" old
	fault "flip $(data_at 78) 512"
	must_fail 4 "data sector 78 .* is bad" write -o $((78 * 512 + 5)) -l 20 "$device" new
	fault clear
	holds "$device" old
}
