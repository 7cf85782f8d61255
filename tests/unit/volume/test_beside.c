/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers beside a scrub: places that change between reads are read again; places that are bad for good count as bad. A
 * hook of the device in memory plays the scrub.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "support/bytes.h"
#include "support/scrub_volume.h"
#include "volume/super.h"

enum { GROUP = 1, SECTOR = 65, SLOT_SIZE = 4096 };

/* The scrub's action and its time: before read number `wait` that touches the sector (from 0 on). */
static struct {
	uint64_t offset_bytes; /* place whose reads are counted */
	int wait;
	void (*act)(void);
	int reads;
} scrub;

static void meanwhile(struct memory_disk *memory, const struct memory_disk_event *event)
{
	(void)memory;
	if (event->call != MEMORY_DISK_READ || event->offset_bytes > scrub.offset_bytes ||
	    event->offset_bytes + event->size <= scrub.offset_bytes)
		return;
	if (scrub.reads++ == scrub.wait)
		scrub.act();
}

static void nothing(void)
{
}

static void play(uint64_t offset_bytes, int wait, void (*act)(void))
{
	scrub.offset_bytes = offset_bytes;
	scrub.wait = wait;
	scrub.act = act;
	scrub.reads = 0;
	scrub_volume.data->meanwhile = meanwhile;
	scrub_volume.metadata->at_work = CSUM_SCRUB_AT_WORK;
}

static int set_up(void **state)
{
	scrub_volume_set_up(state);
	play(scrub_volume_offset(SECTOR), 0, nothing);
	return 0;
}

/* Asserts that a check finds nothing, and that all counts are those of a sound volume. */
static void assert_flawless(void)
{
	struct csum_totals totals;

	assert_int_equal(scrub_volume_check(&totals), 0);
	assert_int_equal(scrub_volume.finding_count, 0);
	assert_int_equal(totals.sectors_verified + totals.sectors_unwritten, scrub_volume.geometry.data_sectors);
	assert_int_equal(totals.sectors_bad + totals.sectors_interrupted + totals.sectors_transient, 0);
	assert_int_equal(totals.imd_verified, 2 * scrub_volume.geometry.groups);
}

static int compare(void *user, const void *bytes, size_t size, uint64_t offset_bytes, bool is_zero)
{
	const uint8_t *expected = user;

	assert_false(is_zero);
	assert_int_equal(size % 512, 0);
	if (offset_bytes <= SECTOR * 512 && offset_bytes + size > SECTOR * 512)
		assert_memory_equal((const uint8_t *)bytes + (SECTOR * 512 - offset_bytes), expected, 512);
	return 0;
}

/* Asserts that csum_read() of the sector delivers that content. */
static void assert_reads_as(const uint8_t *expected)
{
	const struct csum_read_options options = {
		.offset_bytes = SECTOR * 512,
		.length_bytes = 512,
		.sink = compare,
		.user = (void *)(uintptr_t)expected,
	};
	struct csum_volume *volume = scrub_volume_open_to_read();
	uint64_t done;

	assert_int_equal(csum_read(volume, &options, &done), 0);
	assert_int_equal(done, 512);
	assert_int_equal(csum_volume_close(volume), 0);
}

/* ------------------------------------------------------------------ places that change meanwhile */

static void put_original_group(void)
{
	for (int copy = 0; copy < 2; copy++)
		memcpy(scrub_volume_imd(GROUP, copy),
		       scrub_volume.original[0] + (scrub_volume_imd(GROUP, copy) - scrub_volume.metadata->bytes), 512);
}

static void tear_group(void)
{
	for (int copy = 0; copy < 2; copy++)
		fill_random(scrub_volume_imd(GROUP, copy) + 256, 256, 5);
}

/* Both copies are seen torn, each only for as long as its write takes. */
static void test_copies_between_metadata_and_data(void **state)
{
	(void)state;
	/* No data of a lost group is read, so a read of the next group's first sector shows that data is being read. */
	tear_group();
	play(scrub_volume_offset(SECTOR + 62), 0, put_original_group);
	assert_flawless();
	tear_group();
	play(scrub_volume_offset(SECTOR), 0, put_original_group);
	assert_reads_as(scrub_volume_original(SECTOR));
}

