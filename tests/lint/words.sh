#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checks that no text of the library names the program, its commands or its options: other programs show these texts, too,
# and what one has to advise it knows from the reason (enum csum_reason). "csumtool volume" is the name of what lies on the
# disk, and stays.
#
#   words.sh [TOP]      TOP: another tree than this one
#
# Prints a line "FILE:LINE: a text names WORD" for each that is wrong. Literals that the compiler joins are one text.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
cd "${1:-$here/../..}" || exit 1

mapfile -t files < <(find include lib -name '*.[ch]' | LC_ALL=C sort)
# Rows of the tables of options: a name, and a letter.
options=$(find csumtool -name '*.[ch]' -exec cat {} + | tr -d '\n\134' |
	grep -oE "\"[a-z-]+\",[[:space:]]*'[^']'," | cut -d '"' -f 2 | sort -u)
if [ ${#files[@]} -eq 0 ] || [ -z "$options" ]; then
	echo "words: no files below include/ and lib/, or no options in csumtool/" >&2
	exit 1
fi

# shellcheck disable=SC2016 # awk's own variables
options=$options awk '
	function complain(word) {
		printf "%s:%d: a text names %s\n", name, at, word
		wrong = 1
	}
	# The text that began in line `at`.
	function judge(    rest, option) {
		rest = text
		gsub(/csumtool volume/, "", rest)
		if (rest ~ /csumtool/)
			complain("csumtool")
		while (match(rest, /--[a-z][a-z-]*/)) {
			option = substr(rest, RSTART, RLENGTH)
			rest = substr(rest, RSTART + RLENGTH)
			if (option in is_option)
				complain(option)
		}
		text = ""
	}
	# Of a whole file; what lies between two literals is whitespace, comments and macros where they are joined.
	function judge_file(    line, token, skipped, between) {
		line = 1
		while (match(source, /"(\\.|[^"\\])*"|\x27(\\.|[^\x27\\])*\x27|\/\*([^*]|\*+[^*\/])*\*+\//)) {
			token = substr(source, RSTART, RLENGTH)
			between = between substr(source, 1, RSTART - 1)
			skipped = substr(source, 1, RSTART - 1)
			line += gsub(/\n/, "\n", skipped)
			source = substr(source, RSTART + RLENGTH)
			if (token ~ /^"/) {
				if (between !~ /^[A-Za-z0-9_ \t\n]*$/)
					judge()
				if (text == "")
					at = line
				text = text substr(token, 2, length(token) - 2)
				between = ""
			} else if (token !~ /^\//) {
				between = between ";"
			}
			line += gsub(/\n/, "\n", token)
		}
		judge()
		source = ""
	}
	BEGIN {
		split(ENVIRON["options"], names)
		for (i in names)
			is_option["--" names[i]] = 1
	}
	FNR == 1 && NR > 1 { judge_file() }
	{ source = source $0 "\n"; name = FILENAME }
	END { judge_file(); exit wrong }
' "${files[@]}"
