/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking whether anything lies on a device that is to be formatted. */
#ifndef CSUM_MAKE_BLANK_H
#define CSUM_MAKE_BLANK_H

#include "csum.h"
#include "device/device.h"

#define CSUM_FOUND_SIZE 512

struct csum_found {
	char text[CSUM_FOUND_SIZE]; /* all that was found, for people; "" when the device is blank */
	bool volume; /* a csumtool volume is among it */
	bool internal_volume; /* and its data is on this device */
	uint64_t backup_offset_bytes; /* of that volume's superblock C; 0 without one */
	uint64_t read_bytes, read_microseconds; /* read for this, in so much time: how fast the device reads */
};

/*
 * Looks for superblocks, signatures, and bytes that are not zero in the first 16 MiB and the last 1 MiB. unit_bytes: for
 * csum_device_set_unit(), which the end of a file may need for a while.
 */
int csum_make_look(const struct csum_handlers *handlers, struct csum_device *device, uint32_t unit_bytes,
		   struct csum_found *found) CSUM_MUST_CHECK;

#endif
