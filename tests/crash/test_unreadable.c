/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sectors that stay unreadable, at rest and during recovery: the library handles each as the protocol says, whichever
 * error the device gives.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/explore/bench.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

/* clang-format off */
#define WRITE(from, number, content) { .action = SIM_WRITE, .first = (from), .count = (number), .version = (content) }

static const struct sim_scenario at_rest = {
	.name = "unreadable", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	.setup = { WRITE(60, 6, 1) },
};
/* clang-format on */

static const struct sim_command recovery = { .action = SIM_RECOVER };

/* The device's error for a place that cannot be read, in the current test. */
static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "EIO", -EIO },	 { "ENODATA", -ENODATA },     { "EREMOTEIO", -EREMOTEIO },
	{ "EILSEQ", -EILSEQ },	 { "ETIMEDOUT", -ETIMEDOUT }, { "EBADE", -EBADE },
	{ "ENOLINK", -ENOLINK }, { "ENOSPC", -ENOSPC },	      { "EUCLEAN", -EUCLEAN },
	{ "EBADMSG", -EBADMSG }, { "ECANCELED", -ECANCELED },
};
enum { ERRORS = sizeof(errors) / sizeof(errors[0]) };
static int present_error;

static void set_up(struct sim_bench *bench, const struct sim_scenario *scenario)
{
	sim_bench_set_up(bench, scenario);
	bench->machine.read_error = present_error;
}

static void spoil(struct sim_bench *bench, uint64_t offset_bytes)
{
	size_t i = 0;

	while (bench->unreadable[i] != UINT64_MAX)
		i += 2;
	bench->unreadable[i] = 0;
	bench->unreadable[i + 1] = offset_bytes / SIM_BLOCK_SIZE;
	bench->unreadable[i + 2] = UINT64_MAX;
}

static void spoil_data(struct sim_bench *bench, uint64_t sector)
{
	spoil(bench, csum_layout_data_offset(&bench->start.map.geometry, sector));
}

static void spoil_copy(struct sim_bench *bench, uint64_t group, int copy)
{
	spoil(bench, csum_layout_imd_offset(&bench->start.map.geometry, group, copy));
}

static void heal(struct sim_bench *bench)
{
	bench->unreadable[0] = UINT64_MAX;
}

static void assert_findings(const struct sim_bench *bench, enum csum_finding_kind kind, uint64_t count)
{
	for (int i = 0; i < CSUM_FINDING_KINDS; i++)
		assert_int_equal(bench->view.totals.findings[i], i == (int)kind ? count : 0);
	assert_int_equal(bench->view.totals.errors, csum_finding_is_error(kind) ? count : 0);
}

/* ------------------------------------------------------------------ at rest */

static void test_data_sector(void **state)
{
	static const struct sim_command other = WRITE(61, 1, 2), whole = WRITE(63, 1, 3);
	static const struct sim_command part = { .action = SIM_WRITE, .first = 63, .count = 1, .skip = 1, .version = 2 };
	uint32_t *after;
	struct sim_bench bench;

	(void)state;
	set_up(&bench, &at_rest);
	spoil_data(&bench, 63);
	sim_bench_look(&bench);
	sim_bench_assert_content(&bench, 63, 64, SIM_BAD);
	assert_findings(&bench, CSUM_UNREADABLE, 1);
	assert_string_equal(bench.view.reason, "the device cannot read it");
	assert_int_equal(bench.view.read_error, -EBADMSG);
	/* Such a sector cannot be changed in part: nothing is written, and the volume is clean. */
	sim_bench_run(&bench, &part);
	assert_int_equal(bench.run.error, -EBADMSG);
	sim_bench_look(&bench);
	sim_bench_assert_content(&bench, 63, 64, SIM_BAD);
	assert_int_equal(bench.view.info.state, CSUM_CLEAN);
	/* Other sectors may be written, and this one as a whole. */
	sim_bench_run(&bench, &other);
	assert_int_equal(bench.run.error, 0);
	sim_bench_run(&bench, &whole);
	assert_int_equal(bench.run.error, 0);
	heal(&bench);
	sim_bench_look(&bench);
	after = bench.start.content;
	sim_command_result(&bench.start.contents, &other, after, after);
	sim_command_result(&bench.start.contents, &whole, after, after);
	sim_expect_set(&bench.start.expect, after, after);
	sim_bench_look(&bench);
	sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
	assert_int_equal(bench.view.totals.errors, 0);
	sim_bench_tear_down(&bench);
}

