/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scrub: limits, cancellation, the record and resuming by it; recovery that heals. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "ondisk/imd.h"
#include "scrub/search.h"
#include "support/bytes.h"
#include "support/scrub_volume.h"
#include "update/super.h"

static struct scrub_volume *const s = &scrub_volume;

/* Batches of two groups: sectors 0 to 123, 124 to 247, 248 to 371, and the rest. */
#define RATE 300000u

static struct csum_volume_info info(void)
{
	struct csum_volume *volume = scrub_volume_open(true);
	struct csum_volume_info result;

	csum_volume_get_info(volume, &result);
	assert_int_equal(csum_volume_close(volume), 0);
	return result;
}

/* Cancels when a batch is done. */
static void cancel_now(void *user, const struct csum_progress *progress)
{
	(void)progress;
	(void)user;
	s->recorder.cancel_after = 0;
}

static void test_resumes(void **state)
{
	struct csum_scrub_totals first;
	uint64_t reached;

	(void)state;
	scrub_volume_sector(430)[3] ^= 1;
	scrub_volume_cancel_at(124);
	assert_int_equal(
		scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .rate_bytes = RATE }),
		-ECANCELED);
	recorder_init(&s->recorder);
	reached = s->result.next_sector;
	assert_int_equal(reached, 124);
	assert_int_equal(info().current_scrub.next_group, reached / 62);
	first = info().current_scrub.totals;
	assert_int_equal(first.verified + first.unwritten, reached);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_true(s->result.resumed);
	assert_int_equal(s->recorder.notes, 2); /* the scrub is resumed; it looks for the content of sector 430 */
	assert_int_equal(s->result.first_sector, reached);
	assert_one_finding(CSUM_MISMATCH, 430, CSUM_REPAIRED, "1 bit");
	assert_int_equal(info().last_scrub.totals.repaired, 1);
	assert_int_equal(info().last_scrub.totals.verified + info().last_scrub.totals.unwritten + 1,
			 s->geometry.data_sectors);
	assert_int_equal(info().current_scrub.started, 0);
	assert_healed();
}

/* The scrub says so when it begins to look for contents of the bad sectors in the table. */
static bool has_noted(void *user)
{
	(void)user;
	return s->recorder.notes > 0;
}

/*
 * The scrub is interrupted with a bad sector in the table. It is not known yet which content that sector holds, so it
 * stays as it is, and the next run begins with it.
 */
static void test_resumes_before_what_waited(void **state)
{
	(void)state;
	scrub_volume_sector(130)[3] ^= 1;
	s->recorder.handlers.cancelled = has_noted;
	assert_int_equal(
		scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .rate_bytes = RATE }),
		-ECANCELED);
	recorder_init(&s->recorder);
	assert_one_finding(CSUM_MISMATCH, 130, CSUM_LEFT, "the scrub was interrupted before it could be repaired");
	assert_int_equal(s->result.next_sector, 124);
	assert_int_equal(info().current_scrub.next_group, 2);
	assert_int_equal(info().current_scrub.totals.left_bad, 0);
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){
				 .length_bytes = CSUM_TO_END, .rate_bytes = RATE, .progress = cancel_now }),
			 -ECANCELED);
	recorder_init(&s->recorder);
	assert_int_equal(s->result.first_sector, 124);
	assert_one_finding(CSUM_MISMATCH, 130, CSUM_REPAIRED, "1 bit");
	assert_true(info().current_scrub.next_group > 2);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 0);
	assert_int_equal(info().last_scrub.totals.repaired, 1);
	assert_int_equal(info().last_scrub.totals.verified + info().last_scrub.totals.unwritten + 1,
			 s->geometry.data_sectors);
	assert_healed();
}

/* A check leaves the sector for another reason: it repairs nothing. */
static void test_cancelled_check(void **state)
{
	struct csum_totals totals;

	(void)state;
	scrub_volume_sector(130)[3] ^= 1;
	scrub_volume_cancel_at(248);
	assert_int_equal(
		scrub_volume_check_with(&(struct csum_check_options){ .length_bytes = CSUM_TO_END, .rate_bytes = RATE },
					&totals),
		-ECANCELED);
	assert_one_finding(CSUM_MISMATCH, 130, CSUM_LEFT, "");
}

