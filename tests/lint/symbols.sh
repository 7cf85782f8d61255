#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Checks the symbols of a built library. The symbols that leave the archive (with default visibility), those that leave
# the shared library (each with its version) and those in lib/libcsum.map must be the functions that include/csum.h
# declares. And no object may call into a room above its own (tests/lint/rooms): layers.sh cannot see such a call when
# it goes through the public header.
#
#   symbols.sh BUILD
#
# Prints a line for each symbol that is wrong.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
build=$(realpath "${1:?usage: symbols.sh BUILD}") || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/csumtool-symbols.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

# Names of function types end with _fn; they are no functions.
declared() {
	awk '{
		line = $0
		while (match(line, /\/\*([^*]|\*[^\/])*\*\//))
			line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
		if (inside && match(line, /\*\//)) {
			line = substr(line, RSTART + 2)
			inside = 0
		}
		if (inside)
			next
		if (match(line, /\/\*/)) {
			line = substr(line, 1, RSTART - 1)
			inside = 1
		}
		print line
	}' "$here/../../include/csum.h" | grep -oE '\bcsum_[a-z0-9_]+\(' | tr -d '(' | grep -v '_fn$' | sort -u
}

of_archive() {
	readelf -sW "$build/libcsum.a" | awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }' | sort -u
}

# Names without a version do not come from the map.
of_shared() {
	readelf --dyn-syms -W "$build/libcsum.so.1" |
		awk '$5 ~ /^(GLOBAL|WEAK)$/ && $7 != "UND" && $7 != "ABS" { print $8 }' | sed 's/@@CSUM_[0-9.]*$//' | sort -u
}

of_map() {
	grep -oE '^\s*csum_[a-z0-9_]+;' "$here/../../lib/libcsum.map" | tr -d ' \t;' | sort -u
}

declared >"$work/declared"
if [ ! -s "$work/declared" ]; then
	echo "symbols: nothing to compare in include/csum.h" >&2
	exit 1
fi
wrong=0

# compare FILE: its symbols, on stdin, must be the functions that the header declares.
compare() {
	cat >"$work/has"
	while read -r name; do
		echo "$name leaves $1, but include/csum.h does not declare it"
		wrong=1
	done < <(comm -13 "$work/declared" "$work/has")
	while read -r name; do
		echo "$name is declared in include/csum.h, but $1 does not have it"
		wrong=1
	done < <(comm -23 "$work/declared" "$work/has")
}
compare libcsum.a < <(of_archive)
compare libcsum.so.1 < <(of_shared)
compare libcsum.map < <(of_map)

# Makes lines of FILE KIND NAME; kind U: the file calls the function, other kinds: it defines it. The symbols come from
# objects of present sources: the archive knows its objects without their folders, and the folders may hold objects of
# sources that are gone.
cd "$here/../../lib" || exit 1
find . -name '*.c' | sort | while IFS= read -r file; do
	file=${file#./}
	nm "$build/obj/lib/${file%.c}.o" |
		awk -v file="$file" 'NF >= 2 && $(NF - 1) ~ /^[UTDRB]$/ { print file, $(NF - 1), $NF }'
done >"$work/symbols"

awk '
	function room_of(path) {
		if (path !~ /\//)
			sub(/\.c$/, "", path)
		sub(/\/.*/, "", path)
		return path
	}
	pass == 0 {
		for (i = 2; i <= NF && $1 == "lib"; i++)
			line_of[$i] = FNR
		next
	}
	pass == 1 {
		if ($2 != "U")
			home[$3] = $1
		next
	}
	$2 == "U" && $3 in home {
		from = room_of($1)
		to = room_of(home[$3])
		if (from != to && line_of[to] >= line_of[from]) {
			printf "lib/%s calls %s() of lib/%s, which it does not see\n", $1, $3, home[$3]
			wrong = 1
		}
	}
	END { exit wrong }
' "$here/rooms" pass=1 "$work/symbols" pass=2 "$work/symbols" || wrong=1
exit $wrong
