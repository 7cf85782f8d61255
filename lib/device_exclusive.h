/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening what nobody else uses. */
#ifndef CSUM_DEVICE_EXCLUSIVE_H
#define CSUM_DEVICE_EXCLUSIVE_H

#include "device.h"

/*
 * Opens the file device->name, whose identity (file_system_device, inode, block_device, is_block) is known, and
 * locks it, unless it is in use; see struct csum_device_options. Refusals are reported. Once it is open,
 * device->descriptor says so, also on error: the caller closes it.
 */
int csum_device_acquire(const struct csum_handlers *handlers, struct csum_device *device,
			const struct csum_device_options *options) CSUM_MUST_CHECK;

#endif
