/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/explore/faults.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Combinations that are judged after each fault, per kind of stop. */
#define STATES_PER_FAULT 24

struct trial {
	struct sim_start start;
	struct sim_judge judge;
	struct sim_fault_result *result;
	enum sim_fault fault;
	uint64_t at; /* number of the operation */
	struct sim_machine machine;
	struct sim_run run;
	struct sim_expect expect; /* after a failure */
	struct sim_expect after; /* after a success */
	uint32_t *content;
	bool done;
};

static const char *fault_name(enum sim_fault fault)
{
	static const char *const names[SIM_FAULTS] = {
		[SIM_NO_FAULT] = "no fault",	  [SIM_EIO] = "EIO",	 [SIM_EIO_HALF] = "EIO behind half of it",
		[SIM_ENOSPC] = "ENOSPC",	  [SIM_EINTR] = "EINTR", [SIM_SHORT] = "short transfer",
		[SIM_VANISH] = "device vanishes",
	};

	return names[fault];
}

static void violated(struct trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void violated(struct trial *trial, const char *format, ...)
{
	struct sim_fault_result *result = trial->result;
	va_list arguments;
	int used;

	if (result->violations++)
		return;
	used = snprintf(result->text, sizeof(result->text), "%s: %s at operation %" PRIu64 ": ",
			trial->start.scenario->name, fault_name(trial->fault), trial->at);
	va_start(arguments, format);
	vsnprintf(result->text + used, sizeof(result->text) - (size_t)used, format, arguments);
	va_end(arguments);
}

/* ------------------------------------------------------------------ afterwards */

static bool judge_fates(void *user, const struct sim_fates *fates)
{
	struct trial *trial = user;
	bool format = trial->start.scenario->command.action == SIM_FORMAT;
	const struct sim_expect *expect = trial->done ? &trial->after : &trial->expect;
	struct sim_state state;
	enum sim_oracle oracle;

	sim_stop_state(&trial->machine, fates, &state);
	if (format)
		oracle = sim_judge_format(&trial->judge, &state, &trial->expect, trial->start.new_format.id,
					  trial->done);
	else
		oracle = sim_judge(&trial->judge, &state, expect, trial->done, trial->content);
	if (oracle) {
		char fates_text[300];

		sim_fates_name(&trial->machine, fates, fates_text, sizeof(fates_text));
		violated(trial, "then %s: \"%s\": %s", fates_text, sim_oracle_name(oracle), trial->judge.detail);
	}
	sim_state_free(&state);
	trial->result->states++;
	return oracle == SIM_RIGHT;
}

/*
 * The command must survive EINTR and short transfers. It must end with an error after any other fault, unless a read
 * was tried again. A scrub that leaves errors has reported them as findings.
 */
static void judge_ending(struct trial *trial)
{
	const struct sim_machine *machine = &trial->machine;
	bool harmless = trial->fault == SIM_EINTR || trial->fault == SIM_SHORT;

	if (trial->run.error && harmless)
		violated(trial, "it should have carried on: %s", trial->run.message);
	else if (!trial->run.error && machine->failed)
		violated(trial, "a write or flush failed, and it claims success");
	else if (machine->failed && machine->changes_after_fault)
		violated(trial, "%" PRIu64 " writes and flushes behind the failed one", machine->changes_after_fault);
	else if (trial->run.error && !trial->run.message[0] && !(machine->lenient && trial->run.error == -EBADMSG))
		violated(trial, "it failed without a message");
	else if (trial->run.error && trial->fault == SIM_VANISH && trial->run.error != -ENODEV)
		violated(trial, "the error is not that of a vanished device: %s", strerror(-trial->run.error));
	if (machine->open_devices)
		violated(trial, "%d devices are left open", machine->open_devices);
}

static void set_expectations(struct trial *trial)
{
	const struct sim_start *start = &trial->start;
	uint64_t sectors = start->contents.data_sectors;
	uint32_t *after = sim_alloc(sectors * sizeof(*after));

	sim_command_result(&trial->start.contents, &start->scenario->command, start->content, after);
	sim_expect_set(&trial->after, after, after);
	if (trial->run.error && trial->run.done_bytes == 0 && trial->machine.op <= trial->at)
		violated(trial, "it failed before the fault: %s", trial->run.message);
	sim_expect_set(&trial->expect, start->content, after);
	free(after);
}

static void run_trial(struct trial *trial)
{
	const struct sim_start *start = &trial->start;
	struct sim_machine *machine = &trial->machine;

	sim_machine_init(machine, &start->map, &start->state);
	machine->fault = trial->fault;
	machine->fault_at = trial->at;
	machine->lenient = start->scenario->command.action == SIM_SCRUB;
	sim_command_run(machine, &start->scenario->command, &start->aids, &trial->run);
	if (machine->fault_done) {
		trial->result->faults++;
		trial->result->carried_on += trial->run.error == 0;
		trial->done = trial->run.error == 0 && !trial->run.stays_active;
		set_expectations(trial);
		judge_ending(trial);
		/* Until opening has flushed, less is certain of writes that a killed process left in the cache. */
		if (start->state.cache.count == 0 || machine->flushes >= (uint64_t)start->map.disks)
			sim_stops(machine, STATES_PER_FAULT, trial->at, judge_fates, trial);
	}
	sim_machine_free(machine);
}

/* Counts the operations when nothing fails; returns 0 when the command fails by itself. */
static uint64_t count_operations(struct trial *trial)
{
	struct sim_machine machine;
	struct sim_run run;
	uint64_t operations;

	sim_machine_init(&machine, &trial->start.map, &trial->start.state);
	sim_command_run(&machine, &trial->start.scenario->command, &trial->start.aids, &run);
	operations = run.error ? 0 : machine.op;
	if (run.error)
		violated(trial, "it fails without a fault: %s", run.message);
	sim_machine_free(&machine);
	return operations;
}

void sim_fault_scenario(const struct sim_scenario *scenario, struct sim_fault_result *result)
{
	struct trial trial = { .result = result };
	uint64_t sectors;
	char reason[256];

	*result = (struct sim_fault_result){ 0 };
	if (!sim_start_init(&trial.start, scenario, reason)) {
		violated(&trial, "%s", reason);
		sim_start_free(&trial.start);
		return;
	}
	sectors = trial.start.contents.data_sectors;
	trial.judge = (struct sim_judge){ .map = &trial.start.map,
					  .contents = &trial.start.contents,
					  .permitted = trial.start.permitted,
					  .aids = &trial.start.aids,
					  .damaged = &trial.start.unscrubbed };
	if (scenario->command.action == SIM_SCRUB)
		trial.judge.repair = &scenario->command;
	trial.judge.undoing = scenario->command.action == SIM_UNDO;
	trial.content = sim_alloc(sectors * sizeof(*trial.content));
	sim_expect_init(&trial.expect, sectors);
	sim_expect_init(&trial.after, sectors);
	trial.judge.whole = trial.after.either[0];
	result->operations = count_operations(&trial);
	for (trial.at = 0; trial.at < result->operations && !result->violations; trial.at++) {
		for (int fault = SIM_NO_FAULT + 1; fault < SIM_FAULTS && !result->violations; fault++) {
			trial.fault = (enum sim_fault)fault;
			run_trial(&trial);
		}
	}
	sim_set_free(&trial.judge.rests);
	sim_expect_free(&trial.expect);
	sim_expect_free(&trial.after);
	free(trial.content);
	sim_start_free(&trial.start);
}
