/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs jobs in processes of their own, as many at a time as there are processors. */
#ifndef CSUM_TEST_CRASH_EXPLORE_JOBS_H
#define CSUM_TEST_CRASH_EXPLORE_JOBS_H

#include <stddef.h>

/* Returns zeroed memory that child processes share with their parent; NULL when there is none. */
void *sim_shared(size_t size);
void sim_shared_free(void *memory, size_t size);

/* Runs work(numbers[i]) for all i in child processes, and waits; results go through shared memory. */
void sim_jobs(const size_t *numbers, size_t count, void (*work)(size_t number));

#endif
