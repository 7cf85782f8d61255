#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# check: findings about groups and superblocks, and traces of an interrupted update.
# sanitize: yes

load common
load places
load damage
load check
setup() { common_setup; }
teardown() { common_teardown; }

@test "imd-bad: each copy, each way to be bad" {
	full_volume
	for copy in 0 1; do
		for group in 0 1 2 5; do
			at=$(imd_at $group $copy)
			for byte in 0 4 8 12 16 511; do
				flip v $((at + byte))
				found 4 "imd-bad imd $group 1 $copy $at"
				flip v $((at + byte))
			done
		done
	done
	found 0
	zeros v "$(imd_at 2 0)" 512
	run_csum 4 check v
	out_has "^imd-bad: copy 0 of group 2 \(data sectors 124-185\), v offset $(imd_at 2 0): no imd magic$"
	out_has "^332 data sectors: 332 right, 0 unwritten, 0 bad$"
	out_has "^11 imd sectors right; in "
	# An imd sector of another group, and the wrong copy, in this place.
	move v "$(imd_at 3 0)" "$(imd_at 2 0)" 512
	run_csum 4 check v
	out_has "^imd-bad: copy 0 of group 2 .*: belongs to another place$"
	move v "$(imd_at 2 1)" "$(imd_at 2 0)" 512
	run_csum 4 check v
	out_has "^imd-bad: copy 0 of group 2 .*: belongs to another place$"
	# An imd sector of another volume for the same place.
	small w
	piece w "$(imd_at 2 0)" 512 >other
	put v "$(imd_at 2 0)" other
	run_csum 4 check v
	out_has "^imd-bad: copy 0 of group 2 .*: checksum of the imd sector wrong$"
	# The stored number of the group counts too.
	run_csum 0 write -q v in
	found 0
	surgery imd v "$(imd_at 2 1)" 3 1 512
	found 4 "imd-bad imd 2 1 1 $(imd_at 2 1)"
}

@test "imd-bad: adjacent groups are one finding" {
	full_volume
	for group in 1 2 3 5; do
		flip v "$(imd_at $group 1)"
	done
	found 4 "imd-bad imd 1 3 1 $(imd_at 1 1)" "imd-bad imd 5 1 1 $(imd_at 5 1)"
	run_csum 4 check v
	out_has "^imd-bad: copy 1 of groups 1-3 \(data sectors 62-247\), v offset $(imd_at 1 1): no imd magic$"
	out_has "^imd-bad: copy 1 of group 5 \(data sectors 310-331\), v offset $(imd_at 5 1): no imd magic$"
	errors_are "4 imd-bad"
	# The other copy does not join them.
	flip v "$(imd_at 4 0)"
	found 4 "imd-bad imd 1 3 1 $(imd_at 1 1)" "imd-bad imd 4 1 0 $(imd_at 4 0)" "imd-bad imd 5 1 1 $(imd_at 5 1)"
}

