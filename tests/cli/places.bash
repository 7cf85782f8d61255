# SPDX-License-Identifier: GPL-2.0-or-later
#
# Places on a volume, computed from the description of the format and not by csumtool; ways to damage and change them;
# and a device that fails on demand. For files that load common too.

# places S K SIZE [DATA_SIZE]: computes a volume with sectors of S bytes and interleave K on a (metadata) device of SIZE
# bytes; it is external when DATA_SIZE, that of the data device, is given. Sets S, K, E (sectors of a full group),
# sectors, groups, space (bytes of data space) and backup (offset of C).
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

# cluster_place CLUSTER: sets its first byte, and its numbers of groups and data sectors.
cluster_place() {
	cluster_groups=$((groups - $1 * K < K ? groups - $1 * K : K))
	cluster_sectors=$((sectors - $1 * K * E < K * E ? sectors - $1 * K * E : K * E))
	cluster_at=$((1048576 + $1 * K * (${#external} ? 2 : E + 2) * S))
}

# data_at SECTOR: prints its offset on the data device.
data_at() {
	local cluster_at cluster_groups cluster_sectors
	if [ -n "$external" ]; then
		echo $(($1 * S))
		return
	fi
	cluster_place $(($1 / (K * E)))
	echo $((cluster_at + cluster_groups * S + $1 % (K * E) * S))
}

# imd_at GROUP COPY: prints its offset on the metadata device.
imd_at() {
	local cluster_at cluster_groups cluster_sectors
	cluster_place $(($1 / K))
	if [ "$2" -eq 1 ]; then
		cluster_at=$((cluster_at + cluster_groups * S))
		[ -n "$external" ] || cluster_at=$((cluster_at + cluster_sectors * S))
	fi
	echo $((cluster_at + $1 % K * S))
}

# slot_at SLOT: prints the offset of the slot.
slot_at() {
	case $1 in
	A) echo 0 ;;
	B) echo 524288 ;;
	C) echo "$backup" ;;
	esac
}

# small FILE [OPTION...]: makes 332 sectors of 512 bytes in 6 groups, the last of them short, in 3 clusters of two
# groups; the data space has 169984 bytes, a group 31744.
small() {
	vol "$1" -s 512 -K 2 --size=1290240 "${@:2}"
	places 512 2 1290240
}

# small_external DATA META [OPTION...]: makes an external volume with the same data space.
small_external() {
	truncate -s 169984 "$1"
	run_csum 0 format -q -s 512 -K 2 -m "$2" --size=1200000 "${@:3}" "$1"
	places 512 2 1200000 169984
}

# pattern FILE BYTES SEED: makes text that does not repeat within the file, and is the same every time.
pattern() {
	seq -f "$3/%.0f" 1 $(($2 / 3 + 1)) | head -c "$2" >"$1"
}

# put MODEL OFFSET FILE: changes a plain file as a write should change data space.
put() {
	dd if="$3" of="$1" oflag=seek_bytes seek="$2" bs=64K conv=notrunc status=none
}

# zeros FILE OFFSET LENGTH
zeros() {
	head -c "$3" /dev/zero | dd of="$1" oflag=seek_bytes seek="$2" bs=64K conv=notrunc status=none
}

# piece FILE OFFSET LENGTH: prints the bytes.
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

# is_state VOLUME STATE [-m META]: info must succeed and show that state.
is_state() {
	run_csum 0 info -J "$1" "${@:3}" || return
	[ "$(json info .state)" = "$2" ] && return
	echo "state $(json info .state), not $2"
	return 1
}

# holds VOLUME FILE [OPTION...]: the data space must equal FILE, and the volume must be clean and sound.
holds() {
	is_state "$1" clean "${@:3}" || return
	run_csum 0 check -q "$1" "${@:3}" || return
	silent || return
	run_csum 0 read -q "$1" "${@:3}" || return
	cmp "$BATS_TEST_TMPDIR/stdout" "$2"
}

# fault_device FILE: mounts a file system in which the file $device is FILE, and fails as "fault LINE..." asks for (see
# faultfs.c). Skips the test where there is no FUSE.
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

# fault_calls 1|2|3|4: prints the number of reads, writes or flushes; or of calls that are held.
fault_calls() {
	cut -d ' ' -f "$1" "${device%/image}/control"
}

# full_volume [OPTION...]: makes a small volume v with these options of format, and writes all of it.
full_volume() {
	small v "$@"
	pattern in "$space" full
	run_csum 0 write -q v in
}
