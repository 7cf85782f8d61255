/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/pool.h"

enum { MOST = 5000 };
/* Limit instead of an endless wait. A test that dies of the alarm has no verdict. */
enum { PATIENCE_SECONDS = 600 };
static const unsigned int thread_counts[] = { 0, 1, 2, 3, 16 };
enum { THREAD_COUNTS = sizeof(thread_counts) / sizeof(thread_counts[0]) };

/* Counts of a job. Threads only count; the test's own thread asserts. */
struct tally {
	atomic_uint times[MOST]; /* per index */
	atomic_size_t done;
	atomic_uint inside, most_inside;
	atomic_uint finished;
	atomic_size_t done_at_finish;
	atomic_bool unmasked; /* a signal could have come to a thread of the pool */
};

static struct tally tally;

static struct csum_pool *create(unsigned int threads)
{
	struct csum_pool *pool = NULL;

	assert_int_equal(csum_pool_create(threads, &pool), 0);
	assert_non_null(pool);
	return pool;
}

static void work(void *argument, size_t index)
{
	struct tally *count = argument;
	unsigned int inside = atomic_fetch_add(&count->inside, 1) + 1;
	unsigned int most = atomic_load(&count->most_inside);

	while (inside > most && !atomic_compare_exchange_weak(&count->most_inside, &most, inside))
		continue;
	/* Lets other threads in; not each time, as beside busy processes this may take long. */
	if (index % 64 == 0)
		sched_yield();
	atomic_fetch_add(&count->times[index], 1);
	atomic_fetch_add(&count->done, 1);
	atomic_fetch_sub(&count->inside, 1);
}

static void finish(void *argument)
{
	struct tally *count = argument;

	atomic_store(&count->done_at_finish, atomic_load(&count->done));
	atomic_fetch_add(&count->finished, 1);
}

static void run(struct csum_pool *pool, size_t count, unsigned int width, bool with_finish)
{
	const struct csum_pool_job job = {
		.work = work,
		.finish = with_finish ? finish : NULL,
		.argument = &tally,
		.count = count,
		.width = width,
	};

	memset(&tally, 0, sizeof(tally));
	csum_pool_start(pool, &job);
	csum_pool_wait(pool);
	assert_int_equal(atomic_load(&tally.done), count);
	for (size_t i = 0; i < MOST; i++)
		assert_int_equal(atomic_load(&tally.times[i]), i < count);
	assert_int_equal(atomic_load(&tally.finished), with_finish);
	if (with_finish)
		assert_int_equal(atomic_load(&tally.done_at_finish), count);
	if (width)
		assert_true(atomic_load(&tally.most_inside) <= width);
}

static void test_every_index_once(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 15, 16, 17, 1000, MOST };

	(void)state;
	for (size_t t = 0; t < THREAD_COUNTS; t++) {
		struct csum_pool *pool = create(thread_counts[t]);

		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			for (unsigned int width = 0; width < 5; width++)
				run(pool, counts[i], width, width % 2 == 0);
		}
		csum_pool_destroy(pool);
	}
}

static void test_many_jobs(void **state)
{
	(void)state;
	for (size_t t = 0; t < THREAD_COUNTS; t++) {
		struct csum_pool *pool = create(thread_counts[t]);

		for (size_t i = 0; i < 400; i++)
			run(pool, i % 23, i % 4, i % 3 == 0);
		csum_pool_destroy(pool);
	}
}

struct sequence {
	size_t indexes[100];
	size_t count;
	pthread_t thread;
	bool elsewhere;
};

static void note_index(void *argument, size_t index)
{
	struct sequence *sequence = argument;

	sequence->indexes[sequence->count++] = index;
	sequence->elsewhere |= !pthread_equal(sequence->thread, pthread_self());
}

static void note_finish(void *argument)
{
	note_index(argument, 12345);
}

/* Without threads the job is done when start returns, in order, in this thread. */
static void test_without_threads(void **state)
{
	struct sequence sequence = { .thread = pthread_self() };
	const struct csum_pool_job job = {
		.work = note_index, .finish = note_finish, .argument = &sequence, .count = 50, .width = 3
	};
	struct csum_pool *pool = create(0);

	(void)state;
	csum_pool_start(pool, &job);
	assert_int_equal(sequence.count, 51);
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(sequence.indexes[i], i);
	assert_int_equal(sequence.indexes[50], 12345);
	assert_false(sequence.elsewhere);
	csum_pool_wait(pool);
	csum_pool_destroy(pool);
}

static pthread_barrier_t meeting;

static void meet(void *argument, size_t index)
{
	(void)argument;
	(void)index;
	pthread_barrier_wait(&meeting);
}

