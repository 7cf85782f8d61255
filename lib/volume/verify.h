/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a run of data sectors and verifies each against the versions of its group. */
#ifndef CSUM_VOLUME_VERIFY_H
#define CSUM_VOLUME_VERIFY_H

#include <stdatomic.h>

#include "volume/groups.h"

enum csum_verdict {
	CSUM_VERDICT_NOT_READ, /* the need did not include it */
	CSUM_VERDICT_GOOD,
	CSUM_VERDICT_UNWRITTEN,
	CSUM_VERDICT_OLDER, /* in the intent of an active volume: right by an older version */
	CSUM_VERDICT_TRANSIENT, /* right, but only when read again */
	/* from here on: bad */
	CSUM_VERDICT_MISMATCH,
	CSUM_VERDICT_ZEROED,
	CSUM_VERDICT_STALE,
	CSUM_VERDICT_UNREADABLE,
	CSUM_VERDICT_MISSING, /* beyond the end of the device */
	CSUM_VERDICT_LOST, /* no imd to verify against */
};

/* A verdict in one byte, for arrays with one per sector; converts from and to the enum without a cast. */
typedef uint8_t csum_verdict8;

static inline bool csum_verdict_is_bad(enum csum_verdict verdict)
{
	return verdict >= CSUM_VERDICT_MISMATCH;
}

enum csum_need {
	CSUM_NEED_VERDICT, /* sectors that must be read to tell good from bad */
	CSUM_NEED_CONTENT, /* also bytes that cannot be verified, so that they can be handed out raw */
	CSUM_NEED_DIFFERING, /* only sectors on which the two valid copies of their group differ */
};

/* How many bad sectors may be found; shared by runs of several threads. */
struct csum_verify_limit {
	uint64_t most;
	atomic_uint_fast64_t found;
};

/* Sectors of the run are contiguous on the device: they lie in one cluster. */
struct csum_verify {
	const struct csum_volume *volume;
	const struct csum_groups *span; /* holds every group of the run */
	enum csum_need need;
	uint64_t first_sector;
	uint32_t sector_count;
	uint8_t *data; /* sector_count sectors; unwritten ones become zeros with CSUM_NEED_CONTENT */
	csum_verdict8 *verdict; /* per sector */
	uint64_t *entry; /* computed from what was read, per sector; meaningful where it was */
	/* NULL, or: once it is exceeded the remaining sectors are not read, and their verdict is NOT_READ. */
	struct csum_verify_limit *limit;
};

/* Callable from several threads. 0, or the error of a device that vanished (not reported). */
int csum_verify_run(const struct csum_verify *run) CSUM_MUST_CHECK;

#endif
