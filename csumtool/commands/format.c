/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "show/info.h"
#include "show/text.h"
#include "show/view.h"

#define FIELD "  %-16s"

/* The request on the command line. */
struct request {
	struct csum_format_options options;
	uint8_t uuid[CSUM_UUID_SIZE];
};

/* One run of the command. */
struct formatting {
	struct report *report;
	const struct csum_format_options *how;
	double seconds;
};

static int parse_sector_size(struct report *report, const char *text, uint32_t *sector_size)
{
	*sector_size = 0;
	if (!text || !strcmp(text, "auto"))
		return 0;
	if (!strcmp(text, "512"))
		*sector_size = 512;
	else if (!strcmp(text, "4096"))
		*sector_size = 4096;
	else
		return report_usage(report, "--sector-size: '%s' is not auto, 512 or 4096", text);
	return 0;
}

static int parse_interleave(struct report *report, const char *text, uint32_t *interleave)
{
	uint64_t number = 0;
	const char *wrong = text ? args_number(text, 1, CSUM_INTERLEAVE_MAX, &number) : NULL;

	*interleave = (uint32_t)number;
	if (wrong)
		return report_usage(report, "--interleave: '%s' %s: it is 1 to %u", text, wrong, CSUM_INTERLEAVE_MAX);
	return 0;
}

static int parse_checksum(struct report *report, const char *text, enum csum_checksum_type *type)
{
	*type = CSUM_CRC64;
	if (text && csum_checksum_by_name(text, type))
		return report_usage(report, "--checksum: '%s' is not crc64, crc32c or crc32", text);
	return 0;
}

static int parse_identity(struct report *report, const struct options *options, struct request *request)
{
	const char *label = options->value[OPT_LABEL];
	const char *uuid = options->value[OPT_UUID];
	const char *wrong = uuid ? args_uuid(uuid, request->uuid) : NULL;

	if (wrong)
		return report_usage(report, "--uuid: '%s' %s", uuid, wrong);
	if (label && strlen(label) >= CSUM_LABEL_SIZE)
		return report_usage(report, "--label: '%s' has %zu bytes, more than %d", label, strlen(label),
				    CSUM_LABEL_SIZE - 1);
	if (label && !text_is_utf8(label))
		return report_usage(report, "--label: '%s' is not UTF-8", label);
	request->options.label = label;
	request->options.uuid = uuid ? request->uuid : NULL;
	return 0;
}

static int parse_created(struct report *report, struct csum_format_options *how)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	const char *wrong = text ? args_number(text, 0, INT64_MAX, &how->created) : NULL;

	how->created_given = text != NULL;
	if (wrong)
		return report_usage(report, "SOURCE_DATE_EPOCH: '%s' %s: it is seconds since 1970", text, wrong);
	return 0;
}

/* There is no volume yet, so sizes in sectors need a sector size on the command line. */
static int parse_create_size(struct report *report, const struct options *options, enum option option,
			     uint32_t sector_size, uint64_t *bytes)
{
	struct size size;

	if (!options->given[option])
		return 0;
	if (options_size(options, option, false, &size))
		return STATUS_USAGE;
	if (!size.unit && !sector_size)
		return report_usage(report, "'%s': a size in sectors needs --sector-size=512 or 4096",
				    options->value[option]);
	if (args_size_bytes(&size, sector_size, bytes))
		return report_usage(report, "'%s' is too large", options->value[option]);
	return 0;
}

