/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files as devices. test_posix_block.c has block devices. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/device.h"
#include "support/device_file.h"

/* ------------------------------------------------------------------ files */

static void test_facts_of_a_file(void **state)
{
	struct device_file *fixture = *state;
	struct stat status;

	assert_int_equal(device_file_open(fixture, fixture->image, false), 0);
	assert_int_equal(stat(fixture->image, &status), 0);
	assert_string_equal(fixture->device->name, fixture->image);
	assert_int_equal(fixture->device->size_bytes, DEVICE_FILE_SIZE);
	assert_false(fixture->device->writable);
	assert_false(fixture->device->is_block);
	assert_int_equal(fixture->device->file_system_device, status.st_dev);
	assert_int_equal(fixture->device->inode, status.st_ino);
	assert_int_equal(fixture->device->block_device, 0);
	assert_int_equal(fixture->device->alignment_offset_bytes, 0);
	assert_int_equal(fixture->device->logical_sector_size, fixture->device->direct ? 512 : 1);
	assert_int_equal(fcntl(fixture->device->descriptor, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fixture->device->descriptor, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(!!(fcntl(fixture->device->descriptor, F_GETFL) & O_DIRECT), fixture->device->direct);
}

static void test_operations(void **state)
{
	struct device_file *fixture = *state;
	const struct csum_device_ops *ops;
	_Alignas(4096) unsigned char out[4096], in[4096];
	void *context;

	assert_int_equal(device_file_open(fixture, fixture->image, true), 0);
	ops = fixture->device->ops;
	context = fixture->device->context;
	memset(out, 0x5a, sizeof(out));
	assert_int_equal(ops->pwrite(context, out, sizeof(out), 8192), sizeof(out));
	assert_int_equal(ops->flush(context), 0);
	assert_int_equal(ops->drop_cache(context), 0);
	assert_int_equal(ops->pread(context, in, sizeof(in), 8192), sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(ops->pread(context, in, sizeof(in), DEVICE_FILE_SIZE), 0);
	assert_int_equal(ops->pread(context, in, sizeof(in), UINT64_MAX - 4095), -EINVAL);
	device_file_close(fixture);

	assert_int_equal(device_file_open(fixture, fixture->image, false), 0);
	assert_int_equal(ops->pwrite(fixture->device->context, out, sizeof(out), 0), -EBADF);
}

static void test_close_tells_its_error(void **state)
{
	struct device_file *fixture = *state;

	assert_int_equal(device_file_open(fixture, fixture->image, true), 0);
	close(fixture->device->descriptor);
	assert_int_equal(csum_device_close(fixture->device), -EBADF);
	fixture->device = NULL;
	assert_int_equal(csum_device_close(NULL), 0);
}

/* ------------------------------------------------------------------ refusals */

static void test_wrong_types(void **state)
{
	static const struct {
		const char *name, *text;
		int error;
	} cases[] = {
		{ "missing", "missing: cannot open: No such file or directory", -ENOENT },
		{ "image/x", "image/x: cannot open: Not a directory", -ENOTDIR },
		{ "folder", "folder: is a directory", -EISDIR },
		{ "fifo", "fifo: is a pipe", -EINVAL },
		{ "socket", "socket: is a socket", -EINVAL },
		{ "null", "null: is a character device", -EINVAL },
		{ "dangling", "dangling: cannot open: No such file or directory", -ENOENT },
	};
	struct device_file *fixture = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *path;

	put_file(fixture->directory, "folder/file", "");
	put_link(fixture->directory, "null", "/dev/null");
	put_link(fixture->directory, "dangling", "nowhere");
	path = path_in(fixture->directory, "fifo");
	assert_int_equal(mkfifo(path, 0644), 0);
	free(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", fixture->directory);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		path = path_in(fixture->directory, cases[i].name);
		for (int writable = 0; writable <= 1; writable++) {
			assert_int_equal(device_file_open(fixture, path, writable), cases[i].error);
			assert_one_error(&fixture->recorder, cases[i].text);
		}
		free(path);
	}
	close(listener);
}

/* Root may write read-only files, so the test becomes another user for a moment. */
static void test_permissions(void **state)
{
	struct device_file *fixture = *state;
	bool root = geteuid() == 0;
	int read_only, unreadable, reading;

	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(root ? 0 : chmod(fixture->image, 0444), 0);
	reading = device_file_open(fixture, fixture->image, false);
	if (reading == 0)
		device_file_close(fixture);
	read_only = device_file_open(fixture, fixture->image, true);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(reading, 0);
	assert_int_equal(read_only, -EACCES);
	assert_one_error(&fixture->recorder, "image: cannot open for writing: Permission denied");

	assert_int_equal(chmod(fixture->image, 0), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	unreadable = device_file_open(fixture, fixture->image, false);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(unreadable, -EACCES);
	assert_one_error(&fixture->recorder, "image: cannot open: Permission denied");
}

/* ------------------------------------------------------------------ locks */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_locks(void **state)
{
	struct device_file *fixture = *state;
	char text[64];
	pid_t pid;

	pid = device_file_hold(fixture->image, O_RDWR, LOCK_EX);
	snprintf(text, sizeof(text), "image: in use by process %ld (", (long)pid);
	assert_int_equal(device_file_open(fixture, fixture->image, false), -EBUSY);
	assert_one_error(&fixture->recorder, text);
	assert_int_equal(fixture->recorder.error_reason, CSUM_REASON_LOCKED);
	assert_int_equal(device_file_open(fixture, fixture->image, true), -EBUSY);
	assert_one_error(&fixture->recorder, text);
	device_file_end(pid);

	pid = device_file_hold(fixture->image, O_RDONLY, LOCK_SH);
	assert_int_equal(device_file_open(fixture, fixture->image, true), -EBUSY);
	assert_int_equal(device_file_open(fixture, fixture->image, false), 0);
	device_file_end(pid);
	device_file_close(fixture);
	assert_int_equal(device_file_open(fixture, fixture->image, true), 0);
}

static void test_given_twice(void **state)
{
	const struct csum_device_options options = { .writable = true, .wait_ms = -1 };
	struct device_file *fixture = *state;
	struct csum_device *second;

	assert_int_equal(device_file_open(fixture, fixture->image, true), 0);
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, fixture->image, &options, &second), -EBUSY);
	assert_null(second);
	assert_one_error(&fixture->recorder, "image: in use by this process itself");
	device_file_close(fixture);
}

static void test_waiting(void **state)
{
	struct csum_device_options options = { .writable = true, .wait_ms = 200 };
	struct device_file *fixture = *state;
	int64_t started_ms;
	pid_t pid;

	pid = device_file_hold(fixture->image, O_RDWR, LOCK_EX);
	started_ms = now_ms();
	assert_int_equal(device_file_open_with(fixture, fixture->image, &options), -EBUSY);
	assert_true(now_ms() - started_ms >= 190);
	assert_int_equal(fixture->recorder.errors, 1);
	assert_int_equal(fixture->recorder.notes, 1);
	assert_non_null(strstr(fixture->recorder.last_note, "image: waiting for process"));
	device_file_end(pid);

	device_file_meanwhile.ends = device_file_hold(fixture->image, O_RDWR, LOCK_EX);
	options.wait_ms = -1;
	assert_int_equal(device_file_open_waiting(fixture, fixture->image, &options), 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->recorder.notes, 1);
}

static void test_waiting_cancelled(void **state)
{
	const struct csum_device_options options = { .writable = true, .wait_ms = -1 };
	struct device_file *fixture = *state;
	pid_t pid = device_file_hold(fixture->image, O_RDWR, LOCK_EX);

	recorder_init(&fixture->recorder);
	fixture->recorder.cancel_after = 2;
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, fixture->image, &options, &fixture->device),
			 -ECANCELED);
	assert_null(fixture->device);
	assert_int_equal(fixture->recorder.asked, 3);
	device_file_end(pid);
}