/* The same happens in a check of metadata alone. */
static void test_copies_alone(void **state)
{
	const struct csum_check_options options = { .length_bytes = CSUM_TO_END, .metadata_only = true };
	struct csum_totals totals;

	(void)state;
	tear_group();
	play((uint64_t)(scrub_volume_imd(GROUP, 1) - scrub_volume.metadata->bytes), 2, put_original_group);
	assert_int_equal(scrub_volume_check_with(&options, &totals), 0);
	assert_int_equal(scrub_volume.finding_count, 0);
	assert_int_equal(totals.imd_verified, 2 * scrub_volume.geometry.groups);
}

static uint8_t new_content[512];

/* Changes content and entry, as a recovery does that has chosen another version. */
static void put_new_content(void)
{
	uint32_t seed_state;
	struct csum_superblock superblock;

	assert_true(csum_superblock_decode(scrub_volume.metadata->bytes + CSUM_SLOT_A_OFFSET, &superblock));
	seed_state = csum_superblock_seed_state(&superblock);
	memcpy(scrub_volume_sector(SECTOR), new_content, 512);
	for (int copy = 0; copy < 2; copy++) {
		uint8_t *imd = scrub_volume_imd(GROUP, copy);

		csum_imd_set_entry(imd, SECTOR - 62, csum_checksum_entry(CSUM_CRC64, new_content, 512));
		csum_imd_seal((struct csum_imd_place){ seed_state, 512, GROUP, copy }, 100 + (uint32_t)copy, imd);
	}
}

static void test_repair_between_metadata_and_data(void **state)
{
	(void)state;
	fill_random(new_content, 512, 4711);
	play(scrub_volume_offset(SECTOR), 0, put_new_content);
	assert_flawless();
	assert_true(scrub.reads > 1);
	memcpy(scrub_volume.metadata->bytes, scrub_volume.original[0], scrub_volume.metadata->size);
	play(scrub_volume_offset(SECTOR), 0, put_new_content);
	assert_reads_as(new_content);
}

static void put_original_sector(void)
{
	memcpy(scrub_volume_sector(SECTOR), scrub_volume_original(SECTOR), 512);
}

static void test_repair_after_some_reads(void **state)
{
	(void)state;
	for (int wait = 1; wait < 6; wait++) {
		scrub_volume_garbage(SECTOR);
		play(scrub_volume_offset(SECTOR), wait, put_original_sector);
		assert_flawless();
		scrub_volume_garbage(SECTOR);
		play(scrub_volume_offset(SECTOR), wait, put_original_sector);
		assert_reads_as(scrub_volume_original(SECTOR));
	}
}

static void end_scrub_with_repair(void)
{
	put_original_sector();
	scrub_volume.metadata->at_work = CSUM_NOBODY_AT_WORK;
}

/* The last write of the scrub counts, though the scrub is gone when the reader asks for it. */
static void test_scrub_ends(void **state)
{
	(void)state;
	scrub_volume_garbage(SECTOR);
	play(scrub_volume_offset(SECTOR), 1, end_scrub_with_repair);
	scrub_volume_garbage(SECTOR + 1);
	/* The sector is read once more, together with the one beside it that stays bad. */
	assert_int_equal(scrub_volume_check(&(struct csum_totals){ 0 }), 1);
	assert_one_finding(CSUM_MISMATCH, SECTOR + 1, CSUM_LEFT, "");
}

/* ------------------------------------------------------------------ places that do not */

/* Counts the reads of a sector in a check. */
static int reads_of_check(enum csum_at_work at_work, uint64_t errors)
{
	struct csum_totals totals;

	play(scrub_volume_offset(SECTOR), -1, nothing);
	scrub_volume.metadata->at_work = at_work;
	memory_disk_reset(scrub_volume.data);
	assert_int_equal(scrub_volume_check(&totals), errors);
	assert_int_equal(totals.sectors_bad, errors);
	return scrub.reads;
}

