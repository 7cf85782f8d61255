/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns verdicts into findings and totals: adjacent ones that say the same become one finding. */
#ifndef CSUM_FINDER_H
#define CSUM_FINDER_H

#include "scan.h"

struct csum_finder {
	const struct csum_volume *volume;
	csum_finding_fn *report; /* may be NULL */
	void *user;
	struct csum_totals *totals;
	struct csum_finding data, imd; /* not reported yet, because more may follow; count 0: none */
};

/* The superblock slots, as they were when the volume was opened. */
void csum_finder_superblocks(struct csum_finder *finder);

/* Both imd copies of the groups of a batch that begin in it, or hold the first sector of the range. */
void csum_finder_imd(struct csum_finder *finder, const struct csum_scan_batch *batch);

/*
 * The data sectors of a batch, counted too. lost_as_data: sectors without a valid imd are findings of their
 * own (otherwise csum_finder_imd() has named their group).
 */
void csum_finder_data(struct csum_finder *finder, const struct csum_scan_batch *batch, bool lost_as_data);

/* One sector of it only, not counted. */
void csum_finder_sector(struct csum_finder *finder, const struct csum_scan_batch *batch, uint64_t i);

/* Data sectors behind the end of a device that was cut short. */
void csum_finder_missing(struct csum_finder *finder, uint64_t first_sector, uint64_t sector_count);

/* Reports what is held back; call it at the end. */
void csum_finder_flush(struct csum_finder *finder);

#endif
