/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carving devices that no image file can stand for: unreadable places, vast sizes, hostile content. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "carve/carve.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "support/bytes.h"
#include "support/device_helpers.h"
#include "support/memory_disk.h"

#define SEED_STATE UINT32_C(0x12345678)

struct fixture {
	struct recorder recorder;
	struct csum_volume volume;
	struct csum_dump_options options;
	struct csum_carved_geometry geometry;
	uint64_t candidates, fitting;
};

static int take_carved(void *user, const struct csum_carved *carved)
{
	struct fixture *fixture = user;

	fixture->candidates++;
	fixture->fitting += carved->fits;
	return 0;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->options.carved = take_carved;
	fixture->options.user = fixture;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static int carve(struct fixture *fixture, struct csum_device *device)
{
	int error;

	fixture->candidates = fixture->fitting = 0;
	fixture->volume.handlers = fixture->recorder.handlers;
	fixture->volume.data = fixture->volume.metadata = device;
	assert_int_equal(csum_io_create(&fixture->volume.handlers, device, device, 4, &fixture->volume.io), 0);
	error = csum_carve(&fixture->volume, &fixture->options, &fixture->geometry);
	csum_io_destroy(fixture->volume.io);
	return error;
}

/* ------------------------------------------------------------------ unreadable places */

static void seal(uint32_t sector_size, uint64_t group, int copy, uint32_t generation, void *sector)
{
	csum_imd_seal((struct csum_imd_place){ SEED_STATE, sector_size, group, copy }, generation, sector);
}

static void put_volume(struct memory_disk *memory, const struct csum_geometry *geometry)
{
	for (uint64_t group = 0; group < geometry->groups; group++) {
		for (int copy = 0; copy < 2; copy++)
			seal(geometry->sector_size, group, copy, (uint32_t)copy,
			     memory->bytes + csum_layout_imd_offset(geometry, group, copy));
	}
}

static void test_unreadable(void **state)
{
	struct fixture *fixture = *state;
	struct csum_geometry geometry;
	struct memory_disk memory;
	uint64_t at;

	assert_int_equal(csum_layout_derive(512, 4, false, 3 << 20, 0, &geometry), 0);
	memory_disk_init(&memory, "memory", 3 << 20);
	put_volume(&memory, &geometry);
	recorder_init(&fixture->recorder);
	/* Two adjacent imd sectors are unreadable, and also a place without any. */
	at = csum_layout_imd_offset(&geometry, 9, 0);
	memory_disk_fail(&memory, MEMORY_DISK_READ, at, 1024, -1, -EIO);
	memory_disk_fail(&memory, MEMORY_DISK_READ, at + 16384, 1, -1, -EIO);
	assert_int_equal(carve(fixture, &memory.device), 0);
	assert_int_equal(fixture->fitting, 2 * geometry.groups - 2);
	assert_true(fixture->geometry.known && fixture->geometry.end_known);
	assert_int_equal(fixture->geometry.geometry.data_sectors, geometry.data_sectors);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->recorder.warnings, 2);
	assert_non_null(strstr(fixture->recorder.last_warning, "512 bytes"));

	/* With many unreadable places each is read by itself, but not each is named. */
	memory_disk_reset(&memory);
	memory_disk_fail(&memory, MEMORY_DISK_READ, 0, memory.size, -1, -EIO);
	recorder_init(&fixture->recorder);
	assert_int_equal(carve(fixture, &memory.device), 0);
	assert_int_equal(fixture->candidates, 0);
	assert_int_equal(fixture->recorder.warnings, 1);

	memory_disk_reset(&memory);
	memory_disk_fail(&memory, MEMORY_DISK_READ, at, 1, -1, -ENODEV);
	recorder_init(&fixture->recorder);
	assert_int_equal(carve(fixture, &memory.device), -ENODEV);
	assert_one_error(&fixture->recorder, "memory");
	memory_disk_free(&memory);
}

