/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/foreign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uuid/uuid.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"
#include "volume/slots.h"

/* Of a volume with internal layout one from libblkid, perhaps two, is usual; all of them are too long for a message. */
#define TEXT_SIZE 512
#define RESERVED_BEGIN CSUM_BLOCK_SIZE /* behind slot A */
#define IMAGES_OFFSET (CSUM_JOURNAL_OFFSET + CSUM_BLOCK_SIZE) /* behind the head of the journal */
#define LOG_OFFSET (CSUM_SLOT_B_OFFSET + CSUM_BLOCK_SIZE)

struct search {
	const struct csum_volume *volume;
	struct csum_foreign *foreign;
	uint8_t *block; /* CSUM_BLOCK_SIZE bytes */
};

static void add(struct csum_foreign *foreign, uint64_t offset_bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct csum_foreign *foreign, uint64_t offset_bytes, const char *format, ...)
{
	struct csum_foreign_thing *thing = &foreign->found[foreign->count];
	va_list arguments;

	if (foreign->count == CSUM_FOREIGN_MAX)
		return;
	foreign->count++;
	thing->offset_bytes = offset_bytes;
	va_start(arguments, format);
	vsnprintf(thing->text, sizeof(thing->text), format, arguments);
	va_end(arguments);
}

/* ------------------------------------------------------------------ signatures */

static bool same_seed(const struct csum_superblock *one, const struct csum_superblock *other)
{
	return memcmp(one->seed, other->seed, sizeof(one->seed)) == 0;
}

static bool is_own_slot(const struct csum_volume *volume, enum csum_slot slot)
{
	return volume->slot_valid[slot] && same_seed(&volume->slots[slot], &volume->superblock);
}

static bool inside(uint64_t offset_bytes, uint64_t begin, uint64_t size)
{
	return offset_bytes >= begin && offset_bytes - begin < size;
}

/* All bytes of a valid superblock are ours: its random id, or a name, may look like an Atari partition table. */
static bool in_own_slot(const struct csum_volume *volume, uint64_t offset_bytes)
{
	const uint64_t places[CSUM_SLOTS] = {
		[CSUM_SLOT_A] = CSUM_SLOT_A_OFFSET,
		[CSUM_SLOT_B] = CSUM_SLOT_B_OFFSET,
		[CSUM_SLOT_C] = csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes),
	};

	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		if (is_own_slot(volume, (enum csum_slot)slot) && inside(offset_bytes, places[slot], CSUM_BLOCK_SIZE))
			return true;
	}
	return false;
}

/* A journal record, in force or not, consists of imd sectors, whose checksums may be any bytes. */
static bool in_journal_image(const struct search *search, uint64_t offset_bytes)
{
	uint64_t sector_size = csum_volume_geometry(search->volume)->sector_size;
	uint64_t begin = offset_bytes - (offset_bytes - IMAGES_OFFSET) % sector_size;

	return csum_io_read_now(search->volume->metadata, search->block, (size_t)sector_size, begin) == 0 &&
	       memcmp(search->block, CSUM_IMD_MAGIC, strlen(CSUM_IMD_MAGIC)) == 0;
}

/*
 * Whether a signature lies in a place for the user's data, be it for a while: in the data space, in a parked sector,
 * in a record of the journal, in the log.
 */
static bool is_ours(const void *user, const struct csum_signature *found)
{
	const struct search *search = user;
	const struct csum_geometry *geometry = csum_volume_geometry(search->volume);
	uint64_t offset = found->magic_offset_bytes;

	if (csum_layout_place(geometry, true, offset).kind == CSUM_PLACE_DATA || in_own_slot(search->volume, offset))
		return true;
	if (inside(offset, IMAGES_OFFSET, geometry->sector_size) ||
	    inside(offset, LOG_OFFSET, CSUM_CLUSTERS_OFFSET - LOG_OFFSET))
		return true;
	return inside(offset, IMAGES_OFFSET, CSUM_SLOT_B_OFFSET - IMAGES_OFFSET) && in_journal_image(search, offset);
}

static void add_signatures(struct csum_foreign *foreign, const struct csum_signatures *list)
{
	for (size_t i = 0; i < list->count; i++)
		add(foreign, list->found[i].magic_offset_bytes, "%s", list->found[i].text);
}

static int find_signatures(const struct search *search)
{
	const struct csum_volume *volume = search->volume;
	struct csum_signatures list;
	int error = csum_probe_through(&volume->handlers, volume->metadata, is_ours, search, &list);

	if (!error)
		add_signatures(search->foreign, &list);
	return error;
}

/* ------------------------------------------------------------------ other volumes */

static void add_slot(struct csum_foreign *foreign, enum csum_slot slot, uint64_t offset_bytes,
		     const struct csum_superblock *superblock)
{
	char uuid[UUID_STR_LEN];

	uuid_unparse_lower(superblock->uuid, uuid);
	add(foreign, offset_bytes, "superblock %c of another csumtool volume (UUID %s)", "ABC"[slot], uuid);
}

/*
 * If our backup is gone, the backup of another volume at the end of the device says that our slots were written over
 * that volume. Beside a backup of ours it is only a leftover from a time when the device ended there.
 */
