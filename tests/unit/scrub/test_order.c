/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scrub: contents in the places of other sectors, the order in which they are moved, and the parked content. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/ondisk.h"
#include "ondisk/parked.h"
#include "support/scrub_volume.h"

static struct scrub_volume *const s = &scrub_volume;

static void assert_misplaced(size_t i, uint64_t sector, uint64_t other, uint64_t source)
{
	assert_int_equal(s->findings[i].kind, CSUM_MISPLACED);
	assert_int_equal(s->findings[i].first_sector, sector);
	assert_true(s->findings[i].has_other_sector);
	assert_int_equal(s->findings[i].other_sector, other);
	assert_int_equal(s->findings[i].disposition, source ? CSUM_REPAIRED : CSUM_LEFT);
	if (source) {
		assert_int_equal(s->findings[i].means, CSUM_MEANS_ELSEWHERE);
		assert_int_equal(s->findings[i].source_sector, source);
	}
}

/* Each of the two holds what the other one held. */
static void swap(uint64_t a, uint64_t b)
{
	scrub_volume_put(a, b);
	scrub_volume_put(b, a);
}

static void assert_original(uint64_t sector)
{
	assert_memory_equal(scrub_volume_sector(sector), scrub_volume_original(sector), 512);
}

static void test_misdirected_write(void **state)
{
	struct csum_totals totals;

	(void)state;
	scrub_volume_put(300, 8);
	assert_int_equal(scrub_volume_check(&totals), 1);
	assert_int_equal(totals.findings[CSUM_MISPLACED], 1);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 1);
	assert_misplaced(0, 300, 8, 0);
	/* The write that went to the wrong place is missing in the right one. */
	scrub_volume_garbage(8);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 2);
	assert_int_equal(s->findings[0].first_sector, 8);
	assert_int_equal(s->findings[0].kind, CSUM_MISMATCH);
	assert_string_equal(s->how[0], "from data sector 300");
	assert_misplaced(1, 300, 8, 0);
	assert_int_equal(s->result.errors_left, 1);
}

static void test_swapped(void **state)
{
	(void)state;
	swap(8, 300);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 2);
	assert_misplaced(0, 8, 300, 300);
	assert_misplaced(1, 300, 8, 8);
	assert_healed();
}

static void test_rings_and_chains(void **state)
{
	(void)state;
	/* A ring of three, a ring of two, and a shift by one that loses the last content. */
	scrub_volume_put(15, 100);
	scrub_volume_put(100, 201);
	scrub_volume_put(201, 15);
	swap(16, 101);
	for (uint64_t i = 50; i < 55; i++)
		scrub_volume_put(i + 1, i);
	scrub_volume_garbage(50);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->result.sectors_repaired, 10);
	assert_int_equal(s->result.sectors_left, 1);
	scrub_volume_put(55, 55);
	assert_healed();
}

static void test_uniform_is_not_misplaced(void **state)
{
	(void)state;
	scrub_volume_put(8, 2);
	scrub_volume_put(10, 1);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 2);
	assert_int_equal(s->findings[0].kind, CSUM_MISMATCH);
	assert_int_equal(s->findings[1].kind, CSUM_ZEROED);
	assert_int_equal(s->result.errors_left, 2);
}

static int64_t fill_as(void *user, void *buffer, size_t size)
{
	assert_true(size >= 512);
	memcpy(buffer, scrub_volume_original(*(uint64_t *)user), 512);
	return 512;
}

/* Writes the content of `sector` to `place` through the library. */
static void write_as(uint64_t place, uint64_t sector)
{
	const struct csum_write_options options = {
		.offset_bytes = place * 512,
		.length_bytes = 512,
		.source = { fill_as, &sector },
	};
	struct csum_volume *volume = scrub_volume_open(false);
	uint64_t done;

	assert_int_equal(csum_write(volume, &options, &done), 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void test_good_copy_elsewhere(void **state)
{
	(void)state;
	write_as(400, 8);
	scrub_volume_garbage(8);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_one_finding(CSUM_MISMATCH, 8, CSUM_REPAIRED, "from data sector 400");
	assert_original(8);
}

/* Scrubs the first 100 sectors only. */
static void scrub_beginning(void)
{
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = 100 * 512 }), 0);
}

