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

#include "device/topology.h"
#include "support/system_tree.h"

/* Disk 8:0 with partition 8:1; 8:16 with values that are none. */
static int set_up(void **state)
{
	struct system_tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	system_tree_init(tree);
	system_tree_put_disk(tree, "sda", "8:0");
	put_file(tree->sys, "devices/sda/queue/physical_block_size", "4096\n");
	put_file(tree->sys, "devices/sda/queue/logical_block_size", "512\n");
	put_file(tree->sys, "devices/sda/queue/rotational", "1\n");
	put_file(tree->sys, "devices/sda/queue/atomic_write_unit_max_bytes", "65536\n");
	put_file(tree->sys, "devices/sda/queue/atomic_write_unit_min_bytes", "512\n");
	system_tree_put_partition(tree, "sda/sda1", "8:1", "1");
	put_file(tree->sys, "devices/sda/sda1/start", "2048\n");
	system_tree_put_disk(tree, "sdb", "8:16");
	put_file(tree->sys, "devices/sdb/queue/physical_block_size", "-4096\n");
	put_file(tree->sys, "devices/sdb/queue/logical_block_size", "520\n");
	put_file(tree->sys, "devices/sdb/queue/rotational", "0\n");
	put_file(tree->sys, "devices/sdb/size", "99999999999999999999999\n");
	put_file(tree->sys, "devices/sdb/start", "12 monkeys\n");
	*state = tree;
	return 0;
}

static int tear_down(void **state)
{
	system_tree_free(*state);
	free(*state);
	return 0;
}

static void test_disk_and_partition(void **state)
{
	const struct system_tree *tree = *state;

	for (unsigned int number = 0; number <= 1; number++) {
		struct csum_topology topology;

		csum_device_topology(&tree->roots, makedev(8, number), &topology);
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
	const struct system_tree *tree = *state;
	struct csum_topology topology;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_file(tree->sys, "devices/sda/queue/atomic_write_unit_max_bytes", rows[i].most);
		put_file(tree->sys, "devices/sda/queue/atomic_write_unit_min_bytes", rows[i].least);
		csum_device_topology(&tree->roots, makedev(8, 1), &topology);
		assert_int_equal(topology.atomic_write_size, rows[i].believed);
	}
}

static void test_unknown(void **state)
{
	const unsigned int numbers[] = { 16, 32 }; /* invalid values; no such device */
	const struct system_tree *tree = *state;

	for (size_t i = 0; i < 2; i++) {
		struct csum_topology topology;

		memset(&topology, 0xff, sizeof(topology));
		csum_device_topology(&tree->roots, makedev(8, numbers[i]), &topology);
		assert_int_equal(topology.physical_sector_size, 0);
		assert_int_equal(topology.logical_sector_size, 0);
		assert_int_equal(topology.atomic_write_size, 0);
		assert_false(topology.rotational);
	}
}

static void test_numbers(void **state)
{
	const struct system_tree *tree = *state;
	uint64_t value;

	assert_true(csum_block_number(&tree->roots, makedev(8, 1), "start", &value));
	assert_int_equal(value, 2048);
	assert_false(csum_block_number(&tree->roots, makedev(8, 1), "size", &value));
	assert_false(csum_block_number(&tree->roots, makedev(8, 16), "size", &value));
	assert_false(csum_block_number(&tree->roots, makedev(8, 16), "start", &value));
	assert_false(csum_block_number(&tree->roots, makedev(8, 16), "queue/physical_block_size", &value));
}

static void test_partition_disk(void **state)
{
	const struct system_tree *tree = *state;

	assert_int_equal(csum_partition_disk(&tree->roots, makedev(8, 1)), makedev(8, 0));
	assert_int_equal(csum_partition_disk(&tree->roots, makedev(8, 0)), 0);
	assert_int_equal(csum_partition_disk(&tree->roots, makedev(9, 0)), 0);
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
	const struct system_tree *tree = *state;
	struct csum_topology topology;
	const char *name;
	char text[512];
	dev_t rdev;

	name = some_block_device(&rdev);
	if (!name)
		skip_because("no block device in /dev to name in mountinfo");
	snprintf(text, sizeof(text), "dev/block/%u:%u", major(rdev), minor(rdev));
	if (rdev != makedev(8, 0))
		put_link(tree->sys, text, "../../devices/sda");
	snprintf(text, sizeof(text),
		 "20 1 0:30 / / rw - tmpfs tmpfs rw\n"
		 "21 1 0:31 / /a rw - btrfs none rw\n"
		 "22 1 0:31 / /b rw shared:1 - btrfs %s rw\n"
		 "23 1 0:32 / /c rw - overlay overlay rw\n",
		 name);
	put_file(tree->proc, "self/mountinfo", text);
	csum_device_topology(&tree->roots, makedev(0, 31), &topology);
	assert_int_equal(topology.physical_sector_size, 4096);
	for (unsigned int number = 30; number <= 33; number += number == 30 ? 2 : 1) {
		csum_device_topology(&tree->roots, makedev(0, number), &topology);
		assert_int_equal(topology.physical_sector_size, 0);
	}
}

/* As on a btrfs subvolume: no line has st_dev, but one has the number of the mount. */
static void test_file_system_device_by_mount(void **state)
{
	const struct system_tree *tree = *state;
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
	put_file(tree->proc, "self/mountinfo", text);
	assert_int_equal(csum_file_system_device(&tree->roots, descriptor), 0);
	snprintf(name, sizeof(name), "self/fdinfo/%d", descriptor);
	put_file(tree->proc, name, "pos:\t0\nflags:\t02\nmnt_id:\t77\nino:\t5\n");
	assert_int_equal(csum_file_system_device(&tree->roots, descriptor), rdev);
	put_file(tree->proc, name, "pos:\t0\nflags:\t02\nmnt_id:\t76\nino:\t5\n");
	assert_int_equal(csum_file_system_device(&tree->roots, descriptor), 0);
	close(descriptor);
}

static void test_file_system_device_here(void **state)
{
	const struct system_tree *tree = *state;
	int descriptor = open(tree->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;

	assert_int_equal(fstat(descriptor, &status), 0);
	if (major(status.st_dev) != 0)
		assert_int_equal(csum_file_system_device(&csum_system_roots_default, descriptor), status.st_dev);
	close(descriptor);
	assert_int_equal(csum_file_system_device(&csum_system_roots_default, -1), 0);
}

#define with_tree(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(test_disk_and_partition),
		with_tree(test_atomic_write_size_b8),
		with_tree(test_unknown),
		with_tree(test_numbers),
		with_tree(test_partition_disk),
		with_tree(test_anonymous_device),
		with_tree(test_file_system_device_by_mount),
		with_tree(test_file_system_device_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
