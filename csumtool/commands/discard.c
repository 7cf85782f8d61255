/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "cli/command.h"
#include "commands/volume.h"
#include "show/text.h"
#include "show/view.h"

/* One run of the command. */
struct discarding {
	struct report *report;
	struct range range;
	uint64_t offset, done_bytes;
};

static int discard(struct discarding *discarding, struct csum_volume *volume)
{
	uint64_t length;
	int error = range_bytes(discarding->report, &discarding->range, volume_sector_size(volume), &discarding->offset,
				&length);

	return error ? error : csum_discard(volume, discarding->offset, length, &discarding->done_bytes);
}

static void print_end(void *run, int error)
{
	const struct discarding *discarding = run;
	char size[TEXT_MAX];

	if (!error && !discarding->report->quiet)
		printf("discarded %s from offset %" PRIu64 " on\n", text_bytes(size, discarding->done_bytes),
		       discarding->offset);
}

static json_t *end_json(void *run, int error)
{
	const struct discarding *discarding = run;

	(void)error;
	return json_pack("{s:o,s:o}", "offset", report_count(discarding->offset), "bytes",
			 report_count(discarding->done_bytes));
}

static int finish(struct discarding *discarding, int error)
{
	static const struct view_end view = { print_end, end_json };
	struct report *report = discarding->report;
	char size[TEXT_MAX];

	if (error && discarding->done_bytes)
		report_warning(report, "%s: incomplete: only %s from offset %" PRIu64 " on are discarded",
			       report->volume, text_bytes(size, discarding->done_bytes), discarding->offset);
	return view_end(report, &view, discarding, error, report_status(report, error, 0));
}

static int run(struct report *report, const struct options *options)
{
	struct discarding discarding = { .report = report };
	struct csum_volume *volume;
	int error;

	if (!options->given[OPT_OFFSET] || !options->given[OPT_LENGTH])
		return report_usage(report, "'discard' needs --offset and --length");
	if (options_range(options, &discarding.range))
		return STATUS_USAGE;
	error = volume_open(report, options, CSUM_WRITE, &volume);
	if (!error)
		error = volume_close(volume, discard(&discarding, volume));
	return finish(&discarding, error);
}

static const struct poptOption table[] = {
	OPTION_RANGE, OPTIONS_ALLOW, OPTION_METADATA, OPTION_WAIT, OPTION_JSON, OPTION_QUIET("print no summary"),
	OPTIONS_END,
};

const struct command command_discard = {
	.name = "discard",
	.operands = "VOLUME",
	.summary = "make a range of a volume unwritten",
	.description = "Makes the sectors of a range of data space unwritten: they read as zeros, and\n"
		       "what is stored for them no longer matters. Sectors only partly in the range\n"
		       "get zeros there. Both --offset and --length have to be given.",
	.operands_min = 1,
	.operands_max = 1,
	.options = table,
	.run = run,
};
