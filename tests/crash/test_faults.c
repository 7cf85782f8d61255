/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tries EIO, ENOSPC, EINTR, a short transfer, a failing flush and a vanishing device at every operation of the command
 * of every scenario that is not endless. The command must fail or carry on as it should, write nothing after a failure,
 * release everything, and leave a volume that passes the oracle, also after a stop on top.
 *
 * Environment: CSUM_CRASH_ONLY    try this scenario alone
 *              CSUM_CRASH_REPORT  append the figures to this file
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/explore/faults.h"
#include "crash/explore/jobs.h"
#include "crash/scenario/system.h"

#define MOST_SCENARIOS 128

static struct sim_fault_result *results; /* per scenario */
static size_t selected[MOST_SCENARIOS], selected_count;

static void run_scenario(size_t i)
{
	sim_fault_scenario(&sim_scenarios[i], &results[i]);
}

static void check_scenario(void **state)
{
	const struct sim_fault_result *result = *state;

	if (result->violations)
		print_error("%s\n", result->text);
	assert_int_equal(result->violations, 0);
	/* Each operation can fail in at least two ways: EIO, and the device vanishing. */
	assert_true(result->operations > 0 && result->faults >= 2 * result->operations);
	assert_true(result->carried_on > 0 && result->carried_on < result->faults);
}

static void print_figures(FILE *file)
{
	fprintf(file, "# %-24s %10s %10s %10s %10s %10s\n", "scenario", "operations", "faults", "carried on", "states",
		"violations");
	for (size_t n = 0; n < selected_count; n++) {
		const struct sim_fault_result *result = &results[selected[n]];

		fprintf(file, "# %-24s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
			sim_scenarios[selected[n]].name, result->operations, result->faults, result->carried_on,
			result->states, result->violations);
	}
}

static void report(void **state)
{
	const char *path = getenv("CSUM_CRASH_REPORT");
	FILE *file = path ? fopen(path, "a") : NULL;

	(void)state;
	print_figures(stdout);
	if (file) {
		print_figures(file);
		fclose(file);
	}
}

int main(void)
{
	struct CMUnitTest tests[MOST_SCENARIOS + 1];
	const char *only = getenv("CSUM_CRASH_ONLY");
	int failed;

	results = sim_shared(sim_scenario_count * sizeof(*results));
	if (!results)
		return 1;
	for (size_t i = 0; i < sim_scenario_count && selected_count < MOST_SCENARIOS; i++) {
		if (sim_scenarios[i].endless || (only && strcmp(only, sim_scenarios[i].name) != 0))
			continue;
		tests[selected_count] = (struct CMUnitTest){ .name = sim_scenarios[i].name,
							     .test_func = check_scenario,
							     .initial_state = &results[i] };
		selected[selected_count++] = i;
	}
	if (selected_count == 0) {
		fputs("no such scenario here\n", stderr);
		return 1;
	}
	tests[selected_count] = (struct CMUnitTest){ .name = "figures", .test_func = report };
	sim_jobs(selected, selected_count, run_scenario);
	failed = _cmocka_run_group_tests("faults", tests, selected_count + 1, NULL, NULL);
	sim_shared_free(results, sim_scenario_count * sizeof(*results));
	return failed;
}
