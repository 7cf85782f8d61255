/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads that fail for a while, and then pass: the recovery of a scrub or a write must not give up content that they
 * hide; the next recovery finds it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "crash/explore/bench.h"

/* More reads than any command below tries. */
#define FAILING_MOST 80u

/*
 * Fails the first reads of those units, up to every number of reads, while a command runs. Then the same command runs
 * without failures: it must find all contents, and leave a clean volume.
 */
static void assert_nothing_given_up(const struct sim_scenario *scenario, enum sim_action action,
				    const struct sim_failing *failing)
{
	const struct sim_command without = { .action = action };
	struct sim_command with = { .action = action, .failing = *failing };
	unsigned int refused = 0;

	for (with.failing.reads = 1; with.failing.reads <= FAILING_MOST; with.failing.reads++) {
		struct sim_bench bench;

		sim_bench_set_up(&bench, scenario);
		sim_bench_run(&bench, &with);
		refused += bench.run.error == -EBADMSG || bench.run.stays_active;
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		sim_bench_run(&bench, &without);
		assert_int_equal(bench.run.error, 0);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		assert_int_equal(bench.view.info.state, CSUM_CLEAN);
		assert_int_equal(bench.view.totals.errors, 0);
		sim_bench_tear_down(&bench);
	}
	/* Some failures pass soon enough, and some do not. */
	assert_in_range(refused, 1, FAILING_MOST - 1);
}

static void test_issue8_b6_data_reads_fail(void **state)
{
	const enum sim_action actions[] = { SIM_SCRUB, SIM_RECOVER };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (uint64_t sector = 0; sector < 2; sector++)
			assert_nothing_given_up(&sim_bench_to_merge, actions[i],
						&(struct sim_failing){ .kind = SIM_DATA, .number = sector });
		assert_nothing_given_up(&sim_bench_to_merge, actions[i],
					&(struct sim_failing){ .kind = SIM_DATA, .all = true });
	}
}

static void test_issue8_b6_imd_reads_fail(void **state)
{
	const enum sim_action actions[] = { SIM_SCRUB, SIM_RECOVER };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (uint64_t copy = 0; copy < 2; copy++)
			assert_nothing_given_up(&sim_bench_to_merge, actions[i],
						&(struct sim_failing){ .kind = SIM_IMD, .number = copy });
		assert_nothing_given_up(&sim_bench_to_merge, actions[i],
					&(struct sim_failing){ .kind = SIM_IMD, .all = true });
	}
}

static void test_issue8_b6_journal_reads_fail(void **state)
{
	(void)state;
	assert_nothing_given_up(&sim_bench_to_replay, SIM_SCRUB,
				&(struct sim_failing){ .kind = SIM_JOURNAL, .all = true });
	assert_nothing_given_up(&sim_bench_to_replay, SIM_RECOVER,
				&(struct sim_failing){ .kind = SIM_JOURNAL, .all = true });
}

/* With CSUM_ALLOW_UNREAD the newer entry is kept and the volume is clean; one older sector is bad for good. */
static void test_issue8_b6_allowed(void **state)
{
	static const struct sim_command command = { .action = SIM_SCRUB,
						    .allow = CSUM_ALLOW_UNREAD,
						    .failing = { .kind = SIM_DATA, .number = 1, .reads = 600 } };
	struct sim_bench bench;

	(void)state;
	sim_bench_set_up(&bench, &sim_bench_to_merge);
	sim_bench_run(&bench, &command);
	assert_int_equal(bench.run.error, -EBADMSG);
	sim_bench_look(&bench);
	assert_int_equal(bench.view.info.state, CSUM_CLEAN);
	sim_bench_assert_content(&bench, 1, 2, SIM_BAD);
	sim_bench_tear_down(&bench);
}

/* Content that a replica has need not be read: the sector stays unreadable during recovery, and is then written. */
static void test_issue8_b6_replica(void **state)
{
	const struct sim_command command = { .action = SIM_SCRUB,
					     .with_replica = true,
					     .failing = { .kind = SIM_DATA, .number = 1, .reads = 12 } };
	struct sim_scenario scenario = sim_bench_to_merge;
	struct sim_bench bench;

	(void)state;
	/* With this command the scenario makes a replica, of the volume before the interrupted write. */
	scenario.command = command;
	sim_bench_set_up(&bench, &scenario);
	sim_bench_run(&bench, &command);
	assert_int_equal(bench.run.error, 0);
	assert_false(bench.run.stays_active);
	sim_bench_look(&bench);
	assert_int_equal(bench.view.info.state, CSUM_CLEAN);
	sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
	sim_bench_tear_down(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_issue8_b6_data_reads_fail),
		cmocka_unit_test(test_issue8_b6_imd_reads_fail),
		cmocka_unit_test(test_issue8_b6_journal_reads_fail),
		cmocka_unit_test(test_issue8_b6_allowed),
		cmocka_unit_test(test_issue8_b6_replica),
	};

	return cmocka_run_group_tests_name("reads that fail for a while", tests, NULL, NULL);
}
