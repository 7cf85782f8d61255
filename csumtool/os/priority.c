/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "os/priority.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* These are the values of <linux/ioprio.h>, which older systems do not have; see ioprio_set(2). */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_IDLE 3
#define IOPRIO_CLASS_SHIFT 13

#define LOWEST_NICE 19

int priority_idle(void)
{
	int error = 0;

	if (setpriority(PRIO_PROCESS, 0, LOWEST_NICE) < 0)
		error = -errno;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT) < 0)
		error = -errno;
	return error;
}
