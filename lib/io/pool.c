/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "io/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct csum_pool {
	pthread_mutex_t lock;
	pthread_cond_t work_ready, job_done;
	struct csum_pool_job job;
	size_t next; /* index to hand out */
	size_t running; /* threads inside the job */
	bool busy; /* a job is under way */
	bool stop;
	unsigned int wanted_threads, thread_count;
	pthread_t threads[];
};

/* Whether a thread may take an index of the job; called with the lock held. */
static bool may_take(const struct csum_pool *pool)
{
	return pool->busy && pool->next < pool->job.count && (pool->job.width == 0 || pool->running < pool->job.width);
}

/* Works on the job until no index is left; called and left with the lock held. */
static void take_part(struct csum_pool *pool)
{
	pool->running++;
	while (pool->next < pool->job.count) {
		size_t index = pool->next++;

		pthread_mutex_unlock(&pool->lock);
		pool->job.work(pool->job.argument, index);
		pthread_mutex_lock(&pool->lock);
	}
	if (--pool->running > 0)
		return;
	if (pool->job.finish) {
		pthread_mutex_unlock(&pool->lock);
		pool->job.finish(pool->job.argument);
		pthread_mutex_lock(&pool->lock);
	}
	pool->busy = false;
	pthread_cond_signal(&pool->job_done);
}

static void *thread_main(void *argument)
{
	struct csum_pool *pool = argument;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		if (may_take(pool))
			take_part(pool);
		else
			pthread_cond_wait(&pool->work_ready, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/*
 * Fewer threads than wanted do the same work; without one the caller does it. Signals belong to the caller's threads:
 * their handlers interrupt its blocking reads.
 */
static void start_threads(struct csum_pool *pool)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->thread_count < pool->wanted_threads &&
	       pthread_create(&pool->threads[pool->thread_count], NULL, thread_main, pool) == 0)
		pool->thread_count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int csum_pool_create(unsigned int threads, struct csum_pool **pool)
{
	struct csum_pool *result = calloc(1, sizeof(*result) + threads * sizeof(result->threads[0]));

	*pool = NULL;
	if (!result)
		return -ENOMEM;
	pthread_mutex_init(&result->lock, NULL);
	pthread_cond_init(&result->work_ready, NULL);
	pthread_cond_init(&result->job_done, NULL);
	result->wanted_threads = threads;
	*pool = result;
	return 0;
}

void csum_pool_end_threads(struct csum_pool *pool)
{
	csum_pool_wait(pool);
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work_ready);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	pool->thread_count = 0;
	pool->stop = false;
}

void csum_pool_destroy(struct csum_pool *pool)
{
	if (!pool)
		return;
	csum_pool_end_threads(pool);
	pthread_cond_destroy(&pool->job_done);
	pthread_cond_destroy(&pool->work_ready);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void run_inline(const struct csum_pool_job *job)
{
	for (size_t i = 0; i < job->count; i++)
		job->work(job->argument, i);
	if (job->finish)
		job->finish(job->argument);
}

void csum_pool_start(struct csum_pool *pool, const struct csum_pool_job *job)
{
	if (pool->thread_count == 0 && job->count > 0)
		start_threads(pool);
	pool->job = *job;
	pool->next = 0;
	if (pool->thread_count == 0 || job->count == 0) {
		run_inline(job);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	pool->busy = true;
	pthread_cond_broadcast(&pool->work_ready);
	pthread_mutex_unlock(&pool->lock);
}

void csum_pool_extend(struct csum_pool *pool, size_t count)
{
	if (pool->thread_count == 0) {
		for (size_t i = 0; i < count; i++)
			pool->job.work(pool->job.argument, pool->job.count++);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	pool->job.count += count;
	pool->busy |= count > 0;
	pthread_cond_broadcast(&pool->work_ready);
	pthread_mutex_unlock(&pool->lock);
}

void csum_pool_wait(struct csum_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->busy)
		pthread_cond_wait(&pool->job_done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}
