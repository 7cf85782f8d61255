/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "support/bytes.h"
#include "support/guard_volume.h"

static struct guard_volume *const g = &guard_volume;

enum { FIRST = 65536, SIZE = 4096 };
#define SECOND (64 * MIB)

static void seal(uint8_t *at)
{
	put_le(at, 4, csum_checksum(CSUM_CRC32C, at + 32, SIZE - 32));
}

/* Makes a superblock for a device of that size. */
static void put_btrfs(uint8_t *at, uint64_t device_size, uint64_t generation)
{
	memset(at, 0, SIZE);
	memcpy(at + 0x40, "_BHRfS_M", 8);
	put_le(at + 0x48, 8, generation);
	/* The size of all devices. */
	put_le(at + 0x70, 8, UINT64_C(1) << 40);
	put_le(at + 0xd1, 8, device_size);
	fill_random(at + 0x500, 0x1000 - 0x500, generation + 1);
	fill_random(at + 0x20, 16, generation + 2);
	seal(at);
}

/* Puts both copies on a disk of 65 MiB, of which little is written. */
static void fill_both(void)
{
	guard_volume_resize(65 * MIB, 512);
	put_btrfs(g->content + FIRST, 3 * MIB, 1);
	put_btrfs(g->content + SECOND, 3 * MIB, 1);
	guard_volume_fill_but(3 * MIB, SECOND - 3 * MIB);
}

static void change(uint64_t offset, uint64_t generation)
{
	uint8_t superblock[SIZE];

	put_btrfs(superblock, 3 * MIB, generation);
	guard_volume_poke(offset, superblock, SIZE);
}

/* One of several devices covers its own size. */
static void test_2_untouched_one_device_of_two(void **state)
{
	(void)state;
	put_btrfs(g->content + FIRST, 3 * MIB, 1);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(3 * MIB - 1), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(3 * MIB), CSUM_COVER_NONE);
}

static void test_mounted(void **state)
{
	(void)state;
	put_btrfs(g->content + FIRST, 3 * MIB, 1);
	guard_volume_fill();
	change(FIRST, 2);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("the btrfs at 0 was written to");
}

/* Only the generation and the checksum have changed. */
static void test_near(void **state)
{
	uint8_t superblock[SIZE];

	(void)state;
	put_btrfs(g->content + FIRST, 3 * MIB, 1);
	guard_volume_fill();
	memcpy(superblock, g->content + FIRST, SIZE);
	superblock[0x600] ^= 1;
	seal(superblock);
	guard_volume_poke(FIRST, superblock, SIZE);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

static void test_second_copy_changed(void **state)
{
	(void)state;
	fill_both();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	change(SECOND, 2);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
}

/* The first copy is gone. The second one vouches where the first is dead or near, not where it is new. */
static void test_first_copy_decayed(void **state)
{
	(void)state;
	fill_both();
	guard_volume_flip(FIRST + 0x700, 2);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_flip(FIRST + 0x700, 2);
	guard_volume_garble(FIRST + 0x800, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	guard_volume_poke(FIRST, g->content + FIRST, SIZE);
	g->dead_offset = FIRST;
	g->dead_size = SIZE;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	guard_volume_garble(SECOND, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* A second copy that outlived a write over the first one is no file system any more. */
static void test_only_a_left_over_copy(void **state)
{
	(void)state;
	guard_volume_resize(65 * MIB, 512);
	put_btrfs(g->content + SECOND, 65 * MIB, 1);
	guard_volume_fill_but(3 * MIB, SECOND - 3 * MIB);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	guard_volume_flip(FIRST + 5, 1);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

static void test_decayed(void **state)
{
	(void)state;
	put_btrfs(g->content + FIRST, 3 * MIB, 1);
	guard_volume_fill();
	guard_volume_garble(FIRST + 1024, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	guard_volume_garble(FIRST, SIZE);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
}

/* With a checksum other than CRC-32C the superblock is not asked before question 2, but has a record. */
static void test_other_checksum(void **state)
{
	uint8_t superblock[SIZE];

	(void)state;
	put_btrfs(g->content + FIRST, 3 * MIB, 1);
	put_le(g->content + FIRST + 0xc4, 2, 1);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	put_btrfs(superblock, 3 * MIB, 2);
	put_le(superblock + 0xc4, 2, 1);
	guard_volume_poke(FIRST, superblock, SIZE);
	g->facts.ours = true;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
}

static void test_hostile_size(void **state)
{
	(void)state;
	put_btrfs(g->content + FIRST, UINT64_MAX, 1);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(8 * MIB - 1), CSUM_COVER_RECORD);
}

static void test_real(void **state)
{
	(void)state;
	guard_volume_resize(24 * MIB, 4096);
	guard_volume_run("mkfs.btrfs -q -M %s");
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(20 * MIB), CSUM_COVER_RECORD);
	guard_volume_change("btrfs filesystem label %s others");
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("the btrfs at 0 was written to");
}

/* A btrfs of two devices: the first is the volume's data, and its superblock has the size of that device alone. */
static void test_2_real_two_devices(void **state)
{
	(void)state;
	guard_volume_resize(24 * MIB, 4096);
	guard_volume_run(
		"truncate -s 24M %1$s.2 && truncate -s 20M %1$s && mkfs.btrfs -q -f -M -d single -m single %1$s "
		"%1$s.2 && truncate -s 24M %1$s; s=$?; rm -f %1$s.2; exit $s");
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(20 * MIB - 4096), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(20 * MIB), CSUM_COVER_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guard_volume_test(test_2_untouched_one_device_of_two),
		guard_volume_test(test_mounted),
		guard_volume_test(test_near),
		guard_volume_test(test_second_copy_changed),
		guard_volume_test(test_first_copy_decayed),
		guard_volume_test(test_only_a_left_over_copy),
		guard_volume_test(test_decayed),
		guard_volume_test(test_other_checksum),
		guard_volume_test(test_hostile_size),
		guard_volume_test(test_real),
		guard_volume_test(test_2_real_two_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
