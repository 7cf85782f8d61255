# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes by others. Each is a function of an image and a random number generator, with its row in the table."""
import os
import struct

import campaign_contents as contents
import campaign_machine as machine
import campaign_use as using

MIB = contents.MIB

MOUNTED, TOOLS, OVER, IN_USE, PAST, ATTACK, OTHERS = range(7)
ROWS = (
    "mounted read-write, unmounted or crashed",
    "fsck, tune2fs, resize; image replaced",
    "mkfs, tables, swap, LUKS, wipefs over it; edits",
    "raw, LUKS, swap, FAT in use",
    "dd, debugfs, xfs_db past the file system",
    "found by attack",
    "NTFS in use; others over raw; logical partition",
)

ALL = []


# Limits of a change: the rule takes it for decay, as the manual says, so the result is shown and not judged. It applies
# on a block device, everywhere, or where there is a replica.
ON_DEVICE, ALWAYS, FROM_REPLICA = "device", "always", "replica"


class Change:
    """A change. limit: None, or one of the limits above. brief: part of the short form too."""

    def __init__(self, row, content, name, make, limit=None, brief=False):
        self.row, self.content, self.make, self.limit, self.brief = row, content, make, limit, brief
        self.name = "%s: %s" % (content, name)


def add(row, content, name, make, limit=None, brief=False):
    ALL.append(Change(row, content, name, make, limit, brief))


# ---- mounted

FILE_SYSTEMS = ("ext4", "ext4-1k", "ext4-plain", "ext3", "ext2", "xfs", "xfs-4k", "xfs-300", "btrfs", "btrfs-dup",
                "btrfs-xxhash")
_BRIEF_USES = {("ext4", "photo"), ("ext4", "in_place"), ("ext4-plain", "append"), ("xfs", "photo"), ("xfs", "in_place"),
               ("btrfs", "photo"), ("btrfs", "append"), ("ext2", "many_small")}
_BRIEF_ENDS = {("ext4", "crash_after_fsync"), ("xfs", "crash_after_sync"), ("btrfs", "crash_after_fsync")}


def _use(use, end=using.unmounted, options=(), part=(0, 0)):
    return lambda image, rng: using.use_mounted(image, rng, use, end, options, part)


def _crash_then(options):
    def make(image, rng):
        using.use_mounted(image, rng, using.mixture, using.crash_after_fsync)
        using.replay(image, options)
    return make


def _add_mounted():
    for content in FILE_SYSTEMS:
        for use in using.USES:
            add(MOUNTED, content, "%s, unmounted" % use.__name__, _use(use),
                brief=(content, use.__name__) in _BRIEF_USES)
        for end in using.ENDS[1:]:
            add(MOUNTED, content, "mixture, %s" % end.__name__, _use(using.mixture, end),
                brief=(content, end.__name__) in _BRIEF_ENDS)
        if content in ("ext4", "ext3", "xfs", "btrfs"):
            add(MOUNTED, content, "crash, mounted again", _crash_then(()))
            add(MOUNTED, content, "crash, replayed by a read-only mount", _crash_then(("-o", "ro")),
                brief=content == "ext4")
    for option in ("data=journal", "nodelalloc", "commit=1", "noatime"):
        add(MOUNTED, "ext4", "mixture with " + option, _use(using.mixture, options=("-o", option)))
    for option in ("compress-force=zlib", "nodatacow", "notreelog"):
        add(MOUNTED, "btrfs", "mixture with " + option, _use(using.mixture, options=("-o", option)))
    add(MOUNTED, "btrfs", "nodatacow, fdatasync, crash",
        _use(using.in_place, using.crash_after_fsync, ("-o", "nodatacow")))
    add(MOUNTED, "btrfs", "snapshot, balance", _btrfs_snapshot)
    add(MOUNTED, "ext4-prepared", "as its next use leaves it", _prepared(contents.prepared_ext), brief=True)
    add(MOUNTED, "btrfs-prepared", "as its next use leaves it", _prepared(contents.prepared_btrfs))
    for content in ("ext4", "ext2"):
        add(MOUNTED, content, "by fuse2fs", _fuse2fs, brief=content == "ext4")


def _btrfs_snapshot(image, rng):
    def use(root, random):
        machine.run("btrfs", "subvolume", "snapshot", root, os.path.join(root, "snapshot"))
        using.photo(root, random)
        machine.run("btrfs", "balance", "start", "--full-balance", root)
    using.use_mounted(image, rng, use)


def _fuse2fs(image, rng):
    using.use_by_fuse(image, rng, using.photo, ("fuse2fs", "-o", "rw,fakeroot"))


# ---- tools of the file system


def _tool(*command, give=None, statuses=(0,)):
    def make(image, rng):
        machine.run(*[image if word == "IMAGE" else word for word in command], give=give, statuses=statuses)
    return make


