/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All CRCs here are reflected: the register takes a bit at its low end, is shifted towards that end and, if a one falls
 * out, the polynomial is added. Of the wrong bits alone, starting from 0, that makes the syndrome:
 *
 * - A wrong last bit leaves step(1), and each zero after a wrong bit steps once more. So the syndromes of single bits,
 *   from the last to the first, are step(1), step(step(1)), ...
 * - Adding wrong bits to the register one by one as they come, or all in advance, makes no difference. So a burst w
 *   that begins at bit b of n leaves n - b steps of w; stepped back as many times, its syndrome is w itself: a small
 *   number, while others look random.
 */
#include "base/heal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"

/* Bits of the filter per syndrome, which sets one of them: so 1 in that many numbers gets through by chance. */
#define FILTER_BITS_EACH 64u
/* Bursts are looked for byte by byte: a burst that begins in a byte ends within this many bits. */
#define WINDOW_BITS (7 + CSUM_HEAL_BURST_MAX)
/* More than any position. */
#define NOT_FOUND UINT32_MAX

struct csum_healer {
	enum csum_checksum_type type;
	uint32_t sector_size;
	uint32_t bit_count; /* 8 * sector_size: the positions, a power of two up to 32768 */
	/* Syndromes of single wrong bits, with their positions; those with equal top bits, a bucket, are together. */
	uint64_t *syndromes;
	uint16_t *positions;
	uint16_t *starts; /* of the bit_count buckets in ascending order, and the end */
	uint64_t *filter; /* by more of the top bits: is there a syndrome with these? */
	int bucket_shift, filter_shift; /* a syndrome shifted by them is the index of its bucket, of its filter bit */
	uint64_t *back; /* CRC-64, 256 of them: the register with that top byte and zeros, 8 steps back */
	struct filling *filling;
};

/* A sound volume has nothing to heal: the tables are computed when the first sector asks for them. */
struct filling {
	pthread_mutex_t lock;
	bool done;
};

static uint64_t polynomial_of(enum csum_checksum_type type)
{
	switch (type) {
	case CSUM_CRC32:
		return UINT64_C(0xedb88320);
	case CSUM_CRC32C:
		return UINT64_C(0x82f63b78);
	case CSUM_CRC64:
		return UINT64_C(0xc96c5795d7870f42);
	}
	return 0;
}

static uint64_t step(uint64_t crc, uint64_t polynomial)
{
	return crc >> 1 ^ (crc & 1 ? polynomial : 0);
}

/* For 64 bits only. The polynomial has its top bit set, which step() clears: it tells whether step() added it. */
static uint64_t step_back(uint64_t crc, uint64_t polynomial)
{
	return crc >> 63 ? (crc ^ polynomial) << 1 | 1 : crc << 1;
}

static bool may_be_one_bit(const struct csum_healer *healer, uint64_t syndrome)
{
	uint64_t bit = syndrome >> healer->filter_shift;

	return healer->filter[bit / 64] >> bit % 64 & 1;
}

/* The position of the bit with that syndrome, or NOT_FOUND. */
static uint32_t one_bit_position(const struct csum_healer *healer, uint64_t syndrome)
{
	uint64_t bucket = syndrome >> healer->bucket_shift;

	for (uint32_t i = healer->starts[bucket]; i < healer->starts[bucket + 1]; i++) {
		if (healer->syndromes[i] == syndrome)
			return healer->positions[i];
	}
	return NOT_FOUND;
}

/* ------------------------------------------------------------------ tables */

/* Leaves in starts[] the end of each bucket. */
static void count_buckets(const struct csum_healer *healer, uint64_t polynomial)
{
	uint64_t syndrome = 1;

	memset(healer->starts, 0, ((size_t)healer->bit_count + 1) * sizeof(*healer->starts));
	for (uint32_t i = 0; i < healer->bit_count; i++) {
		syndrome = step(syndrome, polynomial);
		healer->starts[syndrome >> healer->bucket_shift]++;
	}
	for (uint32_t bucket = 1; bucket <= healer->bit_count; bucket++)
		healer->starts[bucket] = (uint16_t)(healer->starts[bucket] + healer->starts[bucket - 1]);
}

/* Fills each bucket from its end, so that starts[] ends with the begin of each bucket. */
static void fill_buckets(const struct csum_healer *healer, uint64_t polynomial)
{
	uint64_t syndrome = 1;

	memset(healer->filter, 0, (size_t)healer->bit_count * FILTER_BITS_EACH / 8);
	for (uint32_t position = healer->bit_count; position-- > 0;) {
		uint64_t filter_bit;
		uint32_t i;

		syndrome = step(syndrome, polynomial);
		i = --healer->starts[syndrome >> healer->bucket_shift];
		healer->syndromes[i] = syndrome;
		healer->positions[i] = (uint16_t)position;
		filter_bit = syndrome >> healer->filter_shift;
		healer->filter[filter_bit / 64] |= UINT64_C(1) << filter_bit % 64;
	}
}

