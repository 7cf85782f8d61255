/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading beside a scrub, or, without a lock, beside any writer: a sector that is rewritten just now may read as
 * neither old nor new, so a sector that is not as it should be is read again before it counts. (protocol.md: Reading
 * beside a scrub)
 */
#ifndef CSUM_VOLUME_BESIDE_H
#define CSUM_VOLUME_BESIDE_H

#include "volume/volume.h"

/*
 * Looks whether a scrub or a writer is at work: sets volume->at_work, and *before to its value until now. Beside a
 * volume that is open for writing there can be none: CSUM_NOBODY_AT_WORK.
 */
void csum_beside_look(struct csum_volume *volume, enum csum_at_work *before);

/* Whether sectors may have changed while they were read, so that csum_beside_again() is worth asking. */
bool csum_beside_possible(struct csum_volume *volume);

/*
 * For a sector that is not as it should be: whether to read it again; returns after a pause where that helps. *attempt
 * counts the readings, and begins with 0. The answer becomes "no" soon after the last scrub or writer has ended.
 */
bool csum_beside_again(struct csum_volume *volume, unsigned int *attempt);

#endif
