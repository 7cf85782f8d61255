/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pass of a scrub over its range. */
#ifndef CSUM_SCRUB_PASS_H
#define CSUM_SCRUB_PASS_H

#include "scrub/scrub.h"

/* Verifies and repairs [first_sector, end_sector); why it ended is in the result. Errors are reported. */
int csum_scrub_pass(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
