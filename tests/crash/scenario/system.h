/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of the system as simulated processes see them; included by each program that stops them, and by nothing
 * else: they are in force in the whole program.
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

/* Superblocks carry the time of the last write; states are to be the same ones in every run. */
time_t time(time_t *seconds)
{
	if (seconds)
		*seconds = 1000000000;
	return 1000000000;
}

/* The id of an undo file is in superblocks, too. No two of a scenario are in one chain. */
ssize_t getrandom(void *bytes, size_t size, unsigned int flags)
{
	(void)flags;
	memset(bytes, 0x1d, size);
	return (ssize_t)size;
}

/* Disks are simulated, so this is of an undo file. */
int fdatasync(int descriptor)
{
	struct stat status;

	if (fstat(descriptor, &status))
		return -1;
	sim_synced_bytes = (uint64_t)status.st_size;
	return 0;
}

#endif
