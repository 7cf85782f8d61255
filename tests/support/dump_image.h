/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Volumes in image files, written by the library's encoders, for tests that damage them afterwards. */
#ifndef CSUM_TEST_SUPPORT_DUMP_IMAGE_H
#define CSUM_TEST_SUPPORT_DUMP_IMAGE_H

#include "ondisk/superblock.h"

struct dump_image {
	char *path, *data_path; /* data_path: of an external volume, else NULL */
	int metadata, data; /* descriptors; equal when internal */
	struct csum_superblock superblock;
	uint32_t seed_state;
};

struct dump_image_options {
	uint32_t sector_size, interleave; /* interleave 0: the default value */
	uint64_t bytes, data_bytes; /* data_bytes: of an external volume */
	enum csum_checksum_type checksum_type;
	uint8_t seed; /* first byte of the seed */
};

/* Creates NAME (and NAME.data) in the directory, or overwrites them: formatted, every sector unwritten. */
void dump_image_create(struct dump_image *image, const char *directory, const char *name,
		       const struct dump_image_options *options);
void dump_image_close(struct dump_image *image);

static inline const struct csum_geometry *dump_image_geometry(const struct dump_image *image)
{
	return &image->superblock.geometry;
}

/* Makes the content that dump_image_write() gives a data sector. */
void dump_image_content(const struct dump_image *image, uint64_t data_sector, uint8_t *content);
/* Writes data sectors, and their entries to both copies. */
void dump_image_write(const struct dump_image *image, uint64_t first_sector, uint64_t count);

void dump_image_read_imd(const struct dump_image *image, uint64_t group, int copy, void *sector);
/* Seals the imd sector for its place, and writes it. */
void dump_image_write_imd(const struct dump_image *image, uint64_t group, int copy, uint32_t generation, void *sector);
void dump_image_write_superblock(struct dump_image *image, enum csum_slot slot, uint64_t generation);
void dump_image_void_superblocks(const struct dump_image *image);

/* Access exactly these bytes of the metadata device (or of the only device). */
void dump_image_put(const struct dump_image *image, const void *bytes, size_t size, uint64_t offset_bytes);
void dump_image_get(const struct dump_image *image, void *bytes, size_t size, uint64_t offset_bytes);
void dump_image_zero(const struct dump_image *image, size_t size, uint64_t offset_bytes);

#endif
