/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume for tests that damage it, of a given shape and with known content, and replicas of it. */
#ifndef CSUM_TEST_DAMAGE_VOLUME_H
#define CSUM_TEST_DAMAGE_VOLUME_H

#include "support/device_helpers.h"
#include "support/memory_disk.h"
#include "volume/volume.h"

enum damage_state { DAMAGE_CLEAN, DAMAGE_ACTIVE, DAMAGE_RECOVERING, DAMAGE_STATES };

struct damage_shape {
	uint32_t sector_size, interleave; /* interleave 0: the default one */
	bool external, short_last;
	enum csum_checksum_type checksum_type;
	enum damage_state state;
};

enum damage_replica {
	DAMAGE_NO_REPLICA,
	DAMAGE_RAW,
	DAMAGE_RAW_DAMAGED,
	DAMAGE_VOLUME,
	DAMAGE_VOLUME_DAMAGED,
	DAMAGE_REPLICAS
};

struct damage_volume {
	struct damage_shape shape;
	struct csum_geometry geometry;
	struct recorder recorder;
	uint64_t seed, random;
	struct memory_disk disks[2]; /* metadata (internal: everything), data */
	struct memory_disk *metadata, *data;
	uint64_t changes; /* writes that changed bytes outside of slots A and B */
	/* Power of both disks fails after so many flushes; half of the writes until the next one are kept. 0: never. */
	uint64_t cut_after;
	uint64_t flushes; /* of both disks, since cut_after was set */
	uint64_t kept[2]; /* per disk: random state that chooses the half */
	uint8_t *older; /* the data disk before the last finished writes */
	uint8_t *older_metadata; /* the metadata disk at the same time */
	/* Possible contents of a sector: before and after the interrupted write; zeros where unwritten. */
	uint8_t *before, *after;
	char *directory;
	char *replica[DAMAGE_REPLICAS]; /* files; NULL: none */
	uint8_t *replica_bad; /* per data sector: bad in the damaged replicas */
};

/* Makes a volume. It may not reach the state asked for: base->shape.state then has the one that it reached. */
void damage_volume_make(struct damage_volume *base, const struct damage_shape *shape, uint64_t seed);
void damage_volume_free(struct damage_volume *base);
/* The seed in the superblock of each volume is 16 bytes of this value. */
#define DAMAGE_SEED_BYTE 8

struct csum_volume *damage_open(struct damage_volume *base, bool writable, bool repair);

/* Makes a random state from a number; numbers in a row give states that have nothing in common (splitmix64). */
static inline uint64_t damage_random(uint64_t number)
{
	number = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
	return (number ^ number >> 31) | 1;
}

static inline uint64_t damage_below(uint64_t *random, uint64_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (*random >> 11) % below;
}

uint8_t *damage_sector(const struct damage_volume *base, uint64_t data_sector);
/* Whether these bytes are a content that the sector may hold. */
bool damage_right(const struct damage_volume *base, uint64_t data_sector, const uint8_t *bytes);

/* Reads all data. bad[], per sector: it could not be read; data: room for data_sectors sectors. */
void damage_read(struct damage_volume *base, uint8_t *data, uint8_t *bad);

#endif
