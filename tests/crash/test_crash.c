/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every scenario of crash/scenario/scenarios.c is stopped in every way that the budget allows, and each state that
 * is left is opened, read, checked and recovered.
 *
 * Environment:
 *   CSUM_CRASH_STATES   distinct states to explore in all; "full": enough for a million (default: 100000)
 *   CSUM_CRASH_ONLY     explore this scenario alone
 *   CSUM_CRASH_HISTORY  explore only this history of that scenario, as a violation has printed it
 *   CSUM_CRASH_REPORT   append the figures to this file
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

#include "crash/explore/explore.h"
#include "crash/explore/jobs.h"
#include "crash/scenario/system.h"

#define DEFAULT_STATES 100000u
#define FULL_STATES 1100000u
/* Scenarios that are explored to their end need less, but a full run must not be held up by a single one. */
#define MOST_OF_ONE 400000u
#define MOST_SCENARIOS 128

static struct sim_result *results; /* per scenario, shared with the processes that fill them in */
static uint64_t budgets[MOST_SCENARIOS];
static uint64_t states;

static void explore(size_t i)
{
	const struct sim_plan plan = { .budget = budgets[i], .history = getenv("CSUM_CRASH_HISTORY") };

	sim_explore(&sim_scenarios[i], &plan, &results[i]);
}

static bool selected(const struct sim_scenario *scenario)
{
	const char *only = getenv("CSUM_CRASH_ONLY");

	return !only || strcmp(only, scenario->name) == 0;
}

/* Scenarios with an end come first; the others get the part of the budget that these leave. */
static void run_scenarios(bool endless, uint64_t budget)
{
	size_t chosen[MOST_SCENARIOS], count = 0;
	uint64_t weights = 0;

	for (size_t i = 0; i < sim_scenario_count; i++) {
		if (!selected(&sim_scenarios[i]) || sim_scenarios[i].endless != endless)
			continue;
		chosen[count++] = i;
		weights += sim_scenarios[i].weight;
	}
	for (size_t n = 0; n < count; n++) {
		uint64_t share = budget * sim_scenarios[chosen[n]].weight / weights;
		uint64_t most = sim_scenarios[chosen[n]].most ? sim_scenarios[chosen[n]].most : MOST_OF_ONE;

		budgets[chosen[n]] = share < most ? share : most;
	}
	sim_jobs(chosen, count, explore);
}

static bool run_all(void)
{
	uint64_t distinct = 0, budget;
	size_t finite = 0;

	results = sim_shared(sim_scenario_count * sizeof(*results));
	if (!results)
		return false;
	/* These values stay when a child process dies. */
	for (size_t i = 0; i < sim_scenario_count; i++) {
		results[i].violations = selected(&sim_scenarios[i]);
		snprintf(results[i].text, sizeof(results[i].text), "%s: the process that explored it died\n",
			 sim_scenarios[i].name);
		finite += !sim_scenarios[i].endless;
	}
	/* A state is judged again where other contents are allowed, so a few more judgements than distinct states. */
	budget = states + states / 16;
	run_scenarios(false, budget / sim_scenario_count * finite);
	for (size_t i = 0; i < sim_scenario_count; i++)
		distinct += results[i].distinct;
	run_scenarios(true, budget > distinct ? budget - distinct : 0);
	return true;
}

/* Fewest distinct states: those that exist, or a good part of the budget. Other scenarios say why they fail. */
static uint64_t floor_of(size_t i)
{
	uint64_t share = budgets[i] / 2;

	return results[i].exhausted || sim_scenarios[i].floor < share ? sim_scenarios[i].floor : share;
}

static void check_scenario(void **state)
{
	const struct sim_result *result = *state;
	size_t i = (size_t)(result - results);

	if (result->violations)
		print_error("%s", result->text);
	assert_int_equal(result->violations, 0);
	/* A history may lead nowhere, because operations have other numbers by now; that is no success. */
	if (getenv("CSUM_CRASH_HISTORY"))
		assert_true(result->judged > 0);
	else
		assert_true(result->distinct >= floor_of(i));
}

static void print_report(FILE *file)
{
	uint64_t distinct = 0, nested = 0, violations = 0;

	fprintf(file, "# %-24s %10s %10s %10s %10s\n", "scenario", "distinct", "nested", "floor", "violations");
	for (size_t i = 0; i < sim_scenario_count; i++) {
		const struct sim_result *result = &results[i];

		if (!selected(&sim_scenarios[i]))
			continue;
		fprintf(file, "# %-24s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "%s\n",
			sim_scenarios[i].name, result->distinct, result->nested, floor_of(i), result->violations,
			result->exhausted ? "  all there are" : "");
		distinct += result->distinct;
		nested += result->nested;
		violations += result->violations;
	}
	fprintf(file, "# %-24s %10" PRIu64 " %10" PRIu64 " %10s %10" PRIu64 "\n", "crash states in all", distinct,
		nested, "", violations);
}

/* The floors must not let a few scenarios supply all states of a full run. */
static void check_total(void **state)
{
	const char *path = getenv("CSUM_CRASH_REPORT");
	FILE *file = path ? fopen(path, "a") : NULL;
	uint64_t distinct = 0;

	(void)state;
	print_report(stdout);
	if (file) {
		print_report(file);
		fclose(file);
	}
	for (size_t i = 0; i < sim_scenario_count; i++)
		distinct += results[i].distinct;
	if (states == FULL_STATES && !getenv("CSUM_CRASH_ONLY"))
		assert_true(distinct >= 1000000);
}

static uint64_t wanted_states(void)
{
	const char *wanted = getenv("CSUM_CRASH_STATES");

	if (!wanted || !*wanted)
		return DEFAULT_STATES;
	return strcmp(wanted, "full") == 0 ? FULL_STATES : strtoull(wanted, NULL, 10);
}

int main(void)
{
	struct CMUnitTest tests[MOST_SCENARIOS + 1];
	size_t count = 0;
	int failed;

	states = wanted_states();
	if (sim_scenario_count > MOST_SCENARIOS || !run_all())
		return 1;
	for (size_t i = 0; i < sim_scenario_count; i++) {
		if (selected(&sim_scenarios[i]))
			tests[count++] = (struct CMUnitTest){ .name = sim_scenarios[i].name,
							      .test_func = check_scenario,
							      .initial_state = &results[i] };
	}
	if (count == 0) {
		fputs("no such scenario\n", stderr);
		return 1;
	}
	tests[count++] = (struct CMUnitTest){ .name = "figures", .test_func = check_total };
	failed = _cmocka_run_group_tests("crash", tests, count, NULL, NULL);
	sim_shared_free(results, sim_scenario_count * sizeof(*results));
	return failed;
}
