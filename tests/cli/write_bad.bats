#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# write: over bad sectors and damaged metadata.
# sanitize: yes

load common
load places
load write
setup() { common_setup; }
teardown() { common_teardown; }

@test "a bad sector is not changed in part" {
	for where in 0 1 61 62 123 124 200 331; do
		small v
		pattern in "$space" bad
		run_csum 0 write -q v in
		at=$(data_at $where)
		flip v $((at + 100))
		echo part >part
		echo "sector $where at $at"
		says="^csumtool: v: data sector $where \(device offset $at\) is bad and would be changed in part only; write all"
		unchanged v -- must_fail 4 "$says" write -o $((where * 512 + 7)) v part
		# The bad sector at the end of a longer write, and at its beginning.
		if [ $where -gt 0 ]; then
			pattern longer $((where * 512 + 9)) l
			unchanged v -- must_fail 4 "$says" write v longer
		fi
		if [ $where -lt 331 ]; then
			pattern longer $((space - where * 512 - 9)) m
			unchanged v -- must_fail 4 "$says" write -o $((where * 512 + 9)) v longer
			unchanged v -- piped longer 4 write -o $((where * 512 + 9)) v
			err_has "$says"
		fi
		# The sector may be written as a whole, alone or among others.
		pattern sector 512 w
		run_csum 0 write -q -o ${where}s v sector
		put in $((where * 512)) sector
		holds v in
		rm v
	done
}

@test "a pipe that ends within a bad sector" {
	small v
	pattern in "$space" bad
	run_csum 0 write -q v in
	flip v "$(data_at 130)"
	pattern new $((130 * 512 + 100)) new
	piped new 4 write v
	err_has "data sector 130 \(device offset $(data_at 130)\) is bad"
	# As many bytes are in as the message says; the rest is unchanged.
	[[ $stderr =~ "the first "([0-9]+)" bytes" ]]
	bytes=${BASH_REMATCH[1]}
	[ "$bytes" -le $((130 * 512)) ]
	is_state v clean
	piece new 0 "$bytes" >part
	put in 0 part
	run_csum 4 read -q --on-error=raw v
	flip v "$(data_at 130)"
	holds v in
}

@test "an unreadable sector is not changed in part" {
	small v
	pattern in "$space" bad
	run_csum 0 write -q v in
	fault_device v
	fault "read EIO $(data_at 70) 512"
	echo part >part
	must_fail 4 "data sector 70 \(device offset $(data_at 70)\) is bad" write -o 70s "$device" part
	pattern sector 512 w
	run_csum 0 write -q -o 70s "$device" sector
	fault clear
	put in $((70 * 512)) sector
	holds "$device" in
}

@test "a group without integrity metadata is written as a whole or not at all" {
	# The first group, one in the middle of a cluster, and the short last one.
	for group in 0 3 5; do
		small v
		pattern in "$space" lost
		run_csum 0 write -q v in
		poke v "$(imd_at $group 0)" 00000000
		poke v "$(imd_at $group 1)" 00000000
		begin=$((group * 62 * 512))
		length=$((group < 5 ? 62 * 512 : (332 - 5 * 62) * 512))
		pattern all "$space" all
		says="both imd copies of group $group \(data sectors $((group * 62)) to $(((begin + length) / 512 - 1))\)"
		says="$says are invalid.*write all of it, or discard all of it"
		echo "group $group"
		unchanged v -- must_fail 4 "$says" write -o $begin -l $((length - 1)) v all
		unchanged v -- must_fail 4 "$says" write -o $begin -l $((length - 512)) v all
		unchanged v -- must_fail 4 "$says" write -o $((begin + 512)) -l $((length - 512)) v all
		unchanged v -- must_fail 4 "$says" write -o $((begin + 5)) -l 1 v all
		if [ $group -gt 0 ]; then
			# The end of a file is known, so the refusal comes first.
			unchanged v -- must_fail 4 "$says" write -l $((begin + 512)) v all
			# The end of a pipe is unknown: the bytes before the group may go in.
			piped <(piece all 0 $((begin + 512))) 4 write v
			err_has "$says"
			[[ $stderr =~ "the first "([0-9]+)" bytes" ]]
			bytes=${BASH_REMATCH[1]}
			[ "$bytes" -le $begin ]
			# The input may also end within a sector of the group; then there is only one message.
			piped <(piece all 0 $((begin + 612))) 4 write v
			[ "$(grep -c "^csumtool: v: refused" <<<"$stderr")" -eq 1 ]
			is_state v clean
			piece all 0 "$bytes" >part
			put in 0 part
		fi
		run_csum 0 write -q -o $begin -l $length v all
		piece all 0 $length >part
		put in $begin part
		holds v in
		# Generations are those of format: 0 in copy 0, 1 in copy 1.
		[ "$(surgery get v $(($(imd_at $group 0) + 8)) 4)" -eq 0 ]
		[ "$(surgery get v $(($(imd_at $group 1) + 8)) 4)" -eq 1 ]
		rm v
	done
}

@test "a write of everything mends lost groups among others" {
	small v
	pattern in "$space" old
	run_csum 0 write -q v in
	for group in 1 2 5; do
		flip v $(($(imd_at $group 0) + 20))
		flip v $(($(imd_at $group 1) + 20))
	done
	run_csum 4 check -q v
	pattern in "$space" new
	run_csum 0 write -q v in
	holds v in
	flip v $(($(imd_at 2 0) + 20))
	flip v $(($(imd_at 2 1) + 20))
	pattern in "$space" newer
	piped in 0 write -q v
	holds v in
}

@test "a damaged copy is renewed before the other is changed" {
	small v
	pattern in "$space" copies
	run_csum 0 write -q v in
	for copy in 0 1; do
		flip v $(($(imd_at 4 $copy) + 100))
		run_csum 4 check v
		out_has "^imd-bad: copy $copy of group 4 "
		pattern part 100 "$copy"
		run_csum 0 write -q -o $((250 * 512)) v part
		put in $((250 * 512)) part
		holds v in
	done
}
