#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# read: outputs, and outputs that fail.
# sanitize: yes

load common
load places
load process
setup() { common_setup; }
teardown() { common_teardown; }

# allocated FILE: prints how many bytes the file takes on disk.
allocated() {
	echo $(($(stat -c '%b * %B' "$1")))
}

@test "a file that exists needs --force" {
	full_volume
	echo precious >out
	must_fail 8 "^csumtool: out: the file exists; --force would overwrite it$" read v out
	[ "$(cat out)" = precious ]
	run_csum 0 read -f -q v out
	cmp out in
	# A longer file becomes shorter.
	random_file out 400000
	run_csum 0 read --force -q -o 100 v out
	piece in 100 "$space" | cmp - out
	ln -s out link
	must_fail 8 "the file exists" read v link
	run_csum 0 read -f -q v link
	cmp out in
	[ -L link ]
	ln -s nowhere dangling
	must_fail 8 "exists" read v dangling
	[ ! -e nowhere ]
	must_fail 8 "^csumtool: \.: " read v .
	must_fail 8 "^csumtool: \.: " read -f v .
	must_fail 8 "cannot open the output: No such file" read v missing/out
}

@test "what is there stays when there is nothing to put in its place" {
	full_volume
	echo precious >out
	must_fail 8 "past the end" read -f -o 1G v out
	[ "$(cat out)" = precious ]
	flip v "$(data_at 0)"
	run_csum 4 read -f v out
	[ "$(cat out)" = precious ]
	# A file that read has created is removed again.
	run_csum 4 read v new
	[ ! -e new ]
	must_fail 8 "past the end" read -o 1G v new
	[ ! -e new ]
	must_fail 8 "" read missing new
	[ ! -e new ]
}

@test "the volume itself is no output" {
	full_volume
	ln v hard
	ln -s v soft
	before=$(digest v)
	for name in v hard soft; do
		must_fail 8 "" read v $name
		must_fail 8 "^csumtool: $name: the output is the volume itself$" read -f v $name
		[ "$(digest v)" = "$before" ]
	done
	run_status=0
	"$CSUMTOOL" read v 1<>v 2>../err || run_status=$?
	[ $run_status -eq 8 ]
	grep "standard output: the output is the volume itself" ../err
	[ "$(digest v)" = "$before" ]
	small_external d m
	before=$(digest d m)
	must_fail 8 "the output is the volume itself" read -f -m m d d
	must_fail 8 "the output is the volume itself" read -f -m m d m
	[ "$(digest d m)" = "$before" ]
}

@test "nor is what the volume's loop device is made of" {
	full_volume
	make_loop v
	before=$(digest v)
	must_fail 8 "the output is the volume itself" read -f "$loop" v
	[ "$(digest v)" = "$before" ]
	must_fail 8 "the output is the volume itself" read -f "$loop" "$loop"
	[ "$(digest v)" = "$before" ]
}

@test "--sparse leaves holes in a file it makes" {
	vol v -s 4096 --size=32M
	pattern data 300000 sparse
	run_csum 0 write -q -o 8M v data
	# Written zeros become holes too.
	run_csum 0 write -q -o 16M v < <(head -c 2M /dev/zero)
	run_csum 0 info -J v
	size=$(($(json info .data_sectors) * 4096))
	head -c $size /dev/zero >model
	put model $((8 << 20)) data
	run_csum 0 read -q --sparse v out
	silent
	cmp out model
	[ "$(stat -c %s out)" -eq $size ]
	# There are no holes where data is, and holes where none is.
	[ "$(allocated out)" -ge 300000 ]
	[ "$(allocated out)" -lt 1000000 ]
	run_csum 0 read -q v dense
	cmp dense model
	[ "$(allocated dense)" -ge $((size - 65536)) ]
	# The range is odd: all of it a hole, and another one that ends in a hole.
	run_csum 0 read -q --sparse -o 100 -l 200001 v hole
	[ "$(stat -c %s hole)" -eq 200001 ]
	[ "$(allocated hole)" -eq 0 ]
	run_csum 0 read -q --sparse -o 8388609 -l 700000 v end
	piece model 8388609 700000 | cmp - end
	# The output is raw, with the bad sector.
	run_csum 0 info -J v
	places 4096 "$(json info .interleave)" $((32 << 20))
	flip v "$(data_at 2050)"
	run_csum 4 read --sparse --on-error=raw v raw
	flip model $((2050 * 4096))
	cmp raw model
	must_fail 8 "^csumtool: out: the file exists; --force" read --sparse v out
	must_fail 8 "the file exists; --sparse is for a file that 'read' makes itself" read --sparse -f v out
	must_fail 16 "--sparse needs a FILE" read --sparse v
	must_fail 16 "--sparse needs a FILE" read --sparse v -
}

