#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# scrub --undo and undo: overwritten content comes back, and nothing else is touched.
# sanitize: yes

load common
load places
load damage
load scrub
setup() { common_setup; }
teardown() { common_teardown; }

# damaged_volume: makes v with four bad data sectors and one bad imd copy; "before" is a copy of it.
damaged_volume() {
	full_volume
	xor v "$(data_at 10)" 01
	garbage v "$(data_at 20)" 1024
	garbage v "$(data_at 200)" 512
	flip v "$(imd_at 4 0)"
	cp v before
}

# data_is FILE: the data sectors of v must be those of FILE, as stored.
data_is() {
	"$CSUMTOOL" read -q --on-error=raw v raw.v 2>/dev/null || :
	"$CSUMTOOL" read -q --on-error=raw "$1" raw.other 2>/dev/null || :
	cmp raw.v raw.other || return
	rm raw.v raw.other
}

@test "there and back" {
	damaged_volume
	run_csum 1 scrub --from=in --undo=u v
	out_has "^What was overwritten is kept: 'csumtool undo u v' puts it back\.$"
	[ "$(stat -c %a u)" = 600 ]
	holds v in
	before=$(digest v u)
	run_csum 0 undo -n u v
	out_has "^would be put back: data sectors 20-21 \(2 sectors, offset 10240\)$"
	out_has "^4 data sectors would be put back"
	[ "$(digest v u)" = "$before" ]
	run_csum 0 undo u v
	[ -z "$stderr" ]
	out_has "^put back: data sector 10 \(offset 5120\)$"
	out_has "^put back: data sectors 20-21 \(2 sectors, offset 10240\)$"
	out_has "^4 data sectors put back"
	data_is before
	is_state v clean
	run_csum 4 check v
	out_has "^v: 4 errors: 4 mismatch$"
	# A file is undone only once: afterwards nothing tells it from a file of another volume.
	must_fail 8 "^csumtool: u: undone already" undo u v
	data_is before
	# The scrub is done again.
	run_csum 1 scrub -q --from=in --undo=u2 v
	holds v in
	run_csum 0 undo -q u2 v
	silent
	data_is before
}

@test "-J" {
	damaged_volume
	run_csum 1 scrub -J --from=in --undo=u v
	[ "$(json summary .undo_file)" = u ]
	[ "$(json summary '.undo_records >= 5 and .undo_sectors == 4')" = true ]
	cp v scrubbed
	run_csum 0 undo -J u v
	[ -z "$stderr" ]
	jq -se 'map(.type) | .[-1] == "summary" and all(. == "undo" or . == "summary")' <<<"$stdout"
	jq -se '[.[] | select(.type == "undo")] | length >= 3 and all((keys == ["first_sector", "offset", "reason", "restored",
		"sector_count", "type"]) and .restored and .reason == null)' <<<"$stdout"
	[ "$(jq -s '[.[] | select(.type == "undo") | .sector_count] | add' <<<"$stdout")" -eq 4 ]
	json summary . >../summary
	jq -e '.schema == 1 and .command == "undo" and .volume == "v" and .undo_file == "u" and .dry_run == false and
		.complete == true and .records == 4 + .metadata and .restored == 4 and .refused == 0 and .metadata >= 1 and
		.cut_short == false and .exit_status == 0' ../summary
	cp scrubbed v
	zeros v "$(data_at 20)" 1024
	run_csum 4 undo -J u v
	jq -se '[.[] | select(.type == "undo")] | map(select(.restored | not)) | length == 1 and .[0].first_sector == 20 and
		.[0].sector_count == 2 and (.[0].reason | length) > 0' <<<"$stdout"
	[ "$(json summary '"\(.restored) \(.refused) \(.exit_status)"')" = "2 2 4" ]
	run_csum 8 undo -J missing v
	jq -e '.type == "summary" and .exit_status == 8 and (.error | contains("missing"))' <<<"$stdout"
}

@test "refused where the sector has changed since" {
	damaged_volume
	run_csum 1 scrub -q --from=in --undo=u v
	# Sectors are written again, with other content and with the same; one is changed behind csumtool's back.
	pattern sector 512 new
	run_csum 0 write -q -o 20s v sector
	put in $((20 * 512)) sector
	zeros v "$(data_at 200)" 512
	run_csum 4 undo u v
	out_has "^put back: data sector 10 "
	out_has "^put back: data sector 21 "
	out_has "^refused: data sector 20 \(offset 10240\): ."
	out_has "^refused: data sector 200 \(offset 102400\): ."
	out_has "^2 data sectors put back, 2 refused"
	run_csum 0 read -q -o 20s -l 1s v
	cmp ../stdout sector
	run_csum 1 scrub -q --from=in --undo=u2 v
	holds v in
	# With -q only refused sectors are shown.
	run_csum 0 discard -q -o 10s -l 1s v
	zeros in 5120 512
	run_csum 4 undo -q u2 v
	out_has "^refused: data sector 10 "
	! grep -q "put back" <<<"$stdout" || false
}

