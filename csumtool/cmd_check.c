/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>

#include "command.h"
#include "finding.h"
#include "text.h"
#include "volume.h"

/* One run of the command. */
struct checking {
	struct report *report;
	struct range range;
	bool metadata_only;
	uint32_t sector_size;
	uint64_t offset, length;
	struct csum_totals totals;
	double seconds;
};

/* What to do about findings. Those of one text are counted together. */
static const struct {
	const char *text;
	unsigned int kinds;
} advice[] = {
	{ "What a crash leaves, or a writer that is at work, is no error: the next opening for\n"
	  "writing (write, discard) puts it right.",
	  1u << CSUM_INTERRUPTED },
	{ "Bad sectors keep being refused until they are written whole: put right content there\n"
	  "with 'csumtool write --offset=...', or see what is stored with\n"
	  "'csumtool read --on-error=raw'.",
	  1u << CSUM_MISMATCH | 1u << CSUM_ZEROED | 1u << CSUM_STALE | 1u << CSUM_MISPLACED | 1u << CSUM_UNREADABLE },
	{ "One good copy of the integrity metadata is left of such groups, and serves; the next\n"
	  "write to the group renews the other.",
	  1u << CSUM_IMD_BAD | 1u << CSUM_IMD_DIFFERS },
	{ "Groups without integrity metadata cannot be verified: 'csumtool read --on-error=raw'\n"
	  "hands out what is stored; a write or discard of the whole group makes it sound again.",
	  1u << CSUM_IMD_LOST },
	{ "A volume works while superblock A or B is valid, and opening it for writing renews the\n"
	  "other of the two; with neither it can only be read. C is their backup.",
	  1u << CSUM_SUPERBLOCK_BAD },
};

static void on_finding(void *user, const struct csum_finding *finding)
{
	struct checking *checking = user;
	struct report *report = checking->report;

	if (report->json) {
		report_object(report, finding_json(finding, checking->sector_size));
		return;
	}
	/* A run that finds nothing wrong is to be silent with -q: what is no error is left out. */
	if (report->quiet && !csum_finding_is_error(finding->kind))
		return;
	finding_print(stdout, finding, checking->sector_size);
	report_flush(report);
}

static int check_volume(struct checking *checking, struct csum_volume *volume)
{
	struct csum_check_options how = {
		.metadata_only = checking->metadata_only,
		.finding = on_finding,
		.user = checking,
	};
	double start = report_clock();
	int error;

	checking->sector_size = volume_sector_size(volume);
	error = range_bytes(checking->report, &checking->range, checking->sector_size, &how.offset_bytes,
			    &how.length_bytes);
	if (error)
		return error;
	checking->offset = how.offset_bytes;
	error = csum_check(volume, &how, &checking->totals);
	checking->seconds = report_clock() - start;
	return error;
}

static uint64_t sectors_right(const struct csum_totals *totals)
{
	return totals->sectors_verified + totals->sectors_interrupted;
}

static uint64_t sectors_seen(const struct csum_totals *totals)
{
	return sectors_right(totals) + totals->sectors_unwritten + totals->sectors_bad;
}

/* False when it failed at once: there is nothing to sum up. */
static bool anything_seen(const struct csum_totals *totals)
{
	return sectors_seen(totals) || totals->imd_verified || totals->errors;
}

/* The kinds of findings that are errors, or those that are none, after `before`; nothing when there are none. */
static void print_counts(const struct csum_totals *totals, bool errors, const char *before)
{
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++) {
		if (!totals->findings[kind] || csum_finding_is_error((enum csum_finding_kind)kind) != errors)
			continue;
		printf("%s%" PRIu64 " %s", before, totals->findings[kind],
		       csum_finding_name((enum csum_finding_kind)kind));
		before = ", ";
	}
}

static void print_advice(const struct csum_totals *totals)
{
	unsigned int found = 0;

	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++) {
		if (totals->findings[kind])
			found |= 1u << kind;
	}
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		if (found & advice[i].kinds)
			printf("%s\n", advice[i].text);
	}
}

