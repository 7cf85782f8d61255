/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The edge of the public interface: values that this version does not have are refused, before anything is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "support/device_helpers.h"

#define SECTOR 512u
#define VOLUME_BYTES 1290240

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A volume without data, and the name of a file that is not there. */
static struct bench {
	struct recorder recorder;
	char *directory, *volume, *absent;
} b;

/* ------------------------------------------------------------------ volumes */

static int prepare_format(const char *data, const char *metadata, const struct csum_format_options *options,
			  struct csum_format **format)
{
	recorder_init(&b.recorder);
	return csum_format_prepare(&b.recorder.handlers, data, metadata, options, format);
}

static void make_volume(const char *path)
{
	const struct csum_format_options options = {
		.sector_size = SECTOR,
		.interleave = 2,
		.checksum_type = CSUM_CRC64,
		.create_bytes = VOLUME_BYTES,
	};
	struct csum_format *format;

	assert_int_equal(prepare_format(path, NULL, &options, &format), 0);
	assert_int_equal(csum_format_run(format), 0);
	assert_int_equal(csum_format_free(format), 0);
}

static int open_volume(const char *path, const struct csum_open_options *options, struct csum_volume **volume)
{
	recorder_init(&b.recorder);
	return csum_volume_open(&b.recorder.handlers, path, NULL, options, volume);
}

static struct csum_volume *volume_for(enum csum_access access)
{
	const struct csum_open_options options = { .access = access };
	struct csum_volume *volume;

	assert_int_equal(open_volume(b.volume, &options, &volume), 0);
	return volume;
}

static int set_up(void **state)
{
	(void)state;
	b.directory = temporary_directory();
	b.volume = path_in(b.directory, "volume");
	b.absent = path_in(b.directory, "absent");
	make_volume(b.volume);
	recorder_init(&b.recorder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temporary_remove(b.directory);
	free(b.volume);
	free(b.absent);
	return 0;
}

/* ------------------------------------------------------------------ names */

static void a_value_beyond_its_enum_has_no_name(void **state)
{
	const unsigned int far[] = { 100, 4096, INT_MAX, UINT_MAX };

	(void)state;
	assert_null(csum_finding_name(CSUM_FINDING_KINDS));
	assert_null(csum_class_name(CSUM_CLASSES));
	assert_null(csum_means_name(CSUM_MEANS_COUNT));
	assert_null(csum_guard_verdict_name((enum csum_guard_verdict)(CSUM_GUARD_OTHER_DATA + 1)));
	assert_null(csum_imd_verdict_name((enum csum_imd_verdict)(CSUM_IMD_MISSING + 1)));
	assert_null(csum_data_verdict_name((enum csum_data_verdict)(CSUM_DATA_UNREADABLE + 1)));
	for (size_t i = 0; i < COUNT(far); i++) {
		assert_null(csum_finding_name((enum csum_finding_kind)far[i]));
		assert_null(csum_class_name((enum csum_class)far[i]));
		assert_null(csum_means_name((enum csum_means)far[i]));
		assert_null(csum_guard_verdict_name((enum csum_guard_verdict)far[i]));
		assert_null(csum_imd_verdict_name((enum csum_imd_verdict)far[i]));
		assert_null(csum_data_verdict_name((enum csum_data_verdict)far[i]));
	}
}

static void each_value_of_an_enum_has_a_name(void **state)
{
	(void)state;
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++)
		assert_non_null(csum_finding_name((enum csum_finding_kind)kind));
	for (int class = 0; class < CSUM_CLASSES; class ++)
		assert_non_null(csum_class_name((enum csum_class) class));
	for (int means = 0; means < CSUM_MEANS_COUNT; means++)
		assert_non_null(csum_means_name((enum csum_means)means));
	for (int verdict = 0; verdict <= CSUM_GUARD_OTHER_DATA; verdict++)
		assert_non_null(csum_guard_verdict_name((enum csum_guard_verdict)verdict));
	for (int verdict = 0; verdict <= CSUM_IMD_MISSING; verdict++)
		assert_non_null(csum_imd_verdict_name((enum csum_imd_verdict)verdict));
	for (int verdict = 0; verdict <= CSUM_DATA_UNREADABLE; verdict++)
		assert_non_null(csum_data_verdict_name((enum csum_data_verdict)verdict));
}

