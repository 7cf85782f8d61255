#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# format: its options and its output. format_blank.bats has devices that it refuses to overwrite, format_size.bats
# sizes, external_format.bats external volumes.
# sanitize: yes

load common
load format
load places
load process

setup() { common_setup; }
teardown() { common_teardown; }

# Matches any duration.
a_time='([0-9.]+ s|[0-9]+ min [0-9]+ s|[0-9]+ h [0-9]+ min)'

@test "a volume is made of a blank image: what is printed" {
	blank 4M
	run_csum 0 format -s 4096 vol
	no_other_warning
	[ "$(head -n 1 <<<"$stdout")" = "format vol" ]
	out_has '^  UUID +[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
	out_has '^  sector size +4096 bytes'
	out_has '^  checksum +crc64, 32 groups a cluster$'
	out_has '^  data space +3063808 bytes \(2\.9 MiB\), 748 sectors$'
	# To write: four imd sectors, the bytes before the clusters and those behind them, three superblocks.
	out_has '^  to write +1142784 bytes \(1\.1 MiB\), in (less than a second|(about )?'"$a_time)\$"
	out_has "^done in $a_time: every sector is unwritten and reads as zeros\$"
	run_csum 0 check vol
	out_has '^748 data sectors: 0 right, 748 unwritten, 0 bad'
	out_has '4 imd sectors right'
}

@test "-q prints nothing" {
	blank 4M
	run_csum 0 format -q vol
	silent
	blank 4M
	run_csum 0 format --quiet vol
	silent
}

@test "--json: a plan, then a summary" {
	run_csum 0 format --json -s 512 -c crc32c -K 7 -U "$uuid" --size=4M vol
	no_other_warning
	[ "$(wc -l <<<"$stdout")" -eq 2 ]
	[ "$(json plan '[.schema, .uuid, .checksum, .data_device, .metadata_device, .layout, .sector_size, .interleave,
		.sectors_per_group, .data_sectors, .groups, .clusters, .metadata_device_bytes, .data_device_bytes,
		.uncovered_bytes, .sector_size_from_device] | @csv')" = \
		"1,\"$uuid\",\"crc32c\",\"vol\",\"vol\",\"internal\",512,7,62,5828,94,14,4194304,0,0,false" ]
	[ "$(json plan .write_bytes)" -eq $((2 * 94 * 512 + 1048576 + 65536 + 3 * 4096)) ]
	[ "$(json plan '.estimated_seconds, .physical_sector_size | type' | uniq)" = number ]
	[ "$(json summary '[.schema, .command, .volume, .formatted, .dry_run, .exit_status] | @csv')" = \
		'1,"format","vol",true,false,0' ]
	[ "$(json summary '.seconds | type')" = number ]
}

@test "--json: a failure is in the summary and on stderr" {
	echo text >vol
	truncate -s 4M vol
	run_csum 8 format --json vol
	err_has '^csumtool: vol: is not blank'
	[ "$(json summary '[.formatted, .dry_run, .exit_status] | @csv')" = 'false,false,8' ]
	[[ $(json summary .error) == "vol: is not blank"* ]]
	[ -z "$(json plan .)" ]
}

@test "-s: 512 and 4096" {
	for size in 512 4096; do
		blank 4M
		run_csum 0 format -q -s $size vol
		[ "$(superblock get vol a sector_size)" -eq $size ]
		blank 4M
		run_csum 0 format -q --sector-size=$size vol
		[ "$(superblock get vol a sector_size)" -eq $size ]
	done
}

@test "-s: anything else is wrong usage" {
	blank 4M
	for size in 0 1 256 513 1024 8192 4K 512s -512 "" x AUTO; do
		must_fail 16 "^csumtool: --sector-size: '$size' is not auto, 512 or 4096" format -s "$size" vol
	done
	cmp -n $((4 * 1024 * 1024)) vol /dev/zero
}

@test "-s auto is what happens without -s" {
	blank 4M
	run_csum 0 format --json -n vol
	plain=$(json plan '.sector_size, .sector_size_from_device')
	run_csum 0 format --json -n -s auto vol
	[ "$(json plan '.sector_size, .sector_size_from_device')" = "$plain" ]
}

