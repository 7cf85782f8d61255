/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/facts.h"
#include "device/system.h"
#include "support/device_helpers.h"

struct fixture {
	char *directory;
	char *sys, *proc;
	struct csum_system_roots roots;
};

/* Makes disk 8:0 with partition 8:1, in a tree like /sys, and 8:16 with values that are invalid. */
static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->directory = temporary_directory();
	fixture->sys = path_in(fixture->directory, "sys");
	fixture->proc = path_in(fixture->directory, "proc");
	fixture->roots = (struct csum_system_roots){ .sys = fixture->sys, .proc = fixture->proc };
	put_file(fixture->sys, "devices/sda/dev", "8:0\n");
	put_file(fixture->sys, "devices/sda/queue/physical_block_size", "4096\n");
	put_file(fixture->sys, "devices/sda/queue/logical_block_size", "512\n");
	put_file(fixture->sys, "devices/sda/queue/rotational", "1\n");
	put_file(fixture->sys, "devices/sda/queue/atomic_write_unit_max_bytes", "65536\n");
	put_file(fixture->sys, "devices/sda/queue/atomic_write_unit_min_bytes", "512\n");
	put_file(fixture->sys, "devices/sda/sda1/dev", "8:1\n");
	put_file(fixture->sys, "devices/sda/sda1/partition", "1\n");
	put_file(fixture->sys, "devices/sda/sda1/start", "2048\n");
	put_file(fixture->sys, "devices/sdb/dev", "8:16\n");
	put_file(fixture->sys, "devices/sdb/queue/physical_block_size", "-4096\n");
	put_file(fixture->sys, "devices/sdb/queue/logical_block_size", "520\n");
	put_file(fixture->sys, "devices/sdb/queue/rotational", "0\n");
	put_file(fixture->sys, "devices/sdb/size", "99999999999999999999999\n");
	put_file(fixture->sys, "devices/sdb/start", "12 monkeys\n");
	put_link(fixture->sys, "dev/block/8:0", "../../devices/sda");
	put_link(fixture->sys, "dev/block/8:1", "../../devices/sda/sda1");
	put_link(fixture->sys, "dev/block/8:16", "../../devices/sdb");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	temporary_remove(fixture->directory);
	free(fixture->sys);
	free(fixture->proc);
	free(fixture);
	return 0;
}

static void test_disk_and_partition(void **state)
{
	const struct fixture *fixture = *state;

	for (unsigned int number = 0; number <= 1; number++) {
		struct csum_topology topology;

		csum_device_topology(&fixture->roots, makedev(8, number), &topology);
		assert_int_equal(topology.physical_sector_size, 4096);
		assert_int_equal(topology.logical_sector_size, 512);
		assert_int_equal(topology.atomic_write_size, 65536);
		assert_true(topology.rotational);
	}
}

/* Issue 8, B8: the size, beyond a sector, that a device promises to write as a whole. */
static void test_atomic_write_size_b8(void **state)
{
	static const struct {
		const char *most, *least;
		uint32_t believed;
	} rows[] = {
		{ "4096\n", "512\n", 4096 }, { "0\n", "0\n", 0 },    { "16384\n", "4096\n", 16384 },
		{ "65536\n", "8192\n", 0 },  { "many\n", "1\n", 0 }, { "99999999999\n", "512\n", 1048576 },
	};
	const struct fixture *fixture = *state;
	struct csum_topology topology;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_file(fixture->sys, "devices/sda/queue/atomic_write_unit_max_bytes", rows[i].most);
		put_file(fixture->sys, "devices/sda/queue/atomic_write_unit_min_bytes", rows[i].least);
		csum_device_topology(&fixture->roots, makedev(8, 1), &topology);
		assert_int_equal(topology.atomic_write_size, rows[i].believed);
	}
}

static void test_unknown(void **state)
{
	const unsigned int numbers[] = { 16, 32 }; /* invalid values; no such device */
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++) {
		struct csum_topology topology;

		memset(&topology, 0xff, sizeof(topology));
		csum_device_topology(&fixture->roots, makedev(8, numbers[i]), &topology);
		assert_int_equal(topology.physical_sector_size, 0);
		assert_int_equal(topology.logical_sector_size, 0);
		assert_int_equal(topology.atomic_write_size, 0);
		assert_false(topology.rotational);
	}
}

