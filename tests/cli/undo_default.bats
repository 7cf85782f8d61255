#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Content that a scrub overwrites is kept by default; where it cannot be kept, data is left; undo belongs to one scrub
# of one volume.
# sanitize: yes

load common
load places
load damage
load scrub
setup() { common_setup; }
teardown() { common_teardown; }

# damaged_volume: makes v with three bad data sectors; "before" is a copy of it.
damaged_volume() {
	full_volume
	xor v "$(data_at 10)" 01
	garbage v "$(data_at 20)" 1024
	cp v before
}

uuid() {
	"$CSUMTOOL" info -J v | jq -r 'select(.type == "info") | .uuid'
}

# data_is FILE: the data sectors of v must be those of FILE, as stored.
data_is() {
	"$CSUMTOOL" read -q --on-error=raw v raw.v 2>/dev/null || :
	"$CSUMTOOL" read -q --on-error=raw "$1" raw.other 2>/dev/null || :
	cmp raw.v raw.other || return
	rm raw.v raw.other
}

# Puts the build of the commit tagged v0.1.0 at $old; skips the test where that commit is missing.
build_old() {
	local root=$BATS_TEST_DIRNAME/../.. kept=$BATS_RUN_TMPDIR/old
	git -C "$root" rev-parse -q --verify "v0.1.0^{commit}" >/dev/null 2>&1 || skip "there is no v0.1.0 here to build"
	old=$kept/build/csumtool
	[ ! -x "$old" ] || return 0
	mkdir "$kept"
	git -C "$root" archive v0.1.0 | tar -x -C "$kept"
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u BUILD make -s -C "$kept" DEPS=no CC="${CC:-cc}" CFLAGS=-O0 \
		build/csumtool >build.log 2>&1 || {
		cat build.log
		return 1
	}
}

@test "case 4: undo of a scrub of a clone is refused on the volume it was cloned from" {
	full_volume
	cp v clone
	garbage clone "$(data_at 20)" 512
	run_csum 1 scrub -q --from=in --undo=c.undo clone
	before=$(digest v)
	must_fail 8 "^csumtool: c.undo: undone already, or of a scrub of another copy of the volume: of this one there is no" \
		undo c.undo v
	must_fail 8 "another copy of the volume" undo -n c.undo v
	[ "$(digest v)" = "$before" ]
	# This also holds when the other volume has had a scrub of its own since.
	garbage v "$(data_at 30)" 512
	run_csum 1 scrub -q --from=in v
	before=$(digest v)
	must_fail 8 "^csumtool: c.undo: .*of this one the newest that is not undone is .*\.undo$" undo c.undo v
	[ "$(digest v)" = "$before" ]
	run_csum 0 undo -q c.undo clone
}

