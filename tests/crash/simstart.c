/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds the volume a scenario begins with: made, filled, damaged, stopped. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "imd.h"
#include "layout.h"
#include "protocol.h"
#include "simscenario.h"

#define OLD_ID 0x51
#define NEW_ID 0x52

static enum csum_checksum_type checksum_type(const struct sim_scenario *scenario)
{
	return scenario->checksum_type ? scenario->checksum_type : CSUM_CRC64;
}

static bool derive(const struct sim_scenario *scenario, struct csum_geometry *geometry)
{
	uint32_t size = scenario->sector_size;
	uint64_t per_group = (size - CSUM_IMD_HEADER_SIZE) / 8;
	uint64_t sectors = scenario->groups * per_group + scenario->tail_sectors;
	uint32_t interleave = scenario->interleave ? scenario->interleave : csum_layout_default_interleave(size);
	uint64_t bytes;

	return csum_layout_device_bytes(size, interleave, scenario->external, sectors, &bytes) == 0 &&
	       csum_layout_derive(size, interleave, scenario->external, bytes, sectors * size, geometry) == 0;
}

/* Runs a command to its end; what it leaves in the cache (nothing, if all is well) stays there. */
static bool run_whole(struct sim_start *start, const struct sim_command *command, const struct sim_format *format,
		      char *reason)
{
	struct sim_machine machine;
	struct sim_run run;

	sim_machine_init(&machine, &start->map, &start->state);
	sim_command_run(&machine, command, format, &run);
	if (run.error)
		snprintf(reason, 256, "setup: %s: %.200s", strerror(-run.error), run.message);
	sim_state_free(&start->state);
	sim_state_copy(&start->state, &machine.state);
	sim_machine_free(&machine);
	return run.error == 0;
}

/* ------------------------------------------------------------------ damage */

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

/* Both slots say clean, as a second command that found nothing to do would leave them. */
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

