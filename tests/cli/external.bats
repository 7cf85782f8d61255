#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Volumes with their metadata on a device of its own.
# sanitize: yes

load common
load places
load process

setup() { common_setup; }
teardown() { common_teardown; }

uuid=01234567-89ab-cdef-0123-456789abcdef

# pair [OPTION...]: an external volume of data (8 MiB) and meta (2 MiB).
pair() {
	rm -f data meta
	truncate -s 8M data
	truncate -s 2M meta
	run_csum 0 format -q -m meta "$@" data
}

# refused REGEX COMMAND...: status 8, and none of the files that there are has changed.
refused() {
	local regex=$1 before
	shift
	before=$(digest ./*)
	must_fail 8 "$regex" "$@"
	[ "$(digest ./*)" = "$before" ]
}

@test "format leaves the data device alone" {
	truncate -s 8M data
	truncate -s 2M meta
	before=$(stat -c '%Y %Z %b' data)
	run_csum 0 format -s 4096 -m meta data
	no_other_warning
	[ "$(head -n 1 <<<"$stdout")" = 'format meta as metadata of data' ]
	out_has '^  data space +8388608 bytes \(8\.0 MiB\), 2048 sectors$'
	out_has '^  to write +1167360 bytes'
	[ "$(stat -c '%Y %Z %b' data)" = "$before" ]
	cmp -n $((8 << 20)) data /dev/zero
	[ "$(superblock get meta a incompat data_device_bytes device_bytes data_sectors | xargs)" = \
		'1 8388608 2097152 2048' ]
	run_csum 0 check -m meta data
	out_has '^2048 data sectors: 0 right, 2048 unwritten, 0 bad'
	out_has '10 imd sectors right'
}

@test "a read-only data device is enough for format" {
	truncate -s 8M data
	truncate -s 2M meta
	make_loop -r data
	run_csum 0 format -q -m meta "$loop"
	run_csum 0 check -m meta "$loop"
	must_fail 8 "^csumtool: $loop: the device is set to read-only" write -m meta "$loop" meta
}

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
			# At its own addresses.
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

@test "data that is not blank is refused, --force or --wipe takes it" {
	for content in ext4 bytes tail; do
		rm -f data meta
		truncate -s 40M data
		truncate -s 3M meta
		case $content in
		ext4)
			mke2fs -q -t ext4 data
			found='ext4 file system'
			;;
		bytes)
			poke data 10485760 55
			found='non-zero bytes at offset 10485760'
			;;
		tail)
			poke data 41943039 01
			found='non-zero bytes at offset 41943039'
			;;
		esac
		refused "^csumtool: data: is not blank: .*$found.*--force" format -m meta data
		refused "^csumtool: data: is not blank: .*$found.*--force" format -n --wipe -m meta data
		before=$(digest data)
		run_csum 0 format -q --force -m meta data
		[ "$(digest data)" = "$before" ]
		run_csum 0 read -q -m meta data output
		[ "$(tr -d '\0' <output | wc -c)" -eq 0 ]
		rm output
	done
}

@test "metadata that is not blank is refused" {
	truncate -s 8M data
	truncate -s 4M meta
	mke2fs -q -t ext2 meta
	refused '^csumtool: meta: is not blank: .*ext2 file system.*--force' format -m meta data
	run_csum 0 format -q --force -m meta data
	[ -z "$(blkid -p -o value meta)" ]
	refused '^csumtool: meta: is not blank: csumtool volume with UUID' format -m meta data
	rm meta
	vol meta -U $uuid
	refused "^csumtool: meta: is not blank: csumtool volume with UUID $uuid" format -m meta data
}

@test "an old internal volume on the data device is refused, --force or not" {
	truncate -s 2M meta
	vol data -U $uuid
	for force in "" --force; do
		refused "^csumtool: data: holds a volume of its own: csumtool volume with UUID $uuid.*--force with --wipe" \
			format ${force:+"$force"} -m meta data
	done
	refused 'data: ' format --wipe -m meta data
	# Whichever of its superblocks is left.
	poke data 0 00
	poke data 524288 00
	refused "^csumtool: data: holds a volume of its own: csumtool volume with UUID $uuid" format --force -m meta data
	run_csum 0 format -q --force --wipe -m meta data
	cmp -n $((4 << 20)) data /dev/zero
	must_fail 8 'not a csumtool volume' info data
}

@test "the remainder that is not covered is said, with -q too" {
	truncate -s $(((8 << 20) + 100)) data
	for q in "" -q; do
		truncate -s 0 meta
		truncate -s 2M meta
		run_csum 0 format ${q:+"$q"} -s 4096 -m meta data
		[ "$stderr" = "csumtool: warning: data: the last 100 bytes are less than a sector and will not be protected" ]
	done
	[ -z "$stdout" ]
	truncate -s 0 meta
	truncate -s 2M meta
	run_csum 0 format --json -n -s 4096 -m meta data
	[ "$(json plan .uncovered_bytes)" -eq 100 ]
	err_has 'the last 100 bytes are less than a sector'
	run_csum 0 format --json -s 512 -m meta data
	[ "$(json plan '[.uncovered_bytes, .data_sectors] | @csv')" = 100,16384 ]
	run_csum 0 check -q -m meta data
	# The same device is no remainder short later on.
	silent
}

@test "a data device of less than a sector" {
	truncate -s 4095 data
	truncate -s 2M meta
	refused '4095 bytes' format -s 4096 -m meta data
	run_csum 0 format -q -s 512 -m meta data
	run_csum 0 info -J -m meta data
	[ "$(json info .data_sectors)" -eq 7 ]
}

@test "a metadata device too small, and one just large enough" {
	truncate -s 8M data
	# 5 groups: 10 imd sectors between 1 MiB and the tail of 64 KiB.
	truncate -s $((1048576 + 10 * 4096 + 65536 - 4096)) meta
	refused '^csumtool: meta: 1150976 bytes are too small for the metadata of data \(8388608 bytes\)' \
		format -s 4096 -m meta data
	truncate -s $((1048576 + 10 * 4096 + 65536)) meta
	run_csum 0 format -q -s 4096 -m meta data
	run_csum 0 check -q -m meta data
	truncate -s 0 meta
	refused '^csumtool: meta: 0 bytes are too small' format -m meta data
}

@test "--size makes the metadata file" {
	truncate -s 8M data
	run_csum 0 format -q -s 4096 --size=2M -m meta data
	[ "$(stat -c %s meta)" -eq $((2 << 20)) ]
	run_csum 0 check -q -m meta data
	refused '^csumtool: meta: .*File exists' format --size=2M -m meta data
	refused '^csumtool: new: .* too small' format --size=1M -m new data
	[ ! -e new ]
	refused '^csumtool: none: cannot open' format --size=2M -m new none
	[ ! -e new ]
	run_csum 0 format -n --size=2M -m new data
	[ ! -e new ]
	poke data 0 01
	refused '^csumtool: data: is not blank' format --size=2M -m new data
	[ ! -e new ]
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
	# A sector that is there in part is there no more.
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
	mke2fs -q -t ext4 -U $uuid data
	run_csum 0 format -q --force -m meta data
	run_csum 0 info -m meta data
	[ -z "$stderr" ]
	out_has "^formatted for +UUID=$uuid\$"
	run_csum 0 info -J -m meta data
	[ "$(json info .data_identity)" = "UUID=$uuid" ]
	rm data
	truncate -s 8M data
	run_csum 0 info -m meta data
	# What there is nothing of says nothing.
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

@test "--wipe zeros both devices" {
	export SOURCE_DATE_EPOCH=1700000000
	for s in 512 4096; do
		pair -s $s -U $uuid
		mv meta clean
		filled_file data 8M 377
		filled_file meta 2M 377
		run_csum 0 format -s $s -U $uuid --force --wipe -m meta data
		out_has '^  to write +1[0-9]{7} bytes .*: zeros everywhere, too'
		cmp clean meta
		cmp -n $((8 << 20)) data /dev/zero
	done
}

@test "--wipe with a data device that cannot be written" {
	truncate -s 8M disk
	truncate -s 2M meta
	make_loop -r disk
	refused "^csumtool: $loop: the device is set to read-only" format --wipe -m meta "$loop"
}

@test "sector size: that of the data device" {
	truncate -s 8M disk
	truncate -s 2M meta
	make_loop --sector-size 4096 disk
	[ "$(blockdev --getss "$loop")" -eq 4096 ] || skip "losetup --sector-size has no effect"
	data=$loop
	run_csum 0 format -q -m meta "$data"
	[ "$(superblock get meta a sector_size physical | xargs)" = '4096 4096' ]
	must_fail 8 "^csumtool: $data: sectors of 512 bytes are below the device's logical sectors of 4096" \
		format --force -s 512 -m meta "$data"
	# The metadata device has a say, too.
	truncate -s 2M disk2
	truncate -s 8M plain
	make_loop --sector-size 4096 disk2
	must_fail 8 "^csumtool: $loop: sectors of 512 bytes are below the device's logical sectors of 4096" \
		format -s 512 -m "$loop" plain
	make_loop --sector-size 512 plain
	run_csum 0 format -q -s 4096 -m "$data" -f "$loop"
	random_file input 1M
	run_csum 0 write -q -m "$data" "$loop" input
	run_csum 0 check -q -m "$data" "$loop"
	run_csum 0 read -q -m "$data" -l 1M "$loop" output
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

@test "interrupted: the metadata file it made is removed, the data is not" {
	truncate -s 8M data
	fault_device data
	fault "write hold 3000000 4096 1"
	start format --wipe -q --size=2M -m meta "$device"
	comes_to held
	[ -e meta ]
	interrupt INT
	ends 32
	[ ! -e meta ]
	[ "$(stat -c %s data)" -eq $((8 << 20)) ]
}
