/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slots of the superblock: judged, rewritten and reported; and so is what others have put there. */
#include "scrub/slots.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "guard/data_identity.h"
#include "ondisk/layout.h"
#include "scrub/round.h"
#include "scrub/undo.h"
#include "update/super.h"

struct csum_scrub_slots {
	bool stuck; /* a slot could not be written */
};

struct csum_scrub_slots *csum_scrub_slots_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_slots));
}

void csum_scrub_slots_free(struct csum_scrub_slots *slots)
{
	free(slots);
}

bool csum_scrub_slots_stuck(const struct csum_scrub *scrub)
{
	return scrub->slots->stuck;
}

/* ------------------------------------------------------------------ writing one */

static int write_block(struct csum_scrub *scrub, void *block, uint64_t offset_bytes, bool *refused)
{
	bool held;
	int error = csum_scrub_round_metadata(scrub, block, CSUM_BLOCK_SIZE, offset_bytes, &held);

	*refused = !error && !held;
	return error;
}

int csum_scrub_slots_write(struct csum_scrub *scrub, bool *refused)
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
		/* The generation is spent all the same: what the slot holds now is not known. */
		volume->slot_valid[volume->governing] = false;
		volume->governing = governed;
		scrub->slots->stuck = true;
	} else if (!error && naming) {
		csum_scrub_undo_set_named(scrub);
	}
	return error;
}

int csum_scrub_slots_name_undo(struct csum_scrub *scrub)
{
	bool refused;

	if (scrub->slots->stuck || scrub->mode != CSUM_SCRUB_REPAIR || !csum_scrub_undo_is_unnamed(scrub) ||
	    csum_io_failed(scrub->volume->io))
		return 0;
	return csum_scrub_slots_write(scrub, &refused);
}

/* ------------------------------------------------------------------ putting them right */

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
	/* The journal may have a record of the session that is about to begin, if both slots had been lost before. */
	if (!error && refused) {
		scrub->slots->stuck = true;
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
	for (int slot = 0; slot < 2 && !error && !scrub->slots->stuck; slot++)
		error = csum_scrub_slots_write(scrub, &refused);
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

/* judged: as they were before anything was written. */
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
		error = csum_scrub_slots_write(scrub, &refused[CSUM_SLOT_A]);
	refused[CSUM_SLOT_A] = refused[CSUM_SLOT_B] = scrub->slots->stuck;
	if (!error && rewriting && !backup_first && !(restoring && scrub->slots->stuck))
		error = rewrite_backup(scrub, &refused[CSUM_SLOT_C]);
	return error;
}

/* Writes the identity of the data device to all slots where it has changed, in the order of csum_super_clean(). */
static int renew_identity(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	bool refused = false;
	int error = csum_data_identity_renew(volume);

	if (error || scrub->slots->stuck ||
	    strcmp(volume->superblock.data_identity, volume->slots[volume->governing].data_identity) == 0)
		return error;
	error = csum_scrub_slots_write(scrub, &refused);
	if (!error && !refused)
		error = rewrite_backup(scrub, &refused);
	if (!error && !scrub->slots->stuck)
		error = csum_scrub_slots_write(scrub, &refused);
	return error;
}

static int scrub_slots(struct csum_scrub *scrub)
{
	struct csum_slot_judgement judged[CSUM_SLOTS];
	bool refused[CSUM_SLOTS] = { false };
	int error = 0;

	csum_finder_judge_slots(scrub->volume, judged);
	csum_scrub_undo_include_slots(scrub, true);
	if (scrub->mode == CSUM_SCRUB_REPAIR)
		error = rewrite_slots(scrub, judged, refused);
	if (!error && scrub->mode == CSUM_SCRUB_REPAIR)
		error = renew_identity(scrub);
	csum_scrub_undo_include_slots(scrub, false);
	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		struct csum_outcome outcome = {
			.disposition = scrub->mode != CSUM_SCRUB_REPAIR ? CSUM_WOULD_REPAIR : CSUM_REPAIRED,
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
	bool would_refuse = scrub->mode != CSUM_SCRUB_LOOK && !(scrub->volume->allow & CSUM_ALLOW_FOREIGN);
	const struct csum_outcome left = {
		.why = would_refuse ? "a scrub does not start" : NULL,
		.reason = would_refuse ? CSUM_REASON_FOREIGN : CSUM_REASON_NONE,
	};

	for (size_t i = 0; i < foreign->count; i++)
		csum_finder_foreign(&scrub->finder, &foreign->found[i], &left);
}

/* Foreign things were let pass. Where one lay over a slot it is gone now; there may be a copy of it elsewhere. */
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

int csum_scrub_slots_repair(struct csum_scrub *scrub)
{
	struct csum_foreign foreign;
	int error = csum_foreign_find(scrub->volume, &foreign);

	if (error)
		return error;
	if (scrub->mode != CSUM_SCRUB_REPAIR)
		leave_foreign(scrub, &foreign);
	if (scrub->mode == CSUM_SCRUB_LOOK) {
		csum_finder_superblocks(&scrub->finder);
		return 0;
	}
	error = scrub_slots(scrub);
	if (error || scrub->mode != CSUM_SCRUB_REPAIR || foreign.count == 0)
		return error;
	return report_foreign(scrub, &foreign);
}
