/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard in a scrub: a bad sector that others wrote, or may have, is left as it is. What the guard says of places is
 * joined here with the class of each sector, and what a scrub has seen is kept for the next one. (doc/guard.md)
 */
#include "scrub/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/report.h"
#include "base/util.h"
#include "scrub/slots.h"

struct csum_scrub_guard {
	struct csum_guard *asked; /* NULL: not asked yet */
	enum csum_scrub_ruling ruling;
	bool reason_said; /* why sectors are left */
};

struct csum_scrub_guard *csum_scrub_guard_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_guard));
}

void csum_scrub_guard_free(struct csum_scrub_guard *guard)
{
	if (guard)
		csum_guard_free(guard->asked);
	free(guard);
}

enum csum_guard_verdict csum_scrub_guard_verdict(const struct csum_scrub *scrub)
{
	return csum_guard_verdict(scrub->guard->asked);
}

enum csum_guard_cover csum_scrub_guard_cover(const struct csum_scrub *scrub, uint64_t sector)
{
	return csum_guard_cover(scrub->guard->asked, sector);
}

bool csum_scrub_guard_on_file(const struct csum_scrub *scrub)
{
	return csum_guard_on_file(scrub->guard->asked);
}

int csum_scrub_guard_refresh(struct csum_scrub *scrub)
{
	return csum_guard_refresh(scrub->guard->asked);
}

void csum_scrub_guard_rule(struct csum_scrub *scrub, enum csum_scrub_ruling ruling)
{
	scrub->guard->ruling = ruling;
}

static bool allowed(const struct csum_scrub *scrub)
{
	return scrub->volume->allow & CSUM_ALLOW_REWRITTEN;
}

/* ------------------------------------------------------------------ before anything is written */

static void put_verdict(struct csum_scrub *scrub, enum csum_guard_verdict verdict, const char *reason)
{
	struct csum_totals *totals = &scrub->result->totals;

	totals->guard = verdict;
	snprintf(totals->guard_reason, sizeof(totals->guard_reason), "%s", reason);
}

int csum_scrub_guard_begin(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	enum csum_guard_depth depth = scrub->options->metadata_only ? CSUM_GUARD_OPENING : CSUM_GUARD_SCAN;
	enum csum_guard_verdict verdict;
	int error = csum_guard_create(volume, depth, volume->allow, &scrub->guard->asked);

	if (error)
		return error;
	verdict = csum_guard_verdict(scrub->guard->asked);
	put_verdict(scrub, verdict, csum_guard_reason(scrub->guard->asked));
	volume->ours = csum_guard_ours(scrub->guard->asked);
	if (verdict != CSUM_GUARD_OTHER_DATA)
		return 0;
	/* A check may go on: reading does no harm, and shows what there is. */
	if (scrub->mode != CSUM_SCRUB_LOOK)
		return csum_guard_refuse(scrub->guard->asked);
	csum_report_warning(&volume->handlers, volume->data->name, "%s", csum_guard_reason(scrub->guard->asked));
	return 0;
}

/* ------------------------------------------------------------------ what may be repaired */

static bool permits(const struct csum_scrub *scrub, const struct csum_scrub_bad *bad, bool blank, enum csum_means means)
{
	if (bad->cover != CSUM_COVER_NONE || csum_guard_on_file(scrub->guard->asked))
		return csum_guard_permits(scrub->guard->asked, bad->cover, bad->class, blank, means);
	return scrub->guard->ruling == CSUM_SCRUB_DECIDED &&
	       csum_guard_permits_undecided(scrub->guard->asked, bad->found.sector, bad->class, blank);
}

