/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_scrub(): what it needs, and the order of its parts. (protocol.md: Scrub) */
#include "scrub/scrub.h"

#include <errno.h>

#include "base/report.h"
#include "base/version.h"
#include "scrub/groups.h"
#include "scrub/guard.h"
#include "scrub/heal.h"
#include "scrub/index.h"
#include "scrub/order.h"
#include "scrub/pace.h"
#include "scrub/park.h"
#include "scrub/pass.h"
#include "scrub/record.h"
#include "scrub/recover.h"
#include "scrub/search.h"
#include "scrub/sector.h"
#include "scrub/slots.h"
#include "scrub/table.h"
#include "scrub/undecided.h"
#include "scrub/undo.h"
#include "scrub/write.h"

/* ------------------------------------------------------------------ what it needs */

static bool create_parts(struct csum_scrub *scrub)
{
	return (scrub->pace = csum_scrub_pace_create()) && (scrub->sector = csum_scrub_sector_create(scrub)) &&
	       (scrub->undo = csum_scrub_undo_create()) && (scrub->slots = csum_scrub_slots_create()) &&
	       (scrub->recorder = csum_scrub_record_create()) && (scrub->guard = csum_scrub_guard_create()) &&
	       (scrub->groups = csum_scrub_groups_create(scrub)) && (scrub->table = csum_scrub_table_create()) &&
	       (scrub->index = csum_scrub_index_create()) && (scrub->search = csum_scrub_search_create()) &&
	       (scrub->parking = csum_scrub_park_create(scrub)) && (scrub->healing = csum_scrub_heal_create()) &&
	       (scrub->writer = csum_scrub_write_create(scrub)) && (scrub->order = csum_scrub_order_create(scrub)) &&
	       (scrub->undecided = csum_scrub_undecided_create());
}

static void free_parts(struct csum_scrub *scrub)
{
	csum_scrub_undecided_free(scrub->undecided);
	csum_scrub_order_free(scrub->order);
	csum_scrub_write_free(scrub->writer);
	csum_scrub_heal_free(scrub->healing);
	csum_scrub_park_free(scrub->parking);
	csum_scrub_search_free(scrub->search);
	csum_scrub_index_free(scrub->index);
	csum_scrub_table_free(scrub->table);
	csum_scrub_groups_free(scrub->groups);
	csum_scrub_guard_free(scrub->guard);
	csum_scrub_record_free(scrub->recorder);
	csum_scrub_slots_free(scrub->slots);
	csum_scrub_undo_free(scrub->undo);
	csum_scrub_sector_free(scrub->sector);
	csum_scrub_pace_free(scrub->pace);
}

static int prepare(struct csum_scrub *scrub)
{
	int error;

	if (!create_parts(scrub))
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "preparing to scrub");
	error = csum_scrub_guard_begin(scrub);
	if (!error)
		error = csum_scrub_heal_begin(scrub);
	/* Last, so that a refusal leaves no file behind. */
	return error ? error : csum_scrub_undo_begin(scrub);
}

static int release(struct csum_scrub *scrub)
{
	int error = csum_scrub_undo_end(scrub);

	free_parts(scrub);
	return error;
}

/* ------------------------------------------------------------------ what is to be done */

static int plan(struct csum_scrub *scrub)
{
	const struct csum_scrub_options *options = scrub->options;
	const struct csum_geometry *geometry = csum_volume_geometry(scrub->volume);
	struct csum_scrub_result *result = scrub->result;
	uint64_t length_bytes = options->length_bytes;
	bool whole;
	int error = csum_volume_check_range(scrub->volume, options->offset_bytes, &length_bytes);

	if (error)
		return error;
	scrub->first_sector = options->offset_bytes / scrub->sector_size;
	scrub->end_sector = (options->offset_bytes + length_bytes + scrub->sector_size - 1) / scrub->sector_size;
	if (length_bytes == 0)
		scrub->end_sector = scrub->first_sector;
	whole = scrub->first_sector == 0 && scrub->end_sector == geometry->data_sectors && !options->metadata_only;
	result->recorded = whole && !options->dry_run;
	if (result->recorded)
		result->record = scrub->volume->superblock.current_scrub;
	csum_scrub_record_resume(scrub);
	scrub->complete = whole && !result->resumed;
	result->first_sector = result->next_sector = scrub->first_sector;
	result->end_sector = scrub->end_sector;
	return 0;
}

