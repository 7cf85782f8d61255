/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which options this version of the library knows. */
#ifndef CSUM_BASE_VERSION_H
#define CSUM_BASE_VERSION_H

#include "csum.h"

/* Checks the end of an option struct: -EINVAL, reported, when it holds an option of a later version. */
int csum_version_knows(const struct csum_handlers *handlers, const uint64_t reserved[CSUM_RESERVED]) CSUM_MUST_CHECK;

#endif
