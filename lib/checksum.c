/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checksum.h"

#include <errno.h>
#include <string.h>

#include <isa-l/crc.h>
#include <isa-l/crc64.h>

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

uint32_t csum_checksum_crc32(uint32_t state, const void *data, size_t size)
{
	return crc32_gzip_refl(state, data, size);
}

/* ISA-L takes an int length and does not write to the buffer its prototype calls non-const. */
static uint32_t crc32c(const void *data, size_t size)
{
	return ~crc32_iscsi((unsigned char *)(uintptr_t)data, (int)size, ~UINT32_C(0));
}

uint64_t csum_checksum(enum csum_checksum_type type, const void *data, size_t size)
{
	switch (type) {
	case CSUM_CRC32:
		return csum_checksum_crc32(0, data, size);
	case CSUM_CRC32C:
		return crc32c(data, size);
	case CSUM_CRC64:
		break;
	}
	return crc64_ecma_refl(0, data, size);
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
