#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# read: verified bytes and nothing else; outputs; bad sectors.
# sanitize: yes

load common
load places
setup() { common_setup; }
teardown() { common_teardown; }

out_is() {
	cmp "$BATS_TEST_TMPDIR/stdout" "${1:--}"
}

@test "to standard output" {
	full_volume
	run_csum 0 read v
	out_is in
	[ -z "$stderr" ]
	run_csum 0 read v -
	out_is in
	run_csum 0 read -v v
	out_is in
	err_has "^read $space bytes \(166.0 KiB\) in .*; bad sectors: 0$"
}

@test "to a file" {
	full_volume
	run_csum 0 read v out
	cmp out in
	[ -z "$stderr" ]
	out_has "^read $space bytes \(166.0 KiB\) in .*/s; bad sectors: 0$"
	run_csum 0 read -q v out2
	silent
	cmp out2 in
	mkdir directory
	run_csum 0 read -q v directory/out
	cmp directory/out in
	umask 027
	run_csum 0 read -q v out3
	[ "$(stat -c %a out3)" = 640 ]
}

@test "any range" {
	full_volume
	for begin in 0 1 511 512 513 31743 31744 63487 63488 63489 95000 $((space - 513)) $((space - 1)); do
		for length in 1 2 511 512 1000 31744 40000 $((space - begin)); do
			[ $((begin + length)) -le "$space" ] || continue
			echo "$begin, $length"
			run_csum 0 read -q -o $begin -l $length v
			silent_error
			piece in $begin $length | out_is
		done
		run_csum 0 read -q -o $begin v
		piece in $begin "$space" | out_is
	done
}

silent_error() {
	[ -z "$stderr" ]
}

@test "unwritten sectors read as zeros, whatever is stored there" {
	small v
	filled_file noise 170000 377
	put v "$(data_at 0)" <(piece noise 0 3000)
	put v "$(data_at 330)" <(piece noise 0 1024)
	run_csum 0 read -q v
	head -c "$space" /dev/zero | out_is
	small_external d m
	put d 0 <(piece noise 0 169984)
	run_csum 0 read -q -m m d
	head -c "$space" /dev/zero | out_is
	rm -f d m
	small_external d m -f
	run_csum 0 read -q -m m -o 100 -l 1000 d
	head -c 1000 /dev/zero | out_is
}

@test "past the end" {
	full_volume
	must_fail 8 "offset $((space + 1)) is past the end of the data space of $space bytes" read -o $((space + 1)) v
	must_fail 8 "2 bytes at offset $((space - 1)) go past the end" read -o $((space - 1)) -l 2 v
	must_fail 8 "go past the end" read -l $((space + 1)) v
	must_fail 8 "go past the end" read -o 1 -l 9223372036854775807 v
	must_fail 8 "past the end" read -o 9223372036854775807 v out
	[ ! -e out ]
	must_fail 16 "--offset: '9223372036854775808' is too large" read -o 9223372036854775808 v
	must_fail 16 "--length: '18446744073709551616' is too large" read -l 18446744073709551616 v
	must_fail 16 "--offset: '-1' is negative" read -o -1 v
	must_fail 16 "--length: '0' is too small" read -l 0 v
	# At the very end there are no bytes, which is no error.
	run_csum 0 read -o "$space" v
	[ ! -s ../stdout ]
}

@test "--on-error=stop, and without it: ends before the first bad sector" {
	full_volume
	for bad in 0 1 61 62 124 200 330 331; do
		at=$(data_at $bad)
		flip v $((at + 511))
		flip v $((bad < 331 ? $(data_at 331) : at)) # another bad sector, further on
		[ $bad -lt 331 ] || flip v "$at"
		for option in "" --on-error=stop; do
			echo "sector $bad $option"
			run_csum 4 read ${option:+"$option"} v
			piece in 0 $((bad * 512)) | out_is
			err_has "^csumtool: mismatch: data sector $bad \(offset $((bad * 512))\), v offset $at: "
			[ "$(grep -c mismatch <<<"$stderr")" -eq 1 ]
			err_has "^csumtool: v: .*stopped at a bad sector, after $((bad * 512)) of $space bytes$"
		done
		# The good part of a file stays, and a message says how long it is.
		rm -f out
		run_csum 4 read v out
		if [ $bad -eq 0 ]; then
			[ ! -e out ]
		else
			piece in 0 $((bad * 512)) | cmp - out
			err_has "^csumtool: warning: out: incomplete: .*$((bad * 512)) bytes\\b.* from offset 0 on"
		fi
		# A range with only good sectors is read without a message.
		if [ $bad -gt 0 ]; then
			run_csum 0 read -q -l $((bad * 512)) v
		fi
		# A range that begins in the bad sector gives nothing.
		run_csum 4 read -o $((bad * 512 + 511)) -l 1 v
		[ ! -s ../stdout ]
		flip v $((at + 511))
		[ $bad -eq 331 ] || flip v "$(data_at 331)"
	done
}

