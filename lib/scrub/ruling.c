/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is said of the bad sectors for which nothing vouches, once the pass has seen all of them: where one holds new
 * content others may have written, and all of them are left. (doc/guard.md)
 */
#include "scrub/ruling.h"

#include <inttypes.h>
#include <stdio.h>

#include "scrub/guard.h"
#include "scrub/index.h"
#include "scrub/resolve.h"
#include "scrub/table.h"
#include "scrub/undecided.h"

/* Counts those in the table with new content into *user; 1: there are some. */
static int count_new(struct csum_scrub *scrub, void *user)
{
	uint64_t *new_count = user;
	int error = csum_scrub_table_count(scrub) ? csum_scrub_resolve_learn(scrub) : 0;

	for (size_t i = 0; i < csum_scrub_table_count(scrub) && !error; i++) {
		const struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);

		*new_count += !bad->gone && !bad->joined && bad->class == CSUM_CLASS_NEW;
	}
	csum_scrub_table_cut(scrub, 0);
	csum_scrub_index_clear(scrub);
	return error ? error : *new_count > 0;
}

static int resolve(struct csum_scrub *scrub, void *user)
{
	(void)user;
	return csum_scrub_resolve(scrub);
}

static void put_undecided(struct csum_scrub *scrub, uint64_t new_count)
{
	struct csum_totals *totals = &scrub->result->totals;

	totals->guard = CSUM_GUARD_UNDECIDED;
	snprintf(totals->guard_reason, sizeof(totals->guard_reason),
		 "undecided: %s%" PRIu64 " sectors hold new content, and nothing shows that nobody wrote there",
		 csum_scrub_undecided_all_kept(scrub) ? "" : "at least ", new_count);
}

int csum_scrub_ruling(struct csum_scrub *scrub)
{
	uint64_t new_count = 0;
	int error = 0;

	if (csum_scrub_undecided_count(scrub) == 0)
		return 0;
	csum_scrub_undecided_close(scrub);
	if (scrub->complete && !scrub->ended_repairs) {
		csum_scrub_guard_rule(scrub, CSUM_SCRUB_DECIDED);
		error = csum_scrub_undecided_each(scrub, count_new, &new_count);
		scrub->ended_repairs |= error != 0;
	}
	if (new_count)
		put_undecided(scrub, new_count);
	if (new_count || error)
		csum_scrub_guard_rule(scrub, CSUM_SCRUB_LEAVE);
	if (error)
		return error;
	error = csum_scrub_undecided_each(scrub, resolve, NULL);
	csum_scrub_undecided_drop(scrub);
	return error;
}
