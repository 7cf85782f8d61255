/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the guard looks at the data: bytes as they are now, with what is known of the sectors they lie in. Sectors are
 * those of the data space of an external volume, and lie on the data device where they lie in the data space.
 */
#ifndef CSUM_GUARD_LOOK_H
#define CSUM_GUARD_LOOK_H

#include "guard/class.h"
#include "volume/volume.h"

/*
 * MAYBE: yes, unless the content of a sector belongs to another one, which was not known yet. It has been asked for:
 * csum_guard_known_find() finds out, and who then asks again gets YES or NO.
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
/* Whether one of them has a byte of these; or all of these. */
bool csum_guard_ranges_touch(const struct csum_guard_ranges *ranges, uint64_t offset_bytes, uint64_t size_bytes);
bool csum_guard_ranges_hold(const struct csum_guard_ranges *ranges, uint64_t offset_bytes, uint64_t size_bytes);
void csum_guard_ranges_free(struct csum_guard_ranges *ranges);

struct csum_guard_known;

/*
 * The class of a sector that was read as `bytes` and came out as `verdict`: CSUM_CLASS_NONE where it is not bad, or there
 * is no metadata to judge it by. wrong as for csum_guard_class_wrong().
 */
enum csum_class csum_guard_class_read(const struct csum_healer *healer, const uint8_t *bytes, uint32_t sector_size,
				      uint64_t entry, enum csum_verdict verdict, struct csum_heal_result *wrong);

struct csum_guard_look {
	struct csum_volume *volume;
	struct csum_healer *healer; /* NULL with 32-bit checksums */
	struct csum_guard_known *known; /* NULL: nothing asked yet */
	/* What may still be read in one go: structures that a hostile disk makes up are many, and large. */
	uint64_t budget_bytes;
};

int csum_guard_look_init(struct csum_guard_look *look, struct csum_volume *volume) CSUM_MUST_CHECK;
void csum_guard_look_free(struct csum_guard_look *look);
/* Before all is looked at anew: the budget is whole. What is known of contents stays. */
void csum_guard_look_again(struct csum_guard_look *look);

/* Takes so much of the budget; false when it is used up. */
bool csum_guard_spend(struct csum_guard_look *look, uint64_t bytes);

/* ---- look.c: a few sectors */

struct csum_guard_view {
	uint64_t first_sector;
	uint32_t sector_count, sector_size;
	uint32_t skip; /* bytes from the first sector to what was asked for */
	uint8_t *sectors; /* also those that are unwritten, as they are on the device; zeros where it cannot be read */
	uint8_t *bytes; /* in `sectors`: what was asked for; NULL: it does not lie in the data space */
	csum_verdict8 *verdict; /* per sector */
	uint64_t *computed, *entry; /* of what was read; the one it ought to match, 0 where there is none */
};

/* Not outside the data space: then view->bytes is NULL. Errors, reported: -ENOMEM, a vanished device. */
int csum_guard_view_read(struct csum_guard_look *look, uint64_t offset_bytes, uint64_t size_bytes,
			 struct csum_guard_view *view) CSUM_MUST_CHECK;
void csum_guard_view_free(struct csum_guard_view *view);

/* Puts right, in memory, the sectors of which few bits are wrong: then they match. */
void csum_guard_view_heal(const struct csum_guard_look *look, struct csum_guard_view *view);

/* The questions below are about the sectors that hold bytes [from, to) of what was asked for. */

/* Whether all of them are right by their entries, which they have. */
bool csum_guard_view_matches(const struct csum_guard_view *view, uint64_t from, uint64_t to);
/* The same, or cannot be read, or have few wrong bits. */
bool csum_guard_view_nearly(const struct csum_guard_look *look, const struct csum_guard_view *view, uint64_t from,
			    uint64_t to);
/* Whether one of them cannot be read. */
bool csum_guard_view_dead(const struct csum_guard_view *view, uint64_t from, uint64_t to);
/* Whether somebody changed them: one is new, or near with a wrong bit within [from, to). */
enum csum_guard_answer csum_guard_view_changed(struct csum_guard_look *look, const struct csum_guard_view *view,
					       uint64_t from, uint64_t to);
/* Whether one of them is new. */
enum csum_guard_answer csum_guard_view_new(struct csum_guard_look *look, const struct csum_guard_view *view,
					   uint64_t from, uint64_t to);

/* Of bytes [from, to), which lie in one sector: whether that one is near, with no wrong bit outside of them. */
bool csum_guard_view_only(const struct csum_guard_look *look, const struct csum_guard_view *view, uint64_t from,
			  uint64_t to);
/* Whether one of the sectors is bad and matches what `bytes` has been changed to. */
bool csum_guard_view_became_right(const struct csum_guard_look *look, const struct csum_guard_view *view);

/* ---- known.c: contents of other sectors */

/* Whether a content with that entry, which is new as far as its sector tells, is that of no other sector either. */
enum csum_guard_answer csum_guard_unknown(struct csum_guard_look *look, uint64_t computed_entry);

/* Finds out about all that was asked for: a pass over all metadata. Errors of csum_scan(). */
int csum_guard_known_find(struct csum_guard_look *look) CSUM_MUST_CHECK;
void csum_guard_known_free(struct csum_guard_known *known);

#endif
