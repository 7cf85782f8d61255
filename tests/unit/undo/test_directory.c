/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Undo files in the default directory: one is made when a scrub needs it; where none can be made, data is left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/undo_volume.h"

enum { MOST = 16 };

static struct scrub_volume *const s = &scrub_volume;
static char *directory, *made;
static struct csum_undo_file_info listed[MOST];
static char *paths[MOST];
static size_t listed_count;

static int set_up(void **state)
{
	undo_volume_set_up(state);
	directory = path_in(s->directory, "state/undo");
	return 0;
}

static void forget_list(void)
{
	for (size_t i = 0; i < listed_count; i++)
		free(paths[i]);
	listed_count = 0;
}

static int tear_down(void **state)
{
	forget_list();
	free(directory);
	free(made);
	made = NULL;
	return undo_volume_tear_down(state);
}

static void take_made(void *user, const char *path)
{
	(void)user;
	free(made);
	made = strdup(path);
}

static int scrub(void)
{
	return scrub_volume_run(&(struct csum_scrub_options){
		.length_bytes = CSUM_TO_END, .undo_directory = directory, .undo_made = take_made });
}

static void take_file(void *user, const struct csum_undo_file_info *info)
{
	(void)user;
	assert_true(listed_count < MOST);
	paths[listed_count] = strdup(info->path);
	listed[listed_count++] = *info;
}

static size_t list(void)
{
	struct csum_volume *volume = scrub_volume_open(false);

	forget_list();
	assert_int_equal(csum_undo_list(volume, directory, take_file, NULL), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	return listed_count;
}

/* Undoes the newest file, or returns why there is none. */
static int undo_newest(struct csum_undo_result *result)
{
	const struct csum_undo_options options = { .directory = directory };
	struct csum_volume *volume = scrub_volume_open(false);
	char *path;
	int error = csum_undo_find(volume, directory, &path);

	assert_int_equal(csum_volume_close(volume), 0);
	if (!error)
		error = undo_volume_undo_file(path, &options, result);
	free(path);
	return error;
}

/* Damages one more sector, and has it repaired. */
static void scrub_sector(uint64_t sector)
{
	scrub_volume_sector(sector)[3] ^= 0x10;
	assert_int_equal(scrub(), 0);
	assert_int_equal(s->result.sectors_repaired, 1);
}

static unsigned int mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return (unsigned int)status.st_mode & 07777;
}

static void test_made_when_needed(void **state)
{
	struct csum_undo_result result;
	char *parent = path_in(s->directory, "state");

	(void)state;
	assert_int_equal(scrub(), 0);
	assert_healed();
	assert_int_equal(mode_of(directory), 0700);
	assert_int_equal(mode_of(parent), 0700);
	assert_int_equal(mode_of(made), 0600);
	assert_memory_equal(made, directory, strlen(directory));
	assert_non_null(strstr(made, "/07070707-0707-0707-0707-070707070707-20"));
	assert_string_equal(made + strlen(made) - 6, "Z.undo");
	assert_int_equal(list(), 1);
	assert_string_equal(paths[0], made);
	assert_int_equal(listed[0].state, CSUM_UNDO_NEWEST);
	assert_int_equal(listed[0].sectors, 3);
	assert_true(listed[0].complete);
	/* A scrub that overwrites nothing makes no file. */
	assert_int_equal(scrub(), 0);
	assert_int_equal(s->result.undo_records, 0);
	assert_int_equal(list(), 1);
	assert_int_equal(undo_newest(&result), 0);
	assert_damaged();
	assert_int_equal(list(), 1);
	assert_int_equal(listed[0].state, CSUM_UNDO_UNDONE);
	assert_int_equal(undo_newest(&result), -ENOENT);
	free(parent);
}

