#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Healing by the witnesses for decay: the file's time, a mount record, nothing.

load common
load places
load scrub
load guard

setup() {
	common_setup
	export STATE_DIRECTORY=$BATS_TEST_TMPDIR/state
}
teardown() { common_teardown; }

# full_at N: prints the offset of a sector of 512 bytes in the middle of a file in the file system; each N gives another
# one.
full_at() {
	local from
	from=$(debugfs -R "blocks file" old 2>/dev/null | tr ' ' '\n' | grep -E '^[0-9]+$' | sed -n 500p)
	echo $((from * 1024 + $1 * 512))
}

@test "A2: a file with the time of our last close: all of it is decay" {
	for content in ext4 raw; do
		rm -f data meta old
		${content}_content
		on_disk 512
		decay garbage data 600064 512
		decay flip data 700000
		decay zeros data 1000448 2048
		# Garbage in place of the superblock is no superblock of others.
		decay garbage data 1024 512
		scrubbed 1 -q --from=old
		cmp data old
	done
}

@test "A2: garbage in a FAT is no mount" {
	truncate -s 16M old
	mkfs.vfat -F 16 old >../mkfs
	random_file photo 1M
	put old 8M photo
	on_disk 512
	decay garbage data 4096 1536
	decay flip data 8400000
	scrubbed 1 -q --from=old
	cmp data old
}

@test "A2: a file with another time, under a mount record: all but new content" {
	ext4_content
	on_disk 512
	flip data "$(full_at 0)"
	zeros data "$(full_at 3)" 512
	move data "$(full_at 10)" "$(full_at 6)" 512
	sync data
	scrubbed 1 -q --from=old
	cmp data old
	garbage data "$(full_at 20)" 512
	flip data "$(full_at 24)"
	cp data theirs
	scrubbed 5 --from=old
	flip theirs "$(full_at 24)"
	same_disk
	out_has '^rewritten: .*; left'
}

@test "A2: a file with another time, under no mount record: nothing" {
	raw_content
	on_disk 512
	flip data 600000
	sync data
	keep_theirs
	scrubbed 4 --from=old
	same_disk
	err_has "the file's time"
	# A copy that has the same time counts as the same file.
	cp -p data copy
	touch -r ../written copy
	run_csum 1 scrub -q --from=old -m meta copy
	cmp copy old
}

@test "A2: a block device, under a mount record: all of it, but new content over blank sectors" {
	ext4_content
	on_device 512
	flip "$loop" "$(full_at 0)"
	garbage "$loop" "$(full_at 10)" 512
	scrubbed 1 -q --from=old
	sync "$loop"
	cmp data old
	# The last block of the file system is free, and zeros.
	garbage "$loop" $(((8 << 20) - 2048)) 512
	sync "$loop"
	keep_theirs
	scrubbed 4 -q
	same_disk
	scrubbed 1 -q --from=old
	sync "$loop"
	cmp data old
}

@test "A2: a block device, under no record: what has decayed beyond doubt, if that is all there is" {
	raw_content
	on_device 512
	flip "$loop" 600000
	zeros "$loop" 700416 1024
	move "$loop" 800256 900096 512
	# A scrub of a part heals nothing: all data must have been read.
	sync "$loop"
	keep_theirs
	scrubbed 4 -q --from=old -o 0 -l 1M
	same_disk
	scrubbed 1 -q --from=old
	sync "$loop"
	cmp data old
	flip "$loop" 600000
	garbage "$loop" 3000320 512
	sync "$loop"
	keep_theirs
	scrubbed 4 --from=old
	same_disk
	err_has 'undecided'
	# Still held: the new sector being gone does not prove that the rest is decay.
	piece old 3000320 512 >sector
	put "$loop" 3000320 sector
	sync "$loop"
	keep_theirs
	scrubbed 4 -q --from=old
	same_disk
	scrubbed 1 -q --from=old --allow=rewritten
	sync "$loop"
	cmp data old
}

@test "A2: unreadable sectors where signatures are looked for do not keep the rest from being healed" {
	ext4_content
	on_disk 512
	fault_device data
	# One sector lies behind the superblock, and one in the file.
	fault "worn 66048 512" "worn $(full_at 4) 512"
	flip data "$(full_at 8)"
	sync data
	run_csum 1 scrub -q --from=old -m meta "$device"
	cmp data old
	run_csum 0 scrub -q -m meta "$device"
	silent
}

@test "A2: a signature that is gone was taken away" {
	truncate -s 16M old
	mkfs.vfat -F 16 old >../mkfs
	random_file photo 1M
	put old 8M photo
	on_device 512
	wipefs -qa "$loop"
	flip "$loop" 8400000
	sync "$loop"
	cp data theirs
	scrubbed 4 -q --from=old
	cmp -n $((8 << 20)) data theirs
}

@test "A2: something else over it" {
	ext4_content
	for tool in "mkswap -q" "mke2fs -q -F -t ext4 -b 1024 -E nodiscard" "wipefs -qa" "mkfs.vfat" "sfdisk -q"; do
		command -v "${tool%% *}" >/dev/null || continue
		rm -f data meta
		on_device 512
		# shellcheck disable=SC2086
		$tool "$loop" <<<$'label: gpt\nstart=2048\n' >../tool 2>&1
		sync "$loop"
		keep_theirs
		cp meta meta.before
		for options in "" --from=old; do
			"$CSUMTOOL" scrub -q ${options:+$options} -m meta "$loop" >../said 2>&1 || status=$?
			# A scrub leaves it, or refuses.
			[ $((status & 12)) -ne 0 ]
			same_disk
			cp meta.before meta
		done
		detach "$loop"
	done
}

@test "A2: exclusive: nobody else writes, but who mounts it is seen all the same" {
	raw_content
	on_device 512 --exclusive
	garbage "$loop" 3000320 512
	scrubbed 1 -q --from=old
	sync "$loop"
	cmp data old
	detach "$loop"
	rm -f data meta old
	ext4_content
	on_device 512 --exclusive
	used "$loop"
	sync "$loop"
	keep_theirs
	scrubbed 4 -q --from=old
	same_disk
}

# at_once DIRECTORY: makes a volume there, and changes a byte as fast as a script can; scrub must leave it.
at_once() (
	cd "$1" || return
	rm -f data meta
	truncate -s 4M data
	"$CSUMTOOL" format -q -s 512 -m meta --size=2M data
	"$CSUMTOOL" write -q -m meta data old
	printf x | dd of=data bs=1 seek=600000 conv=notrunc status=none
	cp data ../theirs
	"$CSUMTOOL" scrub -q --from=old -m meta data >../said 2>&1 || :
	cmp data ../theirs
)

@test "A2: a write right after ours is not hidden by a coarse clock" {
	truncate -s 12M fs
	mke2fs -q -F -t ext2 -I 128 fs
	make_mount -o loop fs mnt
	raw_content
	cp old mnt/old
	# Six tries, as the clock may just have ticked.
	for _ in 1 2 3 4 5 6; do
		at_once mnt
	done
	umount mnt
}
