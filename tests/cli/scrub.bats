#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# scrub: the outcome of each kind of finding in the data, with exit status; afterwards check finds nothing.
# sanitize: yes

# The options are for done_is.
# shellcheck disable=SC2034

load common
load places
load damage
load scrub
setup() { common_setup; }
teardown() { common_teardown; }

@test "nothing wrong" {
	full_volume
	run_csum 0 scrub v
	[ -z "$stderr" ]
	out_has "^332 data sectors: 332 right, 0 unwritten, 0 bad$"
	out_has "^12 imd sectors right; in .*/s$"
	out_has "^v: no errors$"
	[ "$(wc -l <<<"$stdout")" -eq 3 ]
	run_csum 0 scrub -q v
	silent
	run_csum 0 scrub --metadata-only v
	out_has "^12 imd sectors right; data not looked at; in "
	holds v in
	small w
	run_csum 0 write -q -o 3s -l 100s w < <(cat in)
	run_csum 0 scrub w
	out_has "^332 data sectors: 100 right, 232 unwritten, 0 bad"
}

@test "mismatch: what the checksum heals" {
	for layout in "512 2 1290240" "4096 2 7417856"; do
		# shellcheck disable=SC2086
		places $layout
		echo "$layout"
		rm -f v
		truncate -s "${layout##* }" v
		run_csum 0 format -q -s "$S" -K "$K" v
		pattern in "$space" "$layout"
		run_csum 0 write -q v in
		xor v "$(data_at 10)" 01                       # the first bit
		xor v $(($(data_at 30) + S - 1)) 80            # the last bit
		xor v $(($(data_at 50) + 100)) ffff            # a burst of 16 bits
		xor v $(($(data_at 70) + 7)) 8001              # 2 adjacent bits, over the end of a byte
		xor v $(($(data_at 90) + 20)) 10               # 2 bits apart
		xor v $(($(data_at 90) + S - 3)) 04
		done_is 1 "mismatch data 10 1 repaired one-bit 1" "mismatch data 30 1 repaired one-bit 1" \
			"mismatch data 50 1 repaired burst 16" "mismatch data 70 1 repaired burst 2" \
			"mismatch data 90 1 repaired two-bits 2"
		[ "$(json finding .weak | sort -u)" = false ]
		holds v in
		done_is 0
	done
}

@test "mismatch: how it is said" {
	full_volume
	xor v "$(data_at 10)" 01
	xor v "$(data_at 20)" 7f
	garbage v "$(data_at 30)" 512
	run_csum 5 scrub v
	[ -z "$stderr" ]
	out_has "^mismatch: data sector 10 \(offset 5120\), v offset $(data_at 10): expected 0x[0-9a-f]{16}, computed 0x[0-9a-f]{16}; healed: 1 bit$"
	out_has "^mismatch: data sector 20 .*; healed: burst of 7 bits$"
	out_has "^mismatch: data sector 30 .*; left$"
	out_has "^332 data sectors: 329 right, 0 unwritten, 3 bad$"
	out_has "^v: 3 errors: 3 mismatch$"
	out_has "^2 repaired, 1 LEFT: 1 mismatch$"
	out_has "keep being refused until they hold right content.*"
	out_has "--from=REPLICA"
	run_csum 4 scrub -q v
	[ "$(wc -l <<<"$stdout")" -eq 1 ]
	out_has "^mismatch: data sector 30 .*; left$"
	cp in copy
	run_csum 1 scrub --from=copy v
	out_has "^mismatch: data sector 30 .*; healed from replica copy$"
	out_has "^v: 1 error: 1 mismatch$"
	out_has "^all repaired$"
	holds v in
}

@test "a part of a volume is not all of it" {
	full_volume
	xor v "$(data_at 10)" 01
	xor v "$(data_at 20)" 01
	run_csum 1 scrub -o 10s -l 1s v
	out_has "^all of these repaired$"
	run_csum 4 check v
	run_csum 1 scrub v
	out_has "^all repaired$"
	holds v in
}

@test "--heal=none, and longer runs, are left" {
	full_volume
	xor v "$(data_at 10)" 01
	options=(--heal=none)
	done_is 4 "mismatch data 10 1 left -"
	options=(--heal=bits)
	done_is 1 "mismatch data 10 1 repaired one-bit 1"
	options=()
	for ((sector = 100; sector < 165; sector++)); do
		xor v "$(data_at $sector)" 01
	done
	done_is 4 "mismatch data 100 65 left -"
	xor v "$(data_at 164)" 01
	done_is 1 "mismatch data 100 64 repaired one-bit 1"
	holds v in
}

