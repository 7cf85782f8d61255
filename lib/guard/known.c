/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contents that belong to another sector: only a disk that writes to the wrong place puts them there. Looking them up
 * takes a pass over all metadata, so contents are collected first, and only where an answer depends on them.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/report.h"
#include "guard/look.h"
#include "ondisk/layout.h"
#include "volume/scan.h"

/* Contents that are looked up at the most; further ones are taken for new. A table twice as large is never full. */
#define ASKED_MAX 65536u
#define PLACES (2 * ASKED_MAX)

enum state { FREE, ASKED, KNOWN, UNKNOWN };

struct csum_guard_known {
	uint64_t entry[PLACES];
	uint8_t state[PLACES]; /* enum state */
	size_t count;
};

/* Where in the table the entry is, or is to be put. */
static size_t place_of(const struct csum_guard_known *known, uint64_t entry)
{
	size_t at = (size_t)(entry * UINT64_C(0x9e3779b97f4a7c15) >> 32) % PLACES;

	while (known->state[at] != FREE && known->entry[at] != entry)
		at = (at + 1) % PLACES;
	return at;
}

enum csum_guard_answer csum_guard_unknown(struct csum_guard_look *look, uint64_t computed_entry)
{
	size_t at;

	if (!look->healer)
		return CSUM_GUARD_YES;
	if (!look->known)
		look->known = calloc(1, sizeof(*look->known));
	if (!look->known)
		return CSUM_GUARD_YES;
	at = place_of(look->known, computed_entry);
	switch ((enum state)look->known->state[at]) {
	case ASKED:
		return CSUM_GUARD_MAYBE;
	case KNOWN:
		return CSUM_GUARD_NO;
	case UNKNOWN:
		return CSUM_GUARD_YES;
	case FREE:
		break;
	}
	if (look->known->count == ASKED_MAX)
		return CSUM_GUARD_YES;
	look->known->count++;
	look->known->entry[at] = computed_entry;
	look->known->state[at] = ASKED;
	return CSUM_GUARD_MAYBE;
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct csum_guard_look *look = user;
	const struct csum_geometry *geometry = csum_volume_geometry(look->volume);
	struct csum_guard_known *known = look->known;

	for (uint64_t i = 0; i < batch->span.group_count; i++) {
		const struct csum_group *group = &batch->span.groups[i];
		uint32_t count = csum_layout_group_sectors(geometry, batch->span.first_group + i);

		for (uint32_t s = 0; group->version_count && s < count; s++) {
			size_t at = place_of(known, csum_group_entry(group, s));

			if (known->state[at] == ASKED)
				known->state[at] = KNOWN;
		}
	}
	return 0;
}

int csum_guard_known_find(struct csum_guard_look *look)
{
	const struct csum_scan_options scan = {
		.sector_count = csum_scan_present_sectors(look->volume),
		.metadata_only = true,
		.visit = visit,
		.user = look,
	};
	int error;

	csum_report_note(&look->volume->handlers, look->volume->metadata->name,
			 "looking whether what others seem to have written belongs to other sectors of the volume");
	error = csum_scan(look->volume, &scan);
	if (error)
		return error;
	for (size_t at = 0; at < PLACES; at++) {
		if (look->known->state[at] == ASKED)
			look->known->state[at] = UNKNOWN;
	}
	return 0;
}

void csum_guard_known_free(struct csum_guard_known *known)
{
	free(known);
}
