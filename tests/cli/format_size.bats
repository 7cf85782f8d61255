#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# format: sizes of files and of data, files that cannot be made, and --wipe.
# sanitize: yes

load common
load format
load places

setup() { common_setup; }
teardown() { common_teardown; }

@test "--size makes a sparse file of that size" {
	run_csum 0 format -q --size=256M vol
	[ "$(stat -c %s vol)" -eq $((256 * 1024 * 1024)) ]
	[ "$(du -k vol | cut -f 1)" -lt 16384 ]
	run_csum 0 format -q --size=5000000 odd
	[ "$(stat -c %s odd)" -eq 5000000 ]
	run_csum 0 format -q --size=3MB decimal
	[ "$(stat -c %s decimal)" -eq 3000000 ]
	run_csum 0 format -q -s 512 --size=8192s sectors
	[ "$(stat -c %s sectors)" -eq 4194304 ]
	run_csum 0 format -q --size 2MiB spelled
	[ "$(stat -c %s spelled)" -eq 2097152 ]
}

@test "--data-size: room for at least that much, and not much more" {
	for s in 512 4096; do
		for bytes in 1 511 4096 100001 3000000 $((2 * 1024 * 1024)); do
			for k in 1 2 2048; do
				rm -f vol
				run_csum 0 format -q -s $s -K $k --data-size=$bytes vol
				run_csum 0 info --json vol
				space=$(json info '.data_sectors * .sector_size')
				[ "$space" -ge $bytes ]
				[ "$space" -lt $((bytes + 2 * 4096)) ]
				run_csum 0 check vol
			done
		done
	done
	run_csum 0 format -q -s 4096 --data-size=1000s sectors
	run_csum 0 info --json sectors
	[ "$(json info .data_sectors)" -eq 1000 ]
}

@test "--size and --data-size: wrong sizes" {
	for option in --size --data-size; do
		must_fail 16 "$option: '0' is too small" format $option=0 vol
		must_fail 16 "$option: '-4M' is negative" format $option=-4M vol
		must_fail 16 "$option: '' does not begin with a digit" format $option= vol
		must_fail 16 "$option: 'large' does not begin with a digit" format $option=large vol
		must_fail 16 "$option: '1.5G' has a fraction" format $option=1.5G vol
		must_fail 16 "$option: '4Q' has an unknown unit" format $option=4Q vol
		must_fail 16 "$option: '4 M' has an unknown unit" format "$option=4 M" vol
		must_fail 16 "$option: '16E' is too large" format $option=16E vol
		must_fail 16 "$option: '99999999999999999999999' is too large" format $option=99999999999999999999999 vol
		must_fail 16 "'100s': a size in sectors needs --sector-size" format $option=100s vol
		must_fail 16 "needs --sector-size" format $option=100s -s auto vol
		must_fail 16 "argument is missing" format vol $option
	done
	must_fail 16 '^csumtool: --size and --data-size exclude each other' format --size=4M --data-size=4M vol
	[ ! -e vol ]
}

@test "--data-size with --metadata is wrong usage" {
	truncate -s 4M data
	must_fail 16 '^csumtool: .*--data-size.*--metadata|^csumtool: .*--metadata.*--data-size' \
		format -m meta --data-size=4M data
	[ ! -e meta ]
}

@test "--size and --data-size refuse what exists, and leave it alone" {
	echo "of value" >file
	mkdir dir
	ln -s nowhere link
	mkfifo pipe
	before=$(digest file)
	for name in file dir link pipe; do
		for option in --size=4M --data-size=4M "--size=4M -n" "--size=4M -f"; do
			# shellcheck disable=SC2086 # two options
			must_fail 8 "^csumtool: $name: .*File exists" format $option $name
		done
	done
	[ "$(digest file)" = "$before" ]
	[ ! -e nowhere ]
}

@test "a file that cannot be made: nothing is left" {
	must_fail 8 '^csumtool: nowhere/vol: .*No such file or directory' format --size=4M nowhere/vol
	must_fail 8 '^csumtool: vol: 1048576 bytes are too small' format --size=1M vol
	[ ! -e vol ]
	must_fail 8 '^csumtool: vol: 100 bytes are too small' format --size=100 vol
	[ ! -e vol ]
	# The size is more than a file can have. On some file systems this works, but 3 % of it is too much everywhere.
	run_csum 8 format -q -s 512 --size=7E vol
	err_has '^csumtool: vol: '
	[ ! -e vol ]
}

@test "a full file system: nothing is left" {
	make_mount -t tmpfs -o size=1M tmpfs mnt
	must_fail 8 '^csumtool: mnt/vol: .*No space left on device' format -q -s 512 --size=64M mnt/vol
	[ ! -e mnt/vol ]
	# A file that existed before stays, and is no volume.
	truncate -s 64M mnt/image
	must_fail 8 '^csumtool: mnt/image: .*No space left on device' format -q -s 512 mnt/image
	[ -e mnt/image ]
	must_fail 8 'not a csumtool volume' info mnt/image
}

@test "a limit on the size of files is an error like any other" {
	(
		ulimit -f 1024
		must_fail 8 '^csumtool: vol: .*File too large' format -q --size=8M vol
	)
	[ ! -e vol ]
}

@test "--wipe zeros every byte that is not the new volume's" {
	# shellcheck disable=SC2030,SC2031
	export SOURCE_DATE_EPOCH=1700000000
	for s in 512 4096; do
		for size in 5242880 5246976; do
			rm -f clean vol
			run_csum 0 format -q -s $s -K 2 -U "$uuid" --size=$size clean
			filled_file vol $size 377
			run_csum 0 format -s $s -K 2 -U "$uuid" --force --wipe vol
			out_has '^  to write .*: zeros everywhere, too, in '
			cmp clean vol
		done
	done
	# Without --wipe the data stays.
	filled_file vol 5242880 377
	run_csum 0 format -q -f vol
	[ "$(tail -c 1M vol | head -c 4096 | tr -d '\377' | wc -c)" -eq 0 ]
}

@test "--wipe reaches the end of an image that is no multiple of a sector" {
	filled_file vol 5242980 377
	run_csum 0 format -q --force --wipe vol
	[ "$(tail -c 100 vol | tr -d '\0' | wc -c)" -eq 0 ]
}

@test "--wipe on a loop device" {
	filled_file disk 5242880 377
	make_loop disk
	run_csum 0 format -q --force --wipe "$loop"
	detach "$loop"
	[ "$(tail -c 65536 disk | tail -c +4097 | tr -d '\0' | wc -c)" -eq 0 ]
	[ "$(head -c 1048576 disk | tail -c +528385 | tr -d '\0' | wc -c)" -eq 0 ]
	run_csum 0 read disk data
	[ "$(tr -d '\0' <data | wc -c)" -eq 0 ]
}
