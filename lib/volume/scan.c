/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "volume/beside.h"
#include "volume/scan_again.h"

/* Data of one window: where data is kept it takes so much memory. Each window reads its metadata in one go. */
#define WINDOW_BYTES (UINT64_C(64) << 20)
#define KEPT_WINDOW_BYTES (UINT64_C(16) << 20)
/* Data read and verified in one go: fits a core's cache. */
#define RUN_BYTES (UINT64_C(512) << 10)
/* Readers at a time; each has a buffer of RUN_BYTES. */
#define WIDTH 4u
/* While the oldest window is visited, the others are read and verified. */
enum { WINDOWS = 3 };

struct run {
	uint64_t first_sector;
	uint32_t sector_count;
};

/* A part of the range, and how far it is: pieces of its metadata are loaded first, then runs of its data verified. */
struct window {
	struct csum_scan_batch batch;
	bool planned; /* it has a part of the range */
	struct run *runs;
	size_t run_count;
	size_t pieces_left, runs_left; /* not done yet */
};

/* Tasks of one kind of one window that no thread has taken yet. */
struct tasks {
	struct window *window;
	bool verifies; /* runs; else pieces of metadata */
	size_t next, end;
};

struct scan {
	struct csum_volume *volume;
	const struct csum_scan_options *options;
	struct window windows[WINDOWS];
	uint64_t window_groups;
	uint64_t window_count; /* of the whole range */
	uint64_t next_sector, end_sector;
	bool rolling; /* the pool's job is the scan's, and goes on with what is added to it */
	pthread_mutex_t lock;
	pthread_cond_t done; /* all tasks of a window are */
	struct tasks queue[WINDOWS]; /* taken from the front; a window has one kind at a time in it */
	size_t queue_count;
	uint8_t *buffer_memory; /* of all buffers */
	uint8_t *buffers[WIDTH]; /* free ones below buffer_count, without kept data */
	unsigned int buffer_count;
	atomic_int error; /* of a device that vanished: the tasks that are left are not done */
	_Atomic(const struct csum_device *) failed; /* that device */
	atomic_uint_fast64_t failed_sector; /* the first of the window in which it was read */
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

static void window_free(struct window *window)
{
	csum_groups_free(&window->batch.span);
	free(window->batch.verdict);
	free(window->batch.entry);
	free(window->batch.data);
	free(window->runs);
}

/* The most that a window has. */
static size_t window_sectors(const struct scan *scan)
{
	uint64_t most = scan->window_groups * csum_volume_geometry(scan->volume)->sectors_per_group;

	return (size_t)csum_min_u64(most, scan->options->sector_count);
}

/* A run ends at RUN_BYTES or at the end of a cluster, which is the end of a group. */
static size_t window_runs(const struct scan *scan)
{
	uint32_t sector_size = csum_volume_geometry(scan->volume)->sector_size;

	return (size_t)scan->window_groups + window_sectors(scan) / (RUN_BYTES / sector_size) + 1;
}

static int window_init(const struct scan *scan, struct window *window)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	struct csum_scan_batch *batch = &window->batch;
	size_t sectors = window_sectors(scan);
	int error = csum_groups_init(&batch->span, scan->volume, scan->window_groups);

	if (error)
		return error;
	window->runs = calloc(window_runs(scan), sizeof(*window->runs));
	batch->verdict = calloc(sectors, sizeof(*batch->verdict));
	batch->entry = calloc(sectors, sizeof(*batch->entry));
	if (scan->options->keep_data)
		batch->data = csum_io_alloc(sectors * geometry->sector_size);
	if (!window->runs || !batch->verdict || !batch->entry || (scan->options->keep_data && !batch->data))
		return -ENOMEM;
	return 0;
}

static int allocate(struct scan *scan)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	uint64_t run_bytes;

	for (uint64_t i = 0; i < csum_min_u64(WINDOWS, scan->window_count); i++) {
		if (window_init(scan, &scan->windows[i]))
			return -ENOMEM;
	}
	if (scan->options->keep_data || scan->options->metadata_only)
		return 0;
	/* No run is longer than the whole range. */
	run_bytes = csum_min_u64(RUN_BYTES, scan->options->sector_count * geometry->sector_size);
	scan->buffer_count = (unsigned int)csum_min_u64(WIDTH, WINDOWS * window_runs(scan));
	scan->buffer_memory = csum_io_alloc((size_t)run_bytes * scan->buffer_count);
	if (!scan->buffer_memory)
		return -ENOMEM;
	for (unsigned int i = 0; i < scan->buffer_count; i++)
		scan->buffers[i] = scan->buffer_memory + i * run_bytes;
	return 0;
}

static void release(struct scan *scan)
{
	for (int i = 0; i < WINDOWS; i++)
		window_free(&scan->windows[i]);
	free(scan->buffer_memory);
	pthread_cond_destroy(&scan->done);
	pthread_mutex_destroy(&scan->lock);
}

