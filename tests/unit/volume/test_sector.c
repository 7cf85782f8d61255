/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sector with its group: its verdict, and messages about unreadable places. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "ondisk/layout.h"
#include "support/verify_helpers.h"
#include "volume/sector.h"

static struct memory_volume *const memory = &verified.memory;
static struct csum_groups one;

static int set_up(void **state)
{
	verify_set_up(state);
	return csum_groups_init(&one, &memory->volume, 1);
}

static int tear_down(void **state)
{
	csum_groups_free(&one);
	return verify_tear_down(state);
}

static struct csum_sector load(uint64_t sector)
{
	struct csum_sector found;

	memset(&found, 0x77, sizeof(found));
	memset(verified.data, 0xee, 512);
	assert_int_equal(csum_sector_load(&memory->volume, &one, sector, verified.data, &found), 0);
	return found;
}

static void test_good(void **state)
{
	(void)state;
	for (uint64_t sector = 0; sector < csum_volume_geometry(&memory->volume)->data_sectors; sector++) {
		const uint8_t *content = memory_volume_sector(memory, sector);
		struct csum_sector found = load(sector);

		assert_int_equal(found.verdict, CSUM_VERDICT_GOOD);
		assert_true(found.has_entry);
		assert_int_equal(found.entry, memory_volume_entry(memory, content));
		assert_int_equal(found.computed, found.entry);
		assert_memory_equal(verified.data, content, 512);
		assert_int_equal(csum_volume_entry(&memory->volume, content), found.entry);
	}
}

/* The bytes are handed out, with their own entry and the one that they should have. */
static void test_mismatch(void **state)
{
	uint8_t *content = memory_volume_sector(memory, 70);
	uint64_t before = memory_volume_entry(memory, content);
	struct csum_sector found;

	(void)state;
	content[9] ^= 4;
	found = load(70);
	assert_int_equal(found.verdict, CSUM_VERDICT_MISMATCH);
	assert_int_equal(found.entry, before);
	assert_int_equal(found.computed, memory_volume_entry(memory, content));
	assert_memory_equal(verified.data, content, 512);
}

static void test_unwritten(void **state)
{
	static const uint8_t zeros[512];
	struct csum_sector found;

	(void)state;
	verify_set_entry(70, CSUM_ENTRY_UNWRITTEN);
	found = load(70);
	assert_int_equal(found.verdict, CSUM_VERDICT_UNWRITTEN);
	assert_true(found.has_entry);
	assert_int_equal(found.entry, CSUM_ENTRY_UNWRITTEN);
	assert_memory_equal(verified.data, zeros, 512);
	assert_int_equal(load(71).verdict, CSUM_VERDICT_GOOD);
}

static void test_unreadable(void **state)
{
	struct csum_sector found;

	(void)state;
	verify_fail_reads(70, 0, -1, -EIO);
	found = load(70);
	assert_int_equal(found.verdict, CSUM_VERDICT_UNREADABLE);
	assert_int_equal(found.entry, memory_volume_entry(memory, memory_volume_sector(memory, 70)));
}

static void test_lost(void **state)
{
	struct csum_sector found;

	(void)state;
	memset(memory_volume_imd(memory, 1, 0), 0, 512);
	memset(memory_volume_imd(memory, 1, 1), 0, 512);
	found = load(70);
	assert_int_equal(found.verdict, CSUM_VERDICT_LOST);
	assert_false(found.has_entry);
	assert_memory_equal(verified.data, memory_volume_sector(memory, 70), 512);
	assert_int_equal(found.computed, memory_volume_entry(memory, memory_volume_sector(memory, 70)));
}

/* With a loaded span the group is not read again, nor the sector if this need can do without it. */
static void test_loaded_span(void **state)
{
	struct csum_sector found;

	(void)state;
	memset(memory_volume_imd(memory, 1, 0), 0, 512);
	memset(memory_volume_imd(memory, 1, 1), 0, 512);
	assert_int_equal(
		csum_sector_verify(&memory->volume, &verified.span, CSUM_NEED_VERDICT, 70, verified.data, &found), 0);
	assert_int_equal(found.verdict, CSUM_VERDICT_GOOD);
	assert_int_equal(found.entry, memory_volume_entry(memory, memory_volume_sector(memory, 70)));
}

static void assert_vanished(bool in_metadata, const char *text)
{
	struct csum_sector found;

	recorder_init(&memory->recorder);
	assert_int_equal(csum_sector_load(&memory->volume, &one, 70, verified.data, &found), -ENODEV);
	assert_int_equal(found.in_metadata, in_metadata);
	assert_int_equal(memory->recorder.errors, 0);
	assert_int_equal(csum_sector_report(&memory->volume, 70, -ENODEV, &found), -ENODEV);
	assert_one_error(&memory->recorder, text);
	memory_disk_reset(memory->data);
}

/* On one device both places are named by their offset. */
static void test_vanished(void **state)
{
	uint64_t imd = csum_layout_imd_offset(csum_volume_geometry(&memory->volume), 1, 0);

	(void)state;
	memory_disk_fail(memory->data, MEMORY_DISK_READ, verify_offset_of(70), 512, -1, -ENODEV);
	assert_vanished(false, "reading data sector 70 at offset ");
	memory_disk_fail(memory->metadata, MEMORY_DISK_READ, imd, 512, -1, -ENODEV);
	assert_vanished(true, "reading metadata of groups 1 to 1");
}

static void test_entry_has_content(void **state)
{
	(void)state;
	assert_false(csum_entry_has_content(CSUM_ENTRY_UNWRITTEN));
	assert_false(csum_entry_has_content(CSUM_ENTRY_BAD));
	assert_true(csum_entry_has_content(2));
	assert_true(csum_entry_has_content(UINT64_MAX));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good), TEST(test_mismatch),	 TEST(test_unwritten), TEST(test_unreadable),
		TEST(test_lost), TEST(test_loaded_span), TEST(test_vanished),  cmocka_unit_test(test_entry_has_content),
	};

	return cmocka_run_group_tests_name("sector", tests, NULL, NULL);
}
