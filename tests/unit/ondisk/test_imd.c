/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/imd.h"
#include "support/bytes.h"

static const uint8_t seed[16] = { 0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78,
				  0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0 };
static const uint32_t sizes[] = { 512, 4096 };

static uint32_t seed_state(void)
{
	return zlib_crc32(0, seed, sizeof(seed));
}

static struct csum_imd_place place_of(uint64_t group, int copy, uint32_t sector_size)
{
	return (struct csum_imd_place){ seed_state(), sector_size, group, copy };
}

/* The CRC of the format's table: over seed, group, copy and the sector with its CRC zero, in one go. */
static uint32_t reference_crc(const uint8_t with_seed[16], uint64_t group, int copy, const uint8_t *sector,
			      size_t sector_size)
{
	uint8_t input[16 + 8 + 1 + 4096];

	memcpy(input, with_seed, 16);
	put_le(input + 16, 8, group);
	input[24] = (uint8_t)copy;
	memcpy(input + 25, sector, sector_size);
	put_le(input + 25 + 4, 4, 0);
	return zlib_crc32(0, input, 25 + sector_size);
}

/* Makes an imd sector by hand, with entries that no other group has. */
static void build(uint8_t *sector, uint32_t sector_size, uint64_t group, int copy, uint32_t generation)
{
	memcpy(sector, "\x49\x4d\x44\x31", 4);
	put_le(sector + 8, 4, generation);
	put_le(sector + 12, 4, group & 0xffffffff);
	for (uint32_t i = 0; i < (sector_size - 16) / 8; i++)
		put_le(sector + 16 + 8 * i, 8, (UINT64_C(1) << 32) + group * 1000 + i);
	put_le(sector + 4, 4, reference_crc(seed, group, copy, sector, sector_size));
}

static const uint64_t groups[] = { 0, 1, 61, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(0x123456789ab) };
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static void test_seal_known_bytes(void **state)
{
	uint8_t expected[4096], sector[4096];

	(void)state;
	for (size_t i = 0; i < GROUPS * 2 * 2; i++) {
		uint32_t size = sizes[i % 2];
		uint64_t group = groups[i / 4];
		int copy = i / 2 % 2;

		build(expected, size, group, copy, 0xfedcba98);
		memcpy(sector, expected, size);
		memset(sector, 0x77, 16);
		csum_imd_seal(place_of(group, copy, size), 0xfedcba98, sector);
		assert_memory_equal(sector, expected, size);
		assert_int_equal(csum_imd_crc(place_of(group, copy, size), sector), get_le(expected + 4, 4));
	}
}

static void test_header_fields(void **state)
{
	uint8_t sector[512];

	(void)state;
	build(sector, 512, UINT64_C(0x100000007), 1, 0x80000001);
	assert_int_equal(csum_imd_generation(sector), 0x80000001);
	assert_int_equal(csum_imd_stored_group(sector), 7);
	assert_int_equal(csum_imd_stored_crc(sector), get_le(sector + 4, 4));
	assert_true(csum_imd_has_magic(sector));
	for (int i = 0; i < 4; i++) {
		sector[i] ^= 0x20;
		assert_false(csum_imd_has_magic(sector));
		sector[i] ^= 0x20;
	}
}

static void test_valid_where_it_belongs_only(void **state)
{
	uint8_t sector[4096];

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		for (size_t i = 0; i < GROUPS; i++) {
			for (int copy = 0; copy < 2; copy++) {
				build(sector, sizes[s], groups[i], copy, 5);
				assert_int_equal(csum_imd_verify(place_of(groups[i], copy, sizes[s]), sector),
						 CSUM_IMD_VALID);
				assert_int_equal(csum_imd_verify(place_of(groups[i], 1 - copy, sizes[s]), sector),
						 CSUM_IMD_WRONG_GROUP);
			}
		}
	}
}

/* An imd sector that was written to the place of another group is told from a damaged one. */
static void test_landed_elsewhere(void **state)
{
	uint8_t sector[512];

	(void)state;
	for (uint64_t group = 0; group < 20; group++) {
		for (int copy = 0; copy < 2; copy++) {
			build(sector, 512, group, copy, 5);
			for (uint64_t place = 0; place < 20; place++) {
				if (place == group)
					continue;
				assert_int_equal(csum_imd_verify(place_of(place, 0, 512), sector),
						 CSUM_IMD_WRONG_GROUP);
				assert_int_equal(csum_imd_verify(place_of(place, 1, 512), sector),
						 CSUM_IMD_WRONG_GROUP);
			}
		}
	}
}

