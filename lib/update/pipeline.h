/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of consecutive sectors, in ascending order, made commits of one batch each and taken through steps W0 to W6 of
 * protocol.h. The user fills batches and submits them; while one is being filled, others take their steps.
 */
#ifndef CSUM_UPDATE_PIPELINE_H
#define CSUM_UPDATE_PIPELINE_H

#include "update/commit.h"

/* Changes to consecutive sectors. The user fills in the first part; the rest is the pipeline's. */
struct csum_batch {
	uint64_t first_sector, sector_count;
	uint8_t *data; /* what the sectors will hold, where the action is WRITE */
	uint8_t *action; /* enum csum_action, per sector */

	uint64_t *entry; /* per sector, where the action is WRITE */
	bool *fresh; /* per sector: it had no entry that anything could be lost of */
	struct csum_commit commit; /* of its groups */
};

struct csum_pipeline;

/*
 * Called for each batch when the metadata of its groups is in `span`, before anything is written for it. It
 * may complete the batch's data, or cut the batch short and return the error that is to end the operation.
 */
typedef int csum_complete_fn(void *user, struct csum_batch *batch, const struct csum_groups *span);

/* For changes of groups from first_group on, at most up to end_group. Errors are reported. */
int csum_pipeline_create(struct csum_volume *volume, uint64_t first_group, uint64_t end_group,
			 csum_complete_fn *complete, void *user, struct csum_pipeline **pipeline) CSUM_MUST_CHECK;
/* Waits for a round under way. Without csum_pipeline_finish() a volume that was written stays active. */
void csum_pipeline_free(struct csum_pipeline *pipeline);

/*
 * An empty batch to fill from `first_sector` on, and how many sectors it takes at most. first_sector lies in
 * first_group, then where the last batch ended. Rounds go on meanwhile.
 */
struct csum_batch *csum_pipeline_next(struct csum_pipeline *pipeline, uint64_t first_sector, uint64_t *most_sectors);

/*
 * Sends the batch on its way and returns while a round is under way. -EBADMSG or what complete() returned: the
 * batch went without what was cut off, and none may follow; other errors: the volume has failed.
 */
int csum_pipeline_submit(struct csum_pipeline *pipeline, struct csum_batch *batch) CSUM_MUST_CHECK;

/* Settles everything and marks the volume clean. After a failure: that error, and nothing is written. */
int csum_pipeline_finish(struct csum_pipeline *pipeline) CSUM_MUST_CHECK;

/*
 * The sector behind the last one whose new content is in: durable, and what every later opening reads, though its group
 * may not have settled when a round failed. first_sector of the first batch when none is.
 */
uint64_t csum_pipeline_durable(const struct csum_pipeline *pipeline);

#endif
