/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The identity of the data device in the superblock of an external volume: compared at opening, and kept up to date.
 * (format.md: Identity)
 */
#ifndef CSUM_GUARD_DATA_IDENTITY_H
#define CSUM_GUARD_DATA_IDENTITY_H

#include "volume/volume.h"

/*
 * Compares what is recorded of a loaded volume with what is there, kind by kind. A UUID that differs is none of another
 * device when the sectors it lies in hold what was written to them. What differs is refused for writing, -EPERM, unless
 * volume->allow has it, and warned of for reading. Errors are reported: -ENOMEM, a vanished device.
 */
int csum_data_identity_check(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * Puts into volume->superblock, in memory, what is there now, if that is other than what is recorded and the sample
 * (guard.h) says that it is the data of this volume. For a volume open for writing. Errors as above.
 */
int csum_data_identity_renew(struct csum_volume *volume) CSUM_MUST_CHECK;

#endif
