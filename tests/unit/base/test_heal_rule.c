/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conditions for healing, special entries, checksums of 32 bits, damage with several answers. */
#include "unit/base/test_heal.h"

#define CRC64_POLYNOMIAL UINT64_C(0xc96c5795d7870f42)

static uint64_t step_bits(uint64_t crc, uint32_t count)
{
	while (count-- > 0)
		crc = crc >> 1 ^ (crc & 1 ? CRC64_POLYNOMIAL : 0);
	return crc;
}

/* Returns the register from before the last 64 bits, if these were zeros. */
static uint64_t unstep_64_bits(uint64_t crc)
{
	for (int bit = 0; bit < 64; bit++)
		crc = crc >> 63 ? (crc ^ CRC64_POLYNOMIAL) << 1 | 1 : crc << 1;
	return crc;
}

/* Makes random bytes, with the last 8 chosen so that the CRC-64 is `wanted`. */
static void sector_with_crc64(uint8_t *sector, uint32_t size, uint64_t wanted, uint64_t seed)
{
	uint64_t before;

	fill_random(sector, size, seed);
	before = ~csum_checksum(CSUM_CRC64, sector, size - 8);
	put_le(sector + size - 8, 8, unstep_64_bits(~wanted) ^ before);
	assert_int_equal(csum_checksum(CSUM_CRC64, sector, size), wanted);
}

/* Whether a copy of `damaged` can be healed; asserts that it comes out equal to `right`, or else unchanged. */
static bool heals(const struct csum_healer *healer, const uint8_t *right, const uint8_t *damaged, uint32_t size,
		  uint64_t entry)
{
	const struct csum_heal_result nothing = { .pattern = CSUM_HEAL_NONE };
	struct csum_heal_result expected = heal_expected(right, damaged, size);
	struct csum_heal_result result;
	uint8_t sector[HEAL_SECTOR_MAX];
	bool healed;

	memcpy(sector, damaged, size);
	memset(&result, 0xff, sizeof(result));
	healed = csum_healer_heal(healer, sector, entry, &result);
	assert_memory_equal(sector, healed ? right : damaged, size);
	assert_true(heal_same(&result, healed ? &expected : &nothing));
	return healed;
}

static void test_create(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 511, 513, 1024, 2048, 8192, UINT32_MAX };
	struct csum_healer *healer;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		healer = (struct csum_healer *)&healer;
		assert_int_equal(csum_healer_create(CSUM_CRC64, sizes[i], true, &healer), -EINVAL);
		assert_null(healer);
	}
	assert_int_equal(csum_healer_create((enum csum_checksum_type)0, 512, true, &healer), -EINVAL);
	assert_int_equal(csum_healer_create((enum csum_checksum_type)4, 512, true, &healer), -EINVAL);
	for (int type = CSUM_CRC32; type <= CSUM_CRC32C; type++) {
		healer = (struct csum_healer *)&healer;
		assert_int_equal(csum_healer_create((enum csum_checksum_type)type, 512, false, &healer), -ENOTSUP);
		assert_null(healer);
	}
	assert_int_equal(csum_healer_create(CSUM_CRC64, 4096, false, &healer), 0);
	assert_non_null(healer);
	csum_healer_free(healer);
	csum_healer_free(NULL);
}

static void test_right_sector(void **state)
{
	static const uint64_t crcs[] = { 0, 1, 2, UINT64_MAX, UINT64_MAX - 1, UINT64_C(0x123456789abcdef0) };
	uint8_t sector[HEAL_SECTOR_MAX];

	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		struct csum_healer *healer = heal_create(CSUM_CRC64, size);

		for (size_t i = 0; i < sizeof(crcs) / sizeof(crcs[0]); i++) {
			sector_with_crc64(sector, size, crcs[i], 60 + i);
			assert_true(heals(healer, sector, sector, size, csum_checksum_entry(CSUM_CRC64, sector, size)));
		}
		csum_healer_free(healer);
	}
}

/* ------------------------------------------------------------------ entries */

/* Damages a copy of `right` in one way of a class; the number of the trial chooses the class. */
static void damage(const uint8_t *right, uint8_t *damaged, uint32_t size, uint64_t number, uint64_t *random)
{
	uint32_t bits = 8 * size;
	uint32_t first = (uint32_t)(next_random(random) >> 20) % (bits - 16);

	memcpy(damaged, right, size);
	heal_flip(damaged, first);
	if (number % 3 == 1) {
		heal_flip(damaged, first + 5);
		heal_flip(damaged, first + 15);
	} else if (number % 3 == 2) {
		heal_flip(damaged, (first + 16 + (uint32_t)(next_random(random) >> 20) % (bits - 31)) % bits);
	}
}

