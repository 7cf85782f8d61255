/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounds with a policy: refused writes, and before(). */
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

enum { UNIT = 512, UNITS = 16, SIZE = UNITS * UNIT };

static struct {
	struct recorder recorder;
	struct memory_disk memory;
	struct csum_io *io;
	uint8_t *buffer; /* SIZE random bytes */
	struct csum_io_request requests[2]; /* the two halves of the device */
	struct csum_io_list list;
	struct csum_io_policy policy;
	bool refused;
	int before_error; /* the result of before() */
	unsigned int before_calls;
	size_t before_count, written_before;
} f;

static int before(void *user, const struct csum_io_request *requests, size_t count)
{
	assert_ptr_equal(user, &f);
	assert_ptr_equal(requests, f.requests);
	f.before_calls++;
	f.before_count = count;
	f.written_before = f.memory.calls[MEMORY_DISK_WRITE];
	return f.before_error;
}

static int set_up(void **state)
{
	memset(&f, 0, sizeof(f));
	recorder_init(&f.recorder);
	memory_disk_init(&f.memory, "disk", SIZE);
	assert_int_equal(csum_io_create(&f.recorder.handlers, &f.memory.device, &f.memory.device,
					*(const unsigned int *)*state, &f.io),
			 0);
	f.buffer = csum_io_alloc(SIZE);
	assert_non_null(f.buffer);
	fill_random(f.buffer, SIZE, 7);
	for (int i = 0; i < 2; i++) {
		f.requests[i] = (struct csum_io_request){
			.device = &f.memory.device,
			.operation = CSUM_IO_WRITE,
			.buffer = f.buffer + i * (SIZE / 2),
			.size = SIZE / 2,
			.offset_bytes = (uint64_t)i * (SIZE / 2),
		};
	}
	f.list = (struct csum_io_list){ .requests = f.requests, .count = 2 };
	f.policy = (struct csum_io_policy){ .before = before, .user = &f, .tolerant_bytes = UNIT };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	csum_io_destroy(f.io);
	memory_disk_free(&f.memory);
	free(f.buffer);
	return 0;
}

static int run(const struct csum_io_policy *policy)
{
	f.refused = true;
	return csum_io_round(f.io, &f.list, policy, &f.refused);
}

static void assert_unit(size_t unit, bool written)
{
	const uint8_t zeros[UNIT] = { 0 };

	assert_memory_equal(f.memory.bytes + unit * UNIT, written ? f.buffer + unit * UNIT : zeros, UNIT);
}

/* One place is refused: its request has the error, its neighbours are written, nothing is reported, the io goes on. */
static void test_refused(void **state)
{
	(void)state;
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, 3 * UNIT, UNIT, -1, -EIO);
	assert_int_equal(run(&f.policy), 0);
	assert_true(f.refused);
	assert_int_equal(f.requests[0].error, -EIO);
	assert_int_equal(f.requests[1].error, 0);
	for (size_t unit = 0; unit < UNITS; unit++)
		assert_unit(unit, unit != 3);
	assert_int_equal(f.memory.calls[MEMORY_DISK_FLUSH], 1);
	assert_int_equal(f.recorder.errors + f.recorder.warnings, 0);
	assert_false(csum_io_failed(f.io));
	/* The refusal counts for that round, not for later ones. */
	memory_disk_reset(&f.memory);
	assert_int_equal(run(&f.policy), 0);
	assert_false(f.refused);
	assert_int_equal(f.requests[0].error, 0);
	assert_unit(3, true);
}

/* A write that succeeds when it is tried again in pieces was not refused. */
static void test_passing(void **state)
{
	(void)state;
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, 3 * UNIT, UNIT, 1, -EIO);
	assert_int_equal(run(&f.policy), 0);
	assert_false(f.refused);
	assert_unit(3, true);
}

/* A caller that reads back need not know which writes were refused. */
static void test_not_asked(void **state)
{
	(void)state;
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, 3 * UNIT, UNIT, -1, -EIO);
	assert_int_equal(csum_io_round(f.io, &f.list, &f.policy, NULL), 0);
	assert_int_equal(f.requests[0].error, -EIO);
	assert_false(csum_io_failed(f.io));
}

/* A policy applies to its round alone, and one that is not tolerant takes no error for a finding. */
static void test_usual(void **state)
{
	(void)state;
	assert_int_equal(run(&f.policy), 0);
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, 3 * UNIT, UNIT, -1, -EIO);
	assert_int_equal(run(NULL), -EIO);
	assert_false(f.refused);
	assert_one_error(&f.recorder, "writing 4096 bytes at offset 0");
	assert_true(csum_io_failed(f.io));
	assert_int_equal(f.before_calls, 1);
}

static void test_intolerant(void **state)
{
	(void)state;
	f.policy.tolerant_bytes = 0;
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, 3 * UNIT, UNIT, -1, -EIO);
	assert_int_equal(run(&f.policy), -EIO);
	assert_false(f.refused);
	assert_one_error(&f.recorder, "writing 4096 bytes at offset 0");
	assert_true(csum_io_failed(f.io));
}

static void assert_not_tolerated(int error, const char *text)
{
	assert_int_equal(run(&f.policy), error);
	assert_false(f.refused);
	assert_true(csum_io_failed(f.io));
	assert_one_error(&f.recorder, text);
	/* Nothing more is asked or written. */
	assert_int_equal(run(&f.policy), -EIO);
	assert_int_equal(f.before_calls, 1);
}

static void test_vanished(void **state)
{
	(void)state;
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, 0, 0, -1, -ENODEV);
	assert_not_tolerated(-ENODEV, "writing 4096 bytes");
}

/* The error that ends the round is reported, not one that was taken for a finding before. */
static void test_vanished_after_refused(void **state)
{
	(void)state;
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, 3 * UNIT, UNIT, -1, -EIO);
	memory_disk_fail(&f.memory, MEMORY_DISK_WRITE, SIZE / 2, UNIT, -1, -ENODEV);
	assert_int_equal(run(&f.policy), -ENODEV);
	assert_one_error(&f.recorder, "writing 4096 bytes at offset 4096");
}

static void test_failed_flush(void **state)
{
	(void)state;
	memory_disk_fail(&f.memory, MEMORY_DISK_FLUSH, 0, 0, -1, -EIO);
	assert_not_tolerated(-EIO, "flushing written data");
}

static void test_before(void **state)
{
	(void)state;
	assert_int_equal(run(&f.policy), 0);
	assert_int_equal(f.before_count, 2);
	assert_int_equal(f.written_before, 0);
	memory_disk_reset(&f.memory);
	f.before_error = -ENOSPC;
	assert_int_equal(run(&f.policy), -ENOSPC);
	assert_false(f.refused);
	assert_int_equal(f.memory.call_count, 0);
	assert_false(csum_io_failed(f.io));
}

static unsigned int no_threads = 0, some_threads = 4;

/* clang-format off */
#define BOTH(function)                                                              \
	{ #function " without threads", function, set_up, tear_down, &no_threads }, \
	{ #function " with threads", function, set_up, tear_down, &some_threads }
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_refused),
		BOTH(test_passing),
		BOTH(test_not_asked),
		BOTH(test_usual),
		BOTH(test_intolerant),
		BOTH(test_vanished),
		BOTH(test_vanished_after_refused),
		BOTH(test_failed_flush),
		BOTH(test_before),
	};

	return cmocka_run_group_tests_name("io_policy", tests, NULL, NULL);
}
