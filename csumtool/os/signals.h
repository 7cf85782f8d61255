/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGINT, SIGTERM and SIGHUP ask for an end at the next safe point; a second one ends at once. */
#ifndef CSUMTOOL_OS_SIGNALS_H
#define CSUMTOOL_OS_SIGNALS_H

#include <stdbool.h>

/* status: that of an end at once. Also has SIGPIPE ignored. 0 or a negative errno. */
int signals_install(int status);
bool signals_pending(void);
/* Waits for `events` of poll(2) on fd. 0, or -EINTR as soon as an end was asked for. */
int signals_wait(int fd, short events);

#endif
