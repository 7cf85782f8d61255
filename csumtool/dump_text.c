/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups of dump-imd for people: a line for every sector, or for a run of sectors that say the same. */
#include "dump.h"

#include <inttypes.h>

#include "finding.h"
#include "text.h"
#include "volume.h"

/* Wide enough for 0x and 16 digits. */
#define ENTRY "  %-18s"

void dump_text_info(const struct csum_volume_info *info)
{
	const struct csum_geometry *geometry = &info->geometry;

	fputs("volume ", stdout);
	text_put(stdout, info->data_device);
	if (geometry->external) {
		fputs(", metadata on ", stdout);
		text_put(stdout, info->metadata_device);
	}
	printf(": %s, %" PRIu64 " data sectors of %" PRIu32 " bytes in %" PRIu64 " group%s, interleave %" PRIu32
	       ", %s\n",
	       volume_state_name(info->state), geometry->data_sectors, geometry->sector_size, geometry->groups,
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
	if (journal->valid && *journal->reason)
		fputs("; ", stdout);
	text_put(stdout, journal->reason);
	putchar('\n');
}

static void print_copy(const struct csum_dump_group *group, int index)
{
	const struct csum_dump_copy *copy = &group->copy[index];

	printf("  copy %d at %" PRIu64 ": %s", index, copy->device_offset_bytes,
	       copy->verdict == CSUM_IMD_VALID ? "valid" : csum_imd_verdict_name(copy->verdict));
	if (!copy->raw) {
		putchar('\n');
		return;
	}
	printf(", generation %" PRIu32 "%s, crc 0x%08" PRIx32, copy->generation,
	       group->newer == index ? " (newer)" : "", copy->stored_crc);
	if (copy->stored_crc != copy->computed_crc)
		printf(" (computed 0x%08" PRIx32 ")", copy->computed_crc);
	if (copy->stored_group != (uint32_t)group->group)
		printf(", says group %" PRIu32, copy->stored_group);
	putchar('\n');
}

/* What one line of a group shows. */
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

/* Whether two rows say the same and that is no checksum: a checksum is of its own sector. */
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

static void print_row(const struct csum_dump_group *group, uint32_t first, uint32_t count, const struct row *row)
{
	char text[TEXT_MAX];

	printf("%c %12s  %12" PRIu64, rows_differ(row) ? '!' : ' ', text_span(text, group->first_sector + first, count),
	       group->data_offsets[first]);
	for (int copy = 0; copy < 2; copy++)
		printf(ENTRY, row->present[copy] ? text_entry(text, row->entry[copy]) : "-");
	if (row->journal)
		printf(ENTRY, text_entry(text, row->journal_entry));
	if (row->data != CSUM_DATA_NOT_READ)
		printf("  %s", csum_data_verdict_name(row->data));
	if (row->data == CSUM_DATA_MISMATCH || row->data == CSUM_DATA_OLDER)
		printf(" %s", text_entry(text, row->data_entry));
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

void dump_text_group(const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	bool data = group->sector_count && group->data[0] != CSUM_DATA_NOT_READ;
	char text[TEXT_MAX];

	(void)geometry;
	printf("\ngroup %" PRIu64 ": data sectors %s%s%s\n", group->group,
	       text_span(text, group->first_sector, group->sector_count), group->in_intent ? ", in the intent" : "",
	       group->differ ? ", the copies DIFFER" : "");
	print_copy(group, 0);
	print_copy(group, 1);
	if (group->journal_entries)
		printf("  journal: copy %d, generation %" PRIu32 ", %s\n", group->journal_copy,
		       group->journal_generation, group->journal_in_force ? "in force" : "older than what is in place");
	printf("  %12s  %12s" ENTRY ENTRY, "sector", "at", "copy 0", "copy 1");
	if (group->journal_entries)
		printf(ENTRY, "journal");
	printf("%s\n", data ? "  content" : "");
	print_rows(group);
}
