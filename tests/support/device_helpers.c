/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/device_helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/loop.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Limit for things that take a moment unless something is wrong. */
#define PATIENCE_SECONDS 300

static void record(void *user, const struct csum_message *message)
{
	struct recorder *recorder = user;
	const char *text = message->text;

	switch (message->severity) {
	case CSUM_ERROR:
		recorder->errors++;
		recorder->error_reason = message->reason;
		snprintf(recorder->last_error, sizeof(recorder->last_error), "%s", text);
		break;
	case CSUM_WARNING:
		recorder->warnings++;
		recorder->warning_reason = message->reason;
		snprintf(recorder->last_warning, sizeof(recorder->last_warning), "%s", text);
		break;
	case CSUM_NOTE:
		recorder->notes++;
		snprintf(recorder->last_note, sizeof(recorder->last_note), "%s", text);
		break;
	}
}

static bool record_cancelled(void *user)
{
	struct recorder *recorder = user;

	return recorder->cancel_after >= 0 && recorder->asked++ >= recorder->cancel_after;
}

void recorder_init(struct recorder *recorder)
{
	memset(recorder, 0, sizeof(*recorder));
	recorder->cancel_after = -1;
	recorder->handlers.user = recorder;
	recorder->handlers.message = record;
	recorder->handlers.cancelled = record_cancelled;
}

void assert_one_error(const struct recorder *recorder, const char *part)
{
	if (recorder->errors != 1 || !strstr(recorder->last_error, part))
		fail_msg("%d errors, the last: \"%s\"; expected: \"%s\"", recorder->errors, recorder->last_error, part);
}

char *temporary_directory(void)
{
	const char *base = getenv("TMPDIR");
	char *path;

	assert_true(asprintf(&path, "%s/csum-device.XXXXXX", base ? base : "/tmp") > 0);
	assert_non_null(mkdtemp(path));
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

void temporary_remove(char *directory)
{
	nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(directory);
}

char *path_in(const char *directory, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

/* Makes the directories that `path` lies in. */
static void make_folders(const char *path)
{
	char *folder = strdup(path);

	assert_non_null(folder);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	free(folder);
}

void put_file(const char *directory, const char *name, const char *content)
{
	char *path = path_in(directory, name);
	FILE *file;

	make_folders(path);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(path);
}

void put_link(const char *directory, const char *name, const char *target)
{
	char *path = path_in(directory, name);

	make_folders(path);
	assert_int_equal(symlink(target, path), 0);
	free(path);
}

void put_image(const char *path, off_t size)
{
	int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	assert_true(descriptor >= 0);
	assert_int_equal(ftruncate(descriptor, size), 0);
	assert_int_equal(close(descriptor), 0);
}

/* Another process may take the free device between the two calls, again and again; then the next free one is tried. */
static bool configure_free_loop(int control, struct loop *loop, const struct loop_config *config)
{
	for (int attempt = 0; attempt < 10000; attempt++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0)
			return false;
		snprintf(loop->path, sizeof(loop->path), "/dev/loop%d", number);
		loop->descriptor = open(loop->path, O_RDWR | O_CLOEXEC);
		if (loop->descriptor < 0)
			return false;
		if (ioctl(loop->descriptor, LOOP_CONFIGURE, config) == 0)
			return true;
		close(loop->descriptor);
		if (errno != EBUSY)
			return false;
	}
	return false;
}

bool loop_attach(struct loop *loop, const char *file, uint32_t sector_size, bool read_only)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int backing = open(file, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)backing,
		.block_size = sector_size,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0),
	};
	bool attached = false;
	struct stat status;

	assert_true(backing >= 0);
	if (control >= 0)
		attached = configure_free_loop(control, loop, &config);
	if (!attached)
		print_message("no loop device for us: %s\n", strerror(errno));
	if (control >= 0)
		close(control);
	close(backing);
	if (attached) {
		assert_int_equal(fstat(loop->descriptor, &status), 0);
		loop->rdev = status.st_rdev;
	}
	return attached;
}

/* udev may still have the device open, and then it stays attached for a moment. */
void loop_detach(struct loop *loop)
{
	char attribute[80];

	close(loop->descriptor);
	loop->descriptor = -1;
	snprintf(attribute, sizeof(attribute), "/sys/block/%s/loop", loop->path + strlen("/dev/"));
	for (int i = 0; access(attribute, F_OK) == 0; i++) {
		if (i == PATIENCE_SECONDS * 100) {
			print_message("out of time: %s stays attached\n", loop->path);
			fail();
		}
		usleep(10000);
	}
}
