/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checksums in plain C. In a build with ISA-L, csum_checksum() uses ISA-L, and its results must be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/checksum_portable.h"
#include "support/bytes.h"

enum { MOST = 9000, ALIGNMENTS = 8 };
static uint8_t random_bytes[MOST + ALIGNMENTS];

static void test_15_known_answers(void **state)
{
	static const struct {
		enum csum_checksum_type type;
		uint64_t of_digits, of_zeros; /* of "123456789"; of 32 bytes of zeros */
	} known[] = {
		{ CSUM_CRC32, UINT64_C(0xcbf43926), UINT64_C(0x190a55ad) },
		{ CSUM_CRC32C, UINT64_C(0xe3069283), UINT64_C(0x8a9136aa) },
		{ CSUM_CRC64, UINT64_C(0x995dc9bbdf1939fa), UINT64_C(0xc95af8617cd5330c) },
	};
	static const uint8_t zeros[32];

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(csum_checksum_portable(known[i].type, 0, "123456789", 9), known[i].of_digits);
		assert_int_equal(csum_checksum_portable(known[i].type, 0, zeros, sizeof(zeros)), known[i].of_zeros);
		assert_int_equal(csum_checksum_portable(known[i].type, 0, "", 0), 0);
	}
}

static void test_15_crc32_is_zlibs(void **state)
{
	(void)state;
	for (size_t size = 0; size <= MOST; size++) {
		if (csum_checksum_portable(CSUM_CRC32, 0, random_bytes, size) != zlib_crc32(0, random_bytes, size))
			fail_msg("%zu bytes", size);
	}
}

static void test_15_as_isal(void **state)
{
	(void)state;
	for (int type = CSUM_CRC32; type <= CSUM_CRC64; type++) {
		for (size_t size = 0; size <= MOST; size += size < 600 ? 1 : 7) {
			const uint8_t *data = random_bytes + size % ALIGNMENTS;
			uint64_t expected = csum_checksum((enum csum_checksum_type)type, data, size);

			if (csum_checksum_portable((enum csum_checksum_type)type, 0, data, size) != expected)
				fail_msg("%s of %zu bytes", csum_checksum_name((enum csum_checksum_type)type), size);
		}
	}
}

static void test_15_goes_on(void **state)
{
	(void)state;
	for (int i = CSUM_CRC32; i <= CSUM_CRC64; i++) {
		enum csum_checksum_type type = (enum csum_checksum_type)i;
		uint64_t whole = csum_checksum(type, random_bytes, 1000);

		for (size_t cut = 0; cut <= 1000; cut++) {
			uint64_t begun = csum_checksum_portable(type, 0, random_bytes, cut);

			if (csum_checksum_portable(type, begun, random_bytes + cut, 1000 - cut) != whole)
				fail_msg("%s cut after %zu bytes", csum_checksum_name(type), cut);
		}
	}
}

static int fill(void **state)
{
	(void)state;
	fill_random(random_bytes, sizeof(random_bytes), 4);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_15_known_answers),
		cmocka_unit_test(test_15_crc32_is_zlibs),
		cmocka_unit_test(test_15_as_isal),
		cmocka_unit_test(test_15_goes_on),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
