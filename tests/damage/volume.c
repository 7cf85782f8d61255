/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage/volume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "damage/replica.h"
#include "make/write.h"
#include "ondisk/layout.h"
#include "open.h"
#include "support/bytes.h"

static void *get(size_t size)
{
	void *memory = calloc(1, size);

	assert_non_null(memory);
	return memory;
}

/* ------------------------------------------------------------------ power and its loss */

static bool in_slot(uint64_t offset_bytes)
{
	return offset_bytes < CSUM_BLOCK_SIZE ||
	       (offset_bytes >= CSUM_SLOT_B_OFFSET && offset_bytes < CSUM_SLOT_B_OFFSET + CSUM_BLOCK_SIZE);
}

static void store(struct memory_disk *disk, const uint8_t *from, size_t size, uint64_t offset_bytes)
{
	struct damage_volume *base = disk->user;

	if (!in_slot(offset_bytes) && memcmp(disk->bytes + offset_bytes, from, size) != 0)
		base->changes++;
	memory_disk_store(disk, from, size, offset_bytes);
}

/* Stores some sectors of a write, as after a power cut while it was in the cache. */
static void store_some(struct memory_disk *disk, const uint8_t *from, size_t size, uint64_t offset_bytes)
{
	struct damage_volume *base = disk->user;
	uint32_t each = base->shape.sector_size;

	for (size_t at = 0; at < size; at += each) {
		if (next_random(&base->kept[disk - base->disks]) >> 20 & 1)
			store(disk, from + at, each, offset_bytes + at);
	}
}

static int64_t disk_write(struct memory_disk *disk, const uint8_t *bytes, size_t size, uint64_t offset_bytes)
{
	const struct damage_volume *base = disk->user;

	if (base->cut_after == 0 || base->flushes < base->cut_after)
		store(disk, bytes, size, offset_bytes);
	else if (base->flushes == base->cut_after)
		store_some(disk, bytes, size, offset_bytes);
	return (int64_t)size;
}

static void disk_flushed(struct memory_disk *disk)
{
	struct damage_volume *base = disk->user;

	base->flushes++;
}

/* ------------------------------------------------------------------ the empty volume */

static void make_disks(struct damage_volume *base)
{
	const struct damage_shape *shape = &base->shape;
	uint64_t full = shape->sector_size == 512 ? 62 * (4 + damage_below(&base->random, 4)) : 510;
	uint64_t sectors = full + (shape->short_last ? 1 + damage_below(&base->random, 61) :
						       (shape->sector_size == 512 ? 62 : 510));
	uint32_t k = shape->interleave ? shape->interleave : csum_layout_default_interleave(shape->sector_size);
	uint64_t bytes, data_bytes = sectors * shape->sector_size;

	assert_int_equal(csum_layout_device_bytes(shape->sector_size, k, shape->external, sectors, &bytes), 0);
	assert_int_equal(csum_layout_derive(shape->sector_size, k, shape->external, bytes, data_bytes, &base->geometry),
			 0);
	memory_disk_init(&base->disks[0], "metadata disk", bytes);
	memory_disk_init(&base->disks[1], "data disk", shape->external ? data_bytes : 512);
	base->metadata = &base->disks[0];
	base->data = &base->disks[shape->external];
	for (int i = 0; i < 2; i++) {
		base->disks[i].write = disk_write;
		base->disks[i].flushed = disk_flushed;
		base->disks[i].user = base;
	}
}

static void make_volume(struct damage_volume *base)
{
	struct csum_make make = {
		.handlers = base->recorder.handlers,
		.data = &base->data->device,
		.metadata = &base->metadata->device,
		.superblock = {
			.features_incompat = base->shape.external ? CSUM_INCOMPAT_EXTERNAL : 0,
			.checksum_type = base->shape.checksum_type,
			.geometry = base->geometry,
			.journal_offset = CSUM_JOURNAL_OFFSET,
			.journal_size = CSUM_JOURNAL_SIZE,
			.clusters_offset = CSUM_CLUSTERS_OFFSET,
		},
	};

	memset(make.superblock.uuid, 7, sizeof(make.superblock.uuid));
	memset(make.superblock.seed, DAMAGE_SEED_BYTE, sizeof(make.superblock.seed));
	assert_int_equal(csum_make_write(&make), 0);
}

struct csum_volume *damage_open(struct damage_volume *base, bool writable, bool repair)
{
	struct csum_device *data = memory_disk_lend(base->data);
	struct csum_device *metadata = base->data == base->metadata ? data : memory_disk_lend(base->metadata);
	struct csum_volume *volume;
	int error;

	if (repair)
		error = csum_volume_open_for_repair(&base->recorder.handlers, data, metadata, 0, &volume);
	else
		error = csum_volume_open_devices(&base->recorder.handlers, data, metadata, writable, 0, &volume);
	return error ? NULL : volume;
}

