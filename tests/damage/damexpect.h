/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A judgement under way, and what may be asked of a scrub in it. */
#ifndef DAMEXPECT_H
#define DAMEXPECT_H

#include "damage/damjudge.h"
#include "ondisk/layout.h"

/* What findings say of each place. */
enum { ANY = 1, BAD = 2, LEFT = 4, REPAIRED = 8, LOST = 16 };

struct marks {
	uint8_t *data, *group;
	uint8_t slot[CSUM_SLOTS];
	uint64_t *means;
};

struct judging {
	struct dam_base *base;
	const struct dam_options *options;
	struct dam_tally *tally;
	struct dam_run run;
	struct dam_look before, after;
	struct marks checked, scrubbed, left;
	uint8_t *read, *bad;
};

static inline uint64_t dam_group_of(const struct judging *j, uint64_t sector)
{
	return csum_layout_group_of(&j->base->geometry, sector);
}

/* Whether the metadata that was there for the sector still is; with an interrupted update its journal counts too. */
bool dam_described(const struct judging *j, uint64_t sector);

/* Of a damaged sector: whether there is enough left to heal it from. */
bool dam_must_heal(const struct judging *j, uint64_t sector);

#endif
