#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong usage, seen from the command line alone: status 16, a message and a hint, nothing opened.
# sanitize: yes

load common

setup() {
	common_setup
	vol vol
	before=$(digest vol)
}

teardown() { common_teardown; }

commands="format info write read check discard dump-imd"

# wrong REGEX ARGUMENT...: csumtool must end with 16 and REGEX; the hint must name the command, if there is one.
wrong() {
	local regex=$1 hint=--help
	shift
	case " $commands " in
	*" ${1:-none} "*) hint="$1 --help" ;;
	esac
	run_csum 16 "$@" || return 1
	err_has "^csumtool: $regex" || return 1
	# With -J the usage error is an object as well; else nothing is on stdout.
	[ -z "$stdout" ] || [ "$(json summary .exit_status)" = 16 ] || return 1
	[ "$(tail -n 1 <<<"$stderr")" = "Try 'csumtool $hint'." ] || {
		echo "no hint"
		show_output
		return 1
	}
	[ "$(digest vol)" = "$before" ]
}

@test "no command, or one that there is not" {
	wrong 'a command is missing'
	wrong "there is no command 'frobnicate'" frobnicate
	wrong "there is no command 'frobnicate'" frobnicate vol
	wrong "there is no command 'inf'; did you mean 'info'\?" inf vol
	wrong "there is no command 'chekc'; did you mean 'check'\?" chekc vol
	wrong "there is no command ''" ''
	wrong "there is no command 'INFO'" INFO vol
	wrong '--frobnicate: there is no such option' --frobnicate
	wrong '-q: there is no such option' -q info vol
	wrong "there is no command 'a\\\\x1b\[31m'" $'a\e[31m'
	# These commands do not exist yet.
	for command in accept set; do
		wrong "there is no command '$command'" $command vol
	done
}

@test "operands: too few, too many, empty" {
	for command in $commands; do
		options=
		[ "$command" != discard ] || options="-o 0 -l 1"
		# shellcheck disable=SC2086 # words
		{
			wrong "an operand is missing: '$command' takes VOLUME" $command $options
			wrong "an operand is empty: '$command' takes VOLUME" $command $options ''
			case $command in
			read | write) wrong "'three' is one operand too many: '$command' takes VOLUME \[FILE\]" $command vol two three ;;
			*) wrong "'two' is one operand too many: '$command' takes VOLUME$" $command $options vol two ;;
			esac
		}
	done
}

@test "options that there are not" {
	for command in $commands; do
		wrong '--frobnicate: there is no such option' "$command" --frobnicate vol
		wrong '-Z: there is no such option' "$command" -Z vol
		wrong '--frobnicate' "$command" vol --frobnicate=5
		wrong '-[qvJ]*Z' "$command" -JZ vol
		for later in --adopt --progress --mapfile=x --metrics=x; do
			wrong "${later%=*}" "$command" $later vol
		done
	done
	for command in format read check info; do
		wrong '--allow=foreign: there is no such option' "$command" --allow=foreign vol
	done
	# Options cannot be abbreviated.
	wrong '--js: there is no such option' info --js vol
}

@test "options that are given twice, or lack or have a value" {
	wrong '--json is given more than once' info --json -J vol
	wrong '--metadata is given more than once' info -m a -m b vol
	wrong '--wait is given more than once' info --wait --wait vol
	wrong '--offset is given more than once' read -o 1 --offset=1 vol
	wrong '(-m|--metadata): the argument is missing' info vol -m
	wrong '(-o|--offset): the argument is missing' read vol --offset
	wrong '(-J|--json).*takes no (argument|value)' info --json=yes vol
	wrong '(-n|--dry-run).*takes no (argument|value)' format --dry-run=no vol
}

@test "options that exclude each other" {
	for command in info write read check discard; do
		options=
		[ "$command" != discard ] || options="-o 0 -l 1"
		# shellcheck disable=SC2086 # words
		wrong '--quiet and --verbose exclude each other' $command $options -q -v vol
		# shellcheck disable=SC2086 # words
		wrong '--(quiet and --json|json and --quiet) exclude each other' $command $options -q -J vol
	done
	wrong '--quiet and --verbose exclude' format -q -v vol
	wrong '--size and --data-size exclude each other' format --size=1M --data-size=1M new
	wrong '--groups and --offset exclude each other|--offset and --groups exclude' dump-imd -g 0 -o 0 vol
	wrong '--groups and --length exclude each other|--length and --groups exclude' dump-imd -g 0 -l 1 vol
	wrong '--(raw and --json|json and --raw) exclude each other' dump-imd --raw --json vol
}

