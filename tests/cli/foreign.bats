#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A volume's disk was put to another use: no command overwrites the present content. (Issue 8, A1)
# sanitize: yes

load common
load places
load foreign
setup() { common_setup; }
teardown() { common_teardown; }

# refused TEXT [OFFSET]: after something was laid over v, no command may write; check must name it, also with -q, and
# say what to do; a dry run must name it.
refused() {
	local text=$1 offset=${2:-[0-9]+}
	no_writer "^csumtool: v: holds what is not the volume's: .*$text.* at offset $offset.*--allow=foreign.*'csumtool superblock erase v'" v
	run_csum 4 check -q v
	out_has "^foreign: the device, v offset $offset: $text"
	run_csum 4 check v
	out_has "'csumtool scrub --allow=foreign'"
	out_has "'csumtool superblock erase'"
	run_csum 4 check -J v
	json finding 'select(.kind == "foreign") | [.subject, .device, .is_error] | @csv' | grep -x '"device","v",true'
	run_csum 4 scrub -n -q v
	out_has "^foreign: the device, v offset $offset: $text.*; left: a scrub does not start without --allow=foreign"
}

# allowed TEXT: with --allow=foreign every command must go on with a copy of v, and name the thing.
allowed() {
	cp v w
	status=0
	"$CSUMTOOL" write -q --allow=foreign -l 4096 w data 2>err || status=$?
	# With both slots gone only a scrub goes on.
	[ $status -eq 0 ] || [ $status -eq 4 ]
	grep -q "^csumtool: warning: w: holds what is not the volume's: .*$1.*; written all the same" err
	cp v w
	status=0
	"$CSUMTOOL" scrub -q --allow=foreign w >out 2>err || status=$?
	[ $((status & ~5)) -eq 0 ] && grep -q "^csumtool: warning: w: .*$1" err
	cp v w
	status=0
	"$CSUMTOOL" scrub -q --force w >out 2>err || status=$?
	[ $((status & ~5)) -eq 0 ]
	rm w out err
}

# erased KIND: after erasing v must not be a volume, and the other thing must work.
erased() {
	run_csum 0 superblock erase -f v
	must_fail 8 '^csumtool: v: not a csumtool volume' info v
	works "$1" v
}

# foreign KIND [OFFSET [SIZE]]: tries all three on a volume with the thing laid over it.
foreign() {
	local text
	# shellcheck disable=SC2046 # several words
	need $(tool_of "$1")
	text=$(name_of "$1")
	a_volume v "${3:-8M}"
	lay "$1" v
	refused "$text" "${2:-}"
	allowed "$text"
	erased "$1"
	must_fail 8 "^csumtool: v: not a csumtool volume: .*; it holds: .*$text" info v
}

@test "A1: a GPT" { foreign gpt 512; }
@test "A1: a GPT with an ext4 in its partition" { foreign gpt-ext4 512; }
@test "A1: an MBR" { foreign mbr 510; }
@test "A1: ext4" { foreign ext4 1080; }
@test "A1: xfs" { foreign xfs 0 32M; }

@test "A1: btrfs: its first superblock" {
	need mkfs.btrfs
	a_volume v 8M
	truncate -s 32M fs
	lay btrfs fs
	dd if=fs of=v bs=64K skip=1 seek=1 count=1 conv=notrunc status=none
	refused 'btrfs file system' 65600
	allowed 'btrfs file system'
	erased btrfs-superblock
}

@test "A1: btrfs: mkfs leaves no volume, which says what there is" {
	need mkfs.btrfs
	a_volume v 32M
	lay btrfs v
	no_writer '^csumtool: v: not a csumtool volume: .*; it holds: btrfs file system at offset 65600$' v
	works btrfs v
}

