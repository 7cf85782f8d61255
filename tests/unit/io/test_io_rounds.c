/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounds of writes and their flush, parallel reads, failures; without threads and with the usual number. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/io.h"
#include "support/bytes.h"
#include "support/device_helpers.h"
#include "support/memory_disk.h"

enum { SIZE = 1 << 20, UNIT = 4096, REQUESTS = 64, DATA = 0, METADATA = 1 };

struct fixture {
	struct recorder recorder;
	struct memory_disk memory[2];
	struct csum_io *io;
	uint8_t *buffer; /* SIZE random bytes */
	struct csum_io_request requests[REQUESTS];
};

static int set_up(void **state)
{
	unsigned int threads = *(const unsigned int *)*state;
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	recorder_init(&fixture->recorder);
	memory_disk_init(&fixture->memory[DATA], "data disk", SIZE);
	memory_disk_init(&fixture->memory[METADATA], "metadata disk", SIZE);
	assert_int_equal(csum_io_create(&fixture->recorder.handlers, &fixture->memory[DATA].device,
					&fixture->memory[METADATA].device, threads, &fixture->io),
			 0);
	fixture->buffer = csum_io_alloc(SIZE);
	assert_non_null(fixture->buffer);
	fill_random(fixture->buffer, SIZE, 3);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	csum_io_destroy(fixture->io);
	memory_disk_free(&fixture->memory[DATA]);
	memory_disk_free(&fixture->memory[METADATA]);
	free(fixture->buffer);
	free(fixture);
	return 0;
}

static int run_round(struct csum_io *io, struct csum_io_request *requests, size_t count)
{
	const struct csum_io_list list = { .requests = requests, .count = count };

	return csum_io_round(io, &list, NULL, NULL);
}

/* Makes requests for `count` units of a device, one after the other from `first` on. */
static struct csum_io_request *plan(struct fixture *fixture, int device, enum csum_io_operation operation, size_t first,
				    size_t count)
{
	assert_true(count <= REQUESTS);
	for (size_t i = 0; i < count; i++)
		fixture->requests[i] = (struct csum_io_request){
			.device = &fixture->memory[device].device,
			.operation = operation,
			.buffer = fixture->buffer + (first + i) * UNIT,
			.size = UNIT,
			.offset_bytes = (first + i) * UNIT,
			.error = 12345,
		};
	return fixture->requests;
}

static int write_units(struct fixture *fixture, int device, size_t first, size_t count)
{
	return run_round(fixture->io, plan(fixture, device, CSUM_IO_WRITE, first, count), count);
}

static size_t calls(const struct fixture *fixture, int device, enum memory_disk_call call)
{
	return fixture->memory[device].calls[call];
}

