#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# info: every field, for people and as JSON, of volumes in any state.
# sanitize: yes

load common

setup() { common_setup; }
teardown() { common_teardown; }

uuid=01234567-89ab-cdef-0123-456789abcdef

# row NAME TEXT-REGEX: info must have printed that line.
row() { out_has "^$1 +$2\$"; }

@test "an internal volume" {
	vol vol -s 512 -K 7 -c crc32c -L "a label" -U $uuid
	before=$(digest vol)
	run_csum 0 info vol
	[ -z "$stderr" ]
	row volume vol
	row UUID $uuid
	row label 'a label'
	row format 'version 1\.0, internal layout'
	row 'sector size' '512 bytes( \(device: [0-9]+\))?'
	row checksum crc32c
	row interleave '7 groups a cluster'
	row state clean
	row superblocks 'A valid \(in force\), B valid, C valid'
	row generation '2, session 0'
	row 'data space' '2983936 bytes \(2\.8 MiB\)'
	row 'data sectors' '5828 in 94 groups of 62, 14 clusters'
	row device '4194304 bytes \(4\.0 MiB\)'
	row 'not for data' '1210368 bytes \(1\.2 MiB\), 28\.86 %'
	row created '20[0-9-]{8} [0-9:]{8} UTC'
	row 'last write' never
	out_lacks '^metadata on|^data device|scrub|unknown features'
	[ "$(digest vol)" = "$before" ]
}

@test "an external volume" {
	truncate -s 8M data
	truncate -s 2M meta
	run_csum 0 format -q -s 4096 -K 1 -m meta data
	run_csum 0 info -m meta data
	[ -z "$stderr" ]
	row volume data
	row 'metadata on' meta
	row format 'version 1\.0, external layout'
	row interleave '1 group a cluster'
	row 'data space' '8388608 bytes \(8\.0 MiB\)'
	row 'data sectors' '2048 in 5 groups of 510, 5 clusters'
	row 'data device' '8388608 bytes \(8\.0 MiB\)'
	row 'metadata device' '2097152 bytes \(2\.0 MiB\)'
	row 'not for data' '2097152 bytes \(2\.0 MiB\), 20\.00 %'
	out_lacks '^device |^label'
	run_csum 0 info data --metadata=meta
	row volume data
}

@test "-q prints nothing: the status says it" {
	vol vol
	run_csum 0 info -q vol
	silent
	truncate -s 4M none
	run_csum 8 info -q none
	[ -z "$stdout" ]
	err_has '^csumtool: none: not a csumtool volume'
}

@test "--json: every field of an internal volume" {
	SOURCE_DATE_EPOCH=1700000000 vol vol -s 512 -K 7 -c crc32c -L "a label" -U $uuid
	run_csum 0 info --json vol
	[ -z "$stderr" ]
	[ "$(wc -l <<<"$stdout")" -eq 2 ]
	[ "$(json info '[.schema, .format, .uuid, .label, .checksum, .data_device, .metadata_device, .data_identity] | @csv')" = \
		"1,\"1.0\",\"$uuid\",\"a label\",\"crc32c\",\"vol\",\"vol\",\"\"" ]
	[ "$(json info '[.data_device_present_bytes, .metadata_device_present_bytes] | @csv')" = 4194304,4194304 ]
	[ "$(json info '[.features_compat, .features_ro_compat, .features_incompat] | @csv')" = \
		'"0x00000000","0x00000000","0x00000000"' ]
	[ "$(json info '[.layout, .sector_size, .interleave, .sectors_per_group, .data_sectors, .groups, .clusters,
		.metadata_device_bytes, .data_device_bytes] | @csv')" = '"internal",512,7,62,5828,94,14,4194304,0' ]
	[ "$(json info '[.state, .generation, .session, .intent_first_group, .intent_groups, .last_write] | @csv')" = \
		'"clean",2,0,0,0,0' ]
	[ "$(json info .at_work)" = nobody ]
	[ "$(json info .created)" -eq 1700000000 ]
	[ "$(json info '.superblocks | tojson')" = '{"valid":["A","B","C"],"governing":"A"}' ]
	[ "$(json info '[.direct_io, .physical_sector_size] | map(type) | @csv')" = '"boolean","number"' ]
	[ "$(json info '.last_scrub, .current_scrub')" = $'null\nnull' ]
	[ "$(json summary '[.schema, .command, .volume, .exit_status, .error] | @csv')" = '1,"info","vol",0,' ]
}