/* The sector to be repaired holds the only copy of the content of a sector outside the range. */
static void test_owner_outside_range(void **state)
{
	(void)state;
	write_as(400, 8);
	scrub_volume_put(8, 300);
	scrub_volume_garbage(300);
	scrub_beginning();
	assert_int_equal(s->finding_count, 2);
	assert_misplaced(0, 8, 300, 400);
	assert_int_equal(s->findings[1].first_sector, 300);
	assert_string_equal(s->how[1], "from data sector 8");
	assert_original(8);
	assert_original(300);
}

/* A sector that joins the table because of another one holds the only copy of a third one's content. */
static void test_issue8_b9_ring_outside_range(void **state)
{
	(void)state;
	scrub_volume_put(8, 300);
	scrub_volume_put(300, 400);
	scrub_volume_put(400, 8);
	scrub_beginning();
	assert_int_equal(s->finding_count, 3);
	assert_int_equal(s->result.sectors_repaired, 3);
	assert_healed();
}

/* Where such a chain is longer than the table follows it, nothing is overwritten. */
static void test_issue8_b9_long_chain_outside_range(void **state)
{
	const uint64_t first = 200, count = 12;
	uint64_t chain[12], sector = first;

	(void)state;
	for (uint64_t i = 0; i < count; i++, sector += 13)
		chain[i] = sector % 7 ? sector : sector + 1;
	for (uint64_t i = 0; i + 1 < count; i++)
		scrub_volume_put(chain[i], chain[i + 1]);
	scrub_volume_garbage(chain[count - 1]);
	assert_int_equal(
		scrub_volume_run(&(struct csum_scrub_options){ .offset_bytes = first * 512, .length_bytes = 512 }), 0);
	assert_int_equal(s->result.sectors_repaired, 0);
	for (uint64_t i = 0; i + 1 < count; i++)
		assert_memory_equal(scrub_volume_sector(chain[i]), scrub_volume_original(chain[i + 1]), 512);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->result.sectors_repaired, count - 1);
	for (uint64_t i = 1; i < count; i++)
		assert_original(chain[i]);
}

/* Writes to that sector are refused until memory_disk_reset(). */
static void refuse(uint64_t sector)
{
	memory_disk_fail(s->data, MEMORY_DISK_WRITE, scrub_volume_offset(sector), 512, -1, -EIO);
}

static void assert_left(size_t i, uint64_t sector, const char *why)
{
	assert_int_equal(s->findings[i].first_sector, sector);
	assert_int_equal(s->findings[i].disposition, CSUM_LEFT);
	assert_string_equal(s->how[i], why);
}

static bool anything_parked(void)
{
	return csum_parked_has_magic(s->metadata->bytes + CSUM_JOURNAL_OFFSET);
}

/* Sectors 8 and 300 swapped, and a scrub that could write 8 only: it leaves the content of 300 parked. */
static void park(void)
{
	swap(8, 300);
	refuse(300);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_true(anything_parked());
	memory_disk_reset(s->data);
}

#define REFUSED "could not be repaired: the write was refused or does not read back"
#define BLOCKED "it holds the content of another bad sector, which could not be repaired"

/* Content that could not be put into its place stays where it is, along the whole chain. */
static void test_owner_refuses(void **state)
{
	(void)state;
	for (uint64_t i = 50; i < 53; i++)
		scrub_volume_put(i + 1, i);
	scrub_volume_garbage(50);
	write_as(400, 53);
	refuse(50);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 2);
	assert_left(0, 50, REFUSED);
	assert_left(1, 51, BLOCKED);
	assert_int_equal(s->findings[1].sector_count, 3);
	memory_disk_reset(s->data);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->result.sectors_repaired, 4);
	assert_int_equal(s->result.errors_left, 0);
	for (uint64_t i = 50; i < 54; i++)
		assert_original(i);
}

/* Parked content is still there when its owner can be written, and only then makes room for other content. */
static void test_parked_until_written(void **state)
{
	(void)state;
	swap(8, 300);
	swap(16, 101);
	refuse(300);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->result.sectors_repaired, 1);
	assert_int_equal(s->finding_count, 4);
	assert_original(8);
	assert_left(1, 16, BLOCKED);
	assert_left(2, 101, BLOCKED);
	assert_left(3, 300, REFUSED);
	assert_true(anything_parked());
	/* The parked content also survives a scrub that repairs nothing. */
	assert_int_equal(scrub_volume_run(NULL), 0);
	memory_disk_reset(s->data);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 3);
	assert_int_equal(s->result.errors_left, 0);
	assert_false(anything_parked());
	assert_healed();
}

