/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One input of the quick fuzz target: bytes that are decoded as a superblock, a journal record or an imd sector. The
 * first byte chooses (DECODE_...), the next two are a place, and the others are put there over a sound structure.
 */
#ifndef CSUM_TEST_DECODE_BODY_H
#define CSUM_TEST_DECODE_BODY_H

#include <stddef.h>
#include <stdint.h>

#define DECODE_SUPERBLOCK 0u
#define DECODE_JOURNAL 1u
#define DECODE_IMD 2u
/* Bits of the first byte: CRCs are made right afterwards; sectors have 4096 bytes; superblocks are external. */
#define DECODE_FIX 4u
#define DECODE_LARGE 8u
#define DECODE_EXTERNAL 16u

void decode_body(const uint8_t *input, size_t size);
/* Calls seed() with inputs that begin a search. */
void decode_body_seeds(void (*seed)(void *user, const uint8_t *input, size_t size), void *user);

#endif
