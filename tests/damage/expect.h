/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A judgement under way, and the results that a scrub must reach in it. */
#ifndef CSUM_TEST_DAMAGE_EXPECT_H
#define CSUM_TEST_DAMAGE_EXPECT_H

#include "damage/judge.h"
#include "ondisk/layout.h"

/* Marks for the findings at a place. */
enum { ANY = 1, BAD = 2, LEFT = 4, REPAIRED = 8, LOST = 16 };

struct marks {
	uint8_t *data, *group;
	uint8_t slot[CSUM_SLOTS];
	uint64_t *means;
};

struct judging {
	struct damage_volume *base;
	const struct damage_options *options;
	struct damage_tally *tally;
	struct damage_run run;
	struct damage_look before, after;
	struct marks checked, scrubbed, left;
	uint8_t *read, *bad;
};

static inline uint64_t damage_group_of(const struct judging *j, uint64_t sector)
{
	return csum_layout_group_of(&j->base->geometry, sector);
}

/* Whether the metadata of the sector survived the damage; with an interrupted update this includes the journal. */
bool damage_described(const struct judging *j, uint64_t sector);

/* Whether enough is left to heal a damaged sector from. */
bool damage_must_heal(const struct judging *j, uint64_t sector);

#endif
