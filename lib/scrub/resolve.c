/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bad sectors in the table: what they hold, what they lack, and what becomes of them. */
#include "scrub/resolve.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "guard/class.h"
#include "ondisk/layout.h"
#include "scrub/guard.h"
#include "scrub/heal.h"
#include "scrub/index.h"
#include "scrub/order.h"
#include "scrub/sector.h"
#include "scrub/table.h"
#include "scrub/undecided.h"

/* How often the sectors that have joined the table may have others join it: each time all metadata is scanned. */
#define JOINS_MOST 8u

/* ------------------------------------------------------------------ what is known of each */

/* Reads a bad sector once more: the error may have been passing. Several threads do so, each for other rows. */
static void refresh_work(void *argument, size_t index)
{
	struct csum_scrub *scrub = argument;
	struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index);
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
			bad->class = csum_guard_class_of(csum_scrub_heal_decoder(scrub), data, scrub->sector_size,
							 bad->found.expected_entry, bad->found.verdict);
	} else {
		/* The pass could read it. It may be the only copy of a content, which cannot be told now. */
		bad->blocked = bad->found.verdict < CSUM_VERDICT_UNREADABLE;
		bad->outcome.why = bad->blocked ? "it could be read a moment ago, and cannot now" : NULL;
	}
	free(data);
}

/* The table is in ascending order. */
static void count_adjacent(struct csum_scrub *scrub)
{
	size_t count = csum_scrub_table_count(scrub);

	for (size_t i = 0, end; i < count; i = end) {
		uint64_t first = csum_scrub_table_row(scrub, i)->found.sector;

		end = i + 1;
		while (end < count && csum_scrub_table_row(scrub, end)->found.sector == first + (end - i))
			end++;
		for (size_t j = i; j < end; j++)
			csum_scrub_table_row(scrub, j)->adjacent = (uint32_t)(end - i);
	}
}

/* Which sector the content that it holds belongs to, and which bad sector holds the content that it lacks. */
static void link_one(struct csum_scrub *scrub, uint32_t index)
{
	struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index);
	const struct csum_scrub_content *owner = NULL, *source;

	if (bad->readable && !bad->uniform && bad->found.verdict == CSUM_VERDICT_MISMATCH)
		owner = csum_scrub_index_find(scrub, bad->found.computed_entry);
	if (owner && owner->expected_by != CSUM_SCRUB_NO_INDEX)
		bad->outcome.other_sector = csum_scrub_table_row(scrub, owner->expected_by)->found.sector;
	else if (owner && owner->place_count)
		bad->outcome.other_sector = owner->place[0];
	bad->outcome.has_other_sector = owner && (owner->expected_by != CSUM_SCRUB_NO_INDEX || owner->place_count > 0);
	source = csum_scrub_index_find(scrub, bad->found.expected_entry);
	if (!source || source->held_by == CSUM_SCRUB_NO_INDEX || source->held_by == index)
		return;
	bad->source = source->held_by;
	csum_scrub_table_row(scrub, bad->source)->needed_by++;
}

static void link_all(struct csum_scrub *scrub)
{
	for (size_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		csum_scrub_table_row(scrub, i)->source = CSUM_SCRUB_NO_INDEX;
		csum_scrub_table_row(scrub, i)->needed_by = 0;
	}
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		if (!csum_scrub_table_row(scrub, i)->gone)
			link_one(scrub, i);
	}
}

/*
 * A bad sector that the pass has not come to yet, or that lies outside its range, may have its only copy in the place
 * of row `index`: then it joins the table, to be healed before that place is overwritten. What it holds itself may be
 * the only copy of a third one's content, so it is learned of like the others. Where that goes on for too long (join is
 * false), the place of row `index` is not overwritten.
 */
static int add_owners(struct csum_scrub *scrub, uint32_t index, bool join)
{
	struct csum_scrub_content *content =
		csum_scrub_index_find(scrub, csum_scrub_table_row(scrub, index)->found.computed_entry);
	int error = 0;

	if (!content || content->owners_added)
		return 0;
	content->owners_added = true;
	for (uint32_t i = 0; i < content->place_count && !error; i++) {
		struct csum_bad_sector found;

		error = csum_scrub_sector_read(scrub, content->place[i], &found);
		if (error || !csum_verdict_is_bad(found.verdict) || found.verdict == CSUM_VERDICT_LOST ||
		    found.expected_entry != content->entry)
			continue;
		if (!join) {
			csum_scrub_table_row(scrub, index)->blocked = true;
			break;
		}
		error = csum_scrub_table_add(scrub, &found);
		if (!error)
			csum_scrub_table_row(scrub, csum_scrub_table_count(scrub) - 1)->joined = true;
	}
	return error;
}

