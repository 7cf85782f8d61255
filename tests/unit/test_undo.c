/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The undo file: written before the volume is, put back where nothing has changed since, refused elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"
#include "scrubbed.h"

enum { HEAD = 64, RECORD = 64 + 512 };

static struct scrubbed *const s = &scrubbed;
static char *file;
static uint8_t damaged[3][512];
static const uint64_t places[3] = { 8, 9, 300 };

static int set_up(void **state)
{
	scrubbed_set_up(state);
	file = path_in(s->directory, "undo");
	for (int i = 0; i < 3; i++) {
		scrubbed_sector(places[i])[i] ^= 8;
		memcpy(damaged[i], scrubbed_sector(places[i]), 512);
	}
	return 0;
}

static int tear_down(void **state)
{
	free(file);
	return scrubbed_tear_down(state);
}

static int scrub_with_undo(void)
{
	return scrubbed_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .undo_file = file });
}

static const char *refusals[8];

static void take_sector(void *user, uint64_t data_sector, const char *refused)
{
	for (int i = 0; i < 3; i++) {
		if (data_sector == places[i])
			refusals[i] = refused ? refused : "";
	}
	(void)user;
}

static int undo(bool dry_run, struct csum_undo_result *result)
{
	const struct csum_undo_options options = { .dry_run = dry_run, .sector = take_sector };
	struct csum_volume *volume = scrubbed_open(false);
	int error;

	memset(refusals, 0, sizeof(refusals));
	error = csum_undo(volume, file, &options, result);
	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

static void assert_damaged(void)
{
	for (int i = 0; i < 3; i++)
		assert_memory_equal(scrubbed_sector(places[i]), damaged[i], 512);
}

static void test_there_and_back(void **state)
{
	struct csum_undo_result result;

	(void)state;
	memset(scrubbed_imd(1, 0), 1, 512);
	s->metadata->bytes[100] ^= 1;
	assert_int_equal(scrub_with_undo(), 0);
	/* Three sectors, an imd sector, a superblock. */
	assert_int_equal(s->result.undo_records, 5);
	assert_healed();
	assert_int_equal(undo(true, &result), 0);
	assert_int_equal(result.restored, 3);
	assert_healed();
	assert_int_equal(undo(false, &result), 0);
	assert_int_equal(result.records, 5);
	assert_int_equal(result.restored, 3);
	assert_int_equal(result.metadata, 2);
	assert_int_equal(result.refused, 0);
	assert_false(result.cut_short);
	assert_damaged();
	/* Once more, as after a crash: nothing to do. */
	assert_int_equal(undo(false, &result), 0);
	assert_int_equal(result.restored, 3);
	assert_damaged();
	/* A file that is there is not written over. */
	assert_int_equal(scrub_with_undo(), -EEXIST);
	assert_damaged();
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_healed();
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
	assert_int_equal(scrub_with_undo(), 0);
	volume = scrubbed_open(false);
	assert_int_equal(csum_write(volume, &options, &done), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	scrubbed_sector(300)[17] ^= 1;
	assert_int_equal(undo(false, &result), 0);
	assert_int_equal(result.restored, 1);
	assert_int_equal(result.refused, 2);
	assert_string_equal(refusals[0], "its entry has changed");
	assert_string_equal(refusals[1], "");
	assert_string_equal(refusals[2], "it no longer holds what the scrub wrote");
	assert_int_equal(scrubbed_sector(8)[0], 0xab);
	assert_memory_equal(scrubbed_sector(9), damaged[1], 512);
}

static void test_cut_and_damaged(void **state)
{
	struct csum_undo_result result;
	struct stat status;
	uint8_t byte;
	int descriptor;

	(void)state;
	assert_int_equal(scrub_with_undo(), 0);
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_size, HEAD + 3 * RECORD);
	descriptor = open(file, O_RDWR);
	assert_true(descriptor >= 0);
	/* A flipped bit in the middle: nothing is believed. */
	for (off_t at = 0; at < HEAD + 2 * RECORD; at += 97) {
		assert_int_equal(pread(descriptor, &byte, 1, at), 1);
		byte ^= 4;
		assert_int_equal(pwrite(descriptor, &byte, 1, at), 1);
		assert_int_equal(undo(false, &result), at < HEAD ? -EINVAL : -EBADMSG);
		byte ^= 4;
		assert_int_equal(pwrite(descriptor, &byte, 1, at), 1);
	}
	assert_original_data();
	/* Cut within the last record, which was then never acted upon. */
	assert_int_equal(ftruncate(descriptor, HEAD + 3 * RECORD - 1), 0);
	assert_int_equal(undo(false, &result), 0);
	assert_true(result.cut_short);
	assert_int_equal(result.restored, 2);
	assert_int_equal(ftruncate(descriptor, HEAD - 1), 0);
	assert_int_equal(undo(false, &result), -EINVAL);
	close(descriptor);
}

static void test_another_volume(void **state)
{
	struct csum_undo_result result;

	(void)state;
	assert_int_equal(scrub_with_undo(), 0);
	/* The same, but of another UUID: all slots anew. */
	for (int i = 0; i < 3; i++) {
		uint64_t offset = i == 0 ? 0 : i == 1 ? 524288 : s->metadata->size / 4096 * 4096 - 65536;
		uint8_t *slot = s->metadata->bytes + offset;

		slot[24] ^= 1;
		put_le(slot + 8, 4, 0);
		put_le(slot + 8, 4, zlib_crc32(0, slot, 4096));
	}
	assert_int_equal(undo(false, &result), -EINVAL);
	assert_one_error(&s->recorder, "another volume");
}

/* What is not in the file is not overwritten. */
static void test_saved_first(void **state)
{
	struct csum_totals totals;

	(void)state;
	free(file);
	file = path_in(s->directory, "no/such/folder");
	assert_int_equal(scrub_with_undo(), -ENOENT);
	assert_damaged();
	assert_int_equal(scrubbed_check(&totals), 3);
}

static void test_nothing_to_save(void **state)
{
	(void)state;
	memcpy(s->data->bytes, s->original[0], s->data->size);
	assert_int_equal(scrub_with_undo(), 0);
	assert_int_equal(s->result.undo_records, 0);
	assert_int_equal(access(file, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back), TEST(test_changed_since), TEST(test_cut_and_damaged),
		TEST(test_another_volume), TEST(test_saved_first),   TEST(test_nothing_to_save),
	};

	return cmocka_run_group_tests_name("undo", tests, NULL, NULL);
}
