/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refusals and warnings through the public interface: each comes with its reason, and without a word of the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ondisk/layout.h"
#include "ondisk/ondisk.h"
#include "support/bytes.h"
#include "support/device_file.h"

#define SECTOR 512u
#define WRITTEN (200u * SECTOR)
#define INTERNAL_BYTES 1290240
#define EXTERNAL_BYTES 1200000
#define DATA_BYTES 169984

/* A volume, another one of the same size, and one whose data is on a device of its own; all with data. */
static struct bench {
	struct recorder recorder;
	char *directory, *volume, *other, *data, *metadata;
	char *blank, *made; /* a blank file; no file */
} b;

/* ------------------------------------------------------------------ volumes */

static int format(const char *data, const char *metadata, uint64_t create_bytes)
{
	const struct csum_format_options options = {
		.sector_size = SECTOR,
		.interleave = 2,
		.checksum_type = CSUM_CRC64,
		.create_bytes = create_bytes,
	};
	struct csum_format *format;
	int error = csum_format_prepare(&b.recorder.handlers, data, metadata, &options, &format);

	if (error)
		return error;
	error = csum_format_run(format);
	assert_int_equal(csum_format_free(format), 0);
	return error;
}

static int open_volume(const char *data, const char *metadata, enum csum_access access, struct csum_volume **volume)
{
	const struct csum_open_options options = { .access = access };

	return csum_volume_open(&b.recorder.handlers, data, metadata, &options, volume);
}

/* Bytes that do not repeat. */
static int64_t fill(void *user, void *buffer, size_t size)
{
	uint32_t *state = user;

	fill_random(buffer, size, ++*state);
	return (int64_t)size;
}

static int write_volume(struct csum_volume *volume, uint64_t offset, uint64_t length)
{
	uint32_t state = 1;
	const struct csum_write_options options = {
		.offset_bytes = offset,
		.length_bytes = length,
		.source = { fill, &state },
	};
	uint64_t done;

	return csum_write(volume, &options, &done);
}