/* ------------------------------------------------------------------ content */

/* Makes content: of ten sectors one repeats a byte, and one has the content of others. */
static void content(const struct damage_volume *base, uint64_t sector, unsigned int version, uint8_t *bytes)
{
	uint64_t random = damage_random(base->seed * 1000003 + sector * 8 + version);
	uint32_t size = base->geometry.sector_size;

	switch (damage_below(&random, 10)) {
	case 0:
		memset(bytes, (int)damage_below(&random, 3) * 0x55, size);
		break;
	case 1:
		fill_random(bytes, size, base->seed + damage_below(&random, 4));
		break;
	default:
		fill_random(bytes, size, random);
	}
}

struct filling {
	const uint8_t *from;
	uint64_t left;
};

static int64_t fill(void *user, void *buffer, size_t size)
{
	struct filling *filling = user;
	size_t part = size < filling->left ? size : (size_t)filling->left;

	memcpy(buffer, filling->from, part);
	filling->from += part;
	filling->left -= part;
	return (int64_t)part;
}

/* Writes the content of a run from `after`; errors are ignored once the disk has no power. */
static void write_run(struct damage_volume *base, struct csum_volume *volume, uint64_t first, uint64_t count)
{
	uint32_t size = base->geometry.sector_size;
	struct filling filling = { base->after + first * size, count * size };
	const struct csum_write_options options = {
		.offset_bytes = first * size,
		.length_bytes = count * size,
		.source = { fill, &filling },
	};
	uint64_t done;
	int error = csum_write(volume, &options, &done);

	assert_true(error == 0 || base->cut_after);
}

/* Makes new content for a run and writes it, or makes the run unwritten. */
static void change_run(struct damage_volume *base, struct csum_volume *volume, uint64_t first, uint64_t count,
		       unsigned int version)
{
	uint32_t size = base->geometry.sector_size;
	uint64_t done;
	int error;

	if (version > 1 && damage_below(&base->random, 4) == 0) {
		memset(base->after + first * size, 0, count * size);
		error = csum_discard(volume, first * size, count * size, &done);
		assert_true(error == 0 || base->cut_after);
		return;
	}
	for (uint64_t i = first; i < first + count; i++)
		content(base, i, version, base->after + i * size);
	write_run(base, volume, first, count);
}

static uint64_t run_length(struct damage_volume *base, uint64_t first, uint64_t most)
{
	uint64_t length = 1 + damage_below(&base->random, most);
	uint64_t rest = base->geometry.data_sectors - first;

	return length < rest ? length : rest;
}

static void write_version(struct damage_volume *base, unsigned int version)
{
	struct csum_volume *volume = damage_open(base, true, false);
	uint64_t sectors = base->geometry.data_sectors;

	assert_non_null(volume);
	for (uint64_t at = 0; at < sectors;) {
		uint64_t count = run_length(base, at, sectors / 6);

		/* In the first version nearly everything is written, in the second one half. */
		if (damage_below(&base->random, version == 1 ? 6 : 2) != 0)
			change_run(base, volume, at, count, version);
		at += count;
	}
	assert_int_equal(csum_volume_close(volume), 0);
}

/* ------------------------------------------------------------------ states */

static void keep(struct damage_volume *base)
{
	memory_disk_keep(&base->disks[0]);
	memory_disk_keep(&base->disks[1]);
}

static void set_cut(struct damage_volume *base, uint64_t flushes)
{
	base->flushes = 0;
	base->cut_after = flushes;
	base->kept[0] = base->kept[1] = base->seed + 77;
}

static bool is_active(struct damage_volume *base)
{
	struct csum_volume *volume = damage_open(base, false, false);
	struct csum_volume_info info;

	assert_non_null(volume);
	csum_volume_get_info(volume, &info);
	assert_int_equal(csum_volume_close(volume), 0);
	return info.state == CSUM_ACTIVE;
}

static void interrupt_write(struct damage_volume *base)
{
	uint64_t sectors = base->geometry.data_sectors, first = damage_below(&base->random, sectors);
	uint64_t count = run_length(base, first, sectors);
	struct csum_volume *volume;
	int ignored;

	/* Opening flushes each disk once, and writing the intent flushes twice. */
	set_cut(base, 3 + damage_below(&base->random, base->shape.external ? 7 : 4));
	volume = damage_open(base, true, false);
	assert_non_null(volume);
	change_run(base, volume, first, count, 3);
	ignored = csum_volume_close(volume);
	(void)ignored;
	set_cut(base, 0);
}

static void interrupt_recovery(struct damage_volume *base)
{
	struct csum_volume *volume;
	int ignored;

	set_cut(base, 1 + damage_below(&base->random, 3));
	volume = damage_open(base, true, false);
	ignored = csum_volume_close(volume);
	(void)ignored;
	set_cut(base, 0);
}

