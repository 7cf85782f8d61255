/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Undo files that are cut short, damaged, of version 1, or forged: sound records are used, and nothing else. */
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

#include "base/checksum.h"
#include "ondisk/superblock.h"
#include "support/bytes.h"
#include "support/undo_volume.h"

static struct scrub_volume *const s = &scrub_volume;
static const struct csum_undo_options plain, forced = { .force = true };
static uint8_t bytes[8192]; /* content of the file, for tests to change */
static uint8_t pristine[UNDO_VOLUME_FILE];

/* Returns the place of record i, or of the end of the file. */
static uint8_t *record(int i)
{
	return bytes + UNDO_VOLUME_HEAD + i * UNDO_VOLUME_RECORD;
}

static void start_over(void)
{
	memcpy(bytes, pristine, sizeof(pristine));
}

static void store_file(size_t size)
{
	int descriptor = open(undo_volume_file, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, bytes, size), size);
	close(descriptor);
}

/* Makes the CRC of the record right; `stored` old bytes follow it. */
static void sign(uint8_t *at, size_t stored)
{
	put_le(at + 4, 4, 0);
	put_le(at + 4, 4, zlib_crc32(zlib_crc32(0, bytes + 48, 16), at, UNDO_VOLUME_UNIT + stored));
}

static void scrub_and_load(void)
{
	int descriptor;

	assert_int_equal(undo_volume_scrub(), 0);
	descriptor = open(undo_volume_file, O_RDONLY);
	assert_true(descriptor >= 0);
	assert_int_equal(read(descriptor, pristine, sizeof(pristine)), UNDO_VOLUME_FILE);
	close(descriptor);
	start_over();
	undo_volume_remember();
}

/* Undoes the file in `bytes`, on a volume in the state after the scrub. */
static int try_file(size_t size, struct csum_undo_result *result)
{
	int error;

	undo_volume_return();
	recorder_init(&s->recorder);
	store_file(size);
	error = undo_volume_undo(&plain, result);
	if (error) {
		assert_int_equal(result->restored, 0);
		assert_int_equal(s->recorder.errors, 1);
		assert_original_data();
	}
	return error;
}

/* The bytes match doc/format.md. */
static void test_bytes(void **state)
{
	const uint8_t *head = bytes, *first = record(0), *end = record(3);

	(void)state;
	scrub_and_load();
	assert_memory_equal(head, "CSUMUNDO", 8);
	assert_int_equal(get_le(head + 12, 4), 2);
	assert_int_equal(head[16], 7);
	assert_int_equal(get_le(head + 36, 4), 512);
	assert_int_equal(get_le(head + 40, 4), CSUM_CRC64);
	for (int i = 64; i < 80; i++)
		assert_int_equal(head[i], 0);
	assert_true(get_le(head + 88, 8) > 1700000000);
	/* The superblock has the same id. */
	assert_true(memcmp(s->metadata->bytes + 448, head + 48, 16) == 0 ||
		    memcmp(s->metadata->bytes + 524288 + 448, head + 48, 16) == 0);
	assert_memory_equal(first, "UREC", 4);
	assert_int_equal(get_le(first + 8, 4), 1);
	assert_int_equal(get_le(first + 12, 4), 512);
	assert_int_equal(get_le(first + 24, 8), scrub_volume_offset(get_le(first + 16, 8)));
	assert_int_equal(get_le(first + 32, 8),
			 csum_checksum_entry(CSUM_CRC64, scrub_volume_sector(get_le(first + 16, 8)), 512));
	assert_int_equal(get_le(first + 44, 4), 0);
	assert_int_equal(get_le(record(2) + 48, 8), 2);
	assert_int_equal(get_le(end + 8, 4), 5);
	assert_int_equal(get_le(end + 16, 8), 3);
	assert_int_equal(get_le(end + 48, 8), 3);
	assert_int_equal(get_le(end + 56, 8), 3);
}

static void test_damaged(void **state)
{
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	/* With a flipped bit before the end nothing in the file is used. */
	for (size_t at = 0; at < UNDO_VOLUME_FILE - UNDO_VOLUME_UNIT; at += 97) {
		bytes[at] ^= 4;
		assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), at < UNDO_VOLUME_HEAD ? -EINVAL : -EBADMSG);
		bytes[at] ^= 4;
	}
	/* With a flipped bit in the end the file counts as cut short. */
	record(3)[50] ^= 4;
	assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), 0);
	assert_true(result.cut_short);
	assert_int_equal(result.restored, 3);
	assert_damaged();
}

