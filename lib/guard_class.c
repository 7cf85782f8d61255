/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard_class.h"

#include <string.h>

#include "util.h"

/* The decoder puts right what it is given, so it gets a copy. */
static bool is_near(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size, uint64_t entry)
{
	uint8_t copy[4096];
	struct csum_heal_result result;

	memcpy(copy, bytes, size);
	return csum_healer_heal(healer, copy, entry, &result);
}

enum csum_class csum_guard_class_of(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size,
				    uint64_t entry, enum csum_verdict verdict)
{
	if (!bytes)
		return CSUM_CLASS_DEAD;
	if (healer && is_near(healer, bytes, size, entry))
		return CSUM_CLASS_NEAR;
	if (csum_is_blank(bytes, size))
		return CSUM_CLASS_BLANK;
	return verdict == CSUM_VERDICT_STALE ? CSUM_CLASS_KNOWN : CSUM_CLASS_NEW;
}
