/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/scrub.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "show/info.h"
#include "show/text.h"
#include "show/totals.h"

/* Advice on findings that were left. */
static const struct advice advice[] = {
	TOTALS_ADVICE_REWRITTEN,
	{ "What is not the volume's is still there, and every command that writes needs\n"
	  "--allow=foreign until it is gone: wipefs(8) shows it, and removes it.",
	  1u << CSUM_FOREIGN },
	{ "Sectors that were left keep being refused until they hold right content: give a good copy\n"
	  "of the data with --from=REPLICA, or write them whole with 'csumtool write --offset=...'.",
	  TOTALS_BAD_DATA },
	{ "Groups without integrity metadata cannot be verified: 'csumtool read --on-error=raw'\n"
	  "hands out what is stored; a write or discard of the whole group makes it sound again.",
	  1u << CSUM_IMD_LOST },
};

static void count_left(const struct csum_scrub_result *result, uint64_t left[CSUM_FINDING_KINDS])
{
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++)
		left[kind] = result->totals.findings[kind] - result->repaired[kind];
}

uint64_t scrub_left_earlier(const struct scrubbing *scrubbing, int error)
{
	const struct csum_scrub_result *result = &scrubbing->result;

	if (error || !result->recorded || !result->resumed || result->end != CSUM_SCRUB_COMPLETE)
		return 0;
	return result->record.totals.left_bad - result->sectors_left;
}

static void print_found(const struct scrubbing *scrubbing, int error)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	const struct csum_totals *totals = &result->totals;
	bool finished = !error && result->end == CSUM_SCRUB_COMPLETE;

	text_put(stdout, scrubbing->report->volume);
	if (totals->errors)
		printf(": %" PRIu64 " error%s", totals->errors, text_plural(totals->errors));
	else if (scrub_left_earlier(scrubbing, error))
		printf(": no errors in this part");
	else
		printf(": no errors%s", finished ? "" : " so far");
	totals_print_kinds(totals->findings, true, ": ");
	totals_print_kinds(totals->findings, false, "; ");
	putchar('\n');
}

static void print_repaired(const struct scrubbing *scrubbing)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	const char *done = scrubbing->how.dry_run ? "could be repaired" : "repaired";
	bool everything = scrubbing->whole && result->end == CSUM_SCRUB_COMPLETE && !result->record.totals.left_bad;
	uint64_t left[CSUM_FINDING_KINDS];

	if (result->recovered)
		printf("an interrupted update %s\n",
		       scrubbing->how.dry_run ? "would be put in order" : "was put in order");
	if (!result->totals.errors)
		return;
	if (!result->errors_left) {
		printf("%s %s\n", everything ? "all" : "all of these", done);
		return;
	}
	count_left(result, left);
	printf("%" PRIu64 " %s, %" PRIu64 " LEFT", result->errors_repaired, done, result->errors_left);
	totals_print_kinds(left, true, ": ");
	putchar('\n');
}

/* Prints the totals of the whole scrub, where this run continued one. */
static void print_record(const struct csum_scrub_record *record)
{
	const struct csum_scrub_totals *totals = &record->totals;
	char started[TEXT_MAX];

	printf("since %s: %" PRIu64 " data sectors right, %" PRIu64 " unwritten, %" PRIu64 " repaired, %" PRIu64
	       " left bad; %" PRIu64 " imd sectors repaired\n",
	       text_time(started, record->started), totals->verified, totals->unwritten, totals->repaired,
	       totals->left_bad, totals->imd_repaired);
}

/* Says where the next run goes on, by the record. The record may be behind: a device that is gone could not take it. */
static void print_next(const struct scrubbing *scrubbing)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	uint64_t sector = result->record.next_group * scrubbing->sectors_per_group;

	if (sector == result->next_sector)
		printf("; the next scrub goes on there");
	else if (sector == 0)
		printf("; the next scrub begins anew");
	else
		printf("; the next scrub goes on at data sector %" PRIu64, sector);
}

static void print_end(const struct scrubbing *scrubbing, int error)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	const char *why = "it could not go on";

	if (!error && result->end == CSUM_SCRUB_COMPLETE)
		return;
	if (error == -ECANCELED)
		why = "cancelled";
	else if (!error && result->end == CSUM_SCRUB_TIME_LIMIT)
		why = "the time limit";
	else if (!error && result->end == CSUM_SCRUB_MAX_ERRORS)
		why = "too many errors (--max-errors)";
	if (result->errors_open)
		printf("%" PRIu64 " error%s found last, and left for the next scrub\n", result->errors_open,
		       result->errors_open == 1 ? " was" : "s were");
	printf("NOT FINISHED: %s; data sectors up to %" PRIu64 " of %" PRIu64 " done (%.1f %%)", why,
	       result->next_sector, result->end_sector,
	       result->end_sector ? 100.0 * (double)result->next_sector / (double)result->end_sector : 0.0);
	if (result->recorded)
		print_next(scrubbing);
	putchar('\n');
}

static const char *undo_file(const struct scrubbing *scrubbing)
{
	return scrubbing->how.undo_file ? scrubbing->how.undo_file : scrubbing->undo_made;
}

