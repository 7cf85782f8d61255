/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an undo file; undo.h describes them. */
#ifndef CSUM_UNDO_FORMAT_H
#define CSUM_UNDO_FORMAT_H

#include <assert.h>

#include "le.h"

#define CSUM_UNDO_MAGIC "CSUMUNDO"
#define CSUM_UNDO_RECORD_MAGIC "UREC"
#define CSUM_UNDO_VERSION 1u
#define CSUM_UNDO_UNREADABLE 1u /* flag */
/* Old bytes of a record at the most. */
#define CSUM_UNDO_SIZE_MAX 4096u

enum csum_undo_kind { CSUM_UNDO_DATA = 1, CSUM_UNDO_IMD, CSUM_UNDO_SLOT, CSUM_UNDO_OTHER };

struct csum_disk_undo_head {
	uint8_t magic[8];
	le32 crc, version;
	uint8_t uuid[16];
	le32 seed_state, sector_size, checksum_type;
	uint8_t reserved_44[20];
};

struct csum_disk_undo_record {
	uint8_t magic[4];
	le32 crc, kind, size;
	le64 place, device_offset, new_entry;
	le32 new_crc, flags;
	uint8_t reserved_48[16];
};

static_assert(sizeof(struct csum_disk_undo_head) == 64, "undo head size");
static_assert(sizeof(struct csum_disk_undo_record) == 64, "undo record size");
static_assert(offsetof(struct csum_disk_undo_record, new_entry) == 32, "undo record");

#endif
