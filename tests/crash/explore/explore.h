/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Explores the states that stops leave, level by level: stops of the scenario's command, of the command after it, ...
 */
#ifndef CSUM_TEST_CRASH_EXPLORE_EXPLORE_H
#define CSUM_TEST_CRASH_EXPLORE_EXPLORE_H

#include "crash/disk/trace.h"
#include "crash/scenario/scenario.h"

struct sim_plan {
	uint64_t budget; /* distinct states to judge at most */
	enum sim_mode mode; /* of the disks during the scenario's command */
	uint64_t at;
	int depth; /* stops in a row at most; 0: the number of the scenario */
	const char *history; /* explore only this history, and say so; NULL: all */
};

/* Plain data, so that a child process can hand it to its parent. */
struct sim_result {
	uint64_t distinct; /* different states, by hash */
	uint64_t nested; /* distinct states after more than one stop */
	uint64_t judged; /* states; one counts again where other contents are allowed */
	uint64_t violations;
	enum sim_oracle oracle; /* that the first violation breaks; its history is one of the shortest */
	bool exhausted; /* every state was judged: none was sampled or left out */
	uint64_t flushes, rounds; /* of the scenario's command when nothing stops it */
	struct sim_trace trace; /* the steps in these flushes and rounds */
	char text[6000]; /* of the first violation, with the history that leads to it */
};

void sim_explore(const struct sim_scenario *scenario, const struct sim_plan *plan, struct sim_result *result);

#endif
