/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock slots of a volume: which one governs. */
#ifndef CSUM_VOLUME_SUPER_H
#define CSUM_VOLUME_SUPER_H

#include "volume/volume.h"

/*
 * Reads the slots, chooses the governing one and checks it. That there is no volume, or one that is refused, is reported
 * to `refused`, for a caller that goes on without a superblock; the error of a device that vanished to the volume's
 * handlers.
 */
int csum_super_load(struct csum_volume *volume, const struct csum_handlers *refused) CSUM_MUST_CHECK;

#endif
