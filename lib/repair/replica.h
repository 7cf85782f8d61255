/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another place that holds the data space: a raw image or device, or another volume. Only read. */
#ifndef CSUM_REPAIR_REPLICA_H
#define CSUM_REPAIR_REPLICA_H

#include "volume/volume.h"

struct csum_replica;

/* For the repair of that volume. -EINVAL too small or not fit for it, and those of opening; reported. */
int csum_replica_open(const struct csum_volume *volume, const char *name,
		      struct csum_replica **replica) CSUM_MUST_CHECK;
void csum_replica_close(struct csum_replica *replica);
const char *csum_replica_name(const struct csum_replica *replica);

/*
 * Reads that data sector into `buffer`, aligned as for a device. Whether it has one: what it holds of its own metadata
 * does not speak against it. For the caller to compare with the entry.
 */
bool csum_replica_read(struct csum_replica *replica, uint64_t data_sector, uint8_t *buffer);

#endif
