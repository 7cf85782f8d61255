/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/class.h"

#include <string.h>

#include "base/checksum.h"
#include "base/util.h"

#define SECTOR_SIZE_MAX 4096u

/* The decoder changes the bytes that it is given, so it gets a copy. */
static bool is_near(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size, uint64_t entry,
		    struct csum_heal_result *wrong)
{
	uint8_t copy[SECTOR_SIZE_MAX];

	memcpy(copy, bytes, size);
	return csum_healer_heal(healer, copy, entry, wrong);
}

enum csum_class csum_guard_class_wrong(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size,
				       uint64_t entry, enum csum_verdict verdict, struct csum_heal_result *wrong)
{
	*wrong = (struct csum_heal_result){ .pattern = CSUM_HEAL_NONE };
	if (!bytes)
		return CSUM_CLASS_DEAD;
	if (entry == CSUM_ENTRY_BAD)
		return CSUM_CLASS_NONE;
	if (healer && is_near(healer, bytes, size, entry, wrong))
		return CSUM_CLASS_NEAR;
	if (csum_is_blank(bytes, size))
		return CSUM_CLASS_BLANK;
	return healer && verdict == CSUM_VERDICT_STALE ? CSUM_CLASS_KNOWN : CSUM_CLASS_NEW;
}

enum csum_class csum_guard_class_of(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size,
				    uint64_t entry, enum csum_verdict verdict)
{
	struct csum_heal_result unwanted;

	return csum_guard_class_wrong(healer, bytes, size, entry, verdict, &unwanted);
}

bool csum_guard_wrong_within(const struct csum_heal_result *wrong, uint32_t from, uint32_t to)
{
	uint32_t last = wrong->first_bit + wrong->length - 1;

	if (wrong->pattern == CSUM_HEAL_NONE)
		return false;
	if (wrong->pattern == CSUM_HEAL_TWO_BITS && last >= 8 * from && last < 8 * to)
		return true;
	for (uint32_t bit = 0; bit < CSUM_HEAL_BURST_MAX; bit++) {
		uint32_t at = wrong->first_bit + bit;

		if ((wrong->mask >> bit & 1) && at >= 8 * from && at < 8 * to)
			return true;
	}
	return false;
}
