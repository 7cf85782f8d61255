/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "volume_body.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "format.h"
#include "fuzzdisk.h"
#include "model.h"
#include "program.h"
#include "volume.h"

struct volume_body_counts volume_body_counts;

#define counts volume_body_counts
/* Bytes: enough for several groups of small sectors. */
#define MOST_WRITTEN (UINT64_C(200) << 10)
#define LARGE_RANGE (UINT64_C(4) << 20)

static struct program program;
/* How the image reads: before anything, behind opening for writing, behind the write. */
static struct model models[3];

/* The messages of the library since it was last called: shown only with a violation. */
static char messages[4096];

static void keep_message(void *user, enum csum_severity severity, const char *text)
{
	size_t used = strlen(messages);

	(void)user;
	if (strlen(text) == 0)
		fuzz_fail("an empty message");
	snprintf(messages + used, sizeof(messages) - used, "%s%s\n", severity == CSUM_ERROR ? "" : "note: ", text);
}

static const struct csum_handlers handlers = { .message = keep_message };

/* The input that is being tried. */
static const uint8_t *tried;
static size_t tried_size;

static void explain(void)
{
	fputs(messages, stderr);
	fputs("fuzz: input:", stderr);
	for (size_t i = 0; i < tried_size; i++)
		fprintf(stderr, " %02x", tried[i]);
	fputc('\n', stderr);
}

static int open_volume(bool writable, struct csum_volume **volume)
{
	struct csum_device *data = fuzzdisk_device(0, writable);
	struct csum_device *metadata = fuzzdisks.external ? fuzzdisk_device(1, writable) : data;

	return csum_volume_open_devices(&handlers, data, metadata, writable, 0, volume);
}

static void close_volume(struct csum_volume *volume)
{
	int error = csum_volume_close(volume);

	if (error)
		fuzz_fail("closing: %d", error);
}

static void none_open(const char *when)
{
	if (fuzzdisks.open_devices != 0)
		fuzz_fail("%d devices left open by %s", fuzzdisks.open_devices, when);
}

/* A volume that is much larger than its devices is looked at in part: to find that all of it is missing takes time. */
static uint64_t range_length(const struct model *model)
{
	uint64_t space = model->data_sectors * model->sector_size;

	return model->small || space < LARGE_RANGE ? CSUM_TO_END : LARGE_RANGE;
}

/* ------------------------------------------------------------------ checking */

struct checking {
	const struct model *model;
	uint8_t bad[MODEL_SECTORS];
	uint64_t found[CSUM_FINDING_KINDS]; /* by the findings themselves */
};

static void take_data_finding(struct checking *checking, const struct csum_finding *finding)
{
	const struct model *model = checking->model;

	if (finding->sector_count == 0 || finding->first_sector >= model->data_sectors ||
	    finding->sector_count > model->data_sectors - finding->first_sector)
		fuzz_fail("finding of sectors %" PRIu64 " + %" PRIu64, finding->first_sector, finding->sector_count);
	checking->found[finding->kind] += finding->sector_count;
	if (!model->small || !csum_finding_is_error(finding->kind))
		return;
	memset(checking->bad + finding->first_sector, 1, finding->sector_count);
}

static void take_imd_finding(struct checking *checking, const struct csum_finding *finding)
{
	const struct model *model = checking->model;

	if (finding->group_count == 0 || finding->first_group >= model->groups ||
	    finding->group_count > model->groups - finding->first_group)
		fuzz_fail("finding of groups %" PRIu64 " + %" PRIu64, finding->first_group, finding->group_count);
	checking->found[finding->kind] += finding->group_count;
	if (model->small && finding->kind == CSUM_IMD_LOST)
		memset(checking->bad + finding->first_sector, 1, finding->sector_count);
}

