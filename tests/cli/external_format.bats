#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# format with the metadata on a device of its own.
# sanitize: yes

load common
load places
load external
load process

setup() { common_setup; }
teardown() { common_teardown; }

@test "format leaves the data device alone" {
	truncate -s 8M data
	truncate -s 2M meta
	before=$(stat -c '%Y %Z %b' data)
	run_csum 0 format -s 4096 -m meta data
	no_other_warning
	[ "$(head -n 1 <<<"$stdout")" = 'format meta as metadata of data' ]
	out_has '^  data space +8388608 bytes \(8\.0 MiB\), 2048 sectors$'
	out_has '^  to write +1167360 bytes'
	[ "$(stat -c '%Y %Z %b' data)" = "$before" ]
	cmp -n $((8 << 20)) data /dev/zero
	[ "$(superblock get meta a incompat data_device_bytes device_bytes data_sectors | xargs)" = \
		'1 8388608 2097152 2048' ]
	run_csum 0 check -m meta data
	out_has '^2048 data sectors: 0 right, 2048 unwritten, 0 bad'
	out_has '10 imd sectors right'
}

@test "a read-only data device is enough for format" {
	truncate -s 8M data
	truncate -s 2M meta
	make_loop -r data
	run_csum 0 format -q -m meta "$loop"
	run_csum 0 check -m meta "$loop"
	must_fail 8 "^csumtool: $loop: the device is set to read-only" write -m meta "$loop" meta
}

@test "data that is not blank is refused, --force or --wipe takes it" {
	for content in ext4 bytes tail; do
		rm -f data meta
		truncate -s 40M data
		truncate -s 3M meta
		case $content in
		ext4)
			mke2fs -q -t ext4 data
			found='ext4 file system'
			;;
		bytes)
			poke data 10485760 55
			found='non-zero bytes at offset 10485760'
			;;
		tail)
			poke data 41943039 01
			found='non-zero bytes at offset 41943039'
			;;
		esac
		refused "^csumtool: data: is not blank: .*$found.*--force" format -m meta data
		refused "^csumtool: data: is not blank: .*$found.*--force" format -n --wipe -m meta data
		before=$(digest data)
		run_csum 0 format -q --force -m meta data
		[ "$(digest data)" = "$before" ]
		run_csum 0 read -q -m meta data output
		[ "$(tr -d '\0' <output | wc -c)" -eq 0 ]
		rm output
	done
}

@test "metadata that is not blank is refused" {
	truncate -s 8M data
	truncate -s 4M meta
	mke2fs -q -t ext2 meta
	refused '^csumtool: meta: is not blank: .*ext2 file system.*--force' format -m meta data
	run_csum 0 format -q --force -m meta data
	[ -z "$(blkid -p -o value meta)" ]
	refused '^csumtool: meta: is not blank: csumtool volume with UUID' format -m meta data
	rm meta
	vol meta -U "$uuid"
	refused "^csumtool: meta: is not blank: csumtool volume with UUID $uuid" format -m meta data
}

@test "an old internal volume on the data device is refused, --force or not" {
	truncate -s 2M meta
	vol data -U "$uuid"
	for force in "" --force; do
		refused "^csumtool: data: holds a volume of its own: csumtool volume with UUID $uuid.*--force with --wipe" \
			format ${force:+"$force"} -m meta data
	done
	refused 'data: ' format --wipe -m meta data
	# The volume is recognised by any superblock that is left.
	poke data 0 00
	poke data 524288 00
	refused "^csumtool: data: holds a volume of its own: csumtool volume with UUID $uuid" format --force -m meta data
	run_csum 0 format -q --force --wipe -m meta data
	cmp -n $((4 << 20)) data /dev/zero
	must_fail 8 'not a csumtool volume' info data
}

@test "the remainder that is not covered is said, with -q too" {
	truncate -s $(((8 << 20) + 100)) data
	for q in "" -q; do
		truncate -s 0 meta
		truncate -s 2M meta
		run_csum 0 format ${q:+"$q"} -s 4096 -m meta data
		[ "$stderr" = "csumtool: warning: data: the last 100 bytes are less than a sector and will not be protected" ]
	done
	[ -z "$stdout" ]
	truncate -s 0 meta
	truncate -s 2M meta
	run_csum 0 format --json -n -s 4096 -m meta data
	[ "$(json plan .uncovered_bytes)" -eq 100 ]
	err_has 'the last 100 bytes are less than a sector'
	run_csum 0 format --json -s 512 -m meta data
	[ "$(json plan '[.uncovered_bytes, .data_sectors] | @csv')" = 100,16384 ]
	run_csum 0 check -q -m meta data
	# A later check does not mention these last bytes.
	silent
}

