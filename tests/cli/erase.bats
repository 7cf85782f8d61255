#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# superblock erase: zeros valid superblocks, and nothing else. (Issue 8, A1)
# sanitize: yes

load common
load places
setup() { common_setup; }
teardown() { common_teardown; }

# Makes a volume of 4 MiB, with A, B and C at 0, 524288 and 4128768.
small_volume() {
	random_file data 1M
	rm -f "${1:-v}"
	vol "${1:-v}" -U 01234567-89ab-cdef-0123-456789abcdef
	run_csum 0 write -q "${1:-v}" data
}

# erases SLOTS: erases v with -f; afterwards these slots must be zeros, and nothing else may have changed.
erases() {
	local slot
	cp v expected
	for slot in $1; do
		dd if=/dev/zero of=expected bs=4096 seek=$((slot / 4096)) count=1 conv=notrunc status=none
	done
	run_csum 0 superblock erase -f v
	cmp v expected
	[ "$(grep -c '^erased: superblock' <<<"$stdout")" -eq "$(wc -w <<<"$1")" ]
	must_fail 8 '^csumtool: v: not a csumtool volume' info v
	must_fail 8 '^csumtool: v: no valid superblock of a csumtool volume: there is nothing to erase$' superblock erase -f v
}

@test "A1: superblock erase: all three, and what it says" {
	small_volume
	erases "0 524288 4128768"
	small_volume w
	run_csum 0 superblock erase -f w
	out_has '^erased: superblock A, w offset 0, of volume 01234567-89ab-cdef-0123-456789abcdef$'
	out_has '^erased: superblock B, w offset 524288, of volume 01234567'
	out_has '^erased: superblock C, w offset 4128768, of volume 01234567'
	out_has '^no csumtool volume any more; everything else is as it was$'
	[ -z "$stderr" ]
}

@test "A1: superblock erase: those that are left only" {
	small_volume whole
	while IFS=: read -r gone left; do
		cp whole v
		for slot in $gone; do
			poke v $((slot + 100)) ff
		done
		erases "$left"
	done <<-'END'
		0:524288 4128768
		524288:0 4128768
		4128768:0 524288
		0 524288:4128768
		0 4128768:524288
		524288 4128768:0
	END
}

@test "A1: superblock erase: the backup where the volume ends, and where the device ends" {
	small_volume
	truncate -s 8M v
	erases "0 524288 4128768"
	vol larger --size=8M
	small_volume
	truncate -s 8M v
	dd if=larger of=v bs=64K skip=127 seek=127 count=1 conv=notrunc status=none
	erases "0 524288 4128768 8323072"
}

@test "A1: superblock erase: a superblock in the data is data" {
	# Cut short, the volume has data where the present size puts the backup; here this is the backup of an image in
	# the data.
	vol v -s 4096 -K 32
	run_csum 0 info -J v
	truncate -s "$(json info '.data_sectors * .sector_size')" data
	first=$(json info '.groups * .sector_size + 1048576')
	run_csum 0 format -q --size=2M other
	dd if=other of=data oflag=seek_bytes iflag=skip_bytes bs=4096 skip=$((2097152 - 65536)) count=1 \
		seek=$((2097152 - 65536 - first)) conv=notrunc status=none
	run_csum 0 write -q v data
	truncate -s 2M v
	cmp <(tail -c 65536 v | head -c 4096) <(tail -c 65536 other | head -c 4096)
	run_csum 0 superblock erase -f v
	[ "$(grep -c '^erased' <<<"$stdout")" -eq 2 ]
	cmp <(tail -c 65536 v | head -c 4096) <(tail -c 65536 other | head -c 4096)
}

@test "A1: superblock erase: needs --force where no terminal can be asked" {
	small_volume
	before=$(digest v)
	must_fail 8 '^csumtool: v: its superblocks are erased only with --force' superblock erase v
	must_fail 8 '^csumtool: v: its superblocks are erased only with --force' superblock erase v <<<yes
	run_csum 8 superblock erase -J v
	[ "$(json summary '[.found, .erased, .exit_status] | @csv')" = 3,0,8 ]
	[ "$(digest v)" = "$before" ]
}

@test "A1: superblock erase: asks on a terminal" {
	command -v script >/dev/null || skip "script is not installed"
	small_volume
	before=$(digest v)
	for answer in no '' y yess 'yes, do' "$(head -c 200 /dev/zero | tr '\0' y)"; do
		status=0
		script -qec "'$CSUMTOOL' superblock erase v" /dev/null <<<"$answer" >out || status=$?
		[ "$status" -eq 8 ]
		grep -q 'Erase 3 superblocks of v, .*(yes or no)' out
		grep -q 'csumtool: v: nothing was erased' out
		[ "$(digest v)" = "$before" ]
	done
	script -qec "'$CSUMTOOL' superblock erase -n v" /dev/null </dev/null >out
	! grep -q '(yes or no)' out || false
	[ "$(digest v)" = "$before" ]
	script -qec "'$CSUMTOOL' superblock erase v" /dev/null <<<yes >out
	grep -q '^erased: superblock C' out
	must_fail 8 'not a csumtool volume' info v
}

