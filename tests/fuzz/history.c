/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/history.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "fuzz/disks.h"
#include "make/write.h"
#include "ondisk/layout.h"
#include "open.h"
#include "volume/volume.h"

/* ------------------------------------------------------------------ which volumes */

struct volume_kind {
	uint32_t sector_size, interleave;
	enum csum_checksum_type checksum_type;
	bool external;
	uint32_t data_sectors;
	uint32_t first; /* lower sectors are never written */
};

static const struct volume_kind kinds[HISTORIES] = {
	{ 512, 3, CSUM_CRC64, false, 210, 0 }, /* the last cluster and its group are short */
	{ 512, 1, CSUM_CRC32C, false, 130, 0 },
	{ 512, 2, CSUM_CRC32, false, 186, 0 }, /* the last cluster is short, but its group is full */
	{ 512, 2, CSUM_CRC64, true, 200, 0 },
	{ 512, 3, CSUM_CRC32C, true, 210, 0 },
	{ 512, 1, CSUM_CRC32, true, 130, 0 },
	{ 512, 65536, CSUM_CRC64, false, 170, 0 },
	{ 512, 1, CSUM_CRC64, false, 1, 0 },
	{ 4096, 1, CSUM_CRC64, false, 24, 0 },
	{ 4096, 3, CSUM_CRC32, true, 30, 0 },
	{ 4096, 2, CSUM_CRC32C, true, 524, 500 }, /* the only one with 4096 bytes and more than one group */
};

/* ------------------------------------------------------------------ events of each life */

enum action { WRITE, DISCARD, RECOVER };

struct event {
	enum action action;
	uint32_t begin, end; /* in sixteenths of the data space */
	uint32_t skip, cut; /* bytes taken off its two ends */
	uint32_t killed; /* after so many sixteenths of its writes; 0: never */
	uint32_t window_groups; /* 0: the library's default */
};

static const struct event events[] = {
	{ WRITE, 0, 4, 100, 37, 0, 0 }, { WRITE, 2, 9, 0, 0, 0, 2 },   { WRITE, 0, 9, 0, 0, 8, 0 },
	{ RECOVER, 0, 0, 0, 0, 0, 0 },	{ WRITE, 0, 9, 0, 1, 10, 0 },  { RECOVER, 0, 0, 0, 0, 8, 0 },
	{ RECOVER, 0, 0, 0, 0, 13, 0 }, { RECOVER, 0, 0, 0, 0, 0, 0 }, { DISCARD, 1, 3, 7, 9, 0, 0 },
	{ DISCARD, 3, 6, 0, 0, 8, 0 },	{ WRITE, 0, 16, 0, 0, 4, 0 },  { WRITE, 0, 16, 0, 0, 9, 1 },
	{ RECOVER, 0, 0, 0, 0, 0, 0 },	{ WRITE, 4, 14, 1, 1, 0, 1 },
};

struct record {
	int disk;
	uint64_t offset_bytes;
	size_t size;
	uint32_t flushes; /* flushes before the write */
	uint8_t *bytes;
};

struct history {
	struct record *records;
	uint32_t count, capacity;
	uint32_t flushes;
	uint64_t disk_bytes[2];
	bool made;
};

static struct history histories[HISTORIES];
static struct history *recorded; /* the history under construction */
static uint64_t blocks_written;

