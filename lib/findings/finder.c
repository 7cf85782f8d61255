/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "findings/finder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "findings/finding.h"
#include "ondisk/layout.h"

static const char *const kind_names[CSUM_FINDING_KINDS] = {
	[CSUM_SUPERBLOCK_BAD] = "superblock-bad",
	[CSUM_FOREIGN] = "foreign",
	[CSUM_IMD_BAD] = "imd-bad",
	[CSUM_IMD_DIFFERS] = "imd-differs",
	[CSUM_IMD_LOST] = "imd-lost",
	[CSUM_INTERRUPTED] = "interrupted",
	[CSUM_MISMATCH] = "mismatch",
	[CSUM_ZEROED] = "zeroed",
	[CSUM_STALE] = "stale",
	[CSUM_MISPLACED] = "misplaced",
	[CSUM_UNREADABLE] = "unreadable",
	[CSUM_REWRITTEN] = "rewritten",
	[CSUM_TRANSIENT] = "transient",
};

const char *csum_finding_name(enum csum_finding_kind kind)
{
	return kind < CSUM_FINDING_KINDS ? kind_names[kind] : NULL;
}

bool csum_finding_is_error(enum csum_finding_kind kind)
{
	return kind != CSUM_INTERRUPTED && kind != CSUM_TRANSIENT;
}

const char *csum_class_name(enum csum_class class)
{
	static const char *const names[CSUM_CLASSES] = {
		[CSUM_CLASS_NONE] = "",	      [CSUM_CLASS_DEAD] = "dead",   [CSUM_CLASS_NEAR] = "near",
		[CSUM_CLASS_BLANK] = "blank", [CSUM_CLASS_KNOWN] = "known", [CSUM_CLASS_NEW] = "new",
	};

	return class < CSUM_CLASSES ? names[class] : NULL;
}

const char *csum_guard_verdict_name(enum csum_guard_verdict verdict)
{
	static const char *const names[] = {
		[CSUM_GUARD_DECAY] = "decay",		[CSUM_GUARD_BY_PLACE] = "by-place",
		[CSUM_GUARD_UNDECIDED] = "undecided",	[CSUM_GUARD_REWRITTEN] = "rewritten",
		[CSUM_GUARD_OTHER_DATA] = "other-data",
	};

	return verdict <= CSUM_GUARD_OTHER_DATA ? names[verdict] : NULL;
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

	return means < CSUM_MEANS_COUNT ? names[means] : NULL;
}

