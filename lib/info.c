/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_volume_get_info(): describes an open volume. */
#include <string.h>

#include "guard/guard.h"

void csum_volume_get_info(const struct csum_volume *volume, struct csum_volume_info *info)
{
	const struct csum_superblock *superblock = &volume->superblock;

	*info = (struct csum_volume_info){
		.geometry = superblock->geometry,
		.checksum_type = (enum csum_checksum_type)superblock->checksum_type,
		.version_major = superblock->version_major,
		.version_minor = superblock->version_minor,
		.features_compat = superblock->features_compat,
		.features_ro_compat = superblock->features_ro_compat,
		.features_incompat = superblock->features_incompat,
		.physical_sector_size = superblock->physical_sector_size,
		.created = superblock->created,
		.last_write = superblock->last_write,
		.state = volume->governing == CSUM_SLOT_C ? CSUM_UNKNOWN :
			 csum_volume_active(volume)	  ? CSUM_ACTIVE :
							    CSUM_CLEAN,
		.at_work = volume->at_work,
		.generation = superblock->generation,
		.session = superblock->session,
		.intent_first_group = superblock->intent_first,
		.intent_groups = superblock->intent_count,
		.governing_slot = volume->governing,
		.last_scrub = superblock->last_scrub,
		.current_scrub = superblock->current_scrub,
		.data_device = volume->data->name,
		.metadata_device = volume->metadata->name,
		.data_device_present_bytes = volume->data->size_bytes,
		.metadata_device_present_bytes = volume->metadata->size_bytes,
		.direct_io = volume->data->direct && volume->metadata->direct,
		.exclusive = superblock->features_compat & CSUM_COMPAT_EXCLUSIVE,
		.unknown_compat = superblock->features_compat & ~CSUM_COMPAT_KNOWN,
		.unknown_ro_compat = superblock->features_ro_compat & ~CSUM_RO_COMPAT_KNOWN,
		.data_file = csum_guard_data_file(volume),
		.held_since = superblock->record.held_since,
		.held_reason = (enum csum_held)superblock->record.held_reason,
	};
	memcpy(info->uuid, superblock->uuid, sizeof(info->uuid));
	memcpy(info->label, superblock->label, sizeof(info->label));
	memcpy(info->data_identity, superblock->data_identity, sizeof(info->data_identity));
	memcpy(info->slot_valid, volume->slot_valid, sizeof(info->slot_valid));
}
