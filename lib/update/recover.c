/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recovery of an active volume:
 *
 *   R1  journal images in force go in place; flush; then the other copies; flush          [replay_first]
 *       (replay.c)
 *   R2  per group of the intent whose copies differ, or of which one cannot be read:
 *         if the newest copy is right as it stands: the other copy := its entries; flush
 *         otherwise the right entry of each sector, through the journal: record; flush; older copies; flush;
 *         other copies; flush; only then another record (merge.c)      [use_journal, journal_after_older]
 *   R3  superblock: clean; flush
 */
#include "update/recover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "update/merge.h"
#include "update/mirror.h"
#include "update/super.h"
#include "volume/verify.h"

/* Bytes of metadata in memory at a time, counted for one copy. */
#define CHUNK_BYTES (UINT64_C(1) << 20)

enum outcome {
	NOTHING_TO_DO,
	COPY_OVER, /* the newest copy is right as it stands */
	MERGE, /* some sectors are right by the older copy */
	UNRESOLVED, /* a sector is right by no version that can be read */
	VANISHED,
	NO_MEMORY,
};

struct chunk {
	struct csum_volume *volume;
	struct csum_groups span;
	uint8_t *merged; /* an imd sector per group: its entries when the outcome is MERGE */
	uint8_t *outcome; /* enum outcome, per group */
	uint64_t *unresolved_sector; /* per group: its first one, when the outcome is UNRESOLVED */
	uint64_t unresolved; /* groups so far */
	struct csum_recovery *recovery; /* of a scrub, or NULL */
	struct csum_io_list list;
	struct csum_merge merge;
};

static uint8_t *merged_of(const struct chunk *chunk, uint64_t i)
{
	return chunk->merged + i * csum_volume_geometry(chunk->volume)->sector_size;
}

/* Derives the outcome for a group from the verdicts on the sectors where its versions differ. */
static enum outcome merge_group(struct chunk *chunk, uint64_t i, const struct csum_verify *run)
{
	const struct csum_group *group = &chunk->span.groups[i];
	enum outcome outcome = COPY_OVER;

	memcpy(merged_of(chunk, i), group->version[0], csum_volume_geometry(chunk->volume)->sector_size);
	for (uint32_t s = 0; s < run->sector_count; s++) {
		if (csum_verdict_is_bad(run->verdict[s])) {
			chunk->unresolved_sector[i] = run->first_sector + s;
			return UNRESOLVED;
		}
		if (run->verdict[s] == CSUM_VERDICT_OLDER) {
			csum_imd_set_entry(merged_of(chunk, i), s, run->entry[s]);
			outcome = MERGE;
		}
	}
	return outcome;
}

static void run_free(struct csum_verify *run)
{
	free(run->data);
	free(run->verdict);
	free(run->entry);
}

/* Verifies the sectors that decide about a group. -ENOMEM, or the error of a vanished device. */
static int read_deciding(const struct chunk *chunk, uint64_t i, struct csum_verify *run)
{
	const struct csum_geometry *geometry = csum_volume_geometry(chunk->volume);
	uint64_t number = chunk->span.first_group + i;

	*run = (struct csum_verify){
		.volume = chunk->volume,
		.span = &chunk->span,
		.need = csum_group_hidden(&chunk->span.groups[i]) ? CSUM_NEED_VERDICT : CSUM_NEED_DIFFERING,
		.first_sector = csum_layout_first_sector(geometry, number),
		.sector_count = csum_layout_group_sectors(geometry, number),
	};
	run->data = csum_io_alloc((size_t)run->sector_count * geometry->sector_size);
	run->verdict = calloc(run->sector_count, sizeof(*run->verdict));
	run->entry = calloc(run->sector_count, sizeof(*run->entry));
	return run->data && run->verdict && run->entry ? csum_verify_run(run) : -ENOMEM;
}

static enum outcome examine_data(struct chunk *chunk, uint64_t i)
{
	struct csum_verify run;
	enum outcome outcome;
	int error = read_deciding(chunk, i, &run);

	if (error)
		outcome = error == -ENOMEM ? NO_MEMORY : VANISHED;
	else
		outcome = merge_group(chunk, i, &run);
	run_free(&run);
	return outcome;
}

/*
 * Examines one group. A copy that cannot be read now may be readable some day, and may then be the only one by which a
 * sector is right: its group needs a look at the data. A torn copy does not: a crash tears a copy only while the other
 * one is right for all of the group.
 */