/* Zeros the time of the last write in a superblock, so that runs of the fuzzer do not differ. */
static void fix_time(struct record *record)
{
	static const uint8_t zeros[8];
	uint32_t crc;

	if (record->size != CSUM_BLOCK_SIZE || memcmp(record->bytes, CSUM_SUPERBLOCK_MAGIC, 8) != 0)
		return;
	memcpy(record->bytes + offsetof(struct csum_disk_superblock, last_write), zeros, 8);
	memcpy(record->bytes + 8, zeros, 4);
	crc = (uint32_t)crc32_z(0, record->bytes, record->size);
	for (int i = 0; i < 4; i++)
		record->bytes[8 + i] = (uint8_t)(crc >> 8 * i);
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static void keep_write(struct fuzz_disks *disks, int disk, uint64_t offset_bytes, size_t size)
{
	const uint8_t *bytes = disks->disk[disk].bytes + offset_bytes;
	struct record *record;

	blocks_written += size / FUZZ_DISK_BLOCK;
	/* Formatting blank disks writes many zeros over zeros, which are left out. */
	if (!recorded || (recorded->flushes < 3 && all_zero(bytes, size)))
		return;
	if (recorded->count == recorded->capacity) {
		recorded->capacity = recorded->capacity ? 2 * recorded->capacity : 64;
		recorded->records = realloc(recorded->records, recorded->capacity * sizeof(*recorded->records));
		if (!recorded->records)
			fuzz_fail("out of memory");
	}
	record = &recorded->records[recorded->count++];
	*record = (struct record){ disk, offset_bytes, size, recorded->flushes, malloc(size) };
	if (!record->bytes)
		fuzz_fail("out of memory");
	memcpy(record->bytes, bytes, size);
	fix_time(record);
}

static void keep_flush(struct fuzz_disks *disks)
{
	(void)disks;
	if (recorded)
		recorded->flushes++;
}

void history_pattern(uint32_t version, uint64_t offset_bytes, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint64_t at = offset_bytes + i;
		uint64_t word = (at / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)version << 40;

		word ^= word >> 29;
		word *= UINT64_C(0xbf58476d1ce4e5b9);
		word ^= word >> 32;
		/* Some sectors are zeros, and some are the same in all versions. */
		if (at / 4096 % 11 == 3)
			word = version % 2 ? 0 : word;
		else if (at / 4096 % 11 == 5)
			word = at / 8;
		bytes[i] = (uint8_t)(word >> at % 8 * 8);
	}
}

struct source {
	uint32_t version;
	uint64_t cursor;
};

static int64_t fill_pattern(void *user, void *buffer, size_t size)
{
	struct source *source = user;

	history_pattern(source->version, source->cursor, buffer, size);
	source->cursor += size;
	return (int64_t)size;
}

static const struct csum_handlers no_handlers;

static int change(struct csum_volume *volume, const struct event *event, uint64_t first, uint32_t version)
{
	const struct csum_geometry *geometry = &volume->superblock.geometry;
	uint64_t start = first * geometry->sector_size;
	uint64_t space = csum_volume_data_bytes(volume) - start;
	uint64_t begin = start + space * event->begin / 16 + event->skip;
	uint64_t end = start + space * event->end / 16 - event->cut;
	struct source source = { version, begin };
	const struct csum_write_options options = {
		.offset_bytes = begin,
		.length_bytes = begin < end ? end - begin : 0,
		.source = { fill_pattern, &source },
	};
	uint64_t done;

	if (event->window_groups)
		volume->window_bytes = volume->batch_bytes =
			(uint64_t)event->window_groups * geometry->sectors_per_group * geometry->sector_size;
	if (begin >= end || event->action == RECOVER)
		return 0;
	if (event->action == DISCARD)
		return csum_discard(volume, begin, end - begin, &done);
	return csum_write(volume, &options, &done);
}

static int run_event(const struct event *event, uint64_t first, uint32_t version)
{
	struct csum_device *data = fuzz_disk_device(0, true);
	struct csum_device *metadata = fuzz_disks.external ? fuzz_disk_device(1, true) : data;
	struct csum_volume *volume;
	int error = csum_volume_open_devices(&no_handlers, data, metadata, true, 0, &volume);

	if (error)
		return error;
	error = change(volume, event, first, version);
	if (csum_volume_close(volume))
		fuzz_fail("closing fails");
	return error;
}

/* ------------------------------------------------------------------ making them */

static void load_records(const struct history *history, uint32_t count)
{
	fuzz_disk_clear();
	for (uint32_t i = 0; i < count; i++)
		fuzz_disk_put(history->records[i].disk, history->records[i].offset_bytes, history->records[i].bytes,
			      history->records[i].size);
}

static void set_disks(unsigned int number)
{
	fuzz_disks.external = kinds[number].external;
	for (int i = 0; i < 2; i++)
		fuzz_disks.disk[i].size = histories[number].disk_bytes[i];
}

static void size_disks(unsigned int number, struct csum_geometry *geometry)
{
	const struct volume_kind *kind = &kinds[number];
	uint64_t *bytes = histories[number].disk_bytes;
	int metadata = kind->external ? 1 : 0;

	if (kind->external)
		bytes[0] = (uint64_t)kind->data_sectors * kind->sector_size + 512 * (number % 2);
	if (csum_layout_device_bytes(kind->sector_size, kind->interleave, kind->external, kind->data_sectors,
				     &bytes[metadata]))
		fuzz_fail("volume %u: no such size", number);
	if (csum_layout_derive(kind->sector_size, kind->interleave, kind->external, bytes[metadata],
			       kind->external ? bytes[0] : 0, geometry) ||
	    bytes[0] > FUZZ_DISK_MAX || bytes[1] > FUZZ_DISK_MAX)
		fuzz_fail("volume %u: no such volume", number);
}

