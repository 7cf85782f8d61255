/* SPDX-License-Identifier: GPL-2.0-or-later */
/* csum_dump() without superblocks: results of carving, compared with the volume that was there. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "carve/carve.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "support/bytes.h"
#include "support/device_helpers.h"
#include "support/dump_image.h"

struct fixture {
	char *directory;
	struct recorder recorder;
	struct dump_image image;
	struct csum_dump_options options;
	/* counts of callbacks */
	int geometries;
	struct csum_carved_geometry carved;
	uint64_t candidates, fitting, misplaced, leftovers; /* leftovers: not fitting, but copies of another volume */
	uint64_t groups, valid_groups, last_group, good, bad;
	struct csum_geometry geometry;
	uint64_t stop_after; /* ends after so many candidates; 0: never */
};

static int take_carved(void *user, const struct csum_carved *carved)
{
	struct fixture *fixture = user;
	const struct csum_geometry *geometry = dump_image_geometry(&fixture->image);

	assert_int_equal(fixture->geometries, 0);
	fixture->candidates++;
	if (carved->fits) {
		fixture->fitting++;
		assert_int_equal(carved->sector_size, geometry->sector_size);
		if (csum_layout_imd_offset(geometry, carved->group, carved->copy) != carved->device_offset_bytes)
			fixture->misplaced++;
	} else if (carved->copy >= 0) {
		fixture->leftovers++;
	}
	return fixture->candidates == fixture->stop_after ? -EPIPE : 1;
}

static int take_geometry(void *user, const struct csum_carved_geometry *geometry)
{
	struct fixture *fixture = user;

	assert_int_equal(fixture->groups, 0);
	fixture->geometries++;
	fixture->carved = *geometry;
	return 1;
}

static int take_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	struct fixture *fixture = user;

	assert_int_equal(fixture->geometries, 1);
	fixture->geometry = *geometry;
	fixture->groups++;
	fixture->valid_groups += !group->differ;
	fixture->last_group = group->group;
	for (uint32_t i = 0; i < group->sector_count; i++) {
		fixture->good += group->data[i] == CSUM_DATA_GOOD;
		fixture->bad += group->data[i] >= CSUM_DATA_OLDER;
	}
	return 0;
}

static int refuse_info(void *user, const struct csum_volume_info *info)
{
	(void)user;
	(void)info;
	fail_msg("there is no superblock to show");
	return 0;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->directory = temporary_directory();
	fixture->options = (struct csum_dump_options){
		.group_count = CSUM_TO_END,
		.length_bytes = CSUM_TO_END,
		.info = refuse_info,
		.carved = take_carved,
		.carved_geometry = take_geometry,
		.group = take_group,
		.user = fixture,
	};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->image.path)
		dump_image_close(&fixture->image);
	temporary_remove(fixture->directory);
	free(fixture);
	return 0;
}

static int dump(struct fixture *fixture, const char *data, const char *metadata)
{
	recorder_init(&fixture->recorder);
	fixture->geometries = 0;
	fixture->candidates = fixture->fitting = fixture->misplaced = fixture->leftovers = 0;
	fixture->groups = fixture->valid_groups = fixture->last_group = fixture->good = fixture->bad = 0;
	memset(&fixture->carved, 0, sizeof(fixture->carved));
	return csum_dump(&fixture->recorder.handlers, data, metadata, &fixture->options);
}

static void dump_image(struct fixture *fixture)
{
	const char *data = fixture->image.data_path;

	assert_int_equal(dump(fixture, data ? data : fixture->image.path, data ? fixture->image.path : NULL), 0);
	assert_int_equal(fixture->recorder.errors, 0);
	assert_int_equal(fixture->geometries, 1);
	assert_true(fixture->carved.known);
	assert_int_equal(fixture->carved.candidates, fixture->candidates);
	assert_int_equal(fixture->carved.fitting, fixture->fitting);
	assert_int_equal(fixture->carved.seed_state, fixture->image.seed_state);
}

