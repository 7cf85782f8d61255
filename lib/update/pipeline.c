/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update/pipeline.h"

#include <errno.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "update/mirror.h"
#include "update/super.h"

/* The steps of four batches share a round while a fifth is being filled. */
enum { BATCHES = CSUM_STEP_SETTLED - CSUM_STEP_FRESH_DATA + 1 };

struct csum_pipeline {
	struct csum_volume *volume;
	csum_complete_fn *complete;
	void *user;
	uint64_t end_group;
	uint64_t batch_groups, window_groups;
	struct csum_batch batches[BATCHES];
	struct csum_groups span; /* metadata of the window's new groups */
	uint64_t window_end; /* groups below it are covered by the intent in both slots */
	bool active; /* the volume is to be marked clean in the end */
	int error; /* of the first step that failed: nothing may follow, the volume stays active */
	uint64_t durable_sector; /* behind the last one whose new content is in */
	struct csum_io_list list; /* of the round under way */
};

static uint64_t at_least_one(uint64_t value)
{
	return value ? value : 1;
}

/* ------------------------------------------------------------------ memory */

static int batch_init(struct csum_batch *batch, const struct csum_geometry *geometry, uint64_t groups)
{
	size_t sectors = (size_t)groups * geometry->sectors_per_group;

	batch->data = csum_io_alloc(sectors * geometry->sector_size);
	batch->action = calloc(sectors, sizeof(*batch->action));
	batch->entry = calloc(sectors, sizeof(*batch->entry));
	batch->fresh = calloc(sectors, sizeof(*batch->fresh));
	batch->image[0] = csum_io_alloc((size_t)groups * geometry->sector_size);
	batch->image[1] = csum_io_alloc((size_t)groups * geometry->sector_size);
	batch->first_copy = calloc(groups, sizeof(*batch->first_copy));
	if (batch->data && batch->action && batch->entry && batch->fresh && batch->image[0] && batch->image[1] &&
	    batch->first_copy)
		return 0;
	return -ENOMEM;
}

static void batch_free(struct csum_batch *batch)
{
	free(batch->data);
	free(batch->action);
	free(batch->entry);
	free(batch->fresh);
	free(batch->image[0]);
	free(batch->image[1]);
	free(batch->first_copy);
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
	result->complete = complete;
	result->user = user;
	result->end_group = end_group;
	result->window_groups = csum_min_u64(groups, at_least_one(volume->window_bytes / group_bytes));
	result->batch_groups = csum_min_u64(result->window_groups, at_least_one(volume->batch_bytes / group_bytes));
	result->window_end = first_group;
	result->durable_sector = csum_layout_first_sector(geometry, first_group);
	error = csum_groups_init(&result->span, volume, result->window_groups);
	/* A batch that is the only one needs no others beside it. */
	for (int i = 0; i < BATCHES && !error && (i < 2 || groups > result->batch_groups); i++) {
		error = batch_init(&result->batches[i], geometry, result->batch_groups);
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
	if (pipeline->list.count) {
		/* Only after a failure, which has been reported. */
		int ignored = csum_io_round_wait(pipeline->volume->io);

		(void)ignored;
	}
	for (int i = 0; i < BATCHES; i++)
		batch_free(&pipeline->batches[i]);
	csum_groups_free(&pipeline->span);
	csum_io_list_free(&pipeline->list);
	free(pipeline);
}

/* ------------------------------------------------------------------ steps of a batch */

/* W2 (fresh) and W4 (not fresh). */
static int add_data(struct csum_pipeline *pipeline, const struct csum_batch *batch, bool fresh)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	int error = 0;

	for (uint64_t i = 0; i < batch->sector_count && !error; i++) {
		if (batch->action[i] != CSUM_ACTION_WRITE || batch->fresh[i] != fresh)
			continue;
		error = csum_io_list_add(&pipeline->list, pipeline->volume->data, CSUM_IO_WRITE,
					 batch->data + i * geometry->sector_size, geometry->sector_size,
					 csum_layout_data_offset(geometry, batch->first_sector + i));
	}
	return error;
}

/* W3 (image 0) and W5 (image 1). */
static int add_imd(struct csum_pipeline *pipeline, const struct csum_batch *batch, int image)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	int error = 0;

	for (uint64_t i = 0; i < batch->group_count && !error; i++) {
		int copy = image == 0 ? batch->first_copy[i] : 1 - batch->first_copy[i];

		if (batch->first_copy[i] < 0)
			continue;
		error = csum_io_list_add(&pipeline->list, pipeline->volume->metadata, CSUM_IO_WRITE,
					 batch->image[image] + i * geometry->sector_size, geometry->sector_size,
					 csum_layout_imd_offset(geometry, batch->first_group + i, copy));
	}
	return error;
}

