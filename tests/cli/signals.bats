#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGINT, SIGTERM, SIGHUP at any time; a second signal; SIGPIPE; SIGKILL.

load common
load places
load damage
load process
setup() { common_setup; }
teardown() { common_teardown; }

# Makes a volume of 32 MiB in $device with the content of the file old, and a file new to be written.
old_volume() {
	vol back -s 4096 -K 1 --size=32M
	places 4096 1 $((32 << 20))
	# The content is numbers, which seq(1) makes much faster than pattern() does.
	seq 10000000 20000000 | head -c "$space" >old
	seq 50000000 60000000 | head -c "$space" >new
	run_csum 0 write -q back old
	fault_device back
}

# Prints how many bytes the message says are in.
bytes_in() {
	[[ $stderr =~ "the first "([0-9]+)" bytes" ]] || {
		echo 0
		return
	}
	echo "${BASH_REMATCH[1]}"
}

@test "while waiting for input" {
	small v
	before=$(digest v)
	mkfifo fifo
	exec {keep}<>fifo
	for signal in INT TERM HUP; do
		start write v fifo
		comes_to asleep
		kill -$signal "$pid"
		ends 32
		[ -z "$stdout" ]
		err_has "^csumtool: .*cancelled"
		[ "$(digest v)" = "$before" ]
	done
}

@test "while opening an input or output that nobody has at the other end" {
	small v
	mkfifo fifo
	start write v fifo
	comes_to asleep
	kill -INT "$pid"
	ends 32
	start read -f v fifo
	comes_to asleep
	kill -TERM "$pid"
	ends 32
	is_state v clean
}

@test "write: between bytes of a slow pipe" {
	for signal in INT TERM HUP; do
		rm -f v fifo
		small v
		mkfifo fifo
		exec {keep}<>fifo
		start write v fifo
		pattern in 10000 $signal
		cat in >fifo
		# The program has read all bytes of the input.
		comes_to asleep
		kill -$signal "$pid"
		ends 32
		[ -z "$stdout" ]
		bytes=$(bytes_in)
		# Bytes that were read and could be written are not dropped without a message.
		[ "$bytes" -le 10000 ]
		piece in 0 "$bytes" >model
		truncate -s "$space" model
		holds v model
		run_csum 0 write -q v in
		exec {keep}<&-
	done
}

@test "write: in the middle of a large file" {
	old_volume
	for signal in INT TERM HUP; do
		cp old model
		run_csum 0 write -q "$device" old
		hold_flush 3
		start write "$device" new
		interrupt $signal
		ends 32
		fault clear
		[ -z "$stdout" ]
		bytes=$(bytes_in)
		echo "$signal: $bytes bytes are in"
		[ "$bytes" -lt "$space" ]
		piece new 0 "$bytes" >part
		put model 0 part
		holds "$device" model
	done
	# Once more with JSON.
	run_csum 0 write -q "$device" old
	hold_flush 3
	start write -J "$device" new
	interrupt INT
	ends 32
	[ "$(json summary .exit_status)" -eq 32 ]
	[ "$(json summary '.bytes < '"$space")" = true ]
	is_state "$device" clean
}

@test "discard: in the middle" {
	old_volume
	hold_flush 3
	start discard -o 0 -l "$space" "$device"
	interrupt TERM
	ends 32
	fault clear
	is_state "$device" clean
	run_csum 0 check -q "$device"
	head -c "$space" /dev/zero >new
	run_csum 0 read -q "$device"
	mixed ../stdout 4096
}

@test "read: into a pipe that nobody empties, and in the middle" {
	old_volume
	mkfifo fifo
	exec {keep}<>fifo
	for signal in INT TERM HUP; do
		start read -f "$device" fifo
		comes_to asleep
		kill -$signal "$pid"
		ends 32
		err_has "^csumtool: warning: fifo: incomplete: |cancel"
	done
	hold_read $((sectors / 2))
	start read "$device" out
	interrupt INT
	ends 32
	# The bytes in the output are right.
	if [ -e out ]; then
		[ "$(stat -c %s out)" -lt "$space" ]
		piece old 0 "$(stat -c %s out)" | cmp - out
	fi
	hold_read $((sectors / 2))
	start read -J "$device" out2
	interrupt INT
	ends 32
	[ "$(json summary .exit_status)" -eq 32 ]
}

@test "check: prints what it saw" {
	old_volume
	for signal in INT TERM HUP; do
		hold_read $((sectors / 2))
		start check "$device"
		interrupt $signal
		ends 32
		err_has "cancelled by a signal"
	done
	hold_read $((sectors / 2))
	start check -J "$device"
	interrupt INT
	ends 32
	[ "$(json summary '"\(.complete) \(.exit_status)"')" = "false 32" ]
	# With errors found before the signal, both are in the status.
	hold_read $((sectors / 2))
	fault "read EIO $backup 4096"
	start check "$device"
	interrupt INT
	ends 36
	out_has "^superblock-bad: superblock C"
	out_has "1 error: 1 superblock-bad; NOT FINISHED: cancelled$"
	fault clear
	is_state "$device" clean
}

@test "dump-imd" {
	old_volume
	hold_read $((sectors / 2))
	start dump-imd --data "$device"
	interrupt INT
	ends 32
	# The held read lies in the first of the pieces that are examined together.
	hold_read 100
	start dump-imd --carve "$device"
	interrupt INT
	ends 32
}

@test "format leaves no volume, neither the old one nor a new one" {
	old_volume
	for signal in INT TERM HUP; do
		hold_write 5
		start format -f -s 512 -K 1 --wipe "$device"
		interrupt $signal
		ends 32
		fault clear
		must_fail 8 "not a csumtool volume" info "$device"
	done
	run_csum 0 format -q -f -s 512 "$device"
	is_state "$device" clean
}

