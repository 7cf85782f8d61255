/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/explore/bench.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

/* clang-format off */
#define STOPPED(what, before, how, which) { .command = what, .flush = (before), .stop = (how), .fates = (which) }
#define WRITE(from, number, content) { .action = SIM_WRITE, .first = (from), .count = (number), .version = (content) }

const struct sim_scenario sim_bench_to_merge = {
	.name = "unreadable-merge", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	.setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
};
const struct sim_scenario sim_bench_to_replay = {
	.name = "unreadable-replay", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	.setup = { WRITE(0, 4, 1) },
	.prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER),
		     STOPPED({ .action = SIM_RECOVER }, 2, SIM_POWER_CUT, SIM_FIRST_TORN) },
};
/* clang-format on */

void sim_bench_set_up(struct sim_bench *bench, const struct sim_scenario *scenario)
{
	char reason[256] = "";

	memset(bench, 0, sizeof(*bench));
	if (!sim_start_init(&bench->start, scenario, reason))
		fail_msg("%s", reason);
	sim_machine_init(&bench->machine, &bench->start.map, &bench->start.state);
	bench->machine.unreadable = bench->unreadable;
	bench->unreadable[0] = UINT64_MAX;
}

void sim_bench_tear_down(struct sim_bench *bench)
{
	sim_view_free(&bench->view);
	sim_machine_free(&bench->machine);
	sim_start_free(&bench->start);
}

void sim_bench_look(struct sim_bench *bench)
{
	sim_view_free(&bench->view);
	sim_look_at(&bench->machine, &bench->start.contents, &bench->start.expect, &bench->view);
	assert_int_equal(bench->view.open_error, 0);
	assert_int_equal(bench->view.check_error, 0);
}

void sim_bench_run(struct sim_bench *bench, const struct sim_command *command)
{
	sim_command_run(&bench->machine, command, &bench->start.aids, &bench->run);
}

void sim_bench_assert_content(const struct sim_bench *bench, uint64_t first, uint64_t end, uint32_t instead)
{
	for (uint64_t i = 0; i < bench->view.sectors; i++)
		assert_int_equal(bench->view.content[i], i >= first && i < end ? instead : bench->start.content[i]);
}
