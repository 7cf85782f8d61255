/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of devices: a file of 1 MiB in a directory of its own, and an open device on it. */
#ifndef CSUM_TEST_SUPPORT_DEVICE_FILE_H
#define CSUM_TEST_SUPPORT_DEVICE_FILE_H

#include <sys/types.h>

#include "device/device.h"
#include "support/device_helpers.h"

#define DEVICE_FILE_SIZE (1 << 20)

struct device_file {
	char *directory, *image;
	struct recorder recorder;
	struct csum_device *device;
};

int device_file_set_up(void **state);
int device_file_tear_down(void **state);
/* Open the image or another file. The recorder begins anew; on success no error has been reported. */
int device_file_open_with(struct device_file *file, const char *path, const struct csum_device_options *options);
int device_file_open(struct device_file *file, const char *path, bool writable);
void device_file_close(struct device_file *file);

/* Starts a process that has the file open with these flags, and locked, until it is ended or this process ends. */
pid_t device_file_hold(const char *path, int flags, int lock);
void device_file_end(pid_t pid);

/* A change that is made while a device is waited for. */
extern struct device_file_meanwhile {
	pid_t ends;
	const char *from, *to; /* renames `from` to `to`, unless NULL */
} device_file_meanwhile;

/* Opens a device that is waited for; the change above falls into the wait. */
int device_file_open_waiting(struct device_file *file, const char *path, const struct csum_device_options *options);

#endif
