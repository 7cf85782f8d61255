/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lets everything else on the machine go first. */
#ifndef CSUMTOOL_OS_PRIORITY_H
#define CSUMTOOL_OS_PRIORITY_H

/*
 * Sets the idle I/O class and the lowest CPU priority for this thread and the threads that it starts from now on. 0 or
 * a negative errno; on an error one of the two may be in force.
 */
int priority_idle(void);

#endif
