/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/device_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

int device_file_set_up(void **state)
{
	struct device_file *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->directory = temporary_directory();
	fixture->image = path_in(fixture->directory, "image");
	put_image(fixture->image, DEVICE_FILE_SIZE);
	recorder_init(&fixture->recorder);
	*state = fixture;
	return 0;
}

int device_file_tear_down(void **state)
{
	struct device_file *fixture = *state;

	csum_device_close(fixture->device);
	temporary_remove(fixture->directory);
	free(fixture->image);
	free(fixture);
	return 0;
}

int device_file_open_with(struct device_file *fixture, const char *path, const struct csum_device_options *options)
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

int device_file_open(struct device_file *fixture, const char *path, bool writable)
{
	const struct csum_device_options options = { .writable = writable, .unit_bytes = 512 };

	return device_file_open_with(fixture, path, &options);
}

void device_file_close(struct device_file *fixture)
{
	assert_int_equal(csum_device_close(fixture->device), 0);
	fixture->device = NULL;
}

/* ------------------------------------------------------------------ others at work */

pid_t device_file_hold(const char *path, int flags, int lock)
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

void device_file_end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

struct device_file_meanwhile device_file_meanwhile;

/* The library calls this between two attempts to get the device; so the change falls into the wait. */
static bool meanwhile_asked(void *user)
{
	(void)user;
	if (device_file_meanwhile.from)
		assert_int_equal(rename(device_file_meanwhile.from, device_file_meanwhile.to), 0);
	if (device_file_meanwhile.ends)
		device_file_end(device_file_meanwhile.ends);
	memset(&device_file_meanwhile, 0, sizeof(device_file_meanwhile));
	return false;
}

int device_file_open_waiting(struct device_file *fixture, const char *path, const struct csum_device_options *options)
{
	struct csum_handlers handlers;

	recorder_init(&fixture->recorder);
	handlers = fixture->recorder.handlers;
	handlers.cancelled = meanwhile_asked;
	return csum_device_open(&handlers, path, options, &fixture->device);
}