/* The file was replaced during the wait: the lock on the old file says nothing about the new one. */
static void test_replaced_while_waiting(void **state)
{
	const struct csum_device_options options = { .writable = true, .wait_ms = -1 };
	struct device_file *fixture = *state;
	char *new = path_in(fixture->directory, "new");

	put_image(new, 4096);
	device_file_meanwhile.ends = device_file_hold(fixture->image, O_RDWR, LOCK_EX);
	device_file_meanwhile.from = new;
	device_file_meanwhile.to = fixture->image;
	assert_int_equal(device_file_open_waiting(fixture, fixture->image, &options), -ESTALE);
	assert_null(fixture->device);
	assert_one_error(&fixture->recorder, "was replaced by another file");
	free(new);
}

/* ------------------------------------------------------------------ sameness */

static void test_same(void **state)
{
	struct device_file *fixture = *state;
	char *other_path = path_in(fixture->directory, "other"), *link_path = path_in(fixture->directory, "link");
	const struct csum_device_options options = { .unit_bytes = 512 };
	struct csum_device simulated[2] = { { .descriptor = -1 }, { .descriptor = -1 } };
	struct csum_device *other, *linked;

	put_image(other_path, 4096);
	assert_int_equal(link(fixture->image, link_path), 0);
	assert_int_equal(device_file_open(fixture, fixture->image, false), 0);
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, other_path, &options, &other), 0);
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, link_path, &options, &linked), 0);
	assert_true(csum_device_same(fixture->device, fixture->device));
	assert_true(csum_device_same(fixture->device, linked));
	assert_false(csum_device_same(fixture->device, other));
	assert_true(csum_device_same(&simulated[0], &simulated[0]));
	assert_false(csum_device_same(&simulated[0], &simulated[1]));
	assert_int_equal(csum_device_close(other), 0);
	assert_int_equal(csum_device_close(linked), 0);
	free(other_path);
	free(link_path);
}

#define with_image(test) cmocka_unit_test_setup_teardown(test, device_file_set_up, device_file_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_image(test_facts_of_a_file),
		with_image(test_operations),
		with_image(test_close_tells_its_error),
		with_image(test_wrong_types),
		with_image(test_permissions),
		with_image(test_locks),
		with_image(test_given_twice),
		with_image(test_waiting),
		with_image(test_waiting_cancelled),
		with_image(test_replaced_while_waiting),
		with_image(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
