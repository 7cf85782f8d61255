/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a device or file that is not in use. */
#ifndef CSUM_DEVICE_EXCLUSIVE_H
#define CSUM_DEVICE_EXCLUSIVE_H

#include "device/device.h"

/*
 * Opens and locks the file device->name, of which file_system_device, inode, block_device and is_block are
 * known, unless it is in use; see struct csum_device_options. Refusals are reported. The open
 * descriptor is in device->descriptor, on error too: the caller closes it.
 */
int csum_device_acquire(const struct csum_handlers *handlers, struct csum_device *device,
			const struct csum_device_options *options) CSUM_MUST_CHECK;

#endif
