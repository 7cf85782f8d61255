/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Uses of a device or a file by the system: mounts, swap, device-mapper and the like, loop devices. */
#include "device/use.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device/system.h"

#define PATH_SIZE 4096
/* The kernel's limit on partitions of a disk; the device itself, and the disk it is part of. */
#define RELATED_MAX (256 + 2)

struct use_search {
	const struct csum_system_roots *roots;
	dev_t related[RELATED_MAX]; /* block devices whose use is a use of this one */
	size_t related_count; /* 0: the search is for a file */
	dev_t dev;
	ino_t inode;
	enum csum_use use;
	char *where;
	size_t size;
};

/* ------------------------------------------------------------------ uses */

/* A use that may change the bytes under us outranks one that only reads them. */
static int rank(enum csum_use use)
{
	switch (use) {
	case CSUM_USE_MOUNTED:
		return 5;
	case CSUM_USE_HELD:
		return 4;
	case CSUM_USE_ATTACHED:
		return 3;
	case CSUM_USE_MOUNTED_READ_ONLY:
		return 2;
	case CSUM_USE_ATTACHED_READ_ONLY:
		return 1;
	case CSUM_USE_NONE:
		break;
	}
	return 0;
}

static void found_use(struct use_search *search, enum csum_use use, const char *where)
{
	if (rank(use) <= rank(search->use))
		return;
	search->use = use;
	snprintf(search->where, search->size, "%s", where);
}

static bool is_related(const struct use_search *search, dev_t rdev)
{
	for (size_t i = 0; i < search->related_count; i++) {
		if (rdev != 0 && search->related[i] == rdev)
			return true;
	}
	return false;
}

/* Whether a path, as some file of the system names it, is the device or file that the search is for. */
static bool is_sought(const struct use_search *search, const struct stat *status)
{
	if (search->related_count > 0)
		return is_related(search, status->st_rdev);
	return status->st_dev == search->dev && status->st_ino == search->inode;
}

static bool check_mount(void *argument, const struct csum_mount *mount)
{
	struct use_search *search = argument;

	if (is_related(search, mount->device) || is_related(search, mount->source_device))
		found_use(search, mount->read_only ? CSUM_USE_MOUNTED_READ_ONLY : CSUM_USE_MOUNTED, mount->mount_point);
	return true;
}

static void check_swap(void *argument, const char *path)
{
	struct use_search *search = argument;
	struct stat status;

	if (path[0] == '/' && stat(path, &status) == 0 && is_sought(search, &status))
		found_use(search, CSUM_USE_MOUNTED, "swap");
}

static void found_holder(struct use_search *search, const char *holders, const char *name)
{
	char mapper_name[160], where[512];
	FILE *file = csum_system_open("%s/%s/dm/name", holders, name);

	if (csum_system_line(file, mapper_name, sizeof(mapper_name)))
		snprintf(where, sizeof(where), "%s (%s)", name, mapper_name);
	else
		snprintf(where, sizeof(where), "%s", name);
	found_use(search, CSUM_USE_HELD, where);
}

static void check_holders(struct use_search *search, dev_t rdev)
{
	const struct dirent *entry;
	char path[PATH_SIZE];
	DIR *holders;

	snprintf(path, sizeof(path), "%s/dev/block/%u:%u/holders", search->roots->sys, major(rdev), minor(rdev));
	holders = opendir(path);
	if (!holders)
		return;
	while ((entry = csum_system_next(holders)))
		found_holder(search, path, entry->d_name);
	closedir(holders);
}

/* ------------------------------------------------------------------ loop devices */

/*
 * Asks the loop device itself, if we are allowed to. It knows the file that it holds open even where the path in
 * /sys does not lead there: the link was removed and the file has others, or our root directory is another.
 */
static bool loop_status_matches(const struct use_search *search, const char *loop)
{
	struct loop_info64 info;
	char path[PATH_SIZE];
	bool known;
	int descriptor;

	snprintf(path, sizeof(path), "/dev/%s", loop);
	descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (descriptor < 0)
		return false;
	known = ioctl(descriptor, LOOP_GET_STATUS64, &info) == 0;
	close(descriptor);
	if (!known)
		return false;
	if (search->related_count > 0)
		return is_related(search, (dev_t)info.lo_rdevice);
	return (dev_t)info.lo_device == search->dev && (ino_t)info.lo_inode == search->inode;
}

