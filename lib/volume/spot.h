/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Single data sectors here and there, each verified by its own group: for a look before the whole volume is scanned. */
#ifndef CSUM_VOLUME_SPOT_H
#define CSUM_VOLUME_SPOT_H

#include "volume/sector.h"

struct csum_spot {
	const struct csum_volume *volume;
	struct csum_groups span; /* the group of the sector last looked at; none at first */
	uint8_t *data; /* that sector, where it was read */
};

/* -ENOMEM, reported. Ends with csum_spot_free(), also on error. */
int csum_spot_init(struct csum_spot *spot, const struct csum_volume *volume) CSUM_MUST_CHECK;
void csum_spot_free(struct csum_spot *spot);

/* Callable from several threads for different spots. 0, or the error of a device that vanished (not reported). */
int csum_spot_look(struct csum_spot *spot, uint64_t sector, enum csum_verdict *verdict) CSUM_MUST_CHECK;

/* Whether a sector with that verdict holds the content that was written to it. */
static inline bool csum_spot_is_right(enum csum_verdict verdict)
{
	return verdict == CSUM_VERDICT_GOOD || verdict == CSUM_VERDICT_OLDER || verdict == CSUM_VERDICT_TRANSIENT;
}

/*
 * Whether the signature at that byte of data space was written by us: its sector is right, and so are the other written
 * sectors in the same 4096 bytes, which have the rest of a superblock. A vanished device is an error, and reported.
 */
int csum_spot_signature_is_ours(struct csum_volume *volume, uint64_t offset_bytes, bool *ours) CSUM_MUST_CHECK;

#endif