static void fill_back(const struct csum_healer *healer, uint64_t polynomial)
{
	for (uint64_t top = 0; top < 256; top++) {
		uint64_t crc = top << 56;

		for (int bit = 0; bit < 8; bit++)
			crc = step_back(crc, polynomial);
		healer->back[top] = crc;
	}
}

static void ensure_tables(const struct csum_healer *healer)
{
	uint64_t polynomial = polynomial_of(healer->type);

	pthread_mutex_lock(&healer->filling->lock);
	if (!healer->filling->done) {
		count_buckets(healer, polynomial);
		fill_buckets(healer, polynomial);
		if (healer->type == CSUM_CRC64)
			fill_back(healer, polynomial);
		healer->filling->done = true;
	}
	pthread_mutex_unlock(&healer->filling->lock);
}

/* By how many bits a checksum is shifted to the right to become an index below `count`, a power of two. */
static int shift_for(enum csum_checksum_type type, uint32_t count)
{
	return (type == CSUM_CRC64 ? 64 : 32) - __builtin_ctz(count);
}

static int allocate_tables(struct csum_healer *healer)
{
	size_t count = healer->bit_count;

	healer->syndromes = malloc(count * sizeof(*healer->syndromes));
	healer->positions = malloc(count * sizeof(*healer->positions));
	healer->starts = malloc((count + 1) * sizeof(*healer->starts));
	healer->filter = malloc(count * FILTER_BITS_EACH / 8);
	healer->back = malloc(256 * sizeof(*healer->back));
	return healer->syndromes && healer->positions && healer->starts && healer->filter && healer->back ? 0 : -ENOMEM;
}

int csum_healer_create(enum csum_checksum_type type, uint32_t sector_size, bool weak_too, struct csum_healer **healer)
{
	struct csum_healer *made;

	*healer = NULL;
	if (!csum_checksum_name(type) || (sector_size != 512 && sector_size != 4096))
		return -EINVAL;
	if (type != CSUM_CRC64 && !weak_too)
		return -ENOTSUP;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->filling = malloc(sizeof(*made->filling));
	if (!made->filling) {
		free(made);
		return -ENOMEM;
	}
	*made->filling = (struct filling){ .lock = PTHREAD_MUTEX_INITIALIZER };
	made->type = type;
	made->sector_size = sector_size;
	made->bit_count = 8 * sector_size;
	made->bucket_shift = shift_for(type, made->bit_count);
	made->filter_shift = shift_for(type, FILTER_BITS_EACH * made->bit_count);
	if (allocate_tables(made) < 0) {
		csum_healer_free(made);
		return -ENOMEM;
	}
	*healer = made;
	return 0;
}

void csum_healer_free(struct csum_healer *healer)
{
	if (!healer)
		return;
	free(healer->syndromes);
	free(healer->positions);
	free(healer->starts);
	free(healer->filter);
	free(healer->back);
	free(healer->filling);
	free(healer);
}

/* ------------------------------------------------------------------ decoding */

/* The searches find no pattern twice: so a second one is another answer. */
static void note(struct csum_heal_result *result, enum csum_heal_pattern pattern, uint32_t first_bit, uint32_t length,
		 uint32_t mask)
{
	if (result->pattern != CSUM_HEAL_NONE) {
		result->ambiguous = true;
		return;
	}
	result->pattern = pattern;
	result->first_bit = first_bit;
	result->length = length;
	result->mask = mask;
}

static void find_one_bit(const struct csum_healer *healer, uint64_t syndrome, struct csum_heal_result *result)
{
	uint32_t position = one_bit_position(healer, syndrome);

	if (position != NOT_FOUND)
		note(result, CSUM_HEAL_ONE_BIT, position, 1, 1);
}

/* `window` is the syndrome stepped back to the first bit of `byte`, and not 0: is it a burst that begins there? */
static void examine_window(const struct csum_healer *healer, uint64_t window, uint32_t byte,
			   struct csum_heal_result *result)
{
	uint32_t skipped = (uint32_t)__builtin_ctzll(window);
	uint32_t end = 64 - (uint32_t)__builtin_clzll(window);
	uint32_t length = end - skipped;

	if (skipped >= 8 || length < 2 || length > CSUM_HEAL_BURST_MAX)
		return;
	/* Beyond the data: that would be the checksum, which is known to be right. */
	if (8 * byte + end > healer->bit_count)
		return;
	note(result, CSUM_HEAL_BURST, 8 * byte + skipped, length, (uint32_t)(window >> skipped));
}

static void find_bursts(const struct csum_healer *healer, uint64_t syndrome, struct csum_heal_result *result)
{
	uint64_t window = syndrome;

	for (uint32_t byte = healer->sector_size; byte-- > 0;) {
		window = window << 8 ^ healer->back[window >> 56];
		if (!(window >> WINDOW_BITS))
			examine_window(healer, window, byte, result);
	}
}

