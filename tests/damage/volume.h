/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume to be damaged, of a given shape and with known content, and replicas of it. */
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
	uint64_t changes; /* writes that changed something outside of slots A and B */
	/* Power of both is lost behind so many flushes; half of what is written until the next is kept. 0: never. */
	uint64_t cut_after;
	uint64_t flushes; /* of both, since that was said */
	uint64_t kept[2]; /* random states: which half, of each disk */
	uint8_t *older; /* the data disk, and */
	uint8_t *older_metadata; /* the metadata disk, before the last finished writes */
	/* What a sector may hold: before and after the write that was interrupted; zeros where unwritten. */
	uint8_t *before, *after;
	char *directory;
	char *replica[DAMAGE_REPLICAS]; /* files; NULL: none */
	uint8_t *replica_bad; /* per data sector: bad in the damaged ones */
};

/* The state asked for may not be reached: base->shape.state says which one it is. */
void damage_volume_make(struct damage_volume *base, const struct damage_shape *shape, uint64_t seed);
void damage_volume_free(struct damage_volume *base);
/* Also the volumes' seed in the superblock: 16 of these. */
#define DAMAGE_SEED_BYTE 8

struct csum_volume *damage_open(struct damage_volume *base, bool writable, bool repair);

/* A random state from a number; numbers in a row give states that have nothing in common (splitmix64). */
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
/* Whether these bytes are what the sector may hold. */
bool damage_right(const struct damage_volume *base, uint64_t data_sector, const uint8_t *bytes);

/* Reads it all; per sector bad[]: no content; data: data_sectors sectors. */
void damage_read(struct damage_volume *base, uint8_t *data, uint8_t *bad);

#endif
