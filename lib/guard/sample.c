/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the data belongs to this metadata, by a few written sectors, spread over all of them. */
#include "guard/guard.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "volume/spot.h"

/* How many sectors are drawn at first, and in a second sample when too few of the first are right. */
#define FEW 16u
#define MANY 256u

/*
 * Metadata that is read to find written sectors, from places with several groups side by side: a little at first,
 * which is enough where much is written; then, of both copies, 64 MiB at the most, which is all of it on volumes that
 * are not large.
 */
#define QUICK_PLACES 16u
#define QUICK_GROUPS 4u
#define PLACES 128u
#define PLACE_BYTES (256u << 10)
/* So many of the sectors found are kept. */
#define CANDIDATES 32768u

/* ------------------------------------------------------------------ blank sectors */

#define TYPES 3u
#define BYTE_VALUES 256u

static uint64_t blank_entries[TYPES][2][BYTE_VALUES]; /* by type and sector size; sorted */
static pthread_once_t blank_once = PTHREAD_ONCE_INIT;

static int compare_entries(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void make_blank_entries(void)
{
	static const size_t sizes[2] = { 512, 4096 };
	uint8_t bytes[4096];

	for (unsigned int value = 0; value < BYTE_VALUES; value++) {
		memset(bytes, (int)value, sizeof(bytes));
		for (unsigned int type = 0; type < TYPES; type++) {
			for (int i = 0; i < 2; i++)
				blank_entries[type][i][value] =
					csum_checksum_entry((enum csum_checksum_type)(type + 1), bytes, sizes[i]);
		}
	}
	for (unsigned int type = 0; type < TYPES; type++) {
		for (int i = 0; i < 2; i++)
			qsort(blank_entries[type][i], BYTE_VALUES, sizeof(uint64_t), compare_entries);
	}
}

bool csum_guard_is_blank_entry(const struct csum_volume *volume, uint64_t entry)
{
	uint32_t type = volume->superblock.checksum_type - 1;
	int size = csum_volume_geometry(volume)->sector_size == 4096;

	pthread_once(&blank_once, make_blank_entries);
	return bsearch(&entry, blank_entries[type][size], BYTE_VALUES, sizeof(uint64_t), compare_entries) != NULL;
}

/* ------------------------------------------------------------------ sectors to draw from */

struct candidates {
	uint64_t *sector; /* written and not blank, ascending */
	bool *tried;
	size_t count;
	uint64_t each; /* from one place, at the most */
	uint32_t empty_places; /* places without any */
};

static bool is_candidate(const struct csum_volume *volume, const struct csum_group *group, uint32_t index)
{
	uint64_t entry = csum_group_entry(group, index);

	return csum_entry_has_content(entry) && !csum_guard_is_blank_entry(volume, entry);
}

/* Counts the candidates of a span. total: how many they are; if not 0, keeps all or, evenly, some of them. */
static uint64_t walk(const struct csum_volume *volume, const struct csum_groups *span, struct candidates *candidates,
		     uint64_t total)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t each = candidates->each, count = 0;

	for (uint64_t i = 0; i < span->group_count; i++) {
		uint64_t number = span->first_group + i;

		if (span->groups[i].version_count == 0)
			continue;
		for (uint32_t s = 0; s < csum_layout_group_sectors(geometry, number); s++) {
			if (!is_candidate(volume, &span->groups[i], s))
				continue;
			count++;
			if (total && (total <= each || count * each / total > (count - 1) * each / total))
				candidates->sector[candidates->count++] =
					csum_layout_first_sector(geometry, number) + s;
		}
	}
	return count;
}

/* Where the groups of a place begin: all side by side when they cover everything, else spread from the first to the last. */
static uint64_t place_first(const struct csum_geometry *geometry, uint64_t place, uint64_t places, uint64_t each)
{
	if (places * each >= geometry->groups)
		return place * each;
	return place * ((geometry->groups - each) / (places - 1));
}

static int collect(struct csum_volume *volume, uint64_t places, uint64_t each, struct candidates *candidates)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	struct csum_groups span;
	int error;

	each = csum_min_u64(each, geometry->groups);
	places = csum_min_u64(places, (geometry->groups + each - 1) / each);
	candidates->count = candidates->empty_places = 0;
	candidates->each = CANDIDATES / places;
	error = csum_groups_init(&span, volume, each);
	for (uint64_t place = 0; place < places && !error; place++) {
		uint64_t first = place_first(geometry, place, places, each);
		uint64_t total;

		error = csum_groups_load(volume, &span, first, csum_min_u64(each, geometry->groups - first));
		if (error)
			break;
		total = walk(volume, &span, candidates, 0);
		candidates->empty_places += total == 0;
		if (total)
			walk(volume, &span, candidates, total);
	}
	csum_groups_free(&span);
	return error;
}

