/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/dump_image.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "support/bytes.h"

static void put(int descriptor, const void *bytes, size_t size, uint64_t offset_bytes)
{
	assert_int_equal(pwrite(descriptor, bytes, size, (off_t)offset_bytes), size);
}

static int open_sized(const char *path, uint64_t bytes)
{
	int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(descriptor >= 0);
	assert_int_equal(ftruncate(descriptor, (off_t)bytes), 0);
	return descriptor;
}

static void fill_superblock(struct dump_image *image, const struct dump_image_options *options)
{
	uint32_t interleave = options->interleave ? options->interleave :
						    csum_layout_default_interleave(options->sector_size);
	struct csum_superblock *superblock = &image->superblock;

	memset(superblock, 0, sizeof(*superblock));
	superblock->version_major = CSUM_FORMAT_MAJOR;
	superblock->features_incompat = options->data_bytes ? CSUM_INCOMPAT_EXTERNAL : 0;
	superblock->checksum_type = options->checksum_type;
	assert_int_equal(csum_layout_derive(options->sector_size, interleave, options->data_bytes != 0, options->bytes,
					    options->data_bytes, &superblock->geometry),
			 0);
	superblock->seed[0] = options->seed;
	superblock->journal_offset = CSUM_JOURNAL_OFFSET;
	superblock->journal_size = CSUM_JOURNAL_SIZE;
	superblock->clusters_offset = CSUM_CLUSTERS_OFFSET;
	image->seed_state = csum_superblock_seed_state(superblock);
}

static void write_empty_imd(const struct dump_image *image)
{
	uint8_t sector[4096];

	for (uint64_t group = 0; group < dump_image_geometry(image)->groups; group++) {
		for (int copy = 0; copy < 2; copy++) {
			memset(sector, 0, sizeof(sector));
			dump_image_write_imd(image, group, copy, (uint32_t)copy, sector);
		}
	}
}

void dump_image_create(struct dump_image *image, const char *directory, const char *name,
		       const struct dump_image_options *options)
{
	assert_true(asprintf(&image->path, "%s/%s", directory, name) > 0);
	image->metadata = open_sized(image->path, options->bytes);
	image->data = image->metadata;
	image->data_path = NULL;
	if (options->data_bytes) {
		assert_true(asprintf(&image->data_path, "%s/%s.data", directory, name) > 0);
		image->data = open_sized(image->data_path, options->data_bytes);
	}
	fill_superblock(image, options);
	write_empty_imd(image);
	dump_image_write_superblock(image, CSUM_SLOT_C, 1);
	dump_image_write_superblock(image, CSUM_SLOT_B, 1);
	dump_image_write_superblock(image, CSUM_SLOT_A, 2);
}

void dump_image_close(struct dump_image *image)
{
	if (image->data != image->metadata)
		close(image->data);
	close(image->metadata);
	free(image->path);
	free(image->data_path);
	memset(image, 0, sizeof(*image));
}

void dump_image_content(const struct dump_image *image, uint64_t data_sector, uint8_t *content)
{
	fill_random(content, dump_image_geometry(image)->sector_size, data_sector + 1);
}

void dump_image_write(const struct dump_image *image, uint64_t first_sector, uint64_t count)
{
	const struct csum_geometry *geometry = dump_image_geometry(image);
	uint8_t content[4096], sector[4096];

	for (uint64_t number = first_sector; number < first_sector + count; number++) {
		uint64_t group = csum_layout_group_of(geometry, number);
		uint32_t index = (uint32_t)(number - csum_layout_first_sector(geometry, group));

		dump_image_content(image, number, content);
		put(image->data, content, geometry->sector_size, csum_layout_data_offset(geometry, number));
		for (int copy = 0; copy < 2; copy++) {
			dump_image_read_imd(image, group, copy, sector);
			csum_imd_set_entry(sector, index,
					   csum_checksum_entry((enum csum_checksum_type)image->superblock.checksum_type,
							       content, geometry->sector_size));
			dump_image_write_imd(image, group, copy, csum_imd_generation(sector), sector);
		}
	}
}

void dump_image_read_imd(const struct dump_image *image, uint64_t group, int copy, void *sector)
{
	const struct csum_geometry *geometry = dump_image_geometry(image);

	dump_image_get(image, sector, geometry->sector_size, csum_layout_imd_offset(geometry, group, copy));
}

void dump_image_write_imd(const struct dump_image *image, uint64_t group, int copy, uint32_t generation, void *sector)
{
	const struct csum_geometry *geometry = dump_image_geometry(image);

	csum_imd_seal((struct csum_imd_place){ image->seed_state, geometry->sector_size, group, copy }, generation,
		      sector);
	dump_image_put(image, sector, geometry->sector_size, csum_layout_imd_offset(geometry, group, copy));
}

void dump_image_write_superblock(struct dump_image *image, enum csum_slot slot, uint64_t generation)
{
	const uint64_t offsets[CSUM_SLOTS] = {
		CSUM_SLOT_A_OFFSET,
		CSUM_SLOT_B_OFFSET,
		csum_layout_backup_offset(dump_image_geometry(image)->metadata_device_bytes),
	};
	uint8_t block[CSUM_BLOCK_SIZE];

	image->superblock.generation = generation;
	csum_superblock_encode(&image->superblock, block);
	dump_image_put(image, block, sizeof(block), offsets[slot]);
}

void dump_image_void_superblocks(const struct dump_image *image)
{
	dump_image_zero(image, CSUM_BLOCK_SIZE, CSUM_SLOT_A_OFFSET);
	dump_image_zero(image, CSUM_BLOCK_SIZE, CSUM_SLOT_B_OFFSET);
	dump_image_zero(image, CSUM_BLOCK_SIZE,
			csum_layout_backup_offset(dump_image_geometry(image)->metadata_device_bytes));
}

void dump_image_put(const struct dump_image *image, const void *bytes, size_t size, uint64_t offset_bytes)
{
	put(image->metadata, bytes, size, offset_bytes);
}

void dump_image_get(const struct dump_image *image, void *bytes, size_t size, uint64_t offset_bytes)
{
	assert_int_equal(pread(image->metadata, bytes, size, (off_t)offset_bytes), size);
}

void dump_image_zero(const struct dump_image *image, size_t size, uint64_t offset_bytes)
{
	static const uint8_t zeros[65536];

	assert_true(size <= sizeof(zeros));
	dump_image_put(image, zeros, size, offset_bytes);
}
