/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows that each flush and each round of the protocol is needed. A disk that acknowledges one flush without doing it,
 * one that swaps a round with the next, and one that loses a round must each be caught by an oracle, in every scenario;
 * or the change must be in the table of excuses, with the reason.
 *
 * Environment: CSUM_CRASH_ONLY    try this scenario alone
 *              CSUM_CRASH_STATES  unless it is "full", changes with an excuse are not tried, and only one or two of the
 *                                 changes of one sort in a scenario are; and when it is a small number, as under
 *                                 sanitizers, scenarios without an end are not tried
 *              CSUM_CRASH_REPORT  append the table to this file
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
#include "crash/explore/needed.h"
#include "crash/scenario/system.h"

/* States that are tried to catch one change; for endless scenarios; and most stops in a row. */
#define BUDGET 4000u
#define ENDLESS_BUDGET 16000u
/* States that are tried to see that a change with an excuse still needs it. */
#define EXCUSED_BUDGET 1000u
/* In a brief run the unchanged scenario is only run for the number of its flushes: test_crash explores it. */
#define BRIEF_BUDGET 100u
#define DEPTH 2
#define MOST_CHANGES 256
#define MOST_SCENARIOS 128

struct outcome {
	enum sim_mode mode;
	uint64_t at;
	uint32_t kinds; /* of the writes that the flush makes durable, or that the round does */
	bool opening; /* a flush before anything was written */
	char step[SIM_NAME_SIZE], numbered[SIM_NAME_SIZE]; /* name of the change */
	enum sim_oracle oracle; /* the oracle that caught it; SIM_RIGHT: none */
	const char *left_out; /* why a brief run does not try it */
};

struct table {
	bool done;
	uint64_t count;
	struct outcome outcomes[MOST_CHANGES];
	char text[256]; /* set when even the unchanged scenario failed */
};

static struct table *tables; /* per scenario */
static size_t selected[MOST_SCENARIOS], selected_count;

/* Whether the scenario begins with writes in a cache. */
static bool begins_cached(const struct sim_scenario *scenario)
{
	for (size_t i = 0; i < sizeof(scenario->prelude) / sizeof(*scenario->prelude); i++) {
		if (scenario->prelude[i].command.action && scenario->prelude[i].stop == SIM_KILL)
			return true;
	}
	return false;
}

static bool names(const char *list, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = list; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, name, size) == 0 && (at[size] == ' ' || at[size] == '\0'))
			return true;
	}
	return false;
}

static bool is_for(const struct sim_excuse *excuse, const struct outcome *outcome)
{
	return excuse->mode == outcome->mode &&
	       (strcmp(excuse->step, outcome->step) == 0 || strcmp(excuse->step, outcome->numbered) == 0);
}

static const char *excuse_of(size_t scenario, const struct outcome *outcome)
{
	if (outcome->opening && !begins_cached(&sim_scenarios[scenario]))
		return "flush_at_open, and no cache held anything: recover-cache, -external and -imd guard it";
	for (size_t i = 0; i < sim_excuse_count; i++) {
		const struct sim_excuse *excuse = &sim_excuses[i];

		if (is_for(excuse, outcome) && names(excuse->scenarios, sim_scenarios[scenario].name))
			return excuse->reason;
	}
	return NULL;
}

/* Numbers in CSUM_CRASH_STATES below this are small. */
#define SMALL_STATES 100000u

static bool few_states(void)
{
	const char *wanted = getenv("CSUM_CRASH_STATES");

	return wanted && *wanted >= '0' && *wanted <= '9' && strtoull(wanted, NULL, 10) < SMALL_STATES;
}

static bool brief(void)
{
	const char *wanted = getenv("CSUM_CRASH_STATES");

	return !wanted || strcmp(wanted, "full") != 0;
}

/* Returns the writes that flush number `at` makes durable, or those of round number `at`. */
static const struct sim_covered *covered_by(enum sim_mode mode, uint64_t at, const struct sim_trace *trace)
{
	static const struct sim_covered untraced = { 0 };

	if (at >= SIM_TRACED)
		return &untraced;
	return mode == SIM_DROP_FLUSH ? &trace->flushes[at] : &trace->rounds[at];
}

