/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Healing from the checksum: the right content of a sector in which few bits are wrong, found from its entry alone.
 *
 * A CRC is linear: stored ^ computed, the syndrome, depends only on which bits are wrong. These sets of wrong bits,
 * here called patterns, are considered, all of them within the data (the entry is trusted):
 *
 *   CRC-64/XZ          one bit; a burst: any wrong bits among at most CSUM_HEAL_BURST_MAX adjacent ones, in the CRC's
 *                      bit order; two bits at any distance
 *   CRC-32, CRC-32C    one bit, when the caller asks for it
 *
 * An answer counts only if it is the only one: exactly one set of bits, of all classes together, gives the sector a
 * checksum that the entry stands for. A set that is in two classes is one answer, named by the first:
 * two bits within CSUM_HEAL_BURST_MAX are a burst. Entries that stand for two checksums (those of the CRC-64s 0 and 1
 * are shared) must have one answer for both together. With CRC-64/XZ no two patterns share a syndrome, at either
 * sector size (the tests go through all), so for every other entry each pattern within these classes is healed.
 *
 * Other errors are refused but for a chance: a sector of garbage is taken for one with few wrong bits with probability
 * 7.7e-12 at 512 bytes and 8.7e-11 at 4096 bytes, but with 32-bit checksums 1e-6 and 8e-6.
 */
#ifndef CSUM_BASE_HEAL_H
#define CSUM_BASE_HEAL_H

#include "csum.h"

#define CSUM_HEAL_BURST_MAX 16u

enum csum_heal_pattern {
	CSUM_HEAL_NONE,
	CSUM_HEAL_ONE_BIT,
	CSUM_HEAL_BURST, /* 2 ... CSUM_HEAL_BURST_MAX bits from the first wrong one to the last */
	CSUM_HEAL_TWO_BITS, /* farther apart than a burst */
};

/* Bit b of a sector is bit b % 8 of byte b / 8, bit 0 being the least significant. */
struct csum_heal_result {
	enum csum_heal_pattern pattern; /* of the bits that are put right; NONE: all other fields but ambiguous are 0 */
	bool ambiguous; /* not healed because more than one pattern fits */
	uint32_t first_bit; /* the first wrong one */
	uint32_t length; /* bits from the first wrong one to the last, both counted */
	uint32_t mask; /* bit j set: bit first_bit + j was wrong; of two bits it has the first one only */
};

/* One healer may be used by several threads at a time. Less than 1 MiB; cheap to make until it is used. */
struct csum_healer;

/*
 * Makes a healer for sectors of sector_size bytes, 512 or 4096. Healing with a 32-bit checksum has to be asked for by
 * weak_too, which makes no difference to CRC-64/XZ.
 * Errors: -EINVAL another type or size, -ENOTSUP a 32-bit checksum without weak_too, -ENOMEM; *healer is NULL then and
 * nothing is reported. The caller ends it with csum_healer_free(), which takes NULL too.
 */
int csum_healer_create(enum csum_checksum_type type, uint32_t sector_size, bool weak_too,
		       struct csum_healer **healer) CSUM_MUST_CHECK;
void csum_healer_free(struct csum_healer *healer);

/*
 * Puts the sector (sector_size bytes, in memory) right by its entry, which must come from a valid imd sector.
 * True: the sector matches the entry, by its checksum computed anew; result->pattern tells which change was needed,
 * NONE if the sector matched already. False: the sector is as it was, and *result says whether several answers were the
 * reason. An entry that no content has is always false. Never ask for a sector inside a long run of bad ones: that is
 * no bit flip.
 */
bool csum_healer_heal(const struct csum_healer *healer, uint8_t *sector, uint64_t entry,
		      struct csum_heal_result *result) CSUM_MUST_CHECK;

/*
 * The decoder alone: the only pattern that has one of these syndromes (stored ^ computed; 0 has none, nor has a
 * number wider than the checksum). False: there is none, or there are several (result->ambiguous).
 */
bool csum_healer_find(const struct csum_healer *healer, const uint64_t *syndromes, size_t syndrome_count,
		      struct csum_heal_result *result) CSUM_MUST_CHECK;

#endif
