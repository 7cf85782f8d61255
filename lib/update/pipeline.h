/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pipeline makes commits of changes to consecutive sectors, in ascending order, one commit a batch, and takes them
 * through steps W0 to W6 of protocol.h. Its user fills batches and submits them; while one is being filled, others take
 * their steps.
 */
#ifndef CSUM_UPDATE_PIPELINE_H
#define CSUM_UPDATE_PIPELINE_H

#include "update/commit.h"

/* Changes to consecutive sectors. The user fills in the first part; the rest belongs to the pipeline. */
struct csum_batch {
	uint64_t first_sector, sector_count;
	uint8_t *data; /* new content of the sectors with action WRITE */
	uint8_t *action; /* enum csum_action, per sector */

	uint64_t *entry; /* per sector, where the action is WRITE */
	bool *fresh; /* per sector: there is no old content that a write could lose */
	struct csum_commit commit; /* of its groups */
};

struct csum_pipeline;

/*
 * Called for each batch when the metadata of its groups is in `span`, before anything is written for the batch. It may
 * complete the batch's data, or cut the batch short and return the error that the operation is to end with.
 */
typedef int csum_complete_fn(void *user, struct csum_batch *batch, const struct csum_groups *span);

/* Makes a pipeline for changes of groups from first_group on, end_group excluded. Errors are reported. */
int csum_pipeline_create(struct csum_volume *volume, uint64_t first_group, uint64_t end_group,
			 csum_complete_fn *complete, void *user, struct csum_pipeline **pipeline) CSUM_MUST_CHECK;
/* Waits for a round under way. A volume that was written stays active unless csum_pipeline_finish() was called. */
void csum_pipeline_free(struct csum_pipeline *pipeline);

/*
 * Returns an empty batch to fill from `first_sector` on; *most_sectors: how many sectors it takes at most. The first
 * batch begins in first_group, each next one where the last batch ended. Rounds go on meanwhile.
 */
struct csum_batch *csum_pipeline_next(struct csum_pipeline *pipeline, uint64_t first_sector, uint64_t *most_sectors);

/*
 * Sends the batch on its way and returns while a round is under way. -EBADMSG or an error of complete(): the part of
 * the batch that was not cut off is on its way, and no other batch may follow; other errors: the volume has failed.
 */
int csum_pipeline_submit(struct csum_pipeline *pipeline, struct csum_batch *batch) CSUM_MUST_CHECK;

/* Settles everything and marks the volume clean. After a failure it returns that error and writes nothing. */
int csum_pipeline_finish(struct csum_pipeline *pipeline) CSUM_MUST_CHECK;

/*
 * Returns the sector behind the last one whose new content is in: it is durable, and every later opening reads it,
 * though its group may not have settled when a round failed. Where no sector is in: first_sector of the first batch.
 */
uint64_t csum_pipeline_durable(const struct csum_pipeline *pipeline);

#endif
