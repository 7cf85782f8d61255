/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a volume for reading and dumps it, and compares the results with the model. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "dump/dump.h"
#include "fuzz/disks.h"
#include "fuzz/volume_shared.h"

#define LARGE_RANGE (UINT64_C(4) << 20)

/* Returns the length to check: a part, if the volume is much larger than its devices, as missing sectors take time. */
static uint64_t range_length(const struct model *model)
{
	uint64_t space = model->data_sectors * model->sector_size;

	return model->small || space < LARGE_RANGE ? CSUM_TO_END : LARGE_RANGE;
}

/* ------------------------------------------------------------------ checking */

struct checking {
	const struct model *model;
	uint8_t bad[MODEL_SECTORS];
	uint64_t found[CSUM_FINDING_KINDS]; /* counted in the reported findings */
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

	if (!finding->problem || !finding->device || !csum_finding_name(finding->kind))
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
	if (checking->model->small && checking->model->foreign != (totals->findings[CSUM_FOREIGN] > 0))
		fuzz_fail("%" PRIu64 " foreign things are found, by the format there are %s",
			  totals->findings[CSUM_FOREIGN], checking->model->foreign ? "some" : "none");
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
	volume_body_counts.older_sectors += readings[MODEL_OLDER];
	volume_body_counts.bad_sectors += readings[MODEL_BAD];
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
	uint64_t found; /* bad sectors in the findings */
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

/* Opens for reading and compares the results with the model; thoroughly: in every way, not just the most telling. */
void volume_look(const struct model *model, bool thoroughly)
{
	struct csum_volume *volume;
	int error;

	fuzz_disks.may_write = 0;
	error = volume_open(false, &volume);
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
		volume_close(volume);
	}
	volume_none_open("reading");
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
	if (!journal->problem)
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

void volume_dump(const struct model *model, bool carve)
{
	bool alone = fuzz_disks.external && volume_program.action & PROGRAM_METADATA_ALONE;
	const struct csum_dump_options options = {
		.carve = carve,
		.differ_only = volume_program.action & PROGRAM_UNALIGNED,
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

	fuzz_disks.may_write = 0;
	metadata = fuzz_disk_device(fuzz_disk_metadata(), false);
	data = alone || !fuzz_disks.external ? metadata : fuzz_disk_device(0, false);
	error = csum_dump_devices(&volume_handlers, data, metadata, 0, &options);
	if (error && !carve && model->opens)
		fuzz_fail("dump: %d", error);
	volume_body_counts.dumped++;
	volume_body_counts.carved += carve;
	volume_none_open("dump");
}
