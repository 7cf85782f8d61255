/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "cli/command.h"
#include "commands/volume.h"
#include "show/finding.h"
#include "show/info.h"
#include "show/text.h"
#include "show/view.h"

#define FIELD "%-18s"

static void print_state(const struct csum_volume_info *info)
{
	char span[TEXT_MAX];

	printf(FIELD "%s", "state", info_state_name(info->state));
	if (info->state == CSUM_ACTIVE)
		printf("%s\n" FIELD "%" PRIu64 " group%s, %s",
		       info->at_work == CSUM_NOBODY_AT_WORK ? ": a writer was interrupted" : "", "  may be changing",
		       info->intent_groups, text_plural(info->intent_groups),
		       info->intent_groups ? text_span(span, info->intent_first_group, info->intent_groups) : "none");
	else if (info->state == CSUM_UNKNOWN)
		printf(": superblocks A and B are both invalid, this is from the backup C");
	if (info->at_work != CSUM_NOBODY_AT_WORK)
		printf("\n" FIELD "a %s", "at work", info_at_work_name(info->at_work));
	printf("\n" FIELD, "superblocks");
	for (int slot = 0; slot < CSUM_SLOTS; slot++)
		printf("%s%s %s%s", slot ? ", " : "", slot_name((enum csum_slot)slot),
		       info->slot_valid[slot] ? "valid" : "INVALID",
		       (int)info->governing_slot == slot ? " (in force)" : "");
	printf("\n" FIELD "%" PRIu64 ", session %" PRIu64 "\n", "generation", info->generation, info->session);
}

static void print_bytes(const char *name, uint64_t bytes)
{
	char size[TEXT_MAX];

	printf(FIELD "%s\n", name, text_bytes(size, bytes));
}

/* Mentions a device that is not as large as it was at format. */
static void print_present(const char *device, uint64_t recorded, uint64_t present)
{
	if (present < recorded)
		printf(FIELD "%s is %" PRIu64 " bytes SMALLER than at format\n", "", device, recorded - present);
	else if (present > recorded)
		printf(FIELD "%s is %" PRIu64 " bytes larger than at format; they are not used\n", "", device,
		       present - recorded);
}

static void print_space(const struct csum_volume_info *info)
{
	const struct csum_geometry *geometry = &info->geometry;
	uint64_t data = geometry->data_sectors * geometry->sector_size;
	uint64_t all = geometry->metadata_device_bytes + geometry->data_device_bytes;
	char size[TEXT_MAX];

	print_bytes("data space", data);
	printf(FIELD "%" PRIu64 " in %" PRIu64 " group%s of %" PRIu32 ", %" PRIu64 " cluster%s\n", "data sectors",
	       geometry->data_sectors, geometry->groups, text_plural(geometry->groups), geometry->sectors_per_group,
	       geometry->clusters, text_plural(geometry->clusters));
	if (geometry->external) {
		print_bytes("data device", geometry->data_device_bytes);
		print_present("it", geometry->data_device_bytes, info->data_device_present_bytes);
		print_bytes("metadata device", geometry->metadata_device_bytes);
	} else {
		print_bytes("device", geometry->metadata_device_bytes);
	}
	print_present("it", geometry->metadata_device_bytes, info->metadata_device_present_bytes);
	if (all > data)
		printf(FIELD "%s, %.2f %%\n", "not for data", text_bytes(size, all - data),
		       100.0 * (double)(all - data) / (double)all);
}

static void print_text(const char *name, const char *text)
{
	printf(FIELD, name);
	text_put(stdout, text);
	putchar('\n');
}

static void print_scrub(const char *name, const struct csum_scrub_record *record, uint64_t groups)
{
	const struct csum_scrub_totals *totals = &record->totals;
	char started[TEXT_MAX], ended[TEXT_MAX];

	if (!record->started)
		return;
	printf(FIELD "%s", name, text_time(started, record->started));
	if (record->ended)
		printf(" to %s\n", text_time(ended, record->ended));
	else
		printf(", goes on at group %" PRIu64 " of %" PRIu64 "\n", record->next_group, groups);
	printf(FIELD "sectors: %" PRIu64 " right, %" PRIu64 " unwritten, %" PRIu64 " repaired, %" PRIu64
		     " left bad; %" PRIu64 " imd sectors repaired\n",
	       "", totals->verified, totals->unwritten, totals->repaired, totals->left_bad, totals->imd_repaired);
}

/* Shows the facts by which damage to the data is told from writes by others. */
static void print_evidence(const struct csum_volume_info *info)
{
	static const char *const files[] = {
		[CSUM_DATA_FILE_UNKNOWN] = "time of our last write not known",
		[CSUM_DATA_FILE_SAME] = "as our last write left it",
		[CSUM_DATA_FILE_CHANGED] = "CHANGED since our last write, or copied without its times",
	};
	char since[TEXT_MAX];

	if (info->exclusive)
		printf(FIELD "nobody else writes the data device\n", "exclusive");
	if (files[info->data_file] && info->session)
		printf(FIELD "%s\n", "data file", files[info->data_file]);
	if (info->held_since)
		printf(FIELD "%s: %s\n", "held since", text_time(since, info->held_since),
		       info_held_reason(info->held_reason));
}

