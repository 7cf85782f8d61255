#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGINT, SIGTERM, SIGHUP at any time; a second one; SIGPIPE; SIGKILL.

load common
load places
load damage
setup() { common_setup; }
teardown() { common_teardown; }

# start ARGUMENT...: csumtool in the background, with signals as a terminal's foreground job has
# them; its id is in pid.
start() {
	env --default-signal "$CSUMTOOL" "$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" 3>&- &
	pid=$!
	echo $pid >>"$BATS_TEST_TMPDIR/pids"
}

# ends STATUS: the one that was started, soon.
ends() {
	status=0
	wait_for 20 gone
	wait "$pid" || status=$?
	stdout=$(tr -d '\0' <"$BATS_TEST_TMPDIR/stdout" | head -c 100000)
	stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
	[ "$status" -eq "$1" ] && return
	echo "status $status, not $1"
	show_output
	return 1
}

# A zombie is gone; before exec(2) it is not csumtool yet.
gone() {
	! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" 2>/dev/null
}

# At least that many reads, writes or flushes of the fault device.
calls_reach() {
	[ "$(fault_calls "$1")" -ge "$2" ]
}

# A volume of 32 MiB in $device, whose content is the file old, and a file new to be written. The
# device is slow from the second fault() on.
slow_volume() {
	vol back -s 4096 -K 1 --size=32M
	places 4096 1 $((32 << 20))
	pattern old "$space" old
	pattern new "$space" new
	run_csum 0 write -q back old
	fault_device back
}

# Bytes that the message says are in.
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
		sleep 0.3
		kill -$signal $pid
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
	sleep 0.3
	kill -INT $pid
	ends 32
	start read -f v fifo
	sleep 0.3
	kill -TERM $pid
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
		sleep 0.5
		kill -$signal $pid
		ends 32
		[ -z "$stdout" ]
		bytes=$(bytes_in)
		# Nothing that was read and could be written is thrown away without a word.
		[ "$bytes" -le 10000 ]
		piece in 0 "$bytes" >model
		truncate -s "$space" model
		holds v model
		run_csum 0 write -q v in
		exec {keep}<&-
	done
}

@test "write: in the middle of a large file" {
	slow_volume
	for signal in INT TERM HUP; do
		cp old model
		run_csum 0 write -q "$device" old
		fault clear "delay flush 300"
		start write "$device" new
		wait_for 10 calls_reach 3 3
		kill -$signal $pid
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
	# In JSON.
	run_csum 0 write -q "$device" old
	fault clear "delay flush 300"
	start write -J "$device" new
	wait_for 10 calls_reach 3 3
	kill -INT $pid
	ends 32
	[ "$(json summary .exit_status)" -eq 32 ]
	[ "$(json summary '.bytes < '"$space")" = true ]
	is_state "$device" clean
}

@test "discard: in the middle" {
	slow_volume
	fault clear "delay flush 300"
	start discard -o 0 -l "$space" "$device"
	wait_for 10 calls_reach 3 3
	kill -TERM $pid
	ends 32
	fault clear
	is_state "$device" clean
	run_csum 0 check -q "$device"
	head -c "$space" /dev/zero >new
	run_csum 0 read -q "$device"
	mixed ../stdout 4096
}

@test "read: into a pipe that nobody empties, and from a slow device" {
	slow_volume
	mkfifo fifo
	exec {keep}<>fifo
	for signal in INT TERM HUP; do
		start read -f "$device" fifo
		sleep 0.5
		kill -$signal $pid
		ends 32
		err_has "^csumtool: warning: fifo: incomplete: |cancel"
	done
	fault clear "delay read 100"
	start read "$device" out
	wait_for 10 calls_reach 1 40
	kill -INT $pid
	ends 32
	# What is there is right.
	if [ -e out ]; then
		[ "$(stat -c %s out)" -lt "$space" ]
		piece old 0 "$(stat -c %s out)" | cmp - out
	fi
	start read -J "$device" out2
	sleep 0.3
	kill -INT $pid
	ends 32
	[ "$(json summary .exit_status)" -eq 32 ]
}

@test "check: prints what it saw" {
	slow_volume
	for signal in INT TERM HUP; do
		fault clear "delay read 100"
		start check "$device"
		wait_for 10 calls_reach 1 40
		kill -$signal $pid
		ends 32
		err_has "cancelled by a signal"
	done
	fault clear "delay read 100"
	start check -J "$device"
	wait_for 10 calls_reach 1 40
	kill -INT $pid
	ends 32
	[ "$(json summary '"\(.complete) \(.exit_status)"')" = "false 32" ]
	# With errors found until then, both are in the status.
	fault clear "read EIO $backup 4096" "delay read 100"
	start check "$device"
	wait_for 10 calls_reach 1 40
	kill -INT $pid
	ends 36
	out_has "^superblock-bad: superblock C"
	out_has "1 error: 1 superblock-bad; NOT FINISHED: cancelled$"
	fault clear
	is_state "$device" clean
}

