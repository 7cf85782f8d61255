/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every function with options refuses options of a later version, and an access that does not exist. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/guard_volume.h"

/* Asserts a refusal for each place, with nothing else wrong in the options. */
#define assert_refused(options, call)                                           \
	for (size_t i = 0; i < CSUM_RESERVED; i++) {                            \
		memset((options).reserved, 0, sizeof((options).reserved));      \
		(options).reserved[i] = 1;                                      \
		recorder_init(recorder);                                        \
		assert_int_equal(call, -EINVAL);                                \
		assert_one_error(recorder, "an option is set that libcsum 0."); \
	}

static struct recorder *const recorder = &guard_volume.recorder;

static struct csum_volume *open_volume(enum csum_access access)
{
	const struct csum_open_options options = { .access = access };
	struct csum_volume *volume;

	assert_int_equal(
		csum_volume_open(&recorder->handlers, guard_volume.data, guard_volume.metadata, &options, &volume), 0);
	return volume;
}

static void test_opening(void **state)
{
	struct csum_open_options opening = { .access = CSUM_READ };
	struct csum_format_options formatting = { .dry_run = true, .force = true };
	struct csum_erase_options erasing = { .dry_run = true };
	struct csum_dump_options dumping = { .group_count = 1 };
	const struct csum_handlers *handlers = &recorder->handlers;
	const char *data = guard_volume.data, *metadata = guard_volume.metadata;
	struct csum_volume *volume;
	struct csum_format *format;
	struct csum_erase *erase;

	(void)state;
	guard_volume_fill_but(0, guard_volume.size);
	assert_refused(opening, csum_volume_open(handlers, data, metadata, &opening, &volume));
	assert_null(volume);
	assert_refused(formatting, csum_format_prepare(handlers, data, metadata, &formatting, &format));
	assert_null(format);
	assert_refused(erasing, csum_erase_prepare(handlers, data, metadata, &erasing, &erase));
	assert_null(erase);
	assert_refused(dumping, csum_dump(handlers, data, metadata, &dumping));
}

static void test_reading(void **state)
{
	struct csum_check_options checking = { .length_bytes = 512 };
	struct csum_read_options reading = { .length_bytes = 0 };
	struct csum_volume *volume;
	struct csum_totals totals;
	uint64_t done;

	(void)state;
	guard_volume_fill_but(0, guard_volume.size);
	volume = open_volume(CSUM_READ);
	assert_refused(checking, csum_check(volume, &checking, &totals));
	assert_int_equal(totals.sectors_unwritten, 0);
	assert_refused(reading, csum_read(volume, &reading, &done));
	assert_int_equal(done, 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void test_writing(void **state)
{
	struct csum_write_options writing = { .length_bytes = 0 };
	struct csum_undo_options undoing = { .dry_run = true };
	struct csum_scrub_options scrubbing = { .length_bytes = 512 };
	struct csum_undo_result undone;
	struct csum_scrub_result scrubbed;
	struct csum_volume *volume;
	uint64_t done;

	(void)state;
	guard_volume_fill_but(0, guard_volume.size);
	volume = open_volume(CSUM_WRITE);
	assert_refused(writing, csum_write(volume, &writing, &done));
	assert_int_equal(done, 0);
	assert_refused(undoing, csum_undo(volume, "no such file", &undoing, &undone));
	assert_int_equal(csum_volume_close(volume), 0);
	volume = open_volume(CSUM_REPAIR);
	assert_refused(scrubbing, csum_scrub(volume, &scrubbing, &scrubbed));
	assert_int_equal(scrubbed.end, CSUM_SCRUB_FAILED);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void test_access(void **state)
{
	const struct csum_open_options options = { .access = (enum csum_access)(CSUM_REPAIR + 1) };
	struct csum_volume *volume;

	(void)state;
	guard_volume_fill_but(0, guard_volume.size);
	recorder_init(recorder);
	assert_int_equal(csum_volume_open(&recorder->handlers, guard_volume.data, guard_volume.metadata, &options,
					  &volume),
			 -EINVAL);
	assert_one_error(recorder, "no such access: 4");
	assert_null(volume);
}

static void test_text(void **state)
{
	char expected[40];

	(void)state;
	snprintf(expected, sizeof(expected), "%d.%d.%d", CSUM_VERSION_MAJOR, CSUM_VERSION_MINOR, CSUM_VERSION_PATCH);
	assert_string_equal(csum_version(), expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guard_volume_test(test_opening), guard_volume_test(test_reading), guard_volume_test(test_writing),
		guard_volume_test(test_access),	 cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
