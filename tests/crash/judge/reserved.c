/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The space that the volume keeps free: a format leaves zeros there, whatever was there before. */
#include <stdlib.h>
#include <string.h>

#include "crash/judge/judge.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

#define AREAS 3

struct area {
	uint64_t begin, end;
};

static void list_areas(const struct sim_map *map, struct area areas[AREAS])
{
	areas[0] = (struct area){ CSUM_SLOT_A_OFFSET + CSUM_BLOCK_SIZE, CSUM_JOURNAL_OFFSET };
	areas[1] = (struct area){ CSUM_SLOT_B_OFFSET + CSUM_BLOCK_SIZE, CSUM_CLUSTERS_OFFSET };
	areas[2] = (struct area){ csum_layout_backup_offset(map->geometry.metadata_device_bytes) + CSUM_BLOCK_SIZE,
				  map->size_bytes[sim_map_metadata_disk(map)] / SIM_BLOCK_SIZE * SIM_BLOCK_SIZE };
}

void sim_reserved_fill(const struct sim_map *map, struct sim_state *state)
{
	struct sim_image *image = &state->durable[sim_map_metadata_disk(map)];
	uint8_t block[SIM_BLOCK_SIZE];
	struct area areas[AREAS];

	memset(block, 0xe5, sizeof(block));
	list_areas(map, areas);
	for (int i = 0; i < AREAS; i++) {
		for (uint64_t at = areas[i].begin; at < areas[i].end; at += SIM_BLOCK_SIZE)
			sim_image_write(image, block, sizeof(block), at);
	}
}

bool sim_reserved_is_zero(const struct sim_map *map, const struct sim_state *state)
{
	int disk = sim_map_metadata_disk(map);
	struct area areas[AREAS];
	struct sim_state settled;
	bool zero = true;

	sim_state_copy(&settled, state);
	sim_state_settle(&settled);
	list_areas(map, areas);
	for (int i = 0; i < AREAS; i++) {
		for (uint64_t at = areas[i].begin; at < areas[i].end; at += SIM_BLOCK_SIZE)
			zero &= sim_image_get(&settled.durable[disk], at / SIM_BLOCK_SIZE) == NULL;
	}
	sim_state_free(&settled);
	return zero;
}
