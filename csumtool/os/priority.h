/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving way to everything else on the machine. */
#ifndef CSUMTOOL_OS_PRIORITY_H
#define CSUMTOOL_OS_PRIORITY_H

/*
 * Idle I/O class and lowest CPU priority for this thread and those it starts from now on. 0 or a negative
 * errno; then some of it may be in force.
 */
int priority_idle(void);

#endif
