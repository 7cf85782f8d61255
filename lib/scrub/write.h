/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repaired data sectors on their way to the disk. */
#ifndef CSUM_SCRUB_WRITE_H
#define CSUM_SCRUB_WRITE_H

#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_writer *csum_scrub_write_create(const struct csum_scrub *scrub) CSUM_MUST_CHECK;
void csum_scrub_write_free(struct csum_scrub_writer *writer); /* NULL is allowed */

struct csum_scrub_write {
	uint64_t sector, entry;
	uint8_t *data; /* aligned */
	struct csum_outcome *outcome; /* disposition and why are set */
};

/*
 * Writes data sectors in one round, and reads them back. Errors, after which nothing more is to be written, are
 * reported.
 */
int csum_scrub_write(struct csum_scrub *scrub, const struct csum_scrub_write *writes, size_t count) CSUM_MUST_CHECK;

#endif