static void test_cancelled(void **state)
{
	struct fixture *fixture = *state;
	struct memory_disk memory;

	memory_disk_init(&memory, "memory", 64 << 20);
	recorder_init(&fixture->recorder);
	fixture->recorder.cancel_after = 2;
	assert_int_equal(carve(fixture, &memory.device), -ECANCELED);
	memory_disk_free(&memory);
}

/* ------------------------------------------------------------------ devices that are computed */

struct computed {
	struct csum_device device;
	/* Fills the 512 bytes at that offset. */
	void (*fill)(uint8_t *bytes, uint64_t offset_bytes);
};

static int64_t computed_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	const struct computed *computed = context;

	for (size_t at = 0; at < size; at += 512)
		computed->fill((uint8_t *)buffer + at, offset_bytes + at);
	return (int64_t)size;
}

static const struct csum_device_ops computed_ops = { .pread = computed_pread };

static void computed_init(struct computed *computed, uint64_t size, void (*fill)(uint8_t *, uint64_t))
{
	static char name[] = "computed";

	*computed = (struct computed){ .fill = fill };
	computed->device = (struct csum_device){
		.ops = &computed_ops,
		.context = computed,
		.name = name,
		.size_bytes = size,
		.direct = true,
		.logical_sector_size = 512,
		.descriptor = -1,
	};
}

/* More imd sectors than carving keeps, of an external volume with the default K. */
#define MANY_GROUPS UINT64_C(280001)

static void fill_many(uint8_t *bytes, uint64_t offset_bytes)
{
	uint64_t sector = (offset_bytes - CSUM_CLUSTERS_OFFSET) / 512;
	uint64_t cluster = sector / (2 * 2048), first = cluster * 2048;
	uint64_t groups = MANY_GROUPS - first < 2048 ? MANY_GROUPS - first : 2048;

	memset(bytes, 0, 512);
	sector %= UINT64_C(2) * 2048;
	if (offset_bytes < CSUM_CLUSTERS_OFFSET || first >= MANY_GROUPS || sector >= 2 * groups)
		return;
	seal(512, first + sector % groups, sector >= groups, 1, bytes);
}

static void test_more_than_kept(void **state)
{
	struct fixture *fixture = *state;
	struct computed computed;

	computed_init(&computed, 300 << 20, fill_many);
	recorder_init(&fixture->recorder);
	assert_int_equal(carve(fixture, &computed.device), 0);
	assert_int_equal(fixture->candidates, 2 * MANY_GROUPS);
	assert_int_equal(fixture->fitting, 2 * MANY_GROUPS);
	assert_true(fixture->geometry.known && fixture->geometry.end_known && fixture->geometry.interleave_known);
	assert_int_equal(fixture->geometry.geometry.groups, MANY_GROUPS);
	assert_int_equal(fixture->geometry.geometry.interleave, 2048);
}

/* The same volume, with most of it overwritten by sectors with the magic: some repeat, the others are random. */
#define NOISE_END (UINT64_C(262) << 20)

static void fill_noise(uint8_t *bytes, uint64_t offset_bytes)
{
	if (offset_bytes >= NOISE_END) {
		fill_many(bytes, offset_bytes);
		return;
	}
	fill_random(bytes, 512, offset_bytes % 7 ? offset_bytes : 1);
	memcpy(bytes, CSUM_IMD_MAGIC, 4);
}

static void test_noise(void **state)
{
	const uint64_t noise = NOISE_END / 512;
	struct fixture *fixture = *state;
	struct computed computed;

	computed_init(&computed, 300 << 20, fill_noise);
	recorder_init(&fixture->recorder);
	assert_int_equal(carve(fixture, &computed.device), 0);
	assert_int_equal(fixture->candidates, CSUM_CLUSTERS_OFFSET / 512 + 2 * MANY_GROUPS);
	assert_int_equal(fixture->fitting, fixture->candidates - noise);
	assert_true(fixture->geometry.known && fixture->geometry.end_known);
	assert_int_equal(fixture->geometry.geometry.groups, MANY_GROUPS);

	/* Now there is only noise. */
	computed.device.size_bytes = NOISE_END;
	assert_int_equal(carve(fixture, &computed.device), 0);
	assert_int_equal(fixture->candidates, noise);
	assert_false(fixture->geometry.known);
	assert_int_equal(fixture->fitting, 0);
	assert_int_equal(fixture->recorder.errors, 0);
}