static void take_finding(void *user, const struct csum_finding *finding)
{
	struct checking *checking = user;

	if (!finding->reason || !finding->device || !csum_finding_name(finding->kind))
		fuzz_fail("a finding without a reason, device or name");
	if (finding->subject == CSUM_SUBJECT_DATA)
		take_data_finding(checking, finding);
	else if (finding->subject == CSUM_SUBJECT_IMD)
		take_imd_finding(checking, finding);
	else
		checking->found[finding->kind]++;
}

static void compare_findings(const struct checking *checking, const struct csum_totals *totals)
{
	uint64_t errors = 0;

	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++) {
		if (checking->found[kind] != totals->findings[kind])
			fuzz_fail("%" PRIu64 " findings %s, %" PRIu64 " in the totals", checking->found[kind],
				  csum_finding_name((enum csum_finding_kind)kind), totals->findings[kind]);
		errors += csum_finding_is_error((enum csum_finding_kind)kind) ? totals->findings[kind] : 0;
	}
	if (errors != totals->errors)
		fuzz_fail("%" PRIu64 " errors in the totals, not %" PRIu64, totals->errors, errors);
}

static void compare_sectors(const struct model *model, const struct checking *checking,
			    const struct csum_totals *totals)
{
	uint64_t readings[MODEL_BAD + 1] = { 0 };

	for (uint64_t sector = 0; sector < model->data_sectors; sector++) {
		enum model_reading reading = model->sector[sector].reading;

		readings[reading]++;
		if (checking->bad[sector] != (reading == MODEL_BAD))
			fuzz_fail("sector %" PRIu64 " is %s by check, by the format not", sector,
				  checking->bad[sector] ? "bad" : "good");
	}
	if (totals->sectors_verified != readings[MODEL_GOOD] ||
	    totals->sectors_unwritten != readings[MODEL_UNWRITTEN] ||
	    totals->sectors_interrupted != readings[MODEL_OLDER] || totals->sectors_bad != readings[MODEL_BAD])
		fuzz_fail("check counts %" PRIu64 " right, %" PRIu64 " unwritten, %" PRIu64 " older, %" PRIu64
			  " bad sectors; they are %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64,
			  totals->sectors_verified, totals->sectors_unwritten, totals->sectors_interrupted,
			  totals->sectors_bad, readings[MODEL_GOOD], readings[MODEL_UNWRITTEN], readings[MODEL_OLDER],
			  readings[MODEL_BAD]);
	if (totals->imd_verified != model_valid_copies(model))
		fuzz_fail("check counts %" PRIu64 " valid imd sectors, not %" PRIu64, totals->imd_verified,
			  model_valid_copies(model));
	counts.older_sectors += readings[MODEL_OLDER];
	counts.bad_sectors += readings[MODEL_BAD];
}

static void check(struct csum_volume *volume, const struct model *model, bool metadata_only)
{
	static struct checking checking;
	const struct csum_check_options options = {
		.length_bytes = range_length(model),
		.metadata_only = metadata_only,
		.finding = take_finding,
		.user = &checking,
	};
	struct csum_totals totals;
	int error;

	memset(&checking, 0, sizeof(checking));
	checking.model = model;
	error = csum_check(volume, &options, &totals);
	if (error)
		fuzz_fail("checking: %d", error);
	compare_findings(&checking, &totals);
	if (model->small && !metadata_only)
		compare_sectors(model, &checking, &totals);
}

/* ------------------------------------------------------------------ reading */

struct reading {
	const struct model *model;
	uint64_t cursor;
	uint64_t found; /* bad sectors, by the findings */
};

static void take_bad_sectors(void *user, const struct csum_finding *finding)
{
	struct reading *reading = user;

	reading->found += finding->sector_count;
}

