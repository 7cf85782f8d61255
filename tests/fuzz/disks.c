/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/disks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fuzz_disks fuzz_disks;
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

/* ------------------------------------------------------------------ hooks */

static int number_of(const struct memory_disk *disk)
{
	return (int)(disk - fuzz_disks.disk);
}

static void check_place(const struct memory_disk *disk, uint64_t offset_bytes, size_t size)
{
	int number = number_of(disk);

	if (size == 0 || offset_bytes > disk->size || size > disk->size - offset_bytes)
		fuzz_fail("write of %zu bytes at %" PRIu64 " of disk %d, which has %" PRIu64, size, offset_bytes,
			  number, disk->size);
	if (offset_bytes % FUZZ_DISK_BLOCK || size % FUZZ_DISK_BLOCK)
		fuzz_fail("write of %zu bytes at %" PRIu64 " of disk %d: not whole sectors", size, offset_bytes,
			  number);
	for (uint64_t at = offset_bytes; at < offset_bytes + size; at += FUZZ_DISK_BLOCK) {
		unsigned int kind = fuzz_disks.kind[number][at / FUZZ_DISK_BLOCK];

		if (!(fuzz_disks.may_write & FUZZ_MAY(kind)))
			fuzz_fail("write of %zu bytes at %" PRIu64 " of disk %d reaches %" PRIu64
				  ", a place of kind %u that is not to be written now",
				  size, offset_bytes, number, at, kind);
	}
}

static int64_t disk_write(struct memory_disk *disk, const uint8_t *bytes, size_t size, uint64_t offset_bytes)
{
	check_place(disk, offset_bytes, size);
	if (size > fuzz_disks.blocks_until_killed * FUZZ_DISK_BLOCK && fuzz_disks.blocks_until_killed != UINT64_MAX)
		size = (size_t)(fuzz_disks.blocks_until_killed * FUZZ_DISK_BLOCK);
	if (size == 0)
		return -EIO;
	if (fuzz_disks.blocks_until_killed != UINT64_MAX)
		fuzz_disks.blocks_until_killed -= size / FUZZ_DISK_BLOCK;
	memory_disk_store(disk, bytes, size, offset_bytes);
	if (fuzz_disks.wrote)
		fuzz_disks.wrote(&fuzz_disks, number_of(disk), offset_bytes, size);
	return (int64_t)size;
}

static void disk_flushed(struct memory_disk *disk)
{
	(void)disk;
	if (fuzz_disks.flushed)
		fuzz_disks.flushed(&fuzz_disks);
}

/* ------------------------------------------------------------------ from outside */

void fuzz_disk_clear_kinds(void)
{
	memset(fuzz_disks.kind, FUZZ_RESERVED, sizeof(fuzz_disks.kind));
}

static void make_disk(struct memory_disk *disk, const char *name)
{
	uint64_t size = disk->size;

	memory_disk_init(disk, name, FUZZ_DISK_MAX);
	disk->size = size;
	disk->write = disk_write;
	disk->flushed = disk_flushed;
}

void fuzz_disk_clear(void)
{
	for (int i = 0; i < 2; i++) {
		struct memory_disk *disk = &fuzz_disks.disk[i];

		if (!disk->bytes)
			make_disk(disk, i == 0 ? "data" : "metadata");
		memory_disk_restore(disk);
		memory_disk_reset(disk);
	}
	fuzz_disk_clear_kinds();
	fuzz_disks.may_write = 0;
	fuzz_disks.blocks_until_killed = UINT64_MAX;
}

uint8_t *fuzz_disk_at(int disk, uint64_t offset_bytes, size_t size)
{
	struct memory_disk *at = &fuzz_disks.disk[disk];

	if (size == 0 || offset_bytes > at->size || size > at->size - offset_bytes)
		return NULL;
	return memory_disk_touch(at, offset_bytes, size);
}

void fuzz_disk_put(int disk, uint64_t offset_bytes, const void *bytes, size_t size)
{
	uint64_t room = fuzz_disks.disk[disk].size;
	uint8_t *at;

	if (offset_bytes >= room)
		return;
	size = size < room - offset_bytes ? size : (size_t)(room - offset_bytes);
	at = fuzz_disk_at(disk, offset_bytes, size);
	if (at)
		memmove(at, bytes, size);
}

void fuzz_disk_set_kind(int disk, uint64_t offset_bytes, uint64_t size, enum fuzz_disk_kind kind)
{
	if (offset_bytes >= FUZZ_DISK_MAX || size == 0)
		return;
	size = size < FUZZ_DISK_MAX - offset_bytes ? size : FUZZ_DISK_MAX - offset_bytes;
	memset(fuzz_disks.kind[disk] + offset_bytes / FUZZ_DISK_BLOCK, (int)kind,
	       (offset_bytes + size - 1) / FUZZ_DISK_BLOCK - offset_bytes / FUZZ_DISK_BLOCK + 1);
}

void fuzz_disk_make_unreadable(int disk, uint64_t offset_bytes, uint64_t size)
{
	memory_disk_make_unreadable(&fuzz_disks.disk[disk], offset_bytes, size);
}

bool fuzz_disk_readable(int disk, uint64_t offset_bytes, size_t size)
{
	return memory_disk_readable(&fuzz_disks.disk[disk], offset_bytes, size);
}

struct csum_device *fuzz_disk_device(int disk, bool writable)
{
	struct csum_device *device = memory_disk_lend(&fuzz_disks.disk[disk]);

	device->size_bytes = fuzz_disks.disk[disk].size;
	device->writable = writable;
	return device;
}

int fuzz_disk_open_devices(void)
{
	return fuzz_disks.disk[0].lent + fuzz_disks.disk[1].lent;
}
