/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/report.h"
#include "guard/signature.h"

/* Rounds of asking. Each round but the last may find that the contents of more sectors have to be looked up. */
#define ROUNDS 3
#define NS_PER_SECOND UINT64_C(1000000000)

struct csum_guard {
	struct csum_volume *volume;
	unsigned int allow;
	bool idle; /* internal, or simulated disks: no question is asked */
	struct csum_guard_facts facts;
	enum csum_guard_verdict verdict;
	char reason[CSUM_GUARD_REASON_SIZE];
	struct csum_guard_look look;
	struct csum_guard_places places;
	struct csum_guard_structure *structures; /* CSUM_GUARD_STRUCTURES for each place */
	struct csum_guard_ranges records; /* file systems whose mount record is as we left it */
	struct csum_guard_ranges gone; /* where signatures were */
	struct stat status; /* of a data file */
};

/* ------------------------------------------------------------------ question 1 */

static int survey_place(struct csum_guard *guard, size_t index, enum csum_guard_depth depth)
{
	const struct csum_guard_place *place = &guard->places.place[index];
	struct csum_guard_structure *found = &guard->structures[index * CSUM_GUARD_STRUCTURES];
	int error = csum_guard_ext(&guard->look, place, &found[0]);

	if (!error)
		error = csum_guard_btrfs(&guard->look, place, &found[1]);
	if (!error)
		error = csum_guard_xfs(&guard->look, place, depth, &found[2]);
	return error;
}

/* Whether an answer depends on mount records: only then they are looked for. */
static bool needs_records(const struct csum_guard *guard)
{
	return !guard->facts.ours || guard->volume->superblock.record.held_since;
}

/* The answer to question 1. *unknown: a part of it, or of the records, is not known yet. */
static enum csum_guard_answer answer_of(const struct csum_guard *guard, size_t places, const char **clause,
					bool *unknown)
{
	enum csum_guard_answer answer = CSUM_GUARD_NO;

	*unknown = false;
	for (size_t i = 0; i < places * CSUM_GUARD_STRUCTURES; i++) {
		const struct csum_guard_structure *found = &guard->structures[i];

		*unknown |= found->changed == CSUM_GUARD_MAYBE ||
			    (found->untouched == CSUM_GUARD_MAYBE && needs_records(guard));
		if (found->changed <= answer)
			continue;
		answer = found->changed;
		*clause = found->clause;
	}
	return answer;
}

static int survey(struct csum_guard *guard, enum csum_guard_depth depth, enum csum_guard_answer *answer,
		  const char **clause, bool *unknown)
{
	int error = 0;

	*answer = CSUM_GUARD_NO;
	csum_guard_look_again(&guard->look);
	for (size_t i = 0; i < guard->places.count && *answer != CSUM_GUARD_YES && !error; i++) {
		error = survey_place(guard, i, depth);
		if (!error)
			*answer = answer_of(guard, i + 1, clause, unknown);
	}
	return error;
}

static int find_places(struct csum_guard *guard)
{
	int error;

	csum_guard_places_free(&guard->places);
	free(guard->structures);
	guard->structures = NULL;
	error = csum_guard_places_find(guard->volume, &guard->places);
	if (error)
		return error;
	guard->structures = calloc(guard->places.count * CSUM_GUARD_STRUCTURES, sizeof(*guard->structures));
	if (!guard->structures)
		return csum_report_error(&guard->volume->handlers, -ENOMEM, NULL, "asking whether others wrote");
	return 0;
}

static void set_rewritten(struct csum_guard *guard, const char *clause)
{
	guard->verdict = CSUM_GUARD_REWRITTEN;
	snprintf(guard->reason, sizeof(guard->reason), "%s", clause);
}