static int scrub_all(struct csum_scrub *scrub)
{
	int error = csum_scrub_slots_repair(scrub);

	if (!error && scrub->mode != CSUM_SCRUB_LOOK)
		error = csum_scrub_recover(scrub);
	if (!error && scrub->mode != CSUM_SCRUB_LOOK)
		error = csum_scrub_park_load(scrub);
	csum_finder_flush(&scrub->finder);
	if (error)
		return error;
	error = csum_scrub_record_begin(scrub);
	if (!error)
		error = csum_scrub_pass(scrub);
	if (!error || error == -ECANCELED) {
		int record_error = csum_scrub_guard_end(scrub);

		if (!record_error)
			record_error = csum_scrub_record_end(scrub);
		if (!record_error)
			record_error = csum_scrub_slots_name_undo(scrub);
		error = error ? error : record_error;
	}
	return error;
}

static int check_options(const struct csum_handlers *handlers, const struct csum_scrub_options *options)
{
	const unsigned int ways = CSUM_HEAL_REPLICA | CSUM_HEAL_ELSEWHERE | CSUM_HEAL_BITS;
	int error = csum_version_knows(handlers, options->reserved);

	if (!error)
		error = csum_version_knows_bits(handlers, "scrubbing", "heal", options->heal, ways | CSUM_HEAL_NOTHING);
	if (error)
		return error;
	if ((options->heal & CSUM_HEAL_NOTHING) && (options->heal & ways))
		return csum_report_refusal(handlers, -EINVAL, NULL, "scrubbing: heal has CSUM_HEAL_NOTHING and others");
	if (options->undo_file && options->undo_directory)
		return csum_report_refusal(handlers, -EINVAL, NULL,
					   "scrubbing: either undo_file or undo_directory, not both");
	return 0;
}

static int check_opening(const struct csum_volume *volume, const struct csum_scrub_options *options)
{
	int error = check_options(&volume->handlers, options);

	if (error)
		return error;
	if (options->dry_run || volume->repair)
		return csum_volume_may_read(volume);
	return csum_report_refusal(&volume->handlers, -EINVAL, volume->data->name,
				   "is not open for being repaired by a scrub");
}

static void sum_up(struct csum_scrub_result *result)
{
	result->errors_left = result->totals.errors - result->errors_repaired;
	result->sectors_left = result->totals.sectors_bad - result->sectors_repaired;
}

static int scrub_in_mode(struct csum_volume *volume, const struct csum_scrub_options *options,
			 enum csum_scrub_mode mode, struct csum_scrub_result *result)
{
	struct csum_scrub scrub = {
		.volume = volume,
		.options = options,
		.result = result,
		.finder = {
			.volume = volume,
			.report = options->finding,
			.user = options->user,
			.totals = &result->totals,
			.repaired = result->repaired,
			.errors_repaired = &result->errors_repaired,
		},
		.sector_size = csum_volume_geometry(volume)->sector_size,
		.mode = mode,
	};
	int error, release_error;

	error = plan(&scrub);
	if (!error)
		error = prepare(&scrub);
	if (!error)
		error = scrub_all(&scrub);
	release_error = release(&scrub);
	sum_up(result);
	return error ? error : release_error;
}

int csum_scrub_only_look(struct csum_volume *volume, const struct csum_scrub_options *options,
			 struct csum_scrub_result *result)
{
	*result = (struct csum_scrub_result){ .end = CSUM_SCRUB_FAILED };
	return scrub_in_mode(volume, options, CSUM_SCRUB_LOOK, result);
}

int csum_scrub(struct csum_volume *volume, const struct csum_scrub_options *options, struct csum_scrub_result *result)
{
	enum csum_scrub_mode mode = options->dry_run ? CSUM_SCRUB_DRY_RUN : CSUM_SCRUB_REPAIR;
	int error = check_opening(volume, options);

	*result = (struct csum_scrub_result){ .end = CSUM_SCRUB_FAILED };
	return error ? error : scrub_in_mode(volume, options, mode, result);
}
