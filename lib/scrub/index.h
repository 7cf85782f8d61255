/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in the volume the contents belong that the bad sectors in the table hold, or that they lack: by the entries of
 * all groups. With crc64 only; with other checksums it stays empty.
 */
#ifndef CSUM_SCRUB_INDEX_H
#define CSUM_SCRUB_INDEX_H

#include "scrub/scrub.h"

/* A content, known by its entry. */
struct csum_scrub_content {
	uint64_t entry; /* 0: a free place of the index */
	uint64_t place[3]; /* data sectors with that entry that are not in the table: good ones, as far as is known */
	uint32_t place_count;
	bool owners_added; /* those of place that turned out bad have joined the table */
	bool repaired; /* place[0] was bad, and has that content now */
	uint32_t expected_by,
		held_by; /* row of the table that has this entry, and row that holds this content; or NO_INDEX */
};

/* NULL: no memory. */
struct csum_scrub_index *csum_scrub_index_create(void) CSUM_MUST_CHECK;
void csum_scrub_index_free(struct csum_scrub_index *index); /* NULL is allowed */

/*
 * Fills it anew from the table, which is in ascending order, and, unless repairs have ended, from a scan of all
 * metadata. -ENOMEM and what csum_scan() returns, reported.
 */
int csum_scrub_index_fill(struct csum_scrub *scrub) CSUM_MUST_CHECK;
void csum_scrub_index_clear(struct csum_scrub *scrub);
bool csum_scrub_index_is_filled(const struct csum_scrub *scrub);

/* NULL: no bad sector in the table holds or lacks that content. */
struct csum_scrub_content *csum_scrub_index_find(const struct csum_scrub *scrub, uint64_t entry);

#endif