@test "--on-error=zero and raw: go on, list the bad ranges, end with 4" {
	full_volume
	cp in zero
	cp in raw
	# Bad sectors at the start; three in a row over the end of a cluster; in the middle; at the end.
	for bad in 0 123 124 125 200 331; do
		flip v $(($(data_at $bad) + 3))
		zeros zero $((bad * 512)) 512
		flip raw $((bad * 512 + 3))
	done
	run_csum 4 read --on-error=zero v
	out_is zero
	[ "$(grep -c "^csumtool: mismatch: " <<<"$stderr")" -eq 4 ]
	err_has "^csumtool: mismatch: data sector 0 \(offset 0\), v offset $(data_at 0): .*expected 0x[0-9a-f]{16}, computed 0x"
	err_has "^csumtool: mismatch: data sectors 123-125 \(3 sectors, offset 62976\), v offset $(data_at 123): "
	err_has "^csumtool: mismatch: data sector 200 \(offset 102400\), v offset $(data_at 200): "
	err_has "^csumtool: mismatch: data sector 331 \(offset $((331 * 512))\), v offset $(data_at 331): "
	run_csum 4 read --on-error=raw v
	out_is raw
	[ "$(grep -c "^csumtool: mismatch: " <<<"$stderr")" -eq 4 ]
	run_csum 4 read --on-error raw v out
	cmp out raw
	out_has "bad sectors: 6$"
	# The ranges cover parts of bad sectors.
	run_csum 4 read --on-error=zero -o $((124 * 512 + 500)) -l 20 v
	head -c 20 /dev/zero | cmp ../stdout -
	run_csum 4 read --on-error=raw -o $((331 * 512 + 1)) v
	piece raw $((331 * 512 + 1)) 600 | out_is
	# Without a bad sector in the range there is no message.
	run_csum 0 read --on-error=raw -o 512 -l 1000 v
	silent_error
	must_fail 16 "--on-error: 'skip' is not stop, zero or raw" read --on-error=skip v
	must_fail 16 "--on-error: '' is not" read --on-error= v
}

@test "bad sectors are bad for every kind of volume" {
	for c in crc64 crc32c crc32; do
		for s in 512 4096; do
			rm -f v
			vol v -s $s -c $c --size=4M
			run_csum 0 info -J v
			places $s "$(json info .interleave)" $((4 << 20))
			pattern in "$space" "$c$s"
			run_csum 0 write -q v in
			flip v $(($(data_at 77) + s - 1))
			run_csum 4 read v
			piece in 0 $((77 * s)) | out_is
			err_has "data sector 77 \(offset $((77 * s))\), v offset $(data_at 77): "
		done
	done
	small_external d m
	pattern in "$space" ext
	run_csum 0 write -q -m m d in
	flip d 100000
	run_csum 4 read -m m d
	piece in 0 $((195 * 512)) | out_is
	err_has "data sector 195 \(offset 99840\), d offset 99840: "
}

@test "a group without integrity metadata cannot be verified" {
	full_volume
	for copy in 0 1; do
		poke v $(($(imd_at 2 $copy) + 4)) 12345678
	done
	run_csum 4 read v
	piece in 0 $((124 * 512)) | out_is
	err_has "^csumtool: imd-lost: data sectors? 124"
	run_csum 4 read --on-error=raw v
	out_is in
	err_has "^csumtool: imd-lost: data sectors 124-185 \(62 sectors, offset 63488\), v offset $(data_at 124): "
	run_csum 4 read --on-error=zero v
	cp in zero
	zeros zero 63488 31744
	out_is zero
	run_csum 0 read -q -o 186s v
	# One valid copy is enough.
	poke v "$(imd_at 4 0)" 00
	run_csum 0 read -q -o 186s v
	piece in 95232 "$space" | out_is
}

