#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# write: the places of its bytes, and its refusals. write_input.bats has its inputs.
# sanitize: yes

load common
load places
load write
setup() { common_setup; }
teardown() { common_teardown; }

@test "round trips: sector sizes, interleaves, checksums, internal" {
	for s in 512 4096; do
		for k in 1 2 ""; do
			for c in crc64 crc32c crc32; do
				echo "$s $k $c"
				rm -f v
				vol v -s $s ${k:+-K $k} -c $c --size=8M
				run_csum 0 info -J v
				bytes=$(($(json info .data_sectors) * s))
				[ "$(json info .checksum)" = $c ]
				pattern in $bytes $s$k$c
				run_csum 0 write v in
				[ -z "$stderr" ]
				out_has "^wrote $bytes bytes \([0-9.]+ MiB\) in .*/s$"
				holds v in
			done
		done
	done
}

@test "round trips: sector sizes, interleaves, checksums, external" {
	for s in 512 4096; do
		for k in 1 2 ""; do
			for c in crc64 crc32c crc32; do
				echo "$s $k $c"
				rm -f d m
				truncate -s 6000123 d
				run_csum 0 format -q -s $s ${k:+-K $k} -c $c -m m --size=4M d
				bytes=$((6000123 / s * s))
				pattern in $bytes $s$k$c
				before=$(piece d $bytes 1000 | sha256sum)
				run_csum 0 write -m m d in
				[ -z "$stderr" ]
				holds d in -m m
				# The data device has the data at its own addresses, and its other bytes stay.
				cmp -n $bytes d in
				[ "$(piece d $bytes 1000 | sha256sum)" = "$before" ]
			done
		done
	done
}

@test "every alignment of both ends" {
	small v
	[ "$space" -eq 169984 ]
	head -c "$space" /dev/zero >model
	pattern source 400000 x
	points=(0 1 511 512 513 31743 31744 31745 63487 63488 63489 63999 64000 64001 95232
		$((space - 513)) $((space - 512)) $((space - 1)) "$space")
	n=0
	for begin in "${points[@]}"; do
		for end in "${points[@]}"; do
			# A third of the writes, in an order that overwrites both written and unwritten sectors.
			[ "$begin" -lt "$end" ] && [ $(((n += 1) % 3)) -eq 0 ] || continue
			piece source $((n * 977)) $((end - begin)) >in
			echo "$begin to $end"
			run_csum 0 write -q -o "$begin" v in
			silent
			put model "$begin" in
			run_csum 0 read -q v
			cmp ../stdout model
		done
	done
	[ "$n" -gt 100 ]
	holds v model
}

@test "every alignment of both ends, sectors of 4096 bytes" {
	vol v -s 4096 -K 1 --size=8M
	places 4096 1 $((8 << 20))
	head -c "$space" /dev/zero >model
	pattern source 7000000 y
	group=$((510 * 4096))
	points=(0 4095 4097 $((group - 1)) $((group + 1)) $((2 * group)) $((space - 4097)) $((space - 1)) "$space")
	n=0
	for begin in "${points[@]}"; do
		for end in "${points[@]}"; do
			[ "$begin" -lt "$end" ] && [ $(((n += 1) % 2)) -eq 0 ] || continue
			piece source $((n * 977)) $((end - begin)) >in
			echo "$begin to $end"
			run_csum 0 write -q -o "$begin" v in
			put model "$begin" in
		done
	done
	holds v model
}

