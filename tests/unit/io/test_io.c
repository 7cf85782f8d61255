/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single transfers that the device does in part. test_io_rounds.c has the rounds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/io.h"
#include "support/bytes.h"
#include "support/device_helpers.h"
#include "support/memory_disk.h"

enum { SIZE = 1 << 20 };

struct fixture {
	struct recorder recorder;
	struct memory_disk memory;
	struct csum_io *io;
	uint8_t *buffer, *content; /* SIZE bytes each */
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	recorder_init(&fixture->recorder);
	memory_disk_init(&fixture->memory, "disk", SIZE);
	assert_int_equal(csum_io_create(&fixture->recorder.handlers, &fixture->memory.device, &fixture->memory.device,
					0, &fixture->io),
			 0);
	fixture->buffer = csum_io_alloc(SIZE);
	fixture->content = malloc(SIZE);
	assert_non_null(fixture->buffer);
	assert_non_null(fixture->content);
	fill_random(fixture->content, SIZE, 1);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	csum_io_destroy(fixture->io);
	memory_disk_free(&fixture->memory);
	free(fixture->buffer);
	free(fixture->content);
	free(fixture);
	return 0;
}

/* Reads through the library; then `size` bytes of the buffer must be those of the device. */
static int read_now(struct fixture *fixture, size_t size, uint64_t offset_bytes)
{
	memset(fixture->buffer, 0xee, SIZE);
	return csum_io_read_now(&fixture->memory.device, fixture->buffer, size, offset_bytes);
}

static int write_round(struct fixture *fixture, size_t size, uint64_t offset_bytes)
{
	struct csum_io_request request = {
		.device = &fixture->memory.device,
		.operation = CSUM_IO_WRITE,
		.buffer = fixture->buffer,
		.size = size,
		.offset_bytes = offset_bytes,
	};

	memcpy(fixture->buffer, fixture->content, SIZE);
	return csum_io_round(fixture->io, &(struct csum_io_list){ .requests = &request, .count = 1 }, NULL, NULL);
}

/* Asserts the arguments of a call by its number. */
static void assert_call(const struct fixture *fixture, size_t number, enum memory_disk_call call, uint64_t offset_bytes,
			size_t size)
{
	const struct memory_disk_event *event = &fixture->memory.log[number];

	assert_true(number < fixture->memory.call_count);
	assert_int_equal(event->call, call);
	assert_int_equal(event->offset_bytes, offset_bytes);
	assert_int_equal(event->size, size);
}

static void shorten(struct fixture *fixture, enum memory_disk_call call, size_t most, int times)
{
	const struct memory_disk_fault fault = { .call = call, .times = times, .most = most };

	memory_disk_fault(&fixture->memory, &fault);
}

static void test_read_now(void **state)
{
	struct fixture *fixture = *state;

	memcpy(fixture->memory.bytes, fixture->content, SIZE);
	assert_int_equal(read_now(fixture, 4096, 8192), 0);
	assert_memory_equal(fixture->buffer, fixture->content + 8192, 4096);
	assert_int_equal(fixture->buffer[4096], 0xee);
	assert_int_equal(fixture->memory.call_count, 1);
	assert_call(fixture, 0, MEMORY_DISK_READ, 8192, 4096);
	/* Reads reach the last byte, and may be empty. */
	assert_int_equal(read_now(fixture, SIZE, 0), 0);
	assert_memory_equal(fixture->buffer, fixture->content, SIZE);
	assert_int_equal(read_now(fixture, 512, SIZE - 512), 0);
	assert_int_equal(read_now(fixture, 0, SIZE), 0);
	assert_int_equal(fixture->memory.call_count, 3);
	assert_int_equal(fixture->recorder.errors, 0);
}

/* A file continues where it stopped; a sector that was moved in part is moved again with the rest. */
static void test_short_reads(void **state)
{
	static const size_t most[] = { 512, 513, 1000, 1024, 4095, 5000 };
	struct fixture *fixture = *state;

	memcpy(fixture->memory.bytes, fixture->content, SIZE);
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		for (uint32_t unit = 1; unit <= 512; unit *= 512) {
			size_t step = most[i] / unit * unit;

			memory_disk_reset(&fixture->memory);
			fixture->memory.device.logical_sector_size = unit;
			shorten(fixture, MEMORY_DISK_READ, most[i], -1);
			assert_int_equal(read_now(fixture, 16384, 512), 0);
			assert_memory_equal(fixture->buffer, fixture->content + 512, 16384);
			assert_call(fixture, 0, MEMORY_DISK_READ, 512, 16384);
			for (size_t call = 1; call < fixture->memory.call_count; call++)
				assert_call(fixture, call, MEMORY_DISK_READ, 512 + call * step, 16384 - call * step);
		}
	}
}