static void put_data(const char *data, const char *metadata)
{
	struct csum_volume *volume;

	assert_int_equal(open_volume(data, metadata, CSUM_WRITE, &volume), 0);
	assert_int_equal(write_volume(volume, 0, WRITTEN), 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static int set_up(void **state)
{
	(void)state;
	recorder_init(&b.recorder);
	b.directory = temporary_directory();
	b.volume = path_in(b.directory, "volume");
	b.other = path_in(b.directory, "other");
	b.data = path_in(b.directory, "data");
	b.metadata = path_in(b.directory, "metadata");
	b.blank = path_in(b.directory, "blank");
	b.made = path_in(b.directory, "made");
	put_image(b.data, DATA_BYTES);
	put_image(b.blank, DATA_BYTES);
	assert_int_equal(format(b.volume, NULL, INTERNAL_BYTES), 0);
	assert_int_equal(format(b.other, NULL, INTERNAL_BYTES), 0);
	assert_int_equal(format(b.data, b.metadata, EXTERNAL_BYTES), 0);
	put_data(b.volume, NULL);
	put_data(b.data, b.metadata);
	/* What making them was warned of does not matter. */
	recorder_init(&b.recorder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temporary_remove(b.directory);
	free(b.volume);
	free(b.other);
	free(b.data);
	free(b.metadata);
	free(b.blank);
	free(b.made);
	return 0;
}

static struct csum_geometry geometry_of(const char *path)
{
	struct csum_volume_info info;
	struct csum_volume *volume;

	assert_int_equal(open_volume(path, NULL, CSUM_READ, &volume), 0);
	csum_volume_get_info(volume, &info);
	assert_int_equal(csum_volume_close(volume), 0);
	return info.geometry;
}

static void move_bytes(const char *path, void *bytes, size_t size, uint64_t offset, bool out)
{
	int descriptor = open(path, O_RDWR);

	assert_true(descriptor >= 0);
	assert_int_equal(out ? pwrite(descriptor, bytes, size, (off_t)offset) :
			       pread(descriptor, bytes, size, (off_t)offset),
			 size);
	assert_int_equal(close(descriptor), 0);
}

static void clear(uint64_t offset, size_t size)
{
	uint8_t zeros[CSUM_BLOCK_SIZE] = { 0 };

	move_bytes(b.volume, zeros, size, offset, true);
}

/* One wrong bit in a data sector of the volume. */
static void damage(uint64_t sector)
{
	const struct csum_geometry geometry = geometry_of(b.volume);
	uint64_t offset = csum_layout_data_offset(&geometry, sector);
	uint8_t byte = 0;

	move_bytes(b.volume, &byte, 1, offset, false);
	byte ^= 1;
	move_bytes(b.volume, &byte, 1, offset, true);
}

/* ------------------------------------------------------------------ what is refused */

static int open_and_close(const char *data, const char *metadata, enum csum_access access)
{
	struct csum_volume *volume;
	int error = open_volume(data, metadata, access, &volume);

	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

static int locked(void)
{
	pid_t holder = device_file_hold(b.volume, O_RDWR, LOCK_EX);
	int error = open_and_close(b.volume, NULL, CSUM_READ);

	device_file_end(holder);
	return error;
}

static int metadata_alone(void)
{
	return open_and_close(b.metadata, NULL, CSUM_READ);
}

static int data_missing(void)
{
	const struct csum_dump_options options = { .group_count = CSUM_TO_END, .read_data = true };

	return csum_dump(&b.recorder.handlers, b.metadata, NULL, &options);
}

static int not_external(void)
{
	return open_and_close(b.blank, b.volume, CSUM_READ);
}

static int dump_not_external(void)
{
	const struct csum_dump_options options = { .group_count = CSUM_TO_END };

	return csum_dump(&b.recorder.handlers, b.blank, b.volume, &options);
}

static int erase_not_external(void)
{
	const struct csum_erase_options options = { .dry_run = true };
	struct csum_erase *erase;
	int error = csum_erase_prepare(&b.recorder.handlers, b.blank, b.volume, &options, &erase);

	assert_int_equal(csum_erase_free(erase), 0);
	return error;
}

static int slots_invalid(void)
{
	clear(CSUM_SLOT_A_OFFSET, CSUM_BLOCK_SIZE);
	clear(CSUM_SLOT_B_OFFSET, CSUM_BLOCK_SIZE);
	return open_and_close(b.volume, NULL, CSUM_WRITE);
}

/* The backup superblock of another volume lies where that of this one was. */
static void put_foreign(void)
{
	uint8_t block[CSUM_BLOCK_SIZE] = { 0 };
	uint64_t offset = csum_layout_backup_offset(INTERNAL_BYTES);

	move_bytes(b.other, block, sizeof(block), offset, false);
	move_bytes(b.volume, block, sizeof(block), offset, true);
}

static int foreign(void)
{
	put_foreign();
	return open_and_close(b.volume, NULL, CSUM_WRITE);
}

static int other_data(void)
{
	uint32_t state = 2;
	uint8_t bytes[WRITTEN] = { 0 };

	fill(&state, bytes, sizeof(bytes));
	move_bytes(b.data, bytes, sizeof(bytes), 0, true);
	return open_and_close(b.data, b.metadata, CSUM_WRITE);
}

static int not_blank(void)
{
	return format(b.volume, NULL, 0);
}

static int data_not_blank(void)
{
	return format(b.data, b.made, EXTERNAL_BYTES);
}

static int data_holds_volume(void)
{
	return format(b.volume, b.made, 4 * EXTERNAL_BYTES);
}

static int write_a_byte(uint64_t sector)
{
	struct csum_volume *volume;
	int error;

	assert_int_equal(open_volume(b.volume, NULL, CSUM_WRITE, &volume), 0);
	error = write_volume(volume, sector * SECTOR, 1);
	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

static int bad_in_part(void)
{
	damage(40);
	return write_a_byte(40);
}

static int group_lost(void)
{
	const struct csum_geometry geometry = geometry_of(b.volume);

	for (int copy = 0; copy < 2; copy++)
		clear(csum_layout_imd_offset(&geometry, 0, copy), SECTOR);
	return write_a_byte(0);
}

static int scrub(const struct csum_scrub_options *options)
{
	struct csum_scrub_result result;
	struct csum_volume *volume;
	int error;

	assert_int_equal(open_volume(b.volume, NULL, options->dry_run ? CSUM_READ : CSUM_REPAIR, &volume), 0);
	error = csum_scrub(volume, options, &result);
	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

/* Nothing is returned for it: the scrub goes on without repairs. */
static int undo_unkept(void)
{
	damage(40);
	return scrub(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .undo_directory = "" });
}

static int undo_missing(void)
{
	struct csum_volume *volume;
	char *path;
	int error;

	damage(40);
	assert_int_equal(scrub(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .undo_directory = b.made }),
			 0);
	assert_int_equal(open_volume(b.volume, NULL, CSUM_READ, &volume), 0);
	error = csum_undo_find(volume, b.directory, &path);
	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

/* ------------------------------------------------------------------ the table */

static const struct refusal {
	int (*provoke)(void);
	int error; /* what that returns */
	enum csum_reason reason;
	const char *text; /* how the text ends; NULL: that is not known */
} refusals[] = {
	{ locked, -EBUSY, CSUM_REASON_LOCKED, NULL },
	{ metadata_alone, -EINVAL, CSUM_REASON_METADATA_ALONE, "holds the metadata of an external volume" },
	{ data_missing, -EINVAL, CSUM_REASON_DATA_MISSING, "cannot be read without the data device" },
	{ not_external, -EINVAL, CSUM_REASON_NOT_EXTERNAL, "data and metadata on one device" },
	{ dump_not_external, -EINVAL, CSUM_REASON_NOT_EXTERNAL, "data and metadata on one device" },
	{ erase_not_external, -EINVAL, CSUM_REASON_NOT_EXTERNAL, "data and metadata on one device" },
	{ slots_invalid, -EBADMSG, CSUM_REASON_SLOTS_INVALID, "superblocks A and B are both invalid" },
	{ foreign, -EPERM, CSUM_REASON_FOREIGN, "nothing is written, as that could destroy it" },
	{ other_data, -EPERM, CSUM_REASON_OTHER_DATA, "match; refused for writing" },
	{ not_blank, -EEXIST, CSUM_REASON_NOT_BLANK, NULL },
	{ data_not_blank, -EEXIST, CSUM_REASON_DATA_NOT_BLANK, "all of it would read as zeros" },
	{ data_holds_volume, -EEXIST, CSUM_REASON_DATA_HOLDS_VOLUME, NULL },
	{ bad_in_part, -EBADMSG, CSUM_REASON_BAD_IN_PART, "is bad and would be changed in part only" },
	{ group_lost, -EBADMSG, CSUM_REASON_GROUP_LOST, "could not be verified afterwards" },
	{ undo_unkept, 0, CSUM_REASON_UNDO_UNKEPT, "bad data sectors are left" },
	{ undo_missing, -ENOENT, CSUM_REASON_UNDO_MISSING, "is not there" },
};

static void assert_ends(const char *text, const char *end)
{
	size_t length = strlen(text), expected = strlen(end);

	if (length < expected || strcmp(text + length - expected, end) != 0)
		fail_msg("\"%s\" does not end with \"%s\"", text, end);
}

static void try_refusal(const struct refusal *refusal)
{
	const struct recorder *recorder = &b.recorder;
	const char *text = refusal->error ? recorder->last_error : recorder->last_warning;
	enum csum_reason reason;

	set_up(NULL);
	assert_int_equal(refusal->provoke(), refusal->error);
	reason = refusal->error ? recorder->error_reason : recorder->warning_reason;
	assert_int_equal(recorder->errors, refusal->error ? 1 : 0);
	if (!refusal->error)
		assert_int_equal(recorder->warnings, 1);
	if (reason != refusal->reason)
		fail_msg("reason %d instead of %d: \"%s\"", (int)reason, (int)refusal->reason, text);
	assert_null(strstr(text, "--"));
	assert_null(strstr(text, "'csumtool"));
	if (refusal->text)
		assert_ends(text, refusal->text);
	tear_down(NULL);
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		try_refusal(&refusals[i]);
}

/* ------------------------------------------------------------------ findings */

struct seen {
	enum csum_finding_kind kind; /* what is looked for */
	int findings;
	enum csum_reason reason;
	char how[128];
};

static void see(void *user, const struct csum_finding *finding)
{
	struct seen *seen = user;

	if (finding->kind != seen->kind)
		return;
	seen->findings++;
	seen->reason = finding->left_reason;
	snprintf(seen->how, sizeof(seen->how), "%s", finding->how);
}

static void assert_left(enum csum_finding_kind kind, enum csum_reason reason, const char *how)
{
	struct seen seen = { .kind = kind };
	const struct csum_scrub_options options = {
		.length_bytes = CSUM_TO_END,
		.dry_run = kind == CSUM_FOREIGN,
		.heal = CSUM_HEAL_NOTHING,
		.finding = see,
		.user = &seen,
	};

	assert_int_equal(scrub(&options), 0);
	assert_int_equal(seen.findings, 1);
	assert_int_equal(seen.reason, reason);
	assert_string_equal(seen.how, how);
}

/* What a scrub would not start for says so, and what is just left has no reason. */
static void test_findings_left(void **state)
{
	(void)state;
	damage(40);
	assert_left(CSUM_MISMATCH, CSUM_REASON_NONE, "");
	put_foreign();
	assert_left(CSUM_FOREIGN, CSUM_REASON_FOREIGN, "a scrub does not start");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test_setup_teardown(test_findings_left, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
