#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# check: ranges, limits and output.
# sanitize: yes

load common
load places
load damage
load check
setup() { common_setup; }
teardown() { common_teardown; }

@test "--metadata-only" {
	full_volume
	flip v "$(data_at 10)"
	flip v "$(imd_at 3 0)"
	options=(--metadata-only)
	found 4 "imd-bad imd 3 1 0 $(imd_at 3 0)"
	[ "$(json summary .metadata_only)" = true ]
	[ "$(json summary '"\(.sectors_verified) \(.sectors_unwritten) \(.sectors_bad) \(.imd_verified)"')" = "0 0 0 11" ]
	flip v "$(imd_at 3 0)"
	found 0
	# No data is read.
	fault_device v
	fault "read EIO $(data_at 0) 60000"
	run_csum 0 check --metadata-only "$device"
}

@test "--offset and --length" {
	full_volume
	for sector in 50 100 200 331; do
		flip v "$(data_at $sector)"
	done
	flip v "$(imd_at 0 0)"
	flip v "$(imd_at 4 1)"
	imd0="imd-bad imd 0 1 0 $(imd_at 0 0)"
	imd4="imd-bad imd 4 1 1 $(imd_at 4 1)"
	bad() {
		echo "mismatch data $1 1 $(data_at "$1")"
	}
	options=(-o 0 -l 50s)
	found 4 "$imd0"
	options=(-o 0 -l $((50 * 512 + 1))) # widened to whole sectors
	found 4 "$imd0" "$(bad 50)"
	options=(-l 51s)
	found 4 "$imd0" "$(bad 50)"
	options=(-o $((50 * 512 + 511)) -l 1)
	found 4 "$imd0" "$(bad 50)"
	options=(-o 51s -l 11s)
	found 4 "$imd0"
	options=(-o 62s -l 38s)
	found 0
	options=(-o 62s -l 39s)
	found 4 "$(bad 100)"
	options=(-o 201s)
	found 4 "$imd4" "$(bad 331)"
	options=(-o $((space - 1)))
	found 4 "$(bad 331)"
	[ "$(json summary .offset)" -eq $((space - 1)) ]
	[ "$(json summary .sectors_bad)" -eq 1 ]
	options=(-o 330s -l 1s)
	found 0
	[ "$(json summary .sectors_verified)" -eq 1 ]
	options=(-o "$space")
	found 0
	must_fail 8 "offset $((space + 1)) is past the end of the data space of $space bytes" check -o $((space + 1)) v
	must_fail 8 "go past the end" check -o 1 -l "$space" v
	must_fail 16 "is too large" check -o 9223372036854775808 v
	must_fail 16 "is negative" check -l -5 v
	# Superblocks are checked for any range.
	flip v "$backup"
	# shellcheck disable=SC2034 # found() uses them
	options=(-o 330s -l 1s)
	found 4 "superblock-bad superblock C $backup"
}

@test "-q prints errors only, one line each" {
	full_volume
	flip v "$(data_at 10)"
	flip v "$(imd_at 3 0)"
	flip v 0
	run_csum 4 check -q v
	[ -z "$stderr" ]
	[ "$(wc -l <<<"$stdout")" -eq 2 ]
	out_has "^imd-bad: "
	out_has "^mismatch: "
}

