/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units of writes, and the durable and cached content of a disk. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/disk/disk.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

#define PLACE_NUMBER 0x0fffffffu
#define PLACE_KIND_SHIFT 28

/* ------------------------------------------------------------------ the map */

static void put_place(struct sim_map *map, uint64_t offset_bytes, enum sim_kind kind, uint64_t number)
{
	uint64_t i = (offset_bytes - CSUM_CLUSTERS_OFFSET) / map->geometry.sector_size;

	assert(number <= PLACE_NUMBER && i < map->places);
	map->place[i] = (uint32_t)kind << PLACE_KIND_SHIFT | (uint32_t)number;
}

void sim_map_init(struct sim_map *map, const struct csum_geometry *geometry, uint32_t logical_sector_size)
{
	*map = (struct sim_map){
		.geometry = *geometry,
		.disks = geometry->external ? 2 : 1,
		.logical_sector_size = logical_sector_size,
		.places = (geometry->metadata_device_bytes - CSUM_CLUSTERS_OFFSET) / geometry->sector_size,
	};
	map->size_bytes[0] = geometry->external ? geometry->data_device_bytes : geometry->metadata_device_bytes;
	map->size_bytes[1] = geometry->metadata_device_bytes;
	map->place = sim_alloc(map->places * sizeof(*map->place));
	for (uint64_t group = 0; group < geometry->groups; group++) {
		for (int copy = 0; copy < 2; copy++)
			put_place(map, csum_layout_imd_offset(geometry, group, copy), SIM_IMD,
				  2 * group + (uint64_t)copy);
	}
	for (uint64_t sector = 0; sector < geometry->data_sectors && !geometry->external; sector++)
		put_place(map, csum_layout_data_offset(geometry, sector), SIM_DATA, sector);
}

enum sim_kind sim_map_place(const struct sim_map *map, uint64_t i, uint64_t *number)
{
	*number = map->place[i] & PLACE_NUMBER;
	return (enum sim_kind)(map->place[i] >> PLACE_KIND_SHIFT);
}

void sim_map_free(struct sim_map *map)
{
	free(map->place);
	map->place = NULL;
}

/* ------------------------------------------------------------------ units */

static struct sim_unit *unit_hold(struct sim_unit *unit)
{
	unit->references++;
	return unit;
}

void sim_unit_drop(struct sim_unit *unit)
{
	if (--unit->references)
		return;
	for (uint32_t i = 0; i < unit->block_count; i++)
		sim_block_drop(unit->blocks[i]);
	free(unit);
}

void sim_unit_name(const struct sim_unit *unit, char *text, size_t size)
{
	switch (unit->kind) {
	case SIM_DATA:
		snprintf(text, size, "data %" PRIu64, unit->number);
		break;
	case SIM_IMD:
		snprintf(text, size, "imd %" PRIu64 ".%" PRIu64, unit->number / 2, unit->number % 2);
		break;
	case SIM_SLOT:
		snprintf(text, size, "slot %c", "ABC"[unit->number]);
		break;
	case SIM_JOURNAL:
		snprintf(text, size, "journal");
		break;
	default:
		snprintf(text, size, "bytes at %" PRIu64, unit->first_block * SIM_BLOCK_SIZE);
	}
}

void sim_units_add(struct sim_units *units, struct sim_unit *unit)
{
	if (units->count == units->capacity) {
		units->capacity = units->capacity ? 2 * units->capacity : 16;
		units->unit = sim_realloc(units->unit, units->capacity * sizeof(struct sim_unit *));
	}
	units->unit[units->count++] = unit_hold(unit);
}

void sim_units_free(struct sim_units *units)
{
	for (size_t i = 0; i < units->count; i++)
		sim_unit_drop(units->unit[i]);
	free(units->unit);
	*units = (struct sim_units){ 0 };
}

/*
 * Where a unit is torn, bytes from its start: inside the bytes that matter. Garbage begins before the tail that another
 * tear writes. Otherwise it would now and then complete an imd sector that the first tear had left incomplete, and
 * content that reads as old after one crash would be new after the next. No oracle can tell that from a write that came
 * through late, and the interrupted write allows both contents.
 */
static size_t tear_of(const struct sim_unit *unit, enum sim_fate fate)
{
	size_t size = (size_t)unit->block_count * SIM_BLOCK_SIZE;
	size_t tear = size / 2;

	if (unit->kind == SIM_SLOT)
		tear = CSUM_STATIC_FIELDS_END;
	else if (unit->kind == SIM_JOURNAL)
		tear = size / 2 / SIM_BLOCK_SIZE * SIM_BLOCK_SIZE;
	return fate == SIM_GARBAGE ? tear / 2 : tear;
}

static void mixed_block(const struct sim_unit *unit, uint32_t i, enum sim_fate fate, const uint8_t *old, uint8_t *bytes)
{
	const uint8_t *new = sim_block_bytes(unit->blocks[i]);
	size_t tear = tear_of(unit, fate);

	for (size_t j = 0; j < SIM_BLOCK_SIZE; j++) {
		size_t at = (size_t)i * SIM_BLOCK_SIZE + j;
		bool is_new = (at < tear) == (fate != SIM_TAIL_KEPT);

		if (is_new)
			bytes[j] = new[j];
		else if (fate == SIM_GARBAGE)
			bytes[j] = (uint8_t)sim_mix(at + unit->first_block);
		else
			bytes[j] = old[j];
	}
}

void sim_unit_apply(const struct sim_unit *unit, enum sim_fate fate, struct sim_image *image)
{
	for (uint32_t i = 0; i < unit->block_count && fate != SIM_LOST; i++) {
		uint8_t bytes[SIM_BLOCK_SIZE];

		if (fate == SIM_KEPT) {
			sim_image_set(image, unit->first_block + i, unit->blocks[i]);
			continue;
		}
		mixed_block(unit, i, fate, sim_block_bytes(sim_image_get(image, unit->first_block + i)), bytes);
		sim_image_write(image, bytes, sizeof(bytes), (unit->first_block + i) * SIM_BLOCK_SIZE);
	}
}

/* ------------------------------------------------------------------ states */

void sim_state_init(struct sim_state *state, const struct sim_map *map)
{
	*state = (struct sim_state){ .disks = map->disks };
	for (int disk = 0; disk < map->disks; disk++)
		sim_image_init(&state->durable[disk], map->size_bytes[disk]);
}

void sim_state_copy(struct sim_state *state, const struct sim_state *from)
{
	*state = (struct sim_state){ .disks = from->disks };
	for (int disk = 0; disk < from->disks; disk++)
		sim_image_copy(&state->durable[disk], &from->durable[disk]);
	for (size_t i = 0; i < from->cache.count; i++)
		sim_units_add(&state->cache, from->cache.unit[i]);
}

void sim_state_free(struct sim_state *state)
{
	for (int disk = 0; disk < state->disks; disk++)
		sim_image_free(&state->durable[disk]);
	sim_units_free(&state->cache);
}

uint64_t sim_state_hash(const struct sim_state *state)
{
	uint64_t hash = 0;

	for (int disk = 0; disk < state->disks; disk++)
		hash = sim_mix(hash ^ state->durable[disk].hash);
	for (size_t i = 0; i < state->cache.count; i++)
		hash = sim_mix(hash ^ state->cache.unit[i]->hash);
	return hash;
}

void sim_state_settle(struct sim_state *state)
{
	for (size_t i = 0; i < state->cache.count; i++)
		sim_unit_apply(state->cache.unit[i], SIM_KEPT, &state->durable[state->cache.unit[i]->disk]);
	sim_units_free(&state->cache);
}
