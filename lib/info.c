/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_volume_get_info(): describes an open volume. */
#include <string.h>

#include "guard/guard.h"

/* The fields that are the superblock's own. */
static void take_superblock(const struct csum_superblock *superblock, struct csum_volume_info *info)
{
	info->geometry = superblock->geometry;
	info->checksum_type = (enum csum_checksum_type)superblock->checksum_type;
	info->version_major = superblock->version_major;
	info->version_minor = superblock->version_minor;
	info->features_compat = superblock->features_compat;
	info->features_ro_compat = superblock->features_ro_compat;
	info->features_incompat = superblock->features_incompat;
	info->exclusive = superblock->features_compat & CSUM_COMPAT_EXCLUSIVE;
	info->unknown_compat = superblock->features_compat & ~CSUM_COMPAT_KNOWN;
	info->unknown_ro_compat = superblock->features_ro_compat & ~CSUM_RO_COMPAT_KNOWN;
	info->physical_sector_size = superblock->physical_sector_size;
	info->created = superblock->created;
	info->last_write = superblock->last_write;
	info->generation = superblock->generation;
	info->session = superblock->session;
	info->intent_first_group = superblock->intent_first;
	info->intent_groups = superblock->intent_count;
	info->last_scrub = superblock->last_scrub;
	info->current_scrub = superblock->current_scrub;
	info->held_since = superblock->record.held_since;
	info->held_reason = (enum csum_held)superblock->record.held_reason;
	memcpy(info->uuid, superblock->uuid, sizeof(info->uuid));
	memcpy(info->label, superblock->label, sizeof(info->label));
	memcpy(info->data_identity, superblock->data_identity, sizeof(info->data_identity));
}

void csum_volume_get_info(const struct csum_volume *volume, struct csum_volume_info *info)
{
	*info = (struct csum_volume_info){
		.state = volume->governing == CSUM_SLOT_C ? CSUM_UNKNOWN :
			 csum_volume_active(volume)	  ? CSUM_ACTIVE :
							    CSUM_CLEAN,
		.at_work = volume->at_work,
		.governing_slot = volume->governing,
		.data_device = volume->data->name,
		.metadata_device = volume->metadata->name,
		.data_device_present_bytes = volume->data->size_bytes,
		.metadata_device_present_bytes = volume->metadata->size_bytes,
		.direct_io = volume->data->direct && volume->metadata->direct,
		.data_file = csum_guard_data_file(volume),
	};
	memcpy(info->slot_valid, volume->slot_valid, sizeof(info->slot_valid));
	take_superblock(&volume->superblock, info);
}