static void examine_work(void *argument, size_t index)
{
	struct chunk *chunk = argument;
	const struct csum_group *group = &chunk->span.groups[index];
	uint32_t sector_size = csum_volume_geometry(chunk->volume)->sector_size;

	chunk->unresolved_sector[index] =
		csum_layout_first_sector(csum_volume_geometry(chunk->volume), chunk->span.first_group + index);
	/* Nothing can recover a lost group; it stays a finding. */
	if (group->newer < 0)
		chunk->outcome[index] = csum_group_hidden(group) ? UNRESOLVED : NOTHING_TO_DO;
	else if (csum_group_sound(group, sector_size))
		chunk->outcome[index] = NOTHING_TO_DO;
	else if (!csum_group_hidden(group) &&
		 (group->version_count < 2 || csum_imd_same_entries(group->version[0], group->version[1], sector_size)))
		chunk->outcome[index] = COPY_OVER;
	else
		chunk->outcome[index] = (uint8_t)examine_data(chunk, index);
}

/*
 * Reports and returns errors of examining the group. One that cannot be resolved does not stop the recovery of others.
 */
static int report_outcome(struct chunk *chunk, uint64_t i)
{
	const struct csum_volume *volume = chunk->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t sector = chunk->unresolved_sector[i];

	switch ((enum outcome)chunk->outcome[i]) {
	case UNRESOLVED:
		if (chunk->recovery)
			return 0;
		if (chunk->unresolved++ == 0)
			csum_report_warning(
				&volume->handlers, volume->data->name,
				"data sector %" PRIu64 " (device offset %" PRIu64
				") is unreadable, or right by no version of its interrupted update that can be "
				"read",
				sector, csum_layout_data_offset(geometry, sector));
		return 0;
	case VANISHED:
		return csum_io_report(&volume->handlers, -ENODEV, volume->data->name, "reading data of group %" PRIu64,
				      chunk->span.first_group + i);
	case NO_MEMORY:
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "recovering group %" PRIu64,
					 chunk->span.first_group + i);
	default:
		return 0;
	}
}

/* Chooses entries for sectors that are right by no version: the scrub knows by which version each can be made right. */
static void resolve_sectors(struct chunk *chunk, uint64_t i, const struct csum_verify *run)
{
	const struct csum_recovery *recovery = chunk->recovery;
	const struct csum_group *group = &chunk->span.groups[i];
	uint32_t sector_size = csum_volume_geometry(chunk->volume)->sector_size;
	bool open = false;

	memcpy(merged_of(chunk, i), group->version[0], sector_size);
	for (uint32_t s = 0; s < run->sector_count; s++) {
		uint64_t entry = csum_group_entry(group, s);

		if (csum_verdict_is_bad(run->verdict[s]))
			recovery->choose(recovery->user, run, s, group, &entry, &open);
		else if (run->verdict[s] == CSUM_VERDICT_OLDER)
			entry = run->entry[s];
		csum_imd_set_entry(merged_of(chunk, i), s, entry);
	}
	if (open)
		return;
	chunk->outcome[i] = csum_imd_same_entries(merged_of(chunk, i), group->version[0], sector_size) ? COPY_OVER :
													 MERGE;
}

static int resolve_group(struct chunk *chunk, uint64_t i)
{
	struct csum_verify run;
	int error;

	if (chunk->span.groups[i].newer < 0) {
		chunk->outcome[i] = chunk->recovery->give_up_unread ? NOTHING_TO_DO : UNRESOLVED;
		return 0;
	}
	error = read_deciding(chunk, i, &run);
	if (error)
		csum_io_report(&chunk->volume->handlers, error, chunk->volume->data->name,
			       "reading data of group %" PRIu64, chunk->span.first_group + i);
	else
		resolve_sectors(chunk, i, &run);
	run_free(&run);
	return error;
}

/* A scrub names the groups, and decides about sectors that no other command may change. */
static int take_part(struct chunk *chunk)
{
	struct csum_recovery *recovery = chunk->recovery;
	int error = 0;

	for (uint64_t i = 0; i < chunk->span.group_count && !error; i++) {
		if (chunk->outcome[i] == NOTHING_TO_DO)
			continue;
		if (chunk->outcome[i] == UNRESOLVED)
			error = resolve_group(chunk, i);
		if (!error && chunk->outcome[i] != NOTHING_TO_DO)
			error = recovery->group(recovery->user, chunk->span.first_group + i, &chunk->span.groups[i],
						chunk->outcome[i] == UNRESOLVED);
		recovery->open += chunk->outcome[i] == UNRESOLVED;
	}
	return error;
}

/* When a copy refuses a scrub's write the other copy is right; the pass of the scrub finds the refused one. */
static int chunk_round(struct chunk *chunk)
{
	const struct csum_io_policy *policy = chunk->recovery ? chunk->recovery->policy : NULL;
	int error = csum_io_round(chunk->volume->io, &chunk->list, policy, NULL);

	chunk->list.count = 0;
	return error;
}

static int copy_over_group(struct chunk *chunk, uint64_t i)
{
	return csum_protocol_copy_over(chunk->volume, chunk->span.first_group + i, &chunk->span.groups[i],
				       &chunk->list);
}