/* Group numbers that agree in the 32 stored bits: the CRC still tells them apart. */
static void test_group_beyond_32_bits(void **state)
{
	const uint64_t far_away = UINT64_C(3) << 32;
	uint8_t sector[512];

	(void)state;
	build(sector, 512, far_away + 9, 0, 5);
	assert_int_equal(csum_imd_verify(place_of(far_away + 9, 0, 512), sector), CSUM_IMD_VALID);
	assert_int_not_equal(csum_imd_verify(place_of(9, 0, 512), sector), CSUM_IMD_VALID);
	assert_int_equal(csum_imd_verify(place_of(far_away + 8, 0, 512), sector), CSUM_IMD_WRONG_GROUP);
}

/* The CRC fits the place, but the number in the header does not. */
static void test_stored_group_must_fit(void **state)
{
	uint8_t sector[512];

	(void)state;
	build(sector, 512, 4, 0, 5);
	put_le(sector + 12, 4, 5);
	put_le(sector + 4, 4, reference_crc(seed, 4, 0, sector, 512));
	assert_int_equal(csum_imd_verify(place_of(4, 0, 512), sector), CSUM_IMD_WRONG_GROUP);
}

static void test_of_another_volume(void **state)
{
	struct csum_imd_place place = place_of(3, 0, 512);
	uint8_t other[16], sector[512];

	(void)state;
	build(sector, 512, 3, 0, 5);
	for (int i = 0; i < 16; i++) {
		memcpy(other, seed, 16);
		other[i] ^= 1;
		place.seed_state = zlib_crc32(0, other, 16);
		assert_int_equal(csum_imd_verify(place, sector), CSUM_IMD_WRONG_CRC);
	}
}

static void test_any_flipped_bit(void **state)
{
	uint8_t sector[4096];

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		build(sector, sizes[s], 3, 1, 5);
		for (size_t bit = 0; bit < (size_t)sizes[s] * 8; bit++) {
			enum csum_imd_verdict expected = bit < 32 ? CSUM_IMD_NO_MAGIC : CSUM_IMD_WRONG_CRC;

			sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (csum_imd_verify(place_of(3, 1, sizes[s]), sector) != expected)
				fail_msg("bit %zu", bit);
			sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_int_equal(csum_imd_verify(place_of(3, 1, sizes[s]), sector), CSUM_IMD_VALID);
	}
}

static void test_blank(void **state)
{
	uint8_t sector[512];

	(void)state;
	memset(sector, 0, sizeof(sector));
	assert_int_equal(csum_imd_verify(place_of(0, 0, 512), sector), CSUM_IMD_NO_MAGIC);
	memset(sector, 0xff, sizeof(sector));
	assert_int_equal(csum_imd_verify(place_of(0, 0, 512), sector), CSUM_IMD_NO_MAGIC);
}

static void test_entries(void **state)
{
	uint8_t sector[4096 + 16], before[4096];

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		uint32_t entries = (sizes[s] - 16) / 8;

		fill_random(sector, sizeof(sector), 8);
		for (uint32_t i = 0; i < entries; i++) {
			assert_int_equal(csum_imd_entry(sector, i), get_le(sector + 16 + 8 * i, 8));
			memcpy(before, sector, sizes[s]);
			csum_imd_set_entry(sector, i, UINT64_C(0x8877665544332200) + i % 256);
			put_le(before + 16 + 8 * i, 8, UINT64_C(0x8877665544332200) + i % 256);
			assert_memory_equal(sector, before, sizes[s]);
		}
	}
}

/* All entries are compared, and nothing else. */
static void test_same_entries(void **state)
{
	uint8_t a[512], b[512];

	(void)state;
	build(a, 512, 3, 0, 5);
	build(b, 512, 3, 1, 6);
	assert_true(csum_imd_same_entries(a, b, 512));
	for (size_t i = 0; i < 512; i++) {
		b[i] ^= 1;
		assert_int_equal(csum_imd_same_entries(a, b, 512), i < 16);
		b[i] ^= 1;
	}
}

/* Any bit of an entry in the range counts, and nothing outside it. */
static void test_all_unwritten(void **state)
{
	uint8_t sector[512] = { 0 };

	(void)state;
	for (size_t i = 0; i < 512; i++) {
		uint32_t index = i < 16 ? 0 : (uint32_t)(i - 16) / 8;

		sector[i] = 0x10;
		assert_int_equal(csum_imd_all_unwritten(sector, 0, 62), i < 16);
		assert_int_equal(csum_imd_all_unwritten(sector, index, 1), i < 16);
		assert_true(index == 0 || csum_imd_all_unwritten(sector, 0, index));
		assert_true(index == 61 || i < 16 || csum_imd_all_unwritten(sector, index + 1, 61 - index));
		sector[i] = 0;
	}
}