static void test_one_copy(void **state)
{
	static const struct sim_command command = WRITE(62, 1, 2);

	(void)state;
	for (int copy = 0; copy < 2; copy++) {
		struct sim_bench bench;

		set_up(&bench, &at_rest);
		spoil_copy(&bench, 1, copy);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		assert_findings(&bench, CSUM_IMD_BAD, 1);
		assert_string_equal(bench.view.reason, csum_imd_verdict_name(CSUM_IMD_UNREADABLE));
		sim_bench_run(&bench, &command);
		assert_int_equal(bench.run.error, 0);
		sim_command_result(&bench.start.contents, &command, bench.start.content, bench.start.content);
		sim_expect_set(&bench.start.expect, bench.start.content, bench.start.content);
		heal(&bench);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		assert_int_equal(bench.view.totals.errors, 0);
		sim_bench_tear_down(&bench);
	}
}

static void test_both_copies(void **state)
{
	static const struct sim_command part = WRITE(62, 5, 2), whole = WRITE(62, 6, 3);
	struct sim_bench bench;

	(void)state;
	set_up(&bench, &at_rest);
	spoil_copy(&bench, 1, 0);
	spoil_copy(&bench, 1, 1);
	sim_bench_look(&bench);
	sim_bench_assert_content(&bench, 62, 68, SIM_BAD);
	assert_findings(&bench, CSUM_IMD_LOST, 1);
	sim_bench_run(&bench, &part);
	assert_int_equal(bench.run.error, -EBADMSG);
	sim_bench_look(&bench);
	assert_int_equal(bench.view.info.state, CSUM_CLEAN);
	sim_bench_assert_content(&bench, 62, 68, SIM_BAD);
	sim_bench_run(&bench, &whole);
	assert_int_equal(bench.run.error, 0);
	heal(&bench);
	sim_command_result(&bench.start.contents, &whole, bench.start.content, bench.start.content);
	sim_bench_look(&bench);
	sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
	assert_int_equal(bench.view.totals.errors, 0);
	sim_bench_tear_down(&bench);
}

static void test_slot(void **state)
{
	static const uint64_t offsets[] = { CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET };
	static const struct sim_command command = WRITE(60, 4, 2);

	(void)state;
	for (int slot = 0; slot < 2; slot++) {
		struct sim_bench bench;

		set_up(&bench, &at_rest);
		spoil(&bench, offsets[slot]);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		assert_int_equal(bench.view.totals.errors, 0);
		assert_true(bench.view.totals.findings[CSUM_INTERRUPTED] > 0);
		sim_bench_run(&bench, &command);
		assert_int_equal(bench.run.error, 0);
		heal(&bench);
		sim_command_result(&bench.start.contents, &command, bench.start.content, bench.start.content);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		assert_int_equal(bench.view.totals.errors, 0);
		assert_int_equal(bench.view.info.state, CSUM_CLEAN);
		sim_bench_tear_down(&bench);
	}
}

/* ------------------------------------------------------------------ during recovery */

/* Recovery refuses and changes no content; when the place can be read again it succeeds. */
static void assert_recovers_later(struct sim_bench *bench)
{
	sim_bench_run(bench, &recovery);
	assert_int_equal(bench->run.error, -EBADMSG);
	assert_true(strlen(bench->run.message) > 0);
	heal(bench);
	sim_bench_look(bench);
	assert_int_equal(bench->view.info.state, CSUM_ACTIVE);
	sim_bench_assert_content(bench, 0, 0, SIM_BAD);
	sim_bench_run(bench, &recovery);
	assert_int_equal(bench->run.error, 0);
	sim_bench_look(bench);
	assert_int_equal(bench->view.info.state, CSUM_CLEAN);
	sim_bench_assert_content(bench, 0, 0, SIM_BAD);
	assert_int_equal(bench->view.totals.errors, 0);
}