static bool stuck(const struct chunk *chunk)
{
	return chunk->recovery && chunk->recovery->stuck;
}

static bool next_with_outcome(const struct chunk *chunk, enum outcome outcome, uint64_t *i)
{
	while (*i < chunk->span.group_count && chunk->outcome[*i] != outcome)
		(*i)++;
	return *i < chunk->span.group_count;
}

/* Merges the groups from *i on, as many as one record holds; *i moves behind them. */
static int merge_record(struct chunk *chunk, uint64_t *i)
{
	struct csum_merge *merge = &chunk->merge;
	uint32_t most = csum_journal_capacity(csum_volume_geometry(chunk->volume)->sector_size);
	int error;

	for (merge->count = 0; merge->count < most && next_with_outcome(chunk, MERGE, i); (*i)++)
		merge->groups[merge->count++] = (struct csum_merge_group){
			.number = chunk->span.first_group + *i,
			.group = &chunk->span.groups[*i],
			.image = merged_of(chunk, *i),
		};
	error = csum_merge_run(merge);
	if (merge->stuck)
		chunk->recovery->stuck = true;
	return error;
}

static int recover_chunk(struct chunk *chunk, uint64_t first, uint64_t count)
{
	int error = csum_groups_load(chunk->volume, &chunk->span, first, count);

	if (error)
		return error;
	csum_io_parallel(chunk->volume->io, 0, count, examine_work, chunk);
	for (uint64_t i = 0; i < count && !error; i++)
		error = report_outcome(chunk, i);
	if (!error && chunk->recovery)
		error = take_part(chunk);
	for (uint64_t i = 0; !error && next_with_outcome(chunk, COPY_OVER, &i); i++)
		error = copy_over_group(chunk, i);
	if (!error)
		error = chunk_round(chunk);
	for (uint64_t i = 0; !error && !stuck(chunk) && next_with_outcome(chunk, MERGE, &i);)
		error = merge_record(chunk, &i);
	return error;
}

static int chunk_init(struct chunk *chunk, struct csum_volume *volume, uint64_t capacity)
{
	int error = csum_groups_init(&chunk->span, volume, capacity);

	chunk->volume = volume;
	chunk->merge.volume = volume;
	chunk->merge.policy = chunk->recovery ? chunk->recovery->policy : NULL;
	if (error)
		return error;
	chunk->merged = csum_io_alloc(capacity * csum_volume_geometry(volume)->sector_size);
	chunk->outcome = calloc(capacity, sizeof(*chunk->outcome));
	chunk->unresolved_sector = calloc(capacity, sizeof(*chunk->unresolved_sector));
	if (!chunk->merged || !chunk->outcome || !chunk->unresolved_sector)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "recovering the volume");
	return 0;
}

static void chunk_free(struct chunk *chunk)
{
	csum_groups_free(&chunk->span);
	csum_io_list_free(&chunk->list);
	csum_merge_free(&chunk->merge);
	free(chunk->merged);
	free(chunk->outcome);
	free(chunk->unresolved_sector);
}

int csum_protocol_recover_intent(struct csum_volume *volume, struct csum_recovery *recovery)
{
	uint64_t group = volume->superblock.intent_first;
	uint64_t end = group + volume->superblock.intent_count;
	uint64_t each = CHUNK_BYTES / csum_volume_geometry(volume)->sector_size;
	struct chunk chunk = { .recovery = recovery };
	int error = 0;

	if (recovery)
		recovery->open = 0;
	if (group == end)
		return 0;
	each = end - group < each ? end - group : each;
	error = chunk_init(&chunk, volume, each);
	for (; group < end && !error && !stuck(&chunk); group += each) {
		error = csum_report_cancelled(&volume->handlers) ? -ECANCELED : 0;
		if (!error)
			error = recover_chunk(&chunk, group, end - group < each ? end - group : each);
	}
	if (!error && chunk.unresolved)
		error = csum_report_refusal_reason(
			&volume->handlers, -EBADMSG, CSUM_REASON_RECOVERY_INCOMPLETE, volume->metadata->name,
			"recovery is incomplete: %" PRIu64 " groups with bad sectors are left", chunk.unresolved);
	chunk_free(&chunk);
	return error;
}

int csum_protocol_recover_groups(struct csum_volume *volume, struct csum_recovery *recovery)
{
	int error = csum_protocol_replay(volume, recovery);

	csum_report_note(&volume->handlers, volume->metadata->name, "recovering after an interrupted write");
	if (!error && !(recovery && recovery->stuck))
		error = csum_protocol_recover_intent(volume, recovery);
	return error;
}

int csum_protocol_recover(struct csum_volume *volume)
{
	int error = csum_protocol_recover_groups(volume, NULL);

	return error ? error : csum_super_clean(volume);
}
