/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small functions that many files need and the C library does not have. */
#ifndef CSUM_BASE_UTIL_H
#define CSUM_BASE_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static inline uint64_t csum_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t csum_max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Whether all bytes are the same one; size is not 0. */
static inline bool csum_is_uniform(const uint8_t *bytes, size_t size)
{
	return memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* How many bytes from the first one on are the same; size is not 0. Stretches of them cost little. */
static inline size_t csum_same_bytes(const uint8_t *bytes, size_t size)
{
	enum { STEP = 256 };
	size_t same = 1;

	while (size - same >= STEP && memcmp(bytes + same, bytes + same - 1, STEP) == 0)
		same += STEP;
	while (same < size && bytes[same] == bytes[0])
		same++;
	return same;
}

static inline bool csum_is_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && csum_is_uniform(bytes, size);
}

/* Whether the bytes repeat a unit of 1, 2, 4, 8 or 16; size is a multiple of 16. */
static inline bool csum_is_blank(const uint8_t *bytes, size_t size)
{
	return memcmp(bytes, bytes + 16, size - 16) == 0;
}

/* With `sync` fsync(2) or fdatasync(2), which a signal may interrupt: that is no failure. 0 or a negative errno. */
static inline int csum_sync(int (*sync)(int descriptor), int descriptor)
{
	int error;

	do {
		error = sync(descriptor) < 0 ? -errno : 0;
	} while (error == -EINTR);
	return error;
}

#endif
