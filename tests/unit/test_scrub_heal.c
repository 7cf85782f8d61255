/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scrub: content from replicas and from elsewhere in the volume; sectors that cannot be read or written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "scrubbed.h"

static struct scrubbed *const s = &scrubbed;

static void garbage(uint64_t sector)
{
	fill_random(scrubbed_sector(sector), 512, sector + 77777);
}

static const uint8_t *original(uint64_t sector)
{
	return s->original[s->data - s->disks] + scrubbed_offset(sector);
}

static void put(uint64_t place, uint64_t sector)
{
	memcpy(scrubbed_sector(place), original(sector), 512);
}

static int run_with(const char *const *replicas, size_t count)
{
	return scrubbed_run(&(struct csum_scrub_options){
		.length_bytes = CSUM_TO_END,
		.replicas = replicas,
		.replica_count = count,
	});
}

static void damage_file(const char *path, uint64_t offset)
{
	FILE *file = fopen(path, "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
	assert_int_equal(fputc(0x5a, file), 0x5a);
	assert_int_equal(fclose(file), 0);
}

static void test_replica(void **state)
{
	const char *replica = scrubbed_make_replica();

	(void)state;
	garbage(8);
	garbage(9);
	memset(scrubbed_sector(200), 0, 512);
	/* Damaged where it is not needed, and where it is. */
	damage_file(replica, 300 * 512);
	damage_file(replica, 9 * 512);
	assert_int_equal(run_with(&replica, 1), 0);
	assert_int_equal(s->finding_count, 3);
	assert_int_equal(s->findings[0].first_sector, 8);
	assert_int_equal(s->findings[0].means, CSUM_MEANS_REPLICA);
	assert_true(strncmp(s->how[0], "from replica ", 13) == 0);
	assert_int_equal(s->findings[1].first_sector, 9);
	assert_int_equal(s->findings[1].disposition, CSUM_LEFT);
	assert_int_equal(s->findings[2].first_sector, 200);
	assert_int_equal(s->findings[2].kind, CSUM_ZEROED);
	assert_int_equal(s->findings[2].disposition, CSUM_REPAIRED);
	assert_int_equal(s->result.errors_left, 1);
	put(9, 9);
	assert_healed();
}

/* The disk itself, as a volume, is a replica of what it was. */
static void test_volume_as_replica(void **state)
{
	char *path = path_in(s->directory, "volume");
	const char *replica = path;
	FILE *file = fopen(path, "wb");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fwrite(s->original[0], s->disks[0].size, 1, file), 1);
	assert_int_equal(fclose(file), 0);
	damage_file(path, scrubbed_offset(9));
	garbage(8);
	garbage(9);
	assert_int_equal(run_with(&replica, 1), 0);
	assert_int_equal(s->finding_count, 2);
	assert_int_equal(s->findings[0].disposition, CSUM_REPAIRED);
	assert_int_equal(s->findings[1].disposition, CSUM_LEFT);
	free(path);
}

static void test_replica_refused(void **state)
{
	char *small = path_in(s->directory, "small");
	const char *names[] = { small };

	(void)state;
	put_image(small, (off_t)(s->geometry.data_sectors * 512 - 1));
	garbage(8);
	assert_int_equal(run_with(names, 1), -EINVAL);
	assert_one_error(&s->recorder, "too small");
	names[0] = "/nonexistent/replica";
	assert_int_equal(run_with(names, 1), -ENOENT);
	free(small);
}

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

static void test_misdirected_write(void **state)
{
	struct csum_totals totals;

	(void)state;
	put(300, 8);
	assert_int_equal(scrubbed_check(&totals), 1);
	assert_int_equal(totals.findings[CSUM_MISPLACED], 1);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_int_equal(s->finding_count, 1);
	assert_misplaced(0, 300, 8, 0);
	/* The write that went astray did not arrive where it should have. */
	garbage(8);
	assert_int_equal(scrubbed_run(NULL), 0);
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
	put(8, 300);
	put(300, 8);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_int_equal(s->finding_count, 2);
	assert_misplaced(0, 8, 300, 300);
	assert_misplaced(1, 300, 8, 8);
	assert_healed();
}

static void test_rings_and_chains(void **state)
{
	(void)state;
	/* A ring of three, a ring of two, and a shift by one that loses the last. */
	put(15, 100);
	put(100, 201);
	put(201, 15);
	put(16, 101);
	put(101, 16);
	for (uint64_t i = 50; i < 55; i++)
		put(i + 1, i);
	garbage(50);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_int_equal(s->result.sectors_repaired, 10);
	assert_int_equal(s->result.sectors_left, 1);
	put(55, 55);
	assert_healed();
}

static void test_uniform_is_not_misplaced(void **state)
{
	(void)state;
	put(8, 2);
	put(10, 1);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_int_equal(s->finding_count, 2);
	assert_int_equal(s->findings[0].kind, CSUM_MISMATCH);
	assert_int_equal(s->findings[1].kind, CSUM_ZEROED);
	assert_int_equal(s->result.errors_left, 2);
}

