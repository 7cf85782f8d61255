/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups of a dump, one after the other, in memory that does not depend on their number. */
#include "dump/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "volume/record.h"

#define ENTRIES_MAX ((4096u - CSUM_IMD_HEADER_SIZE) / sizeof(le64))

struct walk {
	const struct csum_volume *volume;
	const struct csum_dump_options *options;
	/* of the group being shown */
	uint64_t entries[2][ENTRIES_MAX], journal_entries[ENTRIES_MAX];
	uint64_t data_offsets[ENTRIES_MAX], data_entries[ENTRIES_MAX];
	enum csum_data_verdict data[ENTRIES_MAX];
};

const char *csum_data_verdict_name(enum csum_data_verdict verdict)
{
	static const char *const names[] = {
		[CSUM_DATA_NOT_READ] = "not read",
		[CSUM_DATA_UNWRITTEN] = "unwritten",
		[CSUM_DATA_GOOD] = "good",
		[CSUM_DATA_OLDER] = "matches an older entry",
		[CSUM_DATA_MISMATCH] = "matches no entry",
		[CSUM_DATA_UNREADABLE] = "unreadable",
	};

	return verdict <= CSUM_DATA_UNREADABLE ? names[verdict] : NULL;
}

static enum csum_data_verdict data_verdict(enum csum_verdict verdict)
{
	switch (verdict) {
	case CSUM_VERDICT_NOT_READ:
		break;
	case CSUM_VERDICT_GOOD:
	case CSUM_VERDICT_TRANSIENT:
		return CSUM_DATA_GOOD;
	case CSUM_VERDICT_UNWRITTEN:
		return CSUM_DATA_UNWRITTEN;
	case CSUM_VERDICT_OLDER:
	case CSUM_VERDICT_STALE:
		return CSUM_DATA_OLDER;
	case CSUM_VERDICT_MISMATCH:
	case CSUM_VERDICT_ZEROED:
	case CSUM_VERDICT_LOST:
		return CSUM_DATA_MISMATCH;
	case CSUM_VERDICT_UNREADABLE:
	case CSUM_VERDICT_MISSING:
		return CSUM_DATA_UNREADABLE;
	}
	return CSUM_DATA_NOT_READ;
}

/* ------------------------------------------------------------------ one group */

static void decode_entries(const struct walk *walk, const void *sector, uint64_t *entries)
{
	for (uint32_t i = 0; i < csum_volume_geometry(walk->volume)->sectors_per_group; i++)
		entries[i] = csum_imd_entry(sector, i);
}

static void show_copy(struct walk *walk, const struct csum_group *group, int copy, struct csum_dump_group *shown)
{
	const struct csum_geometry *geometry = csum_volume_geometry(walk->volume);
	struct csum_dump_copy *result = &shown->copy[copy];
	const void *sector = group->copy[copy];

	*result = (struct csum_dump_copy){
		.device_offset_bytes = csum_layout_imd_offset(geometry, shown->group, copy),
		.verdict = group->verdict[copy],
	};
	if (result->verdict == CSUM_IMD_UNREADABLE || result->verdict == CSUM_IMD_MISSING)
		return;
	result->generation = csum_imd_generation(sector);
	result->stored_group = csum_imd_stored_group(sector);
	result->stored_crc = csum_imd_stored_crc(sector);
	result->computed_crc = csum_imd_crc(csum_volume_imd_place(walk->volume, shown->group, copy), sector);
	result->raw = sector;
	decode_entries(walk, sector, walk->entries[copy]);
	result->entries = walk->entries[copy];
}

static void show_journal(struct walk *walk, const struct csum_group *group, struct csum_dump_group *shown)
{
	const void *image = csum_record_find(walk->volume, shown->group, &shown->journal_copy);

	if (!image)
		return;
	decode_entries(walk, image, walk->journal_entries);
	shown->journal_entries = walk->journal_entries;
	shown->journal_generation = csum_imd_generation(image);
	shown->journal_in_force = group->version_count > 0 && group->version[0] == image;
}

/* Shows the data; returns whether a verdict is one that counts as a difference. */
static bool show_data(struct walk *walk, const struct csum_scan_batch *batch, struct csum_dump_group *shown)
{
	const struct csum_geometry *geometry = csum_volume_geometry(walk->volume);
	size_t at = (size_t)(shown->first_sector - batch->first_sector);
	bool bad = false;

	for (uint32_t i = 0; i < shown->sector_count; i++) {
		walk->data_offsets[i] = csum_layout_data_offset(geometry, shown->first_sector + i);
		walk->data[i] = data_verdict(batch->verdict[at + i]);
		walk->data_entries[i] = batch->entry[at + i];
		bad |= walk->data[i] >= CSUM_DATA_OLDER;
	}
	shown->data_offsets = walk->data_offsets;
	shown->data = walk->data;
	shown->data_entries = walk->data_entries;
	return bad;
}

