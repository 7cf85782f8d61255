/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damages the volume that a scenario begins with, by writing to its disks. */
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "crash/scenario/scenario.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "ondisk/superblock.h"

static void copy_bytes(const struct sim_state *from, struct sim_state *to, int disk, uint64_t offset_bytes, size_t size)
{
	uint8_t *bytes = sim_alloc(size);

	sim_image_read(&from->durable[disk], bytes, size, offset_bytes);
	sim_image_write(&to->durable[disk], bytes, size, offset_bytes);
	free(bytes);
}

static int newer_copy(const struct sim_start *start, uint64_t group)
{
	const struct csum_geometry *geometry = &start->map.geometry;
	uint32_t generation[2];

	for (int copy = 0; copy < 2; copy++) {
		uint8_t block[SIM_BLOCK_SIZE];

		sim_image_read(&start->state.durable[sim_map_metadata_disk(&start->map)], block, sizeof(block),
			       csum_layout_imd_offset(geometry, group, copy));
		generation[copy] = csum_imd_generation(block);
	}
	return csum_imd_compare_generations(generation[0], generation[1]) > 0 ? 0 : 1;
}

/* Makes both slots clean, as after a second command that found nothing to do. */
static void make_clean_twice(struct sim_start *start)
{
	struct sim_image *image = &start->state.durable[sim_map_metadata_disk(&start->map)];
	struct csum_superblock slot[2], *newer;
	uint8_t block[CSUM_BLOCK_SIZE];
	const uint64_t offsets[] = { CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET };

	for (int i = 0; i < 2; i++) {
		sim_image_read(image, block, sizeof(block), offsets[i]);
		if (!csum_superblock_decode(block, &slot[i]))
			abort();
	}
	newer = &slot[slot[1].generation > slot[0].generation];
	newer->generation++;
	csum_superblock_encode(newer, block);
	sim_image_write(image, block, sizeof(block), offsets[newer == &slot[0]]);
}

/* Puts back the last write's first sector and the copy that it wrote last, as if the device had lost both. */
static void lose_write(struct sim_start *start, const struct sim_command *last, const struct sim_state *before)
{
	const struct csum_geometry *geometry = &start->map.geometry;
	uint64_t group = csum_layout_group_of(geometry, last->first);
	int copy = newer_copy(start, group);

	copy_bytes(before, &start->state, 0, csum_layout_data_offset(geometry, last->first), geometry->sector_size);
	copy_bytes(before, &start->state, sim_map_metadata_disk(&start->map),
		   csum_layout_imd_offset(geometry, group, copy), geometry->sector_size);
	make_clean_twice(start);
	start->contents.whole[last->first] = start->content[last->first];
	start->content[last->first] = SIM_BAD;
	start->permitted |= 1u << CSUM_IMD_DIFFERS | 1u << CSUM_IMD_BAD | 1u << CSUM_STALE | 1u << CSUM_MISMATCH;
}

static void lose_group(struct sim_start *start, uint64_t group)
{
	uint64_t first = csum_layout_first_sector(&start->map.geometry, group);

	sim_destroy_copy(&start->map, &start->state, group, 0);
	sim_destroy_copy(&start->map, &start->state, group, 1);
	for (uint64_t i = 0; i < csum_layout_group_sectors(&start->map.geometry, group); i++)
		start->content[first + i] = SIM_BAD;
	start->permitted |= 1u << CSUM_IMD_LOST;
}

/* ------------------------------------------------------------------ damage that a scrub repairs */

/* Makes the sector bad, and remembers its content. */
static void put_bad(struct sim_start *start, uint64_t sector, const uint8_t *bytes)
{
	sim_image_write(&start->state.durable[0], bytes, start->map.geometry.sector_size,
			csum_layout_data_offset(&start->map.geometry, sector));
	if (start->contents.whole[sector] == SIM_STRANGE)
		start->contents.whole[sector] = start->content[sector];
	start->content[sector] = SIM_BAD;
	start->permitted |= 1u << CSUM_MISMATCH | 1u << CSUM_MISPLACED | 1u << CSUM_ZEROED;
}

static void take_sector(const struct sim_start *start, uint64_t sector, uint8_t *bytes)
{
	sim_image_read(&start->state.durable[0], bytes, start->map.geometry.sector_size,
		       csum_layout_data_offset(&start->map.geometry, sector));
}

static void flip_bits(struct sim_start *start)
{
	uint8_t *bytes = sim_alloc(start->map.geometry.sector_size);

	for (uint64_t sector = 0; sector < 2; sector++) {
		take_sector(start, sector, bytes);
		bytes[17 * (sector + 1)] ^= 4;
		put_bad(start, sector, bytes);
	}
	free(bytes);
}

static void put_garbage(struct sim_start *start, uint64_t sector)
{
	uint8_t *bytes = sim_alloc(start->map.geometry.sector_size);

	sim_pattern(999, sector, bytes, start->map.geometry.sector_size);
	put_bad(start, sector, bytes);
	free(bytes);
}

static void put_zeros(struct sim_start *start, uint64_t sector)
{
	uint8_t *bytes = sim_alloc(start->map.geometry.sector_size);

	put_bad(start, sector, bytes);
	free(bytes);
}

