#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The library as other programs find it.

load common

setup() {
	common_setup
	root=$BATS_TEST_DIRNAME/../..
	build=${BUILD:-$root/build}
}
teardown() { common_teardown; }

# version_of FILE: MAJOR.MINOR.PATCH, as the macros of that csum.h say.
version_of() {
	sed -n 's/^#define CSUM_VERSION_[A-Z]* //p' "$1" | paste -sd.
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
