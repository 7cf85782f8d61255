/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few threads that run one job at a time: the same work for every index below a count. */
#ifndef CSUM_IO_POOL_H
#define CSUM_IO_POOL_H

#include "csum.h"

struct csum_pool;

struct csum_pool_job {
	void (*work)(void *argument, size_t index);
	void (*finish)(void *argument); /* once, after all work, in one of the threads; may be NULL */
	void *argument;
	size_t count;
	unsigned int width; /* threads that take part at most; 0: all */
};

/*
 * threads: 0 makes csum_pool_start() run the job in the calling thread, in order. Otherwise the first job starts that
 * many, or as many as there can be. -ENOMEM.
 */
int csum_pool_create(unsigned int threads, struct csum_pool **pool) CSUM_MUST_CHECK;
/* Waits for the job under way and ends the threads; NULL is allowed. */
void csum_pool_destroy(struct csum_pool *pool);

/* Ends the threads, after the job under way; the next job starts new ones. A process without threads may fork. */
void csum_pool_end_threads(struct csum_pool *pool);

/* Starts the job. The caller has waited for the job before. */
void csum_pool_start(struct csum_pool *pool, const struct csum_pool_job *job);
/*
 * Adds `count` indexes to the job that was started last, also when it has ended: then it goes on. From the thread that
 * started it, or from its work(). The job has no finish(). Without threads the work is done on return.
 */
void csum_pool_extend(struct csum_pool *pool, size_t count);
/* Waits for the job under way; returns at once when there is none. */
void csum_pool_wait(struct csum_pool *pool);

#endif
