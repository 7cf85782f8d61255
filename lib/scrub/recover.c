/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recovery that a scrub begins with: as any other, but sectors that are right by no version do not stop it, and
 * neither do media errors.
 */
#include "scrub/recover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "scrub/choose.h"
#include "scrub/resolve.h"
#include "scrub/round.h"
#include "scrub/search.h"
#include "scrub/slots.h"
#include "volume/record.h"
#include "volume/scan.h"

/* ------------------------------------------------------------------ the journal */

/* Overwrites the journal, so that none of it is read any more. */
static int void_journal(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_outcome outcome = { .disposition = scrub->mode != CSUM_SCRUB_REPAIR ? CSUM_WOULD_REPAIR :
											  CSUM_REPAIRED };
	const struct csum_io_policy policy = csum_scrub_round_policy(scrub);
	struct csum_io_list list = { 0 };
	bool refused = false;
	int error = 0;

	if (scrub->mode == CSUM_SCRUB_REPAIR) {
		memset(volume->journal_record, 0, CSUM_JOURNAL_SIZE);
		error = csum_io_list_add(&list, volume->metadata, CSUM_IO_WRITE, volume->journal_record,
					 CSUM_JOURNAL_SIZE, CSUM_JOURNAL_OFFSET);
		if (!error)
			error = csum_io_round(volume->io, &list, &policy, &refused);
		if (error || refused)
			outcome = (struct csum_outcome){ .why = "the device refuses to write it" };
		csum_io_list_free(&list);
	}
	csum_finder_journal(&scrub->finder, &outcome);
	return error;
}

static int find_invalid(void *user, const struct csum_scan_batch *batch)
{
	bool *found = user;

	for (uint64_t i = 0; i < batch->span.group_count; i++) {
		const struct csum_group *group = &batch->span.groups[i];

		*found |= group->verdict[0] != CSUM_IMD_VALID || group->verdict[1] != CSUM_IMD_VALID;
	}
	return 0;
}

/*
 * Whether a journal that cannot be read may have what is nowhere else: the entries of a group of which a copy is not
 * valid. While both copies of all groups are valid, the journal only repeats what they say.
 */
static int is_journal_needed(const struct csum_scrub *scrub, bool *needed)
{
	const struct csum_superblock *superblock = &scrub->volume->superblock;
	const struct csum_geometry *geometry = &superblock->geometry;
	uint64_t first = csum_layout_first_sector(geometry, superblock->intent_first);
	uint64_t end = csum_layout_first_sector(geometry, superblock->intent_first + superblock->intent_count);
	const struct csum_scan_options scan = {
		.first_sector = first,
		.sector_count = csum_min_u64(end, geometry->data_sectors) - first,
		.metadata_only = true,
		.visit = find_invalid,
		.user = needed,
	};

	*needed = false;
	return csum_scan(scrub->volume, &scan);
}

/* ------------------------------------------------------------------ staying active */

#define ONLY_LOOKS "the volume stays active, and the rest of this scrub only looks and repairs nothing"

/* From here on nothing is repaired. The caller has said why. */
static int stay_active(struct csum_scrub *scrub)
{
	scrub->result->still_active = true;
	scrub->ended_repairs = true;
	scrub->mode = CSUM_SCRUB_DRY_RUN;
	/* What is in the journal counts when the pass reads the volume. */
	return csum_record_load(scrub->volume);
}

static int stay_active_refused(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;

	csum_report_warning(&volume->handlers, volume->metadata->name,
			    "the device refuses writes that recovery needs: " ONLY_LOOKS);
	return stay_active(scrub);
}

static int stay_active_without_journal(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	const struct csum_outcome left = {
		.why = "what it may hold is not given up",
		.reason = CSUM_REASON_UNREAD_JOURNAL,
	};

	csum_finder_journal(&scrub->finder, &left);
	csum_report_warning_reason(
		&volume->handlers, CSUM_REASON_UNREAD_JOURNAL, volume->metadata->name,
		"the journal at offset %" PRIu64
		" cannot be read, and an imd copy of the interrupted update is invalid, which it may have: " ONLY_LOOKS,
		CSUM_JOURNAL_OFFSET);
	return stay_active(scrub);
}