void csum_scrub_guard_classify(struct csum_scrub *scrub, struct csum_scrub_bad *bad, bool known)
{
	/*
	 * Beyond the end of the device nothing was written; and other data than that of this metadata has no classes.
	 */
	if (bad->gone || bad->cover == CSUM_COVER_ALL || bad->found.verdict == CSUM_VERDICT_MISSING ||
	    csum_scrub_guard_verdict(scrub) == CSUM_GUARD_OTHER_DATA)
		return;
	/* A sector that joined the table as the last one has not been read again, so its class is not known. */
	if (bad->class == CSUM_CLASS_NONE)
		bad->class = bad->readable ? CSUM_CLASS_NEW : CSUM_CLASS_DEAD;
	if (bad->class == CSUM_CLASS_NEW && known)
		bad->class = CSUM_CLASS_KNOWN;
	bad->outcome.class = bad->class;
	/* If not even the content of a replica is permitted, nothing is. */
	bad->outcome.rewritten = !permits(scrub, bad, false, CSUM_MEANS_REPLICA);
	if (bad->outcome.rewritten)
		bad->outcome.has_other_sector = false;
}

bool csum_scrub_guard_permits(struct csum_scrub *scrub, const struct csum_scrub_bad *bad, const uint8_t *content,
			      enum csum_means means, struct csum_outcome *outcome)
{
	if (bad->cover == CSUM_COVER_ALL)
		return true;
	outcome->rewritten = !permits(scrub, bad, csum_is_blank(content, scrub->sector_size), means);
	return !outcome->rewritten;
}

void csum_scrub_guard_explain(struct csum_scrub *scrub)
{
	const struct csum_volume *volume = scrub->volume;
	const char *reason = scrub->result->totals.guard_reason;

	if (scrub->guard->reason_said)
		return;
	scrub->guard->reason_said = true;
	/* The guard may have found more when it was asked again. */
	if (scrub->result->totals.guard != CSUM_GUARD_UNDECIDED)
		put_verdict(scrub, csum_guard_verdict(scrub->guard->asked), csum_guard_reason(scrub->guard->asked));
	csum_report_warning(&volume->handlers, volume->data->name,
			    "others wrote the data, or may have, so what does not match is %s: %s",
			    scrub->mode == CSUM_SCRUB_LOOK ? "not called damage" : "left as it is",
			    reason[0] ? reason : "only a scrub of all of it in one run can decide");
}

/* ------------------------------------------------------------------ for the next one */

static void hold(struct csum_scrub *scrub, uint32_t reason)
{
	struct csum_data_record *record = &scrub->volume->superblock.record;

	if (record->held_reason == CSUM_HELD_NOT)
		record->held_since = (uint64_t)time(NULL);
	if (record->held_reason != CSUM_HELD_REWRITTEN)
		record->held_reason = reason;
}

/* A whole pass that found everything right, or that put back what was recorded. */
static bool ends_hold(const struct csum_scrub *scrub)
{
	const struct csum_scrub_result *result = scrub->result;

	return scrub->complete && result->end == CSUM_SCRUB_COMPLETE && (result->totals.errors == 0 || allowed(scrub));
}

/* Whether all data is as it was recorded, and the file was not written by others during the pass. */
static bool all_is_right(const struct csum_scrub *scrub)
{
	const struct csum_scrub_result *result = scrub->result;

	return scrub->complete && result->end == CSUM_SCRUB_COMPLETE && result->totals.errors == 0 &&
	       csum_guard_same_time(scrub->guard->asked);
}

int csum_scrub_guard_end(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	const struct csum_data_record before = volume->superblock.record;
	struct csum_data_record *record = &volume->superblock.record;
	bool refused;
	int error = 0;

	if (scrub->mode != CSUM_SCRUB_REPAIR || csum_scrub_slots_stuck(scrub) || csum_io_failed(volume->io))
		return 0;
	if (ends_hold(scrub)) {
		record->held_reason = CSUM_HELD_NOT;
		record->held_since = 0;
	} else if (scrub->result->totals.guard == CSUM_GUARD_REWRITTEN && !allowed(scrub)) {
		hold(scrub, CSUM_HELD_REWRITTEN);
	} else if (scrub->result->totals.guard == CSUM_GUARD_UNDECIDED) {
		hold(scrub, CSUM_HELD_UNDECIDED);
	}
	if (volume->ours || all_is_right(scrub))
		error = csum_guard_record(volume);
	/* A scrub on record writes the slot anyway. */
	if (error || scrub->result->recorded || memcmp(&before, record, sizeof(before)) == 0)
		return error;
	return csum_scrub_slots_write(scrub, &refused);
}