@test "imd-differs: other entries, and generations that do not tell" {
	full_volume
	lower=$(imd_at 4 0)
	higher=$(imd_at 4 1)
	copy=0
	if [ "$(surgery get v $((lower + 8)) 4)" -gt "$(surgery get v $((higher + 8)) 4)" ]; then
		lower=$higher
		higher=$(imd_at 4 0)
		copy=1
	fi
	cp v before
	# The older copy has another entry for a sector: the newer one governs, so data is right.
	surgery imd v "$lower" 4 $copy 512 24:8=0x1234567
	found 4 "imd-differs imd 4 1 $copy $lower"
	run_csum 0 read -q v
	cmp ../stdout in
	# Equal generations are reported although entries agree; copy 1 counts as newer.
	cp before v
	generation=$(surgery get v $((higher + 8)) 4)
	surgery imd v "$lower" 4 $copy 512 "8:4=$generation"
	found 4 "imd-differs imd 4 1 0 $(imd_at 4 0)"
	run_csum 4 check v
	out_has "^imd-differs: copy 0 of group 4 .*: generations do not tell which copy is newer$"
	run_csum 0 read -q v
	cmp ../stdout in
	surgery imd v "$(imd_at 4 0)" 4 0 512 24:8=0x1234567
	found 4 "imd-differs imd 4 1 0 $(imd_at 4 0)"
	surgery imd v "$(imd_at 4 1)" 4 1 512 24:8=0x1234567
	found 4 "imd-differs imd 4 1 0 $(imd_at 4 0)" "mismatch data 249 1 $(data_at 249)"
	# The generations are 2^31 apart.
	cp before v
	surgery imd v "$lower" 4 $copy 512 "8:4=$((generation ^ 0x80000000))"
	found 4 "imd-differs imd 4 1 0 $(imd_at 4 0)"
	# Serial numbers wrap.
	cp before v
	surgery imd v "$lower" 4 $copy 512 8:4=0xffffffff 24:8=0x1234567
	surgery imd v "$higher" 4 $((1 - copy)) 512 8:4=0
	found 4 "imd-differs imd 4 1 $copy $lower"
	run_csum 0 read -q v
	cmp ../stdout in
	# A write to the group makes it sound.
	run_csum 0 write -q -o 250s -l 1s v < <(piece in $((250 * 512)) 512)
	found 0
}

@test "imd-lost" {
	full_volume
	for group in 1 2 5; do
		flip v "$(imd_at $group 0)"
		flip v "$(imd_at $group 1)"
	done
	found 4 "imd-lost imd 1 2 both $(imd_at 1 0)" "imd-lost imd 5 1 both $(imd_at 5 0)"
	run_csum 4 check v
	out_has "^imd-lost: both copies of groups 1-2 \(data sectors 62-185\), v offset $(imd_at 1 0): both copies invalid$"
	out_has "^imd-lost: both copies of group 5 \(data sectors 310-331\), v offset $(imd_at 5 0): "
	out_has "^332 data sectors: 186 right, 0 unwritten, 146 bad$"
	out_has "^6 imd sectors right; in "
	errors_are "3 imd-lost"
	run_csum 4 check --metadata-only v
	errors_are "3 imd-lost"
}

@test "superblocks: C" {
	full_volume
	for byte in 0 8 12 24 255 400 4095; do
		flip v $((backup + byte))
		found 4 "superblock-bad superblock C $backup"
		flip v $((backup + byte))
	done
	flip v $((backup + 2000))
	run_csum 4 check v
	out_has "^superblock-bad: superblock C, v offset $backup: magic or checksum wrong, or unreadable$"
	errors_are "1 superblock-bad"
	# Other static fields of the slot.
	flip v $((backup + 2000))
	surgery super v C 40:1=65
	found 4 "superblock-bad superblock C $backup"
	run_csum 4 check v
	out_has "^superblock-bad: superblock C, .*: static fields differ from the superblock in force$"
	# The state in C, and the fields behind it, do not count.
	surgery super v C 40:1=0 16:8=+7 256:4=1 264:8=55 288:8=1
	found 0
}

@test "superblocks: one of A and B is what a crash may leave" {
	full_volume
	for slot in A B; do
		at=$(slot_at $slot)
		flip v $((at + 300))
		found 0 "interrupted superblock $slot $at"
		run_csum 0 check v
		out_has "^interrupted: superblock $slot, v offset $at: "
		out_has "^v: no errors"
		run_csum 0 check -q v
		silent
		# The next writer rewrites the slot.
		run_csum 0 write -q v in
		found 0
	done
	# An older slot with other static fields is no trace of a crash.
	surgery super v A 40:1=65 16:8=1
	found 4 "superblock-bad superblock A 0"
}