static void test_short_writes(void **state)
{
	static const size_t most[] = { 512, 513, 1000, 1024, 4095, 5000 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		for (uint32_t unit = 1; unit <= 512; unit *= 512) {
			memory_disk_reset(&fixture->memory);
			memset(fixture->memory.bytes, 0, SIZE);
			fixture->memory.device.logical_sector_size = unit;
			shorten(fixture, MEMORY_DISK_WRITE, most[i], -1);
			assert_int_equal(write_round(fixture, 16384, 512), 0);
			assert_memory_equal(fixture->memory.bytes + 512, fixture->content, 16384);
			assert_int_equal(fixture->memory.bytes[511] | fixture->memory.bytes[512 + 16384], 0);
			assert_true(fixture->memory.calls[MEMORY_DISK_WRITE] > 1);
			for (size_t call = 1; call < fixture->memory.calls[MEMORY_DISK_WRITE]; call++)
				assert_int_equal(fixture->memory.log[call].offset_bytes % unit, 0);
			assert_int_equal(fixture->memory.calls[MEMORY_DISK_FLUSH], 1);
		}
	}
}

/* Only the first transfer is short: the second call moves all the rest. */
static void test_one_short_transfer(void **state)
{
	struct fixture *fixture = *state;

	memcpy(fixture->memory.bytes, fixture->content, SIZE);
	shorten(fixture, MEMORY_DISK_READ, 1536, 1);
	assert_int_equal(read_now(fixture, 8192, 0), 0);
	assert_memory_equal(fixture->buffer, fixture->content, 8192);
	assert_int_equal(fixture->memory.call_count, 2);
	assert_call(fixture, 1, MEMORY_DISK_READ, 1536, 8192 - 1536);
}

/* Issue 9, case 16: moving less than a sector is neither the end of the device nor an error, unless that stays so. */
static void test_part_of_a_sector(void **state)
{
	struct fixture *fixture = *state;

	memcpy(fixture->memory.bytes, fixture->content, SIZE);
	fixture->memory.device.logical_sector_size = 4096;
	shorten(fixture, MEMORY_DISK_READ, 2055, 2);
	assert_int_equal(read_now(fixture, 4096, 8192), 0);
	assert_memory_equal(fixture->buffer, fixture->content + 8192, 4096);
	assert_int_equal(fixture->memory.call_count, 3);
	shorten(fixture, MEMORY_DISK_READ, 2055, -1);
	assert_int_equal(read_now(fixture, 4096, 8192), CSUM_IO_PAST_END);
	assert_int_equal(fixture->memory.call_count, 6);
	memset(fixture->memory.bytes, 0, SIZE);
	shorten(fixture, MEMORY_DISK_WRITE, 2055, 2);
	assert_int_equal(write_round(fixture, 4096, 8192), 0);
	assert_memory_equal(fixture->memory.bytes + 8192, fixture->content, 4096);
	shorten(fixture, MEMORY_DISK_WRITE, 2055, -1);
	assert_int_equal(write_round(fixture, 4096, 4096), -EIO);
	assert_one_error(&fixture->recorder, "disk: writing 4096 bytes at offset 4096: Input/output error");
}

static void test_interrupted_calls(void **state)
{
	struct fixture *fixture = *state;

	for (int call = MEMORY_DISK_READ; call <= MEMORY_DISK_FLUSH; call++)
		memory_disk_fail(&fixture->memory, (enum memory_disk_call)call, 0, 0, 3, -EINTR);
	assert_int_equal(write_round(fixture, 4096, 4096), 0);
	assert_int_equal(read_now(fixture, 4096, 4096), 0);
	assert_memory_equal(fixture->buffer, fixture->content, 4096);
	for (int call = MEMORY_DISK_READ; call <= MEMORY_DISK_FLUSH; call++)
		assert_int_equal(fixture->memory.calls[call], 4);
	assert_false(csum_io_failed(fixture->io));
	assert_int_equal(fixture->recorder.errors, 0);
}

/* Interrupted, short and interrupted again within one transfer. */
static void test_interrupted_in_the_middle(void **state)
{
	struct fixture *fixture = *state;
	const struct memory_disk_fault later = {
		.call = MEMORY_DISK_READ, .offset_bytes = 2048, .size = 1, .skip = 1, .times = 2, .error = -EINTR
	};

	memcpy(fixture->memory.bytes, fixture->content, SIZE);
	memory_disk_fault(&fixture->memory, &later);
	shorten(fixture, MEMORY_DISK_READ, 1024, -1);
	assert_int_equal(read_now(fixture, 8192, 0), 0);
	assert_memory_equal(fixture->buffer, fixture->content, 8192);
	assert_int_equal(fixture->memory.call_count, 8 + 2);
}

