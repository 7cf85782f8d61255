/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes for tests: little-endian fields written by hand, repeatable random content, a CRC from another library. */
#ifndef CSUM_TEST_SUPPORT_BYTES_H
#define CSUM_TEST_SUPPORT_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

/* Puts `value` into `size` bytes, the least significant first. */
static inline void put_le(void *at, int size, uint64_t value)
{
	uint8_t *byte = at;

	for (int i = 0; i < size; i++)
		byte[i] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t get_le(const void *at, int size)
{
	const uint8_t *byte = at;
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value |= (uint64_t)byte[i] << 8 * i;
	return value;
}

/* Returns the next number of a repeatable series (xorshift); *state is not 0. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void fill_random(void *buffer, size_t size, uint64_t seed)
{
	uint8_t *byte = buffer;
	uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < size; i++)
		byte[i] = (uint8_t)(next_random(&state) >> 32);
}

/* CRC-32 as zlib computes it, continued from `state` (0 to begin). */
static inline uint32_t zlib_crc32(uint32_t state, const void *data, size_t size)
{
	return (uint32_t)crc32_z(state, data, size);
}

#endif