/* Files as a stopped scrub leaves them. */
static void test_cut_short(void **state)
{
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	for (size_t size = UNDO_VOLUME_FILE - 1; size >= UNDO_VOLUME_HEAD; size -= 37) {
		assert_int_equal(try_file(size, &result), 0);
		assert_true(result.cut_short);
		assert_int_equal(result.restored, (size - UNDO_VOLUME_HEAD) / UNDO_VOLUME_RECORD);
	}
	assert_int_equal(try_file(UNDO_VOLUME_HEAD - 1, &result), -EINVAL);
	assert_int_equal(try_file(0, &result), -EINVAL);
}

/* A power cut may leave any of the records that were not flushed yet. */
static void test_hole_in_last_batch(void **state)
{
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	memset(record(1), 0, UNDO_VOLUME_RECORD);
	assert_int_equal(try_file(UNDO_VOLUME_FILE - UNDO_VOLUME_UNIT, &result), 0);
	assert_true(result.cut_short);
	assert_int_equal(result.restored, 1);
	/* If the first two had been durable when the third was written, this is damage. */
	put_le(record(2) + 56, 8, 2);
	sign(record(2), 512);
	assert_int_equal(try_file(UNDO_VOLUME_FILE - UNDO_VOLUME_UNIT, &result), -EBADMSG);
}

/* ------------------------------------------------------------------ forged, with right CRCs */

static void test_forged_sizes(void **state)
{
	static const uint64_t sizes[] = { 0xffffffff, 0x80000000, 4096 + 64, 8192, 513, 100 };
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put_le(record(1) + 12, 4, sizes[i]);
		sign(record(1), 512);
		assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), -EBADMSG);
	}
	/* A record that claims zeros instead of bytes, with a size that no buffer has room for. */
	start_over();
	put_le(record(1) + 12, 4, 1u << 30);
	put_le(record(1) + 44, 4, 2);
	sign(record(1), 0);
	assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), -EBADMSG);
	/* The record is sound, but not of a whole data sector. */
	start_over();
	put_le(record(2) + 12, 4, 64);
	sign(record(2), 64);
	assert_int_equal(try_file(UNDO_VOLUME_HEAD + 2 * UNDO_VOLUME_RECORD + 128, &result), -EBADMSG);
}

static void test_forged_places(void **state)
{
	const uint64_t places[] = { s->geometry.data_sectors, UINT64_MAX, UINT64_C(1) << 55 };
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		put_le(record(2) + 16, 8, places[i]);
		sign(record(2), 512);
		assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), -EBADMSG);
		assert_one_error(&s->recorder, "names no data sector");
	}
}

static void test_forged_counts(void **state)
{
	static const uint64_t counts[] = { 0, 2, 4, UINT64_MAX };
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		put_le(record(3) + 48, 8, counts[i]);
		sign(record(3), 0);
		assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), -EBADMSG);
	}
	put_le(record(3) + 48, 8, 3);
	put_le(record(3) + 16, 8, UINT64_MAX);
	sign(record(3), 0);
	assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), 0);
	/* A record twice, one left out, one too many behind the end. */
	memcpy(record(2), record(1), UNDO_VOLUME_RECORD);
	assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), -EBADMSG);
	start_over();
	memmove(record(1), record(2), UNDO_VOLUME_RECORD + UNDO_VOLUME_UNIT);
	assert_int_equal(try_file(UNDO_VOLUME_FILE - UNDO_VOLUME_RECORD, &result), -EBADMSG);
	start_over();
	memcpy(record(3) + UNDO_VOLUME_UNIT, record(0), UNDO_VOLUME_RECORD);
	assert_int_equal(try_file(UNDO_VOLUME_FILE + UNDO_VOLUME_RECORD, &result), -EBADMSG);
}

