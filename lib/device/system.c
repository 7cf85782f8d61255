/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/system.h"

#include <errno.h>
#include <libmount/libmount.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define PATH_SIZE 4096

/* Returns false to end the walk over a table. */
typedef bool visit_entry_fn(void *argument, struct libmnt_fs *entry);

const struct csum_system_roots csum_system_roots_default = { .sys = "/sys", .proc = "/proc" };

FILE *csum_system_open(const char *format, ...)
{
	char path[PATH_SIZE];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(path))
		return NULL;
	return fopen(path, "re");
}

bool csum_system_line(FILE *file, char *line, int size)
{
	bool found;

	if (!file)
		return false;
	found = fgets(line, size, file) != NULL;
	fclose(file);
	if (found)
		line[strcspn(line, "\n")] = '\0';
	return found;
}

const struct dirent *csum_system_next(DIR *directory)
{
	const struct dirent *entry;

	do {
		/* cppcheck-suppress readdirCalled ; no other thread has this directory stream */
		entry = readdir(directory);
	} while (entry && entry->d_name[0] == '.');
	return entry;
}

/* ------------------------------------------------------------------ mounts and swap */

/* The rdev of a block device's path, else 0. Other names than those in /dev may hang. */
static dev_t source_device(const char *source)
{
	struct stat status;

	if (strncmp(source, "/dev/", 5) != 0 || stat(source, &status) < 0 || !S_ISBLK(status.st_mode))
		return 0;
	return status.st_rdev;
}

/*
 * Has libmount read that file of /proc; it leaves out lines that it does not understand. The table is empty where there
 * is no such file, and NULL without memory.
 */
static struct libmnt_table *read_table(const struct csum_system_roots *roots, const char *name,
				       int (*parse)(struct libmnt_table *table, const char *path))
{
	struct libmnt_table *table = mnt_new_table();
	char path[PATH_SIZE];
	int length = snprintf(path, sizeof(path), "%s/%s", roots->proc, name);

	if (table && length >= 0 && (size_t)length < sizeof(path))
		parse(table, path);
	return table;
}

static void each_entry(struct libmnt_table *table, visit_entry_fn *visit, void *argument)
{
	struct libmnt_iter *place = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *entry;

	while (table && place && mnt_table_next_fs(table, place, &entry) == 0) {
		if (!visit(argument, entry))
			break;
	}
	mnt_free_iter(place);
	mnt_unref_table(table);
}

struct mount_visit {
	bool (*visit)(void *argument, const struct csum_mount *mount);
	void *argument;
};

static bool visit_mount(void *argument, struct libmnt_fs *entry)
{
	const struct mount_visit *mounts = argument;
	const char *source = mnt_fs_get_srcpath(entry), *mount_point = mnt_fs_get_target(entry);
	const char *options = mnt_fs_get_fs_options(entry);
	struct csum_mount mount = {
		.id = (uint64_t)mnt_fs_get_id(entry),
		.device = mnt_fs_get_devno(entry),
		.source_device = source ? source_device(source) : 0,
		.mount_point = mount_point ? mount_point : "",
		.read_only = options && mnt_optstr_get_option(options, "ro", NULL, NULL) == 0,
	};

	return mounts->visit(mounts->argument, &mount);
}

void csum_each_mount(const struct csum_system_roots *roots,
		     bool (*visit)(void *argument, const struct csum_mount *mount), void *argument)
{
	struct mount_visit mounts = { .visit = visit, .argument = argument };

	each_entry(read_table(roots, "self/mountinfo", mnt_table_parse_file), visit_mount, &mounts);
}

struct swap_visit {
	void (*visit)(void *argument, const char *path);
	void *argument;
};

static bool visit_swap(void *argument, struct libmnt_fs *entry)
{
	const struct swap_visit *swaps = argument;
	const char *path = mnt_fs_get_source(entry);

	if (path)
		swaps->visit(swaps->argument, path);
	return true;
}

void csum_each_swap(const struct csum_system_roots *roots, void (*visit)(void *argument, const char *path),
		    void *argument)
{
	struct swap_visit swaps = { .visit = visit, .argument = argument };

	each_entry(read_table(roots, "swaps", mnt_table_parse_swaps), visit_swap, &swaps);
}

/* ------------------------------------------------------------------ block devices */

bool csum_block_line(const struct csum_system_roots *roots, dev_t rdev, const char *attribute, char *line, int size)
{
	FILE *file = csum_system_open("%s/dev/block/%u:%u/%s", roots->sys, major(rdev), minor(rdev), attribute);

	return csum_system_line(file, line, size);
}

bool csum_block_number(const struct csum_system_roots *roots, dev_t rdev, const char *attribute, uint64_t *value)
{
	char line[64], *end;

	if (!csum_block_line(roots, rdev, attribute, line, sizeof(line)))
		return false;
	/* strtoull() would take a sign, but these attributes have no negative values. */
	if (line[0] < '0' || line[0] > '9')
		return false;
	errno = 0;
	*value = strtoull(line, &end, 10);
	return errno == 0 && *end == '\0';
}

dev_t csum_partition_disk(const struct csum_system_roots *roots, dev_t rdev)
{
	unsigned int disk_major, disk_minor;
	char line[64];
	uint64_t number;

	if (!csum_block_number(roots, rdev, "partition", &number))
		return 0;
	/* M:m is a symbolic link into the device tree, where a partition lies inside its disk. */
	if (!csum_block_line(roots, rdev, "../dev", line, sizeof(line)) ||
	    sscanf(line, "%u:%u", &disk_major, &disk_minor) != 2)
		return 0;
	return makedev(disk_major, disk_minor);
}
