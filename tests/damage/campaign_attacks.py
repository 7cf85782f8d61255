# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases in which an earlier form of the rule took writes of others for decay."""
import os
import struct
import zlib

import campaign_changes as changes
import campaign_contents as contents
import campaign_machine as machine
import campaign_use as using

MIB = contents.MIB
_NTFS_BYTES = 38 * MIB


def _old_ext4(path, rng):
    contents.CONTENTS["ext4"](path, rng)


def _ntfs_at(path, offset, rng):
    contents.in_partition(path, offset, _NTFS_BYTES, contents.mkfs_ntfs)
    _use_ntfs(path, offset, rng, contents.fill)


def _use_ntfs(path, offset, rng, use):
    with machine.loop(path, offset, _NTFS_BYTES) as device, machine.mounted(device, program=("ntfs-3g",)) as root:
        use(root, rng)


def _recognised(path, kind):
    """Fails unless libblkid finds in the content the kind that was put there; else the case would try nothing."""
    _, said = machine.attempt("wipefs", "--noheadings", "-O", "TYPE", path)
    if kind not in said.split():
        raise machine.Broken("no %s is seen in %s: %s" % (kind, path, " ".join(said.split())))


# ---- an old ext4 superblock that outlived the thing put over it


def _under_mbr(path, rng):
    _old_ext4(path, rng)
    contents.partition_table(path, "dos", "start=2048,size=%d,type=7\n" % (_NTFS_BYTES // 512))
    # sfdisk removes the signatures that it knows; a table written by other means does not.
    _ntfs_at(path, MIB, rng)
    _recognised(path, "ext4")
    _recognised(path, "dos")


def _under_md(path, rng):
    _old_ext4(path, rng)
    contents.md_superblock(path, 0, MIB, _NTFS_BYTES // 512)
    _ntfs_at(path, MIB, rng)
    _recognised(path, "ext4")
    _recognised(path, "linux_raid_member")


def lvm_label(path):
    """Puts a label into the second sector, which ext4 leaves free."""
    body = struct.pack("<I8s", 32, b"LVM2 001") + b"0123456789abcdefABCDEFghijklmnop" + \
        struct.pack("<QQQ", 40 * MIB, MIB, 0)
    body = body.ljust(492, b"\0")
    crc = zlib.crc32(body, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF
    machine.put(path, 512, b"LABELONE" + struct.pack("<QI", 1, crc) + body)


def _under_lvm(path, rng):
    _old_ext4(path, rng)
    lvm_label(path)
    _ntfs_at(path, MIB, rng)
    _recognised(path, "ext4")
    _recognised(path, "LVM2_member")


def _under_zfs(path, rng):
    # libblkid looks for ZFS only from 64 MiB on.
    contents.CONTENTS["ext4-half"](path, rng)
    for number in range(128):
        block = struct.pack("<QQQQQ", 0x00BAB10C, 5000, 100 + number, 7, 1700000000).ljust(1024, b"\0")
        for label in (0, 256 << 10):
            machine.put(path, label + (128 << 10) + number * 1024, block)
    _recognised(path, "ext4")
    _recognised(path, "zfs_member")


def _ntfs_used(image, rng):
    _use_ntfs(image, MIB, rng, using.mixture)


def _pool_used(image, rng):
    for _ in range(60):
        machine.put(image, 5 * MIB + rng.randrange(40 * MIB // 4096) * 4096, rng.randbytes(4096))


# ---- one device of a btrfs of two, and its neighbour


def _btrfs_of_two(path, rng):
    """Makes a btrfs whose superblock has the size of both devices, which reaches into the next partition."""
    second = machine.place("second")
    contents.blank(path, 84 * MIB)
    contents.blank(second, 64 * MIB)
    contents.partition_table(path, "gpt", "start=2048,size=81920\nstart=83968,size=%d\n" % (_NTFS_BYTES // 512))
    with machine.loop(path, MIB, 40 * MIB) as one, machine.loop(second) as two:
        machine.run("mkfs.btrfs", "-q", "-f", "-K", "--mixed", "-m", "single", "-d", "single", one, two)
        with machine.mounted("-o", "device=" + two, one) as root:
            contents.fill(root, rng)
    # Without this another file system might be put together with this one.
    with machine.loop(second) as two:
        machine.attempt("btrfs", "device", "scan", "--forget", two)
    os.unlink(second)
    _ntfs_at(path, 41 * MIB, rng)


def _neighbour_used(image, rng):
    _use_ntfs(image, 41 * MIB, rng, using.mixture)


# ---- XFS with its log on another device


def _log():
    return machine.place("xfs-log")


def _xfs_log_elsewhere(path, rng):
    contents.blank(path, 64 * MIB)
    contents.blank(_log(), 16 * MIB)
    contents.mkfs_xfs(path, "-l", "logdev=" + _log())
    _on_log(path, rng, contents.fill)


def _on_log(image, rng, use):
    with machine.loop(_log()) as log:
        using.use_mounted(image, rng, use, options=("-o", "logdev=" + log))


def _overwrite(root, rng):
    """Changes a file in place: nothing is allocated and no count changes, so the superblock stays the same."""
    with open(os.path.join(root, "database"), "r+b") as file:
        for number in range(50):
            file.seek(number * 4096)
            file.write(rng.randbytes(4096))
        os.fsync(file.fileno())


CONTENTS = {
    "ntfs behind an MBR over ext4": _under_mbr,
    "ntfs on md 1.2 over ext4": _under_md,
    "ntfs on LVM over ext4": _under_lvm,
    "zfs over ext4": _under_zfs,
    "ntfs beside one of two btrfs": _btrfs_of_two,
    "xfs, log elsewhere": _xfs_log_elsewhere,
}


def _add():
    contents.CONTENTS.update(CONTENTS)
    for content in CONTENTS:
        use = _ntfs_used
        if content.startswith("zfs"):
            use = _pool_used
        elif content.endswith("btrfs"):
            use = _neighbour_used
        elif content.startswith("xfs"):
            changes.add(changes.ATTACK, content, "overwritten in place",
                        lambda image, rng: _on_log(image, rng, _overwrite), brief=True)
            continue
        changes.add(changes.ATTACK, content, "used", use, brief="LVM" not in content)


_add()
