#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands that run beside a scrub, and those that are refused; info, which asks for no lock.
# sanitize: yes

# Each test sets its own holder; the shell of scrubs expands its words itself.
# shellcheck disable=SC2016,SC2030,SC2031

load common
load places
load damage
setup() { common_setup; }
teardown() { common_teardown; }

# hold_scrub [OPTION...] VOLUME: starts a scrub, $holder, that takes longer than any test, as it reads a byte a second.
# On return it has all its locks, and has written its record.
hold_scrub() {
	local file=${*: -1} before
	[ -z "${metadata:-}" ] || file=$metadata
	before=$(digest "$file")
	in_background sh -c 'exec "$@" >scrub.out 2>scrub.err' sh "$CSUMTOOL" scrub --rate=1 ${metadata:+-m "$metadata"} "$@"
	holder=$!
	begun() { [ "$(digest "$file")" != "$before" ]; }
	wait_for begun
}

end_scrub() {
	kill "$holder"
	wait "$holder" || :
}

locked() { grep -qE "FLOCK .*:$(stat -L -c %i "$1") " /proc/locks; }

# Starts a process, $reader, that holds a shared lock of FILE.
hold_shared() {
	in_background flock -s -F "$1" sleep 60
	reader=$!
	shared() { grep -qE "FLOCK .* $reader [^ ]*:$(stat -L -c %i "$1") " /proc/locks; }
	wait_for shared "$1"
}

@test "9.9 beside a scrub a volume is read and checked, and nothing is written by that" {
	full_volume
	hold_scrub v
	before=$(digest v)
	run_csum 0 check v
	out_has "^$sectors data sectors: $sectors right, 0 unwritten, 0 bad$"
	out_has "^v: no errors$"
	run_csum 0 check -q v
	silent
	run_csum 0 check --metadata-only -q v
	run_csum 0 read -q v out
	cmp out in
	run_csum 0 dump-imd v
	run_csum 0 dump-imd -g 0-5 --data v
	run_csum 0 scrub -n v
	run_csum 0 undo --list v
	run_csum 0 info v
	out_has "^state +clean$"
	out_has "^at work +a scrub$"
	out_has "^scrub under way +20"
	run_csum 0 info -f v
	run_csum 0 info -J v
	[ "$(json info '"\(.state) \(.at_work)"')" = "clean scrub" ]
	run_csum 0 info --health v
	out_has "^v: healthy$"
	run_csum 0 check -v v
	err_has "^csumtool: note: v: a scrub is at work"
	[ "$(digest v)" = "$before" ]
	end_scrub
	run_csum 0 info v
	out_lacks "at work"
	run_csum 0 scrub v
	out_has "^v: going on"
}

@test "9.9 beside a scrub nobody writes, older builds neither" {
	full_volume
	cp v before
	hold_scrub v
	before=$(digest v)
	for force in "" "--force"; do
		# shellcheck disable=SC2086
		{
			must_fail 8 "^csumtool: v: in use by process $holder \(csumtool\): --wait waits for it$" write $force v in
			must_fail 8 "^csumtool: v: in use by process $holder " discard -o 0 -l 1 $force v
			must_fail 8 "^csumtool: v: in use by process $holder " undo $force before v
		}
	done
	must_fail 8 "^csumtool: v: in use by process $holder " format --force v
	must_fail 8 "^csumtool: v: in use by process $holder " superblock erase -f v
	# Readers can still take the lock, and writers cannot.
	! flock -xn v true || false
	flock -sn v true
	[ "$(digest v)" = "$before" ]
	in_background "$CSUMTOOL" write -q --wait v in
	waiter=$!
	end_scrub
	wait $waiter
}

@test "9.9 a second scrub is refused, and told of the first one, whoever reads beside it" {
	full_volume
	hold_shared v
	hold_scrub v
	hold_shared v
	must_fail 8 "^csumtool: v: in use by process $holder \(csumtool\): --wait waits for it$" scrub v
	must_fail 8 "^csumtool: v: in use by process $holder \(csumtool\)$" scrub --wait=1 v
	must_fail 8 "^csumtool: v: in use by process $holder \(csumtool\)" scrub --force -o 0 -l 512 v
	in_background sh -c 'exec "$@" >second.out 2>second.err' sh "$CSUMTOOL" scrub -v --wait v
	waiter=$!
	wait_for grep -q "waiting for process $holder " second.err
	end_scrub
	wait $waiter
	grep -q "^v: no errors$\|^v: going on" second.out
}

@test "an older scrub, which has the volume for itself, and a scrub" {
	full_volume
	in_background flock -x -F v sleep 60
	holder=$!
	wait_for locked v
	must_fail 8 "^csumtool: v: in use by process $holder \(sleep\)" scrub v
	must_fail 8 "^csumtool: v: in use by process $holder \(sleep\)" check v
}

@test "9.9 a scrub begins, repairs and ends beside a reader" {
	vol v --size=8M
	random_file in 4M
	run_csum 0 write -q v in
	run_csum 0 info -J v
	mkfifo drain
	in_background sh -c 'exec "$@" >drain' sh "$CSUMTOOL" read -l 4M v
	reader=$!
	exec {keep}<drain
	head -c 1000 <&"$keep" >part
	places 4096 "$(json info .interleave)" 8388608
	flip v "$(data_at 3)"
	flip v "$(imd_at 1 0)"
	run_csum 1 scrub v
	out_has "^all repaired$"
	cat <&"$keep" >rest
	wait $reader
	exec {keep}<&-
	cat part rest | cmp - in
	run_csum 0 check -q v
	silent
}

