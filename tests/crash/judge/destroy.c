/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Destroys places on top of a stop. */
#include <string.h>

#include "crash/judge/judge.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

void sim_overwrite(struct sim_state *state, int disk, const uint8_t *bytes, size_t size, uint64_t offset_bytes)
{
	struct sim_units kept = { 0 };

	for (size_t i = 0; i < state->cache.count; i++) {
		struct sim_unit *unit = state->cache.unit[i];

		if (unit->disk != disk || unit->first_block * SIM_BLOCK_SIZE >= offset_bytes + size ||
		    (unit->first_block + unit->block_count) * SIM_BLOCK_SIZE <= offset_bytes)
			sim_units_add(&kept, unit);
		else
			sim_unit_apply(unit, SIM_KEPT, &state->durable[disk]);
	}
	sim_units_free(&state->cache);
	state->cache = kept;
	sim_image_write(&state->durable[disk], bytes, size, offset_bytes);
}

static void destroy(const struct sim_map *map, struct sim_state *state, uint64_t offset_bytes)
{
	uint8_t garbage[SIM_BLOCK_SIZE];

	memset(garbage, 0xdb, sizeof(garbage));
	sim_overwrite(state, sim_map_metadata_disk(map), garbage, sizeof(garbage), offset_bytes);
}

void sim_destroy_slot(const struct sim_map *map, struct sim_state *state, enum csum_slot slot)
{
	destroy(map, state, slot == CSUM_SLOT_A ? CSUM_SLOT_A_OFFSET : CSUM_SLOT_B_OFFSET);
}

void sim_destroy_copy(const struct sim_map *map, struct sim_state *state, uint64_t group, int copy)
{
	destroy(map, state, csum_layout_imd_offset(&map->geometry, group, copy));
}
