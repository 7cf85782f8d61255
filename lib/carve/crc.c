/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The CRC of an imd sector run backwards, to the state that the seed leaves behind. */
#include "carve/carve.h"

#include "ondisk/imd.h"

/* CRC-32 of zlib, bits reflected. Its top bit is set, so the top bit of a state tells which bit was shifted out. */
#define POLYNOMIAL UINT32_C(0xedb88320)

/* Bytes of the CRC's input between the seed and the sector: group and copy. */
#define GROUP_BYTES 8u
#define PLACE_BYTES 9u

/* The difference before so many bytes of input that makes `difference` after them: CRCs are linear. */
static uint32_t unwind(uint32_t difference, size_t bytes)
{
	for (size_t bit = 0; bit < 8 * bytes; bit++)
		difference = difference & UINT32_C(0x80000000) ? (difference ^ POLYNOMIAL) << 1 | 1 : difference << 1;
	return difference;
}

void csum_carve_crc_init(struct csum_carve_crc *crc)
{
	for (int size = 0; size < CSUM_CARVE_SIZES; size++) {
		for (int bit = 0; bit < 32; bit++)
			crc->before[size][bit] = unwind(UINT32_C(1) << bit, PLACE_BYTES + csum_carve_sector_size(size));
	}
}

uint32_t csum_carve_seed_state(const struct csum_carve_crc *crc, int size_index, uint64_t group, const void *sector)
{
	const struct csum_imd_place place = { .group = group, .sector_size = csum_carve_sector_size(size_index) };
	/* The difference behind the sector between the true state before it and the state 0. */
	uint32_t difference = csum_imd_stored_crc(sector) ^ csum_imd_crc(place, sector);
	uint32_t state = 0;

	for (int bit = 0; bit < 32; bit++) {
		if (difference >> bit & 1)
			state ^= crc->before[size_index][bit];
	}
	return state;
}

/* A byte of input changes the low bits of the state before it. The byte of the copy comes behind the group. */
uint32_t csum_carve_copy_difference(void)
{
	return unwind(1, GROUP_BYTES);
}

/* The high half of the group comes behind its low half. */
uint32_t csum_carve_high_difference(uint32_t high)
{
	return high ? unwind(high, GROUP_BYTES / 2) : 0;
}
