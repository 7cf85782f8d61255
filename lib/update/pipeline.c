/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "update/window.h"

/* One batch is being filled while others are in flight. */
enum { BATCHES = CSUM_ROUNDS_COMMITS + 1 };

struct csum_pipeline {
	struct csum_volume *volume;
	csum_complete_fn *complete;
	void *user;
	uint64_t end_group;
	uint64_t batch_groups, window_groups;
	struct csum_batch batches[BATCHES];
	struct csum_groups span; /* metadata of the window's new groups */
	struct csum_rounds rounds;
	struct csum_window window;
	uint64_t window_end; /* groups below it are covered by the intent in both slots */
	int error; /* of the first step that failed: nothing may follow, the volume stays active */
	uint64_t durable_sector; /* behind the last sector that is in, of batches no longer in flight */
};

static uint64_t at_least_one(uint64_t value)
{
	return value ? value : 1;
}

/* ------------------------------------------------------------------ memory */

static int batch_init(struct csum_batch *batch, struct csum_volume *volume, uint64_t groups)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	size_t sectors = (size_t)groups * geometry->sectors_per_group;
	int error = csum_commit_init(&batch->commit, volume, (size_t)groups);

	batch->data = csum_io_alloc(sectors * geometry->sector_size);
	batch->action = calloc(sectors, sizeof(*batch->action));
	batch->entry = calloc(sectors, sizeof(*batch->entry));
	batch->fresh = calloc(sectors, sizeof(*batch->fresh));
	return !error && batch->data && batch->action && batch->entry && batch->fresh ? 0 : -ENOMEM;
}

static void batch_free(struct csum_batch *batch)
{
	csum_commit_free(&batch->commit);
	free(batch->data);
	free(batch->action);
	free(batch->entry);
	free(batch->fresh);
}

int csum_pipeline_create(struct csum_volume *volume, uint64_t first_group, uint64_t end_group,
			 csum_complete_fn *complete, void *user, struct csum_pipeline **pipeline)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t group_bytes = (uint64_t)geometry->sectors_per_group * geometry->sector_size;
	uint64_t groups = end_group - first_group;
	struct csum_pipeline *result = calloc(1, sizeof(*result));
	int error;

	*pipeline = NULL;
	if (!result)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "preparing to write");
	result->volume = volume;
	result->rounds.volume = volume;
	result->window.rounds = &result->rounds;
	result->complete = complete;
	result->user = user;
	result->end_group = end_group;
	result->window_groups = csum_min_u64(groups, at_least_one(volume->window_bytes / group_bytes));
	result->batch_groups = csum_min_u64(result->window_groups, at_least_one(volume->batch_bytes / group_bytes));
	result->window_end = first_group;
	result->durable_sector = csum_layout_first_sector(geometry, first_group);
	error = csum_groups_init(&result->span, volume, result->window_groups);
	/* An operation of a single batch needs two: one is filled, and one may be in flight. */
	for (int i = 0; i < BATCHES && !error && (i < 2 || groups > result->batch_groups); i++) {
		error = batch_init(&result->batches[i], volume, result->batch_groups);
		if (error)
			csum_report_error(&volume->handlers, error, NULL, "preparing to write");
	}
	if (error) {
		csum_pipeline_free(result);
		return error;
	}
	*pipeline = result;
	return 0;
}

void csum_pipeline_free(struct csum_pipeline *pipeline)
{
	if (!pipeline)
		return;
	csum_rounds_free(&pipeline->rounds);
	for (int i = 0; i < BATCHES; i++)
		batch_free(&pipeline->batches[i]);
	csum_groups_free(&pipeline->span);
	free(pipeline);
}

/* ------------------------------------------------------------------ batches */

static bool span_holds(const struct csum_pipeline *pipeline, uint64_t group)
{
	return group >= pipeline->span.first_group && group < pipeline->span.first_group + pipeline->span.group_count;
}

/* The sector behind the last one whose new content is in, by this batch and by `before`. */
static uint64_t durable_with(const struct csum_batch *batch, uint64_t before)
{
	/* The earlier of two batches is a step ahead of the later one. */
	return csum_commit_is_in(&batch->commit) ? csum_max_u64(before, batch->first_sector + batch->sector_count) :
						   before;
}

static bool in_flight(const struct csum_batch *batch)
{
	return batch->commit.next_step > CSUM_STEP_NONE && batch->commit.next_step < CSUM_STEP_SETTLED;
}

struct csum_batch *csum_pipeline_next(struct csum_pipeline *pipeline, uint64_t first_sector, uint64_t *most_sectors)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	uint64_t first_group = csum_layout_group_of(geometry, first_sector);
	/* A batch does not reach over the end of a window: groups behind that belong to the next batch. */
	uint64_t end_group = first_group < pipeline->window_end ? pipeline->window_end :
								  first_group + pipeline->window_groups;
	struct csum_batch *batch = pipeline->batches;

	end_group = csum_min_u64(end_group, csum_min_u64(first_group + pipeline->batch_groups, pipeline->end_group));
	*most_sectors =
		csum_min_u64(csum_layout_first_sector(geometry, end_group), geometry->data_sectors) - first_sector;
	while (in_flight(batch))
		batch++;
	pipeline->durable_sector = durable_with(batch, pipeline->durable_sector);
	csum_commit_clear(&batch->commit);
	batch->first_sector = first_sector;
	batch->sector_count = 0;
	return batch;
}

