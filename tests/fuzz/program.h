/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input of the fuzz target: a short program that makes an image of a volume and says what is done with it. A
 * header says which volume at which moment of its life, the rest are changes to that image. Every sequence of
 * bytes is a program.
 */
#ifndef CSUM_TEST_PROGRAM_H
#define CSUM_TEST_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/history.h"

enum {
	PROGRAM_HISTORY, /* history.h */
	PROGRAM_WRITE, /* moment.write, 2 bytes */
	PROGRAM_SECTORS = 3, /* moment.sectors */
	PROGRAM_LOST, /* moment.lost */
	PROGRAM_FIX, /* PROGRAM_FIX_... */
	PROGRAM_ACTION, /* PROGRAM_DISCARD ... */
	PROGRAM_FIRST, /* where that begins, in 256ths of the data space */
	PROGRAM_LENGTH, /* and how far it goes */
	PROGRAM_HEADER,
};

/* The byte that stands for the last of them. */
#define PROGRAM_LARGE_HISTORY 255u

/* After the changes: CRCs made right, so that what is behind them is reached. */
#define PROGRAM_FIX_SLOTS 1u
#define PROGRAM_FIX_JOURNAL 2u
#define PROGRAM_FIX_IMD 4u /* of imd sectors that were changed */
#define PROGRAM_FIX_ALL_IMD 8u
#define PROGRAM_FIX_SIZES 16u /* slots: data_sectors as the sizes give them, and an intent within them */
#define PROGRAM_FIX_IMAGES 32u /* imd sectors in the journal */
/* And in the same byte: */
#define PROGRAM_DUMP 64u

#define PROGRAM_DISCARD 1u
#define PROGRAM_UNTIL_END 2u /* a write whose length is not said */
#define PROGRAM_SHORT_SOURCE 4u /* its source ends early */
#define PROGRAM_VERIFY 8u
#define PROGRAM_UNALIGNED 16u
#define PROGRAM_CARVE 32u /* where a superblock would do too */
#define PROGRAM_METADATA_ALONE 64u /* dump of the metadata disk without the data disk */
#define PROGRAM_SMALL_WINDOW 128u

struct program {
	unsigned int history;
	struct history_moment moment;
	uint8_t fix, action, first, length;
	const uint8_t *changes;
	size_t changes_size;
};

void program_parse(const uint8_t *input, size_t size, struct program *program);
/* Puts its image on the disks. */
void program_load(const struct program *program);

#endif