/* Compares everything except the sizes of devices, and K where a single cluster does not show it. */
static void check_geometry(const struct fixture *fixture)
{
	const struct csum_geometry *truth = dump_image_geometry(&fixture->image);
	const struct csum_geometry *carved = &fixture->carved.geometry;

	assert_int_equal(carved->sector_size, truth->sector_size);
	assert_int_equal(carved->external, truth->external);
	assert_int_equal(carved->data_sectors, truth->data_sectors);
	assert_int_equal(carved->groups, truth->groups);
	assert_int_equal(fixture->carved.interleave_known, truth->clusters > 1);
	if (truth->clusters > 1)
		assert_int_equal(carved->interleave, truth->interleave);
	assert_true(fixture->carved.end_known);
}

static void create(struct fixture *fixture, const struct dump_image_options *options)
{
	dump_image_create(&fixture->image, fixture->directory, "image", options);
}

static void discard(struct fixture *fixture)
{
	unlink(fixture->image.path);
	dump_image_close(&fixture->image);
}

/* ------------------------------------------------------------------ whole volumes */

static const struct dump_image_options volumes[] = {
	/* S, K, bytes, data bytes, type, seed. Internal: one cluster; several, the last full or short */
	{ 512, 0, 1310720, 0, CSUM_CRC64, 1 },
	{ 512, 0, 1118208, 0, CSUM_CRC32, 2 },
	{ 512, 1, 1310720, 0, CSUM_CRC32C, 3 },
	{ 512, 1, 1300000, 0, CSUM_CRC32C, 3 },
	{ 512, 2, 1290240, 0, CSUM_CRC64, 4 },
	{ 512, 4, 1900001, 0, CSUM_CRC32, 5 },
	{ 512, 7, 9000000, 0, CSUM_CRC64, 6 },
	{ 512, 0, 140000000, 0, CSUM_CRC64, 7 },
	{ 4096, 0, 9 << 20, 0, CSUM_CRC64, 8 },
	{ 4096, 1, 9 << 20, 0, CSUM_CRC32, 9 },
	{ 4096, 2, 7413760, 0, CSUM_CRC32C, 10 },
	{ 4096, 2, 7417856, 0, CSUM_CRC64, 11 },
	{ 4096, 0, 300000000, 0, CSUM_CRC64, 12 },
	/* external */
	{ 512, 0, 2 << 20, 1000000, CSUM_CRC64, 13 },
	{ 512, 3, 2 << 20, 10000000, CSUM_CRC32, 14 },
	{ 512, 1, 2 << 20, 5000000, CSUM_CRC32C, 15 },
	{ 512, 5, 2 << 20, 5 * 62 * 512 * 4, CSUM_CRC64, 16 },
	{ 4096, 2, 2 << 20, 9 << 20, CSUM_CRC64, 17 },
	{ 4096, 0, 8 << 20, 1000000512, CSUM_CRC32C, 18 },
};

static void check_volume(struct fixture *fixture, const struct dump_image_options *options)
{
	const struct csum_geometry *truth = dump_image_geometry(&fixture->image);
	uint64_t last;

	create(fixture, options);
	last = truth->data_sectors - 1;
	dump_image_write(&fixture->image, last / 2, 1);
	dump_image_write(&fixture->image, last, 1);
	dump_image_void_superblocks(&fixture->image);
	dump_image(fixture);
	check_geometry(fixture);
	assert_int_equal(fixture->candidates, 2 * truth->groups);
	assert_int_equal(fixture->fitting, fixture->candidates);
	assert_int_equal(fixture->misplaced, 0);
	assert_int_equal(fixture->carved.checksum_bits, options->checksum_type == CSUM_CRC64 ? 64 : 32);
	assert_int_equal(fixture->groups, truth->groups);
	assert_int_equal(fixture->valid_groups, truth->groups);
	assert_int_equal(fixture->good, last > 0 ? 2 : 1);
	assert_int_equal(fixture->bad, 0);
}

static void test_volumes(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.read_data = true;
	for (size_t i = 0; i < sizeof(volumes) / sizeof(volumes[0]); i++) {
		check_volume(fixture, &volumes[i]);
		discard(fixture);
	}
}

static const struct dump_image_options internal_512 = { 512, 4, 1900001, 0, CSUM_CRC32, 5 };
static const struct dump_image_options external_512 = { 512, 3, 2 << 20, 10000000, CSUM_CRC32, 14 };

