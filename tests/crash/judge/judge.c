/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/judge/judge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ondisk/layout.h"

/* With more sectors than this, only one in a few states is judged with a slot destroyed as well. */
#define MANY_SECTORS 4096u
#define FEW_STATES 8u
/* Recovered states at rest that get all trials; later ones get a trial of one copy and of one lost write, in turn. */
#define FULL_TRIALS 64

const char *sim_oracle_name(enum sim_oracle oracle)
{
	static const char *const names[SIM_ORACLES] = {
		[SIM_RIGHT] = "right",
		[SIM_OPENS] = "opens",
		[SIM_CONTENT] = "content",
		[SIM_CHECK] = "check",
		[SIM_CLEAN] = "clean after success",
		[SIM_SLOT_LOST] = "slot destroyed",
		[SIM_RECOVERS] = "recovers",
		[SIM_RECOVERED_DURABLE] = "recovered durably",
		[SIM_RECOVERED_CONTENT] = "content after recovery",
		[SIM_RECOVERED_CHECK] = "check after recovery",
		[SIM_COPY_LOST] = "imd copy destroyed at rest",
		[SIM_LOST_WRITE] = "lost write at rest",
		[SIM_REPAIRED] = "repaired and recorded",
		[SIM_HEALS] = "healed by the next scrub",
		[SIM_UNDONE] = "undo",
		[SIM_FORMATTED] = "format",
		[SIM_COMMAND] = "command",
	};

	return names[oracle];
}

static enum sim_oracle violation(struct sim_judge *judge, enum sim_oracle oracle, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum sim_oracle violation(struct sim_judge *judge, enum sim_oracle oracle, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(judge->detail, sizeof(judge->detail), format, arguments);
	va_end(arguments);
	return oracle;
}

/* ------------------------------------------------------------------ expected results of a look */

static void content_name(uint32_t content, char *text, size_t size)
{
	if (content == SIM_BAD)
		snprintf(text, size, "bad");
	else if (content == SIM_STRANGE)
		snprintf(text, size, "something never written");
	else if (content == SIM_ZEROS)
		snprintf(text, size, "zeros");
	else
		snprintf(text, size, "content %" PRIu32, content);
}

static enum sim_oracle expect_content(struct sim_judge *judge, const struct sim_view *view,
				      const struct sim_expect *expect, enum sim_oracle oracle)
{
	for (uint64_t i = 0; i < view->sectors; i++) {
		uint32_t a = expect->either[0][i], b = expect->either[1][i];
		char is[40], first[40], second[40];

		if (view->content[i] == a || view->content[i] == b)
			continue;
		content_name(view->content[i], is, sizeof(is));
		content_name(a, first, sizeof(first));
		content_name(b, second, sizeof(second));
		return violation(judge, oracle, "data sector %" PRIu64 " reads as %s, not as %s or %s", i, is, first,
				 second);
	}
	return SIM_RIGHT;
}

static enum sim_oracle expect_findings(struct sim_judge *judge, const struct sim_view *view, uint32_t permitted,
				       enum sim_oracle oracle)
{
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++) {
		if (view->totals.findings[kind] && !(permitted & 1u << kind))
			return violation(judge, oracle, "check finds %" PRIu64 " of kind %s",
					 view->totals.findings[kind], csum_finding_name((enum csum_finding_kind)kind));
	}
	if (view->check_error)
		return violation(judge, oracle, "check ends with %s", strerror(-view->check_error));
	return SIM_RIGHT;
}

static enum sim_oracle expect_view(struct sim_judge *judge, const struct sim_view *view,
				   const struct sim_expect *expect, enum sim_oracle content, enum sim_oracle check)
{
	uint32_t permitted = judge->permitted | 1u << CSUM_INTERRUPTED;
	enum sim_oracle result;

	if (view->open_error)
		return violation(judge, content == SIM_CONTENT ? SIM_OPENS : content, "does not open: %s",
				 view->message);
	result = expect_content(judge, view, expect, content);
	if (result)
		return result;
	/* With both slots gone everything reads, and only scrub may write. */
	if (view->info.state == CSUM_UNKNOWN)
		permitted |= 1u << CSUM_SUPERBLOCK_BAD;
	return expect_findings(judge, view, permitted, check);
}

static enum sim_oracle look(struct sim_judge *judge, const struct sim_state *state, const struct sim_expect *expect,
			    enum sim_oracle content, enum sim_oracle check, struct sim_view *view)
{
	sim_look(judge->map, state, judge->contents, expect, view);
	return expect_view(judge, view, expect, content, check);
}

/* ------------------------------------------------------------------ at rest */

