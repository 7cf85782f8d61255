/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The questions in their order, the cover of a sector, and `allow`. Structures have tests of their own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/guard_volume.h"
#include "support/scrub_volume.h"

static struct guard_volume *const g = &guard_volume;

/* Makes an ext file system of 4 MiB on a disk of 8 MiB. */
static void fill_with_ext(void)
{
	put_ext(g->content + 1024, 4096, 1);
	guard_volume_fill();
}

static void rewrite(void)
{
	uint8_t superblock[1024];

	put_ext(superblock, 4096, 2);
	guard_volume_poke(1024, superblock, sizeof(superblock));
}

static bool permits(enum csum_guard_cover cover, enum csum_class class, bool blank, enum csum_means means)
{
	return csum_guard_permits(g->guard, cover, class, blank, means);
}

/* ------------------------------------------------------------------ which question answers */

static void test_ours(void **state)
{
	(void)state;
	g->facts.ours = true;
	fill_with_ext();
	guard_volume_garble(1024, 1024);
	guard_volume_garble(5 * MIB, 8192);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
	assert_true(csum_guard_ours(g->guard));
	assert_string_equal(csum_guard_reason(g->guard), "");
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_ALL);
	assert_int_equal(csum_guard_refuse(g->guard), 0);
}

static void test_by_place(void **state)
{
	(void)state;
	fill_with_ext();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_false(csum_guard_ours(g->guard));
	assert_false(csum_guard_on_file(g->guard));
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_NONE);
	assert_int_equal(csum_guard_refuse(g->guard), 0);
}

static void test_rewritten(void **state)
{
	(void)state;
	fill_with_ext();
	rewrite();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
	assert_int_equal(csum_guard_refuse(g->guard), -EPERM);
	assert_one_error(&g->recorder, "data.img: somebody else has written the data: ext4 at 0 was written to");
	assert_one_error(&g->recorder, "refused for writing");
	assert_int_equal(g->recorder.error_reason, CSUM_REASON_REWRITTEN);
}

static void test_rewritten_allowed(void **state)
{
	(void)state;
	fill_with_ext();
	rewrite();
	g->allow = CSUM_ALLOW_REWRITTEN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("ext4 at 0 was written to");
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_ALL);
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_ALL);
	assert_int_equal(csum_guard_refuse(g->guard), 0);
	g->allow = CSUM_ALLOW_ALL & ~CSUM_ALLOW_REWRITTEN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
	assert_int_equal(csum_guard_refuse(g->guard), -EPERM);
}

/* Each bit lifts one refusal. Other data that is allowed still gets the other questions, and no more. */
static void test_3_other_data(void **state)
{
	(void)state;
	fill_with_ext();
	g->facts = (struct csum_guard_facts){ { 256, 3, true }, true };
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_OTHER_DATA);
	assert_reason("it is not the data of this metadata");
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
	assert_int_equal(csum_guard_refuse(g->guard), -EPERM);
	assert_one_error(&g->recorder, "of 256 written sectors that were looked at 3 match");
	assert_int_equal(g->recorder.error_reason, CSUM_REASON_OTHER_DATA);
	g->allow = CSUM_ALLOW_REWRITTEN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_OTHER_DATA);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
	assert_int_equal(csum_guard_refuse(g->guard), -EPERM);
	g->allow = CSUM_ALLOW_IDENTITY;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_ALL);
	assert_int_equal(csum_guard_refuse(g->guard), 0);
	rewrite();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_int_equal(csum_guard_refuse(g->guard), -EPERM);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
	g->allow = CSUM_ALLOW_IDENTITY | CSUM_ALLOW_REWRITTEN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_ALL);
	assert_int_equal(csum_guard_refuse(g->guard), 0);
}

/* ------------------------------------------------------------------ healing */

static const enum csum_means all_means[] = { CSUM_MEANS_REPLICA, CSUM_MEANS_ELSEWHERE, CSUM_MEANS_ONE_BIT,
					     CSUM_MEANS_BURST, CSUM_MEANS_TWO_BITS };
