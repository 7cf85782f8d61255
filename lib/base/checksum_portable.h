/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checksums of the format in plain C, for machines that ISA-L is not made for. */
#ifndef CSUM_BASE_CHECKSUM_PORTABLE_H
#define CSUM_BASE_CHECKSUM_PORTABLE_H

#include "csum.h"

/* The checksum of `size` bytes, going on from `state` (0 to begin; a finished checksum is such a state). */
uint64_t csum_checksum_portable(enum csum_checksum_type type, uint64_t state, const void *data, size_t size);

#endif
