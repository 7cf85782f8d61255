#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Locks: commands that may use a volume at the same time, and --wait.
# sanitize: yes

load common
load process

setup() {
	common_setup
	random_file input 4096
}
teardown() { common_teardown; }

# Asks the kernel, as an attempt to lock the file would get in the way of others.
locked() { grep -qE "FLOCK .*:$(stat -L -c %i "$1") " /proc/locks; }
unlocked() { ! locked "$1"; }

# hold -s|-x FILE: starts a process, $holder, that has the lock until release FILE.
hold() {
	in_background flock "$1" -F "$2" sleep infinity
	holder=$!
	wait_for locked "$2"
}

release() {
	kill "$holder"
	wait "$holder" || :
	wait_for unlocked "$1"
}

# write_slowly ARGUMENT...: starts a csumtool write that waits for more input; finish_writing ends it.
write_slowly() {
	mkfifo stdin
	# The process itself opens the pipe, as that waits for the other end.
	in_background sh -c 'exec "$@" <stdin >slow.out 2>slow.err' sh "$CSUMTOOL" write -q "$@"
	holder=$!
	exec {feed}>stdin
	cat input >&"$feed"
}

finish_writing() {
	exec {feed}>&-
	wait "$holder"
}

read_slowly() {
	mkfifo stdout
	in_background sh -c 'exec "$@" >stdout 2>slow.err' sh "$CSUMTOOL" read "$@"
	holder=$!
	exec {drain}<stdout
}

# Whether the process pid sleeps with the file open: it can only wait for the lock.
waits_for() {
	handles_signals && [ -n "$(naps)" ] && [[ "$(readlink "/proc/$pid/fd/"*)" == *"$PWD/$1"* ]]
}

# Whether the process says, with -v, that it waits.
says_waiting() { grep -q waiting "${1:-$BATS_TEST_TMPDIR/stderr}"; }

each_reader() {
	for command in check read dump-imd; do
		must_fail 8 "$1" $command vol || return 1
	done
}

each_writer() {
	must_fail 8 "$1" write vol input || return 1
	must_fail 8 "$1" discard -o 0 -l 1 vol || return 1
	must_fail 8 "$1" format --force vol
}

@test "a reader elsewhere: writers are refused at once, and told whom it is by" {
	vol vol
	before=$(digest vol)
	hold -s vol
	each_writer "^csumtool: vol: in use by process $holder \(sleep\): --wait waits for it$"
	for command in info check read; do
		run_csum 0 $command -q vol
	done >/dev/null
	[ "$(digest vol)" = "$before" ]
	release vol
	run_csum 0 write -q vol input
}

@test "a writer elsewhere: everybody is refused at once" {
	vol vol
	before=$(digest vol)
	hold -x vol
	each_writer "^csumtool: vol: in use by process $holder \(sleep\): --wait waits for it$"
	each_reader "^csumtool: vol: in use by process $holder \(sleep\): --wait waits for it$"
	[ "$(digest vol)" = "$before" ]
	run_csum 8 check --json vol
	[[ $(json summary .error) == "vol: in use by process $holder (sleep)"* ]]
}

@test "--force is no way around a lock" {
	vol vol
	hold -x vol
	for command in "dump-imd --force" "check --force" "read --force" "format --force"; do
		# shellcheck disable=SC2086 # words
		must_fail 8 "^csumtool: vol: in use by process $holder" $command vol
	done
}

@test "csumtool write keeps others out as long as it works" {
	vol vol
	write_slowly vol
	wait_for locked vol
	each_reader "^csumtool: vol: in use by process $holder \(csumtool\): --wait waits for it$"
	each_writer "^csumtool: vol: in use by process $holder \(csumtool\): --wait waits for it$"
	in_background "$CSUMTOOL" check -v --wait=1h vol >check.out 2>check.err
	pid=$!
	comes_to says_waiting check.err
	finish_writing
	wait "$pid"
	grep -q ' 1 right' check.out
}

