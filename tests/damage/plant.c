/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage/plant.h"

#include <string.h>

#include "ondisk/layout.h"
#include "ondisk/ondisk.h"
#include "support/bytes.h"

const char *const damage_kind_names[DAMAGE_KINDS] = {
	[DAMAGE_ONE_BIT] = "one bit",
	[DAMAGE_BURST] = "burst of 2 to 16 bits",
	[DAMAGE_TWO_BITS] = "two bits",
	[DAMAGE_MANY_BITS] = "many bits",
	[DAMAGE_ZEROED] = "zeroed sector",
	[DAMAGE_GARBAGE] = "garbage sector",
	[DAMAGE_ZEROED_RUN] = "run of zeroed sectors",
	[DAMAGE_GARBAGE_RUN] = "run of garbage sectors",
	[DAMAGE_SWAPPED] = "two sectors swapped",
	[DAMAGE_MISDIRECTED] = "content over another sector",
	[DAMAGE_LOST_WRITE] = "lost write",
	[DAMAGE_STALE] = "lost write with its imd",
	[DAMAGE_UNREADABLE] = "unreadable sector",
	[DAMAGE_IMD_BIT] = "imd: one bit",
	[DAMAGE_IMD_0] = "imd: copy 0",
	[DAMAGE_IMD_1] = "imd: copy 1",
	[DAMAGE_IMD_BOTH] = "imd: both copies",
	[DAMAGE_IMD_SWAPPED] = "imd: two sectors swapped",
	[DAMAGE_IMD_UNREADABLE] = "imd: unreadable",
	[DAMAGE_SLOT_A] = "superblock A",
	[DAMAGE_SLOT_B] = "superblock B",
	[DAMAGE_SLOT_C] = "superblock C",
	[DAMAGE_SLOTS_AB] = "superblocks A and B",
	[DAMAGE_SLOT_UNREADABLE] = "superblock unreadable",
	[DAMAGE_JOURNAL] = "journal",
	[DAMAGE_RESERVED] = "reserved space",
};

uint64_t damage_slot_offset(const struct damage_volume *base, int slot)
{
	if (slot == CSUM_SLOT_C)
		return base->geometry.metadata_device_bytes / 4096 * 4096 - 65536;
	return slot == CSUM_SLOT_A ? 0 : 524288;
}

uint64_t damage_imd_offset(const struct damage_volume *base, uint64_t imd)
{
	return csum_layout_imd_offset(&base->geometry, imd / 2, (int)(imd % 2));
}

static uint64_t below(struct damage_run *run, uint64_t limit)
{
	return damage_below(&run->random, limit);
}

static void note_sector(struct damage_run *run, struct damage_damage *damage, uint64_t sector)
{
	damage->sector[damage->sector_count++] = sector;
	run->data[sector]++;
}

/* Takes any sector, for a damage to change. */
static uint8_t *take_sector(struct damage_run *run, struct damage_damage *damage, uint64_t sector)
{
	struct damage_volume *base = run->base;

	note_sector(run, damage, sector);
	return memory_disk_touch(base->data, csum_layout_data_offset(&base->geometry, sector),
				 base->geometry.sector_size);
}

static uint64_t any_sector(struct damage_run *run)
{
	return below(run, run->base->geometry.data_sectors);
}

