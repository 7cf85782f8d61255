/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks over a range of data sectors in batches: while one batch is visited, the metadata and the data of the next ones
 * are read and verified, all in parallel.
 */
#ifndef CSUM_VOLUME_SCAN_H
#define CSUM_VOLUME_SCAN_H

#include "base/util.h"
#include "volume/verify.h"

struct csum_scan_batch {
	uint64_t first_sector, sector_count; /* of the range */
	struct csum_groups span; /* of every group that has some of them */
	csum_verdict8 *verdict; /* per sector; NOT_READ when only metadata is scanned */
	uint64_t *entry; /* computed from what was read */
	uint8_t *data; /* the sectors, with keep_data; else NULL */
};

/* How many sectors of the batch from i on have the verdict of sector i. */
static inline uint64_t csum_scan_alike(const struct csum_scan_batch *batch, uint64_t i)
{
	return csum_same_bytes(batch->verdict + i, (size_t)(batch->sector_count - i));
}

struct csum_scan_options {
	uint64_t first_sector, sector_count;
	bool metadata_only;
	bool keep_data; /* hand out the content, unwritten sectors as zeros */
	/* Called for each batch, in ascending order; a result other than 0 ends the scan and is returned. */
	int (*visit)(void *user, const struct csum_scan_batch *batch);
	/*
	 * Whether idle is to be called with the pool at rest: it may then write, and read in parallel, but the batches
	 * that follow have been read by then. Asked after visit; NULL: never.
	 */
	bool (*needs_rest)(void *user, const struct csum_scan_batch *batch);
	/* Called after visit; may be NULL. A result other than 0 ends the scan and is returned. */
	int (*idle)(void *user, struct csum_scan_batch *batch, bool at_rest);
	void *user;
	struct csum_verify_limit *limit; /* as that of a run, but for the whole scan; NULL: none */
	uint64_t batch_bytes; /* data of a batch at the most; 0: the best size */
};

/* Errors: of visit or idle, -ECANCELED, of a device that vanished, -ENOMEM; reported. */
int csum_scan(struct csum_volume *volume, const struct csum_scan_options *options) CSUM_MUST_CHECK;

/*
 * Data sectors below this one have metadata on the device; data_sectors unless the device was cut short. The sectors
 * behind it cannot be verified and are not worth a walk.
 */
uint64_t csum_scan_present_sectors(const struct csum_volume *volume);

#endif
