#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs of scrub: replicas, interruption and resuming, limits, records, priority, JSON, wrong usage.

# The options are for done_is.
# shellcheck disable=SC2034

load common
load places
load damage
load scrub
load process
setup() { common_setup; }
teardown() { common_teardown; }

# Makes a volume that takes about 7 seconds at 1M a second.
large_volume() {
	vol v -s 512 -K 4 --size=8M
	places 512 4 $((8 << 20))
	pattern in "$space" large
	run_csum 0 write -q v in
}

under_way() {
	run_csum 0 info -J v || return
	json info '.current_scrub.next_group // "none"'
}

@test "--from: an image, a volume, a block device" {
	full_volume
	cp v damaged
	garbage damaged "$(data_at 20)" 512
	xor damaged "$(data_at 331)" 01
	# A replica may be larger than needed.
	cp in image
	echo more >>image
	vol other -s 512 -K 7 --size=2M -c crc32c
	run_csum 0 write -q other in
	small_external d m
	run_csum 0 write -q -m m d in
	for replica in in image other d; do
		cp damaged v
		before=$(digest "$replica")
		run_csum 1 scrub "--from=$replica" v
		out_has "^mismatch: data sector 20 .*; healed from replica $replica$"
		out_has "^mismatch: data sector 331 .*; healed from replica $replica$"
		holds v in
		[ "$(digest "$replica")" = "$before" ]
	done
	make_loop -r in
	cp damaged v
	run_csum 1 scrub "--from=$loop" v
	holds v in
}

@test "--from: replicas that are damaged, in their order" {
	full_volume
	garbage v "$(data_at 20)" 512
	garbage v "$(data_at 30)" 512
	garbage v "$(data_at 40)" 512
	cp in one
	cp in other
	garbage one $((20 * 512)) 512
	garbage one 0 512
	garbage other $((30 * 512)) 1
	garbage one $((40 * 512)) 512
	garbage other $((40 * 512)) 512
	options=(--from=one --from other)
	done_is 5 "mismatch data 20 1 repaired replica other" "mismatch data 30 1 repaired replica one" \
		"mismatch data 40 1 left -"
	# A replica that is a volume hands out only sectors that verify there, and may still be damaged elsewhere.
	vol w -s 512 -K 2 --size=2M
	run_csum 0 write -q w in
	run_csum 1 scrub -q --from=w v
	holds v in
	garbage v "$(data_at 40)" 512
	places 512 2 $((2 << 20))
	garbage w "$(data_at 40)" 512
	garbage w "$(data_at 41)" 512
	places 512 2 1290240
	garbage v "$(data_at 42)" 512
	options=(--from=w)
	done_is 5 "mismatch data 40 1 left -" "mismatch data 42 1 repaired replica w"
}

@test "--from: refused" {
	full_volume
	garbage v "$(data_at 20)" 512
	before=$(digest v)
	head -c $((space - 1)) in >short
	must_fail 8 "^csumtool: short: too small for a replica: $((space - 1)) bytes of $space" scrub --from=short v
	must_fail 8 "^csumtool: missing: .*No such file" scrub --from=missing v
	must_fail 8 "^csumtool: v: .*(the volume itself|given twice)" scrub --from=v v
	ln v hard
	must_fail 8 "^csumtool: hard: .*(the volume itself|given twice)" scrub --from=hard v
	rm hard
	vol big -s 4096 --size=4M
	must_fail 8 "^csumtool: big: .*sectors of 4096" scrub --from=big v
	vol little -s 512 --size=1200000
	must_fail 8 "^csumtool: little: too small" scrub --from=little v
	must_fail 8 "^csumtool: missing: " scrub --from=in --from=missing v
	[ "$(digest v)" = "$before" ]
}

@test "the record" {
	full_volume
	run_csum 0 info v
	! grep -q scrub <<<"$stdout" || false
	xor v "$(data_at 20)" 01
	garbage v "$(data_at 30)" 512
	flip v "$(imd_at 3 0)"
	run_csum 5 scrub -q v
	run_csum 0 info -J v
	jq -e '.type != "info" or (.last_scrub.sectors_verified == 330 and .last_scrub.sectors_repaired == 1 and
		.last_scrub.sectors_left_bad == 1 and .last_scrub.imd_repaired == 1 and .last_scrub.ended >= .last_scrub.started
		and (has("current_scrub") | not))' <<<"$stdout"
	# A scrub of a part leaves the record alone, even if it ends in another second.
	superblock set v ab scrub_started=1700000000 scrub_ended=1700000001
	run_csum 0 info -J v
	json info .last_scrub >../last
	for part in "0 -l 10s" "0 --metadata-only" "4 -n" "4 -o 1s" "1 -o 1s --from=in"; do
		# shellcheck disable=SC2086
		run_csum ${part%% *} scrub -q ${part#* } v
		run_csum 0 info -J v
		json info .last_scrub >../now
		cmp ../last ../now
	done
	run_csum 0 info v
	out_has "^last scrub +20.* to 20"
	run_csum 0 scrub -q v
	run_csum 0 info -J v
	[ "$(json info .last_scrub.sectors_verified)" -eq 332 ]
}

