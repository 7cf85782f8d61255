/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Imd sectors, read from a device and judged. test_verify_rule.c tries the consequences for data. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"
#include "support/bytes.h"
#include "support/memory_volume.h"
#include "volume/groups.h"

enum { GROUPS = 90 };

static struct memory_volume memory;
static struct csum_groups span;

/* Makes entries that no other group has. */
static const uint64_t *entries_of(uint64_t group)
{
	static uint64_t entries[512];

	for (uint64_t i = 0; i < 512; i++)
		entries[i] = (UINT64_C(1) << 32) + group * 1000 + i;
	return entries;
}

static void start_shaped(uint32_t sector_size, uint32_t interleave, bool external, unsigned int threads)
{
	const struct memory_volume_shape shape = {
		.sector_size = sector_size,
		.interleave = interleave,
		.external = external,
		.checksum_type = CSUM_CRC32,
		.data_sectors = (uint64_t)((sector_size - 16) / 8) * GROUPS,
		.threads = threads,
	};

	memory_volume_init(&memory, &shape);
	assert_int_equal(memory.volume.superblock.geometry.groups, GROUPS);
	for (uint64_t group = 0; group < GROUPS; group++) {
		memory_volume_put_imd(&memory, group, 0, (uint32_t)group * 2, entries_of(group));
		memory_volume_put_imd(&memory, group, 1, (uint32_t)group * 2 + 1, entries_of(group));
	}
	assert_int_equal(csum_groups_init(&span, &memory.volume, GROUPS), 0);
}

static void stop(void)
{
	csum_groups_free(&span);
	memory_volume_free(&memory);
}

