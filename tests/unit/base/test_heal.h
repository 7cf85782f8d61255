/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of healing: sectors with an entry, flipped bits, numbers of trials. */
#ifndef CSUM_TEST_UNIT_BASE_TEST_HEAL_H
#define CSUM_TEST_UNIT_BASE_TEST_HEAL_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/heal.h"
#include "support/bytes.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HEAL_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEAL_SANITIZED 1
#endif
#ifndef HEAL_SANITIZED
#define HEAL_SANITIZED 0
#endif

enum { HEAL_SECTOR_MAX = 4096 };

/*
 * Returns the number of trials of one kind, where `full` would make a complete test: `full` with CSUM_HEAL_TRIALS=full,
 * the value of CSUM_HEAL_TRIALS if that is a number, few under sanitizers, else an eighth of `full`, but at least
 * `least`.
 */
static inline uint64_t heal_trials(uint64_t full, uint64_t least)
{
	const char *given = getenv("CSUM_HEAL_TRIALS");
	uint64_t count = full / 8 < least ? least : full / 8;

	if (given && strcmp(given, "full") == 0)
		count = full;
	else if (given)
		count = strtoull(given, NULL, 10);
	else if (HEAL_SANITIZED && count > 5000)
		count = 5000;
	assert_true(count > 0);
	return count;
}

static inline struct csum_healer *heal_create(enum csum_checksum_type type, uint32_t sector_size)
{
	struct csum_healer *healer;

	assert_int_equal(csum_healer_create(type, sector_size, true, &healer), 0);
	assert_non_null(healer);
	return healer;
}

static inline void heal_flip(uint8_t *sector, uint32_t bit)
{
	sector[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static inline bool heal_bit(const uint8_t *sector, uint32_t bit)
{
	return sector[bit / 8] >> bit % 8 & 1;
}

/* Returns the right result of the healer for these differences; pattern NONE for damage that it is not meant for. */
static inline struct csum_heal_result heal_expected(const uint8_t *right, const uint8_t *wrong, uint32_t sector_size)
{
	struct csum_heal_result expected = { .pattern = CSUM_HEAL_NONE };
	uint32_t count = 0, last = 0;

	for (uint32_t byte = 0; byte < sector_size; byte++) {
		if (right[byte] == wrong[byte])
			continue;
		for (uint32_t bit = 8 * byte; bit < 8 * byte + 8; bit++) {
			if (heal_bit(right, bit) == heal_bit(wrong, bit))
				continue;
			if (count++ == 0)
				expected.first_bit = bit;
			last = bit;
			if (last - expected.first_bit < 16)
				expected.mask |= UINT32_C(1) << (last - expected.first_bit);
		}
	}
	expected.length = last - expected.first_bit + 1;
	if (count == 1)
		expected.pattern = CSUM_HEAL_ONE_BIT;
	else if (count > 1 && expected.length <= 16)
		expected.pattern = CSUM_HEAL_BURST;
	else if (count == 2)
		expected.pattern = CSUM_HEAL_TWO_BITS;
	else
		memset(&expected, 0, sizeof(expected));
	return expected;
}

static inline bool heal_same(const struct csum_heal_result *a, const struct csum_heal_result *b)
{
	return a->pattern == b->pattern && a->ambiguous == b->ambiguous && a->first_bit == b->first_bit &&
	       a->length == b->length && a->mask == b->mask;
}

#endif
