/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/use.h"
#include "support/system_tree.h"

#define WHOLE makedev(8, 0)
#define PART_1 makedev(8, 1)
#define PART_2 makedev(8, 2)
#define OTHER makedev(8, 16)
#define NO_FILE 0, 0

struct fixture {
	struct system_tree tree;
	char where[256];
};

/* Makes disk 8:0 with partitions 8:1 and 8:2, and disk 8:16. Nothing is in use. */
static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct system_tree *tree;

	assert_non_null(fixture);
	tree = &fixture->tree;
	system_tree_init(tree);
	system_tree_put_disk(tree, "sda", "8:0");
	put_file(tree->sys, "devices/sda/queue/rotational", "0\n");
	system_tree_put_partition(tree, "sda/sda1", "8:1", "1");
	system_tree_put_partition(tree, "sda/sda2", "8:2", "2");
	system_tree_put_disk(tree, "sdb", "8:16");
	put_file(tree->proc, "swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	put_file(tree->proc, "self/mountinfo", "");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	system_tree_free(&fixture->tree);
	free(fixture);
	return 0;
}

static enum csum_use use_of(struct fixture *fixture, dev_t rdev, dev_t dev, ino_t inode)
{
	memset(fixture->where, '?', sizeof(fixture->where));
	return csum_device_use(&fixture->tree.roots, rdev, dev, inode, fixture->where, sizeof(fixture->where));
}

static enum csum_use use_of_file(struct fixture *fixture, const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return use_of(fixture, 0, status.st_dev, status.st_ino);
}

static void assert_unused(struct fixture *fixture, dev_t rdev)
{
	assert_int_equal(use_of(fixture, rdev, NO_FILE), CSUM_USE_NONE);
	assert_string_equal(fixture->where, "");
}

static void test_nothing(void **state)
{
	struct csum_system_roots nowhere = { .sys = "/nonexistent", .proc = "/nonexistent" };
	struct fixture *fixture = *state;
	char where[1] = { '?' };

	assert_unused(fixture, WHOLE);
	assert_unused(fixture, PART_1);
	assert_unused(fixture, makedev(99, 1));
	assert_int_equal(use_of_file(fixture, fixture->tree.directory), CSUM_USE_NONE);
	assert_int_equal(csum_device_use(&nowhere, WHOLE, NO_FILE, where, sizeof(where)), CSUM_USE_NONE);
	assert_int_equal(where[0], '\0');
}

static void test_mounted(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture->tree.proc, "self/mountinfo",
		 "22 1 0:21 / /proc rw - proc proc rw\n"
		 "27 1 8:16 / /a\\040b\\134c rw,relatime shared:1 master:2 - ext4 /dev/nowhere rw,errors=ro\n");
	assert_int_equal(use_of(fixture, OTHER, NO_FILE), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "/a b\\c");
	assert_unused(fixture, WHOLE);
	/* A file on a mounted disk is not in use by the mount. */
	assert_int_equal(use_of(fixture, 0, OTHER, 2), CSUM_USE_NONE);
}

/* The file system must be read-only: a read-only view of it says nothing of other views. */
static void test_mounted_read_only(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture->tree.proc, "self/mountinfo", "27 1 8:16 / /mnt ro,noatime - ext4 /dev/nowhere ro,x=y\n");
	assert_int_equal(use_of(fixture, OTHER, NO_FILE), CSUM_USE_MOUNTED_READ_ONLY);
	assert_string_equal(fixture->where, "/mnt");
	put_file(fixture->tree.proc, "self/mountinfo", "27 1 8:16 / /mnt ro,noatime - ext4 /dev/nowhere rw\n");
	assert_int_equal(use_of(fixture, OTHER, NO_FILE), CSUM_USE_MOUNTED);
	put_file(fixture->tree.proc, "self/mountinfo", "27 1 8:16 / /mnt rw - ext4 /dev/nowhere rw,root=ro\n");
	assert_int_equal(use_of(fixture, OTHER, NO_FILE), CSUM_USE_MOUNTED);
}