@test "unreadable sectors" {
	full_volume
	fault_device v
	fault "read EIO $(data_at 50) 512" "read EIO $(data_at 51) 512" "read EIO $(data_at 331) 512"
	run_csum 4 read "$device"
	piece in 0 25600 | out_is
	err_has "^csumtool: unreadable: data sectors? 50.*$device offset $(data_at 50): "
	cp in zero
	zeros zero 25600 1024
	zeros zero $((331 * 512)) 512
	for mode in zero raw; do
		run_csum 4 read --on-error=$mode "$device"
		out_is zero
		err_has "^csumtool: unreadable: data sectors 50-51 \(2 sectors, offset 25600\), $device offset $(data_at 50): "
		err_has "^csumtool: unreadable: data sector 331 "
	done
	# One of both copies may be unreadable.
	fault clear "read EIO $(imd_at 3 1) 512"
	run_csum 0 read -q "$device"
	out_is in
	fault "read EIO $(imd_at 3 0) 512"
	run_csum 4 read --on-error=raw "$device"
	out_is in
	err_has "imd-lost: data sectors 186-247 "
}

@test "what a second read does not show is good" {
	full_volume
	fault_device v
	fault "flip $(data_at 40) 512 1"
	run_csum 0 read "$device"
	out_is in
	fault clear "read EIO $(data_at 40) 512 1"
	run_csum 0 read "$device"
	out_is in
}

@test "a device that vanishes ends it with 8" {
	full_volume
	fault_device v
	fault "read ENODEV $(data_at 100) 512"
	for mode in stop zero raw; do
		run_csum 8 read --on-error=$mode "$device"
		err_has "$device: .*No such device"
		! grep -q unreadable <<<"$stderr" || false
		# The bytes that came out before are right.
		piece in 0 "$(stat -c %s ../stdout)" | out_is
	done
}

@test "a device that was cut short" {
	full_volume
	# The cut is in the last cluster, whose second copies are gone with it.
	truncate -s "$(data_at 300)" v
	run_csum 4 read --on-error=zero v
	cp in zero
	zeros zero 153600 "$space"
	truncate -s "$space" zero
	err_has "csumtool: warning: v: .*cut short"
	err_has "unreadable: data sectors 300-331 \(32 sectors, offset 153600\), v offset $(data_at 300): beyond the end"
	piece zero 0 "$(stat -c %s ../stdout)" | out_is
	run_csum 4 read v
	piece in 0 153600 | out_is
	run_csum 0 read -q -l 153600 v
	# The cut is before the last cluster.
	truncate -s "$(data_at 100)" v
	run_csum 0 read -q -l 51200 v
	run_csum 4 read v
	piece in 0 51200 | out_is
	run_csum 4 read -o 320s v
	[ ! -s ../stdout ]
}

@test "a reader changes nothing" {
	full_volume
	flip v "$(data_at 40)"
	flip v "$(imd_at 1 0)"
	poke v 0 00
	chmod 444 v
	before=$(digest v)-$(stat -c %y v)
	run_csum 4 read --on-error=raw v
	run_csum 4 check v
	run_csum 0 info v
	[ "$(digest v)-$(stat -c %y v)" = "$before" ]
}

@test "--json" {
	full_volume
	must_fail 16 "--json needs a FILE: standard output carries the data" read -J v
	must_fail 16 "--json needs a FILE" read --json v -
	run_csum 0 read -J -o 5 -l 100 v out
	[ -z "$stderr" ]
	jq -e '.type == "summary" and .schema == 1 and .command == "read" and .offset == 5 and .bytes == 100 and
		.sectors_bad == 0 and .exit_status == 0 and (has("error") | not)' <<<"$stdout"
	flip v "$(data_at 10)"
	flip v "$(data_at 200)"
	flip v "$(data_at 201)"
	run_csum 4 read -J --on-error=zero v out2
	[ "$(jq -s length <<<"$stdout")" -eq 3 ]
	json finding '[.kind, .first_sector, .sector_count, .offset, .device, .device_offset] | join(" ")' >lines
	printf '%s\n' "mismatch 10 1 5120 v $(data_at 10)" "mismatch 200 2 102400 v $(data_at 200)" | cmp - lines
	[ "$(json finding .expected | grep -c '^0x[0-9a-f]\{16\}$')" -eq 1 ]
	[ "$(json summary .sectors_bad)" -eq 3 ]
	[ "$(json summary .exit_status)" -eq 4 ]
	[ "$(json summary .bytes)" -eq "$space" ]
}
