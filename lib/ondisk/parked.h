/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A parked sector as bytes: a head, and the content of one data sector. No I/O. (format.md: Parked sector) */
#ifndef CSUM_ONDISK_PARKED_H
#define CSUM_ONDISK_PARKED_H

#include "csum.h"
#include "ondisk/ondisk.h"

struct csum_parked {
	uint64_t entry; /* of the content */
	uint64_t owner; /* data sector that the content belongs to */
	uint64_t place; /* data sector that held it until it was parked */
};

/* Bytes of a record: head and content. */
size_t csum_parked_record_size(uint32_t sector_size);

/* Where the content lies in a record. */
void *csum_parked_content(void *record);

/* Whether the CSUM_BLOCK_SIZE bytes look like the head of one. */
bool csum_parked_has_magic(const void *head);

/* false: it is no record, or a damaged one. The sectors are as the record names them, not compared with any volume. */
bool csum_parked_decode(const void *record, uint32_t seed_state, uint32_t sector_size,
			struct csum_parked *parked) CSUM_MUST_CHECK;

/* Makes the head of a record; the content is already in its place behind the head. */
void csum_parked_encode(const struct csum_parked *parked, uint32_t seed_state, uint32_t sector_size, void *record);

#endif
