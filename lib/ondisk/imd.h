/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One imd sector, as the bytes that lie on disk: a header and the entries of a group. No I/O. `sector` is
 * always a whole one, of the volume's sector size. (format.md: imd sector)
 */
#ifndef CSUM_ONDISK_IMD_H
#define CSUM_ONDISK_IMD_H

#include "base/util.h"
#include "csum.h"
#include "ondisk/ondisk.h"

/* Which imd sector it is: its checksum holds at this place alone. */
struct csum_imd_place {
	uint32_t seed_state; /* csum_superblock_seed_state() of the volume */
	uint32_t sector_size; /* bytes */
	uint64_t group;
	int copy; /* 0 or 1 */
};

uint32_t csum_imd_generation(const void *sector);
uint32_t csum_imd_stored_group(const void *sector);
uint32_t csum_imd_stored_crc(const void *sector);
bool csum_imd_has_magic(const void *sector);

/* Inline because it is asked for every sector that is verified. */
static inline uint64_t csum_imd_entry(const void *sector, uint32_t index)
{
	return csum_le64_get(((const struct csum_disk_imd *)sector)->entry[index]);
}

/* Whether none of the data sectors at these indexes has been written; count is not 0. */
static inline bool csum_imd_all_unwritten(const void *sector, uint32_t index, uint32_t count)
{
	const le64 *entry = ((const struct csum_disk_imd *)sector)->entry + index;

	return csum_is_zero((const uint8_t *)entry, count * sizeof(*entry));
}

void csum_imd_set_entry(void *sector, uint32_t index, uint64_t entry);

/* The CRC that a sector with these bytes has at that place. */
uint32_t csum_imd_crc(struct csum_imd_place place, const void *sector);

/* Whether the sector is valid at that place. */
enum csum_imd_verdict csum_imd_verify(struct csum_imd_place place, const void *sector);

/* Makes the entries in `sector` a valid imd sector of that place and generation. */
void csum_imd_seal(struct csum_imd_place place, uint32_t generation, void *sector);

bool csum_imd_same_entries(const void *a, const void *b, uint32_t sector_size);

/* > 0: a is newer than b; < 0: older; 0: equal or 2^31 apart, which a sound volume has not (RFC 1982). */
int csum_imd_compare_generations(uint32_t a, uint32_t b);

/* Which of two copies with these verdicts and generations is the newer: 0, 1, or -1 when none is valid. */
int csum_imd_newer_copy(const enum csum_imd_verdict verdict[2], const uint32_t generation[2]);

#endif