/* ------------------------------------------------------------------ options */

static int count_calls(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero)
{
	int *calls = user;

	(void)data;
	(void)size;
	(void)offset_bytes;
	(void)is_zero;
	++*calls;
	return 0;
}

static void reading_refuses_an_unknown_way_with_bad_sectors(void **state)
{
	const unsigned int unknown[] = { CSUM_ON_ERROR_RAW + 1, UINT_MAX };
	struct csum_volume *volume = volume_for(CSUM_READ);

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		int calls = 0;
		const struct csum_read_options options = {
			.length_bytes = SECTOR,
			.on_error = (enum csum_on_error)unknown[i],
			.sink = count_calls,
			.user = &calls,
		};
		uint64_t done = 1;

		recorder_init(&b.recorder);
		assert_int_equal(csum_read(volume, &options, &done), -EINVAL);
		assert_one_error(&b.recorder, "no such on_error");
		assert_int_equal(done, 0);
		assert_int_equal(calls, 0);
	}
	assert_int_equal(csum_volume_close(volume), 0);
}

/* A file that is not there would be -ENOENT: nothing was opened. */
static void opening_refuses_unknown_bits_of_allow(void **state)
{
	const unsigned int unknown[] = { CSUM_ALLOW_ALL + 1, CSUM_ALLOW_ALL | 1u << 31, UINT_MAX };
	struct csum_volume *volume;

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		for (int access = CSUM_READ; access <= CSUM_REPAIR; access++) {
			const struct csum_open_options options = {
				.access = (enum csum_access)access,
				.allow = unknown[i],
			};

			assert_int_equal(open_volume(b.absent, &options, &volume), -EINVAL);
			assert_one_error(&b.recorder, "no such bits of allow");
			assert_null(volume);
		}
	}
}

