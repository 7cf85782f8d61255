#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Files that are no volume, and devices in use: a clear message, status 8, and nothing written.
# sanitize: yes

load common
load guards

setup() {
	common_setup
	swap=
}

teardown() {
	[ -z "$swap" ] || swapoff "$swap" || :
	common_teardown
}

# ------------------------------------------------------------------ no volume

@test "no such file" {
	random_input
	for name in none nowhere/none input/none; do
		each_reader "^csumtool: $name: cannot open: (No such file|Not a directory)" $name
		each_writer "^csumtool: $name: cannot open: (No such file|Not a directory)" $name
		must_fail 8 "^csumtool: $name: cannot open: (No such file|Not a directory)" format $name
		must_fail 8 "^csumtool: $name: cannot open: (No such file|Not a directory)" dump-imd $name
	done
	[ ! -e none ]
	must_fail 16 '^csumtool: an operand is empty' info ''
}

@test "a directory, a pipe, a socket, a character device" {
	random_input
	mkdir dir
	mkfifo pipe
	python -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
	while IFS=: read -r name what; do
		each_reader "^csumtool: $name: is $what: give a block device or an image file$" "$name"
		each_writer "^csumtool: $name: is $what: give a block device or an image file$" "$name"
		must_fail 8 "^csumtool: $name: is $what: give a block device or an image file$" format --force "$name"
		must_fail 8 "^csumtool: $name: is $what: give a block device or an image file$" dump-imd "$name"
		truncate -s 4M data
		must_fail 8 "^csumtool: $name: is $what" format -m "$name" data
		must_fail 8 "^csumtool: $name: is $what" format -m data "$name"
	done <<-'END'
		dir:a directory
		pipe:a pipe
		socket:a socket
		/dev/null:a character device
		/dev/zero:a character device
	END
}

@test "a link that goes in a circle" {
	ln -s one two
	ln -s two one
	each_reader '^csumtool: one: cannot open: Too many levels of symbolic links' one
}

@test "not a volume: zeros, random bytes, text, an empty file" {
	random_input
	truncate -s 4M zeros
	random_file random 4M
	yes "this is text" | head -c 3M >text
	: >empty
	head -c 100 /dev/urandom >short
	for name in zeros random text empty short; do
		refused_by_all "^csumtool: $name: not a csumtool volume: no valid superblock" $name
	done
}

@test "not a volume: a loop device" {
	random_input
	random_file disk 4M
	make_loop disk
	before=$(digest disk)
	each_reader "^csumtool: $loop: not a csumtool volume" "$loop"
	each_writer "^csumtool: $loop: not a csumtool volume" "$loop"
	[ "$(digest disk)" = "$before" ]
}

@test "not a volume: the magic of superblocks alone" {
	random_input
	vol vol
	for offset in 0 524288 4128768; do
		poke vol $((offset + 8)) 00000000
	done
	refused_by_all '^csumtool: vol: not a csumtool volume' vol
}

@test "an image cut short: warned for reading, refused for writing" {
	random_input
	vol vol -s 4096
	run_csum 0 write -q vol input
	cp vol whole
	for size in 4194303 4190208 3M 1060864 1052672 1048576 528384 524288 65536 4096; do
		cp whole vol
		truncate -s $size vol
		bytes=$(stat -c %s vol)
		before=$(digest vol)
		run_csum 0 info vol
		err_has "^csumtool: warning: vol: $bytes bytes, but the volume was made on 4194304: cut short"
		each_writer "^csumtool: vol: $bytes bytes, but the volume was made on 4194304: .*refused for writing: it must have at least 4194304 bytes" vol
		# Backup C is gone, unless only bytes behind it were cut off.
		[ "$bytes" -eq 4194303 ] || [ "$bytes" -eq 4190208 ] || run_csum 4 check vol
		[ "$(digest vol)" = "$before" ]
	done
	for size in 4095 100 1; do
		truncate -s $size vol
		refused_by_all '^csumtool: vol: not a csumtool volume' vol
	done
}

