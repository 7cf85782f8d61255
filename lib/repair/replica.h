/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A replica: a raw image or device, or another volume, that holds the same data space. It is only read. */
#ifndef CSUM_REPAIR_REPLICA_H
#define CSUM_REPAIR_REPLICA_H

#include "volume/volume.h"

struct csum_replica;

/* Opens `name` as a replica for the repair of `volume`. -EINVAL too small or unfit, those of opening; reported. */
int csum_replica_open(const struct csum_volume *volume, const char *name,
		      struct csum_replica **replica) CSUM_MUST_CHECK;
void csum_replica_close(struct csum_replica *replica);
const char *csum_replica_name(const struct csum_replica *replica);

/*
 * Reads that data sector of the replica into `buffer`, aligned as for a device. Returns false where it cannot be read,
 * or is bad by the replica's own metadata. The caller compares the content with the entry.
 */
bool csum_replica_read(struct csum_replica *replica, uint64_t data_sector, uint8_t *buffer);

#endif
