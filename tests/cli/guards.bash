# SPDX-License-Identifier: GPL-2.0-or-later
#
# Volumes that commands have to refuse. For files that load common.

random_input() { random_file input 4096; }

# each_reader REGEX VOLUME, each_writer REGEX VOLUME: every command of that kind must fail with 8 and REGEX.
each_reader() {
	local command
	for command in info check read; do
		must_fail 8 "$1" $command "${@:2}" || return 1
	done
}

each_writer() {
	must_fail 8 "$1" write "${@:2}" input || return 1
	must_fail 8 "$1" discard -o 0 -l 1 "${@:2}"
}

# refused_by_all REGEX VOLUME: every command must refuse VOLUME, and leave it unchanged. refused_by_two: info and write
# only.
refused_by_all() {
	local before
	before=$(digest "$2")
	each_reader "$1" "$2" && each_writer "$1" "$2" && [ "$(digest "$2")" = "$before" ]
}

refused_by_two() {
	local before
	before=$(digest "$2")
	must_fail 8 "$1" info "$2" && must_fail 8 "$1" write "$2" input && [ "$(digest "$2")" = "$before" ]
}