static int add_step(struct csum_pipeline *pipeline, struct csum_batch *batch)
{
	switch (batch->next_step++) {
	case CSUM_STEP_FRESH_DATA:
		return add_data(pipeline, batch, true);
	case CSUM_STEP_ENTRIES:
		return add_imd(pipeline, batch, 0);
	case CSUM_STEP_DATA:
		return add_data(pipeline, batch, false);
	case CSUM_STEP_SETTLE:
		return add_imd(pipeline, batch, 1);
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------ rounds */

static bool in_flight(const struct csum_pipeline *pipeline)
{
	for (int i = 0; i < BATCHES; i++) {
		if (pipeline->batches[i].next_step)
			return true;
	}
	return false;
}

/* Whether every sector of the batch reads as new from here on, whatever happens to its remaining steps. */
static bool is_in(const struct csum_batch *batch)
{
	return batch->next_step > CSUM_STEP_DATA || (batch->next_step > CSUM_STEP_ENTRIES && !batch->overwrites);
}

/* Ends the round under way, if any: batches that have settled leave. */
static int wait_round(struct csum_pipeline *pipeline)
{
	int error = csum_io_round_wait(pipeline->volume->io);

	pipeline->list.count = 0;
	for (int i = 0; i < BATCHES && !error; i++) {
		struct csum_batch *batch = &pipeline->batches[i];

		/* Of two batches the earlier one is a step ahead. */
		if (is_in(batch) && batch->first_sector + batch->sector_count > pipeline->durable_sector)
			pipeline->durable_sector = batch->first_sector + batch->sector_count;
		if (batch->next_step == CSUM_STEP_SETTLED)
			batch->next_step = CSUM_STEP_NONE;
	}
	return error;
}

/* Starts a round with the next step of every batch in flight, beside what the list holds already. */
static int start_round(struct csum_pipeline *pipeline)
{
	int error = 0;

	for (int i = 0; i < BATCHES && !error; i++) {
		if (pipeline->batches[i].next_step)
			error = add_step(pipeline, &pipeline->batches[i]);
	}
	if (error) {
		pipeline->list.count = 0;
		return csum_report_error(&pipeline->volume->handlers, error, NULL, "preparing a round of writes");
	}
	csum_io_round_start(pipeline->volume->io, pipeline->list.requests, pipeline->list.count);
	return 0;
}

/* ------------------------------------------------------------------ the window */

static uint64_t oldest_in_flight(const struct csum_pipeline *pipeline, uint64_t otherwise)
{
	uint64_t oldest = otherwise;

	for (int i = 0; i < BATCHES; i++) {
		if (pipeline->batches[i].next_step)
			oldest = csum_min_u64(oldest, pipeline->batches[i].first_group);
	}
	return oldest;
}

static bool span_holds(const struct csum_pipeline *pipeline, uint64_t group)
{
	return group >= pipeline->span.first_group && group < pipeline->span.first_group + pipeline->span.group_count;
}

/*
 * W0 and W1 for the groups in the span: mirrored (I8), then the intent that covers them and everything in
 * flight goes to one slot and to the other (I2). Batches in flight take a step in each of the two rounds: both
 * the old and the new intent cover them (I6).
 */
static int slide_window(struct csum_pipeline *pipeline)
{
	struct csum_volume *volume = pipeline->volume;
	uint64_t end = pipeline->span.first_group + pipeline->span.group_count;
	uint64_t first;
	int error = csum_protocol_mirror(volume, &pipeline->span);

	if (error)
		return error;
	first = oldest_in_flight(pipeline, pipeline->span.first_group);
	csum_super_set_intent(volume, first, end - first);
	pipeline->active = true;
	for (int slot = 0; slot < 2 && !error; slot++) {
		error = csum_super_add(volume, &pipeline->list);
		if (error)
			return csum_report_error(&volume->handlers, error, NULL, "writing the intent");
		error = start_round(pipeline);
		if (!error)
			error = wait_round(pipeline);
	}
	if (!error)
		pipeline->window_end = end;
	return error;
}

/* ------------------------------------------------------------------ batches */

struct csum_batch *csum_pipeline_next(struct csum_pipeline *pipeline, uint64_t first_sector, uint64_t *most_sectors)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	uint64_t first_group = csum_layout_group_of(geometry, first_sector);
	/* A batch does not reach over the end of a window: groups behind it come with the next one. */
	uint64_t end_group = first_group < pipeline->window_end ? pipeline->window_end :
								  first_group + pipeline->window_groups;
	struct csum_batch *batch = pipeline->batches;

	end_group = csum_min_u64(end_group, csum_min_u64(first_group + pipeline->batch_groups, pipeline->end_group));
	*most_sectors =
		csum_min_u64(csum_layout_first_sector(geometry, end_group), geometry->data_sectors) - first_sector;
	while (batch->next_step)
		batch++;
	batch->first_sector = first_sector;
	batch->sector_count = 0;
	batch->overwrites = false;
	return batch;
}

static void set_groups(const struct csum_geometry *geometry, struct csum_batch *batch)
{
	uint64_t last = batch->first_sector + batch->sector_count - 1;

	batch->first_group = csum_layout_group_of(geometry, batch->first_sector);
	batch->group_count = batch->sector_count ? csum_layout_group_of(geometry, last) - batch->first_group + 1 : 0;
}

/*
 * A lost group can only be written whole: cuts the batch before one that is not. `stop` is why the batch was cut
 * already, or 0; the first reason is the one that is reported and returned.
 */
static int refuse_lost(struct csum_pipeline *pipeline, struct csum_batch *batch, int stop)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	uint64_t end_group;

	set_groups(geometry, batch);
	end_group = batch->first_group + batch->group_count;
	for (uint64_t number = batch->first_group; number < end_group; number++) {
		uint64_t first = csum_layout_first_sector(geometry, number);

		if (csum_groups_group(&pipeline->span, number)->newer >= 0 ||
		    csum_layout_covers_group(geometry, batch->first_sector, batch->first_sector + batch->sector_count,
					     number))
			continue;
		batch->sector_count = first > batch->first_sector ? first - batch->first_sector : 0;
		set_groups(geometry, batch);
		return stop ? stop : csum_images_refuse_lost(pipeline->volume, number);
	}
	return stop;
}

