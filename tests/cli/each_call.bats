#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every pread, pwrite and fdatasync of the real program fails once with each errno, is short, or is the last one before
# SIGKILL. each_call.py describes this; preload_fault.c takes over the calls.
#
# CSUM_CALL_STRIDE (79) says how many of these faults are tried: with 1 all of them.
# sanitize: yes

load common
setup() {
	common_setup
	export CSUM_CALL_STRIDE=${CSUM_CALL_STRIDE:-79}
	# With this a failure shows which faults were tried.
	echo "CSUM_CALL_STRIDE=$CSUM_CALL_STRIDE"
}
teardown() { common_teardown; }

# each_call WORD...: tries the scenarios whose names begin with one of the words.
each_call() {
	CSUMTOOL=$CSUMTOOL BUILD=${BUILD:-$BATS_TEST_DIRNAME/../../build} \
		python "$BATS_TEST_DIRNAME/each_call.py" "$BATS_TEST_TMPDIR/$1" "$@"
}

@test "9.16 each call of a write: old or new, and the status says so" { each_call write; }

@test "9.16 each call of a discard" { each_call discard; }

@test "9.16 each call of a scrub that repairs data" { each_call scrub_bits scrub_replica scrub_undo; }

@test "9.16 each call of a scrub that moves contents" { each_call scrub_swapped; }

@test "9.16 each call of a scrub that repairs metadata" { each_call scrub_metadata scrub_slots; }

@test "9.16 each call of a scrub that recovers" { each_call scrub_recovers; }

# preloaded ARGUMENT...: runs csumtool with preload_fault.c, which logs the calls to the file ../log.
preloaded() {
	local library=${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/cli/preload_fault.so
	: >../log
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 \
		LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$library CSUM_FAULT_DIRECTORY=$PWD CSUM_FAULT_LOG=$BATS_TEST_TMPDIR/log "$CSUMTOOL" "$@"
}

@test "9.16 a signal interrupts the flush of the file that read makes, or of its directory" {
	vol v
	run_csum 0 write -q v < <(head -c 100000 /dev/urandom)
	preloaded read -q v out
	grep '^fsync ' ../log >../flushes
	[ "$(wc -l <../flushes)" -eq 2 ]
	while read -r name; do
		rm out
		CSUM_FAULT="$name fail 4 0" preloaded read -q v out
		grep -q struck ../log
		rm out
		status=0
		CSUM_FAULT="$name fail 5 0" preloaded read -q v out 2>../err || status=$?
		[ "$status" -eq 8 ]
		grep -q 'Input/output error' ../err
		[ -e out ] || : >out
	done <../flushes
}

@test "9.16 the faults tried are the same every time" {
	each_call write_over scrub_swapped --list >../first
	each_call write_over scrub_swapped --list >../second
	[ "$(wc -l <../first)" -gt 100 ] || [ "$CSUM_CALL_STRIDE" -gt 79 ]
	cmp ../first ../second
}
