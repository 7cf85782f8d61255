/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/identify.h"
#include "device/probe.h"
#include "device/system.h"
#include "support/device_helpers.h"

#define IMAGE_SIZE (4 << 20)
#define UUID "0ad0fbd8-3b9a-4c4d-8f0c-2f3bb1d6a3c1"

struct fixture {
	char *directory, *image;
	struct recorder recorder;
	struct csum_device *device;
	struct loop loop; /* descriptor -1: no loop device */
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->directory = temporary_directory();
	fixture->image = path_in(fixture->directory, "image");
	fixture->loop.descriptor = -1;
	put_image(fixture->image, IMAGE_SIZE);
	recorder_init(&fixture->recorder);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	csum_device_close(fixture->device);
	if (fixture->loop.descriptor >= 0)
		loop_detach(&fixture->loop);
	temporary_remove(fixture->directory);
	free(fixture->image);
	free(fixture);
	return 0;
}

/* Makes the text of the identity, as in the superblock. */
static void print_identity(const struct csum_device *device, char *text)
{
	struct csum_identity identity;
	uint64_t signature_offset_bytes;

	csum_device_identity(&csum_system_roots_default, device, &identity, &signature_offset_bytes);
	csum_identity_print(&identity, text);
}

/* Makes an ext4 file system in the image, or skips the test. */
static void make_ext4(struct fixture *fixture)
{
	char *command;
	int status;

	assert_true(asprintf(&command, "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -F -U " UUID " '%s'",
			     fixture->image) > 0);
	status = system(command);
	free(command);
	if (status != 0)
		skip_because("needs mke2fs");
}

static void put_bytes(const struct fixture *fixture, const void *bytes, size_t size, off_t offset)
{
	int descriptor = open(fixture->image, O_WRONLY | O_CLOEXEC);

	assert_true(descriptor >= 0);
	assert_int_equal(pwrite(descriptor, bytes, size, offset), size);
	assert_int_equal(close(descriptor), 0);
}

/* Puts a partition table of DOS type with one partition. */
static void put_mbr(const struct fixture *fixture)
{
	static const unsigned char entry[16] = { 0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0 };

	put_bytes(fixture, entry, sizeof(entry), 446);
	put_bytes(fixture, "\x55\xaa", 2, 510);
}

static void open_path(struct fixture *fixture, const char *path)
{
	const struct csum_device_options options = { .writable = true, .unit_bytes = 512 };

	assert_int_equal(csum_device_open(&fixture->recorder.handlers, path, &options, &fixture->device), 0);
}

static void assert_found(struct fixture *fixture, const char *expected)
{
	char found[256];

	memset(found, '?', sizeof(found));
	assert_int_equal(csum_probe_signatures(&fixture->recorder.handlers, fixture->device, found, sizeof(found)), 0);
	assert_string_equal(found, expected);
	assert_int_equal(fixture->recorder.errors, 0);
}

static void test_blank(void **state)
{
	struct fixture *fixture = *state;
	char identity[CSUM_IDENTITY_SIZE] = "?";

	open_path(fixture, fixture->image);
	assert_found(fixture, "");
	assert_int_equal(csum_wipe_signatures(&fixture->recorder.handlers, fixture->device), 0);
	print_identity(fixture->device, identity);
	assert_string_equal(identity, "");
}

static void test_small(void **state)
{
	static const off_t sizes[] = { 0, 1, 511, 512, 1000 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char identity[CSUM_IDENTITY_SIZE] = "?";

		assert_int_equal(truncate(fixture->image, sizes[i]), 0);
		open_path(fixture, fixture->image);
		assert_found(fixture, "");
		assert_int_equal(csum_wipe_signatures(&fixture->recorder.handlers, fixture->device), 0);
		print_identity(fixture->device, identity);
		assert_string_equal(identity, "");
		assert_int_equal(csum_device_close(fixture->device), 0);
		fixture->device = NULL;
	}
}

