/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content of a simulated disk: blocks of 512 bytes, shared between images and copied when one is written, so that a
 * million images of the same disk cost little. All-zero blocks take no memory. The hash of an image tells it from
 * others of its size. Out of memory ends the program.
 */
#ifndef CSUM_TEST_CRASH_DISK_IMAGE_H
#define CSUM_TEST_CRASH_DISK_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_BLOCK_SIZE 512u

struct sim_block; /* with counted references; NULL is the block of zeros */
struct sim_chunk;

struct sim_image {
	uint64_t hash;
	size_t chunk_count;
	struct sim_chunk **chunks;
};

void *sim_alloc(size_t size); /* zeroed; never NULL */
void *sim_realloc(void *memory, size_t size);

/* Spreads 64 bits over 64 bits. */
uint64_t sim_mix(uint64_t value);
uint64_t sim_hash(const void *bytes, size_t size); /* size: a multiple of 8 */

struct sim_set { /* of 64-bit hashes */
	uint64_t *slot;
	size_t count, capacity;
};

bool sim_set_add(struct sim_set *set, uint64_t hash); /* false: the hash was in the set already */
void sim_set_free(struct sim_set *set);

struct sim_block *sim_block_new(const uint8_t *bytes);
struct sim_block *sim_block_hold(struct sim_block *block);
void sim_block_drop(struct sim_block *block);
uint64_t sim_block_hash(const struct sim_block *block);
/* Never NULL: the block of zeros has bytes too. */
const uint8_t *sim_block_bytes(const struct sim_block *block);

/* Makes an image of zeros. */
void sim_image_init(struct sim_image *image, uint64_t size_bytes);
void sim_image_copy(struct sim_image *image, const struct sim_image *from);
void sim_image_free(struct sim_image *image);

struct sim_block *sim_image_get(const struct sim_image *image, uint64_t number); /* the image keeps the reference */
void sim_image_set(struct sim_image *image, uint64_t number, struct sim_block *block); /* takes its own reference */

/* Read and write whole blocks. */
void sim_image_read(const struct sim_image *image, void *buffer, size_t size, uint64_t offset_bytes);
void sim_image_write(struct sim_image *image, const void *buffer, size_t size, uint64_t offset_bytes);

#endif