static bool loop_matches(const struct use_search *search, const char *loop)
{
	FILE *file = csum_system_open("%s/block/%s/loop/backing_file", search->roots->sys, loop);
	char backing[PATH_SIZE + 64];
	struct stat status;

	if (!csum_system_line(file, backing, sizeof(backing)))
		return false;
	/* "PATH (deleted)" is no path, unless a file has that name; the file at PATH now is another one. */
	if (stat(backing, &status) == 0)
		return is_sought(search, &status);
	return loop_status_matches(search, loop);
}

static bool loop_is_read_only(const struct use_search *search, const char *loop)
{
	FILE *file = csum_system_open("%s/block/%s/ro", search->roots->sys, loop);
	char line[16];

	return csum_system_line(file, line, sizeof(line)) && strcmp(line, "1") == 0;
}

static void check_loops(struct use_search *search)
{
	const struct dirent *entry;
	char path[PATH_SIZE], where[sizeof(entry->d_name) + 8];
	DIR *devices;

	snprintf(path, sizeof(path), "%s/block", search->roots->sys);
	devices = opendir(path);
	if (!devices)
		return;
	while ((entry = csum_system_next(devices))) {
		if (strncmp(entry->d_name, "loop", 4) != 0 || !loop_matches(search, entry->d_name))
			continue;
		snprintf(where, sizeof(where), "/dev/%s", entry->d_name);
		found_use(search,
			  loop_is_read_only(search, entry->d_name) ? CSUM_USE_ATTACHED_READ_ONLY : CSUM_USE_ATTACHED,
			  where);
	}
	closedir(devices);
}

/* The name in /sys/block of a loop device. */
static bool loop_name(const struct csum_system_roots *roots, dev_t loop, char *name, size_t size)
{
	FILE *file = csum_system_open("%s/dev/block/%u:%u/uevent", roots->sys, major(loop), minor(loop));
	char line[256];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "DEVNAME=loop", 12) == 0 && strlen(line + 8) < size;
		if (found)
			strcpy(name, line + 8);
	}
	fclose(file);
	return found;
}

bool csum_loop_backed_by(const struct csum_system_roots *roots, dev_t loop, dev_t rdev, dev_t dev, ino_t inode)
{
	struct use_search search = {
		.roots = roots,
		.related = { rdev },
		.related_count = rdev != 0,
		.dev = dev,
		.inode = inode,
	};
	char name[64];

	return loop_name(roots, loop, name, sizeof(name)) && loop_matches(&search, name);
}

/* ------------------------------------------------------------------ devices */

static void add_related(struct use_search *search, dev_t rdev)
{
	if (rdev != 0 && search->related_count < RELATED_MAX && !is_related(search, rdev))
		search->related[search->related_count++] = rdev;
}

/* Partitions are the subdirectories of their disk that have an attribute "partition". */
static void add_partitions(struct use_search *search, dev_t rdev)
{
	unsigned int part_major, part_minor;
	const struct dirent *entry;
	char path[PATH_SIZE], line[64];
	DIR *disk;

	snprintf(path, sizeof(path), "%s/dev/block/%u:%u", search->roots->sys, major(rdev), minor(rdev));
	disk = opendir(path);
	if (!disk)
		return;
	while ((entry = csum_system_next(disk))) {
		if (!csum_system_line(csum_system_open("%s/%s/partition", path, entry->d_name), line, sizeof(line)))
			continue;
		if (csum_system_line(csum_system_open("%s/%s/dev", path, entry->d_name), line, sizeof(line)) &&
		    sscanf(line, "%u:%u", &part_major, &part_minor) == 2)
			add_related(search, makedev(part_major, part_minor));
	}
	closedir(disk);
}

enum csum_use csum_device_use(const struct csum_system_roots *roots, dev_t rdev, dev_t dev, ino_t inode, char *where,
			      size_t size)
{
	struct use_search search = {
		.roots = roots,
		.dev = dev,
		.inode = inode,
		.use = CSUM_USE_NONE,
		.where = where,
		.size = size,
	};

	where[0] = '\0';
	if (rdev != 0) {
		add_related(&search, rdev);
		add_related(&search, csum_partition_disk(roots, rdev));
		add_partitions(&search, rdev);
		csum_each_mount(roots, check_mount, &search);
		for (size_t i = 0; i < search.related_count; i++)
			check_holders(&search, search.related[i]);
	}
	csum_each_swap(roots, check_swap, &search);
	check_loops(&search);
	return search.use;
}
