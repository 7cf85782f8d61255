/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "support/bytes.h"

/* CRCs computed bit by bit, by their definition: reflected, register all ones at first, inverted at the end. */
#define CRC64_POLYNOMIAL UINT64_C(0xc96c5795d7870f42)
#define CRC32C_POLYNOMIAL UINT64_C(0x82f63b78)

static uint64_t step_bit(uint64_t crc, uint64_t polynomial)
{
	return crc >> 1 ^ (crc & 1 ? polynomial : 0);
}

static uint64_t step_byte(uint64_t crc, uint8_t byte, uint64_t polynomial)
{
	crc ^= byte;
	for (int bit = 0; bit < 8; bit++)
		crc = step_bit(crc, polynomial);
	return crc;
}

static uint64_t bitwise_crc64(const uint8_t *data, size_t size)
{
	uint64_t crc = UINT64_MAX;

	for (size_t i = 0; i < size; i++)
		crc = step_byte(crc, data[i], CRC64_POLYNOMIAL);
	return ~crc;
}

static void test_check_values(void **state)
{
	static const char digits[] = "123456789";

	(void)state;
	assert_int_equal(csum_checksum(CSUM_CRC32, digits, 9), UINT64_C(0xcbf43926));
	assert_int_equal(csum_checksum(CSUM_CRC32C, digits, 9), UINT64_C(0xe3069283));
	assert_int_equal(csum_checksum(CSUM_CRC64, digits, 9), UINT64_C(0x995dc9bbdf1939fa));
}

/* Sizes and alignments that lead through all code paths of ISA-L. */
enum { MOST = 9000, ALIGNMENTS = 3 };
static uint8_t random_bytes[MOST + 16];

static void test_crc32_is_zlibs(void **state)
{
	(void)state;
	fill_random(random_bytes, sizeof(random_bytes), 1);
	for (size_t shift = 0; shift < ALIGNMENTS; shift++) {
		const uint8_t *data = random_bytes + shift;

		for (size_t size = 0; size <= MOST; size++) {
			uint32_t expected = zlib_crc32(0, data, size);

			if (csum_checksum_crc32(0, data, size) != expected ||
			    csum_checksum(CSUM_CRC32, data, size) != expected)
				fail_msg("%zu bytes at alignment %zu", size, shift);
		}
	}
}

static void test_crc32_goes_on(void **state)
{
	uint32_t whole = zlib_crc32(0, random_bytes, MOST);

	(void)state;
	for (size_t cut = 0; cut <= MOST; cut++) {
		uint32_t begun = csum_checksum_crc32(0, random_bytes, cut);

		if (csum_checksum_crc32(begun, random_bytes + cut, MOST - cut) != whole)
			fail_msg("cut after %zu bytes", cut);
	}
}

static void test_crc32_goes_on_from_any_state(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint32_t begun = (uint32_t)next_random(&random);
		size_t size = next_random(&random) % 600;

		assert_int_equal(csum_checksum_crc32(begun, random_bytes, size), zlib_crc32(begun, random_bytes, size));
	}
}

static void compare_with_bits(enum csum_checksum_type type, uint64_t polynomial, uint64_t ones, const uint8_t *data)
{
	uint64_t crc = ones;

	for (size_t size = 0; size <= MOST; size++) {
		if (csum_checksum(type, data, size) != (crc ^ ones))
			fail_msg("%s of %zu bytes", csum_checksum_name(type), size);
		crc = step_byte(crc, data[size], polynomial);
	}
}

static void test_crc32c_and_crc64_bit_by_bit(void **state)
{
	(void)state;
	fill_random(random_bytes, sizeof(random_bytes), 2);
	for (size_t shift = 0; shift < ALIGNMENTS; shift++) {
		compare_with_bits(CSUM_CRC32C, CRC32C_POLYNOMIAL, UINT32_MAX, random_bytes + shift);
		compare_with_bits(CSUM_CRC64, CRC64_POLYNOMIAL, UINT64_MAX, random_bytes + shift);
	}
}

static void test_large_buffers(void **state)
{
	static uint8_t large[1 << 20];

	(void)state;
	fill_random(large, sizeof(large), 3);
	assert_int_equal(csum_checksum(CSUM_CRC32, large, sizeof(large)), zlib_crc32(0, large, sizeof(large)));
	assert_int_equal(csum_checksum(CSUM_CRC64, large, sizeof(large)), bitwise_crc64(large, sizeof(large)));
}

/* The entry of a 32-bit checksum c is 2^32 + c, for any c. */
static void test_entries_of_32_bits(void **state)
{
	static const uint32_t sizes[] = { 512, 4096 };
	uint8_t sector[4096];

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		for (size_t i = 0; i < 2; i++) {
			fill_random(sector, sizes[i], seed);
			assert_int_equal(csum_checksum_entry(CSUM_CRC32, sector, sizes[i]),
					 (UINT64_C(1) << 32) + zlib_crc32(0, sector, sizes[i]));
			assert_int_equal(csum_checksum_entry(CSUM_CRC32C, sector, sizes[i]),
					 (UINT64_C(1) << 32) + csum_checksum(CSUM_CRC32C, sector, sizes[i]));
		}
	}
}

