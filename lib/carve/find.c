/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which volume carved imd sectors belong to: a vote on the seed state, then a trial of the shapes it may have. */
#include "carve/carve.h"

#include <errno.h>
#include <stdlib.h>

#include "ondisk/layout.h"

/* Ways in which a candidate may agree with others: internal or external, at either sector size. */
enum { KEYS_PER_CANDIDATE = 2 * CSUM_CARVE_SIZES };

struct leader {
	uint64_t key, weight;
};

/* Bytes of data that an imd sector describes: by these, sectors of different sizes can be compared. */
static uint64_t described_bytes(int size_index)
{
	return (uint64_t)csum_carve_entries(size_index) * csum_carve_sector_size(size_index);
}

/* ------------------------------------------------------------------ the vote */

/* The two states that a sector gives, taken as copy 0 and as copy 1, make one key, with the sector size above. */
static uint64_t make_key(int size_index, uint32_t state)
{
	uint32_t other = state ^ csum_carve_copy_difference();

	return (uint64_t)size_index << 32 | (state < other ? state : other);
}

static size_t add_keys(const struct csum_carve_candidate *candidate, uint64_t *keys)
{
	size_t count = 0;

	for (int size = 0; size < CSUM_CARVE_SIZES; size++) {
		uint32_t high[2];

		if (!candidate->possible[size])
			continue;
		for (int external = 0; external < 2; external++) {
			const struct csum_carve_shape shape = { .size_index = size, .external = external };

			high[external] = (uint32_t)(csum_carve_group(&shape, candidate) >> 32);
			if (external && high[1] == high[0])
				continue;
			keys[count++] =
				make_key(size, candidate->state[size] ^ csum_carve_high_difference(high[external]));
		}
	}
	return count;
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Keeps the leaders in descending order of weight. */
static void consider(struct leader *leaders, struct leader next)
{
	for (int i = 0; i < CSUM_CARVE_VOLUMES; i++) {
		if (next.weight > leaders[i].weight) {
			struct leader moved = leaders[i];

			leaders[i] = next;
			next = moved;
		}
	}
}

static int count_votes(const struct csum_carve_candidate *candidates, size_t count, struct leader *leaders)
{
	uint64_t *keys = calloc(count * KEYS_PER_CANDIDATE, sizeof(*keys));
	size_t key_count = 0;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		key_count += add_keys(&candidates[i], keys + key_count);
	qsort(keys, key_count, sizeof(*keys), compare_keys);
	for (size_t i = 0, end; i < key_count; i = end) {
		for (end = i + 1; end < key_count && keys[end] == keys[i];)
			end++;
		/* A candidate that agrees with no other one proves nothing. */
		if (end - i > 1)
			consider(leaders,
				 (struct leader){ keys[i], (end - i) * described_bytes((int)(keys[i] >> 32)) });
	}
	free(keys);
	return 0;
}

/* ------------------------------------------------------------------ the trial */

struct trial {
	const struct csum_carve_candidate *candidates;
	size_t count;
	struct csum_carve_shape best;
	uint64_t best_weight; /* 0: none yet */
};

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * Goes through the places, counted in groups, where clusters begin and end: from one to the next there are K groups, or
 * a multiple of K where sectors are missing. *divisor: a multiple of K; 0 when no such place was seen.
 */
static void poll_interleave(const struct trial *trial, const struct csum_carve_shape *shape,
			    struct csum_carve_poll *poll, uint64_t *divisor)
{
	struct csum_carve_place place;
	uint64_t last = 0;

	*divisor = 0;
	for (size_t i = 0; i < trial->count; i++) {
		if (!csum_carve_locate(shape, &trial->candidates[i], &place) || !place.in_area)
			continue;
		if (place.copy == 0 ? place.groups > place.group || place.lacking : place.groups <= place.group)
			continue;
		if (place.copy == 0)
			*divisor = greatest_divisor(place.groups, *divisor);
		if (place.groups > last)
			csum_carve_vote(poll, place.groups - last);
		last = place.groups;
	}
}

static void try_interleave(struct trial *trial, struct csum_carve_shape shape, uint64_t interleave)
{
	struct csum_carve_tally tally = { 0 };
	uint64_t weight;

	if (interleave == 0 || interleave > CSUM_INTERLEAVE_MAX)
		return;
	shape.interleave = (uint32_t)interleave;
	for (size_t i = 0; i < trial->count; i++)
		csum_carve_tally_add(&tally, &shape, &trial->candidates[i]);
	weight = csum_carve_tally_score(&tally, &shape);
	/* Here, too, one candidate alone proves nothing. */
	weight = weight > 1 ? weight * described_bytes(shape.size_index) : 0;
	if (weight > trial->best_weight) {
		trial->best = shape;
		trial->best_weight = weight;
	}
}

/* Where several interleaves explain as much, the default is the likeliest: it is tried first. */
static void try_shape(struct trial *trial, const struct csum_carve_shape *shape)
{
	struct csum_carve_poll poll = { 0 };
	uint64_t divisor;

	poll_interleave(trial, shape, &poll, &divisor);
	try_interleave(trial, *shape, csum_layout_default_interleave(csum_carve_sector_size(shape->size_index)));
	try_interleave(trial, *shape, divisor);
	for (size_t i = 0; i < sizeof(poll.option) / sizeof(poll.option[0]); i++) {
		if (poll.option[i].votes > 0)
			try_interleave(trial, *shape, poll.option[i].value);
	}
}

/*
 * Likewise internal comes before external: it explains the same with fewer groups. False when the places do not tell.
 */
static bool try_leader(struct trial *trial, uint64_t key, bool external_only)
{
	uint32_t difference = csum_carve_copy_difference();

	trial->best_weight = 0;
	for (int external = external_only; external < 2; external++) {
		for (int swapped = 0; swapped < 2; swapped++) {
			const struct csum_carve_shape shape = {
				.size_index = (int)(key >> 32),
				.external = external,
				.seed_state = (uint32_t)key ^ (swapped ? difference : 0),
				.copy_difference = difference,
			};

			try_shape(trial, &shape);
		}
	}
	return trial->best_weight > 0;
}

int csum_carve_find(const struct csum_carve_candidate *candidates, size_t count, bool external_only,
		    struct csum_carve_volumes *volumes)
{
	struct trial trial = { .candidates = candidates, .count = count };
	struct leader leaders[CSUM_CARVE_VOLUMES] = { 0 };
	uint64_t first_weight = 0;
	int error;

	*volumes = (struct csum_carve_volumes){ 0 };
	if (count == 0)
		return 0;
	error = count_votes(candidates, count, leaders);
	for (int i = 0; i < CSUM_CARVE_VOLUMES && leaders[i].weight > 0 && !error; i++) {
		if (!try_leader(&trial, leaders[i].key, external_only))
			continue;
		volumes->shape[volumes->count++] = trial.best;
		if (trial.best_weight > first_weight) {
			volumes->shape[volumes->count - 1] = volumes->shape[0];
			volumes->shape[0] = trial.best;
			first_weight = trial.best_weight;
		}
	}
	return error;
}