static void print_info(void *run, const void *thing)
{
	const struct report *report = run;
	const struct csum_volume_info *info = thing;
	const struct csum_geometry *geometry = &info->geometry;
	char text[TEXT_MAX];

	if (report->quiet)
		return;
	print_text("volume", info->data_device);
	if (geometry->external)
		print_text("metadata on", info->metadata_device);
	if (info->data_identity[0])
		print_text("formatted for", info->data_identity);
	printf(FIELD "%s\n", "UUID", text_uuid(text, info->uuid));
	if (info->label[0])
		print_text("label", info->label);
	printf(FIELD "version %u.%u, %s layout\n", "format", info->version_major, info->version_minor,
	       geometry->external ? "external" : "internal");
	if (info->unknown_compat || info->unknown_ro_compat)
		printf(FIELD "compat 0x%08" PRIx32 ", ro_compat 0x%08" PRIx32 "\n", "unknown features",
		       info->unknown_compat, info->unknown_ro_compat);
	printf(FIELD "%" PRIu32 " bytes", "sector size", geometry->sector_size);
	if (info->physical_sector_size)
		printf(" (device: %" PRIu32 ")", info->physical_sector_size);
	printf("\n" FIELD "%s\n", "checksum", csum_checksum_name(info->checksum_type));
	printf(FIELD "%" PRIu32 " group%s a cluster\n", "interleave", geometry->interleave,
	       text_plural(geometry->interleave));
	print_state(info);
	print_evidence(info);
	print_space(info);
	printf(FIELD "%s\n", "created", text_time(text, info->created));
	printf(FIELD "%s\n", "last write", text_time(text, info->last_write));
	print_scrub("last scrub", &info->last_scrub, geometry->groups);
	print_scrub("scrub under way", &info->current_scrub, geometry->groups);
}

/* ------------------------------------------------------------------ health */

enum { REASONS_MAX = 5, REASON_SIZE = 128 };

/* Finds the reasons why the volume needs attention, each in REASON_SIZE bytes. Returns their number. */
static size_t find_reasons(const struct csum_volume_info *info, char reasons[REASONS_MAX][REASON_SIZE])
{
	uint64_t left = info->last_scrub.totals.left_bad;
	size_t count = 0;

	if (left)
		snprintf(reasons[count++], REASON_SIZE, "the last scrub left %" PRIu64 " bad sector%s", left,
			 text_plural(left));
	left = info->current_scrub.totals.left_bad;
	if (left)
		snprintf(reasons[count++], REASON_SIZE, "the scrub under way has left %" PRIu64 " bad sector%s", left,
			 text_plural(left));
	if (!info->slot_valid[CSUM_SLOT_A] || !info->slot_valid[CSUM_SLOT_B] || !info->slot_valid[CSUM_SLOT_C])
		snprintf(reasons[count++], REASON_SIZE, "superblock%s%s%s invalid",
			 info->slot_valid[CSUM_SLOT_A] ? "" : " A", info->slot_valid[CSUM_SLOT_B] ? "" : " B",
			 info->slot_valid[CSUM_SLOT_C] ? "" : " C");
	if (info->state != CSUM_CLEAN && info->at_work == CSUM_NOBODY_AT_WORK)
		snprintf(reasons[count++], REASON_SIZE, "a writer was interrupted, and nobody has put it in order");
	if (info->held_since)
		snprintf(reasons[count++], REASON_SIZE, "bad sectors are held: %s",
			 info_held_reason(info->held_reason));
	return count;
}

static json_t *all_json(void *run, const void *info)
{
	(void)run;
	return info_json(info);
}

static void print_health(void *run, const void *info)
{
	const struct report *report = run;
	char reasons[REASONS_MAX][REASON_SIZE];
	size_t count = find_reasons(info, reasons);

	for (size_t i = 0; i < count && !report->quiet; i++) {
		text_put(stdout, report->volume);
		printf(": needs attention: %s\n", reasons[i]);
	}
	if (!count && !report->quiet) {
		text_put(stdout, report->volume);
		puts(": healthy");
	}
}

static json_t *health_json(void *run, const void *info)
{
	char reasons[REASONS_MAX][REASON_SIZE];
	size_t count = find_reasons(info, reasons);
	json_t *array = json_array();

	(void)run;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, report_text(reasons[i]));
	return json_pack("{s:s,s:i,s:b,s:o}", "type", "health", "schema", REPORT_SCHEMA, "needs_attention", count > 0,
			 "reasons", array);
}

/* ------------------------------------------------------------------ */

static int show(struct report *report, const struct csum_volume_info *info, bool health, uint64_t *problems)
{
	static const struct view all_view = { print_info, all_json }, health_view = { print_health, health_json };
	char reasons[REASONS_MAX][REASON_SIZE];

	*problems = health ? find_reasons(info, reasons) : 0;
	return view_show(report, health ? &health_view : &all_view, report, info);
}

static int run(struct report *report, const struct options *options)
{
	struct csum_volume_info info;
	struct csum_volume *volume;
	uint64_t problems = 0;
	int error = volume_open(report, options, CSUM_LOOK, &volume);

	if (!error) {
		csum_volume_get_info(volume, &info);
		error = show(report, &info, options->given[OPT_HEALTH], &problems);
		error = volume_close(volume, error);
	}
	return report_summary(report, NULL, report_status(report, error, problems));
}

static const struct poptOption table[] = {
	OPTION_FLAG("health", '\0', OPT_HEALTH,
		    "only say whether it needs attention: then\nthe exit status has 4 in it"),
	OPTION_FORCE_MOUNTED,
	OPTION_METADATA,
	OPTION_WAIT,
	OPTION_JSON,
	OPTION_QUIET("print nothing: the exit status says it"),
	OPTIONS_END,
};

const struct command command_info = {
	.name = "info",
	.operands = "VOLUME",
	.summary = "show geometry, state and space of a volume",
	.description = "Shows what the superblock of a volume says: identity, geometry, state, space,\n"
		       "and the scrubs done and under way. Reads neither data nor integrity metadata,\n"
		       "and goes on while others use the volume.",
	.operands_min = 1,
	.operands_max = 1,
	.options = table,
	.run = run,
};
