/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a device or file that is not in use: mounts and the like, exclusive claims, locks and waiting for them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/report.h"
#include "device/exclusive.h"
#include "device/lock.h"
#include "device/system.h"
#include "device/use.h"

#define POLL_MS 50
/* udev looks at a disk whenever a writer has closed it, holding a shared lock on it meanwhile. */
#define UDEV_PATIENCE_MS 3000
#define NAME_SIZE 512

static void describe_use(enum csum_use use, const char *where, char *text, size_t size)
{
	switch (use) {
	case CSUM_USE_MOUNTED:
	case CSUM_USE_MOUNTED_READ_ONLY:
		if (where[0] != '/')
			snprintf(text, size, "used as %s", where);
		else
			snprintf(text, size, "mounted on %s%s", where, use == CSUM_USE_MOUNTED ? "" : ", read-only");
		break;
	case CSUM_USE_HELD:
		snprintf(text, size, "held by %s", where);
		break;
	case CSUM_USE_ATTACHED:
	case CSUM_USE_ATTACHED_READ_ONLY:
		snprintf(text, size, "attached to %s%s", where, use == CSUM_USE_ATTACHED ? "" : ", read-only");
		break;
	case CSUM_USE_NONE:
		snprintf(text, size, "not in use");
		break;
	}
}

/* A writer needs the device for itself; a reader only needs that the bytes do not change while it reads. */
static int refuse_use(const struct csum_handlers *handlers, const struct csum_device *device,
		      const struct csum_device_options *options)
{
	char where[NAME_SIZE], text[NAME_SIZE + 64];
	enum csum_use use;

	use = csum_device_use(&csum_system_roots_default, device->block_device, device->file_system_device,
			      device->inode, where, sizeof(where));
	if (use == CSUM_USE_NONE)
		return 0;
	describe_use(use, where, text, sizeof(text));
	if (options->writable)
		return csum_report_refusal(handlers, -EBUSY, device->name, "in use, so not opened for writing: %s",
					   text);
	if (use == CSUM_USE_MOUNTED_READ_ONLY || use == CSUM_USE_ATTACHED_READ_ONLY)
		return 0;
	if (!options->force)
		return csum_report_refusal_reason(handlers, -EBUSY, CSUM_REASON_IN_USE, device->name, "in use: %s",
						  text);
	csum_report_note(handlers, device->name, "%s: it may change while it is read", text);
	return 0;
}

struct wait {
	int64_t started_ms;
	int64_t wait_ms; /* -1: without limit */
	bool said;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reports why the wait is over, naming the holder where it is known. */
static int refuse_locked(const struct csum_handlers *handlers, const struct csum_device *device,
			 const struct wait *wait, const char *holder)
{
	enum csum_reason reason = wait->wait_ms == 0 ? CSUM_REASON_LOCKED : CSUM_REASON_NONE;

	if (holder[0])
		return csum_report_refusal_reason(handlers, -EBUSY, reason, device->name, "in use by process %s",
						  holder);
	return csum_report_refusal_reason(handlers, -EBUSY, reason, device->name, "in use by another process");
}

/* One step of waiting until another process leaves the device: 0 to try again, or the reported reason to give up. */
static int wait_a_little(const struct csum_handlers *handlers, const struct csum_device *device, struct wait *wait)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t waited_ms = now_ms() - wait->started_ms, limit_ms = wait->wait_ms;
	char holder[NAME_SIZE];

	csum_lock_holder(&csum_system_roots_default, device->file_system_device, device->inode, holder, sizeof(holder));
	/* Waiting would not help, and without a limit it would never end. */
	if (holder[0] && strtol(holder, NULL, 10) == (long)getpid())
		return csum_report_refusal(handlers, -EBUSY, device->name,
					   "in use by this process itself: was it given twice?");
	if (limit_ms >= 0 && limit_ms < UDEV_PATIENCE_MS && strstr(holder, "udev"))
		limit_ms = UDEV_PATIENCE_MS;
	if (limit_ms >= 0 && waited_ms >= limit_ms)
		return refuse_locked(handlers, device, wait, holder);
	if (csum_report_cancelled(handlers))
		return csum_report_refusal(handlers, -ECANCELED, device->name, "cancelled while waiting for it");
	if (!wait->said)
		csum_report_note(handlers, device->name, "waiting for process %s", holder[0] ? holder : "that uses it");
	wait->said = true;
	nanosleep(&pause, NULL);
	return 0;
}

