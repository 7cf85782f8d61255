/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard/place.h"
#include "support/bytes.h"
#include "support/guard_volume.h"

static struct guard_volume *const g = &guard_volume;

static bool undecided_allows(uint64_t offset)
{
	return csum_guard_permits_undecided(g->guard, offset / g->sector_size, CSUM_CLASS_NEAR, false);
}

/* ------------------------------------------------------------------ partition tables */

static void test_new_table(void **state)
{
	uint8_t sector[512];

	(void)state;
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	fill_random(sector, sizeof(sector), 4);
	put_mbr(sector, 2048, 4096, 0x83);
	guard_volume_poke(0, sector, sizeof(sector));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("dos partition table at 0 is new");
	assert_int_equal(guard_volume_cover(4 * MIB), CSUM_COVER_HELD);
	/* Garbage looks like some of these, so they are not asked where question 2 says yes. */
	g->facts.ours = true;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_DECAY);
}

static void test_new_gpt(void **state)
{
	(void)state;
	guard_volume_fill();
	guard_volume_change("printf 'label: gpt\\nstart=2048\\n' | sfdisk -q %s");
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("gpt partition table at 0 is new");
}

/* Few changed bits in the entries are an edit; elsewhere in the sector they are decay. */
static void test_edited_table(void **state)
{
	(void)state;
	for (uint32_t sector_size = 512; sector_size <= 4096; sector_size += 4096 - 512) {
		guard_volume_resize(8 * MIB, sector_size);
		put_mbr(g->content, 2048, 4096, 0x83);
		guard_volume_fill();
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		guard_volume_flip(446 + 4, 0);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
		assert_reason("the partition table at 0 has changed");
		guard_volume_flip(10, 0);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		guard_volume_flip(446 + 4, 0);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		guard_volume_flip(10, 0);
		guard_volume_flip(439, 7);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		guard_volume_flip(439, 7);
		/* With more than a few bits it is unknown which ones are wrong. */
		guard_volume_garble(446, 64);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
		/* Without the mark at its end the sector is garbage. */
		guard_volume_garble(0, 512);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		guard_volume_tear_down(NULL);
		guard_volume_set_up(NULL);
	}
}

/* ------------------------------------------------------------------ places */

/* A file system ends with its partition, primary or logical, whatever size it claims. */
static void test_partitions(void **state)
{
	uint8_t superblock[1024];

	(void)state;
	guard_volume_run(
		"printf 'label: dos\\nstart=2048,size=4096\\nstart=8192,size=8192,type=5\\nstart=10240,size=2048\\n' | "
		"sfdisk -q %s");
	put_ext(g->content + 1 * MIB + 1024, 100000, 1);
	put_ext(g->content + 5 * MIB + 1024, 100000, 2);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	assert_int_equal(guard_volume_cover(1 * MIB), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(3 * MIB - 1), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(3 * MIB), CSUM_COVER_NONE);
	assert_int_equal(guard_volume_cover(5 * MIB), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(6 * MIB - 1), CSUM_COVER_RECORD);
	assert_int_equal(guard_volume_cover(6 * MIB), CSUM_COVER_NONE);
	put_ext(superblock, 100000, 3);
	guard_volume_poke(5 * MIB + 1024, superblock, sizeof(superblock));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("ext4 at 5242880 was written to");
}

/* The table is gone, but the record says where to look. */
static void test_recorded_place(void **state)
{
	static const uint8_t zeros[512];
	uint8_t superblock[1024];

	(void)state;
	put_mbr(g->content, 2048, 4096, 0x83);
	put_ext(g->content + 1 * MIB + 1024, 100000, 1);
	guard_volume_fill();
	guard_volume_record("dos", 0);
	guard_volume_record("ext4", 1 * MIB);
	guard_volume_poke(0, zeros, sizeof(zeros));
	put_ext(superblock, 100000, 3);
	guard_volume_poke(1 * MIB + 1024, superblock, sizeof(superblock));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("ext4 at 1048576 was written to");
	memset(&g->record, 0, sizeof(g->record));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
}

/* A table with partitions everywhere and outside; records of impossible places. */
static void test_hostile_places(void **state)
{
	(void)state;
	guard_volume_run("{ echo label: gpt; for i in $(seq 100); do echo start=$((2048+i)),size=1; done; } | "
			 "sfdisk -q --no-reread %s");
	guard_volume_fill();
	guard_volume_record("ext4", UINT64_MAX);
	guard_volume_record("xfs", 8 * MIB);
	guard_volume_record("btrfs", 8 * MIB - 512);
	guard_volume_record("a type that nobody knows", 777);
	g->depth = CSUM_GUARD_SCAN;
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(4 * MIB), CSUM_COVER_NONE);
}

/* ------------------------------------------------------------------ signatures that outlive others */