static int find_backup_at_end(const struct search *search)
{
	const struct csum_volume *volume = search->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t offset = csum_layout_backup_offset(volume->metadata->size_bytes);
	struct csum_superblock *superblock;
	bool valid = false;
	int error;

	if (is_own_slot(volume, CSUM_SLOT_C) || volume->metadata->size_bytes < CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE ||
	    offset == csum_layout_backup_offset(geometry->metadata_device_bytes) ||
	    csum_layout_place(geometry, true, offset).kind == CSUM_PLACE_DATA)
		return 0;
	superblock = malloc(sizeof(*superblock));
	if (!superblock)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "looking for another volume");
	error = csum_slot_read(volume->metadata, search->block, offset, superblock, &valid);
	if (error)
		csum_io_report(&volume->handlers, error, volume->metadata->name, "looking for another volume");
	else if (valid && !same_seed(superblock, &volume->superblock))
		add_slot(search->foreign, CSUM_SLOT_C, offset, superblock);
	free(superblock);
	return error;
}

static int find_slots(const struct search *search)
{
	const struct csum_volume *volume = search->volume;
	const uint64_t backup = csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes);

	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		if (volume->slot_valid[slot] && !is_own_slot(volume, (enum csum_slot)slot))
			add_slot(search->foreign, (enum csum_slot)slot,
				 slot == CSUM_SLOT_A ? CSUM_SLOT_A_OFFSET :
				 slot == CSUM_SLOT_B ? CSUM_SLOT_B_OFFSET :
						       backup,
				 &volume->slots[slot]);
	}
	return find_backup_at_end(search);
}

/* ------------------------------------------------------------------ images without a signature */

/* Finds the first byte of reserved space that is not zero. Blocks that cannot be read are passed over. */
static int find_bytes(const struct search *search, uint64_t begin, uint64_t end, const char *where)
{
	struct csum_device *device = search->volume->metadata;
	size_t i = 0;
	int error;

	for (uint64_t offset = begin; offset < end; offset += CSUM_BLOCK_SIZE) {
		error = csum_io_read_now(device, search->block, CSUM_BLOCK_SIZE, offset);
		if (csum_io_vanished(error))
			return csum_io_report(&search->volume->handlers, error, device->name,
					      "looking for what is not the volume's");
		if (error || csum_is_zero(search->block, CSUM_BLOCK_SIZE))
			continue;
		while (!search->block[i])
			i++;
		add(search->foreign, offset + i, "bytes in space that is reserved: an image lies over the %s MiB",
		    where);
		return 0;
	}
	return 0;
}

/* Damage that is limited to slots leaves the zeros beside them as they are. (format.md: Places) */
static int find_images(const struct search *search)
{
	const struct csum_volume *volume = search->volume;
	uint64_t backup = csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes);
	int error = 0;

	if (!volume->slot_valid[CSUM_SLOT_A] && !volume->slot_valid[CSUM_SLOT_B])
		error = find_bytes(search, RESERVED_BEGIN, CSUM_JOURNAL_OFFSET, "first");
	if (!error && !volume->slot_valid[CSUM_SLOT_C])
		error = find_bytes(search, backup + CSUM_BLOCK_SIZE, backup + CSUM_TAIL_SIZE, "last");
	return error;
}

/* ------------------------------------------------------------------ all of it */

int csum_foreign_find(const struct csum_volume *volume, struct csum_foreign *foreign)
{
	const struct search search = {
		.volume = volume,
		.foreign = foreign,
		.block = csum_io_alloc(CSUM_BLOCK_SIZE),
	};
	int error;

	foreign->count = 0;
	if (!search.block)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "looking for what is not the volume's");
	error = find_signatures(&search);
	if (!error)
		error = find_slots(&search);
	if (!error)
		error = find_images(&search);
	free(search.block);
	return error;
}

bool csum_foreign_has(const struct csum_foreign *foreign, const struct csum_foreign_thing *thing)
{
	for (size_t i = 0; i < foreign->count; i++) {
		if (foreign->found[i].offset_bytes == thing->offset_bytes &&
		    strcmp(foreign->found[i].text, thing->text) == 0)
			return true;
	}
	return false;
}

/* "gpt partition table at offset 512, ext4 file system at offset 1080". */
static void join(const struct csum_foreign *foreign, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < foreign->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s at offset %" PRIu64, used > 0 ? ", " : "",
					 foreign->found[i].text, foreign->found[i].offset_bytes);
}

int csum_foreign_refuse(const struct csum_volume *volume)
{
	const char *name = volume->metadata->name;
	struct csum_foreign foreign;
	char text[TEXT_SIZE];
	int error = csum_foreign_find(volume, &foreign);

	if (error || foreign.count == 0)
		return error;
	join(&foreign, text, sizeof(text));
	if (volume->allow & CSUM_ALLOW_FOREIGN) {
		csum_report_warning(&volume->handlers, name, "holds what is not the volume's: %s; written all the same",
				    text);
		return 0;
	}
	return csum_report_refusal_reason(
		&volume->handlers, -EPERM, CSUM_REASON_FOREIGN, name,
		"holds what is not the volume's: %s; nothing is written, as that could destroy it", text);
}