@test "sizes" {
	for option in -o --offset -l --length; do
		case $option in
		-*o*) name=--offset ;;
		*) name=--length ;;
		esac
		case $option in
		-l | --length) name=--length ;;
		esac
		for command in read write check; do
			for case in '|does not begin with a digit' '-1|is negative' '-0|is negative' '+1|does not begin' \
				' 1|does not begin' '0x10|unknown unit' '1.5G|has a fraction' '1,5G|has a fraction' '.5|does not begin' \
				'1e3|unknown unit' '1 K|unknown unit' '1KK|unknown unit' '1kib|unknown unit' '1B|unknown unit' \
				'1S|unknown unit' '1Z|unknown unit' 'K|does not begin' 'all|does not begin' \
				'8E|is too large' '9223372036854775808|is too large' '18446744073709551616|is too large' \
				'18014398509481985s|is too large' '9007199254740993K|is too large' '10EB|is too large' \
				'99999999999999999999999999999999|is too large'; do
				value=${case%|*}
				run_csum 16 $command $option "$value" vol
				[[ $stderr == "csumtool: $name: '$value' "*"${case#*|}"* ]] || {
					show_output
					return 1
				}
			done
		done
	done
	[ "$(digest vol)" = "$before" ]
}

@test "a length of 0" {
	for command in read write check dump-imd; do
		wrong "--length: '0' is too small" $command -l 0 vol
		wrong "--length: '0K' is too small" $command -l 0K vol
	done
	wrong "--length: '0' is too small" discard -o 0 -l 0 vol
}

@test "sizes that are right" {
	run_csum 0 read -q -o 0 -l 1 vol one
	for size in 4096 4K 4k 4KiB 1s; do
		rm -f out
		run_csum 0 read -q -s -l $size vol out 2>/dev/null || run_csum 0 read -q -l $size vol out
	done
	for size in 4096:4096 4K:4096 4k:4096 4KiB:4096 4KB:4000 1M:1048576 1m:1048576 1MiB:1048576 1MB:1000000; do
		rm -f out
		run_csum 0 read -q -l "${size%:*}" vol out
		[ "$(stat -c %s out)" -eq "${size#*:}" ]
	done
	run_csum 0 info -J vol
	sector=$(json info .sector_size)
	rm -f out
	run_csum 0 read -q -o 1s -l 3s vol out
	[ "$(stat -c %s out)" -eq $((3 * sector)) ]
}

@test "offsets and lengths past the end are no wrong usage, but refused: 8" {
	for command in read check dump-imd; do
		must_fail 8 '^csumtool: vol: .*past the end' $command -o 7E vol
		must_fail 8 '^csumtool: vol: .*past the end' $command -l 7E vol
		must_fail 8 '^csumtool: vol: .*past the end' $command -o 1 -l 9223372036854775807 vol
		must_fail 8 '^csumtool: vol: .*past the end' $command -o 9223372036854775807 -l 1 vol
		must_fail 8 '^csumtool: vol: .*past the end' $command -o 18014398509481983s vol
	done
	must_fail 8 '^csumtool: vol: .*past the end' discard -o 0 -l 7E vol
	must_fail 8 '^csumtool: vol: .*past the end' discard -o 7E -l 1 vol
	must_fail 8 '^csumtool: ' write -o 7E vol /etc/hostname
	[ "$(digest vol)" = "$before" ]
}

@test "values of other options" {
	wrong "--on-error: 'ignore' is not stop, zero or raw" read --on-error=ignore vol
	wrong "--on-error: '' is not" read --on-error= vol
	for span in '' x 1- -1 2-1 1-2-3 1.5 99999999999999999999 1K; do
		wrong "--groups: '$span' " dump-imd --groups="$span" vol
	done
}

@test "discard needs a range" {
	wrong "'discard' needs --offset and --length" discard vol
	wrong "'discard' needs --offset and --length" discard -o 0 vol
	wrong "'discard' needs --offset and --length" discard -l 1 vol
}

@test "read: JSON where the data goes, holes where no file is made" {
	wrong '--json needs a FILE' read --json vol
	wrong '--json needs a FILE' read --json vol -
	wrong '--sparse' read --sparse vol
	wrong '--sparse' read --sparse vol -
}

@test "-- ends options" {
	cp vol ./-q
	run_csum 0 info -- -q
	out_has '^volume +-q$'
	must_fail 8 '^csumtool: --help: cannot open' info -- --help
	wrong "'vol' is one operand too many" info vol -- vol
}

@test "options after operands, short ones together, values in every form" {
	run_csum 0 info vol -J
	json summary . | grep -q .
	run_csum 0 info vol -fJ
	json summary . | grep -q .
	run_csum 0 read vol out -q -o1 -l 5
	run_csum 0 read vol out2 -qo 1 --length 5
	run_csum 0 read vol out3 -q --offset=1 --length=5
	cmp out out2
	cmp out out3
}

@test "wrong usage with --json: still a message" {
	run_csum 16 info --json
	err_has '^csumtool: an operand is missing'
	run_csum 16 info --json --frobnicate vol
	err_has '^csumtool: --frobnicate: there is no such option'
}

@test "closed standard streams" {
	"$CSUMTOOL" info -q vol <&- || return 1
	status=0
	"$CSUMTOOL" info vol >&- 2>err || status=$?
	[ "$status" -eq 8 ]
	grep -q '^csumtool: cannot write to standard output' err
	"$CSUMTOOL" info -q vol 2>&- || return 1
	"$CSUMTOOL" check -q vol <&- >&- 2>&- || return 1
	[ "$(digest vol)" = "$before" ]
}
