/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of undo: a volume (scrubbed.h) with three damaged sectors, an undo file of its scrub, and undoing. */
#ifndef CSUM_TEST_SUPPORT_UNDONE_H
#define CSUM_TEST_SUPPORT_UNDONE_H

#include "support/scrubbed.h"

enum {
	UNDONE_HEAD = 128,
	UNDONE_OLD_HEAD = 64, /* of version 1 */
	UNDONE_UNIT = 64, /* head of a record */
	UNDONE_RECORD = 64 + 512, /* a record with the old bytes of a sector */
	UNDONE_FILE = UNDONE_HEAD + 3 * UNDONE_RECORD + UNDONE_UNIT, /* of the three sectors */
};

#define UNDONE_SECTORS 3
extern const uint64_t undone_places[UNDONE_SECTORS];
extern uint8_t undone_damaged[UNDONE_SECTORS][512]; /* what they hold before the scrub */
extern char *undone_file; /* where undone_scrub() has it made */
extern const char *undone_refusals[UNDONE_SECTORS]; /* of the last undo: "" put back, NULL not told of */

int undone_set_up(void **state);
int undone_tear_down(void **state);

int undone_scrub(void);
/* Of the file, or of another. The volume is opened and closed. */
int undone_undo(const struct csum_undo_options *options, struct csum_undo_result *result);
int undone_undo_file(const char *path, const struct csum_undo_options *options, struct csum_undo_result *result);

void assert_damaged(void);

/* The bytes of both disks, to come back to. */
void undone_remember(void);
void undone_return(void);

/* Applies a change to all three superblock slots, with their CRCs made right. */
void undone_change_slots(void (*change)(uint8_t *slot));

#endif