static const struct {
	uint64_t offset_bytes;
	size_t size;
} past_the_end[] = {
	{ SIZE, 1 },	      { SIZE, 512 },	   { SIZE - 512, 513 }, { SIZE - 512, 1024 },
	{ 0, SIZE + 1 },      { SIZE + 512, 512 }, { UINT64_MAX, 1 },	{ UINT64_MAX - 511, 512 },
	{ UINT64_MAX, SIZE }, { 512, SIZE_MAX },   { 1, SIZE_MAX },	{ INT64_MAX, 512 },
};
enum { PAST_THE_END = sizeof(past_the_end) / sizeof(past_the_end[0]) };

static void test_read_past_the_end(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < PAST_THE_END; i++)
		assert_int_equal(read_now(fixture, past_the_end[i].size, past_the_end[i].offset_bytes),
				 CSUM_IO_PAST_END);
	assert_int_equal(fixture->memory.call_count, 0);
	assert_int_equal(fixture->recorder.errors, 0);
}

static void test_write_past_the_end(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < PAST_THE_END; i++) {
		assert_true(write_round(fixture, past_the_end[i].size, past_the_end[i].offset_bytes) < 0);
		assert_int_equal(fixture->memory.call_count, 0);
		assert_true(csum_io_failed(fixture->io));
		assert_one_error(&fixture->recorder, "disk: writing ");
		fixture->recorder.errors = 0;
		/* A new io each time, as the last one has failed for good. */
		csum_io_destroy(fixture->io);
		assert_int_equal(csum_io_create(&fixture->recorder.handlers, &fixture->memory.device,
						&fixture->memory.device, 0, &fixture->io),
				 0);
	}
}

/* The device has become smaller since it was opened. */
static void test_nothing_left_to_read(void **state)
{
	struct fixture *fixture = *state;

	fixture->memory.size = SIZE - 4096;
	memcpy(fixture->memory.bytes, fixture->content, SIZE);
	assert_int_equal(read_now(fixture, 4096, SIZE - 4096), CSUM_IO_PAST_END);
	assert_int_equal(read_now(fixture, 8192, SIZE - 8192), CSUM_IO_PAST_END);
	/* The end lies in the middle of a sector. */
	fixture->memory.size = SIZE - 4096 + 100;
	assert_int_equal(read_now(fixture, 8192, SIZE - 8192), CSUM_IO_PAST_END);
	assert_true(fixture->memory.call_count < 10);
}

static void test_write_that_moves_nothing(void **state)
{
	struct fixture *fixture = *state;

	shorten(fixture, MEMORY_DISK_WRITE, 0, -1);
	assert_int_equal(write_round(fixture, 4096, 8192), -EIO);
	assert_int_equal(fixture->memory.calls[MEMORY_DISK_WRITE], 1);
	assert_int_equal(fixture->memory.calls[MEMORY_DISK_FLUSH], 0);
	assert_one_error(&fixture->recorder, "disk: writing 4096 bytes at offset 8192: Input/output error");
}

static void test_read_errors_are_returned(void **state)
{
	struct fixture *fixture = *state;
	const int errors[] = { -EIO, -ENODEV, -ENXIO, -EREMOTEIO, -EAGAIN, -ENODATA };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		memory_disk_reset(&fixture->memory);
		memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 8192, 512, -1, errors[i]);
		assert_int_equal(read_now(fixture, 4096, 8192), errors[i]);
		assert_int_equal(read_now(fixture, 4096, 4096), 0);
		assert_int_equal(fixture->memory.call_count, 2);
	}
	assert_int_equal(fixture->recorder.errors, 0);
	assert_false(csum_io_failed(fixture->io));
}

/* Any error of a place is tried again, as it may pass, except that nothing lies past the end. */
static void test_issue8_b5_any_error_is_tried_again(void **state)
{
	struct fixture *fixture = *state;
	const int errors[] = { -EIO,	 -ENODATA, -EREMOTEIO, -EILSEQ,	 -ETIMEDOUT, -EBADE,
			       -ENOLINK, -ENOSPC,  -EUCLEAN,   -EBADMSG, -ECANCELED };
	int attempts;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		memory_disk_reset(&fixture->memory);
		memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 8192, 512, -1, errors[i]);
		assert_int_equal(csum_io_read_patiently(&fixture->memory.device, fixture->buffer, 512, 8192, &attempts),
				 errors[i]);
		assert_int_equal(attempts, CSUM_IO_READ_ATTEMPTS);
		assert_int_equal(fixture->memory.call_count, CSUM_IO_READ_ATTEMPTS);
		memory_disk_reset(&fixture->memory);
		memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 8192, 512, CSUM_IO_READ_ATTEMPTS - 1, errors[i]);
		assert_int_equal(csum_io_read_patiently(&fixture->memory.device, fixture->buffer, 512, 8192, &attempts),
				 0);
	}
	assert_int_equal(csum_io_read_patiently(&fixture->memory.device, fixture->buffer, 512, SIZE, &attempts),
			 CSUM_IO_PAST_END);
	assert_int_equal(attempts, 1);
	assert_true(CSUM_IO_PAST_END < -4095);
}

