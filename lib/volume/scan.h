/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks over a range of data sectors in batches: while one batch is visited, the data of the next is read and
 * verified and the metadata of the one after is loaded, all in parallel.
 */
#ifndef CSUM_VOLUME_SCAN_H
#define CSUM_VOLUME_SCAN_H

#include "volume/verify.h"

struct csum_scan_batch {
	uint64_t first_sector, sector_count; /* of the range */
	struct csum_groups span; /* of every group they belong to */
	csum_verdict8 *verdict; /* per sector; NOT_READ when only metadata is scanned */
	uint64_t *entry; /* computed from what was read */
	uint8_t *data; /* the sectors, with keep_data; else NULL */
};

struct csum_scan_options {
	uint64_t first_sector, sector_count;
	bool metadata_only;
	bool keep_data; /* hand out the content, unwritten sectors as zeros */
	/* In ascending order; a result other than 0 ends the scan and is returned. */
	int (*visit)(void *user, const struct csum_scan_batch *batch);
	/*
	 * After visit, when the pool has nothing to do: for writes to the groups of the batch, and I/O of its own. As
	 * visit; may be NULL. Also called when the scan is cancelled after visit.
	 */
	int (*idle)(void *user, struct csum_scan_batch *batch);
	void *user;
	struct csum_verify_limit *limit; /* as of a run, for all of it; NULL: none */
	uint64_t batch_bytes; /* data of a batch at the most; 0: as is best */
};

/* Errors: what visit or idle returned, -ECANCELED, that of a device that vanished, -ENOMEM; reported. */
int csum_scan(struct csum_volume *volume, const struct csum_scan_options *options) CSUM_MUST_CHECK;

/*
 * Data sectors below this one have metadata on the device; data_sectors unless the device was cut short. What
 * lies behind cannot be verified and is not worth a walk.
 */
uint64_t csum_scan_present_sectors(const struct csum_volume *volume);

#endif