static int parse(struct report *report, const struct options *options, struct request *request)
{
	struct csum_format_options *how = &request->options;

	if (options->given[OPT_EXCLUSIVE] && !options->given[OPT_METADATA])
		return report_usage(report,
				    "--exclusive needs --metadata: it is of the data device of a volume with two");
	how->exclusive = options->given[OPT_EXCLUSIVE];
	how->wipe = options->given[OPT_WIPE];
	how->force = options->given[OPT_FORCE];
	how->dry_run = options->given[OPT_DRY_RUN];
	how->wait_ms = options->wait_ms;
	/* With metadata on a device of its own, the data device settles how much data there is. */
	if (options_exclude(options, OPT_SIZE, OPT_DATA_SIZE) ||
	    options_exclude(options, OPT_DATA_SIZE, OPT_METADATA) ||
	    parse_sector_size(report, options->value[OPT_SECTOR_SIZE], &how->sector_size) ||
	    parse_interleave(report, options->value[OPT_INTERLEAVE], &how->interleave) ||
	    parse_checksum(report, options->value[OPT_CHECKSUM], &how->checksum_type) ||
	    parse_identity(report, options, request) || parse_created(report, how) ||
	    parse_create_size(report, options, OPT_SIZE, how->sector_size, &how->create_bytes) ||
	    parse_create_size(report, options, OPT_DATA_SIZE, how->sector_size, &how->create_data_bytes))
		return STATUS_USAGE;
	return 0;
}

static void print_plan(void *run, const void *thing)
{
	const struct formatting *formatting = run;
	const struct csum_format_plan *plan = thing;
	const struct csum_geometry *geometry = &plan->geometry;
	uint64_t data = geometry->data_sectors * geometry->sector_size;
	char text[TEXT_MAX], time[TEXT_MAX];

	if (formatting->report->quiet)
		return;
	fputs("format ", stdout);
	text_put(stdout, plan->metadata_device);
	if (geometry->external) {
		fputs(" as metadata of ", stdout);
		text_put(stdout, plan->data_device);
	}
	printf("\n" FIELD "%s\n", "UUID", text_uuid(text, plan->uuid));
	printf(FIELD "%" PRIu32 " bytes", "sector size", geometry->sector_size);
	if (plan->physical_sector_size)
		printf(" (the device has %" PRIu32 ")", plan->physical_sector_size);
	else if (plan->sector_size_from_device)
		printf(" (that of the device is not known)");
	printf("\n" FIELD "%s, %" PRIu32 " group%s a cluster\n", "checksum", csum_checksum_name(plan->checksum_type),
	       geometry->interleave, text_plural(geometry->interleave));
	printf(FIELD "%s, %" PRIu64 " sectors\n", "data space", text_bytes(text, data), geometry->data_sectors);
	text_seconds(time, plan->estimated_seconds);
	printf(FIELD "%s%s, in %s%s\n", "to write", text_bytes(text, plan->write_bytes),
	       formatting->how->wipe ? ": zeros everywhere, too" : "",
	       plan->estimated_seconds ? "about " : "less than a second", plan->estimated_seconds ? time : "");
}

static json_t *plan_json(void *run, const void *thing)
{
	const struct csum_format_plan *plan = thing;
	json_t *object = json_pack(
		"{s:s,s:i,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "type", "plan", "schema", REPORT_SCHEMA, "uuid",
		report_uuid(plan->uuid), "checksum", csum_checksum_name(plan->checksum_type), "data_device",
		report_text(plan->data_device), "metadata_device", report_text(plan->metadata_device), "write_bytes",
		report_count(plan->write_bytes), "estimated_seconds", report_count(plan->estimated_seconds),
		"uncovered_bytes", report_count(plan->uncovered_bytes), "physical_sector_size",
		report_count(plan->physical_sector_size), "sector_size_from_device", plan->sector_size_from_device);
	json_t *geometry = info_geometry_json(&plan->geometry);

	(void)run;
	if (object && geometry)
		json_object_update(object, geometry);
	json_decref(geometry);
	return object;
}

/* Announces the plan. Bytes that stay outside the volume are mentioned even with -q. */
static int announce(struct formatting *formatting, const struct csum_format *format)
{
	static const struct view view = { print_plan, plan_json };
	struct csum_format_plan plan;

	csum_format_get_plan(format, &plan);
	if (plan.uncovered_bytes)
		report_warning(formatting->report,
			       "%s: the last %" PRIu64 " bytes are less than a sector and will not be protected",
			       plan.data_device, plan.uncovered_bytes);
	return view_show(formatting->report, &view, formatting, &plan);
}

static int run_format(struct report *report, struct csum_format *format)
{
	int error = csum_format_run(format);

	if (error)
		report_warning(report, "%s: formatting was not finished: there is no volume now", report->volume);
	return error;
}

