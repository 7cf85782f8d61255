/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tries every fault at every operation of a scenario's command, and judges the volume afterwards. */
#ifndef CSUM_TEST_CRASH_EXPLORE_FAULTS_H
#define CSUM_TEST_CRASH_EXPLORE_FAULTS_H

#include "crash/scenario/scenario.h"

/* Plain data, so that a child process can hand it to its parent. */
struct sim_fault_result {
	uint64_t operations; /* of the command when nothing fails */
	uint64_t faults; /* that happened */
	uint64_t carried_on; /* after which the command ended with success */
	uint64_t states; /* judged after faults that made the command fail */
	uint64_t violations;
	char text[1000]; /* of the first violation */
};

void sim_fault_scenario(const struct sim_scenario *scenario, struct sim_fault_result *result);

#endif