static int ask_structures(struct csum_guard *guard, enum csum_guard_depth depth)
{
	enum csum_guard_answer answer = CSUM_GUARD_NO;
	const char *clause = "";
	bool unknown = true;
	int error = find_places(guard);

	for (int round = 0; round < ROUNDS && unknown && !error; round++) {
		error = survey(guard, depth, &answer, &clause, &unknown);
		if (error || answer == CSUM_GUARD_YES || !unknown || round + 1 == ROUNDS)
			break;
		error = csum_guard_known_find(&guard->look);
	}
	/* An answer that is still MAYBE counts as yes: the sectors change while we look. */
	if (!error && answer != CSUM_GUARD_NO)
		set_rewritten(guard, clause);
	return error;
}

/* ------------------------------------------------------------------ the other questions */

static int ask_signatures(struct csum_guard *guard)
{
	enum csum_guard_answer answer = CSUM_GUARD_MAYBE;
	char clause[CSUM_GUARD_CLAUSE_SIZE] = "";
	int error = csum_guard_places_ask(guard->volume, &guard->places);

	for (int round = 0; round < ROUNDS && answer == CSUM_GUARD_MAYBE && !error; round++) {
		error = csum_guard_signatures(&guard->look, &guard->places, guard->structures, &answer, clause);
		if (!error && answer == CSUM_GUARD_MAYBE && round + 1 < ROUNDS)
			error = csum_guard_known_find(&guard->look);
	}
	if (!error && answer != CSUM_GUARD_NO)
		set_rewritten(guard, clause);
	return error;
}

/*
 * The mount records of file systems that have their place for themselves. If something else is put over a file system,
 * a partition table for one, its superblock may survive, and then stays as it is for ever.
 */
static int find_records(struct csum_guard *guard, struct csum_guard_ranges *records)
{
	int error = csum_guard_places_ask(guard->volume, &guard->places);

	if (!error)
		error = csum_guard_signatures_lost(&guard->look, &guard->places, &guard->gone);
	for (size_t i = 0; i < guard->places.count * CSUM_GUARD_STRUCTURES && !error; i++) {
		const struct csum_guard_place *place = &guard->places.place[i / CSUM_GUARD_STRUCTURES];
		const struct csum_guard_structure *found = &guard->structures[i];

		if (found->untouched == CSUM_GUARD_YES &&
		    !csum_guard_is_shared(guard->volume, &guard->places, place, found->type))
			error = csum_guard_ranges_add(&guard->volume->handlers, records, place->offset_bytes,
						      found->covered_bytes);
	}
	return error;
}

static void explain(struct csum_guard *guard)
{
	const struct csum_data_record *record = &guard->volume->superblock.record;
	time_t since = (time_t)record->held_since;
	char date[32] = "a time not known";
	struct tm parts;

	if (guard->verdict == CSUM_GUARD_REWRITTEN)
		return;
	if (record->held_since) {
		if (gmtime_r(&since, &parts))
			strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &parts);
		snprintf(guard->reason, sizeof(guard->reason), "a scrub found %s at %s, and that is not settled yet",
			 record->held_reason == CSUM_HELD_UNDECIDED ? "new content that nobody accounts for" :
								      "that somebody else had written",
			 date);
	} else if (guard->verdict == CSUM_GUARD_BY_PLACE && csum_guard_on_file(guard)) {
		/* A whole second is no evidence: some file systems and tools have no finer times. */
		snprintf(guard->reason, sizeof(guard->reason),
			 record->file_mtime_ns % NS_PER_SECOND ?
				 "the file's time is not that of our last close: somebody wrote to it, or it is a copy "
				 "made without its times" :
				 "the file's time at our last close is not known: whether somebody wrote to it cannot "
				 "be told");
	}
}

static int ask(struct csum_guard *guard, enum csum_guard_depth depth)
{
	int error = ask_structures(guard, depth);

	if (!error && guard->verdict != CSUM_GUARD_REWRITTEN && !guard->facts.ours) {
		guard->verdict = CSUM_GUARD_BY_PLACE;
		error = ask_signatures(guard);
	}
	if (!error && guard->verdict != CSUM_GUARD_REWRITTEN && needs_records(guard))
		error = find_records(guard, &guard->records);
	explain(guard);
	return error;
}