/* Lists the changes of one mode. */
static void list_changes(struct table *table, enum sim_mode mode, uint64_t count, const struct sim_result *unchanged)
{
	for (uint64_t at = 0; at < count && table->count < MOST_CHANGES; at++) {
		const struct sim_covered *covered = covered_by(mode, at, &unchanged->trace);
		struct outcome *outcome = &table->outcomes[table->count++];

		*outcome = (struct outcome){ .mode = mode,
					     .at = at,
					     .kinds = covered->kinds,
					     .opening = mode == SIM_DROP_FLUSH && covered->opening_disk };
		sim_covered_name(covered, false, outcome->step);
		sim_covered_name(covered, true, outcome->numbered);
	}
}

/*
 * Whether a brief run leaves out change n, as it tries others like it: of the same mode, on writes of the same kinds,
 * without an excuse. Of such changes it tries the first and the last flush, but only the last round, as the first may
 * take thousands of states.
 */
static bool is_like_others(size_t i, uint64_t n)
{
	const struct table *table = &tables[i];
	bool before = table->outcomes[n].mode != SIM_DROP_FLUSH, after = false;

	for (uint64_t other = 0; other < table->count; other++) {
		const struct outcome *outcome = &table->outcomes[other];

		if (other == n || outcome->mode != table->outcomes[n].mode ||
		    outcome->kinds != table->outcomes[n].kinds || excuse_of(i, outcome))
			continue;
		before = before || other < n;
		after = after || other > n;
	}
	return before && after;
}

static const char *why_left_out(size_t i, uint64_t n)
{
	if (!brief())
		return NULL;
	if (excuse_of(i, &tables[i].outcomes[n]))
		return "has an excuse";
	return is_like_others(i, n) ? "others of its sort are: CSUM_CRASH_STATES=full tries it" : NULL;
}

static void try_change(size_t i, uint64_t n, struct sim_result *result)
{
	struct outcome *outcome = &tables[i].outcomes[n];
	struct sim_plan plan = { .mode = outcome->mode, .at = outcome->at, .depth = DEPTH };

	outcome->left_out = why_left_out(i, n);
	if (outcome->left_out)
		return;
	plan.budget = sim_scenarios[i].endless ? ENDLESS_BUDGET : BUDGET;
	if (excuse_of(i, outcome))
		plan.budget = EXCUSED_BUDGET;
	sim_explore(&sim_scenarios[i], &plan, result);
	if (result->violations)
		outcome->oracle = result->oracle;
}

static void try_changes(size_t i)
{
	struct sim_result *result = sim_alloc(sizeof(*result));

	for (uint64_t n = 0; n < tables[i].count; n++)
		try_change(i, n, result);
	free(result);
}

static void try_scenario(size_t i)
{
	const struct sim_scenario *scenario = &sim_scenarios[i];
	const struct sim_plan plan = { .budget = brief() ? BRIEF_BUDGET : BUDGET, .depth = 1 };
	struct sim_result *unchanged = sim_alloc(sizeof(*unchanged));
	struct table *table = &tables[i];

	sim_explore(scenario, &plan, unchanged);
	if (unchanged->violations) {
		snprintf(table->text, sizeof(table->text), "%.200s", unchanged->text);
	} else {
		list_changes(table, SIM_DROP_FLUSH, unchanged->flushes, unchanged);
		list_changes(table, SIM_LOSE_ROUND, unchanged->rounds, unchanged);
		list_changes(table, SIM_SWAP_ROUNDS, unchanged->rounds ? unchanged->rounds - 1 : 0, unchanged);
		try_changes(i);
		table->done = table->count < MOST_CHANGES;
	}
	free(unchanged);
}

/* ------------------------------------------------------------------ the table */

static const char *mode_name(enum sim_mode mode)
{
	static const char *const names[] = { "nothing changed", "flush dropped", "rounds swapped", "round lost" };

	return names[mode];
}

static void print_table(FILE *file, size_t i)
{
	for (uint64_t n = 0; n < tables[i].count; n++) {
		const struct outcome *outcome = &tables[i].outcomes[n];
		const char *excuse = excuse_of(i, outcome);

		fprintf(file, "# %-22s %-15s %3" PRIu64 " %-24s %s%s\n", sim_scenarios[i].name,
			mode_name(outcome->mode), outcome->at, outcome->numbered,
			outcome->oracle	  ? sim_oracle_name(outcome->oracle) :
			outcome->left_out ? "not tried: " :
					    "not caught: ",
			outcome->oracle	  ? "" :
			excuse		  ? excuse :
			outcome->left_out ? outcome->left_out :
					    "AND NO REASON IS GIVEN WHY IT MAY STAY");
	}
}