static void format(unsigned int number, const struct csum_geometry *geometry)
{
	struct csum_device *data = fuzz_disk_device(0, true);
	struct csum_device *metadata = geometry->external ? fuzz_disk_device(1, true) : data;
	struct csum_make make = {
		.data = data,
		.metadata = metadata,
		.superblock = {
			.features_incompat = geometry->external ? CSUM_INCOMPAT_EXTERNAL : 0,
			.checksum_type = kinds[number].checksum_type,
			.geometry = *geometry,
			.journal_offset = CSUM_JOURNAL_OFFSET,
			.journal_size = CSUM_JOURNAL_SIZE,
			.clusters_offset = CSUM_CLUSTERS_OFFSET,
			.created = 1700000000,
			.label = "fuzz",
		},
	};

	memset(make.superblock.uuid, (int)number + 1, sizeof(make.superblock.uuid));
	memset(make.superblock.seed, (int)number + 1, sizeof(make.superblock.seed));
	if (csum_make_write(&make))
		fuzz_fail("volume %u: cannot be formatted", number);
	if (metadata != data)
		csum_device_close(metadata);
	csum_device_close(data);
}

/* Runs an event. One that is killed runs twice, as only an undisturbed run shows how much it writes. */
static void live(unsigned int number, const struct event *event, uint32_t version)
{
	struct history *history = &histories[number];
	uint64_t unit = kinds[number].sector_size / FUZZ_DISK_BLOCK;
	uint64_t budget = UINT64_MAX;

	if (event->killed) {
		recorded = NULL;
		blocks_written = 0;
		if (run_event(event, kinds[number].first, version))
			fuzz_fail("volume %u: event %u of its life fails", number, version);
		/* The device is required not to tear data sectors. */
		budget = blocks_written * event->killed / 16 / unit * unit;
		load_records(history, history->count);
		fuzz_disks.may_write = ~0u;
		recorded = history;
	}
	fuzz_disks.blocks_until_killed = budget;
	if (run_event(event, kinds[number].first, version) && budget == UINT64_MAX)
		fuzz_fail("volume %u: event %u of its life fails", number, version);
	fuzz_disks.blocks_until_killed = UINT64_MAX;
}

static void make_history(unsigned int number)
{
	struct csum_geometry geometry;

	histories[number].made = true;
	size_disks(number, &geometry);
	set_disks(number);
	fuzz_disk_clear();
	recorded = &histories[number];
	fuzz_disks.may_write = ~0u;
	fuzz_disks.wrote = keep_write;
	fuzz_disks.flushed = keep_flush;
	format(number, &geometry);
	for (uint32_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		live(number, &events[i], i);
	recorded = NULL;
	fuzz_disks.wrote = NULL;
	fuzz_disks.flushed = NULL;
}

/* ------------------------------------------------------------------ public */

static const struct history *get_history(unsigned int number)
{
	if (!histories[number].made)
		make_history(number);
	return &histories[number];
}

uint32_t history_length(unsigned int number)
{
	return get_history(number)->count;
}

static bool is_lost(const struct history *history, const struct history_moment *moment, uint32_t count, uint32_t i)
{
	uint32_t back = count - 1 - i;

	return back < 8 && (moment->lost >> back & 1) &&
	       history->records[i].flushes == history->records[count - 1].flushes;
}

void history_load(unsigned int number, const struct history_moment *moment)
{
	const struct history *history = get_history(number);
	uint32_t count = moment->write % (history->count + 1);
	size_t size;

	set_disks(number);
	fuzz_disk_clear();
	for (uint32_t i = 0; i < count; i++) {
		const struct record *record = &history->records[i];

		if (!is_lost(history, moment, count, i))
			fuzz_disk_put(record->disk, record->offset_bytes, record->bytes, record->size);
	}
	if (count == history->count || moment->sectors == 0)
		return;
	size = (size_t)moment->sectors * kinds[number].sector_size;
	if (size > history->records[count].size)
		size = history->records[count].size;
	fuzz_disk_put(history->records[count].disk, history->records[count].offset_bytes, history->records[count].bytes,
		      size);
}

void history_write_place(unsigned int number, uint32_t i, int *disk, uint64_t *offset_bytes, size_t *size)
{
	const struct record *record = &get_history(number)->records[i];

	*disk = record->disk;
	*offset_bytes = record->offset_bytes;
	*size = record->size;
}
