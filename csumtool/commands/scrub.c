/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/state_dir.h"
#include "commands/volume.h"
#include "os/priority.h"
#include "show/finding.h"
#include "show/scrub.h"
#include "show/text.h"
#include "show/totals.h"
#include "show/view.h"

/* Sizes that were typed in bytes or in sectors of a volume that is not open yet. */
struct sizes {
	struct range range;
	struct size rate;
};

static void print_found(void *run, const void *thing)
{
	const struct scrubbing *scrubbing = run;
	const struct csum_finding *finding = thing;

	/* With -q a run that finds no error is silent: findings that are no errors are left out. */
	if (!scrubbing->report->quiet || csum_finding_is_error(finding->kind))
		finding_print_scrubbed(stdout, finding, scrubbing->sector_size, scrubbing->checksum);
}

static json_t *found_json(void *run, const void *finding)
{
	const struct scrubbing *scrubbing = run;

	return finding_json_scrubbed(finding, scrubbing->sector_size, scrubbing->checksum);
}

static void on_finding(void *user, const struct csum_finding *finding)
{
	static const struct view view = { print_found, found_json };
	struct scrubbing *scrubbing = user;

	if (finding->disposition != CSUM_LEFT && finding_is_weak(finding, scrubbing->checksum))
		scrubbing->weak_sectors += finding->sector_count;
	view_show(scrubbing->report, &view, scrubbing, finding);
}

static void on_undo_made(void *user, const char *path)
{
	struct scrubbing *scrubbing = user;

	scrubbing->undo_made = strdup(path);
}

/* Says where an interrupted scrub goes on, when this run continues one. */
static void print_start(void *run, const void *thing)
{
	const struct scrubbing *scrubbing = run;
	const struct csum_volume_info *info = thing;
	const struct csum_scrub_record *record = &info->current_scrub;
	const struct report *report = scrubbing->report;
	char started[TEXT_MAX];

	if (!record->started || !record->next_group || !scrubbing->whole || scrubbing->how.dry_run ||
	    scrubbing->how.restart || report->quiet)
		return;
	text_put(stdout, report->volume);
	printf(": going on with the scrub begun %s, at group %" PRIu64 " of %" PRIu64 "\n",
	       text_time(started, record->started), record->next_group, info->geometry.groups);
}

static int scrub_volume(struct scrubbing *scrubbing, const struct sizes *sizes, struct csum_volume *volume)
{
	static const struct view start_view = { .text = print_start };
	struct csum_scrub_options *how = &scrubbing->how;
	struct csum_volume_info info;
	double start = report_clock();
	int error;

	csum_volume_get_info(volume, &info);
	scrubbing->sector_size = info.geometry.sector_size;
	scrubbing->sectors_per_group = info.geometry.sectors_per_group;
	scrubbing->checksum = info.checksum_type;
	error = range_bytes(scrubbing->report, &sizes->range, scrubbing->sector_size, &how->offset_bytes,
			    &how->length_bytes);
	if (!error && sizes->rate.number)
		error = args_size_bytes(&sizes->rate, scrubbing->sector_size, &how->rate_bytes);
	if (error)
		return error;
	scrubbing->whole = !how->metadata_only && !how->offset_bytes &&
			   how->length_bytes >= csum_volume_data_bytes(volume);
	view_show(scrubbing->report, &start_view, scrubbing, &info);
	error = csum_scrub(volume, how, &scrubbing->result);
	scrubbing->seconds = report_clock() - start;
	return error;
}

static int parse_heal(const struct options *options, unsigned int *heal)
{
	/* names[] is in the order of the bits of enum csum_heal. */
	static const char *const names[] = { "none", "replica", "elsewhere", "bits" };

	if (options_set(options, OPT_HEAL, names, sizeof(names) / sizeof(names[0]), heal))
		return STATUS_USAGE;
	if ((*heal & CSUM_HEAL_NOTHING) && *heal != CSUM_HEAL_NOTHING)
		return report_usage(options->report, "--heal: none excludes the others");
	return 0;
}