static int show_group(struct walk *walk, const struct csum_scan_batch *batch, uint64_t number)
{
	const struct csum_geometry *geometry = csum_volume_geometry(walk->volume);
	const struct csum_group *group = csum_groups_group(&batch->span, number);
	struct csum_dump_group shown = {
		.group = number,
		.first_sector = csum_layout_first_sector(geometry, number),
		.sector_count = csum_layout_group_sectors(geometry, number),
		.newer = group->newer,
		.differ = !csum_group_sound(group, geometry->sector_size),
		.in_intent = csum_volume_in_intent(walk->volume, number),
	};
	bool bad = show_data(walk, batch, &shown);
	int result;

	if (walk->options->differ_only && !shown.differ && !bad)
		return 0;
	for (int copy = 0; copy < 2; copy++)
		show_copy(walk, group, copy, &shown);
	show_journal(walk, group, &shown);
	result = walk->options->group(walk->options->user, geometry, &shown);
	return result < 0 ? result : 0;
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct walk *walk = user;
	int error = 0;

	for (uint64_t i = 0; i < batch->span.group_count && !error; i++)
		error = show_group(walk, batch, batch->span.first_group + i);
	return error;
}

/* ------------------------------------------------------------------ the range */

int csum_dump_resolve_range(const struct csum_volume *volume, const struct csum_dump_options *options,
			    struct csum_dump_range *range)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t group_bytes = (uint64_t)geometry->sectors_per_group * geometry->sector_size;
	uint64_t length_bytes = options->length_bytes;
	int error;

	*range = (struct csum_dump_range){ options->first_group, options->group_count };
	if (options->by_offset) {
		error = csum_volume_check_range(volume, options->offset_bytes, &length_bytes);
		if (error)
			return error;
		range->first_group = options->offset_bytes / group_bytes;
		range->group_count =
			(options->offset_bytes + length_bytes + group_bytes - 1) / group_bytes - range->first_group;
		if (length_bytes == 0)
			range->group_count = 0;
		return 0;
	}
	if (range->first_group <= geometry->groups) {
		if (range->group_count == CSUM_TO_END)
			range->group_count = geometry->groups - range->first_group;
		if (range->group_count <= geometry->groups - range->first_group)
			return 0;
	}
	return csum_report_refusal(&volume->handlers, -EINVAL, volume->metadata->name,
				   "the range of groups goes past the last one, %" PRIu64, geometry->groups - 1);
}

static uint64_t end_sector(const struct csum_volume *volume, const struct csum_dump_range *range)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);

	return csum_min_u64(csum_layout_first_sector(geometry, range->first_group + range->group_count),
			    geometry->data_sectors);
}

struct csum_scan_options csum_dump_present(const struct csum_volume *volume, const struct csum_dump_range *range)
{
	uint64_t first = csum_layout_first_sector(csum_volume_geometry(volume), range->first_group);
	uint64_t end = csum_min_u64(end_sector(volume, range), csum_scan_present_sectors(volume));

	return (struct csum_scan_options){ .first_sector = first, .sector_count = end > first ? end - first : 0 };
}

int csum_dump_groups(struct csum_volume *volume, const struct csum_dump_options *options,
		     const struct csum_dump_range *range)
{
	struct csum_scan_options scan = csum_dump_present(volume, range);
	struct walk *walk;
	int error;

	if (!options->group || range->group_count == 0)
		return 0;
	walk = calloc(1, sizeof(*walk));
	if (!walk)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "showing groups");
	walk->volume = volume;
	walk->options = options;
	scan.metadata_only = !options->read_data;
	scan.keep_data = options->read_data; /* for the checksums of sectors that have no entry to match, too */
	scan.visit = visit;
	scan.user = walk;
	error = csum_scan(volume, &scan);
	free(walk);
	if (!error && scan.first_sector + scan.sector_count < end_sector(volume, range))
		csum_report_warning(
			&volume->handlers, volume->metadata->name,
			"the device ends before the metadata of group %" PRIu64 " and those behind it: not shown",
			csum_layout_group_of(csum_volume_geometry(volume), scan.first_sector + scan.sector_count));
	return error;
}
