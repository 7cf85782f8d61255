/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/explore/explore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/explore/level.h"

/* Bounds of the combinations that are tried at one point. */
#define MOST_AT_POINT 4096
#define FEWEST_AT_POINT 8
#define POINTS_GUESSED 10
#define STRIDE 1021

struct explorer {
	const struct sim_plan *plan;
	struct sim_result *result;
	struct sim_start start;
	struct sim_judge judge;
	struct sim_set images, judged;
	struct sim_level level, next;
	int depth, deepest; /* stops before this run; most stops of all runs */
	uint64_t budget; /* judged states at which this level ends */
	uint64_t limit; /* most combinations at a point */
	bool sampled; /* at some point of this pass there were more combinations */
	uint64_t seed;
	/* the run under way */
	const struct sim_node *node;
	const struct sim_command *command;
	struct sim_machine machine;
	struct sim_run run;
	struct sim_expect opened, working, ended;
	const struct sim_expect *expect; /* holds at the present point */
	uint32_t *content; /* of the state just judged */
	uint32_t *after; /* contents after the command, given those of the node */
	const char *history; /* the part of the history that is still to be repeated */
};

/* ------------------------------------------------------------------ nodes */

static struct sim_node *place_node(struct explorer *explorer, struct sim_level *level)
{
	struct sim_node *node = sim_level_place(level, explorer->seed);

	if (level->offered > level->count)
		explorer->result->exhausted = false;
	return node;
}

/* Makes a path such as "12c0110": operation 12, power cut, fates of the units in the cache; "e...": after the end. */
static char *path_of(const struct explorer *explorer, const struct sim_fates *fates)
{
	size_t before = strlen(explorer->node->path), used;
	char *path = sim_alloc(before + fates->count + 32);

	used = (size_t)sprintf(path, "%s%s", explorer->node->path, before ? "/" : "");
	if (explorer->run.phase == SIM_ENDED)
		used += (size_t)sprintf(path + used, "e");
	else
		used += (size_t)sprintf(path + used, "%" PRIu64, explorer->machine.op);
	path[used++] = fates->stop == SIM_KILL ? 'k' : 'c';
	for (size_t i = 0; i < fates->count; i++)
		path[used++] = (char)('0' + fates->fate[i]);
	return path;
}

static char *story_of(const struct explorer *explorer, const struct sim_fates *fates)
{
	const char *before = explorer->node->story;
	char *story = sim_alloc(strlen(before) + 1800);
	char command[120], units[1500];

	sim_command_name(explorer->command, command, sizeof(command));
	sim_fates_name(&explorer->machine, fates, units, sizeof(units));
	if (explorer->run.phase == SIM_ENDED)
		sprintf(story, "%s  after the end of %s: %s\n", before, command, units);
	else
		sprintf(story, "%s  in %s%s, before operation %" PRIu64 " (flush %" PRIu64 "): %s\n", before,
			explorer->run.phase == SIM_OPENING ? "the opening for " : "", command, explorer->machine.op,
			explorer->machine.flushes, units);
	return story;
}

static void offer(struct explorer *explorer, struct sim_state *state, const struct sim_fates *fates)
{
	struct sim_node *node = place_node(explorer, &explorer->next);

	if (!node)
		return;
	sim_state_copy(&node->state, state);
	sim_expect_copy(&node->expect, explorer->expect);
	node->content = sim_alloc(explorer->start.contents.data_sectors * sizeof(*node->content));
	memcpy(node->content, explorer->content, explorer->start.contents.data_sectors * sizeof(*node->content));
	if (state->cache.count == 0)
		sim_expect_set(&node->expect, node->content, node->content);
	node->done = explorer->run.phase == SIM_ENDED;
	node->path = path_of(explorer, fates);
	node->story = story_of(explorer, fates);
}

/* ------------------------------------------------------------------ judging */