/* Moves the content of each sector to the next one. The first gets that of the last (ring), or garbage. */
static void shift(struct sim_start *start, uint64_t count, bool ring)
{
	uint32_t size = start->map.geometry.sector_size;
	uint8_t *bytes = sim_alloc((size_t)count * size);

	for (uint64_t i = 0; i < count; i++)
		take_sector(start, i, bytes + i * size);
	for (uint64_t i = 0; i + 1 < count; i++)
		put_bad(start, i + 1, bytes + i * size);
	if (ring)
		put_bad(start, 0, bytes + (count - 1) * size);
	else
		put_garbage(start, 0);
	free(bytes);
}

/*
 * Gives two sectors in every group two contents each: the older copy has the first ones, the newer copy the second
 * ones, and the disk one of either. So recovery has to merge every group.
 */
static void interrupt_group(struct sim_start *start, uint64_t group)
{
	const struct csum_geometry *geometry = &start->map.geometry;
	int metadata = sim_map_metadata_disk(&start->map);
	uint32_t size = geometry->sector_size;
	uint64_t first = csum_layout_first_sector(geometry, group);
	uint8_t seed[CSUM_SEED_SIZE];
	uint8_t *imd = sim_alloc(2 * (size_t)size), *bytes = imd + size;
	struct csum_imd_place place = { .sector_size = size, .group = group };

	memset(seed, start->old_format.id, sizeof(seed));
	place.seed_state = csum_checksum_crc32(0, seed, sizeof(seed));
	for (int copy = 0; copy < 2; copy++) {
		uint64_t offset_bytes = csum_layout_imd_offset(geometry, group, copy);

		sim_image_read(&start->state.durable[metadata], imd, size, offset_bytes);
		for (uint32_t i = 0; i < 2; i++) {
			sim_pattern(100 + (uint32_t)copy, (first + i) * size, bytes, size);
			csum_imd_set_entry(imd, i, csum_checksum_entry(start->old_format.checksum_type, bytes, size));
			if (copy != (int)i)
				continue;
			start->content[first + i] = sim_contents_add(&start->contents, first + i, bytes);
			sim_image_write(&start->state.durable[0], bytes, size,
					csum_layout_data_offset(geometry, first + i));
		}
		place.copy = copy;
		csum_imd_seal(place, 1 + (uint32_t)copy, imd);
		sim_image_write(&start->state.durable[metadata], imd, size, offset_bytes);
	}
	free(imd);
}

static void interrupt_many(struct sim_start *start)
{
	const uint64_t offsets[] = { CSUM_SLOT_B_OFFSET, CSUM_SLOT_A_OFFSET };
	struct sim_image *image = &start->state.durable[sim_map_metadata_disk(&start->map)];
	struct csum_superblock superblock;
	uint8_t block[CSUM_BLOCK_SIZE];

	for (uint64_t group = 0; group < start->map.geometry.groups; group++)
		interrupt_group(start, group);
	for (size_t i = 0; i < 2; i++) {
		sim_image_read(image, block, sizeof(block), CSUM_SLOT_A_OFFSET);
		if (!csum_superblock_decode(block, &superblock))
			abort();
		superblock.generation += 1 + i;
		superblock.state = CSUM_STATE_ACTIVE;
		superblock.session = 1;
		superblock.intent_count = start->map.geometry.groups;
		csum_superblock_encode(&superblock, block);
		sim_image_write(image, block, sizeof(block), offsets[i]);
	}
}

static void lose_slots(struct sim_start *start)
{
	sim_destroy_slot(&start->map, &start->state, CSUM_SLOT_A);
	sim_destroy_slot(&start->map, &start->state, CSUM_SLOT_B);
	start->permitted |= 1u << CSUM_SUPERBLOCK_BAD;
}

static void lose_copy(struct sim_start *start, uint64_t group)
{
	sim_destroy_copy(&start->map, &start->state, group, 0);
	start->permitted |= 1u << CSUM_IMD_BAD;
}

static void damage_metadata(struct sim_start *start, enum sim_damage damage)
{
	uint64_t last_group = start->map.geometry.groups - 1;

	switch (damage) {
	case SIM_SLOT_DAMAGED:
		sim_destroy_slot(&start->map, &start->state, CSUM_SLOT_A);
		break;
	case SIM_SLOTS_LOST:
		lose_slots(start);
		break;
	case SIM_SLOTS_AND_GROUP:
		lose_slots(start);
		lose_group(start, last_group);
		break;
	case SIM_GROUP_LOST:
		lose_group(start, last_group);
		break;
	case SIM_COPY_DAMAGED:
		lose_copy(start, last_group);
		break;
	case SIM_BITS_AND_COPY:
		lose_copy(start, 0);
		break;
	case SIM_MANY_INTERRUPTED:
		interrupt_many(start);
		break;
	default:
		break;
	}
}

static void damage_data(struct sim_start *start, enum sim_damage damage)
{
	switch (damage) {
	case SIM_BITS_FLIPPED:
	case SIM_BITS_AND_COPY:
		flip_bits(start);
		break;
	case SIM_GARBAGE_WRITTEN:
		put_garbage(start, 0);
		put_zeros(start, 1);
		break;
	case SIM_SWAPPED:
		shift(start, 2, true);
		break;
	case SIM_RING:
		shift(start, 3, true);
		break;
	case SIM_SHIFTED:
		shift(start, 4, false);
		break;
	default:
		break;
	}
}

void sim_damage(struct sim_start *start, enum sim_damage damage, const struct sim_command *last,
		const struct sim_state *before)
{
	damage_data(start, damage);
	damage_metadata(start, damage);
	if (damage == SIM_WRITE_LOST && last && before)
		lose_write(start, last, before);
}
