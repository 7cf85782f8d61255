/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/scan_again.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"
#include "volume/beside.h"

/* Groups read at a time; each has a buffer, where the scan keeps no data. */
#define WIDTH 8u
#define SECTORS_MAX ((4096u - CSUM_IMD_HEADER_SIZE) / sizeof(le64))

struct again {
	struct csum_volume *volume;
	const struct csum_scan_options *options;
	struct csum_scan_batch *batch;
	bool beside; /* a scrub is at work, or was just now */
	uint64_t *groups; /* those to be read again, as indexes of the span */
	size_t count;
	atomic_int error;
	_Atomic(const struct csum_device *) failed; /* the device of the error; NULL: none */
};

/* Sectors [*begin, *end) of the batch are those of the group. */
static void find_sectors(const struct again *again, uint64_t number, uint64_t *begin, uint64_t *end)
{
	const struct csum_geometry *geometry = csum_volume_geometry(again->volume);
	const struct csum_scan_batch *batch = again->batch;
	uint64_t first = csum_layout_first_sector(geometry, number);
	uint64_t stop = first + csum_layout_group_sectors(geometry, number);

	*begin = first > batch->first_sector ? first - batch->first_sector : 0;
	*end = csum_min_u64(stop - batch->first_sector, batch->sector_count);
}

/* ------------------------------------------------------------------ sectors to be read again */

/*
 * A sector that the device cannot read is not among these: it will not change, and each attempt may take seconds. A
 * sector that was right when read again may have been repaired between the two readings. A sector that was left unread,
 * as there were too many bad ones before it, may be read when there are fewer.
 */
static bool is_doubtful(const struct again *again, enum csum_verdict verdict)
{
	return verdict == CSUM_VERDICT_MISMATCH || verdict == CSUM_VERDICT_ZEROED || verdict == CSUM_VERDICT_STALE ||
	       (verdict == CSUM_VERDICT_TRANSIENT && again->beside) ||
	       (verdict == CSUM_VERDICT_NOT_READ && again->options->limit);
}

static bool is_group_doubtful(const struct again *again, uint64_t number)
{
	const struct csum_group *group = csum_groups_group(&again->batch->span, number);
	bool doubtful = !csum_group_hidden(group) &&
			!csum_group_sound(group, csum_volume_geometry(again->volume)->sector_size);
	uint64_t begin, end;

	if (again->options->metadata_only)
		return doubtful;
	find_sectors(again, number, &begin, &end);
	for (uint64_t i = begin; i < end && !doubtful; i++)
		doubtful = is_doubtful(again, again->batch->verdict[i]);
	return doubtful;
}

static void find_groups(struct again *again)
{
	const struct csum_groups *span = &again->batch->span;

	again->count = 0;
	for (uint64_t i = 0; i < span->group_count; i++) {
		if (is_group_doubtful(again, span->first_group + i))
			again->groups[again->count++] = i;
	}
}

/* ------------------------------------------------------------------ reading it */

/* The bad ones among these sectors are taken off the count: they will be counted anew. */
static void forget(const struct again *again, uint64_t begin, uint64_t end, csum_verdict8 *before)
{
	struct csum_verify_limit *limit = again->options->limit;

	memcpy(before, again->batch->verdict + begin, (size_t)(end - begin));
	for (uint64_t i = 0; i < end - begin && limit; i++) {
		if (csum_verdict_is_bad(before[i]))
			atomic_fetch_sub(&limit->found, 1);
	}
}

/* With no scrub to repair it, a sector that took two reads keeps that verdict. */
static void remember(const struct again *again, uint64_t begin, uint64_t end, const csum_verdict8 *before)
{
	for (uint64_t i = begin; i < end; i++) {
		csum_verdict8 *verdict = &again->batch->verdict[i];

		if (before[i - begin] == CSUM_VERDICT_TRANSIENT && *verdict == CSUM_VERDICT_GOOD)
			*verdict = CSUM_VERDICT_TRANSIENT;
	}
}

static int verify_sectors(const struct again *again, uint64_t begin, uint64_t end, uint8_t *buffer)
{
	struct csum_scan_batch *batch = again->batch;
	uint32_t sector_size = csum_volume_geometry(again->volume)->sector_size;
	const struct csum_verify run = {
		.volume = again->volume,
		.span = &batch->span,
		.need = batch->data ? CSUM_NEED_CONTENT : CSUM_NEED_VERDICT,
		.first_sector = batch->first_sector + begin,
		.sector_count = (uint32_t)(end - begin),
		.data = batch->data ? batch->data + begin * sector_size : buffer,
		.verdict = batch->verdict + begin,
		.entry = batch->entry + begin,
		.limit = again->options->limit,
	};
	csum_verdict8 before[SECTORS_MAX];
	int error;

	forget(again, begin, end, before);
	error = csum_verify_run(&run);
	if (!error && !again->beside)
		remember(again, begin, end, before);
	return error;
}

static int read_sectors(const struct again *again, uint64_t number)
{
	uint32_t sector_size = csum_volume_geometry(again->volume)->sector_size;
	uint64_t begin, end;
	uint8_t *buffer = NULL;
	int error;

	find_sectors(again, number, &begin, &end);
	if (!again->batch->data) {
		buffer = csum_io_alloc((size_t)(end - begin) * sector_size);
		if (!buffer)
			return -ENOMEM;
	}
	error = verify_sectors(again, begin, end, buffer);
	free(buffer);
	return error;
}

static void work(void *argument, size_t index)
{
	struct again *again = argument;
	struct csum_groups *span = &again->batch->span;
	uint64_t number = span->first_group + again->groups[index];
	const struct csum_device *device = again->volume->metadata;
	int error = csum_groups_load_group(again->volume, span, number);

	if (!error && !again->options->metadata_only) {
		device = again->volume->data;
		error = read_sectors(again, number);
	}
	if (!error)
		return;
	atomic_store(&again->failed, device);
	atomic_store(&again->error, error);
}

static int report(struct again *again)
{
	const struct csum_device *failed = atomic_load(&again->failed);
	int error = atomic_load(&again->error);

	if (!error)
		return 0;
	return csum_io_report(&again->volume->handlers, error, failed->name, "reading around data sector %" PRIu64,
			      again->batch->first_sector);
}

int csum_scan_again(struct csum_volume *volume, const struct csum_scan_options *options, struct csum_scan_batch *batch)
{
	struct again again = { .volume = volume, .options = options, .batch = batch };
	unsigned int attempt = 0;
	int error = 0;

	if (!csum_beside_possible(volume))
		return 0;
	again.beside = volume->at_work != CSUM_NOBODY_AT_WORK;
	again.groups = calloc((size_t)batch->span.group_count, sizeof(*again.groups));
	if (!again.groups)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "reading again");
	for (find_groups(&again); again.count && !error && csum_beside_again(volume, &attempt); find_groups(&again)) {
		csum_io_parallel(volume->io, WIDTH, again.count, work, &again);
		error = report(&again);
	}
	free(again.groups);
	return error;
}