static int take_bytes(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero)
{
	struct reading *reading = user;
	const struct model *model = reading->model;
	const uint8_t *bytes = data;
	uint8_t expected[4096];

	if (offset_bytes != reading->cursor || size % model->sector_size || offset_bytes % model->sector_size)
		fuzz_fail("handed out %zu bytes at %" PRIu64 ", not at %" PRIu64, size, offset_bytes, reading->cursor);
	reading->cursor += size;
	for (size_t at = 0; at < size && model->small; at += model->sector_size) {
		uint64_t sector = (offset_bytes + at) / model->sector_size;

		model_content(model, sector, expected);
		if (memcmp(bytes + at, expected, model->sector_size) != 0)
			fuzz_fail("sector %" PRIu64 " reads as something else", sector);
		if (is_zero != (model->sector[sector].reading == MODEL_UNWRITTEN))
			fuzz_fail("sector %" PRIu64 " is%s handed out as unwritten", sector, is_zero ? "" : " not");
	}
	return 0;
}

static uint64_t first_bad(const struct model *model)
{
	uint64_t sector = 0;

	while (sector < model->data_sectors && model->sector[sector].reading != MODEL_BAD)
		sector++;
	return sector;
}

static uint64_t count_bad(const struct model *model)
{
	uint64_t count = 0;

	for (uint64_t sector = 0; sector < model->data_sectors; sector++)
		count += model->sector[sector].reading == MODEL_BAD;
	return count;
}

static void compare_reading(const struct reading *reading, bool stop, int error, uint64_t done)
{
	const struct model *model = reading->model;
	uint64_t bad = count_bad(model);

	if ((error != 0) != (bad > 0))
		fuzz_fail("reading: %d, with %" PRIu64 " bad sectors", error, bad);
	if (stop && done != first_bad(model) * model->sector_size)
		fuzz_fail("reading stopped behind %" PRIu64 " bytes, the first bad sector being %" PRIu64, done,
			  first_bad(model));
	if (stop ? (reading->found > 0) != (bad > 0) : reading->found != bad)
		fuzz_fail("reading found %" PRIu64 " bad sectors of %" PRIu64, reading->found, bad);
}

static void read_all(struct csum_volume *volume, const struct model *model, enum csum_on_error on_error)
{
	struct reading reading = { .model = model };
	const struct csum_read_options options = {
		.length_bytes = range_length(model),
		.on_error = on_error,
		.sink = take_bytes,
		.finding = take_bad_sectors,
		.user = &reading,
	};
	uint64_t done;
	int error = csum_read(volume, &options, &done);

	if (error && error != -EBADMSG)
		fuzz_fail("reading: %d", error);
	if (done != reading.cursor)
		fuzz_fail("%" PRIu64 " bytes read, but %" PRIu64 " handed out", done, reading.cursor);
	if (model->small)
		compare_reading(&reading, on_error == CSUM_ON_ERROR_STOP, error, done);
}

static void compare_info(const struct csum_volume *volume, const struct model *model)
{
	struct csum_volume_info info;

	csum_volume_get_info(volume, &info);
	if (info.geometry.data_sectors != model->data_sectors || info.geometry.groups != model->groups ||
	    info.geometry.sector_size != model->sector_size || (int)info.state != (int)model->state ||
	    info.intent_groups != model->intent_count || info.generation != model->generation)
		fuzz_fail("info: %" PRIu64 " sectors, state %d, generation %" PRIu64 ", intent of %" PRIu64 " groups",
			  info.geometry.data_sectors, info.state, info.generation, info.intent_groups);
	for (int slot = 0; slot < CSUM_SLOTS; slot++) {
		if (info.slot_valid[slot] != model->slot_valid[slot])
			fuzz_fail("info: slot %c valid: %d", "ABC"[slot], info.slot_valid[slot]);
	}
}

/* Opens for reading and compares what is seen with the model; in every way there is, or in the most telling ones. */
static void look(const struct model *model, bool thoroughly)
{
	struct csum_volume *volume;
	int error;

	fuzzdisks.may_write = 0;
	error = open_volume(false, &volume);
	if ((error == 0) != model->opens)
		fuzz_fail("opening for reading: %d, by the format it is %s", error,
			  model->opens ? "a volume" : "to be refused");
	if (!error) {
		compare_info(volume, model);
		check(volume, model, false);
		read_all(volume, model, CSUM_ON_ERROR_ZERO);
		if (thoroughly) {
			check(volume, model, true);
			read_all(volume, model, CSUM_ON_ERROR_STOP);
		}
		close_volume(volume);
	}
	none_open("reading");
}

