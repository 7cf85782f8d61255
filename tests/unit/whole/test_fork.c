/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server opens a volume, forks, and uses it in the child: the library must have no thread between the two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/device_helpers.h"
#include "support/image_volume.h"

/* Limit instead of an endless wait. A test that dies of the alarm has no verdict. */
enum { PATIENCE_SECONDS = 600, BYTES = 3 << 20 };

static struct recorder recorder;
static char *directory, *image;

static int set_up(void **state)
{
	(void)state;
	recorder_init(&recorder);
	directory = temporary_directory();
	image = path_in(directory, "volume.img");
	image_volume_format(&recorder.handlers, image, 8 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(image);
	temporary_remove(directory);
	return 0;
}

static int64_t fill(void *user, void *buffer, size_t size)
{
	(void)user;
	memset(buffer, 0x5a, size);
	return (int64_t)size;
}

static int write_and_close(struct csum_volume *volume)
{
	const struct csum_write_options options = { .source = { .fill = fill }, .length_bytes = BYTES };
	uint64_t done;
	int error = csum_write(volume, &options, &done);
	int close_error = csum_volume_close(volume);

	return error || close_error || done != BYTES ? 1 : 0;
}

/* Runs work(volume) in a child; returns the child's exit status. */
static int run_in_child(struct csum_volume *volume, int (*work)(struct csum_volume *volume))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		alarm(PATIENCE_SECONDS);
		_exit(work(volume));
	}
	return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

/* The volume stays open in the process that opened it, which no longer uses it. */
static int open_and_fork(struct csum_volume *unused)
{
	const struct csum_open_options options = { .access = CSUM_WRITE };
	struct csum_volume *volume;

	(void)unused;
	if (csum_volume_open(&recorder.handlers, image, NULL, &options, &volume))
		return 1;
	return run_in_child(volume, write_and_close) == 0 ? 0 : 1;
}

static void assert_written(void)
{
	const struct csum_open_options options = { .access = CSUM_READ };
	const struct csum_check_options check = { .length_bytes = CSUM_TO_END };
	struct csum_volume_info info;
	struct csum_totals totals;
	struct csum_volume *volume;

	assert_int_equal(csum_volume_open(&recorder.handlers, image, NULL, &options, &volume), 0);
	csum_volume_get_info(volume, &info);
	assert_int_equal(info.state, CSUM_CLEAN);
	assert_int_equal(csum_check(volume, &check, &totals), 0);
	assert_int_equal(totals.sectors_verified, BYTES / info.geometry.sector_size);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void test_opened_before_a_fork(void **state)
{
	(void)state;
	assert_int_equal(run_in_child(NULL, open_and_fork), 0);
	assert_written();
}

/* The recovery at opening had threads. */
static void test_recovered_before_a_fork(void **state)
{
	(void)state;
	image_volume_make_active(image);
	assert_int_equal(run_in_child(NULL, open_and_fork), 0);
	assert_written();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_opened_before_a_fork, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_recovered_before_a_fork, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
