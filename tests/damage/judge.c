/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage/expect.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *const damage_fault_names[DAMAGE_FAULTS] = {
	[DAMAGE_WRONG] = "wrong",
	[DAMAGE_UNNOTICED] = "unnoticed",
	[DAMAGE_FALSE_ALARM] = "false alarm",
	[DAMAGE_NOT_HEALED] = "not healed",
	[DAMAGE_LEFT_DIFFERS] = "left differs",
	[DAMAGE_NOT_STABLE] = "not stable",
	[DAMAGE_DRY_WROTE] = "dry run wrote",
	[DAMAGE_FAILED] = "failed",
};

/* Faults that are printed in full; others are only counted. */
#define TOLD 40u

static void fault(struct judging *j, enum damage_fault kind, const char *what, uint64_t number)
{
	if (j->tally->faults[kind]++ >= TOLD)
		return;
	print_message("# %s, case %s: %s %" PRIu64 "; planted:", damage_fault_names[kind], j->options->name, what,
		      number);
	for (uint32_t i = 0; i < j->run.count; i++) {
		const struct damage_damage *damage = &j->run.damage[i];

		print_message(" [%s", damage_kind_names[damage->kind]);
		if (damage->sector_count)
			print_message(" data %" PRIu64 "+%u", damage->sector[0], damage->sector_count);
		for (uint32_t k = 0; k < damage->imd_count; k++)
			print_message(" imd %" PRIu64 ".%d", damage->imd[k] / 2, (int)(damage->imd[k] % 2));
		print_message("]");
	}
	print_message("\n");
}

/* ------------------------------------------------------------------ calls of the library */

static uint64_t *no_means(void)
{
	static uint64_t means[CSUM_MEANS_COUNT];

	return means;
}

static void take_finding(void *user, const struct csum_finding *finding)
{
	struct marks *marks = user;
	uint8_t mark = ANY | (csum_finding_is_error(finding->kind) ? BAD : 0);

	if (mark & BAD)
		mark |= finding->disposition == CSUM_LEFT ? LEFT : REPAIRED;
	if (finding->kind == CSUM_IMD_LOST)
		mark |= LOST;
	if (finding->subject == CSUM_SUBJECT_SUPERBLOCK)
		marks->slot[finding->slot] |= mark;
	for (uint64_t i = 0; i < finding->group_count && finding->subject == CSUM_SUBJECT_IMD; i++)
		marks->group[finding->first_group + i] |= mark;
	for (uint64_t i = 0; i < finding->sector_count && finding->subject == CSUM_SUBJECT_DATA; i++)
		marks->data[finding->first_sector + i] |= mark;
	if (finding->subject == CSUM_SUBJECT_DATA && finding->disposition == CSUM_REPAIRED)
		marks->means[finding->means] += finding->sector_count;
}

static void check(struct judging *j, struct marks *marks, uint64_t *errors)
{
	const struct csum_check_options options = {
		.length_bytes = CSUM_TO_END,
		.finding = take_finding,
		.user = marks,
	};
	struct csum_volume *volume = damage_open(j->base, false, false);
	struct csum_totals totals = { 0 };

	if (!volume || csum_check(volume, &options, &totals) || csum_volume_close(volume))
		fault(j, DAMAGE_FAILED, "check", 0);
	*errors = totals.errors;
}

static void scrub(struct judging *j, struct marks *marks, bool dry_run, struct csum_scrub_result *result)
{
	const char *replica = j->base->replica[j->options->replica];
	const struct csum_scrub_options options = {
		.length_bytes = CSUM_TO_END,
		.dry_run = dry_run,
		.replicas = &replica,
		.replica_count = replica != NULL,
		.finding = take_finding,
		.user = marks,
	};
	struct csum_volume *volume = damage_open(j->base, !dry_run, !dry_run);
	uint64_t writes;

	/* The damage here is permanent, so a scrub would gain nothing by waiting for it, as it does by default. */
	if (volume)
		volume->allow = CSUM_ALLOW_UNREAD;
	memset(result, 0, sizeof(*result));
	memory_disk_reset(&j->base->disks[0]);
	memory_disk_reset(&j->base->disks[1]);
	j->base->changes = 0;
	if (!volume || csum_scrub(volume, &options, result) || csum_volume_close(volume))
		fault(j, DAMAGE_FAILED, dry_run ? "dry run" : "scrub", 0);
	writes = j->base->disks[0].calls[MEMORY_DISK_WRITE] + j->base->disks[1].calls[MEMORY_DISK_WRITE];
	if (dry_run && writes)
		fault(j, DAMAGE_DRY_WROTE, "writes", writes);
}

/* ------------------------------------------------------------------ noticed */

