#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Volumes with their metadata on a device of its own, after format.
# sanitize: yes

load common
load places
load external

setup() { common_setup; }
teardown() { common_teardown; }

@test "write, check, read, discard" {
	random_file input 3000001
	for s in 512 4096; do
		for k in 1 3 32; do
			pair -s $s -K $k
			run_csum 0 write -q -o 1000 -m meta data input
			run_csum 0 check -q -m meta data
			silent
			rm -f output
			run_csum 0 read -q -o 1000 -l 3000001 -m meta data output
			cmp input output
			# The data lies at its own addresses on the data device.
			cmp -n 3000001 input <(tail -c +1001 data)
			[ "$(head -c 1000 data | tr -d '\0' | wc -c)" -eq 0 ]
			run_csum 0 discard -q -o 0 -l 1M -m meta data
			run_csum 0 read -q -l 1M -m meta data zeros
			cmp zeros <(head -c 1M /dev/zero)
			rm zeros
			run_csum 0 check -q -m meta data
		done
	done
}

@test "the last sector, and past it" {
	pair -s 4096
	random_file input 4096
	run_csum 0 write -q -o $(((8 << 20) - 4096)) -m meta data input
	cmp input <(tail -c 4096 data)
	refused 'do not fit|past the end' write -o $(((8 << 20) - 4095)) -m meta data input
	run_csum 0 check -q -m meta data
	[ "$(stat -c %s data)" -eq $((8 << 20)) ]
}

@test "damage is found on the right device" {
	pair -s 4096
	random_file input 1M
	run_csum 0 write -q -m meta data input
	as_decay data flip data 500000
	run_csum 4 check -m meta data
	out_has '^mismatch: data sector 122 .*data offset 499712'
	run_csum 4 read -q -m meta data output
	as_decay data flip data 500000
	flip meta 1048676
	run_csum 4 check -m meta data
	out_has '^imd-bad: copy 0 of group 0 .*meta offset 1048576'
	run_csum 0 read -q -l 1M -m meta data output2
	cmp input output2
}

@test "one file as both: by the same path, a hard link, a symbolic link" {
	truncate -s 4M data
	ln data hard
	ln -s data symbolic
	for other in data hard symbolic ./data "$PWD/data"; do
		refused "^csumtool: ($other|data): .*(is the data device itself|shares its bytes|given twice)" \
			format -m "$other" data
		refused "^csumtool: ($other|data): .*(is the data device itself|shares its bytes|given twice)" \
			format --wipe --force -m "$other" data
		for command in info check read dump-imd; do
			refused "^csumtool: ($other|data): .*is the data device itself" $command -m "$other" data
		done
		refused "^csumtool: ($other|data): .*(is the data device itself|given twice)" write -m "$other" data symbolic
		refused "^csumtool: ($other|data): .*(is the data device itself|given twice)" \
			discard -o 0 -l 1 -m "$other" data
	done
	refused 'is the data device itself|given twice' write --wait -m hard data symbolic
}

@test "a loop device over the file that is the other one" {
	truncate -s 4M data
	make_loop data
	refused "^csumtool: " format -m data "$loop"
	refused "^csumtool: " format -m "$loop" data
	refused "^csumtool: .*(is the data device itself|shares its bytes)" info -f -m data "$loop"
	refused "^csumtool: .*(is the data device itself|shares its bytes)" info -f -m "$loop" data
}

@test "swapped" {
	pair -L swapped
	random_file input 1M
	run_csum 0 write -q -m meta data input
	for command in info check read; do
		refused '^csumtool: data: (not a csumtool volume|.*swapped)' $command -m data meta
	done
	refused '^csumtool: data: (not a csumtool volume|.*swapped)' write -m data meta input
	refused '^csumtool: data: (not a csumtool volume|.*swapped)' discard -o 0 -l 1M -m data meta
}

@test "the metadata of an internal volume" {
	truncate -s 4M data
	vol meta
	for command in info check read; do
		refused '^csumtool: meta: holds a volume with data and metadata on one device: name it without --metadata' \
			$command -m meta data
	done
	refused '^csumtool: meta: holds a volume with data and metadata on one device' write -m meta data meta
}

@test "data named without its metadata, and metadata named alone" {
	pair
	for command in info check read; do
		refused '^csumtool: data: not a csumtool volume' $command data
		refused '^csumtool: meta: holds the metadata of an external volume: .*--metadata' $command meta
	done
	refused '^csumtool: data: not a csumtool volume' write data meta
	refused '^csumtool: meta: holds the metadata of an external volume' write meta data
	refused '^csumtool: meta: holds the metadata of an external volume' discard -o 0 -l 1 meta
}

@test "something missing" {
	pair
	for command in info check read; do
		refused '^csumtool: none: cannot open: No such file or directory' $command -m meta none
		refused '^csumtool: none: cannot open: No such file or directory' $command -m none data
	done
	refused '^csumtool: none: cannot open: No such file' write -m none data meta
	refused '^csumtool: none: cannot open: No such file' format -m none data
	refused '^csumtool: none: cannot open: No such file' format -m meta none
	mkdir dir
	refused '^csumtool: dir: is a directory' info -m dir data
	refused '^csumtool: /dev/null: is a character device' info -m /dev/null data
	refused '^csumtool: PARTUUID=none: no device with this tag' info -m PARTUUID=none data
}

