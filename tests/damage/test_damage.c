/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The damage campaign: volumes of pairwise-chosen shapes, damaged at random in every way, checked and scrubbed.
 *
 *   CSUM_DAMAGES=N       total number of damages (default: a few thousand)
 *   CSUM_DAMAGE_SEED=N   start of the random numbers (default: 1)
 *   CSUM_DAMAGE_CASE=V.R only run R on volume V, by the name that faults have
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "damage/judge.h"

/* Runs on one volume before the next volume is made. */
#define RUNS 60u

/* ------------------------------------------------------------------ shapes */

enum { FACTORS = 6, LEVELS = 4, SHAPES_MOST = 64 };

static const int levels[FACTORS] = { 2, 4, 2, 2, 3, 3 };

static bool covered[FACTORS][LEVELS][FACTORS][LEVELS];

static int uncovered(const int row[FACTORS])
{
	int count = 0;

	for (int a = 0; a < FACTORS; a++) {
		for (int b = a + 1; b < FACTORS; b++)
			count += !covered[a][row[a]][b][row[b]];
	}
	return count;
}

static void cover(const int row[FACTORS])
{
	for (int a = 0; a < FACTORS; a++) {
		for (int b = a + 1; b < FACTORS; b++)
			covered[a][row[a]][b][row[b]] = true;
	}
}

static struct damage_shape shape_of(const int row[FACTORS])
{
	static const uint32_t interleaves[LEVELS] = { 1, 2, 3, 0 };

	return (struct damage_shape){
		.sector_size = row[0] ? 4096 : 512,
		.interleave = interleaves[row[1]],
		.external = row[2],
		.short_last = row[3],
		.checksum_type = (enum csum_checksum_type)(CSUM_CRC32 + row[4]),
		.state = (enum damage_state)row[5],
	};
}

/*
 * Chooses shapes so that every pair of levels of two factors occurs: takes from many random rows the one that adds most
 * pairs, until no row adds any.
 */
static size_t choose_shapes(struct damage_shape shapes[SHAPES_MOST])
{
	uint64_t random = 20;
	size_t count = 0;

	memset(covered, 0, sizeof(covered));
	while (count < SHAPES_MOST) {
		int best[FACTORS] = { 0 }, row[FACTORS], most = 0;

		for (int tries = 0; tries < 2000; tries++) {
			for (int i = 0; i < FACTORS; i++)
				row[i] = (int)damage_below(&random, (uint64_t)levels[i]);
			if (uncovered(row) > most) {
				most = uncovered(row);
				memcpy(best, row, sizeof(best));
			}
		}
		if (most == 0)
			break;
		cover(best);
		shapes[count++] = shape_of(best);
	}
	return count;
}

/* ------------------------------------------------------------------ the table */

static void print_table(const struct damage_tally *tally)
{
	print_message("# %-28s %8s %8s %8s %8s %8s %6s\n", "damage", "planted", "meaning", "noticed", "healed", "left",
		      "wrong");
	for (int kind = 0; kind < DAMAGE_KINDS; kind++)
		print_message("# %-28s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %6" PRIu64 "\n",
			      damage_kind_names[kind], tally->planted[kind], tally->meaningful[kind],
			      tally->noticed[kind], tally->healed[kind], tally->left[kind], tally->wrong[kind]);
	print_message("# %" PRIu64 " damages in %" PRIu64 " runs; data sectors repaired:", tally->total, tally->runs);
	for (int means = CSUM_MEANS_REPLICA; means < CSUM_MEANS_OTHER_COPY; means++)
		print_message(" %s %" PRIu64, csum_means_name((enum csum_means)means), tally->means[means]);
	print_message("\n#");
	for (int kind = 0; kind < DAMAGE_FAULTS; kind++)
		print_message(" %s: %" PRIu64 "%s", damage_fault_names[kind], tally->faults[kind],
			      kind + 1 < DAMAGE_FAULTS ? "," : "\n");
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* ------------------------------------------------------------------ the campaign */

struct campaign {
	struct damage_shape shapes[SHAPES_MOST];
	size_t shape_count;
	uint64_t seed, damages;
	struct damage_tally tally;
	uint64_t states[DAMAGE_STATES];
};

/*
 * Makes a run from its number alone. Half of the runs have one damage, of each kind in turn; others several, of any
 * kind.
 */
static void run_one(struct campaign *campaign, struct damage_volume *base, uint64_t volume, uint64_t run)
{
	char name[64];
	uint64_t seed = (campaign->seed << 40) + volume * 1000 + run, random = damage_random(~seed);
	struct damage_options options = { .seed = seed, .name = name, .damages = 1 };

	snprintf(name, sizeof(name), "%" PRIu64 ".%" PRIu64 " (seed %" PRIu64 ")", volume, run, campaign->seed);
	options.replica = damage_below(&random, 2) ? DAMAGE_NO_REPLICA :
						     (enum damage_replica)damage_below(&random, DAMAGE_REPLICAS);
	options.kind = (enum damage_kind)((volume * RUNS + run) % DAMAGE_KINDS);
	if (damage_below(&random, 2)) {
		options.kind = DAMAGE_KINDS;
		options.damages = 2 + (uint32_t)damage_below(&random, DAMAGE_MOST - 1);
	}
	damage_judge(base, &options, &campaign->tally);
}

static void run_volume(struct campaign *campaign, uint64_t volume, uint64_t first, uint64_t end)
{
	struct damage_shape shape = campaign->shapes[volume % campaign->shape_count];
	struct damage_volume base;

	/* crc64 allows most repairs, so every second round has nothing else. */
	if (volume / campaign->shape_count % 2)
		shape.checksum_type = CSUM_CRC64;
	damage_volume_make(&base, &shape, campaign->seed * 100000 + volume + 1);
	campaign->states[base.shape.state]++;
	for (uint64_t run = first; run < end && campaign->tally.total < campaign->damages; run++)
		run_one(campaign, &base, volume, run);
	damage_volume_free(&base);
}

static void run_campaign(struct campaign *campaign)
{
	const char *only = getenv("CSUM_DAMAGE_CASE");
	uint64_t volume, run;

	if (only && sscanf(only, "%" SCNu64 ".%" SCNu64, &volume, &run) == 2) {
		run_volume(campaign, volume, run, run + 1);
		return;
	}
	for (volume = 0; campaign->tally.total < campaign->damages; volume++)
		run_volume(campaign, volume, 0, RUNS);
}

static void test_campaign(void **state)
{
	struct campaign campaign = {
		.seed = number_from("CSUM_DAMAGE_SEED", 1),
		.damages = number_from("CSUM_DAMAGES", 3000),
	};
	uint64_t faults = 0;

	(void)state;
	campaign.shape_count = choose_shapes(campaign.shapes);
	print_message("# seed %" PRIu64 ", %zu shapes of volumes\n", campaign.seed, campaign.shape_count);
	run_campaign(&campaign);
	print_table(&campaign.tally);
	print_message("# volumes: %" PRIu64 " clean, %" PRIu64 " active, %" PRIu64 " in recovery\n",
		      campaign.states[DAMAGE_CLEAN], campaign.states[DAMAGE_ACTIVE],
		      campaign.states[DAMAGE_RECOVERING]);
	for (int kind = 0; kind < DAMAGE_FAULTS; kind++)
		faults += campaign.tally.faults[kind];
	assert_int_equal(faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_campaign) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
