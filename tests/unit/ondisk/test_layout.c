/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout compared with worked examples. test_layout_model.c compares it with a model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

#define MIB (UINT64_C(1) << 20)
#define FRAME (MIB + 65536) /* of a metadata device: everything but the clusters */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The place of a data sector, and of the copies of its group's imd sector; data_offset 0 ends a list (internal). */
struct place {
	uint64_t data_sector, data_offset, imd_offset[2];
};

struct example {
	bool external;
	uint64_t size; /* of the data device, when external; data_sectors 0: refused */
	uint32_t sector_size, interleave;
	uint64_t data_sectors, groups;
	struct place places[6];
};

static const struct example examples[] = {
	{ .size = 1115136, .sector_size = 512, .interleave = 2048 },
	{ .size = 1118208, .sector_size = 512, .interleave = 2048, .data_sectors = 6, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1052160 } },
		{ 3, 1050624, { 1048576, 1052160 } },
		{ 5, 1051648, { 1048576, 1052160 } },
	  } },
	{ .size = 1123004, .sector_size = 512, .interleave = 1, .data_sectors = 14, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1056256 } },
		{ 7, 1052672, { 1048576, 1056256 } },
		{ 13, 1055744, { 1048576, 1056256 } },
	  } },
	{ .size = 1146880, .sector_size = 512, .interleave = 1, .data_sectors = 62, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1080832 } },
		{ 31, 1064960, { 1048576, 1080832 } },
		{ 61, 1080320, { 1048576, 1080832 } },
	  } },
	{ .size = 1147904, .sector_size = 512, .interleave = 2, .data_sectors = 62, .groups = 1,
	  .places = {
		{ 0, 1049088, { 1048576, 1080832 } },
		{ 31, 1064960, { 1048576, 1080832 } },
		{ 61, 1080320, { 1048576, 1080832 } },
	  } },
	{ .size = 1150976, .sector_size = 512, .interleave = 2, .data_sectors = 68, .groups = 2,
	  .places = {
		{ 0, 1049600, { 1048576, 1084416 } },
		{ 34, 1067008, { 1048576, 1084416 } },
		{ 61, 1080832, { 1048576, 1084416 } },
		{ 62, 1081344, { 1049088, 1084928 } },
		{ 67, 1083904, { 1049088, 1084928 } },
	  } },
	{ .size = 1290240, .sector_size = 512, .interleave = 2, .data_sectors = 332, .groups = 6,
	  .places = {
		{ 0, 1049600, { 1048576, 1113088 } },
		{ 61, 1080832, { 1048576, 1113088 } },
		{ 62, 1081344, { 1049088, 1113600 } },
		{ 124, 1115136, { 1114112, 1178624 } },
		{ 166, 1136640, { 1114112, 1178624 } },
		{ 331, 1223168, { 1180160, 1224192 } },
	  } },
	{ .size = 1122304, .sector_size = 4096, .interleave = 32 },
	{ .size = 1126400, .sector_size = 4096, .interleave = 32, .data_sectors = 1, .groups = 1,
	  .places = {
		{ 0, 1052672, { 1048576, 1056768 } },
	  } },
	{ .size = 7413760, .sector_size = 4096, .interleave = 2, .data_sectors = 1530, .groups = 3,
	  .places = {
		{ 0, 1056768, { 1048576, 5234688 } },
		{ 509, 3141632, { 1048576, 5234688 } },
		{ 510, 3145728, { 1052672, 5238784 } },
		{ 765, 4190208, { 1052672, 5238784 } },
		{ 1020, 5246976, { 5242880, 7335936 } },
		{ 1529, 7331840, { 5242880, 7335936 } },
	  } },
	{ .size = 7417856, .sector_size = 4096, .interleave = 2, .data_sectors = 1531, .groups = 4,
	  .places = {
		{ 0, 1056768, { 1048576, 5234688 } },
		{ 509, 3141632, { 1048576, 5234688 } },
		{ 510, 3145728, { 1052672, 5238784 } },
		{ 765, 4190208, { 1052672, 5238784 } },
		{ 1020, 5251072, { 5242880, 7344128 } },
		{ 1530, 7340032, { 5246976, 7348224 } },
	  } },
	{ .size = 1000000000, .sector_size = 512, .interleave = 2048, .data_sectors = 1889976, .groups = 30484,
	  .places = {
		{ 0, 2097152, { 1048576, 67108864 } },
		{ 61, 2128384, { 1048576, 67108864 } },
		{ 62, 2128896, { 1049088, 67109376 } },
		{ 126976, 69206016, { 68157440, 134217728 } },
		{ 944988, 500611072, { 471273984, 537334272 } },
		{ 1889975, 999003648, { 941499904, 999931392 } },
	  } },
	{ .size = 1000000000, .sector_size = 4096, .interleave = 32, .data_sectors = 242914, .groups = 477,
	  .places = {
		{ 0, 1179648, { 1048576, 68026368 } },
		{ 509, 3264512, { 1048576, 68026368 } },
		{ 510, 3268608, { 1052672, 68030464 } },
		{ 16320, 68288512, { 68157440, 135135232 } },
		{ 121457, 500502528, { 470867968, 537845760 } },
		{ 242913, 999809024, { 940687360, 999927808 } },
	  } },
	{ .size = UINT64_C(20000000000000), .sector_size = 4096, .interleave = 32, .data_sectors = UINT64_C(4863738742), .groups = 9536743,
	  .places = {
		{ 0, 1179648, { 1048576, 68026368 } },
		{ 509, 3264512, { 1048576, 68026368 } },
		{ 510, 3268608, { 1052672, 68030464 } },
		{ 16320, 68288512, { 68157440, 135135232 } },
		{ UINT64_C(2431869371), UINT64_C(10000000462848), { UINT64_C(9999960059904), UINT64_C(10000027037696) } },
		{ UINT64_C(4863738741), UINT64_C(19999999901696), { UINT64_C(19999986049024), UINT64_C(19999999930368) } },
	  } },
	{ .size = UINT64_C(20000000000000), .sector_size = 512, .interleave = 2048, .data_sectors = UINT64_C(37841794766), .groups = 610351529,
	  .places = {
		{ 0, 2097152, { 1048576, 67108864 } },
		{ 61, 2128384, { 1048576, 67108864 } },
		{ 62, 2128896, { 1049088, 67109376 } },
		{ 126976, 69206016, { 68157440, 134217728 } },
		{ UINT64_C(18920897383), UINT64_C(10000000273920), { UINT64_C(9999960614912), UINT64_C(10000026675200) } },
		{ UINT64_C(37841794765), UINT64_C(19999999716352), { UINT64_C(19999986241536), UINT64_C(19999999933952) } },
	  } },
	{ .external = true, .size = 10000000, .sector_size = 512, .interleave = 3, .data_sectors = 19531, .groups = 316,
	  .places = {
		{ 0, 0, { 1048576, 1050112 } },
		{ 61, 31232, { 1048576, 1050112 } },
		{ 62, 31744, { 1049088, 1050624 } },
		{ 186, 95232, { 1051648, 1053184 } },
		{ 9765, 4999680, { 1208832, 1210368 } },
		{ 19530, 9999360, { 1371136, 1371648 } },
	  } },
	{ .external = true, .size = 1000000512, .sector_size = 4096, .interleave = 32, .data_sectors = 244140, .groups = 479,
	  .places = {
		{ 0, 0, { 1048576, 1179648 } },
		{ 509, 2084864, { 1048576, 1179648 } },
		{ 510, 2088960, { 1052672, 1183744 } },
		{ 16320, 66846720, { 1310720, 1441792 } },
		{ 122070, 499998720, { 2945024, 3076096 } },
		{ 244139, 999993344, { 4841472, 4968448 } },
	  } },
};

