/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Little-endian integers as they lie on disk: struct types that a plain integer cannot slip into. */
#ifndef CSUM_BASE_LE_H
#define CSUM_BASE_LE_H

#include <stdint.h>

typedef struct {
	uint8_t byte[2];
} le16;
typedef struct {
	uint8_t byte[4];
} le32;
typedef struct {
	uint8_t byte[8];
} le64;

static inline uint16_t csum_le16_get(le16 value)
{
	return (uint16_t)(value.byte[0] | value.byte[1] << 8);
}

static inline uint32_t csum_le32_get(le32 value)
{
	return (uint32_t)value.byte[0] | (uint32_t)value.byte[1] << 8 | (uint32_t)value.byte[2] << 16 |
	       (uint32_t)value.byte[3] << 24;
}

static inline uint64_t csum_le64_get(le64 value)
{
	/* Written out because compilers make one load of it. */
	return (uint64_t)value.byte[0] | (uint64_t)value.byte[1] << 8 | (uint64_t)value.byte[2] << 16 |
	       (uint64_t)value.byte[3] << 24 | (uint64_t)value.byte[4] << 32 | (uint64_t)value.byte[5] << 40 |
	       (uint64_t)value.byte[6] << 48 | (uint64_t)value.byte[7] << 56;
}

static inline le16 csum_le16(uint16_t value)
{
	return (le16){ { (uint8_t)value, (uint8_t)(value >> 8) } };
}

static inline le32 csum_le32(uint32_t value)
{
	return (le32){ { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24) } };
}

static inline le64 csum_le64(uint64_t value)
{
	le64 result;

	for (int i = 0; i < 8; i++)
		result.byte[i] = (uint8_t)(value >> 8 * i);
	return result;
}

#endif
