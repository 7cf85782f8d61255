# SPDX-License-Identifier: GPL-2.0-or-later
"""Contents of the data space before others write: file systems with files in them, tables, raw data."""
import os
import struct

import campaign_machine as machine

MIB = 1 << 20
PARTITION = MIB  # where the first partition begins


def text(rng, size, word="line"):
    """Returns lines that do not repeat."""
    start = rng.randrange(10 ** 9)
    lines = ("%s %d of a log, %x\n" % (word, start + i, (start + i) * 2654435761 % 2 ** 32) for i in range(size // 24))
    return "".join(lines).encode()[:size]


def write_file(path, data, durable=False):
    with open(path, "wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def fill(root, rng, share=1.0):
    """Makes the files of a used file system."""
    for number in range(int(60 * share)):
        folder = os.path.join(root, "folder%d" % (number % 5))
        os.makedirs(folder, exist_ok=True)
        write_file(os.path.join(folder, "small%d" % number), text(rng, rng.randrange(100, 9000)))
    write_file(os.path.join(root, "photo"), rng.randbytes(int(3 * MIB * share)))
    write_file(os.path.join(root, "log"), text(rng, int(2 * MIB * share)))
    write_file(os.path.join(root, "database"), b"".join(struct.pack("<QQ", i, i * 7) + rng.randbytes(240)
                                                         for i in range(int(4000 * share))))
    for number in range(int(8 * share)):
        write_file(os.path.join(root, "old%d" % number), rng.randbytes(150000))
    for number in range(0, int(8 * share), 2):
        os.unlink(os.path.join(root, "old%d" % number))


def blank(path, size):
    with open(path, "wb") as file:
        file.truncate(size)


# ---- mkfs


def mkfs_ext(target, *options):
    machine.run("mke2fs", "-q", "-F", "-E", "nodiscard", *options, target)


def mkfs_xfs(target, *options):
    # Below 300 MiB mkfs.xfs wants this option, as such sizes are not supported.
    machine.run("mkfs.xfs", "-q", "-f", "-K", "--unsupported", *options, target)


def mkfs_btrfs(target, *options):
    machine.run("mkfs.btrfs", "-q", "-f", "-K", *options, target)


def mkfs_vfat(target, *options):
    machine.run("mkfs.vfat", *options, target)


def mkfs_ntfs(target, *options):
    machine.run("mkfs.ntfs", "-q", "-F", "-Q", *options, target)


def luks_format(target, kind="luks2", password="one"):
    cost = ["--pbkdf", "pbkdf2"] if kind == "luks2" else []
    machine.run("cryptsetup", "luksFormat", "-q", "--type", kind, *cost, "--pbkdf-force-iterations", "1000", target,
                "-", give=password)


def partition_table(target, label, script):
    machine.run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", target, give="label: %s\n%s" % (label, script))


# ---- contents: each is a function of the path of a file to make, and a random number generator


def tree(rng, *also):
    """Makes a directory with files, for tools that make a file system from one."""
    path = machine.place("tree")
    machine.run("rm", "-rf", path)
    os.mkdir(path)
    fill(path, rng)
    for use in also:
        use(path, rng)
    return path


def _mounted_content(size, mkfs, from_tree=None):
    """Returns a content with files. from_tree: the option of mkfs that takes a directory, for machines without
    mounts."""
    def build(path, rng):
        blank(path, size)
        mkfs(path)
        try:
            with machine.loop(path) as device, machine.mounted(device) as root:
                fill(root, rng)
        except machine.Missing:
            if not from_tree:
                raise
            mkfs(path, from_tree, tree(rng))
    return build


def _ext(*options):
    return _mounted_content(48 * MIB, lambda path, *more: mkfs_ext(path, *options, *more), "-d")


def _btrfs(size, *options):
    return _mounted_content(size, lambda path, *more: mkfs_btrfs(path, *options, *more), "--rootdir")


# With a known identity, the file system made again with one more file is its state of the next day.
_UUID = "6f6e6c79-2061-4578-8175-736564206f6e"


def prepared_ext(path, rng, *also):
    blank(path, 48 * MIB)
    mkfs_ext(path, "-t", "ext4", "-b", "1024", "-U", _UUID, "-E", "nodiscard,hash_seed=" + _UUID, "-d",
             tree(rng, *also))


def prepared_btrfs(path, rng, *also):
    blank(path, 64 * MIB)
    mkfs_btrfs(path, *MIXED, "-U", _UUID, "--rootdir", tree(rng, *also))


def _half_ext(path, rng):
    blank(path, 64 * MIB)
    machine.run("mke2fs", "-q", "-F", "-E", "nodiscard", "-t", "ext4", "-b", "4096", path, "32M")
    with machine.loop(path) as device, machine.mounted(device) as root:
        fill(root, rng)


def _raw(path, rng):
    """Makes records, random bytes and lines, with blank parts between them, as on tapes and in databases."""
    parts = [rng.randbytes(6 * MIB), bytes(2 * MIB), text(rng, 4 * MIB), rng.randbytes(4 * MIB), b"\xff" * MIB,
             b"".join(struct.pack("<QQQQ", i, i + 1, i * i, 0) for i in range(2 * MIB // 32)), bytes(MIB),
             rng.randbytes(4 * MIB)]
    write_file(path, b"".join(parts))


def _fat(path, rng):
    blank(path, 32 * MIB)
    mkfs_vfat(path, "-F", "32", "-s", "1", "-n", "OLD")
    for number in range(12):
        fat_add(path, rng.randbytes(rng.randrange(2000, 400000)), "OLD%05d" % number)


def _ntfs(path, rng):
    blank(path, 32 * MIB)
    mkfs_ntfs(path)
    with machine.mounted(path, program=("ntfs-3g",)) as root:
        fill(root, rng)


def _swap(path, rng):
    blank(path, 16 * MIB)
    machine.run("mkswap", "-q", path)
    machine.put(path, 4096, rng.randbytes(6 * MIB))


def _luks(path, rng):
    write_file(path, rng.randbytes(32 * MIB))
    luks_format(path, "luks2")


def _luks1(path, rng):
    write_file(path, rng.randbytes(32 * MIB))
    luks_format(path, "luks1")


def in_partition(path, offset, size, make):
    """Calls make() for a part of a file, through a loop device that covers just that part."""
    with machine.loop(path, offset, size) as device:
        make(device)


def _table(label, script, offset):
    def build(path, rng):
        blank(path, 64 * MIB)
        partition_table(path, label, script)
        in_partition(path, offset, 40 * MIB, lambda device: mkfs_ext(device, "-t", "ext4", "-b", "4096"))
        with machine.loop(path, offset, 40 * MIB) as device, machine.mounted(device) as root:
            fill(root, rng)
    return build


# The partition in the extended partition begins at 6 MiB.
_LOGICAL = "start=2048,size=8192,type=83\nstart=10240,type=5\nstart=12288,size=81920,type=83\n"

MIXED = ("--mixed", "-m", "single", "-d", "single")

CONTENTS = {
    "ext4": _ext("-t", "ext4", "-b", "4096"),
    "ext4-1k": _ext("-t", "ext4", "-b", "1024"),
    "ext4-plain": _ext("-t", "ext4", "-O", "^metadata_csum"),
    "ext3": _ext("-t", "ext3", "-O", "^metadata_csum"),
    "ext2": _ext("-t", "ext2", "-O", "^metadata_csum"),
    "ext4-half": _half_ext,
    "ext4-prepared": prepared_ext,
    "xfs": _mounted_content(64 * MIB, mkfs_xfs),
    "xfs-4k": _mounted_content(96 * MIB, lambda path: mkfs_xfs(path, "-s", "size=4096")),
    "xfs-300": _mounted_content(304 * MIB, lambda path: machine.run("mkfs.xfs", "-q", "-f", "-K", path)),
    "btrfs": _btrfs(64 * MIB, *MIXED),
    "btrfs-dup": _btrfs(128 * MIB),
    "btrfs-xxhash": _btrfs(64 * MIB, *MIXED, "--csum", "xxhash"),
    "btrfs-prepared": prepared_btrfs,
    "gpt": _table("gpt", "start=2048,size=81920\nstart=90112\n", PARTITION),
    "mbr": _table("dos", "start=2048,size=81920,type=83\n", PARTITION),
    "logical": _table("dos", _LOGICAL, 6 * MIB),
    "raw": _raw,
    "fat": _fat,
    "ntfs": _ntfs,
    "swap": _swap,
    "luks2": _luks,
    "luks1": _luks1,
}


# ---- FAT without a driver


def _fat_shape(path):
    head = machine.get(path, 0, 512)
    reserved, copies = struct.unpack_from("<HB", head, 14)
    length, = struct.unpack_from("<I", head, 36)
    return reserved * 512, copies, length * 512, (reserved + copies * length) * 512


def fat_add(path, data, name):
    """Puts a file into the root directory of a FAT32 file system with clusters of one sector."""
    fats_at, copies, length, clusters_at = _fat_shape(path)
    table = bytearray(machine.get(path, fats_at, length))
    count = (len(data) + 511) // 512
    entries = struct.unpack("<%dI" % (length // 4), table)
    free = [i for i, entry in enumerate(entries) if i > 2 and not entry][:count]
    if len(free) < count:
        raise machine.Broken("the FAT is full")
    for index, cluster in enumerate(free):
        following = free[index + 1] if index + 1 < count else 0x0FFFFFFF
        struct.pack_into("<I", table, 4 * cluster, following)
        machine.put(path, clusters_at + (cluster - 2) * 512, data[index * 512:index * 512 + 512].ljust(512, b"\0"))
    for number in range(copies):
        machine.put(path, fats_at + number * length, bytes(table))
    root = bytearray(machine.get(path, clusters_at, 512))
    slot = next((at for at in range(0, 512, 32) if root[at] in (0, 0xE5)), None)
    if slot is None:
        raise machine.Broken("the root directory is full")
    root[slot:slot + 32] = struct.pack("<11sBBBHHHHHHHI", name.ljust(11).encode(), 0x20, 0, 0,
                                       0, 0x5000, 0x5000, free[0] >> 16, 0x6000, 0x5000, free[0] & 0xFFFF, len(data))
    machine.put(path, clusters_at, bytes(root))


def fat_remove(path):
    """Deletes the first file as drivers do: clears the first byte of its name, and its chain."""
    fats_at, copies, length, clusters_at = _fat_shape(path)
    root = bytearray(machine.get(path, clusters_at, 512))
    slot = next(at for at in range(0, 512, 32) if root[at] not in (0, 0xE5) and root[at + 11] != 8)
    high, = struct.unpack_from("<H", root, slot + 20)
    low, = struct.unpack_from("<H", root, slot + 26)
    table = bytearray(machine.get(path, fats_at, length))
    cluster = high << 16 | low
    while 2 <= cluster < 0x0FFFFFF8:
        following, = struct.unpack_from("<I", table, 4 * cluster)
        struct.pack_into("<I", table, 4 * cluster, 0)
        cluster = following
    for number in range(copies):
        machine.put(path, fats_at + number * length, bytes(table))
    root[slot] = 0xE5
    machine.put(path, clusters_at, bytes(root))


# ---- superblocks of file systems without tools here, made to satisfy libblkid


def md_superblock(path, offset, data_offset, sectors):
    """Writes an md superblock of version 1.2, for an array of one device: it lies at 4096."""
    block = bytearray(256 + 2 * 384)
    struct.pack_into("<IIII16s32sQIIQI", block, 0, 0xA92B4EFC, 1, 0, 0, bytes(range(16)), b"host:0", 1700000000, 1,
                     0, sectors, 0)
    struct.pack_into("<I", block, 92, 1)
    struct.pack_into("<QQQ", block, 128, data_offset // 512, sectors, 8)
    struct.pack_into("<I", block, 220, 384)
    body = bytearray(block[:256 + 2 * 384])
    total = sum(struct.unpack("<%dI" % (len(body) // 4), body))
    struct.pack_into("<I", block, 216, ((total & 0xFFFFFFFF) + (total >> 32)) & 0xFFFFFFFF)
    machine.put(path, offset + 4096, bytes(block))


def foreign_superblock(kind):
    """Returns offset and bytes of the superblock of a file system that has no tools here."""
    if kind == "f2fs":
        return 1024, struct.pack("<IHHIIIIIIQ", 0xF2F52010, 1, 16, 9, 3, 12, 9, 1, 1, 8192).ljust(512, b"\x11")
    if kind == "reiserfs":
        return 65536, struct.pack("<III", 8192, 900, 8211).ljust(44, b"\0") + \
            struct.pack("<HHHH", 4096, 1024, 1, 1) + b"ReIsEr2Fs\0".ljust(150, b"\x22")
    if kind == "jfs":
        return 32768, b"JFS1" + struct.pack("<IQIHHIHH", 1, 65536, 4096, 12, 3, 512, 9, 3).ljust(200, b"\x33")
    if kind == "squashfs":
        return 0, struct.pack("<IIIIIHHHHHHQQ", 0x73717368, 5, 1700000000, 131072, 1, 1, 17, 192, 1, 4, 0, 99, 40000)
    raise KeyError(kind)