@test "a data device smaller than recorded: warned for reading, refused for writing" {
	pair -s 4096
	random_file input 8M
	run_csum 0 write -q -m meta data input
	truncate -s 7M data
	warning='^csumtool: warning: data: 7340032 bytes, but the volume was made on 8388608: cut short'
	for command in info read; do
		if [ $command = read ]; then
			run_csum 0 read -l 7M -m meta data output
			cmp -n $((7 << 20)) input output
		else
			run_csum 0 $command -m meta data
		fi
		err_has "$warning"
	done
	run_csum 4 check -m meta data
	err_has "$warning"
	out_has 'data sectors 1792-2047 .*data offset 7340032: beyond the end of the device'
	refused '^csumtool: data: 7340032 bytes, but the volume was made on 8388608: .*refused for writing' \
		write -m meta data input
	refused '^csumtool: data: 7340032 bytes, but the volume was made on 8388608: .*refused for writing' \
		discard -o 0 -l 4096 -m meta data
	# A sector that is cut in the middle cannot be read.
	truncate -s $(((1 << 20) - 1)) data
	run_csum 4 read -q -l 1M -m meta data output2
	[ ! -e output2 ] || [ "$(stat -c %s output2)" -eq $(((1 << 20) - 4096)) ]
}

@test "a data device larger than recorded is used as recorded" {
	pair -s 4096
	truncate -s 9M data
	random_file input 8M
	run_csum 0 write -q -m meta data input
	run_csum 0 check -q -m meta data
	silent
	run_csum 0 read -q -m meta data output
	cmp input output
	refused 'past the end|do not fit' write -o 8M -m meta data input
	[ "$(tail -c 1048576 data | tr -d '\0' | wc -c)" -eq 0 ]
	run_csum 0 info -v -m meta data
	err_has '^csumtool: note: data: 9437184 bytes, of which the volume uses 8388608 as recorded'
}

@test "a metadata device smaller than recorded" {
	pair -s 4096
	truncate -s 1500000 meta
	run_csum 0 info -m meta data
	err_has '^csumtool: warning: meta: 1500000 bytes, but the volume was made on 2097152'
	random_file input 4096
	refused '^csumtool: meta: 1500000 bytes, .*refused for writing' write -m meta data input
}

@test "the metadata of another volume" {
	pair
	random_file input 1M
	run_csum 0 write -q -m meta data input
	truncate -s 8M other
	run_csum 4 check -m meta other
	out_has '^zeroed: data sectors 0-'
	run_csum 4 read -q -m meta other output
	truncate -s 4M small
	refused 'refused for writing' write -m meta small input
}

@test "a data device of another identity is worth a warning, and refused for writing" {
	truncate -s 8M data
	truncate -s 2M meta
	mke2fs -q -t ext4 -U "$uuid" data
	run_csum 0 format -q --force -m meta data
	run_csum 0 info -m meta data
	[ -z "$stderr" ]
	out_has "^formatted for +UUID=$uuid\$"
	run_csum 0 info -J -m meta data
	[ "$(json info .data_identity)" = "UUID=$uuid" ]
	rm data
	truncate -s 8M data
	run_csum 0 info -m meta data
	# A device without a signature causes no message.
	[ -z "$stderr" ]
	mke2fs -q -t ext4 -U 11111111-89ab-cdef-0123-456789abcdef data
	for command in info check read; do
		run_csum 0 $command -q -m meta data
		err_has "^csumtool: warning: data: is identified by \"UUID=11111111-89ab-cdef-0123-456789abcdef\", but the\
 metadata was made for \"UUID=$uuid\": perhaps not the data of this volume"
	done
	random_file input 4096
	refused "^csumtool: data: is identified by \"UUID=1.*made for \"UUID=$uuid\": .*--allow=identity" \
		write -o 1M -m meta data input
	refused '^csumtool: data: is identified by .*--allow=identity' discard -o 0 -l 4096 -m meta data
	refused '^csumtool: data: is identified by .*--allow=identity' scrub -m meta data
	run_csum 0 write -q --allow=identity -o 1M -m meta data input
	run_csum 0 read -q -o 1M -l 4096 -m meta data output
	cmp input output
}

@test "metadata on a device with larger sectors than the volume's: refused for writing" {
	truncate -s 8M data
	truncate -s 2M meta
	run_csum 0 format -q -s 512 -m meta data
	make_loop --sector-size 4096 meta
	[ "$(blockdev --getss "$loop")" -eq 4096 ] || skip "losetup --sector-size has no effect"
	random_file input 4096
	must_fail 8 "^csumtool: $loop: sectors of the volume \(512 bytes\) are smaller than the device's logical" \
		write -m "$loop" data input
	run_csum 0 check -m "$loop" data
}
