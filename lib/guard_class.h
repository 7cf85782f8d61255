/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which class a bad sector is of, as far as it can be told without looking elsewhere. (doc/guard.md) */
#ifndef CSUM_GUARD_CLASS_H
#define CSUM_GUARD_CLASS_H

#include "heal.h"
#include "verify.h"

/*
 * Of a sector with that verdict and these `size` bytes (NULL: it cannot be read), whose entry is `entry`. healer: of
 * crc64, or NULL. CSUM_CLASS_NEW may still be CSUM_CLASS_KNOWN: whether another sector has its content is for the caller
 * to find.
 */
enum csum_class csum_guard_class_of(const struct csum_healer *healer, const uint8_t *bytes, uint32_t size,
				    uint64_t entry, enum csum_verdict verdict);

#endif
