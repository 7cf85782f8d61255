#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# check: each kind of finding in the data, with its place in data space and on the device. check_metadata.bats has the
# other findings.
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
	# Runs of sectors go over the ends of a group and of a cluster, and to the end of the volume.
	for sector in 60 61 62 63 122 123 124 125 200 202 329 330 331; do
		flip v "$(data_at $sector)"
	done
	found 4 "mismatch data 60 4 $(data_at 60)" "mismatch data 122 4 $(data_at 122)" \
		"mismatch data 200 1 $(data_at 200)" "mismatch data 202 1 $(data_at 202)" \
		"mismatch data 329 3 $(data_at 329)"
	# Only findings of single sectors have checksums.
	[ "$(json finding 'select(has("expected")) | .first_sector' | tr '\n' ' ')" = "200 202 " ]
	run_csum 4 check v
	out_has "^mismatch: data sectors 60-63 \(4 sectors, offset 30720\), v offset $(data_at 60): "
	errors_are "13 mismatch"
	# Adjacent sectors with findings of different kinds stay apart.
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
	# With copies that agree nothing shows that this content was once right.
	old_data 70
	found 4 "mismatch data 70 1 $(data_at 70)"
	swap_in_older 1
	old_data 71
	found 4 "imd-differs imd 1 1 $older $(imd_at 1 "$older")" "stale data 70 2 $(data_at 70)"
	run_csum 4 check v
	out_has "^stale: data sectors 70-71 \(2 sectors, offset 35840\), v offset $(data_at 70): an earlier content"
	out_has "^imd-differs: copy $older of group 1 \(data sectors 62-123\), v offset $(imd_at 1 "$older"): "
	errors_are "1 imd-differs, 2 stale"
	# Read does not hand it out as good, and a write mixes no bytes into it.
	run_csum 4 read v
	[ "$(stat -c %s ../stdout)" -eq 35840 ]
	run_csum 4 write -o 35841 -l 10 v in
	err_has "data sector 70 .* is bad"
	pattern sectors 1024 x
	run_csum 0 write -q -o 70s v sectors
	put in 35840 sectors
	holds v in
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
	# Where the sector is known it is named.
	fault clear "flip $(data_at 150) 512 1"
	run_csum 0 check "$device"
	out_has "^transient: data sector 150 \(offset 76800\), $device offset $(data_at 150): "
	# A single sector has the error again, and then not.
	fault clear "read EIO $(data_at 150) 512 2"
	run_csum 0 check "$device"
	out_has "^transient: data sector 150 \(offset 76800\), $device offset $(data_at 150): "
	# Metadata is read at the second attempt.
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
	# The cut is in the cluster before the last one.
	truncate -s "$(data_at 150)" v
	run_csum 4 check v
	out_has "^unreadable: data sectors 150-"
	out_has "^332 data sectors: 150 right, 0 unwritten, 182 bad"
	# Only superblocks are left.
	truncate -s 1048576 v
	run_csum 4 check v
	out_has "^unreadable: data sectors 0-331 \(332 sectors, offset 0\), v offset $(data_at 0): beyond the end"
	small_external d m
	run_csum 0 write -q -m m d in
	truncate -s 100000 d
	run_csum 4 check -m m d
	out_has "^unreadable: data sectors 195-331 \(137 sectors, offset 99840\), d offset 99840: beyond the end"
}
