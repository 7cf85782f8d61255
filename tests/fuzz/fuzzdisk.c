/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/fuzzdisk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRTY_BLOCK UINT64_C(4096)

struct fuzzdisks fuzzdisks;
void (*fuzz_before_failing)(void);

void fuzz_fail(const char *format, ...)
{
	va_list arguments;

	fputs("fuzz: violated: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	if (fuzz_before_failing)
		fuzz_before_failing();
	abort();
}

/* ------------------------------------------------------------------ from outside */

void fuzzdisk_clear_kinds(void)
{
	for (int i = 0; i < 2; i++)
		memset(fuzzdisks.disk[i].kind, FUZZ_RESERVED, sizeof(fuzzdisks.disk[i].kind));
}

static void clear_disk(struct fuzzdisk *disk)
{
	for (uint64_t i = 0; i < FUZZDISK_MAX / DIRTY_BLOCK; i++) {
		if (disk->dirty[i])
			memset(disk->bytes + i * DIRTY_BLOCK, 0, DIRTY_BLOCK);
	}
	memset(disk->dirty, 0, sizeof(disk->dirty));
	if (disk->any_unreadable)
		memset(disk->unreadable, 0, sizeof(disk->unreadable));
	disk->any_unreadable = false;
}

void fuzzdisk_clear(void)
{
	clear_disk(&fuzzdisks.disk[0]);
	clear_disk(&fuzzdisks.disk[1]);
	fuzzdisk_clear_kinds();
	fuzzdisks.may_write = 0;
	fuzzdisks.blocks_until_killed = UINT64_MAX;
}

static void mark_dirty(struct fuzzdisk *disk, uint64_t offset_bytes, size_t size)
{
	memset(disk->dirty + offset_bytes / DIRTY_BLOCK, 1,
	       (offset_bytes + size - 1) / DIRTY_BLOCK - offset_bytes / DIRTY_BLOCK + 1);
}

uint8_t *fuzzdisk_at(int disk, uint64_t offset_bytes, size_t size)
{
	struct fuzzdisk *at = &fuzzdisks.disk[disk];

	if (size == 0 || offset_bytes > at->size_bytes || size > at->size_bytes - offset_bytes)
		return NULL;
	mark_dirty(at, offset_bytes, size);
	return at->bytes + offset_bytes;
}

void fuzzdisk_put(int disk, uint64_t offset_bytes, const void *bytes, size_t size)
{
	uint64_t room = fuzzdisks.disk[disk].size_bytes;
	uint8_t *at;

	if (offset_bytes >= room)
		return;
	size = size < room - offset_bytes ? size : (size_t)(room - offset_bytes);
	at = fuzzdisk_at(disk, offset_bytes, size);
	if (at)
		memmove(at, bytes, size);
}

static void set_blocks(uint8_t *blocks, uint64_t offset_bytes, uint64_t size, uint8_t value)
{
	if (offset_bytes >= FUZZDISK_MAX || size == 0)
		return;
	size = size < FUZZDISK_MAX - offset_bytes ? size : FUZZDISK_MAX - offset_bytes;
	memset(blocks + offset_bytes / FUZZDISK_BLOCK, value,
	       (offset_bytes + size - 1) / FUZZDISK_BLOCK - offset_bytes / FUZZDISK_BLOCK + 1);
}

void fuzzdisk_set_kind(int disk, uint64_t offset_bytes, uint64_t size, enum fuzzdisk_kind kind)
{
	set_blocks(fuzzdisks.disk[disk].kind, offset_bytes, size, (uint8_t)kind);
}

void fuzzdisk_make_unreadable(int disk, uint64_t offset_bytes, uint64_t size)
{
	set_blocks(fuzzdisks.disk[disk].unreadable, offset_bytes, size, 1);
	fuzzdisks.disk[disk].any_unreadable = true;
}

bool fuzzdisk_readable(int disk, uint64_t offset_bytes, size_t size)
{
	const struct fuzzdisk *at = &fuzzdisks.disk[disk];

	if (offset_bytes > at->size_bytes || size > at->size_bytes - offset_bytes)
		return false;
	return !at->any_unreadable || size == 0 ||
	       !memchr(at->unreadable + offset_bytes / FUZZDISK_BLOCK, 1,
		       (offset_bytes + size - 1) / FUZZDISK_BLOCK - offset_bytes / FUZZDISK_BLOCK + 1);
}

/* ------------------------------------------------------------------ operations of a device */

static int number_of(const struct fuzzdisk *disk)
{
	return (int)(disk - fuzzdisks.disk);
}

static int64_t disk_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	struct fuzzdisk *disk = context;

	if (offset_bytes >= disk->size_bytes)
		return 0;
	if (size > disk->size_bytes - offset_bytes)
		size = (size_t)(disk->size_bytes - offset_bytes);
	if (!fuzzdisk_readable(number_of(disk), offset_bytes, size))
		return -EIO;
	memcpy(buffer, disk->bytes + offset_bytes, size);
	return (int64_t)size;
}

