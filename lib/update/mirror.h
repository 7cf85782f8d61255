/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* W0, also used by recovery and by a scrub: one copy of a group takes the entries of the other. */
#ifndef CSUM_UPDATE_MIRROR_H
#define CSUM_UPDATE_MIRROR_H

#include "volume/groups.h"

/* W0: mirrors every group of the span whose copies are not as I1 demands; durable on return. Lost groups stay lost. */
int csum_protocol_mirror(struct csum_volume *volume, struct csum_groups *span) CSUM_MUST_CHECK;

/*
 * Gives the older or invalid copy of a group the entries of the newer one with the next generation, in memory, and adds
 * the write to the list; the span must outlive the round. The group has a valid copy. -ENOMEM, not reported.
 */
int csum_protocol_copy_over(struct csum_volume *volume, uint64_t number, struct csum_group *group,
			    struct csum_io_list *list) CSUM_MUST_CHECK;

/* Reads the group from the disk anew. *holds: whether its newer copy has these entries. Errors are reported. */
int csum_protocol_holds(struct csum_volume *volume, uint64_t number, const void *entries, bool *holds) CSUM_MUST_CHECK;

#endif
