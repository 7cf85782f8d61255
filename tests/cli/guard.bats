#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes of others to the data device of an external volume are not taken for decay.
# sanitize: yes

load common
load places
load scrub
load guard

setup() {
	common_setup
	export STATE_DIRECTORY=$BATS_TEST_TMPDIR/state
}
teardown() { common_teardown; }

# reason_first REGEX VOLUME [METADATA]: of an external volume, the reason must come once, before the first finding, and
# one piece of advice on it, after the last.
reason_first() {
	local said
	"$CSUMTOOL" scrub -n -m "${3:-meta}" "$2" >../said 2>&1 || :
	said=$(grep -nE "$1|^rewritten: |scrub --allow=rewritten" ../said | sed -E 's/^([0-9]+):.*(rewritten: data).*/finding/
		s/^[0-9]+:.*--allow=rewritten.*/advice/
		s/^[0-9]+:.*/reason/' | uniq | xargs)
	[ "$said" = "reason finding advice" ] && return
	echo "in this order: $said"
	cat ../said
	return 1
}

not_attached() { ! losetup -j "$1" | grep -q .; }

@test "A2: a photo on the data disk, mounted read-write once" {
	truncate -s 32M disk.raw fs.raw
	mkfs.ext4 -q fs.raw
	run_csum 0 format -q -m imd.img --size=4M disk.raw
	run_csum 0 write -q -m imd.img disk.raw fs.raw
	make_mount -o loop disk.raw mnt
	head -c 300K /dev/urandom >mnt/photo.jpg
	cp mnt/photo.jpg photo.jpg
	umount mnt
	wait_for not_attached disk.raw
	cp disk.raw theirs.raw

	run_csum 4 scrub -m imd.img disk.raw
	cmp disk.raw theirs.raw
	out_has '^rewritten: data sector'
	out_lacks '^(mismatch|zeroed|stale|misplaced): '
	out_lacks 'healed'
	reason_first 'ext4 at 0 was mounted' disk.raw imd.img
	# A copy of the data is no remedy, so it is not advised.
	out_lacks 'give a good copy'
	for option in --from=fs.raw --heal=none --heal=bits --heal=elsewhere --dry-run; do
		run_csum 4 scrub -q -m imd.img $option disk.raw
		cmp disk.raw theirs.raw
	done
	# The files of others are all there.
	make_mount -o loop,ro disk.raw mnt
	cmp mnt/photo.jpg photo.jpg
}

@test "A2: the same on a block device, at both sizes of a sector, -J" {
	ext4_content
	for s in 512 4096; do
		rm -f data meta
		on_device $s
		used "$loop"
		keep_theirs
		scrubbed 4
		same_disk
		reason_first 'ext4 at 0 was (mounted|written)' "$loop"
		run_csum 4 scrub -J --from=old -m meta "$loop"
		same_disk
		[ "$(json finding 'select(.subject == "data") | .kind' | sort -u)" = rewritten ]
		[ "$(json finding 'select(.subject == "data") | .disposition' | sort -u)" = left ]
		[ -z "$(json finding 'select(.subject == "data") | .class' | sed -E '/^(dead|near|blank|known|new)$/d')" ]
		[ "$(json summary .verdict)" = rewritten ]
		[ "$(json summary '.reason | contains("ext4 at 0 was ")')" = true ]
		detach "$loop"
	done
}

@test "A2: held until the recorded content is back, or nothing is wrong" {
	ext4_content
	on_disk 512
	used data
	scrubbed 4 -q
	# The superblock is again as recorded, and so is the time: alone these would be witnesses for decay.
	piece old 1024 1024 >superblock
	put data 1024 superblock
	sync data
	touch -r ../written data
	keep_theirs
	for option in -q --from=old; do
		scrubbed 4 $option
		same_disk
		out_lacks 'healed'
	done
	# A scrub of a part with --allow does not end the hold.
	scrubbed 1 -q -o 0 -l 64K --allow=rewritten --from=old
	decay true
	keep_theirs
	scrubbed 4 -q --from=old
	same_disk
	scrubbed 1 -q --allow=rewritten --from=old
	cmp data old
	scrubbed 0
	# From now on decay counts as decay again.
	decay flip data 3000000
	scrubbed 1 -q
	cmp data old
}

@test "A2: --force is --allow=rewritten, too" {
	ext4_content
	on_disk 512
	used data
	scrubbed 4 -q --from=old
	scrubbed 1 -q --from=old -f
	cmp data old
	scrubbed 0 -q
	silent
}

@test "A2: a dry run says what a scrub says" {
	ext4_content
	on_disk 512
	cp meta meta.written
	decay flip data 2000000
	decay garbage data 3000320 512
	keep_theirs
	scrubbed 4 -J -n --from=old
	same_disk
	cmp meta meta.written
	json finding 'del(.disposition)' | jq -S . >../said
	scrubbed 1 -J --from=old
	json finding 'del(.disposition)' | jq -S . | diff ../said -
	cmp data old
	used data
	keep_theirs
	scrubbed 4 -J -n --from=old
	json finding . | jq -S . >../said
	scrubbed 4 -J --from=old
	json finding . | jq -S . | diff ../said -
	same_disk
}

@test "A2: write, discard and undo are refused, and let in by the word that the message names" {
	ext4_content
	on_disk 512
	decay flip data 2000000
	scrubbed 1 -q --undo=kept
	used data
	keep_theirs
	cp meta meta.before
	pattern input 4096 input
	for command in "write -o 4M -l 4K -m meta data input" "discard -o 4M -l 4K -m meta data" "undo -m meta kept data"; do
		# shellcheck disable=SC2086
		must_fail 8 '^csumtool: data: .*ext4 at 0 was .*--allow=rewritten' $command
		same_disk
		cmp meta meta.before
	done
	# Other words of --allow do not help.
	must_fail 8 '--allow=rewritten' write --allow=foreign,identity,unread -o 4M -l 4K -m meta data input
	run_csum 0 write -q --allow=rewritten -o 4M -l 4K -m meta data input
	run_csum 0 discard -q -f -o 4M -l 4K -m meta data
	run_csum 0 undo -q --allow=rewritten -m meta kept data
	# The write has changed nothing else, and the rest still belongs to others.
	flip theirs 2000000
	cmp -n $((4 << 20)) data theirs
	scrubbed 4 -q --from=old
	cmp -n $((4 << 20)) data theirs
}

@test "A2: a write after a mount does not launder it" {
	ext4_content
	on_disk 512
	used data
	pattern input 4096 input
	run_csum 0 write -q --allow=rewritten -o 7M -m meta data input
	# The recorded time is not that of this write.
	keep_theirs
	scrubbed 4 -q --from=old
	same_disk
}

@test "A2: --heal=none changes no data sector, by no means" {
	ext4_content
	on_disk 512
	decay flip data 2000000
	decay garbage data 3000320 512
	keep_theirs
	scrubbed 4 --heal=none
	same_disk
	scrubbed 4 --heal=none --from=old
	same_disk
	scrubbed 4 --heal=none --from=old --allow=rewritten
	same_disk
	out_lacks 'healed'
	# Metadata is repaired all the same.
	flip meta $((1048576 + 600))
	scrubbed 5 --heal=none --from=old
	same_disk
	out_has '^imd-bad: .*; rewritten '
}

@test "A2: --heal=none of an internal volume" {
	full_volume
	flip v "$(data_at 10)"
	garbage v "$(data_at 20)" 512
	cp v before
	run_csum 4 scrub -q --heal=none --from=in v
	cmp -s -i 1048576 v before
	run_csum 4 check v
	out_has '^v: 2 errors: 2 mismatch$'
}

@test "A2: --heal=LIST" {
	ext4_content
	on_disk 512
	# One sector with a few wrong bits, two that hold each other's content, and one that only the replica has.
	at=$((2 << 20))
	decay flip data $at
	piece old $((at + 8192)) 512 >one
	piece old $((at + 16384)) 512 >other
	decay put data $((at + 8192)) other
	decay put data $((at + 16384)) one
	decay garbage data $((at + 32768)) 512
	cp data damaged
	cp meta meta.damaged
	for case in bits:1:5 elsewhere:2:5 elsewhere,bits:3:5 replica:4:1 replica,bits:4:1; do
		IFS=: read -r list healed expected <<<"$case"
		cp damaged data
		cp meta.damaged meta
		touch -r ../written data
		run_csum "$expected" scrub -J "--heal=$list" --from=old -m meta data
		[ "$(json finding 'select(.disposition == "repaired") | .sector_count' | jq -s 'add // 0')" -eq "$healed" ]
	done
	must_fail 16 'none' scrub --heal=none,bits -m meta data
}

@test "A2: every repair has an undo file, and nothing else has" {
	ext4_content
	on_disk 512
	decay flip data 2000000
	cp data damaged
	run_csum 1 scrub -q --undo-dir=undo -m meta data
	cmp data old
	[ "$(stat -c %a undo)" = 700 ]
	[ "$(find undo -type f | wc -l)" -eq 1 ]
	[ "$(stat -c %a undo/*)" = 600 ]
	run_csum 0 undo -q -m meta undo/* data
	cmp data damaged
	decay true
	run_csum 1 scrub -q -m meta data
	cmp data old
	[ "$(find "$STATE_DIRECTORY/undo" -type f | wc -l)" -eq 1 ]
	used data
	run_csum 4 scrub -q --from=old --undo-dir=other -m meta data
	[ ! -e other ] || [ -z "$(find other -type f)" ]
	run_csum 1 scrub -q --from=old --allow=rewritten --undo-dir=other -m meta data
	[ "$(find other -type f | wc -l)" -eq 1 ]
}

@test "A2: no undo file, no repair" {
	ext4_content
	on_disk 512
	decay flip data 2000000
	keep_theirs
	echo "in the way" >undo
	"$CSUMTOOL" scrub -q --undo-dir=undo -m meta data >../said 2>&1 || status=$?
	[ $((status & 5)) -eq 4 ]
	same_disk
	grep -q '^csumtool: .*undo' ../said
	run_csum 1 scrub -q --no-undo -m meta data
	cmp data old
}
