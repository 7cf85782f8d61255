#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How the Makefile builds.

load common

setup() {
	common_setup
	command -v make >/dev/null || skip "make is not installed"
	root=$BATS_TEST_DIRNAME/../..
	# Makes a pkg-config that does not know ISA-L.
	cat >pkg-config-without-isal <<-'END'
		#!/bin/sh
		case " $* " in *" libisal "*) echo "Package libisal was not found" >&2; exit 1 ;; esac
		exec pkg-config "$@"
	END
	chmod +x pkg-config-without-isal
}
teardown() { common_teardown; }

# checksums ARGUMENT...: compiles the objects that compute checksums, into ./out, with a make independent of any other.
checksums() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u ISAL make -C "$root" BUILD="$PWD/out" DEPS=no \
		"$PWD/out/obj/lib/base/checksum.o" "$PWD/out/obj/lib/base/checksum_portable.o" "$@"
}

symbols() {
	nm "out/obj/lib/base/$1.o"
}

@test "15: without ISA-L csumtool is built with checksums of its own" {
	checksums PKG_CONFIG="$PWD/pkg-config-without-isal" >said 2>&1 || {
		cat said
		return 1
	}
	symbols checksum >found
	grep -q ' U csum_checksum_portable$' found
	! grep -q ' U crc' found || false
	grep -q 'ISA-L' said
}

@test "15: ISAL=no builds without ISA-L where there is one" {
	checksums ISAL=no >said
	symbols checksum >found
	grep -q ' U csum_checksum_portable$' found
	! grep -q ' U crc' found || false
	! grep -q 'ISA-L' said || false
}

@test "ISAL=yes refuses to build without ISA-L" {
	status=0
	checksums ISAL=yes PKG_CONFIG="$PWD/pkg-config-without-isal" >said 2>&1 || status=$?
	[ $status -ne 0 ]
	grep -q 'Not found by .*: libisal$' said
	grep -q 'make deps' said
}
