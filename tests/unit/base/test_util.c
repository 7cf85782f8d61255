/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/util.h"

enum { MOST = 1100 };

/* Wherever the first other byte lies; bytes behind it that are the same again do not count. */
static void test_same_bytes(void **state)
{
	(void)state;
	for (size_t size = 1; size <= MOST; size++) {
		/* In memory of its own, where the sanitizers see a byte too many that is read. */
		uint8_t *bytes = malloc(size);

		assert_non_null(bytes);
		memset(bytes, 5, size);
		assert_int_equal(csum_same_bytes(bytes, size), size);
		for (size_t other = 1; other < size; other += 1 + other / 40) {
			bytes[other] = 6;
			assert_int_equal(csum_same_bytes(bytes, size), other);
			bytes[other] = 5;
		}
		free(bytes);
	}
}

static void test_min_and_max(void **state)
{
	(void)state;
	assert_int_equal(csum_min_u64(3, UINT64_MAX), 3);
	assert_int_equal(csum_max_u64(3, UINT64_MAX), UINT64_MAX);
	assert_int_equal(csum_min_u64(7, 7), 7);
	assert_int_equal(csum_max_u64(7, 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_min_and_max),
	};

	return cmocka_run_group_tests_name("util", tests, NULL, NULL);
}