@test "--json: an external volume" {
	truncate -s 8M data
	truncate -s 2M meta
	run_csum 0 format -q -s 4096 -K 2 -c crc32 -m meta data
	run_csum 0 info -J -m meta data
	[ "$(json info '[.layout, .sector_size, .interleave, .sectors_per_group, .data_sectors, .groups, .clusters,
		.metadata_device_bytes, .data_device_bytes, .checksum, .data_device, .metadata_device, .features_incompat]
		| @csv')" = '"external",4096,2,510,2048,5,3,2097152,8388608,"crc32","data","meta","0x00000001"' ]
	[ "$(json info '[.data_device_present_bytes, .metadata_device_present_bytes] | @csv')" = 8388608,2097152 ]
}

@test "--json: a failure has a summary with the error" {
	run_csum 8 info --json none
	[ "$(wc -l <<<"$stdout")" -eq 1 ]
	[ "$(json summary '[.command, .volume, .exit_status, .error] | @csv')" = \
		'"info","none",8,"none: cannot open: No such file or directory"' ]
	err_has '^csumtool: none: cannot open: No such file or directory$'
}

@test "an active volume" {
	vol vol -s 4096 -K 2
	superblock set vol ab state=1 session=5 generation=9 intent_first=0 intent_count=2 last_write=1700000000
	before=$(digest vol)
	run_csum 0 info vol
	row state 'active: a writer was interrupted'
	out_lacks 'at work'
	row '  may be changing' '2 groups, 0-1'
	row generation '9, session 5'
	row 'last write' '2023-11-14 22:13:20 UTC'
	run_csum 0 info --json vol
	[ "$(json info '[.state, .generation, .session, .intent_first_group, .intent_groups, .last_write] | @csv')" = \
		'"active",9,5,0,2,1700000000' ]
	[ "$(digest vol)" = "$before" ]
	superblock set vol ab intent_first=1 intent_count=1
	run_csum 0 info vol
	row '  may be changing' '1 group, 1'
	superblock set vol ab intent_first=2 intent_count=0
	run_csum 0 info vol
	row '  may be changing' '0 groups, none'
}

@test "the slot with the higher generation is in force, A when equal" {
	vol vol
	superblock set vol b generation=3 last_write=1700000000
	run_csum 0 info vol
	row superblocks 'A valid, B valid \(in force\), C valid'
	row generation '3, session 0'
	row 'last write' '2023-11-14 22:13:20 UTC'
	superblock set vol a generation=3
	run_csum 0 info vol
	row superblocks 'A valid \(in force\), B valid, C valid'
	row 'last write' never
	# The generation of C does not matter.
	superblock set vol c generation=100
	run_csum 0 info vol
	row superblocks 'A valid \(in force\), B valid, C valid'
	# Generations are compared as plain numbers.
	superblock set vol b generation=0xffffffffffffffff
	run_csum 0 info --json vol
	[ "$(json info '[.superblocks.governing, .generation] | @csv')" = '"B","18446744073709551615"' ]
}

@test "slots that are invalid are shown" {
	vol vol
	cp vol whole
	poke vol 4095 01
	run_csum 0 info vol
	row superblocks 'A INVALID, B valid \(in force\), C valid'
	cp whole vol
	poke vol 524288 00
	run_csum 0 info vol
	row superblocks 'A valid \(in force\), B INVALID, C valid'
	run_csum 0 info -J vol
	[ "$(json info '.superblocks | tojson')" = '{"valid":["A","C"],"governing":"A"}' ]
	cp whole vol
	flip vol $((4194304 - 65536 + 2000))
	run_csum 0 info vol
	row superblocks 'A valid \(in force\), B valid, C INVALID'
}

@test "only the backup is left" {
	vol vol
	flip vol 2000
	flip vol 526000
	before=$(digest vol)
	run_csum 0 info vol
	row state 'unknown: superblocks A and B are both invalid, this is from the backup C'
	row superblocks 'A INVALID, B INVALID, C valid \(in force\)'
	run_csum 0 info -J vol
	[ "$(json info '[.state, .superblocks.governing, (.superblocks.valid | tojson)] | @csv')" = \
		'"unknown","C","[""C""]"' ]
	[ "$(digest vol)" = "$before" ]
	# The backup is found at the end of the device, without a remainder.
	truncate -s +4095 vol
	run_csum 0 info -q vol
	truncate -s +1 vol
	run_csum 0 info vol
	row superblocks 'A INVALID, B INVALID, C valid \(in force\)'
	out_has 'it is 4096 bytes larger than at format'
}

@test "a label with control bytes and bytes that are no UTF-8" {
	vol vol
	# a ESC [ 3 1 m LF b DEL, C1 in UTF-8, an umlaut, and 0xff
	superblock set vol ab label=611b5b33316d0a627fc29bc3b6ff
	run_csum 0 info vol
	row label 'a\\x1b\[31m\\x0ab\\x7f\\xc2\\x9bö\\xff'
	[ -z "$(tr -d '\n[:print:]' <"$BATS_TEST_TMPDIR/stdout" | tr -d '\303\266')" ]
	run_csum 0 info -J vol
	[ "$(json info '.label | explode | tojson')" = '[97,27,91,51,49,109,10,98,127,155,246,65533]' ]
}

