#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The program is killed and cancelled at random moments of its writes, as killer.py describes. And commands that are
# refused while a writer is at work.
#
# CSUM_KILL_ROUNDS (200) is the number of rounds in all tests together, CSUM_KILL_SEED the seed of the first test; a
# failure names its seed.
# sanitize: yes

load common
load process

setup() {
	common_setup
	seed=${CSUM_KILL_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "CSUM_KILL_SEED=$seed"
}
teardown() { common_teardown; }

# kill_rounds SIXTEENTHS LARGEST VOLUME [METADATA]: does that part of all rounds, with writes of at most LARGEST bytes.
kill_rounds() {
	local rounds=$((${CSUM_KILL_ROUNDS:-200} * $1 / 16))
	CSUMTOOL=$CSUMTOOL python "$BATS_TEST_DIRNAME/killer.py" $((rounds > 0 ? rounds : 1)) "$seed" "${@:2}"
}

@test "killed and cancelled: an image" {
	vol v -s 512 --size=8M
	kill_rounds 7 4000000 v
}

@test "killed and cancelled: small clusters, sectors of 4096 bytes" {
	vol v -s 4096 -K 1 -c crc32c --size=16M
	kill_rounds 2 6000000 v
}

@test "killed and cancelled: data and metadata apart" {
	truncate -s 6M data
	truncate -s 2M meta
	run_csum 0 format -q -s 512 -K 16 -m meta data
	kill_rounds 2 4000000 data meta
}

@test "killed and cancelled: more data than a batch holds" {
	vol v -s 4096 --size=48M
	kill_rounds 1 36000000 v
}

@test "killed and cancelled: a loop device" {
	truncate -s 8M disk
	make_loop disk
	run_csum 0 format -q "$loop"
	kill_rounds 4 4000000 "$loop"
}

@test "a writer at work: everybody else is refused, and changes nothing; then it is killed" {
	random_file old 24M
	random_file new 24M
	vol v --size=32M
	run_csum 0 write -q v old
	mkfifo feed
	start write -q v feed
	writer=$pid
	exec {keep}>feed
	# The input is more than a batch, and then the writer waits for the rest.
	head -c 20M new >&"$keep"
	comes_to asleep
	during=$(digest v)
	must_fail 8 "^csumtool: v: in use by process $writer" write v old
	must_fail 8 "^csumtool: v: in use by process $writer" discard -o 0 -l 1M v
	must_fail 8 "^csumtool: v: in use by process $writer" format --force v
	for command in check read dump-imd; do
		must_fail 8 "^csumtool: v: in use by process $writer" $command v
	done
	run_csum 0 info -J v
	[ "$(json info '"\(.state) \(.at_work)"')" = "active writer" ]
	run_csum 0 info --health v
	[ "$(digest v)" = "$during" ]
	kill -KILL "$writer"
	ends 137
	exec {keep}>&-
	[ "$(digest v)" = "$during" ]
	run_csum 0 info -J v
	[ "$(json info '"\(.state) \(.at_work)"')" = "active nobody" ]
	run_csum 4 info --health v
	run_csum 0 check v
	run_csum 0 read -q v
	head -c 24M ../stdout >now
	run_csum 0 write -q -o 24M v /dev/stdin <<<x
	run_csum 0 read -q v
	head -c 24M ../stdout | cmp - now
	python - old new now <<-'END'
		import sys
		old, new, now = (open(name, "rb").read() for name in sys.argv[1:])
		for at in range(0, len(now), 4096):
		    if now[at:at + 4096] not in (old[at:at + 4096], new[at:at + 4096]):
		        sys.exit("sector %d is neither old nor new" % (at // 4096))
	END
}

@test "a reader at work: readers go on beside it, writers are refused" {
	random_file in 4M
	vol v --size=8M
	run_csum 0 write -q v in
	before=$(digest v)
	mkfifo drain
	in_background sh -c 'exec "$@" >drain' sh "$CSUMTOOL" read -l 4M v
	reader=$!
	exec {keep}<drain
	head -c 1000 <&"$keep" >part
	for command in info check read dump-imd; do
		run_csum 0 $command v
	done
	must_fail 8 "^csumtool: v: in use by process $reader" write v in
	must_fail 8 "^csumtool: v: in use by process $reader" discard -o 0 -l 1M v
	must_fail 8 "^csumtool: v: in use by process $reader" format --force v
	cat <&"$keep" >rest
	wait $reader
	exec {keep}<&-
	cat part rest | cmp - in
	[ "$(digest v)" = "$before" ]
}
