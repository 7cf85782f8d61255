/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/util.h"

/* File systems, tables and partitions begin at multiples of this, bytes. */
#define PLACE_UNIT 512u

bool csum_guard_same_type(const char *a, const char *b)
{
	/* A feature that is turned on or off makes one type of another. */
	if (strncmp(a, "ext", 3) == 0 && a[3] >= '2' && a[3] <= '4' && strncmp(b, "ext", 3) == 0)
		return b[3] >= '2' && b[3] <= '4';
	return strncmp(a, b, CSUM_SIGNATURE_TYPE_SIZE) == 0;
}

bool csum_guard_is_recorded(const struct csum_volume *volume, uint64_t offset_bytes, const char *type)
{
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++) {
		const struct csum_recorded_signature *recorded = &volume->superblock.record.signatures[i];

		if (recorded->type[0] && recorded->offset_bytes == offset_bytes &&
		    csum_guard_same_type(recorded->type, type))
			return true;
	}
	return false;
}

bool csum_guard_is_found(const struct csum_guard_place *place, const char *type)
{
	for (size_t i = 0; i < place->found_count; i++) {
		if (csum_guard_same_type(place->found[i].type, type))
			return true;
	}
	return false;
}

bool csum_guard_is_shared(const struct csum_volume *volume, const struct csum_guard_places *places,
			  const struct csum_guard_place *place, const char *type)
{
	for (size_t i = 0; i < place->found_count; i++) {
		if (!csum_guard_same_type(place->found[i].type, type))
			return true;
	}
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++) {
		const struct csum_recorded_signature *recorded = &volume->superblock.record.signatures[i];

		if (recorded->type[0] && recorded->offset_bytes == place->offset_bytes && !places->replaced[i] &&
		    !csum_guard_same_type(recorded->type, type))
			return true;
	}
	return place->is_partial && !csum_guard_is_recorded(volume, place->offset_bytes, type);
}

/* ------------------------------------------------------------------ finding places */

/* Adds a place; size 0: not known yet. */
static void add(struct csum_guard_places *places, uint64_t space_bytes, uint64_t offset_bytes, uint64_t size_bytes)
{
	if (offset_bytes >= space_bytes || offset_bytes % PLACE_UNIT != 0)
		return;
	places->place[places->count++] = (struct csum_guard_place){
		.offset_bytes = offset_bytes,
		.size_bytes = csum_min_u64(size_bytes, space_bytes - offset_bytes),
	};
}

/* Ascending; of several at one offset the smallest first, but those of unknown size last. */
static int compare(const void *a, const void *b)
{
	const struct csum_guard_place *first = a, *second = b;

	if (first->offset_bytes != second->offset_bytes)
		return first->offset_bytes < second->offset_bytes ? -1 : 1;
	if (first->size_bytes == second->size_bytes)
		return 0;
	return first->size_bytes - 1 < second->size_bytes - 1 ? -1 : 1;
}

/* Sorts the places. A recorded one without a partition, of unknown size, ends where the next place begins. */
static void settle(struct csum_guard_places *places, uint64_t space_bytes)
{
	size_t kept = 0;

	qsort(places->place, places->count, sizeof(*places->place), compare);
	for (size_t i = 0; i < places->count; i++) {
		if (kept == 0 || places->place[kept - 1].offset_bytes != places->place[i].offset_bytes)
			places->place[kept++] = places->place[i];
	}
	places->count = kept;
	for (size_t i = 0; i < kept; i++) {
		uint64_t next = i + 1 < kept ? places->place[i + 1].offset_bytes : space_bytes;

		if (places->place[i].size_bytes == 0)
			places->place[i].size_bytes = next - places->place[i].offset_bytes;
	}
	/* The place at offset 0 is the whole, also where a table has a partition there. */
	places->place[0].size_bytes = space_bytes;
}

int csum_guard_places_find(struct csum_volume *volume, struct csum_guard_places *places)
{
	uint64_t space_bytes = csum_volume_data_bytes(volume);
	struct csum_partitions partitions;
	int error;

	*places = (struct csum_guard_places){ 0 };
	error = csum_probe_partitions(&volume->handlers, volume->data, 0, volume->data->size_bytes, &partitions);
	if (error)
		return error;
	places->place = calloc(1 + CSUM_RECORDED_SIGNATURES + partitions.count, sizeof(*places->place));
	if (!places->place)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "asking whether others wrote");
	add(places, space_bytes, 0, space_bytes);
	for (size_t i = 0; i < partitions.count; i++)
		add(places, space_bytes, partitions.found[i].offset_bytes, partitions.found[i].size_bytes);
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++) {
		const struct csum_recorded_signature *recorded = &volume->superblock.record.signatures[i];

		if (recorded->type[0])
			add(places, space_bytes, recorded->offset_bytes, 0);
	}
	settle(places, space_bytes);
	return 0;
}

/* ------------------------------------------------------------------ signatures, by libblkid */

static int ask(struct csum_volume *volume, struct csum_guard_place *place, struct csum_signatures *list)
{
	/* As other programs see it, for signatures at the end: the device may be larger than the data space. */
	uint64_t size_bytes = place->offset_bytes == 0 ? 0 : place->size_bytes;
	int error = csum_probe_list(&volume->handlers, volume->data, place->offset_bytes, size_bytes, list);

	if (error)
		return error;
	place->is_partial = list->is_partial;
	if (list->count == 0)
		return 0;
	place->found = calloc(list->count, sizeof(*place->found));
	if (!place->found)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "asking whether others wrote");
	memcpy(place->found, list->found, list->count * sizeof(*place->found));
	place->found_count = list->count;
	return 0;
}

int csum_guard_places_ask(struct csum_volume *volume, struct csum_guard_places *places)
{
	struct csum_signatures *list;
	int error = 0;

	if (places->asked)
		return 0;
	list = malloc(sizeof(*list));
	if (!list)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "asking whether others wrote");
	for (size_t i = 0; i < places->count && !error; i++)
		error = ask(volume, &places->place[i], list);
	places->asked = !error;
	free(list);
	return error;
}

void csum_guard_places_free(struct csum_guard_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->place[i].found);
	free(places->place);
	*places = (struct csum_guard_places){ 0 };
}
