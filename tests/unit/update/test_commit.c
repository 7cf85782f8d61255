/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits of any groups, in an order that no stream has: the writes of each step, rounds shared by commits at different
 * steps, the intent around them, and a sector read meanwhile.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"
#include "support/scrub_volume.h"
#include "update/window.h"
#include "volume/sector.h"

/* The usual volume: S = 512, 62 sectors a group, eight groups; every seventh sector is unwritten. */
enum { SECTOR = 512, PER_GROUP = 62, GROUPS = 8, CHANGED = 8, ROOM = 4 };

static struct scrub_volume *const s = &scrub_volume;
static struct csum_volume *volume;
static struct csum_groups span; /* all groups */
static struct csum_rounds rounds;
static struct csum_window window;

/* A commit, and the new content of its groups: sectors FIRST to FIRST + CHANGED - 1 of each. */
enum { FIRST = 5 };
struct part {
	struct csum_commit commit;
	uint8_t *data;
	uint8_t action[CHANGED];
	uint64_t entry[ROOM][CHANGED];
	bool fresh[ROOM][CHANGED];
};
static struct part parts[2];

static int set_up(void **state)
{
	scrub_volume_set_up(state);
	volume = scrub_volume_open(false);
	rounds = (struct csum_rounds){ .volume = volume };
	window = (struct csum_window){ .rounds = &rounds };
	assert_int_equal(csum_groups_init(&span, volume, GROUPS), 0);
	assert_int_equal(csum_groups_load(volume, &span, 0, GROUPS), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(csum_commit_init(&parts[i].commit, volume, ROOM), 0);
		parts[i].data = csum_io_alloc(ROOM * CHANGED * SECTOR);
		assert_non_null(parts[i].data);
		memset(parts[i].data, 0xa0 + i, ROOM * CHANGED * SECTOR);
		memset(parts[i].action, CSUM_ACTION_WRITE, CHANGED);
	}
	return 0;
}

static int tear_down(void **state)
{
	csum_rounds_free(&rounds);
	for (int i = 0; i < 2; i++) {
		csum_commit_free(&parts[i].commit);
		free(parts[i].data);
	}
	csum_groups_free(&span);
	if (volume)
		assert_int_equal(csum_volume_close(volume), 0);
	return scrub_volume_tear_down(state);
}

static void add(struct part *part, uint64_t number)
{
	size_t i = part->commit.count;
	uint8_t *data = part->data + i * CHANGED * SECTOR;
	const struct csum_group_change change = {
		.first_index = FIRST,
		.count = CHANGED,
		.action = part->action,
		.entry = part->entry[i],
		.fresh = part->fresh[i],
	};

	for (int k = 0; k < CHANGED; k++) {
		data[k * SECTOR] = (uint8_t)number;
		part->entry[i][k] = csum_volume_entry(volume, data + k * SECTOR);
	}
	csum_commit_add(&part->commit, number, csum_groups_group(&span, number), &change, data);
}

static void round_of_all(void)
{
	assert_int_equal(csum_rounds_start(&rounds), 0);
	assert_int_equal(csum_rounds_wait(&rounds), 0);
}

/* Counts the changed sectors of a group that hold the new content on the disk. */
static int changed_on_disk(const struct part *part, uint64_t number, bool fresh)
{
	int changed = 0;

	for (uint64_t sector = number * PER_GROUP + FIRST; sector < number * PER_GROUP + FIRST + CHANGED; sector++) {
		const uint8_t *now = scrub_volume_sector(sector);

		changed += (sector % 7 == 0) == fresh && now[0] == number && now[1] == part->data[1];
	}
	return changed;
}

static bool same_copies_as_before(uint64_t number, int copy)
{
	const uint8_t *now = scrub_volume_imd(number, copy);

	return memcmp(now, s->original[0] + (now - s->metadata->bytes), SECTOR) == 0;
}

static int older_copy(uint64_t number)
{
	return 1 - csum_groups_group(&span, number)->newer;
}

