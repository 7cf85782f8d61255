#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the part of csumtool.bash that follows from the tables of commands and options, out of the --help that is made
# of the same tables:
#
#   tables.sh CSUMTOOL FILE      prints FILE with that part, which lies between two marks, as the program has it
set -euo pipefail

csumtool=$1 file=$2
export LC_ALL=C

commands() {
	"$csumtool" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}

# Lines of NAMES|=VALUE, as in "-o --offset|=SIZE"; "--wait|[=TIME]" where the value may be left out.
options() {
	"$csumtool" "$1" --help | sed -nE 's/^  (-., |    )(--[a-z-]+)([^ ]*).*/\1\2|\3/p' | tr -d , | sed 's/^ *//'
}

# names_of COMMAND EXPRESSION: the names of the options whose value, "" for a flag, matches, on one line.
names_of() {
	options "$1" | awk -F'|' -v value="$2" '{ rest = substr($0, length($1) + 2) } rest ~ value { printf "%s%s", sep, $1; sep = " " }'
}

# The options with a set of words, of all commands.
choices() {
	local command
	for command in $(commands); do
		options "$command" | grep -E '[|]=[a-z0-9]+[|]' || :
	done | sort -u | sed -E 's/^([^|]*)[|]=(.*)/\1=\2/' | while IFS='=' read -r names words; do
		printf '\t%s) echo "%s" ;;\n' "${names/ / | }" "${words//|/ }"
	done
}

# shellcheck disable=SC2016 # $1 is that of the functions that are made
tables() {
	local command
	echo '_csumtool_commands()'
	printf '{\n\techo "%s"\n}\n\n' "$(commands | paste -sd ' ')"
	echo '# Options of every command: flags, and after "|" those that take a value.'
	printf '_csumtool_options()\n{\n\tcase $1 in\n'
	for command in $(commands); do
		printf '\t%s)\n\t\techo "%s |" \\\n\t\t\t"%s"\n\t\t;;\n' "$command" \
			"$(names_of "$command" '^([[].*)?$')" "$(names_of "$command" '^=')"
	done
	printf '\tesac\n}\n\n'
	echo '# The words that are all there is for the value of an option; nothing for others.'
	printf '_csumtool_choices()\n{\n\tcase $1 in\n'
	choices
	printf '\tesac\n}\n'
}

made=$(tables)
sed '/^# Made by/q' "$file"
printf '%s\n' "$made"
sed -n '/^# End of what is made/,$p' "$file"
