/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Imd copies in a scrub: the copy that does not govern takes the entries of the one that does. As in W0 the governing
 * copy is not touched, so a crash leaves it as it was, and no intent is needed.
 */
#include "scrub/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "ondisk/layout.h"
#include "scrub/round.h"
#include "update/mirror.h"

/* A group whose copies are not as they should be. */
struct noted {
	uint64_t number;
	struct csum_imd_judgement judged;
	bool repaired;
};

struct csum_scrub_groups {
	struct noted *noted;
	size_t count, capacity;
	struct csum_io_list list; /* of the round that mirrors them */
	uint8_t *back; /* a sector: a copy as it reads back */
};

struct csum_scrub_groups *csum_scrub_groups_create(const struct csum_scrub *scrub)
{
	struct csum_scrub_groups *groups = calloc(1, sizeof(*groups));

	if (groups)
		groups->back = csum_io_alloc(scrub->sector_size);
	if (groups && groups->back)
		return groups;
	free(groups);
	return NULL;
}

void csum_scrub_groups_free(struct csum_scrub_groups *groups)
{
	if (!groups)
		return;
	csum_io_list_free(&groups->list);
	free(groups->noted);
	free(groups->back);
	free(groups);
}

size_t csum_scrub_groups_count(const struct csum_scrub *scrub)
{
	return scrub->groups->count;
}

void csum_scrub_groups_drop(struct csum_scrub *scrub)
{
	scrub->groups->count = 0;
}

/* ------------------------------------------------------------------ */

static int add_group(struct csum_scrub *scrub, const struct noted *group)
{
	struct csum_scrub_groups *groups = scrub->groups;

	if (groups->count == groups->capacity) {
		size_t capacity = groups->capacity ? groups->capacity * 2 : 64;
		struct noted *grown = reallocarray(groups->noted, capacity, sizeof(*grown));

		if (!grown)
			return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "noting bad metadata");
		groups->noted = grown;
		groups->capacity = capacity;
	}
	groups->noted[groups->count++] = *group;
	return 0;
}

int csum_scrub_groups_collect(struct csum_scrub *scrub, const struct csum_scan_batch *batch)
{
	int error = 0;

	scrub->groups->count = 0;
	for (uint64_t i = 0; i < batch->span.group_count && !error; i++) {
		const struct csum_group *group = &batch->span.groups[i];
		struct noted noted = { .number = batch->span.first_group + i };

		for (int copy = 0; copy < 2; copy++)
			scrub->result->totals.imd_verified += group->verdict[copy] == CSUM_IMD_VALID;
		if (csum_finder_judge_group(scrub->volume, noted.number, group, &noted.judged))
			error = add_group(scrub, &noted);
	}
	return error;
}

static bool repairable(const struct csum_scrub *scrub, const struct noted *noted)
{
	return noted->judged.kind != CSUM_IMD_LOST && !scrub->ended_repairs &&
	       !csum_volume_in_intent(scrub->volume, noted->number);
}

static int read_back(struct csum_scrub *scrub, struct csum_scan_batch *batch, struct noted *noted)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_group *group = csum_groups_group(&batch->span, noted->number);
	int copy = noted->judged.copy;
	int error = csum_io_read_patiently(volume->metadata, scrub->groups->back, scrub->sector_size,
					   csum_layout_imd_offset(csum_volume_geometry(volume), noted->number, copy),
					   NULL);

	if (csum_io_vanished(error))
		return csum_io_report(&volume->handlers, error, volume->metadata->name,
				      "reading back repaired metadata");
	noted->repaired = !error && memcmp(scrub->groups->back, group->copy[copy], scrub->sector_size) == 0;
	scrub->result->imd_repaired += noted->repaired;
	return 0;
}

static int mirror(struct csum_scrub *scrub, struct csum_scan_batch *batch)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_scrub_groups *groups = scrub->groups;
	int error = 0;

	groups->list.count = 0;
	for (size_t i = 0; i < groups->count && !error; i++) {
		if (!repairable(scrub, &groups->noted[i]))
			continue;
		error = csum_protocol_copy_over(volume, groups->noted[i].number,
						csum_groups_group(&batch->span, groups->noted[i].number),
						&groups->list);
		if (error)
			csum_report_error(&volume->handlers, error, NULL, "repairing metadata");
	}
	if (error || groups->list.count == 0)
		return error;
	error = csum_scrub_round(scrub, &groups->list, volume->metadata);
	for (size_t i = 0; i < groups->count && !error; i++) {
		if (repairable(scrub, &groups->noted[i]))
			error = read_back(scrub, batch, &groups->noted[i]);
	}
	return error;
}

static struct csum_outcome outcome_of(const struct csum_scrub *scrub, const struct noted *noted)
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

int csum_scrub_groups_repair(struct csum_scrub *scrub, struct csum_scan_batch *batch)
{
	struct csum_scrub_groups *groups = scrub->groups;
	int error = scrub->mode != CSUM_SCRUB_REPAIR || scrub->ended_repairs ? 0 : mirror(scrub, batch);

	for (size_t i = 0; i < groups->count; i++) {
		const struct csum_outcome outcome = outcome_of(scrub, &groups->noted[i]);

		csum_finder_group(&scrub->finder, groups->noted[i].number, &groups->noted[i].judged, &outcome);
	}
	groups->count = 0;
	return error;
}
