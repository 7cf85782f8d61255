/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage/damdisk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/ondisk.h"
#include "support/bytes.h"

uint8_t *damdisk_touch(struct damdisk *disk, uint64_t offset_bytes, uint64_t size)
{
	assert_true(offset_bytes + size <= disk->size);
	for (uint64_t i = offset_bytes / DAMDISK_UNIT; i <= (offset_bytes + size - 1) / DAMDISK_UNIT; i++)
		disk->dirty[i] = 1;
	return disk->bytes + offset_bytes;
}

bool damdisk_readable(const struct damdisk *disk, uint64_t offset_bytes, uint64_t size)
{
	if (disk->unreadable_count == 0)
		return true;
	for (uint64_t i = offset_bytes / DAMDISK_BLOCK; i <= (offset_bytes + size - 1) / DAMDISK_BLOCK; i++) {
		if (disk->unreadable[i])
			return false;
	}
	return true;
}

static void set_readable(struct damdisk *disk, uint64_t offset_bytes, uint64_t size, bool readable)
{
	for (uint64_t i = offset_bytes / DAMDISK_BLOCK; i <= (offset_bytes + size - 1) / DAMDISK_BLOCK; i++) {
		disk->unreadable_count += (uint64_t)!readable - disk->unreadable[i];
		disk->unreadable[i] = !readable;
	}
}

void damdisk_make_unreadable(struct damdisk *disk, uint64_t offset_bytes, uint64_t size)
{
	set_readable(disk, offset_bytes, size, false);
}

/* ------------------------------------------------------------------ operations */

static size_t present(const struct damdisk *disk, size_t size, uint64_t offset_bytes)
{
	if (offset_bytes >= disk->size)
		return 0;
	return size < disk->size - offset_bytes ? size : (size_t)(disk->size - offset_bytes);
}

static int64_t disk_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	struct damdisk *disk = context;
	size_t moved = present(disk, size, offset_bytes);

	if (moved && !damdisk_readable(disk, offset_bytes, moved))
		return -EIO;
	memcpy(buffer, disk->bytes + offset_bytes, moved);
	return (int64_t)moved;
}

static bool in_slot(uint64_t offset_bytes)
{
	return offset_bytes < CSUM_BLOCK_SIZE ||
	       (offset_bytes >= CSUM_SLOT_B_OFFSET && offset_bytes < CSUM_SLOT_B_OFFSET + CSUM_BLOCK_SIZE);
}

static void put(struct damdisk *disk, const uint8_t *from, size_t size, uint64_t offset_bytes)
{
	if (!in_slot(offset_bytes) && memcmp(disk->bytes + offset_bytes, from, size) != 0)
		disk->changes++;
	memcpy(damdisk_touch(disk, offset_bytes, size), from, size);
	if (disk->unreadable_count)
		set_readable(disk, offset_bytes, size, true);
}

/* Sector by sector: what was in the cache when power was lost. */
static void put_some(struct damdisk *disk, const uint8_t *from, size_t size, uint64_t offset_bytes)
{
	for (size_t at = 0; at < size; at += disk->sector_size) {
		if (next_random(&disk->random) >> 20 & 1)
			put(disk, from + at, disk->sector_size, offset_bytes + at);
	}
}

static int64_t disk_pwrite(void *context, const void *buffer, size_t size, uint64_t offset_bytes)
{
	struct damdisk *disk = context;
	size_t moved = present(disk, size, offset_bytes);

	disk->writes++;
	if (disk->cut_after == 0 || *disk->flushes < disk->cut_after)
		put(disk, buffer, moved, offset_bytes);
	else if (*disk->flushes == disk->cut_after)
		put_some(disk, buffer, moved, offset_bytes);
	return (int64_t)moved;
}

static int disk_flush(void *context)
{
	struct damdisk *disk = context;

	if (disk->flushes)
		(*disk->flushes)++;
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
	return 0;
}

static const struct csum_device_ops disk_ops = {
	.pread = disk_pread,
	.pwrite = disk_pwrite,
	.flush = disk_flush,
	.drop_cache = disk_drop_cache,
	.close = disk_close,
};

/* ------------------------------------------------------------------ */

void damdisk_init(struct damdisk *disk, const char *name, uint64_t size)
{
	memset(disk, 0, sizeof(*disk));
	disk->size = size;
	disk->bytes = calloc(1, size);
	disk->base = calloc(1, size);
	disk->dirty = calloc(1, size / DAMDISK_UNIT + 1);
	disk->unreadable = calloc(1, size / DAMDISK_BLOCK + 1);
	assert_true(disk->bytes && disk->base && disk->dirty && disk->unreadable);
	disk->random = 1;
	disk->sector_size = DAMDISK_BLOCK;
	disk->device = (struct csum_device){
		.ops = &disk_ops,
		.context = disk,
		.name = (char *)(uintptr_t)name,
		.size_bytes = size,
		.writable = true,
		.direct = true,
		.logical_sector_size = 512,
		.physical_sector_size = 512,
		.descriptor = -1,
	};
}

void damdisk_free(struct damdisk *disk)
{
	free(disk->bytes);
	free(disk->base);
	free(disk->dirty);
	free(disk->unreadable);
	memset(disk, 0, sizeof(*disk));
}

struct csum_device *damdisk_lend(struct damdisk *disk)
{
	struct csum_device *device = malloc(sizeof(*device));

	assert_non_null(device);
	*device = disk->device;
	device->name = strdup(disk->device.name);
	assert_non_null(device->name);
	return device;
}

void damdisk_keep(struct damdisk *disk)
{
	memcpy(disk->base, disk->bytes, disk->size);
	memset(disk->dirty, 0, disk->size / DAMDISK_UNIT + 1);
}

void damdisk_restore(struct damdisk *disk)
{
	for (uint64_t i = 0; i <= disk->size / DAMDISK_UNIT; i++) {
		uint64_t at = i * DAMDISK_UNIT;
		uint64_t size = disk->size - at < DAMDISK_UNIT ? disk->size - at : DAMDISK_UNIT;

		if (disk->dirty[i] && at < disk->size)
			memcpy(disk->bytes + at, disk->base + at, size);
		disk->dirty[i] = 0;
	}
	if (disk->unreadable_count)
		memset(disk->unreadable, 0, disk->size / DAMDISK_BLOCK + 1);
	disk->unreadable_count = 0;
	damdisk_count(disk);
}

void damdisk_count(struct damdisk *disk)
{
	disk->writes = disk->changes = 0;
}