@test "A1: superblock erase: --dry-run, --quiet and --json" {
	small_volume
	before=$(digest v)
	run_csum 0 superblock erase -n v
	[ "$(grep -c '^would be erased: superblock' <<<"$stdout")" -eq 3 ]
	out_has '^nothing was written: --dry-run$'
	run_csum 0 superblock erase -n -J v
	[ "$(json summary '[.dry_run, .found, .erased, .exit_status] | @csv')" = true,3,0,0 ]
	[ "$(digest v)" = "$before" ]
	cp v w
	run_csum 0 superblock erase -q -f w
	silent
	run_csum 0 superblock erase -f -J v
	[ "$(json superblock '[.slot, .device, .device_offset, .uuid, .erased] | @csv' | head -n 1)" = \
		'"A","v",0,"01234567-89ab-cdef-0123-456789abcdef",true' ]
	[ "$(json superblock .slot | xargs)" = "A B C" ]
	[ "$(json summary '[.command, .dry_run, .found, .erased, .exit_status] | @csv')" = '"superblock",false,3,3,0' ]
}

@test "A1: superblock erase: of an external volume" {
	random_file data 1M
	truncate -s 4M disk
	run_csum 0 format -q -m meta --size=2M disk
	run_csum 0 write -q -m meta disk data
	cp meta whole
	must_fail 8 '^csumtool: disk: no valid superblock' superblock erase -f disk
	run_csum 0 superblock erase -f meta
	must_fail 8 '^csumtool: meta: not a csumtool volume' info -m meta disk
	cp whole meta
	run_csum 0 superblock erase -f -m meta disk
	out_has '^erased: superblock A, meta offset 0,'
	must_fail 8 '^csumtool: meta: not a csumtool volume' info -m meta disk
	cmp -n 1048576 data disk
	# A volume with data on the same device is not the metadata of another device.
	small_volume
	before=$(digest v disk)
	must_fail 8 '^csumtool: v: holds a volume with data and metadata on one device: name it without --metadata' \
		superblock erase -f -m v disk
	[ "$(digest v disk)" = "$before" ]
}

@test "A1: superblock erase: what is in use is refused" {
	small_volume
	before=$(digest v)
	in_background flock -F v sleep infinity
	wait_for grep -q ":$(stat -c %i v) " /proc/locks
	must_fail 8 '^csumtool: v: in use by process' superblock erase -f v
	must_fail 8 '^csumtool: v: in use by process' superblock erase -f --wait=0s v
	cp v w
	make_loop w
	must_fail 8 "^csumtool: w: in use, so not opened for writing: attached to $loop" superblock erase -f w
	[ "$(digest v)" = "$before" ]
	cmp v w
}

@test "A1: superblock erase: wrong command lines" {
	small_volume
	before=$(digest v)
	must_fail 16 "^csumtool: 'superblock' does not know 'save': it takes 'erase'" superblock save v
	must_fail 16 '^csumtool: an operand is missing' superblock erase
	must_fail 16 '^csumtool: an operand is missing' superblock v
	must_fail 16 '^csumtool: .*one operand too many' superblock erase v w
	must_fail 16 'there is no such option' superblock erase --allow=foreign v
	must_fail 8 '^csumtool: none: cannot open' superblock erase -f none
	[ "$(digest v)" = "$before" ]
}

@test "A1: superblock erase: a failure half-way says what is left, and leaves the newest" {
	small_volume back
	cp back whole
	fault_device back
	run_csum 0 write -q "$device" data
	run_csum 0 info -J "$device"
	newest=$(json info .superblocks.governing)
	place=0
	[ "$newest" = A ] || place=524288
	fault "write EIO $place 4096"
	run_csum 8 superblock erase -f "$device"
	out_has "^LEFT: superblock $newest, $device offset $place, of volume 01234567"
	[ "$(grep -c '^erased: superblock' <<<"$stdout")" -eq 2 ]
	err_has "^csumtool: $device: writing 4096 bytes at offset $place: Input/output error$"
	err_has "^csumtool: warning: $device: 1 of 3 superblocks are left$"
	fault clear
	run_csum 4 check -J "$device"
	[ "$(json finding .kind | sort -u | xargs)" = "interrupted superblock-bad" ]
	run_csum 0 superblock erase -f "$device"
	[ "$(grep -c '^erased: superblock' <<<"$stdout")" -eq 1 ]
	must_fail 8 'not a csumtool volume' info "$device"
	# A superblock that was not flushed is not reported as erased.
	cat whole >back
	fault "flush EIO 0 0 -1 1"
	run_csum 8 superblock erase -q -f "$device"
	[ "$(grep -c '^LEFT: superblock' <<<"$stdout")" -eq 3 ]
	err_has "^csumtool: $device: flushing written data: Input/output error$"
}
