/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "volume/scan_again.h"

/* Data of one batch: where data is kept it takes so much memory, else it only means fewer jobs for the pool. */
#define BATCH_BYTES (UINT64_C(64) << 20)
#define KEPT_BATCH_BYTES (UINT64_C(16) << 20)
/* Data read and verified in one go: fits a core's cache. */
#define RUN_BYTES (UINT64_C(1) << 20)
/* Readers at a time; each has a buffer of RUN_BYTES. */
#define WIDTH 8u
/* One batch is visited, one is verified, and of one the metadata is loaded. */
enum { BATCHES = 3 };

struct run {
	uint64_t first_sector;
	uint32_t sector_count;
};

struct scan {
	struct csum_volume *volume;
	const struct csum_scan_options *options;
	struct csum_scan_batch batches[BATCHES];
	uint64_t batch_groups;
	uint64_t batch_count; /* of the whole range */
	uint64_t next_sector, end_sector;
	struct run *runs; /* of the batch being verified */
	size_t run_count;
	struct csum_scan_batch *verified, *loaded; /* batches that the job under way works on; NULL: none */
	pthread_mutex_t lock;
	uint8_t *buffer_memory; /* of all buffers */
	uint8_t *buffers[WIDTH]; /* free ones below buffer_count, without kept data */
	unsigned int buffer_count;
	atomic_int error;
	_Atomic(const struct csum_device *) failed; /* the device of the error */
};

uint64_t csum_scan_present_sectors(const struct csum_volume *volume)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t cluster_bytes = (uint64_t)geometry->interleave *
				 (geometry->external ? 2 : geometry->sectors_per_group + 2) * geometry->sector_size;
	uint64_t bytes = volume->metadata->size_bytes;
	uint64_t clusters;

	if (bytes <= CSUM_CLUSTERS_OFFSET)
		return 0;
	clusters = (bytes - CSUM_CLUSTERS_OFFSET + cluster_bytes - 1) / cluster_bytes;
	if (clusters >= geometry->clusters)
		return geometry->data_sectors;
	return csum_min_u64(clusters * geometry->interleave * geometry->sectors_per_group, geometry->data_sectors);
}

/* ------------------------------------------------------------------ memory */

static void batch_free(struct csum_scan_batch *batch)
{
	csum_groups_free(&batch->span);
	free(batch->verdict);
	free(batch->entry);
	free(batch->data);
}

/* The most sectors that a batch has. */
static size_t batch_sectors(const struct scan *scan)
{
	uint64_t most = scan->batch_groups * csum_volume_geometry(scan->volume)->sectors_per_group;

	return (size_t)csum_min_u64(most, scan->options->sector_count);
}

static int batch_init(const struct scan *scan, struct csum_scan_batch *batch)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	size_t sectors = batch_sectors(scan);
	int error = csum_groups_init(&batch->span, scan->volume, scan->batch_groups);

	if (error)
		return error;
	batch->verdict = calloc(sectors, sizeof(*batch->verdict));
	batch->entry = calloc(sectors, sizeof(*batch->entry));
	if (scan->options->keep_data)
		batch->data = csum_io_alloc(sectors * geometry->sector_size);
	if (!batch->verdict || !batch->entry || (scan->options->keep_data && !batch->data))
		return -ENOMEM;
	return 0;
}

static int allocate(struct scan *scan)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	/* A run ends at RUN_BYTES or at the end of a cluster, which is the end of a group. */
	size_t runs = (size_t)scan->batch_groups + batch_sectors(scan) / (RUN_BYTES / geometry->sector_size) + 1;
	uint64_t run_bytes;

	for (uint64_t i = 0; i < csum_min_u64(BATCHES, scan->batch_count); i++) {
		if (batch_init(scan, &scan->batches[i]))
			return -ENOMEM;
	}
	scan->runs = calloc(runs, sizeof(*scan->runs));
	if (!scan->runs)
		return -ENOMEM;
	if (scan->options->keep_data || scan->options->metadata_only)
		return 0;
	/* No run is longer than the whole range. */
	run_bytes = csum_min_u64(RUN_BYTES, scan->options->sector_count * geometry->sector_size);
	scan->buffer_count = (unsigned int)csum_min_u64(WIDTH, runs);
	scan->buffer_memory = csum_io_alloc((size_t)run_bytes * scan->buffer_count);
	if (!scan->buffer_memory)
		return -ENOMEM;
	for (unsigned int i = 0; i < scan->buffer_count; i++)
		scan->buffers[i] = scan->buffer_memory + i * run_bytes;
	return 0;
}