/* What W3 and W5 write of a group. */
static void build_images(struct csum_pipeline *pipeline, struct csum_batch *batch, uint64_t number)
{
	const struct csum_geometry *geometry = csum_volume_geometry(pipeline->volume);
	uint64_t first = csum_layout_first_sector(geometry, number);
	uint64_t begin = first > batch->first_sector ? first : batch->first_sector;
	uint64_t end = csum_min_u64(first + csum_layout_group_sectors(geometry, number),
				    batch->first_sector + batch->sector_count);
	size_t at = (size_t)(begin - batch->first_sector), i = (size_t)(number - batch->first_group);
	uint8_t *const image[2] = { batch->image[0] + i * geometry->sector_size,
				    batch->image[1] + i * geometry->sector_size };
	struct csum_group_change change = {
		.first_index = (uint32_t)(begin - first),
		.count = (uint32_t)(end - begin),
		.action = batch->action + at,
		.entry = batch->entry + at,
		.fresh = batch->fresh + at,
	};

	csum_images_make(pipeline->volume, number, csum_groups_group(&pipeline->span, number), &change, image,
			 &batch->first_copy[i]);
	batch->overwrites |= change.overwrites;
}

static void compute_entries(const struct csum_volume *volume, struct csum_batch *batch)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;

	for (uint64_t i = 0; i < batch->sector_count; i++) {
		if (batch->action[i] == CSUM_ACTION_WRITE)
			batch->entry[i] = csum_volume_entry(volume, batch->data + i * sector_size);
	}
}

static int load_window(struct csum_pipeline *pipeline, uint64_t first_group)
{
	uint64_t count = csum_min_u64(pipeline->window_groups, pipeline->end_group - first_group);

	return csum_groups_load(pipeline->volume, &pipeline->span, first_group, count);
}

int csum_pipeline_submit(struct csum_pipeline *pipeline, struct csum_batch *batch)
{
	uint64_t first_group = csum_layout_group_of(csum_volume_geometry(pipeline->volume), batch->first_sector);
	int stop;

	pipeline->error = wait_round(pipeline);
	if (!pipeline->error && !span_holds(pipeline, first_group))
		pipeline->error = load_window(pipeline, first_group);
	if (pipeline->error)
		return pipeline->error;
	stop = pipeline->complete(pipeline->user, batch, &pipeline->span);
	/* What is left of a batch that was cut short may cover a lost group in part only. */
	stop = refuse_lost(pipeline, batch, stop);
	if (batch->sector_count == 0)
		return stop;
	if (first_group >= pipeline->window_end)
		pipeline->error = slide_window(pipeline);
	if (pipeline->error)
		return pipeline->error;
	compute_entries(pipeline->volume, batch);
	for (uint64_t i = 0; i < batch->group_count; i++)
		build_images(pipeline, batch, batch->first_group + i);
	batch->next_step = CSUM_STEP_FRESH_DATA;
	pipeline->error = start_round(pipeline);
	return pipeline->error ? pipeline->error : stop;
}

int csum_pipeline_finish(struct csum_pipeline *pipeline)
{
	int error = pipeline->error ? pipeline->error : wait_round(pipeline);

	/* A batch may have been left half-way: nobody may mark this volume clean but a recovery. */
	if (error)
		csum_io_fail(pipeline->volume->io);
	while (!error && in_flight(pipeline)) {
		error = start_round(pipeline);
		if (!error)
			error = wait_round(pipeline);
	}
	if (error || !pipeline->active)
		return error;
	return csum_super_clean(pipeline->volume); /* W6; I6: everything has settled */
}

uint64_t csum_pipeline_durable(const struct csum_pipeline *pipeline)
{
	return pipeline->durable_sector;
}
