/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damage is planted in sectors: the decoder heals damage that it is meant for, and leaves any other damage alone. */
#include "unit/base/test_heal.h"

struct trial {
	uint32_t sector_size, bit_count;
	uint64_t random; /* state of next_random() */
	uint64_t entry;
	uint8_t right[HEAL_SECTOR_MAX], damaged[HEAL_SECTOR_MAX], sector[HEAL_SECTOR_MAX];
};

/* Damages trial->damaged, which is equal to trial->right before. */
typedef void plant_fn(struct trial *trial, uint64_t number);

struct tally {
	uint64_t planted, healed, wrong, misnamed;
};

static uint32_t random_below(struct trial *trial, uint32_t limit)
{
	return (uint32_t)((next_random(&trial->random) >> 16) % limit);
}

/* Makes contents of several kinds, though to a linear code like a CRC they are all the same. */
static void new_content(struct trial *trial, uint64_t number)
{
	if (number % 4 == 3)
		memset(trial->right, (int)(next_random(&trial->random) & 0xff), trial->sector_size);
	else
		fill_random(trial->right, trial->sector_size, next_random(&trial->random));
	trial->entry = csum_checksum_entry(CSUM_CRC64, trial->right, trial->sector_size);
}

static void try_one(const struct csum_healer *healer, struct trial *trial, struct tally *tally)
{
	struct csum_heal_result result, expected;
	bool healed;

	memcpy(trial->sector, trial->damaged, trial->sector_size);
	healed = csum_healer_heal(healer, trial->sector, trial->entry, &result);
	expected = heal_expected(trial->right, trial->damaged, trial->sector_size);
	tally->planted++;
	tally->healed += healed;
	if (memcmp(trial->sector, healed ? trial->right : trial->damaged, trial->sector_size) != 0)
		tally->wrong++;
	if (!heal_same(&result, &expected))
		tally->misnamed++;
}

/* Plants `count` damages in several contents. `seed` is not 0. */
static struct tally plant_many(uint32_t sector_size, const char *name, plant_fn *plant, uint64_t count, uint64_t seed)
{
	struct csum_healer *healer = heal_create(CSUM_CRC64, sector_size);
	struct trial trial = { .sector_size = sector_size, .bit_count = 8 * sector_size, .random = seed };
	struct tally tally = { 0 };

	for (uint64_t number = 0; number < count; number++) {
		if (number % 61 == 0)
			new_content(&trial, number / 61);
		memcpy(trial.damaged, trial.right, sector_size);
		plant(&trial, number);
		try_one(healer, &trial, &tally);
	}
	csum_healer_free(healer);
	print_message("# %u bytes, %s, seed %llu: %llu planted, %llu healed, %llu wrong\n", sector_size, name,
		      (unsigned long long)seed, (unsigned long long)tally.planted, (unsigned long long)tally.healed,
		      (unsigned long long)tally.wrong);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.misnamed, 0);
	return tally;
}

/* Asserts that all are healed. `count` is rounded up to whole rounds of all positions. */
static void all_healed(const char *name, plant_fn *plant, uint64_t count, uint64_t seed)
{
	for (uint32_t size = 512; size <= 4096; size *= 8) {
		uint64_t rounds = (count + 8 * size - 1) / (8 * size);
		uint64_t trials = heal_trials(rounds * 8 * size, 8 * size);

		assert_int_equal(plant_many(size, name, plant, trials, seed).healed, trials);
	}
}

static void none_healed(const char *name, plant_fn *plant, uint64_t count, uint64_t seed)
{
	for (uint32_t size = 512; size <= 4096; size *= 8)
		assert_int_equal(plant_many(size, name, plant, heal_trials(count, 1), seed).healed, 0);
}

/* ------------------------------------------------------------------ within reach */

/* Returns a position; `number` goes through all positions, spread over the sector in a short run. */
static uint32_t position_of(const struct trial *trial, uint64_t number)
{
	return (uint32_t)(number * 40503 % trial->bit_count);
}

static void one_bit(struct trial *trial, uint64_t number)
{
	heal_flip(trial->damaged, position_of(trial, number));
}

/* Flips the first and the last bit of a burst, and random ones between. */
static void flip_burst(struct trial *trial, uint32_t first, uint32_t length)
{
	heal_flip(trial->damaged, first);
	for (uint32_t bit = first + 1; bit + 1 < first + length; bit++) {
		if (random_below(trial, 2))
			heal_flip(trial->damaged, bit);
	}
	if (length > 1)
		heal_flip(trial->damaged, first + length - 1);
}

