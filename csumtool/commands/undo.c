/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/state_dir.h"
#include "commands/volume.h"
#include "show/finding.h"
#include "show/text.h"
#include "show/view.h"

/* One run of the command. Adjacent sectors with the same outcome are one line. */
struct undoing {
	struct report *report;
	bool dry_run, force;
	char *directory; /* the directory of undo files */
	char *file; /* the undo file in use */
	uint64_t listed;
	uint32_t sector_size;
	uint64_t first, count; /* sectors not printed yet */
	char *refused; /* why these sectors were refused, or NULL */
	struct csum_undo_result result;
};

static json_t *range_json(void *run, const void *thing)
{
	const struct undoing *undoing = run;

	(void)thing;
	return json_pack("{s:s,s:o,s:o,s:o,s:b,s:o}", "type", "undo", "first_sector", report_count(undoing->first),
			 "sector_count", report_count(undoing->count), "offset",
			 report_count(undoing->first * undoing->sector_size), "restored", !undoing->refused, "reason",
			 undoing->refused ? report_text(undoing->refused) : json_null());
}

static void print_range(void *run, const void *thing)
{
	const struct undoing *undoing = run;

	(void)thing;
	if (undoing->report->quiet && !undoing->refused)
		return;
	if (undoing->refused)
		printf("refused: ");
	else
		printf("%s: ", undoing->dry_run ? "would be put back" : "put back");
	finding_print_sectors(stdout, undoing->first, undoing->count, undoing->sector_size);
	if (undoing->refused)
		printf(": ");
	text_put(stdout, undoing->refused ? undoing->refused : "");
	putchar('\n');
}

/* Shows the sectors that were held back. */
static void show_range(struct undoing *undoing)
{
	static const struct view view = { print_range, range_json };

	if (undoing->count)
		view_show(undoing->report, &view, undoing, NULL);
}

static bool same_outcome(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

/*
 * Joins the sector to those held back, at either end: the file has sectors in the order of repair, which may descend.
 */
static bool extend(struct undoing *undoing, uint64_t data_sector)
{
	if (data_sector + 1 == undoing->first)
		undoing->first--;
	else if (data_sector != undoing->first + undoing->count)
		return false;
	undoing->count++;
	return true;
}

static void on_sector(void *user, uint64_t data_sector, const char *refused)
{
	struct undoing *undoing = user;

	if (undoing->count && same_outcome(refused, undoing->refused) && extend(undoing, data_sector))
		return;
	show_range(undoing);
	free(undoing->refused);
	undoing->refused = refused ? strdup(refused) : NULL;
	undoing->first = data_sector;
	undoing->count = 1;
}

static int undo_volume(struct undoing *undoing, struct csum_volume *volume, const char *file)
{
	struct csum_undo_options how = {
		.dry_run = undoing->dry_run,
		.force = undoing->force,
		.directory = undoing->directory,
		.sector = on_sector,
		.user = undoing,
	};
	int error = 0;

	if (file)
		undoing->file = strdup(file);
	else
		error = csum_undo_find(volume, undoing->directory, &undoing->file);
	if (!error && !undoing->file)
		error = -ENOMEM;
	if (error)
		return error;
	undoing->sector_size = volume_sector_size(volume);
	error = csum_undo(volume, undoing->file, &how, &undoing->result);
	show_range(undoing);
	free(undoing->refused);
	undoing->refused = NULL;
	return error;
}

static void print_summary(void *run, int error)
{
	const struct undoing *undoing = run;
	const struct csum_undo_result *result = &undoing->result;

	if (undoing->report->quiet || (error && !result->restored && !result->refused))
		return;
	printf("%" PRIu64 " data sector%s %s, %" PRIu64 " refused", result->restored, text_plural(result->restored),
	       undoing->dry_run ? "would be put back" : "put back", result->refused);
	if (result->metadata)
		printf("; metadata in the file needs no undoing");
	if (error)
		printf("; NOT FINISHED");
	putchar('\n');
	if (result->restored && !undoing->dry_run)
		printf("What was put back is bad again by its checksum, as it was before the scrub.\n");
}

static json_t *summary_json(void *run, int error)
{
	const struct undoing *undoing = run;
	const struct csum_undo_result *result = &undoing->result;

	return json_pack("{s:o,s:b,s:b,s:o,s:o,s:o,s:o,s:b}", "undo_file",
			 undoing->file ? report_text(undoing->file) : json_null(), "dry_run", undoing->dry_run,
			 "complete", !error, "records", report_count(result->records), "restored",
			 report_count(result->restored), "refused", report_count(result->refused), "metadata",
			 report_count(result->metadata), "cut_short", result->cut_short);
}

static int run_undo(struct undoing *undoing, const struct options *options)
{
	static const struct view_end view = { print_summary, summary_json };
	struct report *report = undoing->report;
	const char *file = options->operand[1] ? options->operand[0] : NULL;
	struct csum_volume *volume;
	int error = volume_open(report, options, undoing->dry_run ? CSUM_READ : CSUM_WRITE, &volume);

	if (!error)
		error = volume_close(volume, undo_volume(undoing, volume, file));
	if (!error && undoing->result.cut_short)
		report_warning(report,
			       "%s: is not complete, as when the scrub that made it was stopped; all that it had "
			       "overwritten by then is there",
			       undoing->file);
	return view_end(report, &view, undoing, error, report_status(report, error, undoing->result.refused));
}

/* ------------------------------------------------------------------ --list */

static const char *state_name(enum csum_undo_state state)
{
	static const char *const names[] = {
		[CSUM_UNDO_NEWEST] = "newest",
		[CSUM_UNDO_OLDER] = "older",
		[CSUM_UNDO_UNDONE] = "undone",
		[CSUM_UNDO_UNKNOWN] = "unknown",
	};

	return names[state];
}

static json_t *file_json(void *run, const void *thing)
{
	const struct csum_undo_file_info *info = thing;

	(void)run;
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:b,s:s}", "type", "undo_file", "file", report_text(info->path), "time",
			 report_count(info->time), "sectors", report_count(info->sectors), "metadata",
			 report_count(info->metadata), "complete", info->complete, "state", state_name(info->state));
}

