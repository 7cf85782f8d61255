/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes on disk, format version 1.0: structures, places, magic numbers. Everything here is read and
 * written through superblock.c, imd.c, journal.c and parked.c only.
 */
#ifndef CSUM_ONDISK_H
#define CSUM_ONDISK_H

#include <assert.h>
#include <stddef.h>

#include "base/le.h"

#define CSUM_BLOCK_SIZE 4096u /* of superblocks and the journal's head, bytes */
#define CSUM_FORMAT_MAJOR 1u
#define CSUM_FORMAT_MINOR 0u

/* Places on the metadata device, bytes. */
#define CSUM_SLOT_A_OFFSET UINT64_C(0)
#define CSUM_JOURNAL_OFFSET UINT64_C(65536)
#define CSUM_JOURNAL_SIZE UINT64_C(458752)
#define CSUM_SLOT_B_OFFSET UINT64_C(524288)
#define CSUM_CLUSTERS_OFFSET UINT64_C(1048576)
#define CSUM_TAIL_SIZE UINT64_C(65536) /* from backup C to the end of the usable bytes */

#define CSUM_SUPERBLOCK_MAGIC "CSUMVOL\x1a"
#define CSUM_IMD_MAGIC "IMD1"
#define CSUM_JOURNAL_MAGIC "CSUMJRNL"
#define CSUM_PARKED_MAGIC "CSUMPARK"

#define CSUM_SEED_SIZE 16u
#define CSUM_UNDO_ID_SIZE 16u
#define CSUM_RECORDED_SIGNATURES 4u
#define CSUM_SIGNATURE_TYPE_SIZE 24u

/* The data device is written by csumtool only. */
#define CSUM_COMPAT_EXCLUSIVE UINT32_C(1)
#define CSUM_COMPAT_KNOWN CSUM_COMPAT_EXCLUSIVE
/* Unknown bits of ro_compat allow reading only, of incompat nothing. */
#define CSUM_INCOMPAT_EXTERNAL UINT32_C(1)
#define CSUM_INCOMPAT_KNOWN CSUM_INCOMPAT_EXTERNAL
#define CSUM_RO_COMPAT_KNOWN UINT32_C(0)

#define CSUM_STATE_CLEAN 0u
#define CSUM_STATE_ACTIVE 1u

/* Why data is held: all of it, or the data that lies under no mount record. */
#define CSUM_HELD_NOT 0u
#define CSUM_HELD_REWRITTEN 1u
#define CSUM_HELD_UNDECIDED 2u

struct csum_disk_totals {
	le64 verified, unwritten, repaired, left_bad, imd_repaired;
};

/* A signature in the data space; type all NUL: none. */
struct csum_disk_signature {
	le64 offset;
	uint8_t type[CSUM_SIGNATURE_TYPE_SIZE];
	le64 uuid;
};

struct csum_disk_superblock {
	uint8_t magic[8];
	le32 crc;
	le16 version_major, version_minor;
	le64 generation;
	/* static fields, 24 ... 255 */
	uint8_t uuid[16];
	uint8_t label[32];
	le32 compat, ro_compat, incompat;
	le32 sector_size;
	le32 checksum_type;
	le32 interleave;
	le64 data_sectors;
	le64 metadata_device_bytes;
	le64 data_device_bytes;
	le64 created;
	uint8_t seed[CSUM_SEED_SIZE];
	le64 journal_offset, journal_size, clusters_offset;
	le32 physical_sector_size;
	uint8_t reserved_172[4];
	uint8_t data_identity[64];
	uint8_t reserved_240[16];
	/* state */
	le32 state;
	uint8_t reserved_260[4];
	le64 session;
	le64 intent_first, intent_count;
	le64 last_write;
	le64 scrub_started, scrub_ended;
	struct csum_disk_totals scrub_totals;
	le64 scrub_now_started, scrub_now_group;
	struct csum_disk_totals scrub_now_totals;
	uint8_t reserved_408[8];
	/* Valid in the session that recorded_session has, void in others; but signatures and holding always count. */
	le64 recorded_session;
	le64 content_end;
	le64 data_mtime, data_size;
	uint8_t undo_id[CSUM_UNDO_ID_SIZE];
	le64 held_since;
	le32 held_reason;
	uint8_t reserved_476[4];
	struct csum_disk_signature signatures[CSUM_RECORDED_SIGNATURES];
	uint8_t reserved_640[CSUM_BLOCK_SIZE - 640];
};

