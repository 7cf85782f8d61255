/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The undo file of a scrub. Its head is durable, then the volume's superblock names it, then the first data sector is
 * overwritten. Metadata needs no undoing, so it is saved where that can be done, and repaired in any case; data is left
 * where what it holds cannot be kept. (protocol.md: Undo)
 */
#include "scrub/scrub.h"

#include <stdio.h>
#include <string.h>

#include "base/report.h"

static void take_why(void *user, const struct csum_message *message)
{
	struct csum_scrub *scrub = user;

	if (message->severity == CSUM_ERROR)
		snprintf(scrub->undo_why, sizeof(scrub->undo_why), "%s", message->text);
}

/* A file that was asked for by name is to be there, or nothing is done; of one in the directory data may be left. */
static bool is_named_by_user(const struct csum_scrub *scrub)
{
	return scrub->options->undo_file != NULL;
}

static int create(struct csum_scrub *scrub)
{
	const struct csum_scrub_options *options = scrub->options;
	int error = csum_undo_create(scrub->volume, &scrub->undo_handlers, options->undo_file, options->undo_directory,
				     &scrub->undo);

	if (error || is_named_by_user(scrub))
		return error;
	csum_report_note(&scrub->volume->handlers, csum_undo_path(scrub->undo), "keeps what is overwritten");
	if (options->undo_made)
		options->undo_made(options->user, csum_undo_path(scrub->undo));
	return 0;
}

int csum_scrub_undo_begin(struct csum_scrub *scrub)
{
	const struct csum_scrub_options *options = scrub->options;

	scrub->undo_wanted = !scrub->dry_run && (options->undo_file || options->undo_directory);
	if (!scrub->undo_wanted)
		return 0;
	scrub->undo_handlers = scrub->volume->handlers;
	if (is_named_by_user(scrub))
		return create(scrub);
	scrub->undo_handlers = (struct csum_handlers){ .user = scrub, .message = take_why };
	return 0;
}

/* From here on nothing is kept, and no data is overwritten. */
static void give_up(struct csum_scrub *scrub, enum csum_reason reason, const char *why)
{
	scrub->undo_failed = true;
	csum_report_warning_reason(&scrub->volume->handlers, reason, NULL,
				   "%s; since what is overwritten cannot be kept for undo, bad data sectors are left",
				   why);
}

static int save(struct csum_scrub *scrub, const struct csum_io_request *requests, size_t count)
{
	int error = scrub->undo ? 0 : create(scrub);

	if (!error) {
		error = csum_undo_save(scrub->undo, requests, count);
		/* The device has vanished. */
		if (error && !csum_undo_broken(scrub->undo))
			return error;
	}
	if (!error || is_named_by_user(scrub))
		return error;
	give_up(scrub, CSUM_REASON_UNDO_UNKEPT, scrub->undo_why);
	return 0;
}

/* ------------------------------------------------------------------ metadata */

static bool is_slot(const struct csum_scrub *scrub, const struct csum_io_request *request)
{
	const struct csum_volume *volume = scrub->volume;

	return request->device == volume->metadata && request->size == CSUM_BLOCK_SIZE &&
	       (request->offset_bytes == CSUM_SLOT_A_OFFSET || request->offset_bytes == CSUM_SLOT_B_OFFSET);
}

int csum_scrub_before(void *user, const struct csum_io_request *requests, size_t count)
{
	struct csum_scrub *scrub = user;

	if (scrub->undo_saved) {
		scrub->undo_saved = false;
		return 0;
	}
	if (!scrub->undo_wanted || scrub->undo_failed || count == 0)
		return 0;
	/* States and records of the scrub itself: there is nothing in them to put back. */
	if (count == 1 && is_slot(scrub, &requests[0]) && !scrub->saving_slots)
		return 0;
	return save(scrub, requests, count);
}

/* ------------------------------------------------------------------ data */

bool csum_scrub_undo_put_id(struct csum_scrub *scrub)
{
	if (!scrub->undo || csum_undo_records(scrub->undo) == 0)
		return false;
	memcpy(scrub->volume->superblock.record.undo_id, csum_undo_id(scrub->undo), CSUM_UNDO_ID_SIZE);
	return true;
}

int csum_scrub_undo_name(struct csum_scrub *scrub)
{
	bool refused;

	if (scrub->undo_named || scrub->slots_stuck || scrub->dry_run || !scrub->undo ||
	    csum_undo_records(scrub->undo) == 0 || csum_io_failed(scrub->volume->io))
		return 0;
	return csum_scrub_write_slot(scrub, &refused);
}

int csum_scrub_undo_keep(struct csum_scrub *scrub, const struct csum_io_request *requests, size_t count, bool *kept)
{
	int error = 0;

	*kept = !scrub->undo_wanted;
	if (*kept || scrub->undo_failed)
		return 0;
	error = save(scrub, requests, count);
	if (!error && !scrub->undo_failed)
		error = csum_scrub_undo_name(scrub);
	if (!error && !scrub->undo_failed && !scrub->undo_named)
		give_up(scrub, CSUM_REASON_UNDO_UNNAMED,
			"the superblock that would name the undo file cannot be written");
	*kept = scrub->undo_saved = !error && !scrub->undo_failed;
	return error;
}

/* ------------------------------------------------------------------ the end */

int csum_scrub_undo_end(struct csum_scrub *scrub)
{
	const char *directory = is_named_by_user(scrub) ? NULL : scrub->options->undo_directory;
	uint8_t id[CSUM_UNDO_ID_SIZE];
	bool keep;
	int error;

	if (!scrub->undo)
		return 0;
	scrub->result->undo_records = csum_undo_records(scrub->undo);
	scrub->result->undo_sectors = csum_undo_sectors(scrub->undo);
	keep = scrub->undo_named || scrub->result->undo_records > 0;
	memcpy(id, csum_undo_id(scrub->undo), sizeof(id));
	error = csum_undo_close(scrub->undo, scrub->undo_named);
	scrub->undo = NULL;
	if (directory && keep)
		csum_undo_directory_prune(scrub->volume, directory, id);
	if (error && directory)
		csum_report_warning(&scrub->volume->handlers, NULL, "%s", scrub->undo_why);
	return directory ? 0 : error;
}
