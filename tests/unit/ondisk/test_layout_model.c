/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout compared with a naive model: the sectors of a small volume are laid out one by one, as format.md says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"

#define CLUSTERS_BEGIN UINT64_C(1048576)
#define TAIL UINT64_C(65536)

/* The content of a sector in the cluster area. */
enum content { FREE, COPY_0, COPY_1, DATA };
struct slot {
	enum content content;
	uint64_t number; /* number of the group or of the data sector */
};

enum { MODEL_SECTORS = 12000 };

struct model {
	uint32_t sector_size, interleave, entries;
	bool external;
	uint64_t area_sectors, data_sectors, groups;
	uint64_t group_size[MODEL_SECTORS]; /* data sectors of each group */
	struct slot slots[MODEL_SECTORS];
	uint64_t used; /* slots in use */
};

static void add_group(struct model *model, uint64_t data_sectors)
{
	assert_true(model->groups < MODEL_SECTORS);
	model->group_size[model->groups++] = data_sectors;
	model->data_sectors += data_sectors;
}

/* Takes groups one by one off the room that there is. */
static void divide_room(struct model *model)
{
	uint64_t room = model->area_sectors;

	for (; room >= model->entries + 2; room -= model->entries + 2)
		add_group(model, model->entries);
	if (room >= 3)
		add_group(model, room - 2);
}

/* For an external volume: deals the sectors of the data device to groups. */
static void deal_data(struct model *model, uint64_t data_sectors)
{
	for (; data_sectors > model->entries; data_sectors -= model->entries)
		add_group(model, model->entries);
	if (data_sectors)
		add_group(model, data_sectors);
}

static void put(struct model *model, enum content content, uint64_t number)
{
	assert_true(model->used < model->area_sectors);
	model->slots[model->used++] = (struct slot){ content, number };
}

/* Lays out a cluster: Kc x copy 0 | data of each group | Kc x copy 1; without data when external. */
static void lay_out(struct model *model)
{
	uint64_t data_sector = 0;

	for (uint64_t first = 0; first < model->groups; first += model->interleave) {
		uint64_t end = first + model->interleave < model->groups ? first + model->interleave : model->groups;

		for (uint64_t group = first; group < end; group++)
			put(model, COPY_0, group);
		for (uint64_t group = first; group < end && !model->external; group++) {
			for (uint64_t i = 0; i < model->group_size[group]; i++)
				put(model, DATA, data_sector++);
		}
		for (uint64_t group = first; group < end; group++)
			put(model, COPY_1, group);
	}
}

static uint64_t place(const struct model *model, uint64_t slot)
{
	return CLUSTERS_BEGIN + slot * model->sector_size;
}

static void check_slot(const struct model *model, const struct csum_geometry *geometry, uint64_t at)
{
	const struct slot *slot = &model->slots[at];
	uint64_t offset_bytes;

	if (slot->content == DATA)
		offset_bytes = csum_layout_data_offset(geometry, slot->number);
	else
		offset_bytes = csum_layout_imd_offset(geometry, slot->number, slot->content == COPY_1);
	if (offset_bytes != place(model, at))
		fail_msg("S=%u K=%u, %lu sectors: content %d number %lu at %lu, should be at %lu", model->sector_size,
			 model->interleave, (unsigned long)model->area_sectors, (int)slot->content,
			 (unsigned long)slot->number, (unsigned long)offset_bytes, (unsigned long)place(model, at));
}

/* Counts one by one how many groups from this one on are in its cluster. */
static uint64_t naive_contiguous(const struct model *model, uint64_t group, uint64_t limit)
{
	uint64_t count = 0;

	while (count < limit && group + count < model->groups &&
	       (group + count) / model->interleave == group / model->interleave)
		count++;
	return count;
}

static void check_groups(const struct model *model, const struct csum_geometry *geometry)
{
	uint64_t first_sector = 0;

	for (uint64_t group = 0; group < model->groups; group++) {
		assert_int_equal(csum_layout_group_sectors(geometry, group), model->group_size[group]);
		assert_int_equal(csum_layout_first_sector(geometry, group), first_sector);
		assert_int_equal(csum_layout_group_of(geometry, first_sector), group);
		first_sector += model->group_size[group];
		assert_int_equal(csum_layout_group_of(geometry, first_sector - 1), group);
		for (uint64_t limit = 1; limit <= model->interleave + 1; limit++)
			assert_int_equal(csum_layout_contiguous_groups(geometry, group, limit),
					 naive_contiguous(model, group, limit));
		if (group % model->interleave == 0)
			assert_int_equal(csum_layout_cluster_groups(geometry, group / model->interleave),
					 naive_contiguous(model, group, model->interleave));
	}
}