/* ------------------------------------------------------------------ create, free */

/* The space between our superblocks is used by us only, and simulated disks are used by the test only. */
static bool is_idle(const struct csum_volume *volume)
{
	return !csum_volume_geometry(volume)->external || volume->data->descriptor < 0;
}

int csum_guard_create_knowing(struct csum_volume *volume, enum csum_guard_depth depth, unsigned int allow,
			      const struct csum_guard_facts *facts, struct csum_guard **guard)
{
	struct csum_guard *made = calloc(1, sizeof(*made));
	int error;

	*guard = NULL;
	if (!made)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "asking whether others wrote");
	made->volume = volume;
	made->allow = allow;
	made->idle = is_idle(volume);
	made->facts = *facts;
	if (!made->idle && fstat(volume->data->descriptor, &made->status) < 0) {
		error = csum_report_error(&volume->handlers, -errno, volume->data->name, "cannot ask for its time");
		free(made);
		return error;
	}
	error = csum_guard_look_init(&made->look, volume);
	if (!error && !made->idle)
		error = ask(made, depth);
	if (error) {
		csum_guard_free(made);
		return error;
	}
	*guard = made;
	return 0;
}

int csum_guard_create(struct csum_volume *volume, enum csum_guard_depth depth, unsigned int allow,
		      struct csum_guard **guard)
{
	struct csum_guard_facts facts = { .ours = csum_guard_is_ours(volume) };
	int error = 0;

	*guard = NULL;
	if (!is_idle(volume))
		error = csum_guard_take_sample(volume, &facts.sample);
	return error ? error : csum_guard_create_knowing(volume, depth, allow, &facts, guard);
}

void csum_guard_free(struct csum_guard *guard)
{
	if (!guard)
		return;
	csum_guard_look_free(&guard->look);
	csum_guard_places_free(&guard->places);
	csum_guard_ranges_free(&guard->records);
	csum_guard_ranges_free(&guard->gone);
	free(guard->structures);
	free(guard);
}

/* ------------------------------------------------------------------ what follows */

static bool is_other_data(const struct csum_guard *guard)
{
	return guard->facts.sample.other_data && !(guard->allow & CSUM_ALLOW_IDENTITY);
}

enum csum_guard_verdict csum_guard_verdict(const struct csum_guard *guard)
{
	return is_other_data(guard) ? CSUM_GUARD_OTHER_DATA : guard->verdict;
}

const char *csum_guard_reason(const struct csum_guard *guard)
{
	return is_other_data(guard) ? "it is not the data of this metadata" : guard->reason;
}

bool csum_guard_ours(const struct csum_guard *guard)
{
	/* A structure that a mount has changed says more than a time, which can be put back. */
	return guard->facts.ours && guard->verdict == CSUM_GUARD_DECAY;
}

bool csum_guard_on_file(const struct csum_guard *guard)
{
	return !guard->volume->data->is_block;
}

bool csum_guard_same_time(const struct csum_guard *guard)
{
	const struct stat *before = &guard->status;
	struct stat now;

	if (guard->idle || !csum_guard_on_file(guard))
		return true;
	return fstat(guard->volume->data->descriptor, &now) == 0 && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == before->st_mtim.tv_nsec && now.st_size == before->st_size;
}

static bool is_under_record(const struct csum_guard *guard, uint64_t data_sector)
{
	uint32_t sector_size = csum_volume_geometry(guard->volume)->sector_size;

	return csum_guard_ranges_hold(&guard->records, data_sector * sector_size, sector_size);
}

/* Whether an earlier scrub has left the sector to a person to decide. If the reason is not known, all are held. */
static bool is_held(const struct csum_guard *guard, bool under_record)
{
	const struct csum_data_record *record = &guard->volume->superblock.record;

	return record->held_since && !(record->held_reason == CSUM_HELD_UNDECIDED && under_record);
}