/* Says why groups stay open: of several reasons the one that is known best. */
static void say_open(const struct csum_scrub_choosing *choosing, uint64_t groups)
{
	const struct csum_volume *volume = choosing->scrub->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	const struct csum_handlers *handlers = &volume->handlers;

	if (choosing->has_unread)
		csum_report_warning_reason(
			handlers, CSUM_REASON_UNREAD_SECTOR, volume->data->name,
			"data sector %" PRIu64 " (device offset %" PRIu64
			") of an interrupted update cannot be read, and may still hold its old content: "
			"groups left as they are: %" PRIu64 "; " ONLY_LOOKS,
			choosing->unread_sector, csum_layout_data_offset(geometry, choosing->unread_sector), groups);
	else if (choosing->has_hidden)
		csum_report_warning_reason(
			handlers, CSUM_REASON_UNREAD_IMD, volume->metadata->name,
			"an imd copy of group %" PRIu64
			" cannot be read, and may be the one by which sectors of an interrupted update are "
			"right: groups left as they are: %" PRIu64 "; " ONLY_LOOKS,
			choosing->hidden_group, groups);
	else if (choosing->out_of_time)
		csum_report_warning_reason(
			handlers, CSUM_REASON_OUT_OF_TIME, volume->data->name,
			"the time limit ended the search for contents of an interrupted update in all of the data: "
			"groups left as they are: %" PRIu64 "; " ONLY_LOOKS,
			groups);
	else
		csum_report_warning_reason(
			handlers, CSUM_REASON_SEARCH_FULL, volume->data->name,
			"more contents of an interrupted update are missing than are looked for at a time: "
			"groups left as they are: %" PRIu64 "; " ONLY_LOOKS,
			groups);
}

static int mark_clean(struct csum_scrub *scrub)
{
	struct csum_superblock *superblock = &scrub->volume->superblock;
	const struct csum_superblock active = *superblock;
	bool refused;
	int error;

	superblock->state = CSUM_STATE_CLEAN;
	superblock->intent_first = 0;
	superblock->intent_count = 0;
	error = csum_scrub_slots_write(scrub, &refused);
	if (error || !refused)
		return error;
	superblock->state = active.state;
	superblock->intent_first = active.intent_first;
	superblock->intent_count = active.intent_count;
	return stay_active_refused(scrub);
}

/*
 * R1 and R2. If groups stay open for contents that may lie elsewhere, these are searched for, and R2 is done once more.
 */
static int recover_groups(struct csum_scrub_choosing *choosing, struct csum_recovery *recovery)
{
	struct csum_scrub *scrub = choosing->scrub;
	int error = csum_protocol_recover_groups(scrub->volume, recovery);
	bool ended = false;

	if (!error && !recovery->stuck && csum_scrub_search_is_due(scrub)) {
		error = csum_scrub_search_all(scrub, &ended);
		choosing->out_of_time = !ended;
	}
	if (!error && ended) {
		choosing->has_unread = choosing->has_hidden = false;
		error = csum_protocol_recover_intent(scrub->volume, recovery);
	}
	csum_finder_flush(&scrub->finder);
	if (error)
		return error;
	if (recovery->stuck)
		return stay_active_refused(scrub);
	if (recovery->open == 0)
		return mark_clean(scrub);
	say_open(choosing, recovery->open);
	return stay_active(scrub);
}

static int recover(struct csum_scrub *scrub)
{
	const struct csum_io_policy policy = csum_scrub_round_policy(scrub);
	struct csum_scrub_choosing choosing = { .scrub = scrub };
	struct csum_recovery recovery = {
		.policy = &policy,
		.user = &choosing,
		.choose = csum_scrub_choose,
		.group = csum_scrub_choose_end,
		.give_up_unread = csum_scrub_allows_unread(scrub),
	};
	int error;

	choosing.choices = calloc(csum_volume_geometry(scrub->volume)->sectors_per_group, sizeof(*choosing.choices));
	choosing.data = csum_io_alloc(scrub->sector_size);
	if (choosing.choices && choosing.data)
		error = recover_groups(&choosing, &recovery);
	else
		error = csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "recovering the volume");
	free(choosing.choices);
	free(choosing.data);
	return error;
}

int csum_scrub_recover(struct csum_scrub *scrub)
{
	bool needed = false;
	int error = 0;

	if (!csum_volume_active(scrub->volume))
		return 0;
	if (csum_scrub_slots_stuck(scrub))
		return stay_active_refused(scrub);
	if (scrub->volume->journal_unreadable && !csum_scrub_allows_unread(scrub))
		error = is_journal_needed(scrub, &needed);
	if (needed)
		return stay_active_without_journal(scrub);
	if (!error && scrub->volume->journal_unreadable)
		error = void_journal(scrub);
	scrub->result->recovered = !error;
	if (error || scrub->mode != CSUM_SCRUB_REPAIR)
		return error;
	error = recover(scrub);
	scrub->result->recovered = !error && !scrub->result->still_active;
	return error ? error : csum_scrub_resolve(scrub);
}
