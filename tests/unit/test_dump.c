/* SPDX-License-Identifier: GPL-2.0-or-later */
/* csum_dump() of volumes that have a superblock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "checksum.h"
#include "device_helpers.h"
#include "dump_image.h"
#include "imd.h"
#include "journal.h"
#include "layout.h"

/* What the callbacks got. */
enum { GROUPS_MAX = 64 };

struct seen {
	int infos, journals, stop_after; /* stop_after groups: ends the dump with -EPIPE; 0: not */
	enum csum_state state;
	struct csum_dump_journal journal;
	char journal_reason[128];
	size_t groups;
	struct seen_group {
		struct csum_dump_group shown; /* pointers are stale but whether they are NULL */
		uint64_t entry[2], journal_entry, data_offset, data_entry; /* of the sector looked at */
		enum csum_data_verdict data;
	} group[GROUPS_MAX];
	uint32_t index; /* of the sector looked at in each group */
};

struct fixture {
	char *directory;
	struct recorder recorder;
	struct dump_image image;
	struct seen seen;
	struct csum_dump_options options;
};

static int take_info(void *user, const struct csum_volume_info *info)
{
	struct seen *seen = user;

	assert_int_equal(seen->journals + seen->groups, 0);
	seen->infos++;
	seen->state = info->state;
	return 0;
}

static int take_journal(void *user, const struct csum_dump_journal *journal)
{
	struct seen *seen = user;

	assert_int_equal(seen->groups, 0);
	seen->journals++;
	seen->journal = *journal;
	snprintf(seen->journal_reason, sizeof(seen->journal_reason), "%s", journal->reason);
	return 0;
}

static int take_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	struct seen *seen = user;
	struct seen_group *taken = &seen->group[seen->groups];
	uint32_t index = seen->index < group->sector_count ? seen->index : 0;

	assert_true(seen->groups < GROUPS_MAX);
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

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

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

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->image.path)
		dump_image_close(&fixture->image);
	temporary_remove(fixture->directory);
	free(fixture);
	return 0;
}

static const struct dump_image_options small_512 = { .sector_size = 512,
						     .interleave = 3,
						     .bytes = 1474560,
						     .checksum_type = CSUM_CRC64,
						     .seed = 7 };

static void create(struct fixture *fixture, const struct dump_image_options *options)
{
	dump_image_create(&fixture->image, fixture->directory, "image", options);
}

static int dump(struct fixture *fixture, const char *data, const char *metadata)
{
	uint32_t index = fixture->seen.index;
	int stop_after = fixture->seen.stop_after;

	recorder_init(&fixture->recorder);
	memset(&fixture->seen, 0, sizeof(fixture->seen));
	fixture->seen.index = index;
	fixture->seen.stop_after = stop_after;
	return csum_dump(&fixture->recorder.handlers, data, metadata, &fixture->options);
}

static void dump_ok(struct fixture *fixture)
{
	assert_int_equal(dump(fixture, fixture->image.path, NULL), 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->seen.infos, 1);
	assert_int_equal(fixture->seen.journals, 1);
}

static void check_sound(const struct fixture *fixture)
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

static void test_sound(void **state)
{
	static const struct dump_image_options volumes[] = {
		{ 512, 1, 1310720, 0, CSUM_CRC32, 1 },	      { 512, 2, 1290240, 0, CSUM_CRC32C, 2 },
		{ 512, 0, 1310720, 0, CSUM_CRC64, 3 },	      { 4096, 1, 9 << 20, 0, CSUM_CRC64, 4 },
		{ 4096, 0, 9 << 20, 0, CSUM_CRC32, 5 },	      { 512, 3, 2 << 20, 1000000, CSUM_CRC32C, 6 },
		{ 4096, 2, 2 << 20, 9 << 20, CSUM_CRC64, 7 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(volumes) / sizeof(volumes[0]); i++) {
		const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);

		create(fixture, &volumes[i]);
		fixture->seen.index = 3;
		dump_image_write(&fixture->image, 3, 1);
		fixture->options.read_data = geometry->external;
		if (geometry->external)
			assert_int_equal(dump(fixture, fixture->image.data_path, fixture->image.path), 0);
		else
			dump_ok(fixture);
		check_sound(fixture);
		assert_int_equal(fixture->recorder.errors + fixture->recorder.warnings, 0);
		assert_int_equal(fixture->seen.state, CSUM_CLEAN);
		assert_false(fixture->seen.journal.valid);
		assert_string_equal(fixture->seen.journal_reason, "no journal record");
		assert_true(fixture->seen.group[0].entry[0] > 1);
		assert_int_equal(fixture->seen.group[0].entry[0], fixture->seen.group[0].entry[1]);
		assert_int_equal(fixture->seen.group[0].data_offset, csum_layout_data_offset(geometry, 3));
		assert_int_equal(fixture->seen.group[0].data, geometry->external ? CSUM_DATA_GOOD : CSUM_DATA_NOT_READ);
		dump_image_close(&fixture->image);
	}
}

