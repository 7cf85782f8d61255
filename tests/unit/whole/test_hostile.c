/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes images with random changes (tests/images/hostile.h) through everything that the library does with a volume: it
 * must not crash, hang, allocate beyond reason or fail without a message, and readers must write nothing.
 *
 *   CSUM_HOSTILE_IMAGES=N     number of images (default 2500; 10000 in make damage)
 *   test_hostile NUMBER...    runs only these images and prints each step, for a debugger
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/hostile_run.h"

/* Limit for one image, which takes some hundredths of a second, or tenths with sanitizers. */
#define PATIENCE_SECONDS 600
#define MEMORY (UINT64_C(512) << 20)
#define STACK (UINT64_C(256) << 10)
#define WORKERS 2
#define MAX_FAILURES 20

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#define IMAGES 2500

#ifdef SANITIZED
/* ASan does not work with a limit of the address space; it limits single requests to malloc() instead. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=256:quarantine_size_mb=16";
}
#endif

/* Numbers of images that were handled wrongly once. */
static const uint64_t regressions[] = {
	1946, /* a write reaches into a lost group in the middle of a batch: it was refused twice */
	2530,
};

/* The progress of a worker, a process of its own; survives its death. */
struct worker {
	pid_t pid;
	uint64_t next, end, step; /* runs images next, next + step ... below end */
	struct hostile_progress progress;
};

static struct worker *workers; /* shared with the workers */
static char directory[256];

static void limit_memory(void)
{
#ifndef SANITIZED
	const struct rlimit limit = { MEMORY, MEMORY };

	/* Every arena reserves address space that it does not use. */
	mallopt(M_ARENA_MAX, 1);
	setrlimit(RLIMIT_AS, &limit);
#endif
}

/*
 * Small stacks for each volume's threads: setting up 8 MiB, and a sanitizer's notes on it, would take most of the time.
 */
static void limit_stacks(void)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}

static void work(struct worker *worker, int index)
{
	/* The name must not depend on the image, as findings quote it. */
	snprintf(hostile_paths[0], sizeof(hostile_paths[0]), "%s/%d.data", directory, index);
	snprintf(hostile_paths[1], sizeof(hostile_paths[1]), "%s/%d.metadata", directory, index);
	limit_memory();
	limit_stacks();
	while (worker->next < worker->end) {
		alarm(PATIENCE_SECONDS);
		hostile_run_image(&worker->progress, worker->next, false);
		worker->next += worker->step;
	}
	alarm(0);
	worker->progress.at = "the end";
	exit(0); /* with the sanitizer's search for leaks */
}

static void start(int index)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		work(&workers[index], index);
	/* Only the parent sets this, as the memory is shared. */
	workers[index].pid = pid;
}

/* Prints how a worker ended, unless all went well. */
static void tell(const struct worker *worker, int status)
{
	bool out_of_time = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
	char how[64];

	if (worker->progress.failure[0])
		snprintf(how, sizeof(how), "see above");
	else if (out_of_time)
		snprintf(how, sizeof(how), "not done after %d seconds", PATIENCE_SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	/* The words "out of time: " tell tests/run that there is no verdict. */
	print_message("%simage %" PRIu64 ", at %s: %s\n", out_of_time ? "out of time: " : "", worker->next,
		      worker->progress.at ? worker->progress.at : "the beginning",
		      worker->progress.failure[0] ? worker->progress.failure : how);
}

/* Runs images first ... below end; returns how many failed. */
static unsigned int run_images(uint64_t first, uint64_t end)
{
	unsigned int failures = 0, running = WORKERS;
	int status;

	for (int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){ .next = first + (uint64_t)i, .end = end, .step = WORKERS };
		start(i);
	}
	while (running) {
		pid_t pid = wait(&status);
		int i = pid == workers[0].pid ? 0 : 1;

		running--;
		if (status == 0)
			continue;
		tell(&workers[i], status);
		/* The worker goes on with the next image, unless too many failed, or a leak was found at the end. */
		if (++failures > MAX_FAILURES || workers[i].next >= end)
			continue;
		workers[i].next += WORKERS;
		workers[i].progress.failure[0] = '\0';
		start(i);
		running++;
	}
	return failures;
}