/* ------------------------------------------------------------------ dumping */

static int take_info(void *user, const struct csum_volume_info *info)
{
	(void)user;
	return info->geometry.sector_size ? 0 : -EINVAL;
}

static int take_journal(void *user, const struct csum_dump_journal *journal)
{
	(void)user;
	if (!journal->reason)
		fuzz_fail("a journal without a reason");
	return 0;
}

static int take_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	uint64_t sum = 0;

	(void)user;
	if (group->group >= geometry->groups || group->sector_count > geometry->sectors_per_group)
		fuzz_fail("dump of group %" PRIu64, group->group);
	for (uint32_t i = 0; i < group->sector_count; i++) {
		for (int copy = 0; copy < 2; copy++)
			sum += group->copy[copy].entries ? group->copy[copy].entries[i] : 0;
		sum += group->journal_entries ? group->journal_entries[i] : 0;
		sum += group->data_offsets[i] + group->data_entries[i];
		if (!csum_data_verdict_name(group->data[i]))
			fuzz_fail("dump: verdict %d", group->data[i]);
	}
	for (int copy = 0; copy < 2; copy++) {
		if (group->copy[copy].raw)
			sum += group->copy[copy].raw[geometry->sector_size - 1];
		if (!csum_imd_verdict_name(group->copy[copy].verdict))
			fuzz_fail("dump: imd verdict %d", group->copy[copy].verdict);
	}
	return sum == 1 ? 1 : 0;
}

static int take_carved(void *user, const struct csum_carved *carved)
{
	(void)user;
	return carved->copy > 1 ? -EINVAL : 0;
}

static int take_geometry(void *user, const struct csum_carved_geometry *geometry)
{
	(void)user;
	if (geometry->fitting > geometry->candidates)
		fuzz_fail("carving: %" PRIu64 " of %" PRIu64 " fit", geometry->fitting, geometry->candidates);
	return 0;
}

static void dump(const struct model *model, bool carve)
{
	bool alone = fuzzdisks.external && program.action & PROGRAM_METADATA_ALONE;
	const struct csum_dump_options options = {
		.carve = carve,
		.differ_only = program.action & PROGRAM_UNALIGNED,
		.read_data = !alone,
		.group_count = model->small ? CSUM_TO_END : 1,
		.info = take_info,
		.journal = take_journal,
		.carved = take_carved,
		.carved_geometry = take_geometry,
		.group = take_group,
	};
	struct csum_device *metadata, *data;
	int error;

	fuzzdisks.may_write = 0;
	metadata = fuzzdisk_device(fuzzdisk_metadata(), false);
	data = alone || !fuzzdisks.external ? metadata : fuzzdisk_device(0, false);
	error = csum_dump_devices(&handlers, data, metadata, 0, &options);
	if (error && !carve && model->opens)
		fuzz_fail("dump: %d", error);
	counts.dumped++;
	counts.carved += carve;
	none_open("dump");
}

/* ------------------------------------------------------------------ writing */

/* Every sector of `after` reads as it did in `before`, but for those of [first, end). */
static void compare_contents(const struct model *before, const struct model *after, uint64_t first, uint64_t end,
			     bool recovered, const char *what)
{
	for (uint64_t sector = 0; sector < before->data_sectors; sector++) {
		const struct model_sector *old = &before->sector[sector], *new = &after->sector[sector];

		if (sector >= first && sector < end)
			continue;
		if (old->hash == new->hash)
			continue;
		if (recovered && old->not_by_image && new->reading == MODEL_BAD)
			continue;
		fuzz_fail("sector %" PRIu64 " read %s, and %s behind %s", sector,
			  old->reading == MODEL_BAD ? "as bad" : "right",
			  new->reading == MODEL_BAD ? "is bad" : "as something else", what);
	}
}

