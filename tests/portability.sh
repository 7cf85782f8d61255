#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds csumtool for other architectures and runs tests with qemu's user mode:
#
#   tests/portability.sh [ARCHITECTURE...]      s390x (big-endian), i386 (32 bits); without arguments both
#
# Prints a line "ARCHITECTURE: N passed, N failed" for each of them. The architecture's libraries are Debian's packages,
# unpacked into a folder of the build directory: apt works there with lists and a status of its own, so that the
# machine learns of no architecture and gets no package of one. A second run finds them there, until "make clean".
#
# Cases that fail because of qemu are named by known_of_qemu(), and counted apart.
#
# Environment: BUILD  how the folders' names begin (default: build)
#              JOBS   compilers and tests that run at a time (default: the number of processors)
#              TEST_TIMEOUT  seconds that each program or file may take (default: 7200, as qemu is slow)
#              TESTS  only tests with one of these words in their name
set -u

cd "$(dirname "$0")/.." || exit 1
base=$(realpath -m "${BUILD:-build}-portability")
jobs=${JOBS:-$(nproc)}

# These bats files try things that depend on the machine: bytes, sizes, input and output.
cli_tests=(golden check check_metadata check_run dump dump_carve field format_blank geometry hostile info read scrub
	scrub_metadata scrub_recover sector_size undo usage write write_bad write_input)

# Known failures, as lines of FILE|CASE|REASON, where CASE is an extended regular expression.
known_of_qemu() {
	cat <<-'END'
		tests/unit/device/test_posix_block|test_units_on_a_device|its statx passes on the mask with STATX_DIOALIGN, but alignments of 0
		tests/unit/device/test_posix_block|test_file_on_large_sectors|its statx passes on the mask with STATX_DIOALIGN, but alignments of 0
		tests/unit/device/test_lock|test_lock_holder_here|the process has the name of qemu
		tests/unit/device/test_directory|test_names_without_directory|it may open "/" below its folder of libraries
		tests/cli/geometry.bats|loop devices with sectors of 512 and 4096|its statx passes on the mask with STATX_DIOALIGN, but alignments of 0
	END
}

fail() {
	echo "portability: $*" >&2
	return 1
}

# Sets the variables that differ between architectures.
choose() {
	arch=$1
	emulator_options=
	case $arch in
	s390x) compiler=s390x-linux-gnu multiarch=s390x-linux-gnu emulator=qemu-s390x ;;
	i386)
		compiler=i686-linux-gnu multiarch=i386-linux-gnu emulator=qemu-i386
		# It would reserve 4 GiB of addresses, and tests with a limit on these would not start.
		emulator_options=' -R 0x20000000'
		;;
	*) fail "no such architecture here: $arch; there are s390x and i386" || return ;;
	esac
	root=$base/$arch/root build=$base/$arch/build run=$base/$arch/run
	local tool
	for tool in $compiler-gcc $emulator apt-get dpkg-deb bats; do
		command -v "$tool" >/dev/null ||
			fail "$tool is missing; run \"tests/deps.sh install build test portability\"" || return
	done
}

# apt_of COMMAND...: runs an apt for that architecture, which knows nothing of this machine's packages.
apt_of() {
	local program=$1 state=$base/$arch/apt
	shift
	"$program" -q -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o Dir::State="$state" \
		-o Dir::State::status="$state/status" -o Dir::Cache="$state" -o APT::Sandbox::User=root \
		-o Debug::NoLocking=1 "$@" </dev/null
}

# Prints the libraries of "make deps" that exist for the architecture; ISA-L does not for all of them.
wanted_packages() {
	local name
	for name in $(tests/deps.sh list build test | grep -- '-dev$'); do
		[ -z "$(apt_of apt-cache show "$name" 2>/dev/null)" ] || echo "$name"
	done
}

