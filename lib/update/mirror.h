/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* W0, and what recovery and a scrub do likewise: one copy of a group takes the entries of the other. */
#ifndef CSUM_UPDATE_MIRROR_H
#define CSUM_UPDATE_MIRROR_H

#include "volume/groups.h"

/* W0: mirrors every group of the span that is not as I1 wants it; durable on return. Lost groups stay. */
int csum_protocol_mirror(struct csum_volume *volume, struct csum_groups *span) CSUM_MUST_CHECK;

/*
 * Makes the copy that is not the newer one take its entries with the next generation, in memory, and adds the
 * write to the list; the span must outlive the round. The group has a valid copy. -ENOMEM, not reported.
 */
int csum_protocol_copy_over(struct csum_volume *volume, uint64_t number, struct csum_group *group,
			    struct csum_io_list *list) CSUM_MUST_CHECK;

/* Whether the newer copy of the group, as read from the disk anew, has these entries. Errors are reported. */
int csum_protocol_holds(struct csum_volume *volume, uint64_t number, const void *entries, bool *holds) CSUM_MUST_CHECK;

#endif