#define CSUM_STATIC_FIELDS_OFFSET 24u
#define CSUM_STATIC_FIELDS_END 256u

static_assert(sizeof(struct csum_disk_superblock) == CSUM_BLOCK_SIZE, "superblock size");
static_assert(offsetof(struct csum_disk_superblock, uuid) == CSUM_STATIC_FIELDS_OFFSET, "static fields");
static_assert(offsetof(struct csum_disk_superblock, compat) == 72, "features");
static_assert(offsetof(struct csum_disk_superblock, data_sectors) == 96, "data_sectors");
static_assert(offsetof(struct csum_disk_superblock, created) == 120, "created");
static_assert(offsetof(struct csum_disk_superblock, journal_offset) == 144, "places");
static_assert(offsetof(struct csum_disk_superblock, data_identity) == 176, "identity");
static_assert(offsetof(struct csum_disk_superblock, state) == CSUM_STATIC_FIELDS_END, "state");
static_assert(offsetof(struct csum_disk_superblock, intent_first) == 272, "intent");
static_assert(offsetof(struct csum_disk_superblock, scrub_totals) == 312, "scrub totals");
static_assert(offsetof(struct csum_disk_superblock, scrub_now_totals) == 368, "scrub under way");
static_assert(offsetof(struct csum_disk_superblock, recorded_session) == 416, "recorded");
static_assert(offsetof(struct csum_disk_superblock, undo_id) == 448, "undo id");
static_assert(offsetof(struct csum_disk_superblock, held_since) == 464, "held");
static_assert(offsetof(struct csum_disk_superblock, signatures) == 480, "signatures");
static_assert(sizeof(struct csum_disk_signature) == 40, "signature");
static_assert(offsetof(struct csum_disk_superblock, reserved_640) == 640, "end of fields");

/* Followed by the entries up to the sector size. */
struct csum_disk_imd {
	uint8_t magic[4];
	le32 crc;
	le32 generation;
	le32 group; /* low 32 bits */
	le64 entry[];
};

#define CSUM_IMD_HEADER_SIZE 16u
static_assert(sizeof(struct csum_disk_imd) == CSUM_IMD_HEADER_SIZE, "imd header");

struct csum_disk_journal_place {
	le64 group;
	le32 copy;
	uint8_t reserved[4];
};

#define CSUM_JOURNAL_PLACES 254u

struct csum_disk_journal_head {
	uint8_t magic[8];
	le32 crc;
	le32 count;
	le64 session;
	uint8_t reserved_24[8];
	struct csum_disk_journal_place place[CSUM_JOURNAL_PLACES];
};

static_assert(sizeof(struct csum_disk_journal_head) == CSUM_BLOCK_SIZE, "journal head size");
static_assert(offsetof(struct csum_disk_journal_head, place) == 32, "journal places");

/* Lies in the place of the journal while a scrub of a clean volume moves misplaced contents; the content follows. */
struct csum_disk_parked_head {
	uint8_t magic[8];
	le32 crc;
	uint8_t reserved_12[4];
	le64 entry, owner, place;
	uint8_t reserved_40[CSUM_BLOCK_SIZE - 40];
};

static_assert(sizeof(struct csum_disk_parked_head) == CSUM_BLOCK_SIZE, "parked head size");
static_assert(offsetof(struct csum_disk_parked_head, reserved_40) == 40, "parked fields");

#endif
