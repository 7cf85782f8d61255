/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data verified on a device that fails, for good or for a while. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/verify_helpers.h"

static struct memory_volume *const memory = &verified.memory;

/* The larger read fails, then some reads of the sector alone, and then none. */
static void test_error_that_passes(void **state)
{
	(void)state;
	for (int times = 2; times <= 3; times++) {
		memory_disk_reset(memory->data);
		verify_fail_reads(30, 0, times, -EIO);
		assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 62), 0);
		assert_verdicts(62, 30, 1, CSUM_VERDICT_TRANSIENT);
		assert_memory_equal(verified.data + 30 * 512, memory_volume_sector(memory, 30), 512);
	}
}

/* Only the larger read failed: it is unknown where, and yet it is counted. */
static void test_error_of_the_larger_read_only(void **state)
{
	uint32_t transient = 0;

	(void)state;
	verify_fail_reads(30, 0, 1, -EIO);
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), 0);
	for (uint32_t i = 0; i < 62; i++) {
		assert_true(verified.verdicts[i] == CSUM_VERDICT_GOOD ||
			    verified.verdicts[i] == CSUM_VERDICT_TRANSIENT);
		transient += verified.verdicts[i] == CSUM_VERDICT_TRANSIENT;
	}
	assert_int_equal(transient, 1);
}

static void test_unreadable(void **state)
{
	static const uint8_t zeros[3 * 512];

	(void)state;
	for (uint64_t sector = 30; sector < 33; sector++)
		verify_fail_reads(sector, 0, -1, sector == 31 ? -EREMOTEIO : -EIO);
	assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 124), 0);
	assert_verdicts(124, 30, 3, CSUM_VERDICT_UNREADABLE);
	assert_memory_equal(verified.data + 30 * 512, zeros, sizeof(zeros));
	assert_memory_equal(verified.data + 33 * 512, memory_volume_sector(memory, 33), 512);
	assert_int_equal(memory->recorder.errors, 0);
	/* The bad sectors of the run are the first and the last, and no others. */
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 32, 1), 0);
	assert_int_equal(verified.verdicts[0], CSUM_VERDICT_UNREADABLE);
}

/* Sectors beside an unreadable one are judged as usual. */
static void test_unreadable_among_others(void **state)
{
	(void)state;
	verify_fail_reads(30, 0, -1, -EIO);
	memory_volume_sector(memory, 40)[3] ^= 1;
	memset(memory_volume_sector(memory, 41), 0, 512);
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), 0);
	assert_int_equal(verified.verdicts[29], CSUM_VERDICT_GOOD);
	assert_int_equal(verified.verdicts[30], CSUM_VERDICT_UNREADABLE);
	assert_int_equal(verified.verdicts[40], CSUM_VERDICT_MISMATCH);
	assert_int_equal(verified.verdicts[41], CSUM_VERDICT_ZEROED);
	assert_int_equal(verified.verdicts[61], CSUM_VERDICT_GOOD);
}

/* A bit flipped once in a transfer: a second read shows that. Flipped in every read it is a mismatch. */
static void test_mismatch_that_passes(void **state)
{
	(void)state;
	verify_corrupt_reads(30, 0, 1);
	assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 62), 0);
	assert_verdicts(62, 30, 1, CSUM_VERDICT_TRANSIENT);
	assert_memory_equal(verified.data + 30 * 512, memory_volume_sector(memory, 30), 512);
	assert_int_equal(verified.computed[30], memory_volume_entry(memory, memory_volume_sector(memory, 30)));
	memory_disk_reset(memory->data);
	verify_corrupt_reads(30, 0, -1);
	assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 62), 0);
	assert_verdicts(62, 30, 1, CSUM_VERDICT_MISMATCH);
}

/* One mismatch passes; one stays; one differs in each read. */
static void test_several_runs_of_mismatches(void **state)
{
	(void)state;
	verify_corrupt_reads(10, 0, 1);
	memory_volume_sector(memory, 30)[9] ^= 4;
	memory_volume_sector(memory, 50)[9] ^= 4;
	/* A read meets one fault only: this one comes when 50 is read again. */
	verify_corrupt_reads(50, 0, 1);
	assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), 0);
	for (int i = 0; i < 62; i++)
		assert_int_equal(verified.verdicts[i], i == 10		  ? CSUM_VERDICT_TRANSIENT :
						       i == 30 || i == 50 ? CSUM_VERDICT_MISMATCH :
									    CSUM_VERDICT_GOOD);
}

