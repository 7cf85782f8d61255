# SPDX-License-Identifier: GPL-2.0-or-later
"""Decay of a data device: damage that disks do to sectors by themselves."""
import os
import struct

import campaign_machine as machine

KIB, MIB = 1 << 10, 1 << 20


class Room:
    """Knows which sectors of an image are blank or full, and which are left alone: those in the byte ranges `avoid`."""

    def __init__(self, image, sector, avoid):
        self.sector, self.count = sector, os.stat(image).st_size // sector
        self.avoid = set()
        for first, end in avoid:
            self.avoid.update(range(first // sector, (end + sector - 1) // sector))
        self.blank, self.full = [], []
        with open(image, "rb") as file:
            for number in range(self.count):
                data = file.read(sector)
                if data == data[:1] * sector:
                    self.blank.append(number)
                elif data != data[:16] * (sector // 16):
                    self.full.append(number)
        self.full_set = set(self.full)


class Target:
    """An image that is damaged, similar to the one that the room was made from."""

    def __init__(self, image, room, rng):
        self.image, self.rng, self.sector, self.count = image, rng, room.sector, room.count
        self.blank, self.full, self.full_set = room.blank, room.full, room.full_set
        self.taken = set(room.avoid)

    def read(self, number):
        return machine.get(self.image, number * self.sector, self.sector)

    def write(self, number, data):
        machine.put(self.image, number * self.sector, data)

    def pick(self, among, run=1):
        """Picks `run` adjacent sectors from the list that are not damaged yet, and reserves them; returns the first."""
        for _ in range(10000):
            first = self.rng.choice(among)
            if first + run <= self.count and not self.taken.intersection(range(first, first + run)):
                self.taken.update(range(first, first + run))
                return first
        raise machine.Missing("no room for more damage")

    def pick_full(self, run=1):
        for _ in range(1000):
            first = self.pick(self.full, run)
            if all(number in self.full_set for number in range(first, first + run)):
                return first
            self.taken.difference_update(range(first, first + run))
        raise machine.Missing("no room for more damage")


# Each of these functions does one damage, and returns the sectors.


def _flip(data, bits):
    changed = bytearray(data)
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def one_bit(target):
    number = target.pick_full()
    target.write(number, _flip(target.read(number), [target.rng.randrange(8 * target.sector)]))
    return [number]


def two_bits(target):
    number = target.pick_full()
    target.write(number, _flip(target.read(number), target.rng.sample(range(8 * target.sector), 2)))
    return [number]


def burst(target):
    number, length = target.pick_full(), target.rng.randrange(2, 17)
    start = target.rng.randrange(8 * target.sector - length)
    inner = [bit for bit in range(1, length - 1) if target.rng.random() < 0.5]
    target.write(number, _flip(target.read(number), [start + bit for bit in [0, length - 1] + inner][:17]
                               if length > 1 else [start]))
    return [number]


def stuck_bit(target):
    """In a run of sectors one bit is always set."""
    first, bit = target.pick_full(8), target.rng.randrange(8 * target.sector)
    hit = []
    for number in range(first, first + 8):
        data = target.read(number)
        if not data[bit // 8] >> bit % 8 & 1:
            target.write(number, _flip(data, [bit]))
            hit.append(number)
    return hit


def _filled(unit):
    def damage(target):
        run = target.rng.randrange(1, 4)
        first = target.pick_full(run)
        for number in range(first, first + run):
            target.write(number, unit(target.rng) * target.sector)
        return list(range(first, first + run))
    return damage


zeroed = _filled(lambda rng: b"\0")
all_ones = _filled(lambda rng: b"\xff")


def repeated(target):
    number = target.pick_full()
    size = target.rng.choice((2, 4, 8, 16))
    target.write(number, target.rng.randbytes(size) * (target.sector // size))
    return [number]


def zeroed_run(target):
    """Zeros 4 KiB to 1 MiB, like a page that was never written, or a track."""
    size = target.rng.choice((4, 16, 64, 256, 1024)) * KIB
    first = target.pick(target.full, max(1, size // target.sector))
    hit = []
    for number in range(first, first + max(1, size // target.sector)):
        if number in target.full_set:
            hit.append(number)
        target.write(number, bytes(target.sector))
    return hit


def swapped(target):
    one, other = target.pick_full(), target.pick_full()
    data = target.read(one), target.read(other)
    target.write(one, data[1])
    target.write(other, data[0])
    return [one, other] if data[0] != data[1] else []


def misplaced(target):
    """A write for one sector went to another one."""
    number, source = target.pick_full(), target.pick_full()
    target.write(number, target.read(source))
    return [number]


def shifted(target):
    """Moves a run of sectors one place further; the last one is lost."""
    first = target.pick_full(6)
    data = [target.read(number) for number in range(first, first + 5)]
    for index, piece in enumerate(data):
        target.write(first + 1 + index, piece)
    return list(range(first + 1, first + 6))


def _some(target, blank):
    return target.pick(target.blank) if blank else target.pick_full()


def garbage(target, blank=False):
    number = _some(target, blank)
    target.write(number, target.rng.randbytes(target.sector))
    return [number]


def torn(target, blank=False):
    """The first half of the sector has another content."""
    number = _some(target, blank)
    half = target.sector // 2
    target.write(number, target.rng.randbytes(half) + target.read(number)[half:])
    return [number]


def many_bits(target, blank=False):
    number = _some(target, blank)
    bits = target.rng.sample(range(8 * target.sector), target.rng.randrange(24, 80))
    target.write(number, _flip(target.read(number), bits))
    return [number]


def lost_write(target, blank=False):
    """A write was lost: the sector holds older content of the same kind."""
    number = _some(target, blank)
    text = b"".join(b"before that: %d\n" % target.rng.getrandbits(40) for _ in range(target.sector // 12 + 1))
    target.write(number, text[:target.sector])
    return [number]


MILD = {"one bit": one_bit, "two bits": two_bits, "burst": burst, "stuck bit": stuck_bit, "zeroed": zeroed,
        "ff": all_ones, "pattern": repeated, "4K - 1M zeroed": zeroed_run, "swapped": swapped, "misplaced": misplaced,
        "shifted": shifted}
NEAR = ("one bit", "two bits", "burst", "stuck bit")
NEW = {"garbage": garbage, "torn": torn, "more than 16 bits": many_bits, "lost write": lost_write}
BLANK = {name: (lambda target, how=how: how(target, True)) for name, how in NEW.items()}


# ---- places of signatures and of the record of a mount; damage there is not tried here


def _xfs_places(path, offset):
    head = machine.get(path, offset, 512)
    block, = struct.unpack_from(">I", head, 4)
    log_start, = struct.unpack_from(">Q", head, 48)
    ag_blocks, ag_count = struct.unpack_from(">II", head, 84)
    log_blocks, = struct.unpack_from(">I", head, 96)
    sector, = struct.unpack_from(">H", head, 102)
    ag_bits = head[124]
    places = [(offset + ag * ag_blocks * block, offset + ag * ag_blocks * block + 4 * sector)
              for ag in range(ag_count)]
    if log_start:
        first = ((log_start >> ag_bits) * ag_blocks + log_start % (1 << ag_bits)) * block
        places.append((offset + first, offset + first + log_blocks * block))
    return places


def record_places(path, kind):
    """Returns the byte ranges of such places, for one of the kinds of content in the campaign."""
    size = os.stat(path).st_size
    if kind == "ext":
        return [(1024, 2048)]
    if kind == "xfs":
        return _xfs_places(path, 0)
    if kind == "btrfs":
        return [(65536, 69632), (64 * MIB, 64 * MIB + 4096)]
    if kind == "partition":
        return [(0, MIB), (MIB + 1024, MIB + 2048), (size - 65536, size)]
    return [(0, 65536), (size - 65536, size)]