/* ------------------------------------------------------------------ */

uint8_t *damage_sector(const struct damage_volume *base, uint64_t data_sector)
{
	return base->data->bytes + csum_layout_data_offset(&base->geometry, data_sector);
}

bool damage_right(const struct damage_volume *base, uint64_t data_sector, const uint8_t *bytes)
{
	uint32_t size = base->geometry.sector_size;

	return memcmp(base->before + data_sector * size, bytes, size) == 0 ||
	       memcmp(base->after + data_sector * size, bytes, size) == 0;
}

struct reading {
	uint8_t *data, *bad;
	uint32_t sector_size;
};

static int take(void *user, const void *data, size_t size, uint64_t offset_bytes, bool is_zero)
{
	const struct reading *reading = user;

	if (is_zero)
		memset(reading->data + offset_bytes, 0, size);
	else
		memcpy(reading->data + offset_bytes, data, size);
	return 0;
}

static void take_bad(void *user, const struct csum_finding *finding)
{
	const struct reading *reading = user;

	if (csum_finding_is_error(finding->kind))
		memset(reading->bad + finding->first_sector, 1, finding->sector_count);
}

void damage_read(struct damage_volume *base, uint8_t *data, uint8_t *bad)
{
	struct reading reading = { data, bad, base->geometry.sector_size };
	const struct csum_read_options options = {
		.length_bytes = CSUM_TO_END,
		.on_error = CSUM_ON_ERROR_ZERO,
		.sink = take,
		.finding = take_bad,
		.user = &reading,
	};
	struct csum_volume *volume = damage_open(base, false, false);
	uint64_t done;
	int error;

	assert_non_null(volume);
	memset(bad, 0, base->geometry.data_sectors);
	error = csum_read(volume, &options, &done);
	assert_int_equal(done, base->geometry.data_sectors * base->geometry.sector_size);
	assert_int_equal(error != 0, memchr(bad, 1, base->geometry.data_sectors) != NULL);
	assert_int_equal(csum_volume_close(volume), 0);
}

/* At rest each sector has one content, the old or the new one. */
static void settle_content(struct damage_volume *base)
{
	uint64_t sectors = base->geometry.data_sectors;
	uint32_t size = base->geometry.sector_size;
	uint8_t *bad = get(sectors), *data = get(sectors * size);

	damage_read(base, data, bad);
	for (uint64_t i = 0; i < sectors; i++)
		assert_true(!bad[i] && damage_right(base, i, data + i * size));
	memcpy(base->before, data, sectors * size);
	memcpy(base->after, data, sectors * size);
	free(bad);
	free(data);
}

static void reach_state(struct damage_volume *base)
{
	enum damage_state reached = DAMAGE_CLEAN;

	memcpy(base->before, base->after, base->geometry.data_sectors * base->geometry.sector_size);
	if (base->shape.state != DAMAGE_CLEAN) {
		interrupt_write(base);
		reached = is_active(base) ? DAMAGE_ACTIVE : DAMAGE_CLEAN;
	}
	if (base->shape.state == DAMAGE_RECOVERING && reached == DAMAGE_ACTIVE) {
		interrupt_recovery(base);
		reached = is_active(base) ? DAMAGE_RECOVERING : DAMAGE_CLEAN;
	}
	base->shape.state = reached;
	if (reached == DAMAGE_CLEAN)
		settle_content(base);
	keep(base);
}

void damage_volume_make(struct damage_volume *base, const struct damage_shape *shape, uint64_t seed)
{
	uint64_t bytes;

	memset(base, 0, sizeof(*base));
	base->shape = *shape;
	base->seed = seed;
	base->random = damage_random(seed);
	recorder_init(&base->recorder);
	make_disks(base);
	bytes = base->geometry.data_sectors * base->geometry.sector_size;
	base->before = get(bytes);
	base->after = get(bytes);
	base->older = get(base->data->size);
	base->older_metadata = get(base->metadata->size);
	make_volume(base);
	write_version(base, 1);
	memcpy(base->older, base->data->bytes, base->data->size);
	memcpy(base->older_metadata, base->metadata->bytes, base->metadata->size);
	write_version(base, 2);
	reach_state(base);
	damage_make_replicas(base);
}

void damage_volume_free(struct damage_volume *base)
{
	for (int i = 0; i < DAMAGE_REPLICAS; i++)
		free(base->replica[i]);
	temporary_remove(base->directory);
	memory_disk_free(&base->disks[0]);
	memory_disk_free(&base->disks[1]);
	free(base->older);
	free(base->older_metadata);
	free(base->before);
	free(base->after);
	free(base->replica_bad);
}
