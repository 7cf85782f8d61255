#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Faults that users met: how each such case must end. The numbers are those of the reports.

load common
load places
load damage
load scrub
setup() { common_setup; }
teardown() { common_teardown; }

@test "9.4: a write that fails for lack of room says how much is in, and that much is" {
	make_mount -t tmpfs -o size=60m none small
	run_csum 0 format -q --size=200M small/v
	random_file in 150M
	run_csum 8 write -J small/v in
	bytes=$(json summary .bytes)
	[ "$bytes" -ge $((16 << 20)) ]
	cmp <(head -c "$bytes" in) <("$CSUMTOOL" read -l "$bytes" small/v)
	run_csum 8 write small/v in
	err_has "^csumtool: warning: small/v: incomplete: only the first [0-9]+ bytes .* of the input are in"
}

@test "9.4: what is in after a failed write is durable: the next opening reads it" {
	vol back -s 4096 -K 1 --size=32M
	places 4096 1 $((32 << 20))
	pattern old "$space" old
	pattern new "$space" new
	fault_device back
	for n in 3 12 30 50; do
		fault clear
		run_csum 0 write -q "$device" old
		fault clear "write EIO 0 0 -1 $n"
		run_csum 8 write -J "$device" new
		bytes=$(json summary .bytes)
		fault clear
		run_csum 0 read -q -l "${bytes/#0/1}" "$device" out
		cmp -n "$bytes" new out
		rm out
	done
}

@test "9.5: a usage error with -J is an object too" {
	for arguments in "scrub -J" "check --bogus -J v" "discard -J v" "read -qJ v x" "scrub -J --heal=x v"; do
		# shellcheck disable=SC2086
		run_csum 16 $arguments
		[ "$(json summary .exit_status)" -eq 16 ]
		[ -n "$(json summary .error)" ]
	done
	# "-J" here is the value of a label; and no JSON goes where the data goes.
	run_csum 16 format -LJ
	[ -z "$stdout" ]
	run_csum 16 read -J v
	[ -z "$stdout" ]
}

@test "9.6: character devices and FIFOs are no files to protect" {
	vol v
	run_csum 0 read v /dev/null
	run_csum 0 read -q v /dev/null
	mkfifo fifo
	in_background cat fifo
	run_csum 0 read -q -l 64K v fifo
	touch file
	must_fail 8 "the file exists" read v file
}

@test "9.6: times before 1970 are times" {
	vol v
	superblock set v ab created=0xfffffffffffffc18
	run_csum 0 info v
	out_has "^created +1969-12-31 23:43:20 UTC$"
	run_csum 0 info -J v
	[ "$(json info .created)" = -1000 ]
}

@test "9.6: a rate is that of what was read" {
	vol v
	run_csum 0 check v
	# Only metadata was read, so a rate of data makes no sense.
	out_lacks " bytes/s"
}

@test "9.8: SIGUSR1 does not kill" {
	vol v
	mkfifo fifo
	exec {keep}<>fifo
	in_background "$CSUMTOOL" write -q v fifo
	pid=$!
	wait_for grep -qE '^SigIgn:.*[2-9a-f]..$' "/proc/$pid/status"
	kill -USR1 "$pid"
	echo text >&"$keep"
	exec {keep}>&-
	wait "$pid"
	[ "$("$CSUMTOOL" read -l 4 v)" = text ]
}

@test "9.5: info --health is 4 where a volume needs attention, and -q stays what it was" {
	full_volume
	run_csum 0 info --health v
	out_has "^v: healthy$"
	garbage v "$(data_at 10)" 512
	run_csum 0 info --health -q v
	run_csum 4 scrub -q v
	run_csum 4 info --health v
	out_has "^v: needs attention: the last scrub left 1 bad sector$"
	run_csum 4 info --health -q v
	silent
	run_csum 4 info --health -J v
	[ "$(json health .needs_attention)" = true ]
	run_csum 0 info -q v
	run_csum 0 write -q v in
	run_csum 0 scrub -q v
	run_csum 0 info --health -q v
	poke v 0 00
	run_csum 4 info --health v
	out_has "superblock A invalid"
	run_csum 0 scrub -q v
	run_csum 0 info --health -q v
	active 0 2
	run_csum 4 info --health v
	out_has "a writer was interrupted"
}

@test "9.10: messages name what there is: no command that is not there, and cron's path" {
	! grep -rq "csumtool accept" "$BATS_TEST_DIRNAME/../../"{lib,csumtool,man,README.md} || false
	grep -qE '^/[a-z/]*/csumtool scrub' "$BATS_TEST_DIRNAME/../../man/csumtool.8"
	# No function of zlib is called.
	! ldd "$CSUMTOOL" | grep -q libz || false
}

