/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an undo file. (format.md: Undo file) */
#ifndef CSUM_ONDISK_UNDOFILE_H
#define CSUM_ONDISK_UNDOFILE_H

#include <assert.h>
#include <stddef.h>

#include "base/le.h"
#include "ondisk/ondisk.h"

#define CSUM_UNDO_MAGIC "CSUMUNDO"
#define CSUM_UNDO_RECORD_MAGIC "UREC"
#define CSUM_UNDO_VERSION 2u
/* The first version: heads of 64 bytes without id, records always with their old bytes, no end. */
#define CSUM_UNDO_VERSION_OLD 1u
#define CSUM_UNDO_HEAD_SIZE_OLD 64u
/* Records begin at multiples of so many bytes. */
#define CSUM_UNDO_UNIT 64u
/* Old bytes of a record at the most. */
#define CSUM_UNDO_SIZE_MAX 4096u

/* Flags of a record. With either of them no old bytes follow. */
#define CSUM_UNDO_UNREADABLE 1u
#define CSUM_UNDO_ZEROS 2u

enum csum_undo_kind { CSUM_UNDO_DATA = 1, CSUM_UNDO_IMD, CSUM_UNDO_SLOT, CSUM_UNDO_OTHER, CSUM_UNDO_END };

struct csum_disk_undo_head {
	uint8_t magic[8];
	le32 crc, version;
	uint8_t uuid[16];
	le32 seed_state, sector_size, checksum_type;
	uint8_t reserved_44[4];
	uint8_t id[CSUM_UNDO_ID_SIZE], previous[CSUM_UNDO_ID_SIZE];
	le64 session, time;
	uint8_t reserved_96[32];
};

struct csum_disk_undo_record {
	uint8_t magic[4];
	le32 crc, kind, size;
	le64 place, device_offset, new_entry;
	le32 new_crc, flags;
	le64 number, flushed;
};

static_assert(sizeof(struct csum_disk_undo_head) == 128, "undo head size");
static_assert(offsetof(struct csum_disk_undo_head, id) == 48, "undo head");
static_assert(offsetof(struct csum_disk_undo_head, session) == 80, "undo head");
static_assert(sizeof(struct csum_disk_undo_record) == CSUM_UNDO_UNIT, "undo record size");
static_assert(offsetof(struct csum_disk_undo_record, new_entry) == 32, "undo record");
static_assert(offsetof(struct csum_disk_undo_record, number) == 48, "undo record");

#endif
