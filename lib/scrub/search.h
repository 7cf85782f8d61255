/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contents of interrupted sectors that are looked for in all of the data: once at most, and with crc64 only. */
#ifndef CSUM_SCRUB_SEARCH_H
#define CSUM_SCRUB_SEARCH_H

#include "scrub/scrub.h"

/* Contents that are looked for at the most, two a sector. */
#define CSUM_SCRUB_SOUGHT_MAX 65536u

/* NULL: no memory. */
struct csum_scrub_search *csum_scrub_search_create(void) CSUM_MUST_CHECK;
void csum_scrub_search_free(struct csum_scrub_search *search); /* NULL is allowed */

/*
 * Adds the content of that entry to those that are looked for. false: there is no room for another one, or no memory.
 * Once the search has been made nothing is added: whether it was among those.
 */
bool csum_scrub_search_add(struct csum_scrub *scrub, uint64_t entry);
/* Whether anything is to be looked for, and has not been yet. */
bool csum_scrub_search_is_due(const struct csum_scrub *scrub);
/* Reads all data. *ended is false when the time limit came first. Errors as of csum_scan(). */
int csum_scrub_search_all(struct csum_scrub *scrub, bool *ended) CSUM_MUST_CHECK;
/* Whether that content lies in some sector, still: it goes to `data`, aligned, and the sector to *place. */
bool csum_scrub_search_read(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, uint64_t *place);

#endif
