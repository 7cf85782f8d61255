# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shared by the bats files. They begin with
#
#	load common
#	setup() { common_setup; }
#	teardown() { common_teardown; }
#
# and each test then starts in an empty directory of its own, removed by bats afterwards.

bats_require_minimum_version 1.5.0

common_setup() {
	: "${CSUMTOOL:=$BATS_TEST_DIRNAME/../../build/csumtool}"
	export LC_ALL=C
	unset SOURCE_DATE_EPOCH
	# State that the program keeps is removed with the test.
	export STATE_DIRECTORY="$BATS_TEST_TMPDIR/state" XDG_STATE_HOME="$BATS_TEST_TMPDIR/home"
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return 1
	# When a time limit kills the test it cleans up all the same.
	trap "exit 143" TERM HUP
	# bats notes each command, to name the one that failed. Commands of tests are enough; those of functions are
	# left out.
	set +T
	stdout='' stderr='' status='' loop=''
	# These are files, since subshells of a test add to them too.
	touch ../loops ../mounts ../pids
}

common_teardown() {
	local name
	cd / || return 1
	# A process does not die while a fault device holds a call of it.
	while read -r name; do
		[ ! -e "$name/control" ] || echo clear >"$name/control"
	done <"$BATS_TEST_TMPDIR/mounts"
	while read -r name; do
		kill -KILL "$name" 2>/dev/null || continue
		# Without this bash would announce its death.
		wait "$name" 2>/dev/null || :
	done <"$BATS_TEST_TMPDIR/pids"
	while read -r name; do
		umount "$name" 2>/dev/null || umount -l "$name" 2>/dev/null || :
	done < <(tac "$BATS_TEST_TMPDIR/mounts")
	while read -r name; do
		losetup -d "$name" 2>/dev/null || :
	done <"$BATS_TEST_TMPDIR/loops"
}

# run_csum STATUS ARGUMENT...: runs csumtool, and fails unless it ends with STATUS; puts its output into the variables
# stdout and stderr. Redirect stdin as usual: run_csum 0 write vol <file
run_csum() {
	local expected=$1
	shift
	status=0
	"$CSUMTOOL" "$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
	take_output
	[ "$status" -eq "$expected" ] && return
	echo "csumtool $*: status $status, not $expected"
	show_output
	return 1
}

# bash cannot hold NULs, and complains of them; the first megabyte is enough for any message.
take_output() {
	local directory=$BATS_TEST_TMPDIR
	{
		if [ "$(stat -c %s "$directory/stdout")" -gt 1000000 ]; then
			stdout=$(head -c 1000000 "$directory/stdout")
		else
			stdout=$(<"$directory/stdout")
		fi
		stderr=$(<"$directory/stderr")
	} 2>/dev/null
}

show_output() {
	printf -- '--- stdout:\n%.4000s\n--- stderr:\n%.4000s\n' "$stdout" "$stderr"
}

# must_fail STATUS REGEX ARGUMENT...: csumtool must end with STATUS and print REGEX (grep -E) on stderr, where every
# line is marked as a message of csumtool; stdout must be empty.
must_fail() {
	local expected=$1 regex=$2
	shift 2
	[ "$expected" -ne 0 ] || return 1
	run_csum "$expected" "$@" || return 1
	err_has "$regex" || return 1
	# With -J a usage error is an object.
	[ -z "$stdout" ] || [[ $expected -eq 16 && $stdout == '{"type":"summary",'* ]] || {
		echo "csumtool $*: something on stdout"
		show_output
		return 1
	}
	! grep -qvE "^csumtool: |^Try 'csumtool " <<<"$stderr" || {
		echo "csumtool $*: a line of stderr without \"csumtool: \""
		show_output
		return 1
	}
}

# out_has REGEX, err_has REGEX: the output of the last csumtool must match.
out_has() {
	grep -qE -- "$1" <<<"$stdout" && return
	echo "stdout without: $1"
	show_output
	return 1
}

err_has() {
	grep -qE -- "$1" <<<"$stderr" && return
	echo "stderr without: $1"
	show_output
	return 1
}

# In bats a failed command after "!" does not end a test, so out_lacks and err_lacks exist.
out_lacks() {
	grep -qE -- "$1" <<<"$stdout" || return 0
	echo "stdout with: $1"
	show_output
	return 1
}

err_lacks() {
	grep -qE -- "$1" <<<"$stderr" || return 0
	echo "stderr with: $1"
	show_output
	return 1
}

# silent: the last csumtool must have printed nothing.
silent() {
	[ -z "$stdout$stderr" ] && return
	show_output
	return 1
}

