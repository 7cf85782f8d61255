/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every fault at every operation of a scenario's command, and what must be true afterwards. */
#ifndef CSUM_TEST_CRASH_EXPLORE_FAULTS_H
#define CSUM_TEST_CRASH_EXPLORE_FAULTS_H

#include "crash/scenario/scenario.h"

/* Plain data, so that a child process can hand it to its parent. */
struct sim_fault_result {
	uint64_t operations; /* of the command when nothing goes wrong */
	uint64_t faults; /* that came to pass */
	uint64_t carried_on; /* after which the command ended with success */
	uint64_t states; /* judged behind those that failed */
	uint64_t violations;
	char text[1000]; /* of the first one */
};

void sim_fault_scenario(const struct sim_scenario *scenario, struct sim_fault_result *result);

#endif
