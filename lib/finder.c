/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "finder.h"

#include <string.h>

#include "format.h"
#include "imd.h"
#include "layout.h"

static const char *const kind_names[CSUM_FINDING_KINDS] = {
	[CSUM_SUPERBLOCK_BAD] = "superblock-bad",
	[CSUM_IMD_BAD] = "imd-bad",
	[CSUM_IMD_DIFFERS] = "imd-differs",
	[CSUM_IMD_LOST] = "imd-lost",
	[CSUM_INTERRUPTED] = "interrupted",
	[CSUM_MISMATCH] = "mismatch",
	[CSUM_ZEROED] = "zeroed",
	[CSUM_STALE] = "stale",
	[CSUM_MISPLACED] = "misplaced",
	[CSUM_UNREADABLE] = "unreadable",
	[CSUM_TRANSIENT] = "transient",
};

const char *csum_finding_name(enum csum_finding_kind kind)
{
	return kind_names[kind];
}

bool csum_finding_is_error(enum csum_finding_kind kind)
{
	return kind != CSUM_INTERRUPTED && kind != CSUM_TRANSIENT;
}

static void count(struct csum_finder *finder, enum csum_finding_kind kind, uint64_t number)
{
	finder->totals->findings[kind] += number;
	if (csum_finding_is_error(kind))
		finder->totals->errors += number;
}

static void report(struct csum_finder *finder, const struct csum_finding *finding)
{
	if (finder->report)
		finder->report(finder->user, finding);
}

static void flush_imd(struct csum_finder *finder)
{
	if (finder->imd.group_count)
		report(finder, &finder->imd);
	finder->imd.group_count = 0;
}

static void flush_data(struct csum_finder *finder)
{
	if (finder->data.sector_count)
		report(finder, &finder->data);
	finder->data.sector_count = 0;
}

void csum_finder_flush(struct csum_finder *finder)
{
	flush_imd(finder);
	flush_data(finder);
}

/* ------------------------------------------------------------------ superblocks */

static void add_slot(struct csum_finder *finder, enum csum_finding_kind kind, enum csum_slot slot,
		     uint64_t offset_bytes, const char *reason)
{
	const struct csum_finding finding = {
		.kind = kind,
		.subject = CSUM_SUBJECT_SUPERBLOCK,
		.slot = slot,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = offset_bytes,
		.reason = reason,
	};

	count(finder, kind, 1);
	report(finder, &finding);
}

void csum_finder_superblocks(struct csum_finder *finder)
{
	const struct csum_volume *volume = finder->volume;
	const bool *valid = volume->slot_valid;
	const uint64_t offsets[CSUM_SLOTS] = {
		CSUM_SLOT_A_OFFSET,
		CSUM_SLOT_B_OFFSET,
		csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes),
	};

	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		/* A crash leaves at most one of A and B torn, never C, and cuts no device short. */
		bool torn = slot != CSUM_SLOT_C && (valid[CSUM_SLOT_A] || valid[CSUM_SLOT_B]);

		if (offsets[slot] + CSUM_BLOCK_SIZE > volume->metadata->size_bytes)
			add_slot(finder, CSUM_SUPERBLOCK_BAD, (enum csum_slot)slot, offsets[slot],
				 "beyond the end of the device");
		else if (!valid[slot])
			add_slot(finder, torn ? CSUM_INTERRUPTED : CSUM_SUPERBLOCK_BAD, (enum csum_slot)slot,
				 offsets[slot], "magic or checksum wrong, or unreadable");
		else if (!csum_superblock_same_static(&volume->slots[slot], &volume->slots[volume->governing]))
			add_slot(finder, CSUM_SUPERBLOCK_BAD, (enum csum_slot)slot, offsets[slot],
				 "static fields differ from the superblock in force");
	}
}

/* ------------------------------------------------------------------ imd */

struct imd_verdict {
	bool finding;
	enum csum_finding_kind kind;
	int copy;
	const char *reason;
};

static struct imd_verdict judge_one_invalid(const struct csum_group *group, bool in_intent)
{
	int copy = 1 - group->newer;
	enum csum_imd_verdict verdict = group->verdict[copy];
	/* A crash tears a copy; it does not make it unreadable or put another in its place. */
	bool torn = in_intent && (verdict == CSUM_IMD_NO_MAGIC || verdict == CSUM_IMD_WRONG_CRC);

