#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Scrub of a volume whose writer was interrupted, where a device fails for a while, or contents lie in other places:
# content that may still be there is not given up.

load common
load places
load damage
load scrub
setup() { common_setup; }
teardown() { common_teardown; }

# Makes a volume on a device that can fail, whose writer was killed: in group 2 sectors 124 to 139 hold their old
# content, later ones the new one; its copies have both versions. old and new are the contents.
interrupted_device() {
	full_volume
	cp v before
	pattern new "$space" new
	run_csum 0 write -q v new
	active 2 1
	swap_in_older 2
	# shellcheck disable=SC2046
	old_data $(seq 124 139)
	fault_device v
	run_csum 0 check -q "$device"
	run_csum 0 read -q "$device"
	cp ../stdout mixture
	cp in old
	mixed mixture 512
}

@test "issue 8 B6: reads that fail for a while: scrub gives up no old content" {
	local n
	interrupted_device
	cp v crashed
	for n in 1 5 40 600 5000; do
		dd if=crashed of=v bs=64K conv=notrunc status=none
		fault clear "read EIO $(data_at 124) $((62 * 512)) $n"
		status=0
		run_csum 0 scrub -q "$device" || [ "$status" -eq 4 ] || false
		[ "$n" -lt 5000 ] || [ "$status" -eq 4 ]
		[ "$status" -eq 0 ] || is_state "$device" active
		fault clear
		run_csum 0 check -q "$device"
		run_csum 0 read -q "$device"
		cmp ../stdout mixture
		run_csum 0 scrub -q "$device"
		is_state "$device" clean
		holds "$device" mixture
	done
}

@test "issue 8 B6: a sector that cannot be read: the message, --from, --allow=unread" {
	interrupted_device
	cp v crashed
	fault "read EIO $(data_at 130) 512"
	run_csum 4 scrub -J "$device"
	err_has "^csumtool: warning: $device: data sector 130 \(device offset $(data_at 130)\) of an interrupted update cannot be read.* groups left as they are: 1; .*stays active.*only looks.*--from=REPLICA.*--allow=unread"
	[ "$(json summary '"\(.still_active) \(.recovered) \(.exit_status)"')" = "true false 4" ]
	[ "$(json finding 'select(.subject == "data" and .is_error) | "\(.kind) \(.first_sector) \(.disposition)"')" = \
		"unreadable 130 left" ]
	is_state "$device" active
	must_fail 4 "run 'csumtool scrub'" write -o 0 -l 1 "$device" new
	# Other words of --allow do not help here.
	run_csum 4 scrub -q --allow=foreign,identity,rewritten "$device"
	is_state "$device" active
	# A replica of either version shows the content that the sector should have.
	dd if=old of=replica bs=64K status=none
	fault clear "read EIO $(data_at 130) 512 15"
	run_csum 1 scrub -q --from=replica "$device"
	is_state "$device" clean
	holds "$device" mixture
	# The sector is given up: the newer version is kept, and the sector is a mismatch.
	dd if=crashed of=v bs=64K conv=notrunc status=none
	fault clear "read EIO $(data_at 130) 512"
	run_csum 4 scrub -q --allow=unread "$device"
	err_has "data sector 130 .* cannot be read, and it is not known which version .*; the newer one is kept"
	is_state "$device" clean
	fault clear
	run_csum 4 check -q "$device"
	out_has "^mismatch: data sector 130 |^stale: data sector 130 "
}

@test "issue 8 B6: an imd copy that cannot be read for a while, by which old content is right" {
	local copy
	interrupted_device
	cp v crashed
	for copy in 0 1; do
		dd if=crashed of=v bs=64K conv=notrunc status=none
		fault clear "read EIO $(imd_at 2 $copy) 512"
		must_fail 4 "run 'csumtool scrub'" write -o 0 -l 1 "$device" new
		run_csum 4 scrub -q "$device"
		err_has "an imd copy of group 2 cannot be read.*stays active.*--allow=unread"
		is_state "$device" active
		fault clear
		run_csum 0 scrub -q "$device"
		holds "$device" mixture
	done
}

# place SECTOR CONTENT: puts the content of the sector CONTENT into SECTOR.
place() {
	piece crashed "$(data_at "$2")" 512 >moved
	put v "$(data_at "$1")" moved
}

@test "issue 8 B9: three sectors rotated, one of them interrupted and still old" {
	full_volume
	cp v before
	pattern new "$space" new
	run_csum 0 write -q v new
	active 2 1
	swap_in_older 2
	old_data 130
	cp v crashed
	run_csum 0 read -q v
	cp ../stdout mixture
	place 300 130
	place 301 300
	place 130 301
	cp v rotated
	run_csum 1 scrub -v v
	err_has "looking in all of the data for 2 contents of an interrupted update"
	out_has "^misplaced: data sector 130 .*; healed from data sector 300$"
	out_has "^all repaired$"
	is_state v clean
	holds v mixture
	# With --heal without elsewhere nothing is looked for, and the newer version is kept.
	cp rotated v
	run_csum 4 scrub --heal=replica,bits v
	err_has "data sector 130 .* is right by neither version of its interrupted update"
	is_state v clean
	# The search ends with the time limit; without a limit it goes on.
	cp rotated v
	run_csum 4 scrub -q --rate=50K --time-limit=1 v
	err_has "the time limit ended the search .*stays active.*without --time-limit"
	is_state v active
	run_csum 1 scrub -q v
	holds v mixture
}