static void release(struct scan *scan)
{
	for (int i = 0; i < BATCHES; i++)
		batch_free(&scan->batches[i]);
	free(scan->runs);
	free(scan->buffer_memory);
	pthread_mutex_destroy(&scan->lock);
}

/* ------------------------------------------------------------------ work of the pool */

static uint8_t *take_buffer(struct scan *scan)
{
	uint8_t *buffer;

	pthread_mutex_lock(&scan->lock);
	buffer = scan->buffers[--scan->buffer_count];
	pthread_mutex_unlock(&scan->lock);
	return buffer;
}

static void return_buffer(struct scan *scan, uint8_t *buffer)
{
	pthread_mutex_lock(&scan->lock);
	scan->buffers[scan->buffer_count++] = buffer;
	pthread_mutex_unlock(&scan->lock);
}

static int verify_run(struct scan *scan, const struct run *run)
{
	const struct csum_scan_batch *batch = scan->verified;
	size_t at = (size_t)(run->first_sector - batch->first_sector);
	struct csum_verify verify = {
		.volume = scan->volume,
		.span = &batch->span,
		.need = batch->data ? CSUM_NEED_CONTENT : CSUM_NEED_VERDICT,
		.first_sector = run->first_sector,
		.sector_count = run->sector_count,
		.verdict = batch->verdict + at,
		.entry = batch->entry + at,
		.limit = scan->options->limit,
	};
	int error;

	if (batch->data)
		verify.data = batch->data + at * csum_volume_geometry(scan->volume)->sector_size;
	else
		verify.data = take_buffer(scan);
	error = csum_verify_run(&verify);
	if (!batch->data)
		return_buffer(scan, verify.data);
	return error;
}

static void work(void *argument, size_t index)
{
	struct scan *scan = argument;
	int error;

	if (atomic_load(&scan->error))
		return;
	if (index < scan->run_count)
		error = verify_run(scan, &scan->runs[index]);
	else
		error = csum_groups_load_piece(scan->volume, &scan->loaded->span, index - scan->run_count);
	if (error) {
		/* Pieces of metadata are read from the metadata device, data from the data device. */
		atomic_store(&scan->failed, index < scan->run_count ? scan->volume->data : scan->volume->metadata);
		atomic_store(&scan->error, error);
	}
}

/* ------------------------------------------------------------------ the walk */

static void plan_runs(struct scan *scan, const struct csum_scan_batch *batch)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	uint64_t most = RUN_BYTES / geometry->sector_size;
	uint64_t end = batch->first_sector + batch->sector_count;
	uint64_t group, stop;

	scan->run_count = 0;
	for (uint64_t sector = batch->first_sector; sector < end;) {
		group = csum_layout_group_of(geometry, sector);
		stop = csum_layout_first_sector(geometry, group + csum_layout_contiguous_groups(geometry, group,
												scan->batch_groups));
		stop = csum_min_u64(csum_min_u64(stop, end), sector + most);
		scan->runs[scan->run_count++] = (struct run){ sector, (uint32_t)(stop - sector) };
		sector = stop;
	}
}

/* Gives the batch its part of the range; false when none is left. */
static bool plan_batch(struct scan *scan, struct csum_scan_batch *batch)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	uint64_t first = scan->next_sector;
	uint64_t group = csum_layout_group_of(geometry, first);
	uint64_t end = csum_layout_first_sector(geometry, group + scan->batch_groups);

	if (first >= scan->end_sector)
		return false;
	end = csum_min_u64(end, scan->end_sector);
	batch->first_sector = first;
	batch->sector_count = end - first;
	csum_groups_place(&batch->span, group, csum_layout_group_of(geometry, end - 1) - group + 1);
	scan->next_sector = end;
	return true;
}

