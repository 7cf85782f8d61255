#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# dump-imd: metadata as stored. dump_carve.bats has volumes without superblocks.
# sanitize: yes

load common
load places
load dump
setup() { common_setup; }
teardown() { common_teardown; }

@test "places, generations and entries of every group" {
	half_volume
	run_csum 0 dump-imd v
	[ -z "$stderr" ]
	out_has "^volume v: .*clean, 332 data sectors of 512 bytes in 6 groups, interleave 2, crc64$"
	out_has "^superblocks: A valid.*, B valid.*, C valid"
	out_has "^journal at 65536: "
	for group in 0 1 2 3 4 5; do
		last=$((group < 5 ? group * 62 + 61 : 331))
		out_has "^group $group: data sectors $((group * 62))-$last$"
		for copy in 0 1; do
			out_has "^  copy $copy at $(imd_at $group $copy): valid, generation [0-9]+( \(newer\))?, crc 0x[0-9a-f]{8}$"
		done
	done
	[ "$(grep -c '(newer)' <<<"$stdout")" -eq 6 ]
	out_has "^ +0 +$(data_at 0)  0x[0-9a-f]{16}  0x[0-9a-f]{16}$"
	out_has "^ +165 +$(data_at 165)  0x[0-9a-f]{16}  0x[0-9a-f]{16}$"
	# Sectors with equal contents of a row share a line.
	out_has "^ +166-185 +$(data_at 166)  unwritten +unwritten$"
	out_has "^ +310-331 +$(data_at 310)  unwritten +unwritten$"
	! grep -q '^!' <<<"$stdout" || false
}

