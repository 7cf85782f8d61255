/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of dump-imd for people: a line for every sector, or for a run of sectors with equal rows. */
#include "show/dump.h"

#include <inttypes.h>
#include <string.h>

#include "show/finding.h"
#include "show/info.h"
#include "show/text.h"

/* Room for 0x and 16 digits. */
#define ENTRY_WIDTH 18

void dump_text_info(const struct csum_volume_info *info)
{
	const struct csum_geometry *geometry = &info->geometry;

	fputs("volume ", stdout);
	text_put(stdout, info->data_device);
	if (geometry->external && !strcmp(info->data_device, info->metadata_device)) {
		fputs(", metadata only", stdout);
	} else if (geometry->external) {
		fputs(", metadata on ", stdout);
		text_put(stdout, info->metadata_device);
	}
	printf(": state %s, %" PRIu64 " data sectors of %" PRIu32 " bytes in %" PRIu64 " group%s, interleave %" PRIu32
	       ", %s\n",
	       info_state_name(info->state), geometry->data_sectors, geometry->sector_size, geometry->groups,
	       text_plural(geometry->groups), geometry->interleave, csum_checksum_name(info->checksum_type));
	printf("superblocks:");
	for (int slot = 0; slot < CSUM_SLOTS; slot++)
		printf("%s %s %s%s", slot ? "," : "", slot_name((enum csum_slot)slot),
		       info->slot_valid[slot] ? "valid" : "INVALID",
		       (int)info->governing_slot == slot ? " (in force)" : "");
	printf("; generation %" PRIu64 ", session %" PRIu64 "\n", info->generation, info->session);
	if (info->state == CSUM_ACTIVE)
		printf("intent: %" PRIu64 " group%s from group %" PRIu64 " on\n", info->intent_groups,
		       text_plural(info->intent_groups), info->intent_first_group);
}

void dump_text_journal(const struct csum_dump_journal *journal)
{
	printf("journal at %" PRIu64 ": ", journal->device_offset_bytes);
	if (journal->valid)
		printf("session %" PRIu64 ", %" PRIu32 " imd sectors", journal->session, journal->images);
	if (journal->valid && *journal->problem)
		fputs("; ", stdout);
	text_put(stdout, journal->problem);
	putchar('\n');
}

static void print_copy(const struct csum_dump_group *group, int index)
{
	const struct csum_dump_copy *copy = &group->copy[index];

	printf("  copy %d at %" PRIu64 ": ", index, copy->device_offset_bytes);
	if (copy->verdict == CSUM_IMD_VALID)
		printf("valid, generation %" PRIu32 "%s, crc 0x%08" PRIx32 "\n", copy->generation,
		       group->newer == index ? " (newer)" : "", copy->stored_crc);
	else if (!copy->raw)
		printf("INVALID: %s\n", csum_imd_verdict_name(copy->verdict));
	else
		printf("INVALID: %s (stored: generation %" PRIu32 ", group %" PRIu32 ", crc 0x%08" PRIx32
		       "; computed: 0x%08" PRIx32 ")\n",
		       csum_imd_verdict_name(copy->verdict), copy->generation, copy->stored_group, copy->stored_crc,
		       copy->computed_crc);
}

/* The fields of one line of a group. */
struct row {
	bool present[2], journal;
	uint64_t entry[2], journal_entry, data_entry;
	enum csum_data_verdict data;
};

static struct row make_row(const struct csum_dump_group *group, uint32_t i)
{
	struct row row = { .journal = group->journal_entries, .data = group->data[i] };

	for (int copy = 0; copy < 2; copy++) {
		row.present[copy] = group->copy[copy].entries;
		row.entry[copy] = row.present[copy] ? group->copy[copy].entries[i] : 0;
	}
	if (row.journal)
		row.journal_entry = group->journal_entries[i];
	row.data_entry = group->data_entries[i];
	return row;
}

static bool rows_differ(const struct row *row)
{
	if (row->present[0] && row->present[1] && row->entry[0] != row->entry[1])
		return true;
	return row->journal && ((row->present[0] && row->journal_entry != row->entry[0]) ||
				(row->present[1] && row->journal_entry != row->entry[1]));
}

/* Whether two rows are equal and have no checksum: each sector has a checksum of its own. */
static bool rows_fold(const struct row *a, const struct row *b)
{
	for (int copy = 0; copy < 2; copy++) {
		if (a->entry[copy] > 1 || a->entry[copy] != b->entry[copy])
			return false;
	}
	if (a->journal && (a->journal_entry > 1 || a->journal_entry != b->journal_entry))
		return false;
	return a->data == b->data && (a->data <= CSUM_DATA_UNWRITTEN || a->data == CSUM_DATA_UNREADABLE);
}

static void print_cell(const char *text, bool last)
{
	printf("  %-*s", last ? 0 : ENTRY_WIDTH, text);
}

static void print_row(const struct csum_dump_group *group, uint32_t first, uint32_t count, const struct row *row)
{
	bool data = row->data != CSUM_DATA_NOT_READ;
	char text[TEXT_MAX];

	printf("%c %12s  %12" PRIu64, rows_differ(row) ? '!' : ' ', text_span(text, group->first_sector + first, count),
	       group->data_offsets[first]);
	for (int copy = 0; copy < 2; copy++)
		print_cell(row->present[copy] ? text_entry(text, row->entry[copy]) : "-",
			   copy == 1 && !row->journal && !data);
	if (row->journal)
		print_cell(text_entry(text, row->journal_entry), !data);
	if (data)
		printf("  %s", csum_data_verdict_name(row->data));
	if (row->data == CSUM_DATA_MISMATCH || row->data == CSUM_DATA_OLDER)
		printf(": %s", text_entry(text, row->data_entry));
	putchar('\n');
}

static void print_rows(const struct csum_dump_group *group)
{
	uint32_t first = 0;

	while (first < group->sector_count) {
		struct row row = make_row(group, first);
		uint32_t next = first + 1;

		for (; next < group->sector_count; next++) {
			struct row other = make_row(group, next);

			if (!rows_fold(&row, &other))
				break;
		}
		print_row(group, first, next - first, &row);
		first = next;
	}
}

void dump_text_group(const struct csum_dump_group *group)
{
	static const char *const names[] = { "copy 0", "copy 1" };
	static const char *const invalid_names[] = { "copy 0 (INVALID)", "copy 1 (INVALID)" };
	bool data = group->sector_count && group->data[0] != CSUM_DATA_NOT_READ;
	char text[TEXT_MAX];

	printf("\ngroup %" PRIu64 ": data sectors %s%s%s\n", group->group,
	       text_span(text, group->first_sector, group->sector_count), group->in_intent ? ", in the intent" : "",
	       group->differ ? ", the copies DIFFER" : "");
	print_copy(group, 0);
	print_copy(group, 1);
	if (group->journal_entries)
		printf("  journal: copy %d, generation %" PRIu32 ", %s\n", group->journal_copy,
		       group->journal_generation, group->journal_in_force ? "in force" : "older than what is in place");
	printf("  %12s  %12s", "sector", "at");
	for (int i = 0; i < 2; i++)
		print_cell(group->copy[i].verdict == CSUM_IMD_VALID ? names[i] : invalid_names[i],
			   i == 1 && !group->journal_entries && !data);
	if (group->journal_entries)
		print_cell("journal", !data);
	printf("%s\n", data ? "  content" : "");
	print_rows(group);
}
