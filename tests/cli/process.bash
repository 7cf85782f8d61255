# SPDX-License-Identifier: GPL-2.0-or-later
#
# csumtool beside the test: started, brought to a certain point, sent signals, ended. For files that load common, and
# places too if they hold calls.
#
# Nothing here guesses how long something takes. A process is where a test wants it when it sleeps and waits for the
# test, or when a call of it on the fault device is held.

# start ARGUMENT...: csumtool in the background, with signals as a terminal's foreground job has
# them; its id is in pid.
start() {
	env --default-signal "$CSUMTOOL" "$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
	pid=$!
	echo $pid >>"$BATS_TEST_TMPDIR/pids"
}

# ended: the one that was started; its status, stdout and stderr are in the variables of those names.
ended() {
	status=0
	wait_for gone || return
	wait "$pid" || status=$?
	stdout=$(tr -d '\0' <"$BATS_TEST_TMPDIR/stdout" | head -c 100000)
	stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
}

# ends STATUS: it has to end with that.
ends() {
	ended || return
	[ "$status" -eq "$1" ] && return
	echo "status $status, not $1"
	show_output
	return 1
}

# A zombie is gone; before exec(2) it is not csumtool yet.
gone() {
	! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$pid/status" 2>/dev/null
}

# comes_to COMMAND...: waits until it succeeds; fails when the process ends without that.
comes_to() {
	came=''
	wait_for comes_or_goes "$@" || return
	[ -z "$came" ] || return 0
	echo "process $pid ended, and not: $*"
	cat "$BATS_TEST_TMPDIR/stderr"
	return 1
}

# Asked for once only, as it may be over again; after the end the answer is the last one.
comes_or_goes() {
	local ended=''
	! gone || ended=yes
	if "$@"; then
		came=yes
	else
		[ -n "$ended" ]
	fi
}

# Whether it handles SIGHUP, SIGINT and SIGTERM by now.
handles_signals() {
	local mask
	mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status") && [ $((0x0$mask & 0x4003)) -eq $((0x4003)) ]
}

# Whether it handles signals, all of its threads sleep, and have not been awake meanwhile: it waits for what the test
# does next. What waits for a disk is in another state.
asleep() {
	local before
	handles_signals && before=$(naps) && [ -n "$before" ] && sleep 0.1 && [ "$(naps)" = "$before" ]
}

# How often each of its threads went to sleep; nothing unless they all sleep.
naps() {
	awk '/^State:/ && $2 != "S" { awake = 1 }
		/^voluntary_ctxt_switches:/ { all = all " " $2 }
		END { if (!awake) print all }' "/proc/$pid/task/"*/status 2>/dev/null
}

# Whether its main thread is stopped.
stopped() {
	grep -q '^State:[[:space:]]*[Tt]' "/proc/$pid/status"
}

# hold_flush N, hold_write N: the fault device holds the Nth from here on, and forgets other faults.
hold_flush() {
	fault clear "flush hold 0 0 1 $(($1 - 1))"
}

hold_write() {
	fault clear "write hold 0 0 1 $(($1 - 1))"
}

# hold_read SECTOR: it holds the first read of that data sector.
hold_read() {
	fault clear "read hold $(data_at "$1") $S 1"
}

# Whether a call of the fault device is held.
held() {
	[ "$(fault_calls 4)" -gt 0 ]
}

# interrupt SIGNAL...: sent while a call is held, which is then let go. A process handles what was sent before it does
# anything else.
interrupt() {
	local signal
	comes_to held || return
	for signal in "$@"; do
		kill "-$signal" "$pid"
	done
	fault "let go"
}
