/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGINT, SIGTERM and SIGHUP ask for an end at the next safe point; a second signal ends the program at once. */
#ifndef CSUMTOOL_OS_SIGNALS_H
#define CSUMTOOL_OS_SIGNALS_H

#include <stdbool.h>

/*
 * Installs handlers, and ignores SIGPIPE, SIGXFSZ and SIGUSR1. status: that of an end at once. 0 or a negative errno.
 */
int signals_install(int status);
bool signals_pending(void);
/* Waits for `events` of poll(2) on fd. 0, or -EINTR as soon as a signal has asked for an end. */
int signals_wait(int fd, short events);

#endif