static void compare_groups(const struct model *before, const struct model *after)
{
	for (uint64_t number = 0; number < before->groups; number++) {
		const struct model_group *old = &before->group[number], *new = &after->group[number];
		bool lost = !old->valid[0] && !old->valid[1] && !old->in_force;

		if (!old->in_intent)
			continue;
		if (lost ? new->valid[0] || new->valid[1] : !new->sound)
			fuzz_fail("group %" PRIu64 ", which was in the intent, is not %s behind recovery", number,
				  lost ? "lost" : "sound");
	}
}

static bool any_in_force(const struct model *model)
{
	for (uint64_t number = 0; number < model->groups; number++) {
		if (model->group[number].in_force)
			return true;
	}
	return false;
}

static bool any_old_bad(const struct model *model)
{
	for (uint64_t sector = 0; sector < model->data_sectors; sector++) {
		if (model->sector[sector].reading == MODEL_BAD && model->group[sector / model->entries].in_intent)
			return true;
	}
	return false;
}

/* A number that no volume comes near: the next generation would be an old one. */
static bool generation_at_end(const struct model *model)
{
	return model->generation > UINT64_MAX - 64;
}

static void compare_recovered(const struct model *before, const struct model *after)
{
	if (!after->opens)
		fuzz_fail("opened for writing, and then it is no volume");
	if (generation_at_end(before))
		return;
	if (after->state != MODEL_CLEAN || !after->slot_valid[0] || !after->slot_valid[1])
		fuzz_fail("behind opening for writing: state %d, slots valid: %d %d", after->state,
			  after->slot_valid[0], after->slot_valid[1]);
	if (before->state == MODEL_ACTIVE)
		compare_groups(before, after);
	compare_contents(before, after, 0, 0, true, "opening for writing");
}

static void compare_refusal(const struct model *before, const struct model *after, int error)
{
	bool allowed = !before->read_only && before->state != MODEL_UNKNOWN;
	bool stuck = before->state == MODEL_ACTIVE && (before->journal_unreadable || any_old_bad(before));

	if (!before->opens)
		return;
	if (allowed && !(error == -EBADMSG && stuck))
		fuzz_fail("opening for writing is refused without a cause: %d", error);
	if (!after->opens)
		fuzz_fail("opening for writing failed, and then it is no volume");
	compare_contents(before, after, 0, 0, true, "a refusal to open for writing");
}

struct source {
	uint64_t cursor, end;
};

static int64_t fill(void *user, void *buffer, size_t size)
{
	struct source *source = user;

	if (size > source->end - source->cursor)
		size = (size_t)(source->end - source->cursor);
	/* In odd portions, as from a pipe. */
	if (size > 5000)
		size -= 777;
	history_pattern(77, source->cursor, buffer, size);
	source->cursor += size;
	return (int64_t)size;
}

/* What is written where, in bytes of data space. */
struct change {
	uint64_t begin, end;
	bool discard, until_end, verify;
};

static struct change plan_change(const struct model *model)
{
	uint64_t space = model->data_sectors * model->sector_size;
	struct change change = {
		.discard = program.action & PROGRAM_DISCARD,
		.until_end = (program.action & PROGRAM_UNTIL_END) && !(program.action & PROGRAM_DISCARD),
		.verify = program.action & PROGRAM_VERIFY,
	};
	uint64_t unit = program.action & PROGRAM_UNALIGNED ? 1 : model->sector_size;

	change.begin = space * program.first / 256 / unit * unit;
	change.end = space * program.length / 256 / unit * unit;
	if (change.end <= change.begin)
		change.end = change.begin + model->sector_size;
	if (change.end > space)
		change.end = space;
	if (change.end - change.begin > MOST_WRITTEN)
		change.begin = change.end - MOST_WRITTEN;
	return change;
}

