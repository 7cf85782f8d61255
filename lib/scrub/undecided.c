/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bad sectors on a block device for which nothing vouches. Whether they have decayed or were written by others depends
 * on all of them: one with new content is enough to leave them all. So they wait for the end of the pass. The first ones
 * are kept as they are; of more only the stretch of the volume, which is read again then.
 */
#include "scrub/scrub.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "scrub/guard.h"
#include "scrub/index.h"
#include "scrub/resolve.h"
#include "scrub/sector.h"
#include "scrub/table.h"

/* Bits for stretches at the most: 8 MiB of them, whatever the size of the volume. */
#define STRETCHES_MAX (UINT64_C(1) << 26)

struct csum_scrub_undecided {
	struct csum_bad_sector kept[CSUM_SCRUB_TABLE_ROWS]; /* ascending once the pass has ended */
	size_t kept_count;
	uint64_t count; /* all of them, so far as is known */
	uint8_t *stretches; /* a bit each: it has some that are not kept; NULL: none has */
	uint64_t stretch_groups, stretch_count;
	uint64_t new_count; /* of those classified: with new content */
	bool ending; /* the pass is over: they are dealt with, not kept any more */
};

bool csum_scrub_is_undecided(const struct csum_scrub *scrub, uint64_t sector)
{
	/* A pass that is known not to see everything decides nothing. */
	return scrub->complete && !(scrub->undecided && scrub->undecided->ending) && !csum_scrub_guard_on_file(scrub) &&
	       csum_scrub_guard_cover(scrub, sector) == CSUM_COVER_NONE;
}

uint64_t csum_scrub_undecided_count(const struct csum_scrub *scrub)
{
	return scrub->undecided ? scrub->undecided->count : 0;
}

void csum_scrub_undecided_free(struct csum_scrub *scrub)
{
	if (scrub->undecided)
		free(scrub->undecided->stretches);
	free(scrub->undecided);
	scrub->undecided = NULL;
}

/* ------------------------------------------------------------------ keeping */

static int mark_stretch(struct csum_scrub *scrub, uint64_t sector)
{
	struct csum_scrub_undecided *undecided = scrub->undecided;
	const struct csum_geometry *geometry = csum_volume_geometry(scrub->volume);
	uint64_t stretch;

	if (!undecided->stretches) {
		undecided->stretch_groups = (geometry->groups + STRETCHES_MAX - 1) / STRETCHES_MAX;
		undecided->stretch_count =
			(geometry->groups + undecided->stretch_groups - 1) / undecided->stretch_groups;
		undecided->stretches = calloc((size_t)(undecided->stretch_count / 8 + 1), 1);
	}
	if (!undecided->stretches)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "noting bad sectors");
	stretch = csum_layout_group_of(geometry, sector) / undecided->stretch_groups;
	undecided->stretches[stretch / 8] |= (uint8_t)(1u << stretch % 8);
	return 0;
}

int csum_scrub_undecided_add(struct csum_scrub *scrub, const struct csum_bad_sector *found)
{
	struct csum_scrub_undecided *undecided = scrub->undecided;

	if (!undecided)
		undecided = scrub->undecided = calloc(1, sizeof(*undecided));
	if (!undecided)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "noting bad sectors");
	undecided->count++;
	if (undecided->kept_count == CSUM_SCRUB_TABLE_ROWS)
		return mark_stretch(scrub, found->sector);
	undecided->kept[undecided->kept_count++] = *found;
	return 0;
}

/* ------------------------------------------------------------------ going through them */

