# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of write. For files that load common.

# unchanged FILE...: runs the command after -- and says whether the files are as they were.
unchanged() {
	local -a files=()
	local before
	while [ "$1" != -- ]; do
		files+=("$1")
		shift
	done
	shift
	before=$(digest "${files[@]}")
	"$@" || return
	[ "$(digest "${files[@]}")" = "$before" ] && return
	echo "changed by: $*"
	return 1
}

# From stdin that is a pipe, whose writer's end does not matter.
piped() {
	local file=$1
	shift
	run_csum "$@" < <(cat "$file")
}