/* All writes come before the flush, and nothing after it. */
static void test_round(void **state)
{
	struct fixture *fixture = *state;
	const struct memory_disk *memory = &fixture->memory[DATA];

	assert_int_equal(write_units(fixture, DATA, 3, REQUESTS), 0);
	assert_memory_equal(memory->bytes + 3 * UNIT, fixture->buffer + 3 * UNIT, REQUESTS * UNIT);
	assert_int_equal(memory->bytes[3 * UNIT - 1] | memory->bytes[(3 + REQUESTS) * UNIT], 0);
	assert_int_equal(memory->call_count, REQUESTS + 1);
	assert_int_equal(memory->log[REQUESTS].call, MEMORY_DISK_FLUSH);
	for (size_t i = 0; i < REQUESTS; i++)
		assert_int_equal(fixture->requests[i].error, 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_false(csum_io_failed(fixture->io));
}

static void test_flush_of_devices_written_only(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(write_units(fixture, DATA, 0, 2), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 1);
	assert_int_equal(fixture->memory[METADATA].call_count, 0);
	assert_int_equal(write_units(fixture, METADATA, 0, 2), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 1);
	assert_int_equal(calls(fixture, METADATA, MEMORY_DISK_FLUSH), 1);
	plan(fixture, DATA, CSUM_IO_WRITE, 0, 4);
	fixture->requests[2].device = &fixture->memory[METADATA].device;
	assert_int_equal(run_round(fixture->io, fixture->requests, 4), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 2);
	assert_int_equal(calls(fixture, METADATA, MEMORY_DISK_FLUSH), 2);
	/* An empty round has nothing to flush. */
	assert_int_equal(run_round(fixture->io, NULL, 0), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 2);
	assert_int_equal(calls(fixture, METADATA, MEMORY_DISK_FLUSH), 2);
}

/* Data and metadata on one device: one flush. */
static void test_one_device_twice(void **state)
{
	struct fixture *fixture = *state;
	struct csum_device *device = &fixture->memory[DATA].device;
	struct csum_io *io;

	assert_int_equal(csum_io_create(&fixture->recorder.handlers, device, device, 2, &io), 0);
	assert_int_equal(run_round(io, plan(fixture, DATA, CSUM_IO_WRITE, 0, 5), 5), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 1);
	assert_int_equal(csum_io_flush_all(io), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 2);
	csum_io_destroy(io);
}

/* Asserts that later writes and flushes end with -EIO, are not tried, and are not reported again. */
static void assert_failed_for_good(struct fixture *fixture, int errors)
{
	assert_true(csum_io_failed(fixture->io));
	for (int device = DATA; device <= METADATA; device++)
		memory_disk_reset(&fixture->memory[device]);
	assert_int_equal(write_units(fixture, DATA, 40, 3), -EIO);
	assert_int_equal(write_units(fixture, METADATA, 40, 1), -EIO);
	assert_int_equal(run_round(fixture->io, NULL, 0), -EIO);
	assert_int_equal(csum_io_flush_all(fixture->io), -EIO);
	for (int device = DATA; device <= METADATA; device++)
		assert_int_equal(fixture->memory[device].call_count, 0);
	assert_int_equal(fixture->recorder.errors, errors);
	assert_true(csum_io_failed(fixture->io));
}

static void test_failed_write(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_WRITE, 7 * UNIT, 1, 1, -ENOSPC);
	assert_int_equal(write_units(fixture, DATA, 0, 20), -EIO);
	assert_one_error(&fixture->recorder, "data disk: writing 4096 bytes at offset 28672: No space left on device");
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 0);
	assert_failed_for_good(fixture, 1);
}

/* When one device fails the other is not flushed either, though it was written. */
static void test_failed_write_beside_a_good_one(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[METADATA], MEMORY_DISK_WRITE, 0, 0, -1, -EIO);
	plan(fixture, DATA, CSUM_IO_WRITE, 0, 8);
	fixture->requests[7].device = &fixture->memory[METADATA].device;
	assert_int_equal(run_round(fixture->io, fixture->requests, 8), -EIO);
	assert_one_error(&fixture->recorder, "metadata disk: writing 4096 bytes at offset 28672: Input/output error");
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 0);
	assert_int_equal(calls(fixture, METADATA, MEMORY_DISK_FLUSH), 0);
	assert_failed_for_good(fixture, 1);
}

/* A write fails after a part of it was moved. */
static void test_failed_rest_of_a_write(void **state)
{
	struct fixture *fixture = *state;
	const struct memory_disk_fault cut = { .call = MEMORY_DISK_WRITE, .times = 1, .most = 1024 };

	memory_disk_fault(&fixture->memory[DATA], &cut);
	memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_WRITE, 1024, 512, -1, -EIO);
	assert_int_equal(write_units(fixture, DATA, 0, 1), -EIO);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 0);
	assert_failed_for_good(fixture, 1);
}

static void test_failed_flush(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[METADATA], MEMORY_DISK_FLUSH, 0, 0, 1, -EIO);
	plan(fixture, DATA, CSUM_IO_WRITE, 0, 8);
	fixture->requests[3].device = &fixture->memory[METADATA].device;
	assert_int_equal(run_round(fixture->io, fixture->requests, 8), -EIO);
	assert_one_error(&fixture->recorder, "metadata disk: flushing written data: Input/output error");
	assert_failed_for_good(fixture, 1);
}