static void test_simulated(void **state)
{
	struct fixture *fixture = *state;
	struct csum_device simulated = { .descriptor = -1, .size_bytes = IMAGE_SIZE };
	char found[64] = "?", identity[CSUM_IDENTITY_SIZE] = "?";

	assert_int_equal(csum_probe_signatures(&fixture->recorder.handlers, &simulated, found, sizeof(found)), 0);
	assert_string_equal(found, "");
	assert_int_equal(csum_wipe_signatures(&fixture->recorder.handlers, &simulated), 0);
	print_identity(&simulated, identity);
	assert_string_equal(identity, "");
}

static void test_file_system(void **state)
{
	struct fixture *fixture = *state;
	char identity[CSUM_IDENTITY_SIZE];

	make_ext4(fixture);
	open_path(fixture, fixture->image);
	assert_found(fixture, "ext4 file system");
	print_identity(fixture->device, identity);
	assert_string_equal(identity, "UUID=" UUID);
}

static void test_partition_table(void **state)
{
	struct fixture *fixture = *state;
	char identity[CSUM_IDENTITY_SIZE] = "?";

	put_mbr(fixture);
	open_path(fixture, fixture->image);
	assert_found(fixture, "dos partition table");
	print_identity(fixture->device, identity);
	assert_string_equal(identity, "");
}

static void test_partitions(void **state)
{
	struct fixture *fixture = *state;
	struct csum_device simulated = { .descriptor = -1, .size_bytes = IMAGE_SIZE };
	struct csum_partitions list;

	open_path(fixture, fixture->image);
	assert_int_equal(csum_probe_partitions(&fixture->recorder.handlers, fixture->device, 0, IMAGE_SIZE, &list), 0);
	assert_int_equal(list.count, 0);
	put_mbr(fixture);
	assert_int_equal(csum_probe_partitions(&fixture->recorder.handlers, fixture->device, 0, IMAGE_SIZE, &list), 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.found[0].offset_bytes, 1 << 20);
	assert_int_equal(list.found[0].size_bytes, 1 << 20);
	assert_int_equal(csum_probe_partitions(&fixture->recorder.handlers, &simulated, 0, IMAGE_SIZE, &list), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(fixture->recorder.errors, 0);
}

/*
 * libblkid gives up at the first place that it cannot read. Listing still shows everything that can be read, and says
 * that there may be more; a caller that needs to know everything gets an error.
 */
static void test_unreadable_places(void **state)
{
	struct fixture *fixture = *state;
	struct csum_signatures list;
	struct csum_partitions partitions;
	char found[64];

	make_ext4(fixture);
	put_mbr(fixture);
	if (!loop_attach(&fixture->loop, fixture->image, 512, false))
		skip_because("needs a loop device");
	open_path(fixture, fixture->loop.path);
	assert_int_equal(csum_probe_list(&fixture->recorder.handlers, fixture->device, 0, 0, &list), 0);
	assert_int_equal(list.count, 2);
	assert_false(list.is_partial);
	/* The device cannot read the part that was cut off the file. */
	assert_int_equal(truncate(fixture->image, 32768), 0);
	assert_int_equal(ioctl(fixture->loop.descriptor, BLKFLSBUF), 0);
	assert_int_equal(csum_probe_list(&fixture->recorder.handlers, fixture->device, 0, 0, &list), 0);
	assert_true(list.is_partial);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.found[0].type, "ext4");
	assert_string_equal(list.found[1].type, "dos");
	assert_int_equal(
		csum_probe_partitions(&fixture->recorder.handlers, fixture->device, 0, IMAGE_SIZE, &partitions), 0);
	assert_int_equal(partitions.count, 1);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(csum_probe_signatures(&fixture->recorder.handlers, fixture->device, found, sizeof(found)),
			 -EIO);
	assert_one_error(&fixture->recorder, "cannot look for signatures");
}

