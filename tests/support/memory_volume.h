/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An open volume in memory, put together by hand: its bytes are written here, not by the library. */
#ifndef CSUM_TEST_SUPPORT_MEMORY_VOLUME_H
#define CSUM_TEST_SUPPORT_MEMORY_VOLUME_H

#include "support/device_helpers.h"
#include "support/memory_disk.h"
#include "volume/volume.h"

struct memory_volume {
	struct recorder recorder;
	struct memory_disk disks[2];
	struct memory_disk *data, *metadata; /* point into disks; equal when internal */
	struct csum_volume volume;
};

struct memory_volume_shape {
	uint32_t sector_size, interleave;
	bool external;
	enum csum_checksum_type checksum_type;
	uint64_t data_sectors; /* at least so many; there may be a few more */
	unsigned int threads;
};

/* Makes a volume that is clean, blank, and without imd. */
void memory_volume_init(struct memory_volume *memory, const struct memory_volume_shape *shape);
void memory_volume_free(struct memory_volume *memory);

/* Makes the volume active with that intent; a count of 0 makes it clean. */
void memory_volume_set_intent(struct memory_volume *memory, uint64_t first_group, uint64_t group_count);

/* Return the memory of an imd sector or a data sector. */
uint8_t *memory_volume_imd(const struct memory_volume *memory, uint64_t group, int copy);
uint8_t *memory_volume_sector(const struct memory_volume *memory, uint64_t data_sector);

/* Writes an imd sector, valid for its place, with these entries (one for each sector of a group). */
void memory_volume_put_imd(struct memory_volume *memory, uint64_t group, int copy, uint32_t generation,
			   const uint64_t *entries);
/* Adds such an imd sector to the journal record in force; returns its memory. */
uint8_t *memory_volume_put_image(struct memory_volume *memory, uint64_t group, int copy, uint32_t generation,
				 const uint64_t *entries);
/* Makes an imd sector at any address. */
void memory_volume_build_imd(const struct memory_volume *memory, uint8_t *sector, uint64_t group, int copy,
			     uint32_t generation, const uint64_t *entries);

/* Makes content number `version` of a data sector; version 0: zeros. */
void memory_volume_content(const struct memory_volume *memory, uint8_t *bytes, uint64_t data_sector, int version);
/* Returns the entry for the bytes of one sector. */
uint64_t memory_volume_entry(const struct memory_volume *memory, const uint8_t *bytes);

/* Fills the volume: version 1 in every data sector, and matching copies of every group, with generations 0 and 1. */
void memory_volume_fill(struct memory_volume *memory);

#endif
