/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CSUM_TEST_DAMAGE_REPLICA_H
#define CSUM_TEST_DAMAGE_REPLICA_H

#include "damage/volume.h"

/* Makes files with the content of the volume: raw and as a volume, whole and damaged. */
void damage_make_replicas(struct damage_volume *base);

#endif