@test "--time-limit, and going on" {
	large_volume
	garbage v "$(data_at 5)" 512
	run_csum 4 scrub --rate=1M --time-limit=1 v
	out_has "^NOT FINISHED: the time limit; data sectors up to [0-9]+ of $sectors done \([0-9.]+ %\); the next scrub goes on there$"
	is_state v clean
	next=$(under_way)
	[ "$next" -gt 0 ]
	[ "$next" -lt "$groups" ]
	run_csum 0 info v
	out_has "^scrub under way .*, goes on at group $next of $groups$"
	# One bad sector in the part that is done, and one in the rest.
	garbage v "$(data_at $((sectors - 10)))" 512
	run_csum 4 scrub v
	out_has "^v: going on with the scrub begun 20.*, at group $next of $groups$"
	! grep -q "data sector 5 " <<<"$stdout" || false
	out_has "^since 20.*: $((sectors - 2)) data sectors right, 0 unwritten, 0 repaired, 2 left bad; 0 imd sectors repaired$"
	out_has "^v: 1 error: 1 mismatch$"
	run_csum 0 info -J v
	[ "$(json info '"\(.last_scrub.sectors_left_bad) \(has("current_scrub"))"')" = "2 false" ]
	# The next scrub begins anew.
	run_csum 1 scrub --from=in v
	! grep -q "going on" <<<"$stdout" || false
	holds v in
}

@test "a time limit that is no error; JSON of both runs" {
	large_volume
	run_csum 0 scrub -J --rate=1M --time-limit=1s v
	[ -z "$stderr" ]
	json summary . >../first
	jq -e --argjson n "$sectors" '.end == "time-limit" and .complete == false and .resumed == false and
		.first_sector == 0 and .next_sector > 0 and .next_sector < $n and .end_sector == $n and
		.record.next_group > 0 and .record.ended == 0 and .sectors_verified == .next_sector' ../first
	run_csum 0 scrub -q --rate=1M --time-limit=1s v
	silent
	run_csum 0 scrub -J v
	json summary . >../last
	jq -e --argjson n "$sectors" '.end == "complete" and .complete and .resumed and .first_sector > 0 and
		.next_sector == $n and .record.sectors_verified == $n and .record.ended > 0 and
		.sectors_verified == $n - .first_sector' ../last
	[ "$(jq .next_sector ../first)" -lt "$(jq .first_sector ../last)" ]
	[ "$(jq .record.started ../first)" -eq "$(jq .record.started ../last)" ]
}

@test "a signal: clean, 32, and the next one goes on" {
	large_volume
	xor v "$(data_at 5)" 01
	fault_device v
	# The read lies behind the first batches, which have some 500 sectors each; then behind the batches of the next
	# run.
	sector=2000
	for signal in TERM HUP; do
		hold_read $sector
		start scrub --rate=1M "$device"
		interrupt $signal
		ended
		[ $((status & ~1)) -eq 32 ]
		[ $signal = TERM ] || out_has "^$device: going on with the scrub begun"
		err_has "^csumtool: $device: cancelled by a signal"
		out_has "^NOT FINISHED: cancelled; .*; the next scrub goes on there$"
		is_state v clean
		[ "$(under_way)" -gt 0 ]
		sector=5000
	done
	run_csum 0 scrub v
	out_has "^v: going on"
	out_has "^since .*: $((sectors - 1)) data sectors right, 0 unwritten, 1 repaired, 0 left bad"
	holds v in
}

@test "killed: it goes on where the record is" {
	large_volume
	fault_device v
	fault "read hold $(data_at 2000) 512 1" "read hold $(data_at 5000) 512 1"
	start scrub --rate=1M "$device"
	comes_to held
	# The record is written after five seconds, so before the second of these reads.
	sleep 5.1
	fault "let go"
	interrupt KILL
	ends 137
	is_state v clean
	[ "$(under_way)" -gt 0 ]
	run_csum 0 scrub v
	out_has "^v: going on"
	holds v in
}

@test "--restart" {
	large_volume
	garbage v "$(data_at 5)" 512
	run_csum 4 scrub -q --rate=1M --time-limit=1 v
	[ "$(under_way)" != none ]
	run_csum 4 scrub --restart v
	! grep -q "going on" <<<"$stdout" || false
	out_has "^mismatch: data sector 5 "
	out_has "^$sectors data sectors: $((sectors - 1)) right"
	[ "$(under_way)" = none ]
}