@test "case 2: what is overwritten is kept by default, and undo finds it" {
	damaged_volume
	run_csum 1 scrub --from=in v
	out_has "^What was overwritten is kept: 'csumtool undo v' puts it back\.$"
	[ -z "$stderr" ]
	holds v in
	file=$(echo "$BATS_TEST_TMPDIR"/state/undo/*)
	[[ $file =~ /$(uuid)-20[0-9]{6}T[0-9]{6}Z\.undo$ ]]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/state/undo" "$file" | xargs)" = "700 600" ]
	run_csum 0 undo v
	out_has "^3 data sectors put back, 0 refused$"
	data_is before
	must_fail 8 "^csumtool: v: no scrub of this volume is left to be undone" undo v
}

@test "undo of several: the newest first" {
	damaged_volume
	run_csum 1 scrub -q --from=in --undo-dir=d/e v
	first=$(echo d/e/*)
	garbage v "$(data_at 40)" 512
	garbage before "$(data_at 40)" 512
	run_csum 1 scrub --from=in --undo-dir=d/e v
	out_has "^What was overwritten is kept: 'csumtool undo --undo-dir=d/e v' puts it back\.$"
	run_csum 0 undo --list --undo-dir=d/e v
	[ "$(wc -l <<<"$stdout")" -eq 2 ]
	[[ ${stdout%%$'\n'*} =~ ^d/e/.*\.undo:\ 20.*:\ 1\ data\ sector,\ complete\;\ newest$ ]]
	[[ ${stdout##*$'\n'} =~ ^"$first":\ 20.*:\ 3\ data\ sectors,\ complete\;\ older$ ]]
	newest=${stdout%%: *}
	must_fail 8 "^csumtool: $first: not of the last scrub that is not undone: undo newest first, which is $newest$" \
		undo --undo-dir=d/e "$first" v
	must_fail 8 "^csumtool: $first: not of the last scrub of this volume that is not undone: undo newest first" undo "$first" v
	must_fail 8 "^csumtool: .*/undo: the undo file of the last scrub of v is not there: name it, or its directory" undo v
	run_csum 0 undo --undo-dir=d/e v
	run_csum 0 undo -J --list --undo-dir=d/e v
	jq -se 'map(select(.type == "undo_file")) | (length == 2) and (.[0].state == "undone") and (.[1].state == "newest") and
		all(keys == ["complete", "file", "metadata", "sectors", "state", "time", "type"])' <<<"$stdout"
	[ "$(json summary '"\(.undo_dir) \(.files) \(.exit_status)"')" = "d/e 2 0" ]
	run_csum 0 undo "$first" v
	data_is before
	run_csum 0 undo --list v
	out_has "^no undo files of this volume in .*/undo$"
}

@test "nothing overwritten, no file; --no-undo, no file; of metadata alone it says so" {
	full_volume
	run_csum 0 scrub v
	[ ! -e "$BATS_TEST_TMPDIR/state" ]
	garbage v "$(data_at 10)" 512
	run_csum 4 scrub -n --from=in v
	[ ! -e "$BATS_TEST_TMPDIR/state" ]
	run_csum 1 scrub --no-undo --from=in v
	holds v in
	[ ! -e "$BATS_TEST_TMPDIR/state" ]
	out_lacks "undo"
	flip v "$(imd_at 4 0)"
	run_csum 1 scrub v
	out_has "^The metadata that was overwritten is kept in .*\.undo\.$"
	run_csum 0 undo v
	out_has "^0 data sectors put back, 0 refused; metadata in the file needs no undoing$"
}

@test "where it cannot be kept data is left, metadata is repaired, and it says so" {
	damaged_volume
	flip v "$(imd_at 4 0)"
	: >file
	run_csum 5 scrub --from=in --undo-dir=file v
	[ "$(grep -c "^csumtool: warning: file: .*Not a directory; .*bad data sectors are left: .*--undo-dir.*--no-undo$" \
		<<<"$stderr")" -eq 1 ]
	out_has "^mismatch: data sector 10 .*; left: what it holds cannot be kept for undo$"
	out_has "^imd-bad: .*; rewritten from the other copy$"
	out_lacks "is kept"
	data_is before
	run_csum 1 scrub -q --from=in v
	holds v in
}

@test "a disk that is full half-way: what was repaired can be undone, the rest is left" {
	vol v -s 512 -K 4 --size=8M
	places 512 4 $((8 << 20))
	pattern in "$space" half
	run_csum 0 write -q v in
	for ((sector = 10; sector < 410; sector += 2)); do
		garbage v "$(data_at $sector)" 512
	done
	cp v before
	make_mount -t tmpfs -o size=96k tmpfs full
	run_csum 5 scrub -q --from=in --undo-dir=full/undo v
	[ "$(grep -c "^csumtool: warning: .*No space left on device" <<<"$stderr")" -eq 1 ]
	left=$(grep -c "left: what it holds cannot be kept for undo$" <<<"$stdout")
	[ "$left" -gt 0 ]
	run_csum 0 undo --undo-dir=full/undo v
	out_has "^128 data sectors put back, 0 refused$"
	data_is before
}

@test "the directory is the service's, root's or the user's" {
	damaged_volume
	export STATE_DIRECTORY=$PWD/one:$PWD/other
	run_csum 1 scrub -q --from=in v
	ls one/undo/*.undo
	[ ! -e other ]
	run_csum 0 undo -q v
	unset STATE_DIRECTORY
	[ "$(id -u)" -eq 0 ] || skip "it takes root to be somebody else"
	command -v setpriv >/dev/null || skip "setpriv is not installed"
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	chmod 777 .
	chmod 666 v in
	program=$(realpath "$CSUMTOOL")
	setpriv --reuid=65534 --clear-groups test -x "$program" || skip "nobody can run $program"
	HOME=$PWD/home setpriv --reuid=65534 --clear-groups env -u XDG_STATE_HOME "$program" scrub -q --from=in v || [ $? -eq 1 ]
	ls home/.local/state/csumtool/undo/*.undo
	garbage v "$(data_at 30)" 512
	HOME=$PWD/home XDG_STATE_HOME=$PWD/xdg setpriv --reuid=65534 --clear-groups "$program" scrub -q --from=in v || [ $? -eq 1 ]
	ls xdg/csumtool/undo/*.undo
}

@test "an undo file of v0.1.0 needs --force, and so does one from before it wrote" {
	build_old
	damaged_volume
	cp v other
	"$old" scrub -q --from=in --undo=u v || [ $? -eq 1 ]
	must_fail 8 "^csumtool: u: an undo file of version 1 does not say which scrub .*--force" undo u v
	run_csum 0 undo -q --force u v
	data_is before
	# A scrub of the old build leaves our id alone; a write of it begins a new session, which makes the id void.
	cp other v
	run_csum 1 scrub -q --from=in v
	file=$(echo "$BATS_TEST_TMPDIR"/state/undo/*)
	"$old" scrub -q v
	run_csum 0 undo -n -q v
	head -c 512 in >sector
	"$old" write -q v sector
	must_fail 8 "^csumtool: v: an older version has written the volume since its last scrub: .* any more; see 'csumtool undo --list', and name one$" undo v
	must_fail 8 "^csumtool: .*: an older version has written the volume since, .*--force" undo "$file" v
	run_csum 0 undo --list v
	out_has "; unknown$"
	run_csum 0 undo -q --force "$file" v
	data_is before
}
