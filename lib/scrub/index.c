/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in the volume a content belongs, or is to be found: the entries of all groups are compared with those that
 * the bad sectors have, and with those that their contents would have. Only with crc64: with 32 bits a large volume
 * has chance matches.
 */
#include "scrub/index.h"

#include <errno.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "scrub/table.h"
#include "volume/scan.h"

/* A hash table, with twice as many places as there can be contents. */
struct csum_scrub_index {
	struct csum_scrub_content *places; /* NULL: it is not filled */
	size_t mask; /* places - 1 */
};

struct csum_scrub_index *csum_scrub_index_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_index));
}

void csum_scrub_index_free(struct csum_scrub_index *index)
{
	if (index)
		free(index->places);
	free(index);
}

void csum_scrub_index_clear(struct csum_scrub *scrub)
{
	free(scrub->index->places);
	scrub->index->places = NULL;
}

bool csum_scrub_index_is_filled(const struct csum_scrub *scrub)
{
	return scrub->index->places != NULL;
}

/* Where the entry is in the index, or would be: there is always a free place. */
static struct csum_scrub_content *look_up(const struct csum_scrub_index *index, uint64_t entry)
{
	size_t at = (size_t)(entry * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (;; at++) {
		struct csum_scrub_content *content = &index->places[at & index->mask];

		if (content->entry == entry || content->entry == CSUM_ENTRY_UNWRITTEN)
			return content;
	}
}

struct csum_scrub_content *csum_scrub_index_find(const struct csum_scrub *scrub, uint64_t entry)
{
	struct csum_scrub_content *content;

	if (!scrub->index->places || entry == CSUM_ENTRY_UNWRITTEN)
		return NULL;
	content = look_up(scrub->index, entry);
	return content->entry == entry ? content : NULL;
}

static struct csum_scrub_content *add(struct csum_scrub_index *index, uint64_t entry)
{
	struct csum_scrub_content *content = look_up(index, entry);

	if (content->entry != entry)
		*content = (struct csum_scrub_content){
			.entry = entry,
			.expected_by = CSUM_SCRUB_NO_INDEX,
			.held_by = CSUM_SCRUB_NO_INDEX,
		};
	return content;
}

/* ------------------------------------------------------------------ filling it */

/* What that bad sector lacks, and what it holds. */
static void add_contents(struct csum_scrub *scrub, uint32_t row)
{
	const struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, row);

	if (bad->gone)
		return;
	if (csum_entry_has_content(bad->found.expected_entry)) {
		struct csum_scrub_content *content = add(scrub->index, bad->found.expected_entry);

		if (content->expected_by == CSUM_SCRUB_NO_INDEX)
			content->expected_by = row;
	}
	if (bad->readable) {
		struct csum_scrub_content *content = add(scrub->index, bad->found.computed_entry);

		if (content->held_by == CSUM_SCRUB_NO_INDEX)
			content->held_by = row;
	}
}

/* A good sector, as far as is known, may be the one that a content belongs to. */
static void visit_entry(struct csum_scrub *scrub, uint64_t entry, uint64_t sector)
{
	struct csum_scrub_content *content = csum_scrub_index_find(scrub, entry);

	if (content && content->place_count < sizeof(content->place) / sizeof(content->place[0]) &&
	    !csum_scrub_table_has(scrub, sector))
		content->place[content->place_count++] = sector;
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

static int scan_everything(struct csum_scrub *scrub)
{
	const struct csum_scan_options scan = {
		.sector_count = csum_scan_present_sectors(scrub->volume),
		.metadata_only = true,
		.visit = visit,
		.user = scrub,
	};

	csum_report_note(&scrub->volume->handlers, scrub->volume->metadata->name,
			 "looking for the contents of %zu bad sectors elsewhere in the volume",
			 csum_scrub_table_count(scrub));
	return csum_scan(scrub->volume, &scan);
}

int csum_scrub_index_fill(struct csum_scrub *scrub)
{
	struct csum_scrub_index *index = scrub->index;
	size_t count = csum_scrub_table_count(scrub), size = 16;

	csum_scrub_index_clear(scrub);
	if (scrub->volume->superblock.checksum_type != CSUM_CRC64)
		return 0;
	while (size < 4 * count)
		size *= 2;
	index->places = calloc(size, sizeof(*index->places));
	if (!index->places)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "looking for misplaced sectors");
	index->mask = size - 1;
	for (uint32_t i = 0; i < count; i++)
		add_contents(scrub, i);
	return scrub->ended_repairs ? 0 : scan_everything(scrub);
}
