# SPDX-License-Identifier: GPL-2.0-or-later
#
# External volumes whose data others write, or whose data decays. For files that load common and places.

# on_disk S [OPTION...]: makes a volume of data and meta with the content of the existing file old.
on_disk() {
	S=$1
	truncate -s "$(stat -c %s old)" data
	run_csum 0 format -q -s "$S" -m meta --size=3M "${@:2}" "${loop:-data}"
	run_csum 0 write -q -m meta "${loop:-data}" old
	touch -r data ../written
}

# on_device S [OPTION...]: makes it on a block device, in $loop.
on_device() {
	truncate -s "$(stat -c %s old)" data
	make_loop data
	on_disk "$@"
}

# Make the file old: a file system; or 4 MiB without one: random, then zeros, then text.
ext4_content() {
	truncate -s 8M old
	mke2fs -q -F -t ext4 -b 1024 -O metadata_csum old
	random_file file 2M
	debugfs -w -R "write file file" old 2>/dev/null
	# used() puts this file into the file system, as others would.
	random_file photo 300K
}

raw_content() {
	random_file random 2M
	pattern text 1048576 text
	{ cat random; head -c 1M /dev/zero; cat text; } >old
}

# used FILE: adds a file to the file system, and leaves it like a mount that was used.
used() {
	debugfs -w -R "write photo photo" "$1" 2>/dev/null
	tune2fs -E mount_opts=used "$1" >../tune2fs
	sync "$1"
}

# decay COMMAND...: changes data like decay of the disk.
decay() {
	as_decay data "$@"
}

# scrubbed STATUS [OPTION...]: scrubs the volume of meta and data, or of $loop where there is one.
scrubbed() {
	run_csum "$1" scrub -m meta "${@:2}" "${loop:-data}"
}

# same_disk: the data must be as when keep_theirs copied it to the file theirs.
keep_theirs() { cp data theirs; }
same_disk() {
	[ -z "$loop" ] || sync "$loop"
	cmp data theirs
}
