/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/signals.h"

/* Bytes from the present position to the end; INPUT_UNKNOWN where the input has no known end. */
static uint64_t remaining(int fd, const struct stat *status)
{
	uint64_t size;
	off_t position = lseek(fd, 0, SEEK_CUR);

	if (S_ISREG(status->st_mode))
		size = (uint64_t)status->st_size;
	else if (!S_ISBLK(status->st_mode) || ioctl(fd, BLKGETSIZE64, &size) < 0)
		return INPUT_UNKNOWN;
	/* A file of /proc has size 0 and yet content, which only reading shows. */
	if (position < 0 || (uint64_t)position >= size)
		return INPUT_UNKNOWN;
	return size - (uint64_t)position;
}

static int refuse(struct report *report, const struct input *input, const char *why)
{
	report_error(report, "%s: %s", input->name, why);
	return -EINVAL;
}

static int open_file(struct input *input, const char *name)
{
	if (!name || !strcmp(name, "-")) {
		input->name = "standard input";
		input->fd = STDIN_FILENO;
		return 0;
	}
	input->name = name;
	input->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	input->opened = input->fd >= 0;
	return input->opened ? 0 : -errno;
}

static int64_t read_some(struct input *input, void *buffer, size_t size)
{
	ssize_t count;

	do {
		if (signals_wait(input->fd, POLLIN))
			return -EINTR;
		count = read(input->fd, buffer, size);
		/* EAGAIN: on a non-blocking description another process read the bytes that poll(2) announced. */
	} while (count < 0 && (errno == EINTR || errno == EAGAIN));
	if (count >= 0)
		return count;
	input->error = errno;
	/* An error of the input must not be taken for an error of the volume. */
	return -EIO;
}

static int read_ahead(struct report *report, struct input *input)
{
	int64_t count = read_some(input, input->ahead, sizeof(input->ahead));

	if (count == -EINTR)
		return -ECANCELED;
	if (count < 0) {
		report_error(report, "%s: cannot read: %s", input->name, strerror(input->error));
		return (int)count;
	}
	if (!count)
		return refuse(report, input, "the input is empty");
	input->ahead_end = (size_t)count;
	return 0;
}

int input_open(struct report *report, struct input *input, const char *name)
{
	struct stat status;
	int error;

	*input = (struct input){ .fd = -1 };
	error = open_file(input, name);
	if (!error && fstat(input->fd, &status) < 0)
		error = -errno;
	if (error == -EINTR && signals_pending())
		return -ECANCELED;
	if (error) {
		report_error(report, "%s: cannot open the input: %s", input->name, strerror(-error));
		return -EIO;
	}
	if (S_ISDIR(status.st_mode))
		return refuse(report, input, "a directory cannot be the input");
	if (isatty(input->fd))
		return refuse(report, input, "a terminal cannot be the input");
	input->known_bytes = remaining(input->fd, &status);
	/* This is only advice: an input that does not take it is read all the same. */
	(void)posix_fadvise(input->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return read_ahead(report, input);
}

void input_close(struct input *input)
{
	/* Nothing was written, so closing can lose nothing. */
	if (input->opened)
		close(input->fd);
}

static int64_t take(struct input *input, void *buffer, size_t size)
{
	size_t ahead = input->ahead_end - input->ahead_first;

	if (!ahead)
		return read_some(input, buffer, size);
	if (ahead > size)
		ahead = size;
	memcpy(buffer, input->ahead + input->ahead_first, ahead);
	input->ahead_first += ahead;
	return (int64_t)ahead;
}

int64_t input_fill(void *user, void *buffer, size_t size)
{
	struct input *input = user;
	int64_t got = take(input, buffer, size);

	if (got > 0)
		input->given_bytes += (uint64_t)got;
	return got;
}