static void test_images(void **state)
{
	const char *count = getenv("CSUM_HOSTILE_IMAGES");

	(void)state;
	assert_int_equal(run_images(0, count ? strtoull(count, NULL, 0) : IMAGES), 0);
}

static void test_regressions(void **state)
{
	unsigned int failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(regressions) / sizeof(regressions[0]); i++)
		failures += run_images(regressions[i], regressions[i] + 1);
	assert_int_equal(failures, 0);
}

static void on_base_finding(void *user, const struct csum_finding *finding)
{
	(void)finding;
	++*(unsigned int *)user;
}

/* The library must accept the volumes that images are made from; otherwise the images would test little. */
static void test_bases(void **state)
{
	struct csum_volume *volume;

	(void)state;
	for (unsigned int i = 0; i < HOSTILE_BASES; i++) {
		const struct csum_open_options options = { .access = CSUM_READ };
		const struct csum_handlers handlers = { 0 };
		unsigned int findings = 0;
		struct csum_check_options check = {
			.length_bytes = CSUM_TO_END,
			.finding = on_base_finding,
			.user = &findings,
		};
		struct csum_volume_info info;
		struct csum_totals totals;
		struct hostile_run run = { .progress = &workers[0].progress };

		assert_true(hostile_make_base(&run.image, i));
		hostile_put_image(&run);
		assert_int_equal(csum_volume_open(&handlers, hostile_paths[0], hostile_metadata_path(&run), &options,
						  &volume),
				 0);
		csum_volume_get_info(volume, &info);
		assert_int_equal(info.geometry.data_sectors, run.image.data_sectors);
		assert_int_equal(info.state, hostile_bases[i].backup_only ? CSUM_UNKNOWN :
					     hostile_bases[i].active	  ? CSUM_ACTIVE :
									    CSUM_CLEAN);
		assert_int_equal(csum_check(volume, &check, &totals), 0);
		assert_int_equal(totals.sectors_bad, 0);
		assert_int_equal(totals.errors, hostile_bases[i].backup_only ? 2 : 0);
		assert_int_equal(totals.sectors_verified + totals.sectors_interrupted, hostile_bases[i].written);
		if (!hostile_bases[i].active && !hostile_bases[i].backup_only)
			assert_int_equal(findings, 0);
		assert_int_equal(csum_volume_close(volume), 0);
		hostile_free(&run.image);
	}
}

static int set_up(void **state)
{
	(void)state;
	/* The files are in memory where possible, as a write syncs often. */
	snprintf(directory, sizeof(directory), "/dev/shm/test_hostile.XXXXXX");
	if (!mkdtemp(directory)) {
		const char *parent = getenv("TMPDIR");

		snprintf(directory, sizeof(directory), "%s/test_hostile.XXXXXX", parent ? parent : "/tmp");
		if (!mkdtemp(directory))
			return -1;
	}
	snprintf(hostile_paths[0], sizeof(hostile_paths[0]), "%s/data", directory);
	snprintf(hostile_paths[1], sizeof(hostile_paths[1]), "%s/metadata", directory);
	/* cppcheck-suppress invalidFunctionArg ; -1 is what an anonymous mapping has for a file */
	workers = mmap(NULL, WORKERS * sizeof(*workers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return workers == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
	char name[320];

	(void)state;
	for (int i = 0; i < WORKERS; i++) {
		snprintf(name, sizeof(name), "%s/%d.data", directory, i);
		unlink(name);
		snprintf(name, sizeof(name), "%s/%d.metadata", directory, i);
		unlink(name);
	}
	unlink(hostile_paths[0]);
	unlink(hostile_paths[1]);
	return rmdir(directory);
}

static int repeat(int count, char **numbers)
{
	hostile_telling = true;
	if (set_up(NULL) < 0)
		return 1;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < count; i++) {
		printf("image %s in %s\n", numbers[i], directory);
		hostile_run_image(&workers[0].progress, strtoull(numbers[i], NULL, 0), false);
	}
	return tear_down(NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bases),
		cmocka_unit_test(test_regressions),
		cmocka_unit_test(test_images),
	};

	if (argc > 1)
		return repeat(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