/* The entries of the CRCs 0 and 1 also stand for two other CRCs: content with either CRC is healed. */
static void test_entries_that_stand_for_two(void **state)
{
	static const uint64_t crcs[] = { 0, 1, UINT64_MAX, UINT64_MAX - 1, 2, UINT64_MAX - 2 };
	uint8_t right[HEAL_SECTOR_MAX], damaged[HEAL_SECTOR_MAX];
	uint64_t random = 71;

	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		struct csum_healer *healer = heal_create(CSUM_CRC64, size);

		for (size_t i = 0; i < 6 * 300; i++) {
			uint64_t crc = crcs[i % 6];

			sector_with_crc64(right, size, crc, 80 + i);
			damage(right, damaged, size, i / 6, &random);
			assert_true(heals(healer, right, damaged, size, crc < 2 ? ~crc : crc));
		}
		csum_healer_free(healer);
	}
}

/*
 * All other entries stand for one CRC: content with the inverted CRC does not match, and is not healed into matching.
 */
static void test_entries_that_stand_for_one(void **state)
{
	static const uint64_t entries[] = { 2, 3, UINT64_MAX - 2, UINT64_C(0x8000000000000000) };
	uint8_t other[HEAL_SECTOR_MAX], damaged[HEAL_SECTOR_MAX];
	uint64_t random = 73;

	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		struct csum_healer *healer = heal_create(CSUM_CRC64, size);

		for (size_t i = 0; i < 4 * 30; i++) {
			sector_with_crc64(other, size, ~entries[i % 4], 130 + i);
			assert_false(heals(healer, other, other, size, entries[i % 4]));
			damage(other, damaged, size, i / 4, &random);
			assert_false(heals(healer, other, damaged, size, entries[i % 4]));
		}
		csum_healer_free(healer);
	}
}

/* Entry 0 means unwritten and entry 1 bad; they do not stand for the CRCs 0 and 1. */
static void test_entries_of_no_content(void **state)
{
	uint8_t right[HEAL_SECTOR_MAX], damaged[HEAL_SECTOR_MAX];
	uint64_t random = 72;

	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		struct csum_healer *healer = heal_create(CSUM_CRC64, size);

		for (uint64_t crc = 0; crc <= 1; crc++) {
			sector_with_crc64(right, size, crc, 90 + crc);
			assert_false(heals(healer, right, right, size, crc));
			for (uint64_t number = 0; number < 30; number++) {
				damage(right, damaged, size, number, &random);
				assert_false(heals(healer, right, damaged, size, crc));
			}
		}
		csum_healer_free(healer);
	}
}

static void test_entries_of_32_bits(void **state)
{
	static const uint64_t highs[] = { 0, 2, 3, UINT32_C(0x80000000), UINT32_C(0x80000001), UINT32_MAX };
	uint8_t right[512], damaged[512];

	(void)state;
	fill_random(right, 512, 100);
	memcpy(damaged, right, 512);
	heal_flip(damaged, 1234);
	for (int i = CSUM_CRC32; i <= CSUM_CRC32C; i++) {
		enum csum_checksum_type type = (enum csum_checksum_type)i;
		struct csum_healer *healer = heal_create(type, 512);
		uint64_t low = csum_checksum(type, right, 512);

		assert_true(heals(healer, right, damaged, 512, UINT64_C(1) << 32 | low));
		assert_true(heals(healer, right, right, 512, UINT64_C(1) << 32 | low));
		for (size_t high = 0; high < sizeof(highs) / sizeof(highs[0]); high++) {
			assert_false(heals(healer, right, damaged, 512, highs[high] << 32 | low));
			assert_false(heals(healer, right, right, 512, highs[high] << 32 | low));
		}
		assert_false(heals(healer, right, damaged, 512, CSUM_ENTRY_UNWRITTEN));
		assert_false(heals(healer, right, damaged, 512, CSUM_ENTRY_BAD));
		csum_healer_free(healer);
	}
}

/* ------------------------------------------------------------------ 32-bit checksums */

static void heal_32_bits(enum csum_checksum_type type, uint32_t size, uint64_t seed)
{
	struct csum_healer *healer = heal_create(type, size);
	uint8_t right[HEAL_SECTOR_MAX], damaged[HEAL_SECTOR_MAX];
	uint64_t random = seed, entry;

	fill_random(right, size, seed);
	entry = csum_checksum_entry(type, right, size);
	memcpy(damaged, right, size);
	for (uint32_t bit = 0; bit < 8 * size; bit++) {
		uint32_t other = (bit + 1 + (uint32_t)(next_random(&random) >> 20) % (8 * size - 1)) % (8 * size);

		heal_flip(damaged, bit);
		assert_true(heals(healer, right, damaged, size, entry));
		/* Two bits, near or far from each other, are too many. */
		heal_flip(damaged, other);
		assert_false(heals(healer, right, damaged, size, entry));
		heal_flip(damaged, other);
		heal_flip(damaged, bit ^ 1);
		assert_false(heals(healer, right, damaged, size, entry));
		heal_flip(damaged, bit ^ 1);
		heal_flip(damaged, bit);
	}
	csum_healer_free(healer);
}

static void test_one_bit_of_32(void **state)
{
	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		heal_32_bits(CSUM_CRC32, size, 111);
		heal_32_bits(CSUM_CRC32C, size, 112);
	}
}

