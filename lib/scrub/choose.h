/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a scrub says to the recovery of groups, one after the other: the callbacks of struct csum_recovery. */
#ifndef CSUM_SCRUB_CHOOSE_H
#define CSUM_SCRUB_CHOOSE_H

#include "scrub/scrub.h"
#include "update/recover.h"

/* A sector for which an entry was chosen. */
struct csum_scrub_choice {
	struct csum_bad_sector found;
	uint64_t newest_entry, oldest_entry;
	bool given_up; /* it can be made right by none, and keeps the newest */
};

struct csum_scrub_choosing {
	struct csum_scrub *scrub;
	struct csum_scrub_choice *choices; /* of the present group; room for all of its sectors */
	uint32_t choice_count;
	uint8_t *data; /* room for a sector, aligned */
	/* Why groups stay open, of two reasons the first one; else the search had no time, or no room for all. */
	bool has_unread, has_hidden, out_of_time;
	uint64_t unread_sector, hidden_group;
};

/* Whether what cannot be read is given up: --allow=unread. */
bool csum_scrub_allows_unread(const struct csum_scrub *scrub);

/* As struct csum_recovery says; user: a struct csum_scrub_choosing. */
void csum_scrub_choose(void *user, const struct csum_verify *verified, uint32_t i, const struct csum_group *group,
		       uint64_t *entry, bool *open);
int csum_scrub_choose_end(void *user, uint64_t number, const struct csum_group *group, bool open) CSUM_MUST_CHECK;

#endif