	return (struct imd_verdict){ true, torn ? CSUM_INTERRUPTED : CSUM_IMD_BAD, copy,
				     csum_imd_verdict_name(verdict) };
}

static struct imd_verdict judge_both_valid(const struct csum_group *group, bool in_intent, uint32_t sector_size)
{
	if (csum_group_sound(group, sector_size))
		return (struct imd_verdict){ 0 };
	if (csum_imd_compare_generations(group->generation[0], group->generation[1]) == 0)
		return (struct imd_verdict){ true, CSUM_IMD_DIFFERS, 0, "generations do not tell which copy is newer" };
	return (struct imd_verdict){ true, in_intent ? CSUM_INTERRUPTED : CSUM_IMD_DIFFERS, 1 - group->newer,
				     in_intent ? "older than the other copy: an update was interrupted" :
						 "entries differ from the other, newer copy" };
}

static struct imd_verdict judge_group(const struct csum_volume *volume, uint64_t number, const struct csum_group *group)
{
	bool in_intent = csum_volume_in_intent(volume, number);

	if (group->newer < 0 && group->version_count)
		return (struct imd_verdict){ true, CSUM_INTERRUPTED, -1, "both copies invalid; the journal holds one" };
	if (group->newer < 0)
		return (struct imd_verdict){ true, CSUM_IMD_LOST, -1, "both copies invalid" };
	if (group->verdict[1 - group->newer] != CSUM_IMD_VALID)
		return judge_one_invalid(group, in_intent);
	return judge_both_valid(group, in_intent, csum_volume_geometry(volume)->sector_size);
}

static void add_imd(struct csum_finder *finder, uint64_t number, const struct imd_verdict *verdict)
{
	const struct csum_geometry *geometry = csum_volume_geometry(finder->volume);
	struct csum_finding *held = &finder->imd;

	count(finder, verdict->kind, 1);
	if (held->group_count && held->kind == verdict->kind && held->copy == verdict->copy &&
	    held->reason == verdict->reason && held->first_group + held->group_count == number) {
		held->group_count++;
		held->sector_count += csum_layout_group_sectors(geometry, number);
		return;
	}
	flush_imd(finder);
	*held = (struct csum_finding){
		.kind = verdict->kind,
		.subject = CSUM_SUBJECT_IMD,
		.first_group = number,
		.group_count = 1,
		.first_sector = csum_layout_first_sector(geometry, number),
		.sector_count = csum_layout_group_sectors(geometry, number),
		.copy = verdict->copy,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = csum_layout_imd_offset(geometry, number, verdict->copy < 0 ? 0 : verdict->copy),
		.reason = verdict->reason,
	};
}

void csum_finder_imd(struct csum_finder *finder, const struct csum_scan_batch *batch)
{
	for (uint64_t i = 0; i < batch->span.group_count; i++) {
		uint64_t number = batch->span.first_group + i;
		const struct csum_group *group = &batch->span.groups[i];
		const struct imd_verdict verdict = judge_group(finder->volume, number, group);

		for (int copy = 0; copy < 2; copy++)
			finder->totals->imd_verified += group->verdict[copy] == CSUM_IMD_VALID;
		if (verdict.finding)
			add_imd(finder, number, &verdict);
	}
}

/* ------------------------------------------------------------------ data */

struct data_verdict {
	bool finding;
	enum csum_finding_kind kind;
	const char *reason;
};

static struct data_verdict judge_sector(enum csum_verdict verdict)
{
	switch (verdict) {
	case CSUM_VERDICT_OLDER:
		return (struct data_verdict){ true, CSUM_INTERRUPTED, "older content: an update was interrupted" };
	case CSUM_VERDICT_TRANSIENT:
		return (struct data_verdict){ true, CSUM_TRANSIENT, "an error that a second read did not show" };
	case CSUM_VERDICT_MISMATCH:
		return (struct data_verdict){ true, CSUM_MISMATCH, "content does not match its checksum" };
	case CSUM_VERDICT_ZEROED:
		return (struct data_verdict){ true, CSUM_ZEROED, "all bytes are zero, which is not what was written" };
	case CSUM_VERDICT_STALE:
		return (struct data_verdict){ true, CSUM_STALE, "an earlier content: the last write was lost" };
	case CSUM_VERDICT_UNREADABLE:
		return (struct data_verdict){ true, CSUM_UNREADABLE, "the device cannot read it" };
	case CSUM_VERDICT_MISSING:
		return (struct data_verdict){ true, CSUM_UNREADABLE, "beyond the end of the device" };
	case CSUM_VERDICT_LOST:
		return (struct data_verdict){ true, CSUM_IMD_LOST, "both imd copies are invalid: cannot be verified" };
	default:
		return (struct data_verdict){ 0 };
	}
}

