/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the volume that a scenario begins with: formats, fills, damages and stops it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/scenario/scenario.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

#define OLD_ID 0x51
#define NEW_ID 0x52

static enum csum_checksum_type checksum_type(const struct sim_scenario *scenario)
{
	return scenario->checksum_type ? scenario->checksum_type : CSUM_CRC64;
}

static bool derive(const struct sim_scenario *scenario, struct csum_geometry *geometry)
{
	uint32_t size = scenario->sector_size;
	uint64_t per_group = (size - CSUM_IMD_HEADER_SIZE) / 8;
	uint64_t sectors = scenario->groups * per_group + scenario->tail_sectors;
	uint32_t interleave = scenario->interleave ? scenario->interleave : csum_layout_default_interleave(size);
	uint64_t bytes;

	return csum_layout_device_bytes(size, interleave, scenario->external, sectors, &bytes) == 0 &&
	       csum_layout_derive(size, interleave, scenario->external, bytes, sectors * size, geometry) == 0;
}

/* Runs a command to its end; writes that it leaves in the cache (none, if all is well) stay there. */
static bool run_whole(struct sim_start *start, const struct sim_command *command, const struct sim_aids *aids,
		      char *reason)
{
	struct sim_machine machine;
	struct sim_run run;

	sim_machine_init(&machine, &start->map, &start->state);
	sim_command_run(&machine, command, aids, &run);
	if (run.error)
		snprintf(reason, 256, "setup: %s: %.200s", strerror(-run.error), run.message);
	sim_state_free(&start->state);
	sim_state_copy(&start->state, &machine.state);
	sim_machine_free(&machine);
	return run.error == 0;
}

/* ------------------------------------------------------------------ files */

static bool is_command(const struct sim_scenario *scenario, bool (*what)(const struct sim_command *command))
{
	bool found = what(&scenario->command) || what(&scenario->then);

	for (size_t i = 0; i < sizeof(scenario->prelude) / sizeof(*scenario->prelude); i++)
		found |= what(&scenario->prelude[i].command);
	return found;
}

static bool with_replica(const struct sim_command *command)
{
	return command->with_replica;
}

static bool with_undo(const struct sim_command *command)
{
	return command->with_undo;
}

static bool name_files(struct sim_start *start, char *reason)
{
	const char *parent = getenv("TMPDIR");
	bool replica = is_command(start->scenario, with_replica), undo = is_command(start->scenario, with_undo);

	start->aids.format = &start->new_format;
	if (!replica && !undo)
		return true;
	if (asprintf(&start->directory, "%s/csum-crash.XXXXXX", parent ? parent : "/tmp") < 0 ||
	    !mkdtemp(start->directory) || asprintf(&start->replica, "%s/replica", start->directory) < 0 ||
	    asprintf(&start->undo_file, "%s/undo", start->directory) < 0) {
		snprintf(reason, 256, "no directory for files");
		return false;
	}
	start->aids.replica = start->replica;
	start->aids.undo_file = start->undo_file;
	return true;
}

/* Makes an image of the data space before the damage. */
static bool make_replica(struct sim_start *start, char *reason)
{
	FILE *file;
	bool ok = true;

	if (!is_command(start->scenario, with_replica))
		return true;
	file = fopen(start->replica, "w");
	for (uint64_t i = 0; i < start->contents.data_sectors && file && ok; i++)
		ok = fwrite(start->contents.bytes[start->content[i]], start->contents.sector_size, 1, file) == 1;
	if (!file || fclose(file))
		ok = false;
	if (!ok)
		snprintf(reason, 256, "the replica cannot be made");
	return ok;
}

static void remove_files(struct sim_start *start)
{
	if (start->directory) {
		unlink(start->replica);
		unlink(start->undo_file);
		rmdir(start->directory);
	}
	free(start->directory);
	free(start->replica);
	free(start->undo_file);
}

/* ------------------------------------------------------------------ */

static bool set_up(struct sim_start *start, char *reason)
{
	static const struct sim_command make = { .action = SIM_FORMAT };
	const struct sim_command *last = NULL;
	struct sim_state before;
	const struct sim_aids old_one = { .format = &start->old_format };
	bool ok = run_whole(start, &make, &old_one, reason);

	sim_state_copy(&before, &start->state);
	for (size_t i = 0; i < 4 && ok && start->scenario->setup[i].action; i++) {
		last = &start->scenario->setup[i];
		sim_state_free(&before);
		sim_state_copy(&before, &start->state);
		sim_command_result(&start->contents, last, start->content, start->content);
		ok = run_whole(start, last, &start->aids, reason);
	}
	if (ok)
		ok = make_replica(start, reason);
	if (ok)
		sim_damage(start, start->scenario->damage, last, &before);
	/* An older build may have formatted the volume over other data, and left that in reserved space. */
	if (ok && start->scenario->command.action == SIM_FORMAT)
		sim_reserved_fill(&start->map, &start->state);
	sim_state_free(&before);
	return ok;
}

/* ------------------------------------------------------------------ stops before the scenario */

struct stopping {
	const struct sim_prelude *prelude;
	struct sim_state state;
	bool reached;
};

static uint8_t chosen_fate(const struct sim_prelude *prelude, size_t i)
{
	switch (prelude->fates) {
	case SIM_ALL_LOST:
		return SIM_LOST;
	case SIM_EVERY_OTHER:
		return i % 2 ? SIM_LOST : SIM_KEPT;
	case SIM_FIRST_TORN:
		return i ? SIM_KEPT : SIM_GARBAGE;
	default:
		return SIM_KEPT;
	}
}

