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
	{ "The volume was not closed by its last writer, or one is at work: no error. The next\n"
	  "opening for writing (write, discard) recovers it.",
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
	{ "While superblock A or B is valid the volume works; the next opening for writing\n"
	  "renews the other. With neither it can only be read.",
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

static uint64_t sectors_seen(const struct csum_totals *totals)
{
	return totals->sectors_verified + totals->sectors_unwritten + totals->sectors_bad;
}

static void print_counts(const struct csum_totals *totals)
{
	const char *between = "";

	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++) {
		if (!totals->findings[kind])
			continue;
		printf("%s%" PRIu64 " %s", between, totals->findings[kind],
		       csum_finding_name((enum csum_finding_kind)kind));
		between = ", ";
	}
	putchar('\n');
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

static void print_summary(const struct checking *checking, int error)
{
	const struct csum_totals *totals = &checking->totals;
	uint64_t bytes = totals->sectors_verified * checking->sector_size;
	char duration[TEXT_MAX], rate[TEXT_MAX];

	text_duration(duration, checking->seconds);
	if (checking->metadata_only)
		printf("%" PRIu64 " imd sectors right, in %s; data not looked at\n", totals->imd_verified, duration);
	else
		printf("%" PRIu64 " data sectors: %" PRIu64 " right, %" PRIu64 " unwritten, %" PRIu64 " bad; %" PRIu64
		       " imd sectors right; in %s, %s\n",
		       sectors_seen(totals), totals->sectors_verified, totals->sectors_unwritten, totals->sectors_bad,
		       totals->imd_verified, duration, text_rate(rate, bytes, checking->seconds));
	if (totals->sectors_interrupted)
		printf("%" PRIu64 " of the right ones hold what an interrupted write left\n",
		       totals->sectors_interrupted);
	if (error)
		printf("not finished: %s\n", error == -ECANCELED ? "cancelled" : "the check could not go on");
	if (totals->errors) {
		printf("%s: ERRORS: ", checking->report->volume);
		print_counts(totals);
	} else if (!error) {
		printf("%s: no errors\n", checking->report->volume);
	}
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
		if (!report->json && !report->quiet)
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
