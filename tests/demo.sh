#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job on real input: an ext4 file system on a csumtool volume, checked, read back, damaged and caught.
# Needs no root; leaves nothing behind. CSUMTOOL names the program.
set -euo pipefail

csumtool=${CSUMTOOL:?CSUMTOOL names the program to show}
PATH=$PATH:/sbin:/usr/sbin
work=$(mktemp -d "${TMPDIR:-/tmp}/csumtool-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
# Undo files go into the work directory, and are removed with it.
export STATE_DIRECTORY="$work/state"

step() {
	printf '\n== %s\n' "$*"
}

# Shows a command and runs it; its status must be the expected one.
run() {
	local expected=$1 status=0
	shift
	printf '$ %s\n' "$*"
	"$@" || status=$?
	if [ "$status" -ne "$expected" ]; then
		echo "demo: '$*' ended with $status, not $expected" >&2
		exit 1
	fi
	[ "$expected" -eq 0 ] || echo "(exit status $status, as it should be)"
}

# Runs the program under the name that a reader would type.
csumtool() {
	"$csumtool" "$@"
}

make_file_system() {
	step "A real file system: an ext4 image of 64 MiB filled from /usr/share (mke2fs -d)"
	mkdir tree
	# Takes only as many files as fit comfortably; a machine has more than enough.
	find -L /usr/share/common-licenses /usr/share/perl /usr/share/perl5 /usr/share/zoneinfo /usr/lib/python3 \
		-xdev -type f -size -512k 2>/dev/null | head -n 4000 | tar -c -f - -T - -h 2>/dev/null |
		tar -x -f - -C tree 2>/dev/null || true
	echo "$(find tree -type f | wc -l) files, $(du -sh tree | cut -f1)"
	run 0 mke2fs -q -t ext4 -d tree ext4.img 64M
	rm -rf tree
}

write_and_check() {
	local volume=$1 sector_size=$2
	step "A volume of ${sector_size}-byte sectors with room for it"
	run 0 csumtool format -s "$sector_size" --data-size=64M "$volume"
	step "The image goes in, crash-consistently; then everything is verified"
	run 0 csumtool write "$volume" ext4.img
	run 0 csumtool check "$volume"
	step "It comes back byte for byte, and e2fsck agrees"
	run 0 csumtool read -l 64M "$volume" back.img
	run 0 cmp ext4.img back.img
	run 0 e2fsck -fn back.img
	rm back.img
}

# Prints where a data sector lies on the device, according to the tool itself.
device_offset() {
	"$csumtool" dump-imd --json -o "$2s" -l 1s "$1" |
		jq "select(.type == \"group\") | .data_device_offsets[$2 - .first_sector]"
}

flip_bit() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	printf '%b' "\\x$(printf %x "$((byte ^ 4))")" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

damage_and_find() {
	local volume=$1 sector_size=$2 sector=$3 offset
	offset=$(device_offset "$volume" "$sector")
	step "One bit of data sector $sector flips: byte $((offset + 17)) of the device"
	flip_bit "$volume" "$((offset + 17))"
	run 4 csumtool check "$volume"
	run 4 csumtool read -o "$((sector * sector_size))" -l "$sector_size" "$volume" sector.bin
	step "The metadata of its group, both copies"
	printf '$ csumtool dump-imd -o %ss -l 1s --data %s\n' "$sector" "$volume"
	"$csumtool" dump-imd -o "${sector}s" -l 1s --data "$volume" >dump.txt
	head -n 9 dump.txt
	echo "            ..."
	grep -B 1 -A 1 'matches no entry' dump.txt
	echo "            ..."
}

heal() {
	local volume=$1 sector_size=$2 sector=$3 offset
	step "scrub heals it from the checksum alone: no replica, no parity"
	run 1 csumtool scrub "$volume"
	step "Garbage over the whole sector is too much for that: it is named, and left"
	offset=$(device_offset "$volume" "$sector")
	head -c "$sector_size" /dev/urandom | dd of="$volume" bs="$sector_size" seek="$offset" \
		oflag=seek_bytes conv=notrunc status=none
	run 4 csumtool scrub "$volume"
	step "With a replica, a copy of the image as long as the data space, it is healed; the checksum confirms what is taken"
	cp ext4.img replica.img
	truncate -s "$("$csumtool" info --json "$volume" | jq 'select(.type == "info") | .data_sectors * .sector_size')" \
		replica.img
	run 1 csumtool scrub --from=replica.img "$volume"
	rm replica.img
	run 0 csumtool check "$volume"
}

make_file_system
write_and_check disk.img 4096
damage_and_find disk.img 4096 1234
heal disk.img 4096 1234
rm disk.img
step "The same with 512-byte sectors, in the 62-entry groups of dm-csum"
write_and_check small.img 512
damage_and_find small.img 512 9876
heal small.img 512 9876
step "Done. Nothing is left behind."