@test "a full disk" {
	full_volume
	status=0
	"$CSUMTOOL" read v >/dev/full 2>err || status=$?
	[ $status -eq 8 ]
	grep "^csumtool: standard output: cannot write: No space left on device$" err
	make_mount -t tmpfs -o size=64k tmpfs mount
	run_csum 8 read v mount/out
	[ -z "$stdout" ]
	err_has "^csumtool: mount/out: cannot write: No space left on device$"
	rm -f mount/out
	head -c 60k /dev/zero >mount/other
	run_csum 8 read v mount/out
	err_has "No space left"
	run_csum 8 read -f v mount/other
	err_has "^csumtool: mount/other: cannot write: No space left on device$"
}

@test "an output that fails" {
	full_volume
	truncate -s 1M backing
	fault_device backing
	fault "write EIO 65536 4096"
	run_csum 8 read -f v "$device"
	err_has "^csumtool: $device: cannot write: Input/output error$"
	fault clear "flush EIO"
	run_csum 8 read -f v "$device"
	err_has "^csumtool: $device: cannot write: Input/output error$"
	fault clear "write ENODEV"
	run_csum 8 read -f v "$device"
	err_has "^csumtool: $device: cannot write: No such device$"
	fault clear
	run_csum 0 read -q -f v "$device"
	cmp "$device" in
}

@test "a closed pipe ends with 8" {
	vol v --size=64M -s 4096
	run_csum 0 write -q v < <(head -c 40M /dev/zero)
	statuses=$("$CSUMTOOL" read v 2>err | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}")
	[ "$statuses" -eq 8 ]
	grep "^csumtool: standard output: cannot write: Broken pipe$" err
	# The shell may have left SIGPIPE ignored.
	statuses=$( (trap '' PIPE; "$CSUMTOOL" read v 2>err) | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}")
	[ "$statuses" -eq 8 ]
	status=0
	"$CSUMTOOL" read v >&- 2>err || status=$?
	[ $status -eq 8 ]
	grep "standard output: " err
}

@test "a pipe that is slow gets everything" {
	full_volume
	mkfifo fifo
	# The reader goes only after the pipe is full.
	# shellcheck disable=SC2016 # for that shell
	in_background env --default-signal sh -c 'exec "$1" read v >fifo' sh "$CSUMTOOL"
	pid=$!
	exec {drain}<fifo
	comes_to asleep
	cat <&"$drain" >out
	exec {drain}<&-
	wait "$pid"
	cmp out in
	in_background sh -c 'cat fifo >through'
	run_csum 0 read -q -f v fifo
	wait_for cmp -s through in
}

@test "a terminal is no output" {
	full_volume
	command -v script >/dev/null || skip "script is not installed"
	status=0
	script -qec "'$CSUMTOOL' read v" /dev/null </dev/null >out || status=$?
	[ "$status" -eq 8 ]
	grep "csumtool: standard output: a terminal cannot be the output" out
	[ "$(wc -c <out)" -lt 200 ]
	status=0
	script -qec "'$CSUMTOOL' read -f v /dev/tty" /dev/null </dev/null >out || status=$?
	[ "$status" -eq 8 ]
	grep "a terminal cannot be the output" out
	# With the output in a file, a terminal does not matter.
	script -qec "'$CSUMTOOL' read v out.img" /dev/null </dev/null >out
	cmp out.img in
}

@test "a block device as output needs --force" {
	full_volume
	truncate -s 200k target
	make_loop target
	must_fail 8 "the file exists; --force" read v "$loop"
	run_csum 0 read -q -f v "$loop"
	piece target 0 "$space" | cmp - in
	truncate -s 100k small
	make_loop small
	run_csum 8 read -f v "$loop"
	err_has "^csumtool: $loop: cannot write: No space left on device$"
}

@test "a mounted block device is no output" {
	command -v mkfs.ext4 >/dev/null || skip "mkfs.ext4 is not installed"
	full_volume
	truncate -s 4M target
	mkfs.ext4 -q target
	make_loop target
	make_mount "$loop" mount
	must_fail 8 "$loop: cannot open the output: Device or resource busy" read -f v "$loop"
}