@test "--json says the same, and every line is an object" {
	half_volume
	run_csum 0 dump-imd -J v
	[ -z "$stderr" ]
	while read -r line; do
		jq -e 'type == "object" and has("type")' <<<"$line"
	done <<<"$stdout"
	[ "$(jq -r .type <<<"$stdout" | uniq -c | xargs)" = "1 info 1 journal 6 group 1 summary" ]
	[ "$(json summary '.schema == 1 and .command == "dump-imd" and .groups == 6 and .exit_status == 0')" = true ]
	[ "$(json info '.schema == 1 and .sector_size == 512 and .data_sectors == 332')" = true ]
	for group in 0 3 5; do
		count=$((group < 5 ? 62 : 22))
		[ "$(json group "select(.group == $group) |
			[.first_sector, .sector_count, .differ, .in_intent, .copies[0].device_offset,
			.copies[1].device_offset, (.copies[0].entries | length), (.copies[1].entries | length),
			(.data_device_offsets | length), .data_device_offsets[0], .data_device_offsets[-1]] | join(\" \")")" = \
			"$((group * 62)) $count false false $(imd_at $group 0) $(imd_at $group 1) $count $count $count \
$(data_at $((group * 62))) $(data_at $((group * 62 + count - 1)))" ]
	done
	jq -se 'map(select(.type == "group") | .copies[] | (.entries[], .stored_crc, .computed_crc) | type) |
		all(. == "string")' <<<"$stdout"
	jq -se 'map(select(.type == "group") | .copies[] | .stored_crc == .computed_crc and .verdict == "valid") |
		all' <<<"$stdout"
	# Compared with the bytes on the disk, read without csumtool.
	for group in 0 2 5; do
		for copy in 0 1; do
			at=$(imd_at $group $copy)
			[ "$(json group "select(.group == $group) | .copies[$copy].generation")" -eq \
				"$(surgery get v $((at + 8)) 4)" ]
			[ "$(json group "select(.group == $group) | .copies[$copy].entries[3]")" = \
				"$(printf 0x%016x "$(surgery get v $((at + 16 + 24)) 8)")" ]
			[ "$(json group "select(.group == $group) | .copies[$copy].stored_crc")" = \
				"$(printf 0x%08x "$(surgery get v $((at + 4)) 4)")" ]
		done
	done
}

@test "--groups" {
	half_volume
	run_csum 0 dump-imd -J -g 2 v
	[ "$(groups_shown)" = "2 " ]
	run_csum 0 dump-imd -J --groups=1-4 v
	[ "$(groups_shown)" = "1 2 3 4 " ]
	run_csum 0 dump-imd -J -g 5-5 v
	[ "$(groups_shown)" = "5 " ]
	must_fail 8 "group" dump-imd --raw -g 6 v
	must_fail 8 "group" dump-imd --raw -g 18446744073709551 v
	must_fail 8 "group" dump-imd --raw -g 9223372036854775807 v
	for range in '' x 1- -1 1-x 3-2 1-2-3 1,2 18446744073709551616 9223372036854775808 0-18446744073709551615; do
		echo "'$range'"
		must_fail 16 "^csumtool: --groups: " dump-imd -g "$range" v
	done
	must_fail 8 "group" dump-imd --raw -g 3-9223372036854775806 v
}

@test "--offset and --length" {
	half_volume
	for range in "0 1 0" "31743 1 0" "31743 2 0 1" "31744 1 1" "0 169984 0 1 2 3 4 5" "158720 11264 5" "169983 1 5"; do
		read -r begin length expected <<<"$range"
		run_csum 0 dump-imd -J -o "$begin" -l "$length" v
		[ "$(groups_shown)" = "$expected " ]
	done
	run_csum 0 dump-imd -J -o 186s v
	[ "$(groups_shown)" = "3 4 5 " ]
	run_csum 0 dump-imd -J -l 62s v
	[ "$(groups_shown)" = "0 " ]
	must_fail 8 "past the end" dump-imd --raw -o 169985 v
	must_fail 8 "past the end" dump-imd --raw -o 1 -l 169984 v
	must_fail 16 "--groups and --offset exclude each other" dump-imd -g 1 -o 1 v
	must_fail 16 "--groups and --length exclude each other" dump-imd -g 1 -l 1 v
	must_fail 16 "is too large" dump-imd -o 9223372036854775808 v
	must_fail 16 "is negative" dump-imd -o -1 v
}

@test "--differ" {
	half_volume
	run_csum 0 dump-imd --differ v
	out_has "^no group's copies differ$"
	! grep -q '^group' <<<"$stdout" || false
	run_csum 0 dump-imd -J --differ v
	[ -z "$(groups_shown)" ]
	[ "$(json summary .groups)" -eq 0 ]
	surgery imd v "$(imd_at 4 0)" 4 0 512 40:8=0x1122334455667788
	flip v $(($(imd_at 1 1) + 100))
	run_csum 0 dump-imd -J --differ v
	[ "$(groups_shown)" = "1 4 " ]
	run_csum 0 dump-imd --differ v
	out_has "^group 4: data sectors 248-309, the copies DIFFER$"
	out_has "^! +251 +$(data_at 251)  0x1122334455667788  unwritten$"
	[ "$(sed -n '/^group 4/,$p' <<<"$stdout" | grep -c '^!')" -eq 1 ]
	run_csum 0 dump-imd -J --differ -g 2-4 v
	[ "$(groups_shown)" = "4 " ]
}

@test "why a copy is not valid" {
	half_volume
	flip v "$(imd_at 0 0)"
	flip v $(($(imd_at 1 0) + 4))
	move v "$(imd_at 3 0)" "$(imd_at 2 0)" 512
	zeros v "$(imd_at 3 1)" 512
	run_csum 0 dump-imd v
	out_has "^  copy 0 at $(imd_at 0 0): INVALID: no imd magic \(stored: generation [0-9]+, group 0, crc 0x"
	out_has "^  copy 0 at $(imd_at 1 0): INVALID: .*wrong \(stored: .*crc 0x[0-9a-f]{8}; computed: 0x[0-9a-f]{8}\)$"
	out_has "^  copy 0 at $(imd_at 2 0): INVALID: belongs to another place \(stored: .* group 3, "
	out_has "^  copy 1 at $(imd_at 3 1): INVALID: no imd magic"
	[ "$(grep -c 'valid, .*(newer)' <<<"$stdout")" -eq 6 ]
	run_csum 0 dump-imd -J -g 2 v
	[ "$(json group '.copies[0].stored_group')" -eq 3 ]
	[ "$(json group '.copies[0].newer')" = false ]
	[ "$(json group '.copies[1].newer')" = true ]
	# With both copies damaged none is newer.
	flip v "$(imd_at 0 1)"
	run_csum 0 dump-imd -J -g 0 v
	[ "$(json group '[.copies[].newer] | any')" = false ]
	[ "$(json group .differ)" = true ]
}

@test "--data" {
	half_volume
	flip v "$(data_at 5)"
	zeros v "$(data_at 7)" 512
	run_csum 0 dump-imd --data -g 0 v
	out_has "^ +4 +$(data_at 4) .* good$"
	out_has "^ +5 +$(data_at 5) .* matches no entry: 0x[0-9a-f]{16}$"
	run_csum 0 dump-imd --data -J v
	[ "$(json group 'select(.group == 0) | .data[4].verdict')" = good ]
	[ "$(json group 'select(.group == 0) | .data[5].verdict')" = "matches no entry" ]
	[ "$(json group 'select(.group == 0) | .data | length')" -eq 62 ]
	# Each sector has the entry that would be right for its present content.
	[ "$(json group 'select(.group == 0) | .data[4].entry')" = "$(json group 'select(.group == 0) | .copies[0].entries[4]')" ]
	[ "$(json group 'select(.group == 0) | .data[5].entry')" != "$(json group 'select(.group == 0) | .copies[0].entries[5]')" ]
	[ "$(json group 'select(.group == 5) | .data[0].verdict')" = unwritten ]
	[ "$(json group 'select(.group == 5) | .data[0].entry')" = null ]
	# In a group without valid metadata the entry of the content can still be shown.
	flip v "$(imd_at 0 0)"
	flip v "$(imd_at 0 1)"
	run_csum 0 dump-imd --data -J -g 0 v
	[[ $(json group '.data[4].entry') =~ ^0x[0-9a-f]{16}$ ]]
	# Without --data no data is read.
	run_csum 0 dump-imd -J -g 0 v
	[ "$(json group 'has("data")')" = false ]
}

@test "--raw: the bytes that are stored" {
	half_volume
	flip v "$(imd_at 2 1)"
	for range in 0-5 2 1-3; do
		: >expected
		for group in $(seq "${range%-*}" "${range#*-}"); do
			for copy in 0 1; do
				piece v "$(imd_at "$group" $copy)" 512 >>expected
			done
		done
		run_csum 0 dump-imd --raw -g $range v
		cmp ../stdout expected
	done
	run_csum 0 dump-imd --raw v
	[ "$(stat -c %s ../stdout)" -eq $((6 * 2 * 512)) ]
	run_csum 0 dump-imd --raw -o 62s -l 1s v
	cmp -n 512 ../stdout <(piece v "$(imd_at 1 0)" 512)
	vol w -s 4096 -K 2 --size=7417856
	places 4096 2 7417856
	run_csum 0 dump-imd --raw -g 3 w
	(
		piece w "$(imd_at 3 0)" 4096
		piece w "$(imd_at 3 1)" 4096
	) | cmp - ../stdout
	must_fail 16 "--raw and --json exclude each other" dump-imd --raw -J v
	must_fail 16 "--raw and --data exclude each other" dump-imd --raw --data v
	must_fail 16 "--raw with --carve needs" dump-imd --raw --carve v
	command -v script >/dev/null || skip "script is not installed"
	status=0
	script -qec "'$CSUMTOOL' dump-imd --raw v" /dev/null </dev/null >out || status=$?
	[ "$status" -eq 8 ]
	grep "terminal" out
}

@test "--raw: zeros for what cannot be read" {
	half_volume
	piece v "$(imd_at 3 1)" 512 >copy1
	fault_device v
	fault "read EIO $(imd_at 3 0) 512"
	run_csum 0 dump-imd --raw -g 3 "$device"
	(
		head -c 512 /dev/zero
		cat copy1
	) | cmp - ../stdout
	err_has "warning: .*copy 0 of group 3.*unreadable: zeros in its place"
}

@test "external layout" {
	small_external d m
	pattern in 84992 half
	run_csum 0 write -q -m m d in
	run_csum 0 dump-imd -J -m m d
	[ "$(groups_shown)" = "0 1 2 3 4 5 " ]
	[ "$(json group '.copies[].device_offset' | tr '\n' ' ')" = "$(for group in 0 1 2 3 4 5; do
		imd_at $group 0
		imd_at $group 1
	done | tr '\n' ' ')" ]
	[ "$(json group 'select(.group == 3) | .data_device_offsets[1]')" -eq $((187 * 512)) ]
	run_csum 0 dump-imd --raw -m m d
	cmp -n 512 ../stdout <(piece m "$(imd_at 0 0)" 512)
	run_csum 0 dump-imd -J --data -g 0 -m m d
	[ "$(json group '.data[0].verdict')" = good ]
	# The metadata device alone shows its metadata.
	run_csum 0 dump-imd -J m
	[ "$(groups_shown)" = "0 1 2 3 4 5 " ]
	behead m
	run_csum 0 dump-imd -J -m m d
	[ "$(json carved_geometry '[.known, .layout, .sector_size, .interleave] | join(" ")')" = "true external 512 2" ]
	[ "$(json group 'select(.group == 0) | .copies[1].verdict')" = valid ]
}

@test "the journal, and what of it is in force" {
	half_volume
	cp v before
	run_csum 0 info -J v
	session=$(json info .session)
	generation=$(surgery get v $(($(imd_at 1 1) + 8)) 4)
	surgery super v A 256:4=1 "272:8=0" "280:8=6" 16:8=+2
	surgery super v B 256:4=1 "272:8=0" "280:8=6" 16:8=+2
	surgery journal v "$session" 512 "1:0:$(imd_at 1 1):$((generation + 5))" "2:1:$(imd_at 2 1):0"
	run_csum 0 dump-imd v
	out_has "^journal at 65536: session $session, 2 imd sectors"
	out_has "^group 1: data sectors 62-123, in the intent"
	out_has "^  journal: copy 0, generation $((generation + 5)), in force$"
	out_has "^  journal: copy 1, generation 0, older than what is in place$"
	run_csum 0 dump-imd -J v
	[ "$(json journal '[.valid, .device_offset, .session, .images] | join(" ")')" = "true 65536 $session 2" ]
	[ "$(json group 'select(.group == 1) | .journal | [.generation, .copy, .in_force] | join(" ")')" = \
		"$((generation + 5)) 0 true" ]
	[ "$(json group 'select(.group == 1) | .journal.entries | length')" -eq 62 ]
	[ "$(json group 'select(.group == 2) | .journal.in_force')" = false ]
	[ "$(json group 'select(.group == 3) | has("journal")')" = false ]
	[ "$(json group 'select(.group == 3) | .in_intent')" = true ]
	# A record of another session, a damaged one, and one on a clean volume do not count.
	surgery journal v $((session + 1)) 512 "1:0:$(imd_at 1 1):$((generation + 5))"
	run_csum 0 dump-imd -J v
	[ "$(json group 'select(.journal.in_force) | .group')" = "" ]
	[ -n "$(json journal .reason)" ]
	flip v 65600
	run_csum 0 dump-imd -J v
	[ "$(json journal .valid)" = false ]
	[ -n "$(json journal .reason)" ]
	cp before v
	surgery journal v "$session" 512 "1:0:$(imd_at 1 1):$((generation + 5))"
	run_csum 0 dump-imd -J v
	[ "$(json group 'select(.journal.in_force) | .group')" = "" ]
	[ -n "$(json journal .reason)" ]
}

@test "unreadable metadata is shown as such" {
	half_volume
	fault_device v
	fault "read EIO $(imd_at 3 0) 512" "read EIO $(data_at 10) 512"
	run_csum 0 dump-imd "$device"
	out_has "^  copy 0 at $(imd_at 3 0): INVALID: unreadable$"
	run_csum 0 dump-imd -J --data "$device"
	[ "$(json group 'select(.group == 3) | .copies[0] | [.verdict, has("entries")] | join(" ")')" = "unreadable false" ]
	[ "$(json group 'select(.group == 0) | .data[10].verdict')" = unreadable ]
	fault "read EIO 0 4096" "read EIO 524288 4096" "read EIO $backup 4096"
	run_csum 0 dump-imd "$device"
	out_has "implied: internal layout, sectors of 512 bytes, interleave 2"
	fault clear "read ENODEV $(imd_at 3 0) 512"
	run_csum 8 dump-imd "$device"
	err_has "No such device"
}

@test "it writes nothing" {
	half_volume
	chmod 444 v
	before=$(digest v)-$(stat -c %y v)
	run_csum 0 dump-imd --data v
	run_csum 0 dump-imd --carve v
	[ "$(digest v)-$(stat -c %y v)" = "$before" ]
}

@test "wrong command lines" {
	small v
	must_fail 16 "an operand is missing: 'dump-imd' takes VOLUME" dump-imd
	must_fail 16 "there is no such option" dump-imd -q v
	must_fail 16 "one operand too many" dump-imd v w
}