static int compare(const void *a, const void *b)
{
	uint64_t first = ((const struct csum_bad_sector *)a)->sector,
		 second = ((const struct csum_bad_sector *)b)->sector;

	return (first > second) - (first < second);
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct csum_scrub *scrub = user;
	const struct csum_scrub_undecided *undecided = scrub->undecided;
	struct csum_bad_sector found;
	int error = 0;

	for (uint64_t i = 0; i < batch->sector_count && !error; i++) {
		if (!csum_scrub_sector_bad(scrub, batch, i, &found) ||
		    csum_scrub_guard_cover(scrub, found.sector) != CSUM_COVER_NONE ||
		    bsearch(&found, undecided->kept, undecided->kept_count, sizeof(found), compare))
			continue;
		error = csum_scrub_table_add(scrub, &found);
	}
	return error;
}

static int read_stretch(struct csum_scrub *scrub, uint64_t stretch)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scrub->volume);
	uint64_t groups = scrub->undecided->stretch_groups;
	uint64_t first = csum_layout_first_sector(geometry, stretch * groups);
	uint64_t end = csum_min_u64(csum_layout_first_sector(geometry, (stretch + 1) * groups), scrub->end_sector);
	const struct csum_scan_options scan = {
		.first_sector = first,
		.sector_count = end - first,
		.visit = visit,
		.user = scrub,
	};

	return csum_scan(scrub->volume, &scan);
}

/* Calls deal() with the table full of them, as often as it takes. until_new: one with new content is enough. */
static int each_table(struct csum_scrub *scrub, int (*deal)(struct csum_scrub *scrub), bool until_new)
{
	const struct csum_scrub_undecided *undecided = scrub->undecided;
	int error = 0;

	for (size_t i = 0; i < undecided->kept_count && !error; i++)
		error = csum_scrub_table_add(scrub, &undecided->kept[i]);
	if (!error)
		error = deal(scrub);
	for (uint64_t s = 0; undecided->stretches && s < undecided->stretch_count && !error; s++) {
		if (until_new && undecided->new_count)
			return 0;
		if (!(undecided->stretches[s / 8] & 1u << s % 8))
			continue;
		error = read_stretch(scrub, s);
		if (!error && csum_scrub_table_count(scrub) >= CSUM_SCRUB_TABLE_ROWS)
			error = deal(scrub);
	}
	return error ? error : deal(scrub);
}

/* ------------------------------------------------------------------ the ruling */

static int count_new(struct csum_scrub *scrub)
{
	int error = csum_scrub_table_count(scrub) ? csum_scrub_resolve_learn(scrub) : 0;

	for (size_t i = 0; i < csum_scrub_table_count(scrub) && !error; i++) {
		const struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);

		scrub->undecided->new_count += !bad->gone && !bad->joined && bad->class == CSUM_CLASS_NEW;
	}
	csum_scrub_table_cut(scrub, 0);
	csum_scrub_index_clear(scrub);
	return error;
}

static void say_undecided(struct csum_scrub *scrub)
{
	struct csum_totals *totals = &scrub->result->totals;

	totals->guard = CSUM_GUARD_UNDECIDED;
	snprintf(totals->guard_reason, sizeof(totals->guard_reason),
		 "undecided: %s%" PRIu64 " sectors hold new content, and nothing shows that nobody wrote there",
		 scrub->undecided->stretches ? "at least " : "", scrub->undecided->new_count);
}

int csum_scrub_undecided_end(struct csum_scrub *scrub)
{
	struct csum_scrub_undecided *undecided = scrub->undecided;
	int error = 0;

	if (!undecided)
		return 0;
	undecided->ending = true;
	qsort(undecided->kept, undecided->kept_count, sizeof(undecided->kept[0]), compare);
	if (scrub->complete && !scrub->ended_repairs) {
		csum_scrub_guard_rule(scrub, CSUM_SCRUB_DECIDED);
		error = each_table(scrub, count_new, true);
		scrub->ended_repairs |= error != 0;
	}
	if (undecided->new_count)
		say_undecided(scrub);
	if (undecided->new_count || error)
		csum_scrub_guard_rule(scrub, CSUM_SCRUB_LEAVE);
	if (error)
		return error;
	error = each_table(scrub, csum_scrub_resolve, false);
	csum_scrub_undecided_free(scrub);
	return error;
}
