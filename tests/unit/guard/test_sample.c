/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sample: whether the data is that of this metadata. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "guard/guard.h"
#include "ondisk/layout.h"
#include "support/bytes.h"
#include "support/memory_volume.h"

#define SECTORS (62 * 40 + 7)

static struct memory_volume memory;

static void start(uint64_t data_sectors)
{
	const struct memory_volume_shape shape = {
		.sector_size = 512,
		.interleave = 8,
		.external = true,
		.checksum_type = CSUM_CRC64,
		.data_sectors = data_sectors,
	};

	memory_volume_init(&memory, &shape);
	memory_volume_fill(&memory);
}

static int set_up(void **state)
{
	(void)state;
	start(SECTORS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memory_volume_free(&memory);
	return 0;
}

static void take(uint32_t drawn, uint32_t right, bool other_data)
{
	struct csum_guard_sample sample;

	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), 0);
	assert_int_equal(sample.drawn, drawn);
	assert_int_equal(sample.right, right);
	assert_int_equal(sample.other_data, other_data);
	assert_int_equal(memory.recorder.errors, 0);
}

/* Damages a share of the sectors, always the same ones. */
static void spoil(unsigned int percent)
{
	for (uint64_t sector = 0; sector < SECTORS; sector++) {
		if ((sector * 2654435761u >> 12) % 100 < percent)
			fill_random(memory_volume_sector(&memory, sector), 512, sector + 77);
	}
}

static void set_entries(uint64_t (*entry)(uint64_t sector))
{
	const struct csum_geometry *geometry = csum_volume_geometry(&memory.volume);
	uint64_t entries[62];

	for (uint64_t group = 0; group < geometry->groups; group++) {
		memset(entries, 0, sizeof(entries));
		for (uint32_t i = 0; i < csum_layout_group_sectors(geometry, group); i++)
			entries[i] = entry(group * 62 + i);
		memory_volume_put_imd(&memory, group, 0, 0, entries);
		memory_volume_put_imd(&memory, group, 1, 1, entries);
	}
}

static uint64_t entry_of_present(uint64_t sector)
{
	return memory_volume_entry(&memory, memory_volume_sector(&memory, sector));
}

static void test_right(void **state)
{
	(void)state;
	take(16, 16, false);
}

static void test_another_disk(void **state)
{
	(void)state;
	spoil(100);
	take(256, 0, true);
}

static void test_much_decay(void **state)
{
	struct csum_guard_sample sample;

	(void)state;
	spoil(10);
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), 0);
	assert_int_equal(sample.drawn, 16);
	assert_false(sample.other_data);
	spoil(70);
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), 0);
	assert_int_equal(sample.drawn, 256);
	assert_in_range(sample.right, 64, 100);
	assert_false(sample.other_data);
}

/* A little more agreement than two different disks have at most. */
static void test_little_agreement(void **state)
{
	struct csum_guard_sample sample;

	(void)state;
	spoil(90);
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), 0);
	assert_int_equal(sample.drawn, 256);
	assert_true(sample.other_data);
}

/* A sector of one repeated byte is no evidence: two empty disks agree in all of them. */
static void test_blank_is_no_evidence(void **state)
{
	(void)state;
	for (uint64_t sector = 0; sector < SECTORS; sector++)
		memset(memory_volume_sector(&memory, sector), (int)(sector % 256), 512);
	set_entries(entry_of_present);
	take(0, 0, false);
	fill_random(memory_volume_sector(&memory, 100), 512, 1);
	set_entries(entry_of_present);
	take(1, 1, false);
	fill_random(memory_volume_sector(&memory, 100), 512, 2);
	take(1, 0, true);
}

