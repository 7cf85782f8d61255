#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The library as other programs see it.

load common
load places

setup() {
	common_setup
	root=$BATS_TEST_DIRNAME/../..
	build=${BUILD:-$root/build}
}
teardown() { common_teardown; }

# version_of FILE: prints MAJOR.MINOR.PATCH by the macros of that csum.h.
version_of() {
	sed -n 's/^#define CSUM_VERSION_[A-Z]* //p' "$1" | paste -sd.
}

# make_goal GOAL ARGUMENT...: makes the goal from existing builds, whatever their flags; nothing is built while other
# tests use the build.
make_goal() {
	command -v make >/dev/null || skip "make is not installed"
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$root" -o "$build/flags" BUILD="$build" DEPS=no "$@" >said 2>&1 || {
		cat said
		return 1
	}
}

# installed: everything must be in the tree ./tree, and pkg-config must find it; v is a sound volume, in bad a byte of
# sector 40 is wrong.
installed() {
	command -v "${CC:-cc}" >/dev/null || skip "there is no C compiler"
	make_goal install PREFIX="$PWD/tree"
	export PKG_CONFIG_PATH=$PWD/tree/lib/pkgconfig
	small v
	pattern input "$space" library
	run_csum 0 write -q v input
	cp v bad
	flip bad "$(data_at 40)"
}

# packages OPTION...: calls pkg-config for libcsum.
packages() {
	"${PKG_CONFIG:-pkg-config}" "$@" libcsum
}

# verifies COMMAND...: the example, started by that command, must tell right data from wrong data.
verifies() {
	status=0
	"$@" v 0 "$space" >said 2>&1 || status=$?
	[ "$status" -eq 0 ] && [ ! -s said ]
	"$@" bad 0 "$space" >said 2>&1 || status=$?
	cat said
	[ "$status" -eq 1 ]
	[ "$(cat said)" = "mismatch: content does not match its checksum, at offset $(data_at 40) of bad: data sectors 40 to 40" ]
	"$@" bad 0 $((40 * S)) >said
	[ ! -s said ]
	status=0
	"$@" none 0 1 2>said || status=$?
	[ "$status" -eq 2 ]
	grep -q '^verify: none: ' said
}

@test "10: the program has the version of the header" {
	run_csum 0 --version
	[ "$stdout" = "csumtool $(version_of "$root/include/csum.h")" ]
}

@test "10: the header is C11 and C99 without warnings" {
	command -v "${CC:-cc}" >/dev/null || skip "there is no C compiler"
	echo '#include "csum.h"' >header.c
	for standard in c99 c11; do
		"${CC:-cc}" -std=$standard -Wall -Wextra -Wpedantic -Werror -I"$root/include" -fsyntax-only header.c
	done
}

@test "10: the header is C++, and links with the library" {
	command -v "${CXX:-c++}" >/dev/null || skip "there is no C++ compiler"
	cat >program.cc <<-'END'
		#include "csum.h"
		#include <stdio.h>
		int main() { return puts(csum_version()) < 0; }
	END
	"${CXX:-c++}" -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$root/include" program.cc "$build/libcsum.a" -o program
	[ "$(./program)" = "$(version_of "$root/include/csum.h")" ]
}

@test "10: the example, with the shared library of an installed tree" {
	installed
	# shellcheck disable=SC2046 # words
	"${CC:-cc}" -Wall -Wextra -Werror "$root/examples/verify.c" $(packages --cflags --libs) -o verify
	readelf -d verify | grep -q 'NEEDED.*\[libcsum\.so\.1\]'
	verifies env LD_LIBRARY_PATH="$PWD/tree/lib" ./verify
}

@test "10: the shared library of an installed tree needs no package of another library" {
	local flags
	make_goal install PREFIX="$PWD/tree"
	# In place of the folders of the system.
	export PKG_CONFIG_LIBDIR=$PWD/tree/lib/pkgconfig
	flags=$(packages --cflags)
	[ "${flags% }" = "-I$PWD/tree/include" ]
	flags=$(packages --libs)
	[ "${flags% }" = "-L$PWD/tree/lib -lcsum" ]
	[[ $(packages --static --libs) == *-lblkid* ]]
}

@test "10: the example, with the archive of an installed tree" {
	installed
	rm tree/lib/libcsum.so*
	# shellcheck disable=SC2046 # words
	"${CC:-cc}" -Wall -Wextra -Werror "$root/examples/verify.c" $(packages --static --cflags --libs) -o verify
	verifies ./verify
}

@test "10: what install puts below DESTDIR, uninstall takes away" {
	local folders=(PREFIX=/usr libdir=/usr/lib/here includedir=/usr/include/csum pkgconfigdir=/usr/lib/pc)
	make_goal install DESTDIR="$PWD/root" "${folders[@]}"
	touch root/usr/lib/here/of-others
	(cd root && find . ! -type d | LC_ALL=C sort) >has
	cat >expected <<-'END'
		./usr/bin/csumtool
		./usr/include/csum/csum.h
		./usr/lib/here/libcsum.a
		./usr/lib/here/libcsum.so
		./usr/lib/here/libcsum.so.1
		./usr/lib/here/of-others
		./usr/lib/pc/libcsum.pc
		./usr/share/bash-completion/completions/csumtool
		./usr/share/man/man8/csumtool.8
	END
	diff expected has
	[ "$(readlink root/usr/lib/here/libcsum.so)" = libcsum.so.1 ]
	export PKG_CONFIG_PATH=$PWD/root/usr/lib/pc
	[ "$(packages --variable=libdir) $(packages --variable=includedir)" = "/usr/lib/here /usr/include/csum" ]
	[ "$(packages --modversion)" = "$(version_of "$root/include/csum.h")" ]
	make_goal uninstall DESTDIR="$PWD/root" "${folders[@]}"
	[ "$(find root ! -type d)" = root/usr/lib/here/of-others ]
}
