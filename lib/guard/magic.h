/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places and bytes of signatures, for those that libblkid does not find any more. No I/O. */
#ifndef CSUM_GUARD_MAGIC_H
#define CSUM_GUARD_MAGIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All magics of a set lie in one block of that many bytes. */
#define CSUM_GUARD_MAGIC_BLOCK 1024u

struct csum_guard_magic_set {
	const char *type; /* as libblkid names it; NULL: behind the last one */
	uint32_t block_offset; /* bytes from the begin of the file system or table */
};

struct csum_guard_magic_set csum_guard_magic_set(size_t index);

/* Puts magics of the set into the block where it has zeros in their place; whether there was one to put back. */
bool csum_guard_magic_restore(size_t index, uint8_t *block);

/* Bytes [*from, *to) of the file system or table that are its head beside the magic; false: not known. */
bool csum_guard_magic_span(const char *type, uint32_t *from, uint32_t *to);

#endif
