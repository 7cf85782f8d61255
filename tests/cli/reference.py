# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and verifies volumes by format.md, without any of csumtool's own code.

    reference.py fresh|written METADATA [DATA]

verifies a clean volume. fresh: there may be only superblocks and empty imd sectors. Prints how many data sectors have a
checksum, then the SHA-256 of METADATA. For that the fields that depend on the machine and the day (physical sector
size, last write) are zeroed, and so is the record of the data file, which is compared with the file. Exits with a message
where something is wrong.

When imported, Volume also reads volumes in any state that crashes and failures leave.
"""
import hashlib
import os
import struct
import sys
import zlib

BLOCK, JOURNAL, CLUSTERS = 4096, 65536, 1048576


class Wrong(Exception):
    pass


def need(condition, *what):
    if not condition:
        raise Wrong("wrong: " + " ".join(str(word) for word in what))


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


checksum = {1: zlib.crc32,
            2: reflected_crc(table(0x82F63B78), 2**32 - 1),
            3: reflected_crc(table(0xC96C5795D7870F42), 2**64 - 1)}
need([checksum[kind](b"123456789") for kind in (1, 2, 3)] == [0xcbf43926, 0xe3069283, 0x995dc9bbdf1939fa], "CRCs")
known = {}  # entries computed before: a CRC takes long here


def entry_of(kind, data):
    data = bytes(data)
    if (kind, data) not in known:
        value = checksum[kind](data)
        known[kind, data] = {0: 2**64 - 1, 1: 2**64 - 2}.get(value, value) if kind == 3 else 2**32 + value
    return known[kind, data]


def u32(block, offset):
    return struct.unpack_from("<I", block, offset)[0]


def u64(block, offset):
    return struct.unpack_from("<Q", block, offset)[0]


def is_superblock(block):
    return block[:8] == bytes.fromhex("4353554d564f4c1a") and u32(block, 8) == zlib.crc32(
        block[:8] + bytes(4) + block[12:])


def newer(one, other):
    """Returns which of two valid copies is newer, 0 or 1; generations are serial numbers."""
    difference = (u32(one, 8) - u32(other, 8)) % 2**32
    return 0 if 1 <= difference < 2**31 else 1


class Volume:
    """The bytes of a volume; data is None for an internal volume."""

    def __init__(self, meta, data=None):
        self.meta = meta
        self.external = data is not None
        self.data = data if self.external else meta
        self.backup = len(meta) // BLOCK * BLOCK - 65536
        self.slots = [meta[at:at + BLOCK] for at in self.slot_places()]
        valid = [slot for slot in self.slots if is_superblock(slot)]
        need(valid, "no superblock is valid")
        need(len({slot[128:144] for slot in valid}) == 1, "superblocks of different volumes")
        self.by_backup = not is_superblock(self.slots[0]) and not is_superblock(self.slots[1])
        self.governing = max((slot for slot in self.slots[:2] if is_superblock(slot)),
                             key=lambda slot: u64(slot, 16), default=self.slots[2])
        self.understand()

    def slot_places(self):
        return 0, 524288, self.backup

    def understand(self):
        """Takes the fields of the governing superblock, and compares them with those that follow from the sizes."""
        block = self.governing
        need(struct.unpack_from("<HH", block, 12) == (1, 0), "version of the superblock")
        self.sector, self.kind, self.interleave = u32(block, 84), u32(block, 88), u32(block, 92)
        self.seed = block[128:144]
        need(u32(block, 80) == self.external and u32(block, 76) == 0, "features")
        need(u64(block, 104) == len(self.meta), "size of the metadata device")
        need(u64(block, 112) == (len(self.data) if self.external else 0), "size of the data device")
        need(struct.unpack_from("<QQQ", block, 144) == (JOURNAL, 458752, CLUSTERS), "places")
        self.per_group = (self.sector - 16) // 8
        if self.external:
            self.sectors = len(self.data) // self.sector
        else:
            full, rest = divmod((self.backup - CLUSTERS) // self.sector, self.per_group + 2)
            self.sectors = full * self.per_group + (rest - 2 if rest >= 3 else 0)
        need(u64(block, 96) == self.sectors, "data_sectors:", u64(block, 96), "not", self.sectors)
        self.groups = -(-self.sectors // self.per_group)
        self.active = self.by_backup or u32(block, 256) == 1
        self.intent = range(self.groups) if self.by_backup else range(
            u64(block, 272), u64(block, 272) + u64(block, 280))

    # ---- places

    def cluster(self, group):
        """For the group's cluster, returns its first byte, its groups, and the data sectors stored in it."""
        number = group // self.interleave
        first = number * self.interleave
        groups = min(self.interleave, self.groups - first)
        stored = 0 if self.external else min(self.sectors - first * self.per_group, groups * self.per_group)
        size = self.interleave * (2 if self.external else self.per_group + 2) * self.sector
        return CLUSTERS + number * size, groups, stored

    def imd_at(self, group, copy):
        base, groups, stored = self.cluster(group)
        return base + (group % self.interleave + (groups + stored if copy else 0)) * self.sector

    def data_at(self, number):
        if self.external:
            return number * self.sector
        group = number // self.per_group
        base, groups, _ = self.cluster(group)
        return base + (groups + number - group // self.interleave * self.interleave * self.per_group) * self.sector

    def stored(self, number):
        at = self.data_at(number)
        return self.data[at:at + self.sector]

    # ---- metadata

    def is_imd(self, imd, group, copy):
        sealed = self.seed + struct.pack("<QB", group, copy) + imd[:4] + bytes(4) + imd[8:]
        return imd[:4] == b"IMD1" and u32(imd, 12) == group & 0xffffffff and u32(imd, 4) == zlib.crc32(sealed)

    def copies(self, group):
        found = []
        for copy in (0, 1):
            at = self.imd_at(group, copy)
            found.append(self.meta[at:at + self.sector])
        return found

    def journal(self):
        """Returns the images of a record that counts: group to copy and bytes."""
        head = self.meta[JOURNAL:JOURNAL + BLOCK]
        count = u32(head, 12)
        images = self.meta[JOURNAL + BLOCK:JOURNAL + BLOCK + count * self.sector]
        if (not self.active or self.by_backup or head[:8] != b"CSUMJRNL" or
                not 1 <= count <= min(254, (458752 - BLOCK) // self.sector) or
                u32(head, 8) != zlib.crc32(self.seed + head[:8] + bytes(4) + head[12:] + images) or
                u64(head, 16) != u64(self.governing, 264)):
            return {}
        places = [struct.unpack_from("<QI", head, 32 + 16 * i) for i in range(count)]
        if (len({group for group, _ in places}) < count or
                any(copy > 1 or group not in self.intent for group, copy in places)):
            return {}
        return {group: (copy, images[i * self.sector:(i + 1) * self.sector])
                for i, (group, copy) in enumerate(places)}

    def versions(self, group, journal):
        """Returns imd sectors that count, newest first."""
        copies = self.copies(group)
        valid = [self.is_imd(copies[copy], group, copy) for copy in (0, 1)]
        first = newer(*copies) if all(valid) else 0 if valid[0] else 1
        found = [copies[first]] if valid[first] else []
        copy, image = journal.get(group, (0, b""))
        if image and self.is_imd(image, group, copy) and all(newer(image, other) == 0 for other, right in zip(
                copies, valid) if right):
            found.insert(0, image)
        if valid[1 - first] and self.active and group in self.intent:
            found.append(copies[1 - first])
        return found

    def read(self):
        """Returns the content of each data sector; None where it is bad."""
        journal, contents = self.journal(), []
        for group in range(self.groups):
            versions = self.versions(group, journal)
            for index in range(min(self.per_group, self.sectors - group * self.per_group)):
                entries = [u64(version, 16 + 8 * index) for version in versions]
                stored = self.stored(group * self.per_group + index)
                if entries[:1] == [0]:
                    contents.append(bytes(self.sector))
                else:
                    contents.append(stored if entry_of(self.kind, stored) in entries else None)
        return contents

    # ---- a clean volume

    def verify(self, fresh=False):
        """Returns how many data sectors have a checksum, and the metadata with all verified bytes zeroed."""
        need(not self.active, "not clean")
        need(self.governing[172:176] == bytes(4) and self.governing[240:256] == bytes(16), "reserved fields")
        left = bytearray(self.meta)
        for at, slot in zip(self.slot_places(), self.slots):
            need(is_superblock(slot), "superblock at", at)
            left[at:at + BLOCK] = bytes(BLOCK)
        need(len({slot[24:256] for slot in self.slots}) == 1, "static fields differ")
        if fresh:
            need([u64(slot, 16) for slot in self.slots] == [2, 1, 1], "generations")
            need(all(slot[256:] == bytes(BLOCK - 256) for slot in self.slots), "state fields")
        return sum(self.verify_group(group, fresh, left) for group in range(self.groups)), left

    def verify_group(self, group, fresh, left):
        copies, written = self.copies(group), 0
        for copy in (0, 1):
            at = self.imd_at(group, copy)
            need(self.is_imd(copies[copy], group, copy), "imd sector at", at)
            need(not fresh or u32(copies[copy], 8) == copy, "generation of the imd sector at", at)
            left[at:at + self.sector] = bytes(self.sector)
        need(copies[0][16:] == copies[1][16:], "copies differ in group", group)
        need(u32(copies[0], 8) != u32(copies[1], 8), "equal generations in group", group)
        for index in range(self.per_group):
            number = group * self.per_group + index
            entry = u64(copies[0], 16 + 8 * index)
            if entry == 0:
                continue
            need(not fresh and number < self.sectors, "entry of data sector", number)
            need(entry == entry_of(self.kind, self.stored(number)), "checksum of data sector", number)
            written += 1
        return written

    def verify_record(self, status):
        """Verifies the record of the data, and that nothing else is recorded. status: that of the data file, or
        None."""
        block = self.governing
        need(u32(block, 72) == 0, "features")
        if status:
            need(u64(block, 416) == u64(block, 264), "the record is of another session")
            need(u64(block, 432) == status.st_mtime_ns, "time of the data file")
            need(u64(block, 440) == status.st_size, "size of the data file")
        else:
            need(block[408:640] == bytes(640 - 408), "record of the data")
        need(block[448:640] == bytes(640 - 448), "record of undo, of what is held, or of signatures")

    def normal(self):
        """Returns the metadata device without the fields that depend on the machine and the day."""
        normal = bytearray(self.meta)
        for at, slot in zip(self.slot_places(), self.slots):
            block = bytearray(slot)
            for begin, end in ((168, 172), (288, 296), (416, 424), (432, 448), (8, 12)):
                block[begin:end] = bytes(end - begin)
            block[8:12] = struct.pack("<I", zlib.crc32(block))
            normal[at:at + BLOCK] = block
        return normal


def content(name):
    with open(name, "rb") as file:
        return file.read()


def main():
    fresh, names = sys.argv[1] == "fresh", sys.argv[2:]
    volume = Volume(*map(content, names))
    written, left = volume.verify(fresh)
    if fresh:
        need(not any(left), "something else on the metadata device")
        need(not volume.external or not any(volume.data), "something on the data device")
    volume.verify_record(os.stat(names[1]) if volume.external and not fresh else None)
    print(written, hashlib.sha256(volume.normal()).hexdigest())


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(str(wrong))
