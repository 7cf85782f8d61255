#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes metadata of a volume and makes its checksums right again, by the description of the
format, without any code of csumtool.

  surgery.py super FILE SLOT FIELD...                  a superblock: A, B or C
  surgery.py imd FILE OFFSET GROUP COPY SECTOR FIELD.. an imd sector, sealed for GROUP and COPY
  surgery.py journal FILE SESSION SECTOR IMAGE...      a journal record; an IMAGE is
                                                       GROUP:COPY:OFFSET:GENERATION, the imd sector
                                                       at that offset with another generation
  surgery.py get FILE OFFSET SIZE                      prints an integer of SIZE bytes

A FIELD is AT:SIZE=VALUE, an integer of SIZE bytes (1 to 8) AT bytes into the block; VALUE may
begin with 0x, or with +, which adds it to the present value.
"""
import struct
import sys
import zlib


def number(text):
    return int(text, 0)


def change(block, fields):
    for field in fields:
        place, value = field.split("=")
        at, size = map(number, place.split(":"))
        old = int.from_bytes(block[at:at + size], "little")
        new = old + number(value[1:]) if value.startswith("+") else number(value)
        block[at:at + size] = (new % (1 << 8 * size)).to_bytes(size, "little")


def read(name, offset, size):
    with open(name, "rb") as file:
        file.seek(offset)
        return bytearray(file.read(size))


def write(name, offset, block):
    with open(name, "r+b") as file:
        file.seek(offset)
        file.write(block)


def seed(name):
    for slot in (0, 524288):
        block = read(name, slot, 4096)
        if block[:7] == b"CSUMVOL":
            return bytes(block[128:144])
    raise SystemExit("surgery: no superblock")


def slot_offset(name, slot):
    if slot != "C":
        return {"A": 0, "B": 524288}[slot]
    size = struct.unpack_from("<Q", read(name, 0, 4096), 104)[0]
    return size // 4096 * 4096 - 65536


def seal_imd(name, block, group, copy):
    block[0:4] = b"IMD1"
    block[12:16] = struct.pack("<I", group % (1 << 32))
    block[4:8] = bytes(4)
    crc = zlib.crc32(seed(name) + struct.pack("<QB", group, copy) + bytes(block))
    block[4:8] = struct.pack("<I", crc)
    return block


def do_super(name, slot, *fields):
    offset = slot_offset(name, slot)
    block = read(name, offset, 4096)
    change(block, fields)
    block[8:12] = bytes(4)
    block[8:12] = struct.pack("<I", zlib.crc32(bytes(block)))
    write(name, offset, block)


def do_imd(name, offset, group, copy, sector, *fields):
    block = read(name, number(offset), number(sector))
    change(block, fields)
    write(name, number(offset), seal_imd(name, block, number(group), number(copy)))


def do_journal(name, session, sector, *images):
    head = bytearray(4096)
    head[0:8] = b"CSUMJRNL"
    struct.pack_into("<IQ", head, 12, len(images), number(session))
    body = b""
    for i, image in enumerate(images):
        group, copy, offset, generation = map(number, image.split(":"))
        struct.pack_into("<QI", head, 32 + 16 * i, group, copy)
        block = read(name, offset, number(sector))
        struct.pack_into("<I", block, 8, generation)
        body += bytes(seal_imd(name, block, group, copy))
    struct.pack_into("<I", head, 8, zlib.crc32(seed(name) + bytes(head) + body))
    write(name, 65536, head + body)


def do_get(name, offset, size):
    print(int.from_bytes(read(name, number(offset), number(size)), "little"))


if __name__ == "__main__":
    {"super": do_super, "imd": do_imd, "journal": do_journal, "get": do_get}[sys.argv[1]](*sys.argv[2:])
