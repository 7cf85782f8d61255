/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "cli/command.h"
#include "commands/volume.h"
#include "show/text.h"

static int discard(struct report *report, const struct range *range, struct csum_volume *volume, uint64_t *offset,
		   uint64_t *done_bytes)
{
	uint64_t length;
	int error = range_bytes(report, range, volume_sector_size(volume), offset, &length);

	return error ? error : csum_discard(volume, *offset, length, done_bytes);
}

static int finish(struct report *report, uint64_t offset, uint64_t bytes, int error)
{
	char size[TEXT_MAX];

	text_bytes(size, bytes);
	if (error && bytes)
		report_warning(report, "%s: incomplete: only %s from offset %" PRIu64 " on are discarded",
			       report->volume, size, offset);
	else if (!error && !report->quiet && !report->json)
		printf("discarded %s from offset %" PRIu64 " on\n", size, offset);
	return report_summary(report,
			      json_pack("{s:o,s:o}", "offset", report_count(offset), "bytes", report_count(bytes)),
			      report_status(report, error, 0));
}

static int run(struct report *report, const struct options *options)
{
	struct csum_volume *volume;
	struct range range;
	uint64_t offset = 0, done_bytes = 0;
	int error;

	if (!options->given[OPT_OFFSET] || !options->given[OPT_LENGTH])
		return report_usage(report, "'discard' needs --offset and --length");
	if (options_range(report, &command_discard, options, &range))
		return STATUS_USAGE;
	error = volume_open(report, options, CSUM_WRITE, &volume);
	if (!error)
		error = volume_close(volume, discard(report, &range, volume, &offset, &done_bytes));
	return finish(report, offset, done_bytes, error);
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
