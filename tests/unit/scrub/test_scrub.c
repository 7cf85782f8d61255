/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scrub: each kind of damage is found, and repaired where possible; nothing else is written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/scrub_volume.h"

static struct scrub_volume *const s = &scrub_volume;

static void test_nothing_wrong(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < 12; way++) {
		struct scrub_volume_shape shape = {
			.sector_size = way & 1 ? 4096 : 512,
			.interleave = 3,
			.external = way & 2,
			.checksum_type = (enum csum_checksum_type)(CSUM_CRC32 + way / 4),
			.data_sectors = way & 1 ? 510 * 2 + 9 : 62 * 7 + 20,
		};

		scrub_volume_start(&shape);
		assert_int_equal(scrub_volume_run(NULL), 0);
		assert_int_equal(s->finding_count, 0);
		assert_int_equal(s->result.end, CSUM_SCRUB_COMPLETE);
		assert_int_equal(s->result.totals.sectors_verified + s->result.totals.sectors_unwritten,
				 s->geometry.data_sectors);
		assert_int_equal(s->result.next_sector, s->geometry.data_sectors);
		assert_true(s->result.recorded);
		assert_true(s->result.record.ended >= s->result.record.started && s->result.record.started);
		assert_healed();
		/* Every kind of flip is healed, where the checksum allows it. */
		scrub_volume_sector(3)[100] ^= 4;
		assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END,
										.heal = CSUM_HEAL_BITS }),
				 0);
		assert_one_finding(CSUM_MISMATCH, 3, CSUM_REPAIRED, "1 bit");
		assert_int_equal(s->result.errors_repaired, 1);
		assert_int_equal(s->result.errors_left, 0);
		assert_int_equal(s->result.record.totals.repaired, 1);
		assert_healed();
		scrub_volume_stop();
	}
}

static void test_flips(void **state)
{
	(void)state;
	scrub_volume_sector(71)[1] ^= 0x81;
	scrub_volume_sector(71)[2] ^= 1;
	scrub_volume_sector(100)[0] ^= 1;
	scrub_volume_sector(100)[511] ^= 0x80;
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 2);
	assert_int_equal(s->findings[0].first_sector, 71);
	assert_string_equal(s->how[0], "burst of 9 bits");
	assert_int_equal(s->findings[0].means, CSUM_MEANS_BURST);
	assert_int_equal(s->findings[1].first_sector, 100);
	assert_string_equal(s->how[1], "2 bits");
	assert_int_equal(s->result.sectors_repaired, 2);
	assert_healed();
}

static void test_no_bits_without_asking(void **state)
{
	struct scrub_volume_shape shape = scrub_volume_usual;
	struct csum_totals totals;

	(void)state;
	scrub_volume_sector(71)[1] ^= 1;
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END,
									.heal = CSUM_HEAL_NOTHING }),
			 0);
	assert_one_finding(CSUM_MISMATCH, 71, CSUM_LEFT, "");
	assert_int_equal(s->result.sectors_left, 1);
	assert_int_equal(s->result.record.totals.left_bad, 1);
	assert_int_equal(scrub_volume_check(&totals), 1);
	scrub_volume_stop();
	shape.checksum_type = CSUM_CRC32C;
	scrub_volume_start(&shape);
	scrub_volume_sector(71)[1] ^= 1;
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_one_finding(CSUM_MISMATCH, 71, CSUM_LEFT, "");
}

static int64_t fill(void *user, void *buffer, size_t size)
{
	static uint64_t number;

	(void)user;
	fill_random(buffer, size, ++number);
	return (int64_t)size;
}

/* Flips a bit in each of `count` sectors, from 100 on. */
static void flip_run(uint64_t count)
{
	for (uint64_t sector = 100; sector < 100 + count; sector++)
		scrub_volume_sector(sector)[9] ^= 2;
}

static void test_long_run_is_no_flip(void **state)
{
	const struct csum_write_options options = {
		.offset_bytes = 90 * 512,
		.length_bytes = 100 * 512,
		.source = { fill, NULL },
	};
	struct csum_volume *volume = scrub_volume_open(false);
	uint64_t done;

	(void)state;
	assert_int_equal(csum_write(volume, &options, &done), 0);
	assert_int_equal(csum_volume_close(volume), 0);
	flip_run(65);
	assert_int_equal(scrub_volume_run(NULL), 0);
	/* Adjacent sectors with one outcome make one finding. */
	assert_one_finding(CSUM_MISMATCH, 100, CSUM_LEFT, "");
	assert_int_equal(s->findings[0].sector_count, 65);
	flip_run(1);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_one_finding(CSUM_MISMATCH, 101, CSUM_REPAIRED, "1 bit");
	assert_int_equal(s->findings[0].sector_count, 64);
	assert_int_equal(s->result.errors_left, 0);
}

