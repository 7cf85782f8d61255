/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of devices: a file of a MiB in a folder of its own, and the device that is open. */
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
/* Of the image or of another file. The recorder begins anew; where it succeeds no error has been reported. */
int device_file_open_with(struct device_file *file, const char *path, const struct csum_device_options *options);
int device_file_open(struct device_file *file, const char *path, bool writable);
void device_file_close(struct device_file *file);

/* A process that has the file open with these flags, and locked, until it is ended, or this one ends. */
pid_t device_file_hold(const char *path, int flags, int lock);
void device_file_end(pid_t pid);

/* What happens once a device is waited for. */
extern struct device_file_meanwhile {
	pid_t ends;
	const char *from, *to; /* to be renamed, unless NULL */
} device_file_meanwhile;

/* Opens with that in the midst of it. */
int device_file_open_waiting(struct device_file *file, const char *path, const struct csum_device_options *options);

#endif
