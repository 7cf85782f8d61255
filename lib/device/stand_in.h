/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For libblkid, which gives up at the first place that it cannot read: what can be read, in memory. */
#ifndef CSUM_DEVICE_STAND_IN_H
#define CSUM_DEVICE_STAND_IN_H

#include "csum.h"

/* Whether an error is one that a device has in some place, while others can be read. */
bool csum_probe_is_medium_error(int error);

/*
 * A file in memory as large as the open file: with what can be read where signatures lie, near both ends of those bytes
 * (size 0: up to its end), and zeros elsewhere. Its descriptor, to be closed, or a negative errno, not reported.
 */
int csum_probe_stand_in(int descriptor, uint64_t offset_bytes, uint64_t size_bytes) CSUM_MUST_CHECK;

#endif
