/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers of the decoder are reliable: no two patterns are mixed up, and garbage is not healed. */
#include <pthread.h>

#include "unit/base/test_heal.h"

/* Returns the syndrome of a pattern, in which ones are wrong bits. */
static uint64_t syndrome_of(const uint8_t *pattern, uint32_t sector_size)
{
	static const uint8_t zeros[HEAL_SECTOR_MAX];

	return csum_checksum(CSUM_CRC64, pattern, sector_size) ^ csum_checksum(CSUM_CRC64, zeros, sector_size);
}

static void is_only_answer(const struct csum_healer *healer, const uint8_t *pattern, uint32_t sector_size)
{
	static const uint8_t zeros[HEAL_SECTOR_MAX];
	uint64_t syndrome = syndrome_of(pattern, sector_size);
	struct csum_heal_result expected = heal_expected(zeros, pattern, sector_size);
	struct csum_heal_result result;
	bool found = csum_healer_find(healer, &syndrome, 1, &result);

	if (!found || !heal_same(&result, &expected))
		fail_msg("%u bytes, first bit %u, length %u, mask %x: %s", sector_size, expected.first_bit,
			 expected.length, expected.mask, result.ambiguous ? "ambiguous" : "not found");
}

/*
 * Tries all patterns that end with the sector's last bit: none has another answer. This proves it for all patterns. Of
 * two patterns with one syndrome, shift both towards the end of the sector until one has the last bit; shifting
 * multiplies both syndromes by the same power of x, which has an inverse, so they are still equal. That case was tried.
 */
static void test_no_two_patterns_share_a_syndrome(void **state)
{
	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		struct csum_healer *healer = heal_create(CSUM_CRC64, size);
		uint8_t pattern[HEAL_SECTOR_MAX] = { 0 };
		uint32_t bits = 8 * size;
		uint32_t mask_step = (uint32_t)(0x8000 / heal_trials(0x8000, 0x8000));
		uint32_t distance_step = (uint32_t)(bits / heal_trials(bits, bits));

		for (uint32_t mask = 0x8000; mask <= 0xffff; mask += mask_step ? mask_step : 1) {
			put_le(pattern + size - 2, 2, mask);
			is_only_answer(healer, pattern, size);
		}
		put_le(pattern + size - 2, 2, 0x8000);
		for (uint32_t distance = 16; distance < bits; distance += distance_step ? distance_step : 1) {
			heal_flip(pattern, bits - 1 - distance);
			is_only_answer(healer, pattern, size);
			heal_flip(pattern, bits - 1 - distance);
		}
		csum_healer_free(healer);
	}
}

/* ------------------------------------------------------------------ garbage */

enum { THREADS = 2 };

/* Threads share the healer, as in the library. */
struct garbage {
	const struct csum_healer *healer;
	uint32_t sector_size;
	uint64_t count, random, taken;
};

/* Makes another garbage sector; changing four words gives a checksum that is independent of the last one. */
static void change_garbage(struct garbage *garbage, uint64_t *words)
{
	for (int i = 0; i < 4; i++)
		words[next_random(&garbage->random) % (garbage->sector_size / 8)] ^= next_random(&garbage->random);
}

static void *find_in_garbage(void *argument)
{
	struct garbage *garbage = argument;
	uint64_t *words = malloc(garbage->sector_size);
	struct csum_heal_result result;

	if (!words)
		abort();
	fill_random(words, garbage->sector_size, garbage->random);
	for (uint64_t i = 0; i < garbage->count; i++) {
		/* xorshift has the same linear structure as a CRC; the product does not. */
		uint64_t entry = next_random(&garbage->random) * UINT64_C(0x2545f4914f6cdd1d);

		change_garbage(garbage, words);
		if (csum_healer_heal(garbage->healer, (uint8_t *)words, entry, &result) || result.ambiguous)
			garbage->taken++;
	}
	free(words);
	return NULL;
}

static void garbage_is_refused(uint32_t sector_size, uint64_t seed)
{
	struct csum_healer *healer = heal_create(CSUM_CRC64, sector_size);
	struct garbage garbage[THREADS];
	pthread_t threads[THREADS];
	uint64_t count = heal_trials(1000000, 1), taken = 0;

	for (uint64_t i = 0; i < THREADS; i++) {
		garbage[i] = (struct garbage){ healer, sector_size, count / THREADS, seed + i, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, find_in_garbage, &garbage[i]), 0);
	}
	for (uint64_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		taken += garbage[i].taken;
	}
	csum_healer_free(healer);
	print_message("# %u bytes, garbage sectors, seed %llu: %llu tried, %llu taken for a pattern\n", sector_size,
		      (unsigned long long)seed, (unsigned long long)count, (unsigned long long)taken);
	assert_int_equal(taken, 0);
}

static void test_garbage_512(void **state)
{
	(void)state;
	garbage_is_refused(512, 31);
}

static void test_garbage_4096(void **state)
{
	(void)state;
	garbage_is_refused(4096, 41);
}

/* With 32 bits some garbage looks like one wrong bit. It must be as much as base/heal.h says, on which callers rely. */
static void test_garbage_of_32_bits(void **state)
{
	enum { TRIALS = 10000000 };

	(void)state;
	for (int type = CSUM_CRC32; type <= CSUM_CRC32C; type++) {
		for (uint32_t size = 512; size <= 4096; size *= 8) {
			struct csum_healer *healer = heal_create((enum csum_checksum_type)type, size);
			uint64_t expected = (uint64_t)TRIALS * 8 * size >> 32;
			uint64_t random = 51, taken = 0;
			struct csum_heal_result result;

			for (uint32_t i = 0; i < TRIALS; i++) {
				uint64_t syndrome = next_random(&random) >> 32;

				taken += csum_healer_find(healer, &syndrome, 1, &result);
			}
			csum_healer_free(healer);
			print_message("# %u bytes, %s, garbage, seed 51: %d tried, %llu taken for one bit\n", size,
				      csum_checksum_name((enum csum_checksum_type)type), TRIALS,
				      (unsigned long long)taken);
			assert_in_range(taken, expected / 2, 2 * expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_two_patterns_share_a_syndrome),
		cmocka_unit_test(test_garbage_512),
		cmocka_unit_test(test_garbage_4096),
		cmocka_unit_test(test_garbage_of_32_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