static void violated(struct explorer *explorer, enum sim_oracle oracle, const struct sim_fates *fates)
{
	struct sim_result *result = explorer->result;
	const char *name = explorer->start.scenario->name;
	char *path, *story;

	if (result->violations++)
		return;
	path = path_of(explorer, fates);
	story = story_of(explorer, fates);
	result->oracle = oracle;
	snprintf(result->text, sizeof(result->text),
		 "%s: violation of \"%s\": %s\n%s  to repeat it: CSUM_CRASH_ONLY=%s CSUM_CRASH_HISTORY=%s\n", name,
		 sim_oracle_name(oracle), explorer->judge.detail, story, name, path);
	free(path);
	free(story);
}

static enum sim_oracle judge_state(struct explorer *explorer, const struct sim_state *state, bool done)
{
	if (explorer->command->action != SIM_FORMAT)
		return sim_judge(&explorer->judge, state, explorer->expect, done, explorer->content);
	return sim_judge_format(&explorer->judge, state, explorer->expect, explorer->start.new_format.id, done);
}

/* Whether the command has ended with success, and has left no work for the next command. */
static bool is_done(const struct explorer *explorer)
{
	return explorer->run.phase == SIM_ENDED && !explorer->run.stays_active;
}

static bool take(void *user, const struct sim_fates *fates)
{
	struct explorer *explorer = user;
	struct sim_result *result = explorer->result;
	bool done = is_done(explorer);
	struct sim_state state;
	enum sim_oracle oracle;
	uint64_t hash;

	if (result->judged >= explorer->budget) {
		explorer->machine.stopped = true;
		return false;
	}
	sim_stop_state(&explorer->machine, fates, &state);
	hash = sim_state_hash(&state);
	if (sim_set_add(&explorer->judged, sim_mix(hash + (uint64_t)done) ^ sim_expect_hash(explorer->expect))) {
		if (sim_set_add(&explorer->images, hash)) {
			result->distinct++;
			result->nested += explorer->depth > 0;
		}
		result->judged++;
		oracle = judge_state(explorer, &state, done);
		if (oracle)
			violated(explorer, oracle, fates);
		else if (explorer->depth + 1 < explorer->deepest || explorer->history)
			offer(explorer, &state, fates);
	}
	sim_state_free(&state);
	return result->violations == 0;
}

/* ------------------------------------------------------------------ a run */

/* Makes the stop that the history has at this point, if it has one; then the run is over. */
static void repeat(struct explorer *explorer)
{
	struct sim_fates fates = { .count = explorer->machine.state.cache.count };
	const char *at = explorer->history;
	char *end;

	if (*at == 'e') {
		end = (char *)at + 1;
		if (explorer->run.phase != SIM_ENDED)
			return;
	} else if (explorer->run.phase == SIM_ENDED || strtoull(at, &end, 10) != explorer->machine.op) {
		return;
	}
	fates.stop = *end++ == 'k' ? SIM_KILL : SIM_POWER_CUT;
	fates.fate = sim_alloc(fates.count);
	for (size_t i = 0; i < fates.count && *end >= '0' && *end <= '9'; i++)
		fates.fate[i] = (uint8_t)(*end++ - '0');
	explorer->history = *end == '/' ? end + 1 : end;
	take(explorer, &fates);
	sim_fates_free(&fates);
	explorer->machine.stopped = true;
}

/* Whether the disks are still those of a run with faithful disks. */
static bool before_the_change(const struct explorer *explorer)
{
	const struct sim_machine *machine = &explorer->machine;

	switch (machine->mode) {
	case SIM_DROP_FLUSH:
		return machine->flushes <= machine->at;
	case SIM_SWAP_ROUNDS:
	case SIM_LOSE_ROUND:
		return machine->rounds <= machine->at;
	default:
		return false;
	}
}

static void stop_at_point(struct explorer *explorer)
{
	if (before_the_change(explorer))
		return;
	if (explorer->history)
		repeat(explorer);
	else if (!sim_stops(&explorer->machine, explorer->limit, explorer->seed ^ sim_mix(explorer->machine.op), take,
			    explorer))
		explorer->sampled = true;
	if (explorer->result->violations)
		explorer->machine.stopped = true;
}