static void flip(uint8_t *bytes, uint64_t bit)
{
	bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* ------------------------------------------------------------------ data */

static void plant_bits(struct damage_run *run, struct damage_damage *damage)
{
	uint8_t *bytes = take_sector(run, damage, any_sector(run));
	uint64_t bits = 8ull * run->base->geometry.sector_size, first, second, count;

	switch (damage->kind) {
	case DAMAGE_ONE_BIT:
		flip(bytes, below(run, bits));
		break;
	case DAMAGE_BURST:
		count = 2 + below(run, 15);
		first = below(run, bits - count + 1);
		flip(bytes, first);
		for (uint64_t i = 1; i + 1 < count; i++) {
			if (below(run, 2))
				flip(bytes, first + i);
		}
		flip(bytes, first + count - 1);
		break;
	case DAMAGE_TWO_BITS:
		first = below(run, bits);
		second = below(run, bits - 1);
		flip(bytes, first);
		flip(bytes, second + (second >= first));
		break;
	default:
		for (count = 3 + below(run, 200); count; count--)
			flip(bytes, below(run, bits));
	}
}

static void plant_overwritten(struct damage_run *run, struct damage_damage *damage)
{
	bool zero = damage->kind == DAMAGE_ZEROED || damage->kind == DAMAGE_ZEROED_RUN;
	bool one = damage->kind == DAMAGE_ZEROED || damage->kind == DAMAGE_GARBAGE;
	uint64_t first = any_sector(run), count = one ? 1 : 2 + below(run, below(run, 2) ? 6 : DAMAGE_PLACES - 2);

	for (uint64_t i = 0; i < count && first + i < run->base->geometry.data_sectors; i++) {
		uint8_t *bytes = take_sector(run, damage, first + i);

		if (zero)
			memset(bytes, 0, run->base->geometry.sector_size);
		else
			fill_random(bytes, run->base->geometry.sector_size, run->random + i);
	}
}

static void plant_moved(struct damage_run *run, struct damage_damage *damage)
{
	uint32_t size = run->base->geometry.sector_size;
	uint64_t to = any_sector(run), from = any_sector(run);
	uint8_t kept[4096];
	uint8_t *bytes = take_sector(run, damage, to);

	memcpy(kept, bytes, size);
	memcpy(bytes, damage_sector(run->base, from), size);
	if (damage->kind == DAMAGE_SWAPPED && from != to)
		memcpy(take_sector(run, damage, from), kept, size);
}

static void note_imd(struct damage_run *run, struct damage_damage *damage, uint64_t imd)
{
	damage->imd[damage->imd_count++] = imd;
	run->imd[imd]++;
}

static uint8_t *take_imd(struct damage_run *run, struct damage_damage *damage, uint64_t imd)
{
	struct damage_volume *base = run->base;

	note_imd(run, damage, imd);
	return memory_disk_touch(base->metadata, damage_imd_offset(base, imd), base->geometry.sector_size);
}

/* Puts old content back into a row of sectors, as after writes that the disk had only claimed to do. */
static void plant_lost_write(struct damage_run *run, struct damage_damage *damage)
{
	const struct damage_volume *base = run->base;
	uint32_t size = base->geometry.sector_size;
	uint64_t first = any_sector(run), count = 1 + below(run, 4);
	uint64_t group = csum_layout_group_of(&base->geometry, first), imd = 2 * group + below(run, 2);

	for (uint64_t i = first; i < first + count && i < base->geometry.data_sectors; i++) {
		if (csum_layout_group_of(&base->geometry, i) == group)
			memcpy(take_sector(run, damage, i), base->older + csum_layout_data_offset(&base->geometry, i),
			       size);
	}
	if (damage->kind != DAMAGE_STALE)
		return;
	memcpy(take_imd(run, damage, imd), base->older_metadata + damage_imd_offset(base, imd), size);
	run->stale = true;
}

static void plant_unreadable(struct damage_run *run, struct damage_damage *damage)
{
	struct damage_volume *base = run->base;
	uint32_t size = base->geometry.sector_size;
	uint64_t place;

	if (damage->kind == DAMAGE_UNREADABLE) {
		place = any_sector(run);
		note_sector(run, damage, place);
		memory_disk_make_unreadable(base->data, csum_layout_data_offset(&base->geometry, place), size);
	} else if (damage->kind == DAMAGE_IMD_UNREADABLE) {
		place = below(run, 2 * base->geometry.groups);
		note_imd(run, damage, place);
		memory_disk_make_unreadable(base->metadata, damage_imd_offset(base, place), size);
	} else {
		place = below(run, 3);
		damage->slots = 1u << place;
		memory_disk_make_unreadable(base->metadata, damage_slot_offset(base, (int)place), CSUM_BLOCK_SIZE);
	}
}

/* ------------------------------------------------------------------ metadata */

/* Destroys bytes: flips a bit, or puts zeros or garbage over all or a part. */
static void spoil(struct damage_run *run, uint8_t *bytes, uint64_t size)
{
	uint64_t first = below(run, size), count = below(run, 2) ? size - first : 1 + below(run, 64);

	if (count > size - first)
		count = size - first;
	switch (below(run, 3)) {
	case 0:
		flip(bytes, below(run, 8 * size));
		break;
	case 1:
		memset(bytes, 0, size);
		break;
	default:
		fill_random(bytes + first, count, run->random);
	}
}

static void plant_imd(struct damage_run *run, struct damage_damage *damage)
{
	uint64_t group = below(run, run->base->geometry.groups);
	uint32_t size = run->base->geometry.sector_size;

	if (damage->kind == DAMAGE_IMD_BIT)
		flip(take_imd(run, damage, 2 * group + below(run, 2)), below(run, 8 * size));
	if (damage->kind == DAMAGE_IMD_0 || damage->kind == DAMAGE_IMD_BOTH)
		spoil(run, take_imd(run, damage, 2 * group), size);
	if (damage->kind == DAMAGE_IMD_1 || damage->kind == DAMAGE_IMD_BOTH)
		spoil(run, take_imd(run, damage, 2 * group + 1), size);
}

static void plant_imd_swapped(struct damage_run *run, struct damage_damage *damage)
{
	uint64_t count = 2 * run->base->geometry.groups, first = below(run, count);
	uint64_t second = (first + 1 + below(run, count - 1)) % count;
	uint32_t size = run->base->geometry.sector_size;
	uint8_t *a = take_imd(run, damage, first), *b = take_imd(run, damage, second), kept[4096];

	memcpy(kept, a, size);
	memcpy(a, b, size);
	memcpy(b, kept, size);
}

static void plant_slots(struct damage_run *run, struct damage_damage *damage)
{
	static const unsigned int slots[DAMAGE_KINDS] = {
		[DAMAGE_SLOT_A] = 1,
		[DAMAGE_SLOT_B] = 2,
		[DAMAGE_SLOT_C] = 4,
		[DAMAGE_SLOTS_AB] = 3,
	};
	struct damage_volume *base = run->base;

	damage->slots = slots[damage->kind];
	for (int slot = 0; slot < CSUM_SLOTS; slot++) {
		if (damage->slots >> slot & 1)
			spoil(run, memory_disk_touch(base->metadata, damage_slot_offset(base, slot), CSUM_BLOCK_SIZE),
			      CSUM_BLOCK_SIZE);
	}
}

static void plant_elsewhere(struct damage_run *run, struct damage_damage *damage)
{
	struct memory_disk *disk = run->base->metadata;

	if (damage->kind == DAMAGE_JOURNAL) {
		run->journal = true;
		spoil(run, memory_disk_touch(disk, CSUM_JOURNAL_OFFSET, CSUM_BLOCK_SIZE * 2), CSUM_BLOCK_SIZE * 2);
	} else if (below(run, 2)) {
		run->reserved = true;
		spoil(run, memory_disk_touch(disk, CSUM_BLOCK_SIZE, 8192), 8192);
	} else {
		run->reserved = true;
		spoil(run, memory_disk_touch(disk, CSUM_SLOT_B_OFFSET + CSUM_BLOCK_SIZE, 8192), 8192);
	}
}

/* ------------------------------------------------------------------ */

typedef void plant_fn(struct damage_run *run, struct damage_damage *damage);

static plant_fn *const plants[DAMAGE_KINDS] = {
	[DAMAGE_ONE_BIT] = plant_bits,
	[DAMAGE_BURST] = plant_bits,
	[DAMAGE_TWO_BITS] = plant_bits,
	[DAMAGE_MANY_BITS] = plant_bits,
	[DAMAGE_ZEROED] = plant_overwritten,
	[DAMAGE_GARBAGE] = plant_overwritten,
	[DAMAGE_ZEROED_RUN] = plant_overwritten,
	[DAMAGE_GARBAGE_RUN] = plant_overwritten,
	[DAMAGE_SWAPPED] = plant_moved,
	[DAMAGE_MISDIRECTED] = plant_moved,
	[DAMAGE_LOST_WRITE] = plant_lost_write,
	[DAMAGE_STALE] = plant_lost_write,
	[DAMAGE_UNREADABLE] = plant_unreadable,
	[DAMAGE_IMD_BIT] = plant_imd,
	[DAMAGE_IMD_0] = plant_imd,
	[DAMAGE_IMD_1] = plant_imd,
	[DAMAGE_IMD_BOTH] = plant_imd,
	[DAMAGE_IMD_SWAPPED] = plant_imd_swapped,
	[DAMAGE_IMD_UNREADABLE] = plant_unreadable,
	[DAMAGE_SLOT_A] = plant_slots,
	[DAMAGE_SLOT_B] = plant_slots,
	[DAMAGE_SLOT_C] = plant_slots,
	[DAMAGE_SLOTS_AB] = plant_slots,
	[DAMAGE_SLOT_UNREADABLE] = plant_unreadable,
	[DAMAGE_JOURNAL] = plant_elsewhere,
	[DAMAGE_RESERVED] = plant_elsewhere,
};

static bool imd_touched(const struct damage_run *run)
{
	for (uint64_t i = 0; i < 2 * run->base->geometry.groups; i++) {
		if (run->imd[i])
			return true;
	}
	return false;
}

/*
 * Whether a damage of that kind may be added to those already there. Some may not. With all three slots gone there is
 * no volume. Where the state is lost too and an older copy counts, its entries are as good as any. With A and B gone
 * and bytes of others between them, an image lies over the start of the device, which no scrub may repair.
 */
static bool goes_together(const struct damage_run *run, enum damage_kind kind)
{
	bool of_imd = kind >= DAMAGE_IMD_BIT && kind <= DAMAGE_IMD_UNREADABLE;
	bool of_slots = kind >= DAMAGE_SLOT_A && kind <= DAMAGE_SLOT_UNREADABLE;

	if (kind == DAMAGE_STALE)
		return run->base->shape.state == DAMAGE_CLEAN && !run->slots && !imd_touched(run) && !run->stale;
	if ((of_slots && run->slots) || (kind == DAMAGE_RESERVED && run->slots) || (of_slots && run->reserved))
		return false;
	return !run->stale || (!of_imd && !of_slots);
}

void damage_plant(struct damage_run *run, uint32_t wanted, enum damage_kind kind)
{
	bool any = kind == DAMAGE_KINDS;

	for (int tries = 0; run->count < wanted && tries < 40; tries++) {
		struct damage_damage *damage = &run->damage[run->count];

		if (any)
			kind = (enum damage_kind)below(run, DAMAGE_KINDS);
		if (!goes_together(run, kind))
			continue;
		*damage = (struct damage_damage){ .kind = kind };
		plants[kind](run, damage);
		run->slots |= damage->slots;
		run->count++;
	}
}
