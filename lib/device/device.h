/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One block device or image file, behind a table of operations so that a simulated disk can stand in for it.
 * The protocol reaches devices through io/io.h, which handles short transfers and EINTR.
 */
#ifndef CSUM_DEVICE_H
#define CSUM_DEVICE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "csum.h"

/* All sizes and offsets are bytes. May be called from several threads at once. */
struct csum_device_ops {
	/* As pread(2) and pwrite(2): bytes transferred, perhaps fewer than asked, or a negative errno. */
	int64_t (*pread)(void *context, void *buffer, size_t size, uint64_t offset_bytes);
	int64_t (*pwrite)(void *context, const void *buffer, size_t size, uint64_t offset_bytes);
	/* As fdatasync(2). */
	int (*flush)(void *context);
	/* Empties a cache of the system's, so that later reads come from the medium. */
	int (*drop_cache)(void *context);
	/* Whether other processes read, scrub or write it at the moment; NULL: there are no others. */
	enum csum_at_work (*at_work)(void *context);
	int (*close)(void *context);
};

struct csum_device {
	const struct csum_device_ops *ops;
	void *context; /* owned: ops->close frees it */
	char *name; /* as the user gave it; owned */
	uint64_t size_bytes; /* when it was opened */
	bool writable;
	bool direct; /* O_DIRECT, or a simulated disk */
	bool is_block;
	uint32_t logical_sector_size; /* least unit of I/O in bytes; 1 for a buffered file */
	uint32_t physical_sector_size; /* of the device, or of the one under the file system; 0 unknown */
	uint32_t atomic_write_size; /* of that device: bytes, above a sector, written whole or not at all; or 0 */
	uint64_t alignment_offset_bytes; /* of the device's start to its physical sectors */
	bool rotational; /* known to be a spinning disk */
	dev_t file_system_device; /* st_dev and st_ino: which file or device node this is */
	ino_t inode;
	dev_t block_device; /* st_rdev when is_block, else 0 */
	int descriptor; /* -1 for a simulated disk */
	/* For io/patience.c: patient reads that failed since one succeeded; the first and the latest place read. */
	atomic_uint reads_failed;
	atomic_uint_least64_t read_first, read_last;
};

struct csum_device_options {
	bool writable; /* exclusive lock, O_EXCL on block devices, refused when in use */
	bool repair; /* with writable: for a scrub, which shares it with readers */
	bool look; /* reading only: without a lock */
	bool force; /* reading only: go on although mounted or attached */
	int64_t wait_ms; /* for the lock: 0 not at all, -1 without limit */
	/*
	 * Unit that the caller will read and write in, bytes; 0: not known yet. O_DIRECT is used when the device
	 * can do it in this unit (512 when 0), else buffered I/O, which is said in a note.
	 */
	uint32_t unit_bytes;
};

/*
 * Opens `path` (already resolved; see resolve.h). Refuses files that are neither block devices nor regular files,
 * a device that is mounted or has holders, a file attached to a loop device (see use.h), and one that
 * another process has locked. Every refusal is reported. On error *device is NULL.
 */
int csum_device_open(const struct csum_handlers *handlers, const char *path, const struct csum_device_options *options,
		     struct csum_device **device) CSUM_MUST_CHECK;

/*
 * Chooses O_DIRECT or buffered I/O anew for I/O in that unit (a sector size that became known after opening).
 * No-op on a simulated disk.
 */
int csum_device_set_unit(const struct csum_handlers *handlers, struct csum_device *device,
			 uint32_t unit_bytes) CSUM_MUST_CHECK;

/* Whether other processes scrub or write the device at the moment, as far as they are builds that leave a mark. */
enum csum_at_work csum_device_at_work(const struct csum_device *device);

/* Releases it; NULL is allowed. The error of the close, not reported. */
int csum_device_close(struct csum_device *device);

/*
 * Whether both are one inode, or a disk and a partition of it, two partitions that overlap, or one is a loop device
 * over the other.
 */
bool csum_device_same(const struct csum_device *a, const struct csum_device *b);

#endif
