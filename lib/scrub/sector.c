/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One data sector with its verdict and entries. */
#include "scrub/sector.h"

#include <stdlib.h>

#include "ondisk/layout.h"
#include "volume/sector.h"

/* Room for one sector and its group. */
struct csum_scrub_sector {
	struct csum_groups group; /* made when the first sector is read */
	uint8_t *data;
};

struct csum_scrub_sector *csum_scrub_sector_create(const struct csum_scrub *scrub)
{
	struct csum_scrub_sector *room = calloc(1, sizeof(*room));

	if (room)
		room->data = csum_io_alloc(scrub->sector_size);
	if (room && room->data)
		return room;
	free(room);
	return NULL;
}

void csum_scrub_sector_free(struct csum_scrub_sector *room)
{
	if (!room)
		return;
	csum_groups_free(&room->group);
	free(room->data);
	free(room);
}

bool csum_scrub_sector_bad(const struct csum_scrub *scrub, const struct csum_scan_batch *batch, uint64_t i,
			   struct csum_bad_sector *found)
{
	const struct csum_geometry *geometry = csum_volume_geometry(scrub->volume);
	enum csum_verdict verdict = batch->verdict[i];
	uint64_t sector = batch->first_sector + i, group;

	if (!csum_verdict_is_bad(verdict) || verdict == CSUM_VERDICT_LOST)
		return false;
	group = csum_layout_group_of(geometry, sector);
	*found = (struct csum_bad_sector){
		.sector = sector,
		.verdict = verdict,
		.expected_entry = csum_group_entry(csum_groups_group(&batch->span, group),
						   (uint32_t)(sector - csum_layout_first_sector(geometry, group))),
		.computed_entry = batch->entry[i],
	};
	return true;
}

int csum_scrub_sector_read(struct csum_scrub *scrub, uint64_t sector, struct csum_bad_sector *found)
{
	struct csum_scrub_sector *room = scrub->sector;
	struct csum_sector read;
	int error = room->group.groups ? 0 : csum_groups_init(&room->group, scrub->volume, 1);

	if (error)
		return error;
	error = csum_sector_load(scrub->volume, &room->group, sector, room->data, &read);
	*found = (struct csum_bad_sector){
		.sector = sector,
		.verdict = read.verdict,
		.expected_entry = read.entry,
		.computed_entry = read.computed,
	};
	return error ? csum_sector_report(scrub->volume, sector, error, &read) : 0;
}