/* ------------------------------------------------------------------ plans */

static void plan_runs(const struct scan *scan, struct window *window)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	const struct csum_scan_batch *batch = &window->batch;
	uint64_t most = RUN_BYTES / geometry->sector_size;
	uint64_t end = batch->first_sector + batch->sector_count;
	uint64_t group, stop;

	window->run_count = 0;
	for (uint64_t sector = batch->first_sector; sector < end && !scan->options->metadata_only;) {
		group = csum_layout_group_of(geometry, sector);
		stop = csum_layout_first_sector(geometry, group + csum_layout_contiguous_groups(geometry, group,
												scan->window_groups));
		stop = csum_min_u64(csum_min_u64(stop, end), sector + most);
		window->runs[window->run_count++] = (struct run){ sector, (uint32_t)(stop - sector) };
		sector = stop;
	}
}

/* Gives the window the next part of the range, if any is left. */
static void plan_window(struct scan *scan, struct window *window)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scan->volume);
	struct csum_scan_batch *batch = &window->batch;
	uint64_t first = scan->next_sector;
	uint64_t group = csum_layout_group_of(geometry, first);
	uint64_t end = csum_min_u64(csum_layout_first_sector(geometry, group + scan->window_groups), scan->end_sector);

	window->planned = first < scan->end_sector;
	if (!window->planned)
		return;
	batch->first_sector = first;
	batch->sector_count = end - first;
	csum_groups_place(&batch->span, group, csum_layout_group_of(geometry, end - 1) - group + 1);
	scan->next_sector = end;
	plan_runs(scan, window);
	window->pieces_left = csum_groups_pieces(scan->volume, &batch->span);
	window->runs_left = window->run_count;
}

/* ------------------------------------------------------------------ work of the pool */

static void put_tasks(struct scan *scan, struct window *window, bool verifies, size_t count)
{
	scan->queue[scan->queue_count++] = (struct tasks){ window, verifies, 0, count };
}

/* Takes run `next`, or piece `next` of the metadata. The pool calls as often as there are tasks. */
static struct tasks take_task(struct scan *scan, uint8_t **buffer)
{
	struct tasks task;

	pthread_mutex_lock(&scan->lock);
	task = scan->queue[0];
	if (++scan->queue[0].next == scan->queue[0].end)
		memmove(scan->queue, scan->queue + 1, --scan->queue_count * sizeof(scan->queue[0]));
	if (task.verifies && !task.window->batch.data)
		*buffer = scan->buffers[--scan->buffer_count];
	pthread_mutex_unlock(&scan->lock);
	return task;
}

/* When all metadata of a window is loaded, its runs join the queue. */
static void end_task(struct scan *scan, const struct tasks *task, uint8_t *buffer)
{
	struct window *window = task->window;
	size_t added = 0;

	pthread_mutex_lock(&scan->lock);
	if (buffer)
		scan->buffers[scan->buffer_count++] = buffer;
	if (task->verifies) {
		window->runs_left--;
	} else if (--window->pieces_left == 0 && window->run_count > 0) {
		added = window->run_count;
		put_tasks(scan, window, true, added);
	}
	if (window->pieces_left == 0 && window->runs_left == 0)
		pthread_cond_signal(&scan->done);
	pthread_mutex_unlock(&scan->lock);
	if (added)
		csum_io_background_extend(scan->volume->io, added);
}

static int verify_run(const struct scan *scan, const struct window *window, const struct run *run, uint8_t *buffer)
{
	const struct csum_scan_batch *batch = &window->batch;
	size_t at = (size_t)(run->first_sector - batch->first_sector);
	const struct csum_verify verify = {
		.volume = scan->volume,
		.span = &batch->span,
		.need = batch->data ? CSUM_NEED_CONTENT : CSUM_NEED_VERDICT,
		.first_sector = run->first_sector,
		.sector_count = run->sector_count,
		.data = batch->data ? batch->data + at * csum_volume_geometry(scan->volume)->sector_size : buffer,
		.verdict = batch->verdict + at,
		.entry = batch->entry + at,
		.limit = scan->options->limit,
	};

	return csum_verify_run(&verify);
}

/* Pieces of metadata are read from one device, data from the other. */
static void note_error(struct scan *scan, const struct tasks *task, int error)
{
	atomic_store(&scan->failed, task->verifies ? scan->volume->data : scan->volume->metadata);
	atomic_store(&scan->failed_sector, task->window->batch.first_sector);
	atomic_store(&scan->error, error);
}