/* The last write's first sector and the copy it wrote last are as they were before it. */
static void lose_write(struct sim_start *start, const struct sim_command *last, const struct sim_state *before)
{
	const struct csum_geometry *geometry = &start->map.geometry;
	uint64_t group = csum_layout_group_of(geometry, last->first);
	int copy = newer_copy(start, group);

	copy_bytes(before, &start->state, 0, csum_layout_data_offset(geometry, last->first), geometry->sector_size);
	copy_bytes(before, &start->state, sim_map_metadata_disk(&start->map),
		   csum_layout_imd_offset(geometry, group, copy), geometry->sector_size);
	make_clean_twice(start);
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

static void flip_bits(struct sim_start *start)
{
	const struct csum_geometry *geometry = &start->map.geometry;
	uint8_t *bytes = sim_alloc(geometry->sector_size);

	for (uint64_t sector = 0; sector < 2; sector++) {
		uint64_t offset_bytes = csum_layout_data_offset(geometry, sector);

		sim_image_read(&start->state.durable[0], bytes, geometry->sector_size, offset_bytes);
		bytes[17 * (sector + 1)] ^= 4;
		sim_image_write(&start->state.durable[0], bytes, geometry->sector_size, offset_bytes);
		start->content[sector] = SIM_BAD;
	}
	free(bytes);
	sim_destroy_copy(&start->map, &start->state, 0, 0);
	start->permitted |= 1u << CSUM_IMD_BAD | 1u << CSUM_MISMATCH;
}

/*
 * In every group two sectors are given two contents each, by hand: the older copy the first ones, the newer the
 * second ones, and the disk one of either. So recovery has to merge every group.
 */
static void interrupt_group(struct sim_start *start, uint64_t group)
{
	const struct csum_geometry *geometry = &start->map.geometry;
	int metadata = sim_map_metadata_disk(&start->map);
	uint32_t size = geometry->sector_size;
	uint64_t first = csum_layout_first_sector(geometry, group);
	uint8_t seed[CSUM_SEED_SIZE];
	uint8_t *imd = sim_alloc(2 * (size_t)size), *bytes = imd + size;

	memset(seed, OLD_ID, sizeof(seed));
	for (int copy = 0; copy < 2; copy++) {
		uint64_t offset_bytes = csum_layout_imd_offset(geometry, group, copy);

		sim_image_read(&start->state.durable[metadata], imd, size, offset_bytes);
		for (uint32_t i = 0; i < 2; i++) {
			sim_pattern(100 + (uint32_t)copy, (first + i) * size, bytes, size);
			csum_imd_set_entry(imd, i, csum_checksum_entry(checksum_type(start->scenario), bytes, size));
			if (copy != (int)i)
				continue;
			start->content[first + i] = sim_contents_add(&start->contents, first + i, bytes);
			sim_image_write(&start->state.durable[0], bytes, size,
					csum_layout_data_offset(geometry, first + i));
		}
		csum_imd_seal(csum_checksum_crc32(0, seed, sizeof(seed)), group, copy, 1 + (uint32_t)copy, imd, size);
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

static void do_damage(struct sim_start *start, enum sim_damage damage, const struct sim_command *last,
		      const struct sim_state *before)
{
	uint64_t last_group = start->map.geometry.groups - 1;

	switch (damage) {
	case SIM_SLOT_DAMAGED:
		sim_destroy_slot(&start->map, &start->state, CSUM_SLOT_A);
		break;
	case SIM_COPY_DAMAGED:
		sim_destroy_copy(&start->map, &start->state, last_group, 0);
		start->permitted |= 1u << CSUM_IMD_BAD;
		break;
	case SIM_WRITE_LOST:
		if (last && before)
			lose_write(start, last, before);
		break;
	case SIM_GROUP_LOST:
		lose_group(start, last_group);
		break;
	case SIM_BITS_FLIPPED:
		flip_bits(start);
		break;
	case SIM_MANY_INTERRUPTED:
		interrupt_many(start);
		break;
	default:
		break;
	}
}

static bool set_up(struct sim_start *start, char *reason)
{
	static const struct sim_command make = { .action = SIM_FORMAT };
	const struct sim_command *last = NULL;
	struct sim_state before;
	bool ok = run_whole(start, &make, &start->old_format, reason);

	sim_state_copy(&before, &start->state);
	for (size_t i = 0; i < 4 && ok && start->scenario->setup[i].action; i++) {
		last = &start->scenario->setup[i];
		sim_state_free(&before);
		sim_state_copy(&before, &start->state);
		sim_command_result(&start->contents, last, start->content, start->content);
		ok = run_whole(start, last, NULL, reason);
	}
	if (ok)
		do_damage(start, start->scenario->damage, last, &before);
	sim_state_free(&before);
	return ok;
}

/* ------------------------------------------------------------------ stops before the scenario */

struct stopping {
	const struct sim_prelude *prelude;
	struct sim_state state;
	bool reached;
};

static uint8_t chosen_fate(const struct sim_prelude *prelude, size_t i)
{
	switch (prelude->fates) {
	case SIM_ALL_LOST:
		return SIM_LOST;
	case SIM_EVERY_OTHER:
		return i % 2 ? SIM_LOST : SIM_KEPT;
	case SIM_FIRST_TORN:
		return i ? SIM_KEPT : SIM_GARBAGE;
	default:
		return SIM_KEPT;
	}
}

static void stop_here(struct sim_machine *machine)
{
	struct stopping *stopping = machine->user;
	struct sim_fates fates = { stopping->prelude->stop, machine->state.cache.count, NULL };

	if (machine->flushes != stopping->prelude->flush)
		return;
	fates.fate = sim_alloc(fates.count);
	for (size_t i = 0; i < fates.count; i++)
		fates.fate[i] = chosen_fate(stopping->prelude, i);
	sim_stop_state(machine, &fates, &stopping->state);
	sim_fates_free(&fates);
	stopping->reached = true;
	machine->stopped = true;
}

static bool stop_prelude(struct sim_start *start, const struct sim_prelude *prelude, char *reason)
{
	struct stopping stopping = { .prelude = prelude };
	struct sim_machine machine;
	struct sim_run run;
	uint32_t *after = sim_alloc(start->contents.data_sectors * sizeof(*after));

	sim_command_result(&start->contents, &prelude->command, start->content, after);
	sim_expect_set(&start->expect, start->content, after);
	sim_machine_init(&machine, &start->map, &start->state);
	machine.point = stop_here;
	machine.user = &stopping;
	sim_command_run(&machine, &prelude->command, NULL, &run);
	sim_machine_free(&machine);
	free(after);
	if (!stopping.reached) {
		snprintf(reason, 256, "prelude: there is no flush %d", (int)prelude->flush);
		return false;
	}
	sim_state_free(&start->state);
	start->state = stopping.state;
	return true;
}

static bool run_prelude(struct sim_start *start, const struct sim_prelude *prelude, char *reason)
{
	if (prelude->flush != SIM_WHOLE)
		return stop_prelude(start, prelude, reason);
	sim_command_result(&start->contents, &prelude->command, start->content, start->content);
	sim_expect_set(&start->expect, start->content, start->content);
	return run_whole(start, &prelude->command, NULL, reason);
}

/* What the volume reads as now, which must be what is expected. */
static bool take_content(struct sim_start *start, char *reason)
{
	struct sim_view view;
	bool ok;

	sim_look(&start->map, &start->state, &start->contents, &start->expect, &view);
	ok = view.open_error == 0;
	if (!ok)
		snprintf(reason, 256, "start: does not open: %.200s", view.message);
	for (uint64_t i = 0; i < view.sectors && ok; i++) {
		ok = view.content[i] == start->expect.either[0][i] || view.content[i] == start->expect.either[1][i];
		if (!ok)
			snprintf(reason, 256, "start: data sector %d reads as %x, not as %x or %x", (int)i,
				 view.content[i], start->expect.either[0][i], start->expect.either[1][i]);
	}
	memcpy(start->content, view.content, view.sectors * sizeof(*view.content));
	if (start->state.cache.count == 0)
		sim_expect_set(&start->expect, start->content, start->content);
	sim_view_free(&view);
	return ok;
}

bool sim_start_init(struct sim_start *start, const struct sim_scenario *scenario, char *reason)
{
	struct csum_geometry geometry;
	bool ok;

	*start = (struct sim_start){ .scenario = scenario };
	if (!derive(scenario, &geometry)) {
		snprintf(reason, 256, "no such geometry");
		return false;
	}
	start->old_format = (struct sim_format){ geometry, checksum_type(scenario), OLD_ID };
	start->new_format = (struct sim_format){ geometry, checksum_type(scenario), NEW_ID };
	sim_map_init(&start->map, &geometry, scenario->logical_sector_size ? scenario->logical_sector_size : 512);
	sim_contents_init(&start->contents, &geometry);
	sim_state_init(&start->state, &start->map);
	sim_expect_init(&start->expect, geometry.data_sectors);
	start->content = sim_alloc(geometry.data_sectors * sizeof(*start->content));
	ok = set_up(start, reason);
	if (ok)
		sim_expect_set(&start->expect, start->content, start->content);
	if (ok)
		ok = take_content(start, reason);
	for (size_t i = 0; i < 3 && ok && scenario->prelude[i].command.action; i++) {
		ok = run_prelude(start, &scenario->prelude[i], reason);
		if (ok)
			ok = take_content(start, reason);
	}
	if (ok && scenario->late_damage) {
		do_damage(start, scenario->late_damage, NULL, NULL);
		sim_expect_set(&start->expect, start->content, start->content);
	}
	return ok;
}

void sim_start_free(struct sim_start *start)
{
	if (!start->content)
		return;
	sim_map_free(&start->map);
	sim_contents_free(&start->contents);
	sim_state_free(&start->state);
	sim_expect_free(&start->expect);
	free(start->content);
}