static void burst(struct trial *trial, uint64_t number)
{
	uint32_t first = position_of(trial, number);
	uint32_t room = trial->bit_count - first;
	uint32_t length = 2 + random_below(trial, 15);

	flip_burst(trial, first, length < room ? length : room);
}

/* Makes the longest bursts, which leave no room for a mistake by one; in the last 15 positions they begin earlier. */
static void longest_burst(struct trial *trial, uint64_t number)
{
	uint32_t first = position_of(trial, number);

	flip_burst(trial, first < trial->bit_count - 16 ? first : trial->bit_count - 16, 16);
}

static void two_bits(struct trial *trial, uint64_t number)
{
	uint32_t first = position_of(trial, number);

	heal_flip(trial->damaged, first);
	heal_flip(trial->damaged, (first + 1 + random_below(trial, trial->bit_count - 1)) % trial->bit_count);
}

/* Flips two bits at distances that may be special, at the ends of the sector and anywhere. */
static void two_bits_of_structure(struct trial *trial, uint64_t number)
{
	uint32_t power = UINT32_C(1) << number / 3 % 12;
	const uint32_t distances[] = {
		1 + (uint32_t)(number / 3 % 40),
		power,
		power + 1,
		power > 1 ? power - 1 : 1,
		trial->bit_count - 1,
		trial->bit_count / 2,
	};
	uint32_t distance = distances[number / 120 % 6];
	uint32_t last_first = trial->bit_count - 1 - distance;
	const uint32_t firsts[] = { 0, last_first, random_below(trial, last_first + 1) };

	heal_flip(trial->damaged, firsts[number % 3]);
	heal_flip(trial->damaged, firsts[number % 3] + distance);
}

static void test_one_bit(void **state)
{
	(void)state;
	all_healed("1 bit", one_bit, 100000, 11);
}

static void test_bursts(void **state)
{
	(void)state;
	all_healed("burst", burst, 100000, 12);
}

static void test_longest_bursts(void **state)
{
	(void)state;
	all_healed("burst of 16", longest_burst, 30000, 13);
}

static void test_two_bits(void **state)
{
	(void)state;
	all_healed("2 bits", two_bits, 100000, 14);
}

static void test_two_bits_of_structure(void **state)
{
	(void)state;
	all_healed("2 bits, chosen", two_bits_of_structure, 10000, 15);
}

/* ------------------------------------------------------------------ out of reach */

/* Flips three bits, at least 17 apart from first to last; nearer bits would be a burst. */
static void three_bits(struct trial *trial, uint64_t number)
{
	uint32_t third = trial->bit_count / 3;

	(void)number;
	heal_flip(trial->damaged, random_below(trial, third));
	heal_flip(trial->damaged, third + random_below(trial, third));
	heal_flip(trial->damaged, 2 * third + random_below(trial, third));
}

static void long_burst(struct trial *trial, uint64_t number)
{
	uint32_t length = 17 + (uint32_t)(number % 48);
	uint32_t first = random_below(trial, trial->bit_count - length + 1);

	flip_burst(trial, first, length);
	/* The decoder would rightly heal two bits alone. */
	heal_flip(trial->damaged, first + 1);
	if (heal_expected(trial->right, trial->damaged, trial->sector_size).pattern != CSUM_HEAL_NONE)
		heal_flip(trial->damaged, first + 2);
}

static void some_bytes(struct trial *trial, uint64_t number)
{
	uint32_t count = 4 + (uint32_t)(number % 60);
	uint32_t first = random_below(trial, trial->sector_size - count + 1);

	for (uint32_t i = 0; i < count; i++)
		trial->damaged[first + i] ^= (uint8_t)(1 + random_below(trial, 255));
}

/* Puts all content of another sector there. */
static void other_content(struct trial *trial, uint64_t number)
{
	if (number % 8 == 0)
		memset(trial->damaged, (int)(number / 8 & 0xff), trial->sector_size);
	else
		fill_random(trial->damaged, trial->sector_size, next_random(&trial->random));
	trial->damaged[0] = (uint8_t)~trial->right[0];
	trial->damaged[trial->sector_size - 1] = (uint8_t)~trial->right[trial->sector_size - 1];
}

static void test_more_is_left_alone(void **state)
{
	(void)state;
	none_healed("3 bits", three_bits, 10000, 21);
	none_healed("burst of 17 to 64", long_burst, 10000, 22);
	none_healed("bytes", some_bytes, 10000, 23);
	none_healed("garbage sectors", other_content, 20000, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_bit),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_longest_bursts),
		cmocka_unit_test(test_two_bits),
		cmocka_unit_test(test_two_bits_of_structure),
		cmocka_unit_test(test_more_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