@test "an image cut short: what is there is read" {
	vol vol -s 4096 -K 1
	random_file data 2500000
	run_csum 0 write -q vol data
	truncate -s 3000000 vol
	run_csum 0 read -q -l 1M vol output
	cmp -n 1048576 data output
	run_csum 4 read -q -l 2500000 vol part
	[ ! -e part ] || cmp -n "$(stat -c %s part)" data part
	run_csum 4 check vol
	out_has '^(unreadable|imd-lost|imd-bad): .*beyond the end of the device'
}

@test "a file that may not be written" {
	random_input
	vol vol
	chmod 444 vol
	before=$(digest vol)
	# Root may write a read-only file, unless it lacks the capability.
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	real=$CSUMTOOL
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' \
		"$([ "$(id -u)" -ne 0 ] || echo setpriv --bounding-set=-dac_override,-dac_read_search)" "$real" >unprivileged
	chmod +x unprivileged
	CSUMTOOL=./unprivileged
	each_writer '^csumtool: vol: cannot open for writing: Permission denied$' vol
	must_fail 8 '^csumtool: vol: cannot open for writing: Permission denied$' format --force vol
	run_csum 0 info -q vol
	run_csum 0 check -q vol
	chmod 000 vol
	each_reader '^csumtool: vol: cannot open: Permission denied$' vol
	chmod 600 vol
	[ "$(digest vol)" = "$before" ]
}

@test "a read-only file system" {
	random_input
	mkdir dir
	vol dir/vol
	make_mount --bind dir mnt
	mount -o remount,bind,ro mnt || skip "cannot remount read-only"
	each_writer '^csumtool: mnt/vol: cannot open for writing: Read-only file system$' mnt/vol
	must_fail 8 '^csumtool: mnt/new: .*Read-only file system' format --size=4M mnt/new
	run_csum 0 check -q mnt/vol
}

@test "tags that no device has" {
	random_input
	for tag in PARTUUID=01234567-89ab-cdef-0123-456789abcdef PARTUUID=nonexistent PARTLABEL=nonexistent; do
		each_reader "^csumtool: $tag: no device with this tag" $tag
		each_writer "^csumtool: $tag: no device with this tag" $tag
		must_fail 8 "^csumtool: $tag: no device with this tag" format $tag
	done
	each_reader '^csumtool: PARTUUID=: the tag has no value' PARTUUID=
	# Other names with "=" are files.
	vol a=b
	run_csum 0 info -q a=b
	vol ./PARTUUID=x
	run_csum 0 info -q ./PARTUUID=x
}

# ------------------------------------------------------------------ in use

# external_with_ext4: makes an external volume of $loop and meta, and afterwards a file system on $loop.
external_with_ext4() {
	truncate -s 16M data
	truncate -s 2M meta
	make_loop data
	run_csum 0 format -q -m meta "$loop"
	mke2fs -q -t ext4 "$loop"
	mkdir -p mnt
}

@test "a mounted device: refused for writing, and for reading without --force" {
	random_input
	external_with_ext4
	make_mount "$loop" mnt
	mountpoint=$(realpath mnt)
	before=$(digest meta)
	each_writer "^csumtool: $loop: in use, so not opened for writing: mounted on $mountpoint$" -m meta "$loop"
	must_fail 8 "^csumtool: $loop: in use.*: mounted on $mountpoint" format --force -m meta "$loop"
	must_fail 8 "^csumtool: $loop: in use.*: mounted on $mountpoint" format --force --wipe -m meta "$loop"
	must_fail 8 "^csumtool: $loop: in use.*: mounted on $mountpoint" format --force "$loop"
	must_fail 8 "^csumtool: $loop: in use.*: mounted on $mountpoint" format --dry-run --force "$loop"
	truncate -s 8M other
	must_fail 8 "^csumtool: $loop: in use.*: mounted on $mountpoint" format --force -m "$loop" other
	[ "$(digest meta)" = "$before" ]
	each_reader "^csumtool: $loop: in use: mounted on $mountpoint: --force reads it all the same$" -m meta "$loop"
	must_fail 8 "^csumtool: $loop: in use: mounted on" dump-imd -m meta "$loop"
	run_csum 0 info --force -m meta "$loop"
	[ -z "$stderr" ]
	run_csum 0 info -f -v -m meta "$loop"
	err_has "^csumtool: note: $loop: mounted on $mountpoint: it may change while it is read$"
	run_csum 0 read -f -l 1M -m meta "$loop" output
	umount mnt
	run_csum 0 write -q -m meta "$loop" input
}