static int derive_example(const struct example *example, struct csum_geometry *geometry)
{
	uint64_t metadata_bytes = example->size;

	if (example->external)
		assert_int_equal(csum_layout_device_bytes(example->sector_size, example->interleave, true,
							  example->data_sectors, &metadata_bytes),
				 0);
	return csum_layout_derive(example->sector_size, example->interleave, example->external, metadata_bytes,
				  example->external ? example->size : 0, geometry);
}

static void check_example(const struct example *example)
{
	struct csum_geometry geometry;
	int error = derive_example(example, &geometry);

	if (example->data_sectors == 0) {
		assert_int_equal(error, -ENOSPC);
		return;
	}
	assert_int_equal(error, 0);
	assert_int_equal(geometry.data_sectors, example->data_sectors);
	assert_int_equal(geometry.groups, example->groups);
	for (size_t i = 0; i < COUNT(example->places) && example->places[i].imd_offset[0]; i++) {
		const struct place *place = &example->places[i];
		uint64_t group = csum_layout_group_of(&geometry, place->data_sector);

		assert_int_equal(csum_layout_data_offset(&geometry, place->data_sector), place->data_offset);
		for (int copy = 0; copy < 2; copy++)
			assert_int_equal(csum_layout_imd_offset(&geometry, group, copy), place->imd_offset[copy]);
	}
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++)
		check_example(&examples[i]);
}

