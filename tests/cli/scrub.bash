# SPDX-License-Identifier: GPL-2.0-or-later
#
# Helpers for tests of scrub and undo: damage, and reports of it. For files that load common and places.

# done_is STATUS LINE...: scrub must end with STATUS and report exactly these findings, in order of place. LINEs are
# KIND data FIRST COUNT OUTCOME, KIND imd FIRST_GROUP GROUPS COPY OUTCOME, or KIND superblock SLOT OUTCOME, where
# OUTCOME is "left -", or repaired or would-repair with the means and, where there is one, the number of bits, the
# replica or the source sector. Options for scrub come from the array options.
options=()
done_is() {
	local status=$1 filter
	shift
	run_csum "$status" scrub -J "${options[@]}" v || return
	filter='(if .subject == "data" then "\(.first_sector) \(.sector_count)"
		elif .subject == "imd" then "\(.first_group) \(.group_count) \(.copy // "both")"
		else .slot end) + " \(.disposition) \(.means // "-")" +
		([.bits, .replica, .source_sector | values | " \(.)"] | add // "")'
	json finding ".kind + \" \" + .subject + \" \" + ($filter)" | in_order >../found
	printf '%s\n' "$@" | grep . | in_order >../expected || :
	diff ../expected ../found
}

# Sorts superblocks first, then imd, then data, as bad data sectors are reported later than other findings near them.
in_order() {
	local all
	all=$(cat)
	grep ' superblock ' <<<"$all" || :
	grep ' imd ' <<<"$all" | sort -snk 3
	grep ' data ' <<<"$all" | sort -snk 3
}

# xor FILE OFFSET HEX: changes these bits of as many bytes.
xor() {
	local old
	old=$(od -An -v -tx1 -j "$2" -N $((${#3} / 2)) "$1" | tr -d ' \n')
	poke "$1" "$2" "$(printf "%0${#3}x" $((0x$old ^ 0x$3)))"
}

# garbage FILE OFFSET LENGTH: writes other bytes, the same every time.
garbage() {
	seq -f "garbage %.0f" "$2" $(($2 + $3)) | head -c "$3" | dd of="$1" oflag=seek_bytes seek="$2" bs=64K \
		conv=notrunc status=none
}
