/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An open volume as the modules of the library see it. */
#ifndef CSUM_VOLUME_H
#define CSUM_VOLUME_H

#include "csum.h"
#include "device/device.h"
#include "io/io.h"
#include "ondisk/imd.h"
#include "ondisk/journal.h"
#include "ondisk/superblock.h"

/* Data that the intent of a long write covers, and data of one batch of its pipeline; bytes. */
#define CSUM_WINDOW_BYTES (UINT64_C(1) << 30)
#define CSUM_BATCH_BYTES (UINT64_C(16) << 20)

struct csum_system_roots;

struct csum_volume {
	struct csum_handlers handlers;
	struct csum_device *data, *metadata; /* owned; the same one when internal */
	struct csum_io *io;
	bool writable;
	bool repair; /* opened for csum_scrub(), which recovers it */
	bool look; /* opened without a lock */
	enum csum_at_work at_work; /* of a volume open for reading: other processes, when we looked last */
	unsigned int allow; /* bits of enum csum_allow */
	const struct csum_system_roots *roots; /* those of the system, except in tests */
	bool identity_differs; /* the data device has another identity than the recorded one, and that was allowed */
	bool ours; /* opened for writing while all of the data was ours: it may be recorded as such (guard/guard.h) */

	/* The superblock of the governing slot, checked; kept equal to the one that was written last. */
	struct csum_superblock superblock;
	struct csum_superblock slots[CSUM_SLOTS]; /* as read at opening, or written since; meaningful where slot_valid */
	bool slot_valid[CSUM_SLOTS];
	enum csum_slot governing; /* slot C: A and B are both invalid, the state is unknown */
	uint8_t *slot_buffer; /* CSUM_BLOCK_SIZE bytes: the slot being written */
	uint32_t seed_state;

	/* The record that counts in the present session of an active volume; else journal.count is 0. */
	struct csum_journal journal;
	const char *journal_void_reason; /* why count is 0, a constant text; "" when it counts */
	bool journal_unreadable; /* the device cannot read it: whether there was a record is not known */
	uint8_t *journal_record; /* CSUM_JOURNAL_SIZE bytes */

	/* The defaults above, smaller in tests. */
	uint64_t window_bytes, batch_bytes;
};

/*
 * Makes a volume of the devices, but reads nothing: the superblock is all zeros. Takes the devices over (data == metadata
 * when internal), which are closed on error too. threads: as for csum_io_create().
 */
int csum_volume_prepare(const struct csum_handlers *handlers, struct csum_device *data, struct csum_device *metadata,
			bool writable, unsigned int threads, struct csum_volume **volume) CSUM_MUST_CHECK;

static inline const struct csum_geometry *csum_volume_geometry(const struct csum_volume *volume)
{
	return &volume->superblock.geometry;
}

static inline bool csum_volume_active(const struct csum_volume *volume)
{
	return volume->superblock.state == CSUM_STATE_ACTIVE;
}

/* Whether an interrupted write may have left versions of this group. */
static inline bool csum_volume_in_intent(const struct csum_volume *volume, uint64_t group)
{
	return csum_volume_active(volume) && group >= volume->superblock.intent_first &&
	       group - volume->superblock.intent_first < volume->superblock.intent_count;
}

static inline struct csum_imd_place csum_volume_imd_place(const struct csum_volume *volume, uint64_t group, int copy)
{
	return (struct csum_imd_place){ volume->seed_state, volume->superblock.geometry.sector_size, group, copy };
}

/* The entry that a data sector with these bytes has. */
uint64_t csum_volume_entry(const struct csum_volume *volume, const void *bytes);
/* Those of `count` data sectors that lie side by side in memory. */
void csum_volume_entries(const struct csum_volume *volume, const void *bytes, size_t count, uint64_t *entries);

/*
 * Whether the volume was opened for what is to be done with it: -EBADF, reported. To change data it is open for writing,
 * and not for a scrub, which is yet to recover it; to read data it is open with a lock.
 */
int csum_volume_may_write(const struct csum_volume *volume) CSUM_MUST_CHECK;
int csum_volume_may_read(const struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * Checks a range of the data space and resolves CSUM_TO_END. -EINVAL, reported, when it is not inside.
 */
int csum_volume_check_range(const struct csum_volume *volume, uint64_t offset_bytes,
			    uint64_t *length_bytes) CSUM_MUST_CHECK;

#endif