/* ------------------------------------------------------------------ more than 2^32 groups */

static void make_candidate(const struct csum_carve_crc *crc, const struct csum_geometry *geometry, uint64_t group,
			   int copy, struct csum_carve_candidate *candidate)
{
	int size = geometry->sector_size == 512 ? CSUM_CARVE_512 : CSUM_CARVE_4096;
	uint8_t sector[4096];

	fill_random(sector, sizeof(sector), group + 1);
	seal(geometry->sector_size, group, copy, 1, sector);
	*candidate = (struct csum_carve_candidate){
		.offset_bytes = csum_layout_imd_offset(geometry, group, copy),
		.group = csum_imd_stored_group(sector),
	};
	candidate->possible[size] = true;
	candidate->state[size] = csum_carve_seed_state(crc, size, candidate->group, sector);
}

static int compare_offsets(const void *a, const void *b)
{
	uint64_t x = ((const struct csum_carve_candidate *)a)->offset_bytes;
	uint64_t y = ((const struct csum_carve_candidate *)b)->offset_bytes;

	return (x > y) - (x < y);
}

/* Checks only groups around the given one, and the last ones. */
static void check_vast(const struct csum_geometry *geometry, uint64_t middle)
{
	enum { EACH = 300 };
	static struct csum_carve_crc crc;
	static struct csum_carve_candidate candidates[4 * EACH];
	struct csum_carved_geometry carved;
	struct csum_carve_volumes volumes;
	struct csum_carve_tally tally = { 0 };

	csum_carve_crc_init(&crc);
	for (uint64_t i = 0; i < EACH; i++) {
		for (int copy = 0; copy < 2; copy++) {
			make_candidate(&crc, geometry, middle + i, copy, &candidates[4 * i + (size_t)copy]);
			make_candidate(&crc, geometry, geometry->groups - 1 - i, copy,
				       &candidates[4 * i + 2 + (size_t)copy]);
		}
	}
	qsort(candidates, 4 * EACH, sizeof(candidates[0]), compare_offsets);
	assert_int_equal(csum_carve_find(candidates, 4 * EACH, false, &volumes), 0);
	assert_true(volumes.count > 0);
	assert_int_equal(volumes.shape[0].seed_state, SEED_STATE);
	assert_int_equal(volumes.shape[0].external, geometry->external);
	assert_int_equal(volumes.shape[0].interleave, geometry->interleave);
	for (size_t i = 0; i < UINT64_C(4) * EACH; i++)
		csum_carve_tally_add(&tally, &volumes.shape[0], &candidates[i]);
	assert_int_equal(tally.fitting, 4 * EACH);
	csum_carve_geometry(&volumes.shape[0], &tally, geometry->metadata_device_bytes, geometry->data_device_bytes,
			    &carved);
	assert_true(carved.known);
	assert_int_equal(carved.geometry.data_sectors, geometry->data_sectors);
	assert_int_equal(carved.geometry.groups, geometry->groups);
}

static void test_vast(void **state)
{
	const uint64_t group_bytes = 62 * 512;
	struct csum_geometry geometry;

	(void)state;
	assert_int_equal(csum_layout_derive(512, 32, false, UINT64_C(3) << 47, 0, &geometry), 0);
	assert_true(geometry.groups > UINT64_C(11) << 30);
	check_vast(&geometry, (UINT64_C(1) << 32) - 100);
	check_vast(&geometry, UINT64_C(5) << 31);
	assert_int_equal(csum_layout_derive(512, 64, true, UINT64_C(14) << 40, (UINT64_C(13) << 30) * group_bytes + 512,
					    &geometry),
			 0);
	check_vast(&geometry, (UINT64_C(1) << 32) - 100);
	check_vast(&geometry, UINT64_C(3) << 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_more_than_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_noise, set_up, tear_down),
		cmocka_unit_test(test_vast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
