/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>

#include "cli/command.h"
#include "commands/volume.h"
#include "show/finding.h"
#include "show/text.h"
#include "show/totals.h"
#include "show/view.h"

/* One run of the command. */
struct checking {
	struct report *report;
	struct range range;
	struct size rate;
	bool metadata_only;
	uint32_t sector_size;
	uint64_t offset, length;
	struct csum_totals totals;
	double seconds;
};

/* Advice on findings. */
static const struct advice advice[] = {
	TOTALS_ADVICE_REWRITTEN,
	{ "What a crash leaves, or a writer that is at work, is no error: the next opening for\n"
	  "writing (write, discard, scrub) puts it right.",
	  1u << CSUM_INTERRUPTED },
	{ "Something else lies where the volume has its superblocks, so nothing is written to it. If it\n"
	  "is a volume all the same: 'csumtool scrub --allow=foreign', and wipefs(8) removes what is\n"
	  "left of the other. If it is none any more, 'csumtool superblock erase' clears what is left.",
	  1u << CSUM_FOREIGN },
	{ "Bad sectors keep being refused until they hold right content again: 'csumtool scrub'\n"
	  "heals what it can, with --from=REPLICA from a good copy of the data. Or write them whole\n"
	  "with 'csumtool write --offset=...', and see what is stored with\n"
	  "'csumtool read --on-error=raw'.",
	  TOTALS_BAD_DATA },
	{ "One good copy of the integrity metadata is left of such groups, and serves;\n"
	  "'csumtool scrub' rewrites the other.",
	  1u << CSUM_IMD_BAD | 1u << CSUM_IMD_DIFFERS },
	{ "Groups without integrity metadata cannot be verified: 'csumtool read --on-error=raw'\n"
	  "hands out what is stored; a write or discard of the whole group makes it sound again.",
	  1u << CSUM_IMD_LOST },
	{ "'csumtool scrub' rewrites superblocks. A volume works while A or B is valid; with\n"
	  "neither it can only be read until then. C is their backup.",
	  1u << CSUM_SUPERBLOCK_BAD },
};

static void print_found(void *run, const void *thing)
{
	const struct checking *checking = run;
	const struct csum_finding *finding = thing;

	/* With -q a run that finds no error is silent: findings that are no errors are left out. */
	if (!checking->report->quiet || csum_finding_is_error(finding->kind))
		finding_print(stdout, finding, checking->sector_size);
}

static json_t *found_json(void *run, const void *finding)
{
	const struct checking *checking = run;

	return finding_json(finding, checking->sector_size);
}

static void on_finding(void *user, const struct csum_finding *finding)
{
	static const struct view view = { print_found, found_json };
	struct checking *checking = user;

	view_show(checking->report, &view, checking, finding);
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
	if (!error && checking->rate.number)
		error = args_size_bytes(&checking->rate, checking->sector_size, &how.rate_bytes);
	if (error)
		return error;
	checking->offset = how.offset_bytes;
	error = csum_check(volume, &how, &checking->totals);
	checking->seconds = report_clock() - start;
	return error;
}

static void print_summary(void *run, int error)
{
	const struct checking *checking = run;
	const struct csum_totals *totals = &checking->totals;
	const char *volume = checking->report->volume;

	if (checking->report->quiet || (error && !totals_anything(totals)))
		return;
	totals_print(totals, checking->sector_size, checking->metadata_only, checking->seconds);
	text_put(stdout, volume);
	if (totals->errors)
		printf(": %" PRIu64 " error%s", totals->errors, text_plural(totals->errors));
	else
		printf(": no errors%s", error ? " so far" : "");
	totals_print_kinds(totals->findings, true, ": ");
	totals_print_kinds(totals->findings, false, "; ");
	if (error)
		printf("; NOT FINISHED: %s", error == -ECANCELED ? "cancelled" : "the check could not go on");
	putchar('\n');
	totals_advise(advice, sizeof(advice) / sizeof(advice[0]), totals_kinds(totals->findings));
}

static json_t *summary_json(void *run, int error)
{
	const struct checking *checking = run;
	json_t *object = totals_json(&checking->totals);
	json_t *own = json_pack("{s:o,s:b,s:b,s:f}", "offset", report_count(checking->offset), "metadata_only",
				checking->metadata_only, "complete", !error, "seconds", checking->seconds);

	if (object && own)
		json_object_update(object, own);
	json_decref(own);
	return object;
}

static int run(struct report *report, const struct options *options)
{
	static const struct view_end view = { print_summary, summary_json };
	struct checking checking = {
		.report = report,
		.metadata_only = options->given[OPT_METADATA_ONLY],
	};
	struct csum_volume *volume;
	int error;

	if (options_range(options, &checking.range) || options_size(options, OPT_RATE, false, &checking.rate))
		return STATUS_USAGE;
	error = volume_open(report, options, CSUM_READ, &volume);
	if (!error)
		error = volume_close(volume, check_volume(&checking, volume));
	return view_end(report, &view, &checking, error, report_status(report, error, checking.totals.errors));
}

static const struct poptOption table[] = {
	OPTION_RANGE,
	OPTION_FLAG("metadata-only", '\0', OPT_METADATA_ONLY, "only superblocks and integrity metadata"),
	OPTION_VALUE("rate", '\0', OPT_RATE, "read that much data a second at the most", "SIZE"),
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