static void stop_here(struct sim_machine *machine)
{
	struct stopping *stopping = machine->user;
	struct sim_fates fates = { stopping->prelude->stop, machine->state.cache.count, NULL };

	if (machine->flushes != stopping->prelude->flush)
		return;
	fates.fate = sim_alloc(fates.count);
	for (size_t i = 0; i < fates.count; i++)
		fates.fate[i] = chosen_fate(stopping->prelude, i);
	sim_stop_state(machine, &fates, &stopping->state);
	sim_fates_free(&fates);
	stopping->reached = true;
	machine->stopped = true;
}

static bool stop_prelude(struct sim_start *start, const struct sim_prelude *prelude, char *reason)
{
	struct stopping stopping = { .prelude = prelude };
	struct sim_machine machine;
	struct sim_run run;
	uint32_t *after = sim_alloc(start->contents.data_sectors * sizeof(*after));

	sim_command_result(&start->contents, &prelude->command, start->content, after);
	sim_expect_set(&start->expect, start->content, after);
	sim_machine_init(&machine, &start->map, &start->state);
	machine.point = stop_here;
	machine.user = &stopping;
	sim_command_run(&machine, &prelude->command, &start->aids, &run);
	sim_machine_free(&machine);
	free(after);
	if (!stopping.reached) {
		snprintf(reason, 256, "prelude: there is no flush %d", (int)prelude->flush);
		return false;
	}
	sim_state_free(&start->state);
	start->state = stopping.state;
	return true;
}

static bool run_prelude(struct sim_start *start, const struct sim_prelude *prelude, char *reason)
{
	if (prelude->flush != SIM_WHOLE)
		return stop_prelude(start, prelude, reason);
	sim_command_result(&start->contents, &prelude->command, start->content, start->content);
	sim_expect_set(&start->expect, start->content, start->content);
	if (prelude->command.with_undo) {
		sim_state_free(&start->unscrubbed);
		sim_state_copy(&start->unscrubbed, &start->state);
	}
	return run_whole(start, &prelude->command, &start->aids, reason);
}

/* Reads the contents of the volume, which must be the expected ones. */
static bool take_content(struct sim_start *start, char *reason)
{
	struct sim_view view;
	bool ok;

	sim_look(&start->map, &start->state, &start->contents, &start->expect, &view);
	ok = view.open_error == 0;
	if (!ok)
		snprintf(reason, 256, "start: does not open: %.200s", view.message);
	for (uint64_t i = 0; i < view.sectors && ok; i++) {
		ok = view.content[i] == start->expect.either[0][i] || view.content[i] == start->expect.either[1][i];
		if (!ok)
			snprintf(reason, 256, "start: data sector %d reads as %x, not as %x or %x", (int)i,
				 view.content[i], start->expect.either[0][i], start->expect.either[1][i]);
	}
	memcpy(start->content, view.content, view.sectors * sizeof(*view.content));
	if (start->state.cache.count == 0)
		sim_expect_set(&start->expect, start->content, start->content);
	sim_view_free(&view);
	return ok;
}

bool sim_start_init(struct sim_start *start, const struct sim_scenario *scenario, char *reason)
{
	struct csum_geometry geometry;
	bool ok;

	*start = (struct sim_start){ .scenario = scenario };
	if (!derive(scenario, &geometry)) {
		snprintf(reason, 256, "no such geometry");
		return false;
	}
	start->old_format = (struct sim_format){ geometry, checksum_type(scenario), OLD_ID };
	start->new_format = (struct sim_format){ geometry, checksum_type(scenario), NEW_ID };
	sim_map_init(&start->map, &geometry, scenario->logical_sector_size ? scenario->logical_sector_size : 512);
	sim_contents_init(&start->contents, &geometry);
	sim_state_init(&start->state, &start->map);
	sim_state_init(&start->unscrubbed, &start->map);
	sim_expect_init(&start->expect, geometry.data_sectors);
	start->content = sim_alloc(geometry.data_sectors * sizeof(*start->content));
	ok = name_files(start, reason) && set_up(start, reason);
	if (ok) {
		sim_state_free(&start->unscrubbed);
		sim_state_copy(&start->unscrubbed, &start->state);
	}
	if (ok)
		sim_expect_set(&start->expect, start->content, start->content);
	if (ok)
		ok = take_content(start, reason);
	for (size_t i = 0; i < 3 && ok && scenario->prelude[i].command.action; i++) {
		ok = run_prelude(start, &scenario->prelude[i], reason);
		if (ok)
			ok = take_content(start, reason);
		if (ok)
			sim_damage(start, scenario->prelude[i].damage, NULL, NULL);
	}
	if (ok && scenario->late_damage) {
		sim_damage(start, scenario->late_damage, NULL, NULL);
		sim_expect_set(&start->expect, start->content, start->content);
	}
	return ok;
}

void sim_start_free(struct sim_start *start)
{
	if (!start->content)
		return;
	remove_files(start);
	sim_map_free(&start->map);
	sim_contents_free(&start->contents);
	sim_state_free(&start->state);
	sim_state_free(&start->unscrubbed);
	sim_expect_free(&start->expect);
	free(start->content);
}
