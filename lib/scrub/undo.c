/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo file of a scrub. Its head is durable, then the volume's superblock names it, then the first data sector is
 * overwritten. Metadata needs no undoing, so it is saved where that can be done, and repaired in any case; data is left
 * where what it holds cannot be kept. (protocol.md: Undo)
 */
#include "scrub/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "undo/undo.h"

struct csum_scrub_undo {
	struct csum_undo_file *file; /* NULL: none, or none yet */
	bool wanted; /* data is overwritten only when what it holds is kept */
	bool failed; /* it cannot be kept any more */
	bool saved; /* what the next round of data overwrites is kept already */
	bool named; /* the volume on the device names the file */
	bool slots_included; /* superblock slots are saved as well */
	struct csum_handlers handlers; /* of what is wrong with the file */
	char why[512]; /* the last of that */
};

struct csum_scrub_undo *csum_scrub_undo_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_undo));
}

void csum_scrub_undo_free(struct csum_scrub_undo *undo)
{
	free(undo);
}

static void keep_message(void *user, const struct csum_message *message)
{
	struct csum_scrub_undo *undo = user;

	if (message->severity == CSUM_ERROR)
		snprintf(undo->why, sizeof(undo->why), "%s", message->text);
}

/* Without a file that was asked for by name nothing is done; without one in the directory data sectors are left. */
static bool is_named_by_user(const struct csum_scrub *scrub)
{
	return scrub->options->undo_file != NULL;
}

static int create(struct csum_scrub *scrub)
{
	const struct csum_scrub_options *options = scrub->options;
	struct csum_scrub_undo *undo = scrub->undo;
	int error = csum_undo_create(scrub->volume, &undo->handlers, options->undo_file, options->undo_directory,
				     &undo->file);

	if (error || is_named_by_user(scrub))
		return error;
	csum_report_note(&scrub->volume->handlers, csum_undo_path(undo->file), "keeps what is overwritten");
	if (options->undo_made)
		options->undo_made(options->user, csum_undo_path(undo->file));
	return 0;
}

int csum_scrub_undo_begin(struct csum_scrub *scrub)
{
	const struct csum_scrub_options *options = scrub->options;
	struct csum_scrub_undo *undo = scrub->undo;

	undo->wanted = scrub->mode == CSUM_SCRUB_REPAIR && (options->undo_file || options->undo_directory);
	if (!undo->wanted)
		return 0;
	undo->handlers = scrub->volume->handlers;
	if (is_named_by_user(scrub))
		return create(scrub);
	undo->handlers = (struct csum_handlers){ .user = undo, .message = keep_message };
	return 0;
}

/* From here on nothing is kept, and no data is overwritten. */
static void give_up(struct csum_scrub *scrub, enum csum_reason reason, const char *why)
{
	scrub->undo->failed = true;
	scrub->undo->saved = false;
	csum_report_warning_reason(&scrub->volume->handlers, reason, NULL,
				   "%s; since what is overwritten cannot be kept for undo, bad data sectors are left",
				   why);
}

static int save(struct csum_scrub *scrub, const struct csum_io_request *requests, size_t count)
{
	struct csum_scrub_undo *undo = scrub->undo;
	int error = undo->file ? 0 : create(scrub);

	if (!error) {
		error = csum_undo_save(undo->file, requests, count);
		/* The device has vanished. */
		if (error && !csum_undo_broken(undo->file))
			return error;
	}
	if (!error || is_named_by_user(scrub))
		return error;
	give_up(scrub, CSUM_REASON_UNDO_UNKEPT, undo->why);
	return 0;
}

/* ------------------------------------------------------------------ metadata */

static bool is_slot(const struct csum_scrub *scrub, const struct csum_io_request *request)
{
	const struct csum_volume *volume = scrub->volume;

	return request->device == volume->metadata && request->size == CSUM_BLOCK_SIZE &&
	       (request->offset_bytes == CSUM_SLOT_A_OFFSET || request->offset_bytes == CSUM_SLOT_B_OFFSET);
}

int csum_scrub_undo_before(void *user, const struct csum_io_request *requests, size_t count)
{
	struct csum_scrub *scrub = user;
	struct csum_scrub_undo *undo = scrub->undo;

	if (!undo->wanted || undo->failed || count == 0)
		return 0;
	/* States and records of the scrub itself: there is nothing in them to put back. */
	if (count == 1 && is_slot(scrub, &requests[0]) && !undo->slots_included)
		return 0;
	if (undo->saved) {
		undo->saved = false;
		return 0;
	}
	return save(scrub, requests, count);
}

void csum_scrub_undo_include_slots(struct csum_scrub *scrub, bool include)
{
	scrub->undo->slots_included = include;
}

/* ------------------------------------------------------------------ data */

int csum_scrub_undo_keep(struct csum_scrub *scrub, const struct csum_io_request *requests, size_t count, bool *kept)
{
	struct csum_scrub_undo *undo = scrub->undo;
	int error;

	*kept = !undo->wanted;
	if (*kept || undo->failed)
		return 0;
	error = save(scrub, requests, count);
	*kept = undo->saved = !error && !undo->failed;
	return error;
}

bool csum_scrub_undo_confirm(struct csum_scrub *scrub)
{
	const struct csum_scrub_undo *undo = scrub->undo;

	if (undo->wanted && !undo->named)
		give_up(scrub, CSUM_REASON_UNDO_UNNAMED,
			"the superblock that would name the undo file cannot be written");
	return !undo->wanted || undo->named;
}

/* ------------------------------------------------------------------ its name in the volume */

bool csum_scrub_undo_put_id(struct csum_scrub *scrub)
{
	const struct csum_undo_file *file = scrub->undo->file;

	if (!file || csum_undo_records(file) == 0)
		return false;
	memcpy(scrub->volume->superblock.record.undo_id, csum_undo_id(file), CSUM_UNDO_ID_SIZE);
	return true;
}

void csum_scrub_undo_set_named(struct csum_scrub *scrub)
{
	scrub->undo->named = true;
}

bool csum_scrub_undo_is_unnamed(const struct csum_scrub *scrub)
{
	const struct csum_scrub_undo *undo = scrub->undo;

	return !undo->named && undo->file && csum_undo_records(undo->file) > 0;
}

/* ------------------------------------------------------------------ the end */

int csum_scrub_undo_end(struct csum_scrub *scrub)
{
	const char *directory = is_named_by_user(scrub) ? NULL : scrub->options->undo_directory;
	struct csum_scrub_undo *undo = scrub->undo;
	uint8_t id[CSUM_UNDO_ID_SIZE];
	bool keep;
	int error;

	if (!undo || !undo->file)
		return 0;
	scrub->result->undo_records = csum_undo_records(undo->file);
	scrub->result->undo_sectors = csum_undo_sectors(undo->file);
	keep = undo->named || scrub->result->undo_records > 0;
	memcpy(id, csum_undo_id(undo->file), sizeof(id));
	error = csum_undo_close(undo->file, undo->named);
	undo->file = NULL;
	if (directory && keep)
		csum_undo_directory_prune(scrub->volume, directory, id);
	if (error && directory)
		csum_report_warning(&scrub->volume->handlers, NULL, "%s", undo->why);
	return directory ? 0 : error;
}