static void test_numbers(void **state)
{
	const struct fixture *fixture = *state;
	uint64_t value;

	assert_true(csum_block_number(&fixture->roots, makedev(8, 1), "start", &value));
	assert_int_equal(value, 2048);
	assert_false(csum_block_number(&fixture->roots, makedev(8, 1), "size", &value));
	assert_false(csum_block_number(&fixture->roots, makedev(8, 16), "size", &value));
	assert_false(csum_block_number(&fixture->roots, makedev(8, 16), "start", &value));
	assert_false(csum_block_number(&fixture->roots, makedev(8, 16), "queue/physical_block_size", &value));
}

static void test_partition_disk(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(csum_partition_disk(&fixture->roots, makedev(8, 1)), makedev(8, 0));
	assert_int_equal(csum_partition_disk(&fixture->roots, makedev(8, 0)), 0);
	assert_int_equal(csum_partition_disk(&fixture->roots, makedev(9, 0)), 0);
}

/* Returns a block device that exists, for mountinfo to name: any device will do. */
static const char *some_block_device(dev_t *rdev)
{
	static const char *const names[] = { "/dev/loop0", "/dev/sda", "/dev/vda", "/dev/nvme0n1" };
	struct stat status;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (stat(names[i], &status) == 0 && S_ISBLK(status.st_mode)) {
			*rdev = status.st_rdev;
			return names[i];
		}
	}
	return NULL;
}

/* For an anonymous st_dev the line with that number decides; of several lines, the one whose source is a device. */
static void test_anonymous_device(void **state)
{
	const struct fixture *fixture = *state;
	struct csum_topology topology;
	const char *name;
	char text[512];
	dev_t rdev;

	name = some_block_device(&rdev);
	if (!name)
		skip_because("no block device in /dev to name in mountinfo");
	snprintf(text, sizeof(text), "dev/block/%u:%u", major(rdev), minor(rdev));
	if (rdev != makedev(8, 0))
		put_link(fixture->sys, text, "../../devices/sda");
	snprintf(text, sizeof(text),
		 "20 1 0:30 / / rw - tmpfs tmpfs rw\n"
		 "21 1 0:31 / /a rw - btrfs none rw\n"
		 "22 1 0:31 / /b rw shared:1 - btrfs %s rw\n"
		 "23 1 0:32 / /c rw - overlay overlay rw\n",
		 name);
	put_file(fixture->proc, "self/mountinfo", text);
	csum_device_topology(&fixture->roots, makedev(0, 31), &topology);
	assert_int_equal(topology.physical_sector_size, 4096);
	for (unsigned int number = 30; number <= 33; number += number == 30 ? 2 : 1) {
		csum_device_topology(&fixture->roots, makedev(0, number), &topology);
		assert_int_equal(topology.physical_sector_size, 0);
	}
}

/* As on a btrfs subvolume: no line has st_dev, but one has the number of the mount. */
static void test_file_system_device_by_mount(void **state)
{
	const struct fixture *fixture = *state;
	char text[512], name[64];
	const char *source;
	int descriptor;
	dev_t rdev;

	source = some_block_device(&rdev);
	if (!source)
		skip_because("no block device in /dev to name in mountinfo");
	descriptor = memfd_create("anonymous", MFD_CLOEXEC);
	assert_true(descriptor >= 0);
	snprintf(text, sizeof(text),
		 "76 1 0:998 / /a rw - tmpfs tmpfs rw\n"
		 "77 1 0:999 /sub /b rw - btrfs %s rw\n",
		 source);
	put_file(fixture->proc, "self/mountinfo", text);
	assert_int_equal(csum_file_system_device(&fixture->roots, descriptor), 0);
	snprintf(name, sizeof(name), "self/fdinfo/%d", descriptor);
	put_file(fixture->proc, name, "pos:\t0\nflags:\t02\nmnt_id:\t77\nino:\t5\n");
	assert_int_equal(csum_file_system_device(&fixture->roots, descriptor), rdev);
	put_file(fixture->proc, name, "pos:\t0\nflags:\t02\nmnt_id:\t76\nino:\t5\n");
	assert_int_equal(csum_file_system_device(&fixture->roots, descriptor), 0);
	close(descriptor);
}

static void test_file_system_device_here(void **state)
{
	const struct fixture *fixture = *state;
	int descriptor = open(fixture->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	assert_int_equal(fstat(descriptor, &status), 0);
	if (major(status.st_dev) != 0)
		assert_int_equal(csum_file_system_device(&csum_system_roots_default, descriptor), status.st_dev);
	close(descriptor);
	assert_int_equal(csum_file_system_device(&csum_system_roots_default, -1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_disk_and_partition, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_atomic_write_size_b8, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unknown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_partition_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_anonymous_device, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file_system_device_by_mount, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_file_system_device_here, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