static void test_compare_generations(void **state)
{
	static const struct {
		uint32_t a, b;
		int expected;
	} table[] = {
		{ 0, 0, 0 },
		{ 1, 0, 1 },
		{ 2, 1, 1 },
		{ 100, 1, 1 },
		{ 0x7fffffff, 0, 1 },
		{ 0x80000000, 1, 1 },
		{ 0xffffffff, 0x80000000, 1 },
		{ 0, 0xffffffff, 1 }, /* wrapped */
		{ 1, 0xffffffff, 1 },
		{ 5, 0xfffffff0, 1 },
		{ 0x7ffffffe, 0xffffffff, 1 },
		{ 0x80000000, 0, 0 }, /* half way round: unknown */
		{ 0x80000005, 5, 0 },
		{ 0x7fffffff, 0xffffffff, 0 },
		{ 0xffffffff, 0xffffffff, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int forth = csum_imd_compare_generations(table[i].a, table[i].b);
		int back = csum_imd_compare_generations(table[i].b, table[i].a);

		assert_int_equal((forth > 0) - (forth < 0), table[i].expected);
		assert_int_equal((back > 0) - (back < 0), -table[i].expected);
	}
}

/* Compares with RFC 1982 as it is written, with SERIAL_BITS 32. */
static void test_compare_as_in_the_rfc(void **state)
{
	const uint32_t half = UINT32_C(1) << 31;
	uint64_t random = 11;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint32_t a = (uint32_t)(next_random(&random) >> 16);
		uint32_t b = i % 2 ? (uint32_t)(next_random(&random) >> 16) : a + half - 5 + (uint32_t)i % 11;
		bool less = (a < b && b - a < half) || (a > b && a - b > half);
		bool greater = (a < b && b - a > half) || (a > b && a - b < half);
		int compared = csum_imd_compare_generations(a, b);

		assert_int_equal(compared < 0, less);
		assert_int_equal(compared > 0, greater);
	}
}

static void test_newer_copy(void **state)
{
	static const struct {
		enum csum_imd_verdict verdict[2];
		uint32_t generation[2];
		int expected;
	} table[] = {
		{ { CSUM_IMD_VALID, CSUM_IMD_VALID }, { 0, 1 }, 1 },
		{ { CSUM_IMD_VALID, CSUM_IMD_VALID }, { 2, 1 }, 0 },
		{ { CSUM_IMD_VALID, CSUM_IMD_VALID }, { 0, 0xffffffff }, 0 },
		{ { CSUM_IMD_VALID, CSUM_IMD_VALID }, { 0xffffffff, 0 }, 1 },
		/* Without an order copy 1 counts as newer. */
		{ { CSUM_IMD_VALID, CSUM_IMD_VALID }, { 7, 7 }, 1 },
		{ { CSUM_IMD_VALID, CSUM_IMD_VALID }, { 0x80000000, 0 }, 1 },
		{ { CSUM_IMD_VALID, CSUM_IMD_VALID }, { 0, 0x80000000 }, 1 },
		/* An invalid copy is the older one, whatever its generation. */
		{ { CSUM_IMD_VALID, CSUM_IMD_WRONG_CRC }, { 1, 2 }, 0 },
		{ { CSUM_IMD_NO_MAGIC, CSUM_IMD_VALID }, { 2, 1 }, 1 },
		{ { CSUM_IMD_VALID, CSUM_IMD_WRONG_GROUP }, { 1, 2 }, 0 },
		{ { CSUM_IMD_UNREADABLE, CSUM_IMD_VALID }, { 0, 0 }, 1 },
		{ { CSUM_IMD_VALID, CSUM_IMD_MISSING }, { 0, 0 }, 0 },
		{ { CSUM_IMD_WRONG_CRC, CSUM_IMD_WRONG_CRC }, { 1, 2 }, -1 },
		{ { CSUM_IMD_UNREADABLE, CSUM_IMD_NO_MAGIC }, { 2, 1 }, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(csum_imd_newer_copy(table[i].verdict, table[i].generation), table[i].expected);
}

static void test_verdict_names(void **state)
{
	(void)state;
	for (int a = CSUM_IMD_VALID; a <= CSUM_IMD_MISSING; a++) {
		const char *name = csum_imd_verdict_name((enum csum_imd_verdict)a);

		assert_non_null(name);
		for (int b = CSUM_IMD_VALID; b < a; b++)
			assert_string_not_equal(name, csum_imd_verdict_name((enum csum_imd_verdict)b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seal_known_bytes),
		cmocka_unit_test(test_header_fields),
		cmocka_unit_test(test_valid_where_it_belongs_only),
		cmocka_unit_test(test_landed_elsewhere),
		cmocka_unit_test(test_group_beyond_32_bits),
		cmocka_unit_test(test_stored_group_must_fit),
		cmocka_unit_test(test_of_another_volume),
		cmocka_unit_test(test_any_flipped_bit),
		cmocka_unit_test(test_blank),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_same_entries),
		cmocka_unit_test(test_all_unwritten),
		cmocka_unit_test(test_compare_generations),
		cmocka_unit_test(test_compare_as_in_the_rfc),
		cmocka_unit_test(test_newer_copy),
		cmocka_unit_test(test_verdict_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
