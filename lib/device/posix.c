/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices and image files on a POSIX descriptor. */
#include "device/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"
#include "device/exclusive.h"
#include "device/lock.h"
#include "device/system.h"
#include "device/topology.h"
#include "device/use.h"

/* Unit of I/O when the caller does not know its own yet. */
#define UNIT_BYTES_MIN 512u
#define TRIAL_ALIGNMENT 4096u

struct posix_context {
	int descriptor;
	bool buffered_said;
};

/* ------------------------------------------------------------------ operations */

static int64_t posix_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	const struct posix_context *posix = context;
	ssize_t done = pread(posix->descriptor, buffer, size, (off_t)offset_bytes);

	return done < 0 ? -errno : done;
}

static int64_t posix_pwrite(void *context, const void *buffer, size_t size, uint64_t offset_bytes)
{
	const struct posix_context *posix = context;
	ssize_t done = pwrite(posix->descriptor, buffer, size, (off_t)offset_bytes);

	return done < 0 ? -errno : done;
}

static int posix_flush(void *context)
{
	const struct posix_context *posix = context;

	return fdatasync(posix->descriptor) < 0 ? -errno : 0;
}

static int posix_drop_cache(void *context)
{
	const struct posix_context *posix = context;

	return -posix_fadvise(posix->descriptor, 0, 0, POSIX_FADV_DONTNEED);
}

static enum csum_at_work posix_at_work(void *context)
{
	const struct posix_context *posix = context;

	return csum_lock_at_work(posix->descriptor);
}

static int posix_close(void *context)
{
	struct posix_context *posix = context;
	int error = 0;

	if (posix->descriptor >= 0 && close(posix->descriptor) < 0)
		error = -errno;
	free(posix);
	return error;
}

static const struct csum_device_ops posix_ops = {
	.pread = posix_pread,
	.pwrite = posix_pwrite,
	.flush = posix_flush,
	.drop_cache = posix_drop_cache,
	.at_work = posix_at_work,
	.close = posix_close,
};

/* ------------------------------------------------------------------ refusals */

static int refuse_type(const struct csum_handlers *handlers, const char *name, mode_t mode)
{
	const char *type;

	if (S_ISREG(mode) || S_ISBLK(mode))
		return 0;
	if (S_ISDIR(mode))
		return csum_report_refusal(handlers, -EISDIR, name,
					   "is a directory: give a block device or an image file");
	if (S_ISFIFO(mode))
		type = "a pipe";
	else if (S_ISSOCK(mode))
		type = "a socket";
	else if (S_ISCHR(mode))
		type = "a character device";
	else
		type = "no file with data";
	return csum_report_refusal(handlers, -EINVAL, name, "is %s: give a block device or an image file", type);
}

/* ------------------------------------------------------------------ O_DIRECT */

