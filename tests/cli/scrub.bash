# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of scrub and undo: damage, and what is said about it. For files that load common and places.

full_volume() {
	small v "$@"
	pattern in "$space" full
	run_csum 0 write -q v in
}

# done_is STATUS LINE...: scrub has to end with STATUS and report just that, in order of place. LINEs are
# KIND data FIRST COUNT OUTCOME, KIND imd FIRST_GROUP GROUPS COPY OUTCOME, or KIND superblock SLOT OUTCOME,
# where OUTCOME is "left -", or repaired or would-repair with the means and, where there is one, the number
# of bits, the replica or the source sector. Options for scrub come from the array options.
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

# Superblocks, then imd, then data: bad data sectors are reported later than what is found beside them.
in_order() {
	local all
	all=$(cat)
	grep ' superblock ' <<<"$all" || :
	grep ' imd ' <<<"$all" | sort -snk 3
	grep ' data ' <<<"$all" | sort -snk 3
}

# xor FILE OFFSET HEX: changes bits of as many bytes.
xor() {
	local old
	old=$(od -An -v -tx1 -j "$2" -N $((${#3} / 2)) "$1" | tr -d ' \n')
	poke "$1" "$2" "$(printf "%0${#3}x" $((0x$old ^ 0x$3)))"
}

# garbage FILE OFFSET LENGTH: other bytes, the same every time.
garbage() {
	seq -f "garbage %.0f" "$2" $(($2 + $3)) | head -c "$3" | dd of="$1" oflag=seek_bytes seek="$2" bs=64K \
		conv=notrunc status=none
}

# swap_in_older GROUP: the volume has been written twice; the group's older copy becomes what it was
# between the writes, when "before" was made. Sets older.
swap_in_older() {
	older=0
	if [ "$(surgery get v $(($(imd_at "$1" 0) + 8)) 4)" -gt "$(surgery get v $(($(imd_at "$1" 1) + 8)) 4)" ]; then
		older=1
	fi
	piece before "$(imd_at "$1" $older)" 512 >old
	put v "$(imd_at "$1" $older)" old
}

# old_data SECTOR...: puts the data back that was there when "before" was made.
old_data() {
	local sector
	for sector; do
		piece before "$(data_at "$sector")" "$S" >old
		put v "$(data_at "$sector")" old
	done
}

# active FIRST_GROUP COUNT: as if a writer with that intent had been killed.
active() {
	surgery super v A 256:4=1 264:8=+1 "272:8=$1" "280:8=$2" 16:8=+2
	surgery super v B 256:4=1 264:8=+1 "272:8=$1" "280:8=$2" 16:8=+2
}