/* Chooses where overwritten content is kept; without any option, in the state directory. */
static int parse_undo(struct scrubbing *scrubbing, const struct options *options)
{
	struct csum_scrub_options *how = &scrubbing->how;
	struct report *report = scrubbing->report;
	const char *directory = options->value[OPT_UNDO_DIR];

	if (options_exclude(options, OPT_UNDO, OPT_UNDO_DIR) || options_exclude(options, OPT_UNDO, OPT_NO_UNDO) ||
	    options_exclude(options, OPT_UNDO_DIR, OPT_NO_UNDO))
		return STATUS_USAGE;
	how->undo_file = options->value[OPT_UNDO];
	if (how->undo_file && !*how->undo_file)
		return report_usage(report, "--undo: the name of the file is empty");
	if (directory && !*directory)
		return report_usage(report, "--undo-dir: the name of the directory is empty");
	scrubbing->undo_dir_given = directory;
	if (how->undo_file || options->given[OPT_NO_UNDO])
		return 0;
	scrubbing->undo_directory = state_dir_undo(options);
	how->undo_directory = scrubbing->undo_directory ? scrubbing->undo_directory : "";
	how->undo_made = on_undo_made;
	return 0;
}

static int parse(struct scrubbing *scrubbing, struct sizes *sizes, const struct options *options)
{
	struct csum_scrub_options *how = &scrubbing->how;
	int64_t time_limit_ms = 0;

	if (options_range(options, &sizes->range) || options_size(options, OPT_RATE, false, &sizes->rate) ||
	    options_time(options, OPT_TIME_LIMIT, &time_limit_ms) ||
	    options_number(options, OPT_MAX_ERRORS, 1, INT64_MAX, &how->max_errors) ||
	    parse_heal(options, &how->heal) || parse_undo(scrubbing, options))
		return STATUS_USAGE;
	how->time_limit_seconds = (uint64_t)time_limit_ms / 1000;
	how->metadata_only = options->given[OPT_METADATA_ONLY];
	how->dry_run = options->given[OPT_DRY_RUN];
	how->restart = options->given[OPT_RESTART];
	how->replicas = (const char *const *)options->from;
	how->replica_count = options->from_count;
	scrubbing->metadata = options->value[OPT_METADATA];
	return 0;
}

/* A scrub started by cron or a timer has no one waiting for it, so it lets everything else go first. */
static void give_way(struct report *report, const struct options *options)
{
	const char *priority = getenv("CSUMTOOL_PRIORITY");
	bool asked = options->given[OPT_IDLE];
	bool watched = isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);
	int error;

	if (!asked && (watched || (priority && strcmp(priority, "normal") == 0)))
		return;
	error = priority_idle();
	if (error && asked)
		report_warning(report, "cannot lower the priority: %s", strerror(-error));
}

/* Status 1 for repaired errors, 4 for errors left; with --dry-run every error found is left. */
static int scrub_status(const struct scrubbing *scrubbing, int error)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	bool dry_run = scrubbing->how.dry_run;
	uint64_t left = dry_run ? result->totals.errors : result->errors_left;
	int status;

	if (result->still_active || result->end == CSUM_SCRUB_MAX_ERRORS)
		left++;
	/* The run that completes a scrub answers for the earlier runs of it too. */
	if (result->recorded && result->end == CSUM_SCRUB_COMPLETE && result->record.totals.left_bad)
		left++;
	status = report_status(scrubbing->report, error, left);
	return result->errors_repaired && !dry_run ? status | STATUS_CORRECTED : status;
}

/* Warns of the reason for the exit status where no summary explains it. */
static void warn_of_end(const struct scrubbing *scrubbing, int error)
{
	const struct csum_scrub_result *result = &scrubbing->result;
	struct report *report = scrubbing->report;

	if (!error && result->end == CSUM_SCRUB_MAX_ERRORS)
		report_warning(report,
			       "%s: ended: too many errors (--max-errors): %" PRIu64
			       " found last and left for the next scrub; data sectors up to %" PRIu64 " of %" PRIu64
			       " are done",
			       report->volume, result->errors_open, result->next_sector, result->end_sector);
	if (scrub_left_earlier(scrubbing, error))
		report_warning(report, "%s: the earlier parts of this scrub left %" PRIu64 " bad sectors",
			       report->volume, scrub_left_earlier(scrubbing, error));
}