@test "a device mounted read-only: readers go on" {
	random_input
	external_with_ext4
	make_mount -o ro "$loop" mnt
	run_csum 0 info -q -m meta "$loop"
	run_csum 0 check -q -m meta "$loop"
	each_writer "^csumtool: $loop: in use, so not opened for writing: mounted on .*/mnt, read-only$" -m meta "$loop"
	must_fail 8 "^csumtool: $loop: in use.*: mounted on .*, read-only" format --force "$loop"
}

@test "an image attached to a loop device" {
	random_input
	vol vol
	make_loop vol
	before=$(digest vol)
	each_writer "^csumtool: vol: in use, so not opened for writing: attached to $loop$" vol
	must_fail 8 "^csumtool: vol: in use, so not opened for writing: attached to $loop$" format --force vol
	each_reader "^csumtool: vol: in use: attached to $loop: --force reads it all the same$" vol
	run_csum 0 info -q --force vol
	run_csum 0 check -q --force vol
	# The file has other names too.
	ln vol hard
	ln -s vol symbolic
	for name in hard symbolic; do
		each_writer "^csumtool: $name: in use, so not opened for writing: attached to $loop$" $name
	done
	[ "$(digest vol)" = "$before" ]
	run_csum 0 write -q "$loop" input
	detach "$loop"
	wait_for run_csum 0 write -q vol input
}

@test "an image attached to a loop device that is read-only: readers go on" {
	random_input
	vol vol
	make_loop -r vol
	run_csum 0 info -q vol
	run_csum 0 check -q vol
	run_csum 0 check -q "$loop"
	each_writer "^csumtool: vol: in use, so not opened for writing: attached to $loop, read-only$" vol
	each_writer "^csumtool: $loop: the device is set to read-only$" "$loop"
	must_fail 8 "^csumtool: $loop: the device is set to read-only$" format --force "$loop"
}

@test "an image attached to a loop device, and removed and made anew" {
	random_input
	vol vol
	make_loop vol
	mv vol old
	vol vol
	run_csum 0 write -q vol input
	must_fail 8 "^csumtool: old: in use, so not opened for writing: attached to $loop$" write old input
}

@test "swap space in use" {
	random_input
	truncate -s 16M data
	truncate -s 2M meta
	make_loop data
	run_csum 0 format -q -m meta "$loop"
	mkswap "$loop" >/dev/null
	swapon -p 0 "$loop" 2>../swapon.err || skip "no swapon here: $(tr '\n' ' ' <../swapon.err)"
	swap=$loop
	each_writer "^csumtool: $loop: in use, so not opened for writing: used as swap$" -m meta "$loop"
	must_fail 8 "^csumtool: $loop: in use.*: used as swap" format --force "$loop"
	each_reader "^csumtool: $loop: in use: used as swap: --force reads it all the same$" -m meta "$loop"
	run_csum 0 info -q -f -m meta "$loop"
}

@test "a device that device-mapper holds" {
	command -v dmsetup >/dev/null || skip "dmsetup is not installed"
	random_input
	truncate -s 8M vol
	make_loop vol
	run_csum 0 format -q "$loop"
	name=csumtool-bats-$$
	dmsetup create "$name" --table "0 16384 linear $loop 0" 2>../dm.err ||
		skip "no device-mapper here: $(tr '\n' ' ' <../dm.err)"
	status_of_all=0
	{
		each_writer "^csumtool: $loop: in use, so not opened for writing: held by dm-[0-9]+ \($name\)$" "$loop" &&
			each_reader "^csumtool: $loop: in use: held by dm-[0-9]+ \($name\)" "$loop" &&
			run_csum 0 info -q --force "$loop"
	} || status_of_all=$?
	dmsetup remove --retry "$name"
	[ "$status_of_all" -eq 0 ]
}