/* Group 1: copy 0 damaged; 2: copy 1 is that of group 3; 4: both without magic; 5: equal generations. */
static void damage_groups(const struct fixture *fixture)
{
	const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);
	uint8_t sector[4096];

	dump_image_read_imd(&fixture->image, 1, 0, sector);
	sector[20] ^= 1;
	dump_image_put(&fixture->image, sector, geometry->sector_size, csum_layout_imd_offset(geometry, 1, 0));
	dump_image_read_imd(&fixture->image, 3, 1, sector);
	dump_image_put(&fixture->image, sector, geometry->sector_size, csum_layout_imd_offset(geometry, 2, 1));
	dump_image_zero(&fixture->image, geometry->sector_size, csum_layout_imd_offset(geometry, 4, 0));
	dump_image_zero(&fixture->image, geometry->sector_size, csum_layout_imd_offset(geometry, 4, 1));
	dump_image_read_imd(&fixture->image, 5, 0, sector);
	dump_image_write_imd(&fixture->image, 5, 0, 1, sector);
}

static void test_damaged_copies(void **state)
{
	struct fixture *fixture = *state;
	const struct seen_group *group = fixture->seen.group;

	create(fixture, &small_512);
	damage_groups(fixture);
	dump_ok(fixture);
	assert_int_equal(group[1].shown.copy[0].verdict, CSUM_IMD_WRONG_CRC);
	assert_int_not_equal(group[1].shown.copy[0].stored_crc, group[1].shown.copy[0].computed_crc);
	assert_int_equal(group[1].shown.newer, 1);
	assert_int_equal(group[2].shown.copy[1].verdict, CSUM_IMD_WRONG_GROUP);
	assert_int_equal(group[2].shown.copy[1].stored_group, 3);
	assert_int_equal(group[2].shown.newer, 0);
	assert_int_equal(group[4].shown.newer, -1);
	assert_int_equal(group[4].shown.copy[1].verdict, CSUM_IMD_NO_MAGIC);
	for (uint64_t i = 0; i < 6; i++)
		assert_int_equal(group[i].shown.differ, i != 0 && i != 3);

	fixture->options.differ_only = true;
	dump_ok(fixture);
	assert_int_equal(fixture->seen.groups, 4);
	assert_int_equal(group[2].shown.group, 4);
}

static void put_data(const struct fixture *fixture, uint64_t data_sector, const uint8_t *content)
{
	const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);

	assert_int_equal(pwrite(fixture->image.data, content, geometry->sector_size,
				(off_t)csum_layout_data_offset(geometry, data_sector)),
			 geometry->sector_size);
}

/* Sector 3 of groups 0 ... 4: good, unwritten, older, mismatch, without imd. */
static void damage_data(const struct fixture *fixture)
{
	const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);
	uint32_t per_group = geometry->sectors_per_group;
	uint8_t sector[4096], content[4096] = { 1, 2, 3 };

	dump_image_write(&fixture->image, 3, 1);
	for (uint64_t group = 2; group < 5; group++)
		dump_image_write(&fixture->image, group * per_group + 3, 1);
	dump_image_read_imd(&fixture->image, 2, 1, sector);
	csum_imd_set_entry(sector, 3, CSUM_ENTRY_BAD);
	dump_image_write_imd(&fixture->image, 2, 1, 5, sector);
	put_data(fixture, UINT64_C(3) * per_group + 3, content);
	dump_image_zero(&fixture->image, geometry->sector_size, csum_layout_imd_offset(geometry, 4, 0));
	dump_image_zero(&fixture->image, geometry->sector_size, csum_layout_imd_offset(geometry, 4, 1));
}