/* Returns 0 when there is nothing to notice, 1 when the damage was noticed, -1 when not. */
static int notice(struct judging *j, const struct damage_damage *damage)
{
	int result = 0;

	for (uint32_t i = 0; i < damage->sector_count; i++) {
		uint64_t sector = damage->sector[i], group = damage_group_of(j, sector);

		if (!j->before.meaning[sector] || result < 0)
			continue;
		result = j->checked.data[sector] || (j->checked.group[group] & LOST) ? 1 : -1;
		if (result < 0)
			fault(j, DAMAGE_UNNOTICED, "data sector", sector);
	}
	for (uint32_t i = 0; i < damage->imd_count; i++) {
		uint64_t group = damage->imd[i] / 2;

		if (j->before.sound[group] || result < 0)
			continue;
		result = j->checked.group[group] ? 1 : -1;
		if (result < 0)
			fault(j, DAMAGE_UNNOTICED, "group", group);
	}
	for (int slot = 0; slot < CSUM_SLOTS; slot++) {
		if (!(damage->slots >> slot & 1) || j->before.slot_valid[slot] || result < 0)
			continue;
		result = j->checked.slot[slot] ? 1 : -1;
		if (result < 0)
			fault(j, DAMAGE_UNNOTICED, "superblock", (uint64_t)slot);
	}
	return result;
}

static void find_false_alarms(struct judging *j)
{
	for (uint64_t i = 0; i < j->base->geometry.data_sectors; i++) {
		/* In an active volume a sector may become unwritten again, so damage to it may be noticed, or not. */
		bool touched = j->run.data[i] && j->base->shape.state != DAMAGE_CLEAN;

		if (!j->before.meaning[i] && (j->checked.data[i] & BAD) && !touched && damage_described(j, i))
			fault(j, DAMAGE_FALSE_ALARM, "data sector", i);
	}
	for (uint64_t group = 0; group < j->base->geometry.groups; group++) {
		bool touched = j->run.imd[2 * group] || j->run.imd[2 * group + 1];
		bool journal_gone = j->base->shape.state == DAMAGE_RECOVERING && (j->run.journal || j->run.slots);

		if ((j->checked.group[group] & BAD) && !touched && !journal_gone)
			fault(j, DAMAGE_FALSE_ALARM, "group", group);
		if (j->before.lost[group] && !(j->checked.group[group] & (LOST | ANY)))
			fault(j, DAMAGE_UNNOTICED, "lost group", group);
	}
	for (int slot = 0; slot < CSUM_SLOTS; slot++) {
		if ((j->checked.slot[slot] & BAD) && j->before.slot_valid[slot])
			fault(j, DAMAGE_FALSE_ALARM, "superblock", (uint64_t)slot);
	}
}

/* ------------------------------------------------------------------ healed */

static void find_unhealed(struct judging *j)
{
	for (uint64_t i = 0; i < j->base->geometry.data_sectors; i++) {
		if (j->before.meaning[i] && j->bad[i] && damage_must_heal(j, i))
			fault(j, DAMAGE_NOT_HEALED, "data sector", i);
	}
	for (uint64_t group = 0; group < j->base->geometry.groups; group++) {
		if (!j->before.lost[group] && !j->after.sound[group])
			fault(j, DAMAGE_NOT_HEALED, "group", group);
		if (j->after.lost[group] && !(j->scrubbed.group[group] & LOST))
			fault(j, DAMAGE_UNNOTICED, "lost group", group);
	}
	for (int slot = 0; slot < CSUM_SLOTS; slot++) {
		if (!j->after.slot_valid[slot])
			fault(j, DAMAGE_NOT_HEALED, "superblock", (uint64_t)slot);
	}
}

/* Whether every place that the damage changed, and that has a meaning, is right again. */
static bool is_healed(const struct judging *j, const struct damage_damage *damage)
{
	for (uint32_t i = 0; i < damage->sector_count; i++) {
		if (j->before.meaning[damage->sector[i]] && j->bad[damage->sector[i]])
			return false;
	}
	for (uint32_t i = 0; i < damage->imd_count; i++) {
		if (!j->after.sound[damage->imd[i] / 2])
			return false;
	}
	for (int slot = 0; slot < CSUM_SLOTS; slot++) {
		if ((damage->slots >> slot & 1) && !j->after.slot_valid[slot])
			return false;
	}
	return true;
}

static enum damage_kind kind_at(const struct judging *j, uint64_t sector)
{
	for (uint32_t i = 0; i < j->run.count; i++) {
		for (uint32_t k = 0; k < j->run.damage[i].sector_count; k++) {
			if (j->run.damage[i].sector[k] == sector)
				return j->run.damage[i].kind;
		}
	}
	return j->run.damage[0].kind;
}

static void find_wrong(struct judging *j)
{
	for (uint64_t i = 0; i < j->base->geometry.data_sectors; i++) {
		if (j->bad[i] || damage_right(j->base, i, j->read + i * j->base->geometry.sector_size))
			continue;
		j->tally->wrong[kind_at(j, i)]++;
		fault(j, DAMAGE_WRONG, "data sector", i);
	}
}

