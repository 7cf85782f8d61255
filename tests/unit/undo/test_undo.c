/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Undoing a scrub: overwritten content comes back where nothing has changed since, once, and on that volume only. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/undo_volume.h"

static struct scrub_volume *const s = &scrub_volume;
static const struct csum_undo_options plain, dry = { .dry_run = true }, forced = { .force = true };

static off_t file_size(void)
{
	struct stat status;

	assert_int_equal(stat(undo_volume_file, &status), 0);
	return status.st_size;
}

static void test_there_and_back(void **state)
{
	struct csum_undo_result result;

	(void)state;
	memset(scrub_volume_imd(1, 0), 1, 512);
	s->metadata->bytes[100] ^= 1;
	assert_int_equal(undo_volume_scrub(), 0);
	/* Records: three sectors, an imd sector, a superblock. */
	assert_int_equal(s->result.undo_records, 5);
	assert_int_equal(s->result.undo_sectors, 3);
	assert_healed();
	assert_int_equal(undo_volume_undo(&dry, &result), 0);
	assert_int_equal(result.restored, 3);
	assert_healed();
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_int_equal(result.records, 5);
	assert_int_equal(result.restored, 3);
	assert_int_equal(result.metadata, 2);
	assert_int_equal(result.refused, 0);
	assert_false(result.cut_short);
	assert_damaged();
	/* An existing file is not overwritten. */
	assert_int_equal(undo_volume_scrub(), -EEXIST);
	assert_damaged();
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

/* A file that was undone is of no more use: nothing tells it from the file of another copy of the volume. */
static void test_undone_twice(void **state)
{
	struct csum_undo_result result;

	(void)state;
	assert_int_equal(undo_volume_scrub(), 0);
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_int_equal(undo_volume_undo(&plain, &result), -EINVAL);
	assert_one_error(&s->recorder, "undone already, or of a scrub of another copy");
	assert_damaged();
	assert_int_equal(undo_volume_undo(&forced, &result), 0);
	assert_int_equal(result.restored, 3);
	assert_damaged();
}

/* Case A4: an image taken before the scrub of its copy. */
static void test_case_4_twin(void **state)
{
	struct csum_undo_result result;

	(void)state;
	for (int i = 0; i < UNDO_VOLUME_SECTORS; i++)
		memcpy(scrub_volume_sector(undo_volume_places[i]), scrub_volume_original(undo_volume_places[i]), 512);
	undo_volume_remember();
	for (int i = 0; i < UNDO_VOLUME_SECTORS; i++)
		memcpy(scrub_volume_sector(undo_volume_places[i]), undo_volume_damaged[i], 512);
	assert_int_equal(undo_volume_scrub(), 0);
	undo_volume_return();
	assert_int_equal(undo_volume_undo(&plain, &result), -EINVAL);
	assert_int_equal(result.restored, 0);
	assert_one_error(&s->recorder, "another copy of the volume");
	assert_healed();
	assert_int_equal(undo_volume_undo(&dry, &result), -EINVAL);
}

/* Two scrubs, undone newest first. */
static void test_newest_first(void **state)
{
	char *first = undo_volume_file;
	struct csum_undo_result result;

	(void)state;
	assert_int_equal(undo_volume_scrub(), 0);
	undo_volume_file = path_in(s->directory, "second");
	scrub_volume_sector(20)[4] ^= 1;
	assert_int_equal(undo_volume_scrub(), 0);
	assert_int_equal(undo_volume_undo_file(first, &plain, &result), -EINVAL);
	assert_one_error(&s->recorder, "undo newest first");
	assert_healed();
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_int_equal(result.restored, 1);
	assert_int_equal(undo_volume_undo_file(first, &plain, &result), 0);
	assert_int_equal(result.restored, 3);
	assert_damaged();
	free(first);
}

static void new_session(uint8_t *slot)
{
	put_le(slot + 264, 8, get_le(slot + 264, 8) + 1);
}

/* A build without undo files has written the volume: a new session, and the old bytes of the id. */
static void test_older_build_wrote(void **state)
{
	struct csum_undo_result result;

	(void)state;
	assert_int_equal(undo_volume_scrub(), 0);
	undo_volume_change_slots(new_session);
	assert_int_equal(undo_volume_undo(&plain, &result), -EINVAL);
	assert_one_error(&s->recorder, "an older version has written the volume since");
	assert_int_equal(s->recorder.error_reason, CSUM_REASON_UNDO_LAST_UNKNOWN);
	assert_healed();
	assert_int_equal(undo_volume_undo(&forced, &result), 0);
	assert_damaged();
}

static int64_t fill(void *user, void *buffer, size_t size)
{
	(void)user;
	memset(buffer, 0xab, size);
	return (int64_t)size;
}

static void test_changed_since(void **state)
{
	const struct csum_write_options options = {
		.offset_bytes = 8 * 512,
		.length_bytes = 512,
		.source = { fill, NULL },
	};
	struct csum_undo_result result;
	struct csum_volume *volume;
	uint64_t done;

	(void)state;
	assert_int_equal(undo_volume_scrub(), 0);
	volume = scrub_volume_open(false);
	assert_int_equal(csum_write(volume, &options, &done), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	scrub_volume_sector(300)[17] ^= 1;
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_int_equal(result.restored, 1);
	assert_int_equal(result.refused, 2);
	assert_string_equal(undo_volume_refusals[0], "its entry has changed");
	assert_string_equal(undo_volume_refusals[1], "");
	assert_string_equal(undo_volume_refusals[2], "it no longer holds what the scrub wrote");
	assert_int_equal(scrub_volume_sector(8)[0], 0xab);
	assert_memory_equal(scrub_volume_sector(9), undo_volume_damaged[1], 512);
	/* Changed sectors stay; the scrub counts as undone. */
	assert_int_equal(undo_volume_undo(&plain, &result), -EINVAL);
}

/* A read error may pass, and then the rest is put back. */
static void test_unreadable_now(void **state)
{
	struct csum_undo_result result;

	(void)state;
	assert_int_equal(undo_volume_scrub(), 0);
	memory_disk_fail(s->data, MEMORY_DISK_READ, scrub_volume_offset(300), 512, -1, -EIO);
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_int_equal(result.restored, 2);
	assert_string_equal(undo_volume_refusals[2], "it cannot be read");
	memory_disk_reset(s->data);
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_int_equal(result.restored, 3);
	assert_damaged();
}

/* Sectors that were unreadable or zeros take no room in the file. */
static void test_no_room_for_nothing(void **state)
{
	const struct csum_scrub_options options = {
		.length_bytes = CSUM_TO_END,
		.undo_file = undo_volume_file,
		.replicas = (const char *const[]){ scrub_volume_make_replica() },
		.replica_count = 1,
	};
	struct csum_undo_result result;

	(void)state;
	memset(scrub_volume_sector(9), 0, 512);
	undo_volume_remember();
	/* The sector stays unreadable until it is written, however often it is read before. */
	for (int times = 1; times < 50; times++) {
		memory_disk_reset(s->data);
		memory_disk_fail(s->data, MEMORY_DISK_READ, scrub_volume_offset(300), 512, times, -EIO);
		undo_volume_return();
		unlink(undo_volume_file);
		assert_int_equal(scrub_volume_run(&options), 0);
		assert_int_equal(s->result.undo_sectors, 3);
		if (file_size() == UNDO_VOLUME_FILE - 2 * 512)
			break;
		assert_int_equal(file_size(), UNDO_VOLUME_FILE - 512);
	}
	memory_disk_reset(s->data);
	assert_healed();
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_int_equal(result.restored, 2);
	assert_memory_equal(scrub_volume_sector(8), undo_volume_damaged[0], 512);
	assert_int_equal(scrub_volume_sector(9)[0], 0);
	assert_memory_equal(scrub_volume_sector(9), scrub_volume_sector(9) + 1, 511);
	assert_string_equal(undo_volume_refusals[2], "what it held could not be read");
}

/* A sector that is not in the file is not overwritten. */
static void test_saved_first(void **state)
{
	struct csum_totals totals;

	(void)state;
	free(undo_volume_file);
	undo_volume_file = path_in(s->directory, "no/such/folder");
	assert_int_equal(undo_volume_scrub(), -ENOENT);
	assert_damaged();
	assert_int_equal(scrub_volume_check(&totals), 3);
}

static void test_nothing_to_save(void **state)
{
	struct csum_volume *volume;
	char *path;

	(void)state;
	memcpy(s->data->bytes, s->original[0], s->data->size);
	assert_int_equal(undo_volume_scrub(), 0);
	assert_int_equal(s->result.undo_records, 0);
	assert_int_equal(access(undo_volume_file, F_OK), -1);
	/* The volume does not name a file that is not there. */
	volume = scrub_volume_open(false);
	assert_int_equal(csum_undo_find(volume, s->directory, &path), -ENOENT);
	assert_null(path);
	assert_one_error(&s->recorder, "no scrub of this volume is left to be undone");
	assert_int_equal(csum_volume_close(volume), 0);
}

static void another_uuid(uint8_t *slot)
{
	slot[24] ^= 1;
}

static void test_another_volume(void **state)
{
	struct csum_undo_result result;

	(void)state;
	assert_int_equal(undo_volume_scrub(), 0);
	undo_volume_change_slots(another_uuid);
	assert_int_equal(undo_volume_undo(&plain, &result), -EINVAL);
	assert_one_error(&s->recorder, "another volume");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, undo_volume_set_up, undo_volume_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back),  TEST(test_undone_twice),	    TEST(test_case_4_twin),
		TEST(test_newest_first),    TEST(test_older_build_wrote),   TEST(test_changed_since),
		TEST(test_unreadable_now),  TEST(test_no_room_for_nothing), TEST(test_saved_first),
		TEST(test_nothing_to_save), TEST(test_another_volume),
	};

	return cmocka_run_group_tests_name("undo", tests, NULL, NULL);
}