static void test_vanished(void **state)
{
	(void)state;
	assert_true(csum_io_vanished(-ENODEV));
	assert_true(csum_io_vanished(-ENXIO));
	assert_true(csum_io_vanished(-ENOTCONN));
	assert_true(csum_io_vanished(-ECONNABORTED));
	assert_true(csum_io_vanished(-ESTALE));
	assert_false(csum_io_vanished(0));
	assert_false(csum_io_vanished(-EIO));
	assert_false(csum_io_vanished(CSUM_IO_PAST_END));
	assert_false(csum_io_vanished(ENODEV));
}

static int read_patiently(struct fixture *fixture, uint64_t sector)
{
	return csum_io_read_patiently(&fixture->memory.device, fixture->buffer, 512, sector * 512, NULL);
}

/* A device with EIO for everything, even for places that it could read before, is gone; so is one that then says so. */
static void test_issue9_a3_everything_fails(void **state)
{
	static const int errors[] = { -EIO, -ENOTCONN };
	struct fixture *fixture = *state;
	int error = -EIO;
	uint64_t sector = 0;

	for (size_t i = 0; i < 2; i++) {
		memory_disk_reset(&fixture->memory);
		assert_int_equal(read_patiently(fixture, 100), 0);
		memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 0, 512 * 100, -1, -EIO);
		memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 0, SIZE, -1, errors[i]);
		assert_int_equal(csum_io_still_there(&fixture->memory.device), 0);
		/* At the end this is found by asking, and after some failures by itself. */
		assert_int_equal(read_patiently(fixture, 0), -EIO);
		assert_int_equal(csum_io_still_there(&fixture->memory.device), i == 0 ? -ENODEV : -ENOTCONN);
		for (error = -EIO, sector = 0; sector < 20 && error == -EIO; sector++)
			error = read_patiently(fixture, sector);
		assert_int_equal(error, i == 0 ? -ENODEV : -ENOTCONN);
		assert_in_range(sector, 10, 20);
	}
}

/* A disk may have any number of bad sectors, even around the last or the first one that it read. */
static void test_issue9_a3_bad_run_is_no_gone_device(void **state)
{
	struct fixture *fixture = *state;
	size_t calls;

	assert_int_equal(read_patiently(fixture, 0), 0);
	assert_int_equal(read_patiently(fixture, 10), 0);
	memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 10 * 512, SIZE - 10 * 512, -1, -EIO);
	calls = fixture->memory.call_count;
	for (uint64_t sector = 10; sector < SIZE / 512; sector++)
		assert_int_equal(read_patiently(fixture, sector), -EIO);
	assert_int_equal(csum_io_still_there(&fixture->memory.device), 0);
	/* The reads that this costs. */
	calls = fixture->memory.call_count - calls;
	assert_in_range(calls, (SIZE / 512 - 10) * 3, (SIZE / 512 - 10) * 4);
	/* Now the bad run comes first. */
	memory_disk_reset(&fixture->memory);
	assert_int_equal(read_patiently(fixture, 1000), 0);
	memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 0, 1000 * 512, -1, -EIO);
	for (uint64_t sector = 0; sector < 1000; sector++)
		assert_int_equal(read_patiently(fixture, sector), -EIO);
}

/* A device that never read anything is not known to be gone. */
static void test_issue9_a3_nothing_was_ever_read(void **state)
{
	struct fixture *fixture = *state;

	memory_disk_fail(&fixture->memory, MEMORY_DISK_READ, 0, SIZE, -1, -EIO);
	for (uint64_t sector = 0; sector < 100; sector++)
		assert_int_equal(read_patiently(fixture, sector), -EIO);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_now),
		TEST(test_short_reads),
		TEST(test_short_writes),
		TEST(test_one_short_transfer),
		TEST(test_part_of_a_sector),
		TEST(test_interrupted_calls),
		TEST(test_interrupted_in_the_middle),
		TEST(test_read_past_the_end),
		TEST(test_write_past_the_end),
		TEST(test_nothing_left_to_read),
		TEST(test_write_that_moves_nothing),
		TEST(test_read_errors_are_returned),
		TEST(test_issue8_b5_any_error_is_tried_again),
		TEST(test_vanished),
		TEST(test_issue9_a3_everything_fails),
		TEST(test_issue9_a3_bad_run_is_no_gone_device),
		TEST(test_issue9_a3_nothing_was_ever_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
