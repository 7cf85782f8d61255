/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scans whose windows roll on while others are visited: every batch once and in order, with the verdicts that its
 * sectors have by themselves, whatever the caller does between batches, and an end at any point.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/memory_volume.h"
#include "volume/scan.h"

/* S = 4096: a group has 510 sectors, so a window of few groups has few runs, fewer than there are threads. */
enum { SECTOR = 4096, PER_GROUP = 510, GROUPS = 9, SECTORS = 8 * PER_GROUP + 77, DAMAGED = 40 };

static struct memory_volume memory;

/* What a scan handed out, and what is done between batches. */
static struct seen {
	uint64_t next_sector, first_sector, end_sector;
	size_t batches, idles, rests;
	uint64_t random;
	int stop_after; /* batches; visit then returns STOPPED; -1: never */
	int cancel_after; /* batches; -1: never */
	bool keep_data;
	uint8_t verdict[SECTORS];
} seen;
enum { STOPPED = 7 };
static uint8_t expected[SECTORS];

static bool cancelled(void *user)
{
	(void)user;
	return seen.cancel_after >= 0 && seen.batches >= (size_t)seen.cancel_after;
}

static void start(unsigned int threads)
{
	const struct memory_volume_shape shape = {
		.sector_size = SECTOR,
		.interleave = 3,
		.checksum_type = CSUM_CRC64,
		.data_sectors = SECTORS,
		.threads = threads,
	};

	memory_volume_init(&memory, &shape);
	memory_volume_fill(&memory);
	memset(expected, CSUM_VERDICT_GOOD, sizeof(expected));
	for (uint64_t i = 0; i < DAMAGED; i++) {
		uint64_t sector = (i * 7919 + 13) % SECTORS;

		memory_volume_sector(&memory, sector)[i * 97] ^= 0x10;
		expected[sector] = CSUM_VERDICT_MISMATCH;
	}
	memory.volume.handlers.cancelled = cancelled;
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	(void)user;
	assert_int_equal(batch->first_sector, seen.next_sector);
	assert_true(batch->sector_count > 0);
	seen.next_sector += batch->sector_count;
	assert_true(seen.next_sector <= seen.end_sector);
	memcpy(seen.verdict + batch->first_sector, batch->verdict, (size_t)batch->sector_count);
	for (uint64_t i = 0; seen.keep_data && i < batch->sector_count; i += 37)
		assert_memory_equal(batch->data + i * SECTOR, memory_volume_sector(&memory, batch->first_sector + i),
				    SECTOR);
	seen.batches++;
	return seen.stop_after >= 0 && seen.batches > (size_t)seen.stop_after ? STOPPED : 0;
}

static bool needs_rest(void *user, const struct csum_scan_batch *batch)
{
	(void)user;
	(void)batch;
	return next_random(&seen.random) % 3 == 0;
}

static void count(void *argument, size_t index)
{
	(void)index;
	atomic_fetch_add((atomic_int *)argument, 1);
}

/* At rest the pool has other jobs, and the device is written. */
static int idle(void *user, struct csum_scan_batch *batch, bool at_rest)
{
	atomic_int counted = 0;

	(void)user;
	(void)batch;
	seen.idles++;
	seen.rests += at_rest;
	if (at_rest)
		csum_io_parallel(memory.volume.io, 0, 20, count, &counted);
	assert_int_equal(counted, at_rest ? 20 : 0);
	return 0;
}

static int scan(uint64_t first, uint64_t sectors, uint64_t batch_bytes)
{
	const struct csum_scan_options options = {
		.first_sector = first,
		.sector_count = sectors,
		.keep_data = seen.keep_data,
		.visit = visit,
		.needs_rest = needs_rest,
		.idle = idle,
		.batch_bytes = batch_bytes,
	};

	seen.first_sector = seen.next_sector = first;
	seen.end_sector = first + sectors;
	seen.batches = seen.idles = seen.rests = 0;
	memset(seen.verdict, 0xee, sizeof(seen.verdict));
	return csum_scan(&memory.volume, &options);
}

static void reset(uint64_t random)
{
	seen = (struct seen){ .random = random, .stop_after = -1, .cancel_after = -1 };
}

static const unsigned int thread_counts[] = { 0, 1, 3, 16 };
/* One group a window; two; all in one. */
static const uint64_t window_bytes[] = { 1, 2 * PER_GROUP *SECTOR, 0 };

static void test_every_sector_once(void **state)
{
	(void)state;
	for (size_t t = 0; t < 4; t++) {
		start(thread_counts[t]);
		for (size_t w = 0; w < 3; w++) {
			for (uint64_t round = 0; round < 8; round++) {
				uint64_t first = round * 499, sectors = SECTORS - first - round * 11;

				reset(round + 100 * t + 1);
				seen.keep_data = round % 2;
				assert_int_equal(scan(first, sectors, window_bytes[w]), 0);
				assert_int_equal(seen.next_sector, first + sectors);
				assert_int_equal(seen.idles, seen.batches);
				assert_memory_equal(seen.verdict + first, expected + first, sectors);
			}
		}
		memory_volume_free(&memory);
	}
}

/* visit ends it, or a cancellation: nothing is visited behind that, and the pool has come to rest. */
static void test_ends_anywhere(void **state)
{
	(void)state;
	for (size_t t = 0; t < 4; t++) {
		start(thread_counts[t]);
		for (int after = 0; after < GROUPS; after++) {
			reset((uint64_t)after + 1);
			seen.stop_after = after;
			assert_int_equal(scan(0, SECTORS, 1), STOPPED);
			assert_int_equal(seen.batches, after + 1);
			assert_int_equal(seen.idles, after);
			reset((uint64_t)after + 1);
			seen.cancel_after = after;
			assert_int_equal(scan(0, SECTORS, 1), -ECANCELED);
			assert_int_equal(seen.batches, after);
			/* What was visited is dealt with all the same. */
			assert_int_equal(seen.idles, after);
		}
		memory_volume_free(&memory);
	}
}

/* The device goes away with any of its reads: what was visited before is right, and one error says where. */
static void test_device_vanishes(void **state)
{
	(void)state;
	for (size_t t = 0; t < 4; t++) {
		start(thread_counts[t]);
		for (int skip = 0; skip < 60; skip += 1 + skip / 10) {
			memory_disk_fault(memory.data, &(struct memory_disk_fault){ .call = MEMORY_DISK_READ,
										    .skip = skip,
										    .times = -1,
										    .error = -ENODEV });
			reset((uint64_t)skip + 1);
			recorder_init(&memory.recorder);
			assert_int_equal(scan(0, SECTORS, 1), -ENODEV);
			assert_true(seen.batches < GROUPS);
			assert_memory_equal(seen.verdict, expected, seen.next_sector);
			assert_one_error(&memory.recorder, "reading around data sector");
			memory_disk_reset(memory.data);
			memory.volume.handlers.cancelled = cancelled;
		}
		memory_volume_free(&memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sector_once),
		cmocka_unit_test(test_ends_anywhere),
		cmocka_unit_test(test_device_vanishes),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
