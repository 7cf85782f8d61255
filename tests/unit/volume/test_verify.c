/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verified data: kinds of bad sectors, and the places that are read. test_verify_rule.c tries the rule itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/imd.h"
#include "support/verify_helpers.h"

static struct memory_volume *const memory = &verified.memory;

static void test_every_shape(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < 12; way++) {
		uint32_t sector_size = way & 1 ? 4096 : 512, entries = (sector_size - 16) / 8;

		verify_start(sector_size, way & 2, (enum csum_checksum_type)(CSUM_CRC32 + way / 4));
		/* Damage within a group, across groups, in the short last group. */
		for (uint32_t part = 0; part < 4; part++) {
			uint64_t first = part == 0 ? 1 :
					 part == 1 ? entries - 5 :
					 part == 2 ? entries * 3 :
						     entries * 4 + 19;
			uint32_t count = part == 3 ? 2 : entries;

			assert_int_equal(verify_run(CSUM_NEED_CONTENT, first, count), 0);
			assert_verdicts(count, 0, 0, CSUM_VERDICT_GOOD);
			for (uint32_t i = 0; i < count; i++) {
				const uint8_t *content = memory_volume_sector(memory, first + i);

				assert_memory_equal(verified.data + i * sector_size, content, sector_size);
				assert_int_equal(verified.computed[i], memory_volume_entry(memory, content));
			}
		}
		verify_stop();
	}
}

static void test_any_flipped_bit(void **state)
{
	uint8_t *sector = memory_volume_sector(memory, 70);

	(void)state;
	for (uint32_t bit = 0; bit < 512 * 8; bit++) {
		sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(verify_run(CSUM_NEED_VERDICT, 70, 1), 0);
		assert_int_equal(verified.verdicts[0], CSUM_VERDICT_MISMATCH);
		assert_int_equal(verified.computed[0], memory_volume_entry(memory, sector));
		sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_kinds_of_bad(void **state)
{
	uint64_t entries[62] = { 0 };
	uint8_t old[512];

	(void)state;
	memset(memory_volume_sector(memory, 10), 0, 512);
	memory_volume_sector(memory, 11)[0] ^= 1;
	memory_volume_sector(memory, 13)[511] ^= 0x80;
	/* Equal bytes are not zero bytes, and one byte makes the difference. */
	memset(memory_volume_sector(memory, 14), 0xff, 512);
	memset(memory_volume_sector(memory, 15), 0, 512);
	memory_volume_sector(memory, 15)[0] = 1;
	memset(memory_volume_sector(memory, 16), 0, 512);
	memory_volume_sector(memory, 16)[511] = 1;
	/* The older copy of the group has the entry of an earlier content of sector 12. */
	memory_volume_content(memory, old, 12, 7);
	memcpy(memory_volume_sector(memory, 12), old, 512);
	entries[12] = memory_volume_entry(memory, old);
	memory_volume_put_imd(memory, 0, 0, 0, entries);
	verify_reload();
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 17), 0);
	assert_int_equal(verified.verdicts[9], CSUM_VERDICT_GOOD);
	assert_int_equal(verified.verdicts[10], CSUM_VERDICT_ZEROED);
	assert_int_equal(verified.verdicts[11], CSUM_VERDICT_MISMATCH);
	assert_int_equal(verified.verdicts[12], CSUM_VERDICT_STALE);
	for (int i = 13; i < 17; i++)
		assert_int_equal(verified.verdicts[i], CSUM_VERDICT_MISMATCH);
	for (csum_verdict8 verdict = CSUM_VERDICT_NOT_READ; verdict <= CSUM_VERDICT_LOST; verdict++)
		assert_int_equal(csum_verdict_is_bad(verdict), verdict >= CSUM_VERDICT_MISMATCH);
}

/* Entries that match no content: 1, and with 32-bit checksums all that are not 2^32 + c. */
static void test_entries_that_match_nothing(void **state)
{
	const uint64_t right = memory_volume_entry(memory, memory_volume_sector(memory, 20));
	const uint64_t entries[] = { 1, 2, right & 0xffffffff, right + (UINT64_C(1) << 32), UINT64_MAX, UINT64_MAX - 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		verify_set_entry(20, entries[i]);
		assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 62), 0);
		assert_verdicts(62, 20, 1, CSUM_VERDICT_MISMATCH);
		assert_memory_equal(verified.data + 20 * 512, memory_volume_sector(memory, 20), 512);
	}
	verify_set_entry(20, right);
	assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 62), 0);
	assert_verdicts(62, 0, 0, CSUM_VERDICT_GOOD);
}