@test "csumtool read keeps writers out and lets readers in" {
	random_file much 1M
	vol vol
	run_csum 0 write -q vol much
	read_slowly vol
	wait_for locked vol
	each_writer "^csumtool: vol: in use by process $holder \(csumtool\): --wait waits for it$"
	run_csum 0 check -q vol
	run_csum 0 info -q vol
	head -c 1048576 <&"$drain" | cmp - much
	exec {drain}<&-
	wait $holder || :
	run_csum 0 write -q vol much
}

@test "a loop device: writers and readers" {
	truncate -s 8M disk
	make_loop disk
	run_csum 0 format -q "$loop"
	write_slowly "$loop"
	wait_for locked "$loop"
	must_fail 8 "^csumtool: $loop: in use by (process $holder \(csumtool\)|another process): --wait" write "$loop" input
	must_fail 8 "^csumtool: $loop: in use by (process $holder \(csumtool\)|another process): --wait" check "$loop"
	must_fail 8 "^csumtool: $loop: in use by (process $holder \(csumtool\)|another process): --wait" \
		format --force "$loop"
	in_background "$CSUMTOOL" write -v --wait=1h "$loop" input >second.out 2>second.err
	pid=$!
	comes_to says_waiting second.err
	finish_writing
	wait "$pid"
	run_csum 0 check -q "$loop"
	silent
}

@test "a loop device that somebody has claimed with O_EXCL" {
	truncate -s 8M disk
	make_loop disk
	run_csum 0 format -q "$loop"
	mkfifo hold
	in_background python -c 'import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL); open("hold").read()' "$loop"
	exec {keep}>hold
	must_fail 8 "^csumtool: $loop: in use by another process: --wait waits for it$" write "$loop" input
	# A reader does not mind the claim.
	run_csum 0 info -q "$loop"
	in_background "$CSUMTOOL" write -v --wait "$loop" input >second.out 2>second.err
	# shellcheck disable=SC2030 # for comes_to
	pid=$!
	comes_to says_waiting second.err
	exec {keep}>&-
	wait "$pid"
}

@test "both files of an external volume are locked" {
	truncate -s 8M data
	truncate -s 2M meta
	run_csum 0 format -q -m meta data
	for file in data meta; do
		hold -x $file
		must_fail 8 "^csumtool: $file: in use by process $holder" check -m meta data
		must_fail 8 "^csumtool: $file: in use by process $holder" write -m meta data input
		must_fail 8 "^csumtool: $file: in use by process $holder" format --force -m meta data
		release $file
		hold -s $file
		run_csum 0 check -q -m meta data
		must_fail 8 "^csumtool: $file: in use by process $holder" write -m meta data input
		release $file
	done
	# format only reads the data device, unless it wipes that too.
	hold -s data
	run_csum 0 format -q --force -m meta data
	must_fail 8 "^csumtool: data: in use by process $holder" format -q --force --wipe -m meta data
	release data
	write_slowly -m meta data
	wait_for locked meta
	wait_for locked data
	finish_writing
}

@test "a file by another name is the same file" {
	vol vol
	ln vol hard
	ln -s vol symbolic
	hold -x vol
	for name in hard symbolic; do
		must_fail 8 "^csumtool: $name: in use by process $holder" check $name
	done
}

@test "--wait=TIME gives up after it" {
	vol vol
	hold -x vol
	waiters=()
	for command in check "read vol out" "write vol input" "discard -o 0 -l 1" "format --force" dump-imd; do
		[[ $command == *" vol "* ]] || command+=" vol"
		# shellcheck disable=SC2016,SC2086 # for that shell; words
		in_background sh -c 'number=$1
			shift
			read -r begin rest </proc/uptime
			"$@" >out.$number 2>err.$number
			status=$?
			read -r end rest </proc/uptime
			echo $status $begin $end >end.$number' sh ${#waiters[@]} "$CSUMTOOL" $command --wait=1
		waiters+=($!)
	done
	for i in "${!waiters[@]}"; do
		wait "${waiters[i]}"
		read -r status begin end <"end.$i"
		[ "$status" -eq 8 ]
		# The times are in hundredths of a second.
		[ $((${end/./} - ${begin/./})) -ge 95 ]
		[ ! -s "out.$i" ]
		grep -qE "^csumtool: vol: in use by process $holder \(sleep\)$" "err.$i"
	done
}

