/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups of a batch whose imd copies are not sound, from when the batch is read until they are mirrored. */
#ifndef CSUM_SCRUB_GROUPS_H
#define CSUM_SCRUB_GROUPS_H

#include "scrub/scrub.h"
#include "volume/scan.h"

/* NULL: no memory. */
struct csum_scrub_groups *csum_scrub_groups_create(const struct csum_scrub *scrub) CSUM_MUST_CHECK;
void csum_scrub_groups_free(struct csum_scrub_groups *groups); /* NULL is allowed */

/* Collects those of a batch, instead of those of the one before, and counts the sound copies. -ENOMEM, reported. */
int csum_scrub_groups_collect(struct csum_scrub *scrub, const struct csum_scan_batch *batch) CSUM_MUST_CHECK;
/* Mirrors them, unless nothing is to be repaired, and reports what became of them; there are none left then. */
int csum_scrub_groups_repair(struct csum_scrub *scrub, struct csum_scan_batch *batch) CSUM_MUST_CHECK;

/* How many there are. */
size_t csum_scrub_groups_count(const struct csum_scrub *scrub);
/* Forgets them without a report. */
void csum_scrub_groups_drop(struct csum_scrub *scrub);

#endif