static void print_sectors(const struct checking *checking)
{
	const struct csum_totals *totals = &checking->totals;
	uint64_t bytes = sectors_right(totals) * checking->sector_size;
	char duration[TEXT_MAX], rate[TEXT_MAX];

	text_duration(duration, checking->seconds);
	if (checking->metadata_only) {
		printf("%" PRIu64 " imd sectors right; data not looked at; in %s\n", totals->imd_verified, duration);
		return;
	}
	printf("%" PRIu64 " data sectors: %" PRIu64 " right, %" PRIu64 " unwritten, %" PRIu64 " bad\n",
	       sectors_seen(totals), sectors_right(totals), totals->sectors_unwritten, totals->sectors_bad);
	if (totals->sectors_interrupted)
		printf("of the right ones %" PRIu64 " hold what an interrupted write left\n",
		       totals->sectors_interrupted);
	printf("%" PRIu64 " imd sectors right; in %s", totals->imd_verified, duration);
	if (bytes)
		printf(", %s", text_rate(rate, bytes, checking->seconds));
	putchar('\n');
}

static void print_summary(const struct checking *checking, int error)
{
	const struct csum_totals *totals = &checking->totals;
	const char *volume = checking->report->volume;

	print_sectors(checking);
	text_put(stdout, volume);
	if (totals->errors)
		printf(": %" PRIu64 " error%s", totals->errors, text_plural(totals->errors));
	else
		printf(": no errors%s", error ? " so far" : "");
	print_counts(totals, true, ": ");
	print_counts(totals, false, "; ");
	if (error)
		printf("; NOT FINISHED: %s", error == -ECANCELED ? "cancelled" : "the check could not go on");
	putchar('\n');
	print_advice(totals);
}

static json_t *summary_json(const struct checking *checking, int error)
{
	const struct csum_totals *totals = &checking->totals;
	json_t *kinds = json_object();

	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++)
		json_object_set_new(kinds, csum_finding_name((enum csum_finding_kind)kind),
				    report_count(totals->findings[kind]));
	return json_pack("{s:o,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:f}", "offset", report_count(checking->offset),
			 "metadata_only", checking->metadata_only, "complete", !error, "sectors_verified",
			 report_count(totals->sectors_verified), "sectors_unwritten",
			 report_count(totals->sectors_unwritten), "sectors_bad", report_count(totals->sectors_bad),
			 "sectors_interrupted", report_count(totals->sectors_interrupted), "sectors_transient",
			 report_count(totals->sectors_transient), "imd_verified", report_count(totals->imd_verified),
			 "errors", report_count(totals->errors), "findings", kinds, "seconds", checking->seconds);
}

static int run(struct report *report, const struct options *options)
{
	struct checking checking = {
		.report = report,
		.metadata_only = options->given[OPT_METADATA_ONLY],
	};
	struct csum_volume *volume;
	int error;

	if (options_range(report, &command_check, options, &checking.range))
		return STATUS_USAGE;
	error = volume_open(report, options, false, &volume);
	if (!error) {
		error = volume_close(volume, check_volume(&checking, volume));
		if (!report->json && !report->quiet && (!error || anything_seen(&checking.totals)))
			print_summary(&checking, error);
	}
	return report_summary(report, report->json ? summary_json(&checking, error) : NULL,
			      report_status(report, error, checking.totals.errors));
}

static const struct poptOption table[] = {
	OPTION_RANGE,
	OPTION_FLAG("metadata-only", '\0', OPT_METADATA_ONLY, "only superblocks and integrity metadata"),
	OPTION_FORCE_MOUNTED,
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print errors only"),
	OPTIONS_END,
};

const struct command command_check = {
	.name = "check",
	.operands = "VOLUME",
	.summary = "verify checksums and integrity metadata",
	.description = "Reads a volume, or a range of it, and verifies superblocks, both copies of the\n"
		       "integrity metadata, and every data sector that was ever written. Prints a line\n"
		       "for every finding and then a summary. Writes nothing.",
	.operands_min = 1,
	.operands_max = 1,
	.options = table,
	.run = run,
};
