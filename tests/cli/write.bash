# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of write. For files that load common.

# unchanged FILE...: runs the command after --, and fails unless the files stay unchanged.
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

# Writes from stdin through a pipe; the status of the pipe's writer does not matter.
piped() {
	local file=$1
	shift
	run_csum "$@" < <(cat "$file")
}
