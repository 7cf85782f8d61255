/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* R2 through the journal: groups whose right entries are not all in one copy get them. The groups may lie anywhere. */
#ifndef CSUM_UPDATE_MERGE_H
#define CSUM_UPDATE_MERGE_H

#include "volume/groups.h"

struct csum_merge_group {
	uint64_t number;
	struct csum_group *group; /* has a newer copy; matches the disk, before and after */
	uint8_t *image; /* an imd sector with the new entries; the merge makes it valid for the older copy */
};

/* The groups of one journal record. Zero-initialised, but for the first two members; ends with csum_merge_free(). */
struct csum_merge {
	struct csum_volume *volume;
	const struct csum_io_policy *policy; /* of its rounds; NULL: the usual one */
	struct csum_merge_group groups[CSUM_JOURNAL_PLACES]; /* distinct */
	uint32_t count; /* 1 to csum_journal_capacity() */
	bool stuck; /* result: so many writes were refused that the record has to stay; never reset */
	struct csum_io_list list;
};

/*
 * I9: writes the record, then the older copies of its groups, then the other copies; each is durable before the next
 * begins. Errors are reported.
 */
int csum_merge_run(struct csum_merge *merge) CSUM_MUST_CHECK;
void csum_merge_free(struct csum_merge *merge);

#endif