@test "a range leaves a scrub under way alone" {
	large_volume
	run_csum 0 scrub -q --rate=1M --time-limit=1 v
	next=$(under_way)
	run_csum 0 scrub -o 1s v
	! grep -q "going on" <<<"$stdout" || false
	run_csum 0 scrub --metadata-only v
	run_csum 0 scrub -n v
	! grep -q "going on" <<<"$stdout" || false
	out_has "^$sectors data sectors: "
	[ "$(under_way)" = "$next" ]
}

@test "--rate" {
	large_volume
	read -r begin _ </proc/uptime
	run_csum 0 scrub -q --rate=12M -l 6M v
	read -r end _ </proc/uptime
	# The times are in hundredths of a second. The scrub may take longer.
	[ $((${end/./} - ${begin/./})) -ge 45 ]
	run_csum 0 scrub -q --rate=100G v
}

is_idle() {
	[ "$(ps -o ni= -p "$1")" -eq 19 ] || return
	! command -v ionice >/dev/null || [ "$(ionice -p "$1")" = idle ]
}

@test "--idle: what runs without a terminal gives way" {
	large_volume
	for option in "" --idle; do
		# shellcheck disable=SC2086
		# At this rate it would take hours.
		in_background env -u CSUMTOOL_PRIORITY sh -c 'exec "$@" >out 2>err' sh "$CSUMTOOL" scrub $option --rate=1K v
		wait_for is_idle $!
		# This holds for every thread.
		for task in "/proc/$!/task/"*; do
			[ "$(cut -d ' ' -f 19 "$task/stat")" -eq 19 ]
		done
		kill -TERM $!
		wait $! || :
	done
}

@test "CSUMTOOL_PRIORITY=normal: the priority stays, unless --idle is given" {
	large_volume
	export CSUMTOOL_PRIORITY=normal
	in_background sh -c 'exec "$@" >out 2>err' sh "$CSUMTOOL" scrub --idle --rate=1K v
	wait_for is_idle $!
	kill -TERM $!
	wait $! || :
	in_background sh -c 'exec "$@" >out 2>err' sh "$CSUMTOOL" scrub --rate=1K v
	scrubber=$!
	# The scrub opens the volume once it has lowered its priority.
	opened() { [[ "$(readlink "/proc/$scrubber/fd/"*)" == *"$PWD/v"* ]]; }
	wait_for opened
	[ "$(ps -o ni= -p "$scrubber")" -eq "$(ps -o ni= -p $$)" ]
	kill -TERM "$scrubber"
	wait "$scrubber" || :
}

@test "-q prints errors only, one line each" {
	full_volume
	xor v "$(data_at 10)" 01
	garbage v "$(data_at 20)" 512
	flip v "$(imd_at 3 0)"
	flip v 0
	run_csum 5 scrub -q v
	[ -z "$stderr" ]
	[ "$(wc -l <<<"$stdout")" -eq 3 ]
	! grep -q "^interrupted" <<<"$stdout" || false
}

@test "-J: every line is an object of its kind" {
	full_volume
	xor v "$(data_at 10)" 01
	garbage v "$(data_at 20)" 512
	zeros v "$(data_at 21)" 512
	flip v "$(imd_at 3 0)"
	flip v "$backup"
	flip v 3
	head -c $((21 * 512)) in >replica
	head -c $((space - 21 * 512)) /dev/zero >>replica
	run_csum 5 scrub -J --no-undo --from=replica v
	[ -z "$stderr" ]
	while read -r line; do
		jq -e 'type == "object" and (.type == "finding" or .type == "summary")' <<<"$line"
	done <<<"$stdout"
	jq -se 'map(select(.type == "finding")) | length == 6 and all((.disposition | IN("left", "repaired")) and
		has("means") and (.how | type) == "string")' <<<"$stdout"
	jq -se 'map(select(.first_sector == 20 and .subject == "data")) == [.[] | select(.replica == "replica" and
		.first_sector == 20)]' <<<"$stdout"
	jq -se '[.[] | select(.kind == "zeroed") | .disposition, .means, .how] == ["left", null, ""]' <<<"$stdout"
	jq -se '[.[] | select(.kind == "imd-bad") | .disposition, .means, .how] ==
		["repaired", "other-copy", "from the other copy"]' <<<"$stdout"
	jq -se '[.[] | select(.kind == "interrupted") | .slot, .is_error, .disposition] == ["A", false, "repaired"]' <<<"$stdout"
	json summary . >../summary
	jq -e '.schema == 1 and .command == "scrub" and .volume == "v" and .offset == 0 and .metadata_only == false and
		.dry_run == false and .end == "complete" and .complete == true and .sectors_verified == 329 and
		.sectors_bad == 3 and .errors == 5 and .errors_repaired == 4 and .errors_left == 1 and
		.sectors_repaired == 2 and .sectors_left == 1 and .sectors_weak == 0 and .imd_repaired == 1 and
		.recovered == false and .still_active == false and .resumed == false and .first_sector == 0 and
		.next_sector == 332 and .end_sector == 332 and .undo_file == null and .undo_records == 0 and
		.undo_sectors == 0 and .exit_status == 5 and (.seconds | type) == "number"' ../summary
	jq -e '.findings["imd-bad"] == 1 and .findings.mismatch == 2 and .repaired.mismatch == 2 and .repaired.zeroed == 0 and
		.repaired["superblock-bad"] == 1 and .record.sectors_repaired == 2 and .record.sectors_left_bad == 1' ../summary
	run_csum 8 scrub -J missing
	jq -e '.type == "summary" and .exit_status == 8 and .end == "failed" and (.error | contains("missing"))' <<<"$stdout"
}