static void test_other_signature(void **state)
{
	struct fixture *fixture = *state;

	put_bytes(fixture, "SWAPSPACE2", 10, sysconf(_SC_PAGESIZE) - 10);
	put_bytes(fixture, "\x01\0\0\0\xff\x03\0\0", 8, 1024);
	open_path(fixture, fixture->image);
	assert_found(fixture, "swap signature");
}

static void test_several_and_a_short_answer(void **state)
{
	struct fixture *fixture = *state;
	char found[10];

	make_ext4(fixture);
	put_mbr(fixture);
	open_path(fixture, fixture->image);
	assert_found(fixture, "ext4 file system, dos partition table");
	assert_int_equal(csum_probe_signatures(&fixture->recorder.handlers, fixture->device, found, sizeof(found)), 0);
	assert_string_equal(found, "ext4 file");
}

/* Asserts by O_DIRECT, right after the wipe, that the medium is wiped. */
static void assert_wiped(struct fixture *fixture)
{
	_Alignas(4096) unsigned char block[4096];

	assert_int_equal(fixture->device->ops->pread(fixture->device->context, block, sizeof(block), 0), sizeof(block));
	assert_memory_equal(block + 510, "\0\0", 2);
	assert_memory_equal(block + 1024 + 56, "\0\0", 2); /* ext4's magic */
	assert_found(fixture, "");
	assert_int_equal(fixture->recorder.warnings, 0);
}

static void test_wipe(void **state)
{
	struct fixture *fixture = *state;

	make_ext4(fixture);
	put_mbr(fixture);
	open_path(fixture, fixture->image);
	assert_int_equal(csum_wipe_signatures(&fixture->recorder.handlers, fixture->device), 0);
	assert_wiped(fixture);
}

/* The device was claimed with O_EXCL, and has 4096-byte sectors. */
static void test_wipe_of_a_device(void **state)
{
	struct fixture *fixture = *state;
	char identity[CSUM_IDENTITY_SIZE];

	make_ext4(fixture);
	put_mbr(fixture);
	if (!loop_attach(&fixture->loop, fixture->image, 4096, false))
		skip_because("needs a loop device");
	open_path(fixture, fixture->loop.path);
	assert_int_equal(csum_device_set_unit(&fixture->recorder.handlers, fixture->device, 4096), 0);
	print_identity(fixture->device, identity);
	assert_string_equal(identity, "UUID=" UUID);
	assert_found(fixture, "ext4 file system, dos partition table");
	assert_int_equal(csum_wipe_signatures(&fixture->recorder.handlers, fixture->device), 0);
	assert_wiped(fixture);
}

/* libblkid must find the bytes that O_DIRECT wrote, though the page cache had the old content. */
static void test_coherent_with_direct_writes(void **state)
{
	struct fixture *fixture = *state;
	_Alignas(4096) unsigned char zeros[4096] = { 0 };

	make_ext4(fixture);
	open_path(fixture, fixture->image);
	assert_found(fixture, "ext4 file system");
	assert_int_equal(fixture->device->ops->pwrite(fixture->device->context, zeros, sizeof(zeros), 0),
			 sizeof(zeros));
	assert_found(fixture, "");
}

static void test_wipe_without_permission(void **state)
{
	const struct csum_device_options options = { .unit_bytes = 512 };
	struct fixture *fixture = *state;
	int error;

	put_mbr(fixture);
	assert_int_equal(chmod(fixture->image, 0444), 0);
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, fixture->image, &options, &fixture->device), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	error = csum_wipe_signatures(&fixture->recorder.handlers, fixture->device);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(error, -EACCES);
	assert_one_error(&fixture->recorder, "cannot open it again to wipe signatures");
}

#define with_image(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_image(test_blank),
		with_image(test_small),
		with_image(test_simulated),
		with_image(test_file_system),
		with_image(test_partition_table),
		with_image(test_partitions),
		with_image(test_unreadable_places),
		with_image(test_other_signature),
		with_image(test_several_and_a_short_answer),
		with_image(test_wipe),
		with_image(test_wipe_of_a_device),
		with_image(test_coherent_with_direct_writes),
		with_image(test_wipe_without_permission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