static int format(struct formatting *formatting, const struct options *options)
{
	const struct csum_format_options *how = formatting->how;
	struct report *report = formatting->report;
	struct csum_format *format;
	int error =
		csum_format_prepare(&report->handlers, options->operand[0], options->value[OPT_METADATA], how, &format);
	int free_error;

	if (error)
		return error;
	error = announce(formatting, format);
	if (!error && !how->dry_run)
		error = run_format(report, format);
	free_error = csum_format_free(format);
	return error ? error : free_error;
}

static void print_end(void *run, int error)
{
	const struct formatting *formatting = run;
	char duration[TEXT_MAX];

	if (!error && !formatting->report->quiet)
		printf(formatting->how->dry_run ? "nothing was written: --dry-run\n" :
						  "done in %s: every sector is unwritten and reads as zeros\n",
		       text_duration(duration, formatting->seconds));
}

static json_t *end_json(void *run, int error)
{
	const struct formatting *formatting = run;
	bool dry_run = formatting->how->dry_run;

	return json_pack("{s:b,s:b,s:f}", "formatted", !error && !dry_run, "dry_run", dry_run, "seconds",
			 formatting->seconds);
}

static int run(struct report *report, const struct options *options)
{
	static const struct view_end view = { print_end, end_json };
	struct request request = { .options.label = NULL };
	struct formatting formatting = { .report = report, .how = &request.options };
	double start = report_clock();
	int error;

	if (parse(report, options, &request))
		return STATUS_USAGE;
	error = format(&formatting, options);
	formatting.seconds = report_clock() - start;
	return view_end(report, &view, &formatting, error, report_status(report, error, 0));
}

static const struct poptOption table[] = {
	OPTION_VALUE("sector-size", 's', OPT_SECTOR_SIZE,
		     "auto (as without it): the physical\nsectors of the device; 512; or 4096", "auto|512|4096"),
	OPTION_VALUE("checksum", 'c', OPT_CHECKSUM, "kind of checksum; without it crc64", "crc64|crc32c|crc32"),
	OPTION_VALUE("interleave", 'K', OPT_INTERLEAVE,
		     "groups that share a cluster, 1 to 65536;\nwithout it clusters have 64 MiB", "N"),
	OPTION_VALUE("label", 'L', OPT_LABEL, "a name, UTF-8, up to 32 bytes", "LABEL"),
	OPTION_VALUE("uuid", 'U', OPT_UUID, "without it a random one", "UUID"),
	OPTION_VALUE("metadata", 'm', OPT_METADATA,
		     "put the metadata on DEVICE, and nothing\nelse; VOLUME is left as it is", "DEVICE"),
	OPTION_VALUE("size", '\0', OPT_SIZE, "make an image file of that size: VOLUME,\nor DEVICE with --metadata",
		     "SIZE"),
	OPTION_VALUE("data-size", '\0', OPT_DATA_SIZE, "make an image file, VOLUME, with room for\nthat much data",
		     "SIZE"),
	OPTION_FLAG("exclusive", '\0', OPT_EXCLUSIVE,
		    "with --metadata: nobody else will ever\nwrite VOLUME, all damage to it is decay"),
	OPTION_FLAG("wipe", '\0', OPT_WIPE, "write zeros everywhere"),
	OPTION_FLAG("dry-run", 'n', OPT_DRY_RUN, "say what would be done, write nothing"),
	OPTION_FLAG("force", 'f', OPT_FORCE, "over what is there, whatever that is"),
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("do not print what will be done"),
	OPTIONS_END,
};

const struct command command_format = {
	.name = "format",
	.operands = "VOLUME",
	.summary = "make a volume of a device or an image file",
	.description = "Makes a volume. All of its data sectors are unwritten then and read as zeros;\n"
		       "what the device held is lost. A device that holds anything is refused without\n"
		       "--force. Says what it will write, and about how long that takes, before it\n"
		       "starts.",
	.operands_min = 1,
	.operands_max = 1,
	.options = table,
	.run = run,
};