static void test_reads_of_what_is_right(void **state)
{
	size_t calls;

	(void)state;
	assert_int_equal(reads_of_check(CSUM_NOBODY_AT_WORK, 0), 1);
	calls = scrub_volume.data->call_count;
	assert_int_equal(reads_of_check(CSUM_SCRUB_AT_WORK, 0), 1);
	assert_int_equal(scrub_volume.data->call_count, calls);
}

static void test_bad_for_good(void **state)
{
	(void)state;
	scrub_volume_garbage(SECTOR);
	/* Reads: the first, one more since the transfer may have failed, and one for the report. */
	assert_int_equal(reads_of_check(CSUM_NOBODY_AT_WORK, 1), 3);
	assert_true(reads_of_check(CSUM_SCRUB_AT_WORK, 1) > 6);
	assert_one_finding(CSUM_MISMATCH, SECTOR, CSUM_LEFT, "");
	assert_true(scrub_volume.findings[0].has_checksum);
}

/* The device is not asked again and again for a sector that it cannot read. */
static void test_unreadable(void **state)
{
	int reads = 0;

	(void)state;
	for (int at_work = CSUM_NOBODY_AT_WORK; at_work <= CSUM_SCRUB_AT_WORK; at_work++) {
		struct csum_totals totals;

		play(scrub_volume_offset(SECTOR), -1, nothing);
		scrub_volume.metadata->at_work = (enum csum_at_work)at_work;
		memory_disk_reset(scrub_volume.data);
		memory_disk_fail(scrub_volume.data, MEMORY_DISK_READ, scrub_volume_offset(SECTOR), 512, -1, -EIO);
		assert_int_equal(scrub_volume_check(&totals), 1);
		if (at_work == CSUM_SCRUB_AT_WORK)
			assert_int_equal(scrub.reads, reads);
		reads = scrub.reads;
	}
}

/* A scrub that writes has no other scrub beside it. */
static void test_scrub_itself(void **state)
{
	(void)state;
	scrub_volume_garbage(SECTOR);
	play(scrub_volume_offset(SECTOR), -1, nothing);
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END,
									.heal = CSUM_HEAL_NOTHING }),
			 0);
	assert_int_equal(scrub_volume.result.sectors_left, 1);
	assert_int_equal(scrub.reads, 3);
}

/* ------------------------------------------------------------------ limits */

static void put_original_data(void)
{
	memcpy(scrub_volume.data->bytes, scrub_volume.original[scrub_volume.data - scrub_volume.disks],
	       scrub_volume.data->size);
}