/* Asserts that every sector of the model has the library's place, and that the library has no others. */
static void check(const struct model *model, const struct csum_geometry *geometry)
{
	assert_int_equal(geometry->data_sectors, model->data_sectors);
	assert_int_equal(geometry->groups, model->groups);
	assert_int_equal(geometry->clusters, (model->groups + model->interleave - 1) / model->interleave);
	assert_int_equal(geometry->sectors_per_group, model->entries);
	assert_int_equal(model->used, 2 * model->groups + (model->external ? 0 : model->data_sectors));
	for (uint64_t at = 0; at < model->used; at++)
		check_slot(model, geometry, at);
	for (uint64_t n = 0; model->external && n < model->data_sectors; n++)
		assert_int_equal(csum_layout_data_offset(geometry, n), n * model->sector_size);
	check_groups(model, geometry);
}

static void init(struct model *model, uint32_t sector_size, uint32_t interleave, bool external, uint64_t area_sectors)
{
	assert_true(area_sectors < MODEL_SECTORS);
	/* The arrays are large, and written before they are read, so they are not cleared. */
	model->sector_size = sector_size;
	model->interleave = interleave;
	model->entries = (sector_size - 16) / 8;
	model->external = external;
	model->area_sectors = area_sectors;
	model->data_sectors = model->groups = model->used = 0;
}

static struct model model;

/* The area is a whole number of 4096-byte blocks; the device has `odd` more bytes. */
static void check_internal(uint32_t sector_size, uint32_t interleave, uint64_t blocks, uint32_t odd)
{
	struct csum_geometry geometry;
	int error = csum_layout_derive(sector_size, interleave, false, CLUSTERS_BEGIN + TAIL + blocks * 4096 + odd, 0,
				       &geometry);

	init(&model, sector_size, interleave, false, blocks * 4096 / sector_size);
	divide_room(&model);
	if (model.data_sectors == 0) {
		assert_int_equal(error, -ENOSPC);
		return;
	}
	assert_int_equal(error, 0);
	lay_out(&model);
	/* The rest that stays unused is smaller than the smallest group. */
	assert_true(model.used <= model.area_sectors && model.area_sectors - model.used < 3);
	check(&model, &geometry);
}

static void test_internal_512(void **state)
{
	(void)state;
	for (uint32_t interleave = 1; interleave <= 5; interleave++) {
		for (uint64_t blocks = 0; blocks <= (uint64_t)(3 * interleave + 1) * 8; blocks++) {
			for (uint32_t odd = 0; odd < 4096; odd += 585)
				check_internal(512, interleave, blocks, odd);
		}
	}
}

/* Every remainder occurs here; with sectors of 512 bytes in blocks of 4096 some do not. */
static void test_internal_4096_every_size(void **state)
{
	(void)state;
	for (uint32_t interleave = 1; interleave <= 5; interleave++) {
		for (uint64_t blocks = 0; blocks <= 2 * 512 + 10; blocks++)
			check_internal(4096, interleave, blocks, blocks % 4096);
	}
}

static void test_internal_4096_around_groups(void **state)
{
	(void)state;
	for (uint32_t interleave = 1; interleave <= 5; interleave++) {
		for (uint64_t groups = 2; groups <= 3 * interleave + 2; groups++) {
			for (uint64_t blocks = groups * 512 - 6; blocks <= groups * 512 + 6; blocks++)
				check_internal(4096, interleave, blocks, 0);
		}
	}
}

static void check_external(uint32_t sector_size, uint32_t interleave, uint64_t data_sectors, uint32_t odd)
{
	struct csum_geometry geometry;
	uint64_t imd_bytes;

	init(&model, sector_size, interleave, true, MODEL_SECTORS - 1);
	deal_data(&model, data_sectors);
	lay_out(&model);
	imd_bytes = (model.used * sector_size + 4095) / 4096 * 4096;
	assert_int_equal(csum_layout_derive(sector_size, interleave, true, CLUSTERS_BEGIN + imd_bytes + TAIL,
					    data_sectors * sector_size + odd, &geometry),
			 0);
	check(&model, &geometry);
	assert_int_equal(csum_layout_derive(sector_size, interleave, true, CLUSTERS_BEGIN + imd_bytes + TAIL - 1,
					    data_sectors * sector_size + odd, &geometry),
			 -ENOSPC);
}

static void test_external(void **state)
{
	(void)state;
	for (uint32_t interleave = 1; interleave <= 5; interleave++) {
		for (uint64_t data_sectors = 1; data_sectors <= (uint64_t)(2 * interleave + 1) * 62 + 3; data_sectors++)
			check_external(512, interleave, data_sectors, data_sectors % 512);
		for (uint64_t data_sectors = 1; data_sectors <= (uint64_t)(2 * interleave + 1) * 510 + 3;
		     data_sectors += 101)
			check_external(4096, interleave, data_sectors, data_sectors % 4096);
	}
}

/* With K above the number of groups there is one cluster. */
static void test_one_large_cluster(void **state)
{
	(void)state;
	check_internal(512, 65536, 100, 0);
	check_internal(4096, 32, 2600, 0);
	check_external(512, 2048, 777, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_internal_512),
		cmocka_unit_test(test_internal_4096_every_size),
		cmocka_unit_test(test_internal_4096_around_groups),
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_one_large_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