@test "dump-imd" {
	slow_volume
	fault clear "delay read 200"
	start dump-imd --data "$device"
	wait_for 10 calls_reach 1 20
	kill -INT $pid
	ends 32
	fault clear "delay read 200"
	start dump-imd --carve "$device"
	wait_for 10 calls_reach 1 10
	kill -INT $pid
	ends 32
}

@test "format leaves no volume, neither the old one nor a new one" {
	slow_volume
	for signal in INT TERM HUP; do
		fault clear "delay write 50" "delay flush 300"
		start format -f -s 512 -K 1 --wipe "$device"
		wait_for 10 calls_reach 2 5
		kill -$signal $pid
		ends 32
		fault clear
		must_fail 8 "not a csumtool volume" info "$device"
	done
	run_csum 0 format -q -f -s 512 "$device"
	is_state "$device" clean
	# A file that it made goes again. The disk is fast: it may be done before.
	start format -s 512 --size=2G --wipe image
	sleep 0.1
	kill -INT $pid
	if wait $pid; then
		is_state image clean
	else
		[ ! -e image ]
	fi
}

@test "9.12: two signals that come together are one: the volume is left clean" {
	slow_volume
	for signals in "TERM TERM" "HUP TERM" "INT HUP"; do
		run_csum 0 write -q "$device" old
		fault clear "delay flush 100"
		start write "$device" new
		wait_for 15 calls_reach 3 2
		kill -"${signals% *}" $pid
		kill -"${signals#* }" $pid
		ends 32
		fault clear
		is_state "$device" clean
		run_csum 0 read -q "$device"
		mixed ../stdout 4096
	done
}

@test "a second signal, a second later, ends it at once, and what is left is consistent" {
	slow_volume
	for signals in "INT INT" "TERM HUP" "HUP INT"; do
		run_csum 0 write -q "$device" old
		fault clear "delay flush 3000"
		start write "$device" new
		wait_for 15 calls_reach 3 2
		kill -"${signals% *}" $pid
		sleep 1.2
		! gone || break
		flushes=$(fault_calls 3)
		kill -"${signals#* }" $pid
		# A call of the kernel that is under way is waited for by the kernel, and none follows it.
		ends 32
		[ "$(fault_calls 3)" -le $((flushes + 1)) ]
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
	slow_volume
	for flushes in 1 2 3 4 5 6 8; do
		run_csum 0 write -q "$device" old
		fault clear "delay flush 150"
		start write "$device" new
		wait_for 15 calls_reach 3 $flushes
		kill -KILL $pid
		wait $pid 2>/dev/null || :
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
		# One that only opens for writing: what it writes is what was there.
		run_csum 0 write -q -l 4096 "$device" model
		holds "$device" model
	done
}

@test "SIGKILL during recovery" {
	slow_volume
	fault clear "delay flush 150"
	start write "$device" new
	wait_for 15 calls_reach 3 6
	kill -KILL $pid
	wait $pid || :
	for flushes in 1 2 3; do
		fault clear "delay flush 200"
		start write -o 0 -l 4096 "$device" old
		wait_for 15 calls_reach 3 $flushes
		kill -KILL $pid
		wait $pid || :
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
		# It may have been quicker than true(1).
		[ "${statuses[0]}" -ne 141 ]
		mkfifo fifo
		sh -c 'exec <fifo' &
		status=0
		# shellcheck disable=SC2086
		(
			exec >fifo
			sleep 0.2
			env --default-signal=PIPE "$CSUMTOOL" $command 2>err
		) || status=$?
		[ $((status & 8)) -eq 8 ]
		[ "$status" -lt 128 ]
		grep "^csumtool: cannot write to standard output: Broken pipe$" err
		rm fifo
	done
}

@test "a signal that was ignored stays ignored" {
	slow_volume
	fault clear "delay flush 300"
	(
		trap '' INT HUP
		"$CSUMTOOL" write -q "$device" new 3>&- &
		pid=$!
		echo $pid >>"$BATS_TEST_TMPDIR/pids"
		wait_for 15 calls_reach 3 2
		kill -INT $pid
		kill -HUP $pid
		wait $pid
	)
	fault clear
	holds "$device" new
}
