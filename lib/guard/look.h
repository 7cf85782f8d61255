/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the guard looks at the data: bytes as they are now, with the verdicts of the sectors they lie in. Sectors are
 * those of the data space of an external volume, and have the same offset on the data device.
 */
#ifndef CSUM_GUARD_LOOK_H
#define CSUM_GUARD_LOOK_H

#include "guard/class.h"
#include "volume/volume.h"

/*
 * MAYBE: yes, unless the content of a sector belongs to another one, which has not been looked up yet. It is noted:
 * csum_guard_known_find() looks it up, and the same question is then answered with YES or NO.
 */
enum csum_guard_answer { CSUM_GUARD_NO, CSUM_GUARD_MAYBE, CSUM_GUARD_YES };

/* Bytes of data space. */
struct csum_guard_range {
	uint64_t offset_bytes, size_bytes;
};

struct csum_guard_ranges {
	struct csum_guard_range *range;
	size_t count, capacity;
};

/* -ENOMEM, reported. */
int csum_guard_ranges_add(const struct csum_handlers *handlers, struct csum_guard_ranges *ranges, uint64_t offset_bytes,
			  uint64_t size_bytes) CSUM_MUST_CHECK;
/* Whether one of the ranges has a byte of these; or all of these. */
bool csum_guard_ranges_touch(const struct csum_guard_ranges *ranges, uint64_t offset_bytes, uint64_t size_bytes);
bool csum_guard_ranges_hold(const struct csum_guard_ranges *ranges, uint64_t offset_bytes, uint64_t size_bytes);
void csum_guard_ranges_free(struct csum_guard_ranges *ranges);

struct csum_guard_known;

/*
 * The class of a sector that was read as `bytes`, with that verdict: CSUM_CLASS_NONE where it is not bad, or there is
 * no metadata to judge it by. wrong as for csum_guard_class_wrong().
 */
enum csum_class csum_guard_class_read(const struct csum_healer *healer, const uint8_t *bytes, uint32_t sector_size,
				      uint64_t entry, enum csum_verdict verdict, struct csum_heal_result *wrong);

struct csum_guard_look {
	struct csum_volume *volume;
	struct csum_healer *healer; /* NULL with 32-bit checksums */
	struct csum_guard_known *known; /* NULL: no content was noted yet */
	/* Bytes that may still be read: a hostile disk may have any number of structures, of any size. */
	uint64_t budget_bytes;
};

int csum_guard_look_init(struct csum_guard_look *look, struct csum_volume *volume) CSUM_MUST_CHECK;
void csum_guard_look_free(struct csum_guard_look *look);
/* Begins a new look at the data: the budget is whole again; contents that were looked up stay known. */
void csum_guard_look_again(struct csum_guard_look *look);

/* Takes so many bytes of the budget; false when there are not so many left. */
bool csum_guard_spend(struct csum_guard_look *look, uint64_t bytes);

/* ---- look.c: a few sectors */

struct csum_guard_view {
	uint64_t first_sector;
	uint32_t sector_count, sector_size;
	uint32_t skip; /* bytes from the begin of the first sector to the bytes asked for */
	uint8_t *sectors; /* unwritten ones too, as they are on the device; zeros for those that cannot be read */
	uint8_t *bytes; /* in `sectors`: the bytes asked for; NULL: they do not lie in the data space */
	csum_verdict8 *verdict; /* per sector */
	uint64_t *computed, *entry; /* of the bytes read; of the metadata, 0 where there is none */
};

/* Reads bytes of the data space; of others view->bytes is NULL. Errors, reported: -ENOMEM, a vanished device. */
int csum_guard_view_read(struct csum_guard_look *look, uint64_t offset_bytes, uint64_t size_bytes,
			 struct csum_guard_view *view) CSUM_MUST_CHECK;
void csum_guard_view_free(struct csum_guard_view *view);

/* Puts right, in memory, the sectors in which few bits are wrong: then they match. */
void csum_guard_view_heal(const struct csum_guard_look *look, struct csum_guard_view *view);

/* The questions below are about the sectors that hold bytes [from, to) of the view. */

/* Whether all of them have entries and are right by these. */
bool csum_guard_view_matches(const struct csum_guard_view *view, uint64_t from, uint64_t to);
/* Whether each of them is right, cannot be read, or has few wrong bits. */
bool csum_guard_view_nearly(const struct csum_guard_look *look, const struct csum_guard_view *view, uint64_t from,
			    uint64_t to);
/* Whether one of them cannot be read. */
bool csum_guard_view_dead(const struct csum_guard_view *view, uint64_t from, uint64_t to);
/* Whether others changed them: one is new, or near with a wrong bit within [from, to). */
enum csum_guard_answer csum_guard_view_changed(struct csum_guard_look *look, const struct csum_guard_view *view,
					       uint64_t from, uint64_t to);
/* Whether one of them is new. */
enum csum_guard_answer csum_guard_view_new(struct csum_guard_look *look, const struct csum_guard_view *view,
					   uint64_t from, uint64_t to);

/* For bytes [from, to) within one sector: whether the sector is near, with no wrong bit outside of these bytes. */
bool csum_guard_view_only(const struct csum_guard_look *look, const struct csum_guard_view *view, uint64_t from,
			  uint64_t to);
/* Whether one of the sectors is bad, but matches its entry as it is now, after the caller has changed `bytes`. */
bool csum_guard_view_became_right(const struct csum_guard_look *look, const struct csum_guard_view *view);

/* ---- known.c: contents of other sectors */

/* Whether a content with that entry, which is new by its own sector, belongs to no other sector either. */
enum csum_guard_answer csum_guard_unknown(struct csum_guard_look *look, uint64_t computed_entry);

/* Looks up all contents that were noted, in a pass over all metadata. Errors of csum_scan(). */
int csum_guard_known_find(struct csum_guard_look *look) CSUM_MUST_CHECK;
void csum_guard_known_free(struct csum_guard_known *known);

#endif