static void print_end(void *run, int error)
{
	const struct scrubbing *scrubbing = run;

	if (!scrubbing->report->quiet && (!error || totals_anything(&scrubbing->result.totals)))
		scrub_print_summary(scrubbing, error);
}

static json_t *end_json(void *run, int error)
{
	return scrub_summary_json(run, error);
}

static int scrub_and_report(struct scrubbing *scrubbing, const struct sizes *sizes, const struct options *options)
{
	static const struct view_end end_view = { print_end, end_json };
	struct report *report = scrubbing->report;
	struct csum_volume *volume;
	int error = volume_open(report, options, scrubbing->how.dry_run ? CSUM_READ : CSUM_REPAIR, &volume);

	if (!error)
		error = volume_close(volume, scrub_volume(scrubbing, sizes, volume));
	if (report->quiet)
		warn_of_end(scrubbing, error);
	return view_end(report, &end_view, scrubbing, error, scrub_status(scrubbing, error));
}

static int run(struct report *report, const struct options *options)
{
	struct scrubbing scrubbing = {
		.report = report,
		.how = { .finding = on_finding, .user = &scrubbing },
		.result.end = CSUM_SCRUB_FAILED,
	};
	struct sizes sizes = { 0 };
	int status = STATUS_USAGE;

	if (!parse(&scrubbing, &sizes, options)) {
		give_way(report, options);
		status = scrub_and_report(&scrubbing, &sizes, options);
	}
	free(scrubbing.undo_directory);
	free(scrubbing.undo_made);
	return status;
}

static const struct poptOption table[] = {
	OPTION_RANGE,
	OPTION_FLAG("metadata-only", '\0', OPT_METADATA_ONLY, "only superblocks and integrity metadata"),
	OPTION_FLAG("dry-run", 'n', OPT_DRY_RUN, "only say what would be done"),
	OPTION_VALUE("from", '\0', OPT_FROM,
		     "heal from REPLICA, an image of the data\nspace or another volume; may be repeated", "REPLICA"),
	OPTION_VALUE("heal", '\0', OPT_HEAL,
		     "only by these means, joined by commas:\nreplica, elsewhere, bits; or by none", "LIST"),
	OPTION_VALUE("undo", '\0', OPT_UNDO, "keep what is overwritten in FILE, which\nmust not exist", "FILE"),
	OPTION_VALUE("undo-dir", '\0', OPT_UNDO_DIR,
		     "keep it in a file of its own in DIR (else:\nin the state directory)", "DIR"),
	OPTION_FLAG("no-undo", '\0', OPT_NO_UNDO, "do not keep what is overwritten"),
	OPTION_VALUE("rate", '\0', OPT_RATE, "read that much data a second at the most", "SIZE"),
	OPTION_VALUE("time-limit", '\0', OPT_TIME_LIMIT, "end after TIME (30s, 5m, 2h); the next scrub\ngoes on there",
		     "TIME"),
	OPTION_FLAG("restart", '\0', OPT_RESTART, "begin anew, and do not go on where an\nearlier scrub ended"),
	OPTION_VALUE("max-errors", '\0', OPT_MAX_ERRORS, "end when more than N errors are found", "N"),
	OPTION_FLAG("idle", '\0', OPT_IDLE,
		    "idle I/O class and lowest CPU priority; as\nwithout it when not on a terminal"),
	OPTIONS_ALLOW,
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print errors only"),
	OPTIONS_END,
};

const struct command command_scrub = {
	.name = "scrub",
	.operands = "VOLUME",
	.summary = "verify everything, and repair what can be proven right",
	.description = "Reads a volume, or a range of it, as check does, puts in order what an\n"
		       "interrupted write left, and repairs superblocks, integrity metadata and data\n"
		       "sectors where a checksum confirms the new content. What it overwrites is\n"
		       "kept, and undo puts it back. Prints a line for every finding, with what was\n"
		       "done about it, and then a summary.",
	.operands_min = 1,
	.operands_max = 1,
	.options = table,
	.run = run,
};
