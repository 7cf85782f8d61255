#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checks that functions and files of C stay small enough to be read at once: functions have at most 40 lines, from the one
# with the opening brace to the one with the closing brace, files at most 450. The public header is no part of this: its
# comments are the documentation.
#
#   sizes.sh [TOP]      TOP: another tree than this one
#
# Prints a line "FILE:LINE: NAME(): N lines, at most 40" or "FILE: N lines, at most 450" for each that is longer.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
cd "${1:-$here/../..}" || exit 1

mapfile -t files < <(find lib csumtool tests examples -name '*.[ch]' | LC_ALL=C sort)
if [ ${#files[@]} -eq 0 ]; then
	echo "sizes: no files below lib/, csumtool/, tests/ and examples/" >&2
	exit 1
fi

# A function begins with a brace alone in column 0, after the lines of its head. Those of a type or a table stand behind
# something. In the head the name is in front of the first parenthesis.
awk -v most_of_function=40 -v most_of_file=450 '
	function complain(where, lines, most) {
		printf "%s: %d lines, at most %d\n", where, lines, most
		wrong = 1
	}
	function end_file() {
		if (lines > most_of_file)
			complain(name, lines, most_of_file)
	}
	FNR == 1 {
		end_file()
		name = FILENAME
		opened = 0
	}
	{ lines = FNR }
	/^[A-Za-z_].*\(/ {
		head = $0
		sub(/\(.*/, "", head)
		sub(/.*[ *]/, "", head)
		head_line = FNR
	}
	/^\{$/ { opened = FNR }
	/^\}/ {
		if (opened && FNR - opened + 1 > most_of_function)
			complain(name ":" head_line ": " head "()", FNR - opened + 1, most_of_function)
		opened = 0
	}
	END {
		end_file()
		exit wrong
	}
' "${files[@]}"