/* A sector that the change covers in whole, or in part. */
static void compare_changed_sector(const struct model *before, const struct model *after, const struct change *change,
				   uint64_t sector)
{
	uint64_t start = sector * after->sector_size, end = start + after->sector_size;
	uint64_t from = change->begin > start ? change->begin : start, to = change->end < end ? change->end : end;
	uint8_t expected[4096], found[4096];

	model_content(after, sector, found);
	memcpy(expected, found, sizeof(expected));
	if (change->discard)
		memset(expected + (from - start), 0, to - from);
	else
		history_pattern(77, from, expected + (from - start), to - from);
	if (after->sector[sector].reading == MODEL_BAD || memcmp(expected, found, after->sector_size) != 0)
		fuzz_fail("sector %" PRIu64 " does not read as it was %s", sector,
			  change->discard ? "discarded" : "written");
	/* The rest of a sector that was written in part has to be as it was. */
	if (to - from == after->sector_size)
		return;
	if (before->sector[sector].reading == MODEL_BAD)
		fuzz_fail("sector %" PRIu64 ", which was bad, was written in part", sector);
	if (before->sector[sector].reading != MODEL_UNWRITTEN)
		return;
	memset(expected, 0, from - start);
	memset(expected + (to - start), 0, end - to);
	if (memcmp(expected, found, after->sector_size) != 0)
		fuzz_fail("sector %" PRIu64 ", which was unwritten, has got more than was written", sector);
}

static void compare_change(const struct model *before, const struct model *after, const struct change *change,
			   int error, uint64_t done)
{
	uint64_t first = change->begin / before->sector_size;
	struct change made = *change;

	if (generation_at_end(before))
		return;
	if (!after->opens || after->state != MODEL_CLEAN)
		fuzz_fail("behind a write: state %d", after->state);
	if (done > change->end - change->begin)
		fuzz_fail("%" PRIu64 " bytes are said to be done", done);
	made.end = change->begin + done;
	if (made.end == made.begin)
		first = 0;
	compare_contents(before, after, first, made.end == made.begin ? 0 : (made.end - 1) / before->sector_size + 1,
			 false, "a write");
	for (uint64_t sector = first; made.end > made.begin && sector * after->sector_size < made.end; sector++)
		compare_changed_sector(before, after, &made, sector);
	if (error && !change->until_end && !(program.action & PROGRAM_SHORT_SOURCE) && done)
		fuzz_fail("a write of known length ends with %d behind %" PRIu64 " bytes", error, done);
}

static void change_volume(struct csum_volume *volume, const struct model *before, struct model *after)
{
	const struct change change = plan_change(before);
	struct source source = { change.begin, change.end };
	struct csum_write_options options = {
		.offset_bytes = change.begin,
		.length_bytes = change.until_end ? CSUM_TO_END : change.end - change.begin,
		.source = { fill, &source },
		.verify = change.verify,
	};
	bool cut_short = program.action & PROGRAM_SHORT_SOURCE && !change.discard;
	uint64_t done;
	int error;

	if (cut_short)
		source.end -= (source.end - source.cursor) / 3;
	if (program.action & PROGRAM_SMALL_WINDOW)
		volume->window_bytes = volume->batch_bytes = 1;
	if (change.discard)
		error = csum_discard(volume, change.begin, change.end - change.begin, &done);
	else
		error = csum_write(volume, &options, &done);
	if (error && error != -EBADMSG && !(cut_short && error == -ENODATA))
		fuzz_fail("a write ends with %d", error);
	counts.written += !error && !change.discard;
	counts.discarded += !error && change.discard;
	counts.write_refused += error == -EBADMSG;
	model_load(after);
	compare_change(before, after, &change, error, done);
}

