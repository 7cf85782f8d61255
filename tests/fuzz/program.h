/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input of the fuzz target: a short program that makes an image of a volume and chooses the calls for it. A header
 * names a volume and a moment of its life, the rest are changes to that image. Every sequence of bytes is a program.
 */
#ifndef CSUM_TEST_PROGRAM_H
#define CSUM_TEST_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/history.h"

enum {
	PROGRAM_HISTORY, /* number of the volume, history.h */
	PROGRAM_WRITE, /* moment.write, 2 bytes */
	PROGRAM_SECTORS = 3, /* moment.sectors */
	PROGRAM_LOST, /* moment.lost */
	PROGRAM_FIX, /* PROGRAM_FIX_... */
	PROGRAM_ACTION, /* PROGRAM_DISCARD ... */
	PROGRAM_FIRST, /* where the write or discard begins, in 256ths of the data space */
	PROGRAM_LENGTH, /* its length */
	PROGRAM_HEADER,
};

/* The byte that stands for the last history. */
#define PROGRAM_LARGE_HISTORY 255u

/* After the changes CRCs are made right, so that code behind their check is reached. */
#define PROGRAM_FIX_SLOTS 1u
#define PROGRAM_FIX_JOURNAL 2u
#define PROGRAM_FIX_IMD 4u /* of changed imd sectors */
#define PROGRAM_FIX_ALL_IMD 8u
#define PROGRAM_FIX_SIZES 16u /* slots: data_sectors that the sizes give, and an intent within them */
#define PROGRAM_FIX_IMAGES 32u /* imd sectors in the journal */
/* More bits of the same byte: */
#define PROGRAM_DUMP 64u

#define PROGRAM_DISCARD 1u
#define PROGRAM_UNTIL_END 2u /* a write without a given length */
#define PROGRAM_SHORT_SOURCE 4u /* the source of the write ends early */
#define PROGRAM_VERIFY 8u
#define PROGRAM_UNALIGNED 16u
#define PROGRAM_CARVE 32u /* carve, even with a superblock */
#define PROGRAM_METADATA_ALONE 64u /* dump the metadata disk without the data disk */
#define PROGRAM_SMALL_WINDOW 128u

struct program {
	unsigned int history;
	struct history_moment moment;
	uint8_t fix, action, first, length;
	const uint8_t *changes;
	size_t changes_size;
};

void program_parse(const uint8_t *input, size_t size, struct program *program);
/* Puts the program's image on the disks. */
void program_load(const struct program *program);

#endif
