# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs csumtool beside the test: starts it, brings it to a certain point, sends signals, ends it. For files that load
# common, and places too if they hold calls.
#
# Nothing here guesses how long something takes. A process has reached the point that the test wants when it sleeps and
# waits for the test, or when the fault device holds a call of it.

# start ARGUMENT...: starts csumtool in the background, with signals as in a terminal's foreground job; its id is in
# pid.
start() {
	env --default-signal "$CSUMTOOL" "$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
	pid=$!
	echo $pid >>"$BATS_TEST_TMPDIR/pids"
}

# ended: waits for the process that start began; puts its status, stdout and stderr into variables of those names.
ended() {
	status=0
	wait_for gone || return
	wait "$pid" || status=$?
	stdout=$(tr -d '\0' <"$BATS_TEST_TMPDIR/stdout" | head -c 100000)
	stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
}

# ends STATUS: the process must end with that status.
ends() {
	ended || return
	[ "$status" -eq "$1" ] && return
	echo "status $status, not $1"
	show_output
	return 1
}

# A zombie counts as gone. Before exec(2) the process is not csumtool yet.
gone() {
	! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$pid/status" 2>/dev/null
}

# comes_to COMMAND...: waits until the command succeeds; fails when the process ends before that.
comes_to() {
	came=''
	wait_for comes_or_goes "$@" || return
	[ -z "$came" ] || return 0
	echo "process $pid ended, and not: $*"
	cat "$BATS_TEST_TMPDIR/stderr"
	return 1
}

# The command is asked once only, as its condition may pass again; after the end of the process the last answer counts.
comes_or_goes() {
	local ended=''
	! gone || ended=yes
	if "$@"; then
		came=yes
	else
		[ -n "$ended" ]
	fi
}

# Whether the process handles SIGHUP, SIGINT and SIGTERM by now.
handles_signals() {
	local mask
	mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status") && [ $((0x0$mask & 0x4003)) -eq $((0x4003)) ]
}

# Whether the process handles signals, and all its threads sleep and did not wake meanwhile: then it waits for the next
# step of the test. A thread that waits for a disk is in another state.
asleep() {
	local before
	handles_signals && before=$(naps) && [ -n "$before" ] && sleep 0.1 && [ "$(naps)" = "$before" ]
}

# Prints how often each of its threads went to sleep; prints nothing unless all of them sleep.
naps() {
	awk '/^State:/ && $2 != "S" { awake = 1 }
		/^voluntary_ctxt_switches:/ { all = all " " $2 }
		END { if (!awake) print all }' "/proc/$pid/task/"*/status 2>/dev/null
}

# Whether its main thread is stopped.
stopped() {
	grep -q '^State:[[:space:]]*[Tt]' "/proc/$pid/status"
}

# hold_flush N, hold_write N: the fault device holds the Nth call from now on, and forgets other faults.
hold_flush() {
	fault clear "flush hold 0 0 1 $(($1 - 1))"
}

hold_write() {
	fault clear "write hold 0 0 1 $(($1 - 1))"
}

# hold_read SECTOR: the fault device holds the first read of that data sector.
hold_read() {
	fault clear "read hold $(data_at "$1") $S 1"
}

# Whether a call of the fault device is held.
held() {
	[ "$(fault_calls 4)" -gt 0 ]
}

# interrupt SIGNAL...: sends the signals while a call is held, and then lets the call go. A process handles signals
# before it does anything else.
interrupt() {
	local signal
	comes_to held || return
	for signal in "$@"; do
		kill "-$signal" "$pid"
	done
	fault "let go"
}