static enum sim_oracle try_copy(struct sim_judge *judge, const struct sim_state *state, const struct sim_expect *expect,
				uint64_t group, int copy)
{
	struct sim_state damaged;
	struct sim_view view;
	enum sim_oracle result;

	sim_state_copy(&damaged, state);
	sim_destroy_copy(judge->map, &damaged, group, copy);
	sim_look(judge->map, &damaged, judge->contents, expect, &view);
	if (view.open_error)
		result = violation(judge, SIM_COPY_LOST, "does not open: %s", view.message);
	else
		result = expect_content(judge, &view, expect, SIM_COPY_LOST);
	if (!result && (view.totals.errors != 1 || view.totals.findings[CSUM_IMD_BAD] != 1))
		result = violation(judge, SIM_COPY_LOST,
				   "%" PRIu64 " errors, not one, with copy %d of group %" PRIu64 " destroyed",
				   view.totals.errors, copy, group);
	sim_view_free(&view);
	sim_state_free(&damaged);
	return result;
}

static enum sim_oracle try_lost_write(struct sim_judge *judge, const struct sim_state *state,
				      const struct sim_expect *expect, uint64_t sector, uint32_t earlier)
{
	uint32_t size = judge->contents->sector_size;
	struct sim_state damaged;
	struct sim_view view;
	enum sim_oracle result = SIM_RIGHT;

	sim_state_copy(&damaged, state);
	sim_overwrite(&damaged, 0, judge->contents->bytes[earlier], size,
		      csum_layout_data_offset(&judge->map->geometry, sector));
	sim_look(judge->map, &damaged, judge->contents, expect, &view);
	if (view.open_error || view.content[sector] != SIM_BAD || view.totals.errors != 1)
		result = violation(judge, SIM_LOST_WRITE,
				   "data sector %" PRIu64 " put back to content %" PRIu32 ": %" PRIu64 " errors",
				   sector, earlier, view.totals.errors);
	sim_view_free(&view);
	sim_state_free(&damaged);
	return result;
}

/*
 * Puts sectors back to contents that they had before, which must be noticed. all: up to 12 trials, else one; `turn`
 * chooses the first sector.
 */
static enum sim_oracle try_lost_writes(struct sim_judge *judge, const struct sim_state *state,
				       const struct sim_expect *expect, bool all, uint64_t turn)
{
	const struct sim_contents *contents = judge->contents;
	uint64_t start = sim_mix(turn) % contents->data_sectors;
	enum sim_oracle result = SIM_RIGHT;
	int trials = 0;

	for (uint64_t i = 0; i < contents->data_sectors && !result; i++) {
		uint64_t sector = (start + i) % contents->data_sectors;
		const struct sim_known *known = &contents->known[sector];
		uint32_t now = expect->either[0][sector];

		if (now == SIM_ZEROS || now == SIM_BAD)
			continue;
		for (uint32_t k = 0; k < known->count && !result; k++) {
			if (known->id[k] == now || (!all && trials >= 1) || trials >= 12)
				continue;
			result = try_lost_write(judge, state, expect, sector, known->id[k]);
			trials++;
		}
	}
	return result;
}

static enum sim_oracle try_rest(struct sim_judge *judge, const struct sim_state *state, const struct sim_expect *expect)
{
	uint64_t copies = 2 * judge->map->geometry.groups;
	bool all = judge->rest_trials < FULL_TRIALS;
	uint64_t turn = judge->rest_trials++;
	enum sim_oracle result = SIM_RIGHT;

	for (uint64_t i = all ? 0 : turn % copies, n = 0; i < copies && !result && n < (all ? 8 : 1); i++, n++)
		result = try_copy(judge, state, expect, (i + turn) % copies / 2, (int)((i + turn) % 2));
	return result ? result : try_lost_writes(judge, state, expect, all, turn);
}

/* ------------------------------------------------------------------ recovery */

static enum sim_oracle judge_recovered(struct sim_judge *judge, const struct sim_machine *machine,
				       const struct sim_expect *content)
{
	struct sim_view view;
	enum sim_oracle result;

	if (machine->state.cache.count)
		return violation(judge, SIM_RECOVERED_DURABLE, "%zu writes are not flushed",
				 machine->state.cache.count);
	result = look(judge, &machine->state, content, SIM_RECOVERED_CONTENT, SIM_RECOVERED_CHECK, &view);
	if (!result && view.info.state != CSUM_CLEAN)
		result = violation(judge, SIM_RECOVERED_CHECK, "the volume is not clean");
	if (!result)
		result = expect_findings(judge, &view, judge->permitted, SIM_RECOVERED_CHECK);
	if (!result && view.totals.errors == 0 && sim_set_add(&judge->rests, sim_state_hash(&machine->state)))
		result = try_rest(judge, &machine->state, content);
	sim_view_free(&view);
	return result;
}

