/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "make/write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/util.h"
#include "io/io.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

/* Bytes of imd sectors that are made in memory while those before are written. */
#define BUFFER_BYTES (UINT64_C(16) << 20)
#define ZERO_BYTES CSUM_IO_PIECE_BYTES
/* Bytes of zeros that are written between two flushes. */
#define ZERO_ROUND_BYTES (UINT64_C(256) << 20)

struct maker {
	const struct csum_make *make;
	const struct csum_geometry *geometry;
	struct csum_io *io;
	uint32_t seed_state;
	uint8_t *zeros; /* ZERO_BYTES */
	uint8_t *buffers[2]; /* BUFFER_BYTES each */
	struct csum_io_list lists[2];
};

static int no_memory(const struct maker *maker)
{
	return csum_report_error(&maker->make->handlers, -ENOMEM, NULL, "formatting");
}

static int cancelled(const struct maker *maker)
{
	return csum_report_cancelled(&maker->make->handlers) ? -ECANCELED : 0;
}

static int round_of(struct maker *maker)
{
	int error = csum_io_round(maker->io, &maker->lists[0], NULL, NULL);

	maker->lists[0].count = 0;
	return error;
}

/* ------------------------------------------------------------------ zeros */

static int add_zeros(struct maker *maker, struct csum_device *device, uint64_t offset_bytes, uint64_t size)
{
	int error = 0;

	for (uint64_t done = 0; done < size && !error; done += ZERO_BYTES)
		error = csum_io_list_add(&maker->lists[0], device, CSUM_IO_WRITE, maker->zeros,
					 (size_t)csum_min_u64(size - done, ZERO_BYTES), offset_bytes + done);
	return error ? no_memory(maker) : 0;
}

/* Writes the end of a file that is less than a sector, which O_DIRECT cannot write. */
static int zero_rest(struct maker *maker, struct csum_device *device, uint64_t offset_bytes)
{
	const struct csum_handlers *handlers = &maker->make->handlers;
	int error;

	if (offset_bytes == device->size_bytes)
		return 0;
	error = csum_device_set_unit(handlers, device, 1);
	if (!error)
		error = add_zeros(maker, device, offset_bytes, device->size_bytes - offset_bytes);
	if (!error)
		error = round_of(maker);
	return error ? error : csum_device_set_unit(handlers, device, maker->geometry->sector_size);
}

static int zero_device(struct maker *maker, struct csum_device *device)
{
	uint64_t sector_size = maker->geometry->sector_size;
	uint64_t end = device->size_bytes / sector_size * sector_size;
	int error = 0;

	for (uint64_t offset = 0; offset < end && !error; offset += ZERO_ROUND_BYTES) {
		error = cancelled(maker);
		if (!error)
			error = add_zeros(maker, device, offset, csum_min_u64(end - offset, ZERO_ROUND_BYTES));
		if (!error)
			error = round_of(maker);
	}
	return error ? error : zero_rest(maker, device, end);
}

/*
 * Zeroes reserved space, so that bytes found there later were written by others. This comes before a superblock is
 * voided: else, after an interruption in between, the rest of an old volume would be taken for foreign.
 */
static int zero_reserved(struct maker *maker)
{
	struct csum_device *device = maker->make->metadata;
	uint64_t sector_size = maker->geometry->sector_size;
	uint64_t tail = csum_layout_backup_offset(maker->geometry->metadata_device_bytes) + CSUM_BLOCK_SIZE;
	uint64_t end = device->size_bytes / sector_size * sector_size;
	int error = add_zeros(maker, device, CSUM_SLOT_A_OFFSET + CSUM_BLOCK_SIZE,
			      CSUM_JOURNAL_OFFSET - CSUM_SLOT_A_OFFSET - CSUM_BLOCK_SIZE);

	if (!error)
		error = add_zeros(maker, device, CSUM_SLOT_B_OFFSET + CSUM_BLOCK_SIZE,
				  CSUM_CLUSTERS_OFFSET - CSUM_SLOT_B_OFFSET - CSUM_BLOCK_SIZE);
	if (!error)
		error = add_zeros(maker, device, tail, end - tail);
	if (!error)
		error = round_of(maker);
	return error ? error : zero_rest(maker, device, end);
}

/* Writes the whole journal, so that a sparse file has room for a record even when its file system is full. */
static int void_old(struct maker *maker)
{
	struct csum_device *device = maker->make->metadata;
	uint64_t backup = csum_layout_backup_offset(maker->geometry->metadata_device_bytes);
	uint64_t old_backup = maker->make->old_backup_offset_bytes;
	int error = add_zeros(maker, device, CSUM_SLOT_A_OFFSET, CSUM_BLOCK_SIZE);

	if (!error)
		error = add_zeros(maker, device, CSUM_JOURNAL_OFFSET, CSUM_JOURNAL_SIZE);
	if (!error)
		error = add_zeros(maker, device, CSUM_SLOT_B_OFFSET, CSUM_BLOCK_SIZE);
	if (!error)
		error = add_zeros(maker, device, backup, CSUM_BLOCK_SIZE);
	if (!error && old_backup && old_backup != backup)
		error = add_zeros(maker, device, old_backup, CSUM_BLOCK_SIZE);
	return error ? error : round_of(maker);
}

static int wipe(struct maker *maker)
{
	int error = zero_device(maker, maker->make->metadata);

	if (!error && maker->make->data != maker->make->metadata)
		error = zero_device(maker, maker->make->data);
	return error;
}

/* ------------------------------------------------------------------ imd sectors */

/* The position of the walk over all imd sectors, in the order in which they lie on the device. */
struct position {
	uint64_t cluster, index;
	int copy;
};

