/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rounds of writes of a scrub. What they overwrite is saved for undo first (undo.h). A write that the device
 * refuses is no failure: the caller reads back what the medium has. This part keeps no state.
 */
#ifndef CSUM_SCRUB_ROUND_H
#define CSUM_SCRUB_ROUND_H

#include "scrub/scrub.h"

/* As every round of a scrub is done; for the rounds of a recovery, which makes them itself. */
struct csum_io_policy csum_scrub_round_policy(struct csum_scrub *scrub);

/*
 * Does the writes of the list, all of them to that device, in one round, and has reads come from the medium after it.
 */
int csum_scrub_round(struct csum_scrub *scrub, const struct csum_io_list *list,
		     struct csum_device *device) CSUM_MUST_CHECK;

/*
 * A round of these bytes to the metadata device; *held: they read back from the medium. Errors, after which nothing
 * more is to be written, are reported; a write that the device refuses is none.
 */
int csum_scrub_round_metadata(struct csum_scrub *scrub, void *bytes, size_t size, uint64_t offset_bytes,
			      bool *held) CSUM_MUST_CHECK;

#endif
