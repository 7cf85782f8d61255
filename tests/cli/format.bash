# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of format: images to be formatted. For files that load common.

uuid=01234567-89ab-cdef-0123-456789abcdef

# blank SIZE: makes an empty image.
blank() {
	rm -f vol
	truncate -s "$1" vol
}

# refused REGEX ARGUMENT...: format must end with 8, print REGEX for vol, and not change vol.
refused() {
	local regex=$1 before
	shift
	before=$(digest vol)
	must_fail 8 "^csumtool: vol: .*$regex" format "$@" vol
	[ "$(digest vol)" = "$before" ]
}
