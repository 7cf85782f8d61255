/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/explore/level.h"

#include <stdlib.h>

/* Nodes that a level has room for. */
#define FRONTIER 3000

static void node_free(struct sim_node *node)
{
	sim_state_free(&node->state);
	sim_expect_free(&node->expect);
	free(node->content);
	free(node->path);
	free(node->story);
}

/* Reservoir sampling: each that was offered has the same chance to be kept. */
struct sim_node *sim_level_place(struct sim_level *level, uint64_t seed)
{
	uint64_t i = level->offered++;

	if (!level->nodes)
		level->nodes = sim_alloc(FRONTIER * sizeof(*level->nodes));
	if (i < FRONTIER)
		return &level->nodes[level->count++];
	i = sim_mix(seed + i) % (i + 1);
	if (i >= FRONTIER)
		return NULL;
	node_free(&level->nodes[i]);
	return &level->nodes[i];
}

void sim_level_free(struct sim_level *level)
{
	for (size_t i = 0; i < level->count; i++)
		node_free(&level->nodes[i]);
	free(level->nodes);
	*level = (struct sim_level){ 0 };
}
