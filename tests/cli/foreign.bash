# SPDX-License-Identifier: GPL-2.0-or-later
#
# Puts things of others on a disk. For files that load common.

# plant FILE KIND: see plant.py.
plant() {
	python "$BATS_TEST_DIRNAME/plant.py" "$@"
}

need() {
	local name
	for name in "$@"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$name" >/dev/null || skip "$name is not installed"
	done
}

# lay KIND FILE: puts the thing over FILE with its own tool, which may leave parts of FILE alone.
lay() {
	local kind=$1 file=$2 size
	PATH=$PATH:/usr/sbin:/sbin
	size=$(stat -c %s "$file")
	case $kind in
	gpt) printf 'label: gpt\nstart=2048\n' | sfdisk -q "$file" ;;
	mbr) printf 'label: dos\nstart=2048, type=83\n' | sfdisk -q "$file" ;;
	gpt-ext4)
		printf 'label: gpt\nstart=2048\n' | sfdisk -q "$file"
		mke2fs -q -F -t ext4 -E nodiscard,offset=1048576 "$file" $((size / 1024 - 2048))k
		;;
	ext4) mke2fs -q -F -t ext4 -E nodiscard "$file" ;;
	xfs) mkfs.xfs -q -f -K --unsupported "$file" ;;
	btrfs) mkfs.btrfs -q -f -K -M "$file" ;;
	vfat) mkfs.vfat "$file" >/dev/null ;;
	swap) mkswap "$file" >/dev/null 2>&1 ;;
	luks)
		echo secret >"$BATS_TEST_TMPDIR/key"
		cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$file" \
			"$BATS_TEST_TMPDIR/key"
		;;
	*) plant "$file" "$kind" ;;
	esac
}

# tool_of KIND: the tool that makes it. name_of KIND: its name in libblkid.
tool_of() {
	case $1 in
	gpt | mbr) echo sfdisk ;;
	gpt-ext4) echo sfdisk mke2fs ;;
	ext4) echo mke2fs ;;
	xfs | btrfs | vfat) echo "mkfs.$1" ;;
	swap) echo mkswap ;;
	luks) echo cryptsetup ;;
	*) echo python3 ;;
	esac
}

name_of() {
	case $1 in
	gpt | gpt-ext4) echo gpt partition table ;;
	mbr) echo dos partition table ;;
	zfs) echo zfs_member file system ;;
	lvm) echo LVM2_member signature ;;
	md-*) echo linux_raid_member signature ;;
	ddf) echo ddf_raid_member signature ;;
	luks) echo crypto_LUKS signature ;;
	swap) echo swap signature ;;
	*) echo "$1 file system" ;;
	esac
}

# works KIND FILE: whether the thing is in order, as far as its own tool can see.
works() {
	PATH=$PATH:/usr/sbin:/sbin
	case $1 in
	gpt | mbr) sfdisk -d "$2" | grep -q 'start= *2048' && sfdisk -V "$2" ;;
	gpt-ext4)
		sfdisk -d "$2" | grep -q 'start= *2048' && tail -c +1048577 "$2" >../part && e2fsck -fn ../part
		;;
	ext4) e2fsck -fn "$2" ;;
	xfs) xfs_repair -n "$2" ;;
	btrfs) btrfs check "$2" ;;
	vfat) fsck.vfat -n "$2" ;;
	luks) cryptsetup open --test-passphrase --key-file "$BATS_TEST_TMPDIR/key" "$2" ;;
	*) blkid -p "$2" ;;
	esac >../works 2>&1 || {
		echo "$1 is broken:"
		cat ../works
		return 1
	}
}

# a_volume FILE SIZE: makes a volume with 2 MiB of data, which the file "data" has too; and "u", an undo file.
a_volume() {
	random_file data 2M
	run_csum 0 format -q --size="$2" "$1" && run_csum 0 write -q "$1" data || return 1
	cp "$1" ../damaged
	flip ../damaged 2097152
	run_csum 1 scrub -q --undo=u ../damaged
	rm ../damaged
}

# no_writer REGEX [OPTION...] VOLUME: each command that writes must refuse with 8 and REGEX, and change neither VOLUME
# nor the files in OPTIONs. u is an undo file, data a file to write.
no_writer() {
	local regex=$1 before
	shift
	before=$(digest ./*)
	must_fail 8 "$regex" scrub "$@" || return 1
	must_fail 8 "$regex" write -l 4096 "$@" data || return 1
	must_fail 8 "$regex" discard -o 0 -l 4096 "$@" || return 1
	must_fail 8 "$regex" undo "${@:1:$#-1}" u "${*: -1}" || return 1
	[ "$(digest ./*)" = "$before" ] || {
		echo "something has changed"
		return 1
	}
}
