/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a scrub knows of one bad data sector, from when it is found until it is reported. */
#ifndef CSUM_SCRUB_BAD_H
#define CSUM_SCRUB_BAD_H

#include "findings/finder.h"
#include "guard/guard.h"

#define CSUM_SCRUB_NO_INDEX UINT32_MAX

struct csum_scrub_bad {
	struct csum_bad_sector found;
	struct csum_outcome outcome;
	uint32_t adjacent; /* bad sectors in the unbroken stretch that it lies in, itself counted */
	uint32_t source; /* index of the bad sector whose place holds its content, or NO_INDEX */
	uint32_t needed_by; /* how many have this one for their source, and have not been dealt with */
	bool readable;
	bool uniform; /* it holds one repeated byte, which says nothing of where it belongs */
	bool done; /* dealt with: repaired, or left */
	bool gone; /* it was right when it was read again */
	bool refreshed; /* it has been read again */
	bool blocked; /* what it holds is the only copy of a content that could not be put right */
	bool joined; /* it is here for the sake of another one: the pass has not come to it */
	enum csum_guard_cover cover;
	enum csum_class class;
};

#endif