static void test_chain(void **state)
{
	const struct csum_undo_options options = { .directory = directory };
	struct csum_undo_result result;
	char *oldest;

	(void)state;
	assert_int_equal(scrub(), 0);
	oldest = strdup(made);
	scrub_sector(20);
	scrub_sector(22);
	assert_int_equal(list(), 3);
	assert_int_equal(listed[0].state, CSUM_UNDO_NEWEST);
	assert_int_equal(listed[1].state, CSUM_UNDO_OLDER);
	assert_int_equal(listed[2].state, CSUM_UNDO_OLDER);
	assert_string_equal(paths[2], oldest);
	assert_int_equal(undo_volume_undo_file(oldest, &options, &result), -EINVAL);
	assert_one_error(&s->recorder, "undo newest first, which is ");
	assert_non_null(strstr(s->recorder.last_error, paths[0]));
	assert_int_equal(undo_newest(&result), 0);
	assert_int_equal(list(), 3);
	assert_int_equal(listed[0].state, CSUM_UNDO_UNDONE);
	assert_int_equal(listed[1].state, CSUM_UNDO_NEWEST);
	recorder_init(&s->recorder);
	assert_int_equal(undo_volume_undo_file(paths[0], &options, &result), -EINVAL);
	assert_one_error(&s->recorder, "undone already, or of a scrub of another copy");
	assert_int_equal(undo_newest(&result), 0);
	assert_int_equal(undo_newest(&result), 0);
	assert_damaged();
	/* A file in the middle of the chain is gone: the state of the older ones is unknown. */
	assert_int_equal(scrub(), 0);
	scrub_sector(30);
	scrub_sector(31);
	assert_int_equal(list(), 6);
	assert_int_equal(unlink(paths[1]), 0);
	assert_int_equal(list(), 5);
	assert_int_equal(listed[0].state, CSUM_UNDO_NEWEST);
	assert_int_equal(listed[1].state, CSUM_UNDO_UNKNOWN);
	free(oldest);
}

static void resign(const char *path, const uint8_t *previous)
{
	uint8_t head[UNDO_VOLUME_HEAD];
	int descriptor = open(path, O_RDWR);

	assert_int_equal(pread(descriptor, head, sizeof(head), 0), sizeof(head));
	memcpy(head + 64, previous, 16);
	put_le(head + 8, 4, 0);
	put_le(head + 8, 4, zlib_crc32(0, head, sizeof(head)));
	assert_int_equal(pwrite(descriptor, head, sizeof(head), 0), sizeof(head));
	close(descriptor);
}

/* A chain that leads back to itself must end too. */
static void test_forged_chain(void **state)
{
	const struct csum_undo_options options = { .directory = directory };
	struct csum_undo_result result;
	uint8_t id[2][16];

	(void)state;
	assert_int_equal(scrub(), 0);
	scrub_sector(20);
	assert_int_equal(list(), 2);
	for (int i = 0; i < 2; i++) {
		int descriptor = open(paths[i], O_RDONLY);

		assert_int_equal(pread(descriptor, id[i], 16, 48), 16);
		close(descriptor);
	}
	resign(paths[1], id[0]);
	assert_int_equal(list(), 2);
	assert_int_equal(listed[0].state, CSUM_UNDO_NEWEST);
	assert_int_equal(listed[1].state, CSUM_UNDO_OLDER);
	assert_int_equal(undo_volume_undo_file(paths[1], &options, &result), -EINVAL);
	resign(paths[0], id[0]);
	assert_int_equal(list(), 2);
	assert_int_equal(listed[0].state, CSUM_UNDO_NEWEST);
	assert_int_equal(listed[1].state, CSUM_UNDO_UNKNOWN);
	assert_int_equal(undo_newest(&result), 0);
	assert_int_equal(undo_newest(&result), 0);
	assert_int_equal(result.restored, 1);
}

static void put(const char *name)
{
	put_file(directory, name, "mine");
}

