/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log of an XFS as a witness. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/xfs_volume.h"

static struct guard_volume *const g = &guard_volume;

/* Others stamp `count` sectors from there on, and write a record in the one at `record` (-1: none). */
static void stamp(uint64_t offset, int count, int record)
{
	for (int i = 0; i < count; i++) {
		uint8_t sector[XFS_SECTOR];

		memcpy(sector, g->content + offset + i * XFS_SECTOR, XFS_SECTOR);
		xfs_put_be(sector, 4, 0x1234);
		if (i == record) {
			fill_random(sector, XFS_SECTOR, offset);
			memcpy(sector, "\xfe\xed\xba\xbe", 4);
		}
		guard_volume_poke(offset + (uint64_t)i * XFS_SECTOR, sector, XFS_SECTOR);
	}
}

static void test_log(void **state)
{
	(void)state;
	xfs_fill();
	g->depth = CSUM_GUARD_SCAN;
	stamp(XFS_LOG_AT + 100 * XFS_SECTOR, 8, 7);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("the log of the xfs at 0 was written");
	/* One sector less, or no record in them. */
	xfs_reset(XFS_LOG_AT + 100 * XFS_SECTOR, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	stamp(XFS_LOG_AT + 100 * XFS_SECTOR, 8, -1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	/* A record beside them. */
	stamp(XFS_LOG_AT + 109 * XFS_SECTOR, 1, 0);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	stamp(XFS_LOG_AT + 108 * XFS_SECTOR, 2, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* Near sectors in the log are no reason to distrust it; 8 new ones in a row are. */
static void test_log_without_record(void **state)
{
	(void)state;
	xfs_fill();
	g->depth = CSUM_GUARD_SCAN;
	for (int i = 0; i < 20; i++)
		guard_volume_flip(XFS_LOG_AT + (uint64_t)i * XFS_SECTOR, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_garble(XFS_LOG_AT + XFS_LOG_BYTES - 7 * XFS_SECTOR, 7 * XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_garble(XFS_LOG_AT + XFS_LOG_BYTES - 8 * XFS_SECTOR, XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* Sectors of elsewhere, moved into the log by a disk that writes to the wrong place. */
static void test_log_known(void **state)
{
	(void)state;
	xfs_put();
	memcpy(g->content + 7 * MIB, "\xfe\xed\xba\xbe", 4);
	guard_volume_fill();
	g->depth = CSUM_GUARD_SCAN;
	guard_volume_poke(XFS_LOG_AT + 10 * XFS_SECTOR, g->content + 7 * MIB, 16 * XFS_SECTOR);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
}

/* Zeroed, or dead: decay. */
static void test_log_blank(void **state)
{
	static const uint8_t zeros[64 * XFS_SECTOR];

	(void)state;
	xfs_fill();
	g->depth = CSUM_GUARD_SCAN;
	guard_volume_poke(XFS_LOG_AT, zeros, sizeof(zeros));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	xfs_reset(XFS_LOG_AT, sizeof(zeros));
	stamp(XFS_LOG_AT, 64, 5);
	g->dead_offset = XFS_LOG_AT;
	g->dead_size = 64 * XFS_SECTOR;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
}

/* An opening reads on from where it was written last, around its end. */
static void test_log_at_an_opening(void **state)
{
	(void)state;
	guard_volume_resize(16 * MIB, 512);
	xfs_put_superblock(g->content, 1);
	/* Two groups of 6 MiB, and 5 MiB of log in the second. */
	xfs_put_be(g->content + 8, 8, 3072);
	xfs_put_be(g->content + 84, 4, 1536);
	xfs_put_be(g->content + 88, 4, 2);
	xfs_put_be(g->content + 96, 4, 1280);
	xfs_put_be(g->content + 48, 8, 1 << 11 | 16);
	g->content[124] = 11;
	xfs_put_be(g->content + 240, 8, UINT64_C(7) << 32 | 10000);
	xfs_seal(g->content, 224);
	for (int i = 0; i < 6; i++)
		xfs_put_header(g->content + (i / 3) * 6 * MIB + (i % 3 + 1) * XFS_SECTOR, i % 3 + 1, (uint64_t)i);
	guard_volume_fill();
	g->depth = CSUM_GUARD_OPENING;
	/* Behind the part: from block 10000 of 10240 on, 4608 blocks. */
	stamp(6 * MIB + 16 * XFS_BLOCK + 5000 * XFS_SECTOR, 8, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	stamp(6 * MIB + 16 * XFS_BLOCK + 4300 * XFS_SECTOR, 8, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	xfs_reset(6 * MIB + 16 * XFS_BLOCK + 4300 * XFS_SECTOR, 8 * XFS_SECTOR);
	stamp(6 * MIB + 16 * XFS_BLOCK + 10200 * XFS_SECTOR, 8, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	xfs_reset(6 * MIB + 16 * XFS_BLOCK + 10200 * XFS_SECTOR, 8 * XFS_SECTOR);
	g->depth = CSUM_GUARD_SCAN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* Its log elsewhere, it is written in place without a trace of it here. */
static void test_2_log_elsewhere(void **state)
{
	(void)state;
	xfs_put();
	xfs_put_be(g->content + 48, 8, 0);
	xfs_seal(g->content, 224);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
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
		guard_volume_test(test_log),
		guard_volume_test(test_log_without_record),
		guard_volume_test(test_log_known),
		guard_volume_test(test_log_blank),
		guard_volume_test(test_log_at_an_opening),
		guard_volume_test(test_2_log_elsewhere),
		guard_volume_test(test_2_real_log_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