static void check_scenario(void **state)
{
	const struct table *table = *state;
	size_t i = (size_t)(table - tables);
	uint64_t unexplained = 0, stale = 0;

	if (!table->done)
		print_error("%s: not all was tried: %s\n", sim_scenarios[i].name, table->text);
	for (uint64_t n = 0; n < table->count; n++) {
		bool excused = excuse_of(i, &table->outcomes[n]) != NULL;

		unexplained += !table->outcomes[n].oracle && !excused && !table->outcomes[n].left_out;
		stale += table->outcomes[n].oracle && excused;
	}
	if (unexplained || stale)
		print_table(stderr, i);
	assert_true(table->done);
	assert_true(table->count > 0);
	assert_int_equal(unexplained, 0);
	/* A change that is caught needs no excuse. */
	assert_int_equal(stale, 0);
}

/* Counts the changes of that scenario that the excuse fits. */
static int changes_excused(const struct sim_excuse *excuse, size_t scenario)
{
	int count = 0;

	for (uint64_t n = 0; n < tables[scenario].count; n++)
		count += is_for(excuse, &tables[scenario].outcomes[n]);
	return count;
}

/* Counts the scenarios of the excuse that do not exist, or do not have exactly one change that it fits. */
static int misnamed(const struct sim_excuse *excuse)
{
	int known = 0, wrong = 0, words = 1;

	for (const char *at = excuse->scenarios; *at; at++)
		words += *at == ' ';
	for (size_t n = 0; n < selected_count; n++) {
		if (!names(excuse->scenarios, sim_scenarios[selected[n]].name))
			continue;
		known++;
		if (changes_excused(excuse, selected[n]) == 1)
			continue;
		wrong++;
		print_error("%s: %s \"%s\": an excuse is for one change, this one for %d\n",
			    sim_scenarios[selected[n]].name, mode_name(excuse->mode), excuse->step,
			    changes_excused(excuse, selected[n]));
	}
	return selected_count < sim_scenario_count ? wrong : wrong + words - known;
}

static void check_excuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sim_excuse_count; i++) {
		if (misnamed(&sim_excuses[i]))
			fail_msg("excuse for %s \"%s\": no such scenario, or not one such step in it: %s",
				 mode_name(sim_excuses[i].mode), sim_excuses[i].step, sim_excuses[i].scenarios);
	}
}

static void print_tables(void **state)
{
	const char *path = getenv("CSUM_CRASH_REPORT");
	FILE *file = path ? fopen(path, "a") : NULL;

	(void)state;
	for (size_t n = 0; n < selected_count; n++) {
		print_table(stdout, selected[n]);
		if (file)
			print_table(file, selected[n]);
	}
	if (file)
		fclose(file);
}

int main(void)
{
	struct CMUnitTest tests[MOST_SCENARIOS + 2];
	const char *only = getenv("CSUM_CRASH_ONLY");
	int failed;

	tables = sim_shared(sim_scenario_count * sizeof(*tables));
	if (!tables)
		return 1;
	for (size_t i = 0; i < sim_scenario_count && selected_count < MOST_SCENARIOS; i++) {
		if (only ? strcmp(only, sim_scenarios[i].name) != 0 : few_states() && sim_scenarios[i].endless)
			continue;
		tests[selected_count] = (struct CMUnitTest){ .name = sim_scenarios[i].name,
							     .test_func = check_scenario,
							     .initial_state = &tables[i] };
		selected[selected_count++] = i;
	}
	if (selected_count == 0) {
		fputs("no such scenario here\n", stderr);
		return 1;
	}
	tests[selected_count] = (struct CMUnitTest){ .name = "excuses", .test_func = check_excuses };
	tests[selected_count + 1] = (struct CMUnitTest){ .name = "table", .test_func = print_tables };
	sim_jobs(selected, selected_count, try_scenario);
	failed = _cmocka_run_group_tests("needed", tests, selected_count + 2, NULL, NULL);
	sim_shared_free(tables, sim_scenario_count * sizeof(*tables));
	return failed;
}
