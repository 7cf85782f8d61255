/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slots of the superblock in a scrub, and the record of the scrub in them. */
#include "scrub/scrub.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/report.h"
#include "guard/data_identity.h"
#include "ondisk/layout.h"
#include "update/super.h"

/* A crash costs so much of the work, not more. */
#define RECORD_EVERY_MS 5000u

static int write_block(struct csum_scrub *scrub, void *block, uint64_t offset_bytes, bool *refused)
{
	bool held;
	int error = csum_scrub_write_metadata(scrub, block, CSUM_BLOCK_SIZE, offset_bytes, &held);

	*refused = !error && !held;
	return error;
}

int csum_scrub_write_slot(struct csum_scrub *scrub, bool *refused)
{
	struct csum_volume *volume = scrub->volume;
	enum csum_slot governed = volume->governing;
	struct csum_io_list list = { 0 };
	bool naming = csum_scrub_undo_put_id(scrub);
	int error = csum_super_add(volume, &list);

	*refused = false;
	if (error)
		csum_report_error(&volume->handlers, error, NULL, "writing the superblock");
	else
		error = write_block(scrub, list.requests[0].buffer, list.requests[0].offset_bytes, refused);
	csum_io_list_free(&list);
	if (*refused) {
		/* The generation is spent all the same: nobody knows what the slot holds. */
		volume->slot_valid[volume->governing] = false;
		volume->governing = governed;
		scrub->slots_stuck = true;
	} else if (!error) {
		scrub->undo_named |= naming;
	}
	return error;
}

/* ------------------------------------------------------------------ slots */

/* The backup says what the volume is, not in which state. (format.md: Superblock) */
static int restore_from_backup(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_superblock *superblock = &volume->superblock;
	uint64_t base = volume->slots[CSUM_SLOT_C].generation + (UINT64_C(1) << 32);
	bool refused = false;
	int error;

	memset(volume->slot_buffer, 0, CSUM_BLOCK_SIZE);
	error = write_block(scrub, volume->slot_buffer, CSUM_JOURNAL_OFFSET, &refused);
	/* A record there may be of the session that is about to begin, if both slots were lost before. */
	if (!error && refused) {
		scrub->slots_stuck = true;
		csum_report_warning(&volume->handlers, volume->metadata->name,
				    "the journal at offset %" PRIu64
				    " cannot be written: the superblocks are left as they are",
				    CSUM_JOURNAL_OFFSET);
	}
	superblock->state = CSUM_STATE_ACTIVE;
	superblock->session = base;
	superblock->generation = base - 1; /* writing adds one */
	superblock->intent_first = 0;
	superblock->intent_count = superblock->geometry.groups;
	superblock->last_write = 0;
	superblock->last_scrub = superblock->current_scrub = (struct csum_scrub_record){ 0 };
	superblock->record = (struct csum_data_record){ 0 };
	for (int slot = 0; slot < 2 && !error && !scrub->slots_stuck; slot++)
		error = csum_scrub_write_slot(scrub, &refused);
	return error;
}

static int rewrite_backup(struct csum_scrub *scrub, bool *refused)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_superblock backup;
	int error;

	csum_super_encode_backup(volume, &backup);
	error = write_block(scrub, volume->slot_buffer,
			    csum_layout_backup_offset(backup.geometry.metadata_device_bytes), refused);
	volume->slot_valid[CSUM_SLOT_C] = !*refused;
	volume->slots[CSUM_SLOT_C] = backup;
	return error;
}

/* The backup was looked for where the device ends now, and may say that it belongs elsewhere. */
static bool backup_is_elsewhere(const struct csum_volume *volume)
{
	return csum_layout_backup_offset(volume->metadata->size_bytes) !=
	       csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes);
}