static void assert_vouches_for_nothing(void)
{
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	for (uint64_t offset = 0; offset < g->size; offset += MIB)
		assert_int_equal(guard_volume_cover(offset), CSUM_COVER_NONE);
}

/* An ext4 superblock that outlived a partition table put over it is unchanged, but no longer vouches. */
static void test_2_ext4_under_a_table(void **state)
{
	(void)state;
	put_ext(g->content + 1024, 100000, 1);
	put_mbr(g->content, 2048, 4096, 7);
	guard_volume_fill();
	assert_vouches_for_nothing();
	/* The table is damaged, but was recorded. */
	guard_volume_record("dos", 0);
	guard_volume_garble(0, 512);
	assert_vouches_for_nothing();
}

static void test_2_ext4_under_a_raid(void **state)
{
	uint8_t *raid = g->content + 4096;

	(void)state;
	put_ext(g->content + 1024, 100000, 1);
	memset(raid, 0, 4096);
	put_le(raid, 4, 0xa92b4efc);
	put_le(raid + 4, 4, 1);
	put_le(raid + 144, 8, 8);
	memset(raid + 16, 7, 16);
	guard_volume_fill();
	assert_vouches_for_nothing();
	guard_volume_record("linux_raid_member", 0);
	guard_volume_garble(4096, 512);
	assert_vouches_for_nothing();
}

static void test_2_ext4_under_lvm(void **state)
{
	uint8_t *label = g->content + 512;

	(void)state;
	put_ext(g->content + 1024, 100000, 1);
	memset(label, 0, 512);
	memcpy(label, "LABELONE", 8);
	put_le(label + 8, 8, 1);
	put_le(label + 20, 4, 32);
	memcpy(label + 24, "LVM2 001", 8);
	memset(label + 32, 'a', 32);
	guard_volume_fill();
	assert_vouches_for_nothing();
}

static void test_2_ext4_under_zfs(void **state)
{
	(void)state;
	guard_volume_resize(72 * MIB, 4096);
	put_ext(g->content + 1024, 100000, 1);
	for (int label = 0; label < 2; label++) {
		for (int i = 0; i < 64; i++) {
			uint8_t *uberblock = g->content + ((label * 256 + 128) << 10) + (i << 10);

			memset(uberblock, 0, 1024);
			put_le(uberblock, 8, 0x00bab10c);
			put_le(uberblock + 8, 8, 5000);
		}
	}
	guard_volume_fill();
	assert_vouches_for_nothing();
}

/* Our own writes replaced the recorded file system: the present one vouches. */
static void test_replaced_by_ourselves(void **state)
{
	(void)state;
	put_ext(g->content + 1024, 4096, 1);
	guard_volume_fill();
	guard_volume_record("xfs", 0);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_RECORD);
	assert_true(undecided_allows(0));
	/* Where a sector of the present one is bad, this is unknown. */
	guard_volume_garble(0, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
	assert_false(undecided_allows(0));
}

/* An unreadable sector may be a table: then a file system vouches only where it was recorded. */
static void test_2_unreadable_place(void **state)
{
	struct csum_guard_places places = { .count = 0 };
	const struct csum_guard_place place = { .is_partial = true };

	(void)state;
	guard_volume_fill();
	guard_volume_ask();
	assert_true(csum_guard_is_shared(g->volume, &places, &place, "ext4"));
	guard_volume_record("ext3", 0);
	guard_volume_ask();
	assert_false(csum_guard_is_shared(g->volume, &places, &place, "ext4"));
	assert_true(csum_guard_is_shared(g->volume, &places, &place, "xfs"));
}

/* ------------------------------------------------------------------ FAT */

static void make_fat(const char *command)
{
	guard_volume_resize(40 * MIB, 512);
	guard_volume_run(command);
	guard_volume_record("vfat", 0);
	guard_volume_fill();
}

static void test_fat_mounted(void **state)
{
	static const struct {
		const char *command;
		uint64_t used;
	} cases[] = { { "mkfs.vfat -F 16 %s", 37 }, { "mkfs.vfat -F 32 -s 1 %s", 65 } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		make_fat(cases[i].command);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		assert_int_equal(guard_volume_cover(0), CSUM_COVER_NONE);
		guard_volume_flip(cases[i].used, 0);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
		assert_reason("the FAT at 0 has changed");
		/* Another byte changed, or one more. */
		guard_volume_flip(cases[i].used + 1, 0);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		guard_volume_flip(cases[i].used, 0);
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
		guard_volume_tear_down(NULL);
		guard_volume_set_up(NULL);
	}
}