static void print_file(void *run, const void *thing)
{
	const struct csum_undo_file_info *info = thing;
	char when[TEXT_MAX];

	(void)run;
	text_put(stdout, info->path);
	printf(": %s: %" PRIu64 " data sector%s, %s; %s\n", text_time(when, info->time), info->sectors,
	       text_plural(info->sectors), info->complete ? "complete" : "not complete", state_name(info->state));
}

static void on_file(void *user, const struct csum_undo_file_info *info)
{
	static const struct view view = { print_file, file_json };
	struct undoing *undoing = user;

	undoing->listed++;
	view_show(undoing->report, &view, undoing, info);
}

static void print_list_end(void *run, int error)
{
	const struct undoing *undoing = run;

	if (error || undoing->listed || undoing->report->quiet)
		return;
	printf("no undo files of this volume in ");
	text_put(stdout, undoing->directory);
	putchar('\n');
}

static json_t *list_end_json(void *run, int error)
{
	const struct undoing *undoing = run;

	(void)error;
	return json_pack("{s:o,s:o}", "undo_dir", report_text(undoing->directory), "files",
			 report_count(undoing->listed));
}

static int run_list(struct undoing *undoing, const struct options *options)
{
	static const struct view_end view = { print_list_end, list_end_json };
	struct report *report = undoing->report;
	struct csum_volume *volume;
	int error = volume_open(report, options, CSUM_READ, &volume);

	if (!error)
		error = volume_close(volume, csum_undo_list(volume, undoing->directory, on_file, undoing));
	return view_end(report, &view, undoing, error, report_status(report, error, 0));
}

/* ------------------------------------------------------------------ */

static int parse(struct undoing *undoing, const struct options *options)
{
	struct report *report = undoing->report;
	const char *directory = options->value[OPT_UNDO_DIR];

	if (options_exclude(options, OPT_LIST, OPT_DRY_RUN))
		return STATUS_USAGE;
	if (options->given[OPT_LIST] && options->operand[1])
		return report_usage(report, "'%s' is one operand too many: 'undo --list' takes VOLUME",
				    options->operand[1]);
	if (directory && !*directory)
		return report_usage(report, "--undo-dir: the name of the directory is empty");
	undoing->dry_run = options->given[OPT_DRY_RUN];
	undoing->force = options->given[OPT_FORCE];
	undoing->directory = state_dir_undo(options);
	if (undoing->directory)
		return 0;
	report_error(report, "cannot name the directory of undo files: %s", strerror(ENOMEM));
	return STATUS_FAILED;
}

static int run(struct report *report, const struct options *options)
{
	struct undoing undoing = { .report = report };
	int status = parse(&undoing, options);

	if (!status)
		status = options->given[OPT_LIST] ? run_list(&undoing, options) : run_undo(&undoing, options);
	free(undoing.directory);
	free(undoing.file);
	return status;
}

static const struct poptOption table[] = {
	OPTION_FLAG("dry-run", 'n', OPT_DRY_RUN, "only say what would be done"),
	OPTION_FLAG("list", '\0', OPT_LIST, "show the undo files of the volume"),
	OPTION_VALUE("undo-dir", '\0', OPT_UNDO_DIR, "undo files are in DIR (else: in the state\ndirectory)", "DIR"),
	OPTION_ALLOW,
	OPTION_FLAG("force", 'f', OPT_FORCE,
		    "all that --allow can name; also a FILE that is\nnot known to be the newest"),
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print only what is refused"),
	OPTIONS_END,
};

const struct command command_undo = {
	.name = "undo",
	.operands = "[FILE] VOLUME",
	.summary = "put back what a scrub overwrote",
	.description = "Puts the contents of data sectors back that a scrub overwrote and kept in\n"
		       "FILE; without it, in the newest undo file of the volume, which has to be\n"
		       "undone first. A sector is refused where it no longer holds what the scrub\n"
		       "wrote, or has been written since.",
	.operands_min = 1,
	.operands_max = 2,
	.volume_operand = OPERAND_LAST,
	.options = table,
	.run = run,
};