static bool is_there(const char *name)
{
	char *path = path_in(directory, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* The last ten files are kept; a file that only looks like an undo file is never removed. */
static void test_last_ones_kept(void **state)
{
	static const char *const others[] = { "07070707-0707-0707-0707-070707070707-20000101T000000Z.undo",
					      "notes.undo",
					      "08080808-0707-0707-0707-070707070707-20000101T000000Z.undo",
					      "07070707-0707-0707-0707-070707070707-20000101T000001Z.txt" };
	char *first;

	(void)state;
	assert_int_equal(scrub(), 0);
	first = strdup(made);
	for (size_t i = 0; i < 4; i++)
		put(others[i]);
	for (uint64_t sector = 22; sector < 28; sector++)
		scrub_sector(sector);
	for (uint64_t sector = 29; sector < 32; sector++)
		scrub_sector(sector);
	assert_int_equal(list(), 10);
	assert_int_equal(access(first, F_OK), 0);
	scrub_sector(32);
	assert_int_equal(list(), 10);
	assert_int_equal(access(first, F_OK), -1);
	assert_int_equal(listed[0].state, CSUM_UNDO_NEWEST);
	assert_int_equal(listed[9].state, CSUM_UNDO_OLDER);
	for (size_t i = 0; i < 4; i++)
		assert_true(is_there(others[i]));
	free(first);
}

/* ------------------------------------------------------------------ no undo file possible */

/* Asserts that data is unchanged and reported as left, and metadata repaired. */
static void assert_left(const char *why)
{
	struct csum_totals totals;

	assert_damaged();
	assert_int_equal(s->result.end, CSUM_SCRUB_COMPLETE);
	assert_int_equal(s->result.sectors_left, 3);
	assert_int_equal(s->result.imd_repaired, 1);
	assert_int_equal(s->result.repaired[CSUM_INTERRUPTED], 1);
	assert_int_equal(s->recorder.errors, 0);
	assert_int_equal(s->recorder.warnings, 1);
	assert_non_null(strstr(s->recorder.last_warning, why));
	for (size_t i = 0; i < s->finding_count; i++) {
		if (s->findings[i].subject == CSUM_SUBJECT_DATA)
			assert_string_equal(s->how[i], "what it holds cannot be kept for undo");
	}
	assert_int_equal(scrub_volume_check(&totals), 3);
	assert_int_equal(totals.findings[CSUM_MISMATCH], 3);
}

static void damage_metadata(void)
{
	memset(scrub_volume_imd(1, 0), 1, 512);
	s->metadata->bytes[100] ^= 1;
}

static void test_no_directory(void **state)
{
	char *in_the_way = path_in(s->directory, "state");

	(void)state;
	damage_metadata();
	put_file(s->directory, "state", "no directory");
	assert_int_equal(scrub(), 0);
	assert_left("Not a directory");
	assert_int_equal(s->recorder.warning_reason, CSUM_REASON_UNDO_UNKEPT);
	assert_null(made);
	/* With a directory they are repaired. */
	assert_int_equal(unlink(in_the_way), 0);
	assert_int_equal(scrub(), 0);
	assert_healed();
	free(in_the_way);
}

static void test_none_known(void **state)
{
	(void)state;
	damage_metadata();
	assert_int_equal(
		scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .undo_directory = "" }), 0);
	assert_left("no directory for undo files is known");
}

/* A file that no superblock names could not be undone, so data is left. */
static void test_slot_refused(void **state)
{
	(void)state;
	memset(scrub_volume_imd(1, 0), 1, 512);
	memory_disk_fail(s->metadata, MEMORY_DISK_WRITE, 0, 4096, -1, -EIO);
	memory_disk_fail(s->metadata, MEMORY_DISK_WRITE, 524288, 4096, -1, -EIO);
	assert_int_equal(scrub(), 0);
	assert_damaged();
	assert_int_equal(s->result.sectors_left, 3);
	assert_int_equal(s->result.imd_repaired, 1);
	assert_non_null(strstr(s->recorder.last_warning, "the superblock that would name the undo file"));
	assert_int_equal(s->recorder.warning_reason, CSUM_REASON_UNDO_UNNAMED);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_original_data();
}

/* There is room for the first round of repairs only. */
static void test_no_room_half_way(void **state)
{
	const struct rlimit limit = { UNDO_VOLUME_HEAD + 130 * UNDO_VOLUME_RECORD, RLIM_INFINITY };
	struct rlimit before;
	struct csum_undo_result result;
	struct csum_totals totals;
	uint64_t bad = 0;

	(void)state;
	for (uint64_t sector = 10; sector < 440; sector += 2) {
		bool is_written = sector % 7 != 0 && sector != 300;

		if (is_written)
			scrub_volume_sector(sector)[1] ^= 2;
		bad += is_written;
	}
	undo_volume_remember();
	assert_int_equal(scrub_volume_check(&totals), bad + 3);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(scrub(), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(s->result.sectors_repaired, 128);
	assert_int_equal(s->result.sectors_left, bad + 3 - 128);
	assert_int_equal(s->result.undo_sectors, 128);
	assert_int_equal(s->recorder.warnings, 1);
	assert_non_null(strstr(s->recorder.last_warning, "File too large"));
	assert_int_equal(list(), 1);
	assert_true(listed[0].complete);
	assert_int_equal(listed[0].sectors, 128);
	assert_int_equal(undo_newest(&result), 0);
	assert_int_equal(result.restored, 128);
	assert_int_equal(result.refused, 0);
	assert_int_equal(scrub_volume_check(&totals), bad + 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_made_when_needed), TEST(test_chain),
		TEST(test_forged_chain),     TEST(test_last_ones_kept),
		TEST(test_no_directory),     TEST(test_none_known),
		TEST(test_slot_refused),     TEST(test_no_room_half_way),
	};

	return cmocka_run_group_tests_name("undo_directory", tests, NULL, NULL);
}