static bool may_have_owners(const struct csum_scrub *scrub, uint32_t index)
{
	const struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index);

	return !bad->gone && bad->outcome.has_other_sector && scrub->mode == CSUM_SCRUB_REPAIR && !scrub->ended_repairs;
}

/* Asks the guard again: others may have written since the sectors were found, and what vouched for them is gone. */
static int renew_cover(struct csum_scrub *scrub)
{
	size_t kept = 0;
	int error = csum_scrub_guard_refresh(scrub);

	for (size_t i = 0; i < csum_scrub_table_count(scrub) && !error; i++) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);

		bad->cover = csum_scrub_guard_cover(scrub, bad->found.sector);
		if (csum_scrub_undecided_is(scrub, bad->found.sector))
			error = csum_scrub_undecided_add(scrub, &bad->found);
		else
			*csum_scrub_table_row(scrub, kept++) = *bad;
	}
	if (!error)
		csum_scrub_table_cut(scrub, kept);
	return error;
}

/* What is known of the sectors that are in the table. The index relies on its order. */
static int learn_present(struct csum_scrub *scrub)
{
	int error;

	csum_scrub_table_sort(scrub);
	csum_io_parallel(scrub->volume->io, 0, csum_scrub_table_count(scrub), refresh_work, scrub);
	count_adjacent(scrub);
	error = csum_scrub_index_fill(scrub);
	if (!error || error == -ECANCELED)
		link_all(scrub);
	return error;
}

/* Whether another sector has its content, as far as the scan of all metadata has told. */
static bool is_known(struct csum_scrub *scrub, const struct csum_scrub_bad *bad)
{
	const struct csum_scrub_content *content = csum_scrub_index_find(scrub, bad->found.computed_entry);

	return content && (content->place_count || content->expected_by != CSUM_SCRUB_NO_INDEX);
}

static void classify(struct csum_scrub *scrub)
{
	for (size_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);

		csum_scrub_guard_classify(scrub, bad, is_known(scrub, bad));
	}
}

int csum_scrub_resolve_learn(struct csum_scrub *scrub)
{
	int error = renew_cover(scrub);
	size_t known = 0;

	for (unsigned int turn = 0; !error && csum_scrub_table_count(scrub) > known; turn++) {
		known = csum_scrub_table_count(scrub);
		error = learn_present(scrub);
		for (uint32_t i = 0; i < known && !error; i++) {
			if (may_have_owners(scrub, i))
				error = add_owners(scrub, i, turn < JOINS_MOST);
		}
	}
	classify(scrub);
	return error;
}

/* ------------------------------------------------------------------ what becomes of them */

/* Left, and in the range of the pass, which comes to it and reports it. */
static bool is_reported_elsewhere(const struct csum_scrub *scrub, const struct csum_scrub_bad *bad)
{
	return bad->joined && bad->outcome.disposition == CSUM_LEFT && bad->found.sector >= scrub->first_sector &&
	       bad->found.sector < scrub->end_sector;
}

static void report(struct csum_scrub *scrub)
{
	csum_scrub_table_sort(scrub);
	for (size_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);

		if (is_reported_elsewhere(scrub, bad))
			continue;
		if (bad->gone)
			bad->found.verdict = CSUM_VERDICT_TRANSIENT;
		if (bad->outcome.rewritten)
			csum_scrub_guard_explain(scrub);
		csum_finder_bad(&scrub->finder, &bad->found, &bad->outcome);
		scrub->result->sectors_repaired += bad->outcome.disposition != CSUM_LEFT;
	}
	csum_scrub_table_cut(scrub, 0);
}

/* The second half, after what learning returned. */
static int finish(struct csum_scrub *scrub, int learned)
{
	int error;

	if (learned) {
		/*
		 * It is not known which contents the bad sectors hold: one that is overwritten might be the only copy.
		 */
		scrub->ended_repairs = true;
		scrub->unfinished |= learned == -ECANCELED;
	}
	error = csum_scrub_order_repair(scrub);
	report(scrub);
	csum_scrub_index_clear(scrub);
	return error ? error : learned;
}

int csum_scrub_resolve(struct csum_scrub *scrub)
{
	if (csum_scrub_table_count(scrub) == 0)
		return 0;
	return finish(scrub, csum_scrub_resolve_learn(scrub));
}
