/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in the volume a content belongs, or is to be found: the entries of all groups are compared with those that
 * the bad sectors have, and with those that their contents would have. Only with crc64: with 32 bits a large volume
 * has chance matches.
 */
#include "scrub/scrub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"

struct csum_scrub_want *csum_scrub_want(struct csum_scrub *scrub, uint64_t entry)
{
	size_t at = (size_t)(entry * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	if (!scrub->wants || entry == CSUM_ENTRY_UNWRITTEN)
		return NULL;
	for (;; at++) {
		struct csum_scrub_want *want = &scrub->wants[at & scrub->want_mask];

		if (want->entry == entry)
			return want;
		if (want->entry == CSUM_ENTRY_UNWRITTEN)
			return NULL;
	}
}

/* There is room: the table has at least twice as many places as entries can be asked for. */
static struct csum_scrub_want *want_new(struct csum_scrub *scrub, uint64_t entry)
{
	size_t at = (size_t)(entry * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	struct csum_scrub_want *want;

	for (;; at++) {
		want = &scrub->wants[at & scrub->want_mask];
		if (want->entry == entry)
			return want;
		if (want->entry == CSUM_ENTRY_UNWRITTEN)
			break;
	}
	*want = (struct csum_scrub_want){
		.entry = entry,
		.expected_by = CSUM_SCRUB_NO_INDEX,
		.held_by = CSUM_SCRUB_NO_INDEX,
	};
	return want;
}

static void ask(struct csum_scrub *scrub, uint32_t index)
{
	const struct csum_scrub_bad *bad = &scrub->bad[index];

	if (bad->gone)
		return;
	if (csum_entry_has_content(bad->found.expected_entry)) {
		struct csum_scrub_want *want = want_new(scrub, bad->found.expected_entry);

		if (want->expected_by == CSUM_SCRUB_NO_INDEX)
			want->expected_by = index;
	}
	if (bad->readable) {
		struct csum_scrub_want *want = want_new(scrub, bad->found.computed_entry);

		if (want->held_by == CSUM_SCRUB_NO_INDEX)
			want->held_by = index;
	}
}

static int compare_bad(const void *sector, const void *bad)
{
	uint64_t a = *(const uint64_t *)sector, b = ((const struct csum_scrub_bad *)bad)->found.sector;

	return (a > b) - (a < b);
}

/* The table is in ascending order. */
static bool is_bad(const struct csum_scrub *scrub, uint64_t sector)
{
	return bsearch(&sector, scrub->bad, scrub->bad_count, sizeof(*scrub->bad), compare_bad) != NULL;
}

static void visit_entry(struct csum_scrub *scrub, uint64_t entry, uint64_t sector)
{
	struct csum_scrub_want *want = csum_scrub_want(scrub, entry);

	if (want && want->place_count < sizeof(want->place) / sizeof(want->place[0]) && !is_bad(scrub, sector))
		want->place[want->place_count++] = sector;
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct csum_scrub *scrub = user;
	const struct csum_geometry *geometry = csum_volume_geometry(scrub->volume);

	for (uint64_t i = 0; i < batch->span.group_count; i++) {
		const struct csum_group *group = &batch->span.groups[i];
		uint64_t number = batch->span.first_group + i;
		uint64_t first = csum_layout_first_sector(geometry, number);
		uint32_t count = csum_layout_group_sectors(geometry, number);

		for (uint32_t s = 0; group->version_count && s < count; s++)
			visit_entry(scrub, csum_group_entry(group, s), first + s);
	}
	return 0;
}

static int look_everywhere(struct csum_scrub *scrub)
{
	const struct csum_scan_options scan = {
		.sector_count = csum_scan_present_sectors(scrub->volume),
		.metadata_only = true,
		.visit = visit,
		.user = scrub,
	};

	csum_report_note(&scrub->volume->handlers, scrub->volume->metadata->name,
			 "looking for the contents of %zu bad sectors elsewhere in the volume", scrub->bad_count);
	return csum_scan(scrub->volume, &scan);
}

int csum_scrub_lookup(struct csum_scrub *scrub)
{
	size_t size = 16;

	free(scrub->wants);
	scrub->wants = NULL;
	if (scrub->volume->superblock.checksum_type != CSUM_CRC64)
		return 0;
	while (size < 4 * scrub->bad_count)
		size *= 2;
	scrub->wants = calloc(size, sizeof(*scrub->wants));
	if (!scrub->wants)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "looking for misplaced sectors");
	scrub->want_mask = size - 1;
	for (uint32_t i = 0; i < scrub->bad_count; i++)
		ask(scrub, i);
	return scrub->ended_repairs ? 0 : look_everywhere(scrub);
}
