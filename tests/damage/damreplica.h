/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAMREPLICA_H
#define DAMREPLICA_H

#include "damage/dambase.h"

/* Files with what the volume says it holds: raw and as a volume, whole and damaged. */
void dam_make_replicas(struct dam_base *base);

#endif
