/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_read(): hands out verified bytes in order. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/report.h"
#include "base/version.h"
#include "base/util.h"
#include "findings/finder.h"
#include "ondisk/layout.h"
#include "volume/scan.h"

struct reader {
	const struct csum_read_options *options;
	struct csum_finder finder;
	uint32_t sector_size;
	uint64_t begin, end; /* bytes of data space */
	uint64_t cursor; /* end of the bytes that the sink has taken */
	bool stopped; /* at a bad sector */
	bool bad; /* a bad sector was found */
};

/* Hands out sectors [i, stop) of the batch, cut to the range asked for. */
static int hand_out(struct reader *reader, const struct csum_scan_batch *batch, uint64_t i, uint64_t stop, bool is_zero)
{
	uint64_t start = batch->first_sector * reader->sector_size;
	uint64_t end = csum_min_u64((batch->first_sector + stop) * reader->sector_size, reader->end);
	uint64_t begin = (batch->first_sector + i) * reader->sector_size;
	int error;

	if (begin < reader->begin)
		begin = reader->begin;
	if (begin >= end)
		return 0;
	error = reader->options->sink(reader->options->user, batch->data + (begin - start), (size_t)(end - begin),
				      begin, is_zero);
	if (!error)
		reader->cursor = end;
	return error;
}

/* Returns the first sector after i that is to be handed out differently from sector i. */
static uint64_t run_end(const struct csum_scan_batch *batch, uint64_t i)
{
	uint64_t stop = i + csum_scan_alike(batch, i);

	while (stop < batch->sector_count &&
	       csum_verdict_is_bad(batch->verdict[stop]) == csum_verdict_is_bad(batch->verdict[i]) &&
	       (batch->verdict[stop] == CSUM_VERDICT_UNWRITTEN) == (batch->verdict[i] == CSUM_VERDICT_UNWRITTEN))
		stop += csum_scan_alike(batch, stop);
	return stop;
}

static int visit_bad(struct reader *reader, const struct csum_scan_batch *batch, uint64_t i, uint64_t stop)
{
	reader->bad = true;
	if (reader->options->on_error == CSUM_ON_ERROR_STOP) {
		csum_finder_sector(&reader->finder, batch, i);
		reader->stopped = true;
		return -EBADMSG;
	}
	for (uint64_t bad = i; bad < stop; bad++)
		csum_finder_sector(&reader->finder, batch, bad);
	if (reader->options->on_error == CSUM_ON_ERROR_ZERO)
		memset(batch->data + i * reader->sector_size, 0, (size_t)(stop - i) * reader->sector_size);
	return hand_out(reader, batch, i, stop, false);
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct reader *reader = user;
	int error = 0;

	for (uint64_t i = 0, stop; i < batch->sector_count && !error; i = stop) {
		stop = run_end(batch, i);
		if (csum_verdict_is_bad(batch->verdict[i]))
			error = visit_bad(reader, batch, i, stop);
		else
			error = hand_out(reader, batch, i, stop, batch->verdict[i] == CSUM_VERDICT_UNWRITTEN);
	}
	return error;
}

static int read_range(struct csum_volume *volume, struct reader *reader)
{
	uint64_t first = reader->begin / reader->sector_size;
	uint64_t end = (reader->end + reader->sector_size - 1) / reader->sector_size;
	uint64_t scan_end = csum_min_u64(end, csum_scan_present_sectors(volume));
	const struct csum_scan_options scan = {
		.first_sector = first,
		.sector_count = scan_end > first ? scan_end - first : 0,
		.keep_data = true,
		.visit = visit,
		.user = reader,
	};
	int error = csum_scan(volume, &scan);

	/* Nothing can be handed out of sectors behind the end of the device. */
	if (!error && scan_end < end) {
		uint64_t missing = first > scan_end ? first : scan_end;

		csum_finder_missing(&reader->finder, missing, end - missing);
		reader->bad = true;
	}
	csum_finder_flush(&reader->finder);
	return error;
}

static int check_options(const struct csum_handlers *handlers, const struct csum_read_options *options)
{
	int error = csum_version_knows(handlers, options->reserved);

	return error ? error :
		       csum_version_knows_value(handlers, "reading", "on_error", options->on_error, CSUM_ON_ERROR_RAW);
}

int csum_read(struct csum_volume *volume, const struct csum_read_options *options, uint64_t *done_bytes)
{
	struct csum_totals totals = { 0 };
	struct reader reader = {
		.options = options,
		.finder = {
			.volume = volume,
			.report = options->finding,
			.user = options->user,
			.totals = &totals,
		},
		.sector_size = csum_volume_geometry(volume)->sector_size,
		.begin = options->offset_bytes,
		.cursor = options->offset_bytes,
	};
	uint64_t length_bytes = options->length_bytes;
	int error = check_options(&volume->handlers, options);

	*done_bytes = 0;
	if (!error)
		error = csum_volume_may_read(volume);
	if (!error)
		error = csum_volume_check_range(volume, options->offset_bytes, &length_bytes);
	if (error)
		return error;
	reader.end = reader.begin + length_bytes;
	if (length_bytes)
		error = read_range(volume, &reader);
	*done_bytes = reader.cursor - reader.begin;
	if (error && reader.stopped)
		return csum_report_refusal(&volume->handlers, error, volume->data->name,
					   "reading stopped at a bad sector, after %" PRIu64 " of %" PRIu64 " bytes",
					   *done_bytes, length_bytes);
	if (!error && reader.bad)
		return csum_report_refusal(&volume->handlers, -EBADMSG, volume->data->name,
					   "bad sectors were handed out %s",
					   options->on_error == CSUM_ON_ERROR_ZERO ? "as zeros" : "as they are stored");
	return error;
}
