/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of bad sectors: what they hold, what they lack, and what became of them. */
#include "scrub/scrub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/util.h"
#include "guard/class.h"
#include "ondisk/layout.h"
#include "scrub/guard.h"
#include "scrub/sector.h"

/* How often sectors join the table for what those hold that have joined it: each time is a pass over all metadata. */
#define JOINS_MOST 8u

int csum_scrub_table_add(struct csum_scrub *scrub, const struct csum_bad_sector *found)
{
	if (scrub->bad_count == scrub->bad_capacity) {
		size_t capacity = scrub->bad_capacity ? scrub->bad_capacity * 2 : 256;
		struct csum_scrub_bad *grown = reallocarray(scrub->bad, capacity, sizeof(*grown));

		if (!grown)
			return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "noting bad sectors");
		scrub->bad = grown;
		scrub->bad_capacity = capacity;
	}
	scrub->bad[scrub->bad_count++] = (struct csum_scrub_bad){
		.found = *found,
		.adjacent = 1,
		.source = CSUM_SCRUB_NO_INDEX,
		.cover = csum_scrub_guard_cover(scrub, found->sector),
	};
	return 0;
}

/* ------------------------------------------------------------------ what is known of each */

/* Reads it anew: an error may have been passing. */
static void refresh_work(void *argument, size_t index)
{
	struct csum_scrub *scrub = argument;
	struct csum_scrub_bad *bad = &scrub->bad[index];
	struct csum_volume *volume = scrub->volume;
	uint64_t offset_bytes = csum_layout_data_offset(csum_volume_geometry(volume), bad->found.sector);
	uint8_t *data;

	if (bad->refreshed)
		return;
	data = csum_io_alloc(scrub->sector_size);
	bad->refreshed = true;
	bad->class = CSUM_CLASS_DEAD;
	if (data && csum_io_read_patiently(volume->data, data, scrub->sector_size, offset_bytes, NULL) == 0) {
		bad->readable = true;
		bad->uniform = csum_is_uniform(data, scrub->sector_size);
		bad->found.computed_entry = csum_volume_entry(volume, data);
		bad->gone = bad->found.computed_entry == bad->found.expected_entry;
		if (bad->cover != CSUM_COVER_ALL)
			bad->class = csum_guard_class_of(csum_scrub_decoder(scrub), data, scrub->sector_size,
							 bad->found.expected_entry, bad->found.verdict);
	} else {
		/* The pass could read it: whose content that is must be known before it is overwritten. */
		bad->blocked = bad->found.verdict < CSUM_VERDICT_UNREADABLE;
		bad->outcome.why = bad->blocked ? "it could be read a moment ago, and cannot now" : NULL;
	}
	free(data);
}

static void count_adjacent(struct csum_scrub *scrub)
{
	for (size_t i = 0, end; i < scrub->bad_count; i = end) {
		end = i + 1;
		while (end < scrub->bad_count && scrub->bad[end].found.sector == scrub->bad[end - 1].found.sector + 1)
			end++;
		for (size_t j = i; j < end; j++)
			scrub->bad[j].adjacent = (uint32_t)(end - i);
	}
}

/* Whose content it holds, and who holds its own. */
static void link_one(struct csum_scrub *scrub, uint32_t index)
{
	struct csum_scrub_bad *bad = &scrub->bad[index];
	const struct csum_scrub_want *owner = NULL, *source;

	if (bad->readable && !bad->uniform && bad->found.verdict == CSUM_VERDICT_MISMATCH)
		owner = csum_scrub_want(scrub, bad->found.computed_entry);
	if (owner && owner->expected_by != CSUM_SCRUB_NO_INDEX)
		bad->outcome.other_sector = scrub->bad[owner->expected_by].found.sector;
	else if (owner && owner->place_count)
		bad->outcome.other_sector = owner->place[0];
	bad->outcome.has_other_sector = owner && (owner->expected_by != CSUM_SCRUB_NO_INDEX || owner->place_count > 0);
	source = csum_scrub_want(scrub, bad->found.expected_entry);
	if (!source || source->held_by == CSUM_SCRUB_NO_INDEX || source->held_by == index)
		return;
	bad->source = source->held_by;
	scrub->bad[bad->source].needed_by++;
}

static void link_all(struct csum_scrub *scrub)
{
	for (size_t i = 0; i < scrub->bad_count; i++) {
		scrub->bad[i].source = CSUM_SCRUB_NO_INDEX;
		scrub->bad[i].needed_by = 0;
	}
	for (uint32_t i = 0; i < scrub->bad_count; i++) {
		if (!scrub->bad[i].gone)
			link_one(scrub, i);
	}
}

/*
 * A bad sector that the pass has not come to yet, or that lies outside its range, may have its only copy in the place
 * of sector `index`: it joins the table, to be healed before that place is overwritten. As what it holds may be another
 * one's only copy again, it is to be learned of like the others; where that goes on for too long (join is false), the
 * place of `index` is not overwritten.
 */
