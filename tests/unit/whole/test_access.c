/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a volume was opened for decides what may be done with it; anything else is refused, and changes no byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/device_helpers.h"
#include "support/image_volume.h"

enum { BYTES = 300000 };

static struct recorder recorder;
static char *directory, *image;

static int64_t fill(void *user, void *buffer, size_t size)
{
	uint64_t *calls = user;

	fill_random(buffer, size, ++*calls);
	return (int64_t)size;
}

static int write_bytes(struct csum_volume *volume)
{
	uint64_t calls = 0, done;
	const struct csum_write_options options = { .length_bytes = BYTES, .source = { .fill = fill, .user = &calls } };

	return csum_write(volume, &options, &done);
}

static struct csum_volume *open_volume(enum csum_access access)
{
	const struct csum_open_options options = { .access = access };
	struct csum_volume *volume;

	assert_int_equal(csum_volume_open(&recorder.handlers, image, NULL, &options, &volume), 0);
	return volume;
}

static int set_up(void **state)
{
	struct csum_volume *volume;

	(void)state;
	recorder_init(&recorder);
	directory = temporary_directory();
	image = path_in(directory, "volume.img");
	image_volume_format(&recorder.handlers, image, 1 << 20);
	volume = open_volume(CSUM_WRITE);
	assert_int_equal(write_bytes(volume), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	recorder_init(&recorder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(image);
	temporary_remove(directory);
	return 0;
}

/* The operations, with all that they need to succeed where they may. */
static int do_write(struct csum_volume *volume)
{
	return write_bytes(volume);
}

static int do_discard(struct csum_volume *volume)
{
	uint64_t done;

	return csum_discard(volume, 0, 4096, &done);
}

static int do_check(struct csum_volume *volume)
{
	const struct csum_check_options options = { .length_bytes = CSUM_TO_END };
	struct csum_totals totals;

	return csum_check(volume, &options, &totals);
}

static int sink(void *user, const void *bytes, size_t size, uint64_t offset_bytes, bool is_zero)
{
	const int *result = user;

	(void)bytes;
	(void)size;
	(void)offset_bytes;
	(void)is_zero;
	return *result;
}

static int read_with(struct csum_volume *volume, int result)
{
	const struct csum_read_options options = { .length_bytes = CSUM_TO_END, .sink = sink, .user = &result };
	uint64_t done;

	return csum_read(volume, &options, &done);
}

static int do_read(struct csum_volume *volume)
{
	return read_with(volume, 0);
}

static int scrub_with(struct csum_volume *volume, bool dry_run)
{
	const struct csum_scrub_options options = { .length_bytes = CSUM_TO_END, .dry_run = dry_run };
	struct csum_scrub_result result;

	return csum_scrub(volume, &options, &result);
}

static int do_scrub(struct csum_volume *volume)
{
	return scrub_with(volume, false);
}

static int do_dry_scrub(struct csum_volume *volume)
{
	return scrub_with(volume, true);
}

static int do_undo(struct csum_volume *volume)
{
	const struct csum_undo_options options = { 0 };
	struct csum_undo_result result;

	/* Where it may it fails later, as there is no such file. */
	return csum_undo(volume, "/nowhere", &options, &result);
}

static uint64_t hash_image(void)
{
	FILE *file = fopen(image, "rb");
	uint64_t hash = 0;
	int byte;

	assert_non_null(file);
	while ((byte = getc(file)) != EOF)
		hash = hash * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)byte + 1;
	fclose(file);
	return hash;
}

static void test_operations(void **state)
{
	static const struct {
		int (*run)(struct csum_volume *volume);
		int errors[4]; /* by enum csum_access */
	} operations[] = {
		{ do_check, { 0, -EBADF, 0, 0 } },
		{ do_read, { 0, -EBADF, 0, 0 } },
		{ do_dry_scrub, { 0, -EBADF, 0, 0 } },
		{ do_scrub, { -EINVAL, -EINVAL, -EINVAL, 0 } },
		{ do_write, { -EBADF, -EBADF, 0, -EBADF } },
		{ do_discard, { -EBADF, -EBADF, 0, -EBADF } },
		{ do_undo, { -EBADF, -EBADF, -ENOENT, -EBADF } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		for (int access = CSUM_READ; access <= CSUM_REPAIR; access++) {
			struct csum_volume *volume = open_volume((enum csum_access)access);
			uint64_t before = hash_image();
			int expected = operations[i].errors[access];

			recorder_init(&recorder);
			assert_int_equal(operations[i].run(volume), expected);
			assert_int_equal(recorder.errors, expected ? 1 : 0);
			if (expected)
				assert_true(hash_image() == before);
			assert_int_equal(csum_volume_close(volume), 0);
		}
	}
}

/* A write would replace the intent, and end with "clean" what was never recovered. */
static void test_no_write_before_recovery(void **state)
{
	struct csum_volume_info info;
	struct csum_volume *volume;
	uint64_t before;

	(void)state;
	image_volume_make_active(image);
	before = hash_image();
	volume = open_volume(CSUM_REPAIR);
	assert_int_equal(write_bytes(volume), -EBADF);
	assert_one_error(&recorder, "is open for a scrub only, which recovers it first");
	csum_volume_get_info(volume, &info);
	assert_int_equal(info.state, CSUM_ACTIVE);
	assert_int_equal(csum_volume_close(volume), 0);
	assert_true(hash_image() == before);
}

/* The sink's own error is handed through: the library adds no message, and does not take it for a bad sector. */
static void test_sink_fails(void **state)
{
	static const int errors[] = { -EBADMSG, -EPIPE, -ENOSPC };
	struct csum_volume *volume = open_volume(CSUM_READ);

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		assert_int_equal(read_with(volume, errors[i]), errors[i]);
	assert_int_equal(recorder.errors, 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_operations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_write_before_recovery, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sink_fails, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