/* A and B: `judged` is from before. */
static int rewrite_slots(struct csum_scrub *scrub, const struct csum_slot_judgement judged[CSUM_SLOTS],
			 bool refused[CSUM_SLOTS])
{
	const struct csum_volume *volume = scrub->volume;
	bool restoring = volume->governing == CSUM_SLOT_C;
	bool rewriting = judged[CSUM_SLOT_C].finding || (restoring && backup_is_elsewhere(volume));
	/* As csum_super_level_identity() does; but C is not to be in flight while only one slot is valid. */
	bool backup_first = rewriting && volume->slot_valid[CSUM_SLOT_A] && volume->slot_valid[CSUM_SLOT_B];
	int error = backup_first ? rewrite_backup(scrub, &refused[CSUM_SLOT_C]) : 0;

	if (error)
		return error;
	if (restoring)
		error = restore_from_backup(scrub);
	else if (judged[CSUM_SLOT_A].finding || judged[CSUM_SLOT_B].finding)
		error = csum_scrub_write_slot(scrub, &refused[CSUM_SLOT_A]);
	refused[CSUM_SLOT_A] = refused[CSUM_SLOT_B] = scrub->slots_stuck;
	if (!error && rewriting && !backup_first && !(restoring && scrub->slots_stuck))
		error = rewrite_backup(scrub, &refused[CSUM_SLOT_C]);
	return error;
}

/* In the order of csum_super_clean(). */
static int renew_identity(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	bool refused = false;
	int error = csum_data_identity_renew(volume);

	if (error || scrub->slots_stuck ||
	    strcmp(volume->superblock.data_identity, volume->slots[volume->governing].data_identity) == 0)
		return error;
	error = csum_scrub_write_slot(scrub, &refused);
	if (!error && !refused)
		error = rewrite_backup(scrub, &refused);
	if (!error && !scrub->slots_stuck)
		error = csum_scrub_write_slot(scrub, &refused);
	return error;
}

static int scrub_slots(struct csum_scrub *scrub)
{
	struct csum_slot_judgement judged[CSUM_SLOTS];
	bool refused[CSUM_SLOTS] = { false };
	int error = 0;

	csum_finder_judge_slots(scrub->volume, judged);
	scrub->saving_slots = true;
	if (!scrub->dry_run)
		error = rewrite_slots(scrub, judged, refused);
	if (!error && !scrub->dry_run)
		error = renew_identity(scrub);
	scrub->saving_slots = false;
	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		struct csum_outcome outcome = {
			.disposition = scrub->dry_run ? CSUM_WOULD_REPAIR : CSUM_REPAIRED,
			.means = CSUM_MEANS_OTHER_COPY,
		};

		if (error || refused[slot])
			outcome = (struct csum_outcome){ .why = "the device refuses to write it" };
		csum_finder_slot(&scrub->finder, (enum csum_slot)slot, &judged[slot], &outcome);
	}
	return error;
}

/* ------------------------------------------------------------------ what is not ours */

static void leave_foreign(struct csum_scrub *scrub, const struct csum_foreign *foreign)
{
	bool would_refuse = !scrub->looking && !(scrub->volume->allow & CSUM_ALLOW_FOREIGN);
	const struct csum_outcome left = {
		.why = would_refuse ? "a scrub does not start" : NULL,
		.reason = would_refuse ? CSUM_REASON_FOREIGN : CSUM_REASON_NONE,
	};

	for (size_t i = 0; i < foreign->count; i++)
		csum_finder_foreign(&scrub->finder, &foreign->found[i], &left);
}

/* It was let pass. What lay over a slot is gone now, and there may be a copy of it elsewhere. */
static int report_foreign(struct csum_scrub *scrub, const struct csum_foreign *before)
{
	const struct csum_outcome overwritten = { .disposition = CSUM_REPAIRED, .why = "by the superblocks" };
	struct csum_foreign after;
	int error = csum_foreign_find(scrub->volume, &after);

	if (error)
		return error;
	for (size_t i = 0; i < before->count; i++) {
		if (!csum_foreign_has(&after, &before->found[i]))
			csum_finder_foreign(&scrub->finder, &before->found[i], &overwritten);
	}
	leave_foreign(scrub, &after);
	return 0;
}

int csum_scrub_super(struct csum_scrub *scrub)
{
	struct csum_foreign foreign;
	int error = csum_foreign_find(scrub->volume, &foreign);

	if (error)
		return error;
	if (scrub->looking || scrub->dry_run)
		leave_foreign(scrub, &foreign);
	if (scrub->looking) {
		csum_finder_superblocks(&scrub->finder);
		return 0;
	}
	error = scrub_slots(scrub);
	if (error || scrub->dry_run || foreign.count == 0)
		return error;
	return report_foreign(scrub, &foreign);
}

