/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A FUSE file system of one file that fails as it is told to:
 *
 *   faultfs BACKING MOUNTPOINT
 *
 * MOUNTPOINT/image is BACKING, passed through without a cache here or in the kernel; it may also be created and
 * removed. Lines written to MOUNTPOINT/control make faults; later lines count first:
 *
 *   read|write|flush ERROR [OFFSET LENGTH [TIMES [SKIP]]]
 *         calls that touch these bytes (LENGTH 0, and flush: all) end with ERROR, a name such as EIO; the first
 *         SKIP of them pass, the next TIMES are hit (-1, the default: all others)
 *   read|write|flush hold [OFFSET LENGTH [TIMES [SKIP]]]
 *         such calls wait until they are let go
 *   flip OFFSET LENGTH [TIMES [SKIP]]
 *         reads of these bytes arrive with the first byte changed
 *   worn OFFSET LENGTH
 *         reads that touch these bytes end with EIO until they are written, as on a disk that then remaps a sector
 *   gone ERROR OFFSET LENGTH
 *         from the first read that touches these bytes on, every read, write and flush ends with ERROR
 *   die OFFSET LENGTH
 *         with that read the server is gone: that call and all later ones get the error of the kernel
 *   delay read|write|flush MILLISECONDS
 *         each call takes that much longer
 *   let go
 *         all calls that are held go on
 *   clear
 *         lets go, forgets all faults, and sets the counts to 0
 *
 * Reading MOUNTPOINT/control gives the numbers of reads, writes and flushes of the image, and of calls that are held
 * now, on one line. The program returns when it is mounted and goes on in the background; fusermount3 -u ends it.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/faultfs_faults.h"

/* fd -1: the backing file does not exist. */
static struct {
	const char *path;
	int fd;
} backing;

static bool is_control(const char *path)
{
	return !strcmp(path, "/control");
}

/* ------------------------------------------------------------------ file system */

static int fs_getattr(const char *path, struct stat *status, struct fuse_file_info *info)
{
	(void)info;
	if (!strcmp(path, "/image") && backing.fd < 0)
		return -ENOENT;
	if (!strcmp(path, "/image"))
		return fstat(backing.fd, status) < 0 ? -errno : 0;
	*status = (struct stat){ .st_uid = getuid(), .st_gid = getgid(), .st_nlink = 1 };
	if (is_control(path))
		status->st_mode = S_IFREG | 0600;
	else if (!strcmp(path, "/"))
		status->st_mode = S_IFDIR | 0700;
	else
		return -ENOENT;
	return 0;
}

static int fs_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
		      enum fuse_readdir_flags flags)
{
	static const char *const names[] = { ".", "..", "image", "control" };

	(void)path;
	(void)offset;
	(void)info;
	(void)flags;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fill(buffer, names[i], NULL, 0, (enum fuse_fill_dir_flags)0);
	return 0;
}

static int fs_open(const char *path, struct fuse_file_info *info)
{
	(void)path;
	/* Every call must come here, whatever the kernel has cached. */
	info->direct_io = 1;
	return 0;
}

static int fs_create(const char *path, mode_t mode, struct fuse_file_info *info)
{
	if (strcmp(path, "/image"))
		return -EACCES;
	backing.fd = open(backing.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	info->direct_io = 1;
	return backing.fd < 0 ? -errno : 0;
}

/* The user of the file has finished writing by then. */
static int fs_unlink(const char *path)
{
	if (strcmp(path, "/image"))
		return -EACCES;
	if (unlink(backing.path) < 0)
		return -errno;
	close(backing.fd);
	backing.fd = -1;
	return 0;
}

static int fs_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
	(void)info;
	if (is_control(path))
		return 0;
	return ftruncate(backing.fd, size) < 0 ? -errno : 0;
}

static int fs_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	uint64_t flip;
	ssize_t count;
	int error;

	(void)info;
	if (is_control(path))
		return counts(buffer, size, offset);
	error = meet(CALL_READ, (uint64_t)offset, size, &flip);
	if (error)
		return error;
	count = pread(backing.fd, buffer, size, offset);
	if (count < 0)
		return -errno;
	if (flip >= (uint64_t)offset && flip < (uint64_t)offset + (uint64_t)count)
		buffer[flip - (uint64_t)offset] ^= 0x10;
	return (int)count;
}

static int fs_write(const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *info)
{
	uint64_t flip;
	ssize_t count;
	int error;

	(void)info;
	if (is_control(path))
		return control(data, size);
	error = meet(CALL_WRITE, (uint64_t)offset, size, &flip);
	if (error)
		return error;
	count = pwrite(backing.fd, data, size, offset);
	if (count > 0)
		mend((uint64_t)offset, (uint64_t)count);
	return count < 0 ? -errno : (int)count;
}

static int fs_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	uint64_t flip;

	(void)data_only;
	(void)info;
	/* The backing file is not synced, as nothing here outlives the test. */
	return is_control(path) ? 0 : meet(CALL_FLUSH, 0, 0, &flip);
}

static void *fs_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	config->entry_timeout = 0;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	config->hard_remove = 1;
	return NULL;
}

static const struct fuse_operations operations = {
	.init = fs_init,
	.getattr = fs_getattr,
	.readdir = fs_readdir,
	.open = fs_open,
	.create = fs_create,
	.unlink = fs_unlink,
	.truncate = fs_truncate,
	.read = fs_read,
	.write = fs_write,
	.fsync = fs_fsync,
};

/* libfuse ends its threads without freeing their memory, so the address sanitizer must not look for leaks. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int main(int argc, char **argv)
{
	char *arguments[] = { argv[0], argc == 3 ? argv[2] : NULL, NULL };

	if (argc != 3) {
		fprintf(stderr, "usage: faultfs BACKING MOUNTPOINT\n");
		return 16;
	}
	backing.path = argv[1];
	backing.fd = open(backing.path, O_RDWR | O_CLOEXEC);
	if (backing.fd < 0 && errno != ENOENT) {
		fprintf(stderr, "faultfs: %s: %s\n", argv[1], strerror(errno));
		return 8;
	}
	return fuse_main(2, arguments, &operations, NULL);
}