/* Parked content is dropped when its owner has got other content meanwhile. */
static void test_parked_in_vain(void **state)
{
	(void)state;
	park();
	write_as(300, 400);
	assert_true(anything_parked());
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->finding_count, 0);
	assert_false(anything_parked());
}

/* Neither of the swapped sectors 8 and 300 was written. */
static void assert_both_blocked(void)
{
	assert_int_equal(s->finding_count, 2);
	assert_left(0, 8, BLOCKED);
	assert_left(1, 300, BLOCKED);
}

static void test_parking_refused(void **state)
{
	(void)state;
	swap(8, 300);
	memory_disk_fail(s->metadata, MEMORY_DISK_WRITE, CSUM_JOURNAL_OFFSET, 512, -1, -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_both_blocked();
	memory_disk_reset(s->metadata);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

/* Reads fail while a ring is broken up: the only copy of a content is not overwritten unread. */
static void test_issue8_b6_place_unreadable(void **state)
{
	/* These reads come after those of the scan, of its second look, and of the table. */
	const struct memory_disk_fault fault = { .call = MEMORY_DISK_READ,
						 .offset_bytes = scrub_volume_offset(8),
						 .size = 512,
						 .skip = 3,
						 .times = 3,
						 .error = -EIO };

	(void)state;
	swap(8, 300);
	memory_disk_fault(s->data, &fault);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_both_blocked();
	memory_disk_reset(s->data);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

/* Content parked by an earlier scrub that cannot be read for a while is not overwritten by other content. */
static void test_issue8_b6_parked_unreadable(void **state)
{
	(void)state;
	park();
	swap(16, 101);
	memory_disk_fail(s->metadata, MEMORY_DISK_READ, CSUM_JOURNAL_OFFSET, 512, -1, -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->result.sectors_repaired, 0);
	memory_disk_reset(s->metadata);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

/* A record with invalid places, or whose content does not match it, does not count. */
static void test_forged_parked(void **state)
{
	static uint8_t record[CSUM_BLOCK_SIZE + 512];
	const uint64_t owners[] = { 8, s->geometry.data_sectors, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		const struct csum_parked parked = { .entry = 12345, .owner = owners[i], .place = UINT64_MAX };
		struct csum_volume *volume = scrub_volume_open(false);

		csum_parked_encode(&parked, volume->seed_state, 512, record);
		assert_int_equal(csum_volume_close(volume), 0);
		memcpy(s->metadata->bytes + CSUM_JOURNAL_OFFSET, record, sizeof(record));
		scrub_volume_sector(9)[3] ^= 1;
		assert_int_equal(scrub_volume_run(NULL), 0);
		assert_one_finding(CSUM_MISMATCH, 9, CSUM_REPAIRED, "1 bit");
		assert_original(9);
	}
}

static void test_dry_run(void **state)
{
	uint64_t before, after;

	(void)state;
	swap(8, 300);
	before = s->data->calls[MEMORY_DISK_WRITE];
	assert_int_equal(scrub_volume_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .dry_run = true }),
			 0);
	after = s->data->calls[MEMORY_DISK_WRITE];
	assert_int_equal(after, before);
	assert_int_equal(s->finding_count, 2);
	assert_int_equal(s->findings[0].disposition, CSUM_WOULD_REPAIR);
	assert_int_equal(s->findings[1].disposition, CSUM_WOULD_REPAIR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scrub_volume_set_up, scrub_volume_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_misdirected_write),
		TEST(test_swapped),
		TEST(test_rings_and_chains),
		TEST(test_uniform_is_not_misplaced),
		TEST(test_good_copy_elsewhere),
		TEST(test_owner_outside_range),
		TEST(test_owner_refuses),
		TEST(test_parked_until_written),
		TEST(test_parked_in_vain),
		TEST(test_parking_refused),
		TEST(test_issue8_b9_ring_outside_range),
		TEST(test_issue8_b9_long_chain_outside_range),
		TEST(test_issue8_b6_place_unreadable),
		TEST(test_issue8_b6_parked_unreadable),
		TEST(test_forged_parked),
		TEST(test_dry_run),
	};

	return cmocka_run_group_tests_name("scrub: order", tests, NULL, NULL);
}
