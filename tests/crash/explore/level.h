/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States that stops have left, to go on from: a level has those behind equally many stops. */
#ifndef CSUM_TEST_CRASH_EXPLORE_LEVEL_H
#define CSUM_TEST_CRASH_EXPLORE_LEVEL_H

#include "crash/disk/disk.h"
#include "crash/judge/judge.h"

struct sim_node {
	struct sim_state state;
	struct sim_expect expect; /* until what is in the cache is durable */
	uint32_t *content;
	bool done; /* the command ended, and nothing was stopped */
	char *path, *story;
};

/* Zeros are an empty one. */
struct sim_level {
	struct sim_node *nodes;
	size_t count;
	uint64_t offered; /* nodes that wanted a place: more than count when there was no room for some */
};

/* A place for one more node, to be filled in. A full level leaves out a random node: this one, then NULL, or another. */
struct sim_node *sim_level_place(struct sim_level *level, uint64_t seed);
void sim_level_free(struct sim_level *level);

#endif
