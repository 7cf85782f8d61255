/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of any groups, which take steps W2 to W5 of protocol.h together, a step a round. The groups may lie anywhere
 * and in any order. Commits that have no group in common may be at different steps in the same round (rounds.h).
 */
#ifndef CSUM_UPDATE_COMMIT_H
#define CSUM_UPDATE_COMMIT_H

#include "io/io.h"
#include "update/images.h"

/* What a commit does in the next round; of protocol.h. */
enum csum_step {
	CSUM_STEP_NONE, /* not in flight */
	CSUM_STEP_FRESH_DATA, /* W2 */
	CSUM_STEP_ENTRIES, /* W3 */
	CSUM_STEP_DATA, /* W4 */
	CSUM_STEP_SETTLE, /* W5 */
	CSUM_STEP_SETTLED,
};

/* One group of a commit. */
struct csum_commit_group {
	uint64_t number;
	struct csum_group_change change;
	uint8_t *data; /* what the sectors of the change will hold, one after the other, where the action is WRITE; aligned */
	int8_t first_copy; /* where the image of W3 goes; -1: the group does not change */
};

/* Made by csum_commit_init(), ended by csum_commit_free(). */
struct csum_commit {
	struct csum_volume *volume;
	struct csum_commit_group *groups; /* each group once */
	size_t count, capacity;
	uint8_t *image[2]; /* imd sectors, in the order of groups: [0] for W3, [1] for W5 */
	bool overwrites; /* some sector that is not fresh changes: its new content is in with W4 only */
	enum csum_step next_step; /* the steps before it are durable */
};

/* An empty commit with room for so many groups. -ENOMEM, not reported; csum_commit_free() is due all the same. */
int csum_commit_init(struct csum_commit *commit, struct csum_volume *volume, size_t groups) CSUM_MUST_CHECK;
/* Also of a commit that is all zero. */
void csum_commit_free(struct csum_commit *commit);

/* Empties a commit that is not in flight, or not any more. */
void csum_commit_clear(struct csum_commit *commit);

/*
 * Adds the change of a group, and makes its images from `group`: as the commit will find it on disk, sound, or lost and
 * then covered by the change from end to end. What change and data point to stays with the caller, untouched until the
 * commit has settled.
 */
void csum_commit_add(struct csum_commit *commit, uint64_t number, const struct csum_group *group,
		     const struct csum_group_change *change, uint8_t *data);

/* Adds the writes of the next step to the list of a round. -ENOMEM, not reported. */
int csum_commit_add_step(const struct csum_commit *commit, struct csum_io_list *list) CSUM_MUST_CHECK;

/* Whether all its sectors read as new from now on, whatever happens to its remaining steps. */
bool csum_commit_is_in(const struct csum_commit *commit);

#endif
