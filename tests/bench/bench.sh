#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Speed beside the raw device's, in one run: ratios of medians, csumtool to dd, on a loop device over tmpfs (root)
# or an image file. More than 1 is faster than dd. CSUMTOOL names the program.
#   BENCH_SIZE   bytes of the device (default 2G)   BENCH_RUNS  runs of each (default 5)
set -euo pipefail

csumtool=${CSUMTOOL:?CSUMTOOL names the program to measure}
size=${BENCH_SIZE:-2G}
runs=${BENCH_RUNS:-5}
work=$(mktemp -d /dev/shm/csumtool-bench.XXXXXX)
device=
cleanup() {
	[ -z "$device" ] || losetup -d "$device"
	rm -rf "$work"
}
trap cleanup EXIT

truncate -s "$size" "$work/image"
if [ "$(id -u)" -eq 0 ] && device=$(losetup -f --show --direct-io=on "$work/image" 2>/dev/null); then
	volume=$device
	echo "loop device over tmpfs, $size, median of $runs runs"
else
	device=
	volume=$work/image
	echo "image file on tmpfs, $size, median of $runs runs (no loop device to be had)"
fi

# Seconds of one run of a command.
seconds() {
	local start=$EPOCHREALTIME
	"$@" >/dev/null 2>&1
	echo "$EPOCHREALTIME $start" | awk '{ printf "%.4f\n", $1 - $2 }'
}

median() {
	sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# Both commands in turn, so that a change of the machine's speed meets both.
compare() {
	local name=$1 ours=$2 theirs=$3 run
	: >"$work/ours"
	: >"$work/theirs"
	for ((run = 0; run < runs; run++)); do
		seconds bash -c "$theirs" >>"$work/theirs"
		seconds bash -c "$ours" >>"$work/ours"
	done
	awk -v name="$name" -v a="$(median <"$work/ours")" -v b="$(median <"$work/theirs")" \
		'BEGIN { printf "%-34s %8.3f s   dd %8.3f s   ratio %.2f\n", name, a, b, b / a }'
}

export csumtool volume work
for sector_size in 512 4096; do
	"$csumtool" format -q -f -s "$sector_size" "$volume"
	space=$("$csumtool" info --json "$volume" | jq .data_bytes)
	[ -f "$work/input" ] || head -c "$space" /dev/urandom >"$work/input"
	truncate -s "$space" "$work/input"
	"$csumtool" write -q "$volume" "$work/input"
	compare "check, S = $sector_size" "'$csumtool' check -q '$volume'" \
		"dd if='$volume' of=/dev/null iflag=direct bs=4M"
	compare "read, S = $sector_size" "'$csumtool' read -q '$volume' >/dev/null" \
		"dd if='$volume' of=/dev/null iflag=direct bs=4M"
	compare "overwrite, S = $sector_size" "'$csumtool' write -q '$volume' '$work/input'" \
		"dd if='$work/input' of='$work/raw' bs=4M conv=notrunc,fdatasync"
	compare "format, S = $sector_size" "'$csumtool' format -q -f -s $sector_size '$volume'" \
		"dd if=/dev/zero of='$work/raw' bs=1M count=$((space / 1048576 * (sector_size == 512 ? 32 : 4) / 1000)) conv=notrunc,fdatasync"
done
