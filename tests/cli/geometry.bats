#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Sizes and places: the geometry that format gives a device, and that every sector of every geometry works.
# sanitize: yes

load common

setup() { common_setup; }
teardown() { common_teardown; }

# Worked examples of the layout arithmetic in the format: size, sector size, interleave, data sectors, groups.
vectors() {
	cat <<-'END'
		1118208 512 2048 6 1
		1123004 512 1 14 1
		1146880 512 1 62 1
		1147904 512 2 62 1
		1150976 512 2 68 2
		1290240 512 2 332 6
		1126400 4096 32 1 1
		7413760 4096 2 1530 3
		7417856 4096 2 1531 4
		1000000000 512 2048 1889976 30484
		1000000000 4096 32 242914 477
		20000000000000 4096 32 4863738742 9536743
		20000000000000 512 2048 37841794766 610351529
	END
}

@test "data sectors and groups of a size" {
	rows=0
	while read -r size s k sectors groups; do
		echo "$size $s $k"
		run_csum 0 format -n --json -s "$s" -K "$k" --size="$size" vol
		[ "$(json plan '[.data_sectors, .groups, .metadata_device_bytes, .clusters] | @csv')" = \
			"$sectors,$groups,$size,$(((groups + k - 1) / k))" ]
		rows=$((rows + 1))
	done < <(vectors)
	[ $rows -eq 13 ]
	for size in "1115136 512 2048" "1122304 4096 32"; do
		read -r size s k <<<"$size"
		must_fail 8 "^csumtool: vol: $size bytes are too small" format -n -s "$s" -K "$k" --size="$size" vol
	done
}

@test "data sectors and groups of an external volume" {
	truncate -s 10000000 data
	truncate -s 1000000512 data2
	run_csum 0 format -n --json -s 512 -K 3 --size=2M -m meta data
	[ "$(json plan '[.data_sectors, .groups, .uncovered_bytes] | @csv')" = 19531,316,128 ]
	run_csum 0 format -n --json -s 4096 --size=6M -m meta data2
	[ "$(json plan '[.data_sectors, .groups, .uncovered_bytes] | @csv')" = 244140,479,3072 ]
}

@test "without -K clusters have 64 MiB" {
	run_csum 0 format -n --json -s 512 --size=200M vol
	[ "$(json plan '[.interleave, .clusters] | @csv')" = 2048,4 ]
	run_csum 0 format -n --json -s 4096 --size=200M vol
	[ "$(json plan '[.interleave, .clusters] | @csv')" = 32,4 ]
}

@test "where sectors and imd sectors lie" {
	vol vol -s 512 -K 2 --size=1290240
	run_csum 0 dump-imd --json vol
	# Data sectors 0, 61, 62, 124, 166 and 331 of the worked example.
	for case in 0:0:1049600 0:61:1080832 1:0:1081344 2:0:1115136 2:42:1136640 5:21:1223168; do
		IFS=: read -r group index offset <<<"$case"
		[ "$(json group "select(.group == $group) | .data_device_offsets | tojson" | tr -d '[]' | cut -d , -f 1)" -le "$offset" ]
		[ "$(json group "select(.group == $group) | .data_device_offsets[0] + $index * 512")" = "$offset" ]
	done
	[ "$(json group '.copies | map(.device_offset) | @csv')" = "1048576,1113088
1049088,1113600
1114112,1178624
1114624,1179136
1179648,1223680
1180160,1224192" ]
	[ "$(json group '[.group, .first_sector, .sector_count] | @csv' | tail -n 1)" = 5,310,22 ]
}

# round_trip VOLUME-ARGUMENTS...: writes every byte of data space, in one write and in odd pieces, and reads it back.
round_trip() {
	local bytes sectors at
	run_csum 0 info --json "$@" || return 1
	bytes=$(json info '.data_sectors * .sector_size')
	sectors=$(json info .data_sectors)
	random_file input "$bytes"
	run_csum 0 write -q "$@" input || return 1
	run_csum 0 check "$@" || return 1
	out_has "^$sectors data sectors: $sectors right, 0 unwritten, 0 bad" || return 1
	rm -f output
	run_csum 0 read -q "$@" output || return 1
	cmp input output || return 1
	for at in 1 511 4095 $((bytes / 2 - 7)) $((bytes - 5003)); do
		random_file piece 5003
		run_csum 0 write -q -o "$at" "$@" piece || return 1
		dd if=piece of=input bs=64K seek="$at" oflag=seek_bytes conv=notrunc status=none
	done
	rm output
	run_csum 0 read -q "$@" output || return 1
	cmp input output || return 1
	run_csum 0 check -q "$@" && silent
}

@test "every sector is written, verified and read, in every geometry" {
	for s in 512 4096; do
		for k in 1 2 3 2048; do
			case $k in
			1) c=crc32 ;;
			2) c=crc32c ;;
			*) c=crc64 ;;
			esac
			rm -f vol
			# Numbers of groups: several and a short one; just one; a short one of one sector.
			for size in $((1048576 + 65536 + (s == 512 ? 328 : 2100) * s)) \
				$((1048576 + 65536 + (s == 512 ? 64 : 512) * s)); do
				rm -f vol
				vol vol --size=$size -s $s -K $k -c $c
				round_trip vol
			done
		done
	done
}

