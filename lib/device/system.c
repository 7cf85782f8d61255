/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/system.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define PATH_SIZE 4096

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

void csum_system_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
		    from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* ------------------------------------------------------------------ mountinfo */

/* Whether a comma-separated list of mount options has "ro". */
static bool has_read_only(const char *options)
{
	while (*options) {
		size_t length = strcspn(options, ",");

		if (length == 2 && memcmp(options, "ro", 2) == 0)
			return true;
		options += length;
		options += *options == ',';
	}
	return false;
}

/* The rdev of a block device's path, else 0. Other names than those in /dev may hang. */
static dev_t source_device(const char *source)
{
	struct stat status;

	if (strncmp(source, "/dev/", 5) != 0 || stat(source, &status) < 0 || !S_ISBLK(status.st_mode))
		return 0;
	return status.st_rdev;
}

/* "ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS" */
static bool parse_mount(char *line, struct csum_mount *mount)
{
	char *field[6], *rest = line, *separator, *source, *super_options;
	unsigned int device_major, device_minor;

	line[strcspn(line, "\n")] = '\0';
	separator = strstr(line, " - ");
	if (!separator)
		return false;
	*separator = '\0';
	for (size_t i = 0; i < 6; i++) {
		field[i] = strsep(&rest, " ");
		if (!field[i])
			return false;
	}
	rest = separator + 3;
	if (!strsep(&rest, " "))
		return false;
	source = strsep(&rest, " ");
	super_options = strsep(&rest, " ");
	if (!source || !super_options || sscanf(field[0], "%" SCNu64, &mount->id) != 1 ||
	    sscanf(field[2], "%u:%u", &device_major, &device_minor) != 2)
		return false;
	csum_system_unescape(field[4]);
	csum_system_unescape(source);
	mount->device = makedev(device_major, device_minor);
	mount->source_device = source_device(source);
	mount->mount_point = field[4];
	mount->source = source;
	mount->read_only = has_read_only(super_options);
	return true;
}

void csum_each_mount(const struct csum_system_roots *roots,
		     bool (*visit)(void *argument, const struct csum_mount *mount), void *argument)
{
	FILE *file = csum_system_open("%s/self/mountinfo", roots->proc);
	struct csum_mount mount;
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return;
	while (getline(&line, &size, file) >= 0) {
		if (parse_mount(line, &mount) && !visit(argument, &mount))
			break;
	}
	free(line);
	fclose(file);
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
	/* strtoull() takes a sign, which here would be no number that we know what to do with. */
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
