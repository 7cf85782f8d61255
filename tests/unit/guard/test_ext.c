/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/guard_volume.h"

static struct guard_volume *const g = &guard_volume;

/* Makes random data with an ext superblock. */
static void fill_with_ext(uint64_t blocks)
{
	put_ext(g->content + 1024, blocks, 1);
	guard_volume_fill();
}

static void change_superblock(uint32_t word)
{
	uint8_t superblock[1024];

	put_ext(superblock, 4096, word);
	guard_volume_poke(1024, superblock, sizeof(superblock));
}

static void test_untouched(void **state)
{
	(void)state;
	fill_with_ext(4096);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_string_equal(csum_guard_reason(g->guard), "");
	/* The 4096 blocks of 1 KiB that it claims are under its record, and not a sector more. */
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(4 * MIB - 1), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(4 * MIB), CSUM_COVER_NONE);
}

static void test_mounted(void **state)
{
	(void)state;
	fill_with_ext(4096);
	change_superblock(0x7fffffff);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("ext4 at 0 was mounted 2038-01-19 03:14");
	assert_int_equal(guard_volume_cover(4 * MIB), CSUM_COVER_HELD);
}

/* The superblock is also asked where question 2 says yes. */
static void test_mounted_while_ours(void **state)
{
	(void)state;
	g->facts.ours = true;
	fill_with_ext(4096);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_ALL);
	change_superblock(2);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("ext4 at 0 was written to");
}