/*
 * Opens for writing; the contents in `view` must stay. damaged: a slot was destroyed on top, or the volume is not
 * finished; if the other slot is torn then, only scrub may write.
 */
static enum sim_oracle recover(struct sim_judge *judge, const struct sim_state *state, const struct sim_view *view,
			       bool damaged)
{
	static const struct sim_command command = { .action = SIM_RECOVER };
	struct sim_machine machine;
	struct sim_run run;
	struct sim_expect content;
	enum sim_oracle result;

	sim_machine_init(&machine, judge->map, state);
	sim_command_run(&machine, &command, NULL, &run);
	sim_expect_init(&content, view->sectors);
	sim_expect_set(&content, view->content, view->content);
	if (view->info.state == CSUM_UNKNOWN && !damaged && !(judge->permitted & 1u << CSUM_SUPERBLOCK_BAD))
		result = violation(judge, SIM_RECOVERS, "both slots are invalid");
	else if (view->info.state == CSUM_UNKNOWN)
		result = run.error == -EBADMSG ?
				 SIM_RIGHT :
				 violation(judge, SIM_RECOVERS, "both slots invalid, yet it opens for writing");
	else if (run.error == -EBADMSG && view->info.state == CSUM_ACTIVE && judge->permitted & 1u << CSUM_MISMATCH)
		result = SIM_RIGHT; /* an interrupted update and damage in one sector: only scrub goes on */
	else if (run.error)
		result = violation(judge, SIM_RECOVERS, "%s: %s", strerror(-run.error), run.message);
	else
		result = judge_recovered(judge, &machine, &content);
	sim_expect_free(&content);
	sim_machine_free(&machine);
	return result;
}

/* ------------------------------------------------------------------ stopped scrubs */

static enum sim_oracle expect_repaired(struct sim_judge *judge, const struct sim_view *view)
{
	enum sim_oracle result = expect_findings(judge, view, judge->permitted & 1u << CSUM_IMD_LOST, SIM_REPAIRED);

	if (!result && view->info.last_scrub.ended == 0)
		result = violation(judge, SIM_REPAIRED, "the scrub is not on record");
	return result;
}

/* Scrubs again, which must give the contents that the stopped scrub would have given. */
static enum sim_oracle scrub_again(struct sim_judge *judge, const struct sim_state *state)
{
	const struct sim_command again = { .action = SIM_SCRUB, .with_replica = judge->repair->with_replica };
	struct sim_expect whole;
	struct sim_machine machine;
	struct sim_view view;
	struct sim_run run;
	enum sim_oracle result;

	sim_expect_init(&whole, judge->contents->data_sectors);
	sim_expect_set(&whole, judge->whole, judge->whole);
	sim_machine_init(&machine, judge->map, state);
	sim_command_run(&machine, &again, judge->aids, &run);
	if (run.error) {
		result = violation(judge, SIM_HEALS, "the next scrub ends with %s: %s", strerror(-run.error),
				   run.message);
	} else {
		result = look(judge, &machine.state, &whole, SIM_HEALS, SIM_HEALS, &view);
		sim_view_free(&view);
	}
	sim_machine_free(&machine);
	sim_expect_free(&whole);
	return result;
}

static enum sim_oracle compare_bytes(struct sim_judge *judge, const struct sim_machine *machine)
{
	uint32_t size = judge->contents->sector_size;
	uint8_t *is = sim_alloc(2 * (size_t)size), *was = is + size;
	enum sim_oracle result = SIM_RIGHT;

	for (uint64_t i = 0; i < judge->contents->data_sectors && !result; i++) {
		uint64_t offset_bytes = csum_layout_data_offset(&judge->map->geometry, i);

		sim_image_read(&machine->current[0], is, size, offset_bytes);
		sim_image_read(&judge->damaged->durable[0], was, size, offset_bytes);
		if (memcmp(is, was, size) != 0)
			result = violation(judge, SIM_UNDONE, "data sector %" PRIu64 " is not as it was", i);
	}
	free(is);
	return result;
}

static enum sim_oracle undo(struct sim_judge *judge, const struct sim_state *state)
{
	static const struct sim_command command = { .action = SIM_UNDO };
	struct sim_aids aids = *judge->aids;
	struct sim_machine machine;
	struct sim_run run;
	char synced[300];
	enum sim_oracle result;

