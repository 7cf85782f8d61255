/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Explores what stops leave of a scenario, level by level: stops of its command, stops of what follows, ... */
#ifndef CSUM_TEST_CRASH_EXPLORE_EXPLORE_H
#define CSUM_TEST_CRASH_EXPLORE_EXPLORE_H

#include "crash/disk/trace.h"
#include "crash/scenario/scenario.h"

struct sim_plan {
	uint64_t budget; /* distinct states to judge at most */
	enum sim_mode mode; /* of the disks while the scenario's command runs */
	uint64_t at;
	int depth; /* stops one after the other at most; 0: as the scenario says */
	const char *history; /* only this one, judged aloud; NULL: all */
};

/* Plain data, so that a child process can hand it to its parent. */
struct sim_result {
	uint64_t distinct; /* different states, by hash */
	uint64_t nested; /* of these, states behind more than one stop */
	uint64_t judged; /* a state counts again where other contents are allowed */
	uint64_t violations;
	enum sim_oracle oracle; /* of the first violation, the shortest history */
	bool exhausted; /* every state was judged: nothing was sampled or left out */
	uint64_t flushes, rounds; /* of the scenario's command when nothing stops it */
	struct sim_trace trace; /* of the same: what each of them is for */
	char text[6000]; /* of the first violation, with the history that leads to it */
};

void sim_explore(const struct sim_scenario *scenario, const struct sim_plan *plan, struct sim_result *result);

#endif
