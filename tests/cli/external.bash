# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of volumes with their metadata on a device of its own. For files that load common.

uuid=01234567-89ab-cdef-0123-456789abcdef

# pair [OPTION...]: makes an external volume of data (8 MiB) and meta (2 MiB).
pair() {
	rm -f data meta
	truncate -s 8M data
	truncate -s 2M meta
	run_csum 0 format -q -m meta "$@" data
}

# refused REGEX COMMAND...: the command must end with status 8 and change no file.
refused() {
	local regex=$1 before
	shift
	before=$(digest ./*)
	must_fail 8 "$regex" "$@"
	[ "$(digest ./*)" = "$before" ]
}