static int add_owners(struct csum_scrub *scrub, uint32_t index, bool join)
{
	struct csum_scrub_want *want = csum_scrub_want(scrub, scrub->bad[index].found.computed_entry);
	int error = 0;

	if (!want || want->owners_added)
		return 0;
	want->owners_added = true;
	for (uint32_t i = 0; i < want->place_count && !error; i++) {
		struct csum_bad_sector found;

		error = csum_scrub_sector_read(scrub, want->place[i], &found);
		if (error || !csum_verdict_is_bad(found.verdict) || found.verdict == CSUM_VERDICT_LOST ||
		    found.expected_entry != want->entry)
			continue;
		if (!join) {
			scrub->bad[index].blocked = true;
			break;
		}
		error = csum_scrub_table_add(scrub, &found);
		if (!error)
			scrub->bad[scrub->bad_count - 1].joined = true;
	}
	return error;
}

static bool may_have_owners(const struct csum_scrub *scrub, uint32_t index)
{
	const struct csum_scrub_bad *bad = &scrub->bad[index];

	return !bad->gone && bad->outcome.has_other_sector && scrub->mode == CSUM_SCRUB_REPAIR && !scrub->ended_repairs;
}

/* Others may have written since the pass began: what vouched for a sector then may not any more. */
static int ask_again(struct csum_scrub *scrub)
{
	size_t kept = 0;
	int error = csum_scrub_guard_refresh(scrub);

	for (size_t i = 0; i < scrub->bad_count && !error; i++) {
		struct csum_scrub_bad *bad = &scrub->bad[i];

		bad->cover = csum_scrub_guard_cover(scrub, bad->found.sector);
		if (csum_scrub_is_undecided(scrub, bad->found.sector))
			error = csum_scrub_undecided_add(scrub, &bad->found);
		else
			scrub->bad[kept++] = *bad;
	}
	if (!error)
		scrub->bad_count = kept;
	return error;
}

static int compare_sectors(const void *a, const void *b)
{
	uint64_t first = ((const struct csum_scrub_bad *)a)->found.sector;
	uint64_t second = ((const struct csum_scrub_bad *)b)->found.sector;

	return (first > second) - (first < second);
}

/* What is known of those that are in the table: its order is that of sectors, which the lookup relies on. */
static int learn_present(struct csum_scrub *scrub)
{
	int error;

	qsort(scrub->bad, scrub->bad_count, sizeof(*scrub->bad), compare_sectors);
	csum_io_parallel(scrub->volume->io, 0, scrub->bad_count, refresh_work, scrub);
	count_adjacent(scrub);
	error = csum_scrub_lookup(scrub);
	if (!error || error == -ECANCELED)
		link_all(scrub);
	return error;
}

/* Whether another sector has its content, as far as the pass over all metadata has told. */
static bool is_known(struct csum_scrub *scrub, const struct csum_scrub_bad *bad)
{
	const struct csum_scrub_want *want = csum_scrub_want(scrub, bad->found.computed_entry);

	return want && (want->place_count || want->expected_by != CSUM_SCRUB_NO_INDEX);
}

static void classify(struct csum_scrub *scrub)
{
	for (size_t i = 0; i < scrub->bad_count; i++)
		csum_scrub_guard_classify(scrub, &scrub->bad[i], is_known(scrub, &scrub->bad[i]));
}

int csum_scrub_table_learn(struct csum_scrub *scrub)
{
	int error = ask_again(scrub);
	size_t known = 0;

	for (unsigned int turn = 0; !error && scrub->bad_count > known; turn++) {
		known = scrub->bad_count;
		error = learn_present(scrub);
		for (uint32_t i = 0; i < known && !error; i++) {
			if (may_have_owners(scrub, i))
				error = add_owners(scrub, i, turn < JOINS_MOST);
		}
	}
	classify(scrub);
	return error;
}

/* ------------------------------------------------------------------ */

/* Left, and met by the pass as well, which reports it. */
static bool is_reported_elsewhere(const struct csum_scrub *scrub, const struct csum_scrub_bad *bad)
{
	return bad->joined && bad->outcome.disposition == CSUM_LEFT && bad->found.sector >= scrub->first_sector &&
	       bad->found.sector < scrub->end_sector;
}

static void report(struct csum_scrub *scrub)
{
	qsort(scrub->bad, scrub->bad_count, sizeof(*scrub->bad), compare_sectors);
	for (size_t i = 0; i < scrub->bad_count; i++) {
		struct csum_scrub_bad *bad = &scrub->bad[i];

		if (is_reported_elsewhere(scrub, bad))
			continue;
		if (bad->gone)
			bad->found.verdict = CSUM_VERDICT_TRANSIENT;
		if (bad->outcome.rewritten)
			csum_scrub_guard_say(scrub);
		csum_finder_bad(&scrub->finder, &bad->found, &bad->outcome);
		scrub->result->sectors_repaired += bad->outcome.disposition != CSUM_LEFT;
	}
	scrub->bad_count = 0;
}

int csum_scrub_table_finish(struct csum_scrub *scrub, int learned)
{
	int error;

	if (learned) {
		/* Whose contents the bad sectors hold is not known: what is overwritten now might be the only copy. */
		scrub->ended_repairs = true;
		scrub->unfinished |= learned == -ECANCELED;
	}
	error = csum_scrub_order_repair(scrub);
	report(scrub);
	free(scrub->wants);
	scrub->wants = NULL;
	return error ? error : learned;
}

int csum_scrub_table_resolve(struct csum_scrub *scrub)
{
	if (scrub->bad_count == 0)
		return 0;
	return csum_scrub_table_finish(scrub, csum_scrub_table_learn(scrub));
}
