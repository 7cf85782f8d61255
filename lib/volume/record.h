/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal record of an active volume: whether it counts, and the images in it. (protocol.md: Recovery) */
#ifndef CSUM_VOLUME_RECORD_H
#define CSUM_VOLUME_RECORD_H

#include "volume/volume.h"

/*
 * Reads the record, whether it counts or not, into volume->journal_record and decodes it. The error of reading it, not
 * reported; else *reason says why the bytes are no record, or is NULL.
 */
int csum_record_read(const struct csum_volume *volume, struct csum_journal *journal,
		     const char **reason) CSUM_MUST_CHECK;

/*
 * Loads the record of an active volume into volume->journal when it counts. Errors: -ENOMEM, or of a device
 * that vanished.
 */
int csum_record_load(struct csum_volume *volume) CSUM_MUST_CHECK;

/* The image of that group in volume->journal and its copy; NULL when there is none that is valid. */
const void *csum_record_find(const struct csum_volume *volume, uint64_t group, int *copy);

#endif
