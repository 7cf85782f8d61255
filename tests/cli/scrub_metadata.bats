#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# scrub: the outcome of findings in the metadata, and of active volumes.
# sanitize: yes

# The options are for done_is.
# shellcheck disable=SC2034

load common
load places
load damage
load scrub
setup() { common_setup; }
teardown() { common_teardown; }

@test "imd-bad and imd-differs: rewritten from the other copy" {
	for copy in 0 1; do
		rm -f v
		full_volume
		flip v "$(imd_at 0 $copy)"
		zeros v "$(imd_at 3 $copy)" 512
		move v "$(imd_at 0 $copy)" "$(imd_at 5 $copy)" 512
		done_is 1 "imd-bad imd 0 1 $copy repaired other-copy" "imd-bad imd 3 1 $copy repaired other-copy" \
			"imd-bad imd 5 1 $copy repaired other-copy"
		[ "$(json summary .imd_repaired)" -eq 3 ]
		holds v in
	done
	flip v "$(imd_at 1 0)"
	flip v "$(imd_at 2 0)"
	run_csum 1 scrub v
	out_has "^imd-bad: copy 0 of groups 1-2 .*; rewritten from the other copy$"
	out_has "^v: 2 errors: 2 imd-bad$"
	out_has "^all repaired$"
	generation=$(surgery get v $(($(imd_at 4 1) + 8)) 4)
	surgery imd v "$(imd_at 4 0)" 4 0 512 "8:4=$generation"
	done_is 1 "imd-differs imd 4 1 0 repaired other-copy"
	holds v in
	flip v "$(imd_at 2 1)"
	options=(--metadata-only)
	done_is 1 "imd-bad imd 2 1 1 repaired other-copy"
	holds v in
}

@test "imd-lost: left, and the rest repaired" {
	full_volume
	flip v "$(imd_at 1 0)"
	flip v "$(imd_at 1 1)"
	flip v "$(imd_at 4 0)"
	xor v "$(data_at 200)" 01
	done_is 5 "imd-lost imd 1 1 both left -" "imd-bad imd 4 1 0 repaired other-copy" \
		"mismatch data 200 1 repaired one-bit 1"
	run_csum 4 scrub v
	out_has "^imd-lost: both copies of group 1 .*; left"
	out_has "a write or discard of the whole group makes it sound again"
	run_csum 0 write -q -o 62s -l 62s v < <(piece in $((62 * 512)) $((62 * 512)))
	holds v in
}

@test "superblocks" {
	full_volume
	flip v "$backup"
	done_is 1 "superblock-bad superblock C repaired other-copy"
	holds v in
	surgery super v C 40:1=65
	run_csum 1 scrub v
	out_has "^superblock-bad: superblock C, v offset $backup: static fields differ.*; rewritten from the other copy$"
	# A crash may leave one of A and B like this.
	for slot in A B; do
		flip v $(($(slot_at $slot) + 300))
		done_is 0 "interrupted superblock $slot repaired other-copy"
		holds v in
		done_is 0
	done
	flip v 300
	run_csum 0 scrub -q v
	silent
	surgery super v A 40:1=65 16:8=1
	done_is 1 "superblock-bad superblock A repaired other-copy"
	holds v in
}

@test "superblocks: A and B destroyed" {
	for volume in "v" "d -m m"; do
		rm -f v d m
		if [ "$volume" = v ]; then
			full_volume -L name -U 12345678-1234-1234-1234-123456789abc
		else
			small_external d m -L name -U 12345678-1234-1234-1234-123456789abc
			pattern in "$space" ext
			run_csum 0 write -q -m m d in
		fi
		file=${volume##* }
		zeros "$file" 0 1048576
		flip "$file" "$(imd_at 3 0)"
		# With the slots the recorded time of the data file is lost, and then nothing tells decay from writes of
		# others.
		[ "$volume" != v ] || xor v "$(data_at 77)" 01
		# shellcheck disable=SC2086
		run_csum 1 scrub $volume
		out_has "^superblock-bad: superblock A, $file offset 0: .*; rewritten from the other copy$"
		out_has "^superblock-bad: superblock B, $file offset 524288: .*; rewritten from the other copy$"
		out_has "^all repaired$"
		out_has "^an interrupted update was put in order$"
		# shellcheck disable=SC2086
		run_csum 0 info -J $volume
		[ "$(json info '"\(.label) \(.uuid) \(.state) \(.superblocks.valid | add)"')" = \
			"name 12345678-1234-1234-1234-123456789abc clean ABC" ]
		# shellcheck disable=SC2086
		holds ${volume%% *} in ${volume#"${volume%% *}"}
	done
}

@test "an active volume is recovered: no error" {
	full_volume
	cp v before
	pattern in "$space" new
	run_csum 0 write -q v in
	active 1 2
	flip v $(($(imd_at 1 1) + 50))
	swap_in_older 2
	is_state v active
	before=$(digest v)
	run_csum 0 scrub -n v
	[ "$(digest v)" = "$before" ]
	out_has "^an interrupted update would be put in order$"
	cp v crashed
	run_csum 0 scrub v
	out_has "^an interrupted update was put in order$"
	out_has "^v: no errors"
	holds v in
	cp crashed v
	run_csum 0 scrub -q v
	silent
	holds v in
	# An interrupted update and damage at once.
	cp crashed v
	xor v "$(data_at 300)" 01
	run_csum 1 scrub v
	holds v in
}

@test "an active volume with a bad sector where the versions differ" {
	full_volume
	cp v before
	pattern in "$space" new
	run_csum 0 write -q v in
	active 2 1
	swap_in_older 2
	old_data 130
	xor v "$(data_at 140)" 01
	cp v crashed
	must_fail 4 "run 'csumtool scrub'" write -o 0 -l 1 v in
	run_csum 1 scrub v
	out_has "^mismatch: data sector 140 .*; healed: 1 bit$"
	piece before "$(data_at 130)" 512 >old
	put in $((130 * 512)) old
	holds v in
	cp crashed v
	garbage v "$(data_at 140)" 512
	run_csum 4 scrub v
	is_state v clean
	run_csum 4 check v
	out_has "^v: 1 error"
	run_csum 1 scrub -q --from=in v
	holds v in
}

@test "superblocks that cannot be written: an active volume stays so, and nothing else is repaired" {
	full_volume
	active 1 2
	flip v $(($(imd_at 1 1) + 50))
	xor v "$(data_at 300)" 01
	fault_device v
	fault "write EIO 0 4096" "write EIO 524288 4096"
	run_csum 4 scrub "$device"
	out_has "^What an interrupted writer left could not be put in order"
	out_has "^mismatch: data sector 300 .*; left"
	run_csum 4 scrub -J "$device"
	[ "$(json summary '"\(.still_active) \(.recovered) \(.exit_status)"')" = "true false 4" ]
	is_state "$device" active
	fault clear
	run_csum 1 scrub -q "$device"
	holds "$device" in
}
