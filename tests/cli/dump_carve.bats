#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# dump-imd --carve, and volumes without superblocks.
# sanitize: yes

load common
load places
load dump
setup() { common_setup; }
teardown() { common_teardown; }

@test "--carve finds imd sectors where they lie" {
	half_volume
	run_csum 0 dump-imd --carve v
	[ -z "$stderr" ]
	for cluster in 0 1 2; do
		for copy in 0 1; do
			first=$((cluster * 2))
			out_has "^at $(imd_at $first $copy): 2 imd sectors of 512 bytes, groups $first-$((first + 1)), copy $copy, "
		done
	done
	out_has "^carved: 12 candidates, of which 12 fit together$"
	out_has "^implied: internal layout, sectors of 512 bytes, interleave 2$"
	out_has "^implied: 332 data sectors, 169984 bytes"
	out_has "^implied: 64-bit checksums$"
	! grep -q '^group ' <<<"$stdout" || false
	run_csum 0 dump-imd --carve -J v
	[ "$(json candidate .device_offset | sort -n | tr '\n' ' ')" = "$(for group in 0 1 2 3 4 5; do
		imd_at $group 0
		imd_at $group 1
	done | sort -n | tr '\n' ' ')" ]
	jq -se 'map(select(.type == "candidate") | .fits and .sector_size == 512) | all' <<<"$stdout"
	# With a range groups are shown too.
	run_csum 0 dump-imd --carve -J -g 2-3 v
	[ "$(groups_shown)" = "2 3 " ]
	run_csum 0 dump-imd --carve -J -o 62s -l 1s v
	[ "$(groups_shown)" = "1 " ]
	run_csum 0 dump-imd --carve --raw -g 1 v
	(
		piece v "$(imd_at 1 0)" 512
		piece v "$(imd_at 1 1)" 512
	) | cmp - ../stdout
}

@test "without superblocks the geometry found is that of info" {
	for layout in "512 1 1290240 crc64" "512 2 1290240 crc32" "512 3 1150976 crc32c" "512 7 2000000 crc64" \
		"4096 1 7417856 crc64" "4096 2 7417856 crc32" "4096 3 20000000 crc64"; do
		read -r s k size c <<<"$layout"
		echo "$layout"
		rm -f v
		truncate -s "$size" v
		run_csum 0 format -q -s "$s" -K "$k" -c "$c" v
		places "$s" "$k" "$size"
		pattern in $((space / 2)) "$layout"
		run_csum 0 write -q v in
		run_csum 0 info -J v
		fields='[.layout, .sector_size, .interleave, .sectors_per_group, .data_sectors, .groups, .clusters] | join(" ")'
		expected=$(json info "$fields")
		run_csum 0 dump-imd -J v
		json group 'del(.in_intent)' >groups
		behead v
		must_fail 8 "not a csumtool volume" info v
		run_csum 0 dump-imd -J v
		# A single cluster does not show how many groups it could have had.
		[ "$(json carved_geometry .interleave_known)" = "$([ "$groups" -gt "$k" ] && echo true || echo false)" ]
		[ "$(json carved_geometry "if .interleave_known then . else .interleave = $k end | $fields")" = "$expected" ]
		[ "$(json carved_geometry '[.known, .end_known, .checksum_bits] | join(" ")')" = \
			"true true $([ "$c" = crc64 ] && echo 64 || echo 32)" ]
		[ "$(json carved_geometry .seed_state | grep -c '^0x[0-9a-f]\{8\}$')" -eq 1 ]
		# Every group is shown as before.
		json group 'del(.in_intent)' | cmp - groups
	done
}

@test "a volume that was never written has no checksums to tell the type by" {
	small v
	behead v
	run_csum 0 dump-imd v
	out_has "^implied: .*332 data sectors"
	out_has "no sector was written"
	run_csum 0 dump-imd -J v
	[ "$(json carved_geometry .checksum_bits)" -eq 0 ]
}

@test "cut short, with and without superblocks" {
	half_volume
	cp v whole
	for size in $(($(data_at 300))) "$(imd_at 4 0)" $(($(imd_at 3 1) + 512)) "$(data_at 70)" 1048576 70000 5000; do
		cp whole v
		truncate -s "$size" v
		echo "cut to $size"
		run_csum 0 dump-imd -J v
		jq -se 'map(select(.type == "group") | .copies[] | select(.device_offset + 512 > '"$size"') |
			.verdict | contains("end of the device")) | all' <<<"$stdout"
		jq -se 'map(select(.type == "group") | .copies[] | select(.device_offset + 512 <= '"$size"') |
			.verdict == "valid") | all' <<<"$stdout"
		run_csum 0 dump-imd --data v
		run_csum 0 dump-imd --carve v
		zeros v 0 4096
		[ "$size" -le 528384 ] || zeros v 524288 4096
		truncate -s "$size" v
		# Candidates are found as long as there are any.
		if [ "$size" -gt 1048576 ]; then
			run_csum 0 dump-imd v
			out_has "^  copy 0 at 1048576: valid"
		else
			run_csum 8 dump-imd v
			err_has "^csumtool: v: no imd sectors found"
		fi
	done
	: >empty
	run_csum 8 dump-imd empty
	err_has "^csumtool: empty: "
}

@test "leftovers of an older volume between the imd sectors of this one" {
	vol v -s 512 -K 1 --size=1290240
	places 512 1 1290240
	pattern in "$space" old
	run_csum 0 write -q v in
	cp v old
	rm v
	small v
	run_csum 0 write -q -l 100000 v in
	# Makes a volume with the older metadata in each place that the newer volume has not written.
	cp old mixed
	for group in 0 1 2 3 4 5; do
		for copy in 0 1; do
			piece v "$(imd_at $group $copy)" 512 >sector
			put mixed "$(imd_at $group $copy)" sector
		done
	done
	run_csum 0 dump-imd --carve -J mixed
	fitting=$(json candidate 'select(.fits) | .device_offset' | sort -n | tr '\n' ' ')
	[ "$fitting" = "$(for group in 0 1 2 3 4 5; do
		imd_at $group 0
		imd_at $group 1
	done | sort -n | tr '\n' ' ')" ]
	[ "$(json candidate 'select(.fits | not) | .device_offset' | wc -l)" -ge 1 ]
	[ "$(json carved_geometry '[.interleave, .data_sectors] | join(" ")')" = "2 332" ]
	run_csum 0 dump-imd --carve mixed
	out_has "does not fit: of another volume, or damaged$"
}

@test "nothing to find" {
	truncate -s 2M zeros
	must_fail 8 "" info zeros
	run_csum 8 dump-imd zeros
	err_has "^csumtool: zeros: no imd sectors found: not a csumtool volume$"
	random_file noise 3000000
	run_csum 0 dump-imd --carve noise
	out_has "^carved: 0 candidates"
	must_fail 8 "missing: cannot open: No such file" dump-imd missing
	mkdir directory
	must_fail 8 "directory" dump-imd directory
}
