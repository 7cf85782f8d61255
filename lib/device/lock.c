/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

#include "device/system.h"

/* ------------------------------------------------------------------ taking them */

/*
 * Marks are locks of bytes, far behind the last byte that a device has: such locks are independent of flock(2), and the
 * bytes need not exist. Locks of both kinds belong to the open description.
 */
#define MARK_SCRUB ((off_t)1 << 62)
#define MARK_WRITER (MARK_SCRUB + 1)

static int set_mark(int descriptor, off_t mark, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = mark, .l_len = 1 };

	while (fcntl(descriptor, F_OFD_SETLK, &lock) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return -EWOULDBLOCK;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int set_lock(int descriptor, int operation)
{
	while (flock(descriptor, operation | LOCK_NB) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Gives back the first lock when the second one is refused. */
static int give_back(int descriptor, off_t mark, int error)
{
	int ignored = mark ? set_mark(descriptor, mark, F_UNLCK) : set_lock(descriptor, LOCK_UN);

	(void)ignored;
	return error;
}

/* The mark keeps other scrubs out, the shared lock keeps writers out, older scrubs among them. */
static int take_for_scrub(int descriptor)
{
	int error = set_mark(descriptor, MARK_SCRUB, F_WRLCK);

	if (error)
		return error;
	error = set_lock(descriptor, LOCK_SH);
	return error ? give_back(descriptor, MARK_SCRUB, error) : 0;
}

/* The mark keeps no process out: it shows a process that looks without a lock that a writer is at work. */
static int take_for_writer(int descriptor)
{
	int error = set_lock(descriptor, LOCK_EX);

	if (error)
		return error;
	error = set_mark(descriptor, MARK_WRITER, F_WRLCK);
	return error ? give_back(descriptor, 0, error) : 0;
}

int csum_lock_take(int descriptor, enum csum_lock lock)
{
	switch (lock) {
	case CSUM_LOCK_SCRUB:
		return take_for_scrub(descriptor);
	case CSUM_LOCK_WRITER:
		return take_for_writer(descriptor);
	case CSUM_LOCK_READER:
		break;
	}
	return set_lock(descriptor, LOCK_SH);
}

/* ------------------------------------------------------------------ other processes at work */

static bool is_marked(int descriptor, off_t mark)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = mark, .l_len = 1 };

	return fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

enum csum_at_work csum_lock_at_work(int descriptor)
{
	if (is_marked(descriptor, MARK_WRITER))
		return CSUM_WRITER_AT_WORK;
	return is_marked(descriptor, MARK_SCRUB) ? CSUM_SCRUB_AT_WORK : CSUM_NOBODY_AT_WORK;
}

struct inode {
	dev_t dev;
	ino_t number;
};

/* On btrfs /proc/locks and stat(2) have different anonymous devices for a file: there the inode number decides. */
static bool is_same(const struct inode *inode, unsigned int lock_major, unsigned int lock_minor, uint64_t lock_inode)
{
	return lock_inode == (uint64_t)inode->number &&
	       (makedev(lock_major, lock_minor) == inode->dev || (lock_major == 0 && major(inode->dev) == 0));
}

/*
 * "N: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE START END", the device in hexadecimal; a waiter has "->" after N, so
 * that its line does not match.
 */
static bool parse_lock(const char *line, const struct inode *inode, long *pid, bool *exclusive)
{
	unsigned int lock_major, lock_minor;
	uint64_t lock_inode;
	char type[8];

	if (sscanf(line, "%*u: FLOCK %*s %7s %ld %x:%x:%" SCNu64, type, pid, &lock_major, &lock_minor, &lock_inode) !=
	    5)
		return false;
	*exclusive = strcmp(type, "WRITE") == 0;
	return *pid > 0 && is_same(inode, lock_major, lock_minor, lock_inode);
}

/* A line of a descriptor in /proc/PID/fdinfo: a mark on the inode. /proc/locks has no PID for a mark. */
static bool is_mark(const char *line, const struct inode *inode)
{
	unsigned int lock_major, lock_minor;
	uint64_t lock_inode, start;

	return sscanf(line, "lock: %*u: OFDLCK %*s WRITE %*d %x:%x:%" SCNu64 " %" SCNu64, &lock_major, &lock_minor,
		      &lock_inode, &start) == 4 &&
	       (start == (uint64_t)MARK_SCRUB || start == (uint64_t)MARK_WRITER) &&
	       is_same(inode, lock_major, lock_minor, lock_inode);
}

static bool has_mark(FILE *file, const struct inode *inode)
{
	char line[256];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = is_mark(line, inode);
	fclose(file);
	return found;
}

/* Whether the process has set a mark, as far as its descriptors may be looked at. */
static bool is_at_work(const struct csum_system_roots *roots, long pid, const struct inode *inode)
{
	const struct dirent *entry;
	char path[512];
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/%ld/fdinfo", roots->proc, pid);
	directory = opendir(path);
	if (!directory)
		return false;
	while (!found && (entry = csum_system_next(directory)))
		found = has_mark(csum_system_open("%s/%s", path, entry->d_name), inode);
	closedir(directory);
	return found;
}

bool csum_lock_holder(const struct csum_system_roots *roots, dev_t dev, ino_t inode, char *holder, size_t size)
{
	const struct inode wanted = { dev, inode };
	FILE *file = csum_system_open("%s/locks", roots->proc);
	char line[256], command[64];
	bool found = false, at_work = false, exclusive;
	long pid;

	holder[0] = '\0';
	if (!file)
		return false;
	while (!at_work && fgets(line, sizeof(line), file)) {
		if (!parse_lock(line, &wanted, &pid, &exclusive))
			continue;
		at_work = is_at_work(roots, pid, &wanted);
		/* A process that is gone may have left the lock to a child that is not known. */
		if ((found && !at_work) ||
		    !csum_system_line(csum_system_open("%s/%ld/comm", roots->proc, pid), command, sizeof(command)))
			continue;
		found = true;
		snprintf(holder, size, "%ld (%s)", pid, command);
	}
	fclose(file);
	return found;
}

bool csum_lock_is_exclusive(const struct csum_system_roots *roots, dev_t dev, ino_t inode)
{
	const struct inode wanted = { dev, inode };
	FILE *file = csum_system_open("%s/locks", roots->proc);
	bool exclusive = false;
	char line[256];
	long pid;

	if (!file)
		return false;
	while (!exclusive && fgets(line, sizeof(line), file))
		exclusive = parse_lock(line, &wanted, &pid, &exclusive) && exclusive;
	fclose(file);
	return exclusive;
}