/* The rest of a size that is not a whole number of blocks is not used. */
static void test_odd_bytes_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct example odd = examples[i];

		odd.size = odd.external ? odd.size / odd.sector_size * odd.sector_size + odd.sector_size - 1 :
					  odd.size / 4096 * 4096 + 4095;
		check_example(&odd);
	}
}

static void test_derived_fields(void **state)
{
	struct csum_geometry geometry;

	(void)state;
	assert_int_equal(csum_layout_derive(512, 2, false, 1290240 + 5, 12345, &geometry), 0);
	assert_int_equal(geometry.sector_size, 512);
	assert_int_equal(geometry.interleave, 2);
	assert_int_equal(geometry.sectors_per_group, 62);
	assert_false(geometry.external);
	assert_int_equal(geometry.clusters, 3);
	assert_int_equal(geometry.metadata_device_bytes, 1290240 + 5);
	assert_int_equal(geometry.data_device_bytes, 0);
	assert_int_equal(csum_layout_derive(4096, 5, true, FRAME + 8 * MIB, 4096 * 511 + 7, &geometry), 0);
	assert_int_equal(geometry.sectors_per_group, 510);
	assert_true(geometry.external);
	assert_int_equal(geometry.groups, 2);
	assert_int_equal(geometry.clusters, 1);
	assert_int_equal(geometry.metadata_device_bytes, FRAME + 8 * MIB);
	assert_int_equal(geometry.data_device_bytes, 4096 * 511 + 7);
}

static void test_default_interleave(void **state)
{
	(void)state;
	assert_int_equal(csum_layout_default_interleave(512), 2048);
	assert_int_equal(csum_layout_default_interleave(4096), 32);
}

static void test_refused_parameters(void **state)
{
	static const uint32_t sector_sizes[] = { 0, 1, 3, 256, 511, 513, 1024, 2048, 4095, 8192, UINT32_MAX };
	static const uint32_t interleaves[] = { 0, 65537, 1u << 31, UINT32_MAX };
	struct csum_geometry geometry;
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT(sector_sizes); i++) {
		assert_false(csum_layout_sector_size_ok(sector_sizes[i]));
		assert_int_equal(csum_layout_derive(sector_sizes[i], 1, false, 64 * MIB, 0, &geometry), -EINVAL);
		assert_int_equal(csum_layout_device_bytes(sector_sizes[i], 1, false, 1, &bytes), -EINVAL);
	}
	for (size_t i = 0; i < COUNT(interleaves); i++) {
		assert_false(csum_layout_interleave_ok(interleaves[i]));
		assert_int_equal(csum_layout_derive(512, interleaves[i], false, 64 * MIB, 0, &geometry), -EINVAL);
		assert_int_equal(csum_layout_device_bytes(512, interleaves[i], true, 1, &bytes), -EINVAL);
	}
	assert_true(csum_layout_interleave_ok(1));
	assert_true(csum_layout_interleave_ok(65536));
	assert_int_equal(csum_layout_derive(4096, 65536, false, 64 * MIB, 0, &geometry), 0);
}

