/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories of files that the library creates. */
#ifndef CSUM_DEVICE_DIRECTORY_H
#define CSUM_DEVICE_DIRECTORY_H

#include "csum.h"

/*
 * Makes the name of a new file or directory durable, with fsync(2) on the directory that it is in. `path` needs no
 * slash: without one that is the current directory. 0 or a negative errno, which is not reported.
 */
int csum_directory_sync_name(const char *path) CSUM_MUST_CHECK;

#endif
