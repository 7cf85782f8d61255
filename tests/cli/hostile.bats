#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The program itself on images with random changes. (tests/unit/whole/test_hostile runs the library on many more
# of them.)
# sanitize: yes
#
# CSUM_HOSTILE_CLI_IMAGES=N: number of images (default 100).

load common
load places

setup() {
	common_setup
	make_image=${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/cli/hostile_image
	[ -x "$make_image" ] || skip "$make_image is not built"
	# A sanitizer reserves more address space than any limit allows, but has limits of its own.
	limit=1000000
	! grep -q __asan_init "$CSUMTOOL" || limit=unlimited
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:max_allocation_size_mb=256:allocator_may_return_null=1
}
teardown() { common_teardown; }

# image [base] NUMBER: makes the image in d, and in m where it is external; sets meta to the options.
image() {
	meta=()
	rm -f d m out
	if [ "$("$make_image" "$@" d m)" = external ]; then
		meta=(-m m)
	fi
}

# endures ARGUMENT...: csumtool must end with a status of its own, have a message where it failed, and not lack memory.
endures() {
	status=0
	(
		ulimit -v "$limit"
		# The limit is in seconds; the command takes some hundredths of one.
		exec timeout 600 "$CSUMTOOL" "$@"
	) >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" </dev/null || status=$?
	stdout=$(tr -d '\0' <"$BATS_TEST_TMPDIR/stdout" | head -c 100000)
	stderr=$(tr -d '\0' <"$BATS_TEST_TMPDIR/stderr" | head -c 100000)
	case $status in
	0 | 4) ;;
	8 | 12) [ -n "$stderr" ] || return ;;
	124)
		echo "out of time: image $number: csumtool $*"
		return 1
		;;
	*)
		echo "image $number: csumtool $*: status $status"
		show_output
		return 1
		;;
	esac
	! grep -qiE "cannot allocate|sanitizer|runtime error" <<<"$stderr" || {
		echo "image $number: csumtool $*"
		show_output
		return 1
	}
	# No control characters may be printed, whatever is in the image.
	! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$stdout$stderr" || {
		echo "image $number: csumtool $*: control characters"
		return 1
	}
}

@test "the volumes that images are made from are sound" {
	for number in $(seq 0 11); do
		image base "$number"
		endures check "${meta[@]}" -J d
		echo "base $number: status $status"
		# In some images superblocks A and B are gone.
		if [ "$status" -eq 4 ]; then
			[ "$(json finding 'select(.is_error) | .kind' | sort -u)" = superblock-bad ]
		else
			[ "$status" -eq 0 ]
		fi
		endures info "${meta[@]}" d
		[ "$status" -eq 0 ]
	done
}

@test "every command takes every image" {
	for ((number = 0; number < ${CSUM_HOSTILE_CLI_IMAGES:-100}; number++)); do
		image "$number"
		before=$(digest d m)
		endures check "${meta[@]}" -J d
		jq -e . ../stdout >/dev/null
		endures read --on-error=raw -f "${meta[@]}" d /dev/null
		# Each image gets one of the other commands.
		case $((number % 4)) in
		0) endures dump-imd --data "${meta[@]}" d ;;
		1) endures dump-imd -J --carve -g 0-1 "${meta[@]}" d ;;
		2) endures dump-imd --carve "${meta[@]}" d ;;
		3) endures dump-imd -J "${meta[@]}" d ;;
		esac
		[ $((number % 2)) -eq 0 ] || jq -e . ../stdout >/dev/null
		case $((number % 3)) in
		0) endures info "${meta[@]}" d ;;
		1) endures info -J "${meta[@]}" d ;;
		2) endures check "${meta[@]}" d ;;
		esac
		[ "$(digest d m)" = "$before" ]
		printf 'some bytes' >in
		endures write -o 12345 "${meta[@]}" d in
		written=$status
		endures discard -o 1000 -l 5000 "${meta[@]}" d
		if [ "$written" -eq 0 ]; then
			endures read -o 12345 -l 10 "${meta[@]}" d
			[ "$status" -eq 0 ]
			cmp ../stdout in
			is_state d clean "${meta[@]}"
		fi
	done
}

@test "images without what belongs to them" {
	for number in 11 35 59 83 13 37 61 85; do
		image "$number"
		endures info d
		endures check d
		endures dump-imd d
		[ -e m ] || continue
		endures info m
		endures check -m d m
		endures dump-imd m
		endures dump-imd --carve m
		endures write -m d m /dev/null
		: >m
		endures check -m m d
	done
}
