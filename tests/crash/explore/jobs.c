/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/explore/jobs.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void *sim_shared(size_t size)
{
	/* cppcheck-suppress invalidFunctionArg ; -1 is what an anonymous mapping wants */
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	/* cppcheck-suppress memleak ; it is handed out */
	return memory == MAP_FAILED ? NULL : memory;
}

void sim_shared_free(void *memory, size_t size)
{
	munmap(memory, size);
}

static void run_child(void (*work)(size_t number), size_t number)
{
	/*
	 * Every opening allocates a journal and every check some megabytes; malloc must not give them back each time.
	 */
	mallopt(M_MMAP_THRESHOLD, 512 << 20);
	mallopt(M_TRIM_THRESHOLD, 512 << 20);
	work(number);
	/* exit(), not _exit(), so that a leak sanitizer can report. */
	exit(0);
}

void sim_jobs(const size_t *numbers, size_t count, void (*work)(size_t number))
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	long running = 0;

	fflush(NULL);
	for (size_t i = 0; i < count; i++) {
		pid_t child;

		if (running >= processors && wait(NULL) > 0)
			running--;
		child = fork();
		if (child == 0)
			run_child(work, numbers[i]);
		if (child > 0)
			running++;
		else
			work(numbers[i]);
	}
	while (running > 0 && wait(NULL) > 0)
		running--;
}
