/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/spot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"

#define SIGNATURE_BYTES UINT64_C(4096)

int csum_spot_init(struct csum_spot *spot, const struct csum_volume *volume)
{
	int error;

	*spot = (struct csum_spot){ .volume = volume };
	error = csum_groups_init(&spot->span, volume, 1);
	if (error)
		return error;
	spot->data = csum_io_alloc(csum_volume_geometry(volume)->sector_size);
	if (!spot->data)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "preparing to look at data sectors");
	return 0;
}

void csum_spot_free(struct csum_spot *spot)
{
	csum_groups_free(&spot->span);
	free(spot->data);
	spot->data = NULL;
}

int csum_spot_look(struct csum_spot *spot, uint64_t sector, enum csum_verdict *verdict)
{
	uint64_t group = csum_layout_group_of(csum_volume_geometry(spot->volume), sector);
	struct csum_sector found = { .verdict = CSUM_VERDICT_NOT_READ };
	int error = 0;

	if (spot->span.group_count == 0 || spot->span.first_group != group) {
		csum_groups_place(&spot->span, group, 1);
		error = csum_groups_load_piece(spot->volume, &spot->span, 0);
	}
	if (!error)
		error = csum_sector_verify(spot->volume, &spot->span, CSUM_NEED_VERDICT, sector, spot->data, &found);
	*verdict = found.verdict;
	return error;
}

static int look_around(struct csum_spot *spot, uint64_t offset_bytes, bool *ours)
{
	const struct csum_geometry *geometry = csum_volume_geometry(spot->volume);
	uint64_t begin = offset_bytes / SIGNATURE_BYTES * SIGNATURE_BYTES / geometry->sector_size;
	uint64_t end = csum_min_u64(begin + SIGNATURE_BYTES / geometry->sector_size, geometry->data_sectors);
	int error = 0;

	*ours = true;
	for (uint64_t sector = begin; sector < end && *ours && !error; sector++) {
		enum csum_verdict verdict;

		error = csum_spot_look(spot, sector, &verdict);
		*ours = !error && (csum_spot_is_right(verdict) || (verdict == CSUM_VERDICT_UNWRITTEN &&
								   sector != offset_bytes / geometry->sector_size));
	}
	if (error)
		csum_io_report(&spot->volume->handlers, error, spot->volume->data->name,
			       "reading the signature at offset %" PRIu64, offset_bytes);
	return error;
}

int csum_spot_signature_is_ours(struct csum_volume *volume, uint64_t offset_bytes, bool *ours)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	struct csum_spot spot;
	int error;

	*ours = false;
	if (offset_bytes / geometry->sector_size >= geometry->data_sectors)
		return 0;
	error = csum_spot_init(&spot, volume);
	if (!error)
		error = look_around(&spot, offset_bytes, ours);
	csum_spot_free(&spot);
	return error;
}