# released COMMAND...: csumtool must wait for the lock, and go on when that is released.
released() {
	start "$@" || return
	comes_to waits_for vol || return
	release vol
	ends 0
}

@test "--wait succeeds after the release" {
	vol vol
	hold -x vol
	released write -q --wait vol input
	silent
	hold -x vol
	released check -q --wait=3600 vol
	silent
	hold -s vol
	released write -q vol input --wait=100m
	hold -x vol
	released check -q --wait=1h vol
	run_csum 0 read -q --wait=3600s vol output
	cmp -n 4096 input output
}

@test "--wait says with -v whom for" {
	vol vol
	hold -x vol
	start check -v --wait vol
	comes_to says_waiting
	# In the meantime it asks a few more times.
	sleep 0.2
	release vol
	ends 0
	err_has "^csumtool: note: vol: waiting for process $holder \(sleep\)$"
	[ "$(grep -c waiting <<<"$stderr")" -eq 1 ]
}

@test "--wait=0 does not wait" {
	vol vol
	hold -x vol
	must_fail 8 '^csumtool: vol: in use by process' check --wait=0 vol
}

@test "--wait: the word after it is an operand" {
	vol vol
	run_csum 0 info -q --wait vol
	vol 5
	run_csum 0 info -q --wait 5
	run_csum 0 read -q --wait vol output
	run_csum 0 write -q vol --wait input
}

@test "--wait: bad times" {
	vol vol
	for time in : x:digit -1:negative 1.5:unit 1d:unit 99999999999999999999:large 9999999999999999h:large; do
		must_fail 16 "^csumtool: --wait: '${time%:*}' .*${time#*:}" info "--wait=${time%:*}" vol
	done
}

@test "a signal ends the waiting" {
	vol vol
	hold -x vol
	for signal in INT TERM HUP; do
		start check --wait vol
		comes_to waits_for vol
		# shellcheck disable=SC2031 # start sets it
		kill -$signal "$pid"
		ends 32
		[ -z "$stdout" ]
		err_has '^csumtool: vol: cancelled while waiting for it$'
	done
}

@test "what was waited for is looked at anew" {
	vol vol
	hold -x vol
	start check --wait vol
	comes_to waits_for vol
	mv vol old
	cp old vol
	release old
	ends 8
	err_has '^csumtool: vol: was replaced by another file while it was opened$'
}

@test "no lock is left behind" {
	vol vol
	unlocked vol
	for command in info check read; do
		run_csum 0 $command -q vol
		unlocked vol
	done
	run_csum 0 write -q vol input
	unlocked vol
	poke vol 0 00
	poke vol 524288 00
	poke vol 4128768 00
	run_csum 8 info vol
	unlocked vol
}

@test "many readers, many writers: nobody loses" {
	vol vol -s 512 -K 1
	run_csum 0 write -q vol input
	pids=()
	for i in 1 2 3 4 5 6; do
		in_background "$CSUMTOOL" write -q --wait -o $((i * 4096)) vol input >"w$i" 2>&1
		pids+=($!)
		in_background "$CSUMTOOL" check -q --wait vol >"c$i" 2>&1
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	cat w? c?
	[ "$(cat w? c? | wc -c)" -eq 0 ]
	for i in 0 1 2 3 4 5 6; do
		cmp input <("$CSUMTOOL" read -o $((i * 4096)) -l 4096 vol)
	done
	run_csum 0 check -q vol
}
