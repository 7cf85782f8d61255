/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_write() and csum_discard() cut ranges of bytes into batches of whole sectors for the pipeline. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/version.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "update/pipeline.h"
#include "volume/scan.h"
#include "volume/sector.h"

struct writer {
	struct csum_volume *volume;
	const struct csum_source *source; /* NULL: discard */
	uint64_t begin, end; /* bytes of data space */
	bool length_known; /* false: `end` is the end of the data space */
	uint64_t cursor; /* end of the bytes that are in batches so far */
	bool source_ended;
	uint8_t *old_sector; /* content of a sector that is replaced in part */
};

static uint32_t sector_size(const struct writer *writer)
{
	return csum_volume_geometry(writer->volume)->sector_size;
}

/* ------------------------------------------------------------------ sectors changed in part */

/* Reads the sector into writer->old_sector. -EBADMSG when it is bad: nothing may be mixed into it. */
static int fetch_sector(struct writer *writer, const struct csum_groups *span, uint64_t sector, bool *unwritten)
{
	struct csum_volume *volume = writer->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	struct csum_sector found;
	int error = csum_sector_verify(volume, span, CSUM_NEED_CONTENT, sector, writer->old_sector, &found);

	*unwritten = found.verdict == CSUM_VERDICT_UNWRITTEN;
	if (error)
		return csum_sector_report(volume, sector, error, &found);
	if (found.verdict == CSUM_VERDICT_LOST)
		return csum_images_refuse_lost(volume, csum_layout_group_of(geometry, sector));
	if (csum_verdict_is_bad(found.verdict))
		return csum_report_refusal_reason(&volume->handlers, -EBADMSG, CSUM_REASON_BAD_IN_PART,
						  volume->data->name,
						  "data sector %" PRIu64 " (device offset %" PRIu64
						  ") is bad and would be changed in part only",
						  sector, csum_layout_data_offset(geometry, sector));
	return 0;
}

static bool sector_in_part(const struct writer *writer, uint64_t sector)
{
	uint64_t start = sector * sector_size(writer);

	return start < writer->begin || start + sector_size(writer) > writer->cursor;
}

/* Completes a sector that is changed in part with the old bytes around the new ones. */
static int complete_sector(struct writer *writer, struct csum_batch *batch, uint64_t i, const struct csum_groups *span)
{
	uint32_t size = sector_size(writer);
	uint64_t start = (batch->first_sector + i) * size;
	uint64_t begin = writer->begin > start ? writer->begin - start : 0;
	uint64_t end = csum_min_u64(writer->cursor - start, size);
	uint8_t *data = batch->data + i * size;
	bool unwritten;
	int error = fetch_sector(writer, span, batch->first_sector + i, &unwritten);

	if (error)
		return error;
	if (!writer->source) {
		memset(data, 0, size);
		batch->action[i] = unwritten ? CSUM_ACTION_KEEP : CSUM_ACTION_WRITE;
	}
	memcpy(data, writer->old_sector, begin);
	memcpy(data + end, writer->old_sector + end, size - end);
	return 0;
}

/* The csum_complete_fn: completes the first and the last sector of the whole write, which may be changed in part. */
static int complete_batch(void *user, struct csum_batch *batch, const struct csum_groups *span)
{
	struct writer *writer = user;
	uint64_t last = batch->sector_count - 1;
	int error = 0;

	if (sector_in_part(writer, batch->first_sector)) {
		error = complete_sector(writer, batch, 0, span);
		if (error)
			batch->sector_count = 0;
	}
	if (!error && last > 0 && sector_in_part(writer, batch->first_sector + last)) {
		error = complete_sector(writer, batch, last, span);
		if (error)
			batch->sector_count = last;
	}
	return error;
}

static bool covers_group(const struct writer *writer, uint64_t group)
{
	uint32_t size = sector_size(writer);

	return csum_layout_covers_group(csum_volume_geometry(writer->volume), (writer->begin + size - 1) / size,
					writer->end / size, group);
}

/*
 * Refuses when the sector that holds this byte position, an end of the write, is to be changed in part but cannot be.
 */
static int probe_end(struct writer *writer, const struct csum_groups *span, uint64_t position)
{
	bool unwritten;

	if (position % sector_size(writer) == 0)
		return 0;
	return fetch_sector(writer, span, position / sector_size(writer), &unwritten);
}

