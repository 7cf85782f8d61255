/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A commit: changes of any groups that take steps W2 to W5 of protocol.h together, one step a round. The groups may lie
 * anywhere and in any order. Commits that have no group in common may be at different steps in the same round
 * (rounds.h).
 */
#ifndef CSUM_UPDATE_COMMIT_H
#define CSUM_UPDATE_COMMIT_H

#include "io/io.h"
#include "update/images.h"

/* The step of protocol.h that a commit takes in the next round. */
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
	uint8_t *data; /* new content where the action is WRITE, with room for every sector of the change; aligned */
	int8_t first_copy; /* the copy that the image of W3 goes to; -1: the group does not change */
};

/* Made by csum_commit_init(), ended by csum_commit_free(). */
struct csum_commit {
	struct csum_volume *volume;
	struct csum_commit_group *groups; /* distinct */
	size_t count, capacity;
	uint8_t *image[2]; /* imd sectors, in the order of groups: [0] for W3, [1] for W5 */
	bool overwrites; /* a sector that is not fresh changes: its new content is in with W4 only */
	enum csum_step next_step; /* the steps before it are durable */
};

/* Makes an empty commit with room for `groups` groups. -ENOMEM, not reported; call csum_commit_free() even then. */
int csum_commit_init(struct csum_commit *commit, struct csum_volume *volume, size_t groups) CSUM_MUST_CHECK;
/* Frees the commit, which may be all zero. */
void csum_commit_free(struct csum_commit *commit);

/* Empties a commit that has not begun or has settled. */
void csum_commit_clear(struct csum_commit *commit);

/*
 * Adds the change of a group, and makes its images from `group`, the group as it will be on disk when the commit
 * begins: either sound, or lost and covered by the change from end to end. The caller keeps everything that `change`
 * and `data` point to, unchanged until the commit has settled.
 */
void csum_commit_add(struct csum_commit *commit, uint64_t number, const struct csum_group *group,
		     const struct csum_group_change *change, uint8_t *data);

/* Adds the writes of the next step to the list of a round. -ENOMEM, not reported. */
int csum_commit_add_step(const struct csum_commit *commit, struct csum_io_list *list) CSUM_MUST_CHECK;

/* Whether all sectors of the commit read as new from now on, whatever happens to its remaining steps. */
bool csum_commit_is_in(const struct csum_commit *commit);

#endif