@test "superblocks: both A and B" {
	full_volume
	flip v 100
	flip v 524388
	found 4 "superblock-bad superblock A 0" "superblock-bad superblock B 524288"
	is_state v unknown
	run_csum 0 read -q v
	cmp ../stdout in
	must_fail 4 "superblocks A and B are both invalid; run 'csumtool scrub'" write v in
	# Every group counts as in the intent: damage that would be an error elsewhere may be an interrupted write.
	flip v "$(imd_at 3 0)"
	found 4 "superblock-bad superblock A 0" "superblock-bad superblock B 524288" \
		"interrupted imd 3 1 0 $(imd_at 3 0)"
	flip v "$(data_at 200)"
	found 4 "superblock-bad superblock A 0" "superblock-bad superblock B 524288" \
		"interrupted imd 3 1 0 $(imd_at 3 0)" "mismatch data 200 1 $(data_at 200)"
	flip v "$backup"
	must_fail 8 "^csumtool: v: not a csumtool volume: " check v
}

@test "interrupted: only in the intent of an active volume" {
	full_volume
	cp v before
	pattern in "$space" new
	run_csum 0 write -q v in
	active 1 2
	is_state v active
	found 0
	# A torn copy, inside and outside of the intent.
	flip v $(($(imd_at 2 1) + 50))
	found 0 "interrupted imd 2 1 1 $(imd_at 2 1)"
	run_csum 0 check -q v
	silent
	flip v $(($(imd_at 3 1) + 50))
	found 4 "interrupted imd 2 1 1 $(imd_at 2 1)" "imd-bad imd 3 1 1 $(imd_at 3 1)"
	run_csum 4 check -q v
	[ "$(wc -l <<<"$stdout")" -eq 1 ]
	out_has "^imd-bad: "
	flip v $(($(imd_at 3 1) + 50))
	# Here metadata and content are the older ones.
	flip v $(($(imd_at 2 1) + 50))
	swap_in_older 2
	found 0 "interrupted imd 2 1 $older $(imd_at 2 "$older")"
	old_data 130 131
	found 0 "interrupted imd 2 1 $older $(imd_at 2 "$older")" "interrupted data 130 2 $(data_at 130)"
	run_csum 0 check v
	out_has "^interrupted: data sectors 130-131 \(2 sectors, offset 66560\), v offset $(data_at 130): older content"
	out_has "^332 data sectors: 332 right, 0 unwritten, 0 bad$"
	out_has "^of the right ones 2 hold what an interrupted write left$"
	out_has "^v: no errors"
	run_csum 0 check -J v
	[ "$(json summary .sectors_interrupted)" -eq 2 ]
	# The same outside of the intent is an error.
	inside="interrupted imd 2 1 $older $(imd_at 2 "$older")"
	swap_in_older 4
	old_data 250
	found 4 "$inside" "imd-differs imd 4 1 $older $(imd_at 4 "$older")" "interrupted data 130 2 $(data_at 130)" \
		"stale data 250 1 $(data_at 250)"
	# Content of neither version is bad on an active volume too.
	flip v "$(data_at 140)"
	run_csum 4 check v
	out_has "^mismatch: data sector 140 "
	# A crash does not tear both copies.
	flip v $(($(imd_at 1 0) + 50))
	flip v $(($(imd_at 1 1) + 50))
	run_csum 4 check v
	out_has "^imd-lost: both copies of group 1 "
}

@test "unreadable metadata" {
	full_volume
	fault_device v
	for copy in 0 1; do
		fault clear "read EIO $(imd_at 2 $copy) 512"
		run_csum 4 check "$device"
		out_has "^imd-bad: copy $copy of group 2 \(data sectors 124-185\), $device offset $(imd_at 2 $copy): unreadable$"
		errors_are "1 imd-bad"
	done
	fault "read EIO $(imd_at 2 0) 512"
	run_csum 4 check "$device"
	out_has "^imd-lost: both copies of group 2 "
	# A crash does not make a copy unreadable, so this is an error on an active volume too.
	fault clear
	active 2 1
	fault "read EIO $(imd_at 2 0) 512"
	run_csum 4 check "$device"
	out_has "^imd-bad: copy 0 of group 2 .*: unreadable$"
	fault clear "read EIO $backup 4096"
	run_csum 4 check "$device"
	out_has "^superblock-bad: superblock C, $device offset $backup: "
	fault clear "read EIO 0 4096"
	run_csum 0 check "$device"
	out_has "^interrupted: superblock A, $device offset 0: "
}