/* Garbage in a FAT does not count as a mount. */
static void test_2_garbage_in_a_fat(void **state)
{
	(void)state;
	make_fat("mkfs.vfat -F 16 %s");
	guard_volume_garble(2048, 4096);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	/* Garbage in the boot sector counts as a change, while it is still a boot sector. */
	guard_volume_garble(70, 100);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("vfat file system at 0 has changed");
	guard_volume_garble(0, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_false(undecided_allows(0));
	assert_true(undecided_allows(512));
}

/* ------------------------------------------------------------------ others */

static void put_swap(uint8_t *at)
{
	memset(at, 0, 4096);
	put_le(at + 1024, 4, 1);
	put_le(at + 1028, 4, 2047);
	fill_random(at + 1036, 16, 3);
	memcpy(at + 4086, "SWAPSPACE2", 10);
}

static void test_new_swap(void **state)
{
	uint8_t swap[4096];

	(void)state;
	guard_volume_fill();
	put_swap(swap);
	guard_volume_poke(0, swap, sizeof(swap));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("swap signature at 0 is new");
}

/* A signature from before the first record does not become new when a bit beside its magic flips. */
static void test_old_swap_decayed(void **state)
{
	(void)state;
	put_swap(g->content);
	guard_volume_fill();
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	guard_volume_flip(4000, 3);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	guard_volume_record("swap", 0);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	guard_volume_garble(1040, 64);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
	assert_reason("swap signature at 0 has changed");
}

/* In a file system with its own checksum a wrong one means decay, recorded or not. */
static void test_own_checksum_wrong(void **state)
{
	(void)state;
	put_ext(g->content + 1024, 4096, 1);
	guard_volume_fill();
	guard_volume_garble(1024 + 0x300, 64);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
}

/* ------------------------------------------------------------------ wiped, gone */

static void test_wiped(void **state)
{
	static const struct {
		const char *make, *type;
		uint64_t size;
	} cases[] = {
		{ "mkfs.ext4 -q -F %s", "ext4", 8 * MIB },
		{ "mkfs.vfat -F 12 %s", "vfat", 8 * MIB },
		{ "mkfs.vfat -F 32 -s 1 %s", "vfat", 40 * MIB },
		{ "mkfs.xfs -q -f %s", "xfs", 24 * MIB },
		{ "mkfs.btrfs -q -M %s", "btrfs", 20 * MIB },
		{ "mkswap %s", "swap", 8 * MIB },
		{ "printf 'label: dos\\nstart=2048\\n' | sfdisk -q %s", "dos", 8 * MIB },
		{ "printf 'label: gpt\\nstart=2048\\n' | sfdisk -q %s", "gpt", 8 * MIB },
	};
	char clause[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Tried without a record too, as in volumes of older builds. */
		guard_volume_resize(cases[i].size, 4096);
		guard_volume_run(cases[i].make);
		guard_volume_fill();
		guard_volume_change("wipefs -q -a -f %s");
		assert_int_equal(guard_volume_ask(), CSUM_GUARD_REWRITTEN);
		snprintf(clause, sizeof(clause), "the signature of the %s at 0 was wiped", cases[i].type);
		assert_reason(clause);
		guard_volume_tear_down(NULL);
		guard_volume_set_up(NULL);
	}
}

/* A signature that is gone in another way: undecided, and its sectors are left even where others are not. */
static void test_gone(void **state)
{
	static const uint8_t zeros[4096];

	(void)state;
	put_swap(g->content);
	fill_random(g->content + 3700, 100, 5);
	guard_volume_fill();
	guard_volume_record("swap", 0);
	guard_volume_poke(0, zeros, sizeof(zeros));
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_false(undecided_allows(1024));
	assert_false(undecided_allows(4000));
	assert_true(undecided_allows(8192));
}

/* For a type whose magic may lie anywhere, sectors near both ends of its place are left. */
static void test_gone_of_unknown_type(void **state)
{
	(void)state;
	guard_volume_fill();
	guard_volume_record("zfs_member", 0);
	guard_volume_garble(100 * 1024, 512);
	assert_int_equal(guard_volume_ask(), CSUM_GUARD_BY_PLACE);
	assert_false(undecided_allows(0));
	assert_true(undecided_allows(4 * MIB));
	assert_false(undecided_allows(8 * MIB - 512));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		guard_volume_test(test_new_table),
		guard_volume_test(test_new_gpt),
		guard_volume_test(test_edited_table),
		guard_volume_test(test_partitions),
		guard_volume_test(test_recorded_place),
		guard_volume_test(test_hostile_places),
		guard_volume_test(test_2_ext4_under_a_table),
		guard_volume_test(test_2_ext4_under_a_raid),
		guard_volume_test(test_2_ext4_under_lvm),
		guard_volume_test(test_2_ext4_under_zfs),
		guard_volume_test(test_replaced_by_ourselves),
		guard_volume_test(test_2_unreadable_place),
		guard_volume_test(test_fat_mounted),
		guard_volume_test(test_2_garbage_in_a_fat),
		guard_volume_test(test_new_swap),
		guard_volume_test(test_old_swap_decayed),
		guard_volume_test(test_own_checksum_wrong),
		guard_volume_test(test_wiped),
		guard_volume_test(test_gone),
		guard_volume_test(test_gone_of_unknown_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
