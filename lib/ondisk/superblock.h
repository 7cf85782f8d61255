/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Superblocks as bytes and as a decoded structure. No I/O; see volume/super.h for the slots on disk. */
#ifndef CSUM_ONDISK_SUPERBLOCK_H
#define CSUM_ONDISK_SUPERBLOCK_H

#include "csum.h"
#include "ondisk/ondisk.h"

/* A signature in the data space that was there when every written sector under it was right. */
struct csum_recorded_signature {
	uint64_t offset_bytes; /* of data space: where the file system or table with this signature begins */
	char type[CSUM_SIGNATURE_TYPE_SIZE + 1]; /* as libblkid names it, perhaps cut; "": none */
	uint64_t uuid; /* CRC-64 of its UUID as text; 0: it has none */
};

/*
 * Facts that a writer leaves, by which the next one tells damage from data that others wrote. (format.md: Record of
 * the data)
 * All zeros: nothing is known. The end of the content, the file's time and size, and the undo id are void once
 * a build that does not know them has begun a session.
 */
struct csum_data_record {
	uint64_t content_end_bytes; /* of data space; 0: not recorded */
	uint64_t file_mtime_ns; /* of the data file, since 1970, at our last close; 0: no evidence */
	uint64_t file_size_bytes;
	uint8_t undo_id[CSUM_UNDO_ID_SIZE]; /* of the newest undo file that is not undone; zeros: none */
	uint64_t held_since; /* seconds since 1970; 0: not held */
	uint32_t held_reason; /* CSUM_HELD_... */
	struct csum_recorded_signature signatures[CSUM_RECORDED_SIGNATURES];
};

struct csum_superblock {
	uint16_t version_major, version_minor;
	uint64_t generation;
	/* static fields */
	uint8_t uuid[CSUM_UUID_SIZE];
	char label[CSUM_LABEL_SIZE];
	uint32_t features_compat, features_ro_compat, features_incompat;
	uint32_t checksum_type; /* an enum csum_checksum_type once csum_superblock_check() has passed */
	/*
	 * As stored. groups, clusters and sectors_per_group are 0 until csum_superblock_check() has passed;
	 * data_sectors and the rest are meant to be taken from here only then.
	 */
	struct csum_geometry geometry;
	uint64_t created;
	uint8_t seed[CSUM_SEED_SIZE];
	uint64_t journal_offset, journal_size, clusters_offset;
	uint32_t physical_sector_size;
	char data_identity[CSUM_IDENTITY_SIZE];
	/* state */
	uint32_t state;
	uint64_t session;
	uint64_t intent_first, intent_count; /* groups */
	uint64_t last_write;
	struct csum_scrub_record last_scrub, current_scrub;
	struct csum_data_record record;
	/* The block this was decoded from: reserved bytes are preserved through it. */
	struct csum_disk_superblock block;
};

/* Whether magic and CRC of the CSUM_BLOCK_SIZE bytes fit; then *superblock is decoded, unchecked. */
bool csum_superblock_decode(const void *block, struct csum_superblock *superblock);

/* The CSUM_BLOCK_SIZE bytes of it: superblock->block with every field and the CRC replaced. */
void csum_superblock_encode(const struct csum_superblock *superblock, void *block);

/*
 * Whether this version can use the volume, and if so completes the geometry. Otherwise -EINVAL, or -ENOTSUP
 * for a version or feature this program does not know, and why in `reason`. Call it on the governing slot: a
 * volume that it refuses is refused, even if the other slot would pass. (format.md: Superblock)
 */
int csum_superblock_check(struct csum_superblock *superblock, char *reason, size_t reason_size) CSUM_MUST_CHECK;

/* Whether an unknown ro_compat feature allows reading only. */
bool csum_superblock_read_only(const struct csum_superblock *superblock);

/* Whether generation or session leaves no room to count on. No volume gets there by use: such a slot is forged. */
bool csum_superblock_exhausted(const struct csum_superblock *superblock);

/* Whether bytes 24 ... 255 of both are the same. */
bool csum_superblock_same_static(const struct csum_superblock *a, const struct csum_superblock *b);

/*
 * The slots, of those as read, that still have the old identity of the data device after an interrupted change; and C
 * where the change may have torn it: C is written while A and B differ. (format.md: Identity)
 */
void csum_superblock_find_left_behind(const struct csum_superblock slots[CSUM_SLOTS], const bool valid[CSUM_SLOTS],
				      enum csum_slot governing, bool left_behind[CSUM_SLOTS]);

/* CRC-32 state behind the seed, from which the checksums of imd sectors and the journal go on. */
uint32_t csum_superblock_seed_state(const struct csum_superblock *superblock);

#endif