void csum_finding_count(struct csum_finder *finder, enum csum_finding_kind kind, uint64_t number,
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

void csum_finding_report(struct csum_finder *finder, const struct csum_finding *finding)
{
	struct csum_finding complete = *finding;
	char text[1024];

	if (!finder->report)
		return;
	complete.how = how_text(finding, text, sizeof(text));
	finder->report(finder->user, &complete);
}

void csum_finding_put_outcome(struct csum_finding *finding, const struct csum_outcome *outcome)
{
	finding->disposition = outcome->disposition;
	finding->means = outcome->means;
	finding->bits = outcome->bits;
	finding->replica = outcome->replica;
	finding->source_sector = outcome->source_sector;
	finding->has_other_sector = outcome->has_other_sector;
	finding->other_sector = outcome->other_sector;
	finding->how = outcome->why;
	finding->left_reason = outcome->reason;
	finding->content_class = outcome->class;
}

bool csum_finding_same_outcome(const struct csum_finding *held, const struct csum_outcome *outcome)
{
	return held->disposition == outcome->disposition && held->means == outcome->means &&
	       held->bits == outcome->bits && held->replica == outcome->replica && held->how == outcome->why &&
	       held->has_other_sector == outcome->has_other_sector &&
	       (!held->has_other_sector || held->other_sector + held->sector_count == outcome->other_sector) &&
	       (held->means != CSUM_MEANS_ELSEWHERE ||
		held->source_sector + held->sector_count == outcome->source_sector);
}

const struct csum_outcome csum_outcome_left;

void csum_finding_flush_imd(struct csum_finder *finder)
{
	if (finder->imd.group_count)
		csum_finding_report(finder, &finder->imd);
	finder->imd.group_count = 0;
}

static void flush_data(struct csum_finder *finder)
{
	if (finder->data.sector_count)
		csum_finding_report(finder, &finder->data);
	finder->data.sector_count = 0;
}

void csum_finder_flush(struct csum_finder *finder)
{
	csum_finding_flush_imd(finder);
	flush_data(finder);
}

struct data_verdict {
	bool finding;
	enum csum_finding_kind kind;
	const char *problem;
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

	if (held->sector_count && held->kind == verdict->kind && held->problem == verdict->problem &&
	    held->first_sector + held->sector_count == sector && csum_finding_same_outcome(held, outcome)) {
		held->sector_count += sector_count;
		if (outcome->class > held->content_class)
			held->content_class = outcome->class;
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
		.problem = verdict->problem,
	};
	csum_finding_put_outcome(held, outcome);
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

	hold_data(finder, verdict, sector, 1, &csum_outcome_left);
	if (held->sector_count != 1 || !has_checksum(batch->verdict[i]))
		return;
	held->has_checksum = true;
	held->expected_entry = csum_group_entry(csum_groups_group(&batch->span, group),
						(uint32_t)(sector - csum_layout_first_sector(geometry, group)));
	held->computed_entry = batch->entry[i];
}

/* Counts a sector whose verdict is neither simply good nor unwritten. */
static void count_sector(struct csum_totals *totals, enum csum_verdict verdict)
{
	totals->sectors_verified += verdict == CSUM_VERDICT_TRANSIENT;
	totals->sectors_transient += verdict == CSUM_VERDICT_TRANSIENT;
	totals->sectors_interrupted += verdict == CSUM_VERDICT_OLDER;
	totals->sectors_bad += csum_verdict_is_bad(verdict);
}

/* A sector that is neither simply good nor unwritten. Bad ones come by themselves, when it is known what becomes of them. */
static void add_found(struct csum_finder *finder, const struct csum_scan_batch *batch, uint64_t i)
{
	enum csum_verdict sector = batch->verdict[i];
	struct data_verdict verdict = judge_sector(sector);

	if (csum_verdict_is_bad(sector) && sector != CSUM_VERDICT_LOST)
		return;
	count_sector(finder->totals, sector);
	if (sector == CSUM_VERDICT_LOST || !verdict.finding)
		return;
	csum_finding_count(finder, verdict.kind, 1, &csum_outcome_left);
	add_sector(finder, batch, i, &verdict);
}

void csum_finder_data(struct csum_finder *finder, const struct csum_scan_batch *batch)
{
	for (uint64_t i = 0, next; i < batch->sector_count; i = next) {
		next = i + csum_scan_alike(batch, i);
		if (batch->verdict[i] == CSUM_VERDICT_GOOD) {
			finder->totals->sectors_verified += next - i;
			continue;
		}
		if (batch->verdict[i] == CSUM_VERDICT_UNWRITTEN) {
			finder->totals->sectors_unwritten += next - i;
			continue;
		}
		for (uint64_t k = i; k < next; k++)
			add_found(finder, batch, k);
	}
}

void csum_finder_sector(struct csum_finder *finder, const struct csum_scan_batch *batch, uint64_t i)
{
	const struct data_verdict verdict = judge_sector(batch->verdict[i]);

	add_sector(finder, batch, i, &verdict);
}

void csum_finder_missing(struct csum_finder *finder, uint64_t first_sector, uint64_t sector_count)
{
	const struct data_verdict verdict = judge_sector(CSUM_VERDICT_MISSING);

	csum_finding_count(finder, verdict.kind, sector_count, &csum_outcome_left);
	finder->totals->sectors_bad += sector_count;
	hold_data(finder, &verdict, first_sector, sector_count, &csum_outcome_left);
}

void csum_finder_bad(struct csum_finder *finder, const struct csum_bad_sector *bad, const struct csum_outcome *outcome)
{
	struct data_verdict verdict = judge_sector(bad->verdict);

	if (outcome->has_other_sector)
		verdict = (struct data_verdict){ true, CSUM_MISPLACED, "holds the content of another sector" };
	if (outcome->rewritten)
		verdict = (struct data_verdict){ true, CSUM_REWRITTEN, "others wrote it, or may have" };
	count_sector(finder->totals, bad->verdict);
	csum_finding_count(finder, verdict.kind, 1, outcome);
	hold_data(finder, &verdict, bad->sector, 1, outcome);
	if (finder->data.sector_count != 1 || !has_checksum(bad->verdict))
		return;
	finder->data.has_checksum = true;
	finder->data.expected_entry = bad->expected_entry;
	finder->data.computed_entry = bad->computed_entry;
}
