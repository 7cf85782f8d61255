#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The only list of the Debian packages that csumtool is built and tested with.
#
#   deps.sh list    [GROUP...]   prints the packages
#   deps.sh missing [GROUP...]   prints the packages that are not installed; status 1 when there are any
#   deps.sh install [GROUP...]   installs missing packages; does nothing, quickly, when there are none
#
# Groups: build demo test lint fuzz (all of them when none is named); bench and portability, which have to be named.
set -eu

# ISA-L is not packaged for i386; csumtool does without it there.
isal() {
	[ "$(dpkg --print-architecture 2>/dev/null)" = i386 ] || echo libisal-dev
}

packages() {
	case $1 in
	build) echo gcc libc6-dev make pkg-config \
		libblkid-dev libmount-dev uuid-dev libpopt-dev "$(isal)" libjansson-dev ;;
	demo) echo e2fsprogs jq ;;
	test) echo bats xxd g++ libcmocka-dev zlib1g-dev e2fsprogs jq fuse3 libfuse3-dev python3 \
		util-linux mount procps patch \
		xfsprogs btrfs-progs dosfstools fdisk cryptsetup-bin ntfs-3g fuse2fs ;;
	lint) echo clang clang-format cppcheck shellcheck mandoc ;;
	fuzz) echo clang libclang-rt-dev zlib1g-dev ;;
	bench) echo python3 time xxhash b3sum ;;
	# Not qemu-user-static, with which the machine would run foreign programs by itself.
	portability) echo gcc-s390x-linux-gnu gcc-i686-linux-gnu qemu-user ;;
	*)
		echo "deps.sh: no such group: $1" >&2
		exit 16
		;;
	esac
}

list() {
	for group in "$@"; do
		packages "$group"
	done | tr ' ' '\n' | awk 'NF && !seen[$0]++'
}

# Without dpkg no package is known to be missing; one that is missing shows when it is used.
missing() {
	command -v dpkg-query >/dev/null || return 0
	list "$@" >"$tmp/wanted"
	# shellcheck disable=SC2046 # the names are words
	# dpkg-query fails when it does not know one of the packages, and still shows the rest.
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(cat "$tmp/wanted") 2>/dev/null |
		sed -n 's/^installed //p' >"$tmp/installed" || :
	grep -vxF -f "$tmp/installed" "$tmp/wanted" || :
}

install_packages() {
	if ! command -v apt-get >/dev/null; then
		echo "deps: no apt-get here; needed, by their names in Debian:" "$@" >&2
		return 1
	fi
	root=
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null; then
			refuse "neither root nor sudo" "$@"
			return 1
		fi
		root=sudo
		# Without a terminal no password can be typed.
		[ -t 0 ] || root='sudo -n'
	fi
	echo "deps: installing" "$@" >&2
	# An update may fail because of a repository that we do not need.
	$root apt-get -q update </dev/null >&2 || echo "deps: apt-get update failed, going on" >&2
	$root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q install -y --no-install-recommends "$@" </dev/null >&2 || {
		refuse "apt-get failed" "$@"
		return 1
	}
}

refuse() {
	why=$1
	shift
	echo "deps: cannot install packages here: $why. Run as root:" >&2
	echo "    apt-get update && apt-get install" "$@" >&2
	echo "deps: or give DEPS=no to go on without them" >&2
}

action=${1:-}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- build demo test lint fuzz

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

case $action in
list)
	list "$@"
	;;
missing)
	names=$(missing "$@")
	[ -z "$names" ] || {
		echo "$names"
		exit 1
	}
	;;
install)
	names=$(missing "$@")
	# shellcheck disable=SC2086 # the names are words
	[ -z "$names" ] || install_packages $names
	;;
*)
	echo "usage: deps.sh list|missing|install [build|demo|test|lint|fuzz|bench|portability]..." >&2
	exit 16
	;;
esac
