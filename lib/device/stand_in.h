/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For libblkid, which gives up at the first place that it cannot read: the readable bytes, as a file in memory. */
#ifndef CSUM_DEVICE_STAND_IN_H
#define CSUM_DEVICE_STAND_IN_H

#include "csum.h"

/* Whether an error is of a kind that a device gives for one place while other places can be read. */
bool csum_probe_is_medium_error(int error);

/*
 * A file in memory as large as the open file. It has the readable bytes of the places where signatures lie, near both
 * ends of the given bytes (size 0: up to the end of the file), and zeros elsewhere. Returns its descriptor, to be
 * closed, or a negative errno, not reported.
 */
int csum_probe_stand_in(int descriptor, uint64_t offset_bytes, uint64_t size_bytes) CSUM_MUST_CHECK;

#endif