static void opening_takes_all_bits_of_allow(void **state)
{
	const struct csum_open_options options = { .access = CSUM_WRITE, .allow = CSUM_ALLOW_ALL };
	struct csum_volume *volume;

	(void)state;
	assert_int_equal(open_volume(b.volume, &options, &volume), 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void formatting_refuses_an_unknown_checksum_type(void **state)
{
	const unsigned int unknown[] = { 0, CSUM_CRC64 + 1, UINT_MAX };
	struct csum_format *format;

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		const struct csum_format_options options = {
			.checksum_type = (enum csum_checksum_type)unknown[i],
			.create_bytes = VOLUME_BYTES,
		};

		assert_int_equal(prepare_format(b.absent, NULL, &options, &format), -EINVAL);
		assert_one_error(&b.recorder, "unknown checksum type");
		assert_null(format);
		assert_int_not_equal(access(b.absent, F_OK), 0);
	}
}

static void refused_to_scrub(const struct csum_scrub_options *options, bool dry_run, const char *text)
{
	struct csum_scrub_options asked = *options;
	struct csum_volume *volume = volume_for(CSUM_REPAIR);
	struct csum_scrub_result result;

	asked.length_bytes = CSUM_TO_END;
	asked.dry_run = dry_run;
	recorder_init(&b.recorder);
	assert_int_equal(csum_scrub(volume, &asked, &result), -EINVAL);
	assert_one_error(&b.recorder, text);
	assert_int_equal(result.end, CSUM_SCRUB_FAILED);
	assert_int_equal(result.totals.sectors_unwritten, 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void scrubbing_refuses_unknown_bits_of_heal(void **state)
{
	const unsigned int unknown[] = { 16, CSUM_HEAL_BITS | 32, CSUM_HEAL_NOTHING | 1u << 31, UINT_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		const struct csum_scrub_options options = { .heal = unknown[i] };

		refused_to_scrub(&options, false, "no such bits of heal");
		refused_to_scrub(&options, true, "no such bits of heal");
	}
}

static void scrubbing_refuses_nothing_and_something(void **state)
{
	const unsigned int ways[] = { CSUM_HEAL_REPLICA, CSUM_HEAL_ELSEWHERE, CSUM_HEAL_BITS };

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		const struct csum_scrub_options options = { .heal = CSUM_HEAL_NOTHING | ways[i] };

		refused_to_scrub(&options, false, "CSUM_HEAL_NOTHING");
		refused_to_scrub(&options, true, "CSUM_HEAL_NOTHING");
	}
}

static void scrubbing_refuses_two_places_for_undo(void **state)
{
	const struct csum_scrub_options options = { .undo_file = b.absent, .undo_directory = b.directory };

	(void)state;
	refused_to_scrub(&options, false, "undo_directory");
	refused_to_scrub(&options, true, "undo_directory");
	assert_int_not_equal(access(b.absent, F_OK), 0);
}

/* ------------------------------------------------------------------ handlers */

/* Handlers with something in the last place that is kept for later versions. */
static const struct csum_handlers *later_handlers(void)
{
	recorder_init(&b.recorder);
	b.recorder.handlers.reserved[CSUM_RESERVED - 1] = 1;
	return &b.recorder.handlers;
}

static void handlers_of_a_later_version_do_not_open(void **state)
{
	const struct csum_open_options options = { .access = CSUM_READ };
	struct csum_volume *volume;

	(void)state;
	assert_int_equal(csum_volume_open(later_handlers(), b.absent, NULL, &options, &volume), -EINVAL);
	assert_one_error(&b.recorder, "handler");
	assert_null(volume);
}

static void handlers_of_a_later_version_do_not_format(void **state)
{
	const struct csum_format_options options = { .checksum_type = CSUM_CRC64, .create_bytes = VOLUME_BYTES };
	struct csum_format *format;

	(void)state;
	assert_int_equal(csum_format_prepare(later_handlers(), b.absent, NULL, &options, &format), -EINVAL);
	assert_one_error(&b.recorder, "handler");
	assert_null(format);
	assert_int_not_equal(access(b.absent, F_OK), 0);
}

static void handlers_of_a_later_version_do_not_erase(void **state)
{
	const struct csum_erase_options options = { 0 };
	struct csum_erase *erase;

	(void)state;
	assert_int_equal(csum_erase_prepare(later_handlers(), b.absent, NULL, &options, &erase), -EINVAL);
	assert_one_error(&b.recorder, "handler");
	assert_null(erase);
}

static void handlers_of_a_later_version_do_not_dump(void **state)
{
	const struct csum_dump_options options = { .group_count = CSUM_TO_END };

	(void)state;
	assert_int_equal(csum_dump(later_handlers(), b.absent, NULL, &options), -EINVAL);
	assert_one_error(&b.recorder, "handler");
}

/* ------------------------------------------------------------------ labels, dry runs */

static int format_with_label(const char *label)
{
	const struct csum_format_options options = {
		.sector_size = SECTOR,
		.checksum_type = CSUM_CRC64,
		.label = label,
		.create_bytes = VOLUME_BYTES,
	};
	struct csum_format *format;
	int error = prepare_format(b.absent, NULL, &options, &format);

	if (error) {
		assert_null(format);
		return error;
	}
	/* Not run, so the file goes. */
	assert_int_equal(csum_format_free(format), 0);
	return 0;
}

static void a_label_that_is_not_utf8_is_refused(void **state)
{
	static const char *const labels[] = {
		"\xff", /* in no sequence */
		"a\x80", /* continues nothing */
		"\xc3", /* cut short */
		"\xe2\x82", /* cut short */
		"\xe2\x82z", /* cut short, and more behind it */
		"\xc0\xaf", /* "/" in two bytes */
		"\xe0\x80\xaf", /* "/" in three bytes */
		"\xf0\x80\x80\xaf", /* "/" in four bytes */
		"\xed\xa0\x80", /* a surrogate */
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf8\x88\x80\x80\x80", /* five bytes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(labels); i++) {
		assert_int_equal(format_with_label(labels[i]), -EINVAL);
		assert_one_error(&b.recorder, "the label is not UTF-8");
		assert_int_not_equal(access(b.absent, F_OK), 0);
	}
}

static void a_label_in_utf8_is_taken(void **state)
{
	static const char *const labels[] = {
		"",
		"disk 1",
		"\xc2\x80", /* U+0080 */
		"\xdf\xbf", /* U+07FF */
		"\xe0\xa0\x80", /* U+0800 */
		"\xed\x9f\xbf", /* U+D7FF */
		"\xee\x80\x80", /* U+E000 */
		"\xef\xbf\xbf", /* U+FFFF */
		"\xf0\x90\x80\x80", /* U+10000 */
		"\xf4\x8f\xbf\xbf", /* U+10FFFF */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(labels); i++)
		assert_int_equal(format_with_label(labels[i]), 0);
}

static void a_dry_run_of_erasing_is_not_run(void **state)
{
	const struct csum_erase_options options = { .dry_run = true };
	const struct csum_erase_slot *slots;
	struct csum_erase *erase;
	size_t count;

	(void)state;
	recorder_init(&b.recorder);
	assert_int_equal(csum_erase_prepare(&b.recorder.handlers, b.volume, NULL, &options, &erase), 0);
	assert_int_equal(csum_erase_run(erase), -EINVAL);
	assert_one_error(&b.recorder, "a dry run cannot be run");
	slots = csum_erase_slots(erase, &count);
	assert_int_equal(count, CSUM_SLOTS);
	for (size_t i = 0; i < count; i++)
		assert_false(slots[i].erased);
	assert_int_equal(csum_erase_free(erase), 0);
	assert_int_equal(csum_volume_close(volume_for(CSUM_WRITE)), 0);
}

static void a_dry_run_of_formatting_is_not_run(void **state)
{
	const struct csum_format_options options = {
		.checksum_type = CSUM_CRC64,
		.create_bytes = VOLUME_BYTES,
		.dry_run = true,
	};
	struct csum_format *format;

	(void)state;
	assert_int_equal(prepare_format(b.absent, NULL, &options, &format), 0);
	assert_int_equal(csum_format_run(format), -EINVAL);
	assert_one_error(&b.recorder, "a dry run cannot be run");
	assert_int_equal(csum_format_free(format), 0);
	assert_int_not_equal(access(b.absent, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_beyond_its_enum_has_no_name),
		cmocka_unit_test(each_value_of_an_enum_has_a_name),
		cmocka_unit_test_setup_teardown(reading_refuses_an_unknown_way_with_bad_sectors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(opening_refuses_unknown_bits_of_allow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(opening_takes_all_bits_of_allow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(formatting_refuses_an_unknown_checksum_type, set_up, tear_down),
		cmocka_unit_test_setup_teardown(scrubbing_refuses_unknown_bits_of_heal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(scrubbing_refuses_nothing_and_something, set_up, tear_down),
		cmocka_unit_test_setup_teardown(scrubbing_refuses_two_places_for_undo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(handlers_of_a_later_version_do_not_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(handlers_of_a_later_version_do_not_format, set_up, tear_down),
		cmocka_unit_test_setup_teardown(handlers_of_a_later_version_do_not_erase, set_up, tear_down),
		cmocka_unit_test_setup_teardown(handlers_of_a_later_version_do_not_dump, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_label_that_is_not_utf8_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_label_in_utf8_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dry_run_of_erasing_is_not_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_dry_run_of_formatting_is_not_run, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
