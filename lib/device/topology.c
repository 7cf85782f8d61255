/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sector sizes of block devices, from /sys, and the block device that a file lies on. */
#include "device/topology.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "device/system.h"

/* Larger than any sector size that the kernel has. */
#define SECTOR_SIZE_MAX (1u << 20)

struct mount_search {
	bool by_id;
	uint64_t id;
	dev_t device;
	dev_t found; /* 0: nothing yet */
};

static bool match_mount(void *argument, const struct csum_mount *mount)
{
	struct mount_search *search = argument;

	if (search->by_id ? mount->id != search->id : mount->device != search->device)
		return true;
	search->found = mount->source_device;
	/* The same file system may be mounted again with a source that is no device. */
	return search->found == 0 && !search->by_id;
}

/* The number of the mount that an open file was reached through. */
static bool mount_id(const struct csum_system_roots *roots, int descriptor, uint64_t *id)
{
	FILE *file = csum_system_open("%s/self/fdinfo/%d", roots->proc, descriptor);
	char line[256];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "mnt_id: %" SCNu64, id) == 1;
	fclose(file);
	return found;
}

dev_t csum_file_system_device(const struct csum_system_roots *roots, int descriptor)
{
	struct mount_search search = { .by_id = true };
	struct stat status;

	if (fstat(descriptor, &status) < 0)
		return 0;
	if (major(status.st_dev) != 0)
		return status.st_dev;
	if (!mount_id(roots, descriptor, &search.id)) {
		search.by_id = false;
		search.device = status.st_dev;
	}
	csum_each_mount(roots, match_mount, &search);
	return search.found;
}

/* A sector size from that attribute: 0 unless it is a power of two that sectors can have. */
static uint32_t sector_size(const struct csum_system_roots *roots, dev_t rdev, const char *attribute)
{
	uint64_t size;

	if (!csum_block_number(roots, rdev, attribute, &size))
		return 0;
	if (size < 512 || size > SECTOR_SIZE_MAX || (size & (size - 1)) != 0)
		return 0;
	return (uint32_t)size;
}

/* A promise for writes larger than the sectors of any volume is of no use. */
static uint32_t atomic_write_size(const struct csum_system_roots *roots, dev_t rdev)
{
	uint64_t least = 0, most;

	if (!csum_block_number(roots, rdev, "queue/atomic_write_unit_max_bytes", &most) ||
	    (csum_block_number(roots, rdev, "queue/atomic_write_unit_min_bytes", &least) && least > 4096))
		return 0;
	return (uint32_t)(most < SECTOR_SIZE_MAX ? most : SECTOR_SIZE_MAX);
}

void csum_device_topology(const struct csum_system_roots *roots, dev_t dev, struct csum_topology *topology)
{
	struct mount_search search = { .device = dev };
	uint64_t rotational = 0;
	dev_t disk;

	memset(topology, 0, sizeof(*topology));
	if (major(dev) == 0) {
		csum_each_mount(roots, match_mount, &search);
		if (search.found == 0)
			return;
		dev = search.found;
	}
	disk = csum_partition_disk(roots, dev);
	if (disk == 0)
		disk = dev;
	topology->physical_sector_size = sector_size(roots, disk, "queue/physical_block_size");
	topology->logical_sector_size = sector_size(roots, disk, "queue/logical_block_size");
	topology->atomic_write_size = atomic_write_size(roots, disk);
	topology->rotational = csum_block_number(roots, disk, "queue/rotational", &rotational) && rotational != 0;
}