@test "A1: vfat" { foreign vfat; }
@test "A1: swap" { foreign swap 4086; }
@test "A1: LUKS" { foreign luks 0 32M; }
@test "A1: LVM" { foreign lvm 536; }
@test "A1: ZFS, which leaves both slots alive" { foreign zfs "" 64M; }
@test "A1: md 0.90, at the end" { foreign md-0.90 8323072; }
@test "A1: md 1.0, at the end" { foreign md-1.0 8380416; }
@test "A1: md 1.1" { foreign md-1.1 0; }
@test "A1: md 1.2, which leaves both slots alive" { foreign md-1.2 4096; }
@test "A1: DDF" { foreign ddf 8388096; }

@test "write --verify: a foreign thing that is allowed is no error of what was written" {
	need python3
	a_volume v 8M
	plant v md-1.0
	run_csum 0 write -q --verify --allow=foreign -l 4096 v data
	run_csum 4 check -q v
	out_has '^foreign: the device, v offset 8380416: '
}

@test "A1: slots of another volume" {
	a_volume v 8M
	cp v whole
	run_csum 0 format -q --size=8M -s 512 -U 01234567-89ab-cdef-0123-456789abcdef other
	for place in 0:A 524288:B 8323072:C; do
		echo "$place"
		cp whole v
		dd if=other of=v bs=4096 skip=$((${place%:*} / 4096)) seek=$((${place%:*} / 4096)) count=1 conv=notrunc status=none
		refused "superblock ${place#*:} of another csumtool volume \(UUID 01234567-89ab-cdef-0123-456789abcdef\)" "${place%:*}"
		# This is still our volume, by its backup, or by two slots.
		run_csum 0 read -q -f -l 2M v copy
		cmp data copy
		run_csum 1 scrub -q --allow=foreign v
		run_csum 0 check -q v
		[ "$(superblock get v a seed)" = "$(superblock get whole a seed)" ]
	done
	run_csum 0 superblock erase -f v
	must_fail 8 'not a csumtool volume' info v
}

@test "A1: the slot of another volume with a higher generation does not take over" {
	a_volume v 8M
	run_csum 0 format -q --size=4M other
	superblock set other a generation=1000
	dd if=other of=v bs=4096 count=1 conv=notrunc status=none
	refused "superblock A of another csumtool volume" 0
	run_csum 0 info -J v
	[ "$(json info '.superblocks.governing, .metadata_device_bytes' | xargs)" = 'B 8388608' ]
	# Now with slot B of the other volume.
	run_csum 1 scrub -q --allow=foreign v
	superblock set other b generation=1000000
	dd if=other of=v bs=4096 skip=128 seek=128 count=1 conv=notrunc status=none
	refused "superblock B of another csumtool volume" 524288
	run_csum 0 info -J v
	[ "$(json info '.superblocks.governing, .metadata_device_bytes' | xargs)" = 'A 8388608' ]
}

@test "A1: the beginning of another volume" {
	a_volume v 8M
	run_csum 0 format -q --size=8M other
	dd if=other of=v bs=1M count=1 conv=notrunc status=none
	refused "superblock C of another csumtool volume" 8323072
	run_csum 0 format -q --size=4M smaller
	dd if=smaller of=v bs=1M count=1 conv=notrunc status=none
	no_writer "^csumtool: v: holds what is not the volume's: superblock C of another csumtool volume .* at offset 8323072" v
	run_csum 0 superblock erase -f v
	must_fail 8 'not a csumtool volume' info v
}

@test "A1: the backup of a volume that ended farther on is no sign of anything" {
	a_volume v 8M
	run_csum 0 format -q --size=16M other
	truncate -s 16M v
	dd if=other of=v bs=64K skip=255 seek=255 count=1 conv=notrunc status=none
	run_csum 0 check -q v
	run_csum 0 write -q -l 4096 v data
}