/* Without its data device the length of the last group is unknown. */
static void test_external_alone(void **state)
{
	struct fixture *fixture = *state;
	const struct csum_geometry *truth = dump_image_geometry(&fixture->image);

	create(fixture, &external_512);
	dump_image_void_superblocks(&fixture->image);
	assert_int_equal(dump(fixture, fixture->image.path, NULL), 0);
	assert_true(fixture->carved.known && fixture->carved.end_known && fixture->carved.geometry.external);
	assert_int_equal(fixture->carved.geometry.interleave, 3);
	assert_int_equal(fixture->carved.geometry.groups, truth->groups);
	assert_int_equal(fixture->carved.geometry.data_sectors, truth->groups * 62);
	assert_int_equal(fixture->valid_groups, truth->groups);

	fixture->options.read_data = true;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EINVAL);
	assert_one_error(&fixture->recorder, "data device");
}

/* Two of three imd sectors are gone, and one lies in the place of another. */
static void test_much_damage(void **state)
{
	struct fixture *fixture = *state;
	const struct csum_geometry *truth = dump_image_geometry(&fixture->image);
	static const struct dump_image_options options[] = { { 512, 7, 9000000, 0, CSUM_CRC64, 6 },
							     { 512, 3, 2 << 20, 10000000, CSUM_CRC32, 14 } };
	uint8_t sector[512];

	for (size_t i = 0; i < 2; i++) {
		create(fixture, &options[i]);
		for (uint64_t n = 0; n < 2 * truth->groups - 2; n++) {
			if (n % 3)
				dump_image_zero(&fixture->image, 512,
						csum_layout_imd_offset(truth, n / 2, (int)(n % 2)));
		}
		dump_image_read_imd(&fixture->image, 3, 0, sector);
		dump_image_put(&fixture->image, sector, 512, csum_layout_imd_offset(truth, 90, 1));
		dump_image_void_superblocks(&fixture->image);
		dump_image(fixture);
		check_geometry(fixture);
		assert_int_equal(fixture->misplaced, 1);
		discard(fixture);
	}
}

/* A new volume was made over an old one, whose imd sectors are still there where nothing was written since. */
static void test_leftovers(void **state)
{
	static const struct dump_image_options pairs[][2] = {
		{ { 512, 5, 9 << 20, 0, CSUM_CRC64, 1 }, { 4096, 1, 9 << 20, 0, CSUM_CRC64, 2 } },
		{ { 4096, 2, 9 << 20, 0, CSUM_CRC64, 1 }, { 512, 0, 9 << 20, 0, CSUM_CRC64, 2 } },
		{ { 512, 5, 9 << 20, 0, CSUM_CRC64, 1 }, { 512, 3, 9 << 20, 0, CSUM_CRC64, 2 } },
		{ { 512, 5, 9 << 20, 0, CSUM_CRC64, 1 }, { 512, 3, 9 << 20, 64 << 20, CSUM_CRC64, 2 } },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		create(fixture, &pairs[i][0]);
		dump_image_close(&fixture->image);
		create(fixture, &pairs[i][1]);
		dump_image_void_superblocks(&fixture->image);
		dump_image(fixture);
		check_geometry(fixture);
		assert_int_equal(fixture->fitting, 2 * dump_image_geometry(&fixture->image)->groups);
		assert_int_equal(fixture->misplaced, 0);
		assert_true(fixture->leftovers > 0);
		assert_int_equal(fixture->leftovers, fixture->candidates - fixture->fitting);
		discard(fixture);
	}
}

/* Images in the journal have the seed state of their volume, but do not show where groups lie. */
static void test_journal_image(void **state)
{
	struct fixture *fixture = *state;
	uint8_t sector[512];

	create(fixture, &internal_512);
	dump_image_read_imd(&fixture->image, 9, 1, sector);
	dump_image_put(&fixture->image, sector, 512, CSUM_JOURNAL_OFFSET + CSUM_BLOCK_SIZE);
	dump_image_void_superblocks(&fixture->image);
	dump_image(fixture);
	check_geometry(fixture);
	assert_int_equal(fixture->misplaced, 1);
	assert_int_equal(fixture->fitting, 2 * dump_image_geometry(&fixture->image)->groups + 1);
}