static void test_restart(void **state)
{
	(void)state;
	scrub_volume_cancel_at(124);
	assert_int_equal(
		scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .rate_bytes = RATE }),
		-ECANCELED);
	recorder_init(&s->recorder);
	/* A scrub of a range leaves the record alone. */
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = 512 }), 0);
	assert_true(info().current_scrub.started != 0);
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .restart = true }),
			 0);
	assert_false(s->result.resumed);
	assert_int_equal(s->result.first_sector, 0);
	assert_int_equal(info().last_scrub.totals.verified + info().last_scrub.totals.unwritten,
			 s->geometry.data_sectors);
}

static void test_time_limit(void **state)
{
	(void)state;
	scrub_volume_sector(8)[3] ^= 1;
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){
				 .length_bytes = CSUM_TO_END, .rate_bytes = 40000, .time_limit_seconds = 1 }),
			 0);
	assert_int_equal(s->result.end, CSUM_SCRUB_TIME_LIMIT);
	assert_true(s->result.next_sector < s->geometry.data_sectors);
	assert_int_equal(s->result.sectors_repaired, 1);
	assert_true(info().current_scrub.next_group > 0);
}

static void test_max_errors(void **state)
{
	struct csum_totals totals;

	(void)state;
	for (uint64_t sector = 8; sector < 13; sector++)
		scrub_volume_sector(sector)[3] ^= 1;
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .max_errors = 4 }),
			 0);
	assert_int_equal(s->result.end, CSUM_SCRUB_MAX_ERRORS);
	/* No finding is dealt with or reported, but the errors are counted. */
	assert_int_equal(s->result.errors_open, 5);
	assert_int_equal(s->result.errors_left, 0);
	assert_int_equal(s->finding_count, 0);
	assert_int_equal(scrub_volume_check(&totals), 5);
	/* The next scrub begins where the errors are. */
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .max_errors = 5 }),
			 0);
	assert_int_equal(s->result.end, CSUM_SCRUB_COMPLETE);
	assert_int_equal(s->result.sectors_repaired, 5);
	assert_healed();
}

static void test_a_million(void **state)
{
	struct scrub_volume_shape shape = scrub_volume_usual;

	(void)state;
	scrub_volume_stop();
	shape.data_sectors = 62 * 2500;
	scrub_volume_start(&shape);
	for (uint64_t sector = 3; sector < s->geometry.data_sectors; sector++)
		scrub_volume_sector(sector)[sector % 512] ^= 0xff;
	/* Runs of six are healed, as they are short; the test is that nothing overflows. */
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END,
									.heal = CSUM_HEAL_NOTHING }),
			 0);
	assert_true(s->result.errors_left > 100000);
	assert_int_equal(s->result.errors_left, s->result.sectors_left);
}

