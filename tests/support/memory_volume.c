/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/memory_volume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "ondisk/layout.h"
#include "support/bytes.h"

static const uint8_t seed[16] = "seed of a test.";

/* Makes disks of the smallest size, and the geometry for them. */
static void make_disks(struct memory_volume *memory, const struct memory_volume_shape *shape)
{
	struct csum_geometry *geometry = &memory->volume.superblock.geometry;
	uint64_t data_bytes = shape->data_sectors * shape->sector_size, metadata_bytes;

	assert_int_equal(csum_layout_device_bytes(shape->sector_size, shape->interleave, shape->external,
						  shape->data_sectors, &metadata_bytes),
			 0);
	assert_int_equal(csum_layout_derive(shape->sector_size, shape->interleave, shape->external, metadata_bytes,
					    data_bytes, geometry),
			 0);
	memory_disk_init(&memory->disks[0], "metadata disk", metadata_bytes);
	memory_disk_init(&memory->disks[1], "data disk", shape->external ? data_bytes : 1);
	memory->metadata = &memory->disks[0];
	memory->data = &memory->disks[shape->external];
}

void memory_volume_init(struct memory_volume *memory, const struct memory_volume_shape *shape)
{
	struct csum_volume *volume = &memory->volume;

	memset(memory, 0, sizeof(*memory));
	recorder_init(&memory->recorder);
	make_disks(memory, shape);
	volume->handlers = memory->recorder.handlers;
	volume->data = &memory->data->device;
	volume->metadata = &memory->metadata->device;
	volume->superblock.checksum_type = shape->checksum_type;
	memcpy(volume->superblock.seed, seed, sizeof(seed));
	volume->seed_state = zlib_crc32(0, seed, sizeof(seed));
	volume->journal_record = csum_io_alloc(CSUM_JOURNAL_SIZE);
	assert_non_null(volume->journal_record);
	assert_int_equal(csum_io_create(&volume->handlers, volume->data, volume->metadata, shape->threads, &volume->io),
			 0);
}

void memory_volume_free(struct memory_volume *memory)
{
	csum_io_destroy(memory->volume.io);
	free(memory->volume.journal_record);
	memory_disk_free(&memory->disks[0]);
	memory_disk_free(&memory->disks[1]);
}

void memory_volume_set_intent(struct memory_volume *memory, uint64_t first_group, uint64_t group_count)
{
	struct csum_superblock *superblock = &memory->volume.superblock;

	superblock->state = group_count ? CSUM_STATE_ACTIVE : CSUM_STATE_CLEAN;
	superblock->intent_first = first_group;
	superblock->intent_count = group_count;
}

uint8_t *memory_volume_imd(const struct memory_volume *memory, uint64_t group, int copy)
{
	return memory->metadata->bytes + csum_layout_imd_offset(&memory->volume.superblock.geometry, group, copy);
}

uint8_t *memory_volume_sector(const struct memory_volume *memory, uint64_t data_sector)
{
	return memory->data->bytes + csum_layout_data_offset(&memory->volume.superblock.geometry, data_sector);
}

void memory_volume_build_imd(const struct memory_volume *memory, uint8_t *sector, uint64_t group, int copy,
			     uint32_t generation, const uint64_t *entries)
{
	const struct csum_geometry *geometry = &memory->volume.superblock.geometry;
	uint8_t place[9];
	uint32_t crc;

	memcpy(sector, "IMD1", 4);
	put_le(sector + 4, 4, 0);
	put_le(sector + 8, 4, generation);
	put_le(sector + 12, 4, group);
	for (uint32_t i = 0; i < geometry->sectors_per_group; i++)
		put_le(sector + 16 + 8 * i, 8, entries[i]);
	put_le(place, 8, group);
	place[8] = (uint8_t)copy;
	crc = zlib_crc32(zlib_crc32(0, seed, sizeof(seed)), place, sizeof(place));
	put_le(sector + 4, 4, zlib_crc32(crc, sector, geometry->sector_size));
}

void memory_volume_put_imd(struct memory_volume *memory, uint64_t group, int copy, uint32_t generation,
			   const uint64_t *entries)
{
	memory_volume_build_imd(memory, memory_volume_imd(memory, group, copy), group, copy, generation, entries);
}

uint8_t *memory_volume_put_image(struct memory_volume *memory, uint64_t group, int copy, uint32_t generation,
				 const uint64_t *entries)
{
	struct csum_journal *journal = &memory->volume.journal;
	uint8_t *image = memory->volume.journal_record + 4096 +
			 (size_t)journal->count * memory->volume.superblock.geometry.sector_size;

	journal->place[journal->count++] = (struct csum_journal_place){ group, copy };
	memory_volume_build_imd(memory, image, group, copy, generation, entries);
	return image;
}

void memory_volume_content(const struct memory_volume *memory, uint8_t *bytes, uint64_t data_sector, int version)
{
	uint32_t sector_size = memory->volume.superblock.geometry.sector_size;

	if (version)
		fill_random(bytes, sector_size, data_sector * 1000 + (uint64_t)version);
	else
		memset(bytes, 0, sector_size);
}

uint64_t memory_volume_entry(const struct memory_volume *memory, const uint8_t *bytes)
{
	uint32_t sector_size = memory->volume.superblock.geometry.sector_size;
	enum csum_checksum_type type = (enum csum_checksum_type)memory->volume.superblock.checksum_type;

	if (type == CSUM_CRC32)
		return (UINT64_C(1) << 32) + zlib_crc32(0, bytes, sector_size);
	/* unit/base/test_checksum.c has compared this function with another implementation. */
	return csum_checksum_entry(type, bytes, sector_size);
}

void memory_volume_fill(struct memory_volume *memory)
{
	const struct csum_geometry *geometry = &memory->volume.superblock.geometry;
	uint64_t entries[512];

	for (uint64_t group = 0; group < geometry->groups; group++) {
		uint64_t first = group * geometry->sectors_per_group;

		memset(entries, 0, sizeof(entries));
		for (uint32_t i = 0; i < geometry->sectors_per_group && first + i < geometry->data_sectors; i++) {
			memory_volume_content(memory, memory_volume_sector(memory, first + i), first + i, 1);
			entries[i] = memory_volume_entry(memory, memory_volume_sector(memory, first + i));
		}
		memory_volume_put_imd(memory, group, 0, 0, entries);
		memory_volume_put_imd(memory, group, 1, 1, entries);
	}
}
