/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/journal.h"
#include "support/bytes.h"

enum { HEAD = 4096, JOURNAL = 458752 };
static const uint8_t seed[16] = "a seed, 16 byte";
static const uint32_t sizes[] = { 512, 4096 };

/* As large as the journal, so a sanitizer notices reads past a record's end only if they pass this too. */
static uint8_t record[JOURNAL];

static uint32_t seed_state(void)
{
	return zlib_crc32(0, seed, sizeof(seed));
}

static void fix_crc(uint8_t *at, uint32_t sector_size, uint32_t count)
{
	put_le(at + 8, 4, 0);
	put_le(at + 8, 4, zlib_crc32(seed_state(), at, HEAD + (size_t)count * sector_size));
}

/* Makes a record by hand: group 10 i + 3 and copy i % 2 for image i, with random images. */
static void build(uint8_t *at, uint32_t sector_size, uint32_t count, uint64_t session)
{
	memset(at, 0, HEAD);
	memcpy(at, "\x43\x53\x55\x4d\x4a\x52\x4e\x4c", 8);
	put_le(at + 12, 4, count);
	put_le(at + 16, 8, session);
	for (uint32_t i = 0; i < count; i++) {
		put_le(at + 32 + 16 * i, 8, UINT64_C(0x100000000) + 10 * i + 3);
		put_le(at + 40 + 16 * i, 4, i % 2);
	}
	fill_random(at + HEAD, (size_t)count * sector_size, count);
	fix_crc(at, sector_size, count);
}

static void test_capacity(void **state)
{
	(void)state;
	assert_int_equal(csum_journal_capacity(512), 254);
	assert_int_equal(csum_journal_capacity(4096), 111);
	assert_int_equal(csum_journal_record_size(512, 254), 4096 + 254 * 512);
	assert_int_equal(csum_journal_record_size(4096, 111), JOURNAL);
	assert_int_equal(csum_journal_record_size(4096, 0), 4096);
}

static void test_decode_known_bytes(void **state)
{
	struct csum_journal journal;

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		for (uint32_t count = 1; count <= csum_journal_capacity(sizes[s]); count++) {
			build(record, sizes[s], count, UINT64_C(0x1122334455667788));
			memset(&journal, 0x5a, sizeof(journal));
			assert_null(csum_journal_decode(record, seed_state(), sizes[s], &journal));
			assert_int_equal(journal.count, count);
			assert_int_equal(journal.session, UINT64_C(0x1122334455667788));
			for (uint32_t i = 0; i < count; i++) {
				assert_int_equal(journal.place[i].group, UINT64_C(0x100000000) + 10 * i + 3);
				assert_int_equal(journal.place[i].copy, i % 2);
				assert_ptr_equal(csum_journal_image(record, sizes[s], i),
						 record + HEAD + (size_t)i * sizes[s]);
			}
		}
	}
}

static void test_encode_known_bytes(void **state)
{
	static uint8_t expected[JOURNAL];
	struct csum_journal journal = { .session = 77 };

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		uint32_t capacity = csum_journal_capacity(sizes[s]);

		for (uint32_t count = 1; count <= capacity; count += count == 1 ? 1 : capacity - 2) {
			build(expected, sizes[s], count, 77);
			journal.count = count;
			for (uint32_t i = 0; i < count; i++)
				journal.place[i] =
					(struct csum_journal_place){ UINT64_C(0x100000000) + 10 * i + 3, i % 2 };
			memcpy(record, expected, sizeof(record));
			memset(record, 0x5a, HEAD);
			csum_journal_encode(&journal, seed_state(), sizes[s], record);
			assert_memory_equal(record, expected, csum_journal_record_size(sizes[s], count));
		}
	}
}

static void test_round_trip(void **state)
{
	const struct csum_journal journal = {
		.count = 3,
		.session = UINT64_MAX,
		.place = { { UINT64_MAX, 1 }, { 0, 0 }, { UINT64_C(1) << 40, 1 } },
	};
	struct csum_journal decoded;

	(void)state;
	fill_random(record, sizeof(record), 12);
	csum_journal_encode(&journal, seed_state(), 512, record);
	assert_null(csum_journal_decode(record, seed_state(), 512, &decoded));
	assert_int_equal(decoded.count, 3);
	assert_int_equal(decoded.session, UINT64_MAX);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(decoded.place[i].group, journal.place[i].group);
		assert_int_equal(decoded.place[i].copy, journal.place[i].copy);
	}
}