/* After a failed flush the other device is left alone. */
static void test_failed_first_flush(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_FLUSH, 0, 0, 1, -ENOSPC);
	plan(fixture, DATA, CSUM_IO_WRITE, 0, 8);
	fixture->requests[3].device = &fixture->memory[METADATA].device;
	assert_int_equal(run_round(fixture->io, fixture->requests, 8), -EIO);
	assert_one_error(&fixture->recorder, "data disk: flushing written data: No space left on device");
	assert_int_equal(calls(fixture, METADATA, MEMORY_DISK_FLUSH), 0);
	assert_failed_for_good(fixture, 1);
}

static void test_interrupted_flush(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_FLUSH, 0, 0, 5, -EINTR);
	assert_int_equal(write_units(fixture, DATA, 0, 1), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 6);
	assert_int_equal(fixture->recorder.errors, 0);
}

/* A round is started, and looked at only in the end: csum_io_round_wait() has the result. */
static void test_round_in_two_halves(void **state)
{
	struct fixture *fixture = *state;

	for (size_t turn = 0; turn < 10; turn++) {
		csum_io_round_start(fixture->io, plan(fixture, turn % 2, CSUM_IO_WRITE, turn, 20), 20);
		assert_int_equal(csum_io_round_wait(fixture->io), 0);
		assert_memory_equal(fixture->memory[turn % 2].bytes + turn * UNIT, fixture->buffer + turn * UNIT,
				    20 * UNIT);
		assert_int_equal(calls(fixture, turn % 2, MEMORY_DISK_FLUSH), turn / 2 + 1);
	}
	memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_WRITE, 0, 0, 1, -EIO);
	csum_io_round_start(fixture->io, plan(fixture, DATA, CSUM_IO_WRITE, 0, 20), 20);
	assert_int_equal(csum_io_round_wait(fixture->io), -EIO);
	assert_failed_for_good(fixture, 1);
}

/* Flushes even without writes; the cache is dropped after the flush. */
static void test_flush_all(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_FLUSH, 0, 0, 2, -EINTR);
	assert_int_equal(csum_io_flush_all(fixture->io), 0);
	assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 3);
	assert_int_equal(calls(fixture, METADATA, MEMORY_DISK_FLUSH), 1);
	for (int device = DATA; device <= METADATA; device++) {
		const struct memory_disk *memory = &fixture->memory[device];

		assert_int_equal(memory->calls[MEMORY_DISK_DROP_CACHE], 1);
		assert_int_equal(memory->log[memory->call_count - 1].call, MEMORY_DISK_DROP_CACHE);
	}
	assert_false(csum_io_failed(fixture->io));
}

static void test_failed_flush_all(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[METADATA], MEMORY_DISK_FLUSH, 0, 0, 1, -EIO);
	assert_int_equal(csum_io_flush_all(fixture->io), -EIO);
	assert_one_error(&fixture->recorder, "metadata disk: flushing");
	assert_failed_for_good(fixture, 1);
}

static void test_failed_drop_of_the_cache(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_DROP_CACHE, 0, 0, 1, -EIO);
	assert_int_equal(csum_io_flush_all(fixture->io), -EIO);
	assert_one_error(&fixture->recorder, "data disk: flushing");
	assert_failed_for_good(fixture, 1);
}

/* Each read has its own error; none is reported, and none fails the io. */
static void test_reads(void **state)
{
	struct fixture *fixture = *state;
	struct memory_disk *memory = &fixture->memory[DATA];

	memcpy(memory->bytes, fixture->buffer, SIZE);
	memset(fixture->buffer, 0, SIZE);
	memory_disk_fail(memory, MEMORY_DISK_READ, 5 * UNIT, 1, -1, -EIO);
	memory_disk_fail(memory, MEMORY_DISK_READ, 9 * UNIT, 1, -1, -EREMOTEIO);
	plan(fixture, DATA, CSUM_IO_READ, 0, REQUESTS);
	fixture->requests[11].offset_bytes = SIZE;
	assert_int_equal(csum_io_read(fixture->io, fixture->requests, REQUESTS), 0);
	for (size_t i = 0; i < REQUESTS; i++) {
		int expected = i == 5 ? -EIO : i == 9 ? -EREMOTEIO : i == 11 ? CSUM_IO_PAST_END : 0;

		assert_int_equal(fixture->requests[i].error, expected);
		if (!expected)
			assert_memory_equal(fixture->buffer + i * UNIT, memory->bytes + i * UNIT, UNIT);
	}
	assert_int_equal(fixture->recorder.errors, 0);
	assert_false(csum_io_failed(fixture->io));
	assert_int_equal(write_units(fixture, DATA, 0, 1), 0);
}

