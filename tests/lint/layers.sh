#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checks each #include "..." of the library and the program against the order of the rooms (tests/lint/rooms). Every
# room may include the public header; the program may include nothing else of the library.
#
#   layers.sh [TOP]      TOP: a tree other than this one
#
# Prints a line "FILE:LINE: ROOM includes OTHER: why not" for each wrong include.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
cd "${1:-$here/../..}" || exit 1

mapfile -t files < <(find include lib csumtool -name '*.[ch]' | LC_ALL=C sort)
if [ ${#files[@]} -eq 0 ]; then
	echo "layers: no files below include/, lib/ and csumtool/" >&2
	exit 1
fi

# shellcheck disable=SC2016 # awk's own variables
awk '
	# Returns the room of a path below root: its folder, or else its own name.
	function room_of(path) {
		if (path !~ /\//)
			sub(/\.[ch]$/, "", path)
		sub(/\/.*/, "", path)
		return path
	}
	function complain(from, to, why) {
		printf "%s:%d: %s includes %s: %s\n", FILENAME, FNR, from, to, why
		wrong = 1
	}
	# Returns why the include is wrong, or "".
	function judge(root, from, name,    to) {
		if (name == "csum.h" && root != "include")
			return ""
		if (!((root "/" name) in exists))
			return "there is no " root "/" name
		to = room_of(name)
		if (!((root, from) in line_of))
			return "tests/lint/rooms does not have " from
		if (!((root, to) in line_of))
			return "tests/lint/rooms does not have " to
		if (from == to || line_of[root, to] < line_of[root, from])
			return ""
		return line_of[root, to] == line_of[root, from] ? "they are neighbours" : to " is above " from
	}
	BEGIN {
		for (i = 2; i < ARGC; i++)
			exists[ARGV[i]] = 1
	}
	FNR == NR {
		for (i = 2; i <= NF && $1 != "#"; i++)
			line_of[$1, $i] = FNR
		next
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\"")
		root = FILENAME
		sub(/\/.*/, "", root)
		from = room_of(substr(FILENAME, length(root) + 2))
		why = judge(root, from, part[2])
		if (why != "")
			complain(from, part[2], why)
	}
	END { exit wrong }
' "$here/rooms" "${files[@]}"