@test "-s auto takes the physical sectors under the file system" {
	number=$(findmnt -n -o MAJ:MIN -T . | tr -d ' ')
	[ -e "/sys/dev/block/$number" ] || skip "no block device is known to be under this file system"
	queue=/sys/dev/block/$number/queue
	[ -e "$queue" ] || queue=/sys/dev/block/$number/../queue
	physical=$(cat "$queue/physical_block_size")
	case $physical in
	512) expected=512 ;;
	*) expected=4096 ;;
	esac
	blank 4M
	run_csum 0 format -s auto vol
	out_has "^  sector size +$expected bytes \(the device has $physical\)"
	[ "$(superblock get vol a sector_size)" -eq $expected ]
	[ "$(superblock get vol a physical)" -eq "$physical" ]
	rm vol
	run_csum 0 format -s auto --size=4M vol
	[ "$(superblock get vol a sector_size)" -eq $expected ]
}

@test "-s auto takes 4096 where the device is not known" {
	make_mount -t tmpfs -o size=8M tmpfs mnt
	truncate -s 4M mnt/vol
	run_csum 0 format -s auto mnt/vol
	out_has '^  sector size +4096 bytes$'
	[ "$(superblock get mnt/vol a sector_size physical | xargs)" = "4096 0" ]
}

@test "-s auto on loop devices with sectors of 512 and 4096 bytes" {
	for size in 512 4096; do
		truncate -s 8M "disk$size"
		make_loop --sector-size $size "disk$size"
		[ "$(blockdev --getss "$loop")" -eq $size ] || skip "losetup --sector-size has no effect"
		physical=$(blockdev --getpbsz "$loop")
		expected=$([ "$physical" -eq 512 ] && echo 512 || echo 4096)
		run_csum 0 format "$loop"
		out_has "^format $loop\$"
		out_has "^  sector size +$expected bytes \(the device has $physical\)"
		[ "$(superblock get "disk$size" a sector_size physical | xargs)" = "$expected $physical" ]
		run_csum 0 check "$loop"
	done
}

@test "-s auto on an image takes the sectors of the loop device under its file system" {
	for size in 512 4096; do
		truncate -s 32M "disk$size"
		make_loop --sector-size $size "disk$size"
		mke2fs -q -t ext4 "$loop"
		make_mount "$loop" "mnt$size"
		[ "$(blockdev --getpbsz "$loop")" -eq $size ] || skip "losetup --sector-size has no effect"
		run_csum 0 format --size=4M "mnt$size/vol"
		[ "$(superblock get "mnt$size/vol" a sector_size physical | xargs)" = "$size $size" ]
		run_csum 0 check "mnt$size/vol"
	done
	# Smaller sectors than those under an image only cost speed.
	run_csum 0 format -q -s 512 --size=4M mnt4096/small
	run_csum 0 check mnt4096/small
}

@test "-s below the logical sectors of a device is refused, --force or not" {
	truncate -s 8M disk
	make_loop --sector-size 4096 disk
	[ "$(blockdev --getss "$loop")" -eq 4096 ] || skip "losetup --sector-size has no effect"
	for force in "" --force; do
		must_fail 8 "^csumtool: $loop: sectors of 512 bytes are below the device's logical sectors of 4096" \
			format -s 512 ${force:+"$force"} "$loop"
	done
	cmp -n $((8 * 1024 * 1024)) disk /dev/zero
}

@test "-s below the physical sectors of a device needs --force" {
	truncate -s 8M disk
	make_loop disk
	physical=$(blockdev --getpbsz "$loop")
	[ "$physical" -gt 512 ] || skip "loop devices have physical sectors of $physical bytes here"
	must_fail 8 "^csumtool: $loop: sectors of 512 bytes are below the device's physical sectors of $physical.*--force" \
		format -s 512 "$loop"
	cmp -n $((8 * 1024 * 1024)) disk /dev/zero
	run_csum 0 format -q --force -s 512 "$loop"
}

@test "-s 4096 on a device with sectors of 512 bytes" {
	truncate -s 8M disk
	make_loop --sector-size 512 disk
	run_csum 0 format -q -s 4096 "$loop"
	[ "$(superblock get disk a sector_size)" -eq 4096 ]
	run_csum 0 check "$loop"
}