/* Probes one end of the write: its group must not be lost, nor its sector bad, unless that is replaced as a whole. */
static int probe_group(struct writer *writer, struct csum_groups *span, uint64_t position, uint64_t inside)
{
	uint64_t group = csum_layout_group_of(csum_volume_geometry(writer->volume), inside / sector_size(writer));
	int error = csum_groups_load(writer->volume, span, group, 1);

	if (error)
		return error;
	if (span->groups[0].newer < 0 && !covers_group(writer, group))
		return csum_images_refuse_lost(writer->volume, group);
	return probe_end(writer, span, position);
}

/* Probes both ends, so that a write is refused before anything is written, if it can be known then. */
static int probe(struct writer *writer)
{
	struct csum_groups span;
	int error = csum_groups_init(&span, writer->volume, 1);

	if (!error && (writer->length_known || writer->begin % sector_size(writer)))
		error = probe_group(writer, &span, writer->begin, writer->begin);
	if (!error && writer->length_known)
		error = probe_group(writer, &span, writer->end, writer->end - 1);
	csum_groups_free(&span);
	return error;
}

/* ------------------------------------------------------------------ filling batches */

static int fill_bytes(struct writer *writer, uint8_t *buffer, uint64_t wanted)
{
	uint64_t done = 0;

	while (done < wanted && !writer->source_ended) {
		int64_t got = writer->source->fill(writer->source->user, buffer + done, (size_t)(wanted - done));

		if (csum_report_cancelled(&writer->volume->handlers))
			return -ECANCELED;
		if (got < 0 && got != -EINTR)
			return (int)got;
		if (got == 0)
			writer->source_ended = true;
		if (got > 0)
			done += (uint64_t)got;
	}
	writer->cursor += done;
	return 0;
}

static int fill_batch(struct writer *writer, struct csum_batch *batch, uint64_t most_sectors)
{
	uint32_t size = sector_size(writer);
	uint64_t start = batch->first_sector * size;
	uint64_t wanted = csum_min_u64(start + most_sectors * size, writer->end) - writer->cursor;
	int error = 0;

	if (csum_report_cancelled(&writer->volume->handlers))
		return -ECANCELED;
	if (writer->source)
		error = fill_bytes(writer, batch->data + (writer->cursor - start), wanted);
	else
		writer->cursor += wanted;
	if (error)
		return error;
	batch->sector_count = (writer->cursor - start + size - 1) / size;
	memset(batch->action, writer->source ? CSUM_ACTION_WRITE : CSUM_ACTION_DISCARD, batch->sector_count);
	return 0;
}

/* Refuses a source of unknown length that goes on where the data space has ended. */
static int refuse_rest(struct writer *writer)
{
	uint8_t byte;
	int64_t got;

	if (!writer->source || writer->length_known || writer->source_ended || writer->cursor < writer->end)
		return 0;
	do {
		got = writer->source->fill(writer->source->user, &byte, 1);
		if (csum_report_cancelled(&writer->volume->handlers))
			return -ECANCELED;
	} while (got == -EINTR);
	if (got <= 0)
		return (int)got;
	return csum_report_refusal(&writer->volume->handlers, -ENOSPC, writer->volume->data->name,
				   "the data space ends at %" PRIu64 " bytes, but the input goes on", writer->end);
}

static int feed(struct writer *writer, struct csum_pipeline *pipeline)
{
	int error = 0;

	while (!error && writer->cursor < writer->end && !writer->source_ended) {
		uint64_t before = writer->cursor, most_sectors;
		struct csum_batch *batch =
			csum_pipeline_next(pipeline, writer->cursor / sector_size(writer), &most_sectors);

		error = fill_batch(writer, batch, most_sectors);
		if (!error && writer->cursor > before)
			error = csum_pipeline_submit(pipeline, batch);
	}
	if (!error && writer->length_known && writer->cursor < writer->end)
		return csum_report_refusal(&writer->volume->handlers, -ENODATA, writer->volume->data->name,
					   "the input ended after %" PRIu64 " of %" PRIu64 " bytes",
					   writer->cursor - writer->begin, writer->end - writer->begin);
	return error ? error : refuse_rest(writer);
}

