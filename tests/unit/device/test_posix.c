/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/device.h"
#include "support/device_helpers.h"

#define IMAGE_SIZE (1 << 20)

struct fixture {
	char *directory, *image;
	struct recorder recorder;
	struct csum_device *device;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->directory = temporary_directory();
	fixture->image = path_in(fixture->directory, "image");
	put_image(fixture->image, IMAGE_SIZE);
	recorder_init(&fixture->recorder);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	csum_device_close(fixture->device);
	temporary_remove(fixture->directory);
	free(fixture->image);
	free(fixture);
	return 0;
}

static int open_with(struct fixture *fixture, const char *path, const struct csum_device_options *options)
{
	int error;

	recorder_init(&fixture->recorder);
	error = csum_device_open(&fixture->recorder.handlers, path, options, &fixture->device);
	if (error < 0)
		assert_null(fixture->device);
	else
		assert_int_equal(fixture->recorder.errors, 0);
	return error;
}

static int open_for(struct fixture *fixture, const char *path, bool writable)
{
	const struct csum_device_options options = { .writable = writable, .unit_bytes = 512 };

	return open_with(fixture, path, &options);
}

static void close_now(struct fixture *fixture)
{
	assert_int_equal(csum_device_close(fixture->device), 0);
	fixture->device = NULL;
}

/* ------------------------------------------------------------------ files */

static void test_facts_of_a_file(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	assert_int_equal(open_for(fixture, fixture->image, false), 0);
	assert_int_equal(stat(fixture->image, &status), 0);
	assert_string_equal(fixture->device->name, fixture->image);
	assert_int_equal(fixture->device->size_bytes, IMAGE_SIZE);
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
	struct fixture *fixture = *state;
	const struct csum_device_ops *ops;
	_Alignas(4096) unsigned char out[4096], in[4096];
	void *context;

	assert_int_equal(open_for(fixture, fixture->image, true), 0);
	ops = fixture->device->ops;
	context = fixture->device->context;
	memset(out, 0x5a, sizeof(out));
	assert_int_equal(ops->pwrite(context, out, sizeof(out), 8192), sizeof(out));
	assert_int_equal(ops->flush(context), 0);
	assert_int_equal(ops->drop_cache(context), 0);
	assert_int_equal(ops->pread(context, in, sizeof(in), 8192), sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(ops->pread(context, in, sizeof(in), IMAGE_SIZE), 0);
	assert_int_equal(ops->pread(context, in, sizeof(in), UINT64_MAX - 4095), -EINVAL);
	close_now(fixture);

	assert_int_equal(open_for(fixture, fixture->image, false), 0);
	assert_int_equal(ops->pwrite(fixture->device->context, out, sizeof(out), 0), -EBADF);
}

static void test_close_tells_its_error(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(open_for(fixture, fixture->image, true), 0);
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
	struct fixture *fixture = *state;
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
			assert_int_equal(open_for(fixture, path, writable), cases[i].error);
			assert_one_error(&fixture->recorder, cases[i].text);
		}
		free(path);
	}
	close(listener);
}