static int64_t fill_as(void *user, void *buffer, size_t size)
{
	assert_true(size >= 512);
	memcpy(buffer, original(*(uint64_t *)user), 512);
	return 512;
}

/* Makes sector `place` hold what `sector` holds, and rightly. */
static void write_as(uint64_t place, uint64_t sector)
{
	const struct csum_write_options options = {
		.offset_bytes = place * 512,
		.length_bytes = 512,
		.source = { fill_as, &sector },
	};
	struct csum_volume *volume = scrubbed_open(false);
	uint64_t done;

	assert_int_equal(csum_write(volume, &options, &done), 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void test_good_copy_elsewhere(void **state)
{
	(void)state;
	write_as(400, 8);
	garbage(8);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_one_finding(CSUM_MISMATCH, 8, CSUM_REPAIRED, "from data sector 400");
	assert_memory_equal(scrubbed_sector(8), original(8), 512);
}

/* The place that is repaired holds the only copy of what a sector outside the range lacks. */
static void test_owner_outside_range(void **state)
{
	(void)state;
	write_as(400, 8);
	put(8, 300);
	garbage(300);
	assert_int_equal(scrubbed_run(&(struct csum_scrub_options){ .length_bytes = 100 * 512 }), 0);
	assert_int_equal(s->finding_count, 2);
	assert_misplaced(0, 8, 300, 400);
	assert_int_equal(s->findings[1].first_sector, 300);
	assert_string_equal(s->how[1], "from data sector 8");
	assert_memory_equal(scrubbed_sector(8), original(8), 512);
	assert_memory_equal(scrubbed_sector(300), original(300), 512);
}

static void test_unreadable(void **state)
{
	const char *replica = scrubbed_make_replica();

	(void)state;
	memdevice_fail(s->data, MEMDEVICE_READ, scrubbed_offset(8), 512, -1, -EIO);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_one_finding(CSUM_UNREADABLE, 8, CSUM_LEFT, "");
	/* It is rewritten, but cannot be read back. */
	assert_int_equal(run_with(&replica, 1), 0);
	assert_int_equal(s->finding_count, 1);
	assert_int_equal(s->findings[0].disposition, CSUM_LEFT);
	/* The run's read, three by itself, one of the table: and then, as rewriting does it, no more. */
	memdevice_reset(s->data);
	memdevice_fail(s->data, MEMDEVICE_READ, scrubbed_offset(8), 512, 5, -EIO);
	assert_int_equal(run_with(&replica, 1), 0);
	assert_int_equal(s->finding_count, 1);
	assert_int_equal(s->findings[0].kind, CSUM_UNREADABLE);
	assert_int_equal(s->findings[0].disposition, CSUM_REPAIRED);
	assert_healed();
}

static void test_refused_writes(void **state)
{
	(void)state;
	scrubbed_sector(8)[3] ^= 1;
	scrubbed_sector(9)[3] ^= 1;
	memset(scrubbed_imd(1, 0), 1, 512);
	memset(scrubbed_imd(2, 0), 1, 512);
	memdevice_fail(s->data, MEMDEVICE_WRITE, scrubbed_offset(8), 512, -1, -EIO);
	memdevice_fail(s->data, MEMDEVICE_WRITE, (uint64_t)(scrubbed_imd(1, 0) - s->metadata->bytes), 512, -1, -EIO);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_int_equal(s->result.errors_left, 2);
	assert_int_equal(s->result.errors_repaired, 2);
	assert_int_equal(s->result.imd_repaired, 1);
	assert_true(s->result.recorded);
	memdevice_reset(s->data);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_healed();
}

static void test_failed_flush_ends_it(void **state)
{
	(void)state;
	scrubbed_sector(8)[3] ^= 1;
	/* Opening, the record, the repair. */
	memdevice_fault(s->data,
			&(struct memdevice_fault){ .call = MEMDEVICE_FLUSH, .skip = 2, .times = 1, .error = -EIO });
	assert_int_equal(scrubbed_run(NULL), -EIO);
	assert_int_equal(s->result.errors_left, 1);
	memdevice_reset(s->data);
	assert_int_equal(scrubbed_run(NULL), 0);
	assert_healed();
}

static void test_vanished(void **state)
{
	(void)state;
	scrubbed_sector(8)[3] ^= 1;
	memdevice_fail(s->data, MEMDEVICE_READ, scrubbed_offset(15), 512, -1, -ENODEV);
	assert_int_equal(scrubbed_run(NULL), -ENODEV);
	assert_int_equal(s->result.end, CSUM_SCRUB_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scrubbed_set_up, scrubbed_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_replica),
		TEST(test_volume_as_replica),
		TEST(test_replica_refused),
		TEST(test_misdirected_write),
		TEST(test_swapped),
		TEST(test_rings_and_chains),
		TEST(test_uniform_is_not_misplaced),
		TEST(test_good_copy_elsewhere),
		TEST(test_owner_outside_range),
		TEST(test_unreadable),
		TEST(test_refused_writes),
		TEST(test_failed_flush_ends_it),
		TEST(test_vanished),
	};

	return cmocka_run_group_tests_name("scrub: healing", tests, NULL, NULL);
}
