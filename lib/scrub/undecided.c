/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bad sectors on a block device for which nothing vouches. Whether they have decayed or were written by others depends
 * on all of them: one with new content is enough to leave them all. So they wait for the end of the pass (ruling.c).
 * The first ones are kept as they are; of more only the stretch of the volume is noted, which is read again then.
 */
#include "scrub/undecided.h"

#include <errno.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "scrub/guard.h"
#include "scrub/sector.h"
#include "scrub/table.h"
#include "volume/scan.h"

/* Bits for stretches at the most: 8 MiB of them, whatever the size of the volume. */
#define STRETCHES_MAX (UINT64_C(1) << 26)

struct csum_scrub_undecided {
	struct csum_bad_sector *kept; /* NULL, or CSUM_SCRUB_TABLE_ROWS of them; ascending once closed */
	size_t kept_count;
	uint64_t count; /* all of them, as far as is known */
	uint8_t *stretches; /* a bit each: it has some that are not kept; NULL: none has */
	uint64_t stretch_groups, stretch_count;
	bool closed; /* the pass is over: they are dealt with, not kept any more */
};

struct csum_scrub_undecided *csum_scrub_undecided_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_undecided));
}

static void forget(struct csum_scrub_undecided *undecided)
{
	free(undecided->kept);
	free(undecided->stretches);
	*undecided = (struct csum_scrub_undecided){ 0 };
}

void csum_scrub_undecided_free(struct csum_scrub_undecided *undecided)
{
	if (undecided)
		forget(undecided);
	free(undecided);
}

void csum_scrub_undecided_drop(struct csum_scrub *scrub)
{
	forget(scrub->undecided);
}

bool csum_scrub_undecided_is(const struct csum_scrub *scrub, uint64_t sector)
{
	/* A pass that is known not to see everything decides nothing. */
	return scrub->complete && !scrub->undecided->closed && !csum_scrub_guard_on_file(scrub) &&
	       csum_scrub_guard_cover(scrub, sector) == CSUM_COVER_NONE;
}

uint64_t csum_scrub_undecided_count(const struct csum_scrub *scrub)
{
	return scrub->undecided->count;
}

bool csum_scrub_undecided_all_kept(const struct csum_scrub *scrub)
{
	return !scrub->undecided->stretches;
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

	if (!undecided->kept)
		undecided->kept = calloc(CSUM_SCRUB_TABLE_ROWS, sizeof(*undecided->kept));
	if (!undecided->kept)
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

void csum_scrub_undecided_close(struct csum_scrub *scrub)
{
	struct csum_scrub_undecided *undecided = scrub->undecided;

	undecided->closed = true;
	qsort(undecided->kept, undecided->kept_count, sizeof(undecided->kept[0]), compare);
}

/* Those of a stretch that are not kept go to the table. */
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

int csum_scrub_undecided_each(struct csum_scrub *scrub, int (*deal)(struct csum_scrub *scrub, void *user), void *user)
{
	const struct csum_scrub_undecided *undecided = scrub->undecided;
	int result = 0;

	for (size_t i = 0; i < undecided->kept_count && !result; i++)
		result = csum_scrub_table_add(scrub, &undecided->kept[i]);
	if (!result)
		result = deal(scrub, user);
	for (uint64_t s = 0; undecided->stretches && s < undecided->stretch_count && !result; s++) {
		if (!(undecided->stretches[s / 8] & 1u << s % 8))
			continue;
		result = read_stretch(scrub, s);
		if (!result && csum_scrub_table_count(scrub) >= CSUM_SCRUB_TABLE_ROWS)
			result = deal(scrub, user);
	}
	if (!result)
		result = deal(scrub, user);
	return result < 0 ? result : 0;
}
