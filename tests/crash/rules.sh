#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shows that each rule of the protocol is needed: rules/NAME.patch takes it out of a copy of the library, and the crash
# test must then fail, in the scenario and by the oracle that the head of the patch names, as doc/protocol.md does.
# Prints TAP.
#
#   rules.sh [NAME...]      tries all rules when none is named
#
# CC, CFLAGS and so on are as for make.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/csumtool-rules.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
built=${BUILD:-$top/build}
# The make in here is not the make that may have started the test.
unset MAKEFLAGS MAKELEVEL MFLAGS BUILD
# Without a rule something may be unused: that is no error here.
unset WERROR

if [ $# -eq 0 ]; then
	cd "$top/tests/crash/rules" || exit 1
	set -- *.patch
fi

field() {
	sed -n "s/^$1: //p" "$top/tests/crash/rules/$2.patch"
}

build() {
	make -C "$1" DEPS=no build/tests/crash/test_crash
}

# Prints why the test of this rule fails; prints nothing when it passes.
try_rule() {
	local rule=$1 scenario oracle
	scenario=$(field Scenario "$rule") oracle=$(field Oracle "$rule")
	rm -rf "$work/without"
	cp -Rp "$work/with" "$work/without"
	if ! patch -d "$work/without" -p1 --no-backup-if-mismatch <"$top/tests/crash/rules/$rule.patch"; then
		echo "the patch does not apply: bring it up to date" >&3
	elif ! build "$work/without"; then
		echo "it does not compile without the rule" >&3
	elif CSUM_CRASH_ONLY=$scenario CSUM_CRASH_STATES=20000 "$work/without/build/tests/crash/test_crash"; then
		echo "nothing fails without the rule" >&3
	fi
	grep -q "^| $rule [|(].*| $scenario: $oracle |\$" "$top/doc/protocol.md" ||
		echo "doc/protocol.md does not say that it is guarded by $scenario: $oracle" >&3
	grep -aq "^$scenario: violation of \"$oracle\"" "$work/log" ||
		echo "not caught by \"$oracle\" in $scenario" >&3
}

# The library is built once with all rules, starting from objects of the build where these are the same. Each rule is
# then taken out of a copy, in which only changed files are compiled.
mkdir -p "$work/with/build"
[ ! -d "$built/obj" ] || cp -Rp "$built/obj" "$built/flags" "$work/with/build/" || exit 1
cp -Rp "$top/include" "$top/lib" "$top/csumtool" "$top/tests" "$top/mk" "$top/Makefile" "$work/with/" || exit 1
if ! build "$work/with" >"$work/log" 2>&1; then
	cat "$work/log" >&2
	exit 1
fi
echo "1..$#"
n=0 status=0
for rule in "$@"; do
	rule=${rule%.patch}
	n=$((n + 1))
	why=$({ try_rule "$rule" >"$work/log" 2>&1; } 3>&1)
	if [ -z "$why" ]; then
		echo "ok $n - $rule"
	else
		echo "not ok $n - $rule: $why"
		sed 's/^/# /' "$work/log"
		status=1
	fi
done
exit $status
