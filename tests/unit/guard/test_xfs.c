/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/xfs_volume.h"

static struct guard_volume *const g = &guard_volume;

static void test_untouched(void **state)
{
	(void)state;
	xfs_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(6 * MIB - 1), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(6 * MIB), CSUM_COVER_NONE);
}

static void test_superblock(void **state)
{
	uint8_t sector[XFS_SECTOR];

	(void)state;
	xfs_fill();
	xfs_put_superblock(sector, 2);
	guard_volume_poke(0, sector, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("the superblock of the xfs at 0 was written");
	/* The copy of the superblock in another group is no witness. */
	xfs_reset(0, XFS_SECTOR);
	guard_volume_poke(XFS_GROUP_BYTES, sector, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
}

static void test_headers(void **state)
{
	uint8_t sector[XFS_SECTOR];

	(void)state;
	xfs_fill();
	for (int header = 1; header <= 3; header++) {
		uint64_t offset = (uint64_t)(header - 1) * XFS_GROUP_BYTES + (uint64_t)header * XFS_SECTOR;

		xfs_put_header(sector, header, 99);
		guard_volume_poke(offset, sector, XFS_SECTOR);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
		assert_reason("a group header of the xfs at 0 was written");
		/* With a wrong checksum of its own the header has decayed. */
		sector[60] ^= 0xff;
		guard_volume_poke(offset, sector, XFS_SECTOR);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
		xfs_reset(offset, XFS_SECTOR);
	}
}

/* Half of the headers vouch for the file system, fewer do not. */
static void test_half_of_the_headers(void **state)
{
	(void)state;
	xfs_fill();
	guard_volume_garble(XFS_SECTOR, 3 * XFS_SECTOR);
	guard_volume_garble(XFS_GROUP_BYTES + XFS_SECTOR, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_garble(XFS_GROUP_BYTES + 2 * XFS_SECTOR, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* A near superblock is put right in memory, and vouches; a new one does not. */
static void test_superblock_decayed(void **state)
{
	uint8_t sector[XFS_SECTOR];

	(void)state;
	xfs_fill();
	guard_volume_flip(84, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	xfs_put_header(sector, 1, 99);
	guard_volume_poke(XFS_SECTOR, sector, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	xfs_reset(XFS_SECTOR, XFS_SECTOR);
	guard_volume_garble(0, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* Where the superblock is dead the second one shows the rest, if the file system fills its place with equal groups. */
static void test_superblock_dead(void **state)
{
	uint8_t sector[XFS_SECTOR];

	(void)state;
	guard_volume_resize(6 * MIB, 512);
	xfs_fill();
	g->dead_size = XFS_SECTOR;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(3 * MIB), CSUM_COVER_RECORD);
	xfs_put_header(sector, 2, 99);
	guard_volume_poke(2 * XFS_GROUP_BYTES + 2 * XFS_SECTOR, sector, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* ------------------------------------------------------------------ others */

/* Version 4 has no checksums: it has a record, but is no witness before question 2. */
static void test_version_4(void **state)
{
	uint8_t sector[XFS_SECTOR];

	(void)state;
	xfs_put();
	xfs_put_be(g->content + 100, 2, 0xb4a4);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	g->facts.ours = true;
	xfs_put_header(sector, 1, 99);
	guard_volume_poke(XFS_SECTOR, sector, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
}

/* S = 4096: one sector has all four structures of a group. */
static void test_large_sectors(void **state)
{
	uint8_t sector[XFS_SECTOR];

	(void)state;
	guard_volume_resize(8 * MIB, 4096);
	xfs_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_flip(3000, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_flip(3000, 1);
	xfs_put_header(sector, 2, 99);
	guard_volume_poke(2 * XFS_GROUP_BYTES + 2 * XFS_SECTOR, sector, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* Fields that would lead far away, or nowhere. */
static void test_hostile(void **state)
{
	static const struct {
		int at, size;
		uint64_t value;
	} cases[] = {
		{ 4, 4, 0 },	       { 4, 4, 5000 },	      { 4, 4, 1 << 20 },
		{ 8, 8, 0 },	       { 8, 8, UINT64_MAX },  { 8, 8, UINT64_C(1) << 50 },
		{ 84, 4, 0 },	       { 84, 4, 1 },	      { 84, 4, UINT32_MAX },
		{ 88, 4, 0 },	       { 88, 4, UINT32_MAX }, { 96, 4, 0 },
		{ 96, 4, UINT32_MAX }, { 102, 2, 0 },	      { 102, 2, 513 },
		{ 102, 2, 0x8000 },    { 124, 1, 0 },	      { 124, 1, 64 },
		{ 124, 1, 255 },       { 48, 8, UINT64_MAX }, { 48, 8, 1 << 9 | 511 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		xfs_put();
		xfs_put_be(g->content + cases[i].at, cases[i].size, cases[i].value);
		xfs_seal(g->content, 224);
		guard_volume_fill();
		g->depth = CSUM_GUARD_SCAN;
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		assert_int_equal(guard_volume_cover(4 * MIB), CSUM_COVER_NONE);
		guard_volume_close();
		assert_int_equal(remove(g->data), 0);
		assert_int_equal(remove(g->metadata), 0);
	}
}

/* Valid superblocks of others with any numbers in them: the guard always ends. */
static void test_any_fields(void **state)
{
	static const int fields[][2] = { { 4, 4 },  { 8, 8 },	{ 48, 8 },  { 84, 4 },	{ 88, 4 },
					 { 96, 4 }, { 100, 2 }, { 102, 2 }, { 124, 1 }, { 240, 8 } };
	uint64_t random = 99;

	(void)state;
	xfs_fill();
	g->depth = CSUM_GUARD_SCAN;
	for (int i = 0; i < 200; i++) {
		uint8_t sector[XFS_SECTOR];

		xfs_put_superblock(sector, 2);
		for (uint64_t n = next_random(&random) % 4 + 1; n > 0; n--) {
			const int *field = fields[next_random(&random) % (sizeof(fields) / sizeof(fields[0]))];

			xfs_put_be(sector + field[0], field[1], UINT64_MAX >> next_random(&random) % 64);
		}
		xfs_seal(sector, 224);
		guard_volume_poke(0, sector, XFS_SECTOR);
		guard_volume_ask();
	}
}

/* Billions of the smallest groups: only a few are looked at, those inside the data, and all of them match. */
static void test_many_groups(void **state)
{
	(void)state;
	xfs_put();
	xfs_put_be(g->content + 4, 4, 512);
	xfs_put_be(g->content + 84, 4, 64);
	xfs_put_be(g->content + 8, 8, (uint64_t)UINT32_MAX * 64);
	xfs_put_be(g->content + 88, 4, UINT32_MAX);
	xfs_put_be(g->content + 96, 4, 8);
	xfs_seal(g->content, 224);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(8 * MIB - 1), CSUM_COVER_RECORD);
}

static void test_real(void **state)
{
	(void)state;
	guard_volume_resize(32 * MIB, 512);
	guard_volume_run("mkfs.xfs -q -f -d agcount=2 %s");
	guard_volume_fill();
	g->depth = CSUM_GUARD_SCAN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(32 * MIB - 1), CSUM_COVER_RECORD);
	guard_volume_change("xfs_admin -L others %s");
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("of the xfs at 0 was written");
}

static void test_real_with_large_sectors(void **state)
{
	(void)state;
	guard_volume_resize(32 * MIB, 4096);
	guard_volume_run("mkfs.xfs -q -f -s size=4096 -d agcount=2 %s");
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_flip(100, 2);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_flip(100, 2);
	guard_volume_change("xfs_db -x -c 'agf 1' -c 'write freeblks 2900' %s");
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("a group header");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guard_volume_test(test_untouched),
		guard_volume_test(test_superblock),
		guard_volume_test(test_headers),
		guard_volume_test(test_half_of_the_headers),
		guard_volume_test(test_superblock_decayed),
		guard_volume_test(test_superblock_dead),
		guard_volume_test(test_version_4),
		guard_volume_test(test_large_sectors),
		guard_volume_test(test_hostile),
		guard_volume_test(test_any_fields),
		guard_volume_test(test_many_groups),
		guard_volume_test(test_real),
		guard_volume_test(test_real_with_large_sectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