	snprintf(synced, sizeof(synced), "%s.synced", judge->aids->undo_file);
	aids.undo_file = synced;
	sim_machine_init(&machine, judge->map, state);
	/* Without a file nothing may have been overwritten. */
	run.error = 0;
	if (sim_copy_synced(judge->aids->undo_file, synced))
		sim_command_run(&machine, &command, &aids, &run);
	unlink(synced);
	if (run.error)
		result = violation(judge, SIM_UNDONE, "it ends with %s: %s", strerror(-run.error), run.message);
	else
		result = compare_bytes(judge, &machine);
	sim_machine_free(&machine);
	return result;
}

/* ------------------------------------------------------------------ all of it */

static enum sim_oracle without_slot(struct sim_judge *judge, const struct sim_state *state,
				    const struct sim_expect *expect, enum csum_slot slot)
{
	struct sim_state damaged;
	struct sim_view view;
	enum sim_oracle result = SIM_RIGHT;

	sim_state_copy(&damaged, state);
	sim_destroy_slot(judge->map, &damaged, slot);
	sim_look(judge->map, &damaged, judge->contents, expect, &view);
	/* With both slots gone every older copy counts, so a write that was lost before goes unnoticed. */
	if (view.info.state != CSUM_UNKNOWN || !(judge->permitted & 1u << CSUM_STALE)) {
		result = expect_view(judge, &view, expect, SIM_SLOT_LOST, SIM_SLOT_LOST);
		if (!result)
			result = recover(judge, &damaged, &view, true);
	}
	sim_view_free(&view);
	sim_state_free(&damaged);
	if (result) {
		char detail[sizeof(judge->detail)];

		memcpy(detail, judge->detail, sizeof(detail));
		violation(judge, result, "with slot %c destroyed: %s", "AB"[slot], detail);
	}
	return result;
}

enum sim_oracle sim_judge(struct sim_judge *judge, const struct sim_state *state, const struct sim_expect *expect,
			  bool done, uint32_t *content)
{
	struct sim_view view;
	enum sim_oracle result = look(judge, state, expect, SIM_CONTENT, SIM_CHECK, &view);
	int last_slot = CSUM_SLOT_B;

	memcpy(content, view.content, view.sectors * sizeof(*content));
	if (!result && done && view.info.state != CSUM_CLEAN)
		result = violation(judge, SIM_CLEAN, "the command had ended with success, but the volume is active");
	if (!result && done && judge->repair)
		result = expect_repaired(judge, &view);
	if (!result)
		result = recover(judge, state, &view, false);
	if (!result && judge->repair)
		result = scrub_again(judge, state);
	if (!result && done && judge->undoing && view.names_undo_file)
		result = violation(judge, SIM_UNDONE, "it had ended with success, and the volume names the file still");
	if (!result && (judge->undoing || (judge->repair && judge->repair->with_undo)))
		result = undo(judge, state);
	if (view.sectors > MANY_SECTORS && sim_state_hash(state) % FEW_STATES)
		last_slot = -1;
	for (int slot = CSUM_SLOT_A; slot <= last_slot && !result; slot++)
		result = without_slot(judge, state, expect, (enum csum_slot)slot);
	sim_view_free(&view);
	return result;
}

enum sim_oracle sim_judge_format(struct sim_judge *judge, const struct sim_state *state,
				 const struct sim_expect *expect, uint8_t new_id, bool done)
{
	struct sim_expect only;
	struct sim_view view;
	enum sim_oracle result = SIM_RIGHT;
	uint32_t permitted;
	bool is_new;

	sim_look(judge->map, state, judge->contents, expect, &view);
	is_new = !view.open_error && view.info.uuid[0] == new_id;
	/* A new volume with one of A and B valid has its backup in place. */
	permitted = is_new && view.info.state != CSUM_UNKNOWN ? 0 : 1u << CSUM_SUPERBLOCK_BAD;
	sim_expect_init(&only, expect->count);
	sim_expect_set(&only, expect->either[is_new], expect->either[is_new]);
	if (view.open_error && view.open_error != -EINVAL)
		result = violation(judge, SIM_FORMATTED, "opens with another error than for no volume: %s",
				   view.message);
	else if (!view.open_error)
		result = expect_content(judge, &view, &only, SIM_FORMATTED);
	if (!result && !view.open_error)
		result = expect_findings(judge, &view, done ? 0 : permitted | 1u << CSUM_INTERRUPTED, SIM_FORMATTED);
	if (!result && done && (!is_new || view.info.state != CSUM_CLEAN))
		result = violation(judge, SIM_FORMATTED,
				   "format has ended with success, but the new volume is not there");
	if (!result && done && !sim_reserved_is_zero(judge->map, state))
		result = violation(judge, SIM_FORMATTED,
				   "format has ended with success, but reserved space is not zero");
	judge->permitted = permitted;
	if (!result && !view.open_error)
		result = recover(judge, state, &view, true);
	sim_expect_free(&only);
	sim_view_free(&view);
	return result;
}
