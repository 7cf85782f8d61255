/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "finder.h"

#include <inttypes.h>
#include <stdio.h>
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

const char *csum_means_name(enum csum_means means)
{
	static const char *const names[CSUM_MEANS_COUNT] = {
		[CSUM_MEANS_NONE] = "",
		[CSUM_MEANS_REPLICA] = "replica",
		[CSUM_MEANS_ELSEWHERE] = "elsewhere",
		[CSUM_MEANS_ONE_BIT] = "one-bit",
		[CSUM_MEANS_BURST] = "burst",
		[CSUM_MEANS_TWO_BITS] = "two-bits",
		[CSUM_MEANS_OTHER_COPY] = "other-copy",
	};

	return names[means];
}

static void count(struct csum_finder *finder, enum csum_finding_kind kind, uint64_t number,
		  const struct csum_outcome *outcome)
{
	bool is_error = csum_finding_is_error(kind);

	finder->totals->findings[kind] += number;
	if (is_error)
		finder->totals->errors += number;
	if (!finder->repaired || outcome->disposition == CSUM_LEFT)
		return;
	finder->repaired[kind] += number;
	if (is_error)
		*finder->errors_repaired += number;
}

static const char *how_text(const struct csum_finding *finding, char *text, size_t size)
{
	switch (finding->means) {
	case CSUM_MEANS_REPLICA:
		snprintf(text, size, "from replica %s", finding->replica);
		return text;
	case CSUM_MEANS_ELSEWHERE:
		snprintf(text, size, "from data sector %" PRIu64, finding->source_sector);
		return text;
	case CSUM_MEANS_ONE_BIT:
		return "1 bit";
	case CSUM_MEANS_BURST:
		snprintf(text, size, "burst of %u bits", finding->bits);
		return text;
	case CSUM_MEANS_TWO_BITS:
		return "2 bits";
	case CSUM_MEANS_OTHER_COPY:
		return "from the other copy";
	default:
		return finding->how ? finding->how : "";
	}
}

static void report(struct csum_finder *finder, const struct csum_finding *finding)
{
	struct csum_finding complete = *finding;
	char text[1024];

	if (!finder->report)
		return;
	complete.how = how_text(finding, text, sizeof(text));
	finder->report(finder->user, &complete);
}

static void put_outcome(struct csum_finding *finding, const struct csum_outcome *outcome)
{
	finding->disposition = outcome->disposition;
	finding->means = outcome->means;
	finding->bits = outcome->bits;
	finding->replica = outcome->replica;
	finding->source_sector = outcome->source_sector;
	finding->has_other_sector = outcome->has_other_sector;
	finding->other_sector = outcome->other_sector;
	finding->how = outcome->why;
}

/* Whether the outcome of the next sector, or group, goes on with that of the finding held back. */
static bool same_outcome(const struct csum_finding *held, const struct csum_outcome *outcome)
{
	return held->disposition == outcome->disposition && held->means == outcome->means &&
	       held->bits == outcome->bits && held->replica == outcome->replica && held->how == outcome->why &&
	       held->has_other_sector == outcome->has_other_sector &&
	       (!held->has_other_sector || held->other_sector + held->sector_count == outcome->other_sector) &&
	       (held->means != CSUM_MEANS_ELSEWHERE ||
		held->source_sector + held->sector_count == outcome->source_sector);
}

static const struct csum_outcome left;

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

static uint64_t slot_offset(const struct csum_volume *volume, enum csum_slot slot)
{
	if (slot == CSUM_SLOT_C)
		return csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes);
	return slot == CSUM_SLOT_A ? CSUM_SLOT_A_OFFSET : CSUM_SLOT_B_OFFSET;
}