@test "an undo file that exists, or cannot be made, is refused before anything is done" {
	damaged_volume
	before=$(digest v)
	echo mine >u
	must_fail 8 "^csumtool: u: .*exists" scrub --from=in --undo=u v
	[ "$(cat u)" = mine ]
	ln -s nowhere dangling
	must_fail 8 "^csumtool: dangling: " scrub --from=in --undo=dangling v
	[ ! -e nowhere ]
	must_fail 8 "^csumtool: no/u: .*No such file" scrub --from=in --undo=no/u v
	must_fail 8 "^csumtool: v: " scrub --from=in --undo=v v
	[ "$(digest v)" = "$before" ]
	# A scrub that overwrites nothing makes no file.
	run_csum 1 scrub -q --from=in v
	run_csum 0 scrub --undo=new v
	[ ! -e new ]
	! grep -q undo <<<"$stdout" || false
}

@test "files that are none, of another volume, cut short or damaged" {
	damaged_volume
	run_csum 1 scrub -q --from=in --undo=u v
	cp v scrubbed
	before=$(digest v)
	must_fail 8 "^csumtool: in: " undo in v
	: >empty
	must_fail 8 "^csumtool: empty: " undo empty v
	must_fail 8 "^csumtool: missing: " undo missing v
	small w
	must_fail 8 "^csumtool: u: .*another volume" undo u w
	# With damage in the middle nothing of the file is used.
	cp u damaged
	flip damaged $((128 + 70))
	run_csum 4 undo damaged v
	err_has "^csumtool: damaged: "
	[ "$(digest v)" = "$before" ]
	# The file ends as after a crash: whole records are used.
	head -c -164 u >short
	run_csum 0 undo short v
	err_has "^csumtool: warning: short: is not complete, "
	out_has "^3 data sectors put back"
	cp scrubbed v
	run_csum 0 undo -J short v
	[ "$(json summary .cut_short)" = true ]
	[ "$(json summary .restored)" -eq 3 ]
}

@test "external layout" {
	small_external d m
	pattern in "$space" ext
	run_csum 0 write -q -m m d in
	as_decay d garbage d 5120 1024
	flip m "$(imd_at 3 1)"
	cp d before
	run_csum 1 scrub -q -m m --from=in --undo=u d
	holds d in -m m
	run_csum 0 undo -m m u d
	cmp d before
	is_state d clean -m m
	run_csum 4 check -m m d
	out_has "^d: 2 errors: 2 mismatch$"
}

@test "what was unreadable cannot be put back" {
	full_volume
	fault_device v
	# The sector is unreadable all the time, until it is read back.
	for ((times = 20; times > 0; times--)); do
		rm -f u
		fault clear "read EIO $(data_at 123) 512 $times"
		status=0
		"$CSUMTOOL" scrub -q --from=in --undo=u "$device" || status=$?
		[ "$status" -ne 1 ] || break
	done
	[ "$status" -eq 1 ]
	fault clear
	run_csum 0 check -q "$device"
	run_csum 4 undo u "$device"
	out_has "^refused: data sector 123 .*: what it held could not be read$"
	holds "$device" in
}

@test "--undo: a disk that is full ends it before anything is overwritten" {
	damaged_volume
	for sector in 40 50 60 70 80 90; do
		garbage v "$(data_at $sector)" 512
	done
	cp v before
	make_mount -t tmpfs -o size=4k tmpfs full
	status=0
	"$CSUMTOOL" scrub --from=in --undo=full/u v >out 2>err || status=$?
	cat out err
	[ $((status & 8)) -ne 0 ]
	grep -q "^csumtool: full/u: .*No space left" err
	# Only the superblock differs, which has the record of the scrub.
	data_is before
}

@test "wrong command lines" {
	small v
	must_fail 16 "an operand is missing: 'undo' takes \[FILE\] VOLUME" undo
	must_fail 16 "'x' is one operand too many" undo u v x
	must_fail 16 "'v' is one operand too many: 'undo --list' takes VOLUME" undo --list u v
	must_fail 16 "--list and --dry-run exclude each other" undo --list -n v
	must_fail 16 "--undo-dir: the name of the directory is empty" undo --undo-dir= v
	must_fail 16 "there is no such option" undo --undo u v
	must_fail 8 "^csumtool: missing: cannot open" undo u missing
	must_fail 16 "--undo and --undo-dir exclude each other" scrub --undo=u --undo-dir=d v
	must_fail 16 "--undo and --no-undo exclude each other" scrub --undo=u --no-undo v
	must_fail 16 "--undo-dir and --no-undo exclude each other" scrub --undo-dir=d --no-undo v
	must_fail 16 "--undo-dir: the name of the directory is empty" scrub --undo-dir= v
	[ ! -e "$STATE_DIRECTORY" ]
}