@test "A1: an image over the first MiB, without a signature" {
	a_volume v 8M
	for length in 528384 1M; do
		garbage_over v 0 $length
		refused "bytes in space that is reserved: an image lies over the first MiB" 4096
	done
	allowed "an image lies over the first MiB"
	run_csum 0 superblock erase -f v
	out_lacks 'superblock [AB]'
	must_fail 8 'not a csumtool volume' info v
}

@test "A1: an image over the last MiB, without a signature" {
	a_volume v 8M
	garbage_over v 7340032 1M
	refused "bytes in space that is reserved: an image lies over the last MiB" 8327168
	allowed "an image lies over the last MiB"
	run_csum 0 superblock erase -f v
	out_lacks 'superblock C'
	must_fail 8 'not a csumtool volume' info v
}

# garbage_over FILE OFFSET LENGTH: writes garbage without a zero byte, and without anything that libblkid knows.
garbage_over() {
	head -c "$3" /dev/zero | tr '\0' 'G' | dd of="$1" bs=64K seek="$2" oflag=seek_bytes conv=notrunc status=none
}

@test "A1: slots that are torn, zeroed or garbage are made anew as ever" {
	a_volume v 8M
	cp v whole
	for bytes in 00000000 "$(printf 'G%.0s' {1..4096} | xxd -p | tr -d '\n')"; do
		cp whole v
		poke v 0 "$bytes"
		run_csum 0 scrub -q v
		poke v 524288 "$bytes"
		run_csum 0 write -q -l 4096 v data
		poke v 8323072 "$bytes"
		run_csum 1 scrub -q v
		poke v 0 "$bytes"
		poke v 524288 "$bytes"
		run_csum 1 scrub -q v
		run_csum 0 check -q v
	done
}

@test "A1: external: the metadata device" {
	for tool in sfdisk mkswap; do need $tool; done
	random_file data 8M
	truncate -s 8M disk.raw
	run_csum 0 format -q -m v --size=4M disk.raw
	run_csum 0 write -q -m v disk.raw data
	cp -p disk.raw damaged
	as_decay damaged flip damaged 5000000
	cp v meta
	run_csum 1 scrub -q -m meta --undo=u damaged
	rm damaged meta
	cp v whole
	for kind in gpt mbr swap lvm md-0.90 md-1.0 md-1.2; do
		echo "$kind"
		cp whole v
		lay $kind v
		no_writer "^csumtool: v: holds what is not the volume's: .*$(name_of $kind)" -m v disk.raw
		run_csum 4 check -q -m v disk.raw
		out_has "^foreign: the device, v offset [0-9]+: $(name_of $kind)"
		status=0
		"$CSUMTOOL" scrub -q --allow=foreign -m v disk.raw 2>err || status=$?
		[ $((status & ~5)) -eq 0 ]
		# Tried without and with the data device.
		cp whole v
		lay $kind v
		if [ $kind = gpt ]; then
			run_csum 0 superblock erase -f -m v disk.raw
		else
			run_csum 0 superblock erase -f v
		fi
		works $kind v
		must_fail 8 'not a csumtool volume' info -m v disk.raw
	done
	cmp data disk.raw
}

@test "A1: a device: nothing is written to it" {
	need sfdisk
	random_file data 1M
	truncate -s 16M v
	make_loop v
	run_csum 0 format -q "$loop"
	run_csum 0 write -q "$loop" data
	printf 'label: dos\nstart=2048, type=83\n' | PATH=$PATH:/usr/sbin:/sbin sfdisk -q --no-tell-kernel "$loop"
	before=$(digest v)
	must_fail 8 "^csumtool: $loop: holds what is not the volume's: dos partition table at offset 510" scrub "$loop"
	must_fail 8 "^csumtool: $loop: holds what is not the volume's: dos partition table" write "$loop" data
	[ "$(digest v)" = "$before" ]
	run_csum 0 superblock erase -f "$loop"
	must_fail 8 "^csumtool: $loop: not a csumtool volume: .*; it holds: dos partition table at offset 510$" info "$loop"
}

