/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of damage, and one run on a volume: its damages and their places. */
#ifndef CSUM_TEST_DAMAGE_PLANT_H
#define CSUM_TEST_DAMAGE_PLANT_H

#include "damage/volume.h"

enum damage_kind {
	DAMAGE_ONE_BIT,
	DAMAGE_BURST,
	DAMAGE_TWO_BITS,
	DAMAGE_MANY_BITS,
	DAMAGE_ZEROED,
	DAMAGE_GARBAGE,
	DAMAGE_ZEROED_RUN,
	DAMAGE_GARBAGE_RUN,
	DAMAGE_SWAPPED,
	DAMAGE_MISDIRECTED,
	DAMAGE_LOST_WRITE, /* of the data only */
	DAMAGE_STALE, /* of the data and of an imd copy of the same time */
	DAMAGE_UNREADABLE,
	DAMAGE_IMD_BIT,
	DAMAGE_IMD_0,
	DAMAGE_IMD_1,
	DAMAGE_IMD_BOTH,
	DAMAGE_IMD_SWAPPED,
	DAMAGE_IMD_UNREADABLE,
	DAMAGE_SLOT_A,
	DAMAGE_SLOT_B,
	DAMAGE_SLOT_C,
	DAMAGE_SLOTS_AB,
	DAMAGE_SLOT_UNREADABLE,
	DAMAGE_JOURNAL,
	DAMAGE_RESERVED,
	DAMAGE_KINDS
};

extern const char *const damage_kind_names[DAMAGE_KINDS];

enum { DAMAGE_MOST = 5, DAMAGE_PLACES = 128 };

struct damage_damage {
	enum damage_kind kind;
	uint64_t sector[DAMAGE_PLACES];
	uint32_t sector_count;
	uint64_t imd[4]; /* 2 * group + copy */
	uint32_t imd_count;
	unsigned int slots; /* 1 << slot */
};

struct damage_run {
	struct damage_volume *base;
	uint64_t random;
	struct damage_damage damage[DAMAGE_MOST];
	uint32_t count;
	/* How many of the damages touched each place. */
	uint8_t *data; /* per data sector */
	uint8_t *imd; /* per imd sector, 2 * group + copy */
	unsigned int slots;
	bool journal, reserved, stale;
};

/* Plants `wanted` damages of one kind; DAMAGE_KINDS: of any kinds. */
void damage_plant(struct damage_run *run, uint32_t wanted, enum damage_kind kind);

/* Returns the place of a slot. */
uint64_t damage_slot_offset(const struct damage_volume *base, int slot);
uint64_t damage_imd_offset(const struct damage_volume *base, uint64_t imd);

#endif
