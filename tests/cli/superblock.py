# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes and prints superblocks by format.md, without csumtool's own code.

    superblock.py set FILE SLOTS FIELD=VALUE...   changes fields and makes the CRC fit again
    superblock.py get FILE SLOT FIELD...          prints fields, one a line; fails when the CRC does not fit

SLOTS is some of a, b and c. Numbers may be 0x..., bytes are hex. The size of FILE must be the recorded one.
"""
import os
import struct
import sys
import zlib

SIZE = 4096
# name: offset, then a struct format or a number of bytes
FIELDS = {
    "magic": (0, 8), "crc": (8, "<I"), "major": (12, "<H"), "minor": (14, "<H"), "generation": (16, "<Q"),
    "uuid": (24, 16), "label": (40, 32), "compat": (72, "<I"), "ro_compat": (76, "<I"), "incompat": (80, "<I"),
    "sector_size": (84, "<I"), "checksum_type": (88, "<I"), "interleave": (92, "<I"), "data_sectors": (96, "<Q"),
    "device_bytes": (104, "<Q"), "data_device_bytes": (112, "<Q"), "created": (120, "<Q"), "seed": (128, 16),
    "journal_offset": (144, "<Q"), "journal_size": (152, "<Q"), "clusters_offset": (160, "<Q"),
    "physical": (168, "<I"), "identity": (176, 64), "state": (256, "<I"), "session": (264, "<Q"),
    "intent_first": (272, "<Q"), "intent_count": (280, "<Q"), "last_write": (288, "<Q"),
    "scrub_started": (296, "<Q"), "scrub_ended": (304, "<Q"), "scrub_verified": (312, "<Q"),
    "scrub_unwritten": (320, "<Q"), "scrub_repaired": (328, "<Q"), "scrub_left_bad": (336, "<Q"),
    "scrub_imd_repaired": (344, "<Q"), "now_started": (352, "<Q"), "now_group": (360, "<Q"),
    "now_verified": (368, "<Q"), "recorded": (416, "<Q"), "mtime": (432, "<Q"), "size": (440, "<Q"),
    "held": (464, "<Q"), "held_reason": (472, "<I"), "signature": (480, 40), "reserved": (4000, 8),
}


def crc_of(block):
    return zlib.crc32(block[:8] + bytes(4) + block[12:])


def place(file, slot):
    if slot == "c":
        return os.fstat(file.fileno()).st_size // SIZE * SIZE - 65536
    return {"a": 0, "b": 524288}[slot]


def load(file, slot):
    file.seek(place(file, slot))
    block = bytearray(file.read(SIZE))
    if block[:8] != b"CSUMVOL\x1a" or struct.unpack_from("<I", block, 8)[0] != crc_of(block):
        sys.exit("slot %s is invalid" % slot)
    return block


def put(block, name, text):
    offset, form = FIELDS[name]
    if isinstance(form, int):
        block[offset:offset + form] = bytes.fromhex(text).ljust(form, b"\0")
    else:
        struct.pack_into(form, block, offset, int(text, 0))


def show(block, name):
    offset, form = FIELDS[name]
    if isinstance(form, int):
        return block[offset:offset + form].hex()
    return struct.unpack_from(form, block, offset)[0]


action, path, slots = sys.argv[1:4]
with open(path, "r+b" if action == "set" else "rb") as image:
    for which in slots:
        data = load(image, which)
        for argument in sys.argv[4:]:
            if action == "get":
                print(show(data, argument))
            else:
                put(data, *argument.split("=", 1))
        if action == "set":
            struct.pack_into("<I", data, 8, crc_of(data))
            image.seek(place(image, which))
            image.write(data)