@test "9.1: what --max-errors left is what the next scrub begins with" {
	full_volume
	for sector in 10 20 30 40 50; do xor v "$(data_at $sector)" 01; done
	run_csum 4 scrub -J --max-errors=2 v
	[ "$(json summary .end)" = max-errors ]
	[ "$(json summary .errors_open)" -ge 3 ]
	[ "$(json finding .kind)" = "" ]
	run_csum 1 scrub v
	out_has "5 errors: 5 mismatch"
	holds v in
	run_csum 0 scrub v
}

@test "9.1: totals of a scrub in parts count each sector once" {
	run_csum 0 format -q --size=64M v
	random_file in 62M
	run_csum 0 write -q v in
	run_csum 0 info -J v
	total=$(json info .data_sectors)
	for ((part = 0; part < 30; part++)); do
		run_csum 0 scrub -J --rate=30M --time-limit=1s v
		[ "$(json summary .complete)" != true ] || break
	done
	[ "$part" -ge 1 ]
	run_csum 0 info -J v
	[ "$(json info '.last_scrub | .sectors_verified + .sectors_unwritten')" -eq "$total" ]
}

@test "9.2: --max-errors is kept within one read, and says how far it came" {
	vol back -s 512 --size=68M
	places 512 2048 $((68 << 20))
	random_file in 64M
	run_csum 0 write -q back in
	fault_device back
	# A part of the surface is gone: each read of it fails.
	fault "read EIO $(data_at 40000) $((20000 * 512)) -1"
	run_csum 4 scrub -J --max-errors=10 "$device"
	[ "$(json summary .end)" = max-errors ]
	# There are as many reads at a time as threads, and each may find an error.
	[ "$(json summary .errors_open)" -le $((10 + 16)) ]
	run_csum 4 scrub -q --max-errors=10 "$device"
	err_has "too many errors .*: [0-9]+ found last .*; data sectors up to [0-9]+ of [0-9]+ are done"
	out_lacks "repairing had been ended"
	[ "$(wc -l <<<"$stdout$stderr")" -le 3 ]
}

@test "9.11: whoever completes a scrub whose first part left a bad sector ends with 4" {
	run_csum 0 format -q --size=64M v
	random_file in 62M
	run_csum 0 write -q v in
	places 4096 32 $((64 << 20))
	garbage v "$(data_at 5)" 4096
	run_csum 4 scrub -q --rate=30M --time-limit=1s v
	for ((part = 0; part < 30; part++)); do
		status=0
		"$CSUMTOOL" scrub -J --rate=30M --time-limit=1s v >../out || status=$?
		[ "$(jq -r 'select(.type == "summary") | .complete' ../out)" != true ] || break
	done
	[ "$status" -eq 4 ]
	[ "$(jq -r 'select(.type == "finding") | .kind' ../out)" = "" ]
}

# gone_volume: makes a full volume in $device, whose image is the file back.
gone_volume() {
	vol back -s 4096 -K 16 --size=24M
	places 4096 16 $((24 << 20))
	pattern in "$space" gone
	run_csum 0 write -q back in
	fault_device back
}

# is_gone: the last csumtool must have said that the device is gone, called nothing bad, and given no misleading advice.
is_gone() {
	err_has "^csumtool: $device: .*: the device is gone; bring it back and run the command again: "
	out_lacks "unreadable|lost|--on-error|csumtool write"
}

@test "9.3: check on a device that goes away ends with 8 and says so, and calls no sector bad" {
	gone_volume
	for how in ENOTCONN ESTALE ENODEV ENXIO EIO; do
		# The device goes with a read of metadata, in the middle, or of the last sector.
		for at in "$(imd_at 11 1)" "$(data_at $((sectors / 2)))" "$(data_at $((sectors - 1)))"; do
			fault clear "gone $how $at 4096"
			run_csum 8 check "$device"
			is_gone
		done
	done
	# The device goes in the last of several batches.
	fault clear "gone EIO $(data_at $((sectors - 1))) 4096"
	run_csum 8 check --rate=20M "$device"
	is_gone
}

@test "9.3: check and scrub on an image whose FUSE server is killed" {
	gone_volume
	fault "die $(data_at $((sectors / 2))) 4096"
	run_csum 8 check "$device"
	is_gone
	fault_device back
	fault "die $(data_at $((sectors / 2))) 4096"
	run_csum 8 scrub "$device"
	is_gone
	run_csum 0 scrub -q back
	holds back in
}

