#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# write: inputs, and those that are too long, too short or empty.
# sanitize: yes

load common
load places
load write
setup() { common_setup; }
teardown() { common_teardown; }

@test "bytes from a pipe, with and without --length" {
	small v
	pattern in 100000 p
	piped in 0 write v
	out_has "^wrote 100000 bytes \(97.7 KiB\)"
	truncate -s "$space" in
	holds v in
	pattern more 50000 q
	piped more 0 write -o 12345 -l 50000 v -
	put in 12345 more
	holds v in
	# Bytes behind --length stay in the pipe.
	{
		run_csum 0 write -l 1000 v
		rest=$(wc -c)
	} < <(cat more)
	[ "$rest" -gt 0 ]
	piece more 0 1000 >part
	put in 0 part
	holds v in
}

@test "bytes that come in small pieces" {
	small v
	pattern in 20000 small
	run_csum 0 write v < <(
		for i in $(seq 0 99); do
			piece in $((i * 200)) 200
		done
	)
	truncate -s "$space" in
	holds v in
}

@test "standard input is a file, read from where it stands" {
	small v
	pattern in 5000 file
	{
		dd bs=1234 count=1 of=/dev/null status=none
		run_csum 0 write v
	} <in
	out_has "^wrote 3766 bytes"
	piece in 1234 3766 >model
	truncate -s "$space" model
	holds v model
	# The rest of the input is known to be shorter than --length.
	before=$(digest v)
	{
		dd bs=1234 count=1 of=/dev/null status=none
		run_csum 8 write -l 3767 v
	} <in
	err_has "^csumtool: standard input: has only 3766 bytes .*--length asks for 3767"
	[ "$(digest v)" = "$before" ]
	{
		dd bs=5000 count=1 of=/dev/null status=none
		run_csum 8 write v
	} <in
	err_has "standard input: the input is empty"
	[ "$(digest v)" = "$before" ]
}

@test "a block device as input" {
	small v
	pattern in 65536 device
	make_loop in
	run_csum 0 write v "$loop"
	out_has "^wrote 65536 bytes"
	truncate -s "$space" in
	holds v in
	# The input is larger than the space, which is known before anything is written.
	truncate -s 1M large
	make_loop large
	unchanged v -- must_fail 8 "1048576 bytes .* of input do not fit: from offset 0 on there is room for $space" \
		write v "$loop"
}

@test "a pipe that is too long ends with 8 and says how much is in" {
	small v
	pattern in 300000 long
	piped in 8 write -o 1000 v
	[ -z "$stdout" ]
	err_has "^csumtool: v: the data space ends at $space bytes, but the input goes on$"
	err_has "the first $((space - 1000)) bytes .* of the input are in, at offset 1000$"
	head -c 1000 /dev/zero >model
	head -c $((space - 1000)) in >>model
	holds v model
	piped in 8 write -J v
	[ "$(json summary .bytes)" -eq "$space" ]
	[ "$(json summary .exit_status)" -eq 8 ]
}

@test "input shorter than --length" {
	small v
	pattern in 70000 short
	unchanged v -- must_fail 8 "^csumtool: in: has only 70000 bytes \(68.4 KiB\), --length asks for 70001 " \
		write -l 70001 v in
	unchanged v -- run_csum 8 write -l 100K v <in
	err_has "standard input: has only 70000"
	piped in 8 write -o 500 -l 70001 v
	[ -z "$stdout" ]
	err_has "^csumtool: v: the input ended after 70000 of 70001 bytes$"
	err_has "the first 70000 bytes .* of the input are in, at offset 500$"
	head -c 500 /dev/zero >model
	cat in >>model
	truncate -s "$space" model
	holds v model
}

@test "empty input" {
	small v
	: >empty
	unchanged v -- must_fail 8 "^csumtool: empty: the input is empty$" write v empty
	unchanged v -- run_csum 8 write v </dev/null
	err_has "standard input: the input is empty"
	unchanged v -- run_csum 8 write v < <(:)
	err_has "standard input: the input is empty"
	unchanged v -- run_csum 8 write -l 10 v < <(:)
}

@test "input that is none" {
	small v
	mkdir directory
	unchanged v -- must_fail 8 "^csumtool: directory: a directory cannot be the input$" write v directory
	unchanged v -- must_fail 8 "^csumtool: missing: cannot open the input: No such file" write v missing
	unchanged v -- must_fail 8 "^csumtool: v/x: cannot open the input: Not a directory" write v v/x
	unchanged v -- run_csum 8 write v <directory
	err_has "standard input: a directory cannot be the input"
	unchanged v -- run_csum 8 write v <&-
	err_has "standard input: "
	unchanged v -- run_csum 8 write v 0>/dev/null
	err_has "standard input: cannot read: "
}

@test "a terminal is no input" {
	small v
	command -v script >/dev/null || skip "script is not installed"
	before=$(digest v)
	status=0
	script -qec "'$CSUMTOOL' write v" /dev/null </dev/null >out || status=$?
	[ "$status" -eq 8 ]
	grep "csumtool: standard input: a terminal cannot be the input" out
	[ "$(digest v)" = "$before" ]
}

@test "the volume itself is no input" {
	small v
	small_external d m
	ln v hard
	ln -s v soft
	for name in v hard soft ./v; do
		unchanged v -- must_fail 8 "^csumtool: $name: the input is the volume itself$" write v "$name"
	done
	# shellcheck disable=SC2094 # it is what is to be refused
	unchanged v -- run_csum 8 write v <v
	err_has "standard input: the input is the volume itself"
	unchanged d m -- must_fail 8 "the input is the volume itself" write -m m d d
	unchanged d m -- must_fail 8 "the input is the volume itself" write -m m d m
	make_loop v
	must_fail 8 "the input is the volume itself" write "$loop" "$loop"
	must_fail 8 "the input is the volume itself" write -l 100 "$loop" v
}

@test "input that fails ends at a safe point" {
	small v
	pattern in 150000 fails
	cp in backing
	fault_device backing
	fault "read EIO 100000 512"
	run_csum 8 write v "$device"
	[ -z "$stdout" ]
	err_has "^csumtool: $device: cannot read: Input/output error$"
	[[ $stderr =~ "the first "([0-9]+)" bytes" ]] || [[ $stderr != *" are in"* ]]
	bytes=${BASH_REMATCH[1]:-0}
	[ "$bytes" -lt 150000 ]
	piece in 0 "$bytes" >model
	truncate -s "$space" model
	holds v model
}

@test "a file whose name begins with a dash" {
	vol ./-v -s 512 --size=1290240
	pattern ./-in 100 dash
	run_csum 0 write -q -- -v -in
	run_csum 0 read -q -l 100 -- -v
	cmp ../stdout ./-in
}
