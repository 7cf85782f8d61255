/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bad sectors that wait for the end of the pass, since what becomes of them depends on all of them. (doc/guard.md) */
#ifndef CSUM_SCRUB_UNDECIDED_H
#define CSUM_SCRUB_UNDECIDED_H

#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_undecided *csum_scrub_undecided_create(void) CSUM_MUST_CHECK;
void csum_scrub_undecided_free(struct csum_scrub_undecided *undecided); /* NULL is allowed */

/* Whether a bad sector there is one of them. */
bool csum_scrub_undecided_is(const struct csum_scrub *scrub, uint64_t sector);
/* -ENOMEM, reported. */
int csum_scrub_undecided_add(struct csum_scrub *scrub, const struct csum_bad_sector *found) CSUM_MUST_CHECK;
/* How many wait. */
uint64_t csum_scrub_undecided_count(const struct csum_scrub *scrub);
/* Whether all of them are kept; of others only the stretch of the volume is known, and may have fewer by now. */
bool csum_scrub_undecided_all_kept(const struct csum_scrub *scrub);

/* The pass has ended: no bad sector is undecided any more, but goes to the table. */
void csum_scrub_undecided_close(struct csum_scrub *scrub);
/*
 * Once closed: puts them into the table, as many at a time as it takes, and calls deal(), which empties it. deal()
 * returns 0; 1 when the others need not be dealt with; or a negative errno, which is returned, as is one of reading
 * them again.
 */
int csum_scrub_undecided_each(struct csum_scrub *scrub, int (*deal)(struct csum_scrub *scrub, void *user),
			      void *user) CSUM_MUST_CHECK;
/* Forgets all of them. */
void csum_scrub_undecided_drop(struct csum_scrub *scrub);

#endif