static int run_pipeline(struct writer *writer, uint64_t *done_bytes)
{
	const struct csum_geometry *geometry = csum_volume_geometry(writer->volume);
	uint64_t durable, last_sector = (writer->end - 1) / geometry->sector_size;
	struct csum_pipeline *pipeline;
	int finish_error;
	int error = csum_pipeline_create(writer->volume,
					 csum_layout_group_of(geometry, writer->begin / geometry->sector_size),
					 csum_layout_group_of(geometry, last_sector) + 1, complete_batch, writer,
					 &pipeline);

	if (error)
		return error;
	error = feed(writer, pipeline);
	finish_error = csum_pipeline_finish(pipeline);
	durable = csum_min_u64(csum_pipeline_durable(pipeline) * geometry->sector_size, writer->cursor);
	*done_bytes = durable > writer->begin ? durable - writer->begin : 0;
	csum_pipeline_free(pipeline);
	return finish_error ? finish_error : error;
}

static int write_range(struct writer *writer, uint64_t *done_bytes)
{
	int error = 0;

	*done_bytes = 0;
	writer->cursor = writer->begin;
	if (writer->begin == writer->end)
		return refuse_rest(writer);
	writer->old_sector = csum_io_alloc(sector_size(writer));
	if (!writer->old_sector)
		return csum_report_error(&writer->volume->handlers, -ENOMEM, NULL, "preparing to write");
	error = probe(writer);
	if (!error)
		error = run_pipeline(writer, done_bytes);
	free(writer->old_sector);
	return error;
}

/* ------------------------------------------------------------------ public */

struct tally {
	uint32_t sector_size;
	uint64_t errors; /* sectors that are bad, and groups whose copies are not as they should be */
};

static int count_errors(void *user, const struct csum_scan_batch *batch)
{
	struct tally *tally = user;

	/* The sectors of a lost group are one error. */
	for (uint64_t i = 0; i < batch->sector_count; i++)
		tally->errors += csum_verdict_is_bad(batch->verdict[i]) && batch->verdict[i] != CSUM_VERDICT_LOST;
	for (uint64_t i = 0; i < batch->span.group_count; i++)
		tally->errors += !csum_group_sound(&batch->span.groups[i], tally->sector_size);
	return 0;
}

static int verify_written(struct csum_volume *volume, uint64_t offset_bytes, uint64_t length_bytes)
{
	struct tally tally = { .sector_size = csum_volume_geometry(volume)->sector_size };
	uint64_t first_sector = offset_bytes / tally.sector_size;
	const struct csum_scan_options scan = {
		.first_sector = first_sector,
		.sector_count = (offset_bytes + length_bytes - 1) / tally.sector_size + 1 - first_sector,
		.visit = count_errors,
		.user = &tally,
	};
	int error = csum_io_flush_all(volume->io);

	if (!error)
		error = csum_scan(volume, &scan);
	if (!error && tally.errors)
		error = csum_report_refusal_reason(&volume->handlers, -EBADMSG, CSUM_REASON_WRITTEN_BAD,
						   volume->data->name,
						   "what was written does not verify: %" PRIu64 " error%s",
						   tally.errors, tally.errors == 1 ? "" : "s");
	return error;
}

int csum_write(struct csum_volume *volume, const struct csum_write_options *options, uint64_t *done_bytes)
{
	struct writer writer = {
		.volume = volume,
		.source = &options->source,
		.begin = options->offset_bytes,
		.length_known = options->length_bytes != CSUM_TO_END,
	};
	uint64_t length_bytes = options->length_bytes;
	int error = csum_volume_may_write(volume);

	*done_bytes = 0;
	if (!error)
		error = csum_version_knows(&volume->handlers, options->reserved);
	if (!error)
		error = csum_volume_check_range(volume, options->offset_bytes, &length_bytes);
	if (error)
		return error;
	writer.end = writer.begin + length_bytes;
	error = write_range(&writer, done_bytes);
	if (!error && options->verify && *done_bytes)
		error = verify_written(volume, writer.begin, *done_bytes);
	return error;
}

int csum_discard(struct csum_volume *volume, uint64_t offset_bytes, uint64_t length_bytes, uint64_t *done_bytes)
{
	struct writer writer = { .volume = volume, .begin = offset_bytes, .length_known = true };
	int error = csum_volume_may_write(volume);

	*done_bytes = 0;
	if (!error)
		error = csum_volume_check_range(volume, offset_bytes, &length_bytes);
	if (error)
		return error;
	writer.end = offset_bytes + length_bytes;
	return write_range(&writer, done_bytes);
}
