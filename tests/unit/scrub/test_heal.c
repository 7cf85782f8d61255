/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scrub: content from replicas; sectors that cannot be read or written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"
#include "support/scrub_volume.h"

static struct scrub_volume *const s = &scrub_volume;

static int run_with(const char *const *replicas, size_t count)
{
	return scrub_volume_run(&(struct csum_scrub_options){
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
	const char *replica = scrub_volume_make_replica();

	(void)state;
	scrub_volume_garbage(8);
	scrub_volume_garbage(9);
	memset(scrub_volume_sector(200), 0, 512);
	/* The replica is damaged in a sector that is not needed, and in one that is. */
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
	scrub_volume_put(9, 9);
	assert_healed();
}

/* The disk itself, as a volume, is a replica of its former state. */
static void test_volume_as_replica(void **state)
{
	char *path = path_in(s->directory, "volume");
	const char *replica = path;
	FILE *file = fopen(path, "wb");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fwrite(s->original[0], s->disks[0].size, 1, file), 1);
	assert_int_equal(fclose(file), 0);
	damage_file(path, scrub_volume_offset(9));
	scrub_volume_garbage(8);
	scrub_volume_garbage(9);
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
	scrub_volume_garbage(8);
	assert_int_equal(run_with(names, 1), -EINVAL);
	assert_one_error(&s->recorder, "too small");
	names[0] = "/nonexistent/replica";
	assert_int_equal(run_with(names, 1), -ENOENT);
	free(small);
}

static void test_unreadable(void **state)
{
	const char *replica = scrub_volume_make_replica();

	(void)state;
	memory_disk_fail(s->data, MEMORY_DISK_READ, scrub_volume_offset(8), 512, -1, -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_one_finding(CSUM_UNREADABLE, 8, CSUM_LEFT, "");
	/* The sector is rewritten, but cannot be read back. */
	assert_int_equal(run_with(&replica, 1), 0);
	assert_int_equal(s->finding_count, 1);
	assert_int_equal(s->findings[0].disposition, CSUM_LEFT);
	/* Failing reads: that of the run, three of the sector alone, three for the table; none after the rewriting. */
	memory_disk_reset(s->data);
	memory_disk_fail(s->data, MEMORY_DISK_READ, scrub_volume_offset(8), 512, 7, -EIO);
	assert_int_equal(run_with(&replica, 1), 0);
	assert_int_equal(s->finding_count, 1);
	assert_int_equal(s->findings[0].kind, CSUM_UNREADABLE);
	assert_int_equal(s->findings[0].disposition, CSUM_REPAIRED);
	assert_healed();
}

static void test_refused_writes(void **state)
{
	(void)state;
	scrub_volume_sector(8)[3] ^= 1;
	scrub_volume_sector(9)[3] ^= 1;
	memset(scrub_volume_imd(1, 0), 1, 512);
	memset(scrub_volume_imd(2, 0), 1, 512);
	memory_disk_fail(s->data, MEMORY_DISK_WRITE, scrub_volume_offset(8), 512, -1, -EIO);
	memory_disk_fail(s->data, MEMORY_DISK_WRITE, (uint64_t)(scrub_volume_imd(1, 0) - s->metadata->bytes), 512, -1,
			 -EIO);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_int_equal(s->result.errors_left, 2);
	assert_int_equal(s->result.errors_repaired, 2);
	assert_int_equal(s->result.imd_repaired, 1);
	assert_true(s->result.recorded);
	memory_disk_reset(s->data);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

static void test_failed_flush_ends_it(void **state)
{
	(void)state;
	scrub_volume_sector(8)[3] ^= 1;
	/* The first flushes are those of opening and of the record; then comes the repair's. */
	memory_disk_fault(s->data, &(struct memory_disk_fault){
					   .call = MEMORY_DISK_FLUSH, .skip = 2, .times = 1, .error = -EIO });
	assert_int_equal(scrub_volume_run(NULL), -EIO);
	assert_int_equal(s->result.errors_left, 1);
	memory_disk_reset(s->data);
	assert_int_equal(scrub_volume_run(NULL), 0);
	assert_healed();
}

static void test_vanished(void **state)
{
	(void)state;
	scrub_volume_sector(8)[3] ^= 1;
	memory_disk_fail(s->data, MEMORY_DISK_READ, scrub_volume_offset(15), 512, -1, -ENODEV);
	assert_int_equal(scrub_volume_run(NULL), -ENODEV);
	assert_int_equal(s->result.end, CSUM_SCRUB_FAILED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scrub_volume_set_up, scrub_volume_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_replica),    TEST(test_volume_as_replica), TEST(test_replica_refused),
		TEST(test_unreadable), TEST(test_refused_writes),    TEST(test_failed_flush_ends_it),
		TEST(test_vanished),
	};

	return cmocka_run_group_tests_name("scrub: healing", tests, NULL, NULL);
}
