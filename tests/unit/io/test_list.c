/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of requests: joining, cutting, and the memory of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/io.h"

enum { SIZE = 1 << 20, PIECE = 1 << 20 };

static void test_alloc(void **state)
{
	(void)state;
	for (size_t size = 0; size < 10000; size += 999) {
		uint8_t *memory = csum_io_alloc(size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 4096, 0);
		memset(memory, 1, size);
		free(memory);
	}
}

static void add(struct csum_io_list *list, struct csum_device *device, enum csum_io_operation operation,
		uint8_t *buffer, size_t size, uint64_t offset_bytes)
{
	assert_int_equal(csum_io_list_add(list, device, operation, buffer, size, offset_bytes), 0);
}

static void assert_request(const struct csum_io_list *list, size_t number, const uint8_t *buffer, size_t size,
			   uint64_t offset_bytes)
{
	assert_true(number < list->count);
	assert_ptr_equal(list->requests[number].buffer, buffer);
	assert_int_equal(list->requests[number].size, size);
	assert_int_equal(list->requests[number].offset_bytes, offset_bytes);
}

static void test_joins(void **state)
{
	struct csum_device disk = { .logical_sector_size = 512 }, *device = &disk;
	struct csum_device other = *device;
	struct csum_io_list list = { 0 };
	uint8_t *buffer = calloc(1, SIZE);

	(void)state;
	assert_non_null(buffer);
	add(&list, device, CSUM_IO_WRITE, buffer, 512, 4096);
	add(&list, device, CSUM_IO_WRITE, buffer + 512, 1024, 4608);
	assert_int_equal(list.count, 1);
	assert_request(&list, 0, buffer, 1536, 4096);
	/* Not joined: adjacent in memory only, on the device only, backwards, elsewhere, or in the other direction. */
	add(&list, device, CSUM_IO_WRITE, buffer + 1536, 512, 8192);
	add(&list, device, CSUM_IO_WRITE, buffer + 8192, 512, 8704);
	add(&list, device, CSUM_IO_WRITE, buffer + 7680, 512, 8192);
	add(&list, &other, CSUM_IO_WRITE, buffer + 8192, 512, 8704);
	add(&list, &other, CSUM_IO_READ, buffer + 8704, 512, 9216);
	assert_int_equal(list.count, 6);
	assert_ptr_equal(list.requests[4].device, &other);
	assert_int_equal(list.requests[4].operation, CSUM_IO_WRITE);
	assert_int_equal(list.requests[5].operation, CSUM_IO_READ);
	/* An empty request is left out; after a reset there is nothing to join with. */
	add(&list, device, CSUM_IO_READ, buffer, 0, 0);
	assert_int_equal(list.count, 6);
	list.count = 0;
	add(&list, &other, CSUM_IO_READ, buffer + 9216, 512, 9728);
	assert_int_equal(list.count, 1);
	csum_io_list_free(&list);
	assert_int_equal(list.count, 0);
	assert_null(list.requests);
	csum_io_list_free(&list);
	free(buffer);
}

static void test_cuts(void **state)
{
	struct csum_device disk = { .logical_sector_size = 512 }, *device = &disk;
	struct csum_io_list list = { 0 };
	uint8_t *buffer = calloc(3, PIECE);

	(void)state;
	assert_non_null(buffer);
	add(&list, device, CSUM_IO_WRITE, buffer, 2 * PIECE + 512, 4096);
	assert_int_equal(list.count, 3);
	assert_request(&list, 0, buffer, PIECE, 4096);
	assert_request(&list, 1, buffer + PIECE, PIECE, 4096 + PIECE);
	assert_request(&list, 2, buffer + 2 * PIECE, 512, 4096 + 2 * PIECE);
	/* Joined up to a whole piece, and no further. */
	add(&list, device, CSUM_IO_WRITE, buffer + 2 * PIECE + 512, PIECE - 512, 4096 + 2 * PIECE + 512);
	assert_int_equal(list.count, 3);
	assert_request(&list, 2, buffer + 2 * PIECE, PIECE, 4096 + 2 * PIECE);
	list.count = 0;
	add(&list, device, CSUM_IO_WRITE, buffer, PIECE - 512, 0);
	add(&list, device, CSUM_IO_WRITE, buffer + PIECE - 512, 1024, PIECE - 512);
	assert_int_equal(list.count, 2);
	assert_request(&list, 1, buffer + PIECE - 512, 1024, PIECE - 512);
	csum_io_list_free(&list);
	free(buffer);
}

static void test_grows(void **state)
{
	struct csum_device disk = { .logical_sector_size = 512 };
	struct csum_io_list list = { 0 };
	uint8_t buffer[512];

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		add(&list, &disk, CSUM_IO_WRITE, buffer, 512, i * 1024);
	assert_int_equal(list.count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_request(&list, i, buffer, 512, i * 1024);
	csum_io_list_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_joins),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
