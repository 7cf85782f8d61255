/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume on simulated disks on which tests of unreadable places run one command after the other. */
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

/* Sectors 0 and 1 were being overwritten; only the data of sector 0 came through. */
extern const struct sim_scenario sim_bench_to_merge;
/* As sim_bench_to_merge; then recovery was stopped with its record durable and the older copy torn. */
extern const struct sim_scenario sim_bench_to_replay;

void sim_bench_set_up(struct sim_bench *bench, const struct sim_scenario *scenario);
void sim_bench_tear_down(struct sim_bench *bench);
/* Looks at the volume, which must open, and be checked to the end. */
void sim_bench_look(struct sim_bench *bench);
void sim_bench_run(struct sim_bench *bench, const struct sim_command *command);
/* Asserts that all sectors read as when the bench was set up, except [first, end), which have content `instead`. */
void sim_bench_assert_content(const struct sim_bench *bench, uint64_t first, uint64_t end, uint32_t instead);

#endif
