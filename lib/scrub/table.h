/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of the bad sectors that are dealt with together. */
#ifndef CSUM_SCRUB_TABLE_H
#define CSUM_SCRUB_TABLE_H

#include "scrub/bad.h"
#include "scrub/scrub.h"

/* Rows after which the table is resolved; there may be those of one batch more. */
#define CSUM_SCRUB_TABLE_ROWS 65536u

/* NULL: no memory. */
struct csum_scrub_table *csum_scrub_table_create(void) CSUM_MUST_CHECK;
void csum_scrub_table_free(struct csum_scrub_table *table); /* NULL is allowed */

/* As the last row, with what the guard says of its place. -ENOMEM, reported. */
int csum_scrub_table_add(struct csum_scrub *scrub, const struct csum_bad_sector *found) CSUM_MUST_CHECK;

size_t csum_scrub_table_count(const struct csum_scrub *scrub);
/* A row, 0 to count - 1; valid until the next one is added. */
struct csum_scrub_bad *csum_scrub_table_row(const struct csum_scrub *scrub, size_t index);

/* Keeps the first rows, so many; 0: empties the table. */
void csum_scrub_table_cut(struct csum_scrub *scrub, size_t count);

/* Into the ascending order of data sectors. */
void csum_scrub_table_sort(struct csum_scrub *scrub);
/* Whether it has that data sector; it is in ascending order. */
bool csum_scrub_table_has(const struct csum_scrub *scrub, uint64_t sector);

#endif
