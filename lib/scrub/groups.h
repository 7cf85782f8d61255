/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups of a batch whose imd copies are not sound, from when the batch is read until they are mirrored. */
#ifndef CSUM_SCRUB_GROUPS_H
#define CSUM_SCRUB_GROUPS_H

#include "scrub/scrub.h"
#include "volume/scan.h"

/* NULL: no memory. */
struct csum_scrub_groups *csum_scrub_groups_create(const struct csum_scrub *scrub) CSUM_MUST_CHECK;
void csum_scrub_groups_free(struct csum_scrub_groups *groups); /* NULL is allowed */

/* Notes those of a batch, instead of those noted before, and counts the sound copies. -ENOMEM, reported. */
int csum_scrub_groups_note(struct csum_scrub *scrub, const struct csum_scan_batch *batch) CSUM_MUST_CHECK;
/* Mirrors the groups noted, unless nothing is to be repaired, and reports what became of them; none is noted then. */
int csum_scrub_groups_repair(struct csum_scrub *scrub, struct csum_scan_batch *batch) CSUM_MUST_CHECK;

/* How many are noted. */
size_t csum_scrub_groups_count(const struct csum_scrub *scrub);
/* Forgets them without a report. */
void csum_scrub_groups_drop(struct csum_scrub *scrub);

#endif