static void test_bad_entry_of_64_bits(void **state)
{
	(void)state;
	verify_stop();
	verify_start(512, false, CSUM_CRC64);
	verify_set_entry(20, 1);
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), 0);
	assert_verdicts(62, 20, 1, CSUM_VERDICT_MISMATCH);
}

static void test_unwritten(void **state)
{
	static const uint8_t zeros[62 * 512];
	const uint64_t entries[62] = { 0 };

	(void)state;
	memory_volume_put_imd(memory, 1, 0, 4, entries);
	memory_volume_put_imd(memory, 1, 1, 5, entries);
	verify_reload();
	/* Nothing needs to be read, and stored content is not handed out. */
	for (int need = CSUM_NEED_VERDICT; need <= CSUM_NEED_CONTENT; need++) {
		assert_int_equal(verify_run((enum csum_need)need, 62, 62), 0);
		for (int i = 0; i < 62; i++)
			assert_int_equal(verified.verdicts[i], CSUM_VERDICT_UNWRITTEN);
	}
	assert_memory_equal(verified.data, zeros, sizeof(zeros));
	assert_int_equal(memory->data->call_count, 0);
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 61, 64), 0);
	assert_int_equal(verified.verdicts[0], CSUM_VERDICT_GOOD);
	assert_int_equal(verified.verdicts[1], CSUM_VERDICT_UNWRITTEN);
	assert_int_equal(verified.verdicts[63], CSUM_VERDICT_GOOD);
}

static void test_lost(void **state)
{
	(void)state;
	memory_volume_imd(memory, 1, 0)[99] ^= 1;
	memory_volume_imd(memory, 1, 1)[99] ^= 1;
	verify_reload();
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 62, 62), 0);
	assert_int_equal(memory->data->call_count, 0);
	for (int i = 0; i < 62; i++)
		assert_int_equal(verified.verdicts[i], CSUM_VERDICT_LOST);
	assert_int_equal(verify_run(CSUM_NEED_DIFFERING, 62, 62), 0);
	assert_int_equal(memory->data->call_count, 0);
	/* Where content is wanted, it is handed out raw, and has a checksum. */
	verify_fail_reads(70, 0, -1, -EIO);
	assert_int_equal(verify_run(CSUM_NEED_CONTENT, 62, 62), 0);
	for (int i = 0; i < 62; i++) {
		assert_int_equal(verified.verdicts[i], i == 8 ? CSUM_VERDICT_UNREADABLE : CSUM_VERDICT_LOST);
		if (i == 8)
			continue;
		assert_memory_equal(verified.data + i * 512, memory_volume_sector(memory, 62 + (uint64_t)i), 512);
		assert_int_equal(verified.computed[i], memory_volume_entry(memory, verified.data + i * 512));
	}
}

/* In the intent content of the older version is right too, even when a read error comes first. */
static void test_older(void **state)
{
	uint64_t entries[62];

	(void)state;
	for (uint32_t i = 0; i < 62; i++)
		entries[i] = csum_imd_entry(memory_volume_imd(memory, 0, 1), i);
	entries[30] ^= 0x5555;
	memory_volume_put_imd(memory, 0, 0, 2, entries);
	memory_volume_set_intent(memory, 0, 1);
	verify_reload();
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), 0);
	assert_verdicts(62, 30, 1, CSUM_VERDICT_OLDER);
	verify_fail_reads(30, 0, 2, -EIO);
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), 0);
	assert_verdicts(62, 30, 1, CSUM_VERDICT_OLDER);
	/* Only that sector must be read to choose between the copies. */
	memory_disk_reset(memory->data);
	assert_int_equal(verify_run(CSUM_NEED_DIFFERING, 0, 62), 0);
	assert_int_equal(memory->data->call_count, 1);
	assert_int_equal(memory->data->log[0].offset_bytes, verify_offset_of(30));
	assert_int_equal(memory->data->log[0].size, 512);
	for (uint32_t i = 0; i < 62; i++)
		assert_int_equal(verified.verdicts[i], i == 30 ? CSUM_VERDICT_OLDER : CSUM_VERDICT_NOT_READ);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, verify_set_up, verify_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_shape),
		TEST(test_any_flipped_bit),
		TEST(test_kinds_of_bad),
		TEST(test_entries_that_match_nothing),
		TEST(test_bad_entry_of_64_bits),
		TEST(test_unwritten),
		TEST(test_lost),
		TEST(test_older),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
