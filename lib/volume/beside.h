/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading beside a scrub, or, without a lock, beside any writer: what is rewritten just now may read as neither old nor
 * new, so what is not as it should be is read again before it counts. (protocol.md: Reading beside a scrub)
 */
#ifndef CSUM_VOLUME_BESIDE_H
#define CSUM_VOLUME_BESIDE_H

#include "volume/volume.h"

/*
 * Looks whether a scrub or a writer is at work: volume->at_work says it, and *before what it said so far. Beside a volume
 * that is open for writing there can be none: CSUM_NOBODY_AT_WORK.
 */
void csum_beside_look(struct csum_volume *volume, enum csum_at_work *before);

/* Whether anything may have changed while it was read: what is not as it should be is worth asking the next one. */
bool csum_beside_possible(struct csum_volume *volume);

/*
 * What was read is not as it should be: whether to read it again, after a pause where that helps. *attempt counts, and
 * begins with 0; it ends by itself, soon after nobody is at work any more.
 */
bool csum_beside_again(struct csum_volume *volume, unsigned int *attempt);

#endif
