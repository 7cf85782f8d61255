/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The identity of the data device in the superblock of an external volume: compared at opening, and kept up to date.
 * (format.md: Identity)
 */
#ifndef CSUM_GUARD_DATA_IDENTITY_H
#define CSUM_GUARD_DATA_IDENTITY_H

#include "volume/volume.h"

/*
 * Compares the recorded identity of a loaded volume with that of the device, kind by kind. A UUID that differs does not
 * mean another device when the sectors it lies in hold the content that was written to them. A difference is refused
 * for writing, -EPERM, unless volume->allow has it, and warned of for reading. Errors are reported: -ENOMEM, a
 * vanished device.
 */
int csum_data_identity_check(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * Puts into volume->superblock, in memory, the present identity, if it differs from the recorded one and the sample
 * (guard.h) says that the data is that of this volume. For a volume open for writing. Errors as above.
 */
int csum_data_identity_renew(struct csum_volume *volume) CSUM_MUST_CHECK;

#endif