/* Kinds and flags that csumtool never writes lose nothing; a sector with two records gets the bytes of the first. */
static void test_forged_kinds(void **state)
{
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	put_le(record(1) + 8, 4, 77);
	sign(record(1), 512);
	assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), 0);
	assert_int_equal(result.restored, 2);
	assert_int_equal(result.metadata, 1);
	start_over();
	memcpy(record(1) + 16, record(0) + 16, 8);
	memcpy(record(1) + 32, record(0) + 32, 12);
	sign(record(1), 512);
	assert_int_equal(try_file(UNDO_VOLUME_FILE, &result), 0);
	assert_int_equal(result.restored, 2);
	assert_int_equal(result.refused, 1);
	assert_memory_equal(scrub_volume_sector(get_le(record(0) + 16, 8)), record(0) + 64, 512);
}

/* A hole of more bytes than could ever be read through. */
static void test_endless_hole(void **state)
{
	struct csum_undo_result result;

	(void)state;
	scrub_and_load();
	assert_int_equal(truncate(undo_volume_file, (off_t)1 << 42), 0);
	assert_int_equal(undo_volume_undo(&plain, &result), -EBADMSG);
	store_file(UNDO_VOLUME_FILE - UNDO_VOLUME_UNIT);
	assert_int_equal(truncate(undo_volume_file, (off_t)1 << 42), 0);
	assert_int_equal(undo_volume_undo(&plain, &result), 0);
	assert_true(result.cut_short);
	assert_int_equal(result.restored, 3);
}

static void test_no_file_at_all(void **state)
{
	struct csum_undo_result result;

	(void)state;
	assert_int_equal(undo_volume_undo(&plain, &result), -ENOENT);
	assert_int_equal(undo_volume_undo_file(s->directory, &plain, &result), -EINVAL);
	assert_int_equal(mkfifo(undo_volume_file, 0600), 0);
	assert_int_equal(undo_volume_undo(&plain, &result), -EINVAL);
}

/* ------------------------------------------------------------------ version 1 */

/* Makes a file as v0.1.0 wrote it. */
static size_t make_old(void)
{
	size_t size = UNDO_VOLUME_OLD_HEAD;

	put_le(bytes + 12, 4, 1);
	memset(bytes + 48, 0, 16);
	put_le(bytes + 8, 4, 0);
	put_le(bytes + 8, 4, zlib_crc32(0, bytes, UNDO_VOLUME_OLD_HEAD));
	for (int i = 0; i < 3; i++, size += UNDO_VOLUME_RECORD) {
		uint8_t *at = bytes + size;

		memmove(at, record(i), UNDO_VOLUME_RECORD);
		memset(at + 48, 0, 16);
		put_le(at + 4, 4, 0);
		put_le(at + 4, 4, zlib_crc32(0, at, UNDO_VOLUME_RECORD));
	}
	return size;
}

static void test_version_1(void **state)
{
	struct csum_undo_result result;
	size_t size;

	(void)state;
	scrub_and_load();
	size = make_old();
	assert_int_equal(try_file(size, &result), -EINVAL);
	assert_one_error(&s->recorder, "version 1 does not say which scrub");
	assert_int_equal(undo_volume_undo(&forced, &result), 0);
	assert_false(result.cut_short);
	assert_int_equal(result.restored, 3);
	assert_damaged();
	/* Rule of version 1: any record behind a damaged one is damage. */
	bytes[UNDO_VOLUME_OLD_HEAD + UNDO_VOLUME_RECORD + 100] ^= 1;
	assert_int_equal(try_file(size, &result), -EINVAL);
	assert_int_equal(undo_volume_undo(&forced, &result), -EBADMSG);
	store_file(size - 1);
	bytes[12] = 3;
	assert_int_equal(try_file(size, &result), -EINVAL);
	assert_one_error(&s->recorder, "a version that this program does not know");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, undo_volume_set_up, undo_volume_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes),	  TEST(test_damaged),
		TEST(test_cut_short),	  TEST(test_hole_in_last_batch),
		TEST(test_forged_sizes),  TEST(test_forged_places),
		TEST(test_forged_counts), TEST(test_forged_kinds),
		TEST(test_endless_hole),  TEST(test_no_file_at_all),
		TEST(test_version_1),
	};

	return cmocka_run_group_tests_name("undo_file", tests, NULL, NULL);
}
