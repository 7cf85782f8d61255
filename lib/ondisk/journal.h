/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal record as bytes: a head and the imd sectors it is to put in place. No I/O. (format.md: Journal) */
#ifndef CSUM_ONDISK_JOURNAL_H
#define CSUM_ONDISK_JOURNAL_H

#include "csum.h"
#include "ondisk/ondisk.h"

struct csum_journal_place {
	uint64_t group;
	int copy;
};

struct csum_journal {
	uint32_t count; /* 0: no record counts */
	uint64_t session;
	struct csum_journal_place place[CSUM_JOURNAL_PLACES];
};

/* Most imd sectors that one record holds. */
uint32_t csum_journal_capacity(uint32_t sector_size);

/* Bytes of a record with so many imd sectors. */
size_t csum_journal_record_size(uint32_t sector_size, uint32_t count);

/*
 * The count in the CSUM_BLOCK_SIZE bytes of a head, checked before anything is read by it: false when the
 * magic is wrong or the count is 0 or more than fits.
 */
bool csum_journal_head_count(const void *head, uint32_t sector_size, uint32_t *count);

/*
 * Decodes a whole record, head and images, whose count csum_journal_head_count() gave. NULL when it is sound
 * by itself; else why it is void, a constant text. Sessions and the intent are for the caller to compare.
 */
const char *csum_journal_decode(const void *record, uint32_t seed_state, uint32_t sector_size,
				struct csum_journal *journal);

/* Makes a record: images already lie behind the head in `record`; the head is filled in. count is not 0. */
void csum_journal_encode(const struct csum_journal *journal, uint32_t seed_state, uint32_t sector_size, void *record);

/* Where image number `index` lies in a record. */
void *csum_journal_image(void *record, uint32_t sector_size, uint32_t index);

#endif
