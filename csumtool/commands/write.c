/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/input.h"
#include "commands/volume.h"
#include "show/text.h"
#include "show/view.h"

/* One run of the command. */
struct writing {
	struct report *report;
	struct range range;
	struct input input;
	bool verify;
	uint64_t offset, done_bytes;
	double seconds;
};

/* Checks before anything is written that sizes known so far fit. */
static int fit(struct writing *writing, uint64_t room, struct csum_write_options *how)
{
	const struct input *input = &writing->input;
	uint64_t known = input->known_bytes;
	char need_text[TEXT_MAX], have_text[TEXT_MAX];

	if (how->length_bytes == CSUM_TO_END) {
		/* INPUT_UNKNOWN is CSUM_TO_END: until the input ends. */
		how->length_bytes = known;
	} else if (known < how->length_bytes) {
		report_error(writing->report, "%s: has only %s, --length asks for %s", input->name,
			     text_bytes(have_text, known), text_bytes(need_text, how->length_bytes));
		return -ENODATA;
	}
	if (how->length_bytes == CSUM_TO_END || how->length_bytes <= room)
		return 0;
	report_error(writing->report, "%s: %s of input do not fit: from offset %" PRIu64 " on there is room for %s",
		     writing->report->volume, text_bytes(need_text, how->length_bytes), how->offset_bytes,
		     text_bytes(have_text, room));
	return -ENOSPC;
}

static int refuse_itself(struct writing *writing, const struct csum_volume *volume)
{
	struct stat status;

	if (fstat(writing->input.fd, &status) < 0 || !csum_volume_shares(volume, &status))
		return 0;
	report_error(writing->report, "%s: the input is the volume itself", writing->input.name);
	return -EINVAL;
}

static int write_volume(struct writing *writing, struct csum_volume *volume)
{
	struct csum_write_options how = {
		.source = { .fill = input_fill, .user = &writing->input },
		.verify = writing->verify,
	};
	uint64_t bytes = csum_volume_data_bytes(volume);
	double start = report_clock();
	int error = range_bytes(writing->report, &writing->range, volume_sector_size(volume), &how.offset_bytes,
				&how.length_bytes);

	if (!error)
		error = refuse_itself(writing, volume);
	/* The library refuses an offset past the end. */
	if (!error && how.offset_bytes <= bytes)
		error = fit(writing, bytes - how.offset_bytes, &how);
	if (error)
		return error;
	writing->offset = how.offset_bytes;
	error = csum_write(volume, &how, &writing->done_bytes);
	if (writing->input.error)
		report_error(writing->report, "%s: cannot read: %s", writing->input.name,
			     strerror(writing->input.error));
	writing->seconds = report_clock() - start;
	return error;
}

static void print_end(void *run, int error)
{
	const struct writing *writing = run;
	uint64_t bytes = writing->done_bytes;
	char size[TEXT_MAX], duration[TEXT_MAX], rate[TEXT_MAX];

	if (!error && !writing->report->quiet)
		printf("wrote %s%s in %s, %s\n", text_bytes(size, bytes), writing->verify ? " and verified them" : "",
		       text_duration(duration, writing->seconds), text_rate(rate, bytes, writing->seconds));
}

static json_t *end_json(void *run, int error)
{
	const struct writing *writing = run;

	return json_pack("{s:o,s:o,s:b,s:f}", "offset", report_count(writing->offset), "bytes",
			 report_count(writing->done_bytes), "verified", writing->verify && !error, "seconds",
			 writing->seconds);
}

/* What fails verification is in all the same. */
static bool is_incomplete(const struct writing *writing, int error)
{
	bool all_in = writing->verify && error == -EBADMSG && writing->done_bytes == writing->input.given_bytes;

	return error && writing->done_bytes && !all_in;
}

static int finish(struct writing *writing, int error)
{
	static const struct view_end view = { print_end, end_json };
	struct report *report = writing->report;
	char size[TEXT_MAX];

	if (is_incomplete(writing, error))
		report_warning(report, "%s: incomplete: only the first %s of the input are in, at offset %" PRIu64,
			       report->volume, text_bytes(size, writing->done_bytes), writing->offset);
	return view_end(report, &view, writing, error, report_status(report, error, 0));
}

static int run(struct report *report, const struct options *options)
{
	struct writing writing = { .report = report, .verify = options->given[OPT_VERIFY] };
	struct csum_volume *volume;
	int error;

	if (options_range(options, &writing.range))
		return STATUS_USAGE;
	error = input_open(report, &writing.input, options->operand[1]);
	if (!error)
		error = volume_open(report, options, CSUM_WRITE, &volume);
	if (!error)
		error = volume_close(volume, write_volume(&writing, volume));
	input_close(&writing.input);
	return finish(&writing, error);
}

static const struct poptOption table[] = {
	OPTION_RANGE,
	OPTION_FLAG("verify", '\0', OPT_VERIFY, "read everything back and verify it"),
	OPTIONS_ALLOW,
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print no summary"),
	OPTIONS_END,
};

const struct command command_write = {
	.name = "write",
	.operands = "VOLUME [FILE]",
	.summary = "put bytes into a volume, crash-consistently",
	.description = "Copies FILE, or standard input, into the data space of a volume. With --length\n"
		       "exactly that many bytes are taken, else all there are. When it ends with\n"
		       "success everything is on stable storage; after a crash on the way every sector\n"
		       "holds its old or its new content, and verifies.",
	.operands_min = 1,
	.operands_max = 2,
	.options = table,
	.run = run,
};