@test "checksums of 32 bits: only when asked, only one bit, and it says so" {
	for c in crc32 crc32c; do
		rm -f v
		full_volume -c $c
		xor v "$(data_at 10)" 01
		xor v "$(data_at 20)" 41
		done_is 4 "mismatch data 10 1 left -" "mismatch data 20 1 left -"
		run_csum 4 scrub v
		out_has "^--heal=replica,bits would correct single bits"
		run_csum 5 scrub --heal=bits v
		out_has "^mismatch: data sector 10 .*; healed: 1 bit, by a 32-bit checksum: may be wrong$"
		out_has "^mismatch: data sector 20 .*; left$"
		out_has "^1 sector was healed by a 32-bit checksum"
		xor v "$(data_at 10)" 01
		run_csum 5 scrub -J --heal=bits v
		[ "$(json finding 'select(.bits) | .weak')" = true ]
		[ "$(json summary .sectors_weak)" -eq 1 ]
		options=(--from=in)
		done_is 1 "mismatch data 20 1 repaired replica in"
		options=()
		holds v in
	done
}

@test "zeroed and unwritten" {
	full_volume
	zeros v "$(data_at 130)" 2048
	done_is 4 "zeroed data 130 4 left -"
	options=(--from=in)
	done_is 1 "zeroed data 130 4 repaired replica in"
	holds v in
	options=()
	# An unwritten sector has no content, so its stored bytes do not matter.
	run_csum 0 discard -q -o 200s -l 10s v
	garbage v "$(data_at 205)" 512
	done_is 0
}

@test "stale: a lost write" {
	full_volume
	cp v before
	pattern in "$space" new
	run_csum 0 write -q v in
	swap_in_older 1
	old_data 71 72
	cp v damaged
	imd="imd-differs imd 1 1 $older repaired other-copy"
	done_is 5 "$imd" "stale data 71 2 left -"
	# The older copy has been rewritten, so nothing shows any more that this content was once right.
	run_csum 4 check v
	out_has "^mismatch: data sectors 71-72"
	cp damaged v
	options=(--from=in)
	done_is 1 "$imd" "stale data 71 2 repaired replica in"
	holds v in
}

