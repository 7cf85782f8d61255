/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of a bad sector, as far as it can be told without looking elsewhere. No I/O. (doc/guard.md: Classes) */
#ifndef CSUM_GUARD_CLASS_H
#define CSUM_GUARD_CLASS_H

#include "base/heal.h"
#include "volume/verify.h"

/*
 * The class of a bad sector with that verdict and these `size` bytes (NULL: it cannot be read), whose entry is `entry`.
 * healer: for crc64, also where healing is not allowed; NULL with 32-bit checksums, where no sector is near or known.
 * CSUM_CLASS_NEW may still be CSUM_CLASS_KNOWN: whether another sector has its content is for the caller to find.
 * CSUM_CLASS_NONE where the entry is "bad": no content would be right, so the present one tells nothing.
 */
enum csum_class csum_guard_class_of(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size,
				    uint64_t entry, enum csum_verdict verdict);

/* The same, and the wrong bits of CSUM_CLASS_NEAR; for other classes the pattern of *wrong is NONE. */
enum csum_class csum_guard_class_wrong(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size,
				       uint64_t entry, enum csum_verdict verdict, struct csum_heal_result *wrong);

/* Whether one of the wrong bits lies in the bytes [from, to) of the sector. */
bool csum_guard_wrong_within(const struct csum_heal_result *wrong, uint32_t from, uint32_t to);

#endif
