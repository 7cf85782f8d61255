/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lives of small volumes: each is formatted, written, discarded and recovered by the library itself, some commands
 * being killed on the way, and every write is kept. So a number stands for a volume at that moment of its life.
 */
#ifndef CSUM_TEST_HISTORY_H
#define CSUM_TEST_HISTORY_H

#include "csum.h"

enum { HISTORIES = 11 };

/* A moment. */
struct history_moment {
	uint32_t write; /* so many writes are done; anything above the last one counts from the first again */
	uint8_t sectors; /* sectors of the next write that are done too, as far as it has them */
	/* Bit i: the i-th of these writes, counted backwards, is lost, if no flush came after it. */
	uint8_t lost;
};

/* Writes of that volume's life, 1 or more. Makes it on first use, on the disks. */
uint32_t history_length(unsigned int history);
/* Clears the disks and puts the volume there as it was at that moment. */
void history_load(unsigned int history, const struct history_moment *moment);
/* Where and how much write number i was: for tests. */
void history_write_place(unsigned int history, uint32_t i, int *disk, uint64_t *offset_bytes, size_t *size);

/* The bytes that version `version` of a write puts at an offset of data space. */
void history_pattern(uint32_t version, uint64_t offset_bytes, uint8_t *bytes, size_t size);

#endif
