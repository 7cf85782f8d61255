/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "commands/volume.h"
#include "show/finding.h"
#include "show/text.h"
#include "show/view.h"

static const struct {
	const char *name;
	enum csum_on_error value;
} on_errors[] = {
	{ "stop", CSUM_ON_ERROR_STOP },
	{ "zero", CSUM_ON_ERROR_ZERO },
	{ "raw", CSUM_ON_ERROR_RAW },
};

/* One run of the command. */
struct reading {
	struct report *report;
	struct range range;
	enum csum_on_error on_error;
	struct output output;
	uint32_t sector_size;
	uint64_t offset, done_bytes, bad_sectors;
	double seconds;
};

static int take(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero)
{
	struct reading *reading = user;

	(void)offset_bytes; /* bytes come ascending and without gaps */
	return output_put(&reading->output, data, size, is_zero);
}

static void print_found(void *run, const void *finding)
{
	const struct reading *reading = run;

	fputs("csumtool: ", stderr);
	finding_print(stderr, finding, reading->sector_size);
}

static json_t *found_json(void *run, const void *finding)
{
	const struct reading *reading = run;

	return finding_json(finding, reading->sector_size);
}

static void on_finding(void *user, const struct csum_finding *finding)
{
	static const struct view view = { print_found, found_json };
	struct reading *reading = user;

	if (csum_finding_is_error(finding->kind) && finding->subject == CSUM_SUBJECT_DATA)
		reading->bad_sectors += finding->sector_count;
	view_show(reading->report, &view, reading, finding);
}

static int read_volume(struct reading *reading, struct csum_volume *volume, const char *name)
{
	struct csum_read_options how = {
		.on_error = reading->on_error,
		.sink = take,
		.finding = on_finding,
		.user = reading,
	};
	double start = report_clock();
	int error, sync_error;

	reading->sector_size = volume_sector_size(volume);
	error = range_bytes(reading->report, &reading->range, reading->sector_size, &how.offset_bytes,
			    &how.length_bytes);
	if (error)
		return error;
	if (csum_volume_shares(volume, &reading->output.status)) {
		report_error(reading->report, "%s: the output is the volume itself", name);
		return -EINVAL;
	}
	reading->offset = how.offset_bytes;
	error = csum_read(volume, &how, &reading->done_bytes);
	/* The good part of an incomplete output is synced with the same care. */
	if (!error || reading->done_bytes) {
		sync_error = reading->output.error ? 0 : output_sync(&reading->output);
		error = error ? error : sync_error;
	}
	reading->seconds = report_clock() - start;
	return error;
}

/* Whether the whole range was put out, with bad sectors or without. */
static bool complete(const struct reading *reading, int error)
{
	return !error || (error == -EBADMSG && reading->on_error != CSUM_ON_ERROR_STOP && !reading->output.error);
}

/* Says how far an output that is not the whole range can be used. */
static void explain(const struct reading *reading)
{
	const struct output *output = &reading->output;
	char size[TEXT_MAX];

	if (output->error)
		report_error(reading->report, "%s: cannot write: %s", output->name, strerror(output->error));
	if (reading->done_bytes)
		report_warning(reading->report, "%s: incomplete: only %s, from offset %" PRIu64 " on, are good",
			       output->name, text_bytes(size, reading->done_bytes), reading->offset);
}

static void print_end(void *run, int error)
{
	const struct reading *reading = run;
	const struct report *report = reading->report;
	char size[TEXT_MAX], duration[TEXT_MAX], rate[TEXT_MAX];
	/* When data goes to stdout, a complete run has nothing to say unless asked. */
	bool summary = reading->output.opened ? !report->quiet : report->verbose;

	if (summary && complete(reading, error))
		fprintf(reading->output.opened ? stdout : stderr, "read %s in %s, %s; bad sectors: %" PRIu64 "\n",
			text_bytes(size, reading->done_bytes), text_duration(duration, reading->seconds),
			text_rate(rate, reading->done_bytes, reading->seconds), reading->bad_sectors);
}

static json_t *end_json(void *run, int error)
{
	const struct reading *reading = run;

	(void)error;
	return json_pack("{s:o,s:o,s:o,s:f}", "offset", report_count(reading->offset), "bytes",
			 report_count(reading->done_bytes), "sectors_bad", report_count(reading->bad_sectors),
			 "seconds", reading->seconds);
}

static int finish(struct reading *reading, int error)
{
	static const struct view_end view = { print_end, end_json };
	int status = report_status(reading->report, error, reading->bad_sectors);

	if (reading->output.error)
		status |= STATUS_FAILED;
	return view_end(reading->report, &view, reading, error, status);
}

static int parse_on_error(struct report *report, const char *text, enum csum_on_error *value)
{
	for (size_t i = 0; text && i < sizeof(on_errors) / sizeof(on_errors[0]); i++) {
		if (!strcmp(text, on_errors[i].name)) {
			*value = on_errors[i].value;
			return 0;
		}
	}
	*value = CSUM_ON_ERROR_STOP;
	return text ? report_usage(report, "--on-error: '%s' is not stop, zero or raw", text) : 0;
}

static int parse(struct reading *reading, const struct options *options)
{
	struct report *report = reading->report;
	bool to_stdout = output_is_stdout(options->operand[1]);

	if (options_range(options, &reading->range) ||
	    parse_on_error(report, options->value[OPT_ON_ERROR], &reading->on_error))
		return STATUS_USAGE;
	if (to_stdout && options->given[OPT_JSON]) {
		/* Standard output is expected to carry data, so not even this mistake is shown there as JSON. */
		report->json = false;
		return report_usage(report, "--json needs a FILE: standard output carries the data");
	}
	if (to_stdout && options->given[OPT_SPARSE])
		return report_usage(report, "--sparse needs a FILE");
	return 0;
}

static int run(struct report *report, const struct options *options)
{
	struct reading reading = { .report = report };
	struct csum_volume *volume;
	const char *name = options->operand[1];
	int error, close_error;

	if (parse(&reading, options))
		return STATUS_USAGE;
	error = volume_open(report, options, CSUM_READ, &volume);
	if (error)
		return finish(&reading, error);
	error = output_open(report, &reading.output, name, options->given[OPT_FORCE], options->given[OPT_SPARSE]);
	if (!error)
		error = read_volume(&reading, volume, reading.output.name);
	error = volume_close(volume, error);
	if (!complete(&reading, error))
		explain(&reading);
	close_error = output_close(report, &reading.output, error && !reading.done_bytes);
	return finish(&reading, error ? error : close_error);
}

static const struct poptOption table[] = {
	OPTION_RANGE,
	OPTION_VALUE("on-error", '\0', OPT_ON_ERROR,
		     "at a bad sector: stop (as without it);\nzero: go on with zeros for it; raw: with\nwhat is stored",
		     "stop|zero|raw"),
	OPTION_FLAG("sparse", '\0', OPT_SPARSE, "leave holes for zeros in a FILE made anew"),
	OPTION_FLAG("force", 'f', OPT_FORCE, "overwrite FILE; and go on although the\nvolume is mounted or attached"),
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print no summary"),
	OPTIONS_END,
};

const struct command command_read = {
	.name = "read",
	.operands = "VOLUME [FILE]",
	.summary = "take verified bytes out of a volume",
	.description = "Copies bytes of data space to FILE, or to standard output, verifying every\n"
		       "sector. Bytes that fail are never handed out as good: the first bad sector\n"
		       "ends it, unless --on-error says to go on; the exit status has 4 in any case.",
	.operands_min = 1,
	.operands_max = 2,
	.options = table,
	.run = run,
};
