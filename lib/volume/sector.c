/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/sector.h"

#include <inttypes.h>

#include "ondisk/layout.h"

int csum_sector_verify(const struct csum_volume *volume, const struct csum_groups *span, enum csum_need need,
		       uint64_t sector, uint8_t *data, struct csum_sector *found)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t number = csum_layout_group_of(geometry, sector);
	const struct csum_group *group = csum_groups_group(span, number);
	csum_verdict8 verdict = CSUM_VERDICT_NOT_READ;
	const struct csum_verify run = {
		.volume = volume,
		.span = span,
		.need = need,
		.first_sector = sector,
		.sector_count = 1,
		.data = data,
		.verdict = &verdict,
		.entry = &found->computed,
	};
	int error;

	*found = (struct csum_sector){ .has_entry = group->version_count > 0 };
	if (found->has_entry)
		found->entry = csum_group_entry(group, (uint32_t)(sector - csum_layout_first_sector(geometry, number)));
	error = csum_verify_run(&run);
	found->verdict = verdict;
	return error;
}

int csum_sector_load(const struct csum_volume *volume, struct csum_groups *one, uint64_t sector, uint8_t *data,
		     struct csum_sector *found)
{
	int error;

	csum_groups_place(one, csum_layout_group_of(csum_volume_geometry(volume), sector), 1);
	error = csum_groups_load_piece(volume, one, 0);
	if (!error)
		return csum_sector_verify(volume, one, CSUM_NEED_CONTENT, sector, data, found);
	*found = (struct csum_sector){ .in_metadata = true };
	return error;
}

int csum_sector_report(const struct csum_volume *volume, uint64_t sector, int error, const struct csum_sector *found)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t group = csum_layout_group_of(geometry, sector);

	if (!found->in_metadata)
		return csum_io_report(&volume->handlers, error, volume->data->name,
				      "reading data sector %" PRIu64 " at offset %" PRIu64, sector,
				      csum_layout_data_offset(geometry, sector));
	return csum_io_report(&volume->handlers, error, volume->metadata->name,
			      "reading metadata of groups %" PRIu64 " to %" PRIu64, group, group);
}
