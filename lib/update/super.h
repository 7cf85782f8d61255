/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing the superblock, one slot at a time: intents, clean, and a change of static fields. */
#ifndef CSUM_UPDATE_SUPER_H
#define CSUM_UPDATE_SUPER_H

#include "volume/volume.h"

/*
 * Adds to a round the write of volume->superblock to the slot that does not govern, with the next generation; that slot
 * governs from then on. At most once in one round.
 */
int csum_super_add(struct csum_volume *volume, struct csum_io_list *list) CSUM_MUST_CHECK;

/* Calls csum_super_add() and makes a round of it. */
int csum_super_write(struct csum_volume *volume) CSUM_MUST_CHECK;

/* Sets the state to active with that intent, in memory; on a clean volume this begins a new session. */
void csum_super_set_intent(struct csum_volume *volume, uint64_t first_group, uint64_t group_count);

/*
 * W6: the superblock says clean and has no intent; one slot is written, durable on return. It records what is known of
 * the data now (guard/guard.h: record) and of the data device (guard/data_identity.h); where the identity of the device
 * has changed, C and the other slot are written too.
 */
int csum_super_clean(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * Ends an interrupted change of the identity of the data device: gives C, and then the other slot, the identity that
 * the governing slot has, where they differ in nothing else. Durable on return. (format.md: Identity)
 */
int csum_super_level_identity(struct csum_volume *volume) CSUM_MUST_CHECK;

/* Fills volume->slot_buffer with the backup of volume->superblock: static fields only. */
void csum_super_encode_backup(struct csum_volume *volume, struct csum_superblock *backup);

#endif
