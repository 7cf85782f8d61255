# SPDX-License-Identifier: GPL-2.0-or-later
#
# External volumes whose data others write, or that decay. For files that load common and places.

# on_disk S [OPTION...]: the volume of data and meta holds what the file old has, which is there.
on_disk() {
	S=$1
	truncate -s "$(stat -c %s old)" data
	run_csum 0 format -q -s "$S" -m meta --size=3M "${@:2}" "${loop:-data}"
	run_csum 0 write -q -m meta "${loop:-data}" old
	touch -r data ../written
}

# on_device S [OPTION...]: the same on a block device, in $loop.
on_device() {
	truncate -s "$(stat -c %s old)" data
	make_loop data
	on_disk "$@"
}

# Contents, as the file old: a file system, or 4 MiB that are none: random, then zeros, then text.
ext4_content() {
	truncate -s 8M old
	mke2fs -q -F -t ext4 -b 1024 -O metadata_csum old
	random_file file 2M
	debugfs -w -R "write file file" old 2>/dev/null
	# Others have their own copy of it, and of the next file.
	random_file photo 300K
}

raw_content() {
	random_file random 2M
	pattern text 1048576 text
	{ cat random; head -c 1M /dev/zero; cat text; } >old
}

# used FILE: a file more in the file system, as a mount that is used leaves it.
used() {
	debugfs -w -R "write photo photo" "$1" 2>/dev/null
	tune2fs -E mount_opts=used "$1" >../tune2fs
	sync "$1"
}

# decay COMMAND...: changes data, as decay of the disk does.
decay() {
	as_decay data "$@"
}

# scrubbed STATUS [OPTION...]: of the volume of data, on $loop where there is one, and meta.
scrubbed() {
	run_csum "$1" scrub -m meta "${@:2}" "${loop:-data}"
}

# same_disk: the data is what it was when the file theirs was made of it.
keep_theirs() { cp data theirs; }
same_disk() {
	[ -z "$loop" ] || sync "$loop"
	cmp data theirs
}