static int set_up(void **state)
{
	(void)state;
	start_shaped(512, 40, false, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stop();
	return 0;
}

static void load(uint64_t first, uint64_t count)
{
	assert_int_equal(csum_groups_load(&memory.volume, &span, first, count), 0);
	assert_int_equal(memory.recorder.errors, 0);
	assert_int_equal(span.first_group, first);
	assert_int_equal(span.group_count, count);
}

/* Asserts that all groups of the span are sound and unchanged, except `count` groups from `first` on. */
static void assert_rest_sound(uint64_t first, uint64_t count)
{
	for (uint64_t number = span.first_group; number < span.first_group + span.group_count; number++) {
		const struct csum_group *group = csum_groups_group(&span, number);

		if (number >= first && number < first + count)
			continue;
		for (int copy = 0; copy < 2; copy++) {
			assert_int_equal(group->verdict[copy], CSUM_IMD_VALID);
			assert_int_equal(group->generation[copy], number * 2 + (uint64_t)copy);
			assert_memory_equal(group->copy[copy], memory_volume_imd(&memory, number, copy), 512);
		}
		assert_int_equal(group->newer, 1);
		assert_int_equal(group->version_count, 1);
		assert_ptr_equal(group->version[0], group->copy[1]);
		assert_int_equal(csum_group_entry(group, 5), (UINT64_C(1) << 32) + number * 1000 + 5);
		assert_true(csum_group_sound(group, memory.volume.superblock.geometry.sector_size));
	}
}

static void test_every_shape(void **state)
{
	static const uint32_t interleaves[] = { 1, 2, 5, 31, 32, 33, 89, 90, 2048 };

	(void)state;
	for (size_t i = 0; i < sizeof(interleaves) / sizeof(interleaves[0]); i++) {
		for (unsigned int way = 0; way < 4; way++) {
			start_shaped(way & 1 ? 4096 : 512, interleaves[i], way & 2, i % 2 ? 16 : 0);
			load(0, GROUPS);
			assert_rest_sound(0, 0);
			load(7, 70);
			assert_rest_sound(0, 0);
			load(GROUPS - 1, 1);
			assert_rest_sound(0, 0);
			stop();
		}
	}
}

static void test_pieces(void **state)
{
	uint64_t loaded = 0;

	(void)state;
	/* Scattered groups are read in several pieces, so that threads share them. */
	stop();
	start_shaped(512, 1, false, 0);
	csum_groups_place(&span, 3, 80);
	assert_true(csum_groups_pieces(&memory.volume, &span) > 1);
	for (size_t piece = csum_groups_pieces(&memory.volume, &span); piece-- > 0;)
		assert_int_equal(csum_groups_load_piece(&memory.volume, &span, piece), 0);
	assert_rest_sound(0, 0);
	for (size_t i = 0; i < memory.metadata->call_count; i++)
		loaded += memory.metadata->log[i].size;
	assert_int_equal(loaded, 80 * 2 * 512);
}

static void test_invalid_copies(void **state)
{
	(void)state;
	memory_volume_imd(&memory, 3, 0)[2] ^= 1; /* damages the magic */
	memory_volume_imd(&memory, 4, 1)[100] ^= 1;
	memcpy(memory_volume_imd(&memory, 5, 0), memory_volume_imd(&memory, 60, 0), 512);
	memcpy(memory_volume_imd(&memory, 6, 1), memory_volume_imd(&memory, 6, 0), 512);
	memset(memory_volume_imd(&memory, 7, 0), 0, 512);
	memset(memory_volume_imd(&memory, 7, 1), 0xff, 512);
	load(0, GROUPS);
	assert_int_equal(csum_groups_group(&span, 3)->verdict[0], CSUM_IMD_NO_MAGIC);
	assert_int_equal(csum_groups_group(&span, 3)->newer, 1);
	assert_int_equal(csum_groups_group(&span, 4)->verdict[1], CSUM_IMD_WRONG_CRC);
	assert_int_equal(csum_groups_group(&span, 4)->newer, 0);
	assert_int_equal(csum_groups_group(&span, 5)->verdict[0], CSUM_IMD_WRONG_GROUP);
	assert_int_equal(csum_groups_group(&span, 6)->verdict[1], CSUM_IMD_WRONG_GROUP);
	assert_int_equal(csum_groups_group(&span, 6)->newer, 0);
	assert_int_equal(csum_groups_group(&span, 7)->newer, -1);
	assert_int_equal(csum_groups_group(&span, 7)->version_count, 0);
	for (uint64_t number = 3; number <= 7; number++)
		assert_false(csum_group_sound(csum_groups_group(&span, number), 512));
	assert_rest_sound(3, 5);
}

static uint64_t imd_offset(uint64_t group, int copy)
{
	return csum_layout_imd_offset(&memory.volume.superblock.geometry, group, copy);
}

/* A bad sector makes only its own copy invalid, and is tried again before it is given up. */
static void test_unreadable(void **state)
{
	size_t tries = 0;

	(void)state;
	memory_disk_fail(memory.metadata, MEMORY_DISK_READ, imd_offset(20, 0), 512, -1, -EIO);
	memory_disk_fail(memory.metadata, MEMORY_DISK_READ, imd_offset(21, 0), 1024, -1, -EREMOTEIO);
	memory_disk_fail(memory.metadata, MEMORY_DISK_READ, imd_offset(21, 1), 1, -1, -EIO);
	load(0, GROUPS);
	assert_int_equal(csum_groups_group(&span, 20)->verdict[0], CSUM_IMD_UNREADABLE);
	assert_int_equal(csum_groups_group(&span, 20)->newer, 1);
	assert_int_equal(csum_groups_group(&span, 20)->version_count, 1);
	assert_int_equal(csum_groups_group(&span, 21)->newer, -1);
	assert_int_equal(csum_groups_group(&span, 22)->verdict[0], CSUM_IMD_UNREADABLE);
	assert_int_equal(csum_groups_group(&span, 22)->verdict[1], CSUM_IMD_VALID);
	assert_rest_sound(20, 3);
	for (size_t i = 0; i < memory.metadata->call_count; i++)
		tries += memory.metadata->log[i].offset_bytes == imd_offset(20, 0) &&
			 memory.metadata->log[i].size == 512;
	assert_true(tries > 1);
}

static void test_errors_that_pass(void **state)
{
	(void)state;
	for (int times = 1; times <= 3; times++) {
		memory_disk_reset(memory.metadata);
		memory_disk_fail(memory.metadata, MEMORY_DISK_READ, imd_offset(50, 0), 512, times, -EIO);
		load(0, GROUPS);
		assert_rest_sound(0, 0);
	}
}

/* A verdict does not survive the next load. */
static void test_loaded_again(void **state)
{
	(void)state;
	memory_disk_fail(memory.metadata, MEMORY_DISK_READ, imd_offset(50, 0), 512, -1, -EIO);
	load(45, 10);
	assert_int_equal(csum_groups_group(&span, 50)->verdict[0], CSUM_IMD_UNREADABLE);
	memory_disk_reset(memory.metadata);
	load(45, 10);
	assert_rest_sound(0, 0);
}

/* K = 40: in the last cluster, groups 80 ... 89, copy 1 is gone from group 84 on. */
static void test_cut_short(void **state)
{
	(void)state;
	memory.metadata->device.size_bytes = imd_offset(84, 1) + 100;
	load(0, GROUPS);
	assert_rest_sound(84, 6);
	for (uint64_t number = 84; number < GROUPS; number++) {
		const struct csum_group *group = csum_groups_group(&span, number);

		assert_int_equal(group->verdict[0], CSUM_IMD_VALID);
		assert_int_equal(group->verdict[1], CSUM_IMD_MISSING);
		assert_int_equal(group->newer, 0);
	}
}

static void test_vanished(void **state)
{
	static const int errors[] = { -ENODEV, -ENXIO };
	const struct memory_disk_fault later = { .call = MEMORY_DISK_READ,
						 .offset_bytes = imd_offset(50, 1),
						 .size = 512,
						 .skip = 0,
						 .times = 1,
						 .error = -EIO };

	(void)state;
	for (int i = 0; i < 4; i++) {
		recorder_init(&memory.recorder);
		memory_disk_reset(memory.metadata);
		/* The error comes when the run is read, or when a sector of it is. */
		if (i >= 2)
			memory_disk_fault(memory.metadata, &later);
		memory_disk_fail(memory.metadata, MEMORY_DISK_READ, imd_offset(50, 1), 512, -1, errors[i % 2]);
		assert_int_equal(csum_groups_load(&memory.volume, &span, 0, GROUPS), errors[i % 2]);
		assert_one_error(&memory.recorder,
				 "metadata disk: reading metadata of groups 0 to 89: the device is gone: "
				 "No such device");
		assert_int_equal(memory.recorder.error_reason, CSUM_REASON_DEVICE_GONE);
	}
}

/* Groups are judged again after a change in memory. A copy that could not be read has no bytes to judge. */
static void test_judged_again(void **state)
{
	struct csum_group *group;

	(void)state;
	memory_disk_fail(memory.metadata, MEMORY_DISK_READ, imd_offset(11, 0), 512, -1, -EIO);
	load(10, 2);
	group = csum_groups_group(&span, 10);
	memory_volume_build_imd(&memory, group->copy[0], 10, 0, 99, entries_of(77));
	csum_group_judge(&memory.volume, 10, group);
	assert_int_equal(group->generation[0], 99);
	assert_int_equal(group->newer, 0);
	assert_int_equal(group->version_count, 1);
	assert_int_equal(csum_group_entry(group, 1), (UINT64_C(1) << 32) + 77001);
	group->copy[0][200] ^= 1;
	csum_group_judge(&memory.volume, 10, group);
	assert_int_equal(group->verdict[0], CSUM_IMD_WRONG_CRC);
	assert_int_equal(group->newer, 1);
	group = csum_groups_group(&span, 11);
	memory_volume_build_imd(&memory, group->copy[0], 11, 0, 99, entries_of(77));
	csum_group_judge(&memory.volume, 11, group);
	assert_int_equal(group->verdict[0], CSUM_IMD_UNREADABLE);
	assert_int_equal(group->newer, 1);
}

static void test_sound(void **state)
{
	static const struct {
		uint32_t generation[2];
		uint64_t entries[2]; /* of that group */
		bool sound;
	} table[] = {
		{ { 0, 1 }, { 1, 1 }, true },	       { { 9, 1 }, { 1, 1 }, true },
		{ { 1, 0 }, { 1, 1 }, true },	       { { UINT32_MAX, 0 }, { 1, 1 }, true },
		{ { 5, 5 }, { 1, 1 }, false },	       { { 0, 0x80000000 }, { 1, 1 }, false },
		{ { 0, 0x7fffffff }, { 1, 1 }, true }, { { 0, 1 }, { 1, 2 }, false },
		{ { 5, 5 }, { 1, 2 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (int copy = 0; copy < 2; copy++)
			memory_volume_put_imd(&memory, 30, copy, table[i].generation[copy],
					      entries_of(table[i].entries[copy]));
		load(30, 1);
		assert_int_equal(csum_group_sound(csum_groups_group(&span, 30), 512), table[i].sound);
	}
}

/*
 * Versions that count, newest first: J the journal's image, 0 and 1 the copies. State: c clean, i in the intent, o
 * active but outside of it. Generations: -1 an invalid copy; for the image -1: none, -2: invalid.
 */
static const struct versions_case {
	char state;
	int64_t generation[2], image;
	const char *versions;
} versions_cases[] = {
	{ 'c', { 1, 2 }, -1, "1" },
	{ 'c', { 3, 2 }, -1, "0" },
	{ 'c', { 1, 2 }, 9, "1" },
	{ 'c', { -1, 2 }, 9, "1" },
	{ 'c', { -1, -1 }, 9, "" },
	{ 'o', { 1, 2 }, 9, "1" },
	{ 'o', { 3, 2 }, -1, "0" },
	{ 'o', { -1, -1 }, 9, "" },
	{ 'i', { 1, 2 }, -1, "10" },
	{ 'i', { 3, 2 }, -1, "01" },
	{ 'i', { -1, 2 }, -1, "1" },
	{ 'i', { 1, -1 }, -1, "0" },
	{ 'i', { -1, -1 }, -1, "" },
	{ 'i', { 1, 2 }, 3, "J10" },
	{ 'i', { 3, 2 }, 4, "J01" },
	{ 'i', { 1, 2 }, 2, "10" },
	{ 'i', { 1, 2 }, 1, "10" },
	{ 'i', { 3, 2 }, 3, "01" },
	{ 'i', { -1, 2 }, 2, "1" },
	{ 'i', { -1, 2 }, 3, "J1" },
	{ 'i', { 1, -1 }, 2, "J0" },
	{ 'i', { 1, -1 }, 1, "0" },
	{ 'i', { -1, -1 }, 0, "J" },
	{ 'i', { 1, 2 }, -2, "10" },
	{ 'i', { -1, -1 }, -2, "" },
	{ 'i', { 5, 5 }, -1, "10" },
	{ 'i', { 5, 5 }, 6, "J10" },
	{ 'i', { 5, 5 }, 5, "10" },
	{ 'c', { 5, 5 }, -1, "1" },
	{ 'i', { 0xfffffffe, 0xffffffff }, 0, "J10" },
	{ 'i', { 0, 0xffffffff }, 1, "J01" },
	{ 'i', { 0, 0xffffffff }, 0xfffffffe, "01" },
	{ 'i', { 0, 1 }, 0x80000000, "10" }, /* half way round from copy 0 */
};

static void put_versions(const struct versions_case *row)
{
	memory.volume.journal.count = 0;
	memory_volume_set_intent(&memory, row->state == 'i' ? 30 : 31, row->state == 'c' ? 0 : 5);
	for (int copy = 0; copy < 2; copy++) {
		memory_volume_put_imd(&memory, 30, copy, (uint32_t)row->generation[copy], entries_of(30));
		if (row->generation[copy] < 0)
			memory_volume_imd(&memory, 30, copy)[300] ^= 1;
	}
	/* One of another group before it, and a damaged one. */
	memory_volume_put_image(&memory, 32, 1, 1000, entries_of(32));
	if (row->image != -1)
		memory_volume_put_image(&memory, 30, 0, (uint32_t)row->image, entries_of(30))[300] ^= row->image == -2;
}

static void name_versions(const struct csum_group *group, char versions[4])
{
	assert_true(group->version_count <= 3);
	memset(versions, 0, 4);
	for (uint32_t v = 0; v < group->version_count; v++)
		versions[v] = group->version[v] == group->copy[0] ? '0' :
			      group->version[v] == group->copy[1] ? '1' :
								    'J';
}

static void test_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(versions_cases) / sizeof(versions_cases[0]); i++) {
		const struct csum_group *group;
		char versions[4];

		put_versions(&versions_cases[i]);
		load(28, 4);
		group = csum_groups_group(&span, 30);
		name_versions(group, versions);
		if (strcmp(versions, versions_cases[i].versions) != 0)
			fail_msg("case %zu: \"%s\", should be \"%s\"", i, versions, versions_cases[i].versions);
		if (versions[0] == 'J')
			assert_int_equal(get_le(group->version[0], 4), get_le("IMD1", 4));
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_shape),
		TEST(test_pieces),
		TEST(test_invalid_copies),
		TEST(test_unreadable),
		TEST(test_errors_that_pass),
		TEST(test_loaded_again),
		TEST(test_cut_short),
		TEST(test_vanished),
		TEST(test_judged_again),
		TEST(test_sound),
		TEST(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
