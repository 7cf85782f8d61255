/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slicing: a step takes 8 bytes, with a table for each of them. Table n has what a byte does to the register when
 * n more bytes of zeros follow it, and as a CRC is linear, the 8 of them are added.
 */
#include "base/checksum_portable.h"

#include <pthread.h>

#include "base/le.h"

enum { SLICES = 8, BYTES = 256 };

/* All three are reflected, so that the 32 bits of the shorter ones are the low ones of the same register. */
struct crc {
	uint64_t polynomial;
	uint64_t ones; /* what the register is inverted with, before and after */
	uint64_t table[SLICES][BYTES];
};

static struct crc crcs[] = {
	[CSUM_CRC32] = { .polynomial = UINT64_C(0xedb88320), .ones = UINT32_MAX },
	[CSUM_CRC32C] = { .polynomial = UINT64_C(0x82f63b78), .ones = UINT32_MAX },
	[CSUM_CRC64] = { .polynomial = UINT64_C(0xc96c5795d7870f42), .ones = UINT64_MAX },
};

static uint64_t one_byte(const struct crc *crc, uint64_t value)
{
	for (int bit = 0; bit < 8; bit++)
		value = value >> 1 ^ (value & 1 ? crc->polynomial : 0);
	return value;
}

static void make_tables_of(struct crc *crc)
{
	for (unsigned int byte = 0; byte < BYTES; byte++)
		crc->table[0][byte] = one_byte(crc, byte);
	for (int slice = 1; slice < SLICES; slice++) {
		for (int byte = 0; byte < BYTES; byte++) {
			uint64_t before = crc->table[slice - 1][byte];

			crc->table[slice][byte] = before >> 8 ^ crc->table[0][before & 0xff];
		}
	}
}

static void make_tables(void)
{
	for (int type = CSUM_CRC32; type <= CSUM_CRC64; type++)
		make_tables_of(&crcs[type]);
}

/* The register after 8 bytes that have been added to it. Written out because compilers do not unroll it. */
static uint64_t step(const struct crc *crc, uint64_t value)
{
	return crc->table[7][value & 0xff] ^ crc->table[6][value >> 8 & 0xff] ^ crc->table[5][value >> 16 & 0xff] ^
	       crc->table[4][value >> 24 & 0xff] ^ crc->table[3][value >> 32 & 0xff] ^
	       crc->table[2][value >> 40 & 0xff] ^ crc->table[1][value >> 48 & 0xff] ^ crc->table[0][value >> 56];
}

uint64_t csum_checksum_portable(enum csum_checksum_type type, uint64_t state, const void *data, size_t size)
{
	static pthread_once_t tables_made = PTHREAD_ONCE_INIT;
	const struct crc *crc = &crcs[type];
	const uint8_t *byte = data;
	uint64_t value = state ^ crc->ones;

	pthread_once(&tables_made, make_tables);
	for (; size >= sizeof(le64); size -= sizeof(le64), byte += sizeof(le64))
		value = step(crc, value ^ csum_le64_get(*(const le64 *)byte));
	for (; size > 0; size--, byte++)
		value = value >> 8 ^ crc->table[0][(value ^ *byte) & 0xff];
	return value ^ crc->ones;
}
