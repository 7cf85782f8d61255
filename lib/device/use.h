/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the system uses a device: mounts, swap, holders, loop devices. */
#ifndef CSUM_DEVICE_USE_H
#define CSUM_DEVICE_USE_H

#include <sys/types.h>

#include "csum.h"

struct csum_system_roots;

enum csum_use {
	CSUM_USE_NONE,
	CSUM_USE_MOUNTED, /* or used as swap */
	CSUM_USE_MOUNTED_READ_ONLY,
	CSUM_USE_HELD, /* by device-mapper, md, ... */
	CSUM_USE_ATTACHED, /* a file behind a loop device */
	CSUM_USE_ATTACHED_READ_ONLY,
};

/*
 * How the system uses the block device `rdev` (or a partition of it, or the disk it is part of where that is
 * mounted as a whole), or, when rdev is 0, the file (dev, inode). `where` (size bytes, at least 1) names it:
 * mount point, holder, loop device; "" for CSUM_USE_NONE.
 */
enum csum_use csum_device_use(const struct csum_system_roots *roots, dev_t rdev, dev_t dev, ino_t inode, char *where,
			      size_t size);

/*
 * Whether the block device `loop` is a loop device over the block device `rdev`, or, when that is 0, over
 * the file (dev, inode).
 */
bool csum_loop_backed_by(const struct csum_system_roots *roots, dev_t loop, dev_t rdev, dev_t dev, ino_t inode);

#endif
