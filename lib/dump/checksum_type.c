/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checksum type of a volume without a superblock: the type that its written sectors match. */
#include "dump/dump.h"

#include <errno.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/layout.h"

/* Written sectors that are tried, and matches that are enough: a single one is hardly chance. */
enum { TRIED_MAX = 256, MATCHES_ENOUGH = 4 };

enum { FOUND = 1 }; /* ends the scan */

struct search {
	const struct csum_volume *volume;
	uint8_t *sector;
	unsigned int tried, matches[CSUM_CRC64 + 1];
};

static int try_sector(struct search *search, uint64_t entry, uint64_t data_sector)
{
	const struct csum_geometry *geometry = csum_volume_geometry(search->volume);
	int error = csum_io_read_now(search->volume->data, search->sector, geometry->sector_size,
				     csum_layout_data_offset(geometry, data_sector));

	if (error)
		return csum_io_vanished(error) ? error : 0;
	for (int type = CSUM_CRC32; type <= CSUM_CRC64; type++) {
		if (csum_checksum_entry((enum csum_checksum_type)type, search->sector, geometry->sector_size) == entry)
			search->matches[type]++;
		if (search->matches[type] == MATCHES_ENOUGH)
			return FOUND;
	}
	return ++search->tried == TRIED_MAX ? FOUND : 0;
}

static int try_group(struct search *search, const struct csum_scan_batch *batch, uint64_t number)
{
	const struct csum_geometry *geometry = csum_volume_geometry(search->volume);
	const struct csum_group *group = csum_groups_group(&batch->span, number);
	int result = 0;

	if (group->version_count == 0)
		return 0;
	for (uint32_t i = 0; i < csum_layout_group_sectors(geometry, number) && !result; i++) {
		uint64_t entry = csum_group_entry(group, i);

		if (csum_entry_has_content(entry))
			result = try_sector(search, entry, csum_layout_first_sector(geometry, number) + i);
	}
	return result;
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct search *search = user;
	int result = 0;

	for (uint64_t i = 0; i < batch->span.group_count && !result; i++)
		result = try_group(search, batch, batch->span.first_group + i);
	if (result < 0)
		csum_io_report(&search->volume->handlers, result, search->volume->data->name, "reading data");
	return result;
}

static void conclude(struct csum_volume *volume, const struct search *search, enum csum_checksum_type fallback)
{
	enum csum_checksum_type best = fallback;

	for (int type = CSUM_CRC32; type <= CSUM_CRC64; type++) {
		if (search->matches[type] > search->matches[best])
			best = (enum csum_checksum_type)type;
	}
	if (search->matches[best] == 0 && search->tried > 0)
		csum_report_warning(&volume->handlers, volume->data->name,
				    "no data sector that was tried matches its entry by any checksum: %s is assumed",
				    csum_checksum_name(best));
	volume->superblock.checksum_type = best;
}

int csum_dump_find_checksum_type(struct csum_volume *volume, const struct csum_dump_range *range,
				 enum csum_checksum_type fallback)
{
	struct search search = { .volume = volume };
	struct csum_scan_options scan = csum_dump_present(volume, range);
	int result;

	search.sector = csum_io_alloc(csum_volume_geometry(volume)->sector_size);
	if (!search.sector)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "finding the checksum type");
	scan.metadata_only = true;
	scan.visit = visit;
	scan.user = &search;
	result = csum_scan(volume, &scan);
	if (result >= 0)
		conclude(volume, &search, fallback);
	free(search.sector);
	return result < 0 ? result : 0;
}
