#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# check: each kind of finding, with its place in data space and on the device.
# sanitize: yes

load common
load places
load damage
load check
setup() { common_setup; }
teardown() { common_teardown; }

@test "nothing wrong" {
	full_volume
	run_csum 0 check v
	[ -z "$stderr" ]
	out_has "^332 data sectors: 332 right, 0 unwritten, 0 bad$"
	out_has "^12 imd sectors right; in .*/s$"
	out_has "^v: no errors$"
	[ "$(wc -l <<<"$stdout")" -eq 3 ]
	run_csum 0 check -q v
	silent
	run_csum 0 check --metadata-only v
	out_has "^12 imd sectors right; data not looked at; in "
	run_csum 0 check -q --metadata-only v
	silent
	small w
	run_csum 0 write -q -o 3s -l 100s w < <(cat in)
	run_csum 0 check w
	out_has "^332 data sectors: 100 right, 232 unwritten, 0 bad"
}

@test "mismatch: places in every layout" {
	for layout in "512 1 1290240" "512 2 1290240" "512 3 1150976" "512 4 1147904" "4096 1 7417856" "4096 2 7417856"; do
		# shellcheck disable=SC2086
		places $layout
		echo "$layout: $sectors sectors"
		rm -f v
		truncate -s "${layout##* }" v
		run_csum 0 format -q -s "$S" -K "$K" v
		pattern in "$space" "$layout"
		run_csum 0 write -q v in
		lines=()
		for sector in 0 2 $((E - 1)) $((E + 1)) $((2 * E - 1)) $((2 * E + 1)) $((sectors - 3)) $((sectors - 1)); do
			[ "$sector" -lt "$sectors" ] && [[ " ${lines[*]} " != *" data $sector 1 "* ]] || continue
			case "${lines[*]}" in
			*" data $((sector - 1)) "*) continue ;;
			esac
			flip v "$(data_at "$sector")"
			lines+=("mismatch data $sector 1 $(data_at "$sector")")
		done
		printf '%s\n' "${lines[@]}" | sort -snk 3 -u >../sorted
		mapfile -t lines <../sorted
		found 4 "${lines[@]}"
		run_csum 4 check v
		while read -r _ _ sector _ at; do
			out_has "^mismatch: data sector $sector \(offset $((sector * S))\), v offset $at: .*expected 0x[0-9a-f]{16}, computed 0x[0-9a-f]{16}$"
		done <../sorted
		errors_are "${#lines[@]} mismatch"
		out_has "^$sectors data sectors: $((sectors - ${#lines[@]})) right, 0 unwritten, ${#lines[@]} bad"
	done
}

@test "mismatch: external layout" {
	small_external d m
	pattern in "$space" ext
	run_csum 0 write -q -m m d in
	as_decay d flip d 0
	as_decay d flip d 100001
	as_decay d flip d 169983
	run_csum 4 check -m m d
	out_has "^mismatch: data sector 0 \(offset 0\), d offset 0: "
	out_has "^mismatch: data sector 195 \(offset 99840\), d offset 99840: "
	out_has "^mismatch: data sector 331 \(offset 169472\), d offset 169472: "
	errors_are "3 mismatch"
	flip m "$(imd_at 3 1)"
	run_csum 4 check -m m d
	out_has "^imd-bad: copy 1 of group 3 \(data sectors 186-247\), m offset $(imd_at 3 1): no imd magic$"
	flip m "$(imd_at 5 0)"
	run_csum 4 check -J -m m d
	[ "$(json finding 'select(.subject == "imd") | "\(.device) \(.device_offset)"' | tail -n 1)" = "m $(imd_at 5 0)" ]
	flip m "$backup"
	run_csum 4 check -m m d
	out_has "^superblock-bad: superblock C, m offset $backup: "
}

@test "mismatch: any byte of a sector, and every checksum type" {
	for c in crc64 crc32c crc32; do
		rm -f v
		full_volume -c $c
		for byte in 0 1 255 256 510 511; do
			flip v $(($(data_at 100) + byte))
			found 4 "mismatch data 100 1 $(data_at 100)"
			expected=$(json finding .expected)
			computed=$(json finding .computed)
			[ "$expected" != "$computed" ]
			[[ $expected =~ ^0x[0-9a-f]{16}$ && $computed =~ ^0x[0-9a-f]{16}$ ]]
			[ $c = crc64 ] || [[ $expected == 0x00000001* && $computed == 0x00000001* ]]
			flip v $(($(data_at 100) + byte))
		done
		found 0
	done
}

