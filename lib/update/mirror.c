/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* W0: the older or invalid copy of a group takes the entries of the newer one. */
#include "update/mirror.h"

#include <string.h>

#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"

int csum_protocol_copy_over(struct csum_volume *volume, uint64_t number, struct csum_group *group,
			    struct csum_io_list *list)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	int older = 1 - group->newer;

	memcpy(group->copy[older], group->copy[group->newer], geometry->sector_size);
	csum_imd_seal(csum_volume_imd_place(volume, number, older), group->generation[group->newer] + 1,
		      group->copy[older]);
	group->verdict[older] = CSUM_IMD_VALID;
	csum_group_judge(volume, number, group);
	return csum_io_list_add(list, volume->metadata, CSUM_IO_WRITE, group->copy[older], geometry->sector_size,
				csum_layout_imd_offset(geometry, number, older));
}

int csum_protocol_mirror(struct csum_volume *volume, struct csum_groups *span)
{
	struct csum_io_list list = { 0 };
	int error = 0;

	for (uint64_t i = 0; i < span->group_count && !error; i++) {
		struct csum_group *group = &span->groups[i];

		if (group->newer < 0 || csum_group_sound(group, csum_volume_geometry(volume)->sector_size))
			continue;
		error = csum_protocol_copy_over(volume, span->first_group + i, group, &list);
	}
	if (error)
		csum_report_error(&volume->handlers, error, NULL, "mirroring metadata");
	else
		error = csum_io_round(volume->io, &list, NULL, NULL);
	csum_io_list_free(&list);
	return error;
}

int csum_protocol_holds(struct csum_volume *volume, uint64_t number, const void *entries, bool *holds)
{
	struct csum_groups span;
	int error = csum_groups_init(&span, volume, 1);

	*holds = false;
	if (error)
		return error;
	error = csum_groups_load(volume, &span, number, 1);
	if (!error && span.groups[0].newer >= 0)
		*holds = csum_imd_same_entries(span.groups[0].copy[span.groups[0].newer], entries,
					       csum_volume_geometry(volume)->sector_size);
	csum_groups_free(&span);
	return error;
}
