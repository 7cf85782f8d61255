/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing the superblock, one slot at a time: intents, clean, and a change of static fields. */
#ifndef CSUM_UPDATE_SUPER_H
#define CSUM_UPDATE_SUPER_H

#include "volume/volume.h"

/*
 * Adds to a round the write of volume->superblock to the slot that does not govern, with the next generation;
 * that slot governs from then on. Not twice in one round.
 */
int csum_super_add(struct csum_volume *volume, struct csum_io_list *list) CSUM_MUST_CHECK;

/* A round of its own with csum_super_add(). */
int csum_super_write(struct csum_volume *volume) CSUM_MUST_CHECK;

/* Sets the state to active with that intent, in memory; a clean volume begins a new session. */
void csum_super_set_intent(struct csum_volume *volume, uint64_t first_group, uint64_t group_count);

/*
 * W6: clean, no intent; one slot, durable on return. With it goes what is known of the data now (guard/guard.h: record) and of
 * its device (guard/data_identity.h), and where that has changed then also C and the other slot.
 */
int csum_super_clean(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * Ends an interrupted change of the identity of the data device: makes C, and then the other slot, what the governing
 * one is, where that is all they differ in. Durable on return. (format.md: Identity)
 */
int csum_super_level_identity(struct csum_volume *volume) CSUM_MUST_CHECK;

/* Fills volume->slot_buffer with the backup of volume->superblock: static fields only. */
void csum_super_encode_backup(struct csum_volume *volume, struct csum_superblock *backup);

#endif
