#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Measures the speed of csumtool and of dd on the raw device in one run, on a loop device over tmpfs (root) or an image
# file, and prints ratios of medians. More than 1 is faster than dd. CSUMTOOL names the program.
#   BENCH_SIZE   bytes of the device (default 2G)   BENCH_RUNS  runs of each (default 5)
set -euo pipefail

csumtool=${CSUMTOOL:?CSUMTOOL names the program to measure}
size=${BENCH_SIZE:-2G}
runs=${BENCH_RUNS:-5}
work=$(mktemp -d /dev/shm/csumtool-bench.XXXXXX)
devices=()
cleanup() {
	local device
	for device in "${devices[@]}"; do
		losetup -d "$device"
	done
	rm -rf "$work"
}
trap cleanup EXIT

# Makes a loop device over a file on tmpfs, or just the file where there are no loop devices. $1 names the variable for
# the path.
make_target() {
	local device
	truncate -s "$size" "$work/$1"
	if [ "$(id -u)" -eq 0 ] && device=$(losetup -f --show --direct-io=on "$work/$1" 2>/dev/null); then
		devices+=("$device")
		printf -v "$1" %s "$device"
	else
		printf -v "$1" %s "$work/$1"
	fi
	# All pages of the file are made before anything is measured.
	dd if=/dev/zero of="${!1}" bs=4M count="$(($(stat -c %s "$work/$1") / 4194304))" conv=notrunc status=none
}

# Prints the seconds that one run of a command takes.
seconds() {
	local start=$EPOCHREALTIME
	bash -c "$1" >/dev/null 2>&1
	awk -v begin="$start" -v end="$EPOCHREALTIME" 'BEGIN { printf "%.4f\n", end - begin }'
}

median() {
	sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# Runs both commands in turn, so that a change of the machine's speed affects both.
compare() {
	local name=$1 ours=$2 theirs=$3 run
	: >"$work/ours"
	: >"$work/theirs"
	for ((run = 0; run < runs; run++)); do
		seconds "$theirs" >>"$work/theirs"
		seconds "$ours" >>"$work/ours"
	done
	awk -v name="$name" -v a="$(median <"$work/ours")" -v b="$(median <"$work/theirs")" \
		'BEGIN { printf "%-22s %8.3f s   dd %8.3f s   ratio %.2f\n", name, a, b, b / a }'
}

volume='' raw=''
make_target volume
make_target raw
echo "$volume, $size, median of $runs runs; dd is the raw device's speed, a ratio above 1 is faster than dd"
for sector_size in 512 4096; do
	"$csumtool" format -q -f -s "$sector_size" "$volume"
	space=$("$csumtool" info --json "$volume" | jq 'select(.type == "info") | .data_sectors * .sector_size')
	[ -f "$work/input" ] || head -c "$size" /dev/urandom >"$work/input"
	truncate -s "$space" "$work/input"
	metadata=$((2 * space / (sector_size / 8 - 2)))
	compare "format, S = $sector_size" "'$csumtool' format -q -f -s $sector_size '$volume'" \
		"dd if=/dev/zero of='$raw' bs=1M count=$metadata iflag=count_bytes oflag=direct conv=notrunc,fdatasync"
	compare "write fresh, S = $sector_size" \
		"'$csumtool' format -q -f -s $sector_size '$volume'; '$csumtool' write -q '$volume' '$work/input'" \
		"dd if='$work/input' of='$raw' bs=4M oflag=direct conv=notrunc,fdatasync"
	compare "overwrite, S = $sector_size" "'$csumtool' write -q '$volume' '$work/input'" \
		"dd if='$work/input' of='$raw' bs=4M oflag=direct conv=notrunc,fdatasync"
	compare "check, S = $sector_size" "'$csumtool' check -q '$volume'" \
		"dd if='$volume' of=/dev/null iflag=direct bs=4M"
	compare "read, S = $sector_size" "'$csumtool' read '$volume' >/dev/null" \
		"dd if='$volume' of=/dev/null iflag=direct bs=4M"
done