static uint64_t journal_record_bytes(void)
{
	const uint8_t *head = fuzzdisk_at(fuzzdisk_metadata(), CSUM_JOURNAL_OFFSET, CSUM_BLOCK_SIZE);
	uint64_t crc;

	if (!head)
		return 0;
	memcpy(&crc, head + 8, sizeof(crc));
	return crc;
}

/* Opens for writing and, where that works, writes; everything is compared with what was read before. */
static void change_and_compare(void)
{
	uint64_t record = journal_record_bytes();
	struct csum_volume *volume;
	int error;

	/* Of data nothing is written by opening; of the rest, the backup and what is reserved never. */
	fuzzdisks.may_write = FUZZ_MAY(FUZZ_SLOT_AB) | FUZZ_MAY(FUZZ_JOURNAL) | FUZZ_MAY(FUZZ_IMD);
	error = open_volume(true, &volume);
	model_load(&models[1]);
	if (error) {
		counts.recovery_refused += error == -EBADMSG;
		compare_refusal(&models[0], &models[1], error);
		none_open("a refusal to open for writing");
		return;
	}
	counts.recovered += models[0].state == MODEL_ACTIVE;
	counts.replayed += models[0].state == MODEL_ACTIVE && any_in_force(&models[0]);
	counts.merged += record != journal_record_bytes();
	compare_recovered(&models[0], &models[1]);
	fuzzdisks.may_write = FUZZ_MAY(FUZZ_SLOT_AB) | FUZZ_MAY(FUZZ_IMD) | FUZZ_MAY(FUZZ_DATA);
	change_volume(volume, &models[1], &models[2]);
	close_volume(volume);
	none_open("a write");
	look(&models[2], false);
}

/* ------------------------------------------------------------------ all of it */

static void count_opened(const struct model *model)
{
	counts.inputs++;
	counts.refused += !model->opens;
	counts.opened += model->opens;
	counts.opened_active += model->opens && model->state == MODEL_ACTIVE;
	counts.opened_unknown += model->opens && model->state == MODEL_UNKNOWN;
}

/* Of a volume with too many sectors for the model: nothing may be written, as its devices are too small. */
static void try_writing_large(void)
{
	struct csum_volume *volume;

	fuzzdisks.may_write = 0;
	if (open_volume(true, &volume) == 0)
		fuzz_fail("opened for writing, on devices smaller than recorded");
	none_open("a refusal to open for writing");
}

static void begin(const uint8_t *input, size_t size)
{
	messages[0] = 0;
	tried = input;
	tried_size = size;
	fuzz_before_failing = explain;
	program_parse(input, size, &program);
	program_load(&program);
	model_load(&models[0]);
	model_set_kinds(&models[0]);
	count_opened(&models[0]);
}

void volume_body_carve(const uint8_t *input, size_t size)
{
	begin(input, size);
	dump(&models[0], program.action & PROGRAM_CARVE || !models[0].opens);
}

void volume_body(const uint8_t *input, size_t size)
{
	begin(input, size);
	look(&models[0], program.first % 2);
	if (models[0].opens && program.fix & PROGRAM_DUMP)
		dump(&models[0], false);
	if (models[0].opens && !models[0].small)
		try_writing_large();
	else
		change_and_compare();
}

static int save_disk(int disk, const char *prefix, const char *suffix)
{
	char name[4096];
	FILE *file;
	size_t size = (size_t)fuzzdisks.disk[disk].size_bytes;
	int error;

	snprintf(name, sizeof(name), "%s.%s", prefix, suffix);
	file = fopen(name, "wb");
	if (!file)
		return -errno;
	error = fwrite(fuzzdisks.disk[disk].bytes, 1, size, file) == size ? 0 : -EIO;
	if (fclose(file))
		error = -EIO;
	return error;
}

int volume_body_save(const uint8_t *input, size_t size, const char *prefix)
{
	int error;

	program_parse(input, size, &program);
	program_load(&program);
	error = save_disk(0, prefix, "data");
	if (!error && fuzzdisks.external)
		error = save_disk(1, prefix, "metadata");
	return error;
}