static void advance(const struct csum_geometry *geometry, struct position *position, uint64_t groups)
{
	position->index += groups;
	if (position->index < csum_layout_cluster_groups(geometry, position->cluster))
		return;
	position->index = 0;
	position->cluster += (uint64_t)position->copy;
	position->copy = 1 - position->copy;
}

/* Makes the next imd sectors of one run in `buffer` and adds their write; *used grows by their size. */
static int add_imd_run(struct maker *maker, struct csum_io_list *list, struct position *position, uint8_t *buffer,
		       uint64_t *used)
{
	const struct csum_geometry *geometry = maker->geometry;
	uint64_t first = position->cluster * geometry->interleave + position->index;
	uint64_t count = csum_layout_contiguous_groups(geometry, first, (BUFFER_BYTES - *used) / geometry->sector_size);
	struct csum_imd_place place = { maker->seed_state, geometry->sector_size, first, position->copy };
	uint8_t *sectors = buffer + *used;
	int error;

	memset(sectors, 0, (size_t)count * geometry->sector_size);
	/* The two copies need distinct generations; copy 1 begins as the newer. */
	for (uint64_t i = 0; i < count; i++, place.group++)
		csum_imd_seal(place, (uint32_t)position->copy, sectors + i * geometry->sector_size);
	error = csum_io_list_add(list, maker->make->metadata, CSUM_IO_WRITE, sectors,
				 (size_t)count * geometry->sector_size,
				 csum_layout_imd_offset(geometry, first, position->copy));
	*used += count * geometry->sector_size;
	advance(geometry, position, count);
	return error;
}

static int fill_buffer(struct maker *maker, int which, struct position *position)
{
	struct csum_io_list *list = &maker->lists[which];
	uint64_t used = 0;
	int error = cancelled(maker);

	list->count = 0;
	while (!error && position->cluster < maker->geometry->clusters && used < BUFFER_BYTES) {
		if (add_imd_run(maker, list, position, maker->buffers[which], &used))
			error = no_memory(maker);
	}
	return error;
}

static int write_imd(struct maker *maker)
{
	struct position position = { 0 };
	int which = 0;
	int error = fill_buffer(maker, which, &position);

	while (!error && maker->lists[which].count) {
		int fill_error;

		csum_io_round_start(maker->io, maker->lists[which].requests, maker->lists[which].count);
		which = 1 - which;
		fill_error = fill_buffer(maker, which, &position);
		error = csum_io_round_wait(maker->io);
		if (!error)
			error = fill_error;
	}
	maker->lists[0].count = 0;
	maker->lists[1].count = 0;
	return error;
}

/* ------------------------------------------------------------------ superblocks */

static int write_superblock(struct maker *maker, uint64_t offset_bytes, uint64_t generation)
{
	struct csum_superblock superblock = maker->make->superblock;

	superblock.version_major = CSUM_FORMAT_MAJOR;
	superblock.version_minor = CSUM_FORMAT_MINOR;
	superblock.state = CSUM_STATE_CLEAN;
	superblock.generation = generation;
	csum_superblock_encode(&superblock, maker->buffers[0]);
	if (csum_io_list_add(&maker->lists[0], maker->make->metadata, CSUM_IO_WRITE, maker->buffers[0], CSUM_BLOCK_SIZE,
			     offset_bytes))
		return no_memory(maker);
	return round_of(maker);
}

static int write_superblocks(struct maker *maker)
{
	uint64_t backup = csum_layout_backup_offset(maker->geometry->metadata_device_bytes);
	int error = write_superblock(maker, backup, 1);

	if (!error)
		error = write_superblock(maker, CSUM_SLOT_B_OFFSET, 1);
	if (!error)
		error = write_superblock(maker, CSUM_SLOT_A_OFFSET, 2);
	return error;
}

/* ------------------------------------------------------------------ all of it */

static int maker_init(struct maker *maker)
{
	int error = csum_io_create(&maker->make->handlers, maker->make->data, maker->make->metadata,
				   maker->make->threads, &maker->io);

	if (error)
		return error;
	maker->zeros = csum_io_alloc(ZERO_BYTES);
	maker->buffers[0] = csum_io_alloc(BUFFER_BYTES);
	maker->buffers[1] = csum_io_alloc(BUFFER_BYTES);
	if (!maker->zeros || !maker->buffers[0] || !maker->buffers[1])
		return no_memory(maker);
	memset(maker->zeros, 0, ZERO_BYTES);
	return 0;
}

int csum_make_write(const struct csum_make *make)
{
	struct maker maker = {
		.make = make,
		.geometry = &make->superblock.geometry,
		.seed_state = csum_superblock_seed_state(&make->superblock),
	};
	int error = maker_init(&maker);

	if (!error)
		error = zero_reserved(&maker);
	if (!error)
		error = void_old(&maker);
	if (!error && make->wipe)
		error = wipe(&maker);
	if (!error)
		error = write_imd(&maker);
	if (!error)
		error = write_superblocks(&maker);
	csum_io_destroy(maker.io);
	for (int i = 0; i < 2; i++) {
		csum_io_list_free(&maker.lists[i]);
		free(maker.buffers[i]);
	}
	free(maker.zeros);
	return error;
}

uint64_t csum_make_bytes(const struct csum_geometry *geometry, bool wipe_all)
{
	uint64_t backup = csum_layout_backup_offset(geometry->metadata_device_bytes);
	uint64_t bytes = 2 * geometry->groups * geometry->sector_size + CSUM_CLUSTERS_OFFSET +
			 (geometry->metadata_device_bytes - backup) + 3 * CSUM_BLOCK_SIZE;

	return wipe_all ? bytes + geometry->metadata_device_bytes + geometry->data_device_bytes : bytes;
}