@test "a volume of one data sector" {
	vol vol --size=1126400 -s 4096
	run_csum 0 info --json vol
	[ "$(json info .data_sectors)" -eq 1 ]
	random_file input 4096
	run_csum 0 write -q vol input
	run_csum 0 check -q vol
	run_csum 0 read -q vol output
	cmp input output
	random_file input2 4097
	must_fail 8 '^csumtool: vol: .*do not fit' write vol input2
}

@test "nothing but data sectors changes by a write of data" {
	vol vol -s 512 -K 2 --size=1290240
	filled_file input $((332 * 512)) 125
	cp vol before
	run_csum 0 write -q vol input
	python - <<-'END'
		old, new = (open(name, "rb").read() for name in ("before", "vol"))
		assert len(old) == len(new)
		assert new.count(b"U" * 512) >= 332
		changed = [at for at in range(0, len(old), 512) if old[at:at + 512] != new[at:at + 512]]
		imd = {copy + group * 512 for copy, groups in ((1048576, 2), (1113088, 2), (1114112, 2), (1178624, 2),
		                                               (1179648, 2), (1223680, 2)) for group in range(groups)}
		data = {at for at in changed if new[at:at + 512] == b"U" * 512}
		assert len(data) == 332
		assert imd <= set(changed)
		# Superblocks A and B, and the tail of the area in front of them.
		rest = set(changed) - data - imd
		assert all(at < 4096 or 524288 <= at < 524288 + 4096 for at in rest), rest
	END
	[ "$(superblock get vol c generation)" -eq 1 ]
}

@test "loop devices with sectors of 512 and 4096" {
	for logical in 512 4096; do
		for s in 512 4096; do
			[ $s -ge $logical ] || continue
			truncate -s 5M disk
			make_loop --sector-size $logical disk
			[ "$(blockdev --getss "$loop")" -eq $logical ] || skip "losetup --sector-size has no effect"
			run_csum 0 format -q -f -s $s -K 2 "$loop"
			round_trip "$loop"
			run_csum 0 info --json "$loop"
			[ "$(json info .direct_io)" = true ]
			detach "$loop"
			wait_for run_csum 0 check -q disk
		done
	done
}

@test "an image of 512-byte sectors on a device of 4096 is read, not written" {
	vol disk -s 512
	random_file input 10000
	run_csum 0 write -q disk input
	make_loop --sector-size 4096 disk
	[ "$(blockdev --getss "$loop")" -eq 4096 ] || skip "losetup --sector-size has no effect"
	run_csum 0 check -q "$loop"
	run_csum 0 read -q -l 10000 "$loop" output
	cmp input output
	before=$(digest disk)
	must_fail 8 "^csumtool: $loop: sectors of the volume \(512 bytes\) are smaller than .* \(4096 bytes\)" \
		write "$loop" input
	must_fail 8 "^csumtool: $loop: sectors of the volume \(512 bytes\) are smaller" discard -o 0 -l 1 "$loop"
	[ "$(digest disk)" = "$before" ]
}

@test "tmpfs, where there may be no O_DIRECT" {
	make_mount -t tmpfs -o size=16M tmpfs mnt
	for s in 512 4096; do
		vol mnt/vol$s -s $s --size=4M
		round_trip mnt/vol$s
	done
}
