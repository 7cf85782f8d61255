#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Version: libpopt0 1.19+dfsg-1 (Debian 12)
# Behaviour: an option whose argument is optional (POPT_ARGFLAG_OPTIONAL) takes the next word of the command line as its
#     argument, whatever that word is, and the operand is gone: "--wait disk" waits for a time of "disk". Only as the last
#     word, or before a word that begins with a dash, does it stand without an argument. With getopt_long(3) an optional
#     argument has to be joined by "=", and that is what people type. A short option does the same. A program that wants
#     "--wait" before an operand has to compare the argument with argv and to put it back with poptStuffArgs().
# Source: popt(3), POPT_ARGFLAG_OPTIONAL; found when a command with a bare --wait before its operand said that the operand
#     was missing.
# Seen:
#     --wait=5 disk: argument 5, operands disk
#     --wait disk: argument disk, operands none
#     disk --wait: argument none, operands disk
#     --wait --force disk: argument none, operands disk
#     -w disk: argument disk, operands none
#
# Installs the package in a temporary folder, and fails when what was seen changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download libpopt0=1.19+dfsg-1
dpkg -x ./libpopt0_*.deb root

cat >ask.py <<'PYTHON'
import ctypes
import sys

STRING, OPTIONAL = 1, 0x10000000


class Option(ctypes.Structure):
    _fields_ = [
        ("long_name", ctypes.c_char_p),
        ("short_name", ctypes.c_char),
        ("info", ctypes.c_uint),
        ("argument", ctypes.c_void_p),
        ("value", ctypes.c_int),
        ("text", ctypes.c_char_p),
        ("argument_text", ctypes.c_char_p),
    ]


popt = ctypes.CDLL(sys.argv[1])
popt.poptGetContext.restype = ctypes.c_void_p
popt.poptGetOptArg.restype = ctypes.c_char_p
popt.poptGetArg.restype = ctypes.c_char_p
table = (Option * 3)(
    Option(b"wait", b"w", STRING | OPTIONAL, None, 1, None, None),
    Option(b"force", b"f", 0, None, 2, None, None),
)
words = [b"program"] + [word.encode() for word in sys.argv[2:]]
argv = (ctypes.c_char_p * (len(words) + 1))(*words)
context = ctypes.c_void_p(popt.poptGetContext(None, len(words), argv, table, 0))
argument = None
while (option := popt.poptGetNextOpt(context)) > 0:
    if option == 1:
        argument = popt.poptGetOptArg(context)
operands = iter(lambda: popt.poptGetArg(context), None)
print("argument %s, operands %s" % ((argument or b"none").decode(), b" ".join(operands).decode() or "none"))
PYTHON

fail=0
ask() {
	local expected=$1 said
	shift
	said=$(python3 ask.py "$(find "$folder/root" -name 'libpopt.so.0')" "$@")
	echo "$*: $said"
	[ "$said" = "$expected" ] && return
	echo "CHANGED: $*: \"$said\", not \"$expected\""
	fail=1
}

ask "argument 5, operands disk" --wait=5 disk
ask "argument disk, operands none" --wait disk
ask "argument none, operands disk" disk --wait
ask "argument none, operands disk" --wait --force disk
ask "argument disk, operands none" -w disk
exit $fail
