/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the files of /sys and /proc, for the modules that ask the system about a device. Where these files lie comes
 * from one place, so that tests can stand in for them.
 */
#ifndef CSUM_DEVICE_SYSTEM_H
#define CSUM_DEVICE_SYSTEM_H

#include <dirent.h>
#include <stdio.h>
#include <sys/types.h>

#include "csum.h"

/* Roots of the system's own files: "/sys" and "/proc" unless a test says otherwise. */
struct csum_system_roots {
	const char *sys, *proc;
};
extern const struct csum_system_roots csum_system_roots_default;

/* Opens the file of that name for reading; NULL when it cannot. */
FILE *csum_system_open(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes the first line, without newline, and closes the file, which may be NULL: false then. */
bool csum_system_line(FILE *file, char *line, int size);

/* The next entry of a directory that no other thread reads, or NULL. Names that begin with a dot are left out. */
const struct dirent *csum_system_next(DIR *directory);

/* The first line of an attribute ("wwid") of a block device; false when it has none. */
bool csum_block_line(const struct csum_system_roots *roots, dev_t rdev, const char *attribute, char *line, int size);

/* The number in an attribute ("size", "queue/rotational") of a block device; false when it has none. */
bool csum_block_number(const struct csum_system_roots *roots, dev_t rdev, const char *attribute, uint64_t *value);

/* The disk that the block device is a partition of; 0 when it is no partition. */
dev_t csum_partition_disk(const struct csum_system_roots *roots, dev_t rdev);

/* A line of /proc/self/mountinfo; the string is valid during the call only. */
struct csum_mount {
	uint64_t id;
	dev_t device; /* anonymous (major 0) for some file systems */
	dev_t source_device; /* rdev of its source where that is a block device, else 0 */
	const char *mount_point;
	bool read_only; /* the file system itself, not only this view of it */
};
/* Calls visit(argument, mount) for each mount until it returns false. */
void csum_each_mount(const struct csum_system_roots *roots,
		     bool (*visit)(void *argument, const struct csum_mount *mount), void *argument);
/* Calls visit(argument, path) for each swap device or file. */
void csum_each_swap(const struct csum_system_roots *roots, void (*visit)(void *argument, const char *path),
		    void *argument);

#endif