@test "9.9 while a scrub recovers a volume it reads as before, and needs no attention for that" {
	full_volume
	cp v before
	pattern new "$space" new
	run_csum 0 write -q v new
	active 2 1
	swap_in_older 2
	old_data 130 131
	run_csum 0 read -q v mixture
	# Older content that lies in other sectors is looked for in all data, before the groups are put in order.
	cp v crashed
	for pair in "300 130" "301 300" "130 301"; do
		piece crashed "$(data_at "${pair#* }")" 512 >moved
		put v "$(data_at "${pair% *}")" moved
	done
	run_csum 4 check -J v
	findings=$(json finding '"\(.kind) \(.subject) \(.first_sector)"')
	in_background sh -c 'exec "$@" >scrub.out 2>scrub.err' sh "$CSUMTOOL" scrub -v --rate=1 v
	holder=$!
	wait_for grep -q "looking in all of the data" scrub.err
	run_csum 0 info v
	out_has "^state +active$"
	out_has "^at work +a scrub$"
	run_csum 0 info --health v
	run_csum 4 check -J v
	[ "$(json finding '"\(.kind) \(.subject) \(.first_sector)"')" = "$findings" ]
	run_csum 0 read -q -o 131s -l 1s v out
	cmp out <(piece mixture $((131 * 512)) 512)
	kill -KILL "$holder"
	wait "$holder" || :
	run_csum 4 info --health v
	out_has "needs attention: a writer was interrupted, and nobody has put it in order$"
	run_csum 1 scrub -q v
	holds v mixture
}

@test "9.9 info asks for no lock: a writer, an older one, a reader" {
	vol v -s 512 -K 2
	superblock set v ab state=1 session=5 generation=9 intent_first=0 intent_count=2
	run_csum 4 info --health v
	out_has "a writer was interrupted, and nobody has put it in order$"
	# A reader does not recover the volume.
	hold_shared v
	run_csum 4 info --health v
	kill "$reader"
	wait "$reader" || :
	# Older builds leave no mark that shows who holds the lock.
	in_background flock -x -F v sleep 60
	holder=$!
	wait_for locked v
	run_csum 0 info --health v
	run_csum 0 info -f v
	out_has "^state +active$"
	out_has "^at work +a writer$"
	run_csum 0 info -J --wait v
	[ "$(json info .at_work)" = writer ]
	kill "$holder"
	wait "$holder" || :
	run_csum 4 info --health v
	# This writer of ours has the lock, but nothing to write yet.
	mkfifo feed
	in_background "$CSUMTOOL" write -q v feed
	holder=$!
	exec {keep}>feed
	head -c 4096 /dev/zero >&"$keep"
	at_work() { run_csum 0 info -J v && [ "$(json info .at_work)" = writer ]; }
	wait_for at_work
	run_csum 0 info --health v
	exec {keep}>&-
	wait "$holder"
}

@test "9.9 both devices of an external volume: beside a scrub" {
	local metadata=m
	small_external d m
	pattern in "$space" in
	run_csum 0 write -q -m m d in
	hold_scrub d
	run_csum 0 check -q -m m d
	silent
	run_csum 0 read -q -m m d out
	cmp out in
	run_csum 0 info -m m d
	out_has "^at work +a scrub$"
	out_has "^data file +as our last write left it$"
	must_fail 8 "^csumtool: d: in use by process $holder " write -m m d in
	must_fail 8 "^csumtool: d: in use by process $holder " scrub -m m d
	# Either device is locked.
	must_fail 8 "^csumtool: m: in use by process $holder " superblock erase -f m
	! flock -xn m true || false
	! flock -xn d true || false
}

@test "9.9 a block device, which a scrub claims for itself: beside it" {
	truncate -s 8M disk
	make_loop disk
	run_csum 0 format -q "$loop"
	random_file in 4096
	run_csum 0 write -q "$loop" in
	hold_scrub "$loop"
	run_csum 0 check -q "$loop"
	run_csum 0 read -q -l 4096 "$loop" out
	cmp out in
	run_csum 0 info "$loop"
	out_has "^at work +a scrub$"
	for command in "write $loop in" "scrub $loop" "discard -o 0 -l 1 $loop" "scrub --wait=1 $loop"; do
		# shellcheck disable=SC2086
		must_fail 8 "^csumtool: $loop: in use by (process $holder \(csumtool\)|another process)" $command
	done
	in_background "$CSUMTOOL" scrub -q --wait "$loop"
	waiter=$!
	end_scrub
	wait $waiter
}

@test "9.9 a replica is read though it is being scrubbed" {
	full_volume
	cp v w
	hold_scrub w
	flip v "$(data_at 5)"
	zeros v "$(data_at 200)" 512
	run_csum 1 scrub --from=w v
	out_has "healed from replica w$"
	holds v in
}

@test "given twice it is no volume of its own" {
	small_external d m
	must_fail 8 "^csumtool: d: in use by this process itself: was it given twice\?$" scrub -m d d
}

# Slots are rewritten all the time, but no check ever sees a torn one.
@test "9.9 check of a sound volume beside scrubs, one after the other" {
	full_volume
	in_background bash -c 'while "$1" scrub -q v && [ ! -e stop ]; do :; done' bash "$CSUMTOOL"
	scrubs=$!
	for ((i = 0; i < 40; i++)); do
		run_csum 0 check -J v
		[ "$(json summary '"\(.errors) \(.sectors_verified) \(.imd_verified)"')" = "0 $sectors $((groups * 2))" ]
		[ -z "$(json finding .)" ]
		run_csum 0 info --health v
	done
	touch stop
	wait $scrubs
}
