/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One data sector, read with its group and verified, in the calling thread: also beside a round that is under way. */
#ifndef CSUM_VOLUME_SECTOR_H
#define CSUM_VOLUME_SECTOR_H

#include "volume/verify.h"

struct csum_sector {
	enum csum_verdict verdict;
	bool has_entry; /* false: the group is lost */
	uint64_t entry; /* of the newest version of its group */
	uint64_t computed; /* from what was read; meaningful where it was */
	bool in_metadata; /* on an error: not the sector but its group could not be read */
};

/*
 * Loads the group of the sector into `one`, which has room for a group, and reads the sector into `data`, aligned, by
 * CSUM_NEED_CONTENT. *found is filled in with any verdict. 0, or the error of a device that vanished (not reported:
 * csum_sector_report()). Callable from several threads for different `one`.
 */
int csum_sector_load(const struct csum_volume *volume, struct csum_groups *one, uint64_t sector, uint8_t *data,
		     struct csum_sector *found) CSUM_MUST_CHECK;

/* The same by a group that is loaded already, among others in `span`, and by any need but CSUM_NEED_DIFFERING. */
int csum_sector_verify(const struct csum_volume *volume, const struct csum_groups *span, enum csum_need need,
		       uint64_t sector, uint8_t *data, struct csum_sector *found) CSUM_MUST_CHECK;

/* Reports an error that one of these functions returned, and returns it. */
int csum_sector_report(const struct csum_volume *volume, uint64_t sector, int error, const struct csum_sector *found);

#endif
