/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uses of a file that exclude each other, marks of others at work, and the process that is named. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/lock.h"
#include "support/system_tree.h"

struct fixture {
	struct system_tree tree;
	char *image;
	int descriptors[3]; /* of the image, each with its own open(2), as in three processes */
};

static int open_image(const struct fixture *fixture, int flags)
{
	int descriptor = open(fixture->image, flags | O_CLOEXEC);

	assert_true(descriptor >= 0);
	return descriptor;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	system_tree_init(&fixture->tree);
	fixture->image = path_in(fixture->tree.directory, "image");
	put_image(fixture->image, 4096);
	for (int i = 0; i < 3; i++)
		fixture->descriptors[i] = open_image(fixture, O_RDWR);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 3; i++)
		close(fixture->descriptors[i]);
	system_tree_free(&fixture->tree);
	free(fixture->image);
	free(fixture);
	return 0;
}

/* Ends a use, and begins a new one. */
static void reopen(struct fixture *fixture, int i)
{
	close(fixture->descriptors[i]);
	fixture->descriptors[i] = open_image(fixture, O_RDWR);
}

/* ------------------------------------------------------------------ uses that exclude each other */

enum use { READER, SCRUB, WRITER, OLD_READER, OLD_WRITER, USES };

/* The last two are locks of builds that did not have marks yet; with them a scrub locks like a writer. */
static int take(int descriptor, enum use use)
{
	switch (use) {
	case OLD_READER:
		return flock(descriptor, LOCK_SH | LOCK_NB) < 0 ? -errno : 0;
	case OLD_WRITER:
		return flock(descriptor, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
	default:
		return csum_lock_take(descriptor, (enum csum_lock)use);
	}
}

static void test_who_excludes_whom(void **state)
{
	static const bool share[USES][USES] = {
		[READER] = { [READER] = true, [SCRUB] = true, [OLD_READER] = true },
		[SCRUB] = { [READER] = true, [OLD_READER] = true },
		[OLD_READER] = { [READER] = true, [SCRUB] = true, [OLD_READER] = true },
	};
	struct fixture *fixture = *state;

	for (int first = 0; first < USES; first++) {
		for (int second = 0; second < USES; second++) {
			assert_int_equal(take(fixture->descriptors[0], (enum use)first), 0);
			if (take(fixture->descriptors[1], (enum use)second) !=
			    (share[first][second] ? 0 : -EWOULDBLOCK))
				fail_msg("use %d beside use %d", second, first);
			reopen(fixture, 0);
			reopen(fixture, 1);
		}
	}
}

/* A use that was refused does not keep others out. */
static void test_all_or_nothing(void **state)
{
	struct fixture *fixture = *state;

	for (enum use held = READER; held < USES; held++) {
		for (enum use refused = SCRUB; refused <= WRITER; refused++) {
			assert_int_equal(take(fixture->descriptors[0], held), 0);
			if (take(fixture->descriptors[1], refused) == -EWOULDBLOCK) {
				reopen(fixture, 0);
				assert_int_equal(csum_lock_at_work(fixture->descriptors[2]), CSUM_NOBODY_AT_WORK);
				assert_int_equal(take(fixture->descriptors[2], SCRUB), 0);
				reopen(fixture, 2);
				assert_int_equal(take(fixture->descriptors[2], WRITER), 0);
			}
			for (int i = 0; i < 3; i++)
				reopen(fixture, i);
		}
	}
}

/* A mark ends with the last descriptor of its own open(2), whatever other descriptors of the file do. */
static void test_ends_with_its_opening(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(take(fixture->descriptors[0], SCRUB), 0);
	reopen(fixture, 1);
	assert_int_equal(take(fixture->descriptors[1], SCRUB), -EWOULDBLOCK);
	reopen(fixture, 0);
	assert_int_equal(take(fixture->descriptors[1], SCRUB), 0);
}

/* ------------------------------------------------------------------ marks that others see */

static void test_at_work(void **state)
{
	static const enum csum_at_work seen[USES] = { [SCRUB] = CSUM_SCRUB_AT_WORK, [WRITER] = CSUM_WRITER_AT_WORK };
	struct fixture *fixture = *state;
	struct stat status;

	assert_int_equal(stat(fixture->image, &status), 0);
	for (enum use use = READER; use < USES; use++) {
		int looking = open_image(fixture, O_RDONLY);

		assert_int_equal(take(fixture->descriptors[0], use), 0);
		assert_int_equal(csum_lock_at_work(looking), seen[use]);
		assert_int_equal(csum_lock_is_exclusive(&csum_system_roots_default, status.st_dev, status.st_ino),
				 use == WRITER || use == OLD_WRITER);
		/* A process does not see its own marks. */
		assert_int_equal(csum_lock_at_work(fixture->descriptors[0]), CSUM_NOBODY_AT_WORK);
		reopen(fixture, 0);
		assert_int_equal(csum_lock_at_work(looking), CSUM_NOBODY_AT_WORK);
		close(looking);
	}
}

static void test_is_exclusive(void **state)
{
	struct fixture *fixture = *state;

	assert_false(csum_lock_is_exclusive(&fixture->tree.roots, makedev(0xfe, 1), 77));
	put_file(fixture->tree.proc, "locks",
		 "1: POSIX  ADVISORY  WRITE 1 fe:01:77 0 EOF\n"
		 "2: -> FLOCK  ADVISORY  WRITE 2 fe:01:77 0 EOF\n"
		 "3: FLOCK  ADVISORY  WRITE 3 fe:01:78 0 EOF\n"
		 "6: FLOCK  ADVISORY  READ 6 fe:01:77 0 EOF\n");
	assert_false(csum_lock_is_exclusive(&fixture->tree.roots, makedev(0xfe, 1), 77));
	assert_true(csum_lock_is_exclusive(&fixture->tree.roots, makedev(0xfe, 1), 78));
}

/* ------------------------------------------------------------------ which process is named */

static void put_process(const struct fixture *fixture, int pid, const char *command)
{
	char name[32], line[32];

	snprintf(name, sizeof(name), "%d/comm", pid);
	snprintf(line, sizeof(line), "%s\n", command);
	put_file(fixture->tree.proc, name, line);
}

/* The holder of the inode: "PID (command)", or "": none is known. */
static void assert_holder(const struct csum_system_roots *roots, dev_t dev, ino_t inode, const char *expected)
{
	char holder[64];

	assert_int_equal(csum_lock_holder(roots, dev, inode, holder, sizeof(holder)), *expected != '\0');
	assert_string_equal(holder, expected);
}

/* Of several processes that share the lock the one that writes is named. */
static void test_holder_at_work(void **state)
{
	const struct fixture *fixture = *state;

	put_file(fixture->tree.proc, "locks",
		 "1: FLOCK  ADVISORY  READ 11 fe:01:77 0 EOF\n"
		 "2: FLOCK  ADVISORY  READ 12 fe:01:77 0 EOF\n"
		 "3: OFDLCK ADVISORY  WRITE -1 fe:01:77 4611686018427387904 4611686018427387904\n"
		 "4: FLOCK  ADVISORY  READ 13 fe:01:77 0 EOF\n");
	put_process(fixture, 11, "reader");
	put_process(fixture, 12, "scrub");
	put_process(fixture, 13, "another");
	/* The descriptors of the process may not be looked at. */
	assert_holder(&fixture->tree.roots, makedev(0xfe, 1), 77, "11 (reader)");
	/* These marks are on another file, or are other locks of this one. */
	put_file(fixture->tree.proc, "11/fdinfo/3",
		 "pos:\t0\nlock:\t1: OFDLCK  ADVISORY  WRITE -1 fe:01:78 4611686018427387904 4611686018427387904\n"
		 "lock:\t2: OFDLCK  ADVISORY  WRITE -1 fe:01:77 100 100\n"
		 "lock:\t3: FLOCK  ADVISORY  READ 11 fe:01:77 0 EOF\n");
	put_file(fixture->tree.proc, "12/fdinfo/0", "pos:\t0\nflags:\t02\n");
	put_file(fixture->tree.proc, "12/fdinfo/7",
		 "pos:\t0\nlock:\t1: OFDLCK  ADVISORY  WRITE -1 fe:01:77 4611686018427387904 4611686018427387904\n");
	assert_holder(&fixture->tree.roots, makedev(0xfe, 1), 77, "12 (scrub)");
}

static void test_lock_holder(void **state)
{
	const struct fixture *fixture = *state;

	put_file(fixture->tree.proc, "locks",
		 "1: POSIX  ADVISORY  WRITE 1 fe:01:77 0 EOF\n"
		 "2: -> FLOCK  ADVISORY  WRITE 2 fe:01:77 0 EOF\n"
		 "3: FLOCK  ADVISORY  WRITE 3 fe:01:78 0 EOF\n"
		 "4: FLOCK  ADVISORY  WRITE 4 fe:02:77 0 EOF\n"
		 "5: FLOCK  ADVISORY  WRITE 0 fe:01:77 0 EOF\n"
		 "6: FLOCK  ADVISORY  READ 6 fe:01:77 0 EOF\n"
		 "nonsense\n"
		 "7: FLOCK  ADVISORY  READ  4007 fe:01:77 0 EOF\n"
		 "8: FLOCK  ADVISORY  READ  4008 00:2a:99 0 EOF\n");
	put_process(fixture, 1, "one");
	put_process(fixture, 2, "two");
	put_process(fixture, 3, "three");
	put_process(fixture, 4, "four");
	put_process(fixture, 0, "zero");
	put_process(fixture, 4007, "csum tool");
	put_process(fixture, 4008, "b");
	assert_holder(&fixture->tree.roots, makedev(0xfe, 1), 77, "4007 (csum tool)");
	assert_holder(&fixture->tree.roots, makedev(0xfe, 1), 79, "");
	/* The file system is anonymous: stat(2) and the list of locks may number it differently. */
	assert_holder(&fixture->tree.roots, makedev(0, 43), 99, "4008 (b)");
	assert_holder(&fixture->tree.roots, makedev(8, 43), 99, "");
}

static void test_lock_holder_here(void **state)
{
	int descriptor = open_image(*state, O_RDONLY);
	char expected[64];
	struct stat status;

	assert_int_equal(fstat(descriptor, &status), 0);
	assert_holder(&csum_system_roots_default, status.st_dev, status.st_ino, "");
	assert_int_equal(flock(descriptor, LOCK_SH | LOCK_NB), 0);
	snprintf(expected, sizeof(expected), "%ld (%.15s)", (long)getpid(), program_invocation_short_name);
	assert_holder(&csum_system_roots_default, status.st_dev, status.st_ino, expected);
	close(descriptor);
}

#define with_image(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_image(test_who_excludes_whom),	with_image(test_all_or_nothing),
		with_image(test_ends_with_its_opening), with_image(test_at_work),
		with_image(test_is_exclusive),		with_image(test_holder_at_work),
		with_image(test_lock_holder),		with_image(test_lock_holder_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