/* Root may write what is read-only, so it becomes somebody else for a moment. */
static void test_permissions(void **state)
{
	struct fixture *fixture = *state;
	bool root = geteuid() == 0;
	int read_only, unreadable, reading;

	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(root ? 0 : chmod(fixture->image, 0444), 0);
	reading = open_for(fixture, fixture->image, false);
	if (reading == 0)
		close_now(fixture);
	read_only = open_for(fixture, fixture->image, true);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(reading, 0);
	assert_int_equal(read_only, -EACCES);
	assert_one_error(&fixture->recorder, "image: cannot open for writing: Permission denied");

	assert_int_equal(chmod(fixture->image, 0), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	unreadable = open_for(fixture, fixture->image, false);
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

/* A process that has the file open with these flags, and locked, until it is ended, or this one ends. */
static pid_t hold(const char *path, int flags, int lock)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int descriptor = open(path, flags | O_CLOEXEC);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (descriptor < 0 || (lock && flock(descriptor, lock) < 0) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What happens once a device is waited for. */
static struct {
	pid_t ends;
	const char *from, *to; /* to be renamed, unless NULL */
} meanwhile;

/* Whether to go on waiting is asked in the midst of it. */
static bool meanwhile_asked(void *user)
{
	(void)user;
	if (meanwhile.from)
		assert_int_equal(rename(meanwhile.from, meanwhile.to), 0);
	if (meanwhile.ends)
		end(meanwhile.ends);
	memset(&meanwhile, 0, sizeof(meanwhile));
	return false;
}

static int open_waiting(struct fixture *fixture, const char *path, const struct csum_device_options *options)
{
	struct csum_handlers handlers;

	recorder_init(&fixture->recorder);
	handlers = fixture->recorder.handlers;
	handlers.cancelled = meanwhile_asked;
	return csum_device_open(&handlers, path, options, &fixture->device);
}

static void test_locks(void **state)
{
	struct fixture *fixture = *state;
	char text[64];
	pid_t pid;

	pid = hold(fixture->image, O_RDWR, LOCK_EX);
	snprintf(text, sizeof(text), "image: in use by process %ld (", (long)pid);
	assert_int_equal(open_for(fixture, fixture->image, false), -EBUSY);
	assert_one_error(&fixture->recorder, text);
	assert_one_error(&fixture->recorder, "): --wait waits for it");
	assert_int_equal(open_for(fixture, fixture->image, true), -EBUSY);
	assert_one_error(&fixture->recorder, text);
	end(pid);

	pid = hold(fixture->image, O_RDONLY, LOCK_SH);
	assert_int_equal(open_for(fixture, fixture->image, true), -EBUSY);
	assert_int_equal(open_for(fixture, fixture->image, false), 0);
	end(pid);
	close_now(fixture);
	assert_int_equal(open_for(fixture, fixture->image, true), 0);
}

static void test_given_twice(void **state)
{
	const struct csum_device_options options = { .writable = true, .wait_ms = -1 };
	struct fixture *fixture = *state;
	struct csum_device *second;

	assert_int_equal(open_for(fixture, fixture->image, true), 0);
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, fixture->image, &options, &second), -EBUSY);
	assert_null(second);
	assert_one_error(&fixture->recorder, "image: in use by this process itself");
	close_now(fixture);
}

static void test_waiting(void **state)
{
	struct csum_device_options options = { .writable = true, .wait_ms = 200 };
	struct fixture *fixture = *state;
	int64_t started_ms;
	pid_t pid;

	pid = hold(fixture->image, O_RDWR, LOCK_EX);
	started_ms = now_ms();
	assert_int_equal(open_with(fixture, fixture->image, &options), -EBUSY);
	assert_true(now_ms() - started_ms >= 190);
	assert_int_equal(fixture->recorder.errors, 1);
	assert_int_equal(fixture->recorder.notes, 1);
	assert_non_null(strstr(fixture->recorder.last_note, "image: waiting for process"));
	end(pid);

	meanwhile.ends = hold(fixture->image, O_RDWR, LOCK_EX);
	options.wait_ms = -1;
	assert_int_equal(open_waiting(fixture, fixture->image, &options), 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->recorder.notes, 1);
}

static void test_waiting_cancelled(void **state)
{
	const struct csum_device_options options = { .writable = true, .wait_ms = -1 };
	struct fixture *fixture = *state;
	pid_t pid = hold(fixture->image, O_RDWR, LOCK_EX);

	recorder_init(&fixture->recorder);
	fixture->recorder.cancel_after = 2;
	assert_int_equal(csum_device_open(&fixture->recorder.handlers, fixture->image, &options, &fixture->device),
			 -ECANCELED);
	assert_null(fixture->device);
	assert_int_equal(fixture->recorder.asked, 3);
	end(pid);
}

/* What was waited for has been replaced meanwhile: its lock says nothing about the new file. */
static void test_replaced_while_waiting(void **state)
{
	const struct csum_device_options options = { .writable = true, .wait_ms = -1 };
	struct fixture *fixture = *state;
	char *new = path_in(fixture->directory, "new");

	put_image(new, 4096);
	meanwhile.ends = hold(fixture->image, O_RDWR, LOCK_EX);
	meanwhile.from = new;
	meanwhile.to = fixture->image;
	assert_int_equal(open_waiting(fixture, fixture->image, &options), -ESTALE);
	assert_null(fixture->device);
	assert_one_error(&fixture->recorder, "was replaced by another file");
	free(new);
}

/* ------------------------------------------------------------------ block devices */

/* The file on a loop device, or a skip. */
static void attach(struct fixture *fixture, struct loop *loop, uint32_t sector_size)
{
	if (!loop_attach(loop, fixture->image, sector_size, false))
		skip_because("needs a loop device");
}

static void test_facts_of_a_device(void **state)
{
	struct fixture *fixture = *state;
	struct loop loop;

	attach(fixture, &loop, 4096);
	assert_int_equal(open_for(fixture, loop.path, true), 0);
	assert_int_equal(fixture->device->size_bytes, IMAGE_SIZE);
	assert_true(fixture->device->writable);
	assert_true(fixture->device->is_block);
	assert_int_equal(fixture->device->block_device, loop.rdev);
	assert_int_equal(fixture->device->logical_sector_size, 4096);
	assert_int_equal(fixture->device->physical_sector_size, 4096);
	close_now(fixture);
	loop_detach(&loop);
}

/* 512-byte units on 4096-byte sectors: buffered, said once; and direct again in a unit that fits. */
static void test_units_on_a_device(void **state)
{
	struct csum_device_options options = { .writable = true };
	struct fixture *fixture = *state;
	const struct csum_handlers *handlers = &fixture->recorder.handlers;
	struct loop loop;

	attach(fixture, &loop, 4096);
	assert_int_equal(open_with(fixture, loop.path, &options), 0);
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
	close_now(fixture);
	loop_detach(&loop);
}

/* A writer's claim: no second one, nor what else opens with O_EXCL; but whoever does so may be waited for. */
static void test_claims(void **state)
{
	struct csum_device_options options = { .writable = true };
	struct fixture *fixture = *state;
	struct loop loop;
	pid_t pid;

	attach(fixture, &loop, 512);
	assert_int_equal(open_for(fixture, loop.path, true), 0);
	assert_int_equal(open(loop.path, O_RDONLY | O_EXCL | O_CLOEXEC), -1);
	assert_int_equal(errno, EBUSY);
	close_now(fixture);

	pid = hold(loop.path, O_RDONLY | O_EXCL, 0);
	assert_int_equal(open_with(fixture, loop.path, &options), -EBUSY);
	assert_one_error(&fixture->recorder, ": in use by another process");
	assert_int_equal(open_for(fixture, loop.path, false), 0);
	close_now(fixture);
	end(pid);
	meanwhile.ends = hold(loop.path, O_RDONLY | O_EXCL, 0);
	options.wait_ms = -1;
	assert_int_equal(open_waiting(fixture, loop.path, &options), 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->recorder.notes, 1);
	close_now(fixture);
	loop_detach(&loop);
}

static void test_read_only_device(void **state)
{
	struct fixture *fixture = *state;
	struct loop loop;
	int error;

	if (!loop_attach(&loop, fixture->image, 512, true))
		skip_because("needs a loop device");
	error = open_for(fixture, loop.path, true);
	assert_true(error == -EROFS || error == -EACCES);
	assert_int_equal(fixture->recorder.errors, 1);
	assert_int_equal(open_for(fixture, loop.path, false), 0);
	/* The file under it: nobody writes it, and nobody may. */
	close_now(fixture);
	assert_int_equal(open_for(fixture, fixture->image, true), -EBUSY);
	assert_one_error(&fixture->recorder, "not opened for writing: attached to /dev/loop");
	assert_int_equal(open_for(fixture, fixture->image, false), 0);
	close_now(fixture);
	loop_detach(&loop);
}

static void test_attached_file(void **state)
{
	struct csum_device_options options = { .force = true };
	struct fixture *fixture = *state;
	char expected[64];
	struct loop loop;

	attach(fixture, &loop, 512);
	snprintf(expected, sizeof(expected), "attached to %s", loop.path);
	assert_int_equal(open_for(fixture, fixture->image, false), -EBUSY);
	assert_one_error(&fixture->recorder, expected);
	assert_one_error(&fixture->recorder, "--force");
	assert_int_equal(open_with(fixture, fixture->image, &options), 0);
	close_now(fixture);
	options.writable = true;
	assert_int_equal(open_with(fixture, fixture->image, &options), -EBUSY);
	assert_one_error(&fixture->recorder, expected);
	assert_null(strstr(fixture->recorder.last_error, "--force"));
	loop_detach(&loop);
	assert_int_equal(open_with(fixture, fixture->image, &options), 0);
}

/* An ext4 file system on the loop device, mounted for this process alone; or a skip. */
static void mount_loop(struct fixture *fixture, const struct loop *loop, const char *where)
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
	struct fixture *fixture = *state;
	char where[256], expected[512];
	struct loop loop;

	attach(fixture, &loop, 512);
	snprintf(where, sizeof(where), "%s/mount point", fixture->directory);
	mount_loop(fixture, &loop, where);
	snprintf(expected, sizeof(expected), "mounted on %s", where);
	assert_int_equal(open_for(fixture, loop.path, false), -EBUSY);
	assert_one_error(&fixture->recorder, expected);
	assert_int_equal(open_with(fixture, loop.path, &options), 0);
	close_now(fixture);
	options.writable = true;
	options.wait_ms = -1;
	assert_int_equal(open_with(fixture, loop.path, &options), -EBUSY);
	assert_one_error(&fixture->recorder, expected);

	assert_int_equal(mount(NULL, where, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(open_for(fixture, loop.path, false), 0);
	close_now(fixture);
	assert_int_equal(open_for(fixture, loop.path, true), -EBUSY);
	assert_one_error(&fixture->recorder, ", read-only");
	assert_int_equal(umount(where), 0);
	assert_int_equal(open_for(fixture, loop.path, true), 0);
	close_now(fixture);
	loop_detach(&loop);
}

/*
 * A file on a disk with 4096-byte sectors, sparse: reading a hole in 512-byte units works with O_DIRECT, but
 * writing them would not.
 */
static void test_file_on_large_sectors(void **state)
{
	struct fixture *fixture = *state;
	const struct csum_handlers *handlers = &fixture->recorder.handlers;
	char where[256], path[512];
	struct loop loop;

	attach(fixture, &loop, 4096);
	snprintf(where, sizeof(where), "%s/mount point", fixture->directory);
	snprintf(path, sizeof(path), "%s/file", where);
	mount_loop(fixture, &loop, where);
	put_image(path, 65536);
	assert_int_equal(open_for(fixture, path, true), 0);
	assert_false(fixture->device->direct);
	assert_int_equal(fixture->device->logical_sector_size, 1);
	assert_int_equal(fixture->device->physical_sector_size, 4096);
	assert_int_equal(fixture->recorder.notes, 1);
	assert_int_equal(fixture->device->ops->pwrite(fixture->device->context, "x", 1, 512), 1);
	assert_int_equal(csum_device_set_unit(handlers, fixture->device, 4096), 0);
	assert_true(fixture->device->direct);
	assert_int_equal(fixture->device->logical_sector_size, 4096);
	close_now(fixture);
	assert_int_equal(umount(where), 0);
	loop_detach(&loop);
}

/* ------------------------------------------------------------------ sameness */

static void test_same(void **state)
{
	struct fixture *fixture = *state;
	char *other_path = path_in(fixture->directory, "other"), *link_path = path_in(fixture->directory, "link");
	const struct csum_device_options options = { .unit_bytes = 512 };
	struct csum_device simulated[2] = { { .descriptor = -1 }, { .descriptor = -1 } };
	struct csum_device *other, *linked;

	put_image(other_path, 4096);
	assert_int_equal(link(fixture->image, link_path), 0);
	assert_int_equal(open_for(fixture, fixture->image, false), 0);
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

static void test_same_devices(void **state)
{
	struct csum_device_options options = { .force = true };
	struct fixture *fixture = *state;
	struct csum_device *other;
	char *node, *other_path;
	struct loop loop;

	attach(fixture, &loop, 512);
	node = path_in(fixture->directory, "node");
	other_path = path_in(fixture->directory, "other");
	put_image(other_path, 4096);
	assert_int_equal(open_for(fixture, loop.path, false), 0);
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
	close_now(fixture);
	loop_detach(&loop);
	free(node);
	free(other_path);
}

#define with_image(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

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
		with_image(test_facts_of_a_device),
		with_image(test_units_on_a_device),
		with_image(test_claims),
		with_image(test_read_only_device),
		with_image(test_attached_file),
		with_image(test_mounted_device),
		with_image(test_file_on_large_sectors),
		with_image(test_same),
		with_image(test_same_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
