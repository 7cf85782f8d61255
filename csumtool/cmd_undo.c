/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "finding.h"
#include "text.h"
#include "volume.h"

/* One run of the command. Adjacent sectors with the same outcome are one line. */
struct undoing {
	struct report *report;
	bool dry_run;
	uint32_t sector_size;
	uint64_t first, count; /* those not printed yet */
	char *refused; /* why they were, or NULL */
	struct csum_undo_result result;
};

static json_t *range_json(const struct undoing *undoing)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:b,s:o}", "type", "undo", "first_sector", report_count(undoing->first),
			 "sector_count", report_count(undoing->count), "offset",
			 report_count(undoing->first * undoing->sector_size), "restored", !undoing->refused, "reason",
			 undoing->refused ? report_text(undoing->refused) : json_null());
}

static void print_range(struct undoing *undoing)
{
	struct report *report = undoing->report;

	if (!undoing->count)
		return;
	if (report->json) {
		report_object(report, range_json(undoing));
		return;
	}
	if (report->quiet && !undoing->refused)
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
	report_flush(report);
}

static bool same_outcome(const char *one, const char *other)
{
	return one && other ? !strcmp(one, other) : one == other;
}

/* The file has them in the order in which they were repaired, which may be downwards. */
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
	print_range(undoing);
	free(undoing->refused);
	undoing->refused = refused ? strdup(refused) : NULL;
	undoing->first = data_sector;
	undoing->count = 1;
}

static int undo_volume(struct undoing *undoing, struct csum_volume *volume, const char *file)
{
	struct csum_undo_options how = {
		.dry_run = undoing->dry_run,
		.sector = on_sector,
		.user = undoing,
	};
	int error;

	undoing->sector_size = volume_sector_size(volume);
	error = csum_undo(volume, file, &how, &undoing->result);
	print_range(undoing);
	free(undoing->refused);
	undoing->refused = NULL;
	return error;
}

static void print_summary(const struct undoing *undoing, const char *file, int error)
{
	const struct csum_undo_result *result = &undoing->result;
	struct report *report = undoing->report;

	if (result->cut_short)
		report_warning(report, "%s: ends within a record: the repair it was for was never begun", file);
	if (error && !result->restored && !result->refused)
		return;
	if (report->json || report->quiet)
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

static json_t *summary_json(const struct undoing *undoing, const char *file, int error)
{
	const struct csum_undo_result *result = &undoing->result;

	return json_pack("{s:o,s:b,s:b,s:o,s:o,s:o,s:o,s:b}", "undo_file", report_text(file), "dry_run",
			 undoing->dry_run, "complete", !error, "records", report_count(result->records), "restored",
			 report_count(result->restored), "refused", report_count(result->refused), "metadata",
			 report_count(result->metadata), "cut_short", result->cut_short);
}

static int run(struct report *report, const struct options *options)
{
	struct undoing undoing = { .report = report, .dry_run = options->given[OPT_DRY_RUN] };
	const char *file = options->operand[0];
	struct csum_volume *volume;
	int error;

	error = volume_open(report, options, undoing.dry_run ? VOLUME_READ : VOLUME_WRITE, &volume);
	if (!error) {
		error = volume_close(volume, undo_volume(&undoing, volume, file));
		print_summary(&undoing, file, error);
	}
	return report_summary(report, report->json ? summary_json(&undoing, file, error) : NULL,
			      report_status(report, error, undoing.result.refused));
}

static const struct poptOption table[] = {
	OPTION_FLAG("dry-run", 'n', OPT_DRY_RUN, "only say what would be done"),
	OPTIONS_ALLOW,
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print only what is refused"),
	OPTIONS_END,
};

const struct command command_undo = {
	.name = "undo",
	.operands = "FILE VOLUME",
	.summary = "put back what a scrub overwrote",
	.description = "Puts the contents of data sectors back that 'scrub --undo=FILE' kept in FILE. A\n"
		       "sector is refused where it no longer holds what the scrub wrote, or has been\n"
		       "written since.",
	.operands_min = 2,
	.operands_max = 2,
	.volume_operand = 1,
	.options = table,
	.run = run,
};
