/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes of a device's sectors, and the device under a file. */
#ifndef CSUM_DEVICE_TOPOLOGY_H
#define CSUM_DEVICE_TOPOLOGY_H

#include <sys/types.h>

#include "csum.h"

struct csum_system_roots;

struct csum_topology {
	uint32_t physical_sector_size; /* bytes; 0 unknown */
	uint32_t logical_sector_size; /* bytes; 0 unknown */
	uint32_t atomic_write_size; /* bytes, the most that is written whole or not at all; 0: no more than a sector */
	bool rotational;
};

/*
 * The topology of the block device `dev`, through /sys/dev/block (for a partition: of its disk). For a file give
 * its st_dev, which is the device under the file system; an anonymous st_dev (btrfs, overlay) is looked up in
 * /proc/self/mountinfo, whose line names the source.
 */
void csum_device_topology(const struct csum_system_roots *roots, dev_t dev, struct csum_topology *topology);

/*
 * The block device under the file system of an open file; 0 when there is none or it is not known. Better
 * than an anonymous st_dev: mountinfo has no st_dev of a btrfs subvolume, but the number of the mount.
 */
dev_t csum_file_system_device(const struct csum_system_roots *roots, int descriptor);

#endif