static void test_refused_sizes(void **state)
{
	const uint64_t past = UINT64_C(1) << 63;
	struct csum_geometry geometry, before;

	(void)state;
	assert_int_equal(csum_layout_derive(512, 3, false, 1290240, 0, &geometry), 0);
	before = geometry;
	for (uint64_t size = 0; size < FRAME; size += 65535)
		assert_int_equal(csum_layout_derive(512, 1, false, size, 0, &geometry), -ENOSPC);
	assert_int_equal(csum_layout_derive(512, 1, false, FRAME + 4095, 0, &geometry), -ENOSPC);
	assert_int_equal(csum_layout_derive(512, 1, true, MIB, 512, &geometry), -ENOSPC);
	assert_int_equal(csum_layout_derive(512, 1, true, FRAME, 512, &geometry), -ENOSPC);
	assert_int_equal(csum_layout_derive(512, 1, true, 64 * MIB, 0, &geometry), -ENOSPC);
	assert_int_equal(csum_layout_derive(512, 1, true, 64 * MIB, 511, &geometry), -ENOSPC);
	assert_int_equal(csum_layout_derive(512, 1, false, past, 0, &geometry), -EFBIG);
	assert_int_equal(csum_layout_derive(512, 1, false, UINT64_MAX, 0, &geometry), -EFBIG);
	assert_int_equal(csum_layout_derive(512, 1, true, 64 * MIB, past, &geometry), -EFBIG);
	assert_int_equal(csum_layout_derive(4096, 1, true, UINT64_MAX, UINT64_MAX, &geometry), -EFBIG);
	assert_memory_equal(&geometry, &before, sizeof(geometry));
}

/* One imd sector too few, and just enough. */
static void test_external_metadata_must_fit(void **state)
{
	struct csum_geometry geometry;

	(void)state;
	for (uint64_t groups = 1; groups < 100; groups++) {
		uint64_t fits = FRAME + groups * 2 * 4096;

		assert_int_equal(csum_layout_derive(4096, 7, true, fits, groups * 510 * 4096, &geometry), 0);
		assert_int_equal(geometry.groups, groups);
		assert_int_equal(csum_layout_derive(4096, 7, true, fits - 1, groups * 510 * 4096, &geometry), -ENOSPC);
		assert_int_equal(csum_layout_derive(4096, 7, true, fits, (groups * 510 + 1) * 4096, &geometry),
				 -ENOSPC);
	}
}

static uint64_t held(uint32_t sector_size, bool external, uint64_t metadata_bytes, uint64_t data_sectors)
{
	struct csum_geometry geometry;
	int error = csum_layout_derive(sector_size, 3, external, metadata_bytes, data_sectors * sector_size, &geometry);

	if (error) {
		assert_int_equal(error, -ENOSPC);
		return 0;
	}
	return geometry.data_sectors;
}

/* csum_layout_device_bytes() returns a size that is enough, and one block less is not. */
static void check_smallest(uint32_t sector_size, bool external, uint64_t data_sectors)
{
	uint64_t bytes;

	assert_int_equal(csum_layout_device_bytes(sector_size, 3, external, data_sectors, &bytes), 0);
	assert_int_equal(bytes % 4096, 0);
	assert_true(held(sector_size, external, bytes, data_sectors) >= data_sectors);
	assert_true(held(sector_size, external, bytes - 1, data_sectors) < data_sectors);
}

static void test_smallest_device(void **state)
{
	static const uint64_t many[] = { 1000000, UINT64_C(4863738742), UINT64_C(37841794766), UINT64_C(1) << 49 };
	uint64_t bytes = 7;

	(void)state;
	for (uint32_t sector_size = 512; sector_size <= 4096; sector_size *= 8) {
		for (int external = 0; external < 2; external++) {
			for (uint64_t data_sectors = 1; data_sectors < 3000; data_sectors++)
				check_smallest(sector_size, external, data_sectors);
			for (size_t i = 0; i < COUNT(many); i++)
				check_smallest(sector_size, external, many[i]);
			assert_true(csum_layout_device_bytes(sector_size, 3, external, 0, &bytes) < 0);
		}
	}
	assert_int_equal(bytes, 7);
}