fetch_packages() {
	local state=$base/$arch/apt
	mkdir -p "$state/lists/partial" "$state/archives/partial" || return
	: >"$state/status"
	# The update may fail because of a repository that has nothing for this architecture.
	apt_of apt-get update || echo "portability: apt-get update failed for $arch, going on"
	local -a names
	mapfile -t names < <(wanted_packages)
	[ ${#names[@]} -gt 0 ] || fail "apt knows no libraries of $arch; see $state/log" || return
	apt_of apt-get install -y --no-install-recommends --download-only "${names[@]}"
}

unpack_packages() {
	local package link
	rm -rf "$root"
	mkdir -p "$root" || return
	for package in "$base/$arch/apt/archives"/*.deb; do
		dpkg-deb -x "$package" "$root" || return
	done
	# Links to absolute paths would lead to this machine's libraries.
	find "$root" -type l -lname '/*' | while IFS= read -r link; do
		ln -sfn "$root$(readlink "$link")" "$link"
	done
}

libraries() {
	[ ! -e "$root.done" ] || return 0
	echo "== $arch: fetching its libraries"
	mkdir -p "$base/$arch/apt" || return
	if ! { fetch_packages && unpack_packages; } >"$base/$arch/apt/log" 2>&1; then
		tail -n 20 "$base/$arch/apt/log" >&2
		fail "the libraries of $arch could not be had; all of it is in $base/$arch/apt/log"
		return
	fi
	touch "$root.done"
}

build() {
	echo "== $arch: building"
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u ISAL \
		PKG_CONFIG_LIBDIR="$root/usr/lib/$multiarch/pkgconfig:$root/usr/share/pkgconfig" \
		PKG_CONFIG_SYSROOT_DIR="$root" \
		make -j"$jobs" all tests BUILD="$build" CC="$compiler-gcc --sysroot=$root" \
		AR="$compiler-ar" LDFLAGS="-Wl,-rpath-link,$root/lib/$multiarch" DEPS=no WERROR=1
}

# The file system with faults talks to this machine's kernel, in this machine's byte order.
build_for_here() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -j"$jobs" "$base/here/tests/cli/faultfs" BUILD="$base/here" DEPS=no
}

# Makes programs of the same names below $run, which start the real ones with qemu.
wrap() {
	local program name
	rm -rf "$run"
	for program in "$build/csumtool" "$build"/tests/unit/*/test_* "$build"/tests/cli/*; do
		name=$run/${program#"$build"/}
		mkdir -p "${name%/*}" || return
		printf '#!/bin/sh\nexec %s%s -L "%s" "%s" "$@"\n' "$emulator" "$emulator_options" "$root" "$program" >"$name"
		chmod +x "$name" || return
	done
	ln -sf "$base/here/tests/cli/faultfs" "$run/tests/cli/faultfs"
}

selected() {
	local word
	[ -n "${TESTS:-}" ] || return 0
	for word in $TESTS; do
		[[ $1 != *$word* ]] || return 0
	done
	return 1
}

run_tests() {
	local name
	local -a files=()
	for name in "$run"/tests/unit/*/test_*; do
		! selected "$name" || files+=("$name")
	done
	for name in "${cli_tests[@]}"; do
		! selected "tests/cli/$name.bats" || files+=("tests/cli/$name.bats")
	done
	echo "== $arch: running ${#files[@]} programs and bats files"
	# Programs are ten times as slow here, so random trials are fewer.
	CSUM_HEAL_TRIALS=${CSUM_HEAL_TRIALS:-1000} CSUM_HOSTILE_IMAGES=${CSUM_HOSTILE_IMAGES:-200} \
		CSUM_HOSTILE_CLI_IMAGES=${CSUM_HOSTILE_CLI_IMAGES:-10} \
		CSUMTOOL=$run/csumtool BUILD=$run JOBS=$jobs TEST_TIMEOUT=${TEST_TIMEOUT:-7200} tests/run "${files[@]}"
}

# Prints how many failures in a log are known, and to stderr which ones.
count_known() {
	awk -F'|' '
		NR == FNR { file[++known] = $1; name[known] = $2; why[known] = $3; next }
		/^(FAIL|ok) / { split($0, word, " "); now = word[2] }
		/^    not ok / && tolower($0) !~ /# skip/ {
			text = $0
			sub(/^ *not ok [0-9]+ (- )?/, "", text)
			for (i = 1; i <= known; i++) {
				if (file[i] != now || text !~ "^(" name[i] ")$")
					continue
				print "  by qemu: " now ": " text ": " why[i] >"/dev/stderr"
				count++
				break
			}
		}
		END { print count + 0 }' <(known_of_qemu) "$1"
}

# Sums up the log of tests/run; the status says whether every failure is known.
summarize() {
	local log=$1 known passed failed skipped=''
	IFS=' ,' read -r passed _ failed _ skipped _ < <(tail -n 1 "$log")
	[[ $passed$failed =~ ^[0-9]+$ ]] || fail "no sum of the tests of $arch" || return
	known=$(count_known "$log")
	failed=$((failed - known))
	[ "$known" -eq 0 ] || echo "$arch: $known more fail by qemu's doing"
	echo "$arch: $passed passed, $failed failed${skipped:+, $skipped skipped}"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

portability() {
	local log=$base/$arch/tests.log
	if ! { libraries && build && build_for_here && wrap; }; then
		echo "$arch: 0 passed, 1 failed"
		return 1
	fi
	run_tests 2>&1 | tee "$log" | sed -u '$d'
	summarize "$log"
}

[ $# -gt 0 ] || set -- s390x i386
status=0
for name in "$@"; do
	choose "$name" && portability || status=1
done
exit $status