/* As many indexes meet as there are places, which takes as many threads at once. */
static void test_works_in_parallel(void **state)
{
	static const struct {
		unsigned int threads, width, meet;
	} cases[] = { { 4, 0, 4 }, { 4, 4, 4 }, { 4, 2, 2 }, { 4, 100, 4 }, { 16, 0, 16 }, { 16, 8, 8 }, { 1, 0, 1 } };

	(void)state;
	alarm(PATIENCE_SECONDS);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct csum_pool *pool = create(cases[i].threads);
		const struct csum_pool_job job = { .work = meet, .count = cases[i].meet * 20, .width = cases[i].width };

		assert_int_equal(pthread_barrier_init(&meeting, NULL, cases[i].meet), 0);
		csum_pool_start(pool, &job);
		csum_pool_wait(pool);
		pthread_barrier_destroy(&meeting);
		csum_pool_destroy(pool);
	}
	alarm(0);
}

static unsigned int threads_of_process(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	unsigned int count = 0;

	assert_non_null(status);
	while (count == 0 && fgets(line, sizeof(line), status)) {
		if (sscanf(line, "Threads: %u", &count) != 1)
			count = 0;
	}
	fclose(status);
	assert_true(count > 0);
	return count;
}

/* Runs a job that needs all threads in a child of this process; it is killed if they are missing. */
static void run_in_child(struct csum_pool *pool, const struct csum_pool_job *job)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		alarm(PATIENCE_SECONDS);
		csum_pool_start(pool, job);
		csum_pool_wait(pool);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A fork keeps the pool: the first job starts threads, and a job after they were ended starts them anew. */
static void test_threads_start_late(void **state)
{
	const struct csum_pool_job job = { .work = meet, .count = 4 };
	unsigned int before = threads_of_process();
	struct csum_pool *pool = create(4);

	(void)state;
	alarm(PATIENCE_SECONDS);
	assert_int_equal(pthread_barrier_init(&meeting, NULL, 4), 0);
	/* Threads of other tests that have just ended may still be counted in `before`. */
	assert_true(threads_of_process() <= before);
	run_in_child(pool, &job);
	csum_pool_start(pool, &job);
	csum_pool_wait(pool);
	csum_pool_end_threads(pool);
	run_in_child(pool, &job);
	csum_pool_start(pool, &job);
	csum_pool_destroy(pool);
	pthread_barrier_destroy(&meeting);
	alarm(0);
}

/* The caller goes on while the job runs: here it lets the job go. */
static void test_start_does_not_wait(void **state)
{
	struct csum_pool *pool = create(2);
	const struct csum_pool_job job = { .work = meet, .count = 2 };

	(void)state;
	alarm(PATIENCE_SECONDS);
	assert_int_equal(pthread_barrier_init(&meeting, NULL, 3), 0);
	csum_pool_start(pool, &job);
	pthread_barrier_wait(&meeting);
	csum_pool_wait(pool);
	pthread_barrier_destroy(&meeting);
	csum_pool_destroy(pool);
	alarm(0);
}

static void test_destroy(void **state)
{
	const struct csum_pool_job job = { .work = work, .finish = finish, .argument = &tally, .count = MOST };

	(void)state;
	csum_pool_destroy(NULL);
	for (size_t t = 0; t < THREAD_COUNTS; t++) {
		struct csum_pool *pool = create(thread_counts[t]);

		/* No job was run. */
		csum_pool_destroy(pool);
		pool = create(thread_counts[t]);
		csum_pool_wait(pool);
		csum_pool_destroy(pool);
		/* A job is under way. */
		memset(&tally, 0, sizeof(tally));
		pool = create(thread_counts[t]);
		csum_pool_start(pool, &job);
		csum_pool_destroy(pool);
		assert_int_equal(atomic_load(&tally.done), MOST);
		assert_int_equal(atomic_load(&tally.finished), 1);
	}
}

static void look_at_mask(void *argument, size_t index)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGUSR1 };
	struct tally *count = argument;
	sigset_t mask;

	(void)index;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!sigismember(&mask, signals[i]))
			atomic_store(&count->unmasked, true);
	}
}

/* Signals go to the caller's threads, whose masks stay the same. */
static void test_signals(void **state)
{
	const struct csum_pool_job job = { .work = look_at_mask, .argument = &tally, .count = 100 };
	struct csum_pool *pool;
	sigset_t before, after;

	(void)state;
	memset(&tally, 0, sizeof(tally));
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	pool = create(4);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	csum_pool_start(pool, &job);
	csum_pool_wait(pool);
	csum_pool_destroy(pool);
	assert_false(atomic_load(&tally.unmasked));
	for (int number = 1; number < SIGRTMAX; number++)
		assert_int_equal(sigismember(&after, number), sigismember(&before, number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_index_once),
		cmocka_unit_test(test_many_jobs),
		cmocka_unit_test(test_without_threads),
		cmocka_unit_test(test_works_in_parallel),
		cmocka_unit_test(test_threads_start_late),
		cmocka_unit_test(test_start_does_not_wait),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
