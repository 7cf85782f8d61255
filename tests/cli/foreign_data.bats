#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Content of the data space is never taken for something foreign. (Issue 8, A1)

load common
load foreign
setup() { common_setup; }
teardown() { common_teardown; }

# not_foreign VOLUME...: the volume, with the options that name it, must have nothing foreign. u and data as for
# no_writer.
not_foreign() {
	run_csum 0 check -q "$@" && silent && run_csum 0 write -q -l 4096 "$@" data && silent
}

# as_data KIND: writes an image of the kind, as large as the data space, into volumes of both layouts and both sector
# sizes, with metadata far from the data and beside it.
as_data() {
	local s k space size
	case $1 in
	zfs) size=66M ;; # libblkid does not see a smaller one
	xfs | btrfs | luks) size=24M ;;
	*) size=3M ;;
	esac
	# shellcheck disable=SC2046 # several words
	need $(tool_of "$1")
	for s in 512 4096; do
		for k in 1 ''; do
			echo "-s $s ${k:+-K $k}"
			rm -f v meta data disk
			run_csum 0 format -q -s $s ${k:+-K $k} --data-size=$size v
			run_csum 0 info -J v
			space=$(json info '.data_sectors * .sector_size')
			truncate -s "$space" data
			lay "$1" data
			run_csum 0 write -q v data
			not_foreign v || return 1
			truncate -s "$space" disk
			run_csum 0 format -q -s $s ${k:+-K $k} -m meta --size=8M disk
			run_csum 0 write -q -m meta disk data
			not_foreign -m meta disk || return 1
		done
	done
}

@test "A1: data: an ext4 image" { as_data ext4; }
@test "A1: data: an xfs" { as_data xfs; }
@test "A1: data: a btrfs" { as_data btrfs; }
@test "A1: data: a vfat" { as_data vfat; }
@test "A1: data: a disk with a GPT" { as_data gpt; }
@test "A1: data: a disk with an MBR" { as_data mbr; }
@test "A1: data: a swap area" { as_data swap; }
@test "A1: data: a LUKS container" { as_data luks; }
@test "A1: data: an LVM member" { as_data lvm; }
@test "A1: data: a ZFS member" { as_data zfs; }
@test "A1: data: members of an md array" {
	for kind in md-0.90 md-1.0 md-1.1 md-1.2 ddf; do
		echo $kind
		as_data $kind
	done
}

@test "A1: data: an image of a volume" {
	random_file small 3M
	for s in 512 4096; do
		for k in 1 ''; do
			rm -f v data
			run_csum 0 format -q -s $s ${k:+-K $k} --data-size=8M v
			run_csum 0 format -q -s $s --size=8M data
			run_csum 0 write -q data small
			run_csum 0 write -q v data
			not_foreign v
		done
	done
}

# full_of HEX SPACING: makes "data": 66 MiB of blocks of SPACING bytes that begin with HEX.
full_of() {
	python -c '
import sys
block = bytes.fromhex(sys.argv[1]).ljust(int(sys.argv[2]), b"\0")
sys.stdout.buffer.write(block * ((66 << 20) // len(block)))' "$1" "$2" >data
}

@test "A1: data full of signatures hides none that is foreign" {
	for row in md-0.90:4096:md-1.2 zfs:1024:zfs; do
		IFS=: read -r kind spacing foreign <<<"$row"
		echo "$kind"
		truncate -s 66M one
		plant one "$kind"
		if [ "$kind" = zfs ]; then
			full_of "$(xxd -p -s 131072 -l 40 one | tr -d '\n')" "$spacing"
		else
			full_of "$(xxd -p -s 69140480 -l 64 one | tr -d '\n')" "$spacing"
		fi
		rm -f v one
		# With this size the places near the end that libblkid looks at lie in the data.
		run_csum 0 format -q -s 4096 -K 1 --size=$((67108864 + 61440)) v
		run_csum 0 info -J v
		truncate -s "$(json info '.data_sectors * .sector_size')" data
		run_csum 0 write -q v data
		blkid -p v | grep -q "$(name_of "$kind" | cut -d ' ' -f 1)"
		run_csum 0 check -q v
		silent
		plant v "$foreign"
		run_csum 4 check -q v
		grep -q "^foreign: the device, v offset [0-9]*: $(name_of "$foreign")" <<<"$stdout"
		# The thing was planted into the data too, so there is also a mismatch.
		[ "$(grep -c '^foreign' <<<"$stdout")" -eq 1 ]
		must_fail 8 "$(name_of "$foreign") at offset" write -l 4096 v data
	done
}

@test "A1: what is left of a signature in discarded sectors is not foreign" {
	truncate -s 66M one
	plant one md-0.90
	full_of "$(xxd -p -s 69140480 -l 64 one | tr -d '\n')" 4096
	run_csum 0 format -q -s 4096 -K 1 --size=$((67108864 + 61440)) v
	run_csum 0 info -J v
	truncate -s "$(json info '.data_sectors * .sector_size')" data
	run_csum 0 write -q v data
	run_csum 0 discard -q -o 0 -l "$(stat -c %s data)" v
	blkid -p v | grep -q linux_raid_member
	not_foreign v
}