/* Returns the register from before the last 64 bits, if these were zeros. */
static uint64_t unstep_64_bits(uint64_t crc)
{
	for (int bit = 0; bit < 64; bit++)
		crc = crc >> 63 ? (crc ^ CRC64_POLYNOMIAL) << 1 | 1 : crc << 1;
	return crc;
}

/* Chooses the last 8 bytes so that the CRC-64 of the sector becomes `wanted`: these bytes are added to the register. */
static void force_crc64(uint8_t *sector, size_t size, uint64_t wanted)
{
	uint64_t before = ~bitwise_crc64(sector, size - 8);

	put_le(sector + size - 8, 8, unstep_64_bits(~wanted) ^ before);
	assert_int_equal(bitwise_crc64(sector, size), wanted);
}

static void test_entries_of_64_bits(void **state)
{
	static const struct {
		uint64_t crc, entry;
	} cases[] = {
		{ 0, UINT64_MAX },
		{ 1, UINT64_MAX - 1 },
		{ 2, 2 },
		{ UINT64_MAX, UINT64_MAX },
		{ UINT64_MAX - 1, UINT64_MAX - 1 },
		{ UINT64_MAX - 2, UINT64_MAX - 2 },
		{ UINT64_C(1) << 32, UINT64_C(1) << 32 },
	};
	uint8_t sector[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t size = 512; size <= 4096; size *= 8) {
			fill_random(sector, size, i + 1);
			force_crc64(sector, size, cases[i].crc);
			assert_int_equal(csum_checksum(CSUM_CRC64, sector, size), cases[i].crc);
			assert_int_equal(csum_checksum_entry(CSUM_CRC64, sector, size), cases[i].entry);
		}
	}
}

/* With 32 bits the checksums 0 and 1 are not special: the last 4 bytes of a sector reach them. */
static void test_crc32_of_zero_and_one(void **state)
{
	uint8_t sector[512];

	(void)state;
	for (uint32_t wanted = 0; wanted <= 1; wanted++) {
		uint32_t crc = ~wanted;

		fill_random(sector, sizeof(sector), 9 + wanted);
		for (int bit = 0; bit < 32; bit++)
			crc = crc >> 31 ? (crc ^ UINT32_C(0xedb88320)) << 1 | 1 : crc << 1;
		put_le(sector + 508, 4, crc ^ ~zlib_crc32(0, sector, 508));
		assert_int_equal(zlib_crc32(0, sector, 512), wanted);
		assert_int_equal(csum_checksum_entry(CSUM_CRC32, sector, 512), (UINT64_C(1) << 32) + wanted);
	}
}

static void test_names(void **state)
{
	static const struct {
		enum csum_checksum_type type;
		const char *name;
	} known[] = { { CSUM_CRC32, "crc32" }, { CSUM_CRC32C, "crc32c" }, { CSUM_CRC64, "crc64" } };
	static const char *const unknown[] = { "", "crc", "CRC32", "crc322", "crc32c ", "sha256" };
	enum csum_checksum_type type;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(csum_checksum_name(known[i].type), known[i].name);
		type = (enum csum_checksum_type)0;
		assert_int_equal(csum_checksum_by_name(known[i].name, &type), 0);
		assert_int_equal(type, known[i].type);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(csum_checksum_by_name(unknown[i], &type), -EINVAL);
	assert_null(csum_checksum_name((enum csum_checksum_type)0));
	assert_null(csum_checksum_name((enum csum_checksum_type)4));
	assert_null(csum_checksum_name((enum csum_checksum_type)UINT32_MAX));
}

/* Of sectors side by side; the memory ends with the last, so that nothing behind it may be read. */
static void test_entries_side_by_side(void **state)
{
	static const size_t sizes[] = { 512, 4096 };
	uint64_t entries[20];

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		for (size_t count = 0; count <= 20; count++) {
			uint8_t *sectors = malloc(count ? count * sizes[s] : 1);

			assert_non_null(sectors);
			fill_random(sectors, count * sizes[s], count);
			for (int type = CSUM_CRC32; type <= CSUM_CRC64; type++) {
				csum_checksum_entries((enum csum_checksum_type)type, sectors, sizes[s], count, entries);
				for (size_t i = 0; i < count; i++)
					assert_int_equal(entries[i],
							 csum_checksum_entry((enum csum_checksum_type)type,
									     sectors + i * sizes[s], sizes[s]));
			}
			free(sectors);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_values),
		cmocka_unit_test(test_crc32_is_zlibs),
		cmocka_unit_test(test_crc32_goes_on),
		cmocka_unit_test(test_crc32_goes_on_from_any_state),
		cmocka_unit_test(test_crc32c_and_crc64_bit_by_bit),
		cmocka_unit_test(test_large_buffers),
		cmocka_unit_test(test_entries_of_32_bits),
		cmocka_unit_test(test_entries_of_64_bits),
		cmocka_unit_test(test_crc32_of_zero_and_one),
		cmocka_unit_test(test_entries_side_by_side),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
