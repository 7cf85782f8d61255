/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the fuzz targets without a fuzzer: on every input that a search begins with, on inputs that were found
 * (tests/fuzz/corpus), and on CSUM_FUZZ_INPUTS more, which a seeded series makes from the first (CSUM_FUZZ_SEED). A
 * violation prints its input.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/decode_body.h"
#include "fuzz/volume_body.h"
#include "support/bytes.h"

enum { INPUT_MAX = 4096, SEEDS_MAX = 4096, INPUTS = 2500 };

struct input {
	size_t size;
	uint8_t bytes[64];
};

static struct input seeds[SEEDS_MAX];
static size_t seed_count;

static void keep_seed(void *user, const uint8_t *input, size_t size)
{
	(void)user;
	assert_true(seed_count < SEEDS_MAX && size <= sizeof(seeds[0].bytes));
	seeds[seed_count].size = size;
	memcpy(seeds[seed_count++].bytes, input, size);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* Makes an input from a seed: some bytes changed, cut or added, or the changes of another seed appended. */
static size_t mutate(uint64_t *state, uint8_t *input)
{
	const struct input *from = &seeds[next_random(state) % seed_count];
	const struct input *other = &seeds[next_random(state) % seed_count];
	size_t size = from->size;

	memcpy(input, from->bytes, size);
	if (next_random(state) % 3 == 0 && other->size > 9) {
		memcpy(input + size, other->bytes + 9, other->size - 9);
		size += other->size - 9;
	}
	for (uint64_t i = next_random(state) % 6; i > 0; i--) {
		size_t at = (size_t)(next_random(state) % (size + 4));

		for (; size <= at; size++)
			input[size] = 0;
		input[at] = next_random(state) % 2 ? (uint8_t)next_random(state) :
						     (uint8_t)(input[at] ^ 1u << next_random(state) % 8);
	}
	return size;
}

static void try_mutations(void (*body)(const uint8_t *input, size_t size), uint64_t count)
{
	static uint8_t input[INPUT_MAX];
	uint64_t state = from_environment("CSUM_FUZZ_SEED", 1) * UINT64_C(0x9e3779b97f4a7c15) | 1;

	for (uint64_t i = 0; i < count; i++)
		body(input, mutate(&state, input));
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void try_file(const char *directory, const char *entry, void (*body)(const uint8_t *input, size_t size))
{
	static uint8_t input[INPUT_MAX];
	char name[1024];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", directory, entry);
	file = fopen(name, "rb");
	assert_non_null(file);
	body(input, fread(input, 1, sizeof(input), file));
	fclose(file);
}

/* Tries inputs that once made a target fail. */
static void try_corpus(const char *target, void (*body)(const uint8_t *input, size_t size))
{
	struct dirent **entries = NULL;
	char directory[256];
	int count;

	snprintf(directory, sizeof(directory), "tests/fuzz/corpus/%s", target);
	count = scandir(directory, &entries, visible, alphasort);
	for (int i = 0; i < count; i++) {
		try_file(directory, entries[i]->d_name, body);
		free(entries[i]);
	}
	free(entries);
}

static void take_seeds(void (*make)(void (*seed)(void *user, const uint8_t *input, size_t size), void *user))
{
	seed_count = 0;
	make(keep_seed, NULL);
	assert_true(seed_count > 100);
}

static void test_volumes(void **unused)
{
	const struct volume_body_counts *counts = &volume_body_counts;

	(void)unused;
	take_seeds(volume_body_seeds);
	memset(&volume_body_counts, 0, sizeof(volume_body_counts));
	for (size_t i = 0; i < seed_count; i++)
		volume_body(seeds[i].bytes, seeds[i].size);
	/* The inputs reach the states that they are meant for. */
	assert_true(counts->refused > 10);
	assert_true(counts->opened > 300);
	assert_true(counts->opened_active > 100);
	assert_true(counts->opened_unknown > 10);
	assert_true(counts->recovered > 100);
	assert_true(counts->merged > 10);
	assert_true(counts->replayed > 5);
	assert_true(counts->recovery_refused > 0);
	assert_true(counts->foreign_refused > 20);
	assert_true(counts->bad_sectors > 100);
	assert_true(counts->older_sectors > 1000);
	assert_true(counts->written > 100);
	assert_true(counts->discarded > 100);
	assert_true(counts->write_refused > 5);
	assert_true(counts->dumped > 100);
}

static void test_found_volumes(void **unused)
{
	(void)unused;
	try_corpus("fuzz_volume", volume_body);
	try_corpus("fuzz_carve", volume_body_carve);
}

static void test_changed_volumes(void **unused)
{
	(void)unused;
	take_seeds(volume_body_seeds);
	try_mutations(volume_body, from_environment("CSUM_FUZZ_INPUTS", INPUTS));
}

static void test_carving(void **unused)
{
	(void)unused;
	take_seeds(volume_body_seeds);
	for (size_t i = 0; i < seed_count; i += 5)
		volume_body_carve(seeds[i].bytes, seeds[i].size);
	try_mutations(volume_body_carve, from_environment("CSUM_FUZZ_INPUTS", INPUTS) / 10);
}

static void test_scrubbing(void **unused)
{
	(void)unused;
	take_seeds(volume_body_seeds);
	memset(&volume_body_counts, 0, sizeof(volume_body_counts));
	for (size_t i = 0; i < seed_count; i++)
		volume_body_scrub(seeds[i].bytes, seeds[i].size);
	assert_true(volume_body_counts.scrubbed > 300);
	assert_true(volume_body_counts.repaired > 10);
	try_corpus("fuzz_scrub", volume_body_scrub);
	try_mutations(volume_body_scrub, from_environment("CSUM_FUZZ_INPUTS", INPUTS));
}

static void test_decoding(void **unused)
{
	(void)unused;
	take_seeds(decode_body_seeds);
	for (size_t i = 0; i < seed_count; i++)
		decode_body(seeds[i].bytes, seeds[i].size);
	try_corpus("fuzz_decode", decode_body);
	try_mutations(decode_body, from_environment("CSUM_FUZZ_INPUTS", INPUTS) * 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_volumes),		cmocka_unit_test(test_found_volumes),
		cmocka_unit_test(test_changed_volumes), cmocka_unit_test(test_carving),
		cmocka_unit_test(test_scrubbing),	cmocka_unit_test(test_decoding),
	};

	return cmocka_run_group_tests_name("fuzz inputs", tests, NULL, NULL);
}
