/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How fast a scrub reads, and for how long: the limits of its options on rate and time. */
#ifndef CSUM_SCRUB_PACE_H
#define CSUM_SCRUB_PACE_H

#include "scrub/scrub.h"
#include "volume/scan.h"

/* NULL: no memory. The time limit counts from here. */
struct csum_scrub_pace *csum_scrub_pace_create(void) CSUM_MUST_CHECK;
void csum_scrub_pace_free(struct csum_scrub_pace *pace); /* NULL is allowed */

/* A scan begins: its reading is to be slowed down from now on. */
void csum_scrub_pace_begin(struct csum_scrub *scrub);
/* Sleeps until the rate allows for the batch, which has been read, or the time is up. -ECANCELED. */
int csum_scrub_pace_sleep(struct csum_scrub *scrub, const struct csum_scan_batch *batch) CSUM_MUST_CHECK;

/* Bytes of data that a batch of a scan has at most, for the sake of the rate; 0: as many as is best. */
uint64_t csum_scrub_pace_batch_bytes(const struct csum_scrub *scrub);
bool csum_scrub_pace_time_is_up(const struct csum_scrub *scrub);

/* Milliseconds of a clock that only goes forward. */
uint64_t csum_scrub_clock_ms(void);

#endif
