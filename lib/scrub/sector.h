/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with one data sector: of a batch of a scan, or read on its own. */
#ifndef CSUM_SCRUB_SECTOR_H
#define CSUM_SCRUB_SECTOR_H

#include "scrub/scrub.h"
#include "volume/scan.h"

/* NULL: no memory. */
struct csum_scrub_sector *csum_scrub_sector_create(const struct csum_scrub *scrub) CSUM_MUST_CHECK;
void csum_scrub_sector_free(struct csum_scrub_sector *sector); /* NULL is allowed */

/* Whether sector i of a batch is bad, and its group not lost; then *found says how. */
bool csum_scrub_sector_bad(const struct csum_scrub *scrub, const struct csum_scan_batch *batch, uint64_t i,
			   struct csum_bad_sector *found);

/*
 * Reads and verifies one sector by its own group. *found is filled in whatever the verdict. -ENOMEM, and the error of a
 * device that vanished, are reported.
 */
int csum_scrub_sector_read(struct csum_scrub *scrub, uint64_t sector, struct csum_bad_sector *found) CSUM_MUST_CHECK;

#endif