/* ------------------------------------------------------------------ the record */

static struct csum_scrub_totals totals_so_far(const struct csum_scrub *scrub)
{
	const struct csum_scrub_result *result = scrub->result;
	struct csum_scrub_totals totals = scrub->base;

	totals.verified += result->totals.sectors_verified;
	totals.unwritten += result->totals.sectors_unwritten;
	totals.repaired += result->sectors_repaired;
	totals.left_bad += result->totals.sectors_bad - result->sectors_repaired;
	totals.imd_repaired += result->imd_repaired;
	return totals;
}

/* A device that refuses a slot may be gone: then the record that it has stays the one that counts. */
static int still_there(const struct csum_scrub *scrub)
{
	struct csum_device *metadata = scrub->volume->metadata;
	int error = csum_io_still_there(metadata);

	if (error)
		csum_io_report(&scrub->volume->handlers, error, metadata->name, "recording how far the scrub came");
	return error;
}

static int write_record(struct csum_scrub *scrub)
{
	bool refused;
	int error = csum_scrub_write_slot(scrub, &refused);

	scrub->record_written_ms = csum_scrub_clock_ms();
	if (!error && !refused)
		scrub->result->record = scrub->volume->superblock.current_scrub;
	if (!error && refused)
		error = still_there(scrub);
	if (!error && refused) {
		scrub->result->recorded = false;
		csum_report_warning(&scrub->volume->handlers, scrub->volume->metadata->name,
				    "a superblock slot cannot be written: this scrub is not recorded");
	}
	return error;
}

int csum_scrub_record_begin(struct csum_scrub *scrub)
{
	struct csum_superblock *superblock = &scrub->volume->superblock;

	scrub->result->recorded &= !scrub->dry_run && !scrub->slots_stuck;
	if (!scrub->result->recorded)
		return 0;
	if (scrub->result->resumed)
		scrub->base = superblock->current_scrub.totals;
	else
		superblock->current_scrub = (struct csum_scrub_record){ .started = (uint64_t)time(NULL) };
	scrub->safe = superblock->current_scrub;
	return write_record(scrub);
}

int csum_scrub_record_reach(struct csum_scrub *scrub, uint64_t next_sector)
{
	if (!scrub->result->recorded)
		return 0;
	if (scrub->bad_count == 0 && csum_scrub_undecided_count(scrub) == 0) {
		scrub->safe.next_group = next_sector / csum_volume_geometry(scrub->volume)->sectors_per_group;
		scrub->safe.totals = totals_so_far(scrub);
	}
	if (csum_scrub_clock_ms() - scrub->record_written_ms < RECORD_EVERY_MS)
		return 0;
	scrub->volume->superblock.current_scrub = scrub->safe;
	return write_record(scrub);
}

int csum_scrub_record_end(struct csum_scrub *scrub)
{
	struct csum_superblock *superblock = &scrub->volume->superblock;
	struct csum_scrub_result *result = scrub->result;
	int error;

	if (!result->recorded)
		return 0;
	if (result->end == CSUM_SCRUB_COMPLETE) {
		superblock->last_scrub = (struct csum_scrub_record){
			.started = scrub->safe.started,
			.ended = (uint64_t)time(NULL),
			.totals = totals_so_far(scrub),
		};
		superblock->current_scrub = (struct csum_scrub_record){ 0 };
	} else {
		/* The table is empty: nothing before is unfinished, unless it was emptied without being dealt with. */
		if (scrub->unfinished) {
			result->next_sector = csum_layout_first_sector(&superblock->geometry, scrub->safe.next_group);
		} else {
			scrub->safe.next_group = result->next_sector / superblock->geometry.sectors_per_group;
			scrub->safe.totals = totals_so_far(scrub);
		}
		superblock->current_scrub = scrub->safe;
	}
	if (csum_io_failed(scrub->volume->io))
		return 0;
	error = write_record(scrub);
	if (!error && result->end == CSUM_SCRUB_COMPLETE)
		result->record = superblock->last_scrub;
	return error;
}
