/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "show/dump.h"
#include "show/info.h"
#include "show/text.h"
#include "show/view.h"

#define SECTOR_SIZE_MAX 4096

/* Adjacent groups with a copy that could not be read; not reported yet since more may follow. */
struct absence {
	uint64_t first_group, count;
	enum csum_imd_verdict verdict;
};

/* One run of the command. */
struct dumping {
	struct report *report;
	struct range range;
	struct dump_run run;
	struct absence absence[2]; /* of each copy, with --raw */
	bool differ_only, raw;
	uint64_t groups;
};

/* ------------------------------------------------------------------ output as text and as JSON */

static void print_info(void *run, const void *info)
{
	(void)run;
	dump_text_info(info);
}

static json_t *all_json(void *run, const void *info)
{
	(void)run;
	return info_json(info);
}

static int show_info(void *user, const struct csum_volume_info *info)
{
	static const struct view view = { print_info, all_json };
	struct dumping *dumping = user;

	return view_show(dumping->report, &view, dumping, info);
}

static void print_journal(void *run, const void *journal)
{
	(void)run;
	dump_text_journal(journal);
}

static json_t *journal_json(void *run, const void *journal)
{
	(void)run;
	return dump_json_journal(journal);
}

static int show_journal(void *user, const struct csum_dump_journal *journal)
{
	static const struct view view = { print_journal, journal_json };
	struct dumping *dumping = user;

	return view_show(dumping->report, &view, dumping, journal);
}

static void print_carved(void *run, const void *carved)
{
	struct dumping *dumping = run;

	dump_text_carved(&dumping->run, carved);
}

static json_t *carved_json(void *run, const void *carved)
{
	(void)run;
	return dump_json_carved(carved);
}

static int show_carved(void *user, const struct csum_carved *carved)
{
	static const struct view view = { print_carved, carved_json };
	struct dumping *dumping = user;

	return view_show(dumping->report, &view, dumping, carved);
}

static void print_geometry(void *run, const void *geometry)
{
	struct dumping *dumping = run;

	dump_text_end_run(&dumping->run);
	dump_text_geometry(geometry);
}

static json_t *geometry_json(void *run, const void *geometry)
{
	(void)run;
	return dump_json_geometry(geometry);
}

static int show_geometry(void *user, const struct csum_carved_geometry *geometry)
{
	static const struct view view = { print_geometry, geometry_json };
	struct dumping *dumping = user;

	return view_show(dumping->report, &view, dumping, geometry);
}

static void print_group(void *run, const void *group)
{
	(void)run;
	dump_text_group(group);
}

static json_t *group_json(void *run, const void *group)
{
	(void)run;
	return dump_json_group(group);
}

static int show_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	static const struct view view = { print_group, group_json };
	struct dumping *dumping = user;

	(void)geometry;
	dumping->groups++;
	return view_show(dumping->report, &view, dumping, group);
}

static void print_end(void *run, int error)
{
	const struct dumping *dumping = run;

	if (!error && !dumping->groups && dumping->differ_only && !dumping->raw)
		printf("no group's copies differ\n");
}

static json_t *end_json(void *run, int error)
{
	const struct dumping *dumping = run;

	(void)error;
	return json_pack("{s:o}", "groups", report_count(dumping->groups));
}

/* ------------------------------------------------------------------ --raw */

static void report_absence(struct dumping *dumping, int copy)
{
	struct absence *absence = &dumping->absence[copy];
	char span[TEXT_MAX];

	if (absence->count)
		report_warning(dumping->report, "%s: copy %d of group%s %s: %s: zeros in its place",
			       dumping->report->volume, copy, text_plural(absence->count),
			       text_span(span, absence->first_group, absence->count),
			       csum_imd_verdict_name(absence->verdict));
	absence->count = 0;
}

static void note_absence(struct dumping *dumping, int copy, uint64_t group, enum csum_imd_verdict verdict)
{
	struct absence *absence = &dumping->absence[copy];

	if (absence->verdict != verdict || absence->first_group + absence->count != group)
		report_absence(dumping, copy);
	if (!absence->count)
		*absence = (struct absence){ .first_group = group, .verdict = verdict };
	absence->count++;
}

/* Writes both copies as stored, zeros for an unreadable one: readers count on two sectors for each group. */
static int put_raw_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	static const uint8_t zeros[SECTOR_SIZE_MAX];
	struct dumping *dumping = user;

	dumping->groups++;
	for (int i = 0; i < 2; i++) {
		const struct csum_dump_copy *copy = &group->copy[i];

		if (!copy->raw)
			note_absence(dumping, i, group->group, copy->verdict);
		fwrite(copy->raw ? copy->raw : zeros, 1, geometry->sector_size, stdout);
	}
	return report_flush(dumping->report);
}

/* ------------------------------------------------------------------ which groups */

/* Catches the sector size that the library shows before anything else; then the dump ends. */
struct probe {
	uint32_t sector_size; /* 0: not known */
};

static int probe_info(void *user, const struct csum_volume_info *info)
{
	((struct probe *)user)->sector_size = info->geometry.sector_size;
	return -ECANCELED;
}

static int probe_geometry(void *user, const struct csum_carved_geometry *geometry)
{
	if (geometry->known)
		((struct probe *)user)->sector_size = geometry->geometry.sector_size;
	return -ECANCELED;
}

