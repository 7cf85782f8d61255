/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * csum_undo(): data sectors get back the content that a scrub overwrote. Entries do not change, so a plain write and a
 * flush are enough: at any crash a sector holds the one content or the other, and undoing again goes on, since the
 * volume names the file until all of it is durable. Imd sectors and superblocks are not put back: those that the scrub
 * replaced were invalid or did not govern, and later writes rely on the new ones. (protocol.md: Undo)
 */
#include "undo/undo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/report.h"
#include "base/version.h"
#include "base/util.h"
#include "guard/guard.h"
#include "ondisk/layout.h"
#include "update/super.h"
#include "volume/sector.h"

/* Sectors written in one round. */
enum { ROUND = 128 };

struct undo {
	struct csum_volume *volume;
	const struct csum_undo_options *options;
	struct csum_undo_result *result;
	struct csum_undo_reader file;
	uint32_t sector_size;
	bool named; /* the volume has the id of the file */
	bool again; /* a sector may be put back another time: the volume goes on naming the file */
	struct csum_groups span; /* of one group */
	struct csum_io_list list;
	uint8_t *data; /* ROUND sectors to be written */
	uint64_t sectors[ROUND];
	size_t count;
	uint8_t *present; /* what a sector holds */
};

/* ------------------------------------------------------------------ whether it is the file to be undone */

static int refuse(const struct undo *undo, enum csum_reason reason, const char *why)
{
	return csum_report_refusal_reason(&undo->volume->handlers, -EINVAL, reason, undo->file.path, "%s", why);
}

/* Another file is the newest one. It is to be undone first if this file is one of those before it. */
static int refuse_older(const struct undo *undo)
{
	const struct csum_volume *volume = undo->volume;
	bool in_chain = false;
	char *newest = NULL;
	int error;

	if (undo->options->directory)
		newest = csum_undo_directory_newest(volume, undo->options->directory, undo->file.head.id, &in_chain);
	if (newest)
		error = csum_report_refusal(&volume->handlers, -EINVAL, undo->file.path,
					    in_chain ? "not of the last scrub that is not undone: undo newest first, "
						       "which is %s" :
						       "undone already, or of a scrub of another copy of the volume: "
						       "of this one the newest that is not undone is %s",
					    newest);
	else
		error = refuse(undo, CSUM_REASON_NONE,
			       "not of the last scrub of this volume that is not undone: undo newest first");
	free(newest);
	return error;
}

/* The sectors cannot tell: on every sound copy of the volume they hold the content that the scrub wrote. */
static int check_belongs(struct undo *undo)
{
	const struct csum_volume *volume = undo->volume;
	const uint8_t *id = volume->superblock.record.undo_id;

	undo->named = undo->file.head.version == CSUM_UNDO_VERSION &&
		      memcmp(undo->file.head.id, id, CSUM_UNDO_ID_SIZE) == 0;
	if (undo->named || undo->options->force)
		return 0;
	if (undo->file.head.version != CSUM_UNDO_VERSION)
		return refuse(undo, CSUM_REASON_UNDO_VERSION_1,
			      "an undo file of version 1 does not say which scrub of which copy of the volume it "
			      "is from");
	if (csum_undo_is_void(volume))
		return refuse(undo, CSUM_REASON_UNDO_LAST_UNKNOWN,
			      "an older version has written the volume since, so it is not known whether this "
			      "is its last scrub");
	if (csum_is_zero(id, CSUM_UNDO_ID_SIZE))
		return refuse(undo, CSUM_REASON_NONE,
			      "undone already, or of a scrub of another copy of the volume: of this one there is "
			      "no scrub left to be undone");
	return refuse_older(undo);
}

/* ------------------------------------------------------------------ the file */

static int check_place(const struct undo *undo, const struct csum_undo_record *record)
{
	if (record->kind != CSUM_UNDO_DATA ||
	    (record->size == undo->sector_size && record->place < csum_volume_geometry(undo->volume)->data_sectors))
		return 0;
	return csum_report_refusal(&undo->volume->handlers, -EBADMSG, undo->file.path,
				   "a record names no data sector of this volume: nothing was written");
}

/* Checks the whole file before any of it is used. */
static int check_file(struct undo *undo)
{
	struct csum_undo_record record;
	bool found = true;
	int error = 0;

	while (!error && found) {
		error = csum_undo_reader_next(&undo->file, &record, &found);
		if (!error && found)
			error = check_place(undo, &record);
		if (!error && csum_report_cancelled(&undo->volume->handlers))
			error = -ECANCELED;
	}
	if (!error)
		error = csum_undo_reader_check_end(&undo->file);
	/* A file of version 1 does not say that it is complete. */
	undo->result->cut_short = undo->file.head.version == CSUM_UNDO_VERSION ? !undo->file.complete :
										 undo->file.at < undo->file.size_bytes;
	undo->result->records = undo->file.records;
	undo->result->metadata = undo->file.records - undo->file.sectors;
	csum_undo_reader_rewind(&undo->file);
	return error;
}

/* ------------------------------------------------------------------ sectors */

static void tell(struct undo *undo, uint64_t sector, const char *refused)
{
	if (refused)
		undo->result->refused++;
	else
		undo->result->restored++;
	if (undo->options->sector)
		undo->options->sector(undo->options->user, sector, refused);
}

static int write_round(struct undo *undo)
{
	int error = 0;

	if (undo->count && !undo->options->dry_run)
		error = csum_io_round(undo->volume->io, &undo->list, NULL, NULL);
	for (size_t i = 0; i < undo->count && !error; i++)
		tell(undo, undo->sectors[i], NULL);
	undo->list.count = 0;
	undo->count = 0;
	return error;
}

