/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order in which the bad sectors in the table are repaired, so that no content is lost. */
#ifndef CSUM_SCRUB_ORDER_H
#define CSUM_SCRUB_ORDER_H

#include "scrub/scrub.h"

/* NULL: no memory. */
struct csum_scrub_order *csum_scrub_order_create(const struct csum_scrub *scrub) CSUM_MUST_CHECK;
void csum_scrub_order_free(struct csum_scrub_order *order); /* NULL is allowed */

/* Heals and writes what is in the table; what became of it is in the rows. Errors are reported. */
int csum_scrub_order_repair(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
