/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update/images.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"

/* Puts the new entries into an imd sector that holds the old ones; returns whether any entry changes. */
static bool apply_entries(struct csum_group_change *change, bool lost, uint8_t *image)
{
	bool changed = false;

	change->overwrites = false;
	for (uint32_t i = 0; i < change->count; i++) {
		uint32_t index = change->first_index + i;
		uint64_t old = csum_imd_entry(image, index);

		/* A sector marked bad matches nothing, so like an unwritten one it has no old content to lose. */
		change->fresh[i] = lost || !csum_entry_has_content(old);
		change->overwrites |= !change->fresh[i];
		if (change->action[i] == CSUM_ACTION_WRITE)
			csum_imd_set_entry(image, index, change->entry[i]);
		else if (change->action[i] == CSUM_ACTION_DISCARD)
			csum_imd_set_entry(image, index, CSUM_ENTRY_UNWRITTEN);
		changed |= change->action[i] == CSUM_ACTION_WRITE || csum_imd_entry(image, index) != old;
	}
	return changed;
}

void csum_images_make(const struct csum_volume *volume, uint64_t number, const struct csum_group *group,
		      struct csum_group_change *change, uint8_t *const image[2], int8_t *first_copy)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;
	bool lost = group->newer < 0;
	int copy = lost ? 0 : 1 - group->newer;
	uint32_t generation = lost ? 0 : group->generation[group->newer] + 1;

	if (lost)
		memset(image[0], 0, sector_size);
	else
		memcpy(image[0], group->copy[group->newer], sector_size);
	*first_copy = -1;
	if (!apply_entries(change, lost, image[0]) && !lost)
		return;
	*first_copy = (int8_t)copy;
	memcpy(image[1], image[0], sector_size);
	csum_imd_seal(csum_volume_imd_place(volume, number, copy), generation, image[0]);
	csum_imd_seal(csum_volume_imd_place(volume, number, 1 - copy), generation + 1, image[1]);
}

int csum_images_refuse_lost(const struct csum_volume *volume, uint64_t group)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t first = csum_layout_first_sector(geometry, group);

	return csum_report_refusal_reason(&volume->handlers, -EBADMSG, CSUM_REASON_GROUP_LOST, volume->metadata->name,
					  "refused: both imd copies of group %" PRIu64 " (data sectors %" PRIu64
					  " to %" PRIu64
					  ") are invalid, so the rest of the group could not be verified afterwards",
					  group, first, first + csum_layout_group_sectors(geometry, group) - 1);
}