enum { MEANS = sizeof(all_means) / sizeof(all_means[0]) };

/* On a device, content under a record is always healed, but only a replica may put zeros in place of new content. */
static void test_device_under_a_record(void **state)
{
	(void)state;
	fill_with_ext();
	guard_volume_ask();
	for (int i = 0; i < MEANS; i++) {
		enum csum_means means = all_means[i];

		for (enum csum_class class = CSUM_CLASS_DEAD; class < CSUM_CLASSES; class ++) {
			assert_true(permits(CSUM_COVER_RECORD, class, false, means));
			assert_int_equal(permits(CSUM_COVER_RECORD, class, true, means),
					 class != CSUM_CLASS_NEW || means == CSUM_MEANS_REPLICA);
			assert_true(permits(CSUM_COVER_ALL, class, true, means));
			assert_false(permits(CSUM_COVER_HELD, class, false, means));
		}
		/* A sector that the guard did not classify may be new. */
		assert_int_equal(permits(CSUM_COVER_RECORD, CSUM_CLASS_NONE, true, means), means == CSUM_MEANS_REPLICA);
	}
}

static void test_device_undecided(void **state)
{
	(void)state;
	fill_with_ext();
	guard_volume_ask();
	for (int blank = 0; blank < 2; blank++) {
		for (enum csum_class class = CSUM_CLASS_NONE; class < CSUM_CLASSES; class ++)
			assert_int_equal(csum_guard_permits_undecided(g->guard, 16000, class, blank),
					 class == CSUM_CLASS_DEAD || class == CSUM_CLASS_NEAR ||
						 class == CSUM_CLASS_BLANK || (class == CSUM_CLASS_KNOWN && !blank));
	}
}

/* On a file with another time: under a record everything but new content is healed, elsewhere nothing. */
static void test_file(void **state)
{
	(void)state;
	g->is_block = false;
	fill_with_ext();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_true(csum_guard_on_file(g->guard));
	assert_reason("the file's time at our last close is not known");
	for (int i = 0; i < MEANS; i++) {
		for (enum csum_class class = CSUM_CLASS_NONE; class < CSUM_CLASSES; class ++) {
			bool is_new = class == CSUM_CLASS_NEW || class == CSUM_CLASS_NONE;

			assert_int_equal(permits(CSUM_COVER_RECORD, class, false, all_means[i]), !is_new);
			assert_int_equal(permits(CSUM_COVER_RECORD, class, true, all_means[i]), !is_new);
			assert_false(permits(CSUM_COVER_NONE, class, false, all_means[i]));
			assert_false(csum_guard_permits_undecided(g->guard, 16000, class, false));
		}
	}
	g->record.file_mtime_ns = 5;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_reason("the file's time is not that of our last close: somebody wrote to it, or it is a copy made "
		      "without its times");
}

/* ------------------------------------------------------------------ held */

static void test_held_rewritten(void **state)
{
	(void)state;
	fill_with_ext();
	for (uint32_t reason = 0; reason < 5; reason += reason ? 3 : 1) {
		g->record.held_since = 1764065520;
		g->record.held_reason = reason;
		g->facts.ours = false;
		/* Other witnesses for decay do not change that. */
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
		assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_HELD);
		assert_reason("a scrub found that somebody else had written at 2025-11-25 10:12");
		g->facts.ours = true;
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
		assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
		g->allow = CSUM_ALLOW_REWRITTEN;
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
		assert_int_equal(guard_volume_cover(0), CSUM_COVER_ALL);
		g->allow = 0;
	}
}

static void test_held_undecided(void **state)
{
	(void)state;
	fill_with_ext();
	g->record.held_since = 1764065520;
	g->record.held_reason = CSUM_HELD_UNDECIDED;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_reason("new content that nobody accounts for");
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_HELD);
	g->facts.ours = true;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_ALL);
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_HELD);
	g->record.held_since = 0;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_ALL);
	g->facts.ours = false;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_NONE);
}