/* The group behind the last one of a batch. */
static uint64_t end_group_of(const struct csum_geometry *geometry, const struct csum_batch *batch)
{
	if (batch->sector_count == 0)
		return csum_layout_group_of(geometry, batch->first_sector);
	return csum_layout_group_of(geometry, batch->first_sector + batch->sector_count - 1) + 1;
}

/*
 * A lost group can only be written whole: cuts the batch before a lost group that it covers in part. `stop` is the
 * error for which the batch was cut already, or 0; the first error is the one that is reported and returned.
 */
static int refuse_lost(struct csum_pipeline *pipeline, struct csum_batch *batch, int stop)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	uint64_t end_group = end_group_of(geometry, batch);

	for (uint64_t number = csum_layout_group_of(geometry, batch->first_sector); number < end_group; number++) {
		uint64_t first = csum_layout_first_sector(geometry, number);

		if (csum_groups_group(&pipeline->span, number)->newer >= 0 ||
		    csum_layout_covers_group(geometry, batch->first_sector, batch->first_sector + batch->sector_count,
					     number))
			continue;
		batch->sector_count = first > batch->first_sector ? first - batch->first_sector : 0;
		return stop ? stop : csum_images_refuse_lost(pipeline->volume, number);
	}
	return stop;
}

/* Makes the sectors of the batch that lie in this group part of the batch's commit. */
static void add_group(struct csum_pipeline *pipeline, struct csum_batch *batch, uint64_t number)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	uint64_t first = csum_layout_first_sector(geometry, number);
	uint64_t begin = csum_max_u64(first, batch->first_sector);
	uint64_t end = csum_min_u64(first + csum_layout_group_sectors(geometry, number),
				    batch->first_sector + batch->sector_count);
	size_t at = (size_t)(begin - batch->first_sector);
	const struct csum_group_change change = {
		.first_index = (uint32_t)(begin - first),
		.count = (uint32_t)(end - begin),
		.action = batch->action + at,
		.entry = batch->entry + at,
		.fresh = batch->fresh + at,
	};

	csum_commit_add(&batch->commit, number, csum_groups_group(&pipeline->span, number), &change,
			batch->data + at * geometry->sector_size);
}

static void compute_entries(const struct csum_volume *volume, struct csum_batch *batch)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;

	for (uint64_t i = 0, next; i < batch->sector_count; i = next) {
		next = i + csum_same_bytes(batch->action + i, (size_t)(batch->sector_count - i));
		if (batch->action[i] == CSUM_ACTION_WRITE)
			csum_volume_entries(volume, batch->data + i * sector_size, (size_t)(next - i),
					    batch->entry + i);
	}
}

static void make_commit(struct csum_pipeline *pipeline, struct csum_batch *batch)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	uint64_t end_group = end_group_of(geometry, batch);

	compute_entries(pipeline->volume, batch);
	for (uint64_t number = csum_layout_group_of(geometry, batch->first_sector); number < end_group; number++)
		add_group(pipeline, batch, number);
}

static int load_window(struct csum_pipeline *pipeline, uint64_t first_group)
{
	uint64_t count = csum_min_u64(pipeline->window_groups, pipeline->end_group - first_group);

	return csum_groups_load(pipeline->volume, &pipeline->span, first_group, count);
}

static int slide_window(struct csum_pipeline *pipeline)
{
	int error = csum_window_slide(&pipeline->window, &pipeline->span);

	if (!error)
		pipeline->window_end = pipeline->span.first_group + pipeline->span.group_count;
	return error;
}

int csum_pipeline_submit(struct csum_pipeline *pipeline, struct csum_batch *batch)
{
	uint64_t first_group = csum_layout_group_of(csum_volume_geometry(pipeline->volume), batch->first_sector);
	int stop;

	pipeline->error = csum_rounds_wait(&pipeline->rounds);
	if (!pipeline->error && !span_holds(pipeline, first_group))
		pipeline->error = load_window(pipeline, first_group);
	if (pipeline->error)
		return pipeline->error;
	stop = pipeline->complete(pipeline->user, batch, &pipeline->span);
	/* A batch that was cut short may now cover a lost group in part only. */
	stop = refuse_lost(pipeline, batch, stop);
	if (batch->sector_count == 0)
		return stop;
	if (first_group >= pipeline->window_end)
		pipeline->error = slide_window(pipeline);
	if (pipeline->error)
		return pipeline->error;
	make_commit(pipeline, batch);
	csum_rounds_begin(&pipeline->rounds, &batch->commit);
	pipeline->error = csum_rounds_start(&pipeline->rounds);
	return pipeline->error ? pipeline->error : stop;
}

int csum_pipeline_finish(struct csum_pipeline *pipeline)
{
	int error = pipeline->error ? pipeline->error : csum_rounds_wait(&pipeline->rounds);

	if (!error)
		return csum_window_close(&pipeline->window);
	/* A batch may be half-way: only a recovery may mark this volume clean. */
	csum_io_fail(pipeline->volume->io);
	return error;
}

uint64_t csum_pipeline_durable(const struct csum_pipeline *pipeline)
{
	uint64_t durable = pipeline->durable_sector;

	for (int i = 0; i < BATCHES; i++)
		durable = durable_with(&pipeline->batches[i], durable);
	return durable;
}
