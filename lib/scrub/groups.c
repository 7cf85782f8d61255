/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Imd copies in a scrub: the copy that does not govern takes the entries of the one that does. That needs no intent,
 * as W0 does not: the governing copy is not touched, so a crash leaves it as it was.
 */
#include "scrub/scrub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "ondisk/layout.h"
#include "scrub/round.h"
#include "update/mirror.h"

static int add_group(struct csum_scrub *scrub, const struct csum_scrub_group *group)
{
	if (scrub->group_count == scrub->group_capacity) {
		size_t capacity = scrub->group_capacity ? scrub->group_capacity * 2 : 64;
		struct csum_scrub_group *grown = reallocarray(scrub->groups, capacity, sizeof(*grown));

		if (!grown)
			return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "noting bad metadata");
		scrub->groups = grown;
		scrub->group_capacity = capacity;
	}
	scrub->groups[scrub->group_count++] = *group;
	return 0;
}

int csum_scrub_imd_note(struct csum_scrub *scrub, const struct csum_scan_batch *batch)
{
	int error = 0;

	scrub->group_count = 0;
	for (uint64_t i = 0; i < batch->span.group_count && !error; i++) {
		const struct csum_group *group = &batch->span.groups[i];
		struct csum_scrub_group noted = { .number = batch->span.first_group + i };

		for (int copy = 0; copy < 2; copy++)
			scrub->result->totals.imd_verified += group->verdict[copy] == CSUM_IMD_VALID;
		if (csum_finder_judge_group(scrub->volume, noted.number, group, &noted.judged))
			error = add_group(scrub, &noted);
	}
	return error;
}

static bool repairable(const struct csum_scrub *scrub, const struct csum_scrub_group *noted)
{
	return noted->judged.kind != CSUM_IMD_LOST && !scrub->ended_repairs &&
	       !csum_volume_in_intent(scrub->volume, noted->number);
}

static int read_back(struct csum_scrub *scrub, struct csum_scan_batch *batch, struct csum_scrub_group *noted)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_group *group = csum_groups_group(&batch->span, noted->number);
	int copy = noted->judged.copy;
	int error = csum_io_read_patiently(volume->metadata, scrub->one_data, scrub->sector_size,
					   csum_layout_imd_offset(csum_volume_geometry(volume), noted->number, copy),
					   NULL);

	if (csum_io_vanished(error))
		return csum_io_report(&volume->handlers, error, volume->metadata->name,
				      "reading back repaired metadata");
	noted->repaired = !error && memcmp(scrub->one_data, group->copy[copy], scrub->sector_size) == 0;
	scrub->result->imd_repaired += noted->repaired;
	return 0;
}

static int mirror(struct csum_scrub *scrub, struct csum_scan_batch *batch)
{
	struct csum_volume *volume = scrub->volume;
	int error = 0;

	scrub->list.count = 0;
	for (size_t i = 0; i < scrub->group_count && !error; i++) {
		if (!repairable(scrub, &scrub->groups[i]))
			continue;
		error = csum_protocol_copy_over(volume, scrub->groups[i].number,
						csum_groups_group(&batch->span, scrub->groups[i].number), &scrub->list);
		if (error)
			csum_report_error(&volume->handlers, error, NULL, "repairing metadata");
	}
	if (error || scrub->list.count == 0)
		return error;
	error = csum_scrub_round(scrub, &scrub->list, volume->metadata);
	for (size_t i = 0; i < scrub->group_count && !error; i++) {
		if (repairable(scrub, &scrub->groups[i]))
			error = read_back(scrub, batch, &scrub->groups[i]);
	}
	return error;
}

static struct csum_outcome outcome_of(const struct csum_scrub *scrub, const struct csum_scrub_group *noted)
{
	if (noted->judged.kind == CSUM_IMD_LOST || scrub->mode == CSUM_SCRUB_LOOK)
		return (struct csum_outcome){ 0 };
	if (scrub->ended_repairs && !noted->repaired)
		return (struct csum_outcome){ .why = "repairing had been ended" };
	if (scrub->mode == CSUM_SCRUB_REPAIR && !noted->repaired)
		return (struct csum_outcome){ .why = "could not be repaired: the write was refused or does not "
						     "read back" };
	return (struct csum_outcome){
		.disposition = noted->repaired ? CSUM_REPAIRED : CSUM_WOULD_REPAIR,
		.means = noted->judged.kind == CSUM_INTERRUPTED ? CSUM_MEANS_NONE : CSUM_MEANS_OTHER_COPY,
	};
}

int csum_scrub_imd_repair(struct csum_scrub *scrub, struct csum_scan_batch *batch)
{
	int error = scrub->mode != CSUM_SCRUB_REPAIR || scrub->ended_repairs ? 0 : mirror(scrub, batch);

	for (size_t i = 0; i < scrub->group_count; i++) {
		const struct csum_outcome outcome = outcome_of(scrub, &scrub->groups[i]);

		csum_finder_group(&scrub->finder, scrub->groups[i].number, &scrub->groups[i].judged, &outcome);
	}
	scrub->group_count = 0;
	return error;
}
