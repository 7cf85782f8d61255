/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRCs computed backwards: from an imd sector to the state in which its checksum began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "carve/carve.h"
#include "ondisk/imd.h"
#include "support/bytes.h"

static void test_crc_backwards(void **state)
{
	static struct csum_carve_crc crc;
	uint64_t random = 4711;
	uint8_t sector[4096];

	(void)state;
	csum_carve_crc_init(&crc);
	for (int i = 0; i < 2000; i++) {
		uint32_t seed_state = (uint32_t)next_random(&random);
		uint64_t group = next_random(&random) >> (next_random(&random) % 64);
		int size = i % CSUM_CARVE_SIZES, copy = i / 2 % 2;
		struct csum_imd_place place = { seed_state, csum_carve_sector_size(size), group, copy };
		uint32_t found;

		fill_random(sector, sizeof(sector), next_random(&random));
		csum_imd_seal(place, (uint32_t)i, sector);
		found = csum_carve_seed_state(&crc, size, csum_imd_stored_group(sector), sector);
		found ^= csum_carve_high_difference((uint32_t)(group >> 32));
		found ^= copy ? csum_carve_copy_difference() : 0;
		assert_int_equal(found, seed_state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc_backwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
