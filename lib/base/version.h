/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which options this version of the library knows. Each check is made before anything is opened or written. */
#ifndef CSUM_BASE_VERSION_H
#define CSUM_BASE_VERSION_H

#include "csum.h"

/* Checks the ends of handlers and options: -EINVAL, reported, when they hold something of a later version. */
int csum_version_knows(const struct csum_handlers *handlers, const uint64_t reserved[CSUM_RESERVED]) CSUM_MUST_CHECK;

/*
 * The same for a set of bits, of which this version has those in `known`, and for a value of an enum that has 0 to
 * `last`. The message begins with `operation`, as in "opening"; `option` is the option's name in csum.h.
 */
int csum_version_knows_bits(const struct csum_handlers *handlers, const char *operation, const char *option,
			    unsigned int bits, unsigned int known) CSUM_MUST_CHECK;
int csum_version_knows_value(const struct csum_handlers *handlers, const char *operation, const char *option,
			     unsigned int value, unsigned int last) CSUM_MUST_CHECK;

#endif
