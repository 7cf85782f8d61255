/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a new volume; csum_format_prepare() in plan.c decides what it will be. */
#ifndef CSUM_MAKE_WRITE_H
#define CSUM_MAKE_WRITE_H

#include "csum.h"
#include "device/device.h"
#include "ondisk/superblock.h"

/* Made from the options of a library user, with all choices done. */
struct csum_make {
	struct csum_handlers handlers;
	struct csum_device *data, *metadata; /* borrowed; the same one when internal */
	struct csum_superblock superblock; /* static fields and geometry; state is set here */
	bool wipe; /* zeros everywhere first */
	unsigned int threads; /* as for csum_io_create() */
	/* Where a backup superblock of an older volume lies, to be voided; 0: nowhere, or where the new one goes. */
	uint64_t old_backup_offset_bytes;
};

/*
 * Zeroes reserved space; flush; voids old superblocks and the journal; flush; writes imd sectors; flush; superblocks C,
 * B, A, a flush after each: a valid superblock means a finished format. (format.md: Superblock) Durable on success;
 * reports errors.
 */
int csum_make_write(const struct csum_make *make) CSUM_MUST_CHECK;

/* Bytes that csum_make_write() writes. */
uint64_t csum_make_bytes(const struct csum_geometry *geometry, bool wipe);

#endif
