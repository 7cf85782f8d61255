/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Superblocks as bytes and as a decoded structure. No I/O; see protocol_super.h for the slots on disk. */
#ifndef CSUM_SUPERBLOCK_H
#define CSUM_SUPERBLOCK_H

#include "csum.h"
#include "format.h"

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
 * volume it refuses is refused, whatever the other slot says. (format.md: Superblock)
 */
int csum_superblock_check(struct csum_superblock *superblock, char *reason, size_t reason_size) CSUM_MUST_CHECK;

/* Whether an unknown ro_compat feature allows reading only. */
bool csum_superblock_read_only(const struct csum_superblock *superblock);

/* Whether generation or session leaves no room to count on, which no volume comes to: it is forged. */
bool csum_superblock_exhausted(const struct csum_superblock *superblock);

/* Whether bytes 24 ... 255 of both are the same. */
bool csum_superblock_same_static(const struct csum_superblock *a, const struct csum_superblock *b);

/* CRC-32 state behind the seed: what imd sectors and the journal need of it. */
uint32_t csum_superblock_seed_state(const struct csum_superblock *superblock);

#endif
