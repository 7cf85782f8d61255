/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of undo: a scrubbed volume of which three sectors were damaged, the undo file, and undoing. */
#ifndef CSUM_TEST_SUPPORT_UNDO_VOLUME_H
#define CSUM_TEST_SUPPORT_UNDO_VOLUME_H

#include "support/scrub_volume.h"

enum {
	UNDO_VOLUME_HEAD = 128,
	UNDO_VOLUME_OLD_HEAD = 64, /* of version 1 */
	UNDO_VOLUME_UNIT = 64, /* head of a record */
	UNDO_VOLUME_RECORD = 64 + 512, /* a record with the old bytes of a sector */
	UNDO_VOLUME_FILE = UNDO_VOLUME_HEAD + 3 * UNDO_VOLUME_RECORD + UNDO_VOLUME_UNIT, /* of the three sectors */
};

#define UNDO_VOLUME_SECTORS 3
extern const uint64_t undo_volume_places[UNDO_VOLUME_SECTORS];
extern uint8_t undo_volume_damaged[UNDO_VOLUME_SECTORS][512]; /* what they hold before the scrub */
extern char *undo_volume_file; /* where undo_volume_scrub() has it made */
extern const char *undo_volume_refusals[UNDO_VOLUME_SECTORS]; /* of the last undo: "" put back, NULL not told of */

int undo_volume_set_up(void **state);
int undo_volume_tear_down(void **state);

int undo_volume_scrub(void);
/* Of the file, or of another. The volume is opened and closed. */
int undo_volume_undo(const struct csum_undo_options *options, struct csum_undo_result *result);
int undo_volume_undo_file(const char *path, const struct csum_undo_options *options, struct csum_undo_result *result);

void assert_damaged(void);

/* The bytes of both disks, to come back to. */
void undo_volume_remember(void);
void undo_volume_return(void);

/* Applies a change to all three superblock slots, with their CRCs made right. */
void undo_volume_change_slots(void (*change)(uint8_t *slot));

#endif
