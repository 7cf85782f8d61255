/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks of an open device or file: which uses of it exclude each other, and which other processes are at work on it.
 * (protocol.md: Locks)
 */
#ifndef CSUM_DEVICE_LOCK_H
#define CSUM_DEVICE_LOCK_H

#include <sys/types.h>

#include "csum.h"

struct csum_system_roots;

enum csum_lock {
	CSUM_LOCK_READER, /* beside readers and a scrub */
	CSUM_LOCK_SCRUB, /* beside readers; it writes */
	CSUM_LOCK_WRITER, /* alone */
};

/* Takes all that the use needs, or nothing. -EWOULDBLOCK: another one excludes it. Nothing is reported. */
int csum_lock_take(int descriptor, enum csum_lock lock) CSUM_MUST_CHECK;

/* Whether others scrub or write the file, by their marks. Builds without marks are not seen. */
enum csum_at_work csum_lock_at_work(int descriptor);

/*
 * "PID (command)" of a process that has the inode locked by flock(2), from /proc/locks; where several have, of the one
 * that writes if that can be told. false when none is known.
 */
bool csum_lock_holder(const struct csum_system_roots *roots, dev_t dev, ino_t inode, char *holder, size_t size);

/* Whether /proc/locks knows of a process that has the inode for itself alone: a writer of this or of an older build. */
bool csum_lock_is_exclusive(const struct csum_system_roots *roots, dev_t dev, ino_t inode);

#endif
