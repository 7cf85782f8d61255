/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guard says of bad sectors, and of the scrub as a whole: others may have written there. (doc/guard.md) */
#ifndef CSUM_SCRUB_GUARD_H
#define CSUM_SCRUB_GUARD_H

#include "scrub/bad.h"
#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_guard *csum_scrub_guard_create(void) CSUM_MUST_CHECK;
void csum_scrub_guard_free(struct csum_scrub_guard *guard); /* NULL is allowed */

/* Asks before anything is written, and refuses what is not the data of this metadata. */
int csum_scrub_guard_begin(struct csum_scrub *scrub) CSUM_MUST_CHECK;
/* Asks once more, before a batch of repairs: others may have written meanwhile. */
int csum_scrub_guard_refresh(struct csum_scrub *scrub) CSUM_MUST_CHECK;
/* When all has been dealt with: whether a next scrub is held, and what may be recorded for it, is written. */
int csum_scrub_guard_end(struct csum_scrub *scrub) CSUM_MUST_CHECK;

enum csum_guard_verdict csum_scrub_guard_verdict(const struct csum_scrub *scrub);
/* What vouches for the sector; CSUM_COVER_NONE on a block device: that depends on all bad sectors. */
enum csum_guard_cover csum_scrub_guard_cover(const struct csum_scrub *scrub, uint64_t sector);
/* Whether the data is a plain file, of which each bad sector is decided alone. */
bool csum_scrub_guard_on_file(const struct csum_scrub *scrub);

/* What is said of the bad sectors on a block device for which nothing vouches. */
enum csum_scrub_ruling {
	CSUM_SCRUB_LEAVE, /* others may have written them; so it is at first */
	CSUM_SCRUB_DECIDED, /* the scan saw all of them, and no new content among them */
};
void csum_scrub_guard_rule(struct csum_scrub *scrub, enum csum_scrub_ruling ruling);

/*
 * The class of a bad sector that has been read again, and whether it is left because others may have written it: into
 * its outcome. known: what it holds belongs to another sector.
 */
void csum_scrub_guard_classify(struct csum_scrub *scrub, struct csum_scrub_bad *bad, bool known);
/* Whether a sector may be given that content by these means; if not, that is in its outcome. */
bool csum_scrub_guard_permits(struct csum_scrub *scrub, const struct csum_scrub_bad *bad, const uint8_t *content,
			      enum csum_means means, struct csum_outcome *outcome);
/* Says once why sectors are left. */
void csum_scrub_guard_explain(struct csum_scrub *scrub);

#endif