static void test_vanished_device(void **state)
{
	static const int errors[] = { -ENODEV, -ENXIO };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		recorder_init(&fixture->recorder);
		memory_disk_reset(&fixture->memory[METADATA]);
		memory_disk_fail(&fixture->memory[METADATA], MEMORY_DISK_READ, 2 * UNIT, 1, -1, -EIO);
		memory_disk_fail(&fixture->memory[METADATA], MEMORY_DISK_READ, 6 * UNIT, 1, -1, errors[i]);
		assert_int_equal(csum_io_read(fixture->io, plan(fixture, METADATA, CSUM_IO_READ, 0, 10), 10),
				 errors[i]);
		assert_one_error(&fixture->recorder,
				 "metadata disk: reading 4096 bytes at offset 24576: the device is gone: "
				 "No such dev");
		assert_int_equal(fixture->recorder.error_reason, CSUM_REASON_DEVICE_GONE);
	}
}

/* Any of many writes may fail, alone or with others, in any thread. */
static void test_any_write_fails(void **state)
{
	struct fixture *fixture = *state;
	unsigned int threads = 0;

	for (size_t bad = 0; bad < REQUESTS; bad += 3) {
		struct csum_io *io;

		recorder_init(&fixture->recorder);
		memory_disk_reset(&fixture->memory[DATA]);
		assert_int_equal(csum_io_create(&fixture->recorder.handlers, &fixture->memory[DATA].device,
						&fixture->memory[METADATA].device, threads, &io),
				 0);
		memory_disk_fail(&fixture->memory[DATA], MEMORY_DISK_WRITE, bad * UNIT, 2 * UNIT, -1, -EIO);
		assert_int_equal(run_round(io, plan(fixture, DATA, CSUM_IO_WRITE, 0, REQUESTS), REQUESTS), -EIO);
		assert_one_error(&fixture->recorder, "data disk: writing 4096 bytes at offset ");
		assert_int_equal(calls(fixture, DATA, MEMORY_DISK_FLUSH), 0);
		csum_io_destroy(io);
		threads = 16 - threads;
	}
}

static atomic_uint times[1000];

static void count_index(void *argument, size_t index)
{
	atomic_fetch_add((atomic_uint *)argument + index, 1);
}

static void test_parallel_work(void **state)
{
	struct fixture *fixture = *state;

	csum_io_parallel(fixture->io, 0, 1000, count_index, times);
	csum_io_parallel(fixture->io, 3, 500, count_index, times);
	csum_io_background_start(fixture->io, 0, 100, count_index, times);
	csum_io_background_wait(fixture->io);
	csum_io_background_wait(fixture->io);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(atomic_load(&times[i]), 1 + (i < 500) + (i < 100));
		atomic_store(&times[i], 0);
	}
	assert_int_equal(fixture->memory[DATA].call_count + fixture->memory[METADATA].call_count, 0);
}

static void test_destroy_nothing(void **state)
{
	(void)state;
	csum_io_destroy(NULL);
}

static unsigned int no_threads = 0, all_threads = CSUM_IO_THREADS;

#define BOTH(function)                                                               \
	{ #function " without threads", function, set_up, tear_down, &no_threads },  \
	{                                                                            \
#function " with threads", function, set_up, tear_down, &all_threads \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_round),
		BOTH(test_flush_of_devices_written_only),
		BOTH(test_one_device_twice),
		BOTH(test_failed_write),
		BOTH(test_failed_write_beside_a_good_one),
		BOTH(test_failed_rest_of_a_write),
		BOTH(test_failed_flush),
		BOTH(test_failed_first_flush),
		BOTH(test_interrupted_flush),
		BOTH(test_round_in_two_halves),
		BOTH(test_flush_all),
		BOTH(test_failed_flush_all),
		BOTH(test_failed_drop_of_the_cache),
		BOTH(test_reads),
		BOTH(test_vanished_device),
		BOTH(test_any_write_fails),
		BOTH(test_parallel_work),
		BOTH(test_destroy_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
