# SPDX-License-Identifier: GPL-2.0-or-later
#
# Helpers for tests of check and its findings. For files that load common, places and damage.

# found STATUS LINE...: check must end with STATUS and report exactly these findings, in that order. LINEs are KIND data
# FIRST COUNT DEVICE_OFFSET, KIND imd FIRST_GROUP GROUPS COPY DEVICE_OFFSET, or KIND superblock SLOT DEVICE_OFFSET.
# Options for check come from the array options.
options=()
found() {
	local status=$1 filter
	shift
	run_csum "$status" check -J "${options[@]}" v || return
	filter='if .subject == "data" then "\(.first_sector) \(.sector_count)"
		elif .subject == "imd" then "\(.first_group) \(.group_count) \(.copy // "both")"
		else .slot end'
	json finding ".kind + \" \" + .subject + \" \" + ($filter) + \" \" + (.device_offset | tostring)" >../found
	printf '%s\n' "$@" | grep . >../expected || :
	diff ../expected ../found || return
	[ "$(json finding .device | sort -u)" = v ] || [ $# -eq 0 ] || [ -z "$1" ]
}

# errors_are COUNTS: the summary must have exactly these errors, such as "3 mismatch" or "1 imd-bad, 2 stale".
errors_are() {
	local sum=0 number
	for number in $(tr -cd '0-9 ' <<<"$1"); do
		sum=$((sum + number))
	done
	out_has ": $sum errors?: $1(;|\$)"
}
