/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slots of the superblock: put right at the beginning of a scrub, and written when the state has changed. */
#ifndef CSUM_SCRUB_SLOTS_H
#define CSUM_SCRUB_SLOTS_H

#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_slots *csum_scrub_slots_create(void) CSUM_MUST_CHECK;
void csum_scrub_slots_free(struct csum_scrub_slots *slots); /* NULL is allowed */

/*
 * O1 for a scrub: slots that are invalid or differ are rewritten, unless nothing is to be written, and reported; and so
 * is what lies on the device that is not the volume's.
 */
int csum_scrub_slots_repair(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/* Writes volume->superblock to a slot. *refused: the device would not take it, and the other slot still governs. */
int csum_scrub_slots_write(struct csum_scrub *scrub, bool *refused) CSUM_MUST_CHECK;
/* Whether a slot could not be written: then there is no recovery, and nothing is put on record. */
bool csum_scrub_slots_stuck(const struct csum_scrub *scrub);

/* Has the volume name the undo file, if there is one with records that it does not name, and a slot can be written. */
int csum_scrub_slots_name_undo(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