static void test_differing_sector(void **state)
{
	(void)state;
	for (uint64_t sector = 0; sector < 2; sector++) {
		struct sim_bench bench;

		set_up(&bench, &sim_bench_to_merge);
		spoil_data(&bench, sector);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, sector, sector + 1, SIM_BAD);
		assert_int_equal(bench.view.totals.findings[CSUM_UNREADABLE], 1);
		assert_recovers_later(&bench);
		sim_bench_tear_down(&bench);
	}
}

/* Recovery does not need a sector on which the versions agree; the sector is a finding of its own. */
static void test_other_sector(void **state)
{
	struct sim_bench bench;

	(void)state;
	set_up(&bench, &sim_bench_to_merge);
	spoil_data(&bench, 3);
	sim_bench_run(&bench, &recovery);
	assert_int_equal(bench.run.error, 0);
	sim_bench_look(&bench);
	sim_bench_assert_content(&bench, 3, 4, SIM_BAD);
	assert_int_equal(bench.view.info.state, CSUM_CLEAN);
	assert_findings(&bench, CSUM_UNREADABLE, 1);
	sim_bench_tear_down(&bench);
}

/* Only the record still has the entries of the torn copy. */
static void test_journal(void **state)
{
	(void)state;
	for (uint64_t block = 0; block < 2; block++) {
		struct sim_bench bench;

		set_up(&bench, &sim_bench_to_replay);
		spoil(&bench, CSUM_JOURNAL_OFFSET + block * CSUM_BLOCK_SIZE);
		assert_recovers_later(&bench);
		sim_bench_tear_down(&bench);
	}
}

/* The other slot has the same session, so the record counts. */
static void test_slot_in_recovery(void **state)
{
	static const uint64_t offsets[] = { CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET };

	(void)state;
	for (int slot = 0; slot < 2; slot++) {
		struct sim_bench bench;

		set_up(&bench, &sim_bench_to_replay);
		spoil(&bench, offsets[slot]);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		sim_bench_run(&bench, &recovery);
		assert_int_equal(bench.run.error, 0);
		heal(&bench);
		sim_bench_look(&bench);
		sim_bench_assert_content(&bench, 0, 0, SIM_BAD);
		assert_int_equal(bench.view.info.state, CSUM_CLEAN);
		assert_int_equal(bench.view.totals.errors, 0);
		sim_bench_tear_down(&bench);
	}
}

/* ------------------------------------------------------------------ every error */

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_data_sector),	 cmocka_unit_test(test_one_copy),
	cmocka_unit_test(test_both_copies),	 cmocka_unit_test(test_slot),
	cmocka_unit_test(test_differing_sector), cmocka_unit_test(test_other_sector),
	cmocka_unit_test(test_journal),		 cmocka_unit_test(test_slot_in_recovery),
};
enum { TESTS = sizeof(tests) / sizeof(tests[0]) };

static int choose_error(void **state)
{
	present_error = *(const int *)*state;
	return 0;
}

int main(void)
{
	static char names[ERRORS * TESTS][80];
	struct CMUnitTest all[ERRORS * TESTS];

	for (size_t i = 0; i < ERRORS * TESTS; i++) {
		all[i] = tests[i % TESTS];
		snprintf(names[i], sizeof(names[i]), "issue 8 B5: %s, %s", all[i].name, errors[i / TESTS].name);
		all[i].name = names[i];
		all[i].setup_func = choose_error;
		all[i].initial_state = (void *)(uintptr_t)&errors[i / TESTS].error;
	}
	return cmocka_run_group_tests_name("unreadable", all, NULL, NULL);
}