static void print_undo(const struct scrubbing *scrubbing)
{
	if (!scrubbing->result.undo_records || !undo_file(scrubbing))
		return;
	if (!scrubbing->result.undo_sectors) {
		printf("The metadata that was overwritten is kept in ");
		text_put(stdout, undo_file(scrubbing));
		printf(".\n");
		return;
	}
	printf("What was overwritten is kept: 'csumtool undo ");
	if (scrubbing->metadata) {
		printf("-m ");
		text_put(stdout, scrubbing->metadata);
		putchar(' ');
	}
	if (scrubbing->undo_dir_given) {
		printf("--undo-dir=");
		text_put(stdout, scrubbing->undo_dir_given);
		putchar(' ');
	}
	if (scrubbing->how.undo_file) {
		text_put(stdout, scrubbing->how.undo_file);
		putchar(' ');
	}
	text_put(stdout, scrubbing->report->volume);
	printf("' puts it back.\n");
}

static void print_advice(const struct scrubbing *scrubbing)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	uint64_t left[CSUM_FINDING_KINDS];
	unsigned int kinds;

	count_left(result, left);
	kinds = totals_kinds(left);
	if (result->still_active)
		printf("What an interrupted writer left could not be put in order, so nothing else was repaired;\n"
		       "a good copy of the data, given with --from=REPLICA, may help.\n");
	totals_advise(advice, sizeof(advice) / sizeof(advice[0]), kinds);
	if ((kinds & TOTALS_BAD_DATA) && scrubbing->checksum != CSUM_CRC64 && scrubbing->how.heal == CSUM_HEAL_DEFAULT)
		printf("--heal=replica,bits would correct single bits; as the checksum has 32 bits only, it may take\n"
		       "one in 100,000 sectors of garbage for a single bit.\n");
	if (scrubbing->weak_sectors)
		printf("%" PRIu64 " sector%s healed by a 32-bit checksum, which may be wrong by chance: compare\n"
		       "with a copy of the data where there is one.\n",
		       scrubbing->weak_sectors, scrubbing->weak_sectors == 1 ? " was" : "s were");
	if (result->end == CSUM_SCRUB_MAX_ERRORS)
		printf("A device with many errors may be failing: copy the data off it first, with\n"
		       "'csumtool read --on-error=zero'.\n");
	print_undo(scrubbing);
	if (scrubbing->how.dry_run && (result->errors_repaired || result->recovered))
		printf("Nothing was written (--dry-run).\n");
}

void scrub_print_summary(const struct scrubbing *scrubbing, int error)
{
	const struct csum_scrub_result *result = &scrubbing->result;

	totals_print(&result->totals, scrubbing->sector_size, scrubbing->how.metadata_only, scrubbing->seconds);
	if (result->resumed)
		print_record(&result->record);
	print_found(scrubbing, error);
	print_repaired(scrubbing);
	if (scrub_left_earlier(scrubbing, error))
		printf("%" PRIu64 " bad sector%s LEFT by the earlier parts of this scrub\n",
		       scrub_left_earlier(scrubbing, error), text_plural(scrub_left_earlier(scrubbing, error)));
	print_end(scrubbing, error);
	print_advice(scrubbing);
}

static const char *end_name(enum csum_scrub_end end, int error)
{
	static const char *const names[] = {
		[CSUM_SCRUB_COMPLETE] = "complete",
		[CSUM_SCRUB_TIME_LIMIT] = "time-limit",
		[CSUM_SCRUB_MAX_ERRORS] = "max-errors",
		[CSUM_SCRUB_FAILED] = "failed",
	};

	if (error)
		return error == -ECANCELED ? "cancelled" : "failed";
	return names[end];
}

static json_t *run_json(const struct scrubbing *scrubbing, int error)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	const char *undo = undo_file(scrubbing);

	return json_pack("{s:o,s:b,s:b,s:s,s:b,s:o,s:o,s:o,s:b,s:b,s:b,s:o,s:o,s:f}", "offset",
			 report_count(scrubbing->how.offset_bytes), "metadata_only", scrubbing->how.metadata_only,
			 "dry_run", scrubbing->how.dry_run, "end", end_name(result->end, error), "complete",
			 !error && result->end == CSUM_SCRUB_COMPLETE, "first_sector",
			 report_count(result->first_sector), "next_sector", report_count(result->next_sector),
			 "end_sector", report_count(result->end_sector), "recovered", result->recovered, "still_active",
			 result->still_active, "resumed", result->resumed, "record",
			 result->recorded ? info_scrub_json(&result->record) : json_null(), "undo_file",
			 undo ? report_text(undo) : json_null(), "seconds", scrubbing->seconds);
}

static json_t *repairs_json(const struct scrubbing *scrubbing)
{
	const struct csum_scrub_result *result = &scrubbing->result;

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "errors_open", report_count(result->errors_open),
			 "repaired", totals_kinds_json(result->repaired), "errors_repaired",
			 report_count(result->errors_repaired), "errors_left", report_count(result->errors_left),
			 "sectors_repaired", report_count(result->sectors_repaired), "sectors_left",
			 report_count(result->sectors_left), "sectors_weak", report_count(scrubbing->weak_sectors),
			 "imd_repaired", report_count(result->imd_repaired), "undo_records",
			 report_count(result->undo_records), "undo_sectors", report_count(result->undo_sectors));
}

json_t *scrub_summary_json(const struct scrubbing *scrubbing, int error)
{
	json_t *object = totals_json(&scrubbing->result.totals);
	json_t *run = run_json(scrubbing, error);
	json_t *repairs = repairs_json(scrubbing);

	if (object && run && repairs) {
		json_object_update(object, run);
		json_object_update(object, repairs);
	}
	json_decref(run);
	json_decref(repairs);
	return object;
}