static void on_point(struct sim_machine *machine)
{
	struct explorer *explorer = machine->user;

	/* Once opening has flushed every disk, the content that could be read then is the one that stays. */
	if (explorer->run.phase == SIM_AT_WORK)
		explorer->expect = &explorer->working;
	else
		explorer->expect = machine->flushes < (uint64_t)machine->map->disks ? &explorer->node->expect :
										      &explorer->opened;
	stop_at_point(explorer);
}

static void set_expectations(struct explorer *explorer)
{
	const uint32_t *content = explorer->node->content;

	sim_command_result(&explorer->start.contents, explorer->command, content, explorer->after);
	sim_expect_set(&explorer->opened, content, content);
	sim_expect_set(&explorer->working, content, explorer->after);
	sim_expect_set(&explorer->ended, explorer->after, explorer->after);
	explorer->judge.repair = explorer->command->action == SIM_SCRUB ? explorer->command : NULL;
	explorer->judge.undoing = explorer->command->action == SIM_UNDO;
}

static void run_node(struct explorer *explorer, const struct sim_node *node, const struct sim_command *command)
{
	static const struct sim_fates none = { 0 };
	struct sim_machine *machine = &explorer->machine;

	explorer->node = node;
	explorer->command = command;
	set_expectations(explorer);
	sim_machine_init(machine, &explorer->start.map, &node->state);
	machine->point = on_point;
	machine->user = explorer;
	if (explorer->depth == 0) {
		machine->mode = explorer->plan->mode;
		machine->at = explorer->plan->at;
	}
	sim_command_run(machine, command, &explorer->start.aids, &explorer->run);
	if (!machine->stopped && explorer->run.error) {
		snprintf(explorer->judge.detail, sizeof(explorer->judge.detail), "it failed: %.300s",
			 explorer->run.message);
		violated(explorer, SIM_COMMAND, &none);
	} else if (!machine->stopped) {
		explorer->expect = &explorer->ended;
		stop_at_point(explorer);
	}
	sim_machine_free(machine);
}

/* ------------------------------------------------------------------ levels */

/* Goes through the nodes of the level once. */
static void explore_nodes(struct explorer *explorer)
{
	static const struct sim_command recovery = { .action = SIM_RECOVER };
	const struct sim_scenario *scenario = explorer->start.scenario;
	const struct sim_result *result = explorer->result;
	size_t count = explorer->level.count;

	for (size_t i = 0; i < count && !result->violations && result->judged < explorer->budget; i++) {
		/* In steps over the level, as the budget may not suffice for all of it. */
		const struct sim_node *node = &explorer->level.nodes[count % STRIDE ? i * STRIDE % count : i];
		const struct sim_command *command = &scenario->command;

		if (explorer->depth > 0)
			command = scenario->then.action ? &scenario->then : &recovery;
		explorer->seed = sim_mix(explorer->seed + i);
		run_node(explorer, node, command);
	}
}

/* Explores a level, again with more combinations at each point as long as the budget has room for them. */
static void explore_level(struct explorer *explorer, uint64_t budget)
{
	const struct sim_result *result = explorer->result;
	uint64_t each = budget / (explorer->level.count * POINTS_GUESSED + 1);

	explorer->budget = result->judged + budget;
	explorer->limit = each < FEWEST_AT_POINT ? FEWEST_AT_POINT : each > MOST_AT_POINT ? MOST_AT_POINT : each;
	do {
		explorer->sampled = false;
		explore_nodes(explorer);
		explorer->limit *= 4;
	} while (explorer->sampled && explorer->limit <= MOST_AT_POINT && !result->violations &&
		 result->judged < explorer->budget);
	if (explorer->sampled || result->judged >= explorer->budget)
		explorer->result->exhausted = false;
}

