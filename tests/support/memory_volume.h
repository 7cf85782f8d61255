/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An open volume in memory, put together by hand: what lies on it is written here, not by the library. */
#ifndef CSUM_TEST_SUPPORT_MEMORY_VOLUME_H
#define CSUM_TEST_SUPPORT_MEMORY_VOLUME_H

#include "support/device_helpers.h"
#include "support/memory_disk.h"
#include "volume/volume.h"

struct memory_volume {
	struct recorder recorder;
	struct memory_disk disks[2];
	struct memory_disk *data, *metadata; /* of disks; the same one when internal */
	struct csum_volume volume;
};

struct memory_volume_shape {
	uint32_t sector_size, interleave;
	bool external;
	enum csum_checksum_type checksum_type;
	uint64_t data_sectors; /* at least; there may be a few more */
	unsigned int threads;
};

/* Clean, blank, without imd. */
void memory_volume_init(struct memory_volume *memory, const struct memory_volume_shape *shape);
void memory_volume_free(struct memory_volume *memory);

/* Active with that intent; a count of 0 makes the volume clean. */
void memory_volume_set_intent(struct memory_volume *memory, uint64_t first_group, uint64_t group_count);

/* Where things lie in memory. */
uint8_t *memory_volume_imd(const struct memory_volume *memory, uint64_t group, int copy);
uint8_t *memory_volume_sector(const struct memory_volume *memory, uint64_t data_sector);

/* Writes an imd sector, valid for that place, with these entries (all of a group). */
void memory_volume_put_imd(struct memory_volume *memory, uint64_t group, int copy, uint32_t generation,
			   const uint64_t *entries);
/* Adds such a sector to the journal record that counts; returns it. */
uint8_t *memory_volume_put_image(struct memory_volume *memory, uint64_t group, int copy, uint32_t generation,
				 const uint64_t *entries);
/* An imd sector anywhere. */
void memory_volume_build_imd(const struct memory_volume *memory, uint8_t *sector, uint64_t group, int copy,
			     uint32_t generation, const uint64_t *entries);

/* Content number `version` of a data sector; version 0: zeros. */
void memory_volume_content(const struct memory_volume *memory, uint8_t *bytes, uint64_t data_sector, int version);
/* The entry of those bytes, of a sector. */
uint64_t memory_volume_entry(const struct memory_volume *memory, const uint8_t *bytes);

/* Fills the volume: version 1 in every data sector, and both copies of every group that say so, generations 0 and 1. */
void memory_volume_fill(struct memory_volume *memory);

#endif