static int collect_all(struct csum_volume *volume, struct candidates *candidates)
{
	return collect(volume, PLACES, PLACE_BYTES / csum_volume_geometry(volume)->sector_size, candidates);
}

static int candidates_init(struct candidates *candidates, const struct csum_volume *volume)
{
	*candidates = (struct candidates){ .sector = calloc(CANDIDATES, sizeof(uint64_t)),
					   .tried = calloc(CANDIDATES, sizeof(bool)) };
	if (candidates->sector && candidates->tried)
		return 0;
	return csum_report_error(&volume->handlers, -ENOMEM, NULL, "preparing to compare data with its metadata");
}

/* ------------------------------------------------------------------ drawing */

struct draw {
	struct csum_spot spots[MANY];
	uint64_t sector[MANY];
	enum csum_verdict verdict[MANY];
	int error[MANY];
	size_t count;
};

static void look_work(void *argument, size_t index)
{
	struct draw *draw = argument;

	draw->error[index] = csum_spot_look(&draw->spots[index], draw->sector[index], &draw->verdict[index]);
}

/* Chooses `wanted` of the candidates not tried yet, evenly, or all there are. */
static void choose(struct candidates *candidates, size_t wanted, struct draw *draw)
{
	size_t left = 0, passed = 0;

	for (size_t i = 0; i < candidates->count; i++)
		left += !candidates->tried[i];
	draw->count = 0;
	for (size_t i = 0; i < candidates->count && draw->count < wanted; i++) {
		if (candidates->tried[i])
			continue;
		/* The middle of each of `wanted` equal parts. */
		if (left <= wanted || passed == (2 * draw->count + 1) * left / (2 * wanted)) {
			candidates->tried[i] = true;
			draw->sector[draw->count++] = candidates->sector[i];
		}
		passed++;
	}
}

static int look(struct csum_volume *volume, struct draw *draw, struct csum_guard_sample *sample)
{
	csum_io_parallel(volume->io, 0, draw->count, look_work, draw);
	for (size_t i = 0; i < draw->count; i++) {
		enum csum_verdict verdict = draw->verdict[i];

		if (draw->error[i])
			return csum_io_report(&volume->handlers, draw->error[i], volume->data->name,
					      "reading data sector %" PRIu64, draw->sector[i]);
		if (verdict == CSUM_VERDICT_UNREADABLE || verdict == CSUM_VERDICT_MISSING)
			continue;
		sample->drawn++;
		sample->right += csum_spot_is_right(verdict);
	}
	return 0;
}

/* Draws again, once, in place of sectors that cannot be read; not more often, since a dying disk takes its time. */
static int draw_sample(struct csum_volume *volume, struct candidates *candidates, uint32_t wanted,
		       struct csum_guard_sample *sample)
{
	struct draw *draw = calloc(1, sizeof(*draw));
	int error = 0;

	*sample = (struct csum_guard_sample){ 0 };
	if (!draw)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "comparing data with its metadata");
	memset(candidates->tried, 0, candidates->count * sizeof(bool));
	for (uint32_t i = 0; i < wanted && !error; i++)
		error = csum_spot_init(&draw->spots[i], volume);
	for (int attempt = 0; attempt < 2 && !error && sample->drawn < wanted; attempt++) {
		choose(candidates, wanted - sample->drawn, draw);
		error = look(volume, draw, sample);
	}
	for (uint32_t i = 0; i < wanted; i++)
		csum_spot_free(&draw->spots[i]);
	free(draw);
	return error;
}

/* ------------------------------------------------------------------ */

int csum_guard_take_sample(struct csum_volume *volume, struct csum_guard_sample *sample)
{
	struct candidates candidates;
	int error = candidates_init(&candidates, volume);

	*sample = (struct csum_guard_sample){ 0 };
	if (!error)
		error = collect(volume, QUICK_PLACES, QUICK_GROUPS, &candidates);
	/* Too few sectors are written for a quick sample to be spread evenly. */
	if (!error && (candidates.empty_places > QUICK_PLACES / 2 || candidates.count < FEW))
		error = collect_all(volume, &candidates);
	if (!error)
		error = draw_sample(volume, &candidates, FEW, sample);
	if (!error && sample->right * 2 < sample->drawn) {
		error = collect_all(volume, &candidates);
		if (!error)
			error = draw_sample(volume, &candidates, MANY, sample);
		sample->other_data = !error && sample->right * 4 < sample->drawn;
	}
	free(candidates.sector);
	free(candidates.tried);
	return error;
}
