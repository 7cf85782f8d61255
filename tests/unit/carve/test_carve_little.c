/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carving with few imd sectors left, which may fit more than one geometry. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "support/dump_seen.h"

static struct csum_carved_geometry carved;

static int take_geometry(void *user, const struct csum_carved_geometry *geometry)
{
	(void)user;
	carved = *geometry;
	return 0;
}

static int set_up(void **state)
{
	struct dump_fixture *fixture;

	dump_set_up(state);
	fixture = *state;
	fixture->options.carve = true;
	fixture->options.carved_geometry = take_geometry;
	return 0;
}

static void carve(struct dump_fixture *fixture, const char *data, const char *metadata)
{
	memset(&carved, 0, sizeof(carved));
	assert_int_equal(dump_run(fixture, data, metadata), 0);
	assert_int_equal(fixture->recorder.errors, 0);
}

static void zero_imd(const struct dump_fixture *fixture, uint64_t group, int copy)
{
	const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);

	dump_image_zero(&fixture->image, geometry->sector_size, csum_layout_imd_offset(geometry, group, copy));
}

/* Copies 0 of clusters 2, 5 and 9 are left: only multiples of K are known from their distances. */
static void test_scattered_clusters(void **state)
{
	static const struct dump_image_options options = { 512, 7, 9000000, 0, CSUM_CRC64, 6 };
	struct dump_fixture *fixture = *state;
	const struct csum_geometry *truth = dump_image_geometry(&fixture->image);

	dump_create(fixture, &options);
	for (uint64_t group = 0; group < truth->groups; group++) {
		uint64_t cluster = group / 7;

		zero_imd(fixture, group, 1);
		if (cluster != 2 && cluster != 5 && cluster != 9)
			zero_imd(fixture, group, 0);
	}
	carve(fixture, fixture->image.path, NULL);
	assert_true(carved.known && carved.interleave_known && !carved.end_known);
	assert_int_equal(carved.fitting, 21);
	assert_int_equal(carved.geometry.interleave, 7);
	assert_false(carved.geometry.external);
	/* The size of the device gives it. */
	assert_int_equal(carved.geometry.data_sectors, truth->data_sectors);
}

/* Copies 0 of a single cluster have the same places in both layouts: the devices that are named decide. */
static void test_single_run(void **state)
{
	static const struct dump_image_options options = { 512, 0, 2 << 20, 1000000, CSUM_CRC64, 13 };
	struct dump_fixture *fixture = *state;

	dump_create(fixture, &options);
	for (uint64_t group = 0; group < dump_image_geometry(&fixture->image)->groups; group++)
		zero_imd(fixture, group, 1);
	carve(fixture, fixture->image.data_path, fixture->image.path);
	assert_true(carved.known && carved.geometry.external && !carved.interleave_known && !carved.end_known);
	assert_int_equal(carved.geometry.data_sectors, 1000000 / 512);
	carve(fixture, fixture->image.path, NULL);
	assert_true(carved.known && !carved.geometry.external);
}

/* In an internal volume data lies between the copies of a group. */
static void test_external_group(void **state)
{
	static const struct dump_image_options options = { 512, 0, 2 << 20, 20000, CSUM_CRC64, 13 };
	struct dump_fixture *fixture = *state;

	dump_create(fixture, &options);
	carve(fixture, fixture->image.path, NULL);
	assert_true(carved.known && carved.geometry.external && carved.end_known);
	assert_int_equal(carved.geometry.groups, 1);
}

/* The last cluster has lost its copies 1, and an imd sector out of its place speaks of an end before it. */
static void test_false_end(void **state)
{
	static const struct dump_image_options options = { 512, 10, 1900001, 0, CSUM_CRC32, 5 };
	struct dump_fixture *fixture = *state;
	const struct csum_geometry *truth = dump_image_geometry(&fixture->image);
	uint8_t sector[512];

	dump_create(fixture, &options);
	for (uint64_t group = truth->groups - 4; group < truth->groups; group++)
		zero_imd(fixture, group, 1);
	dump_image_read_imd(&fixture->image, 18, 1, sector);
	dump_image_put(&fixture->image, sector, sizeof(sector), csum_layout_imd_offset(truth, 10, 1));
	carve(fixture, fixture->image.path, NULL);
	assert_true(carved.known && !carved.end_known);
	assert_int_equal(carved.geometry.data_sectors, truth->data_sectors);
}

/* One imd sector, and the image in the journal that it was written from, cannot show where the volume is. */
static void test_too_few(void **state)
{
	struct dump_fixture *fixture = *state;
	uint8_t sector[512];

	dump_create(fixture, &dump_small);
	for (uint64_t n = 1; n < 2 * dump_image_geometry(&fixture->image)->groups; n++)
		zero_imd(fixture, n / 2, (int)(n % 2));
	dump_image_read_imd(&fixture->image, 0, 0, sector);
	dump_image_put(&fixture->image, sector, sizeof(sector), CSUM_JOURNAL_OFFSET + CSUM_BLOCK_SIZE);
	carve(fixture, fixture->image.path, NULL);
	assert_int_equal(carved.candidates, 2);
	assert_int_equal(carved.fitting, 0);
	assert_false(carved.known);

	/* With the other copy of the group there is enough. */
	dump_image_write_imd(&fixture->image, 0, 1, 3, sector);
	carve(fixture, fixture->image.path, NULL);
	assert_int_equal(carved.fitting, 3);
	assert_true(carved.known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scattered_clusters, set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_single_run, set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_external_group, set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_false_end, set_up, dump_tear_down),
		cmocka_unit_test_setup_teardown(test_too_few, set_up, dump_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