/* A mismatch, then an error, then right content: the first mismatch is counted. */
static void test_mismatch_then_error(void **state)
{
	(void)state;
	for (int persistent = 0; persistent < 2; persistent++) {
		memory_disk_reset(memory->data);
		verify_corrupt_reads(30, 0, 1);
		/* 29 is wrong on the medium, so both sectors are read again in one go; and that read fails. */
		memory_volume_content(memory, memory_volume_sector(memory, 29), 29, 9);
		verify_fail_reads(29, 0, persistent ? -1 : 1, -EIO);
		assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), 0);
		assert_int_equal(verified.verdicts[28], CSUM_VERDICT_GOOD);
		assert_int_equal(verified.verdicts[29], persistent ? CSUM_VERDICT_UNREADABLE : CSUM_VERDICT_MISMATCH);
		assert_int_equal(verified.verdicts[30], CSUM_VERDICT_TRANSIENT);
		assert_int_equal(verified.verdicts[31], CSUM_VERDICT_GOOD);
	}
}

/* An unwritten sector has no data: a read error there says nothing about its neighbours. */
static void test_unreadable_unwritten(void **state)
{
	static const uint8_t zeros[512];

	(void)state;
	verify_set_entry(30, 0);
	for (int need = CSUM_NEED_VERDICT; need <= CSUM_NEED_CONTENT; need++) {
		memory_disk_reset(memory->data);
		verify_fail_reads(30, 0, -1, -EIO);
		assert_int_equal(verify_run((enum csum_need)need, 0, 62), 0);
		assert_verdicts(62, 30, 1, CSUM_VERDICT_UNWRITTEN);
	}
	assert_memory_equal(verified.data + 30 * 512, zeros, 512);
}

/* A place with any error of the device is unreadable, not missing, and tried as often as usual. */
static void test_issue8_b5_every_error(void **state)
{
	static const int errors[] = { -EIO,	-ENODATA, -EREMOTEIO, -EILSEQ,	-ETIMEDOUT, -EBADE,
				      -ENOLINK, -ENOSPC,  -EUCLEAN,   -EBADMSG, -ECANCELED };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		memory_disk_reset(memory->data);
		verify_fail_reads(30, 0, -1, errors[i]);
		assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 62), 0);
		assert_verdicts(62, 30, 1, CSUM_VERDICT_UNREADABLE);
		memory_disk_reset(memory->data);
		verify_fail_reads(30, 0, CSUM_IO_READ_ATTEMPTS, errors[i]);
		assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 62), 0);
		assert_verdicts(62, 30, 1, CSUM_VERDICT_TRANSIENT);
	}
}

static void test_cut_short(void **state)
{
	(void)state;
	verify_stop();
	verify_start(512, true, CSUM_CRC32);
	memory->data->device.size_bytes = 100 * 512 + 7;
	assert_int_equal(verify_run(CSUM_NEED_CONTENT, 0, 124), 0);
	assert_verdicts(124, 100, 24, CSUM_VERDICT_MISSING);
	assert_memory_equal(verified.data + 99 * 512, memory_volume_sector(memory, 99), 512);
	assert_int_equal(verified.data[100 * 512] | verified.data[123 * 512], 0);
}

/* The device vanishes in the larger read, in that of one sector, in a second read. */
static void test_vanished(void **state)
{
	static const int errors[] = { -ENODEV, -ENXIO };

	(void)state;
	for (int i = 0; i < 2; i++) {
		memory_disk_reset(memory->data);
		verify_fail_reads(30, 0, -1, errors[i]);
		assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), errors[i]);
		memory_disk_reset(memory->data);
		verify_fail_reads(30, 0, 1, -EIO);
		verify_fail_reads(30, 0, -1, errors[i]);
		assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), errors[i]);
		memory_disk_reset(memory->data);
		verify_corrupt_reads(30, 0, 1);
		verify_fail_reads(30, 0, -1, errors[i]);
		assert_int_equal(verify_run(CSUM_NEED_VERDICT, 0, 62), errors[i]);
	}
	assert_int_equal(memory->recorder.errors, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, verify_set_up, verify_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_error_that_passes),
		TEST(test_error_of_the_larger_read_only),
		TEST(test_unreadable),
		TEST(test_unreadable_among_others),
		TEST(test_mismatch_that_passes),
		TEST(test_several_runs_of_mismatches),
		TEST(test_mismatch_then_error),
		TEST(test_unreadable_unwritten),
		TEST(test_issue8_b5_every_error),
		TEST(test_cut_short),
		TEST(test_vanished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