void csum_finder_judge_slots(const struct csum_volume *volume, struct csum_slot_judgement judged[CSUM_SLOTS])
{
	const bool *valid = volume->slot_valid;

	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		/* A crash leaves at most one of A and B torn, and never C. */
		bool torn = slot != CSUM_SLOT_C && (valid[CSUM_SLOT_A] || valid[CSUM_SLOT_B]);

		judged[slot] = (struct csum_slot_judgement){ 0 };
		if (!valid[slot])
			judged[slot] = (struct csum_slot_judgement){ true,
								     torn ? CSUM_INTERRUPTED : CSUM_SUPERBLOCK_BAD,
								     "magic or checksum wrong, or unreadable" };
		else if (!csum_superblock_same_static(&volume->slots[slot], &volume->slots[volume->governing]))
			judged[slot] =
				(struct csum_slot_judgement){ true, CSUM_SUPERBLOCK_BAD,
							      "static fields differ from the superblock in force" };
	}
}

void csum_finder_slot(struct csum_finder *finder, enum csum_slot slot, const struct csum_slot_judgement *judged,
		      const struct csum_outcome *outcome)
{
	struct csum_finding finding = {
		.kind = judged->kind,
		.subject = CSUM_SUBJECT_SUPERBLOCK,
		.slot = slot,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = slot_offset(finder->volume, slot),
		.reason = judged->reason,
	};

	if (!judged->finding)
		return;
	put_outcome(&finding, outcome);
	count(finder, judged->kind, 1, outcome);
	report(finder, &finding);
}

void csum_finder_superblocks(struct csum_finder *finder)
{
	struct csum_slot_judgement judged[CSUM_SLOTS];

	csum_finder_judge_slots(finder->volume, judged);
	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++)
		csum_finder_slot(finder, (enum csum_slot)slot, &judged[slot], &left);
}

void csum_finder_journal(struct csum_finder *finder, const struct csum_outcome *outcome)
{
	struct csum_finding finding = {
		.kind = CSUM_UNREADABLE,
		.subject = CSUM_SUBJECT_JOURNAL,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = CSUM_JOURNAL_OFFSET,
		.reason = "the device cannot read the journal, which an interrupted update may need",
	};

	put_outcome(&finding, outcome);
	count(finder, finding.kind, 1, outcome);
	report(finder, &finding);
}

/* ------------------------------------------------------------------ imd */

struct imd_verdict {
	bool finding;
	struct csum_imd_judgement judged;
};

static struct imd_verdict judge_one_invalid(const struct csum_group *group, bool in_intent)
{
	int copy = 1 - group->newer;
	enum csum_imd_verdict verdict = group->verdict[copy];
	/* A crash tears a copy; it does not make it unreadable or put another in its place. */
	bool torn = in_intent && (verdict == CSUM_IMD_NO_MAGIC || verdict == CSUM_IMD_WRONG_CRC);

	return (struct imd_verdict){ true,
				     { torn ? CSUM_INTERRUPTED : CSUM_IMD_BAD, copy, csum_imd_verdict_name(verdict) } };
}

static struct imd_verdict judge_both_valid(const struct csum_group *group, bool in_intent, uint32_t sector_size)
{
	if (csum_group_sound(group, sector_size))
		return (struct imd_verdict){ 0 };
	if (csum_imd_compare_generations(group->generation[0], group->generation[1]) == 0)
		return (struct imd_verdict){ true,
					     { CSUM_IMD_DIFFERS, 0, "generations do not tell which copy is newer" } };
	return (struct imd_verdict){ true,
				     { in_intent ? CSUM_INTERRUPTED : CSUM_IMD_DIFFERS, 1 - group->newer,
				       in_intent ? "older than the other copy: an update was interrupted" :
						   "entries differ from the other, newer copy" } };
}

static struct imd_verdict judge_group(const struct csum_volume *volume, uint64_t number, const struct csum_group *group)
{
	bool in_intent = csum_volume_in_intent(volume, number);

	if (group->newer < 0 && group->version_count)
		return (struct imd_verdict){ true,
					     { CSUM_INTERRUPTED, -1, "both copies invalid; the journal holds one" } };
	if (group->newer < 0)
		return (struct imd_verdict){ true, { CSUM_IMD_LOST, -1, "both copies invalid" } };
	if (group->verdict[1 - group->newer] != CSUM_IMD_VALID)
		return judge_one_invalid(group, in_intent);
	return judge_both_valid(group, in_intent, csum_volume_geometry(volume)->sector_size);
}