/* Asserts that everything is readable by the rule of the protocol, and that the volume is clean. */
static void assert_closed(void)
{
	struct csum_totals totals;

	assert_int_equal(csum_window_close(&window), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	volume = NULL;
	assert_int_equal(scrub_volume_check(&totals), 0);
}

static void test_steps_of_any_groups(void **state)
{
	static const uint64_t numbers[] = { 6, 0, 3 };
	struct part *part = &parts[0];

	(void)state;
	assert_int_equal(csum_window_slide(&window, &span), 0);
	for (int i = 0; i < 3; i++)
		add(part, numbers[i]);
	csum_rounds_begin(&rounds, &part->commit);
	for (int step = CSUM_STEP_FRESH_DATA; step <= CSUM_STEP_SETTLED; step++) {
		assert_int_equal(part->commit.next_step, step);
		assert_int_equal(csum_commit_is_in(&part->commit), step > CSUM_STEP_DATA);
		for (int i = 0; i < 3; i++) {
			uint64_t n = numbers[i];

			assert_true((changed_on_disk(part, n, true) > 0) == (step > CSUM_STEP_FRESH_DATA));
			assert_int_equal(same_copies_as_before(n, older_copy(n)), step <= CSUM_STEP_ENTRIES);
			assert_true((changed_on_disk(part, n, false) > 0) == (step > CSUM_STEP_DATA));
			assert_int_equal(same_copies_as_before(n, 1 - older_copy(n)), step <= CSUM_STEP_SETTLE);
		}
		if (step < CSUM_STEP_SETTLED)
			round_of_all();
	}
	assert_int_equal(rounds.count, 0);
	for (uint64_t n = 0; n < GROUPS; n++)
		assert_int_equal(same_copies_as_before(n, 0), n != 6 && n != 0 && n != 3);
	assert_closed();
}

/* The later commit has the lower groups, and is a step behind. */
static void test_commits_share_rounds(void **state)
{
	(void)state;
	assert_int_equal(csum_window_slide(&window, &span), 0);
	add(&parts[0], 5);
	add(&parts[0], 4);
	csum_rounds_begin(&rounds, &parts[0].commit);
	round_of_all();
	add(&parts[1], 1);
	csum_rounds_begin(&rounds, &parts[1].commit);
	round_of_all();
	assert_int_equal(parts[0].commit.next_step, CSUM_STEP_DATA);
	assert_int_equal(parts[1].commit.next_step, CSUM_STEP_ENTRIES);
	assert_false(same_copies_as_before(5, older_copy(5)));
	assert_true(same_copies_as_before(1, older_copy(1)));
	assert_closed();
	assert_int_equal(changed_on_disk(&parts[0], 4, false) + changed_on_disk(&parts[0], 4, true), CHANGED);
	assert_int_equal(changed_on_disk(&parts[1], 1, false) + changed_on_disk(&parts[1], 1, true), CHANGED);
}

/* A window slides downwards: it covers both the groups in flight above and the new ones below. */
static void test_window_slides_anywhere(void **state)
{
	const struct csum_superblock *superblock = &volume->superblock;

	(void)state;
	assert_int_equal(csum_groups_load(volume, &span, 5, 2), 0);
	assert_int_equal(csum_window_slide(&window, &span), 0);
	assert_int_equal(superblock->intent_first, 5);
	assert_int_equal(superblock->intent_count, 2);
	add(&parts[0], 6);
	csum_rounds_begin(&rounds, &parts[0].commit);
	assert_int_equal(csum_groups_load(volume, &span, 1, 2), 0);
	assert_int_equal(csum_window_slide(&window, &span), 0);
	assert_int_equal(superblock->intent_first, 1);
	assert_int_equal(superblock->intent_count, 6);
	assert_int_equal(parts[0].commit.next_step, CSUM_STEP_DATA);
	add(&parts[1], 2);
	csum_rounds_begin(&rounds, &parts[1].commit);
	assert_closed();
}

static void test_sector_read_beside_a_round(void **state)
{
	struct csum_groups one;
	struct csum_sector found;
	uint8_t *bytes = csum_io_alloc(SECTOR);

	(void)state;
	assert_int_equal(csum_groups_init(&one, volume, 1), 0);
	assert_int_equal(csum_window_slide(&window, &span), 0);
	add(&parts[0], 6);
	csum_rounds_begin(&rounds, &parts[0].commit);
	do {
		assert_int_equal(csum_rounds_start(&rounds), 0);
		assert_int_equal(csum_sector_load(volume, &one, 3 * PER_GROUP, bytes, &found), 0);
		assert_int_equal(found.verdict, CSUM_VERDICT_GOOD);
		assert_memory_equal(bytes, scrub_volume_original(3 * PER_GROUP), SECTOR);
		assert_int_equal(csum_rounds_wait(&rounds), 0);
	} while (rounds.count);
	csum_groups_free(&one);
	free(bytes);
	assert_closed();
}

/* A step that failed was not taken: the content does not count as in. */
static void test_failed_round(void **state)
{
	(void)state;
	assert_int_equal(csum_window_slide(&window, &span), 0);
	add(&parts[0], 2);
	csum_rounds_begin(&rounds, &parts[0].commit);
	round_of_all();
	round_of_all();
	memory_disk_fail(s->data, MEMORY_DISK_WRITE, scrub_volume_offset(2 * PER_GROUP + FIRST), SECTOR, -1, -EIO);
	assert_int_equal(csum_rounds_start(&rounds), 0);
	assert_int_equal(csum_rounds_wait(&rounds), -EIO);
	assert_int_equal(parts[0].commit.next_step, CSUM_STEP_DATA);
	assert_false(csum_commit_is_in(&parts[0].commit));
	assert_int_equal(csum_window_close(&window), -EIO);
	assert_int_equal(volume->superblock.state, CSUM_STATE_ACTIVE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps_of_any_groups),	   TEST(test_commits_share_rounds),
		TEST(test_window_slides_anywhere), TEST(test_sector_read_beside_a_round),
		TEST(test_failed_round),
	};

	return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