/* Errors that have gone do not count for a limit, so nothing stays unread because of them. */
static void test_limit(void **state)
{
	const struct csum_scrub_options options = {
		.length_bytes = CSUM_TO_END,
		.dry_run = true,
		.max_errors = 1,
	};
	struct csum_volume *volume = scrub_volume_open_to_read();
	struct csum_scrub_result result;

	(void)state;
	for (uint64_t sector = 3; sector < 62; sector += 3)
		scrub_volume_garbage(sector);
	play(scrub_volume_offset(3), 2, put_original_data);
	assert_int_equal(csum_scrub(volume, &options, &result), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	assert_int_equal(result.end, CSUM_SCRUB_COMPLETE);
	assert_int_equal(result.totals.errors, 0);
	assert_int_equal(result.totals.sectors_verified + result.totals.sectors_unwritten,
			 scrub_volume.geometry.data_sectors);
}

/* ------------------------------------------------------------------ superblocks */

static void put_original_slots(void)
{
	memcpy(scrub_volume.metadata->bytes, scrub_volume.original[0], CSUM_CLUSTERS_OFFSET);
}

static void tear_slot(uint64_t offset_bytes)
{
	fill_random(scrub_volume.metadata->bytes + offset_bytes + 2048, 1024, 9);
}

/* A slot that is just being written is not called bad. */
static void test_slot_torn_at_opening(void **state)
{
	static const uint64_t slots[] = { CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET };

	(void)state;
	for (int slot = 0; slot < 3; slot++) {
		tear_slot(slots[slot % 2]);
		/* Both slots, one after the other. */
		if (slot == 2)
			tear_slot(slots[1]);
		play(CSUM_SLOT_A_OFFSET, 1, put_original_slots);
		assert_flawless();
	}
	/* With nobody at work the slot stays bad. */
	tear_slot(slots[0]);
	play(CSUM_SLOT_A_OFFSET, 1, put_original_slots);
	scrub_volume.metadata->at_work = CSUM_NOBODY_AT_WORK;
	assert_int_equal(scrub_volume_check(&(struct csum_totals){ 0 }), 0);
	assert_one_finding(CSUM_INTERRUPTED, 0, CSUM_LEFT, "");
}

static struct csum_volume_info look(void)
{
	struct csum_volume *volume = scrub_volume_prepare_to_read();
	struct csum_volume_info info;

	volume->look = true;
	assert_int_equal(csum_super_load(volume, &volume->handlers), 0);
	csum_volume_get_info(volume, &info);
	assert_int_equal(csum_volume_close(volume), 0);
	return info;
}

static void set_state(uint32_t state)
{
	struct csum_superblock superblock;
	uint8_t *slot = scrub_volume.metadata->bytes + CSUM_SLOT_A_OFFSET;

	assert_true(csum_superblock_decode(slot, &superblock));
	superblock.generation += 10;
	superblock.state = state;
	superblock.intent_count = state == CSUM_STATE_ACTIVE;
	csum_superblock_encode(&superblock, slot);
}

static void writer_begins(void)
{
	scrub_volume.metadata->at_work = CSUM_WRITER_AT_WORK;
}

static void writer_ends(void)
{
	set_state(CSUM_STATE_CLEAN);
	scrub_volume.metadata->at_work = CSUM_NOBODY_AT_WORK;
}

/* Looking without a lock says "active with nobody at work" only when that is so. */
static void test_look(void **state)
{
	struct csum_volume_info info;

	(void)state;
	set_state(CSUM_STATE_ACTIVE);
	play(CSUM_SLOT_A_OFFSET, -1, nothing);
	scrub_volume.metadata->at_work = CSUM_NOBODY_AT_WORK;
	info = look();
	assert_int_equal(info.state, CSUM_ACTIVE);
	assert_int_equal(info.at_work, CSUM_NOBODY_AT_WORK);
	/* A writer begins just now. */
	play(CSUM_SLOT_A_OFFSET, 0, writer_begins);
	scrub_volume.metadata->at_work = CSUM_NOBODY_AT_WORK;
	info = look();
	assert_int_equal(info.state, CSUM_ACTIVE);
	assert_int_equal(info.at_work, CSUM_WRITER_AT_WORK);
	/* A writer ends after the first read, before the look for processes at work. */
	play(CSUM_SLOT_B_OFFSET, 0, writer_ends);
	scrub_volume.metadata->at_work = CSUM_NOBODY_AT_WORK;
	info = look();
	assert_int_equal(info.state, CSUM_CLEAN);
	assert_int_equal(info.at_work, CSUM_NOBODY_AT_WORK);
}

#define with_volume(test) cmocka_unit_test_setup_teardown(test, set_up, scrub_volume_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_volume(test_copies_between_metadata_and_data),
		with_volume(test_copies_alone),
		with_volume(test_repair_between_metadata_and_data),
		with_volume(test_repair_after_some_reads),
		with_volume(test_scrub_ends),
		with_volume(test_reads_of_what_is_right),
		with_volume(test_bad_for_good),
		with_volume(test_unreadable),
		with_volume(test_scrub_itself),
		with_volume(test_limit),
		with_volume(test_slot_torn_at_opening),
		with_volume(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
