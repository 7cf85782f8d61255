/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places in the data space where file systems and tables begin: offset 0, partitions, and signatures that were there
 * when all was right. (doc/guard.md: Places)
 */
#ifndef CSUM_GUARD_PLACE_H
#define CSUM_GUARD_PLACE_H

#include "device/probe.h"
#include "guard/look.h"

struct csum_guard_place {
	uint64_t offset_bytes, size_bytes; /* of data space; to the end of its partition */
	struct csum_signature *found; /* by libblkid, once asked */
	size_t found_count;
	bool is_partial; /* not all places that libblkid looks at could be read: there may be more */
};

struct csum_guard_places {
	struct csum_guard_place *place; /* in ascending order, each offset once, the first one 0 */
	size_t count;
	bool asked; /* for the signatures */
	bool replaced[CSUM_RECORDED_SIGNATURES]; /* recorded signatures that we ourselves have overwritten */
};

/* Errors, reported: -ENOMEM, those of libblkid. */
int csum_guard_places_find(struct csum_volume *volume, struct csum_guard_places *places) CSUM_MUST_CHECK;
/* Asks libblkid for the signatures at each place. */
int csum_guard_places_ask(struct csum_volume *volume, struct csum_guard_places *places) CSUM_MUST_CHECK;
void csum_guard_places_free(struct csum_guard_places *places);

/* Whether the place is large enough to have bytes [from, from + size). */
static inline bool csum_guard_place_has(const struct csum_guard_place *place, uint64_t from, uint64_t size)
{
	return size <= place->size_bytes && from <= place->size_bytes - size;
}

/* Whether both names of libblkid mean the same kind, as ext2, ext3 and ext4 do. Recorded names may be cut. */
bool csum_guard_same_type(const char *a, const char *b);
/* Whether a signature of that type is recorded there. */
bool csum_guard_is_recorded(const struct csum_volume *volume, uint64_t offset_bytes, const char *type);
/* Whether libblkid finds a signature of that type at the place. */
bool csum_guard_is_found(const struct csum_guard_place *place, const char *type);
/*
 * Whether another type than `type` is found at the place, was there when all was right, or may be there where bytes
 * cannot be read.
 */
bool csum_guard_is_shared(const struct csum_volume *volume, const struct csum_guard_places *places,
			  const struct csum_guard_place *place, const char *type);

#endif