/* `rest` may be the syndrome of the second of two wrong bits. */
static void examine_pair(const struct csum_healer *healer, uint32_t i, uint64_t rest, struct csum_heal_result *result)
{
	uint32_t one = healer->positions[i];
	uint32_t other = one_bit_position(healer, rest);
	uint32_t first = one < other ? one : other;
	uint32_t last = one < other ? other : one;

	/* Each pair comes up once: from the smaller of its syndromes. Near ones are bursts. */
	if (other == NOT_FOUND || rest < healer->syndromes[i] || last - first < CSUM_HEAL_BURST_MAX)
		return;
	note(result, CSUM_HEAL_TWO_BITS, first, last - first + 1, 1);
}

/*
 * The sum of two syndromes has a highest bit, and only the smaller of the two is without that bit. It is enough to try
 * syndromes without it: every other run of buckets. Where the bit is too low to tell buckets apart, all are tried.
 */
static void find_two_bits(const struct csum_healer *healer, uint64_t syndrome, struct csum_heal_result *result)
{
	uint64_t top = syndrome >> healer->bucket_shift;
	uint32_t run = top ? UINT32_C(1) << (63 - __builtin_clzll(top)) : healer->bit_count;

	/*
	 * The polynomial of CRC-64/XZ is divisible by x + 1, so a syndrome has as many ones as the pattern has wrong
	 * bits, modulo 2: half of all garbage is known at a glance not to be two bits.
	 */
	if (__builtin_parityll(syndrome))
		return;
	for (uint32_t bucket = 0; bucket < healer->bit_count; bucket += 2 * run) {
		for (uint32_t i = healer->starts[bucket]; i < healer->starts[bucket + run]; i++) {
			uint64_t rest = syndrome ^ healer->syndromes[i];

			if (may_be_one_bit(healer, rest))
				examine_pair(healer, i, rest, result);
		}
	}
}

/* Goes through all classes, also after an answer: a second answer would show that the first cannot be trusted. */
bool csum_healer_find(const struct csum_healer *healer, const uint64_t *syndromes, size_t syndrome_count,
		      struct csum_heal_result *result)
{
	*result = (struct csum_heal_result){ .pattern = CSUM_HEAL_NONE };
	ensure_tables(healer);
	for (size_t i = 0; i < syndrome_count; i++) {
		if (!syndromes[i] || (healer->type != CSUM_CRC64 && syndromes[i] > UINT32_MAX))
			continue;
		find_one_bit(healer, syndromes[i], result);
		if (healer->type != CSUM_CRC64)
			continue;
		find_bursts(healer, syndromes[i], result);
		find_two_bits(healer, syndromes[i], result);
	}
	if (result->ambiguous)
		*result = (struct csum_heal_result){ .pattern = CSUM_HEAL_NONE, .ambiguous = true };
	return result->pattern != CSUM_HEAL_NONE;
}

/* ------------------------------------------------------------------ healing */

/* The checksums that the entry stands for, as csum_checksum_entry() has it; returns how many. */
static size_t checksums_of(enum csum_checksum_type type, uint64_t entry, uint64_t checksum[2])
{
	checksum[0] = entry;
	checksum[1] = ~entry;
	if (type != CSUM_CRC64) {
		checksum[0] = entry & UINT32_MAX;
		return entry >> 32 == 1 ? 1 : 0;
	}
	if (entry == CSUM_ENTRY_UNWRITTEN || entry == CSUM_ENTRY_BAD)
		return 0;
	/* 0 and 1 are stored inverted. */
	return ~entry == CSUM_ENTRY_UNWRITTEN || ~entry == CSUM_ENTRY_BAD ? 2 : 1;
}

static void flip(uint8_t *sector, uint32_t bit)
{
	sector[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Turns the pattern's bits round; done twice it changes nothing. */
static void apply(const struct csum_heal_result *result, uint8_t *sector)
{
	for (uint32_t j = 0; j < CSUM_HEAL_BURST_MAX; j++) {
		if (result->mask >> j & 1)
			flip(sector, result->first_bit + j);
	}
	if (result->pattern == CSUM_HEAL_TWO_BITS)
		flip(sector, result->first_bit + result->length - 1);
}

bool csum_healer_heal(const struct csum_healer *healer, uint8_t *sector, uint64_t entry,
		      struct csum_heal_result *result)
{
	uint64_t computed = csum_checksum(healer->type, sector, healer->sector_size);
	uint64_t syndromes[2];
	size_t count = checksums_of(healer->type, entry, syndromes);

	*result = (struct csum_heal_result){ .pattern = CSUM_HEAL_NONE };
	for (size_t i = 0; i < count; i++) {
		if (syndromes[i] == computed)
			return true;
		syndromes[i] ^= computed;
	}
	if (!csum_healer_find(healer, syndromes, count, result))
		return false;
	apply(result, sector);
	if (csum_checksum_entry(healer->type, sector, healer->sector_size) == entry)
		return true;
	/* Not reached as long as the tables are right; but memory may fail. */
	apply(result, sector);
	*result = (struct csum_heal_result){ .pattern = CSUM_HEAL_NONE };
	return false;
}
