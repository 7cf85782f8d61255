/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/directory.h"
#include "support/device_helpers.h"

/* What fsync(2) was called with; and the errors that its first calls end with, up to the first 0. */
static struct {
	int calls, descriptor;
	ino_t inode;
	int errors[4];
} synced;

/* Taken by the library in place of the system's. */
int fsync(int descriptor)
{
	int error = synced.errors[synced.calls++];
	struct stat status;

	assert_int_equal(fstat(descriptor, &status), 0);
	synced.descriptor = descriptor;
	synced.inode = status.st_ino;
	errno = error;
	return error ? -1 : 0;
}

static int set_up(void **state)
{
	char *directory = temporary_directory();

	memset(&synced, 0, sizeof(synced));
	put_file(directory, "folder/file", "");
	*state = directory;
	return 0;
}

static int tear_down(void **state)
{
	temporary_remove(*state);
	return 0;
}

/* The name in the directory of the test, synchronised. */
static int sync_name(const char *directory, const char *name)
{
	char *path = path_in(directory, name);
	int error = csum_directory_sync_name(path);

	free(path);
	return error;
}

static ino_t inode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_ino;
}

static void assert_closed(void)
{
	assert_int_equal(fcntl(synced.descriptor, F_GETFD), -1);
}

static void test_directory_of_the_name(void **state)
{
	char *folder = path_in(*state, "folder");

	assert_int_equal(sync_name(*state, "folder/file"), 0);
	assert_int_equal(synced.calls, 1);
	assert_int_equal(synced.inode, inode_of(folder));
	assert_closed();
	/* Of a directory it is the one above. */
	assert_int_equal(csum_directory_sync_name(folder), 0);
	assert_int_equal(synced.inode, inode_of(*state));
	/* The file itself need not be there. */
	assert_int_equal(sync_name(*state, "folder/other"), 0);
	assert_int_equal(synced.inode, inode_of(folder));
	free(folder);
}

static void test_names_without_directory(void **state)
{
	(void)state;
	assert_int_equal(csum_directory_sync_name("file"), 0);
	assert_int_equal(synced.inode, inode_of("."));
	assert_int_equal(csum_directory_sync_name("/file"), 0);
	assert_int_equal(synced.inode, inode_of("/"));
}

static void test_interrupted(void **state)
{
	synced.errors[0] = synced.errors[1] = EINTR;
	assert_int_equal(sync_name(*state, "folder/file"), 0);
	assert_int_equal(synced.calls, 3);
}

static void test_errors(void **state)
{
	synced.errors[0] = EIO;
	assert_int_equal(sync_name(*state, "folder/file"), -EIO);
	assert_closed();
	assert_int_equal(sync_name(*state, "nowhere/file"), -ENOENT);
	assert_int_equal(sync_name(*state, "folder/file/below"), -ENOTDIR);
	assert_int_equal(synced.calls, 1);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_folder(test_directory_of_the_name),
		with_folder(test_names_without_directory),
		with_folder(test_interrupted),
		with_folder(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
