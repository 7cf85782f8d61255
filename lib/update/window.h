/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The intent around commits: W0 and W1 of protocol.h before the first commit of a group, W6 after the last commit of
 * all. The intent is one range of groups; as a window it slides along with the commits.
 */
#ifndef CSUM_UPDATE_WINDOW_H
#define CSUM_UPDATE_WINDOW_H

#include "update/rounds.h"

/* Zero-initialised, but for the pointer. */
struct csum_window {
	struct csum_rounds *rounds; /* of the commits that the intent covers */
	bool active; /* the superblock says active: the volume is to be marked clean in the end */
};

/*
 * W0 and W1 for the groups in `span`, which no commit in flight has; no round is under way. On 0 both slots hold an
 * intent that covers these groups and those of the commits in flight, and `span` matches the disk. The commits in
 * flight take two steps meanwhile. Errors are reported.
 */
int csum_window_slide(struct csum_window *window, struct csum_groups *span) CSUM_MUST_CHECK;

/* Settles every commit in flight, then does W6 if there was a W1; durable on 0. Errors are reported. */
int csum_window_close(struct csum_window *window) CSUM_MUST_CHECK;

#endif
