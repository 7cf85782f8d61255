/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block devices, here always loop devices. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "device/device.h"
#include "support/device_file.h"

/* Attaches the file to a loop device, or skips the test. */
static void attach(struct device_file *fixture, struct loop *loop, uint32_t sector_size)
{
	if (!loop_attach(loop, fixture->image, sector_size, false))
		skip_because("needs a loop device");
}

static void test_facts_of_a_device(void **state)
{
	struct device_file *fixture = *state;
	struct loop loop;

	attach(fixture, &loop, 4096);
	assert_int_equal(device_file_open(fixture, loop.path, true), 0);
	assert_int_equal(fixture->device->size_bytes, DEVICE_FILE_SIZE);
	assert_true(fixture->device->writable);
	assert_true(fixture->device->is_block);
	assert_int_equal(fixture->device->block_device, loop.rdev);
	assert_int_equal(fixture->device->logical_sector_size, 4096);
	assert_int_equal(fixture->device->physical_sector_size, 4096);
	device_file_close(fixture);
	loop_detach(&loop);
}

/*
 * 512-byte units on 4096-byte sectors need buffered I/O, which is noted once; with a unit that fits it is direct again.
 */
static void test_units_on_a_device(void **state)
{
	struct csum_device_options options = { .writable = true };
	struct device_file *fixture = *state;
	const struct csum_handlers *handlers = &fixture->recorder.handlers;
	struct loop loop;

	attach(fixture, &loop, 4096);
	assert_int_equal(device_file_open_with(fixture, loop.path, &options), 0);
	assert_false(fixture->device->direct);
	assert_int_equal(fixture->recorder.notes, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(csum_device_set_unit(handlers, fixture->device, 512), 0);
		assert_false(fixture->device->direct);
		assert_int_equal(fcntl(fixture->device->descriptor, F_GETFL) & O_DIRECT, 0);
		assert_int_equal(fixture->recorder.notes, 1);
		assert_non_null(
			strstr(fixture->recorder.last_note, ": no O_DIRECT for 512-byte I/O here, using buffered I/O"));
		assert_int_equal(csum_device_set_unit(handlers, fixture->device, 4096), 0);
		assert_true(fixture->device->direct);
		assert_int_equal(fcntl(fixture->device->descriptor, F_GETFL) & O_DIRECT, O_DIRECT);
	}
	assert_int_equal(fixture->device->logical_sector_size, 4096);
	assert_int_equal(fixture->recorder.notes, 1);
	device_file_close(fixture);
	loop_detach(&loop);
}

/* A writer claims the device: a second writer fails, as does open(2) with O_EXCL. Either claim may be waited for. */
static void test_claims(void **state)
{
	struct csum_device_options options = { .writable = true };
	struct device_file *fixture = *state;
	struct loop loop;
	pid_t pid;

	attach(fixture, &loop, 512);
	assert_int_equal(device_file_open(fixture, loop.path, true), 0);
	assert_int_equal(open(loop.path, O_RDONLY | O_EXCL | O_CLOEXEC), -1);
	assert_int_equal(errno, EBUSY);
	device_file_close(fixture);

	pid = device_file_hold(loop.path, O_RDONLY | O_EXCL, 0);
	assert_int_equal(device_file_open_with(fixture, loop.path, &options), -EBUSY);
	assert_one_error(&fixture->recorder, ": in use by another process");
	assert_int_equal(device_file_open(fixture, loop.path, false), 0);
	device_file_close(fixture);
	device_file_end(pid);
	device_file_meanwhile.ends = device_file_hold(loop.path, O_RDONLY | O_EXCL, 0);
	options.wait_ms = -1;
	assert_int_equal(device_file_open_waiting(fixture, loop.path, &options), 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->recorder.notes, 1);
	device_file_close(fixture);
	loop_detach(&loop);
}

static void test_read_only_device(void **state)
{
	struct device_file *fixture = *state;
	struct loop loop;
	int error;

	if (!loop_attach(&loop, fixture->image, 512, true))
		skip_because("needs a loop device");
	error = device_file_open(fixture, loop.path, true);
	assert_true(error == -EROFS || error == -EACCES);
	assert_int_equal(fixture->recorder.errors, 1);
	assert_int_equal(device_file_open(fixture, loop.path, false), 0);
	/* The file under the loop device is refused for writing, though no process writes it. */
	device_file_close(fixture);
	assert_int_equal(device_file_open(fixture, fixture->image, true), -EBUSY);
	assert_one_error(&fixture->recorder, "not opened for writing: attached to /dev/loop");
	assert_int_equal(device_file_open(fixture, fixture->image, false), 0);
	device_file_close(fixture);
	loop_detach(&loop);
}

static void test_attached_file(void **state)
{
	struct csum_device_options options = { .force = true };
	struct device_file *fixture = *state;
	char expected[64];
	struct loop loop;

	attach(fixture, &loop, 512);
	snprintf(expected, sizeof(expected), "attached to %s", loop.path);
	assert_int_equal(device_file_open(fixture, fixture->image, false), -EBUSY);
	assert_one_error(&fixture->recorder, expected);
	assert_int_equal(fixture->recorder.error_reason, CSUM_REASON_IN_USE);
	assert_int_equal(device_file_open_with(fixture, fixture->image, &options), 0);
	device_file_close(fixture);
	options.writable = true;
	assert_int_equal(device_file_open_with(fixture, fixture->image, &options), -EBUSY);
	assert_one_error(&fixture->recorder, expected);
	assert_int_equal(fixture->recorder.error_reason, CSUM_REASON_NONE);
	loop_detach(&loop);
	assert_int_equal(device_file_open_with(fixture, fixture->image, &options), 0);
}

