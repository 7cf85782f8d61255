/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The places of carved imd sectors, and the geometry that they imply: arithmetic, no I/O. */
#include "carve/carve.h"

#include <string.h>

#include "ondisk/layout.h"

enum {
	POLL_OPTIONS = sizeof(((struct csum_carve_poll *)0)->option) / sizeof(((struct csum_carve_poll *)0)->option[0])
};

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Sectors that each group adds to the distance. */
static uint32_t group_distance(const struct csum_carve_shape *shape)
{
	return (shape->external ? 0 : csum_carve_entries(shape->size_index)) + 1;
}

static bool in_area(const struct csum_carve_candidate *candidate)
{
	return candidate->offset_bytes >= CSUM_CLUSTERS_OFFSET;
}

/* o: sectors from the start of the clusters. */
static uint64_t area_sector(const struct csum_carve_shape *shape, const struct csum_carve_candidate *candidate)
{
	return (candidate->offset_bytes - CSUM_CLUSTERS_OFFSET) / csum_carve_sector_size(shape->size_index);
}

/* The group is less than a cluster off the mean group at that place: it is the nearest number with these low bits. */
uint64_t csum_carve_group(const struct csum_carve_shape *shape, const struct csum_carve_candidate *candidate)
{
	uint64_t mean, group;

	if (!in_area(candidate))
		return candidate->group;
	mean = area_sector(shape, candidate) / (group_distance(shape) + 1);
	group = mean + (uint64_t)(int64_t)(int32_t)(candidate->group - (uint32_t)mean);
	return group > INT64_MAX ? candidate->group : group;
}

bool csum_carve_locate(const struct csum_carve_shape *shape, const struct csum_carve_candidate *candidate,
		       struct csum_carve_place *place)
{
	uint64_t group = csum_carve_group(shape, candidate);
	uint32_t state;

	if (!candidate->possible[shape->size_index])
		return false;
	state = candidate->state[shape->size_index] ^ csum_carve_high_difference((uint32_t)(group >> 32));
	if (state != shape->seed_state && (state ^ shape->copy_difference) != shape->seed_state)
		return false;
	*place = (struct csum_carve_place){ .copy = state != shape->seed_state };
	if (!in_area(candidate) || area_sector(shape, candidate) < group)
		return true;
	place->in_area = true;
	place->group = group;
	place->distance = area_sector(shape, candidate) - group;
	place->groups = (place->distance + group_distance(shape) - 1) / group_distance(shape);
	place->lacking = (uint32_t)(place->groups * group_distance(shape) - place->distance);
	return true;
}

void csum_carve_vote(struct csum_carve_poll *poll, uint64_t value)
{
	int empty = -1;

	for (int i = 0; i < POLL_OPTIONS; i++) {
		if (poll->option[i].votes == 0) {
			empty = i;
		} else if (poll->option[i].value == value) {
			poll->option[i].votes++;
			return;
		}
	}
	if (empty >= 0) {
		poll->option[empty].value = value;
		poll->option[empty].votes = 1;
		return;
	}
	for (int i = 0; i < POLL_OPTIONS; i++)
		poll->option[i].votes--;
}

/* Counts an imd sector in its place: copy 0 of any cluster, or copy 1 of a cluster with K full groups. */
static void add_in_place(struct csum_carve_tally *tally, const struct csum_carve_place *place, uint64_t group_limit)
{
	tally->in_place++;
	tally->group_limit = max_u64(tally->group_limit, group_limit);
	if (place->copy == 1)
		tally->full_limit = max_u64(tally->full_limit, group_limit);
}

static void add_place(struct csum_carve_tally *tally, const struct csum_carve_shape *shape,
		      const struct csum_carve_place *place)
{
	uint64_t first = place->group / shape->interleave * shape->interleave;
	uint64_t end = first + shape->interleave;
	uint64_t in_place = tally->in_place;

	if (place->copy == 0) {
		if (place->lacking == 0 && place->groups == first)
			add_in_place(tally, place, place->group + 1);
	} else if (place->groups == end && place->lacking == 0) {
		add_in_place(tally, place, end);
	} else if (place->groups > place->group && place->groups <= end &&
		   place->lacking < csum_carve_entries(shape->size_index)) {
		csum_carve_vote(&tally->ends, place->distance);
	}
	if (tally->in_place > in_place && first > 0)
		tally->past_first_cluster = true;
}

void csum_carve_tally_add(struct csum_carve_tally *tally, const struct csum_carve_shape *shape,
			  const struct csum_carve_candidate *candidate)
{
	struct csum_carve_place place;

	if (!csum_carve_locate(shape, candidate, &place))
		return;
	tally->fitting++;
	tally->entries_32 += candidate->entry_bits[shape->size_index] == 32;
	tally->entries_64 += candidate->entry_bits[shape->size_index] == 64;
	if (place.in_area)
		add_place(tally, shape, &place);
}

static uint64_t end_groups(const struct csum_carve_shape *shape, uint64_t distance)
{
	return (distance + group_distance(shape) - 1) / group_distance(shape);
}