static void test_malformed_mounts(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture->tree.proc, "self/mountinfo",
		 "\n"
		 "27 1 8:16\n"
		 "27 1 8:16 / /mnt rw - ext4\n"
		 "27 1 8:16 - ext4 /dev/x rw\n"
		 "x y z / /mnt rw - ext4 /dev/x rw\n");
	assert_unused(fixture, OTHER);
}

/* The use of a partition is a use of its disk, and the other way round; but not of another partition. */
static void test_mounted_relatives(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture->tree.proc, "self/mountinfo", "27 1 8:1 / /part rw - ext4 /dev/nowhere rw\n");
	assert_int_equal(use_of(fixture, PART_1, NO_FILE), CSUM_USE_MOUNTED);
	assert_int_equal(use_of(fixture, WHOLE, NO_FILE), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "/part");
	assert_unused(fixture, PART_2);
	assert_unused(fixture, OTHER);
	put_file(fixture->tree.proc, "self/mountinfo", "27 1 8:0 / /disk rw - ext4 /dev/nowhere rw\n");
	assert_int_equal(use_of(fixture, PART_2, NO_FILE), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "/disk");
}

/* As with btrfs, for which major:minor is anonymous. */
static void test_mounted_by_source(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	if (stat("/dev/loop0", &status) < 0 || !S_ISBLK(status.st_mode))
		skip_because("there is no /dev/loop0");
	put_file(fixture->tree.proc, "self/mountinfo", "27 1 0:55 /sub /mnt rw - btrfs /dev/loop0 rw\n");
	assert_int_equal(use_of(fixture, status.st_rdev, NO_FILE), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "/mnt");
}

static void test_held(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture->tree.sys, "devices/sda/sda1/holders/dm-3/dm/name", "vault\n");
	assert_int_equal(use_of(fixture, PART_1, NO_FILE), CSUM_USE_HELD);
	assert_string_equal(fixture->where, "dm-3 (vault)");
	assert_int_equal(use_of(fixture, WHOLE, NO_FILE), CSUM_USE_HELD);
	assert_unused(fixture, PART_2);
	put_file(fixture->tree.sys, "devices/sdb/holders/md0/dev", "9:0\n");
	assert_int_equal(use_of(fixture, OTHER, NO_FILE), CSUM_USE_HELD);
	assert_string_equal(fixture->where, "md0");
}

/* A use that may write outranks one that only reads. */
static void test_held_and_mounted_read_only(void **state)
{
	struct fixture *fixture = *state;

	put_file(fixture->tree.proc, "self/mountinfo",
		 "27 1 8:16 / /ro ro - ext4 /dev/nowhere ro\n"
		 "28 1 8:1 / /part ro - ext4 /dev/nowhere ro\n"
		 "29 1 8:2 / /other rw - ext4 /dev/nowhere rw\n");
	put_file(fixture->tree.sys, "devices/sdb/holders/md0/dev", "9:0\n");
	assert_int_equal(use_of(fixture, OTHER, NO_FILE), CSUM_USE_HELD);
	assert_int_equal(use_of(fixture, WHOLE, NO_FILE), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "/other");
	put_file(fixture->tree.proc, "self/mountinfo",
		 "29 1 8:2 / /other rw - ext4 /dev/nowhere rw\n"
		 "30 1 8:1 / /part ro - ext4 /dev/nowhere ro\n");
	assert_int_equal(use_of(fixture, WHOLE, NO_FILE), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "/other");
}

static void test_where_is_cut(void **state)
{
	struct fixture *fixture = *state;
	char where[5] = "????";

	put_file(fixture->tree.proc, "self/mountinfo", "27 1 8:16 / /mount-point rw - ext4 /dev/x rw\n");
	assert_int_equal(csum_device_use(&fixture->tree.roots, OTHER, NO_FILE, where, sizeof(where)), CSUM_USE_MOUNTED);
	assert_string_equal(where, "/mou");
}