/* O_EXCL on a block device fails while it is claimed, be it by mount(8) or by a writer like us. */
static int open_claimed(const struct csum_handlers *handlers, const struct csum_device *device,
			const struct csum_device_options *options, struct wait *wait)
{
	/* The regular file may have been replaced by a pipe, and opening that must not block. */
	int flags = (options->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	int descriptor, error;

	if (!device->is_block)
		flags |= O_NONBLOCK;
	else if (options->writable)
		flags |= O_EXCL;
	for (;;) {
		descriptor = open(device->name, flags);
		if (descriptor >= 0)
			return descriptor;
		if (errno == EINTR)
			continue;
		if (errno != EBUSY || !device->is_block)
			return csum_report_error(handlers, -errno, device->name, "cannot open%s",
						 options->writable ? " for writing" : "");
		error = refuse_use(handlers, device, options);
		if (error == 0)
			error = wait_a_little(handlers, device, wait);
		if (error < 0)
			return error;
	}
}

static int lock(const struct csum_handlers *handlers, const struct csum_device *device,
		const struct csum_device_options *options, struct wait *wait)
{
	enum csum_lock use = !options->writable ? CSUM_LOCK_READER :
			     options->repair	? CSUM_LOCK_SCRUB :
						  CSUM_LOCK_WRITER;
	int error = options->look ? 0 : csum_lock_take(device->descriptor, use);

	while (error == -EWOULDBLOCK) {
		error = wait_a_little(handlers, device, wait);
		if (error < 0)
			return error;
		error = csum_lock_take(device->descriptor, use);
	}
	return error ? csum_report_error(handlers, error, device->name, "cannot lock") : 0;
}

/*
 * Between our steps, above all while waiting for a lock, the path may have come to name another file. Or
 * this one got another identity, as it may on overlayfs by being opened for writing: then *changed is set.
 */
static int confirm_identity(const struct csum_handlers *handlers, struct csum_device *device, bool *changed)
{
	struct stat opened, named;

	if (fstat(device->descriptor, &opened) < 0 || stat(device->name, &named) < 0)
		return csum_report_error(handlers, -errno, device->name, "cannot open");
	if (named.st_dev != opened.st_dev || named.st_ino != opened.st_ino ||
	    (device->is_block ? !S_ISBLK(opened.st_mode) || opened.st_rdev != device->block_device :
				!S_ISREG(opened.st_mode)))
		return csum_report_refusal(handlers, -ESTALE, device->name,
					   "was replaced by another file while it was opened");
	*changed = opened.st_dev != device->file_system_device || opened.st_ino != device->inode;
	device->file_system_device = opened.st_dev;
	device->inode = opened.st_ino;
	return 0;
}

int csum_device_acquire(const struct csum_handlers *handlers, struct csum_device *device,
			const struct csum_device_options *options)
{
	struct wait wait = { .started_ms = now_ms(), .wait_ms = options->wait_ms };
	bool changed = false;
	int error;

	/* First of all, so that mount points and holders are named rather than a failure to open. */
	error = refuse_use(handlers, device, options);
	if (error < 0)
		return error;
	error = open_claimed(handlers, device, options, &wait);
	if (error < 0)
		return error;
	device->descriptor = error;
	error = lock(handlers, device, options, &wait);
	if (error == 0)
		error = confirm_identity(handlers, device, &changed);
	/* The device may have been mounted meanwhile. */
	if (error == 0 && (changed || wait.said))
		error = refuse_use(handlers, device, options);
	return error;
}