def _after_crash(make):
    def both(image, rng):
        using.use_mounted(image, rng, using.mixture, using.crash_after_fsync)
        make(image, rng)
    return both


def _replaced(content):
    """Replaces the image by another one of the same kind and size, with the same history."""
    def make(image, rng):
        other = machine.place("other")
        contents.CONTENTS[content](other, rng)
        machine.make_same(image, other)
        os.unlink(other)
    return make


def _prepared(build):
    """Replaces the file system, where nothing can be mounted, by its state of the next day: same identity, more
    files."""
    def make(image, rng):
        other = machine.place("other")
        build(other, rng, using.photo, using.many_small)
        machine.make_same(image, other)
        os.unlink(other)
    return make


def _shrink(image, rng):
    machine.run("e2fsck", "-fy", image, statuses=(0, 1))
    # On a file resize2fs would cut off the end, so it gets a device.
    with machine.loop(image) as device:
        machine.run("resize2fs", device, "24M")


def _grow(image, rng):
    machine.run("e2fsck", "-fy", image, statuses=(0, 1))
    machine.run("resize2fs", image)


def _new_uuid(image, rng):
    machine.run("e2fsck", "-fy", image, statuses=(0, 1))
    machine.run("tune2fs", "-U", "random", image, give="y\n" * 3)


def _xfs_broken(image, rng):
    machine.run("xfs_db", "-x", "-c", "agi 1", "-c", "write -d freecount 77", image)
    machine.run("xfs_repair", image, statuses=(0, 1))


def _add_tools():
    for content in ("ext4", "ext4-plain", "ext2"):
        brief = content == "ext4"
        add(TOOLS, content, "e2fsck -fy", _tool("e2fsck", "-fy", "IMAGE", statuses=(0, 1)), brief=brief)
        add(TOOLS, content, "tune2fs -L", _tool("tune2fs", "-L", "other", "IMAGE"), brief=brief)
        add(TOOLS, content, "tune2fs -c 7 -i 9d", _tool("tune2fs", "-c", "7", "-i", "9d", "IMAGE"))
        add(TOOLS, content, "tune2fs -U", _new_uuid)
        add(TOOLS, content, "replaced by another", _replaced(content), brief=brief)
    for content in ("ext4", "ext3"):
        add(TOOLS, content, "crash, e2fsck -fy", _after_crash(_tool("e2fsck", "-fy", "IMAGE", statuses=(0, 1))),
            brief=content == "ext4")
    add(TOOLS, "ext4", "e2fsck -fyD", _tool("e2fsck", "-fyD", "IMAGE", statuses=(0, 1)))
    add(TOOLS, "ext4", "shrunk", _shrink)
    add(TOOLS, "ext4-half", "grown", _grow, brief=True)
    for content in ("xfs", "xfs-4k"):
        add(TOOLS, content, "xfs_repair", _tool("xfs_repair", "IMAGE"))
        add(TOOLS, content, "broken by xfs_db, xfs_repair", _xfs_broken, brief=content == "xfs")
        add(TOOLS, content, "xfs_admin -L", _tool("xfs_admin", "-L", "other", "IMAGE"), brief=content == "xfs")
        add(TOOLS, content, "xfs_admin -U", _tool("xfs_admin", "-U", "generate", "IMAGE"))
        add(TOOLS, content, "crash, xfs_repair -L", _after_crash(_tool("xfs_repair", "-L", "IMAGE", statuses=(0, 1))))
        add(TOOLS, content, "replaced by another", _replaced(content))
    for content in ("btrfs", "btrfs-dup"):
        add(TOOLS, content, "label", _tool("btrfs", "filesystem", "label", "IMAGE", "other"), brief=content == "btrfs")
        add(TOOLS, content, "btrfstune -u", _tool("btrfstune", "-f", "-u", "IMAGE"))
        add(TOOLS, content, "check --repair", _tool("btrfs", "check", "--force", "--repair", "IMAGE", statuses=(0, 1)))
        add(TOOLS, content, "replaced by another", _replaced(content))


# ---- something else over it, and edits of tables and headers

_GPT = "start=2048,size=20480\nstart=22528\n"
_MBR = "start=2048,size=20480,type=83\nstart=22528,type=7\n"


def _mkfs(make, *options):
    return lambda image, rng: make(image, *options)