static void start_job(struct scan *scan, struct csum_scan_batch *verified, struct csum_scan_batch *loaded)
{
	size_t count;

	scan->verified = verified;
	scan->loaded = loaded;
	scan->run_count = 0;
	if (verified && !scan->options->metadata_only)
		plan_runs(scan, verified);
	count = scan->run_count + (loaded ? csum_groups_pieces(scan->volume, &loaded->span) : 0);
	csum_io_background_start(scan->volume->io, WIDTH, count, work, scan);
}

/* A sector that cannot be read is a finding, but not when the whole device is gone. */
static int check_devices(struct scan *scan)
{
	struct csum_device *const devices[] = { scan->volume->data, scan->volume->metadata };
	int error = atomic_load(&scan->error);

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]) && !error; i++) {
		error = csum_io_still_there(devices[i]);
		atomic_store(&scan->failed, devices[i]);
	}
	return error;
}

static int end_job(struct scan *scan)
{
	const struct csum_device *failed;
	int error;

	csum_io_background_wait(scan->volume->io);
	error = check_devices(scan);
	failed = atomic_load(&scan->failed);
	if (error)
		return csum_io_report(&scan->volume->handlers, error, failed->name,
				      "reading around data sector %" PRIu64,
				      scan->verified ? scan->verified->first_sector : scan->options->first_sector);
	if (csum_report_cancelled(&scan->volume->handlers))
		return -ECANCELED;
	return scan->verified ? csum_scan_again(scan->volume, scan->options, scan->verified) : 0;
}

/* Also called when the scan is cancelled: work that visit has prepared must not be lost. */
static int idle(struct scan *scan, struct csum_scan_batch *batch, int error)
{
	int idle_error = 0;

	if (scan->options->idle && (!error || error == -ECANCELED))
		idle_error = scan->options->idle(scan->options->user, batch);
	return idle_error ? idle_error : error;
}

static int walk(struct scan *scan)
{
	struct csum_scan_batch *visited = NULL, *verified = NULL, *loaded = NULL;
	int visit_error = 0, error = 0;

	for (unsigned int turn = 0; !error && !visit_error; turn++) {
		visited = verified;
		verified = loaded;
		loaded = &scan->batches[turn % BATCHES];
		if (!plan_batch(scan, loaded))
			loaded = NULL;
		if (!visited && !verified && !loaded)
			break;
		start_job(scan, verified, loaded);
		if (visited)
			visit_error = scan->options->visit(scan->options->user, visited);
		error = end_job(scan);
		if (visited && !visit_error)
			error = idle(scan, visited, error);
	}
	return visit_error ? visit_error : error;
}

int csum_scan(struct csum_volume *volume, const struct csum_scan_options *options)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t group_bytes = (uint64_t)geometry->sectors_per_group * geometry->sector_size;
	uint64_t most = options->keep_data ? KEPT_BATCH_BYTES : BATCH_BYTES;
	uint64_t groups;
	uint64_t range_groups;
	struct scan scan = {
		.volume = volume,
		.options = options,
		.next_sector = options->first_sector,
		.end_sector = options->first_sector + options->sector_count,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	int error;

	if (options->sector_count == 0)
		return 0;
	if (options->batch_bytes)
		most = csum_min_u64(most, options->batch_bytes);
	groups = most > group_bytes ? most / group_bytes : 1;
	range_groups = csum_layout_group_of(geometry, scan.end_sector - 1) -
		       csum_layout_group_of(geometry, scan.next_sector) + 1;
	scan.batch_groups = csum_min_u64(groups, range_groups);
	scan.batch_count = (range_groups + scan.batch_groups - 1) / scan.batch_groups;
	error = allocate(&scan);
	if (error)
		csum_report_error(&volume->handlers, error, NULL, "preparing to read");
	else
		error = walk(&scan);
	release(&scan);
	return error;
}
