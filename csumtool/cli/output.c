/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/signals.h"

/* Zeros are looked for in pieces of this size, which is no smaller than the units in which file systems keep holes. */
#define HOLE_SIZE 65536

bool output_is_stdout(const char *name)
{
	return !name || !strcmp(name, "-");
}

static int refuse(struct report *report, const struct output *output, int error, const char *why)
{
	report_error(report, "%s: %s", output->name, why);
	return error;
}

static int open_existing(struct report *report, struct output *output, bool force, bool sparse)
{
	int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
	struct stat status;
	bool known = stat(output->name, &status) == 0;

	/* A device like /dev/null or a FIFO keeps nothing that could be lost. */
	if (!force && !(known && (S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))))
		return refuse(report, output, -EEXIST, "the file exists; --force would overwrite it");
	if (sparse)
		return refuse(report, output, -EEXIST,
			      "the file exists; --sparse is for a file that 'read' makes itself");
	/* With O_EXCL the kernel refuses a block device that is mounted or otherwise taken. */
	if (known && S_ISBLK(status.st_mode))
		flags |= O_EXCL;
	output->fd = open(output->name, flags);
	return output->fd < 0 ? -errno : 0;
}

static int open_file(struct report *report, struct output *output, const char *name, bool force, bool sparse)
{
	int error = 0;

	output->name = name;
	output->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	output->created = output->fd >= 0;
	if (output->fd < 0 && errno == EEXIST) {
		error = open_existing(report, output, force, sparse);
		if (error == -EEXIST)
			return error;
	} else if (output->fd < 0) {
		error = -errno;
	}
	output->opened = output->fd >= 0;
	if (error == -EINTR && signals_pending())
		return -ECANCELED;
	if (!error)
		return 0;
	report_error(report, "%s: cannot open the output: %s", name, strerror(-error));
	return -EIO;
}

int output_open(struct report *report, struct output *output, const char *name, bool force, bool sparse)
{
	int error = 0;

	*output = (struct output){ .name = "standard output", .fd = STDOUT_FILENO, .sparse = sparse };
	if (!output_is_stdout(name))
		error = open_file(report, output, name, force, sparse);
	if (error)
		return error;
	if (fstat(output->fd, &output->status) < 0) {
		report_error(report, "%s: %s", output->name, strerror(errno));
		return -EIO;
	}
	if (isatty(output->fd))
		return refuse(report, output, -EINVAL, "a terminal cannot be the output");
	return 0;
}

static int fail(struct output *output, int error)
{
	output->error = error;
	/* An error of the output must not be taken for an error of the volume. */
	return -EIO;
}

/* Empties an existing file, which keeps its old content until there is new content. */
static int begin(struct output *output)
{
	if (!output->begun && output->opened && S_ISREG(output->status.st_mode) && ftruncate(output->fd, 0) < 0)
		return fail(output, errno);
	output->begun = true;
	return 0;
}

static int write_all(struct output *output, const char *data, size_t size)
{
	while (size) {
		ssize_t count;

		if (signals_wait(output->fd, POLLOUT))
			return -ECANCELED;
		count = write(output->fd, data, size);
		if (count < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (count <= 0)
			return fail(output, count ? errno : EIO);
		data += count;
		size -= (size_t)count;
	}
	return 0;
}

static bool all_zero(const char *data, size_t size)
{
	return !data[0] && !memcmp(data, data + 1, size - 1);
}

static int put_sparse(struct output *output, const char *data, size_t size, bool is_zero)
{
	while (size) {
		size_t piece = size < HOLE_SIZE ? size : HOLE_SIZE;

		if (is_zero || all_zero(data, piece)) {
			if (lseek(output->fd, (off_t)piece, SEEK_CUR) < 0)
				return fail(output, errno);
		} else {
			int error = write_all(output, data, piece);

			if (error)
				return error;
		}
		data += piece;
		size -= piece;
	}
	return 0;
}

int output_put(struct output *output, const void *data, size_t size, bool is_zero)
{
	int error = begin(output);

	if (!error)
		error = output->sparse ? put_sparse(output, data, size, is_zero) : write_all(output, data, size);
	if (!error)
		output->bytes += size;
	return error;
}

/* On some file systems a signal may end fsync(2) early: then nothing has failed. */
static int sync_descriptor(int fd)
{
	while (fsync(fd) < 0) {
		if (errno != EINTR)
			return errno;
	}
	return 0;
}

/* A new file survives a crash only if its entry in the directory does. */
static int sync_directory(struct output *output)
{
	char *copy = strdup(output->name);
	int fd, error;

	if (!copy)
		return fail(output, ENOMEM);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd < 0)
		return fail(output, errno);
	error = sync_descriptor(fd);
	close(fd);
	/* EINVAL: this file system does not sync directories, and has no need to. */
	return error && error != EINVAL ? fail(output, error) : 0;
}

int output_sync(struct output *output)
{
	int error = begin(output);

	if (error)
		return error;
	if (output->sparse && ftruncate(output->fd, (off_t)output->bytes) < 0)
		return fail(output, errno);
	/* Only files and block devices keep bytes that can be synced. */
	if (!S_ISREG(output->status.st_mode) && !S_ISBLK(output->status.st_mode))
		return 0;
	error = sync_descriptor(output->fd);
	if (error)
		return fail(output, error);
	return output->created ? sync_directory(output) : 0;
}

int output_close(struct report *report, struct output *output, bool discard)
{
	int error = output->opened && close(output->fd) < 0 ? -errno : 0;

	if (discard && output->created) {
		if (unlink(output->name) < 0)
			report_error(report, "%s: cannot remove the empty file: %s", output->name, strerror(errno));
	} else if (error) {
		report_error(report, "%s: cannot close: %s", output->name, strerror(-error));
	}
	return error;
}
