/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs in processes of their own, as many at a time as there are processors. */
#ifndef CSUM_TEST_SIMJOBS_H
#define CSUM_TEST_SIMJOBS_H

#include <stddef.h>

/* Runs work(numbers[i]) for all i in child processes and waits; results go through shared memory. */
void sim_jobs(const size_t *numbers, size_t count, void (*work)(size_t number));

#endif