static void test_cut_short(void **state)
{
	struct fixture *fixture = *state;
	uint64_t cluster_bytes = UINT64_C(4) * 64 * 512;

	/* The third cluster has lost its copies 1, so only copies 0 show how many groups it has. */
	create(fixture, &internal_512);
	dump_image_void_superblocks(&fixture->image);
	assert_int_equal(truncate(fixture->image.path, (off_t)(CSUM_CLUSTERS_OFFSET + 2 * cluster_bytes + 100 * 512)),
			 0);
	dump_image(fixture);
	assert_false(fixture->carved.end_known);
	assert_int_equal(fixture->carved.geometry.interleave, 4);
	assert_int_equal(fixture->carved.geometry.groups, 12);
	assert_int_equal(fixture->groups, 12);
	assert_int_equal(fixture->valid_groups, 8);
}

/* Groups are shown even though this version refuses the superblock. */
static void test_refused_superblock(void **state)
{
	struct fixture *fixture = *state;
	struct dump_image damaged;

	create(fixture, &internal_512);
	damaged = fixture->image;
	damaged.superblock.version_major = 2;
	dump_image_write_superblock(&damaged, CSUM_SLOT_B, 9);
	dump_image(fixture);
	check_geometry(fixture);
	assert_int_equal(fixture->valid_groups, dump_image_geometry(&fixture->image)->groups);
	assert_non_null(strstr(fixture->recorder.last_warning, "version 2"));

	damaged.superblock.version_major = 1;
	damaged.superblock.geometry.interleave = 0;
	dump_image_write_superblock(&damaged, CSUM_SLOT_A, 10);
	dump_image(fixture);
	check_geometry(fixture);
	assert_non_null(strstr(fixture->recorder.last_warning, "interleave 0"));
}

/* With `carve` set, groups are shown only when some are asked for. */
static void test_explicit(void **state)
{
	struct fixture *fixture = *state;

	create(fixture, &internal_512);
	fixture->options.carve = true;
	dump_image(fixture);
	check_geometry(fixture);
	assert_int_equal(fixture->groups, 0);
	assert_int_equal(fixture->carved.checksum_bits, 0);
	fixture->options.first_group = 5;
	fixture->options.group_count = 2;
	dump_image(fixture);
	assert_int_equal(fixture->groups, 2);
	assert_int_equal(fixture->last_group, 6);
	fixture->options.first_group = UINT64_MAX - 1;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EINVAL);

	fixture->stop_after = 3;
	assert_int_equal(dump(fixture, fixture->image.path, NULL), -EPIPE);
	assert_int_equal(fixture->candidates, 3);
	assert_int_equal(fixture->geometries, 0);
}

static void put_at(const char *path, const void *bytes, size_t size, off_t offset)
{
	int descriptor = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(descriptor, bytes, size, offset), size);
	close(descriptor);
}

static void test_nothing_there(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture->directory, "blank");

	/* The file is mostly holes: reading all of it would take minutes. */
	put_image(path, (off_t)1 << 40);
	assert_int_equal(dump(fixture, path, NULL), -EINVAL);
	assert_one_error(&fixture->recorder, "no imd sectors");
	assert_int_equal(fixture->carved.candidates, 0);
	fixture->options.carve = true;
	assert_int_equal(dump(fixture, path, NULL), 0);
	assert_false(fixture->carved.known);
	/* The tail is shorter than a sector. */
	assert_int_equal(truncate(path, 0), 0);
	put_file(fixture->directory, "blank", "IMD1");
	assert_int_equal(dump(fixture, path, NULL), 0);
	assert_int_equal(fixture->candidates, 0);
	assert_int_equal(truncate(path, (1 << 20) + 700), 0);
	put_at(path, "IMD1", 4, (1 << 20) + 512);
	assert_int_equal(dump(fixture, path, NULL), 0);
	assert_int_equal(fixture->candidates, 1); /* the one at 0 */
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_volumes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_external_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_much_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leftovers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_journal_image, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_superblock, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_explicit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_there, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