static int set_direct(int descriptor, bool direct)
{
	int flags = fcntl(descriptor, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
	return fcntl(descriptor, F_SETFL, flags) < 0 ? -errno : 0;
}

/*
 * Whether the system says that O_DIRECT works in that unit. A trial alone would not do for a sparse file: file
 * systems do not check the alignment of a read from a hole, and then refuse the write.
 */
static bool unit_is_allowed(const struct csum_device *device, uint32_t disk_logical_sector_size, uint32_t unit)
{
#ifdef STATX_DIOALIGN
	struct statx status;

	if (statx(device->descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 &&
	    (status.stx_mask & STATX_DIOALIGN) &&
	    (status.stx_dio_offset_align == 0 || unit % status.stx_dio_offset_align != 0 ||
	     status.stx_dio_mem_align == 0 || unit % status.stx_dio_mem_align != 0))
		return false;
#endif
	if (device->is_block)
		return device->logical_sector_size <= unit;
	return disk_logical_sector_size <= unit;
}

/* Reads one unit with no more alignment than that: 1 it works, 0 it does not, else an error. */
static int try_direct(const struct csum_device *device, uint32_t unit)
{
	off_t offset = device->size_bytes >= 2 * (uint64_t)unit ? (off_t)unit : 0;
	ssize_t done;
	void *memory;
	int error;

	error = -posix_memalign(&memory, TRIAL_ALIGNMENT, (size_t)unit + TRIAL_ALIGNMENT);
	if (error < 0)
		return error;
	do {
		done = pread(device->descriptor, (char *)memory + unit % TRIAL_ALIGNMENT, unit, offset);
	} while (done < 0 && errno == EINTR);
	error = done < 0 ? -errno : 0;
	free(memory);
	/* A bad sector just there is no matter of O_DIRECT. */
	return error != -EINVAL && error != -EOPNOTSUPP;
}

/* The topology of the device, or of the one under the file system; zeros where it is not known. */
static void learn_topology(const struct csum_device *device, struct csum_topology *topology)
{
	const struct csum_system_roots *roots = &csum_system_roots_default;
	dev_t disk = device->block_device;

	memset(topology, 0, sizeof(*topology));
	if (!device->is_block)
		disk = csum_file_system_device(roots, device->descriptor);
	if (disk != 0)
		csum_device_topology(roots, disk, topology);
}

static int choose_io(const struct csum_handlers *handlers, struct csum_device *device, uint32_t unit_bytes)
{
	uint32_t unit = unit_bytes > 0 ? unit_bytes : UNIT_BYTES_MIN;
	struct posix_context *posix = device->context;
	struct csum_topology topology;
	int works = 0, error;

	learn_topology(device, &topology);
	if (unit_is_allowed(device, topology.logical_sector_size, unit) && set_direct(device->descriptor, true) == 0)
		works = try_direct(device, unit);
	if (works < 0)
		return csum_report_error(handlers, works, device->name, "cannot try O_DIRECT");
	if (!works) {
		error = set_direct(device->descriptor, false);
		if (error < 0)
			return csum_report_error(handlers, error, device->name, "cannot switch to buffered I/O");
	}
	device->direct = works > 0;
	if (!device->is_block)
		device->logical_sector_size = device->direct ? unit : 1;
	/* A unit that was only assumed is not worth a note: the caller will set its own. */
	if (!device->direct && unit_bytes > 0 && !posix->buffered_said) {
		csum_report_note(handlers, device->name, "no O_DIRECT for %u-byte I/O here, using buffered I/O", unit);
		posix->buffered_said = true;
	}
	return 0;
}

int csum_device_set_unit(const struct csum_handlers *handlers, struct csum_device *device, uint32_t unit_bytes)
{
	if (device->descriptor < 0)
		return 0;
	return choose_io(handlers, device, unit_bytes);
}

/* ------------------------------------------------------------------ opening */

static int read_block_facts(const struct csum_handlers *handlers, struct csum_device *device)
{
	unsigned int physical = 0;
	int logical = 0, alignment = 0, read_only = 0;
	uint64_t size = 0;

	if (ioctl(device->descriptor, BLKGETSIZE64, &size) < 0 || ioctl(device->descriptor, BLKSSZGET, &logical) < 0 ||
	    ioctl(device->descriptor, BLKROGET, &read_only) < 0)
		return csum_report_error(handlers, -errno, device->name, "cannot learn its size");
	if (device->writable && read_only)
		return csum_report_refusal(handlers, -EROFS, device->name, "the device is set to read-only");
	if (ioctl(device->descriptor, BLKPBSZGET, &physical) < 0)
		physical = 0;
	if (ioctl(device->descriptor, BLKALIGNOFF, &alignment) < 0)
		alignment = 0;
	device->size_bytes = size;
	device->logical_sector_size = (uint32_t)logical;
	device->physical_sector_size = physical;
	/* -1: misaligned, but the kernel cannot say by how much; one sector is the least possible. */
	device->alignment_offset_bytes = (uint64_t)(alignment < 0 ? logical : alignment);
	return 0;
}

/* Facts from fstat(2), the device and /sys about the file that is open and locked now. */
static int read_facts(const struct csum_handlers *handlers, struct csum_device *device)
{
	struct csum_topology topology;
	struct stat status;
	int error;

	if (device->is_block) {
		error = read_block_facts(handlers, device);
		if (error < 0)
			return error;
	} else {
		if (fstat(device->descriptor, &status) < 0)
			return csum_report_error(handlers, -errno, device->name, "cannot learn its size");
		device->size_bytes = (uint64_t)status.st_size;
	}
	learn_topology(device, &topology);
	if (!device->is_block)
		device->physical_sector_size = topology.physical_sector_size;
	device->atomic_write_size = topology.atomic_write_size;
	device->rotational = topology.rotational;
	return 0;
}

static int identify(const struct csum_handlers *handlers, struct csum_device *device)
{
	struct stat status;
	int error;

	if (stat(device->name, &status) < 0)
		return csum_report_error(handlers, -errno, device->name, "cannot open");
	error = refuse_type(handlers, device->name, status.st_mode);
	if (error < 0)
		return error;
	device->is_block = S_ISBLK(status.st_mode);
	device->block_device = device->is_block ? status.st_rdev : 0;
	device->file_system_device = status.st_dev;
	device->inode = status.st_ino;
	return 0;
}

/* A device with nothing open; NULL when there is no memory. */
static struct csum_device *new_device(const char *path)
{
	struct csum_device *device = calloc(1, sizeof(*device));
	struct posix_context *posix = malloc(sizeof(*posix));
	char *name = strdup(path);

	if (!device || !posix || !name) {
		free(device);
		free(posix);
		free(name);
		return NULL;
	}
	*posix = (struct posix_context){ .descriptor = -1 };
	device->ops = &posix_ops;
	device->context = posix;
	device->name = name;
	device->descriptor = -1;
	return device;
}

int csum_device_open(const struct csum_handlers *handlers, const char *path, const struct csum_device_options *options,
		     struct csum_device **device)
{
	struct csum_device *new;
	int error;

	*device = NULL;
	new = new_device(path);
	if (!new)
		return csum_report_error(handlers, -ENOMEM, path, "cannot open");
	new->writable = options->writable;
	error = identify(handlers, new);
	if (error == 0) {
		error = csum_device_acquire(handlers, new, options);
		((struct posix_context *)new->context)->descriptor = new->descriptor;
	}
	if (error == 0)
		error = read_facts(handlers, new);
	if (error == 0)
		error = choose_io(handlers, new, options->unit_bytes);
	if (error < 0) {
		/* Nothing was written: an error of the close matters less than the one before. */
		csum_device_close(new);
		return error;
	}
	*device = new;
	return 0;
}

enum csum_at_work csum_device_at_work(const struct csum_device *device)
{
	return device->ops->at_work ? device->ops->at_work(device->context) : CSUM_NOBODY_AT_WORK;
}

int csum_device_close(struct csum_device *device)
{
	int error;

	if (!device)
		return 0;
	error = device->ops->close(device->context);
	free(device->name);
	free(device);
	return error;
}

/* ------------------------------------------------------------------ sameness */

/* An extended partition overlaps those inside it. */
static bool partitions_overlap(const struct csum_system_roots *roots, dev_t a, dev_t b)
{
	uint64_t start[2], size[2];

	return csum_block_number(roots, a, "start", &start[0]) && csum_block_number(roots, a, "size", &size[0]) &&
	       csum_block_number(roots, b, "start", &start[1]) && csum_block_number(roots, b, "size", &size[1]) &&
	       start[0] < start[1] + size[1] && start[1] < start[0] + size[0];
}

static bool same_disk_space(const struct csum_system_roots *roots, dev_t a, dev_t b)
{
	dev_t disk_of_a = csum_partition_disk(roots, a), disk_of_b = csum_partition_disk(roots, b);

	if (a == b || disk_of_a == b || disk_of_b == a)
		return true;
	return disk_of_a != 0 && disk_of_a == disk_of_b && partitions_overlap(roots, a, b);
}

/* Whether `loop` is a loop device over the other one. */
static bool is_loop_over(const struct csum_system_roots *roots, const struct csum_device *loop,
			 const struct csum_device *other)
{
	return loop->is_block && csum_loop_backed_by(roots, loop->block_device, other->block_device,
						     other->file_system_device, other->inode);
}

bool csum_device_same(const struct csum_device *a, const struct csum_device *b)
{
	const struct csum_system_roots *roots = &csum_system_roots_default;

	if (a == b)
		return true;
	/* A simulated disk is the same as itself only. */
	if (a->descriptor < 0 || b->descriptor < 0)
		return false;
	if (a->file_system_device == b->file_system_device && a->inode == b->inode)
		return true;
	if (a->is_block && b->is_block && same_disk_space(roots, a->block_device, b->block_device))
		return true;
	return is_loop_over(roots, a, b) || is_loop_over(roots, b, a);
}