/* Makes an active volume with both copies of group 1 valid and different: sector 62 + 2 is new in copy 0 only. */
static void interrupt(uint8_t *newer_content)
{
	struct csum_volume *volume = scrub_volume_open(true);
	uint8_t *older = scrub_volume_imd(1, 0), *newer = scrub_volume_imd(1, 1);
	int newest = csum_imd_compare_generations(csum_imd_generation(newer), csum_imd_generation(older)) > 0;
	uint8_t *target = newest ? older : newer, *source = newest ? newer : older;

	fill_random(newer_content, 512, 31337);
	csum_super_set_intent(volume, 0, 3);
	assert_int_equal(csum_super_write(volume), 0);
	assert_int_equal(csum_super_write(volume), 0);
	memcpy(target, source, 512);
	csum_imd_set_entry(target, 2, csum_checksum_entry(CSUM_CRC64, newer_content, 512));
	csum_imd_seal(csum_volume_imd_place(volume, 1, newest ? 0 : 1), csum_imd_generation(source) + 1, target);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void test_recovers(void **state)
{
	uint8_t content[512];

	(void)state;
	for (int way = 0; way < 4; way++) {
		interrupt(content);
		if (way == 1 || way == 3)
			memcpy(scrub_volume_sector(64), content, 512);
		/* Either version has decayed, and is healed by its own entry. */
		if (way >= 2)
			scrub_volume_sector(64)[5] ^= 0x10;
		assert_int_equal(scrub_volume_run(NULL), 0);
		assert_true(s->result.recovered);
		assert_int_equal(s->result.errors_left, 0);
		assert_int_equal(s->result.sectors_repaired, way >= 2);
		if (way == 1 || way == 3) {
			struct csum_totals totals;

			assert_memory_equal(scrub_volume_sector(64), content, 512);
			assert_int_equal(scrub_volume_check(&totals), 0);
			assert_int_equal(totals.findings[CSUM_INTERRUPTED], 0);
			memcpy(s->data->bytes, s->original[0], s->data->size);
		} else {
			assert_healed();
		}
	}
}

static void test_recovery_leaves(void **state)
{
	uint8_t content[512];
	struct csum_totals totals;

	(void)state;
	interrupt(content);
	fill_random(scrub_volume_sector(64), 512, 5);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_true(s->result.recovered);
	assert_int_equal(s->recorder.warnings, 1);
	assert_int_equal(s->result.sectors_left, 1);
	assert_int_equal(scrub_volume_check(&totals), 1);
	assert_int_equal(info().state, CSUM_CLEAN);
	/* The newest entry was kept. */
	memcpy(scrub_volume_sector(64), content, 512);
	assert_int_equal(scrub_volume_check(&totals), 0);
}

/* The old content lies in a bad sector, whose own content lies in the interrupted one. */
static void test_issue8_b9_rotated(void **state)
{
	uint8_t content[512];
	const struct csum_scrub_options options[] = {
		{ .length_bytes = CSUM_TO_END },
		{ .offset_bytes = 200 * 512, .length_bytes = 200 * 512 },
		{ .length_bytes = CSUM_TO_END, .metadata_only = true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		interrupt(content);
		scrub_volume_put(300, 64);
		scrub_volume_put(310, 300);
		scrub_volume_put(64, 310);
		assert_int_equal(scrub_volume_run(&options[i]), 0);
		assert_true(s->result.recovered);
		assert_int_equal(s->recorder.warnings, 0);
		assert_memory_equal(scrub_volume_sector(64), scrub_volume_original(64), 512);
		assert_int_equal(s->findings[1].first_sector, 64);
		assert_string_equal(s->how[1], "from data sector 300");
		assert_int_equal(scrub_volume_run(NULL), 0);
		assert_healed();
	}
}

/* Without CSUM_HEAL_ELSEWHERE no contents are looked for elsewhere. */
static void test_issue8_b9_not_elsewhere(void **state)
{
	uint8_t content[512];

	(void)state;
	interrupt(content);
	scrub_volume_put(300, 64);
	scrub_volume_garbage(64);
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END,
									.heal = CSUM_HEAL_REPLICA | CSUM_HEAL_BITS }),
			 0);
	assert_int_equal(s->recorder.notes, 2); /* the volume is recovered; it looks for the contents of bad sectors */
	assert_int_equal(s->recorder.warnings, 1);
	assert_int_equal(info().state, CSUM_CLEAN);
}

/* There are more interrupted sectors than are looked for at once: the others wait, and are not given up. */
static void test_issue8_b9_more_than_the_table(void **state)
{
	struct scrub_volume_shape shape = scrub_volume_usual;
	const uint64_t sectors = CSUM_SCRUB_SOUGHT_MAX / 2 + 1000;
	struct csum_volume *volume;
	uint8_t other[512];

	(void)state;
	scrub_volume_stop();
	shape.data_sectors = 62 * 700;
	scrub_volume_start(&shape);
	volume = scrub_volume_open(true);
	csum_super_set_intent(volume, 0, 700);
	assert_int_equal(csum_super_write(volume), 0);
	assert_int_equal(csum_super_write(volume), 0);
	fill_random(other, 512, 4711);
	for (uint64_t group = 0, done = 0; done < sectors; group++) {
		int newest = csum_imd_compare_generations(csum_imd_generation(scrub_volume_imd(group, 1)),
							  csum_imd_generation(scrub_volume_imd(group, 0))) > 0;
		uint8_t *target = scrub_volume_imd(group, !newest), *source = scrub_volume_imd(group, newest);

		memcpy(target, source, 512);
		for (uint32_t i = 0; i < 62; i++) {
			if (csum_imd_entry(source, i) == 0)
				continue;
			memcpy(other, &done, sizeof(done));
			csum_imd_set_entry(target, i, csum_checksum_entry(CSUM_CRC64, other, 512));
			scrub_volume_garbage(62 * group + i);
			done++;
		}
		csum_imd_seal(csum_volume_imd_place(volume, group, !newest), csum_imd_generation(source) + 1, target);
	}
	assert_int_equal(csum_volume_close(volume), 0);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_true(s->result.still_active);
	assert_int_equal(s->result.sectors_repaired, 0);
	assert_int_equal(info().state, CSUM_ACTIVE);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_false(s->result.still_active);
	assert_int_equal(info().state, CSUM_CLEAN);
}