@test "a label that fills its field" {
	vol vol
	superblock set vol ab "label=$(printf '61%.0s' {1..32})"
	run_csum 0 info vol
	row label 'a{32}'
}

@test "a name of a file with control bytes" {
	name=$'v\n\e[31m'
	vol "$name"
	run_csum 0 info "$name"
	row volume 'v\\x0a\\x1b\[31m'
	truncate -s 0 "$name"
	run_csum 8 info "$name"
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	err_has '^csumtool: v\\x0a\\x1b\[31m: not a csumtool volume'
}

@test "unknown compat and ro_compat features are shown" {
	vol vol
	superblock set vol ab compat=0x80000001 ro_compat=2
	run_csum 0 info vol
	row 'unknown features' 'compat 0x80000000, ro_compat 0x00000002'
	row exclusive 'nobody else writes the data device'
	run_csum 0 info -J vol
	[ "$(json info '[.features_compat, .features_ro_compat] | @csv')" = '"0x80000001","0x00000002"' ]
}

@test "a later minor version" {
	vol vol
	superblock set vol ab minor=7 reserved=ffff
	run_csum 0 info vol
	row format 'version 1\.7, internal layout'
}

@test "scrubs done and under way" {
	vol vol
	superblock set vol ab scrub_started=1700000000 scrub_ended=1700000060 scrub_verified=10 scrub_unwritten=11 \
		scrub_repaired=12 scrub_left_bad=13 scrub_imd_repaired=14 now_started=1700000100 now_group=1 now_verified=15
	run_csum 0 info vol
	row 'last scrub' '2023-11-14 22:13:20 UTC to 2023-11-14 22:14:20 UTC'
	out_has '^ +sectors: 10 right, 11 unwritten, 12 repaired, 13 left bad; 14 imd sectors repaired$'
	row 'scrub under way' '2023-11-14 22:15:00 UTC, goes on at group 1 of [0-9]+'
	run_csum 0 info -J vol
	[ "$(json info '.last_scrub | [.started, .ended, .sectors_verified, .sectors_unwritten, .sectors_repaired,
		.sectors_left_bad, .imd_repaired] | @csv')" = 1700000000,1700000060,10,11,12,13,14 ]
	[ "$(json info '.current_scrub | [.started, .next_group, .sectors_verified] | @csv')" = 1700000100,1,15 ]
}

@test "times and counts of a broken clock" {
	vol vol
	superblock set vol ab last_write=0xffffffffffffffff created=0x7fffffffffffffff session=0xffffffffffffffff
	run_csum 0 info vol
	row 'last write' '1969-12-31 23:59:59 UTC'
	row created '9223372036854775807 s after 1970'
	run_csum 0 info -J vol
	[ "$(json info '[.last_write, .session] | @csv')" = '-1,"18446744073709551615"' ]
}

@test "a device that is smaller or larger than at format" {
	vol vol
	truncate -s 5M vol
	run_csum 0 info vol
	[ -z "$stderr" ]
	out_has '^ +it is 1048576 bytes larger than at format; they are not used$'
	run_csum 0 info -v vol
	err_has '^csumtool: note: vol: 5242880 bytes, of which the volume uses 4194304 as recorded'
	truncate -s 3M vol
	run_csum 0 info vol
	err_has '^csumtool: warning: vol: 3145728 bytes, but the volume was made on 4194304: cut short'
	out_has '^ +it is 1048576 bytes SMALLER than at format$'
	run_csum 0 info -J vol
	[ "$(json info '[.metadata_device_present_bytes, .metadata_device_bytes] | @csv')" = 3145728,4194304 ]
	run_csum 0 info -q vol
	[ -z "$stdout" ]
	err_has 'cut short'
}

@test "every geometry" {
	for s in 512 4096; do
		for k in 1 2 3 65536; do
			for c in crc32 crc32c crc64; do
				rm -f vol
				vol vol --size=5M -s $s -K $k -c $c
				run_csum 0 info -J vol
				per_group=$(((s - 16) / 8))
				[ "$(json info '[.sector_size, .interleave, .checksum, .sectors_per_group] | @csv')" = \
					"$s,$k,\"$c\",$per_group" ]
				groups=$(json info .groups)
				[ "$groups" -eq $((($(json info .data_sectors) + per_group - 1) / per_group)) ]
				[ "$(json info .clusters)" -eq $(((groups + k - 1) / k)) ]
			done
		done
	done
}

@test "a loop device" {
	truncate -s 4M disk
	make_loop disk
	run_csum 0 format -q -s 4096 "$loop"
	run_csum 0 info "$loop"
	row volume "$loop"
	row 'sector size' '4096 bytes \(device: [0-9]+\)'
}