@test "units of --offset and --length" {
	vol v -s 4096 --size=2G
	head -c 5000 /dev/zero >five
	for pair in 1:1 1s:4096 10s:40960 1K:1024 1k:1024 1KiB:1024 1KB:1000 2M:2097152 2m:2097152 2MiB:2097152 \
		2MB:2000000 1G:1073741824 1g:1073741824 1GiB:1073741824 1GB:1000000000; do
		echo "$pair"
		pattern in 10 "$pair"
		run_csum 0 write -q -o "${pair%:*}" -l 10 v in
		run_csum 0 read -q -o "${pair#*:}" -l 10 v
		cmp ../stdout in
		run_csum 0 read -q "--offset=${pair%:*}" --length=10 v
		cmp ../stdout in
	done
	for pair in 1s:4096 2K:2048 3KB:3000 1MiB:1048576; do
		echo "$pair"
		run_csum 0 write -l "${pair%:*}" v < <(head -c 2M /dev/zero)
		out_has "^wrote ${pair#*:} bytes"
	done
	for pair in 1T:1099511627776 1t:1099511627776 1TiB:1099511627776 1TB:1000000000000 1P:1125899906842624 \
		1PiB:1125899906842624 1PB:1000000000000000 1E:1152921504606846976 1EiB:1152921504606846976 \
		1EB:1000000000000000000 100000000000s:409600000000000; do
		echo "$pair"
		must_fail 8 "offset ${pair#*:} is past the end of the data space" write -o "${pair%:*}" v five
		must_fail 8 "has only 5000 bytes .*--length asks for ${pair#*:} " write -l "${pair%:*}" v five
	done
	# With another sector size the same "s" means another offset.
	small w
	run_csum 0 write -q -o 2s -l 1s w five
	run_csum 0 check -J w
	[ "$(json summary .sectors_verified)" -eq 1 ]
	run_csum 0 dump-imd -J -o 1024 -l 1 w
	[ "$(json group '.copies[0].entries[2] != "0x0000000000000000"')" = true ]
}

@test "sizes that are none" {
	small v
	echo data >in
	for size in '' x 1X 1.5K 1,5K 1Ki 1Kb 0x10 ' 1' '1 ' +1 1e3 1ss s K; do
		echo "'$size'"
		unchanged v -- must_fail 16 "^csumtool: --offset: " write -o "$size" v in
		unchanged v -- must_fail 16 "^csumtool: --length: " write -l "$size" v in
	done
	unchanged v -- must_fail 16 "--offset: '-1' is negative" write -o -1 v in
	unchanged v -- must_fail 16 "--length: '-1K' is negative" write --length=-1K v in
	unchanged v -- must_fail 16 "--length: '0' is too small" write -l 0 v in
	unchanged v -- must_fail 16 "--length: '0s' is too small" write -l 0s v in
}

@test "sizes that overflow" {
	small v
	echo data >in
	for size in 9223372036854775808 18446744073709551616 18446744073709551617 99999999999999999999999999 8E 8EiB \
		9223372036854775807K 9223372036854775807s 9223372036854776KB; do
		echo "$size"
		unchanged v -- must_fail 16 "--offset: '$size' is too large" write -o "$size" v in
		unchanged v -- must_fail 16 "--length: '$size' is too large" write -l "$size" v in
	done
	# The largest numbers possible.
	unchanged v -- must_fail 8 "past the end of the data space" write -o 9223372036854775807 v in
	unchanged v -- must_fail 8 "has only 5 bytes" write -l 9223372036854775807 v in
	unchanged v -- piped in 8 write -o 1 -l 9223372036854775807 v
	err_has "9223372036854775807 bytes .* do not fit: from offset 1 on there is room for 169983"
	unchanged v -- piped in 8 write -o 9223372036854775807 -l 9223372036854775807 v
	# The range is too large only with sectors of 4096 bytes.
	vol w -s 4096
	unchanged w -- must_fail 8 "the range is past the end of any volume" write -o 9007199254740992s w in
}

@test "the last byte, and what is past it" {
	small v
	printf x >in
	printf yz >two
	run_csum 0 write -o $((space - 1)) v in
	out_has "^wrote 1 byte"
	head -c $((space - 1)) /dev/zero >model
	cat in >>model
	holds v model
	unchanged v -- must_fail 8 "1 byte of input do(es)? not fit: from offset $space on there is room for 0 bytes" \
		write -o "$space" v in
	unchanged v -- must_fail 8 "offset $((space + 1)) is past the end of the data space of $space bytes" \
		write -o $((space + 1)) v in
	unchanged v -- must_fail 8 "2 bytes of input do not fit: from offset $((space - 1)) on there is room for 1 byte" \
		write -o $((space - 1)) v two
	unchanged v -- piped two 8 write -o "$space" v
	err_has "the data space ends at $space bytes, but the input goes on"
	unchanged v -- piped two 8 write -o $((space + 1)) v
	err_has "offset $((space + 1)) is past the end"
	run_csum 0 write -q -o $((space - 1)) -l 1 v two
	put model $((space - 1)) <(printf y)
	holds v model
}