static void explore_levels(struct explorer *explorer)
{
	int depth = explorer->start.scenario->depth;

	if (explorer->plan->depth && explorer->plan->depth < depth)
		depth = explorer->plan->depth;
	explorer->deepest = depth;
	for (explorer->depth = 0; explorer->depth < depth && !explorer->result->violations; explorer->depth++) {
		uint64_t left = explorer->plan->budget > explorer->result->judged ?
					explorer->plan->budget - explorer->result->judged :
					0;

		if (explorer->history && !*explorer->history)
			break;
		explore_level(explorer, left / (uint64_t)(depth - explorer->depth));
		sim_level_free(&explorer->level);
		explorer->level = explorer->next;
		explorer->next = (struct sim_level){ 0 };
		if (explorer->level.count == 0)
			break;
	}
}

static void add_first_node(struct explorer *explorer)
{
	const struct sim_start *start = &explorer->start;
	struct sim_node *node = place_node(explorer, &explorer->level);

	sim_state_copy(&node->state, &start->state);
	sim_expect_copy(&node->expect, &start->expect);
	node->content = sim_alloc(start->contents.data_sectors * sizeof(*node->content));
	memcpy(node->content, start->content, start->contents.data_sectors * sizeof(*node->content));
	node->path = strdup("");
	node->story = strdup("");
}

/* Counts the flushes and rounds of the command when nothing stops it. */
static void count_rounds(struct explorer *explorer)
{
	struct sim_result *result = explorer->result;
	struct sim_machine machine;
	struct sim_run run;

	sim_machine_init(&machine, &explorer->start.map, &explorer->start.state);
	machine.trace = &result->trace;
	sim_command_run(&machine, &explorer->start.scenario->command, &explorer->start.aids, &run);
	result->flushes = machine.flushes;
	result->rounds = machine.rounds;
	sim_machine_free(&machine);
}

static void explorer_init(struct explorer *explorer)
{
	const struct sim_start *start = &explorer->start;
	uint64_t sectors = start->contents.data_sectors;

	explorer->content = sim_alloc(sectors * sizeof(*explorer->content));
	explorer->after = sim_alloc(sectors * sizeof(*explorer->after));
	explorer->judge = (struct sim_judge){ .map = &start->map,
					      .contents = &start->contents,
					      .permitted = start->permitted,
					      .aids = &start->aids,
					      .damaged = &start->unscrubbed,
					      .whole = explorer->after };
	sim_expect_init(&explorer->opened, sectors);
	sim_expect_init(&explorer->working, sectors);
	sim_expect_init(&explorer->ended, sectors);
	explorer->seed = sim_hash(start->scenario->name, strlen(start->scenario->name) / 8 * 8);
}

static void explorer_free(struct explorer *explorer)
{
	sim_level_free(&explorer->level);
	sim_level_free(&explorer->next);
	sim_set_free(&explorer->images);
	sim_set_free(&explorer->judged);
	sim_set_free(&explorer->judge.rests);
	sim_expect_free(&explorer->opened);
	sim_expect_free(&explorer->working);
	sim_expect_free(&explorer->ended);
	free(explorer->content);
	free(explorer->after);
}

void sim_explore(const struct sim_scenario *scenario, const struct sim_plan *plan, struct sim_result *result)
{
	struct explorer explorer = { .plan = plan, .result = result, .history = plan->history };
	char reason[256] = "";

	*result = (struct sim_result){ .exhausted = true };
	if (sim_start_init(&explorer.start, scenario, reason)) {
		explorer_init(&explorer);
		count_rounds(&explorer);
		add_first_node(&explorer);
		explore_levels(&explorer);
		explorer_free(&explorer);
	} else {
		result->violations = 1;
		result->oracle = SIM_COMMAND;
		snprintf(result->text, sizeof(result->text), "%s: %s\n", scenario->name, reason);
	}
	sim_start_free(&explorer.start);
}
