/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of the bad sectors in the table: it is learned what they hold and what they lack, then they are
 * repaired.
 */
#ifndef CSUM_SCRUB_RESOLVE_H
#define CSUM_SCRUB_RESOLVE_H

#include "scrub/scrub.h"

/*
 * Repairs and reports what is in the table, which is then empty. On an error everything has been reported all the
 * same.
 */
int csum_scrub_resolve(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/*
 * The first half of that: learns what is known of the sectors in the table, and of others whose contents they hold,
 * which join it; and fills the index. -ENOMEM, -ECANCELED, a vanished device: reported.
 */
int csum_scrub_resolve_learn(struct csum_scrub *scrub) CSUM_MUST_CHECK;

#endif
