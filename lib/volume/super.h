/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock slots of a volume: which one governs. */
#ifndef CSUM_VOLUME_SUPER_H
#define CSUM_VOLUME_SUPER_H

#include "volume/volume.h"

/* Reads the slots, chooses the governing one and checks it. Reports a refusal. */
int csum_super_load(struct csum_volume *volume) CSUM_MUST_CHECK;

#endif
