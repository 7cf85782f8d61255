/* SPDX-License-Identifier: GPL-2.0-or-later */
/* csum_dump() of volumes with a superblock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "ondisk/imd.h"
#include "ondisk/journal.h"
#include "ondisk/layout.h"
#include "support/dump_seen.h"

static void test_sound(void **state)
{
	static const struct dump_image_options volumes[] = {
		{ 512, 1, 1310720, 0, CSUM_CRC32, 1 },	      { 512, 2, 1290240, 0, CSUM_CRC32C, 2 },
		{ 512, 0, 1310720, 0, CSUM_CRC64, 3 },	      { 4096, 1, 9 << 20, 0, CSUM_CRC64, 4 },
		{ 4096, 0, 9 << 20, 0, CSUM_CRC32, 5 },	      { 512, 3, 2 << 20, 1000000, CSUM_CRC32C, 6 },
		{ 4096, 2, 2 << 20, 9 << 20, CSUM_CRC64, 7 },
	};
	struct dump_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(volumes) / sizeof(volumes[0]); i++) {
		const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);

		dump_create(fixture, &volumes[i]);
		fixture->seen.index = 3;
		dump_image_write(&fixture->image, 3, 1);
		fixture->options.read_data = geometry->external;
		if (geometry->external)
			assert_int_equal(dump_run(fixture, fixture->image.data_path, fixture->image.path), 0);
		else
			dump_expect(fixture);
		dump_check_sound(fixture);
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

/* Group 1: copy 0 damaged; 2: copy 1 is that of group 3; 4: both copies without magic; 5: equal generations. */
static void damage_groups(const struct dump_fixture *fixture)
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
	struct dump_fixture *fixture = *state;
	const struct dump_seen_group *group = fixture->seen.group;

	dump_create(fixture, &dump_small);
	damage_groups(fixture);
	dump_expect(fixture);
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
	dump_expect(fixture);
	assert_int_equal(fixture->seen.groups, 4);
	assert_int_equal(group[2].shown.group, 4);
}

static void put_data(const struct dump_fixture *fixture, uint64_t data_sector, const uint8_t *content)
{
	const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);

	assert_int_equal(pwrite(fixture->image.data, content, geometry->sector_size,
				(off_t)csum_layout_data_offset(geometry, data_sector)),
			 geometry->sector_size);
}

/* Sector 3 of groups 0 ... 4: good, unwritten, older, mismatch, without imd. */
static void damage_data(const struct dump_fixture *fixture)
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
	struct dump_fixture *fixture = *state;
	const struct dump_seen_group *group = fixture->seen.group;
	uint8_t content[512];

	dump_create(fixture, &dump_small);
	damage_data(fixture);
	fixture->seen.index = 3;
	fixture->options.read_data = true;
	dump_expect(fixture);
	for (int i = 0; i < 5; i++)
		assert_int_equal(group[i].data, expected[i]);
	assert_int_equal(group[0].data_entry, group[0].entry[0]);
	/* The entry of the content is shown even where no stored entry is left to compare it with. */
	dump_image_content(&fixture->image, UINT64_C(4) * 62 + 3, content);
	assert_int_equal(group[4].data_entry, csum_checksum_entry(CSUM_CRC64, content, sizeof(content)));
	fixture->options.differ_only = true;
	dump_expect(fixture);
	assert_int_equal(fixture->seen.groups, 3);
	assert_int_equal(group[0].shown.group, 2);
}