/* Only the head can be read: a count that leads further must be refused before it is used. */
static void test_hostile_counts(void **state)
{
	static const struct {
		uint32_t sector_size, count;
		bool passes;
	} table[] = {
		{ 512, 0, false },	     { 512, 1, true },
		{ 512, 254, true },	     { 512, 255, false },
		{ 512, 256, false },	     { 512, 888, false },
		{ 4096, 0, false },	     { 4096, 1, true },
		{ 4096, 111, true },	     { 4096, 112, false },
		{ 4096, 254, false },	     { 512, 0x80000001, false },
		{ 512, UINT32_MAX, false },  { 4096, 0x00100000, false },
		{ 4096, UINT32_MAX, false },
	};
	struct csum_journal journal;
	uint32_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t *head = malloc(HEAD);

		assert_non_null(head);
		build(record, 512, 1, 5);
		memcpy(head, record, HEAD);
		put_le(head + 12, 4, table[i].count);
		assert_int_equal(csum_journal_head_count(head, table[i].sector_size, &count), table[i].passes);
		if (table[i].passes)
			assert_int_equal(count, table[i].count);
		else
			assert_non_null(csum_journal_decode(head, seed_state(), table[i].sector_size, &journal));
		free(head);
	}
}

static void test_magic(void **state)
{
	struct csum_journal journal;
	uint32_t count;

	(void)state;
	for (int i = 0; i < 8; i++) {
		build(record, 512, 2, 5);
		record[i] ^= 0x20;
		fix_crc(record, 512, 2);
		assert_false(csum_journal_head_count(record, 512, &count));
		assert_non_null(csum_journal_decode(record, seed_state(), 512, &journal));
	}
	memset(record, 0, HEAD);
	assert_false(csum_journal_head_count(record, 512, &count));
}

/* The CRC covers every byte of the record, reserved ones too, and no byte behind it. */
static void test_crc_covers_the_record(void **state)
{
	struct csum_journal journal;

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		size_t size = csum_journal_record_size(sizes[s], 2);

		build(record, sizes[s], 2, 5);
		for (size_t i = 0; i < size; i++) {
			record[i] ^= 4;
			if (!csum_journal_decode(record, seed_state(), sizes[s], &journal))
				fail_msg("byte %zu changed, and still sound", i);
			record[i] ^= 4;
		}
		record[size] ^= 4;
		assert_null(csum_journal_decode(record, seed_state(), sizes[s], &journal));
		assert_non_null(csum_journal_decode(record, seed_state() ^ 1, sizes[s], &journal));
	}
}

static void test_groups_are_distinct(void **state)
{
	struct csum_journal journal;
	uint32_t last = csum_journal_capacity(512) - 1;
	const uint32_t pairs[][2] = { { 0, 1 }, { 0, last }, { last - 1, last }, { 7, 100 } };

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *reason;

		build(record, 512, last + 1, 5);
		/* The other copy of the same group is refused as well. */
		memcpy(record + 32 + 16 * pairs[i][1], record + 32 + 16 * pairs[i][0], 8);
		fix_crc(record, 512, last + 1);
		reason = csum_journal_decode(record, seed_state(), 512, &journal);
		assert_non_null(reason);
		assert_non_null(strstr(reason, "twice"));
	}
	/* Groups that differ only above 32 bits. */
	build(record, 512, 2, 5);
	put_le(record + 32 + 16, 8, get_le(record + 32, 8) + (UINT64_C(1) << 32));
	fix_crc(record, 512, 2);
	assert_null(csum_journal_decode(record, seed_state(), 512, &journal));
}

static void test_copies_are_0_and_1(void **state)
{
	static const uint32_t copies[] = { 2, 3, 0x100, 0x80000000, UINT32_MAX };
	struct csum_journal journal;

	(void)state;
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		build(record, 512, 3, 5);
		put_le(record + 40 + 16 * 2, 4, copies[i]);
		fix_crc(record, 512, 3);
		assert_non_null(csum_journal_decode(record, seed_state(), 512, &journal));
	}
}

/* A later minor version may put something there. */
static void test_reserved_bytes_are_ignored(void **state)
{
	struct csum_journal journal;

	(void)state;
	build(record, 512, 3, 5);
	memset(record + 24, 0xff, 8);
	memset(record + 44, 0xff, 4);
	memset(record + 32 + 16 * 3, 0xff, HEAD - 32 - 16 * 3); /* places without an image */
	fix_crc(record, 512, 3);
	assert_null(csum_journal_decode(record, seed_state(), 512, &journal));
	assert_int_equal(journal.count, 3);
	assert_int_equal(journal.place[0].copy, 0);
	assert_int_equal(journal.place[2].group, UINT64_C(0x100000000) + 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_decode_known_bytes),
		cmocka_unit_test(test_encode_known_bytes),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_hostile_counts),
		cmocka_unit_test(test_magic),
		cmocka_unit_test(test_crc_covers_the_record),
		cmocka_unit_test(test_groups_are_distinct),
		cmocka_unit_test(test_copies_are_0_and_1),
		cmocka_unit_test(test_reserved_bytes_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
