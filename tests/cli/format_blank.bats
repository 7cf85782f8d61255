#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# format: devices that are not blank, and those that are too small.
# sanitize: yes

load common
load format
setup() { common_setup; }
teardown() { common_teardown; }

@test "not blank: an ext4 file system" {
	truncate -s 32M vol
	mke2fs -q -t ext4 vol
	refused 'is not blank: .*ext4 file system.*--force'
	run_csum 0 format -q --force vol
	[ -z "$(blkid -p -o value vol)" ]
	run_csum 0 check vol
}

@test "not blank: swap space" {
	truncate -s 8M vol
	chmod 600 vol
	mkswap vol >/dev/null 2>&1
	refused 'is not blank: .*swap'
	run_csum 0 format -q --force vol
	[ -z "$(blkid -p -o value vol)" ]
}

@test "not blank: a DOS partition table" {
	blank 8M
	# One partition of type 83 from sector 2048 on, of 4096 sectors.
	poke vol 446 00202100834100010008000000100000
	poke vol 510 55aa
	refused 'is not blank: .*dos partition table'
	run_csum 0 format -q --force vol
	[ -z "$(blkid -p -o value vol)" ]
}

@test "not blank: a GPT, with and without its protective MBR, or its backup alone" {
	make_gpt() {
		blank 20M
		python - "$@" <<-'END'
			import struct, sys, zlib
			sectors = 20 * 2048
			entries = struct.pack("<16s16sQQQ72s", b"\xaf" * 16, b"\x11" * 16, 2048, 4095, 0, b"").ljust(128 * 128, b"\0")
			def header(at, other, table):
			    def pack(crc):
			        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, at, other, 34,
			                           sectors - 34, b"\x22" * 16, table, 128, 128, zlib.crc32(entries))
			    return pack(zlib.crc32(pack(0)))
			with open("vol", "r+b") as f:
			    if "mbr" in sys.argv:
			        f.seek(446)
			        f.write(bytes.fromhex("00000200eeffffff01000000") + struct.pack("<I", sectors - 1))
			        f.seek(510)
			        f.write(b"\x55\xaa")
			    if "head" in sys.argv:
			        f.seek(512)
			        f.write(header(1, sectors - 1, 2))
			        f.seek(1024)
			        f.write(entries)
			    f.seek((sectors - 33) * 512)
			    f.write(entries)
			    f.seek((sectors - 1) * 512)
			    f.write(header(sectors - 1, 1, sectors - 33))
		END
	}
	for parts in "mbr head" head ""; do
		# shellcheck disable=SC2086 # words
		make_gpt $parts
		refused 'is not blank: .*gpt partition table'
		run_csum 0 format -q --force vol
		[ -z "$(blkid -p -o value vol)" ]
		# A program that trusts the backup table no longer finds it.
		[ "$(tail -c 512 vol | head -c 8 | tr -d '\0')" != "EFI PART" ]
	done
}

@test "not blank: a csumtool volume, of which one superblock is enough" {
	vol vol -U "$uuid"
	refused "is not blank: csumtool volume with UUID $uuid.*--force"
	cp vol whole
	for gone in 0 524288; do
		cp whole vol
		poke vol $gone 00
		refused "is not blank: csumtool volume with UUID $uuid"
	done
	cp whole vol
	poke vol 0 00
	poke vol 524288 00
	refused "is not blank: csumtool volume with UUID $uuid"
	cp whole vol
	run_csum 0 format -q --force vol
	[ "$(superblock get vol a uuid)" != "${uuid//-/}" ]
}

@test "not blank: any byte in the first 16 MiB or the last MiB" {
	for offset in 0 1 512 10485760 16777215 40894464 41943039; do
		blank 40M
		poke vol $offset 01
		refused "is not blank: non-zero bytes at offset $offset; --force"
	done
	blank 40M
	dd if=/dev/urandom of=vol bs=4096 count=3 seek=2560 conv=notrunc status=none
	poke vol 10485760 55
	refused 'is not blank: .*non-zero bytes at offset 10485760'
	# Format does not look at these bytes.
	blank 40M
	poke vol 20000000 01
	run_csum 0 format -q vol
}

@test "not blank: the last bytes of an image that is no multiple of 4096 count" {
	truncate -s $((20 * 1024 * 1024 + 100)) vol
	poke vol $((20 * 1024 * 1024 + 99)) 01
	refused 'is not blank: non-zero bytes at offset 20971619'
}

@test "not blank: a small image is looked at everywhere" {
	for offset in 1200000 1199103; do
		rm -f vol
		truncate -s 1204224 vol
		poke vol $offset 01
		refused "is not blank: non-zero bytes at offset $offset"
	done
}

@test "--force removes every trace of an old volume" {
	vol vol --size=8M -L old
	truncate -s 12M vol
	# The backup lies inside the file now.
	run_csum 0 format -q --force -L new vol
	truncate -s 8M vol
	poke vol 0 00
	poke vol 524288 00
	must_fail 8 'not a csumtool volume' info vol
}

@test "too small for one data sector" {
	for case in 512:1115136 4096:1122304 512:0 4096:1048576; do
		rm -f vol
		truncate -s "${case#*:}" vol
		refused "${case#*:} bytes are too small for a volume" -s ${case%:*}
		refused "${case#*:} bytes are too small for a volume" -s ${case%:*} --force
	done
	for case in 512:1118208 4096:1126400; do
		rm -f vol
		truncate -s "${case#*:}" vol
		run_csum 0 format -q -s ${case%:*} vol
		run_csum 0 check vol
	done
}

@test "a loop device too small" {
	truncate -s 1M disk
	make_loop disk
	must_fail 8 "^csumtool: $loop: 1048576 bytes are too small for a volume" format "$loop"
	cmp -n 1048576 disk /dev/zero
}

@test "not blank: a loop device" {
	truncate -s 8M disk
	mke2fs -q -t ext4 disk
	make_loop disk
	before=$(digest disk)
	must_fail 8 "^csumtool: $loop: is not blank: .*ext4 file system" format "$loop"
	[ "$(digest disk)" = "$before" ]
	run_csum 0 format -q --force "$loop"
	[ -z "$(blkid -p -o value "$loop")" ]
	run_csum 0 check "$loop"
}