static void check_place(const struct fuzzdisk *disk, uint64_t offset_bytes, size_t size)
{
	int number = number_of(disk);

	if (size == 0 || offset_bytes > disk->size_bytes || size > disk->size_bytes - offset_bytes)
		fuzz_fail("write of %zu bytes at %" PRIu64 " of disk %d, which has %" PRIu64, size, offset_bytes,
			  number, disk->size_bytes);
	if (offset_bytes % FUZZDISK_BLOCK || size % FUZZDISK_BLOCK)
		fuzz_fail("write of %zu bytes at %" PRIu64 " of disk %d: not whole sectors", size, offset_bytes,
			  number);
	for (uint64_t at = offset_bytes; at < offset_bytes + size; at += FUZZDISK_BLOCK) {
		unsigned int kind = disk->kind[at / FUZZDISK_BLOCK];

		if (!(fuzzdisks.may_write & FUZZ_MAY(kind)))
			fuzz_fail("write of %zu bytes at %" PRIu64 " of disk %d reaches %" PRIu64
				  ", a place of kind %u that is not to be written now",
				  size, offset_bytes, number, at, kind);
	}
}

static int64_t disk_pwrite(void *context, const void *buffer, size_t size, uint64_t offset_bytes)
{
	struct fuzzdisk *disk = context;

	check_place(disk, offset_bytes, size);
	if (size > fuzzdisks.blocks_until_killed * FUZZDISK_BLOCK && fuzzdisks.blocks_until_killed != UINT64_MAX)
		size = (size_t)(fuzzdisks.blocks_until_killed * FUZZDISK_BLOCK);
	if (size == 0)
		return -EIO;
	if (fuzzdisks.blocks_until_killed != UINT64_MAX)
		fuzzdisks.blocks_until_killed -= size / FUZZDISK_BLOCK;
	mark_dirty(disk, offset_bytes, size);
	memcpy(disk->bytes + offset_bytes, buffer, size);
	if (disk->any_unreadable)
		set_blocks(disk->unreadable, offset_bytes, size, 0);
	if (fuzzdisks.wrote)
		fuzzdisks.wrote(&fuzzdisks, number_of(disk), offset_bytes, size);
	return (int64_t)size;
}

static int disk_flush(void *context)
{
	(void)context;
	if (fuzzdisks.flushed)
		fuzzdisks.flushed(&fuzzdisks);
	return 0;
}

static int disk_drop_cache(void *context)
{
	(void)context;
	return 0;
}

static int disk_close(void *context)
{
	(void)context;
	fuzzdisks.open_devices--;
	return 0;
}

static const struct csum_device_ops disk_ops = {
	.pread = disk_pread,
	.pwrite = disk_pwrite,
	.flush = disk_flush,
	.drop_cache = disk_drop_cache,
	.close = disk_close,
};

struct csum_device *fuzzdisk_device(int disk, bool writable)
{
	struct csum_device *device = calloc(1, sizeof(*device));
	char *name = strdup(disk == 0 ? "data" : "metadata");

	if (!device || !name)
		fuzz_fail("out of memory");
	*device = (struct csum_device){
		.ops = &disk_ops,
		.context = &fuzzdisks.disk[disk],
		.name = name,
		.size_bytes = fuzzdisks.disk[disk].size_bytes,
		.writable = writable,
		.direct = true,
		.logical_sector_size = 512,
		.physical_sector_size = 512,
		.descriptor = -1,
	};
	fuzzdisks.open_devices++;
	return device;
}
