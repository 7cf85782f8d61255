/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the tests of undo: a volume of which three sectors were damaged and then repaired by a scrub, and its undo file.
 */
#ifndef CSUM_TEST_SUPPORT_UNDO_VOLUME_H
#define CSUM_TEST_SUPPORT_UNDO_VOLUME_H

#include "support/scrub_volume.h"

enum {
	UNDO_VOLUME_HEAD = 128,
	UNDO_VOLUME_OLD_HEAD = 64, /* size of the head in version 1 */
	UNDO_VOLUME_UNIT = 64, /* head of a record */
	UNDO_VOLUME_RECORD = 64 + 512, /* a record that holds the old bytes of a sector */
	UNDO_VOLUME_FILE = UNDO_VOLUME_HEAD + 3 * UNDO_VOLUME_RECORD + UNDO_VOLUME_UNIT, /* of the three sectors */
};

#define UNDO_VOLUME_SECTORS 3
extern const uint64_t undo_volume_places[UNDO_VOLUME_SECTORS];
extern uint8_t undo_volume_damaged[UNDO_VOLUME_SECTORS][512]; /* content before the scrub */
extern char *undo_volume_file; /* the path that undo_volume_scrub() has it made at */
extern const char *undo_volume_refusals[UNDO_VOLUME_SECTORS]; /* of the last undo: "" put back, NULL not reported */

int undo_volume_set_up(void **state);
int undo_volume_tear_down(void **state);

int undo_volume_scrub(void);
/* Undo with the usual file, or with another one. The volume is opened and closed. */
int undo_volume_undo(const struct csum_undo_options *options, struct csum_undo_result *result);
int undo_volume_undo_file(const char *path, const struct csum_undo_options *options, struct csum_undo_result *result);

void assert_damaged(void);

/* Save the bytes of both disks, and bring them back. */
void undo_volume_remember(void);
void undo_volume_return(void);

/* Changes all three superblock slots, and makes their CRCs right. */
void undo_volume_change_slots(void (*change)(uint8_t *slot));

#endif
