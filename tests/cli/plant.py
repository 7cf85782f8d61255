#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes signatures that libblkid knows, of things that no tool here can make.

  plant.py FILE KIND   KIND: zfs, lvm, md-0.90, md-1.0, md-1.1, md-1.2 or ddf
"""
import os
import struct
import sys
import zlib

MD_MAGIC = 0xa92b4efc


def write(file, offset, data):
    file.seek(offset)
    file.write(data)


def zfs(file, size):
    """Writes labels as zpool create does: 8 KiB of zeros, a list of names, uberblocks; twice at each end."""
    size = size // 262144 * 262144
    for label in (0, 262144, size - 524288, size - 262144):
        write(file, label + 16384, bytes.fromhex("01010000 00000000 00000001"))
        for i in range(128):
            uberblock = struct.pack("<QQQQQ", 0x00bab10c, 5000, 100 + i, 0, 1700000000)
            write(file, label + 131072 + i * 1024, uberblock)


def lvm(file, _size):
    label = bytearray(512)
    label[20:24] = struct.pack("<I", 32)
    label[24:32] = b"LVM2 001"
    label[32:64] = b"a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6"
    crc = zlib.crc32(bytes(label[20:]), 0xf597a6cf ^ 0xffffffff) ^ 0xffffffff
    label[0:20] = b"LABELONE" + struct.pack("<QI", 1, crc)
    write(file, 512, bytes(label))


def md_090(file, size):
    block = bytearray(4096)
    struct.pack_into("<IIII", block, 0, MD_MAGIC, 0, 90, 0)
    struct.pack_into("<I", block, 20, 0x01020304)
    struct.pack_into("<III", block, 28, 1, size // 1024 // 2, 2)
    struct.pack_into("<III", block, 52, 5, 6, 7)
    write(file, size // 65536 * 65536 - 65536, bytes(block))


def md_1(file, offset):
    block = bytearray(1024)
    struct.pack_into("<II", block, 0, MD_MAGIC, 1)
    block[16:32] = bytes(range(16))
    block[32:36] = b"md:0"
    struct.pack_into("<Q", block, 144, offset // 512)
    write(file, offset, bytes(block))


KINDS = {
    "zfs": zfs,
    "lvm": lvm,
    "md-0.90": md_090,
    "md-1.0": lambda file, size: md_1(file, size // 4096 * 4096 - 8192),
    "md-1.1": lambda file, _size: md_1(file, 0),
    "md-1.2": lambda file, _size: md_1(file, 4096),
    "ddf": lambda file, size: write(file, size - 512, bytes.fromhex("de11de11") + bytes(4) + b"Linux-MD" + bytes(496)),
}

if __name__ == "__main__":
    with open(sys.argv[1], "r+b") as target:
        KINDS[sys.argv[2]](target, os.path.getsize(sys.argv[1]))