_OVER = (
    ("mkfs.ext4", _mkfs(contents.mkfs_ext, "-t", "ext4"), ("xfs", "btrfs", "raw", "fat", "gpt", "ext4")),
    ("mkfs.xfs", _mkfs(contents.mkfs_xfs), ("ext4", "btrfs", "gpt", "xfs")),
    ("mkfs.btrfs", _mkfs(contents.mkfs_btrfs, *contents.MIXED), ("ext4", "xfs", "gpt")),
    ("mkfs.vfat", _mkfs(contents.mkfs_vfat), ("ext4", "raw", "fat", "xfs", "btrfs")),
    ("mkfs.ntfs", _mkfs(contents.mkfs_ntfs), ("ext4", "raw")),
    ("mkswap", _tool("mkswap", "-f", "-q", "IMAGE"), ("ext4", "raw", "btrfs", "luks2", "xfs")),
    ("luksFormat", _mkfs(contents.luks_format, "luks2", "two"), ("ext4", "raw", "xfs", "luks2", "btrfs")),
    ("luksFormat --type luks1", _mkfs(contents.luks_format, "luks1", "two"), ("ext4", "raw", "luks1")),
    ("GPT", _mkfs(contents.partition_table, "gpt", _GPT), ("ext4", "raw", "xfs", "btrfs", "fat", "mbr")),
    ("MBR", _mkfs(contents.partition_table, "dos", _MBR), ("ext4", "raw", "xfs", "gpt")),
    ("wipefs -a", _tool("wipefs", "-qaf", "IMAGE"),
     ("ext4", "xfs", "btrfs", "fat", "gpt", "luks2", "swap", "mbr", "ntfs")),
)
_OVER_BRIEF = {("mkfs.ext4", "xfs"), ("mkfs.vfat", "ext4"), ("mkswap", "raw"), ("luksFormat", "raw"), ("GPT", "ext4"),
               ("GPT", "raw"), ("MBR", "raw"), ("wipefs -a", "ext4"), ("wipefs -a", "btrfs"), ("wipefs -a", "fat"),
               ("wipefs -a", "gpt")}


def _add_over():
    for name, make, over in _OVER:
        for content in over:
            add(OVER, content, name + " over it", make, brief=(name, content) in _OVER_BRIEF)
    add(OVER, "gpt", "a partition moved", _tool("sfdisk", "-q", "--no-reread", "--no-tell-kernel", "-N", "2", "IMAGE",
                                               give="94208,8192\n"), brief=True)
    add(OVER, "gpt", "a partition's type", _tool("sfdisk", "-q", "--no-reread", "--part-type", "IMAGE", "2",
                                                 "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"))
    add(OVER, "mbr", "a partition's type", _tool("sfdisk", "-q", "--no-reread", "--part-type", "IMAGE", "1", "7"),
        brief=True)
    add(OVER, "mbr", "made bootable", _tool("sfdisk", "-q", "--no-reread", "-A", "IMAGE", "1"))
    add(OVER, "logical", "a partition's type", _tool("sfdisk", "-q", "--no-reread", "--part-type", "IMAGE", "1", "7"))
    add(OVER, "swap", "swaplabel -L", _tool("swaplabel", "-L", "other", "IMAGE"))
    add(OVER, "fat", "fatlabel", _tool("fatlabel", "IMAGE", "OTHER"))
    add(OVER, "luks2", "luksAddKey", _tool("cryptsetup", "luksAddKey", "-q", "--pbkdf", "pbkdf2",
                                           "--pbkdf-force-iterations", "1000", "IMAGE", "-", give="one\ntwo\ntwo\n"))
    add(OVER, "luks2", "config --label", _tool("cryptsetup", "config", "--label", "other", "IMAGE"))


# ---- no file system that marks its use


