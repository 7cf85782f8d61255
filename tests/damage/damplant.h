/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of damage, and one run of it on a volume: what was planted where. */
#ifndef DAMPLANT_H
#define DAMPLANT_H

#include "damage/dambase.h"

enum dam_kind {
	DAM_ONE_BIT,
	DAM_BURST,
	DAM_TWO_BITS,
	DAM_MANY_BITS,
	DAM_ZEROED,
	DAM_GARBAGE,
	DAM_ZEROED_RUN,
	DAM_GARBAGE_RUN,
	DAM_SWAPPED,
	DAM_MISDIRECTED,
	DAM_LOST_WRITE, /* data only */
	DAM_STALE, /* with an imd copy from then */
	DAM_UNREADABLE,
	DAM_IMD_BIT,
	DAM_IMD_0,
	DAM_IMD_1,
	DAM_IMD_BOTH,
	DAM_IMD_SWAPPED,
	DAM_IMD_UNREADABLE,
	DAM_SLOT_A,
	DAM_SLOT_B,
	DAM_SLOT_C,
	DAM_SLOTS_AB,
	DAM_SLOT_UNREADABLE,
	DAM_JOURNAL,
	DAM_RESERVED,
	DAM_KINDS
};

extern const char *const dam_kind_names[DAM_KINDS];

enum { DAM_MOST = 5, DAM_PLACES = 128 };

struct dam_damage {
	enum dam_kind kind;
	uint64_t sector[DAM_PLACES];
	uint32_t sector_count;
	uint64_t imd[4]; /* 2 * group + copy */
	uint32_t imd_count;
	unsigned int slots; /* 1 << slot */
};

struct dam_run {
	struct dam_base *base;
	uint64_t random;
	struct dam_damage damage[DAM_MOST];
	uint32_t count;
	/* Taken together: damages that touched each. */
	uint8_t *data; /* per data sector */
	uint8_t *imd; /* per imd sector, 2 * group + copy */
	unsigned int slots;
	bool journal, reserved, stale;
};

/* Plants `wanted` damages; kind DAM_KINDS: of any kind. */
void dam_plant(struct dam_run *run, uint32_t wanted, enum dam_kind kind);

/* Where a slot lies. */
uint64_t dam_slot_offset(const struct dam_base *base, int slot);
uint64_t dam_imd_offset(const struct dam_base *base, uint64_t imd);

#endif
