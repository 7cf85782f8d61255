/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checksums of the format, over memory. ISA-L computes them all, or checksum_portable.h where it is missing. */
#ifndef CSUM_BASE_CHECKSUM_H
#define CSUM_BASE_CHECKSUM_H

#include "csum.h"

/* Entries that are no checksum. */
#define CSUM_ENTRY_UNWRITTEN UINT64_C(0)
#define CSUM_ENTRY_BAD UINT64_C(1)

/* zlib's CRC-32 of `size` bytes, going on from `state` (0 to begin; a finished CRC is such a state). */
uint32_t csum_checksum_crc32(uint32_t state, const void *data, size_t size);

/* The bare checksum of `size` bytes: CRC-32 and CRC-32C in the low 32 bits. */
uint64_t csum_checksum(enum csum_checksum_type type, const void *data, size_t size);

/* Whether it stands for a content, and is not one of those above. */
static inline bool csum_entry_has_content(uint64_t entry)
{
	return entry != CSUM_ENTRY_UNWRITTEN && entry != CSUM_ENTRY_BAD;
}

/* The entry of a data sector with that content; never CSUM_ENTRY_UNWRITTEN or CSUM_ENTRY_BAD. */
uint64_t csum_checksum_entry(enum csum_checksum_type type, const void *sector, size_t sector_size);

/*
 * The entries of `count` sectors that lie side by side. It asks for memory ahead of the checksum: what was just read is in
 * no core's cache, and ISA-L waits for it otherwise.
 */
void csum_checksum_entries(enum csum_checksum_type type, const void *sectors, size_t sector_size, size_t count,
			   uint64_t *entries);

#endif
