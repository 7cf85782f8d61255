/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking the system and the bytes of a device for its identity. */
#ifndef CSUM_DEVICE_IDENTIFY_H
#define CSUM_DEVICE_IDENTIFY_H

#include "device/device.h"
#include "device/identity.h"

struct csum_system_roots;

/*
 * WWN and serial number of a block device, of its disk when it is a partition, and then also its PARTUUID; of any
 * device the UUID of its content, unless that is ambiguous. *signature_offset_bytes, meaningful with such a UUID:
 * where on the device the signature lies that it belongs to. A simulated disk has none of these. Values that cannot be
 * learned are left out.
 */
void csum_device_identity(const struct csum_system_roots *roots, const struct csum_device *device,
			  struct csum_identity *identity, uint64_t *signature_offset_bytes);

#endif
