/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/parked.h"
#include "support/bytes.h"

enum { HEAD = 4096 };
static const uint8_t seed[16] = "a seed, 16 byte";
static const uint32_t sizes[] = { 512, 4096 };

static uint32_t seed_state(void)
{
	return zlib_crc32(0, seed, sizeof(seed));
}

/* Makes a record by hand. */
static void build(uint8_t *at, uint32_t sector_size)
{
	memset(at, 0, HEAD);
	memcpy(at, "\x43\x53\x55\x4d\x50\x41\x52\x4b", 8);
	put_le(at + 16, 8, UINT64_C(0x1122334455667788));
	put_le(at + 24, 8, UINT64_C(0x100000007));
	put_le(at + 32, 8, UINT64_C(0x200000009));
	fill_random(at + HEAD, sector_size, sector_size);
	put_le(at + 8, 4, zlib_crc32(seed_state(), at, HEAD + (size_t)sector_size));
}

static void test_known_bytes(void **state)
{
	static uint8_t expected[2 * HEAD], record[2 * HEAD];

	(void)state;
	for (size_t s = 0; s < 2; s++) {
		struct csum_parked parked = { 0 };

		build(expected, sizes[s]);
		assert_int_equal(csum_parked_record_size(sizes[s]), HEAD + sizes[s]);
		assert_ptr_equal(csum_parked_content(record), record + HEAD);
		assert_true(csum_parked_has_magic(expected));
		assert_true(csum_parked_decode(expected, seed_state(), sizes[s], &parked));
		assert_int_equal(parked.entry, UINT64_C(0x1122334455667788));
		assert_int_equal(parked.owner, UINT64_C(0x100000007));
		assert_int_equal(parked.place, UINT64_C(0x200000009));
		memset(record, 0x5a, HEAD);
		memcpy(record + HEAD, expected + HEAD, sizes[s]);
		csum_parked_encode(&parked, seed_state(), sizes[s], record);
		assert_memory_equal(record, expected, HEAD + sizes[s]);
	}
}

static void test_damaged(void **state)
{
	static uint8_t record[HEAD + 512];
	struct csum_parked parked;

	(void)state;
	build(record, 512);
	assert_false(csum_parked_decode(record, seed_state() + 1, 512, &parked));
	for (size_t i = 0; i < sizeof(record); i++) {
		record[i] ^= 0x10;
		assert_false(csum_parked_decode(record, seed_state(), 512, &parked));
		record[i] ^= 0x10;
	}
	assert_true(csum_parked_decode(record, seed_state(), 512, &parked));
	memset(record, 0, sizeof(record));
	assert_false(csum_parked_has_magic(record));
	assert_false(csum_parked_decode(record, seed_state(), 512, &parked));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_bytes),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests_name("parked", tests, NULL, NULL);
}
