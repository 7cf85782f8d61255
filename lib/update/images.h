/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New imd sectors of a group whose sectors change, as bytes. No I/O: the caller decides when they are written. */
#ifndef CSUM_UPDATE_IMAGES_H
#define CSUM_UPDATE_IMAGES_H

#include "volume/groups.h"

enum csum_action {
	CSUM_ACTION_KEEP,
	CSUM_ACTION_WRITE,
	CSUM_ACTION_DISCARD,
};

/* A change of consecutive sectors of one group. */
struct csum_group_change {
	uint32_t first_index, count; /* in the group */
	const uint8_t *action; /* enum csum_action, per sector */
	const uint64_t *entry; /* per sector, where the action is WRITE */
	bool *fresh; /* result, per sector: there is no old content that a write could lose */
	bool overwrites; /* result: at least one of the sectors is not fresh */
};

/*
 * Makes two imd sectors of sector_size bytes each. image[0] goes to the copy that does not govern, before the data of
 * sectors that are not fresh; image[1] goes to the other copy when all of the data is in. *first_copy: the copy of
 * image[0]; -1: the group does not change. A lost group begins anew: copy 0 with generation 0, copy 1 with 1.
 */
void csum_images_make(const struct csum_volume *volume, uint64_t number, const struct csum_group *group,
		      struct csum_group_change *change, uint8_t *const image[2], int8_t *first_copy);

/* Reports that a lost group cannot be written in part; returns -EBADMSG. */
int csum_images_refuse_lost(const struct csum_volume *volume, uint64_t group);

#endif