static void test_swap(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture->tree.directory, "swap file"), line[512];

	put_file(fixture->tree.directory, "swap file", "");
	put_file(fixture->tree.directory, "other file", "");
	snprintf(line, sizeof(line), "Filename Type Size Used Priority\n%s/swap\\040file file\t65532\t0\t-2\n",
		 fixture->tree.directory);
	put_file(fixture->tree.proc, "swaps", line);
	assert_int_equal(use_of_file(fixture, path), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "swap");
	free(path);
	path = path_in(fixture->tree.directory, "other file");
	assert_int_equal(use_of_file(fixture, path), CSUM_USE_NONE);
	free(path);
}

static void test_swap_device(void **state)
{
	struct fixture *fixture = *state;
	struct stat status;

	if (stat("/dev/loop0", &status) < 0 || !S_ISBLK(status.st_mode))
		skip_because("there is no /dev/loop0");
	put_file(fixture->tree.proc, "swaps", "/dev/loop0 partition\t65532\t0\t-2\n");
	assert_int_equal(use_of(fixture, status.st_rdev, NO_FILE), CSUM_USE_MOUNTED);
	assert_string_equal(fixture->where, "swap");
	assert_int_equal(use_of(fixture, 0, status.st_dev, status.st_ino + 1), CSUM_USE_NONE);
}

/* Makes a loop8 over the file of that name in the fixture's directory. */
static void put_loop(struct fixture *fixture, const char *name, const char *suffix, const char *read_only)
{
	char line[512];

	snprintf(line, sizeof(line), "%s/%s%s\n", fixture->tree.directory, name, suffix);
	put_file(fixture->tree.sys, "block/loop8/loop/backing_file", line);
	put_file(fixture->tree.sys, "block/loop8/ro", read_only);
	put_file(fixture->tree.sys, "block/loop9/ro", "0\n");
	put_file(fixture->tree.sys, "block/sda/ro", "0\n");
	put_file(fixture->tree.sys, "dev/block/7:8/uevent", "MAJOR=7\nMINOR=8\nDEVNAME=loop8\nDEVTYPE=disk\n");
	put_file(fixture->tree.sys, "dev/block/7:9/uevent", "MAJOR=7\nMINOR=9\nDEVNAME=loop9\nDEVTYPE=disk\n");
}

static void test_attached(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture->tree.directory, "image");

	put_file(fixture->tree.directory, "image", "");
	put_loop(fixture, "image", "", "0\n");
	assert_int_equal(use_of_file(fixture, path), CSUM_USE_ATTACHED);
	assert_string_equal(fixture->where, "/dev/loop8");
	assert_int_equal(use_of_file(fixture, fixture->tree.directory), CSUM_USE_NONE);
	put_loop(fixture, "image", "", "1\n");
	assert_int_equal(use_of_file(fixture, path), CSUM_USE_ATTACHED_READ_ONLY);
	free(path);
}

/* The kernel's suffix is told from a name that ends with the same words; a new file at the old path is free. */
static void test_attached_and_deleted(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture->tree.directory, "image"),
	     *odd = path_in(fixture->tree.directory, "odd (deleted)");

	put_file(fixture->tree.directory, "image", "");
	put_file(fixture->tree.directory, "odd (deleted)", "");
	put_loop(fixture, "image", " (deleted)", "0\n");
	assert_int_equal(use_of_file(fixture, path), CSUM_USE_NONE);
	put_loop(fixture, "odd", " (deleted)", "0\n");
	assert_int_equal(use_of_file(fixture, odd), CSUM_USE_ATTACHED);
	free(path);
	free(odd);
}

static void test_loop_backed_by(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture->tree.directory, "image");
	struct stat status;

	put_file(fixture->tree.directory, "image", "");
	put_loop(fixture, "image", "", "0\n");
	assert_int_equal(stat(path, &status), 0);
	assert_true(csum_loop_backed_by(&fixture->tree.roots, makedev(7, 8), 0, status.st_dev, status.st_ino));
	assert_false(csum_loop_backed_by(&fixture->tree.roots, makedev(7, 9), 0, status.st_dev, status.st_ino));
	assert_false(csum_loop_backed_by(&fixture->tree.roots, makedev(7, 8), 0, status.st_dev, status.st_ino + 1));
	assert_false(csum_loop_backed_by(&fixture->tree.roots, makedev(7, 8), OTHER, status.st_dev, status.st_ino));
	assert_false(csum_loop_backed_by(&fixture->tree.roots, OTHER, 0, status.st_dev, status.st_ino));
	free(path);
}

