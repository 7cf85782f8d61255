# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the bats files share. They begin with
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
	# What the program keeps goes with the test.
	export STATE_DIRECTORY="$BATS_TEST_TMPDIR/state" XDG_STATE_HOME="$BATS_TEST_TMPDIR/home"
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return 1
	# Killed by a time limit, clean up all the same.
	trap "exit 143" TERM HUP
	# bats notes each command to name the one that failed: those of a test are enough, without functions'.
	set +T
	stdout='' stderr='' status='' loop=''
	# Files, as subshells of a test register too.
	touch ../loops ../mounts ../pids
}

common_teardown() {
	local name
	cd / || return 1
	# A process does not die before the calls are over that a fault device holds.
	while read -r name; do
		[ ! -e "$name/control" ] || echo clear >"$name/control"
	done <"$BATS_TEST_TMPDIR/mounts"
	while read -r name; do
		kill -KILL "$name" 2>/dev/null || continue
		# So that bash does not announce its death.
		wait "$name" 2>/dev/null || :
	done <"$BATS_TEST_TMPDIR/pids"
	while read -r name; do
		umount "$name" 2>/dev/null || umount -l "$name" 2>/dev/null || :
	done < <(tac "$BATS_TEST_TMPDIR/mounts")
	while read -r name; do
		losetup -d "$name" 2>/dev/null || :
	done <"$BATS_TEST_TMPDIR/loops"
}

# run_csum STATUS ARGUMENT...: runs csumtool, fails unless it ends with STATUS; leaves its output in
# the variables stdout and stderr. Redirect stdin as usual: run_csum 0 write vol <file
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

# bash cannot hold NULs, and says so; the first megabyte is enough for any message.
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

# must_fail STATUS REGEX ARGUMENT...: csumtool has to end with STATUS and say REGEX (grep -E) on
# stderr, where every line is marked as a message of csumtool; nothing is on stdout.
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

# out_has REGEX, err_has REGEX: of the csumtool run last.
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

# A command after "!" never ends a bats test, so out_lacks and err_lacks are no negations of those.
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

# silent: nothing on stdout nor stderr of the csumtool run last.
silent() {
	[ -z "$stdout$stderr" ] && return
	show_output
	return 1
}

# no_other_warning: nothing on stderr but what depends on the device under the test's directory.
no_other_warning() {
	! grep -v '^csumtool: warning: .*sectors of [0-9]* bytes are \(above\|below\) ' <<<"$stderr" | grep -q . && return
	show_output
	return 1
}

# vol FILE [OPTION...]: formats quietly; makes an image of 4 MiB unless FILE is there or an OPTION
# says how large.
vol() {
	local file=$1 size=--size=4M
	shift
	case " $* " in
	*" --size"* | *" --data-size"*) size='' ;;
	esac
	[ ! -e "$file" ] || size=''
	run_csum 0 format -q ${size:+"$size"} "$@" "$file"
}

# digest FILE...: a checksum of each file's content, or that there is none. cksum, as it is by far the fastest.
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

# Lines of JSON of one type: json TYPE FILTER: jq's output for the csumtool run last.
json() {
	jq -r "select(.type == \"$1\") | $2" <<<"$stdout"
}

# random_file FILE SIZE, filled_file FILE SIZE OCTAL: as head -c understands SIZE.
random_file() {
	head -c "$2" /dev/urandom >"$1"
}

filled_file() {
	head -c "$2" /dev/zero | tr '\0' "\\$3" >"$1"
}

# poke FILE OFFSET HEX: puts bytes in place, as in: poke vol 4096 ff00
poke() {
	xxd -r -p <<<"$3" | dd of="$1" oflag=seek_bytes seek="$2" bs=64K conv=notrunc status=none
}

# flip FILE OFFSET: changes one bit of a byte.
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	poke "$1" "$2" "$(printf %02x $((byte ^ 1)))"
}

# as_decay FILE COMMAND...: changes FILE, which keeps its time of modification, as no disk that decays changes it.
as_decay() {
	local file=$1
	shift
	touch -r "$file" ../time
	"$@"
	sync "$file"
	touch -r ../time "$file"
}

# Other pythons in PATH may be wrappers that take longer than all the rest of a test.
python() {
	local interpreter=/usr/bin/python3
	[ -x $interpreter ] || interpreter=python3
	$interpreter -I -S -B "$@"
}

# superblock set|get ...: see superblock.py.
superblock() {
	python "$BATS_TEST_DIRNAME/superblock.py" "$@"
}

# make_loop [LOSETUP-OPTION...] FILE: attaches FILE and puts the device's path in $loop; as in
# make_loop --sector-size 4096 FILE. Not in a subshell, as it skips the test where it cannot.
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
	# Detached when the last one closes it: so it goes away even if this test is killed.
	exec {fd}<"$loop"
	losetup -d "$loop"
}

# detach LOOP...: now, rather than at the end of the test.
detach() {
	local name link
	for name in "$@"; do
		for link in "/proc/$BASHPID/fd/"*; do
			[ "$(readlink "$link")" != "$name" ] || eval "exec ${link##*/}<&-"
		done
	done
}

# make_mount OPTION... SOURCE DIRECTORY: as mount(8); skips where that is not allowed.
make_mount() {
	local directory=${*: -1}
	[ "$(id -u)" -eq 0 ] || skip "mounting needs root"
	mkdir -p "$directory"
	if ! mount "$@" 2>../mount.err; then
		skip "cannot mount: $(tr '\n' ' ' <../mount.err)"
	fi
	realpath "$directory" >>"$BATS_TEST_TMPDIR/mounts"
}

# in_background COMMAND...: starts a program, killed at the end of the test; its id is in $!. It gets no
# descriptors but the standard ones: of 3 bats would wait for its end, and others keep pipes open.
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

# wait_for COMMAND...: until it succeeds. The limit is far beyond what that takes on any machine, as no result may
# depend on its speed; by the line that begins with "out of time: " tests/run knows that there is no verdict.
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
