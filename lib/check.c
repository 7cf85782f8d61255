/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_check(): superblocks, metadata and data, read only. */
#include <string.h>

#include "finder.h"
#include "scan.h"

struct check {
	struct csum_finder finder;
	bool metadata_only;
};

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct check *check = user;

	csum_finder_imd(&check->finder, batch);
	if (!check->metadata_only)
		csum_finder_data(&check->finder, batch, false);
	return 0;
}

static int check_range(struct csum_volume *volume, struct check *check, uint64_t first_sector, uint64_t end_sector)
{
	uint64_t present_end = csum_scan_present_sectors(volume);
	uint64_t scan_end = end_sector < present_end ? end_sector : present_end;
	const struct csum_scan_options scan = {
		.first_sector = first_sector,
		.sector_count = scan_end > first_sector ? scan_end - first_sector : 0,
		.metadata_only = check->metadata_only,
		.visit = visit,
		.user = check,
	};
	int error = csum_scan(volume, &scan);

	if (!error && scan_end < end_sector) {
		uint64_t missing = first_sector > scan_end ? first_sector : scan_end;

		csum_finder_missing(&check->finder, missing, end_sector - missing);
	}
	csum_finder_flush(&check->finder);
	return error;
}

int csum_check(struct csum_volume *volume, const struct csum_check_options *options, struct csum_totals *totals)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;
	struct check check = {
		.finder = {
			.volume = volume,
			.report = options->finding,
			.user = options->user,
			.totals = totals,
		},
		.metadata_only = options->metadata_only,
	};
	uint64_t length_bytes = options->length_bytes;
	uint64_t end_bytes;
	int error;

	memset(totals, 0, sizeof(*totals));
	error = csum_volume_check_range(volume, options->offset_bytes, &length_bytes);
	if (error)
		return error;
	csum_finder_superblocks(&check.finder);
	if (length_bytes == 0)
		return 0;
	end_bytes = options->offset_bytes + length_bytes;
	return check_range(volume, &check, options->offset_bytes / sector_size,
			   (end_bytes + sector_size - 1) / sector_size);
}
