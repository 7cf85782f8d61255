/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An XFS made by hand on the volume of the guard's tests: 3 groups of 2 MiB in 8 MiB, the log in group 1. */
#ifndef CSUM_TEST_SUPPORT_XFS_VOLUME_H
#define CSUM_TEST_SUPPORT_XFS_VOLUME_H

#include "support/guard_volume.h"

enum { XFS_BLOCK = 4096, XFS_GROUP_BLOCKS = 512, XFS_GROUPS = 3, XFS_SECTOR = 512, XFS_LOG_BLOCKS = 400 };
#define XFS_GROUP_BYTES ((uint64_t)XFS_GROUP_BLOCKS * XFS_BLOCK)
#define XFS_LOG_AT (XFS_GROUP_BYTES + 16 * XFS_BLOCK)
#define XFS_LOG_BYTES ((uint64_t)XFS_LOG_BLOCKS * XFS_BLOCK)

/* A big-endian number. */
void xfs_put_be(uint8_t *at, int size, uint64_t value);
/* Puts the checksum of the sector at `at` right, which lies at `checksum_at` in it. */
void xfs_seal(uint8_t *at, int checksum_at);

/* A sector: the superblock, with the UUID that the seed makes. */
void xfs_put_superblock(uint8_t *at, uint64_t seed);
/* A sector: header 1 (AGF), 2 (AGI) or 3 (AGFL) of a group; the seed makes its content. */
void xfs_put_header(uint8_t *at, int header, uint64_t seed);

/* All of them into guard_volume.content. */
void xfs_put(void);
/* The same, and the volume made of it. */
void xfs_fill(void);
/* Puts back what the volume held there at first. */
void xfs_reset(uint64_t offset, size_t size);

#endif