/* Asks the real system: by path, and with the path gone but another link to the file left. */
static void test_attached_here(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture->tree.directory, "image"), *other = path_in(fixture->tree.directory, "other");
	struct loop loop;

	fixture->tree.roots = csum_system_roots_default;
	put_image(path, 1 << 20);
	assert_int_equal(link(path, other), 0);
	assert_int_equal(use_of_file(fixture, path), CSUM_USE_NONE);
	if (loop_attach(&loop, path, 512, false)) {
		assert_int_equal(use_of_file(fixture, other), CSUM_USE_ATTACHED);
		assert_string_equal(fixture->where, loop.path);
		assert_int_equal(use_of(fixture, loop.rdev, NO_FILE), CSUM_USE_NONE);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(use_of_file(fixture, other), CSUM_USE_ATTACHED);
		put_image(path, 1 << 20);
		assert_int_equal(use_of_file(fixture, path), CSUM_USE_NONE);
		loop_detach(&loop);
		assert_int_equal(use_of_file(fixture, other), CSUM_USE_NONE);
		assert_true(loop_attach(&loop, other, 512, true));
		assert_int_equal(use_of_file(fixture, other), CSUM_USE_ATTACHED_READ_ONLY);
		loop_detach(&loop);
		free(path);
		free(other);
		return;
	}
	free(path);
	free(other);
	skip_because("needs a loop device");
}

/* A loop device over a block device uses that block device. */
static void test_loop_over_device_here(void **state)
{
	struct fixture *fixture = *state;
	char *path = path_in(fixture->tree.directory, "image");
	char *node = path_in(fixture->tree.directory, "node");
	struct loop lower, upper;

	fixture->tree.roots = csum_system_roots_default;
	put_image(path, 1 << 20);
	if (loop_attach(&lower, path, 512, false)) {
		assert_true(loop_attach(&upper, lower.path, 512, false));
		assert_int_equal(use_of(fixture, lower.rdev, NO_FILE), CSUM_USE_ATTACHED);
		assert_string_equal(fixture->where, upper.path);
		assert_true(csum_loop_backed_by(&fixture->tree.roots, upper.rdev, lower.rdev, NO_FILE));
		assert_false(csum_loop_backed_by(&fixture->tree.roots, lower.rdev, upper.rdev, NO_FILE));
		loop_detach(&upper);
		/* The loop device was made with a node that is gone. */
		if (mknod(node, S_IFBLK | 0600, lower.rdev) == 0 && loop_attach(&upper, node, 512, false)) {
			assert_int_equal(unlink(node), 0);
			assert_int_equal(use_of(fixture, lower.rdev, NO_FILE), CSUM_USE_ATTACHED);
			assert_string_equal(fixture->where, upper.path);
			loop_detach(&upper);
		}
		loop_detach(&lower);
		free(path);
		free(node);
		return;
	}
	free(path);
	free(node);
	skip_because("needs a loop device");
}

#define with_tree(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_tree(test_nothing),
		with_tree(test_mounted),
		with_tree(test_mounted_read_only),
		with_tree(test_malformed_mounts),
		with_tree(test_mounted_relatives),
		with_tree(test_mounted_by_source),
		with_tree(test_held),
		with_tree(test_held_and_mounted_read_only),
		with_tree(test_where_is_cut),
		with_tree(test_swap),
		with_tree(test_swap_device),
		with_tree(test_attached),
		with_tree(test_attached_and_deleted),
		with_tree(test_loop_backed_by),
		with_tree(test_attached_here),
		with_tree(test_loop_over_device_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