@test "A1: bytes of a valid superblock are the volume's, whatever they look like" {
	a_volume v 8M
	for slot in A B; do
		# One entry and a list of bad sectors, as on an Atari disk.
		surgery super v $slot 450:4=0x00100000 490:4=0x4d454701 494:4=0x02000000 498:4=0xd0070000 \
			502:4=0x04000000 506:4=0x01000000
	done
	blkid -p v | grep -w atari
	run_csum 0 check -q v
	run_csum 0 write -q -l 4096 v data
	run_csum 0 scrub -q v
	# With a real signature beside it, it is still not named.
	plant v md-1.2
	run_csum 4 check -q v
	[ "$(wc -l <<<"$stdout")" -eq 1 ]
}

@test "A1: journal, parked sector and log may hold anything" {
	a_volume v 8M
	# An imd sector of an old record has the magic number of a UFS in the right place.
	poke v $((262144 + 1372)) 54190100
	blkid -p v | grep -w ufs
	run_csum 4 check -q v
	out_has '^foreign: the device, v offset 263516: ufs file system$'
	poke v 262144 494d4431
	run_csum 0 check -q v
	# libblkid looks for this signature at that distance from the end.
	promise=$(printf 'Promise Technology, Inc.' | xxd -p)
	for place in 69632 600000; do
		rm -f w
		run_csum 0 format -q -s 4096 --size=$((place / 512 * 512 + 1580544)) w
		poke w $((place / 512 * 512)) "$promise"
		blkid -p w | grep -w promise_fasttrack_raid_member
		run_csum 0 check -q w
		run_csum 0 scrub -q w
	done
	rm w
	run_csum 0 format -q -s 4096 --size=$((81920 + 1580544)) w
	poke w 81920 "$promise"
	run_csum 4 check -q w
	out_has '^foreign: the device, w offset 81920: promise'
}

surgery() {
	python "$BATS_TEST_DIRNAME/surgery.py" "$@"
}

@test "A1: after a format all that is reserved is zero, whatever was there" {
	filled_file v 5243000 377
	run_csum 0 format -q -f v
	[ "$(head -c 524288 v | tail -c +4097 | tr -d '\0' | wc -c)" -eq 0 ]
	[ "$(head -c 1048576 v | tail -c +528385 | tr -d '\0' | wc -c)" -eq 0 ]
	[ "$(tail -c +$((5242880 - 65536 + 4096 + 1)) v | tr -d '\0' | wc -c)" -eq 0 ]
	filled_file meta 5243000 377
	truncate -s 8M disk
	run_csum 0 format -q -f -m meta disk
	[ "$(head -c 524288 meta | tail -c +4097 | tr -d '\0' | wc -c)" -eq 0 ]
	[ "$(head -c 1048576 meta | tail -c +528385 | tr -d '\0' | wc -c)" -eq 0 ]
	[ "$(tail -c +$((5242880 - 65536 + 4096 + 1)) meta | tr -d '\0' | wc -c)" -eq 0 ]
}

@test "A1: one place that cannot be read hides nothing, and is no reason to refuse" {
	a_volume v 8M
	cp v whole
	fault_device v
	fault "read EIO 0 4096"
	run_csum 0 check -q "$device"
	run_csum 0 write -q -l 4096 "$device" data
	fault clear "read EIO 0 4096"
	cat whole >v
	run_csum 0 scrub -q "$device"
	fault clear
	run_csum 0 check "$device"
	out_has ': no errors$'
	for place in 0 12288 524288 8323072 8384512; do
		cat whole >v
		plant v md-1.2
		fault clear "read EIO $place 4096"
		run_csum 4 check -q "$device"
		out_has "^foreign: the device, $device offset 4096: linux_raid_member"
		must_fail 8 "holds what is not the volume's: linux_raid_member signature at offset 4096" scrub "$device"
		fault clear
	done
}