@test "misplaced: content that belongs elsewhere, and is found there" {
	full_volume
	# Two sectors are swapped; one lies over another; one has lost its own content.
	move v "$(data_at 10)" "$(data_at 0)" 512
	piece v "$(data_at 100)" 512 >one
	piece v "$(data_at 300)" 512 >other
	put v "$(data_at 100)" other
	put v "$(data_at 300)" one
	run_csum 5 scrub -J v
	[ "$(json finding '"\(.kind) \(.first_sector) \(.other_sector) \(.disposition) \(.means) \(.source_sector)"')" = \
		"misplaced 0 10 left null null
misplaced 100 300 repaired elsewhere 300
misplaced 300 100 repaired elsewhere 100" ]
	run_csum 4 scrub v
	out_has "^misplaced: data sector 0 \(offset 0\), .*data sector 10.*; left$"
	run_csum 1 scrub --from=in v
	holds v in
	# A write went to 200 instead of 20: the content of 20 is there.
	move v "$(data_at 20)" "$(data_at 200)" 512
	garbage v "$(data_at 20)" 512
	cp v damaged
	done_is 5 "mismatch data 20 1 repaired elsewhere 200" "misplaced data 200 1 left -"
	run_csum 1 scrub -q --from=in v
	holds v in
	cp damaged v
	run_csum 5 scrub v
	out_has "^mismatch: data sector 20 .*; healed from data sector 200$"
}

@test "unreadable: left, or rewritten from a replica" {
	full_volume
	fault_device v
	fault "read EIO $(data_at 123) 512"
	before=$(digest v)
	run_csum 4 scrub "$device"
	out_has "^unreadable: data sector 123 \(offset 62976\), $device offset $(data_at 123): the device cannot read it; left$"
	out_has "^1 LEFT: 1 unreadable$|^0 repaired, 1 LEFT: 1 unreadable$"
	# The sector cannot be read back either.
	run_csum 4 scrub --from=in "$device"
	out_has "^unreadable: data sector 123 .*; left: "
	# The medium can read its sector again once that is written.
	for ((times = 1; times < 20; times++)); do
		fault clear "read EIO $(data_at 123) 512 $times"
		status=0
		"$CSUMTOOL" scrub --from=in "$device" >out 2>err || status=$?
		cat out err
		[ "$status" -ne 1 ] || break
	done
	[ "$status" -eq 1 ]
	grep -q "^unreadable: data sector 123 .*; healed from replica in$" out
	fault clear
	run_csum 0 check "$device"
	run_csum 0 read -q "$device"
	cmp ../stdout in
}

@test "writes that the device refuses are findings" {
	full_volume
	fault_device v
	xor v "$(data_at 50)" 01
	xor v "$(data_at 150)" 01
	flip v "$(imd_at 4 1)"
	flip v "$(imd_at 5 1)"
	fault "write EIO $(data_at 50) 512" "write EIO $(imd_at 4 1) 512"
	run_csum 5 scrub "$device"
	out_has "^mismatch: data sector 50 .*; left: .*refused"
	out_has "^mismatch: data sector 150 .*; healed: 1 bit$"
	out_has "^imd-bad: copy 1 of group 4 .*; left: "
	out_has "^imd-bad: copy 1 of group 5 .*; rewritten from the other copy$"
	fault clear
	run_csum 1 scrub -q "$device"
	run_csum 0 check -q "$device"
	# A flush that fails ends the scrub.
	xor v "$(data_at 50)" 01
	fault clear "flush EIO"
	run_csum 8 scrub "$device"
	err_has "^csumtool: $device: "
}

@test "transient" {
	full_volume
	fault_device v
	for fault in "read EIO $(data_at 150) 512 1" "flip $(data_at 150) 512 1"; do
		fault clear "$fault"
		run_csum 0 scrub "$device"
		out_has "^transient: data sectors? [0-9]+"
		out_has ": no errors"
		fault clear "$fault"
		run_csum 0 scrub -q "$device"
		silent
	done
}

@test "a device that vanishes ends it with 8" {
	full_volume
	fault_device v
	fault "read ENODEV $(data_at 100) 512"
	run_csum 8 scrub "$device"
	err_has "No such device"
	! grep -q "^unreadable" <<<"$stdout" || false
}

@test "external layout" {
	small_external d m
	pattern in "$space" ext
	run_csum 0 write -q -m m d in
	cp d d.good
	cp m m.good
	as_decay d xor d 0 01
	as_decay d garbage d 100001 1
	as_decay d garbage d $((77 * 512)) 512
	flip m "$(imd_at 3 1)"
	flip m "$backup"
	run_csum 1 scrub -m m --from=d.good --undo=u d
	out_has "^mismatch: data sector 0 \(offset 0\), d offset 0: .*; healed from replica d.good$"
	out_has "^imd-bad: copy 1 of group 3 .*, m offset $(imd_at 3 1): .*; rewritten from the other copy$"
	out_has "^superblock-bad: superblock C, m offset $backup: .*; rewritten"
	out_has "'csumtool undo -m m u d'"
	holds d in -m m
	cmp d d.good
}

@test "-n: nothing is written" {
	full_volume
	xor v "$(data_at 10)" 01
	garbage v "$(data_at 20)" 512
	flip v "$(imd_at 4 0)"
	flip v "$backup"
	before=$(digest v in)
	options=(-n)
	done_is 4 "superblock-bad superblock C would-repair other-copy" "imd-bad imd 4 1 0 would-repair other-copy" \
		"mismatch data 10 1 would-repair one-bit 1" "mismatch data 20 1 left -"
	[ "$(json summary '"\(.dry_run) \(.errors) \(.errors_repaired) \(.errors_left) \(.exit_status)"')" = "true 4 3 1 4" ]
	run_csum 4 scrub --dry-run --from=in --undo=u v
	out_has "^mismatch: data sector 10 .*; would be healed from replica in$"
	out_has "^mismatch: data sector 20 .*; would be healed from replica in$"
	out_has "^imd-bad: copy 0 of group 4 .*; would be rewritten from the other copy$"
	out_has "^superblock-bad: superblock C, .*; would be rewritten from the other copy$"
	out_has "^all could be repaired$"
	out_has "^Nothing was written"
	[ ! -e u ]
	[ "$(digest v in)" = "$before" ]
	chmod 400 v
	if [ ! -w v ]; then
		run_csum 4 scrub -n v
	fi
	chmod 600 v
	run_csum 1 scrub -q --from=in v
	run_csum 0 scrub -n v
	out_has "^v: no errors$"
	run_csum 0 scrub -nq v
	silent
}

@test "--max-errors" {
	vol v -s 512 -K 1 --size=8M
	places 512 1 $((8 << 20))
	pattern in "$space" max
	run_csum 0 write -q v in
	for sector in 0 100 200 300; do
		garbage v "$(data_at $sector)" 512
	done
	run_csum 4 scrub --max-errors=3 v
	out_has "^NOT FINISHED: too many errors"
	out_has "may be failing"
	run_csum 4 scrub -J --restart --max-errors=3 v
	[ "$(json summary .end)" = max-errors ]
	[ "$(json summary .complete)" = false ]
	[ "$(json summary .errors_open)" -ge 4 ]
	run_csum 4 scrub -J --restart --max-errors=4 v
	[ "$(json summary '"\(.end) \(.errors)"')" = "complete 4" ]
}
