/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "support/bytes.h"

static const uint64_t values[] = {
	0,
	1,
	0x7f,
	0x80,
	0xff,
	0x100,
	0x7fff,
	0x8000,
	0xffff,
	0x12345678,
	0x7fffffff,
	0x80000000,
	0xffffffff,
	UINT64_C(0x123456789abcdef0),
	UINT64_C(0x7fffffffffffffff),
	UINT64_C(0x8000000000000000),
	UINT64_MAX,
};

static void test_known_bytes(void **state)
{
	static const uint8_t bytes[] = { 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x81 };
	le16 small = csum_le16(0x0708);
	le32 middle = csum_le32(0x05060708);
	le64 large = csum_le64(UINT64_C(0x8102030405060708));

	(void)state;
	assert_memory_equal(&small, bytes, 2);
	assert_memory_equal(&middle, bytes, 4);
	assert_memory_equal(&large, bytes, 8);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		le16 small = csum_le16((uint16_t)values[i]);
		le32 middle = csum_le32((uint32_t)values[i]);
		le64 large = csum_le64(values[i]);

		assert_int_equal(get_le(&small, 2), (uint16_t)values[i]);
		assert_int_equal(get_le(&middle, 4), (uint32_t)values[i]);
		assert_int_equal(get_le(&large, 8), values[i]);
		assert_int_equal(csum_le16_get(small), (uint16_t)values[i]);
		assert_int_equal(csum_le32_get(middle), (uint32_t)values[i]);
		assert_int_equal(csum_le64_get(large), values[i]);
	}
}

/* A byte with its top bit set must not spread into the bytes above it. */
static void test_single_bits(void **state)
{
	(void)state;
	for (int bit = 0; bit < 64; bit++) {
		uint64_t value = UINT64_C(1) << bit;

		assert_int_equal(csum_le64_get(csum_le64(value)), value);
		if (bit < 32)
			assert_int_equal(csum_le32_get(csum_le32((uint32_t)value)), value);
		if (bit < 16)
			assert_int_equal(csum_le16_get(csum_le16((uint16_t)value)), value);
	}
}

/* On disk integers lie at any address. */
static void test_no_alignment_or_padding(void **state)
{
	struct {
		uint8_t odd;
		le64 large;
		le16 small;
		le32 middle;
	} packed;

	(void)state;
	assert_int_equal(sizeof(packed), 15);
	memset(&packed, 0xff, sizeof(packed));
	packed.large = csum_le64(2);
	packed.middle = csum_le32(3);
	assert_int_equal(get_le((uint8_t *)&packed + 1, 8), 2);
	assert_int_equal(get_le((uint8_t *)&packed + 9, 2), 0xffff);
	assert_int_equal(get_le((uint8_t *)&packed + 11, 4), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_bytes),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_single_bits),
		cmocka_unit_test(test_no_alignment_or_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
