/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery of an active volume, by its opening or as a part of a scrub. (protocol.md: Recovery) */
#ifndef CSUM_UPDATE_RECOVER_H
#define CSUM_UPDATE_RECOVER_H

#include "volume/verify.h"

/* Recovers an active volume; it is clean, durably, on success. -EBADMSG: only a repair can go on. */
int csum_protocol_recover(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * The part of a scrub in recovery. The policy takes refused writes as findings; choose() chooses the entry of a sector
 * that is right by no version, where a recovery without a scrub refuses.
 */
struct csum_recovery {
	const struct csum_io_policy *policy; /* of every round */
	void *user;
	/*
	 * Called for bad sector i of the run, which is all of a group. Sets *entry to that of the version by which the
	 * sector can be made right, or else of the newest version; or sets *open, and the group stays as it is.
	 */
	void (*choose)(void *user, const struct csum_verify *run, uint32_t i, const struct csum_group *group,
		       uint64_t *entry, bool *open);
	/*
	 * Called after choose(): the group is about to be put in order, or stays as it is (open). Errors end the
	 * recovery.
	 */
	int (*group)(void *user, uint64_t number, const struct csum_group *group, bool open);
	bool give_up_unread; /* a group without a readable copy counts as lost, and does not stay open */
	/* Results. */
	bool stuck; /* so many writes were refused that the volume has to stay active */
	uint64_t open; /* groups that stay as they are; the volume then stays active */
};

/* R1 and R2: everything but the superblock. recovery: NULL, or that of a scrub. */
int csum_protocol_recover_groups(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

/* R2 alone, for a scrub that has learnt more of the groups that it left open. Sets recovery->open anew. */
int csum_protocol_recover_intent(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

/* ---- replay.c */

/* R1: replays the journal. recovery: NULL, or that of a scrub. */
int csum_protocol_replay(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

#endif