/* ------------------------------------------------------------------ asked again */

/* The file system is mounted during the scrub. */
static void test_refresh(void **state)
{
	(void)state;
	fill_with_ext();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(csum_guard_refresh(g->guard), 0);
	assert_int_equal(csum_guard_verdict(g->guard), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	rewrite();
	assert_int_equal(csum_guard_refresh(g->guard), 0);
	assert_int_equal(csum_guard_verdict(g->guard), CSUM_GUARD_REWRITTEN);
	assert_reason("ext4 at 0 was written to");
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_HELD);
	/* The verdict stays. */
	guard_volume_poke(1024, g->content + 1024, 1024);
	assert_int_equal(csum_guard_refresh(g->guard), 0);
	assert_int_equal(csum_guard_verdict(g->guard), CSUM_GUARD_REWRITTEN);
}

static void test_refresh_while_ours(void **state)
{
	(void)state;
	g->facts.ours = true;
	fill_with_ext();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
	rewrite();
	assert_int_equal(csum_guard_refresh(g->guard), 0);
	assert_int_equal(csum_guard_verdict(g->guard), CSUM_GUARD_REWRITTEN);
}

/* A record that was lost, or was not there, does not come back. */
static void test_refresh_loses_records(void **state)
{
	(void)state;
	fill_with_ext();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	guard_volume_garble(1024, 512);
	assert_int_equal(csum_guard_refresh(g->guard), 0);
	assert_int_equal(csum_guard_verdict(g->guard), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	guard_volume_poke(1024, g->content + 1024, 1024);
	assert_int_equal(csum_guard_refresh(g->guard), 0);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

static void test_same_time(void **state)
{
	uint8_t byte = 0;

	(void)state;
	g->is_block = false;
	fill_with_ext();
	guard_volume_ask();
	assert_true(csum_guard_same_time(g->guard));
	guard_volume_poke(g->size, &byte, 1);
	assert_false(csum_guard_same_time(g->guard));
}

/* ------------------------------------------------------------------ volumes without questions */

static void assert_idle(const struct scrub_volume_shape *shape)
{
	struct csum_volume *volume;
	struct csum_guard *guard;

	scrub_volume_start(shape);
	volume = scrub_volume_open(true);
	volume->superblock.record.held_since = 1;
	scrub_volume_garbage(5);
	assert_int_equal(csum_guard_create(volume, CSUM_GUARD_SCAN, 0, &guard), 0);
	assert_int_equal(csum_guard_verdict(guard), CSUM_GUARD_DECAY);
	assert_string_equal(csum_guard_reason(guard), "");
	assert_int_equal(csum_guard_cover(guard, 5), CSUM_COVER_ALL);
	assert_true(csum_guard_permits(guard, CSUM_COVER_ALL, CSUM_CLASS_NEW, true, CSUM_MEANS_ELSEWHERE));
	assert_int_equal(csum_guard_refresh(guard), 0);
	assert_int_equal(csum_guard_refuse(guard), 0);
	csum_guard_free(guard);
	csum_guard_free(NULL);
	assert_int_equal(csum_volume_close(volume), 0);
	scrub_volume_stop();
}

static void test_idle(void **state)
{
	struct scrub_volume_shape external = scrub_volume_usual;

	(void)state;
	assert_idle(&scrub_volume_usual);
	external.external = true;
	assert_idle(&external);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guard_volume_test(test_ours),
		guard_volume_test(test_by_place),
		guard_volume_test(test_rewritten),
		guard_volume_test(test_rewritten_allowed),
		guard_volume_test(test_3_other_data),
		guard_volume_test(test_device_under_a_record),
		guard_volume_test(test_device_undecided),
		guard_volume_test(test_file),
		guard_volume_test(test_held_rewritten),
		guard_volume_test(test_held_undecided),
		guard_volume_test(test_refresh),
		guard_volume_test(test_refresh_while_ours),
		guard_volume_test(test_refresh_loses_records),
		guard_volume_test(test_same_time),
		cmocka_unit_test(test_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