@test "adjacent sectors of one kind are one finding" {
	full_volume
	# Over the ends of a group and of a cluster, and to the end of the volume.
	for sector in 60 61 62 63 122 123 124 125 200 202 329 330 331; do
		flip v "$(data_at $sector)"
	done
	found 4 "mismatch data 60 4 $(data_at 60)" "mismatch data 122 4 $(data_at 122)" \
		"mismatch data 200 1 $(data_at 200)" "mismatch data 202 1 $(data_at 202)" \
		"mismatch data 329 3 $(data_at 329)"
	# Only single sectors have checksums.
	[ "$(json finding 'select(has("expected")) | .first_sector' | tr '\n' ' ')" = "200 202 " ]
	run_csum 4 check v
	out_has "^mismatch: data sectors 60-63 \(4 sectors, offset 30720\), v offset $(data_at 60): "
	errors_are "13 mismatch"
	# Of different kinds they are not.
	zeros v "$(data_at 61)" 512
	found 4 "mismatch data 60 1 $(data_at 60)" "zeroed data 61 1 $(data_at 61)" "mismatch data 62 2 $(data_at 62)" \
		"mismatch data 122 4 $(data_at 122)" "mismatch data 200 1 $(data_at 200)" \
		"mismatch data 202 1 $(data_at 202)" "mismatch data 329 3 $(data_at 329)"
}

@test "zeroed" {
	full_volume
	for sector in 0 331; do
		zeros v "$(data_at $sector)" 512
	done
	zeros v "$(data_at 130)" 2048
	found 4 "zeroed data 0 1 $(data_at 0)" "zeroed data 130 4 $(data_at 130)" "zeroed data 331 1 $(data_at 331)"
	run_csum 4 check v
	out_has "^zeroed: data sectors 130-133 \(4 sectors, offset 66560\), v offset $(data_at 130): "
	errors_are "6 zeroed"
	# Zeros that were written are right.
	run_csum 0 write -q v < <(head -c "$space" /dev/zero)
	found 0
}

@test "stale: an older copy of the metadata knows the content" {
	full_volume
	cp v before
	pattern in "$space" new
	run_csum 0 write -q v in
	# With copies that agree nobody can know that it was once right.
	old_data 70
	found 4 "mismatch data 70 1 $(data_at 70)"
	swap_in_older 1
	old_data 71
	found 4 "imd-differs imd 1 1 $older $(imd_at 1 "$older")" "stale data 70 2 $(data_at 70)"
	run_csum 4 check v
	out_has "^stale: data sectors 70-71 \(2 sectors, offset 35840\), v offset $(data_at 70): an earlier content"
	out_has "^imd-differs: copy $older of group 1 \(data sectors 62-123\), v offset $(imd_at 1 "$older"): "
	errors_are "1 imd-differs, 2 stale"
	# Read does not take it for good, nor does a write mix anything into it.
	run_csum 4 read v
	[ "$(stat -c %s ../stdout)" -eq 35840 ]
	run_csum 4 write -o 35841 -l 10 v in
	err_has "data sector 70 .* is bad"
	pattern sectors 1024 x
	run_csum 0 write -q -o 70s v sectors
	put in 35840 sectors
	holds v in
}

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
	# One that landed elsewhere, and the wrong copy in its place.
	move v "$(imd_at 3 0)" "$(imd_at 2 0)" 512
	run_csum 4 check v
	out_has "^imd-bad: copy 0 of group 2 .*: belongs to another place$"
	move v "$(imd_at 2 1)" "$(imd_at 2 0)" 512
	run_csum 4 check v
	out_has "^imd-bad: copy 0 of group 2 .*: belongs to another place$"
	# That of another volume, in its very place.
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
	# Not so the other copy.
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
	# The older one has another entry for a sector: the newer governs, data is right.
	surgery imd v "$lower" 4 $copy 512 24:8=0x1234567
	found 4 "imd-differs imd 4 1 $copy $lower"
	run_csum 0 read -q v
	cmp ../stdout in
	# Equal generations: reported although entries agree; copy 1 is taken as newer.
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
	# 2^31 apart.
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
	# Its other static fields.
	flip v $((backup + 2000))
	surgery super v C 40:1=65
	found 4 "superblock-bad superblock C $backup"
	run_csum 4 check v
	out_has "^superblock-bad: superblock C, .*: static fields differ from the superblock in force$"
	# Its state and what is behind that do not count.
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
		# The next writer makes it whole.
		run_csum 0 write -q v in
		found 0
	done
	# An old one whose static fields differ is not.
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
	# Read as active everywhere: what would be an error elsewhere may be an interrupted write.
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
	# Older metadata and older content.
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
	# The same outside of it.
	inside="interrupted imd 2 1 $older $(imd_at 2 "$older")"
	swap_in_older 4
	old_data 250
	found 4 "$inside" "imd-differs imd 4 1 $older $(imd_at 4 "$older")" "interrupted data 130 2 $(data_at 130)" \
		"stale data 250 1 $(data_at 250)"
	# Neither version: bad on an active volume too.
	flip v "$(data_at 140)"
	run_csum 4 check v
	out_has "^mismatch: data sector 140 "
	# Both copies torn is more than a crash does.
	flip v $(($(imd_at 1 0) + 50))
	flip v $(($(imd_at 1 1) + 50))
	run_csum 4 check v
	out_has "^imd-lost: both copies of group 1 "
}