@test "all of the volume, and a byte more" {
	small v
	pattern in "$space" all
	run_csum 0 write -q v in
	holds v in
	piped in 0 write -q v
	holds v in
	echo >>in
	unchanged v -- must_fail 8 "$((space + 1)) bytes .* of input do not fit" write v in
	unchanged v -- run_csum 8 write v <in
	err_has "of input do not fit"
}

@test "--verify" {
	small v
	pattern in 100000 verify
	run_csum 0 write --verify v in
	out_has "^wrote 100000 bytes \(97.7 KiB\) and verified them in "
	run_csum 0 write --verify -J v in
	[ "$(json summary .verified)" = true ]
	run_csum 0 write -J v in
	[ "$(json summary .verified)" = false ]
	fault_device v
	fault "flip $(data_at 20) 512"
	run_csum 4 write --verify "$device" in
	[ -z "$stdout" ]
	err_has "what was written does not verify: 1 error; run 'csumtool check'"
	# All of it is in.
	err_lacks incomplete
	fault clear
	is_state "$device" clean
	run_csum 0 check -q "$device"
}

@test "the same content again, and sessions" {
	small v
	pattern in 5000 same
	run_csum 0 write -q v in
	run_csum 0 info -J v
	session=$(json info .session)
	generation=$(json info .generation)
	run_csum 0 write -q v in
	run_csum 0 info -J v
	[ "$(json info .session)" -eq $((session + 1)) ]
	[ "$(json info .generation)" -gt "$generation" ]
	[ "$(json info .last_write)" -gt 0 ]
	[ "$(json info '.superblocks.valid | join("")')" = ABC ]
	truncate -s "$space" in
	holds v in
}

@test "bytes around a write in an unwritten sector are zeros, whatever is stored there" {
	small v
	at=$(data_at 10)
	poke v "$at" "$(printf 'ee%.0s' {1..512})"
	printf abc >in
	run_csum 0 write -q -o $((10 * 512 + 100)) v in
	head -c "$space" /dev/zero >model
	put model $((10 * 512 + 100)) in
	holds v model
}

@test "what it says with -q, -v and -J" {
	small v
	pattern in 2000 says
	run_csum 0 write -q v in
	silent
	run_csum 0 write -v v in
	out_has "^wrote 2000 bytes \(2.0 KiB\) in "
	run_csum 0 write -J -o 100 v in
	[ -z "$stderr" ]
	[ "$(wc -l <<<"$stdout")" -eq 1 ]
	jq -e '.type == "summary" and .schema == 1 and .command == "write" and .volume == "v" and .offset == 100
		and .bytes == 2000 and .verified == false and .exit_status == 0 and (has("error") | not)' <<<"$stdout"
	run_csum 8 write -J -o 1G v in
	jq -e '.exit_status == 8 and .bytes == 0 and (.error | contains("past the end"))' <<<"$stdout"
}

@test "wrong command lines" {
	small v
	: >in
	must_fail 16 "an operand is missing: 'write' takes VOLUME \[FILE\]" write
	must_fail 16 "'more' is one operand too many" write v in more
	must_fail 16 "an operand is empty" write v ''
	must_fail 16 "an operand is empty" write '' in
	must_fail 16 "there is no such option" write --nothing v in
	must_fail 16 "the argument is missing" write v in -o
	must_fail 16 "--offset is given more than once" write -o 1 --offset=2 v in
	must_fail 16 "--quiet and --verbose exclude each other" write -q -v v in
	must_fail 16 "--quiet and --json exclude each other" write -q -J v in
}