/* The distance that the end of the volume implies and its votes; false when no end was seen. */
static bool find_end(const struct csum_carve_tally *tally, const struct csum_carve_shape *shape, uint64_t *distance,
		     uint64_t *votes)
{
	*votes = 0;
	for (int i = 0; i < POLL_OPTIONS; i++) {
		uint64_t value = tally->ends.option[i].value;

		/* A misplaced sector may imply any end, but not one that the sectors in place rule out. */
		if (tally->ends.option[i].votes <= *votes || end_groups(shape, value) < tally->group_limit)
			continue;
		*distance = value;
		*votes = tally->ends.option[i].votes;
	}
	return *votes > 0;
}

uint64_t csum_carve_tally_score(const struct csum_carve_tally *tally, const struct csum_carve_shape *shape)
{
	uint64_t distance, votes;

	return find_end(tally, shape, &distance, &votes) ? tally->in_place + votes : tally->in_place;
}

/* ------------------------------------------------------------------ geometry */

/* The geometry on a device of the present size, if that is possible for the volume, else on the smallest device. */
static bool derive(const struct csum_carve_shape *shape, uint64_t data_sectors, uint64_t data_device_bytes,
		   uint64_t metadata_device_bytes, struct csum_geometry *geometry)
{
	uint32_t sector_size = csum_carve_sector_size(shape->size_index);
	uint64_t smallest;

	if (csum_layout_derive(sector_size, shape->interleave, shape->external, metadata_device_bytes,
			       data_device_bytes, geometry) == 0 &&
	    geometry->data_sectors == data_sectors)
		return true;
	return csum_layout_device_bytes(sector_size, shape->interleave, shape->external, data_sectors, &smallest) ==
		       0 &&
	       csum_layout_derive(sector_size, shape->interleave, shape->external, smallest, data_device_bytes,
				  geometry) == 0 &&
	       geometry->data_sectors == data_sectors;
}

static bool internal_geometry(const struct csum_carve_shape *shape, const struct csum_carve_tally *tally,
			      uint64_t device_bytes, struct csum_carved_geometry *result)
{
	uint32_t entries = csum_carve_entries(shape->size_index);
	uint64_t data_sectors = tally->group_limit * entries;
	uint64_t distance, votes;
	struct csum_geometry present;

	result->end_known = find_end(tally, shape, &distance, &votes) &&
			    derive(shape, distance - end_groups(shape, distance), 0, device_bytes, &result->geometry);
	if (result->end_known)
		return true;
	if (csum_layout_derive(csum_carve_sector_size(shape->size_index), shape->interleave, false, device_bytes, 0,
			       &present) == 0 &&
	    present.groups >= tally->group_limit) {
		result->end_known = present.data_sectors == tally->full_limit * entries;
		data_sectors = present.data_sectors;
	}
	return derive(shape, data_sectors, 0, device_bytes, &result->geometry);
}

/* Groups whose imd sectors find room on a metadata device. */
static uint64_t external_room(const struct csum_carve_shape *shape, uint64_t device_bytes)
{
	if (device_bytes < CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE)
		return 0;
	return (csum_layout_backup_offset(device_bytes) - CSUM_CLUSTERS_OFFSET) /
	       csum_carve_sector_size(shape->size_index) / 2;
}

static bool external_geometry(const struct csum_carve_shape *shape, const struct csum_carve_tally *tally,
			      uint64_t device_bytes, uint64_t data_device_bytes, struct csum_carved_geometry *result)
{
	uint32_t sector_size = csum_carve_sector_size(shape->size_index);
	uint32_t entries = csum_carve_entries(shape->size_index);
	uint64_t present_sectors = data_device_bytes / sector_size;
	uint64_t present_groups = present_sectors / entries + (present_sectors % entries != 0);
	uint64_t groups, votes;

	result->end_known = find_end(tally, shape, &groups, &votes);
	if (!result->end_known) {
		groups = max_u64(external_room(shape, device_bytes), tally->group_limit);
		if (present_groups > 0 && present_groups >= tally->group_limit)
			groups = present_groups;
		result->end_known = groups == tally->full_limit;
	}
	/* Only the data device can tell how long the last group is. */
	if (present_groups != groups) {
		if (groups > INT64_MAX / sector_size / entries)
			return false;
		present_sectors = groups * entries;
		data_device_bytes = present_sectors * sector_size;
	}
	return derive(shape, present_sectors, data_device_bytes, device_bytes, &result->geometry);
}

void csum_carve_geometry(const struct csum_carve_shape *shape, const struct csum_carve_tally *tally,
			 uint64_t metadata_device_bytes, uint64_t data_device_bytes,
			 struct csum_carved_geometry *geometry)
{
	*geometry = (struct csum_carved_geometry){
		.fitting = tally->fitting,
		.seed_state = shape->seed_state,
		.interleave_known = tally->past_first_cluster,
	};
	if (tally->entries_32 || tally->entries_64)
		geometry->checksum_bits = tally->entries_64 > tally->entries_32 ? 64 : 32;
	geometry->known = shape->external ?
				  external_geometry(shape, tally, metadata_device_bytes, data_device_bytes, geometry) :
				  internal_geometry(shape, tally, metadata_device_bytes, geometry);
}
