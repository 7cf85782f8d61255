/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/dump_seen.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"

const struct dump_image_options dump_small = { 512, 3, 1474560, 0, CSUM_CRC64, 7 };

static int take_info(void *user, const struct csum_volume_info *info)
{
	struct dump_seen *seen = user;

	assert_int_equal(seen->journals + seen->groups, 0);
	seen->infos++;
	seen->state = info->state;
	return 0;
}

static int take_journal(void *user, const struct csum_dump_journal *journal)
{
	struct dump_seen *seen = user;

	assert_int_equal(seen->groups, 0);
	seen->journals++;
	seen->journal = *journal;
	snprintf(seen->journal_reason, sizeof(seen->journal_reason), "%s", journal->problem);
	return 0;
}

static int take_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	struct dump_seen *seen = user;
	struct dump_seen_group *taken = &seen->group[seen->groups];
	uint32_t index = seen->index < group->sector_count ? seen->index : 0;

	assert_true(seen->groups < DUMP_SEEN_GROUPS);
	assert_int_equal(group->first_sector, group->group * geometry->sectors_per_group);
	taken->shown = *group;
	for (int copy = 0; copy < 2; copy++) {
		if (group->copy[copy].raw)
			taken->entry[copy] = group->copy[copy].entries[index];
	}
	if (group->journal_entries)
		taken->journal_entry = group->journal_entries[index];
	taken->data_offset = group->data_offsets[index];
	taken->data_entry = group->data_entries[index];
	taken->data = group->data[index];
	seen->groups++;
	return seen->stop_after && seen->groups == (size_t)seen->stop_after ? -EPIPE : 1;
}

int dump_set_up(void **state)
{
	struct dump_fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->directory = temporary_directory();
	fixture->options = (struct csum_dump_options){
		.group_count = CSUM_TO_END,
		.length_bytes = CSUM_TO_END,
		.info = take_info,
		.journal = take_journal,
		.group = take_group,
		.user = &fixture->seen,
	};
	*state = fixture;
	return 0;
}

int dump_tear_down(void **state)
{
	struct dump_fixture *fixture = *state;

	if (fixture->image.path)
		dump_image_close(&fixture->image);
	temporary_remove(fixture->directory);
	free(fixture);
	return 0;
}

void dump_create(struct dump_fixture *fixture, const struct dump_image_options *options)
{
	dump_image_create(&fixture->image, fixture->directory, "image", options);
}

int dump_run(struct dump_fixture *fixture, const char *data, const char *metadata)
{
	uint32_t index = fixture->seen.index;
	int stop_after = fixture->seen.stop_after;

	recorder_init(&fixture->recorder);
	memset(&fixture->seen, 0, sizeof(fixture->seen));
	fixture->seen.index = index;
	fixture->seen.stop_after = stop_after;
	return csum_dump(&fixture->recorder.handlers, data, metadata, &fixture->options);
}

void dump_expect(struct dump_fixture *fixture)
{
	assert_int_equal(dump_run(fixture, fixture->image.path, NULL), 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->seen.infos, 1);
	assert_int_equal(fixture->seen.journals, 1);
}

void dump_check_sound(const struct dump_fixture *fixture)
{
	const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);

	assert_int_equal(fixture->seen.groups, geometry->groups);
	for (uint64_t i = 0; i < geometry->groups; i++) {
		const struct csum_dump_group *shown = &fixture->seen.group[i].shown;

		assert_int_equal(shown->group, i);
		assert_int_equal(shown->sector_count, csum_layout_group_sectors(geometry, i));
		assert_int_equal(shown->newer, 1);
		assert_false(shown->differ);
		for (int copy = 0; copy < 2; copy++) {
			assert_int_equal(shown->copy[copy].verdict, CSUM_IMD_VALID);
			assert_int_equal(shown->copy[copy].generation, copy);
			assert_int_equal(shown->copy[copy].stored_group, i);
			assert_int_equal(shown->copy[copy].stored_crc, shown->copy[copy].computed_crc);
			assert_int_equal(shown->copy[copy].device_offset_bytes,
					 csum_layout_imd_offset(geometry, i, copy));
		}
	}
}