/* Mounts an ext4 file system on the loop device for this process alone, or skips the test. */
static void mount_loop(struct device_file *fixture, const struct loop *loop, const char *where)
{
	char *command;

	assert_true(asprintf(&command, "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -b 4096 -O ^has_journal -F %s",
			     fixture->image) > 0);
	if (system(command) != 0) {
		free(command);
		skip_because("needs mke2fs");
	}
	free(command);
	assert_int_equal(mkdir(where, 0755), 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(loop->path, where, "ext4", 0, NULL) < 0)
		skip_because("cannot mount here: %s", strerror(errno));
}

static void test_mounted_device(void **state)
{
	struct csum_device_options options = { .force = true };
	struct device_file *fixture = *state;
	char where[256], expected[512];
	struct loop loop;

	attach(fixture, &loop, 512);
	snprintf(where, sizeof(where), "%s/mount point", fixture->directory);
	mount_loop(fixture, &loop, where);
	snprintf(expected, sizeof(expected), "mounted on %s", where);
	assert_int_equal(device_file_open(fixture, loop.path, false), -EBUSY);
	assert_one_error(&fixture->recorder, expected);
	assert_int_equal(device_file_open_with(fixture, loop.path, &options), 0);
	device_file_close(fixture);
	options.writable = true;
	options.wait_ms = -1;
	assert_int_equal(device_file_open_with(fixture, loop.path, &options), -EBUSY);
	assert_one_error(&fixture->recorder, expected);

	assert_int_equal(mount(NULL, where, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(device_file_open(fixture, loop.path, false), 0);
	device_file_close(fixture);
	assert_int_equal(device_file_open(fixture, loop.path, true), -EBUSY);
	assert_one_error(&fixture->recorder, ", read-only");
	assert_int_equal(umount(where), 0);
	assert_int_equal(device_file_open(fixture, loop.path, true), 0);
	device_file_close(fixture);
	loop_detach(&loop);
}

/*
 * A sparse file on a disk with 4096-byte sectors: O_DIRECT can read a hole in 512-byte units, but could not write them.
 */
static void test_file_on_large_sectors(void **state)
{
	struct device_file *fixture = *state;
	const struct csum_handlers *handlers = &fixture->recorder.handlers;
	char where[256], path[512];
	struct loop loop;

	attach(fixture, &loop, 4096);
	snprintf(where, sizeof(where), "%s/mount point", fixture->directory);
	snprintf(path, sizeof(path), "%s/file", where);
	mount_loop(fixture, &loop, where);
	put_image(path, 65536);
	assert_int_equal(device_file_open(fixture, path, true), 0);
	assert_false(fixture->device->direct);
	assert_int_equal(fixture->device->logical_sector_size, 1);
	assert_int_equal(fixture->device->physical_sector_size, 4096);
	assert_int_equal(fixture->recorder.notes, 1);
	assert_int_equal(fixture->device->ops->pwrite(fixture->device->context, "x", 1, 512), 1);
	assert_int_equal(csum_device_set_unit(handlers, fixture->device, 4096), 0);
	assert_true(fixture->device->direct);
	assert_int_equal(fixture->device->logical_sector_size, 4096);
	device_file_close(fixture);
	assert_int_equal(umount(where), 0);
	loop_detach(&loop);
}

static void test_same_devices(void **state)
{
	struct csum_device_options options = { .force = true };
	struct device_file *fixture = *state;
	struct csum_device *other;
	char *node, *other_path;
	struct loop loop;

	attach(fixture, &loop, 512);
	node = path_in(fixture->directory, "node");
	other_path = path_in(fixture->directory, "other");
	put_image(other_path, 4096);
	assert_int_equal(device_file_open(fixture, loop.path, false), 0);
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, fixture->image, &options, &other), 0);
	assert_true(csum_device_same(fixture->device, other));
	assert_true(csum_device_same(other, fixture->device));
	assert_int_equal(csum_device_close(other), 0);
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, other_path, &options, &other), 0);
	assert_false(csum_device_same(fixture->device, other));
	assert_false(csum_device_same(other, fixture->device));
	assert_int_equal(csum_device_close(other), 0);
	/* Another node of the device is another inode. */
	if (mknod(node, S_IFBLK | 0600, loop.rdev) == 0 &&
	    csum_device_open(&fixture->recorder.handlers, node, &options, &other) == 0) {
		assert_true(csum_device_same(fixture->device, other));
		assert_int_equal(csum_device_close(other), 0);
	}
	device_file_close(fixture);
	loop_detach(&loop);
	free(node);
	free(other_path);
}

#define with_image(test) cmocka_unit_test_setup_teardown(test, device_file_set_up, device_file_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_image(test_facts_of_a_device),
		with_image(test_units_on_a_device),
		with_image(test_claims),
		with_image(test_read_only_device),
		with_image(test_attached_file),
		with_image(test_mounted_device),
		with_image(test_file_on_large_sectors),
		with_image(test_same_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
