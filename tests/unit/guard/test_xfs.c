/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "support/bytes.h"
#include "support/guard_volume.h"

static struct guard_volume *const g = &guard_volume;

/* A hand-made XFS: 3 groups of 2 MiB in 8 MiB, sectors of 512 bytes, the log in group 1. */
enum { BLOCK = 4096, GROUP_BLOCKS = 512, GROUPS = 3, SECTOR = 512, LOG_BLOCKS = 400 };
#define GROUP_BYTES ((uint64_t)GROUP_BLOCKS * BLOCK)
#define LOG_AT (GROUP_BYTES + 16 * BLOCK)
#define LOG_BYTES ((uint64_t)LOG_BLOCKS * BLOCK)

static void put_be(uint8_t *at, int size, uint64_t value)
{
	for (int i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static void seal(uint8_t *at, int checksum_at)
{
	put_le(at + checksum_at, 4, 0);
	put_le(at + checksum_at, 4, csum_checksum(CSUM_CRC32C, at, SECTOR));
}

static void put_superblock(uint8_t *at, uint64_t seed)
{
	memset(at, 0, SECTOR);
	memcpy(at, "XFSB", 4);
	put_be(at + 4, 4, BLOCK);
	put_be(at + 8, 8, GROUPS * GROUP_BLOCKS);
	fill_random(at + 32, 16, seed);
	put_be(at + 48, 8, 1 << 9 | 16);
	put_be(at + 84, 4, GROUP_BLOCKS);
	put_be(at + 88, 4, GROUPS);
	put_be(at + 96, 4, LOG_BLOCKS);
	put_be(at + 100, 2, 0xb4a5);
	put_be(at + 102, 2, SECTOR);
	at[120] = 12;
	at[121] = 9;
	at[124] = 9;
	seal(at, 224);
}

/* Headers 1 ... 3: AGF, AGI, AGFL. */
static void put_header(uint8_t *at, int header, uint64_t seed)
{
	static const char *const magics[] = { "", "XAGF", "XAGI", "XAFL" };
	static const int checksums[] = { 224, 216, 312, 32 };

	memset(at, 0, SECTOR);
	memcpy(at, magics[header], 4);
	fill_random(at + 48, 100, seed);
	seal(at, checksums[header]);
}

static void put_xfs(void)
{
	for (int group = 0; group < GROUPS; group++) {
		uint8_t *at = g->content + (uint64_t)group * GROUP_BYTES;

		put_superblock(at, 1);
		for (int header = 1; header <= 3; header++)
			put_header(at + header * SECTOR, header, (uint64_t)group * 10 + (uint64_t)header);
	}
}

static void fill_with_xfs(void)
{
	put_xfs();
	guard_volume_fill();
}

static void reset(uint64_t offset, size_t size)
{
	guard_volume_poke(offset, g->content + offset, size);
}

static void test_untouched(void **state)
{
	(void)state;
	fill_with_xfs();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(6 * MIB - 1), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(6 * MIB), CSUM_COVER_NONE);
}

static void test_superblock(void **state)
{
	uint8_t sector[SECTOR];

	(void)state;
	fill_with_xfs();
	put_superblock(sector, 2);
	guard_volume_poke(0, sector, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("the superblock of the xfs at 0 was written");
	/* The copy of the superblock in another group is no witness. */
	reset(0, SECTOR);
	guard_volume_poke(GROUP_BYTES, sector, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
}

static void test_headers(void **state)
{
	uint8_t sector[SECTOR];

	(void)state;
	fill_with_xfs();
	for (int header = 1; header <= 3; header++) {
		uint64_t offset = (uint64_t)(header - 1) * GROUP_BYTES + (uint64_t)header * SECTOR;

		put_header(sector, header, 99);
		guard_volume_poke(offset, sector, SECTOR);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
		assert_reason("a group header of the xfs at 0 was written");
		/* With a wrong checksum of its own the header has decayed. */
		sector[60] ^= 0xff;
		guard_volume_poke(offset, sector, SECTOR);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
		reset(offset, SECTOR);
	}
}

/* Half of the headers vouch for the file system, fewer do not. */
static void test_half_of_the_headers(void **state)
{
	(void)state;
	fill_with_xfs();
	guard_volume_garble(SECTOR, 3 * SECTOR);
	guard_volume_garble(GROUP_BYTES + SECTOR, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_garble(GROUP_BYTES + 2 * SECTOR, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* A near superblock is put right in memory, and vouches; a new one does not. */
static void test_superblock_decayed(void **state)
{
	uint8_t sector[SECTOR];

	(void)state;
	fill_with_xfs();
	guard_volume_flip(84, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	put_header(sector, 1, 99);
	guard_volume_poke(SECTOR, sector, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	reset(SECTOR, SECTOR);
	guard_volume_garble(0, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* Where the superblock is dead the second one shows the rest, if the file system fills its place with equal groups. */
static void test_superblock_dead(void **state)
{
	uint8_t sector[SECTOR];

	(void)state;
	guard_volume_resize(6 * MIB, 512);
	fill_with_xfs();
	g->dead_size = SECTOR;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(3 * MIB), CSUM_COVER_RECORD);
	put_header(sector, 2, 99);
	guard_volume_poke(2 * GROUP_BYTES + 2 * SECTOR, sector, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* ------------------------------------------------------------------ the log */

/* Stamps `count` sectors as a mounted XFS would, with a record in sector `record` of them (-1: none). */
static void stamp(uint64_t offset, int count, int record)
{
	for (int i = 0; i < count; i++) {
		uint8_t sector[SECTOR];

		memcpy(sector, g->content + offset + i * SECTOR, SECTOR);
		put_be(sector, 4, 0x1234);
		if (i == record) {
			fill_random(sector, SECTOR, offset);
			memcpy(sector, "\xfe\xed\xba\xbe", 4);
		}
		guard_volume_poke(offset + (uint64_t)i * SECTOR, sector, SECTOR);
	}
}

static void test_log(void **state)
{
	(void)state;
	fill_with_xfs();
	g->depth = CSUM_GUARD_SCAN;
	stamp(LOG_AT + 100 * SECTOR, 8, 7);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("the log of the xfs at 0 was written");
	/* One sector fewer, or no record in them, is no witness. */
	reset(LOG_AT + 100 * SECTOR, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	stamp(LOG_AT + 100 * SECTOR, 8, -1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	/* A record beside the sectors is none in them. */
	stamp(LOG_AT + 109 * SECTOR, 1, 0);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	stamp(LOG_AT + 108 * SECTOR, 2, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* Near sectors in the log are no reason to distrust it; 8 new ones in a row are. */
static void test_log_without_record(void **state)
{
	(void)state;
	fill_with_xfs();
	g->depth = CSUM_GUARD_SCAN;
	for (int i = 0; i < 20; i++)
		guard_volume_flip(LOG_AT + (uint64_t)i * SECTOR, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_garble(LOG_AT + LOG_BYTES - 7 * SECTOR, 7 * SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_garble(LOG_AT + LOG_BYTES - 8 * SECTOR, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* Sectors from elsewhere, put into the log by a disk that writes to the wrong place. */
static void test_log_known(void **state)
{
	(void)state;
	put_xfs();
	memcpy(g->content + 7 * MIB, "\xfe\xed\xba\xbe", 4);
	guard_volume_fill();
	g->depth = CSUM_GUARD_SCAN;
	guard_volume_poke(LOG_AT + 10 * SECTOR, g->content + 7 * MIB, 16 * SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
}

/* Zeroed or dead sectors are decay. */
static void test_log_blank(void **state)
{
	static const uint8_t zeros[64 * SECTOR];

	(void)state;
	fill_with_xfs();
	g->depth = CSUM_GUARD_SCAN;
	guard_volume_poke(LOG_AT, zeros, sizeof(zeros));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	reset(LOG_AT, sizeof(zeros));
	stamp(LOG_AT, 64, 5);
	g->dead_offset = LOG_AT;
	g->dead_size = 64 * SECTOR;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
}

/* An opening reads the log from the place of the last write on, and past its end. */
static void test_log_at_an_opening(void **state)
{
	(void)state;
	guard_volume_resize(16 * MIB, 512);
	put_superblock(g->content, 1);
	/* Two groups of 6 MiB, with 5 MiB of log in the second. */
	put_be(g->content + 8, 8, 3072);
	put_be(g->content + 84, 4, 1536);
	put_be(g->content + 88, 4, 2);
	put_be(g->content + 96, 4, 1280);
	put_be(g->content + 48, 8, 1 << 11 | 16);
	g->content[124] = 11;
	put_be(g->content + 240, 8, UINT64_C(7) << 32 | 10000);
	seal(g->content, 224);
	for (int i = 0; i < 6; i++)
		put_header(g->content + (i / 3) * 6 * MIB + (i % 3 + 1) * SECTOR, i % 3 + 1, (uint64_t)i);
	guard_volume_fill();
	g->depth = CSUM_GUARD_OPENING;
	/* The opening reads 4608 blocks from block 10000 of 10240 on; this one lies behind them. */
	stamp(6 * MIB + 16 * BLOCK + 5000 * SECTOR, 8, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	stamp(6 * MIB + 16 * BLOCK + 4300 * SECTOR, 8, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	reset(6 * MIB + 16 * BLOCK + 4300 * SECTOR, 8 * SECTOR);
	stamp(6 * MIB + 16 * BLOCK + 10200 * SECTOR, 8, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	reset(6 * MIB + 16 * BLOCK + 10200 * SECTOR, 8 * SECTOR);
	g->depth = CSUM_GUARD_SCAN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* With its log on another device, an XFS is written in place without a trace here. */
static void test_2_log_elsewhere(void **state)
{
	(void)state;
	put_xfs();
	put_be(g->content + 48, 8, 0);
	seal(g->content, 224);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* ------------------------------------------------------------------ others */

/* Version 4 has no checksums: it has a record, but is no witness before question 2. */
static void test_version_4(void **state)
{
	uint8_t sector[SECTOR];

	(void)state;
	put_xfs();
	put_be(g->content + 100, 2, 0xb4a4);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	g->facts.ours = true;
	put_header(sector, 1, 99);
	guard_volume_poke(SECTOR, sector, SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
}

/* S = 4096: one sector has all four structures of a group. */
static void test_large_sectors(void **state)
{
	uint8_t sector[SECTOR];

	(void)state;
	guard_volume_resize(8 * MIB, 4096);
	fill_with_xfs();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_flip(3000, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_flip(3000, 1);
	put_header(sector, 2, 99);
	guard_volume_poke(2 * GROUP_BYTES + 2 * SECTOR, sector, SECTOR);
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
		put_xfs();
		put_be(g->content + cases[i].at, cases[i].size, cases[i].value);
		seal(g->content, 224);
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
	fill_with_xfs();
	g->depth = CSUM_GUARD_SCAN;
	for (int i = 0; i < 200; i++) {
		uint8_t sector[SECTOR];

		put_superblock(sector, 2);
		for (uint64_t n = next_random(&random) % 4 + 1; n > 0; n--) {
			const int *field = fields[next_random(&random) % (sizeof(fields) / sizeof(fields[0]))];

			put_be(sector + field[0], field[1], UINT64_MAX >> next_random(&random) % 64);
		}
		seal(sector, 224);
		guard_volume_poke(0, sector, SECTOR);
		guard_volume_ask();
	}
}

/* Billions of the smallest groups: only a few are looked at, those inside the data, and all of them match. */
static void test_many_groups(void **state)
{
	(void)state;
	put_xfs();
	put_be(g->content + 4, 4, 512);
	put_be(g->content + 84, 4, 64);
	put_be(g->content + 8, 8, (uint64_t)UINT32_MAX * 64);
	put_be(g->content + 88, 4, UINT32_MAX);
	put_be(g->content + 96, 4, 8);
	seal(g->content, 224);
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

static void test_2_real_log_elsewhere(void **state)
{
	(void)state;
	guard_volume_resize(32 * MIB, 4096);
	guard_volume_run(
		"truncate -s 32M %1$s.log && mkfs.xfs -q -f -l logdev=%1$s.log %1$s; s=$?; rm -f %1$s.log; exit $s");
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
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
		guard_volume_test(test_log),
		guard_volume_test(test_log_without_record),
		guard_volume_test(test_log_known),
		guard_volume_test(test_log_blank),
		guard_volume_test(test_log_at_an_opening),
		guard_volume_test(test_2_log_elsewhere),
		guard_volume_test(test_version_4),
		guard_volume_test(test_large_sectors),
		guard_volume_test(test_hostile),
		guard_volume_test(test_any_fields),
		guard_volume_test(test_many_groups),
		guard_volume_test(test_real),
		guard_volume_test(test_real_with_large_sectors),
		guard_volume_test(test_2_real_log_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