enum csum_guard_cover csum_guard_cover(const struct csum_guard *guard, uint64_t data_sector)
{
	bool under_record = is_under_record(guard, data_sector);

	if (guard->idle)
		return CSUM_COVER_ALL;
	if (is_other_data(guard))
		return CSUM_COVER_HELD;
	if (guard->allow & CSUM_ALLOW_REWRITTEN)
		return CSUM_COVER_ALL;
	if (guard->verdict == CSUM_GUARD_REWRITTEN || is_held(guard, under_record))
		return CSUM_COVER_HELD;
	if (guard->verdict == CSUM_GUARD_DECAY)
		return CSUM_COVER_ALL;
	return under_record ? CSUM_COVER_RECORD : CSUM_COVER_NONE;
}

/* A sector whose class was not determined may be new, too. */
static bool is_new(enum csum_class class)
{
	return class == CSUM_CLASS_NEW || class == CSUM_CLASS_NONE;
}

bool csum_guard_permits(const struct csum_guard *guard, enum csum_guard_cover cover, enum csum_class class, bool blank,
			enum csum_means means)
{
	switch (cover) {
	case CSUM_COVER_ALL:
		return true;
	case CSUM_COVER_RECORD:
		if (csum_guard_on_file(guard))
			return !is_new(class);
		/* A blank content may belong anywhere, but a replica has the content of just this sector. */
		return !is_new(class) || !blank || means == CSUM_MEANS_REPLICA;
	case CSUM_COVER_NONE:
	case CSUM_COVER_HELD:
		break;
	}
	return false;
}

bool csum_guard_permits_undecided(const struct csum_guard *guard, uint64_t data_sector, enum csum_class class,
				  bool blank)
{
	uint32_t sector_size = csum_volume_geometry(guard->volume)->sector_size;

	if (csum_guard_on_file(guard) || is_new(class) || (class == CSUM_CLASS_KNOWN && blank))
		return false;
	return !csum_guard_ranges_touch(&guard->gone, data_sector * sector_size, sector_size);
}

/* ------------------------------------------------------------------ asking again */

int csum_guard_refresh(struct csum_guard *guard)
{
	struct csum_guard_ranges records = { .range = NULL };
	size_t kept = 0;
	int error;

	if (guard->idle || guard->verdict == CSUM_GUARD_REWRITTEN)
		return 0;
	error = ask_structures(guard, CSUM_GUARD_OPENING);
	if (!error && needs_records(guard) && guard->verdict != CSUM_GUARD_REWRITTEN)
		error = find_records(guard, &records);
	/* Records are dropped, never added: this time less was read than at first. */
	for (size_t i = 0; i < guard->records.count && !error; i++) {
		const struct csum_guard_range range = guard->records.range[i];

		if (csum_guard_ranges_hold(&records, range.offset_bytes, range.size_bytes))
			guard->records.range[kept++] = range;
	}
	if (!error)
		guard->records.count = kept;
	csum_guard_ranges_free(&records);
	return error;
}

/* ------------------------------------------------------------------ refusing */

int csum_guard_refuse(const struct csum_guard *guard)
{
	const struct csum_volume *volume = guard->volume;
	const struct csum_guard_sample *sample = &guard->facts.sample;

	if (is_other_data(guard))
		return csum_report_refusal_reason(&volume->handlers, -EPERM, CSUM_REASON_OTHER_DATA, volume->data->name,
						  "not the data that %s has the checksums of: of %" PRIu32
						  " written sectors that were looked at %" PRIu32
						  " match; refused for writing",
						  volume->metadata->name, sample->drawn, sample->right);
	if (guard->verdict != CSUM_GUARD_REWRITTEN || (guard->allow & CSUM_ALLOW_REWRITTEN))
		return 0;
	return csum_report_refusal_reason(&volume->handlers, -EPERM, CSUM_REASON_REWRITTEN, volume->data->name,
					  "somebody else has written the data: %s; refused for writing", guard->reason);
}