/* Sizes in sectors need the sector size, even of volumes that cannot be opened. */
static int find_sector_size(struct report *report, const struct options *options, const struct csum_dump_options *dump,
			    uint32_t *sector_size)
{
	struct csum_handlers silent = report->handlers;
	struct probe probe = { .sector_size = 0 };
	struct csum_dump_options how = {
		.force = dump->force,
		.carve = dump->carve,
		.wait_ms = dump->wait_ms,
		.group_count = 1,
		.info = probe_info,
		.carved_geometry = probe_geometry,
		.user = &probe,
	};
	int error;

	silent.message = NULL;
	error = csum_dump(&silent, options->operand[0], options->value[OPT_METADATA], &how);
	*sector_size = probe.sector_size;
	if (probe.sector_size)
		return 0;
	report_error(report, "%s: the sector size cannot be told; give sizes in bytes", report->volume);
	return error ? error : -EINVAL;
}

static int resolve(struct dumping *dumping, const struct options *options, struct csum_dump_options *how)
{
	uint32_t sector_size = 1;
	int error = 0;

	if (range_in_sectors(&dumping->range))
		error = find_sector_size(dumping->report, options, how, &sector_size);
	if (error)
		return error;
	return range_bytes(dumping->report, &dumping->range, sector_size, &how->offset_bytes, &how->length_bytes);
}

static int parse_raw(struct report *report, const struct options *options)
{
	bool ranged = options->given[OPT_GROUPS] || options->given[OPT_OFFSET] || options->given[OPT_LENGTH];

	if (!options->given[OPT_RAW])
		return 0;
	if (options_exclude(options, OPT_RAW, OPT_JSON) || options_exclude(options, OPT_RAW, OPT_DATA))
		return STATUS_USAGE;
	if (options->given[OPT_CARVE] && !ranged)
		return report_usage(report, "--raw with --carve needs --groups, or --offset and --length");
	return 0;
}

static int parse(struct dumping *dumping, const struct options *options, struct csum_dump_options *how)
{
	struct report *report = dumping->report;
	const char *groups = options->value[OPT_GROUPS];
	const char *wrong = groups ? args_span(groups, &how->first_group, &how->group_count) : NULL;

	if (wrong)
		return report_usage(report, "--groups: '%s' %s", groups, wrong);
	if (options_exclude(options, OPT_GROUPS, OPT_OFFSET) || options_exclude(options, OPT_GROUPS, OPT_LENGTH) ||
	    options_range(options, &dumping->range))
		return STATUS_USAGE;
	how->by_offset = options->given[OPT_OFFSET] || options->given[OPT_LENGTH];
	how->force = options->given[OPT_FORCE];
	how->carve = options->given[OPT_CARVE];
	how->differ_only = options->given[OPT_DIFFER];
	how->read_data = options->given[OPT_DATA];
	how->wait_ms = options->wait_ms;
	return parse_raw(report, options);
}

static int dump(struct dumping *dumping, const struct options *options, struct csum_dump_options *how)
{
	struct report *report = dumping->report;
	int error;

	if (options->given[OPT_RAW] && isatty(STDOUT_FILENO)) {
		report_error(report, "standard output: --raw does not write to a terminal");
		return -EINVAL;
	}
	error = resolve(dumping, options, how);
	if (!error)
		error = csum_dump(&report->handlers, options->operand[0], options->value[OPT_METADATA], how);
	dump_text_end_run(&dumping->run);
	for (int copy = 0; copy < 2; copy++)
		report_absence(dumping, copy);
	return error;
}

static int run(struct report *report, const struct options *options)
{
	static const struct view_end view = { print_end, end_json };
	struct dumping dumping = {
		.report = report,
		.differ_only = options->given[OPT_DIFFER],
		.raw = options->given[OPT_RAW],
	};
	struct csum_dump_options how = { .group_count = CSUM_TO_END, .user = &dumping };
	int error;

	if (parse(&dumping, options, &how))
		return STATUS_USAGE;
	if (options->given[OPT_RAW]) {
		how.group = put_raw_group;
	} else {
		how.info = show_info;
		how.journal = show_journal;
		how.carved = show_carved;
		how.carved_geometry = show_geometry;
		how.group = show_group;
	}
	error = dump(&dumping, options, &how);
	return view_end(report, &view, &dumping, error, report_status(report, error, 0));
}

static const struct poptOption table[] = {
	OPTION_VALUE("groups", 'g', OPT_GROUPS, "group N, or groups N to M", "N[-M]"),
	OPTION_VALUE("offset", 'o', OPT_OFFSET, "the groups from this byte of data space on", "SIZE"),
	OPTION_VALUE("length", 'l', OPT_LENGTH, "the groups of that many bytes", "SIZE"),
	OPTION_FLAG("differ", '\0', OPT_DIFFER, "only groups whose copies disagree"),
	OPTION_FLAG("data", '\0', OPT_DATA, "read the data, and say which entry it matches"),
	OPTION_FLAG("carve", '\0', OPT_CARVE, "search for imd sectors, without superblocks"),
	OPTION_FLAG("raw", '\0', OPT_RAW, "the imd sectors themselves: of every group\ncopy 0, then copy 1"),
	OPTION_FORCE_MOUNTED,
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTIONS_END,
};

const struct command command_dump_imd = {
	.name = "dump-imd",
	.operands = "VOLUME",
	.summary = "show integrity metadata, of damaged volumes too",
	.description = "Shows both copies of the integrity metadata, group by group: whether they are\n"
		       "valid, which is newer, and the entries of every sector; '!' marks sectors\n"
		       "whose entries disagree. With all superblocks gone, or with --carve, imd\n"
		       "sectors are searched for, and the geometry that they imply is shown. Writes\n"
		       "nothing.",
	.operands_min = 1,
	.operands_max = 1,
	.options = table,
	.run = run,
};
