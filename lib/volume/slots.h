/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Superblock slots on a device that may be no volume: reading one, and all the places where one may lie. */
#ifndef CSUM_VOLUME_SLOTS_H
#define CSUM_VOLUME_SLOTS_H

#include "device/device.h"
#include "ondisk/superblock.h"

/*
 * Reads the block at that offset. *valid: it is a superblock, decoded into *superblock, unchecked; a place that cannot be
 * read holds none. buffer: CSUM_BLOCK_SIZE bytes of csum_io_alloc(). The only error is of a device that vanished,
 * not reported.
 */
int csum_slot_read(struct csum_device *device, void *buffer, uint64_t offset_bytes, struct csum_superblock *superblock,
		   bool *valid) CSUM_MUST_CHECK;

/* The backup is found on a device that has grown by no more than so many bytes. */
#define CSUM_BACKUP_SEARCH_BYTES (UINT64_C(64) << 20)

/*
 * Searches the end of the device backwards for a backup that lies where its own volume puts it: on a device that has
 * grown it is no more at the end. Decoded, unchecked. Errors: -ENOMEM, or of a device that vanished; not reported.
 */
int csum_slot_search_backup(struct csum_device *device, struct csum_superblock *superblock,
			    bool *found) CSUM_MUST_CHECK;

struct csum_slot_found {
	enum csum_slot slot;
	uint64_t offset_bytes;
	struct csum_superblock superblock;
};

/* A, B, C where the present size puts it, and C where A and B say it is. */
#define CSUM_SLOT_PLACES 5u

struct csum_slots_found {
	struct csum_slot_found found[CSUM_SLOT_PLACES];
	size_t count;
};

/*
 * All valid ones, each place once. A place of C does not count if it lies in the data space of a volume that a valid
 * A or B describes: data may be an image of a volume. Errors are reported.
 */
int csum_slots_find(const struct csum_handlers *handlers, struct csum_device *device,
		    struct csum_slots_found *slots) CSUM_MUST_CHECK;

#endif
