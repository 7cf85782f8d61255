#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# discard: whole sectors become unwritten, parts of sectors zeros.
# sanitize: yes

load common
load places
setup() { common_setup; }
teardown() { common_teardown; }

# unwritten COUNT: check must find so many unwritten data sectors.
unwritten() {
	run_csum 0 check -J v
	[ "$(json summary .sectors_unwritten)" -eq "$1" ]
}

@test "the range reads as zeros and is unwritten" {
	full_volume
	unwritten 0
	run_csum 0 discard -o 10s -l 100s v
	[ -z "$stderr" ]
	[ "$stdout" = "discarded 51200 bytes (50.0 KiB) from offset 5120 on" ]
	zeros in 5120 51200
	holds v in
	unwritten 100
	# Bytes stored there have no meaning any more.
	flip v "$(data_at 50)"
	holds v in
	# The range is discarded again, with unwritten sectors around it.
	run_csum 0 discard -q -o 5s -l 120s v
	silent
	zeros in 2560 61440
	holds v in
	unwritten 120
	run_csum 0 dump-imd -J -g 1 v
	[ "$(json group '.copies[0].entries[0]')" = 0x0000000000000000 ]
	[ "$(json group '.copies[1].entries[0]')" = 0x0000000000000000 ]
}

@test "every alignment of both ends" {
	full_volume
	cp in model
	pattern source 400000 again
	n=0
	points=(0 1 511 512 513 31744 31745 63487 63488 64001 95231 $((space - 512)) $((space - 1)) "$space")
	for begin in "${points[@]}"; do
		for end in "${points[@]}"; do
			[ "$begin" -lt "$end" ] && [ $(((n += 1) % 2)) -eq 0 ] || continue
			echo "$begin to $end"
			run_csum 0 discard -q -o "$begin" -l $((end - begin)) v
			zeros model "$begin" $((end - begin))
			run_csum 0 read -q v
			cmp ../stdout model
			# A part is written again.
			piece source $((n * 977)) $(((end - begin + 1) / 2)) >in
			run_csum 0 write -q -o "$begin" v in
			put model "$begin" in
		done
	done
	holds v model
}

@test "parts of sectors become zeros, and stay written" {
	full_volume
	run_csum 0 discard -q -o 100 -l 1000 v
	zeros in 100 1000
	holds v in
	unwritten 1
	run_csum 0 discard -q -o 5000 -l 1 v
	zeros in 5000 1
	holds v in
	unwritten 1
	# In an unwritten sector nothing has to be written.
	run_csum 0 discard -q -o 520 -l 4 v
	holds v in
	unwritten 1
}

@test "all of it, for every kind of volume" {
	for c in crc64 crc32c crc32; do
		for s in 512 4096; do
			rm -f v d m in
			vol v -s $s -c $c --size=5M
			run_csum 0 info -J v
			bytes=$(($(json info .data_sectors) * s))
			pattern in $bytes $c
			run_csum 0 write -q v in
			run_csum 0 discard -q -o 0 -l $bytes v
			head -c $bytes /dev/zero >in
			holds v in
			unwritten $((bytes / s))
			truncate -s 1000000 d
			run_csum 0 format -q -s $s -c $c -m m --size=2M d
			pattern in $((1000000 / s * s)) $c
			run_csum 0 write -q -m m d in
			run_csum 0 discard -q -m m -o 1000 -l 500001 d
			zeros in 1000 500001
			holds d in -m m
		done
	done
}

@test "both --offset and --length have to be given" {
	full_volume
	before=$(digest v)
	must_fail 16 "'discard' needs --offset and --length" discard v
	must_fail 16 "'discard' needs --offset and --length" discard -o 0 v
	must_fail 16 "'discard' needs --offset and --length" discard -l 512 v
	must_fail 16 "an operand is missing" discard -o 0 -l 512
	must_fail 16 "'more' is one operand too many" discard -o 0 -l 512 v more
	must_fail 16 "--length: '0' is too small" discard -o 0 -l 0 v
	must_fail 16 "--offset: '-1' is negative" discard -o -1 -l 1 v
	must_fail 16 "--offset: '9223372036854775808' is too large" discard -o 9223372036854775808 -l 1 v
	must_fail 16 "--length: '18446744073709551616' is too large" discard -o 1 -l 18446744073709551616 v
	[ "$(digest v)" = "$before" ]
}

@test "past the end" {
	full_volume
	before=$(digest v)
	must_fail 8 "go past the end of the data space of $space bytes" discard -o 0 -l $((space + 1)) v
	must_fail 8 "2 bytes at offset $((space - 1)) go past" discard -o $((space - 1)) -l 2 v
	must_fail 8 "1 bytes at offset $space go past" discard -o "$space" -l 1 v
	must_fail 8 "offset $((space + 1)) is past the end" discard -o $((space + 1)) -l 1 v
	must_fail 8 "past the end" discard -o 9223372036854775807 -l 9223372036854775807 v
	must_fail 8 "past the end" discard -o 1 -l 9223372036854775807 v
	[ "$(digest v)" = "$before" ]
	run_csum 0 discard -q -o $((space - 1)) -l 1 v
	zeros in $((space - 1)) 1
	holds v in
}

@test "a bad sector is discarded as a whole, not in part" {
	full_volume
	for bad in 0 62 123 331; do
		at=$(data_at $bad)
		flip v "$at"
		before=$(digest v)
		says="data sector $bad \(device offset $at\) is bad and would be changed in part only"
		must_fail 4 "$says" discard -o $((bad * 512 + 1)) -l 511 v
		must_fail 4 "$says" discard -o $((bad * 512)) -l 511 v
		[ $bad -eq 0 ] || must_fail 4 "$says" discard -o 0 -l $((bad * 512 + 1)) v
		[ "$(digest v)" = "$before" ]
		run_csum 0 discard -q -o ${bad}s -l 1s v
		zeros in $((bad * 512)) 512
		holds v in
	done
}

@test "a group without integrity metadata is discarded as a whole or not at all" {
	for group in 0 3 5; do
		full_volume
		poke v "$(imd_at $group 0)" 00
		poke v "$(imd_at $group 1)" 00
		first=$((group * 62))
		count=$((group < 5 ? 62 : 332 - 5 * 62))
		before=$(digest v)
		says="both imd copies of group $group .*write all of it, or discard all of it"
		must_fail 4 "$says" discard -o ${first}s -l $((count - 1))s v
		must_fail 4 "$says" discard -o $((first + 1))s -l $((count - 1))s v
		must_fail 4 "$says" discard -o $((first * 512 + 7)) -l 1 v
		[ "$(digest v)" = "$before" ]
		run_csum 0 discard -q -o ${first}s -l ${count}s v
		zeros in $((first * 512)) $((count * 512))
		holds v in
		unwritten $count
		rm v
	done
}

@test "what it says with -v and -J" {
	full_volume
	run_csum 0 discard -J -o 3 -l 1000 v
	[ -z "$stderr" ]
	jq -e '.type == "summary" and .schema == 1 and .command == "discard" and .offset == 3 and .bytes == 1000 and
		.exit_status == 0' <<<"$stdout"
	run_csum 8 discard -J -o 1G -l 1 v
	jq -e '.exit_status == 8 and .bytes == 0 and (.error | contains("past the end"))' <<<"$stdout"
	run_csum 0 discard -v -o 3 -l 1000 v
	out_has "^discarded 1000 bytes"
}
