/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change of a static field, the identity of the data device, in the three slots: stopped at any point, and ended. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"
#include "support/scrub_volume.h"
#include "update/super.h"

#define OLD_WORD "WWN=naa.5000c500a1b2c3d4"
#define NEW_WORD "WWN=naa.5000c500ffffffff"
#define STEPS 3

static const struct scrub_volume_shape shape = {
	.sector_size = 512,
	.interleave = 3,
	.external = true,
	.checksum_type = CSUM_CRC64,
	.data_sectors = 62 * 2,
};

static uint8_t *slot_bytes(enum csum_slot slot)
{
	if (slot == CSUM_SLOT_C)
		return scrub_volume.metadata->bytes +
		       csum_layout_backup_offset(scrub_volume.geometry.metadata_device_bytes);
	return scrub_volume.metadata->bytes + (slot == CSUM_SLOT_A ? CSUM_SLOT_A_OFFSET : CSUM_SLOT_B_OFFSET);
}

/* Returns the identity in a slot, "" when the slot is invalid. */
static const char *identity_of(enum csum_slot slot)
{
	static struct csum_superblock superblock[CSUM_SLOTS];

	return csum_superblock_decode(slot_bytes(slot), &superblock[slot]) ? superblock[slot].data_identity : "";
}

static int start(void **state)
{
	struct csum_volume *volume;

	(void)state;
	scrub_volume_start(&shape);
	volume = scrub_volume_open(false);
	strcpy(volume->superblock.data_identity, OLD_WORD);
	assert_int_equal(csum_super_clean(volume), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	for (int slot = 0; slot < CSUM_SLOTS; slot++)
		assert_string_equal(identity_of((enum csum_slot)slot), OLD_WORD);
	memory_disk_reset(scrub_volume.metadata);
	return 0;
}

static int stop(void **state)
{
	return scrub_volume_tear_down(state);
}

/*
 * Changes the identity; the power fails in write number `steps`, which the device tears within the identity if `torn`.
 */
static void change(int steps, bool torn)
{
	struct csum_volume *volume = scrub_volume_open(false);

	memory_disk_reset(scrub_volume.metadata);
	memory_disk_fault(
		scrub_volume.metadata,
		&(struct memory_disk_fault){ .call = MEMORY_DISK_WRITE, .skip = steps, .times = torn, .most = 192 });
	memory_disk_fail(scrub_volume.metadata, MEMORY_DISK_WRITE, 0, 0, -1, -EIO);
	scrub_volume.metadata->faults[1].skip = steps;
	csum_super_set_intent(volume, 0, 1);
	strcpy(volume->superblock.data_identity, NEW_WORD);
	assert_int_equal(csum_super_clean(volume) != 0, steps < STEPS);
	assert_int_equal(csum_volume_close(volume), 0);
	memory_disk_reset(scrub_volume.metadata);
	recorder_init(&scrub_volume.recorder);
}

/* A stopped change is no damage, and the next writer or scrub ends it. */
static void test_stopped_anywhere(void **state)
{
	(void)state;
	for (int steps = 0; steps <= STEPS; steps++) {
		for (int torn = 0; torn < 2; torn++) {
			for (int with_scrub = 0; with_scrub < 2; with_scrub++) {
				const char *expected = steps ? NEW_WORD : OLD_WORD;
				struct csum_totals totals;

				change(steps, torn);
				assert_int_equal(scrub_volume_check(&totals), 0);
				assert_int_equal(totals.findings[CSUM_SUPERBLOCK_BAD], 0);
				assert_int_equal(totals.findings[CSUM_INTERRUPTED] != 0,
						 (torn && steps < STEPS) || (steps > 0 && steps < STEPS));
				if (with_scrub)
					assert_int_equal(scrub_volume_run(NULL), 0);
				else
					assert_int_equal(csum_volume_close(scrub_volume_open(false)), 0);
				for (int slot = 0; slot < CSUM_SLOTS; slot++)
					assert_string_equal(identity_of((enum csum_slot)slot), expected);
				assert_int_equal(scrub_volume_check(&totals), 0);
				assert_int_equal(totals.findings[CSUM_INTERRUPTED], 0);
				stop(NULL);
				start(NULL);
			}
		}
	}
}

/* C is written before the other slot: while C may be torn, slots A and B differ, and show why. */
static void test_order(void **state)
{
	uint64_t backup = csum_layout_backup_offset(scrub_volume.geometry.metadata_device_bytes);
	struct csum_volume *volume = scrub_volume_open(false);
	uint64_t written[8];
	size_t count = 0;

	(void)state;
	memory_disk_reset(scrub_volume.metadata);
	strcpy(volume->superblock.data_identity, NEW_WORD);
	assert_int_equal(csum_super_clean(volume), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	for (size_t i = 0; i < scrub_volume.metadata->call_count; i++) {
		if (scrub_volume.metadata->log[i].call == MEMORY_DISK_WRITE && count < 8)
			written[count++] = scrub_volume.metadata->log[i].offset_bytes;
	}
	assert_int_equal(count, STEPS);
	assert_int_equal(written[1], backup);
	assert_int_not_equal(written[0], written[2]);
	assert_int_equal(scrub_volume.metadata->calls[MEMORY_DISK_FLUSH], STEPS);
}

/* Another static field that differs is damage as usual, and left alone by writers. */
static void test_other_fields(void **state)
{
	struct csum_superblock superblock;
	struct csum_totals totals;

	(void)state;
	assert_true(csum_superblock_decode(slot_bytes(CSUM_SLOT_C), &superblock));
	strcpy(superblock.data_identity, NEW_WORD);
	superblock.label[0] = 'x';
	csum_superblock_encode(&superblock, slot_bytes(CSUM_SLOT_C));
	assert_int_equal(scrub_volume_check(&totals), 1);
	assert_int_equal(totals.findings[CSUM_SUPERBLOCK_BAD], 1);
	assert_int_equal(csum_volume_close(scrub_volume_open(false)), 0);
	assert_string_equal(identity_of(CSUM_SLOT_C), NEW_WORD);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_string_equal(identity_of(CSUM_SLOT_C), OLD_WORD);
}

/* With nothing to change only one slot is written, as usual. */
static void test_unchanged(void **state)
{
	struct csum_volume *volume = scrub_volume_open(false);

	(void)state;
	memory_disk_reset(scrub_volume.metadata);
	assert_int_equal(csum_super_clean(volume), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	assert_int_equal(scrub_volume.metadata->calls[MEMORY_DISK_WRITE], 1);
}

/* Time and size of the data file are not recorded while a writer is at work. */
static void test_intent_voids_the_record(void **state)
{
	struct csum_volume *volume = scrub_volume_open(false);
	struct csum_data_record *record = &volume->superblock.record;

	(void)state;
	record->file_mtime_ns = 1234567891;
	record->file_size_bytes = 5;
	record->held_since = 7;
	strcpy(record->signatures[0].type, "ext4");
	csum_super_set_intent(volume, 0, 1);
	assert_int_equal(record->file_mtime_ns, 0);
	assert_int_equal(record->file_size_bytes, 0);
	assert_int_equal(record->held_since, 7);
	assert_string_equal(record->signatures[0].type, "ext4");
	assert_int_equal(csum_volume_close(volume), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stopped_anywhere, start, stop),
		cmocka_unit_test_setup_teardown(test_order, start, stop),
		cmocka_unit_test_setup_teardown(test_other_fields, start, stop),
		cmocka_unit_test_setup_teardown(test_unchanged, start, stop),
		cmocka_unit_test_setup_teardown(test_intent_voids_the_record, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
