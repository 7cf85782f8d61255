/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/magic.h"

#include "base/util.h"
#include "guard/place.h"

#define MAGICS_MAX 3u

struct magic {
	uint32_t at; /* in the block */
	uint32_t size;
	const char *bytes;
};

/* The bytes that wipefs(8) zeroes. FAT has several magics at a time; a GPT comes with a table of the old kind. */
static const struct {
	const char *type;
	uint32_t block_offset;
	struct magic magic[MAGICS_MAX]; /* size 0: none */
} sets[] = {
	{ "ext4", 1024, { { 56, 2, "\x53\xef" } } },
	{ "xfs", 0, { { 0, 4, "XFSB" } } },
	{ "btrfs", 65536, { { 64, 8, "_BHRfS_M" } } },
	{ "gpt", 0, { { 512, 8, "EFI PART" }, { 510, 2, "\x55\xaa" } } },
	{ "gpt", 4096, { { 0, 8, "EFI PART" } } },
	{ "dos", 0, { { 510, 2, "\x55\xaa" } } },
	{ "vfat", 0, { { 82, 8, "FAT32   " }, { 510, 2, "\x55\xaa" }, { 0, 1, "\xeb" } } },
	{ "vfat", 0, { { 54, 8, "FAT16   " }, { 510, 2, "\x55\xaa" }, { 0, 1, "\xeb" } } },
	{ "vfat", 0, { { 54, 8, "FAT12   " }, { 510, 2, "\x55\xaa" }, { 0, 1, "\xeb" } } },
	{ "ntfs", 0, { { 3, 8, "NTFS    " }, { 510, 2, "\x55\xaa" } } },
	{ "exfat", 0, { { 3, 8, "EXFAT   " }, { 510, 2, "\x55\xaa" } } },
	{ "crypto_LUKS", 0, { { 0, 6, "LUKS\xba\xbe" } } },
	{ "crypto_LUKS", 16384, { { 0, 6, "SKUL\xba\xbe" } } },
	{ "swap", 3584, { { 502, 10, "SWAPSPACE2" } } },
	{ "swap", 65024, { { 502, 10, "SWAPSPACE2" } } },
	{ "LVM2_member", 512, { { 24, 8, "LVM2 001" } } },
	{ "linux_raid_member", 0, { { 0, 4, "\xfc\x4e\x2b\xa9" } } },
	{ "linux_raid_member", 4096, { { 0, 4, "\xfc\x4e\x2b\xa9" } } },
	{ "f2fs", 1024, { { 0, 4, "\x10\x20\xf5\xf2" } } },
	{ "jfs", 32768, { { 0, 4, "JFS1" } } },
	{ "reiserfs", 65536, { { 52, 9, "ReIsEr2Fs" } } },
	{ "squashfs", 0, { { 0, 4, "hsqs" } } },
	{ "iso9660", 32768, { { 1, 5, "CD001" } } },
};

enum { SETS = sizeof(sets) / sizeof(sets[0]) };

/* Heads that are larger than the sector of their magic, or in which other bytes than the magic change. */
static const struct {
	const char *type;
	uint32_t from, to;
} spans[] = {
	{ "ext4", 1024, 2048 }, { "xfs", 0, 512 },  { "btrfs", 65536, 69632 }, { "crypto_LUKS", 0, 4096 },
	{ "swap", 1024, 4096 }, { "vfat", 0, 512 }, { "ntfs", 0, 512 },	       { "exfat", 0, 512 },
};

struct csum_guard_magic_set csum_guard_magic_set(size_t index)
{
	if (index >= SETS)
		return (struct csum_guard_magic_set){ .type = NULL };
	return (struct csum_guard_magic_set){ sets[index].type, sets[index].block_offset };
}

bool csum_guard_magic_restore(size_t index, uint8_t *block)
{
	bool restored = false;

	for (unsigned int i = 0; i < MAGICS_MAX && sets[index].magic[i].size > 0; i++) {
		const struct magic *magic = &sets[index].magic[i];

		if (!csum_is_zero(block + magic->at, magic->size))
			continue;
		memcpy(block + magic->at, magic->bytes, magic->size);
		restored = true;
	}
	return restored;
}

bool csum_guard_magic_span(const char *type, uint32_t *from, uint32_t *to)
{
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		if (!csum_guard_same_type(spans[i].type, type))
			continue;
		*from = spans[i].from;
		*to = spans[i].to;
		return true;
	}
	return false;
}