static void hold_data(struct csum_finder *finder, const struct data_verdict *verdict, uint64_t sector,
		      uint64_t sector_count)
{
	const struct csum_geometry *geometry = csum_volume_geometry(finder->volume);
	struct csum_finding *held = &finder->data;

	if (held->sector_count && held->kind == verdict->kind && held->reason == verdict->reason &&
	    held->first_sector + held->sector_count == sector) {
		held->sector_count += sector_count;
		held->has_checksum = false;
		return;
	}
	csum_finder_flush(finder);
	*held = (struct csum_finding){
		.kind = verdict->kind,
		.subject = CSUM_SUBJECT_DATA,
		.first_sector = sector,
		.sector_count = sector_count,
		.first_group = csum_layout_group_of(geometry, sector),
		.device = finder->volume->data->name,
		.device_offset_bytes = csum_layout_data_offset(geometry, sector),
		.reason = verdict->reason,
	};
}

static bool has_checksum(enum csum_verdict verdict)
{
	return verdict == CSUM_VERDICT_MISMATCH || verdict == CSUM_VERDICT_ZEROED || verdict == CSUM_VERDICT_STALE;
}

static void add_sector(struct csum_finder *finder, const struct csum_scan_batch *batch, uint64_t i,
		       const struct data_verdict *verdict)
{
	const struct csum_geometry *geometry = csum_volume_geometry(finder->volume);
	uint64_t sector = batch->first_sector + i;
	uint64_t group = csum_layout_group_of(geometry, sector);
	struct csum_finding *held = &finder->data;

	hold_data(finder, verdict, sector, 1);
	if (held->sector_count != 1 || !has_checksum((enum csum_verdict)batch->verdict[i]))
		return;
	held->has_checksum = true;
	held->expected_entry = csum_group_entry(csum_span_group(&batch->span, group),
						(uint32_t)(sector - csum_layout_first_sector(geometry, group)));
	held->computed_entry = batch->entry[i];
}

static void count_sector(struct csum_totals *totals, enum csum_verdict verdict)
{
	totals->sectors_verified += verdict == CSUM_VERDICT_GOOD || verdict == CSUM_VERDICT_TRANSIENT;
	totals->sectors_transient += verdict == CSUM_VERDICT_TRANSIENT;
	totals->sectors_unwritten += verdict == CSUM_VERDICT_UNWRITTEN;
	totals->sectors_interrupted += verdict == CSUM_VERDICT_OLDER;
	totals->sectors_bad += csum_verdict_is_bad(verdict);
}

void csum_finder_data(struct csum_finder *finder, const struct csum_scan_batch *batch, bool lost_as_data)
{
	for (uint64_t i = 0; i < batch->sector_count; i++) {
		enum csum_verdict sector = (enum csum_verdict)batch->verdict[i];
		struct data_verdict verdict;

		count_sector(finder->totals, sector);
		if (sector == CSUM_VERDICT_GOOD || sector == CSUM_VERDICT_UNWRITTEN)
			continue;
		verdict = judge_sector(sector);
		if (!verdict.finding || (sector == CSUM_VERDICT_LOST && !lost_as_data))
			continue;
		count(finder, verdict.kind, 1);
		add_sector(finder, batch, i, &verdict);
	}
}

void csum_finder_sector(struct csum_finder *finder, const struct csum_scan_batch *batch, uint64_t i)
{
	const struct data_verdict verdict = judge_sector((enum csum_verdict)batch->verdict[i]);

	add_sector(finder, batch, i, &verdict);
}

void csum_finder_missing(struct csum_finder *finder, uint64_t first_sector, uint64_t sector_count)
{
	const struct data_verdict verdict = judge_sector(CSUM_VERDICT_MISSING);

	count(finder, verdict.kind, sector_count);
	finder->totals->sectors_bad += sector_count;
	hold_data(finder, &verdict, first_sector, sector_count);
}