/* ------------------------------------------------------------------ syndromes */

/* Returns the syndrome of one pattern of each class, from the number of steps behind it. */
static uint64_t syndrome_of_bit(uint32_t size, uint32_t bit)
{
	return step_bits(1, 8 * size - bit);
}

static void finds(const struct csum_healer *healer, uint64_t one, uint64_t other, enum csum_heal_pattern pattern)
{
	struct csum_heal_result result;
	uint64_t syndromes[2] = { one, other };

	assert_int_equal(csum_healer_find(healer, syndromes, 2, &result), pattern != CSUM_HEAL_NONE);
	assert_int_equal(result.pattern, pattern);
	assert_false(result.ambiguous);
}

static void finds_too_many(const struct csum_healer *healer, uint64_t one, uint64_t other)
{
	static const struct csum_heal_result several = { .ambiguous = true };
	struct csum_heal_result result;
	uint64_t syndromes[2] = { one, other };

	assert_false(csum_healer_find(healer, syndromes, 2, &result));
	assert_true(heal_same(&result, &several));
}

/* Within one syndrome classes cannot be mixed up; with two syndromes any classes may meet. */
static void test_several_answers(void **state)
{
	const uint64_t garbage = UINT64_C(0x0123456789abcdef);

	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		struct csum_healer *healer = heal_create(CSUM_CRC64, size);
		uint64_t bit = syndrome_of_bit(size, 700), far_bit = syndrome_of_bit(size, 4000);
		uint64_t two = bit ^ far_bit, near_two = bit ^ syndrome_of_bit(size, 715);
		uint64_t burst = step_bits(0x9009, 8 * size - 1000);

		finds(healer, bit, garbage, CSUM_HEAL_ONE_BIT);
		finds(healer, garbage, burst, CSUM_HEAL_BURST);
		finds(healer, near_two, garbage, CSUM_HEAL_BURST);
		finds(healer, 0, two, CSUM_HEAL_TWO_BITS);
		finds(healer, 0, 0, CSUM_HEAL_NONE);
		finds(healer, garbage, ~garbage, CSUM_HEAL_NONE);
		finds_too_many(healer, bit, far_bit);
		finds_too_many(healer, bit, burst);
		finds_too_many(healer, two, bit);
		finds_too_many(healer, burst, two);
		finds_too_many(healer, near_two, two);
		finds_too_many(healer, burst, near_two);
		csum_healer_free(healer);
	}
}

/* No two 32-bit checksums differ by this, though its low half is the syndrome of one bit. */
static void test_syndromes_too_wide(void **state)
{
	(void)state;
	for (int type = CSUM_CRC32; type <= CSUM_CRC32C; type++) {
		struct csum_healer *healer = heal_create((enum csum_checksum_type)type, 512);
		uint8_t pattern[512] = { 0 };
		uint64_t of_zeros = csum_checksum((enum csum_checksum_type)type, pattern, 512), bit;

		heal_flip(pattern, 321);
		bit = csum_checksum((enum csum_checksum_type)type, pattern, 512) ^ of_zeros;
		finds(healer, bit, 0, CSUM_HEAL_ONE_BIT);
		for (uint64_t high = UINT64_C(1) << 32; high; high <<= 1)
			finds(healer, high | bit, UINT64_MAX, CSUM_HEAL_NONE);
		csum_healer_free(healer);
	}
}

/* The stored checksum counts as right: no pattern has bits in it, which would follow the last bit of the data. */
static void test_checksum_is_trusted(void **state)
{
	uint64_t random = 121;

	(void)state;
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		struct csum_healer *healer = heal_create(CSUM_CRC64, size);
		uint64_t data_bit = syndrome_of_bit(size, 2345);

		for (uint32_t bit = 0; bit < 64; bit++) {
			finds(healer, UINT64_C(1) << bit, 0, CSUM_HEAL_NONE);
			finds(healer, UINT64_C(1) << bit ^ data_bit, 0, CSUM_HEAL_NONE);
		}
		/* Bursts that begin 0 to 15 bits before the end of the data and reach beyond it. */
		for (uint32_t within = 0; within < 16; within++) {
			for (uint32_t end = within + 1; end <= 16; end++) {
				uint64_t mask = (next_random(&random) & 0xffff) >> (16 - end);

				mask |= UINT64_C(1) << (end - 1);
				finds(healer, step_bits(mask | 1, within), 0, CSUM_HEAL_NONE);
			}
		}
		csum_healer_free(healer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_right_sector),
		cmocka_unit_test(test_entries_that_stand_for_two),
		cmocka_unit_test(test_entries_that_stand_for_one),
		cmocka_unit_test(test_entries_of_no_content),
		cmocka_unit_test(test_entries_of_32_bits),
		cmocka_unit_test(test_one_bit_of_32),
		cmocka_unit_test(test_several_answers),
		cmocka_unit_test(test_syndromes_too_wide),
		cmocka_unit_test(test_checksum_is_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
