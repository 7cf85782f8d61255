/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery of an active volume, by its opening or as a part of a scrub. (protocol.md: Recovery) */
#ifndef CSUM_UPDATE_RECOVER_H
#define CSUM_UPDATE_RECOVER_H

#include "volume/verify.h"

/* Recovers an active volume; it is clean, durably, on success. -EBADMSG: only a repair can go on. */
int csum_protocol_recover(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * How a scrub takes part: its policy takes refused writes as findings, and of what is right by no version it chooses the
 * entry instead of refusing.
 */
struct csum_recovery {
	const struct csum_io_policy *policy; /* of every round */
	void *user;
	/*
	 * Sector i of the run (all of a group) is bad: *entry becomes that of the version that it can be made right by, or
	 * the newest one; or *open becomes true, and the group stays as it is.
	 */
	void (*choose)(void *user, const struct csum_verify *run, uint32_t i, const struct csum_group *group,
		       uint64_t *entry, bool *open);
	/* Behind choose(): the group is about to be put in order, or stays as it is (open). Errors end the recovery. */
	int (*group)(void *user, uint64_t number, const struct csum_group *group, bool open);
	bool give_up_unread; /* a group of which no copy can be read is lost, and does not stay open */
	/* Results. */
	bool stuck; /* so many writes were refused that the volume has to stay active */
	uint64_t open; /* groups that stay as they are, and the volume active */
};

/* R1 and R2: all but the superblock. recovery: NULL, or a scrub's. */
int csum_protocol_recover_groups(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

/* R2 alone: once more, when a scrub knows more of the groups that it left open. Sets recovery->open anew. */
int csum_protocol_recover_intent(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

/* ---- replay.c */

/* R1. */
int csum_protocol_replay(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

#endif
