#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Superblocks that must be refused, and others that must be accepted: a clear message, status 8, and nothing written.
# sanitize: yes

load common
load guards
setup() { common_setup; }
teardown() { common_teardown; }

# Fields to change, and the message for each.
refusals() {
	cat <<-'END'
		major=2|format version 2\.0 is not supported
		major=0|format version 0\.0 is not supported
		incompat=2|unknown incompat feature bits 0x2$
		incompat=0x80000000|unknown incompat feature bits 0x80000000$
		sector_size=3|sector size 3 is neither 512 nor 4096
		sector_size=0|sector size 0 is neither
		sector_size=1024|sector size 1024 is neither
		sector_size=0x80000000|sector size 2147483648 is neither
		checksum_type=0|unknown checksum type 0
		checksum_type=4|unknown checksum type 4
		checksum_type=9|unknown checksum type 9
		interleave=0|interleave 0 is not within 1 \.\.\. 65536
		interleave=65537|interleave 65537 is not within
		interleave=0xffffffff|interleave 4294967295 is not within
		data_sectors=747|747 data sectors are recorded, but the device sizes give 748
		data_sectors=749|749 data sectors are recorded
		data_sectors=0|0 data sectors are recorded
		data_sectors=0xffffffffffffffff|18446744073709551615 data sectors are recorded
		device_bytes=8388608|748 data sectors are recorded, but the device sizes give
		device_bytes=0|recorded device sizes of 0 and 0 bytes
		device_bytes=0xffffffffffffffff|recorded device sizes of 18446744073709551615
		device_bytes=0x8000000000000000|recorded device sizes of 9223372036854775808
		data_device_bytes=4096|internal layout, but a data device of 4096 bytes is recorded
		incompat=1|recorded device sizes of 4194304 and 0 bytes
		incompat=1 data_device_bytes=4096000|748 data sectors are recorded, but the device sizes give 1000
		journal_offset=4096|journal at 4096 .* not where version 1\.0 has them
		journal_offset=0xffffffffffffffff|journal at 18446744073709551615 .* not where
		journal_size=4096|journal at 65536 \(4096 bytes\).* not where
		journal_size=0xffffffffffff|not where version 1\.0 has them
		clusters_offset=524288|clusters at 524288 are not where
		clusters_offset=0|clusters at 0 are not where
		state=7|unknown state 7
		state=0xffffffff|unknown state 4294967295
		state=1 intent_first=3|intent \(groups from 3, 0 of them\) goes past the last of 2 groups
		state=1 intent_first=2 intent_count=1|intent .* goes past the last of 2 groups
		state=1 intent_first=0 intent_count=3|intent .* goes past the last of 2 groups
		state=1 intent_first=1 intent_count=0xffffffffffffffff|intent .* goes past
		state=1 intent_first=0xffffffffffffffff intent_count=1|intent .* goes past
		state=1 intent_first=0x8000000000000001 intent_count=0x8000000000000000|intent .* goes past
	END
}

# refused_superblocks BY SLOTS SLOT: makes each change in these slots of a copy of whole; SLOT is the one in force.
refused_superblocks() {
	local by=$1 slots=$2 in_force=$3 changes regex rows=0
	while IFS='|' read -r changes regex; do
		echo "$changes"
		cp whole vol
		# shellcheck disable=SC2086 # several
		superblock set vol "$slots" $changes
		"$by" "^csumtool: vol: .*superblock $in_force: .*$regex" vol || return 1
		rows=$((rows + 1))
	done < <(refusals)
	[ "$rows" -ge 38 ]
}

@test "a superblock that must be refused, in both slots" {
	random_input
	vol whole -s 4096
	refused_superblocks refused_by_all ab A
}

@test "a superblock that must be refused, in the slot in force only: the other is not used instead" {
	random_input
	vol whole -s 4096
	superblock set whole a generation=4
	refused_superblocks refused_by_two a A
	superblock set whole b generation=7
	refused_superblocks refused_by_two b B
}

