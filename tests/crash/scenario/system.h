/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that simulated processes see instead of the real ones. Included by each program that stops such
 * processes, and nowhere else: they replace the calls in the whole program.
 */
#ifndef CSUM_TEST_CRASH_SCENARIO_SYSTEM_H
#define CSUM_TEST_CRASH_SCENARIO_SYSTEM_H

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crash/disk/volume.h"

/* Superblocks carry the time of the last write, but states must be the same in every run. */
time_t time(time_t *seconds)
{
	if (seconds)
		*seconds = 1000000000;
	return 1000000000;
}

/* Superblocks also have the id of an undo file. No scenario has two undo files in one chain, so ids may be equal. */
ssize_t getrandom(void *bytes, size_t size, unsigned int flags)
{
	(void)flags;
	memset(bytes, 0x1d, size);
	return (ssize_t)size;
}

/* Disks are simulated, so only an undo file is flushed by this. */
int fdatasync(int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status))
		return -1;
	sim_synced_bytes = (uint64_t)status.st_size;
	return 0;
}

#endif
