/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of a scrub of the whole volume, in the superblock: how far it has come, and what it has found by then. */
#ifndef CSUM_SCRUB_RECORD_H
#define CSUM_SCRUB_RECORD_H

#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_recorder *csum_scrub_record_create(void) CSUM_MUST_CHECK;
void csum_scrub_record_free(struct csum_scrub_recorder *recorder); /* NULL is allowed */

/* Goes on where an interrupted scrub on record stopped, if this one may: sets first_sector, and says so. */
void csum_scrub_record_resume(struct csum_scrub *scrub);
/* Writes the record for the first time. */
int csum_scrub_record_begin(struct csum_scrub *scrub) CSUM_MUST_CHECK;
/* All before next_sector has been dealt with, where no bad sector waits. */
void csum_scrub_record_advance(struct csum_scrub *scrub, uint64_t next_sector, bool waiting);
/* Whether the record has not been written for so long that it is time. */
bool csum_scrub_record_is_due(const struct csum_scrub *scrub);
/* Writes it, as far as the scrub has come. */
int csum_scrub_record_write(struct csum_scrub *scrub) CSUM_MUST_CHECK;
/* Writes it for the last time: complete, or where the next scrub is to go on. */
int csum_scrub_record_end(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
