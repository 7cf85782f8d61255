/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scrub on a block device with raw data, for which nothing vouches: the guard decides at the end of a whole pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/guard_volume.h"

static struct guard_volume *const g = &guard_volume;

static struct csum_scrub_result result;
static uint64_t reported[CSUM_FINDING_KINDS]; /* counts of data sectors */
static uint64_t last_reported;

static void on_finding(void *user, const struct csum_finding *finding)
{
	(void)user;
	if (finding->subject != CSUM_SUBJECT_DATA)
		return;
	reported[finding->kind] += finding->sector_count;
	last_reported = finding->first_sector + finding->sector_count - 1;
}

/* Scrubs like `csumtool scrub` on a block device. *record gets the record for the next scrub. */
static void scrub(struct csum_scrub_options how, unsigned int allow, struct csum_data_record *record)
{
	const struct csum_open_options options = { .access = CSUM_REPAIR, .allow = allow };
	struct csum_volume *volume;

	memset(reported, 0, sizeof(reported));
	how.finding = on_finding;
	if (!how.length_bytes)
		how.length_bytes = CSUM_TO_END;
	assert_int_equal(csum_volume_open(&g->recorder.handlers, g->data, g->metadata, &options, &volume), 0);
	volume->data->is_block = true;
	assert_int_equal(csum_scrub(volume, &how, &result), 0);
	if (record)
		*record = volume->superblock.record;
	volume->data->is_block = false;
	assert_int_equal(csum_volume_close(volume), 0);
}

static bool is_right(uint64_t sector)
{
	uint8_t bytes[4096];

	guard_volume_peek(sector * g->sector_size, bytes, g->sector_size);
	return memcmp(bytes, g->content + sector * g->sector_size, g->sector_size) == 0;
}

static void plant_decay(void)
{
	const uint8_t zeros[512] = { 0 };

	guard_volume_flip(100 * 512 + 7, 3);
	guard_volume_poke(200 * 512, g->content + 300 * 512, 512);
	/* Zeros lie where content was that also lies elsewhere. */
	guard_volume_poke(400 * 512, zeros, sizeof(zeros));
}

static void fill_with_a_duplicate(void)
{
	memcpy(g->content + 400 * 512, g->content + 500 * 512, 512);
	memcpy(g->content + 200 * 512, g->content + 600 * 512, 512);
	guard_volume_fill();
}

static void test_decay_only_is_healed(void **state)
{
	struct csum_data_record record;

	(void)state;
	fill_with_a_duplicate();
	plant_decay();
	scrub((struct csum_scrub_options){ .dry_run = true }, 0, NULL);
	assert_int_equal(result.sectors_repaired, 3);
	assert_false(is_right(100));
	scrub((struct csum_scrub_options){ .heal = CSUM_HEAL_DEFAULT }, 0, &record);
	assert_int_equal(result.totals.guard, CSUM_GUARD_BY_PLACE);
	assert_int_equal(result.sectors_repaired, 3);
	assert_int_equal(reported[CSUM_REWRITTEN], 0);
	assert_true(is_right(100) && is_right(200) && is_right(400));
	assert_int_equal(record.held_reason, CSUM_HELD_NOT);
}

