/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume on simulated disks that tests of unreadable places try one thing after the other on. */
#ifndef CSUM_TEST_CRASH_EXPLORE_BENCH_H
#define CSUM_TEST_CRASH_EXPLORE_BENCH_H

#include "crash/scenario/scenario.h"

struct sim_bench {
	struct sim_start start;
	struct sim_machine machine;
	struct sim_run run; /* of the last command */
	struct sim_view view; /* of the last look */
	uint64_t unreadable[9]; /* pairs: disk, block */
};

/* Sectors 0 and 1 overwritten, only the first one's data has come through. */
extern const struct sim_scenario sim_bench_to_merge;
/* The same, and recovery stopped when its record was durable and the older copy torn. */
extern const struct sim_scenario sim_bench_to_replay;

void sim_bench_set_up(struct sim_bench *bench, const struct sim_scenario *scenario);
void sim_bench_tear_down(struct sim_bench *bench);
/* Looks at it; it must open, and be checked to the end. */
void sim_bench_look(struct sim_bench *bench);
void sim_bench_run(struct sim_bench *bench, const struct sim_command *command);
/* All sectors read as they did when the bench was set up, but those of [first, end), which are `instead`. */
void sim_bench_assert_content(const struct sim_bench *bench, uint64_t first, uint64_t end, uint32_t instead);

#endif
