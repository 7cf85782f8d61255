/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update/rounds.h"

#include "base/report.h"
#include "base/util.h"

void csum_rounds_free(struct csum_rounds *rounds)
{
	if (rounds->under_way) {
		/* A round is still under way only after a failure, which has been reported. */
		int ignored = csum_io_round_wait(rounds->volume->io);

		(void)ignored;
	}
	csum_io_list_free(&rounds->list);
}

void csum_rounds_begin(struct csum_rounds *rounds, struct csum_commit *commit)
{
	commit->next_step = CSUM_STEP_FRESH_DATA;
	rounds->commits[rounds->count++] = commit;
}

int csum_rounds_start(struct csum_rounds *rounds)
{
	int error = 0;

	for (size_t i = 0; i < rounds->count && !error; i++)
		error = csum_commit_add_step(rounds->commits[i], &rounds->list);
	if (error) {
		rounds->list.count = 0;
		return csum_report_error(&rounds->volume->handlers, error, NULL, "preparing a round of writes");
	}
	csum_io_round_start(rounds->volume->io, rounds->list.requests, rounds->list.count);
	rounds->under_way = true;
	return 0;
}

/* The steps of the round are durable: each commit goes on to its next one. */
static void advance(struct csum_rounds *rounds)
{
	size_t kept = 0;

	for (size_t i = 0; i < rounds->count; i++) {
		if (++rounds->commits[i]->next_step != CSUM_STEP_SETTLED)
			rounds->commits[kept++] = rounds->commits[i];
	}
	rounds->count = kept;
}

int csum_rounds_wait(struct csum_rounds *rounds)
{
	/* Without a round under way this says whether an earlier write failed. */
	int error = csum_io_round_wait(rounds->volume->io);

	if (rounds->under_way && !error)
		advance(rounds);
	rounds->under_way = false;
	rounds->list.count = 0;
	return error;
}

int csum_rounds_settle(struct csum_rounds *rounds)
{
	int error = 0;

	while (!error && rounds->count) {
		error = csum_rounds_start(rounds);
		if (!error)
			error = csum_rounds_wait(rounds);
	}
	return error;
}

void csum_rounds_cover(const struct csum_rounds *rounds, uint64_t *first, uint64_t *end)
{
	for (size_t c = 0; c < rounds->count; c++) {
		const struct csum_commit *commit = rounds->commits[c];

		for (size_t i = 0; i < commit->count; i++) {
			*first = csum_min_u64(*first, commit->groups[i].number);
			*end = csum_max_u64(*end, commit->groups[i].number + 1);
		}
	}
}
