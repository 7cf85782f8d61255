# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where things lie on a volume, computed from the format's description and not by csumtool; ways to
# damage and change them; and the device that fails on demand. For files that load common too.

# places S K SIZE [DATA_SIZE]: a volume with sectors of S bytes and interleave K on a (metadata)
# device of SIZE bytes; external when DATA_SIZE, that of the data device, is given. Sets S, K, E
# (sectors of a full group), sectors, groups, space (bytes of data space) and backup (offset of C).
places() {
	local usable room rest
	S=$1 K=$2 external=${4:-}
	E=$(((S - 16) / 8))
	usable=$(($3 / 4096 * 4096))
	backup=$((usable - 65536))
	if [ -n "$external" ]; then
		sectors=$(($4 / S))
	else
		room=$(((backup - 1048576) / S))
		rest=$((room % (E + 2)))
		# shellcheck disable=SC2017
		sectors=$((room / (E + 2) * E + (rest > 2 ? rest - 2 : 0)))
	fi
	groups=$(((sectors + E - 1) / E))
	space=$((sectors * S))
}

# Of cluster $1: its first byte, groups and data sectors.
cluster_place() {
	cluster_groups=$((groups - $1 * K < K ? groups - $1 * K : K))
	cluster_sectors=$((sectors - $1 * K * E < K * E ? sectors - $1 * K * E : K * E))
	cluster_at=$((1048576 + $1 * K * (${#external} ? 2 : E + 2) * S))
}

# data_at SECTOR: its offset on the data device.
data_at() {
	local cluster_at cluster_groups cluster_sectors
	if [ -n "$external" ]; then
		echo $(($1 * S))
		return
	fi
	cluster_place $(($1 / (K * E)))
	echo $((cluster_at + cluster_groups * S + $1 % (K * E) * S))
}

# imd_at GROUP COPY: on the metadata device.
imd_at() {
	local cluster_at cluster_groups cluster_sectors
	cluster_place $(($1 / K))
	if [ "$2" -eq 1 ]; then
		cluster_at=$((cluster_at + cluster_groups * S))
		[ -n "$external" ] || cluster_at=$((cluster_at + cluster_sectors * S))
	fi
	echo $((cluster_at + $1 % K * S))
}

# Offsets of the slots.
slot_at() {
	case $1 in
	A) echo 0 ;;
	B) echo 524288 ;;
	C) echo "$backup" ;;
	esac
}

# small FILE [OPTION...]: 332 sectors of 512 bytes in 6 groups, the last of them short, in 3
# clusters of two groups; the data space has 169984 bytes, a group 31744.
small() {
	vol "$1" -s 512 -K 2 --size=1290240 "${@:2}"
	places 512 2 1290240
}

# small_external DATA META [OPTION...]: the same data space.
small_external() {
	truncate -s 169984 "$1"
	run_csum 0 format -q -s 512 -K 2 -m "$2" --size=1200000 "${@:3}" "$1"
	places 512 2 1200000 169984
}

# pattern FILE BYTES SEED: text that does not repeat, the same every time.
pattern() {
	seq -f "$3/%.0f" 1 $(($2 / 3 + 1)) | head -c "$2" >"$1"
}

# put MODEL OFFSET FILE: what a write is to do to data space, done to a plain file.
put() {
	dd if="$3" of="$1" oflag=seek_bytes seek="$2" bs=64K conv=notrunc status=none
}

# zeros FILE OFFSET LENGTH
zeros() {
	head -c "$3" /dev/zero | dd of="$1" oflag=seek_bytes seek="$2" bs=64K conv=notrunc status=none
}

# piece FILE OFFSET LENGTH: to stdout.
piece() {
	tail -c +$(($2 + 1)) "$1" | head -c "$3"
}

# move FILE FROM TO LENGTH: copies bytes within a file.
move() {
	piece "$1" "$2" "$4" >"$BATS_TEST_TMPDIR/moved"
	put "$1" "$3" "$BATS_TEST_TMPDIR/moved"
}

surgery() {
	python "$BATS_TEST_DIRNAME/surgery.py" "$@"
}

# is_state VOLUME STATE [-m META]: what info says, and that info was content.
is_state() {
	run_csum 0 info -J "$1" "${@:3}" || return
	[ "$(json info .state)" = "$2" ] && return
	echo "state $(json info .state), not $2"
	return 1
}

# holds VOLUME FILE [OPTION...]: data space is what the file is, and the volume clean and sound.
holds() {
	is_state "$1" clean "${@:3}" || return
	run_csum 0 check -q "$1" "${@:3}" || return
	silent || return
	run_csum 0 read -q "$1" "${@:3}" || return
	cmp "$BATS_TEST_TMPDIR/stdout" "$2"
}

# fault_device FILE: mounts a file system whose file $device is FILE, with faults to be asked for by
# fault LINE... (see faultfs.c). Skips the test where there is no FUSE.
fault_device() {
	local program=${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/cli/faultfs mountpoint
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	[ -x "$program" ] || skip "$program is not built"
	mountpoint=$BATS_TEST_TMPDIR/fault.$((faults_mounted += 1))
	mkdir "$mountpoint"
	if ! "$program" "$(realpath "$1")" "$mountpoint" >../fault.err 2>&1 3>&-; then
		skip "cannot mount a FUSE file system: $(tr '\n' ' ' <../fault.err)"
	fi
	echo "$mountpoint" >>"$BATS_TEST_TMPDIR/mounts"
	device=$mountpoint/image
}

fault() {
	printf '%s\n' "$@" >"${device%/image}/control"
}

# fault_calls 1|2|3|4: how many reads, writes or flushes there were; how many calls are held.
fault_calls() {
	cut -d ' ' -f "$1" "${device%/image}/control"
}

# full_volume [OPTION...]: a small volume v, made with these options of format and written full.
full_volume() {
	small v "$@"
	pattern in "$space" full
	run_csum 0 write -q v in
}