static void test_data(void **state)
{
	static const enum csum_data_verdict expected[] = { CSUM_DATA_GOOD, CSUM_DATA_UNWRITTEN, CSUM_DATA_OLDER,
							   CSUM_DATA_MISMATCH, CSUM_DATA_MISMATCH };
	struct fixture *fixture = *state;
	const struct seen_group *group = fixture->seen.group;
	uint8_t content[512];

	create(fixture, &small_512);
	damage_data(fixture);
	fixture->seen.index = 3;
	fixture->options.read_data = true;
	dump_ok(fixture);
	for (int i = 0; i < 5; i++)
		assert_int_equal(group[i].data, expected[i]);
	assert_int_equal(group[0].data_entry, group[0].entry[0]);
	/* What the sector holds is shown where nothing is left to compare it with, too. */
	dump_image_content(&fixture->image, UINT64_C(4) * 62 + 3, content);
	assert_int_equal(group[4].data_entry, csum_checksum_entry(CSUM_CRC64, content, sizeof(content)));
	fixture->options.differ_only = true;
	dump_ok(fixture);
	assert_int_equal(fixture->seen.groups, 3);
	assert_int_equal(group[0].shown.group, 2);
}

/* An active volume with the intent over groups 1 and 2, and a record with an image of group 2. */
static void make_active(struct fixture *fixture, uint32_t image_generation)
{
	static uint8_t record[CSUM_BLOCK_SIZE + 512];
	const struct csum_journal journal = { .count = 1, .session = 9, .place = { { 2, 1 } } };

	memset(record, 0, sizeof(record));
	csum_imd_set_entry(record + CSUM_BLOCK_SIZE, 3, 4711);
	csum_imd_seal(fixture->image.seed_state, 2, 1, image_generation, record + CSUM_BLOCK_SIZE, 512);
	csum_journal_encode(&journal, fixture->image.seed_state, 512, record);
	dump_image_put(&fixture->image, record, sizeof(record), CSUM_JOURNAL_OFFSET);
	fixture->image.superblock.state = CSUM_STATE_ACTIVE;
	fixture->image.superblock.session = 9;
	fixture->image.superblock.intent_first = 1;
	fixture->image.superblock.intent_count = 2;
	dump_image_write_superblock(&fixture->image, CSUM_SLOT_B, 10);
}

static void test_journal(void **state)
{
	struct fixture *fixture = *state;
	const struct seen_group *group = fixture->seen.group;

	create(fixture, &small_512);
	fixture->seen.index = 3;
	for (uint32_t generation = 0; generation < 3; generation += 2) {
		make_active(fixture, generation);
		dump_ok(fixture);
		assert_int_equal(fixture->seen.state, CSUM_ACTIVE);
		assert_true(fixture->seen.journal.valid);
		assert_string_equal(fixture->seen.journal_reason, "");
		assert_int_equal(fixture->seen.journal.session, 9);
		assert_int_equal(fixture->seen.journal.images, 1);
		for (uint64_t i = 0; i < 4; i++)
			assert_int_equal(group[i].shown.in_intent, i == 1 || i == 2);
		assert_null(group[1].shown.journal_entries);
		assert_int_equal(group[2].journal_entry, 4711);
		assert_int_equal(group[2].shown.journal_copy, 1);
		assert_int_equal(group[2].shown.journal_generation, generation);
		assert_int_equal(group[2].shown.journal_in_force, generation == 2);
	}
}

static void test_void_journal(void **state)
{
	struct fixture *fixture = *state;

	create(fixture, &small_512);
	make_active(fixture, 2);
	fixture->image.superblock.state = CSUM_STATE_CLEAN;
	fixture->image.superblock.intent_count = 0;
	dump_image_write_superblock(&fixture->image, CSUM_SLOT_A, 11);
	dump_ok(fixture);
	assert_true(fixture->seen.journal.valid);
	assert_string_equal(fixture->seen.journal_reason, "the volume is clean");
	assert_int_equal(fixture->seen.journal.images, 1);
	assert_int_equal(fixture->seen.journal.session, 9);
	assert_null(fixture->seen.group[2].shown.journal_entries);
}

static void test_only_backup(void **state)
{
	struct fixture *fixture = *state;

	create(fixture, &small_512);
	make_active(fixture, 2);
	dump_image_zero(&fixture->image, CSUM_BLOCK_SIZE, CSUM_SLOT_A_OFFSET);
	dump_image_zero(&fixture->image, CSUM_BLOCK_SIZE, CSUM_SLOT_B_OFFSET);
	dump_ok(fixture);
	check_sound(fixture);
	assert_int_equal(fixture->seen.state, CSUM_UNKNOWN);
	assert_true(fixture->seen.journal.valid);
	assert_true(fixture->seen.journal_reason[0] != 0);
	assert_true(fixture->seen.group[5].shown.in_intent);
}

