#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# How long functions and files may be (tests/lint/sizes.sh): tried in a tree with one of each, as long as is allowed.

load common

setup() {
	common_setup
	mkdir -p copy/include copy/lib/base copy/csumtool copy/tests/lint copy/examples
	cp "$BATS_TEST_DIRNAME/../lint/sizes.sh" copy/tests/lint/
	{
		printf 'static void longest(int first,\n\t\t    int second)\n'
		body 40
	} >copy/lib/base/long.c
	lines 450 >copy/tests/file.h
	lines 900 >copy/include/csum.h
	copy/tests/lint/sizes.sh
}
teardown() { common_teardown; }

# lines COUNT: so many lines.
lines() {
	yes '/* line */' | head -n "$1"
}

# body COUNT: a function without its head, of so many lines.
body() {
	echo '{'
	lines $(($1 - 2))
	echo '}'
}

# found LINE...: these lines are said, and no others.
found() {
	status=0
	copy/tests/lint/sizes.sh >said || status=$?
	cat said
	[ "$status" -eq 1 ]
	printf '%s\n' "$@" | cmp - said
}

@test "sizes: a function of 41 lines" {
	for file in lib/base/report.h csumtool/main.c tests/test_report.c examples/verify.c; do
		{
			echo 'int *csum_report_all(int count)'
			body 41
			echo 'int next(void)'
			body 40
		} >"copy/$file"
	done
	found "csumtool/main.c:1: csum_report_all(): 41 lines, at most 40" \
		"examples/verify.c:1: csum_report_all(): 41 lines, at most 40" \
		"lib/base/report.h:1: csum_report_all(): 41 lines, at most 40" \
		"tests/test_report.c:1: csum_report_all(): 41 lines, at most 40"
}

@test "sizes: a function whose head has two lines is found by its name" {
	{
		sed 's/^{$/&\n/' copy/lib/base/long.c
	} >copy/lib/base/longer.c
	found "lib/base/longer.c:1: longest(): 41 lines, at most 40"
}

@test "sizes: a file of 451 lines" {
	lines 451 >copy/lib/base/le.h
	lines 451 >copy/tests/zz.c
	found "lib/base/le.h: 451 lines, at most 450" "tests/zz.c: 451 lines, at most 450"
}

@test "sizes: a table is no function" {
	{
		echo 'static const int table[] = {'
		lines 60
		echo '};'
	} >copy/lib/base/table.c
	copy/tests/lint/sizes.sh
}