@test "a data device of less than a sector" {
	truncate -s 4095 data
	truncate -s 2M meta
	refused '4095 bytes' format -s 4096 -m meta data
	run_csum 0 format -q -s 512 -m meta data
	run_csum 0 info -J -m meta data
	[ "$(json info .data_sectors)" -eq 7 ]
}

@test "a metadata device too small, and one just large enough" {
	truncate -s 8M data
	# 5 groups: 10 imd sectors between 1 MiB and the tail of 64 KiB.
	truncate -s $((1048576 + 10 * 4096 + 65536 - 4096)) meta
	refused '^csumtool: meta: 1150976 bytes are too small for the metadata of data \(8388608 bytes\)' \
		format -s 4096 -m meta data
	truncate -s $((1048576 + 10 * 4096 + 65536)) meta
	run_csum 0 format -q -s 4096 -m meta data
	run_csum 0 check -q -m meta data
	truncate -s 0 meta
	refused '^csumtool: meta: 0 bytes are too small' format -m meta data
}

@test "--size makes the metadata file" {
	truncate -s 8M data
	run_csum 0 format -q -s 4096 --size=2M -m meta data
	[ "$(stat -c %s meta)" -eq $((2 << 20)) ]
	run_csum 0 check -q -m meta data
	refused '^csumtool: meta: .*File exists' format --size=2M -m meta data
	refused '^csumtool: new: .* too small' format --size=1M -m new data
	[ ! -e new ]
	refused '^csumtool: none: cannot open' format --size=2M -m new none
	[ ! -e new ]
	run_csum 0 format -n --size=2M -m new data
	[ ! -e new ]
	poke data 0 01
	refused '^csumtool: data: is not blank' format --size=2M -m new data
	[ ! -e new ]
}

@test "--wipe zeros both devices" {
	export SOURCE_DATE_EPOCH=1700000000
	for s in 512 4096; do
		pair -s $s -U "$uuid"
		mv meta clean
		filled_file data 8M 377
		filled_file meta 2M 377
		run_csum 0 format -s $s -U "$uuid" --force --wipe -m meta data
		out_has '^  to write +1[0-9]{7} bytes .*: zeros everywhere, too'
		cmp clean meta
		cmp -n $((8 << 20)) data /dev/zero
	done
}

@test "--wipe with a data device that cannot be written" {
	truncate -s 8M disk
	truncate -s 2M meta
	make_loop -r disk
	refused "^csumtool: $loop: the device is set to read-only" format --wipe -m meta "$loop"
}

@test "sector size: that of the data device" {
	truncate -s 8M disk
	truncate -s 2M meta
	make_loop --sector-size 4096 disk
	[ "$(blockdev --getss "$loop")" -eq 4096 ] || skip "losetup --sector-size has no effect"
	data=$loop
	run_csum 0 format -q -m meta "$data"
	[ "$(superblock get meta a sector_size physical | xargs)" = '4096 4096' ]
	must_fail 8 "^csumtool: $data: sectors of 512 bytes are below the device's logical sectors of 4096" \
		format --force -s 512 -m meta "$data"
	# The sector size also depends on the metadata device.
	truncate -s 2M disk2
	truncate -s 8M plain
	make_loop --sector-size 4096 disk2
	must_fail 8 "^csumtool: $loop: sectors of 512 bytes are below the device's logical sectors of 4096" \
		format -s 512 -m "$loop" plain
	make_loop --sector-size 512 plain
	run_csum 0 format -q -s 4096 -m "$data" -f "$loop"
	random_file input 1M
	run_csum 0 write -q -m "$data" "$loop" input
	run_csum 0 check -q -m "$data" "$loop"
	run_csum 0 read -q -m "$data" -l 1M "$loop" output
	cmp input output
}

@test "interrupted: the metadata file it made is removed, the data is not" {
	truncate -s 8M data
	fault_device data
	fault "write hold 3000000 4096 1"
	start format --wipe -q --size=2M -m meta "$device"
	comes_to held
	[ -e meta ]
	interrupt INT
	ends 32
	[ ! -e meta ]
	[ "$(stat -c %s data)" -eq $((8 << 20)) ]
}