@test "-c: each kind, and crc64 without it" {
	for kind in crc32:1 crc32c:2 crc64:3; do
		blank 4M
		run_csum 0 format -c ${kind%:*} vol
		out_has "^  checksum +${kind%:*},"
		[ "$(superblock get vol a checksum_type)" -eq ${kind#*:} ]
	done
	blank 4M
	run_csum 0 format -q vol
	[ "$(superblock get vol a checksum_type)" -eq 3 ]
	blank 4M
	run_csum 0 format -q --checksum crc32 vol
	[ "$(superblock get vol a checksum_type)" -eq 1 ]
	blank 4M
	for kind in crc16 CRC64 md5 "" 3; do
		must_fail 16 "^csumtool: --checksum: '$kind' is not crc64, crc32c or crc32" format -c "$kind" vol
	done
}

@test "-K: 1 to 65536, and clusters of 64 MiB without it" {
	for k in 1 65536; do
		blank 4M
		run_csum 0 format -K $k vol
		[ "$(superblock get vol a interleave)" -eq $k ]
		run_csum 0 check vol
	done
	blank 4M
	run_csum 0 format -K 1 -n vol
	out_has ', 1 group a cluster$'
	run_csum 0 format --interleave=2 -n vol
	out_has ', 2 groups a cluster$'
	run_csum 0 format -s 512 -n vol
	out_has ', 2048 groups a cluster$'
	run_csum 0 format -s 4096 -n vol
	out_has ', 32 groups a cluster$'
	for k in 0:small 65537:large 99999999999999999999:large -1:negative 1K:whole x:digit :digit; do
		must_fail 16 "^csumtool: --interleave: '${k%:*}' .*${k#*:}.*: it is 1 to 65536" format -K "${k%:*}" vol
	done
}

@test "-L: up to 32 bytes of UTF-8" {
	name=abcdefghijklmnopqrstuvwxyz012345
	run_csum 0 format -q -L $name --size=4M vol
	[ "$(superblock get vol a label | xxd -r -p)" = $name ]
	run_csum 0 info vol
	out_has "^label +$name\$"
	must_fail 16 "^csumtool: --label: '${name}6' has 33 bytes, more than 32" format -L ${name}6 --size=4M new
	# 16 characters of 2 bytes fit, and one more does not.
	run_csum 0 format -q --label=öööööööööööööööö --size=4M umlauts
	run_csum 0 info umlauts
	out_has '^label +öööööööööööööööö$'
	must_fail 16 'has 33 bytes' format -L öööööööööööööööö1 --size=4M new
	run_csum 0 format -q -L "" --size=4M empty
	run_csum 0 info empty
	out_lacks '^label'
	for bytes in $'\xff' $'a\xc3' $'\xc0\xaf' $'\xed\xa0\x80' $'\xf4\x90\x80\x80' $'\x80'; do
		must_fail 16 "^csumtool: --label: '.*' is not UTF-8" format -L "$bytes" --size=4M new
	done
	[ ! -e new ]
}

@test "-U: the UUID; a bad one is wrong usage" {
	run_csum 0 format -U "$uuid" --size=4M vol
	out_has "^  UUID +$uuid\$"
	[ "$(superblock get vol a uuid)" = "${uuid//-/}" ]
	run_csum 0 format -q --uuid=ABCDEF00-0000-0000-0000-0000000000Fe --size=4M upper
	run_csum 0 info upper
	out_has '^UUID +abcdef00-0000-0000-0000-0000000000fe$'
	for text in "" x ${uuid}0 ${uuid%?} ${uuid//-/} 0123456g-89ab-cdef-0123-456789abcdef \
		01234567089ab-cdef-0123-456789abcdef "{$uuid}"; do
		must_fail 16 "^csumtool: --uuid: '$text' is not a UUID" format -U "$text" --size=4M new
	done
	[ ! -e new ]
}

@test "two volumes have different UUIDs and seeds" {
	vol one
	vol two
	[ "$(superblock get one a uuid)" != "$(superblock get two a uuid)" ]
	[ "$(superblock get one a seed)" != "$(superblock get two a seed)" ]
	vol three -U "$uuid"
	vol four -U "$uuid"
	[ "$(superblock get three a seed)" != "$(superblock get four a seed)" ]
}

@test "-n writes nothing and creates nothing" {
	blank 4M
	before=$(stat -c '%Y %Z %b' vol)
	for option in -n --dry-run; do
		run_csum 0 format $option vol
		out_has '^format vol$'
		out_has '^  data space'
		out_has '^nothing was written: --dry-run$'
		out_lacks '^done'
	done
	[ "$(stat -c '%Y %Z %b' vol)" = "$before" ]
	cmp -n 4194304 vol /dev/zero
	for option in --size=4M --data-size=4M; do
		run_csum 0 format -n $option new
		[ ! -e new ]
	done
	random_file full 4M
	hash=$(digest full)
	run_csum 0 format -n --force --wipe full
	[ "$(digest full)" = "$hash" ]
	run_csum 0 format -n --json --size=4M new
	[ "$(json summary '[.formatted, .dry_run] | @csv')" = 'false,true' ]
	[ ! -e new ]
}

@test "-n checks what can be checked" {
	echo text >vol
	truncate -s 4M vol
	refused 'is not blank' -n
	must_fail 8 '^csumtool: small: 1048576 bytes are too small' format -n --size=1M small
	must_fail 8 '^csumtool: none: cannot open' format -n none
	must_fail 8 '^csumtool: nowhere/vol: .*No such file or directory' format -n --size=4M nowhere/vol
	[ ! -e small ]
}

@test "an estimate for a large volume" {
	run_csum 0 format -n -s 4096 --size=20TB vol
	out_has '^  data space +19921873887232 bytes \(18\.1 TiB\), 4863738742 sectors$'
	out_has '^  to write +781[0-9]{8} bytes \(72\.8 GiB\), in (about )?'"$a_time\$"
	run_csum 0 format -n --json -s 4096 --size=20TB vol
	[ "$(json plan .estimated_seconds)" -gt 10 ]
	run_csum 0 format -n --json --wipe -s 4096 --size=20TB vol
	[ "$(json plan .write_bytes)" -gt 20000000000000 ]
	[ ! -e vol ]
}

@test "interrupted: a file it made is removed" {
	fault_device vol
	for signal in INT TERM HUP; do
		# --wipe begins at the front; this place lies behind everything that is written to each volume.
		fault clear "write hold 3000000 4096 1"
		start format --wipe --size=8M "$device"
		interrupt $signal
		ends 32
		[ "$(grep -c '^done' <<<"$stdout")" -eq 0 ]
		[ "$(grep -vc '^csumtool: ' <<<"$stderr")" -eq 0 ]
		[ ! -e "$device" ]
		[ ! -e vol ]
	done
}

# The file is so large that the last superblock lies outside the part that is wiped first, of 256 MiB.
@test "interrupted and killed: neither the old volume nor a new one is left" {
	for signal in INT KILL; do
		rm -f vol
		vol vol --size=300M
		fault_device vol
		fault "write hold 3000000 4096 1"
		start format --wipe --force "$device"
		interrupt $signal
		ended
		[ $signal = INT ] || [ "$status" -eq 137 ]
		[ $signal = KILL ] || [ "$status" -eq 32 ]
		[ "$(stat -c %s vol)" -eq $((300 << 20)) ]
		must_fail 8 '^csumtool: vol: not a csumtool volume' info vol
	done
}

@test "SOURCE_DATE_EPOCH and -U make every byte reproducible" {
	# shellcheck disable=SC2030,SC2031
	export SOURCE_DATE_EPOCH=1700000000
	vol one -U "$uuid" -L x
	sleep 1.1
	vol two -U "$uuid" -L x
	cmp one two
	[ "$(superblock get one a created seed | xargs)" = "1700000000 ${uuid//-/}" ]
	run_csum 0 info one
	out_has '^created +2023-11-14 22:13:20 UTC$'
	SOURCE_DATE_EPOCH=0 vol zero -U "$uuid"
	[ "$(superblock get zero a created seed | xargs)" = "0 ${uuid//-/}" ]
	for text in -1 x "" 1.5 99999999999999999999; do
		SOURCE_DATE_EPOCH=$text must_fail 16 "^csumtool: SOURCE_DATE_EPOCH: '$text' " format --size=4M three
		[ ! -e three ]
	done
}

@test "a dead stdout" {
	[ -w /dev/full ] || skip "no /dev/full"
	status=0
	"$CSUMTOOL" format --size=4M vol >/dev/full 2>err || status=$?
	[ "$status" -eq 8 ]
	grep -q '^csumtool: cannot write to standard output: No space left on device' err
	# The plan could not be printed, so nothing was done.
	[ ! -e vol ]
}