bool csum_finder_judge_group(const struct csum_volume *volume, uint64_t number, const struct csum_group *group,
			     struct csum_imd_judgement *judged)
{
	const struct imd_verdict verdict = judge_group(volume, number, group);

	*judged = verdict.judged;
	return verdict.finding;
}

void csum_finder_group(struct csum_finder *finder, uint64_t number, const struct csum_imd_judgement *judged,
		       const struct csum_outcome *outcome)
{
	const struct csum_geometry *geometry = csum_volume_geometry(finder->volume);
	struct csum_finding *held = &finder->imd;

	count(finder, judged->kind, 1, outcome);
	if (held->group_count && held->kind == judged->kind && held->copy == judged->copy &&
	    held->reason == judged->reason && held->first_group + held->group_count == number &&
	    same_outcome(held, outcome)) {
		held->group_count++;
		held->sector_count += csum_layout_group_sectors(geometry, number);
		return;
	}
	flush_imd(finder);
	*held = (struct csum_finding){
		.kind = judged->kind,
		.subject = CSUM_SUBJECT_IMD,
		.first_group = number,
		.group_count = 1,
		.first_sector = csum_layout_first_sector(geometry, number),
		.sector_count = csum_layout_group_sectors(geometry, number),
		.copy = judged->copy,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = csum_layout_imd_offset(geometry, number, judged->copy < 0 ? 0 : judged->copy),
		.reason = judged->reason,
	};
	put_outcome(held, outcome);
}

void csum_finder_imd(struct csum_finder *finder, const struct csum_scan_batch *batch)
{
	for (uint64_t i = 0; i < batch->span.group_count; i++) {
		uint64_t number = batch->span.first_group + i;
		const struct csum_group *group = &batch->span.groups[i];
		struct csum_imd_judgement judged;

		for (int copy = 0; copy < 2; copy++)
			finder->totals->imd_verified += group->verdict[copy] == CSUM_IMD_VALID;
		if (csum_finder_judge_group(finder->volume, number, group, &judged))
			csum_finder_group(finder, number, &judged, &left);
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
		      uint64_t sector_count, const struct csum_outcome *outcome)
{
	const struct csum_geometry *geometry = csum_volume_geometry(finder->volume);
	struct csum_finding *held = &finder->data;

	if (held->sector_count && held->kind == verdict->kind && held->reason == verdict->reason &&
	    held->first_sector + held->sector_count == sector && same_outcome(held, outcome)) {
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
	put_outcome(held, outcome);
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

	hold_data(finder, verdict, sector, 1, &left);
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

		if (finder->bad_apart && csum_verdict_is_bad(sector) && sector != CSUM_VERDICT_LOST)
			continue;
		count_sector(finder->totals, sector);
		if (sector == CSUM_VERDICT_GOOD || sector == CSUM_VERDICT_UNWRITTEN)
			continue;
		verdict = judge_sector(sector);
		if (!verdict.finding || (sector == CSUM_VERDICT_LOST && !lost_as_data))
			continue;
		count(finder, verdict.kind, 1, &left);
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

	count(finder, verdict.kind, sector_count, &left);
	finder->totals->sectors_bad += sector_count;
	hold_data(finder, &verdict, first_sector, sector_count, &left);
}

void csum_finder_bad(struct csum_finder *finder, const struct csum_bad_sector *bad, const struct csum_outcome *outcome)
{
	struct data_verdict verdict = judge_sector(bad->verdict);

	if (outcome->has_other_sector)
		verdict = (struct data_verdict){ true, CSUM_MISPLACED, "holds the content of another sector" };
	finder->totals->sectors_bad++;
	count(finder, verdict.kind, 1, outcome);
	hold_data(finder, &verdict, bad->sector, 1, outcome);
	if (finder->data.sector_count != 1 || !has_checksum(bad->verdict))
		return;
	finder->data.has_checksum = true;
	finder->data.expected_entry = bad->expected_entry;
	finder->data.computed_entry = bad->computed_entry;
}
