/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one content that a scrub keeps aside, durably, while it overwrites the only place that held it. */
#ifndef CSUM_SCRUB_PARK_H
#define CSUM_SCRUB_PARK_H

#include "ondisk/parked.h"
#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_parking *csum_scrub_park_create(const struct csum_scrub *scrub) CSUM_MUST_CHECK;
void csum_scrub_park_free(struct csum_scrub_parking *parking); /* NULL is allowed */

/* Reads what an earlier scrub has left parked, or frees the place. The volume is clean, or nothing is done. */
int csum_scrub_park_load(struct csum_scrub *scrub) CSUM_MUST_CHECK;
/*
 * Keeps the content of wanted->place aside, durably. *safe: that place may be overwritten. It may not while another
 * content is parked and needed, or when the device refuses to write this one.
 */
int csum_scrub_park(struct csum_scrub *scrub, const struct csum_parked *wanted, bool *safe) CSUM_MUST_CHECK;

/* Whether the content with that entry is parked. */
bool csum_scrub_park_has(const struct csum_scrub *scrub, uint64_t entry);
/* If it is, and still matches the entry, puts it into `data`, and the sector that it was taken from into *place. */
bool csum_scrub_park_read(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, uint64_t *place);

/* The owner of what is parked has been repaired. */
void csum_scrub_park_release(struct csum_scrub *scrub);
/* Frees the place on the device when what is parked is not needed any more. */
int csum_scrub_park_end(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