@test "-J: every line is an object of its kind" {
	full_volume
	flip v "$(data_at 10)"
	flip v "$(data_at 20)"
	flip v "$(data_at 21)"
	flip v "$(imd_at 3 0)"
	flip v "$backup"
	flip v 3
	run_csum 4 check -J v
	[ -z "$stderr" ]
	[ "$(wc -l <<<"$stdout")" -eq 6 ]
	while read -r line; do
		jq -e 'type == "object" and (.type == "finding" or .type == "summary")' <<<"$line"
	done <<<"$stdout"
	jq -se 'map(.type) == ["finding", "finding", "finding", "finding", "finding", "summary"]' <<<"$stdout"
	finding='(.kind | type) == "string" and (.is_error | type) == "boolean" and .device == "v" and
		(.device_offset | type) == "number" and (.reason | length) > 0'
	jq -se "map(select(.type == \"finding\") | $finding) | all" <<<"$stdout"
	jq -se 'map(select(.subject == "data") | keys) | .[0] == ["computed", "device", "device_offset", "expected",
		"first_sector", "group", "is_error", "kind", "offset", "reason", "sector_count", "subject", "type"]' \
		<<<"$stdout"
	jq -se 'map(select(.subject == "imd") | keys) | .[0] == ["copy", "device", "device_offset", "first_group",
		"first_sector", "group_count", "is_error", "kind", "reason", "sector_count", "subject", "type"]' <<<"$stdout"
	jq -se 'map(select(.subject == "superblock") | .slot) == ["A", "C"]' <<<"$stdout"
	jq -se 'map(select(.expected) | (.expected, .computed) | type) | all(. == "string")' <<<"$stdout"
	json summary . >object
	jq -e '.schema == 1 and .command == "check" and .volume == "v" and .offset == 0 and .metadata_only == false and
		.complete == true and .sectors_verified == 329 and .sectors_unwritten == 0 and .sectors_bad == 3 and
		.sectors_interrupted == 0 and .sectors_transient == 0 and .imd_verified == 11 and .errors == 5 and
		.exit_status == 4 and (.seconds | type) == "number"' object
	jq -e '.findings == {"superblock-bad": 1, "foreign": 0, "imd-bad": 1, "imd-differs": 0, "imd-lost": 0,
		"interrupted": 1, "mismatch": 3, "zeroed": 0, "stale": 0, "misplaced": 0, "unreadable": 0, "rewritten": 0,
		"transient": 0}' object
	must_fail 16 "--quiet and --json exclude each other" check -q -J v
	run_csum 8 check -J missing
	jq -e '.type == "summary" and .exit_status == 8 and (.error | contains("missing"))' <<<"$stdout"
	# A file name that is not UTF-8, and has a quote.
	mv v $'v\xff"\n'
	run_csum 4 check -J $'v\xff"\n'
	jq -se 'map(select(.device)) | .[0].device == "v\ufffd\"\n"' <<<"$stdout"
}

@test "what it prints is safe for a terminal" {
	full_volume
	flip v "$(data_at 10)"
	mv v $'v\e[2J\xff'
	run_csum 4 check $'v\e[2J\xff'
	! grep -q $'\e' <<<"$stdout$stderr" || false
	out_has 'v\\x1b\[2J\\xff offset'
}

@test "many findings" {
	vol v -s 512 -K 2 --size=4M
	places 512 2 $((4 << 20))
	run_csum 0 write -q v < <(yes | head -c "$space")
	# Every second sector of the first cluster is bad: each gets a finding of its own.
	for ((sector = 0; sector < 124; sector += 2)); do
		flip v "$(data_at "$sector")"
	done
	run_csum 4 check -J v
	[ "$(json finding .first_sector | wc -l)" -eq 62 ]
	[ "$(json finding .first_sector | sort -n | uniq | wc -l)" -eq 62 ]
	[ "$(json summary .findings.mismatch)" -eq 62 ]
	# All of it is zeroed: one finding.
	zeros v "$(data_at 0)" $((124 * 512))
	run_csum 4 check -J -l 124s v
	[ "$(json finding '"\(.kind) \(.first_sector) \(.sector_count)"')" = "zeroed 0 124" ]
}

@test "wrong command lines" {
	small v
	must_fail 16 "an operand is missing: 'check' takes VOLUME" check
	must_fail 16 "'w' is one operand too many" check v w
	must_fail 16 "there is no such option" check --repair v
	must_fail 16 "the argument is missing" check v -l
	must_fail 8 "missing: cannot open: No such file" check missing
}
