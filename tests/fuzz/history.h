/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lives of small volumes. The library itself formats, writes, discards and recovers each volume, some commands are
 * killed on the way, and every write is recorded. So a few numbers stand for a volume at a moment of its life.
 */
#ifndef CSUM_TEST_HISTORY_H
#define CSUM_TEST_HISTORY_H

#include "csum.h"

enum { HISTORIES = 11 };

/* A moment in the life of a volume. */
struct history_moment {
	uint32_t write; /* writes done before; numbers past the last write count from the first again */
	uint8_t sectors; /* sectors of the next write that are done too, if it has so many */
	/* Bit i: the i-th of these writes, counted backwards, is lost, unless a flush came after it. */
	uint8_t lost;
};

/* Returns how many writes that volume's life has, 1 or more. Makes the life on first use, on the disks. */
uint32_t history_length(unsigned int history);
/* Clears the disks, and puts the volume there in its state at that moment. */
void history_load(unsigned int history, const struct history_moment *moment);
/* Returns place and size of write number i, for tests. */
void history_write_place(unsigned int history, uint32_t i, int *disk, uint64_t *offset_bytes, size_t *size);

/* Makes the bytes that version `version` of a write puts at an offset of data space. */
void history_pattern(uint32_t version, uint64_t offset_bytes, uint8_t *bytes, size_t size);

#endif