static void test_imd_copies(void **state)
{
	(void)state;
	memset(scrub_volume_imd(1, 0), 0xee, 512);
	scrub_volume_imd(2, 1)[40] ^= 1;
	memcpy(scrub_volume_imd(4, 0), scrub_volume_imd(3, 0), 512);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(s->findings[i].kind, CSUM_IMD_BAD);
		assert_int_equal(s->findings[i].disposition, CSUM_REPAIRED);
		assert_string_equal(s->how[i], "from the other copy");
	}
	assert_int_equal(s->result.imd_repaired, 3);
	assert_int_equal(s->result.record.totals.imd_repaired, 3);
	assert_healed();
}

static void test_lost_group(void **state)
{
	struct csum_totals totals;

	(void)state;
	memset(scrub_volume_imd(1, 0), 0xee, 512);
	memset(scrub_volume_imd(1, 1), 0xee, 512);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_one_finding(CSUM_IMD_LOST, 62, CSUM_LEFT, "");
	assert_original_data();
	assert_int_equal(s->result.errors_left, 1);
	assert_int_equal(scrub_volume_check(&totals), 1);
}

static void test_slots(void **state)
{
	static const uint64_t offsets[] = { 0, 524288, 0 };

	(void)state;
	for (int slot = 0; slot < 3; slot++) {
		uint64_t offset = slot == 2 ? s->metadata->size / 4096 * 4096 - 65536 : offsets[slot];

		s->metadata->bytes[offset + 100] ^= 1;
		assert_int_equal(scrub_volume_run(NULL), 0);
		assert_int_equal(s->finding_count, 1);
		assert_int_equal(s->findings[0].subject, CSUM_SUBJECT_SUPERBLOCK);
		assert_int_equal(s->findings[0].slot, slot);
		assert_int_equal(s->findings[0].kind, slot == 2 ? CSUM_SUPERBLOCK_BAD : CSUM_INTERRUPTED);
		assert_int_equal(s->findings[0].disposition, CSUM_REPAIRED);
		assert_healed();
	}
}

static void test_both_slots_gone(void **state)
{
	struct csum_volume_info info;
	struct csum_volume *volume;

	(void)state;
	memset(s->metadata->bytes, 0, 4096);
	memset(s->metadata->bytes + 524288, 0xff, 4096);
	memset(s->metadata->bytes + 65536, 0x11, 4096);
	scrub_volume_imd(1, 0)[20] ^= 1;
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_true(s->result.recovered);
	assert_int_equal(s->result.repaired[CSUM_SUPERBLOCK_BAD], 2);
	assert_int_equal(s->result.errors_left, 0);
	assert_healed();
	volume = scrub_volume_open(false);
	csum_volume_get_info(volume, &info);
	assert_int_equal(info.state, CSUM_CLEAN);
	assert_true(info.session > UINT64_C(1) << 32);
	assert_true(info.last_scrub.ended != 0 && info.current_scrub.started == 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void test_dry_run(void **state)
{
	uint8_t *before = malloc(s->data->size);

	(void)state;
	assert_non_null(before);
	scrub_volume_sector(71)[1] ^= 1;
	memset(scrub_volume_imd(1, 0), 0xee, 512);
	s->metadata->bytes[100] ^= 1;
	memcpy(before, s->data->bytes, s->data->size);
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .dry_run = true }),
			 0);
	assert_memory_equal(before, s->data->bytes, s->data->size);
	assert_int_equal(s->data->calls[MEMORY_DISK_WRITE], 0);
	assert_int_equal(s->finding_count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(s->findings[i].disposition, CSUM_WOULD_REPAIR);
	assert_false(s->result.recorded);
	free(before);
}

static void test_range(void **state)
{
	(void)state;
	scrub_volume_sector(71)[1] ^= 1;
	scrub_volume_sector(200)[1] ^= 1;
	assert_int_equal(
		scrub_volume_run(&(struct csum_scrub_options){ .offset_bytes = 100 * 512, .length_bytes = 200 * 512 }),
		0);
	assert_one_finding(CSUM_MISMATCH, 200, CSUM_REPAIRED, "1 bit");
	assert_false(s->result.recorded);
	assert_int_equal(s->result.first_sector, 100);
	assert_int_equal(s->result.end_sector, 300);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_one_finding(CSUM_MISMATCH, 71, CSUM_REPAIRED, "1 bit");
	assert_healed();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_wrong),
		cmocka_unit_test_setup_teardown(test_flips, scrub_volume_set_up, scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_no_bits_without_asking, scrub_volume_set_up,
						scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_long_run_is_no_flip, scrub_volume_set_up, scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_imd_copies, scrub_volume_set_up, scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_lost_group, scrub_volume_set_up, scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_slots, scrub_volume_set_up, scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_both_slots_gone, scrub_volume_set_up, scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_dry_run, scrub_volume_set_up, scrub_volume_tear_down),
		cmocka_unit_test_setup_teardown(test_range, scrub_volume_set_up, scrub_volume_tear_down),
	};

	return cmocka_run_group_tests_name("scrub", tests, NULL, NULL);
}