/* *why: why the sector must stay as it is, or NULL. *already: it holds the old bytes. Errors are reported. */
static int judge(struct undo *undo, const struct csum_undo_record *record, const char **why, bool *already)
{
	struct csum_volume *volume = undo->volume;
	bool was_unreadable = record->flags & CSUM_UNDO_UNREADABLE;
	struct csum_sector found;
	bool is_read;
	int error = csum_sector_load(volume, &undo->span, record->place, undo->present, &found);

	*why = NULL;
	*already = false;
	if (error)
		return csum_sector_report(volume, record->place, error, &found);
	is_read = found.verdict != CSUM_VERDICT_UNREADABLE && found.verdict != CSUM_VERDICT_MISSING;
	undo->again |= !is_read;
	if (!found.has_entry || found.entry != record->new_entry)
		*why = "its entry has changed";
	else if (!is_read)
		*why = "it cannot be read";
	else if (!was_unreadable && memcmp(undo->present, record->old, undo->sector_size) == 0)
		*already = true;
	else if (csum_volume_entry(volume, undo->present) != record->new_entry ||
		 csum_checksum_crc32(0, undo->present, undo->sector_size) != record->new_crc)
		*why = "it no longer holds what the scrub wrote";
	else if (was_unreadable)
		*why = "what it held could not be read";
	return 0;
}

/* Whether the sector waits in the round: two writes of one round have no order. */
static bool is_waiting(const struct undo *undo, uint64_t sector)
{
	for (size_t i = 0; i < undo->count; i++) {
		if (undo->sectors[i] == sector)
			return true;
	}
	return false;
}

static int restore(struct undo *undo, const struct csum_undo_record *record)
{
	struct csum_volume *volume = undo->volume;
	uint8_t *data;
	const char *why;
	bool already;
	int error = is_waiting(undo, record->place) ? write_round(undo) : 0;

	if (!error)
		error = judge(undo, record, &why, &already);
	if (error)
		return error;
	if (why || already) {
		tell(undo, record->place, why);
		return 0;
	}
	data = undo->data + undo->count * undo->sector_size;
	memcpy(data, record->old, undo->sector_size);
	error = csum_io_list_add(&undo->list, volume->data, CSUM_IO_WRITE, data, undo->sector_size,
				 csum_layout_data_offset(csum_volume_geometry(volume), record->place));
	if (error)
		return csum_report_error(&volume->handlers, error, NULL, "putting data sectors back");
	undo->sectors[undo->count++] = record->place;
	return undo->count == ROUND ? write_round(undo) : 0;
}

static int restore_all(struct undo *undo)
{
	struct csum_undo_record record;
	bool found = true;
	int error = 0;

	while (!error && found) {
		error = csum_undo_reader_next(&undo->file, &record, &found);
		if (!error && found && record.kind == CSUM_UNDO_DATA)
			error = check_place(undo, &record);
		if (!error && found && record.kind == CSUM_UNDO_DATA)
			error = restore(undo, &record);
		if (!error && csum_report_cancelled(&undo->volume->handlers))
			error = -ECANCELED;
	}
	if (!error && undo->file.records < undo->result->records)
		error = csum_report_refusal(&undo->volume->handlers, -EBADMSG, undo->file.path,
					    "the undo file changes while it is read");
	/* The sectors that were announced are written, unless a write has failed. */
	if (!csum_io_failed(undo->volume->io)) {
		int round_error = write_round(undo);

		error = error ? error : round_error;
	}
	return error;
}

/* The data is durable: now the volume names the file before this one, and records the data file as we leave it. */
static int record_undone(struct undo *undo, bool all)
{
	struct csum_volume *volume = undo->volume;
	int error = 0;

	if (undo->options->dry_run || csum_io_failed(volume->io))
		return 0;
	if (all && undo->named)
		memcpy(volume->superblock.record.undo_id, undo->file.head.previous, CSUM_UNDO_ID_SIZE);
	if (volume->ours)
		error = csum_guard_record(volume);
	return error ? error : csum_super_write(volume);
}

static int apply(struct undo *undo)
{
	int error = restore_all(undo);
	int record_error = record_undone(undo, !error && !undo->again);

	return error ? error : record_error;
}

static int prepare(struct undo *undo)
{
	int error = csum_groups_init(&undo->span, undo->volume, 1);

	if (error)
		return error;
	undo->data = csum_io_alloc((size_t)ROUND * undo->sector_size);
	undo->present = csum_io_alloc(undo->sector_size);
	if (undo->data && undo->present)
		return 0;
	return csum_report_error(&undo->volume->handlers, -ENOMEM, NULL, "preparing to undo");
}

int csum_undo(struct csum_volume *volume, const char *undo_file, const struct csum_undo_options *options,
	      struct csum_undo_result *result)
{
	struct undo undo = {
		.volume = volume,
		.options = options,
		.result = result,
		.sector_size = csum_volume_geometry(volume)->sector_size,
	};
	int error;

	memset(result, 0, sizeof(*result));
	error = csum_version_knows(&volume->handlers, options->reserved);
	if (!error)
		error = options->dry_run ? csum_volume_may_read(volume) : csum_volume_may_write(volume);
	if (!error)
		error = csum_undo_reader_open(volume, undo_file, &undo.file);
	if (error)
		return error;
	error = check_belongs(&undo);
	if (!error)
		error = check_file(&undo);
	if (!error)
		error = prepare(&undo);
	if (!error)
		error = apply(&undo);
	csum_undo_reader_close(&undo.file);
	csum_groups_free(&undo.span);
	csum_io_list_free(&undo.list);
	free(undo.data);
	free(undo.present);
	return error;
}
