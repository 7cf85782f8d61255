/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/slots.h"

#include <errno.h>
#include <stdlib.h>

#include "base/report.h"
#include "io/io.h"
#include "ondisk/layout.h"

int csum_slot_read(struct csum_device *device, void *buffer, uint64_t offset_bytes, struct csum_superblock *superblock,
		   bool *valid)
{
	int error = csum_io_read_patiently(device, buffer, CSUM_BLOCK_SIZE, offset_bytes, NULL);

	*valid = !error && csum_superblock_decode(buffer, superblock);
	return csum_io_vanished(error) ? error : 0;
}

/* ------------------------------------------------------------------ a backup before the end */

/* Bytes read at a time. */
#define PIECE_BYTES (UINT64_C(1) << 20)

/* Whether the bytes read from there are a backup, now decoded, of a volume that has its backup just there. */
static bool is_backup(void *bytes, uint64_t offset_bytes, struct csum_superblock *superblock)
{
	return csum_superblock_decode(bytes, superblock) &&
	       superblock->geometry.metadata_device_bytes >= CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE &&
	       csum_layout_backup_offset(superblock->geometry.metadata_device_bytes) == offset_bytes;
}

/* The last backup in [begin, end). Where these bytes cannot be read as a whole, they are read block by block. */
static int search_piece(struct csum_device *device, uint8_t *buffer, uint64_t begin, uint64_t end,
			struct csum_superblock *superblock, bool *found)
{
	bool whole = csum_io_read_now(device, buffer, (size_t)(end - begin), begin) == 0;
	int error = 0;

	for (uint64_t at = end; at > begin && !*found && !error;) {
		uint8_t *block;
		bool valid = true;

		at -= CSUM_BLOCK_SIZE;
		block = buffer + (whole ? at - begin : 0);
		if (!whole)
			error = csum_slot_read(device, block, at, superblock, &valid);
		*found = !error && valid && is_backup(block, at, superblock);
	}
	return error;
}

int csum_slot_search_backup(struct csum_device *device, struct csum_superblock *superblock, bool *found)
{
	uint64_t end = device->size_bytes / CSUM_BLOCK_SIZE * CSUM_BLOCK_SIZE;
	uint64_t least = CSUM_CLUSTERS_OFFSET, begin;
	uint8_t *buffer = csum_io_alloc(PIECE_BYTES);
	int error = 0;

	*found = false;
	if (!buffer)
		return -ENOMEM;
	if (end > least + CSUM_BACKUP_SEARCH_BYTES)
		least = end - CSUM_BACKUP_SEARCH_BYTES;
	for (; end > least && !*found && !error; end = begin) {
		begin = end - least > PIECE_BYTES ? end - PIECE_BYTES : least;
		error = search_piece(device, buffer, begin, end, superblock, found);
	}
	free(buffer);
	return error;
}

/* ------------------------------------------------------------------ all places */

struct search {
	struct csum_device *device;
	void *buffer;
	struct csum_slots_found *slots;
};

static int look_at(struct search *search, enum csum_slot slot, uint64_t offset_bytes)
{
	struct csum_slots_found *slots = search->slots;
	bool valid;
	int error;

	for (size_t i = 0; i < slots->count; i++) {
		if (slots->found[i].offset_bytes == offset_bytes)
			return 0;
	}
	error = csum_slot_read(search->device, search->buffer, offset_bytes, &slots->found[slots->count].superblock,
			       &valid);
	if (error || !valid)
		return error;
	slots->found[slots->count].slot = slot;
	slots->found[slots->count].offset_bytes = offset_bytes;
	slots->count++;
	return 0;
}

/* Whether the volume that the superblock describes has data there. */
static bool is_data(const struct csum_superblock *described, uint64_t offset_bytes)
{
	struct csum_superblock superblock = *described;
	char reason[256];

	return csum_superblock_check(&superblock, reason, sizeof(reason)) == 0 &&
	       csum_layout_place(&superblock.geometry, true, offset_bytes).kind == CSUM_PLACE_DATA;
}

/* Looks where a device, or a volume, of that size has its backup. `described`: how many of A and B were found. */
static int look_at_backup(struct search *search, size_t described, uint64_t device_bytes)
{
	uint64_t offset_bytes;

	if (device_bytes < CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE || device_bytes > search->device->size_bytes)
		return 0;
	offset_bytes = csum_layout_backup_offset(device_bytes);
	for (size_t i = 0; i < described; i++) {
		if (is_data(&search->slots->found[i].superblock, offset_bytes))
			return 0;
	}
	return look_at(search, CSUM_SLOT_C, offset_bytes);
}

static int look_at_backups(struct search *search)
{
	const struct csum_slots_found *slots = search->slots;
	size_t described = slots->count;
	int error = 0;

	for (size_t i = 0; i < described && !error; i++)
		error = look_at_backup(search, described, slots->found[i].superblock.geometry.metadata_device_bytes);
	return error ? error : look_at_backup(search, described, search->device->size_bytes);
}

int csum_slots_find(const struct csum_handlers *handlers, struct csum_device *device, struct csum_slots_found *slots)
{
	struct search search = { .device = device, .buffer = csum_io_alloc(CSUM_BLOCK_SIZE), .slots = slots };
	int error;

	slots->count = 0;
	if (!search.buffer)
		return csum_report_error(handlers, -ENOMEM, NULL, "looking for superblocks");
	error = look_at(&search, CSUM_SLOT_A, CSUM_SLOT_A_OFFSET);
	if (!error)
		error = look_at(&search, CSUM_SLOT_B, CSUM_SLOT_B_OFFSET);
	if (!error)
		error = look_at_backups(&search);
	free(search.buffer);
	if (error)
		return csum_io_report(handlers, error, device->name, "looking for superblocks");
	return 0;
}