static void test_one_new_sector_leaves_all(void **state)
{
	struct csum_data_record record;

	(void)state;
	fill_with_a_duplicate();
	plant_decay();
	guard_volume_garble(16000 * 512, 512);
	scrub((struct csum_scrub_options){ .dry_run = true }, 0, NULL);
	assert_int_equal(result.sectors_repaired, 0);
	assert_int_equal(reported[CSUM_REWRITTEN], 4);
	scrub((struct csum_scrub_options){ .heal = CSUM_HEAL_DEFAULT }, 0, &record);
	assert_int_equal(result.totals.guard, CSUM_GUARD_UNDECIDED);
	assert_non_null(strstr(result.totals.guard_reason, "1 sector"));
	assert_int_equal(reported[CSUM_REWRITTEN], 4);
	assert_int_equal(result.sectors_repaired, 0);
	assert_false(is_right(100) || is_right(200) || is_right(400));
	assert_int_equal(record.held_reason, CSUM_HELD_UNDECIDED);
	/* Repairs are held: the new sector being right again later proves nothing of the others. */
	guard_volume_poke(16000 * 512, g->content + 16000 * 512, 512);
	scrub((struct csum_scrub_options){ .heal = CSUM_HEAL_DEFAULT }, 0, &record);
	assert_int_equal(result.sectors_repaired, 0);
	assert_int_equal(record.held_reason, CSUM_HELD_UNDECIDED);
	/* Repairs are held until the user allows them, or until everything is right. */
	scrub((struct csum_scrub_options){ .heal = CSUM_HEAL_DEFAULT }, CSUM_ALLOW_REWRITTEN, &record);
	assert_int_equal(result.sectors_repaired, 3);
	assert_int_equal(record.held_reason, CSUM_HELD_NOT);
	scrub((struct csum_scrub_options){ .heal = CSUM_HEAL_DEFAULT }, 0, &record);
	assert_int_equal(result.totals.errors, 0);
}

static void test_a_part_decides_nothing(void **state)
{
	(void)state;
	fill_with_a_duplicate();
	plant_decay();
	scrub((struct csum_scrub_options){ .offset_bytes = 50 * 512, .length_bytes = 400 * 512 }, 0, NULL);
	assert_int_equal(result.sectors_repaired, 0);
	assert_int_equal(reported[CSUM_REWRITTEN], 3);
	assert_false(is_right(100));
}

/* More sectors than are kept one by one; half of all, as more would not be the data of this metadata. */
enum { MANY_SECTORS = 140000 };

static bool is_planted(uint64_t sector)
{
	return (uint32_t)(sector * 2654435761u) >> 31;
}

/* Flips a bit in each of these sectors; returns their number. */
static uint64_t plant_many(void)
{
	uint64_t count = 0;

	guard_volume_resize((uint64_t)MANY_SECTORS * 512, 512);
	guard_volume_fill();
	for (int pass = 0; pass < 2; pass++) {
		count = 0;
		for (uint64_t sector = 0; sector < MANY_SECTORS; sector++) {
			if (!is_planted(sector))
				continue;
			g->content[sector * 512 + sector % 512] ^= 0x10;
			count++;
		}
		if (pass == 0)
			guard_volume_poke(0, g->content, g->size);
	}
	assert_true(count > 65536 + 1000);
	return count;
}

/* The parts of the volume with sectors that are not kept are read again at the end. */
static void test_many_undecided(void **state)
{
	uint64_t count = plant_many(), last = MANY_SECTORS - 1;

	(void)state;
	count += !is_planted(last);
	guard_volume_garble(last * 512, 512);
	scrub((struct csum_scrub_options){ .heal = CSUM_HEAL_DEFAULT }, 0, NULL);
	assert_int_equal(result.totals.guard, CSUM_GUARD_UNDECIDED);
	assert_int_equal(reported[CSUM_REWRITTEN], count);
	assert_int_equal(result.sectors_left, count);
	assert_int_equal(result.totals.sectors_verified, MANY_SECTORS - count);
	assert_int_equal(last_reported, last);
}

static void test_many_undecided_healed(void **state)
{
	uint64_t count = plant_many();

	(void)state;
	scrub((struct csum_scrub_options){ .heal = CSUM_HEAL_DEFAULT }, 0, NULL);
	assert_int_equal(result.sectors_repaired, count);
	assert_int_equal(result.sectors_left, 0);
	for (uint64_t sector = 0; sector < MANY_SECTORS; sector++)
		assert_true(is_right(sector));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guard_volume_test(test_decay_only_is_healed),	guard_volume_test(test_one_new_sector_leaves_all),
		guard_volume_test(test_a_part_decides_nothing), guard_volume_test(test_many_undecided),
		guard_volume_test(test_many_undecided_healed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