# no_other_warning: stderr has only warnings that depend on the device under the test's directory.
no_other_warning() {
	! grep -v '^csumtool: warning: .*sectors of [0-9]* bytes are \(above\|below\) ' <<<"$stderr" | grep -q . && return
	show_output
	return 1
}

# vol FILE [OPTION...]: formats quietly. Makes an image of 4 MiB, unless FILE exists or an OPTION has a size.
vol() {
	local file=$1 size=--size=4M
	shift
	case " $* " in
	*" --size"* | *" --data-size"*) size='' ;;
	esac
	[ ! -e "$file" ] || size=''
	run_csum 0 format -q ${size:+"$size"} "$@" "$file"
}

# digest FILE...: prints a checksum of each file's content, or that there is no file. cksum is the fastest tool by far.
digest() {
	local file
	for file in "$@"; do
		if [ -e "$file" ]; then
			cksum <"$file"
		else
			echo none
		fi
	done
}

# json TYPE FILTER: prints jq's output for the JSON lines of one type that the last csumtool printed.
json() {
	jq -r "select(.type == \"$1\") | $2" <<<"$stdout"
}

# random_file FILE SIZE, filled_file FILE SIZE OCTAL: make a file; SIZE as for head -c.
random_file() {
	head -c "$2" /dev/urandom >"$1"
}

filled_file() {
	head -c "$2" /dev/zero | tr '\0' "\\$3" >"$1"
}

# poke FILE OFFSET HEX: overwrites bytes, as in: poke vol 4096 ff00
poke() {
	xxd -r -p <<<"$3" | dd of="$1" oflag=seek_bytes seek="$2" bs=64K conv=notrunc status=none
}

# flip FILE OFFSET: changes one bit of a byte.
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	poke "$1" "$2" "$(printf %02x $((byte ^ 1)))"
}

# as_decay FILE COMMAND...: changes FILE but keeps its time of modification, like decay of a disk.
as_decay() {
	local file=$1
	shift
	touch -r "$file" ../time
	"$@"
	sync "$file"
	touch -r ../time "$file"
}

# Other pythons in PATH may be wrappers that take longer than the rest of a test.
python() {
	local interpreter=/usr/bin/python3
	[ -x $interpreter ] || interpreter=python3
	$interpreter -I -S -B "$@"
}

# superblock set|get ...: see superblock.py.
superblock() {
	python "$BATS_TEST_DIRNAME/superblock.py" "$@"
}

# make_loop [LOSETUP-OPTION...] FILE: attaches FILE, and puts the path of the device into $loop; as in make_loop
# --sector-size 4096 FILE. Skips the test where it cannot, so it must not run in a subshell.
make_loop() {
	local error fd
	[ "$(id -u)" -eq 0 ] || skip "loop devices need root"
	[ -e /dev/loop-control ] || skip "no /dev/loop-control"
	command -v losetup >/dev/null || skip "losetup is not installed"
	if ! loop=$(losetup --show -f "$@" 2>../loop.err); then
		error=$(tr '\n' ' ' <../loop.err)
		skip "losetup cannot attach: $error"
	fi
	echo "$loop" >>"$BATS_TEST_TMPDIR/loops"
	# The kernel detaches the device when it is closed last, so also when this test is killed.
	exec {fd}<"$loop"
	losetup -d "$loop"
}

# detach LOOP...: detaches now, not at the end of the test.
detach() {
	local name link
	for name in "$@"; do
		for link in "/proc/$BASHPID/fd/"*; do
			[ "$(readlink "$link")" != "$name" ] || eval "exec ${link##*/}<&-"
		done
	done
}

# make_mount OPTION... SOURCE DIRECTORY: calls mount(8); skips the test where that is not allowed.
make_mount() {
	local directory=${*: -1}
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	mkdir -p "$directory"
	if ! mount "$@" 2>../mount.err; then
		skip "cannot mount: $(tr '\n' ' ' <../mount.err)"
	fi
	realpath "$directory" >>"$BATS_TEST_TMPDIR/mounts"
}

# in_background COMMAND...: starts a program that is killed at the end of the test; its id is in $!. It gets only the
# standard descriptors: bats would wait for the end of 3, and others would keep pipes open.
in_background() {
	(
		for link in "/proc/$BASHPID/fd/"*; do
			fd=${link##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		exec "$@"
	) &
	echo $! >>"$BATS_TEST_TMPDIR/pids"
}

# wait_for COMMAND...: waits until the command succeeds. No result may depend on speed, so the limit is far beyond the
# time needed on any machine; a line that begins with "out of time: " tells tests/run that there is no verdict.
wait_for() {
	local end=$((SECONDS + 300))
	until "$@"; do
		[ "$SECONDS" -lt $end ] || {
			echo "out of time: still not, after waiting: $*"
			return 1
		}
		sleep 0.02
	done
}