@test "many findings: ranges, not lines" {
	large_volume
	zeros v "$(data_at 0)" $((248 * 512))
	for ((sector = 300; sector < 340; sector += 2)); do
		xor v "$(data_at $sector)" 01
	done
	run_csum 5 scrub -J v
	[ "$(json finding 'select(.kind == "zeroed") | "\(.first_sector) \(.sector_count)"')" = "0 248" ]
	[ "$(json finding 'select(.kind == "mismatch") | .disposition' | grep -c repaired)" -eq 20 ]
	run_csum 1 scrub --from=in v
	out_has "^zeroed: data sectors 0-247 .*; healed from replica in$"
	holds v in
}

@test "a volume in use is refused, or waited for" {
	full_volume
	exec 9<v
	flock -x 9
	must_fail 8 "in use" scrub v
	must_fail 8 "in use" scrub -n v
	must_fail 8 "in use" scrub --wait=1 v
	exec 9<&-
	run_csum 0 scrub -q --wait=1 v
}

@test "a device that was cut short" {
	full_volume
	truncate -s "$(data_at 300)" v
	before=$(digest v)
	must_fail 8 "^csumtool: v: " scrub v
	[ "$(digest v)" = "$before" ]
	run_csum 4 scrub -n v
	out_has "^unreadable: data sectors 300-331 "
}

@test "what it prints is safe for a terminal" {
	full_volume
	garbage v "$(data_at 10)" 512
	mv in $'in\e[2J'
	run_csum 1 scrub $'--from=in\e[2J' --undo=$'u\e[2J' v
	! grep -q $'\e' <<<"$stdout$stderr" || false
	out_has 'healed from replica in\\x1b\[2J$'
	out_has "csumtool undo u.x1b"
}

@test "a dead stdout ends it with 8, the volume clean" {
	large_volume
	[ -c /dev/full ] || skip "no /dev/full"
	garbage v "$(data_at 5)" 512
	status=0
	"$CSUMTOOL" scrub v >/dev/full 2>err || status=$?
	[ $((status & 8)) -eq 8 ]
	grep -q "cannot write to standard output" err
	is_state v clean
}

@test "wrong command lines" {
	small v
	must_fail 16 "an operand is missing: 'scrub' takes VOLUME" scrub
	must_fail 16 "'w' is one operand too many" scrub v w
	must_fail 16 "--allow: 'all' is not foreign, identity, rewritten or unread" scrub --allow=all v
	must_fail 16 "--allow: '' is not foreign" scrub --allow=unread, v
	must_fail 16 "there is no such option" scrub --mapfile=x v
	must_fail 16 "--from: the name of the replica is empty" scrub --from= v
	must_fail 16 "--undo: the name of the file is empty" scrub --undo= v
	must_fail 16 "--heal: 'all' is not none, replica, elsewhere or bits" scrub --heal=all v
	must_fail 16 "--heal: none excludes the others" scrub --heal=none,bits v
	must_fail 16 "--heal is given more than once" scrub --heal=none --heal=bits v
	must_fail 16 "--rate: '0' is too small" scrub --rate=0 v
	must_fail 16 "--rate: 'x' does not begin with a digit" scrub --rate=x v
	must_fail 16 "--time-limit: '0' is too small" scrub --time-limit=0 v
	must_fail 16 "--time-limit: '5d' has an unknown unit" scrub --time-limit=5d v
	must_fail 16 "--max-errors: '0' is too small" scrub --max-errors=0 v
	must_fail 16 "--max-errors: '1K' is not a whole number" scrub --max-errors=1K v
	must_fail 16 "--quiet and --json exclude each other" scrub -q -J v
	must_fail 8 "missing: cannot open: No such file" scrub missing
	must_fail 8 "past the end" scrub -o $((space + 1)) v
	echo text >text
	must_fail 8 "^csumtool: text: " scrub text
}
