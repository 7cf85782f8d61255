# SPDX-License-Identifier: GPL-2.0-or-later
"""Verifies a clean volume by what format.md says, with nothing of csumtool's own code.

    reference.py fresh|written METADATA [DATA]

fresh: nothing but superblocks and empty imd sectors may be there. Prints how many data sectors have a checksum,
then the SHA-256 of METADATA with what depends on the machine and the day (physical sector size, last write)
zeroed, and the record of the data file, which is compared with the file. Exits with a message where something is
wrong.
"""
import hashlib
import os
import struct
import sys
import zlib


def need(condition, *what):
    if not condition:
        sys.exit("wrong: " + " ".join(str(word) for word in what))


def table(polynomial):
    entries = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        entries.append(value)
    return entries


def reflected_crc(entries, ones):
    def crc(data):
        state = ones
        for byte in data:
            state = entries[(state ^ byte) & 255] ^ state >> 8
        return state ^ ones
    return crc


def entry_of(kind, data):
    value = checksum[kind](data)
    if kind == 3:
        return {0: 2**64 - 1, 1: 2**64 - 2}.get(value, value)
    return 2**32 + value


checksum = {1: zlib.crc32,
            2: reflected_crc(table(0x82F63B78), 2**32 - 1),
            3: reflected_crc(table(0xC96C5795D7870F42), 2**64 - 1)}
need([checksum[kind](b"123456789") for kind in (1, 2, 3)] == [0xcbf43926, 0xe3069283, 0x995dc9bbdf1939fa], "CRCs")


def u32(block, offset):
    return struct.unpack_from("<I", block, offset)[0]


def u64(block, offset):
    return struct.unpack_from("<Q", block, offset)[0]


def superblock(offset):
    block = meta[offset:offset + 4096]
    need(block[:8] == bytes.fromhex("4353554d564f4c1a"), "magic of the superblock at", offset)
    need(u32(block, 8) == zlib.crc32(block[:8] + bytes(4) + block[12:]), "CRC of the superblock at", offset)
    need(struct.unpack_from("<HH", block, 12) == (1, 0), "version of the superblock at", offset)
    return block


with open(sys.argv[2], "rb") as file:
    meta = file.read()
external = len(sys.argv) > 3
data = meta
if external:
    with open(sys.argv[3], "rb") as file:
        data = file.read()
fresh = sys.argv[1] == "fresh"
size = len(meta)
backup = size // 4096 * 4096 - 65536
slots = {offset: superblock(offset) for offset in (0, 524288, backup)}
a, b, c = (slots[offset] for offset in (0, 524288, backup))
need(a[24:256] == b[24:256] == c[24:256], "static fields differ")
if fresh:
    need([u64(block, 16) for block in (a, b, c)] == [2, 1, 1], "generations")
    need(all(block[256:] == bytes(4096 - 256) for block in (a, b, c)), "state fields")
governing = b if u64(b, 16) > u64(a, 16) else a
need(u32(governing, 256) == 0, "not clean")
sector, kind, K = u32(a, 84), u32(a, 88), u32(a, 92)
seed = a[128:144]
need(u32(a, 80) == external and u32(a, 72) == u32(a, 76) == 0, "features")
need(u64(a, 104) == size and u64(a, 112) == (len(data) if external else 0), "sizes")
need(struct.unpack_from("<QQQ", a, 144) == (65536, 458752, 1048576), "places")
need(a[172:176] == bytes(4) and a[240:256] == bytes(16), "reserved fields")

E = (sector - 16) // 8
if external:
    sectors = len(data) // sector
else:
    full, rest = divmod((backup - 1048576) // sector, E + 2)
    sectors = full * E + (rest - 2 if rest >= 3 else 0)
need(u64(a, 96) == sectors, "data_sectors:", u64(a, 96), "not", sectors)
groups = -(-sectors // E)

left = bytearray(meta)  # what is not accounted for
for offset in slots:
    left[offset:offset + 4096] = bytes(4096)
written = 0
for cluster in range(-(-groups // K)):
    first = cluster * K
    count = min(K, groups - first)
    in_cluster = min(sectors - first * E, count * E)
    start = 1048576 + cluster * K * (2 if external else E + 2) * sector
    second = start + count * sector + (0 if external else in_cluster * sector)
    for group in range(first, first + count):
        copies = []
        for copy, place in ((0, start), (1, second)):
            at = place + (group - first) * sector
            imd = meta[at:at + sector]
            need(imd[:4] == b"IMD1" and u32(imd, 12) == group & 0xffffffff, "imd sector at", at)
            sealed = seed + struct.pack("<QB", group, copy) + imd[:4] + bytes(4) + imd[8:]
            need(u32(imd, 4) == zlib.crc32(sealed), "CRC of the imd sector at", at)
            need(not fresh or u32(imd, 8) == copy, "generation of the imd sector at", at)
            copies.append(imd)
            left[at:at + sector] = bytes(sector)
        need(copies[0][16:] == copies[1][16:], "copies differ in group", group)
        need(u32(copies[0], 8) != u32(copies[1], 8), "equal generations in group", group)
        for index in range(E):
            number = group * E + index
            entry = u64(copies[0], 16 + 8 * index)
            if entry == 0:
                continue
            need(not fresh and number < sectors, "entry of data sector", number)
            at = number * sector if external else start + (count + number - first * E) * sector
            need(entry == entry_of(kind, data[at:at + sector]), "checksum of data sector", number)
            written += 1
if fresh:
    need(not any(left), "something else on the metadata device")
    need(not external or not any(data), "something on the data device")

if external and not fresh:
    status = os.stat(sys.argv[3])
    need(u64(governing, 416) == u64(governing, 264), "the record is of another session")
    need(u64(governing, 432) == status.st_mtime_ns, "time of the data file")
    need(u64(governing, 440) == status.st_size, "size of the data file")
else:
    need(governing[408:640] == bytes(640 - 408), "record of the data")
need(governing[448:640] == bytes(640 - 448), "record of undo, of what is held, or of signatures")

normal = bytearray(meta)
for offset in slots:
    block = bytearray(slots[offset])
    block[168:172] = bytes(4)
    block[288:296] = bytes(8)
    block[416:424] = bytes(8)
    block[432:448] = bytes(16)
    block[8:12] = bytes(4)
    block[8:12] = struct.pack("<I", zlib.crc32(block))
    normal[offset:offset + 4096] = block
print(written, hashlib.sha256(normal).hexdigest())