static void work(void *argument, size_t index)
{
	struct scan *scan = argument;
	uint8_t *buffer = NULL;
	struct tasks task = take_task(scan, &buffer);
	int error = 0;

	(void)index;
	if (!atomic_load(&scan->error)) {
		if (task.verifies)
			error = verify_run(scan, task.window, &task.window->runs[task.next], buffer);
		else
			error = csum_groups_load_piece(scan->volume, &task.window->batch.span, task.next);
	}
	if (error)
		note_error(scan, &task, error);
	end_task(scan, &task, buffer);
}

/* ------------------------------------------------------------------ the walk */

/* Plans the window and has its metadata loaded. */
static void begin_window(struct scan *scan, struct window *window)
{
	size_t pieces;

	plan_window(scan, window);
	if (!window->planned)
		return;
	pieces = window->pieces_left;
	pthread_mutex_lock(&scan->lock);
	put_tasks(scan, window, false, pieces);
	pthread_mutex_unlock(&scan->lock);
	if (scan->rolling)
		csum_io_background_extend(scan->volume->io, pieces);
	else
		csum_io_background_start(scan->volume->io, WIDTH, pieces, work, scan);
	scan->rolling = true;
}

/* Waits until all tasks are done, so that the pool may be used for something else. */
static void rest(struct scan *scan)
{
	csum_io_background_wait(scan->volume->io);
	scan->rolling = false;
}

/* Sectors that cannot be read are findings; but it is an error when the device is gone. */
static int check_devices(struct scan *scan, const struct window *window)
{
	struct csum_device *const devices[] = { scan->volume->data, scan->volume->metadata };
	int error = atomic_load(&scan->error);

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]) && !error; i++) {
		error = csum_io_still_there(devices[i]);
		if (!error)
			continue;
		atomic_store(&scan->failed, devices[i]);
		atomic_store(&scan->failed_sector, window->batch.first_sector);
	}
	if (!error)
		return 0;
	return csum_io_report(&scan->volume->handlers, error, atomic_load(&scan->failed)->name,
			      "reading around data sector %" PRIu64, (uint64_t)atomic_load(&scan->failed_sector));
}

/* Waits until the window is verified, and no group of it is doubtful any more. */
static int end_window(struct scan *scan, struct window *window)
{
	int error;

	pthread_mutex_lock(&scan->lock);
	while (window->pieces_left || window->runs_left)
		pthread_cond_wait(&scan->done, &scan->lock);
	pthread_mutex_unlock(&scan->lock);
	error = check_devices(scan, window);
	if (error)
		return error;
	if (csum_report_cancelled(&scan->volume->handlers))
		return -ECANCELED;
	if (!csum_beside_possible(scan->volume))
		return 0;
	rest(scan);
	return csum_scan_again(scan->volume, scan->options, &window->batch);
}

/* A cancellation does not come between visit and idle: what visit was called for must not be lost. */
static int visit_window(struct scan *scan, struct window *window)
{
	const struct csum_scan_options *options = scan->options;
	bool at_rest;
	int error = options->visit(options->user, &window->batch);

	if (error || !options->idle)
		return error;
	at_rest = options->needs_rest && options->needs_rest(options->user, &window->batch);
	if (at_rest) {
		rest(scan);
		error = check_devices(scan, window);
	}
	return error ? error : options->idle(options->user, &window->batch, at_rest);
}

static int walk(struct scan *scan)
{
	int error = 0;

	for (int i = 0; i < WINDOWS; i++)
		begin_window(scan, &scan->windows[i]);
	for (unsigned int turn = 0; !error; turn++) {
		struct window *window = &scan->windows[turn % WINDOWS];

		if (!window->planned)
			break;
		error = end_window(scan, window);
		if (!error)
			error = visit_window(scan, window);
		if (!error)
			begin_window(scan, window);
	}
	rest(scan);
	return error;
}

int csum_scan(struct csum_volume *volume, const struct csum_scan_options *options)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t group_bytes = (uint64_t)geometry->sectors_per_group * geometry->sector_size;
	uint64_t most = options->keep_data ? KEPT_WINDOW_BYTES : WINDOW_BYTES;
	uint64_t groups;
	uint64_t range_groups;
	struct scan scan = {
		.volume = volume,
		.options = options,
		.next_sector = options->first_sector,
		.end_sector = options->first_sector + options->sector_count,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};
	int error;

	if (options->sector_count == 0)
		return 0;
	if (options->batch_bytes)
		most = csum_min_u64(most, options->batch_bytes);
	groups = most > group_bytes ? most / group_bytes : 1;
	range_groups = csum_layout_group_of(geometry, scan.end_sector - 1) -
		       csum_layout_group_of(geometry, scan.next_sector) + 1;
	scan.window_groups = csum_min_u64(groups, range_groups);
	scan.window_count = (range_groups + scan.window_groups - 1) / scan.window_groups;
	error = allocate(&scan);
	if (error)
		csum_report_error(&volume->handlers, error, NULL, "preparing to read");
	else
		error = walk(&scan);
	release(&scan);
	return error;
}