static void test_blank_entries(void **state)
{
	static const struct {
		enum csum_checksum_type type;
		uint64_t entry_of_zeros;
	} rows[] = {
		{ CSUM_CRC32, UINT64_C(0x1b2aa7578) },
		{ CSUM_CRC32C, UINT64_C(0x130fcedc0) },
		{ CSUM_CRC64, UINT64_C(0x6992eb22ac5bfc6c) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memory.volume.superblock.checksum_type = rows[i].type;
		assert_true(csum_guard_is_blank_entry(&memory.volume, rows[i].entry_of_zeros));
		assert_false(csum_guard_is_blank_entry(&memory.volume, rows[i].entry_of_zeros + 1));
		assert_false(csum_guard_is_blank_entry(&memory.volume, CSUM_ENTRY_UNWRITTEN));
		assert_false(csum_guard_is_blank_entry(&memory.volume, CSUM_ENTRY_BAD));
	}
}

static uint64_t nothing(uint64_t sector)
{
	(void)sector;
	return CSUM_ENTRY_UNWRITTEN;
}

static void test_nothing_written(void **state)
{
	(void)state;
	set_entries(nothing);
	spoil(100);
	take(0, 0, false);
}

static uint64_t one_in_the_middle(uint64_t sector)
{
	return sector == 62 * 21 + 3 ? entry_of_present(sector) : CSUM_ENTRY_UNWRITTEN;
}

static void test_little_written(void **state)
{
	(void)state;
	set_entries(one_in_the_middle);
	take(1, 1, false);
	spoil(100);
	take(1, 0, true);
}

/* The sample is spread over all written data: it notices a disk of which only the first half is right. */
static void test_spread(void **state)
{
	(void)state;
	for (uint64_t sector = SECTORS / 2; sector < SECTORS; sector++)
		fill_random(memory_volume_sector(&memory, sector), 512, sector + 77);
	take(16, 8, false);
}

static void test_unreadable_is_drawn_again(void **state)
{
	struct csum_guard_sample sample;

	(void)state;
	memory_disk_fail(memory.data, MEMORY_DISK_READ, 0, SECTORS / 4 * 512, -1, -EIO);
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), 0);
	assert_in_range(sample.drawn, 13, 16);
	assert_int_equal(sample.right, sample.drawn);
	spoil(100);
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), 0);
	assert_in_range(sample.drawn, 240, 256);
	assert_true(sample.other_data);
	/* When nothing at all can be read any more, the device is gone. */
	memory_disk_fail(memory.data, MEMORY_DISK_READ, 0, SECTORS * 512, -1, -EIO);
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), -ENODEV);
}

static void test_vanished(void **state)
{
	struct csum_guard_sample sample;

	(void)state;
	memory_disk_fail(memory.data, MEMORY_DISK_READ, 0, SECTORS * 512, -1, -ENODEV);
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), -ENODEV);
	assert_int_equal(memory.recorder.errors, 1);
}

/* In the intent the older version counts too: after an interrupted write a sector is right by either. */
static void test_interrupted(void **state)
{
	const struct csum_geometry *geometry = csum_volume_geometry(&memory.volume);
	uint64_t entries[62];

	(void)state;
	for (uint64_t group = 0; group < geometry->groups; group++) {
		for (uint32_t i = 0; i < 62; i++)
			entries[i] = group * 1000 + i + 5;
		memory_volume_put_imd(&memory, group, 1, 2, entries);
	}
	take(256, 0, true);
	memory_volume_set_intent(&memory, 0, geometry->groups);
	take(16, 16, false);
}

/*
 * However large the volume, the sample reads the metadata of 64 groups at first, then of 128 times 64, 64 MiB, at most.
 */
static void test_bounded(void **state)
{
	const uint64_t groups = 128 * 64 * 4;
	struct csum_geometry *geometry = &memory.volume.superblock.geometry;
	struct csum_guard_sample sample;

	(void)state;
	memory_disk_free(memory.metadata);
	memory_disk_init(memory.metadata, "metadata disk", CSUM_CLUSTERS_OFFSET + 2 * groups * 4096);
	*geometry = (struct csum_geometry){ .sector_size = 4096,
					    .interleave = 65536,
					    .sectors_per_group = 510,
					    .external = true,
					    .data_sectors = groups * 510,
					    .groups = groups,
					    .clusters = 1 };
	assert_int_equal(csum_guard_take_sample(&memory.volume, &sample), 0);
	assert_int_equal(sample.drawn, 0);
	assert_false(sample.other_data);
	/* Imd sectors of zeros are read in runs, and each once more. */
	assert_in_range(memory.metadata->calls[MEMORY_DISK_READ], 2 * 128 * 64, 2 * (128 + 2) * (64 + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_right, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_much_decay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_little_agreement, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_blank_is_no_evidence, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_blank_entries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_little_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spread, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable_is_drawn_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vanished, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_interrupted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