/* Makes the volume active with the intent over groups 1 and 2, and a record with an image of group 2. */
static void make_active(struct dump_fixture *fixture, uint32_t image_generation)
{
	static uint8_t record[CSUM_BLOCK_SIZE + 512];
	const struct csum_journal journal = { .count = 1, .session = 9, .place = { { 2, 1 } } };

	memset(record, 0, sizeof(record));
	csum_imd_set_entry(record + CSUM_BLOCK_SIZE, 3, 4711);
	csum_imd_seal((struct csum_imd_place){ fixture->image.seed_state, 512, 2, 1 }, image_generation,
		      record + CSUM_BLOCK_SIZE);
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
	struct dump_fixture *fixture = *state;
	const struct dump_seen_group *group = fixture->seen.group;

	dump_create(fixture, &dump_small);
	fixture->seen.index = 3;
	for (uint32_t generation = 0; generation < 3; generation += 2) {
		make_active(fixture, generation);
		dump_expect(fixture);
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
	struct dump_fixture *fixture = *state;

	dump_create(fixture, &dump_small);
	make_active(fixture, 2);
	fixture->image.superblock.state = CSUM_STATE_CLEAN;
	fixture->image.superblock.intent_count = 0;
	dump_image_write_superblock(&fixture->image, CSUM_SLOT_A, 11);
	dump_expect(fixture);
	assert_true(fixture->seen.journal.valid);
	assert_string_equal(fixture->seen.journal_reason, "the volume is clean");
	assert_int_equal(fixture->seen.journal.images, 1);
	assert_int_equal(fixture->seen.journal.session, 9);
	assert_null(fixture->seen.group[2].shown.journal_entries);
}

static void test_only_backup(void **state)
{
	struct dump_fixture *fixture = *state;

	dump_create(fixture, &dump_small);
	make_active(fixture, 2);
	dump_image_zero(&fixture->image, CSUM_BLOCK_SIZE, CSUM_SLOT_A_OFFSET);
	dump_image_zero(&fixture->image, CSUM_BLOCK_SIZE, CSUM_SLOT_B_OFFSET);
	dump_expect(fixture);
	dump_check_sound(fixture);
	assert_int_equal(fixture->seen.state, CSUM_UNKNOWN);
	assert_true(fixture->seen.journal.valid);
	assert_true(fixture->seen.journal_reason[0] != 0);
	assert_true(fixture->seen.group[5].shown.in_intent);
}

static void test_ranges(void **state)
{
	struct dump_fixture *fixture = *state;
	uint64_t groups;

	dump_create(fixture, &dump_small);
	groups = dump_image_geometry(&fixture->image)->groups;
	fixture->options.first_group = 2;
	fixture->options.group_count = 3;
	dump_expect(fixture);
	assert_int_equal(fixture->seen.groups, 3);
	assert_int_equal(fixture->seen.group[0].shown.group, 2);

	fixture->options.first_group = groups;
	fixture->options.group_count = CSUM_TO_END;
	dump_expect(fixture);
	assert_int_equal(fixture->seen.groups, 0);

	fixture->options.group_count = 1;
	assert_int_equal(dump_run(fixture, fixture->image.path, NULL), -EINVAL);
	assert_one_error(&fixture->recorder, "past the last");
	fixture->options.first_group = UINT64_MAX;
	assert_int_equal(dump_run(fixture, fixture->image.path, NULL), -EINVAL);

	/* The range goes from the last byte of group 1 to the first of group 3. */
	fixture->options.by_offset = true;
	fixture->options.offset_bytes = 2 * 62 * 512 - 1;
	fixture->options.length_bytes = 62 * 512 + 2;
	dump_expect(fixture);
	assert_int_equal(fixture->seen.groups, 3);
	assert_int_equal(fixture->seen.group[0].shown.group, 1);
	fixture->options.length_bytes = UINT64_MAX - 1;
	assert_int_equal(dump_run(fixture, fixture->image.path, NULL), -EINVAL);
}

static void test_callback_ends_it(void **state)
{
	struct dump_fixture *fixture = *state;

	dump_create(fixture, &dump_small);
	fixture->seen.stop_after = 2;
	assert_int_equal(dump_run(fixture, fixture->image.path, NULL), -EPIPE);
	assert_int_equal(fixture->seen.groups, 2);
}

static void test_cut_short(void **state)
{
	struct dump_fixture *fixture = *state;
	const struct dump_seen_group *group = fixture->seen.group;
	uint64_t cluster_bytes = UINT64_C(3) * 64 * 512;

	/* The cut is in the middle of the second cluster's data: its copies 1 and the third cluster are gone. */
	dump_create(fixture, &dump_small);
	assert_int_equal(truncate(fixture->image.path, (off_t)(CSUM_CLUSTERS_OFFSET + cluster_bytes + 50 * 512)), 0);
	fixture->options.read_data = true;
	dump_expect(fixture);
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
	struct dump_fixture *fixture = *state;

	dump_create(fixture, &external);
	dump_expect(fixture);
	dump_check_sound(fixture);
	assert_int_equal(fixture->recorder.warnings, 0);
	assert_int_equal(fixture->seen.group[1].data_offset, 62 * 512);
	fixture->options.read_data = true;
	assert_int_equal(dump_run(fixture, fixture->image.path, NULL), -EINVAL);
	assert_one_error(&fixture->recorder, "data device");
	assert_int_equal(fixture->seen.infos, 0);
}

static void test_internal_with_metadata_device(void **state)
{
	struct dump_fixture *fixture = *state;
	char *other = path_in(fixture->directory, "other");

	dump_create(fixture, &dump_small);
	put_image(other, 1 << 20);
	assert_int_equal(dump_run(fixture, other, fixture->image.path), -EINVAL);
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
		cmocka_unit_test_setup_teardown(test_sound, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_copies, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_data, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_journal, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_void_journal, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_only_backup, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_ranges, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_callback_ends_it, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_cut_short, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_external_metadata_alone, dump_set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_internal_with_metadata_device, dump_set_up, dump_tear_down),
		cmocka_unit_test(test_verdict_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
