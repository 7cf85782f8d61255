#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands and options of --help, the manual page and the completion are the same.
# sanitize: yes

setup() {
	root=$BATS_TEST_DIRNAME/../..
	: "${CSUMTOOL:=$root/build/csumtool}"
	man=$root/man/csumtool.8
	completion=$root/completion/csumtool.bash
}

help_commands() {
	"$CSUMTOOL" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' | sort
}

man_commands() {
	awk '/^\.Sh/ { on = /COMMANDS/ } on && /^\.Ss/ { print $2 }' "$man" | sort
}

completion_commands() {
	(
		# shellcheck disable=SC1090
		. "$completion"
		COMP_WORDS=(csumtool "") COMP_CWORD=1
		_csumtool
		printf '%s\n' "${COMPREPLY[@]}" | grep -v '^-' | sort
	)
}

# Prints options as "-o --offset", or "--size" without a short one, in order.
help_options() {
	"$CSUMTOOL" "$1" --help | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\1\2/p' | tr -d ' ' | tr ',' ' ' | sort
}

# Parses ".It Fl o , Fl -offset Ns = Ns Ar SIZE" and ".It Fl -size ...".
man_items() {
	sed -n 's/^\.It \(Fl . , \|\)Fl -\([a-z-]*\).*/\1--\2/p' | sed 's/^Fl \(.\) , /-\1 /' | sort
}

man_common_section() {
	awk '/^\.Sh/ { on = /COMMON OPTIONS/ } on' "$man"
}

# Prints the options described with the command, and the common options that it names; all commands have --help and
# --version.
man_options() {
	local section long
	section=$(awk -v c="$1" '/^\.S[hs]/ { on = $1 == ".Ss" && $2 == c } on' "$man")
	{
		man_items <<<"$section"
		for long in $(awk '/^Common options:/ { on = 1; next } /^[^.]/ || /^\.Pp/ { on = 0 }
				on && /Ql|Ar/ { on = 0 } on' <<<"$section" | grep -o 'Fl -[a-z-]*' | sed 's/Fl -/--/' | sort -u) \
			--help --version; do
			man_common_section | man_items | grep -E -- "(^| )$long\$" || echo "no text on $long"
		done
	} | sort
}

completion_options() {
	(
		# shellcheck disable=SC1090
		. "$completion"
		COMP_WORDS=(csumtool "$1" "-") COMP_CWORD=2
		_csumtool
		printf '%s\n' "${COMPREPLY[@]}" | sort
	)
}

same() {
	diff <(echo "$1") <(echo "$2")
}

@test "there are commands at all" {
	[ "$(help_commands | wc -l)" -ge 9 ]
	help_commands | grep -x check
}

@test "commands: --help and manual page" {
	same "$(help_commands)" "$(man_commands)"
}

@test "commands: --help and completion" {
	same "$(help_commands)" "$(completion_commands)"
}

@test "options of every command: --help and manual page" {
	for command in $(help_commands); do
		echo "$command"
		[ "$(help_options "$command" | wc -l)" -ge 5 ]
		same "$(help_options "$command")" "$(man_options "$command")"
	done
}

@test "options of every command: --help and completion" {
	for command in $(help_commands); do
		echo "$command"
		same "$(help_options "$command" | tr ' ' '\n' | sort)" "$(completion_options "$command")"
	done
}

@test "every common option of the manual page is one of some command" {
	all=$(for command in $(help_commands); do help_options "$command"; done)
	man_common_section | man_items | while read -r option; do
		echo "$option"
		grep -Fx -- "$option" <<<"$all"
	done
}

@test "10.5 the completion is as 'make completion' makes it of the tables" {
	"$root/completion/tables.sh" "$CSUMTOOL" "$completion" >"$BATS_TEST_TMPDIR/made"
	grep -q '^	superblock)$' "$BATS_TEST_TMPDIR/made"
	diff "$BATS_TEST_TMPDIR/made" "$completion"
}

@test "the completion knows which options take a value" {
	# shellcheck disable=SC1090
	. "$completion"
	for command in $(help_commands); do
		echo "$command"
		valued=$("$CSUMTOOL" "$command" --help | sed -n 's/^ .*\(--[a-z-]*\)=[^[].*/\1/p' | sort)
		listed=$(_csumtool_options "$command" | sed 's/.*|//' | tr ' ' '\n' | grep '^--' | sort)
		same "$valued" "$listed"
	done
}

@test "values of options: --help and completion" {
	# shellcheck disable=SC1090
	. "$completion"
	for option in format:--sector-size format:--checksum read:--on-error; do
		values=$("$CSUMTOOL" "${option%%:*}" --help | sed -n "s/.*${option#*:}=\([a-z0-9|]*\).*/\1/p")
		COMP_WORDS=(csumtool "${option%%:*}" "${option#*:}" "=" "")
		COMP_CWORD=4
		_csumtool
		same "$(tr '|' '\n' <<<"$values")" "$(printf '%s\n' "${COMPREPLY[@]}")"
	done
}

@test "lists of words are completed word by word" {
	# shellcheck disable=SC1090
	. "$completion"
	COMP_WORDS=(csumtool scrub --heal "=" "replica,b")
	COMP_CWORD=4
	_csumtool
	same "${COMPREPLY[*]}" replica,bits
	COMP_WORDS=(csumtool write --allow "=" "")
	_csumtool
	same "${COMPREPLY[*]}" "foreign identity rewritten unread"
}

@test "--help works for every command, on stdout, with status 0" {
	for command in $(help_commands); do
		for option in --help -h; do
			"$CSUMTOOL" "$command" "$option" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
			grep -q "^Usage: csumtool $command " "$BATS_TEST_TMPDIR/out"
			[ ! -s "$BATS_TEST_TMPDIR/err" ]
		done
		[[ $("$CSUMTOOL" "$command" --version) == "csumtool "* ]]
	done
	[[ $("$CSUMTOOL" -V) == "csumtool "* ]]
	"$CSUMTOOL" -h | grep -q '^Usage: '
}

@test "help fits a terminal of 80 columns" {
	for command in "" $(help_commands); do
		# Word splitting drops the empty command.
		# shellcheck disable=SC2086
		! "$CSUMTOOL" $command --help | grep -E '.{81}' || false
	done
}

@test "what comes later is not promised" {
	for word in accept --adopt --progress --mapfile --metrics; do
		! "$CSUMTOOL" --help | grep -qw -- "$word" || false
		for command in $(help_commands); do
			! "$CSUMTOOL" "$command" --help | grep -qE -- "^  .*$word" || false
		done
		! completion_commands | grep -qx -- "$word" || false
		! grep -qE -- "^\.(Ss|It Fl) -?${word#--}" "$man" || false
	done
}

@test "the manual page has no mistakes" {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	mandoc -T lint -W warning "$man"
}
