/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/checksum.h"

#include <errno.h>
#include <string.h>

#ifdef CSUM_ISAL
#include <isa-l/crc.h>
#include <isa-l/crc64.h>
#else
#include "base/checksum_portable.h"
#endif

static const char *const names[] = {
	[CSUM_CRC32] = "crc32",
	[CSUM_CRC32C] = "crc32c",
	[CSUM_CRC64] = "crc64",
};

const char *csum_checksum_name(enum csum_checksum_type type)
{
	return type >= CSUM_CRC32 && type <= CSUM_CRC64 ? names[type] : NULL;
}

int csum_checksum_by_name(const char *name, enum csum_checksum_type *type)
{
	for (int i = CSUM_CRC32; i <= CSUM_CRC64; i++) {
		if (strcmp(name, names[i]) == 0) {
			*type = (enum csum_checksum_type)i;
			return 0;
		}
	}
	return -EINVAL;
}

#ifdef CSUM_ISAL
/* ISA-L takes an int length and does not write to the buffer its prototype calls non-const. */
static uint32_t crc32c(uint32_t state, const void *data, size_t size)
{
	return ~crc32_iscsi((unsigned char *)(uintptr_t)data, (int)size, ~state);
}

static uint64_t compute(enum csum_checksum_type type, uint64_t state, const void *data, size_t size)
{
	switch (type) {
	case CSUM_CRC32:
		return crc32_gzip_refl((uint32_t)state, data, size);
	case CSUM_CRC32C:
		return crc32c((uint32_t)state, data, size);
	case CSUM_CRC64:
		break;
	}
	return crc64_ecma_refl(state, data, size);
}
#else
static uint64_t compute(enum csum_checksum_type type, uint64_t state, const void *data, size_t size)
{
	return csum_checksum_portable(type, state, data, size);
}
#endif

uint32_t csum_checksum_crc32(uint32_t state, const void *data, size_t size)
{
	return (uint32_t)compute(CSUM_CRC32, state, data, size);
}

uint64_t csum_checksum(enum csum_checksum_type type, const void *data, size_t size)
{
	return compute(type, 0, data, size);
}

uint64_t csum_checksum_entry(enum csum_checksum_type type, const void *sector, size_t sector_size)
{
	uint64_t value = csum_checksum(type, sector, sector_size);

	if (type != CSUM_CRC64)
		return UINT64_C(1) << 32 | value;
	/* 0 and 1 mean unwritten and bad: these two contents share the entries of two others. */
	if (value == CSUM_ENTRY_UNWRITTEN)
		return UINT64_MAX;
	if (value == CSUM_ENTRY_BAD)
		return UINT64_MAX - 1;
	return value;
}

/* How far ahead, and the least that a processor's cache loads at a time; bytes. */
enum { AHEAD = 4096, CACHE_LINE = 64 };

static void prefetch(const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += CACHE_LINE)
		__builtin_prefetch(bytes + at);
}

void csum_checksum_entries(enum csum_checksum_type type, const void *sectors, size_t sector_size, size_t count,
			   uint64_t *entries)
{
	const uint8_t *sector = sectors;

	for (size_t i = 0; i < count; i++, sector += sector_size) {
		if ((count - i) * sector_size >= AHEAD + sector_size)
			prefetch(sector + AHEAD, sector_size);
		entries[i] = csum_checksum_entry(type, sector, sector_size);
	}
}