static void test_ranges(void **state)
{
	struct fixture *fixture = *state;
	uint64_t groups;

	create(fixture, &small_512);
	groups = dump_image_geometry(&fixture->image)->groups;
	fixture->options.first_group = 2;
	fixture->options.group_count = 3;
	dump_ok(fixture);
	assert_int_equal(fixture->seen.groups, 3);
	assert_int_equal(fixture->seen.group[0].shown.group, 2);

	fixture->options.first_group = groups;
	fixture->options.group_count = CSUM_TO_END;
	dump_ok(fixture);
	assert_int_equal(fixture->seen.groups, 0);

	fixture->options.group_count = 1;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EINVAL);
	assert_one_error(&fixture->recorder, "past the last");
	fixture->options.first_group = UINT64_MAX;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EINVAL);

	/* From the last byte of group 1 to the first of group 3. */
	fixture->options.by_offset = true;
	fixture->options.offset_bytes = 2 * 62 * 512 - 1;
	fixture->options.length_bytes = 62 * 512 + 2;
	dump_ok(fixture);
	assert_int_equal(fixture->seen.groups, 3);
	assert_int_equal(fixture->seen.group[0].shown.group, 1);
	fixture->options.length_bytes = UINT64_MAX - 1;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EINVAL);
}

static void test_callback_ends_it(void **state)
{
	struct fixture *fixture = *state;

	create(fixture, &small_512);
	fixture->seen.stop_after = 2;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EPIPE);
	assert_int_equal(fixture->seen.groups, 2);
}

static void test_cut_short(void **state)
{
	struct fixture *fixture = *state;
	const struct seen_group *group = fixture->seen.group;
	uint64_t cluster_bytes = UINT64_C(3) * 64 * 512;

	/* In the middle of the second cluster's data: its copies 1 and the third cluster are gone. */
	create(fixture, &small_512);
	assert_int_equal(truncate(fixture->image.path, (off_t)(CSUM_CLUSTERS_OFFSET + cluster_bytes + 50 * 512)), 0);
	fixture->options.read_data = true;
	dump_ok(fixture);
	assert_int_equal(fixture->seen.groups, 6);
	assert_int_equal(group[2].shown.copy[1].verdict, CSUM_IMD_VALID);
	assert_int_equal(group[3].shown.copy[0].verdict, CSUM_IMD_VALID);
	assert_int_equal(group[3].shown.copy[1].verdict, CSUM_IMD_MISSING);
	assert_null(group[3].shown.copy[1].raw);
	assert_null(group[3].shown.copy[1].entries);
	assert_non_null(strstr(fixture->recorder.last_warning, "group 6 "));
}

static void test_external_metadata_alone(void **state)
{
	static const struct dump_image_options external = { 512, 3, 2 << 20, 1000000, CSUM_CRC32C, 6 };
	struct fixture *fixture = *state;

	create(fixture, &external);
	dump_ok(fixture);
	check_sound(fixture);
	assert_int_equal(fixture->recorder.warnings, 0);
	assert_int_equal(fixture->seen.group[1].data_offset, 62 * 512);
	fixture->options.read_data = true;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EINVAL);
	assert_one_error(&fixture->recorder, "data device");
	assert_int_equal(fixture->seen.infos, 0);
}

static void test_internal_with_metadata_device(void **state)
{
	struct fixture *fixture = *state;
	char *other = path_in(fixture->directory, "other");

	create(fixture, &small_512);
	put_image(other, 1 << 20);
	assert_int_equal(dump(fixture, other, fixture->image.path), -EINVAL);
	assert_one_error(&fixture->recorder, "on one device");
	free(other);
}

static void test_verdict_names(void **state)
{
	(void)state;
	for (int verdict = CSUM_DATA_NOT_READ; verdict <= CSUM_DATA_UNREADABLE; verdict++)
		assert_non_null(csum_data_verdict_name((enum csum_data_verdict)verdict));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_copies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_data, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_void_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_backup, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ranges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_callback_ends_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_external_metadata_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_internal_with_metadata_device, set_up, tear_down),
		cmocka_unit_test(test_verdict_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
