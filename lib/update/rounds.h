/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commits in flight, and the rounds that they share: in each round every commit takes its next step, and one flush
 * makes all these steps durable.
 */
#ifndef CSUM_UPDATE_ROUNDS_H
#define CSUM_UPDATE_ROUNDS_H

#include "update/commit.h"

/* Commits in flight at most: one at each step. */
#define CSUM_ROUNDS_COMMITS (CSUM_STEP_SETTLED - CSUM_STEP_FRESH_DATA)

/* Zero-initialised, but for the volume; ended by csum_rounds_free(). */
struct csum_rounds {
	struct csum_volume *volume;
	struct csum_commit *commits[CSUM_ROUNDS_COMMITS]; /* in flight, in the order in which they began */
	size_t count;
	struct csum_io_list list; /* of the round under way, or of the next one */
	bool under_way;
};

/* Waits for a round under way. Commits that have not settled stay half-way, and then the volume must stay active. */
void csum_rounds_free(struct csum_rounds *rounds);

/*
 * The commit will take W2 in the next round. Its groups lie in an intent that both slots hold, and in no other commit
 * in flight; fewer than CSUM_ROUNDS_COMMITS are in flight; no round is under way.
 */
void csum_rounds_begin(struct csum_rounds *rounds, struct csum_commit *commit);

/*
 * Starts a round: the next step of every commit in flight, and what the caller has put into the list. Errors are
 * reported. Until csum_rounds_wait() the only I/O on the volume is csum_io_read_now() and the functions that use it
 * (volume/sector.h).
 */
int csum_rounds_start(struct csum_rounds *rounds) CSUM_MUST_CHECK;
/*
 * Ends the round under way, if there is one. 0: its steps are durable, and commits that have settled are no longer in
 * flight. Errors are reported, and then no commit has taken its step.
 */
int csum_rounds_wait(struct csum_rounds *rounds) CSUM_MUST_CHECK;
/* Starts rounds and waits for them until every commit has settled; no round is under way before or after. */
int csum_rounds_settle(struct csum_rounds *rounds) CSUM_MUST_CHECK;

/* Extends the range of groups [*first, *end) to all groups of commits in flight. */
void csum_rounds_cover(const struct csum_rounds *rounds, uint64_t *first, uint64_t *end);

#endif