/* Up to the last byte of 2^63 - 1, in both directions. */
static void test_largest_device(void **state)
{
	struct csum_geometry geometry;
	uint64_t last, bytes;

	(void)state;
	for (uint32_t sector_size = 512; sector_size <= 4096; sector_size *= 8) {
		assert_int_equal(csum_layout_derive(sector_size, 65536, false, INT64_MAX, 0, &geometry), 0);
		last = geometry.groups - 1;
		assert_true(csum_layout_imd_offset(&geometry, last, 1) + sector_size <= INT64_MAX - 65536);
		assert_true(csum_layout_imd_offset(&geometry, last, 1) + 4096 > (uint64_t)INT64_MAX - 65536 - 2 * 4096);
		assert_int_equal(csum_layout_data_offset(&geometry, geometry.data_sectors - 1),
				 csum_layout_imd_offset(&geometry, last / 65536 * 65536, 1) - sector_size);
		assert_int_equal(csum_layout_device_bytes(sector_size, 65536, false, geometry.data_sectors, &bytes), 0);
		assert_true(bytes <= INT64_MAX && bytes > INT64_MAX - 2 * 4096);
		assert_int_equal(csum_layout_device_bytes(sector_size, 65536, false, geometry.data_sectors + 8, &bytes),
				 -EFBIG);
	}
}

static void test_largest_external(void **state)
{
	const uint64_t data_bytes = INT64_MAX;
	struct csum_geometry geometry;
	uint64_t bytes;

	(void)state;
	assert_int_equal(csum_layout_device_bytes(4096, 32, true, data_bytes / 4096, &bytes), 0);
	assert_int_equal(csum_layout_derive(4096, 32, true, bytes, data_bytes, &geometry), 0);
	assert_int_equal(geometry.data_sectors, data_bytes / 4096);
	assert_int_equal(csum_layout_data_offset(&geometry, geometry.data_sectors - 1), data_bytes - 8191);
	assert_int_equal(csum_layout_imd_offset(&geometry, geometry.groups - 1, 1), bytes - 65536 - 4096);
	assert_int_equal(csum_layout_derive(4096, 32, true, bytes - 1, data_bytes, &geometry), -ENOSPC);
}

static void test_overflowing_sector_counts(void **state)
{
	static const uint64_t counts[] = { UINT64_C(1) << 51, UINT64_C(1) << 54,   UINT64_C(1) << 55, UINT64_C(1) << 60,
					   UINT64_C(1) << 63, UINT64_MAX - 100000, UINT64_MAX };
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		assert_int_equal(csum_layout_device_bytes(4096, 1, false, counts[i], &bytes), -EFBIG);
		assert_int_equal(csum_layout_device_bytes(4096, 1, true, counts[i], &bytes), -EFBIG);
		if (i > 0)
			assert_int_equal(csum_layout_device_bytes(512, 1, false, counts[i], &bytes), -EFBIG);
	}
}

static void test_backup_offset(void **state)
{
	(void)state;
	assert_int_equal(csum_layout_backup_offset(65536), 0);
	assert_int_equal(csum_layout_backup_offset(FRAME), MIB);
	assert_int_equal(csum_layout_backup_offset(FRAME + 4095), MIB);
	assert_int_equal(csum_layout_backup_offset(FRAME + 4096), MIB + 4096);
	assert_int_equal(csum_layout_backup_offset(UINT64_C(20000000000000)), UINT64_C(19999999934464));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_odd_bytes_change_nothing),
		cmocka_unit_test(test_derived_fields),
		cmocka_unit_test(test_default_interleave),
		cmocka_unit_test(test_refused_parameters),
		cmocka_unit_test(test_refused_sizes),
		cmocka_unit_test(test_external_metadata_must_fit),
		cmocka_unit_test(test_smallest_device),
		cmocka_unit_test(test_largest_device),
		cmocka_unit_test(test_largest_external),
		cmocka_unit_test(test_overflowing_sector_counts),
		cmocka_unit_test(test_backup_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
