/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recovery of an active volume that a scrub begins with. */
#ifndef CSUM_SCRUB_RECOVER_H
#define CSUM_SCRUB_RECOVER_H

#include "scrub/scrub.h"

/*
 * Recovers an active volume, and repairs the bad sectors of the interrupted update that the pass does not come to.
 * Where the volume has to stay active that is said, and the mode becomes a dry run. Errors are reported.
 */
int csum_scrub_recover(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
