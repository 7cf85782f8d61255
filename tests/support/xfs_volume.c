/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/xfs_volume.h"

#include <string.h>

#include "base/checksum.h"
#include "support/bytes.h"

void xfs_put_be(uint8_t *at, int size, uint64_t value)
{
	for (int i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

void xfs_seal(uint8_t *at, int checksum_at)
{
	put_le(at + checksum_at, 4, 0);
	put_le(at + checksum_at, 4, csum_checksum(CSUM_CRC32C, at, XFS_SECTOR));
}

void xfs_put_superblock(uint8_t *at, uint64_t seed)
{
	memset(at, 0, XFS_SECTOR);
	memcpy(at, "XFSB", 4);
	xfs_put_be(at + 4, 4, XFS_BLOCK);
	xfs_put_be(at + 8, 8, XFS_GROUPS * XFS_GROUP_BLOCKS);
	fill_random(at + 32, 16, seed);
	xfs_put_be(at + 48, 8, 1 << 9 | 16);
	xfs_put_be(at + 84, 4, XFS_GROUP_BLOCKS);
	xfs_put_be(at + 88, 4, XFS_GROUPS);
	xfs_put_be(at + 96, 4, XFS_LOG_BLOCKS);
	xfs_put_be(at + 100, 2, 0xb4a5);
	xfs_put_be(at + 102, 2, XFS_SECTOR);
	at[120] = 12;
	at[121] = 9;
	at[124] = 9;
	xfs_seal(at, 224);
}

void xfs_put_header(uint8_t *at, int header, uint64_t seed)
{
	static const char *const magics[] = { "", "XAGF", "XAGI", "XAFL" };
	static const int checksums[] = { 224, 216, 312, 32 };

	memset(at, 0, XFS_SECTOR);
	memcpy(at, magics[header], 4);
	fill_random(at + 48, 100, seed);
	xfs_seal(at, checksums[header]);
}

void xfs_put(void)
{
	for (int group = 0; group < XFS_GROUPS; group++) {
		uint8_t *at = guard_volume.content + (uint64_t)group * XFS_GROUP_BYTES;

		xfs_put_superblock(at, 1);
		for (int header = 1; header <= 3; header++)
			xfs_put_header(at + header * XFS_SECTOR, header, (uint64_t)group * 10 + (uint64_t)header);
	}
}

void xfs_fill(void)
{
	xfs_put();
	guard_volume_fill();
}

void xfs_reset(uint64_t offset, size_t size)
{
	guard_volume_poke(offset, guard_volume.content + offset, size);
}
