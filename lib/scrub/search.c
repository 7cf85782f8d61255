/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contents looked for in all of the data. When writes have gone astray, what an interrupted sector held before, or was
 * to hold, may lie in another sector that is bad itself. No entry says that it is there, so all data has to be read.
 * That is done once at most, for contents that decide the recovery, and only with crc64.
 */
#include "scrub/search.h"

#include <stdlib.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/layout.h"
#include "scrub/pace.h"
#include "volume/scan.h"

/* Places of the table: twice as many as are used. */
#define TABLE_SIZE (2 * CSUM_SCRUB_SOUGHT_MAX)

#define NOWHERE UINT64_MAX

struct sought {
	uint64_t entry; /* 0: free */
	uint64_t place; /* data sector that holds it, or NOWHERE */
};

struct csum_scrub_search {
	struct sought *table; /* a hash table; NULL: nothing is looked for */
	uint32_t count;
	bool done;
};

struct csum_scrub_search *csum_scrub_search_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_search));
}

void csum_scrub_search_free(struct csum_scrub_search *search)
{
	if (search)
		free(search->table);
	free(search);
}

/* Where the entry is in the table, or would be. */
static struct sought *look_up(const struct csum_scrub_search *search, uint64_t entry)
{
	size_t at = (size_t)(entry * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	while (search->table[at % TABLE_SIZE].entry != CSUM_ENTRY_UNWRITTEN &&
	       search->table[at % TABLE_SIZE].entry != entry)
		at++;
	return &search->table[at % TABLE_SIZE];
}

bool csum_scrub_search_add(struct csum_scrub *scrub, uint64_t entry)
{
	struct csum_scrub_search *search = scrub->search;
	struct sought *sought;

	if (!search->table && !search->done)
		search->table = calloc(TABLE_SIZE, sizeof(*search->table));
	if (!search->table)
		return false;
	sought = look_up(search, entry);
	if (sought->entry == entry)
		return true;
	if (search->done || search->count == CSUM_SCRUB_SOUGHT_MAX)
		return false;
	*sought = (struct sought){ entry, NOWHERE };
	search->count++;
	return true;
}

bool csum_scrub_search_is_due(const struct csum_scrub *scrub)
{
	return scrub->search->count && !scrub->search->done;
}

/* Whether `entry` has been computed from what the sector holds. */
static bool was_read(enum csum_verdict verdict)
{
	return verdict != CSUM_VERDICT_NOT_READ && verdict != CSUM_VERDICT_UNWRITTEN &&
	       verdict != CSUM_VERDICT_UNREADABLE && verdict != CSUM_VERDICT_MISSING;
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct csum_scrub *scrub = user;

	for (uint64_t i = 0; i < batch->sector_count; i++) {
		struct sought *sought;

		if (!was_read(batch->verdict[i]))
			continue;
		sought = look_up(scrub->search, batch->entry[i]);
		if (sought->entry == batch->entry[i] && sought->place == NOWHERE)
			sought->place = batch->first_sector + i;
	}
	return 0;
}

enum { TIME_IS_UP = 1 };

static int idle(void *user, struct csum_scan_batch *batch, bool at_rest)
{
	struct csum_scrub *scrub = user;
	int error = csum_scrub_pace_sleep(scrub, batch);

	(void)at_rest;
	return error ? error : csum_scrub_pace_time_is_up(scrub) ? TIME_IS_UP : 0;
}

int csum_scrub_search_all(struct csum_scrub *scrub, bool *ended)
{
	const struct csum_scan_options scan = {
		.sector_count = csum_scan_present_sectors(scrub->volume),
		.keep_data = true, /* so that sectors of lost groups are read too */
		.visit = visit,
		.idle = idle,
		.user = scrub,
		.batch_bytes = csum_scrub_pace_batch_bytes(scrub),
	};
	int result;

	csum_report_note(&scrub->volume->handlers, scrub->volume->data->name,
			 "looking in all of the data for %u contents of an interrupted update", scrub->search->count);
	scrub->search->done = true;
	csum_scrub_pace_begin(scrub);
	result = csum_scan(scrub->volume, &scan);
	*ended = result == 0;
	return result == TIME_IS_UP ? 0 : result;
}

bool csum_scrub_search_read(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, uint64_t *place)
{
	struct csum_volume *volume = scrub->volume;
	const struct sought *sought = scrub->search->table ? look_up(scrub->search, entry) : NULL;

	if (!sought || sought->entry != entry || sought->place == NOWHERE)
		return false;
	*place = sought->place;
	return csum_io_read_patiently(volume->data, data, scrub->sector_size,
				      csum_layout_data_offset(csum_volume_geometry(volume), *place), NULL) == 0 &&
	       csum_volume_entry(volume, data) == entry;
}