@test "a superblock that must be refused, in the other slot only: it does not matter" {
	random_input
	vol whole -s 4096
	while IFS='|' read -r changes _; do
		cp whole vol
		# shellcheck disable=SC2086 # several
		superblock set vol b $changes
		run_csum 0 info -q vol
		run_csum 0 read -q vol output
		rm output
		run_csum 0 write -q vol input
		run_csum 0 check -q vol
	done < <(refusals | sed -n '1p;3p;5p;15p;26p;32p;35p')
}

@test "a superblock that must be refused, in the backup only left" {
	random_input
	vol whole
	poke whole 0 00
	poke whole 524288 00
	while IFS='|' read -r changes regex; do
		cp whole vol
		# shellcheck disable=SC2086 # several
		superblock set vol c $changes
		refused_by_two "^csumtool: vol: .*(superblock C: .*$regex|not a csumtool volume)" vol
	done < <(refusals | grep -v '^state')
}

@test "only the backup is left: readers go on, writers are told what helps" {
	random_input
	vol vol
	run_csum 0 write -q vol input
	poke vol 0 00
	poke vol 524288 00
	before=$(digest vol)
	run_csum 0 info -q vol
	run_csum 0 read -q -l 4096 vol output
	cmp input output
	run_csum 4 check vol
	for command in "write vol input" "discard -o 0 -l 1 vol"; do
		# shellcheck disable=SC2086 # words
		must_fail 4 '^csumtool: vol: superblocks A and B are both invalid; .*scrub' $command
	done
	[ "$(digest vol)" = "$before" ]
}

@test "an unknown ro_compat feature allows reading only" {
	random_input
	vol vol
	run_csum 0 write -q vol input
	superblock set vol abc ro_compat=0x80000004
	before=$(digest vol)
	run_csum 0 info -q vol
	run_csum 0 check -q vol
	silent
	run_csum 0 read -q -l 4096 vol output
	cmp input output
	each_writer '^csumtool: vol: unknown ro_compat feature bits 0x80000004 allow reading only$' vol
	# Not even recovery, or rewriting a slot, is allowed.
	superblock set vol ab state=1 intent_first=0 intent_count=1
	flip vol 524300
	before=$(digest vol)
	each_writer '^csumtool: vol: unknown ro_compat feature bits' vol
	[ "$(digest vol)" = "$before" ]
}

@test "unknown compat features, a later minor version, reserved bytes: used, and kept" {
	random_input
	vol vol
	superblock set vol abc compat=0x80000001 minor=9 reserved=0102030405060708
	run_csum 0 write -q vol input
	run_csum 0 check -q vol
	silent
	for slot in a b c; do
		[ "$(superblock get vol $slot compat minor reserved | xargs)" = '2147483649 9 0102030405060708' ]
	done
}

@test "a label that is not terminated, or no UTF-8, is no reason to refuse" {
	random_input
	vol vol
	superblock set vol abc "label=$(printf 'ff%.0s' {1..32})"
	run_csum 0 info vol
	out_has '^label +(\\xff){32}$'
	run_csum 0 write -q vol input
	run_csum 0 check -q vol
	silent
}

@test "an identity of the data device that is not terminated" {
	truncate -s 4M data
	truncate -s 2M meta
	mke2fs -q -t ext4 data
	run_csum 0 format -q --force -m meta data
	superblock set meta abc "identity=$(printf 'UUID=%s' "$(printf 'a%.0s' {1..59})" | xxd -p -c 64)"
	run_csum 0 info -m meta data
	out_has '^formatted for +UUID=a{59}$'
	err_has 'the metadata was made for "UUID=a{59}"'
	superblock set meta abc "identity=$(printf '61%.0s' {1..64})"
	run_csum 0 info -m meta data
	out_has '^formatted for +a{64}$'
	[ -z "$stderr" ]
}