@test "format: a file that it made goes again" {
	fault_device none
	for signal in INT TERM HUP; do
		hold_write 5
		start format -s 512 --size=8M --wipe "$device"
		interrupt $signal
		ends 32
		[ ! -e "$device" ]
		[ ! -e none ]
	done
	run_csum 0 format -q -s 512 --size=8M --wipe "$device"
	is_state none clean
}

# kill_together SIGNAL SIGNAL: makes the process handle both, one right after the other. If both were sent to the
# process, two equal signals would become one; so the second goes to its main thread.
kill_together() {
	kill -STOP "$pid"
	comes_to stopped
	kill "-$1" "$pid"
	python -c 'import ctypes, sys
pid, number = int(sys.argv[1]), int(sys.argv[2])
sys.exit(ctypes.CDLL(None).tgkill(pid, pid, number) != 0)' "$pid" "$(kill -l "$2")"
	kill -CONT "$pid"
}

@test "9.12: two signals that come together are one: the volume is left clean" {
	old_volume
	for signals in "TERM TERM" "HUP TERM" "INT HUP"; do
		run_csum 0 write -q "$device" old
		hold_flush 2
		start write "$device" new
		comes_to held
		# shellcheck disable=SC2086 # two words
		kill_together $signals
		fault "let go"
		ends 32
		fault clear
		is_state "$device" clean
		run_csum 0 read -q "$device"
		mixed ../stdout 4096
	done
}

@test "a second signal, a second later, ends it at once, and what is left is consistent" {
	old_volume
	for signals in "INT INT" "TERM HUP" "HUP INT"; do
		run_csum 0 write -q "$device" old
		hold_flush 2
		start write "$device" new
		comes_to held
		kill -"${signals% *}" "$pid"
		# The program has handled the first signal when it sleeps again.
		comes_to asleep
		sleep 1.1
		kill -"${signals#* }" "$pid"
		# The kernel waits for a call that is under way, and no other call follows.
		wait_for gone
		fault "let go"
		ends 32
		[ "$(fault_calls 3)" -eq 2 ]
		fault clear
		run_csum 0 info -J "$device"
		[[ $(json info .state) =~ ^(active|clean)$ ]]
		run_csum 0 check -q "$device"
		silent
		run_csum 0 read -q "$device"
		mixed ../stdout 4096
		run_csum 0 write -q -o 0 -l 4096 "$device" new
		is_state "$device" clean
		run_csum 0 check -q "$device"
	done
}

@test "SIGKILL at any time: old or new content, and the next writer recovers" {
	old_volume
	for flushes in 1 2 3 4 5 6 8; do
		run_csum 0 write -q "$device" old
		hold_flush $flushes
		start write "$device" new
		interrupt KILL
		wait "$pid" 2>/dev/null || :
		fault clear
		run_csum 0 info -J "$device"
		echo "killed after $flushes flushes: $(json info .state)"
		[[ $(json info .state) =~ ^(active|clean)$ ]]
		before=$(digest back)
		run_csum 0 check -J "$device"
		[ "$(json finding 'select(.kind != "interrupted") | .kind')" = "" ]
		run_csum 0 read -q "$device"
		mixed ../stdout 4096
		cp ../stdout model
		[ "$(digest back)" = "$before" ]
		# This writer only recovers: it writes bytes that are there already.
		run_csum 0 write -q -l 4096 "$device" model
		holds "$device" model
	done
}

@test "SIGKILL during recovery" {
	old_volume
	hold_flush 6
	start write "$device" new
	interrupt KILL
	wait "$pid" || :
	for flushes in 1 2 3; do
		hold_flush $flushes
		start write -o 0 -l 4096 "$device" old
		interrupt KILL
		wait "$pid" || :
		fault clear
		run_csum 0 check -q "$device"
		run_csum 0 read -q "$device"
		mixed ../stdout 4096
	done
	cp ../stdout model
	run_csum 0 write -q -o 4096 -l 4096 "$device" < <(piece old 4096 4096)
	put model 4096 <(piece old 4096 4096)
	run_csum 0 read -q "$device"
	mixed ../stdout 4096
	is_state "$device" clean
	run_csum 0 check -q "$device"
}

@test "SIGPIPE does not end it silently" {
	small v
	run_csum 0 write -q v < <(yes | head -c "$space")
	for sector in 10 20 30 40; do
		flip v "$(data_at $sector)"
	done
	for command in "check v" "check -J v" "dump-imd v" "info v"; do
		# Closed before anything is written to it.
		# shellcheck disable=SC2086
		"$CSUMTOOL" $command 2>err | true
		statuses=("${PIPESTATUS[@]}")
		# The command may have been quicker than true(1).
		[ "${statuses[0]}" -ne 141 ]
		mkfifo fifo
		sh -c 'exec <fifo' &
		pid=$!
		status=0
		# shellcheck disable=SC2086
		(
			exec >fifo
			wait_for gone
			env --default-signal=PIPE "$CSUMTOOL" $command 2>err
		) || status=$?
		[ $((status & 8)) -eq 8 ]
		[ "$status" -lt 128 ]
		grep "^csumtool: cannot write to standard output: Broken pipe$" err
		rm fifo
	done
}

@test "a signal that was ignored stays ignored" {
	old_volume
	hold_flush 2
	(
		trap '' INT HUP
		"$CSUMTOOL" write -q "$device" new 3>&- &
		pid=$!
		echo $pid >>"$BATS_TEST_TMPDIR/pids"
		interrupt INT HUP
		wait "$pid"
	)
	fault clear
	holds "$device" new
}
