#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The sector size of a new volume compared with the sectors of the device. (Issue 8, B8)

load common
setup() { common_setup; }
teardown() { common_teardown; }

above='sectors of 4096 bytes are above the device.s physical sectors of 512: a power cut .*; --sector-size=512 avoids that$'

# disk SECTOR: makes $loop, 16 MiB, with physical sectors of that size.
disk() {
	rm -f backing
	truncate -s 16M backing
	make_loop --sector-size "$1" backing
	[ "$(blockdev --getpbsz "$loop")" -eq "$1" ] || skip "no loop device with physical sectors of $1 bytes here"
}

@test "B8: a device: sectors above its physical ones are warned of" {
	disk 512
	run_csum 0 format -n -s 4096 "$loop"
	err_has "^csumtool: warning: $loop: $above"
	run_csum 0 format -q -s 4096 "$loop"
	err_has "^csumtool: warning: $loop: $above"
	run_csum 0 format -q -f -s 4096 "$loop"
	err_has "^csumtool: warning: $loop: $above"
	for s in auto 512; do
		run_csum 0 format -q -f -s $s "$loop"
		silent
		[ "$(superblock get backing a sector_size)" -eq 512 ]
	done
}

@test "B8: a device with sectors of 4096 bytes: nothing to warn of" {
	disk 4096
	for s in auto 4096; do
		run_csum 0 format -q -f -s $s "$loop"
		silent
		[ "$(superblock get backing a sector_size)" -eq 4096 ]
	done
}

@test "B8: an external volume: it is the device with the data that counts" {
	disk 512
	small=$loop
	truncate -s 16M other
	make_loop --sector-size 4096 other
	run_csum 0 format -q -s 4096 -m "$loop" "$small"
	err_has "^csumtool: warning: $small: $above"
	run_csum 0 format -q -f -s 4096 -m "$small" "$loop"
	silent
}

@test "B8: an image file: the device under the file system" {
	disk 512
	mke2fs -q -t ext4 "$loop"
	make_mount "$loop" mnt
	run_csum 0 format -q -s 4096 --size=4M mnt/new
	err_has "^csumtool: warning: mnt/new: $above"
	truncate -s 4M mnt/there
	run_csum 0 format -q -s 4096 mnt/there
	err_has "^csumtool: warning: mnt/there: $above"
	run_csum 0 format -q --size=4M mnt/auto
	silent
	run_csum 0 format -q -s 512 --size=4M mnt/same
	silent
}

@test "B8: an image file: sectors below those of the device under it are warned of, too" {
	disk 4096
	mke2fs -q -t ext4 "$loop"
	make_mount "$loop" mnt
	run_csum 0 format -q -s 512 --size=4M mnt/new
	err_has '^csumtool: warning: mnt/new: sectors of 512 bytes are below the physical sectors .*, of 4096: a crash could tear several'
	run_csum 0 format -q --size=4M mnt/auto
	silent
	run_csum 0 format -q -s 4096 --size=4M mnt/same
	silent
}

@test "B8: where nothing is known of the device there is nothing to warn of" {
	make_mount -t tmpfs tmpfs mnt
	for s in auto 512 4096; do
		run_csum 0 format -q -s $s --size=4M mnt/$s
		silent
	done
}

@test "B8: what the device writes atomically is not warned of" {
	disk 512
	queue=/sys/class/block/${loop##*/}/queue
	[ -e "$queue/atomic_write_unit_max_bytes" ] || skip "the kernel does not know of atomic writes"
	for row in 4096:512: 2048:512:warning 65536:8192:warning 16384:4096:; do
		IFS=: read -r most least word <<<"$row"
		echo "$most" >most
		echo "$least" >least
		# A mount that only this command sees.
		# shellcheck disable=SC2016 # for the shell inside
		unshare -m --propagation private sh -c '
			mount --bind most "$1/atomic_write_unit_max_bytes" &&
			mount --bind least "$1/atomic_write_unit_min_bytes" || exit 99
			exec "$2" format -n -q -s 4096 "$3"' sh "$queue" "$CSUMTOOL" "$loop" 2>err || {
			grep -q csumtool err || skip "cannot mount over a file of /sys: $(cat err)"
			false
		}
		[ "$(grep -o -w warning err)" = "$word" ]
	done
}