/* Check must find exactly the errors that scrub said it left. */
static void compare_left(struct judging *j, uint64_t errors, uint64_t errors_left)
{
	for (uint64_t i = 0; i < j->base->geometry.data_sectors; i++) {
		if (!(j->left.data[i] & BAD) != !(j->scrubbed.data[i] & LEFT))
			fault(j, DAMAGE_LEFT_DIFFERS, "data sector", i);
	}
	for (uint64_t i = 0; i < j->base->geometry.groups; i++) {
		if (!(j->left.group[i] & BAD) != !(j->scrubbed.group[i] & LEFT))
			fault(j, DAMAGE_LEFT_DIFFERS, "group", i);
	}
	if (errors != errors_left)
		fault(j, DAMAGE_LEFT_DIFFERS, "errors", errors);
}

/* ------------------------------------------------------------------ in all */

static void tally_damages(struct judging *j, const int *noticed)
{
	struct damage_tally *tally = j->tally;

	for (uint32_t i = 0; i < j->run.count; i++) {
		enum damage_kind kind = j->run.damage[i].kind;
		bool healed = noticed[i] && is_healed(j, &j->run.damage[i]);

		tally->planted[kind]++;
		tally->meaningful[kind] += noticed[i] != 0;
		tally->noticed[kind] += noticed[i] > 0;
		tally->healed[kind] += healed;
		tally->left[kind] += noticed[i] != 0 && !healed;
	}
	tally->total += j->run.count;
	tally->runs++;
}

static void scrub_again(struct judging *j, uint64_t errors)
{
	struct csum_scrub_result result;

	memset(j->left.data, 0, j->base->geometry.data_sectors);
	memset(j->left.group, 0, j->base->geometry.groups);
	scrub(j, &j->left, false, &result);
	if (result.errors_repaired || result.errors_left != errors || result.recovered)
		fault(j, DAMAGE_NOT_STABLE, "repaired", result.errors_repaired);
	if (j->base->changes)
		fault(j, DAMAGE_NOT_STABLE, "writes", j->base->changes);
}

static void work(struct judging *j)
{
	struct csum_scrub_result result;
	uint64_t errors;
	int noticed[DAMAGE_MOST];

	damage_look(&j->before, j->base);
	check(j, &j->checked, &errors);
	for (uint32_t i = 0; i < j->run.count; i++)
		noticed[i] = notice(j, &j->run.damage[i]);
	find_false_alarms(j);
	scrub(j, &j->left, true, &result);
	memset(j->left.data, 0, j->base->geometry.data_sectors);
	memset(j->left.group, 0, j->base->geometry.groups);
	scrub(j, &j->scrubbed, false, &result);
	check(j, &j->left, &errors);
	compare_left(j, errors, result.errors_left);
	damage_look(&j->after, j->base);
	damage_read(j->base, j->read, j->bad);
	find_wrong(j);
	find_unhealed(j);
	tally_damages(j, noticed);
	scrub_again(j, errors);
}

static void *get(size_t size)
{
	void *memory = calloc(1, size);

	assert_non_null(memory);
	return memory;
}

static void marks_init(struct marks *marks, const struct damage_volume *base, uint64_t *means)
{
	marks->data = get(base->geometry.data_sectors);
	marks->group = get(base->geometry.groups);
	marks->means = means;
}

static void marks_free(struct marks *marks)
{
	free(marks->data);
	free(marks->group);
}

static void start(struct judging *j)
{
	struct damage_volume *base = j->base;

	memory_disk_restore(&base->disks[0]);
	memory_disk_restore(&base->disks[1]);
	j->run.base = base;
	j->run.random = damage_random(j->options->seed);
	j->run.data = get(base->geometry.data_sectors);
	j->run.imd = get(2 * base->geometry.groups);
	damage_look_init(&j->before, base);
	damage_look_init(&j->after, base);
	marks_init(&j->checked, base, no_means());
	marks_init(&j->scrubbed, base, j->tally->means);
	marks_init(&j->left, base, no_means());
	j->read = get(base->geometry.data_sectors * base->geometry.sector_size);
	j->bad = get(base->geometry.data_sectors);
}

static void end(struct judging *j)
{
	free(j->run.data);
	free(j->run.imd);
	damage_look_free(&j->before);
	damage_look_free(&j->after);
	marks_free(&j->checked);
	marks_free(&j->scrubbed);
	marks_free(&j->left);
	free(j->read);
	free(j->bad);
}

void damage_judge(struct damage_volume *base, const struct damage_options *options, struct damage_tally *tally)
{
	struct judging j = { .base = base, .options = options, .tally = tally };

	start(&j);
	damage_plant(&j.run, options->damages, options->kind);
	work(&j);
	end(&j);
}