@test "unreadable" {
	full_volume
	fault_device v
	fault "read EIO $(data_at 62) 512" "read EIO $(data_at 123) 1024" "read EIO $(data_at 331) 512"
	# Sectors 123 and 124 are neighbours in data space, not on the device.
	run_csum 4 check "$device"
	out_has "^unreadable: data sector 62 \(offset 31744\), $device offset $(data_at 62): the device cannot read it$"
	out_has "^unreadable: data sector 123 \(offset 62976\), $device offset $(data_at 123): "
	out_has "^unreadable: data sector 331 "
	out_has "^332 data sectors: 329 right, 0 unwritten, 3 bad"
	fault clear "read EIO $(data_at 100) 10240"
	run_csum 4 check "$device"
	out_has "^unreadable: data sectors 100-119 \(20 sectors, offset 51200\), $device offset $(data_at 100): "
	errors_are "20 unreadable"
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
	# No crash makes a copy unreadable: an error on an active volume too.
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

@test "transient" {
	full_volume
	fault_device v
	for fault in "read EIO $(data_at 150) 512 1" "flip $(data_at 150) 512 1"; do
		fault clear "$fault"
		run_csum 0 check "$device"
		out_has "^transient: data sectors? [0-9]+.*: an error that a second read did not show$"
		out_has "^332 data sectors: 332 right, 0 unwritten, 0 bad"
		out_has ": no errors"
		run_csum 0 check "$device"
		! grep -q transient <<<"$stdout" || false
		fault clear "$fault"
		run_csum 0 check -q "$device"
		silent
		fault clear "$fault"
		run_csum 0 check -J "$device"
		[ "$(json summary .sectors_transient)" -eq 1 ]
		[ "$(json finding '"\(.kind) \(.is_error)"')" = "transient false" ]
	done
	# The sector is named where it is known.
	fault clear "flip $(data_at 150) 512 1"
	run_csum 0 check "$device"
	out_has "^transient: data sector 150 \(offset 76800\), $device offset $(data_at 150): "
	# An error that a single sector shows again, and then not.
	fault clear "read EIO $(data_at 150) 512 2"
	run_csum 0 check "$device"
	out_has "^transient: data sector 150 \(offset 76800\), $device offset $(data_at 150): "
	# Metadata that reads at the second attempt.
	fault clear "read EIO $(imd_at 3 0) 512 1"
	run_csum 0 check "$device"
	out_has ": no errors"
}

@test "a device that vanishes ends it with 8, not with findings" {
	full_volume
	fault_device v
	for error in ENODEV ENXIO; do
		for at in "$(data_at 100)" "$(imd_at 2 0)" 0; do
			fault clear "read $error $at 512"
			run_csum 8 check "$device"
			err_has "^csumtool: $device: "
			err_has "No such device"
			! grep -qE "^(unreadable|imd-|superblock-bad)" <<<"$stdout" || false
		done
	done
}

@test "a device that was cut short" {
	full_volume
	truncate -s "$(data_at 300)" v
	run_csum 4 check v
	err_has "csumtool: warning: v: $(data_at 300) bytes, but the volume was made on 1290240: cut short"
	out_has "^unreadable: data sectors 300-331 \(32 sectors, offset 153600\), v offset $(data_at 300): beyond the end"
	out_has "^imd-bad: copy 1 of groups 4-5 .*: beyond the end of the device$"
	out_has "^superblock-bad: superblock C, v offset $backup: "
	out_has "^332 data sectors: 300 right, 0 unwritten, 32 bad"
	run_csum 4 check -l 30s v
	! grep -q ^unreadable <<<"$stdout" || false
	# Before the last cluster, in the middle of the cluster before.
	truncate -s "$(data_at 150)" v
	run_csum 4 check v
	out_has "^unreadable: data sectors 150-"
	out_has "^332 data sectors: 150 right, 0 unwritten, 182 bad"
	# To nothing but superblocks.
	truncate -s 1048576 v
	run_csum 4 check v
	out_has "^unreadable: data sectors 0-331 \(332 sectors, offset 0\), v offset $(data_at 0): beyond the end"
	small_external d m
	run_csum 0 write -q -m m d in
	truncate -s 100000 d
	run_csum 4 check -m m d
	out_has "^unreadable: data sectors 195-331 \(137 sectors, offset 99840\), d offset 99840: beyond the end"
}
