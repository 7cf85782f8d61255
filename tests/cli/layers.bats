#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/lint finds violations that are planted in a copy of the sources, which is clean before.

load common

setup() {
	common_setup
	local top=$BATS_TEST_DIRNAME/../..
	mkdir -p copy/tests
	cp -R "$top/include" "$top/lib" "$top/csumtool" copy/
	cp -R "$top/tests/lint" copy/tests/
	copy/tests/lint/layers.sh
}
teardown() { common_teardown; }

# found FILE NAME REASON: an include of NAME at the end of FILE must be reported with REASON.
found() {
	local file=copy/$1 line
	printf '#include "%s"\n' "$2" >>"$file"
	line=$(wc -l <"$file")
	status=0
	copy/tests/lint/layers.sh >said || status=$?
	cat said
	[ "$status" -eq 1 ]
	[ "$(cat said)" = "$1:$line: $3" ]
}

@test "layers: a room above is not seen" {
	found lib/base/report.c volume/groups.h "base includes volume/groups.h: volume is above base"
}

@test "layers: nor is a neighbour" {
	found lib/carve/carve.h findings/finder.h "carve includes findings/finder.h: they are neighbours"
}

@test "layers: a file without a folder is a room" {
	found lib/undo/save.c open.h "undo includes open.h: they are neighbours"
}

@test "layers: the program sees the public header only" {
	found csumtool/commands/info.c volume/volume.h \
		"commands includes volume/volume.h: there is no csumtool/volume/volume.h"
}

@test "layers: the program has an order, too" {
	found csumtool/show/text.c cli/args.h "show includes cli/args.h: cli is above show"
}

@test "layers: an include names the room" {
	found lib/scrub/pass.c choose.h "scrub includes choose.h: there is no lib/choose.h"
}

@test "layers: a new room has a line in the list" {
	mkdir copy/lib/attic
	touch copy/lib/attic/box.h
	found lib/scrub/pass.c attic/box.h "scrub includes attic/box.h: tests/lint/rooms does not have attic"
}

@test "layers: the public header includes nothing of ours" {
	found include/csum.h base/le.h "csum includes base/le.h: there is no include/base/le.h"
}

# with_symbols NAME...: makes libraries with functions of these names, exported as the header says, and objects of the
# sources beside them, whose code does not matter.
with_symbols() {
	local name file object
	mkdir -p out/obj
	(cd copy && find lib -name '*.c') | while IFS= read -r file; do
		object=out/obj/${file%.c}.o
		mkdir -p "${object%/*}"
		cp nothing.o "$object"
	done
	for name; do
		echo "int $name(void); int $name(void) { return 0; }"
	done >public.c
	cc -fPIC -c public.c -o out/obj/lib/scrub/scrub.o
	ar rcs out/libcsum.a out/obj/lib/scrub/scrub.o
	with_map "$@"
}

# with_map NAME...: makes the map, and with it the shared library from the object.
with_map() {
	{
		echo 'CSUM_1.0 { global:'
		printf '\t%s;\n' "$@"
		echo 'local: *; };'
	} >copy/lib/libcsum.map
	cc -shared -Wl,--version-script,copy/lib/libcsum.map out/obj/lib/scrub/scrub.o -o out/libcsum.so.1
}

symbols_setup() {
	command -v cc >/dev/null || skip "there is no cc"
	command -v readelf >/dev/null || skip "there is no readelf"
	echo 'int csum_nothing;' | cc -fvisibility=hidden -x c -c - -o nothing.o
	cat >copy/include/csum.h <<-'END'
		/* csum_one() is in a comment of one line, and csum_two()
		 * in one of two. */
		typedef int csum_callback_fn(void *user);
		int csum_check(void); /* and csum_three() behind */
		int csum_scrub(void);
	END
}

@test "symbols: what is declared is what leaves the libraries" {
	symbols_setup
	with_symbols csum_check csum_scrub
	copy/tests/lint/symbols.sh out
}

@test "symbols: more than is declared" {
	symbols_setup
	with_symbols csum_check csum_scrub csum_table_add
	! copy/tests/lint/symbols.sh out >said || false
	printf 'csum_table_add leaves %s, but include/csum.h does not declare it\n' \
		libcsum.a libcsum.so.1 libcsum.map >expected
	cmp expected said
}

@test "symbols: less than is declared" {
	symbols_setup
	with_symbols csum_check
	! copy/tests/lint/symbols.sh out >said || false
	printf 'csum_scrub is declared in include/csum.h, but %s does not have it\n' \
		libcsum.a libcsum.so.1 libcsum.map >expected
	cmp expected said
}

@test "10: symbols: one that the map forgets does not leave the shared library" {
	symbols_setup
	with_symbols csum_check csum_scrub
	with_map csum_check
	! copy/tests/lint/symbols.sh out >said || false
	printf 'csum_scrub is declared in include/csum.h, but %s does not have it\n' libcsum.so.1 libcsum.map >expected
	cmp expected said
}

@test "10: symbols: a shared library without the versions of the map" {
	symbols_setup
	with_symbols csum_check csum_scrub
	cc -shared -Wl,--default-symver out/obj/lib/scrub/scrub.o -o out/libcsum.so.1
	! copy/tests/lint/symbols.sh out >said || false
	grep -q 'csum_scrub is declared in include/csum.h, but libcsum.so.1 does not have it' said
}

@test "symbols: a call upwards through the public header" {
	symbols_setup
	with_symbols csum_check csum_scrub
	echo 'int csum_check(void); int caller(void); int caller(void) { return csum_check(); }' |
		cc -x c -c - -o out/obj/lib/update/stream.o
	! copy/tests/lint/symbols.sh out >said || false
	[ "$(cat said)" = "lib/update/stream.c calls csum_check() of lib/scrub/scrub.c, which it does not see" ]
}

# names WORD LINES TEXT: the text, planted in a file of the library, is found to name the word; LINES is how many it has.
names() {
	local file=lib/device/use.c line
	printf 'static const char planted[] = %s;\n' "$3" >>"copy/$file"
	line=$(($(wc -l <"copy/$file") - $2 + 1))
	status=0
	copy/tests/lint/words.sh >said || status=$?
	cat said
	[ "$status" -eq 1 ]
	[ "$(cat said)" = "$file:$line: a text names $1" ]
}

@test "words: the library is clean" {
	copy/tests/lint/words.sh >said
	[ ! -s said ]
}

@test "words: a text with an option of the program" {
	names --force 1 '"in use: --force reads it all the same"'
}

@test "words: an option is known in whole" {
	names --undo-dir 1 '"name its directory with --undo-dir=DIRECTORY"'
}

@test "words: a text with a command of the program" {
	names csumtool 1 "\"run 'csumtool scrub'\""
}

@test "words: a text of several literals" {
	names csumtool 2 $'"run \'csum"\n\t\t"tool scrub\'"'
}

@test "words: an option that the program gets is one from then on" {
	sed -i "s/\"wipe\", /\"sizelimit\", /" copy/csumtool/commands/format.c
	! copy/tests/lint/words.sh >said || false
	grep -qx 'lib/volume/super.c:[0-9]*: a text names --sizelimit' said
}

@test "words: what lies on the disk has its name, and other programs have theirs" {
	cat >>copy/lib/device/use.c <<-'END'
		/* "csumtool scrub" and "--force" in a comment, which isn't one of "two. */
		static const char quote = '"', *planted[] = { "no csumtool "
			"volume; see 'lsblk --force-it'" }; /* --wait */
	END
	copy/tests/lint/words.sh
}