def _pieces(count, size, start=0, align=4096):
    """Puts random bytes at random places, like encrypting or unknown writers."""
    def make(image, rng):
        room = (os.stat(image).st_size - start) // align
        for _ in range(count):
            machine.put(image, start + rng.randrange(room - size // align - 1) * align, rng.randbytes(size))
    return make


def _counters(image, rng):
    """Raises the counter in each of many records: few bits of every sector change, and the rest stays."""
    start = 17 * MIB
    for at in range(start, start + 100 * 4096, 4096):
        count, = struct.unpack("<Q", machine.get(image, at, 8))
        machine.put(image, at, struct.pack("<Q", count ^ 1))


def _lines(image, rng):
    machine.put(image, 9 * MIB, contents.text(rng, 300000, "later"))


def _fat_used(image, rng):
    contents.fat_remove(image)
    contents.fat_remove(image)
    contents.fat_add(image, rng.randbytes(90000), "NEW00000")
    contents.fat_add(image, contents.text(rng, 30000), "NEW00001")


def _add_in_use():
    add(IN_USE, "raw", "blocks", _pieces(200, 4096), brief=True)
    add(IN_USE, "raw", "long records", _pieces(6, 262144))
    add(IN_USE, "raw", "sectors", _pieces(40, 512, align=512))
    add(IN_USE, "raw", "lines", _lines)
    add(IN_USE, "raw", "counters", _counters, limit=ON_DEVICE, brief=True)
    add(IN_USE, "luks2", "payload", _pieces(150, 4096, 16 * MIB), brief=True)
    add(IN_USE, "luks1", "payload", _pieces(60, 16384, 4 * MIB))
    add(IN_USE, "swap", "pages", _pieces(300, 4096, 4096), brief=True)
    add(IN_USE, "fat", "files", _fat_used, brief=True)
    add(IN_USE, "gpt", "the space behind the file system", _pieces(40, 4096, 45 * MIB))


# ---- past the file system


def _bytes(offset, make_data):
    return lambda image, rng: machine.put(image, offset, make_data(rng))


def _full_place(image, rng):
    """Returns a place where 64 KiB are in use."""
    places = list(range(MIB, os.stat(image).st_size - MIB, 65536))
    rng.shuffle(places)
    return next(at for at in places
                if all(any(machine.get(image, block, 4096)) for block in range(at, at + 65536, 4096)))


def _moved(image, rng):
    machine.put(image, 30 * MIB, machine.get(image, _full_place(image, rng), 65536))


def _zeros(image, rng):
    machine.put(image, _full_place(image, rng), bytes(65536))


def _one_bit(image, rng):
    at = 9 * MIB + rng.randrange(MIB)
    machine.put(image, at, bytes([machine.get(image, at, 1)[0] ^ 1 << rng.randrange(8)]))


def _debugfs(*requests):
    def make(image, rng):
        source = machine.place("source")
        contents.write_file(source, rng.randbytes(50000))
        for request in requests:
            machine.run("debugfs", "-w", "-R", request.replace("SOURCE", source), image)
    return make


def _add_past():
    for content in ("ext4", "xfs", "btrfs"):
        brief = content == "ext4"
        add(PAST, content, "dd of 1 MiB", _bytes(12 * MIB, lambda rng: rng.randbytes(MIB)), FROM_REPLICA, brief)
        add(PAST, content, "dd of a block", _bytes(11 * MIB, lambda rng: rng.randbytes(4096)), FROM_REPLICA)
        add(PAST, content, "dd of zeros", _zeros, ALWAYS)
        add(PAST, content, "dd of 16 MiB", _bytes(24 * MIB, lambda rng: rng.randbytes(16 * MIB)), FROM_REPLICA)
        add(PAST, content, "a part copied", _moved, ALWAYS)
        add(PAST, content, "a bit", _one_bit, ALWAYS)
    for content in ("ext4", "ext4-plain", "ext2"):
        add(PAST, content, "debugfs write", _debugfs("write SOURCE there"), FROM_REPLICA, content == "ext4")
        add(PAST, content, "debugfs rm", _debugfs("rm log"), ALWAYS)
        add(PAST, content, "debugfs sif", _debugfs("set_inode_field log mtime 20010101"), ALWAYS)
    # This gives up everything that was not committed, and the superblock may be the one from before the mount. A scrub
    # then overwrites only space that the file system calls free.
    for content in ("btrfs", "btrfs-dup"):
        add(PAST, content, "crash, rescue zero-log", _after_crash(_tool("btrfs", "rescue", "zero-log", "IMAGE")), ALWAYS)
    add(PAST, "xfs", "xfs_db write",
        _tool("xfs_db", "-x", "-c", "inode 128", "-c", "write -d core.mtime.sec 1", "IMAGE"), ALWAYS)


# ---- NTFS, others over raw data, a logical partition


def _ntfs_used(image, rng):
    using.use_by_fuse(image, rng, using.mixture, ("ntfs-3g",))


def _over_raw(kind):
    def make(image, rng):
        offset, data = contents.foreign_superblock(kind)
        machine.put(image, offset, data)
        for block in range(5):
            machine.put(image, (3 + block * 2) * 65536 + 4096, rng.randbytes(8192))
    return make


def _add_others():
    add(OTHERS, "ntfs", "mounted and used", _ntfs_used, brief=True)
    add(OTHERS, "ntfs", "mounted", lambda image, rng: using.use_by_fuse(image, rng, using.nothing, ("ntfs-3g",)),
        ON_DEVICE)
    add(OTHERS, "ntfs", "ntfsfix", _tool("ntfsfix", "IMAGE"), limit=ON_DEVICE)
    for kind in ("f2fs", "reiserfs", "jfs", "squashfs"):
        add(OTHERS, "raw", kind + " over it", _over_raw(kind))
    add(OTHERS, "raw", "mkfs.minix over it", _tool("mkfs.minix", "IMAGE"))
    for content, at in (("logical", 6), ("gpt", 1), ("mbr", 1)):
        for end in (using.unmounted, using.crash_after_fsync):
            add(OTHERS, content, "partition used, %s" % end.__name__,
                _use(using.mixture, end, part=(at * MIB, 40 * MIB)),
                brief=content == "logical")


_add_mounted()
_add_tools()
_add_over()
_add_in_use()
_add_past()
_add_others()
