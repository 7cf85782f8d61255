/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New imd sectors of a group: entries, generations, copies, and sectors with no content to lose. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "ondisk/imd.h"
#include "support/memory_volume.h"
#include "update/images.h"

/* For S = 512, in the second group. */
enum { ENTRIES = 62, GROUP = 1 };

static struct memory_volume memory;
static struct csum_groups span;
static uint8_t made[2][512];
static uint8_t *const image[2] = { made[0], made[1] };
static int8_t first_copy;
static uint8_t action[ENTRIES];
static uint64_t entry[ENTRIES];
static bool fresh[ENTRIES];

static int set_up(void **state)
{
	const struct memory_volume_shape shape = {
		.sector_size = 512,
		.interleave = 3,
		.checksum_type = CSUM_CRC64,
		.data_sectors = 3 * ENTRIES,
	};

	(void)state;
	memory_volume_init(&memory, &shape);
	memory_volume_fill(&memory);
	memset(made, 0x77, sizeof(made));
	memset(action, CSUM_ACTION_KEEP, sizeof(action));
	for (uint32_t i = 0; i < ENTRIES; i++)
		entry[i] = 1000 + i;
	return csum_groups_init(&span, &memory.volume, 1);
}

static int tear_down(void **state)
{
	(void)state;
	csum_groups_free(&span);
	memory_volume_free(&memory);
	return 0;
}

/* Makes the images for sectors [first, first + count) of the group, from the first `count` items of the arrays. */
static struct csum_group_change make(uint32_t first, uint32_t count)
{
	struct csum_group_change change = {
		.first_index = first,
		.count = count,
		.action = action,
		.entry = entry,
		.fresh = fresh,
		.overwrites = true,
	};

	assert_int_equal(csum_groups_load(&memory.volume, &span, GROUP, 1), 0);
	csum_images_make(&memory.volume, GROUP, &span.groups[0], &change, image, &first_copy);
	return change;
}

static void assert_valid(int which, int copy, uint32_t generation)
{
	assert_int_equal(csum_imd_verify(csum_volume_imd_place(&memory.volume, GROUP, copy), image[which]),
			 CSUM_IMD_VALID);
	assert_int_equal(csum_imd_generation(image[which]), generation);
}

static uint64_t old_entry(uint32_t index)
{
	return csum_imd_entry(memory_volume_imd(&memory, GROUP, 1), index);
}

/* Copy 1 governs, with generation 1. */
static void test_write(void **state)
{
	struct csum_group_change change;

	(void)state;
	action[0] = action[2] = CSUM_ACTION_WRITE;
	change = make(10, 3);
	assert_true(change.overwrites);
	assert_int_equal(first_copy, 0);
	assert_valid(0, 0, 2);
	assert_valid(1, 1, 3);
	assert_true(csum_imd_same_entries(image[0], image[1], 512));
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_int_equal(csum_imd_entry(image[0], i), i == 10 || i == 12 ? 1000 + i - 10 : old_entry(i));
	assert_false(fresh[0] || fresh[1] || fresh[2]);
}

static void test_discard(void **state)
{
	(void)state;
	action[1] = CSUM_ACTION_DISCARD;
	assert_true(make(60, 2).overwrites);
	assert_int_equal(first_copy, 0);
	assert_int_equal(csum_imd_entry(image[1], 61), CSUM_ENTRY_UNWRITTEN);
	assert_int_equal(csum_imd_entry(image[1], 60), old_entry(60));
}

static void test_nothing_changes(void **state)
{
	uint64_t none[ENTRIES] = { 0 };

	(void)state;
	make(0, ENTRIES);
	assert_int_equal(first_copy, -1);
	/* Unwritten sectors stay unwritten. */
	memory_volume_put_imd(&memory, GROUP, 0, 4, none);
	memory_volume_put_imd(&memory, GROUP, 1, 5, none);
	memset(action, CSUM_ACTION_DISCARD, sizeof(action));
	assert_false(make(0, ENTRIES).overwrites);
	assert_int_equal(first_copy, -1);
	/* Writing the same content again still changes the group. */
	action[0] = CSUM_ACTION_WRITE;
	entry[0] = CSUM_ENTRY_UNWRITTEN;
	make(0, 1);
	assert_int_equal(first_copy, 0);
}

/* Unwritten sectors and those marked bad have no old content, so they are written before their entry. */
static void test_fresh(void **state)
{
	uint64_t entries[ENTRIES] = { CSUM_ENTRY_UNWRITTEN, CSUM_ENTRY_BAD, 4711 };

	(void)state;
	memory_volume_put_imd(&memory, GROUP, 0, 5, entries);
	memory_volume_put_imd(&memory, GROUP, 1, 4, entries);
	memset(action, CSUM_ACTION_WRITE, sizeof(action));
	assert_false(make(0, 2).overwrites);
	assert_true(fresh[0] && fresh[1]);
	assert_true(make(1, 2).overwrites);
	assert_true(fresh[0] && !fresh[1]);
	/* Here copy 0 governs. */
	assert_int_equal(first_copy, 1);
	assert_valid(0, 1, 6);
	assert_valid(1, 0, 7);
}

static void test_lost(void **state)
{
	(void)state;
	memset(memory_volume_imd(&memory, GROUP, 0), 0, 512);
	memset(memory_volume_imd(&memory, GROUP, 1), 0, 512);
	memset(action, CSUM_ACTION_WRITE, 5);
	assert_false(make(0, ENTRIES).overwrites);
	assert_int_equal(first_copy, 0);
	assert_valid(0, 0, 0);
	assert_valid(1, 1, 1);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		assert_true(fresh[i]);
		assert_int_equal(csum_imd_entry(image[0], i), i < 5 ? 1000 + i : CSUM_ENTRY_UNWRITTEN);
	}
	/* A lost group that is discarded gets valid copies, too. */
	memset(action, CSUM_ACTION_DISCARD, sizeof(action));
	make(0, ENTRIES);
	assert_int_equal(first_copy, 0);
	assert_valid(1, 1, 1);
}

static void test_refuse_lost(void **state)
{
	(void)state;
	assert_int_equal(csum_images_refuse_lost(&memory.volume, GROUP), -EBADMSG);
	assert_one_error(&memory.recorder, "both imd copies of group 1 (data sectors 62 to 123) are invalid");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_write), TEST(test_discard), TEST(test_nothing_changes),
		TEST(test_fresh), TEST(test_lost),    TEST(test_refuse_lost),
	};

	return cmocka_run_group_tests_name("images", tests, NULL, NULL);
}