@test "9.3: a scrub whose device goes away says where the next one really goes on" {
	gone_volume
	for how in ENOTCONN EIO; do
		# First with a scrub that goes on where an earlier one was interrupted; then with a scrub that has just
		# begun, so the next one begins anew.
		for group in 3 0; do
			superblock set back ab now_started=1700000000 now_group=$group
			fault clear "gone $how $(data_at $((sectors - 1))) 4096"
			run_csum 8 scrub --rate=20M "$device"
			is_gone
			next="goes on at data sector $((group * E))"
			[ "$group" -ne 0 ] || next="begins anew"
			out_has "^NOT FINISHED: it could not go on; data sectors up to [1-9].*; the next scrub $next$"
			fault clear
			run_csum 0 scrub -J back
			[ "$(json summary .first_sector)" -eq $((group * E)) ]
		done
	done
}

@test "9.3: a disk with a long run of bad sectors is not gone: it is checked and scrubbed to the end" {
	gone_volume
	fault "read EIO $(data_at 1000) $((1500 * 4096))"
	run_csum 4 check -J "$device"
	[ "$(json summary '"\(.complete) \(.sectors_bad) \(.sectors_verified)"')" = "true 1500 $((sectors - 1500))" ]
	run_csum 4 scrub -J --no-undo "$device"
	[ "$(json summary '"\(.complete) \(.sectors_bad) \(.sectors_verified)"')" = "true 1500 $((sectors - 1500))" ]
}

@test "9.7: of an image cut short check says how large it must be, and that truncate brings it back" {
	full_volume
	truncate -s 1200000 v
	run_csum 4 check v
	err_has "^csumtool: warning: v: 1200000 bytes, .* it must have at least 1290240 bytes again, which 'truncate -s 1290240' "
	must_fail 8 "refused for writing: it must have at least 1290240 bytes again, which 'truncate -s 1290240' gives the file$" \
		scrub v
	truncate -s 1290240 v
	run_csum 5 scrub -q v
	# truncate does not make a device larger, so it is not named.
	truncate -s 1200128 v
	make_loop v
	run_csum 4 check "$loop"
	err_has "it must have at least 1290240 bytes again$"
}

@test "9.7: metadata device too small: how large it must be, and that is enough" {
	truncate -s 8M data
	truncate -s 1150976 meta
	run_csum 8 format -m meta data
	err_has "^csumtool: meta: 1150976 bytes are too small .*: it must have at least [0-9]+ bytes$"
	least=$(grep -oE 'least [0-9]+' <<<"$stderr" | grep -oE '[0-9]+')
	truncate -s $((least - 4096)) meta
	run_csum 8 format -q -m meta data
	truncate -s "$least" meta
	run_csum 0 format -q -m meta data
	truncate -s 1000000 small
	run_csum 8 format small
	err_has "too small for a volume: it takes at least [0-9]+ bytes$"
	least=$(grep -oE 'least [0-9]+' <<<"$stderr" | grep -oE '[0-9]+')
	truncate -s $((least - 4096)) small
	run_csum 8 format -q small
	truncate -s "$least" small
	run_csum 0 format -q small
}

@test "9.13: a device that has grown and lost A and B is found by its backup, read, and scrubbed" {
	for grown in 4096 1M 60M; do
		rm -f v
		full_volume
		truncate -s "+$grown" v
		for slot in A B; do
			zeros v "$(slot_at $slot)" 4096
		done
		run_csum 0 read -q v
		cmp ../stdout in
		run_csum 1 scrub -q v
		holds v in
		run_csum 0 info -J v
		[ "$(json info '.superblocks.valid | join("")')" = ABC ]
	done
	# A volume on the data device, with the metadata of another volume.
	small_external data meta
	pattern in "$space" full
	run_csum 0 write -q -m meta data in
	truncate -s +5M meta
	zeros meta 0 4096
	zeros meta 524288 4096
	run_csum 1 scrub -q -m meta data
	holds data in -m meta
}

@test "9.13: a backup that cannot be found is named as a possibility, and another's is not taken" {
	full_volume
	truncate -s +80M v
	zeros v 0 4096
	zeros v 524288 4096
	must_fail 8 "not a csumtool volume: .*on a device that has grown by more .*losetup --sizelimit" check v
	# A former volume has an image of a volume in its data, whose backup lies in another place than its own.
	rm v
	full_volume
	head -c $((1 << 20)) /dev/zero | cat - v >other
	truncate -s +4M other
	must_fail 8 "not a csumtool volume" check other
}

@test "9.14: the chance of a wrong repair is the same in README, manual and source" {
	root=$BATS_TEST_DIRNAME/../..
	grep -q "7.7 of 10^12" "$root/README.md"
	grep -q "8.7 of 10^11" "$root/README.md"
	grep -q "7.7 of 10^12" "$root/man/csumtool.8"
	grep -q "8.7 of 10^11" "$root/man/csumtool.8"
	grep -q "7.7e-12" "$root/lib/base/heal.h"
	grep -q "8.7e-11" "$root/lib/base/heal.h"
}
