#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Version: fdisk 2.38.1-5+deb12u3, util-linux 2.38.1-5+deb12u3, e2fsprogs 1.47.0-2+b2 (Debian 12)
# Behaviour: sfdisk run from a script writes a DOS partition table over an ext4 without wiping or naming it, and ends
#     with 0. Its wiping is "auto", which means: only at a terminal. The table lies in the first 512 bytes and the
#     superblock of ext4 behind the first 1024, so both are there afterwards, and blkid answers with both, without
#     calling that ambivalent. The old superblock stays as it is for ever, whatever is done in the partitions: it says
#     nothing of whether the disk has been used since. (With a GPT the superblock goes, as entries lie over it.)
# Source: sfdisk(8), --wipe; blkid(8), -p; found when a superblock that was as we had left it was taken to show that
#     nobody had written to the disk.
# Seen:
#     sfdisk ended with 0 and printed nothing
#     after a DOS table: TYPE=ext4 PTTYPE=dos
#     the superblock is byte for byte what it was
#     after a GPT: TYPE= PTTYPE=gpt
#
# Installs the packages in a temporary folder, and fails when what was seen changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download fdisk=2.38.1-5+deb12u3 libfdisk1=2.38.1-5+deb12u3 util-linux=2.38.1-5+deb12u3 \
	libblkid1=2.38.1-5+deb12u3 libsmartcols1=2.38.1-5+deb12u3 e2fsprogs=1.47.0-2+b2
for package in ./*.deb; do
	dpkg -x "$package" root
done
LD_LIBRARY_PATH=$(find "$folder/root" -name 'libblkid.so*' -printf '%h\n' | head -n 1)
PATH=$folder/root/sbin:$folder/root/usr/sbin:$folder/root/bin:$folder/root/usr/bin:$PATH
export LD_LIBRARY_PATH PATH

value() {
	blkid -p -o value -s "$1" disk || :
}

fail=0
same() {
	[ "$2" = "$3" ] && return
	echo "CHANGED: $1: \"$2\", not \"$3\""
	fail=1
}

superblock() {
	tail -c +1025 disk | head -c 1024 | sha256sum
}

truncate -s 32M disk
mke2fs -q -t ext4 disk
before=$(superblock)
said=$(printf 'label: dos\nstart=2048\n' | sfdisk -q disk 2>&1) || said="$said (status $?)"
same "what sfdisk says" "$said" ""
echo "sfdisk ended with 0 and printed nothing"
echo "after a DOS table: TYPE=$(value TYPE) PTTYPE=$(value PTTYPE)"
same "the type" "$(value TYPE)" ext4
same "the table" "$(value PTTYPE)" dos
same "the superblock" "$(superblock)" "$before"
echo "the superblock is byte for byte what it was"

mke2fs -q -F -t ext4 disk
printf 'label: gpt\nstart=2048\n' | sfdisk -q disk
echo "after a GPT: TYPE=$(value TYPE) PTTYPE=$(value PTTYPE)"
same "the type behind a GPT" "$(value TYPE)" ""
same "the table" "$(value PTTYPE)" gpt
exit $fail
