/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ruling on the bad sectors that waited for the end of the pass: decayed, or perhaps written by others. */
#ifndef CSUM_SCRUB_RULING_H
#define CSUM_SCRUB_RULING_H

#include "scrub/scrub.h"

/* Rules on all of them, repairs what may be, and reports. Errors are reported. */
int csum_scrub_ruling(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
