# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of dump-imd. For files that load common.

# Writes a volume v, except for its second half, which stays unwritten.
half_volume() {
	small v
	pattern in 84992 half
	run_csum 0 write -q v in
}

groups_shown() {
	json group .group | tr '\n' ' '
}

behead() {
	local at
	for at in 0 524288 "$backup"; do
		zeros "$1" "$at" 4096
	done
}