static void test_slot_cannot_be_written(void **state)
{
	uint8_t content[512];

	(void)state;
	scrub_volume_sector(8)[3] ^= 1;
	s->metadata->bytes[100] ^= 1;
	memory_disk_fail(s->metadata, MEMORY_DISK_WRITE, 0, 4096, -1, -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_false(s->result.recorded);
	assert_int_equal(s->result.sectors_repaired, 1);
	memory_disk_reset(s->metadata);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
	/* An active volume stays active, and nothing is written. */
	interrupt(content);
	scrub_volume_sector(8)[3] ^= 1;
	s->metadata->bytes[100] ^= 1;
	memory_disk_fail(s->metadata, MEMORY_DISK_WRITE, 0, 4096, -1, -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_true(s->result.still_active);
	assert_int_equal(s->result.sectors_repaired, 0);
	memory_disk_reset(s->metadata);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

static void test_unreadable_journal(void **state)
{
	uint8_t content[512];

	(void)state;
	interrupt(content);
	/* Opening tries three times; writing makes the place readable. */
	memory_disk_fail(s->metadata, MEMORY_DISK_READ, 65536, 512, 3, -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->findings[0].subject, CSUM_SUBJECT_JOURNAL);
	assert_int_equal(s->findings[0].disposition, CSUM_REPAIRED);
	assert_true(s->result.recovered);
	assert_healed();
}

static void test_copies_cannot_be_written(void **state)
{
	uint8_t content[512];

	(void)state;
	/* In a merge the journal takes the images, one copy refuses its write, and the other takes it. */
	for (int copy = 0; copy < 2; copy++) {
		interrupt(content);
		memory_disk_fail(s->metadata, MEMORY_DISK_WRITE,
				 (uint64_t)(scrub_volume_imd(1, copy) - s->metadata->bytes), 512, -1, -EIO);
		assert_int_equal(scrub_volume_run(NULL), 0);
		assert_false(s->result.still_active);
		assert_original_data();
		memory_disk_reset(s->metadata);
		assert_int_equal(scrub_volume_run(NULL), 0);
		assert_healed();
	}
	/* Both copies refuse: the volume stays active until they take their writes. */
	interrupt(content);
	for (int copy = 0; copy < 2; copy++)
		memory_disk_fail(s->metadata, MEMORY_DISK_WRITE,
				 (uint64_t)(scrub_volume_imd(1, copy) - s->metadata->bytes), 512, -1, -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_true(s->result.still_active);
	memory_disk_reset(s->metadata);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scrub_volume_set_up, scrub_volume_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_resumes),
		TEST(test_resumes_before_what_waited),
		TEST(test_cancelled_check),
		TEST(test_restart),
		TEST(test_time_limit),
		TEST(test_max_errors),
		TEST(test_a_million),
		TEST(test_recovers),
		TEST(test_recovery_leaves),
		TEST(test_issue8_b9_rotated),
		TEST(test_issue8_b9_not_elsewhere),
		TEST(test_issue8_b9_more_than_the_table),
		TEST(test_slot_cannot_be_written),
		TEST(test_unreadable_journal),
		TEST(test_copies_cannot_be_written),
	};

	return cmocka_run_group_tests_name("scrub: limits and recovery", tests, NULL, NULL);
}