/* A counter changed by few bits, and the checksum with it: the content is near, and still a witness. */
static void test_near(void **state)
{
	uint8_t superblock[1024];

	(void)state;
	fill_with_ext(4096);
	memcpy(superblock, g->content + 1024, sizeof(superblock));
	superblock[0x34] ^= 1;
	seal_ext(superblock);
	guard_volume_poke(1024, superblock, sizeof(superblock));
	/* One bit differs in the first sector, and the checksum in the second: both may be near. */
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* Decay: bits, zeros, garbage; none of them fits the superblock's own checksum. */
static void test_decayed(void **state)
{
	static const uint8_t zeros[1024];

	(void)state;
	fill_with_ext(4096);
	guard_volume_flip(1024 + 0x34, 3);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	guard_volume_garble(1024, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	guard_volume_poke(1024, zeros, sizeof(zeros));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

static void test_dead(void **state)
{
	(void)state;
	fill_with_ext(4096);
	g->dead_offset = 1024;
	g->dead_size = 512;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* A write that went to the wrong place leaves the content of other sectors, right in itself. */
static void test_known(void **state)
{
	uint8_t superblock[1024];

	(void)state;
	put_ext(g->content + 3 * MIB, 4096, 9);
	fill_with_ext(4096);
	memcpy(superblock, g->content + 3 * MIB, sizeof(superblock));
	guard_volume_poke(1024, superblock, sizeof(superblock));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	assert_int_equal(g->recorder.notes > 0, true);
	/* With one more bit changed no other sector has this content. */
	superblock[0x200] ^= 1;
	seal_ext(superblock);
	guard_volume_poke(1024, superblock, sizeof(superblock));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* With 32 bits no content is known, and none near. */
static void test_known_with_32_bits(void **state)
{
	(void)state;
	g->type = CSUM_CRC32C;
	put_ext(g->content + 3 * MIB, 4096, 9);
	fill_with_ext(4096);
	guard_volume_poke(1024, g->content + 3 * MIB, 1024);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* S = 4096: few wrong bits beside the superblock do not show that it was changed; a new sector does. */
static void test_beside(void **state)
{
	(void)state;
	guard_volume_resize(8 * MIB, 4096);
	fill_with_ext(4096);
	guard_volume_flip(100, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(8192), CSUM_COVER_NONE);
	guard_volume_flip(100, 1);
	guard_volume_flip(1024 + 0x34, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	guard_volume_flip(1024 + 0x34, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(8192), CSUM_COVER_RECORD);
	change_superblock(2);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* A file system of which this volume wrote only a part. */
static void test_unwritten(void **state)
{
	uint8_t superblock[1024];

	(void)state;
	put_ext(g->content + 1024, 4096, 1);
	guard_volume_fill_but(1024, 1024);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	put_ext(superblock, 4096, 3);
	guard_volume_poke(1024, superblock, sizeof(superblock));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
}

/* Half of the superblock is unwritten: the other half is evidence, as the superblock's checksum covers both. */
static void test_half_written(void **state)
{
	(void)state;
	put_ext(g->content + 1024, 4096, 1);
	guard_volume_fill_but(1536, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	change_superblock(3);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* Without a checksum of its own the superblock is no witness in question 1, but it has a record. */
static void test_without_checksum(void **state)
{
	(void)state;
	put_ext(g->content + 1024, 4096, 1);
	put_le(g->content + 1024 + 0x64, 4, 0);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	g->facts.ours = true;
	guard_volume_garble(1024 + 0x280, 16);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
}

/* Sizes that no disk has are clipped, or cover nothing. */
static void test_hostile(void **state)
{
	static const struct {
		uint64_t blocks, log, high;
		uint64_t covered; /* MiB */
	} cases[] = {
		{ UINT32_MAX, 0, 0, 8 }, { UINT32_MAX, 6, UINT32_MAX, 8 },
		{ 4, 7, 0, 0 },		 { 4, UINT32_MAX, 0, 0 },
		{ 0, 0, 0, 0 },		 { 0, 0, 1, 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *superblock = g->content + 1024;

		put_ext(superblock, cases[i].blocks, 1);
		put_le(superblock + 0x18, 4, cases[i].log);
		put_le(superblock + 0x60, 4, 0x80);
		put_le(superblock + 0x150, 4, cases[i].high);
		seal_ext(superblock);
		guard_volume_fill();
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		assert_int_equal(guard_volume_cover(0), cases[i].covered ? CSUM_COVER_RECORD : CSUM_COVER_NONE);
		assert_int_equal(guard_volume_cover(8 * MIB - 1),
				 cases[i].covered ? CSUM_COVER_RECORD : CSUM_COVER_NONE);
		guard_volume_close();
		assert_int_equal(remove(g->data), 0);
		assert_int_equal(remove(g->metadata), 0);
	}
}

static void test_tiny_disk(void **state)
{
	(void)state;
	guard_volume_resize(1536, 512);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* Superblocks made by mkfs and changed by its tools. */
static void test_real(void **state)
{
	(void)state;
	guard_volume_run("mkfs.ext4 -q -F %s");
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(8 * MIB - 1), CSUM_COVER_RECORD);
	guard_volume_change("tune2fs -L others %s");
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("ext4 at 0 was written to");
}

static void test_real_with_fsck(void **state)
{
	(void)state;
	guard_volume_run("mkfs.ext4 -q -F -O 64bit -b 4096 %s");
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(8 * MIB - 1), CSUM_COVER_RECORD);
	guard_volume_change("e2fsck -fy %s || [ $? -le 1 ]");
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* ext2 and ext3 have no checksum, but they have a record. */
static void test_real_ext2(void **state)
{
	(void)state;
	guard_volume_run("mkfs.ext2 -q -F %s");
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_record("ext2", 0);
	guard_volume_change("tune2fs -L others -c 5 -C 3 -M /where/it/was/mounted %s");
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("ext2 file system at 0 has changed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guard_volume_test(test_untouched),
		guard_volume_test(test_mounted),
		guard_volume_test(test_mounted_while_ours),
		guard_volume_test(test_near),
		guard_volume_test(test_decayed),
		guard_volume_test(test_dead),
		guard_volume_test(test_known),
		guard_volume_test(test_known_with_32_bits),
		guard_volume_test(test_beside),
		guard_volume_test(test_unwritten),
		guard_volume_test(test_half_written),
		guard_volume_test(test_without_checksum),
		guard_volume_test(test_hostile),
		guard_volume_test(test_tiny_disk),
		guard_volume_test(test_real),
		guard_volume_test(test_real_with_fsck),
		guard_volume_test(test_real_ext2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
