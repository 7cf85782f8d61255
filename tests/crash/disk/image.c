/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/disk/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BLOCKS 64u

struct sim_block {
	uint32_t references;
	uint64_t hash;
	uint8_t bytes[SIM_BLOCK_SIZE];
};

struct sim_chunk {
	uint32_t references;
	struct sim_block *blocks[CHUNK_BLOCKS];
};

static const uint8_t zeros[SIM_BLOCK_SIZE];

void *sim_alloc(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory) {
		fputs("crash simulator: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *sim_realloc(void *memory, size_t size)
{
	void *grown = realloc(memory, size);

	if (!grown) {
		fputs("crash simulator: out of memory\n", stderr);
		abort();
	}
	return grown;
}

/* The finalizer of splitmix64. */
uint64_t sim_mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

uint64_t sim_hash(const void *bytes, size_t size)
{
	uint64_t hash = size, word;

	for (size_t i = 0; i < size; i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)bytes + i, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
		hash ^= hash >> 32;
	}
	return sim_mix(hash);
}

static bool set_put(struct sim_set *set, uint64_t hash)
{
	size_t i = (size_t)hash & (set->capacity - 1);

	while (set->slot[i] && set->slot[i] != hash)
		i = (i + 1) & (set->capacity - 1);
	if (set->slot[i])
		return false;
	set->slot[i] = hash;
	set->count++;
	return true;
}

bool sim_set_add(struct sim_set *set, uint64_t hash)
{
	struct sim_set grown = { .capacity = set->capacity ? 2 * set->capacity : 1024 };

	if (2 * set->count >= set->capacity) {
		grown.slot = sim_alloc(grown.capacity * sizeof(*grown.slot));
		for (size_t i = 0; i < set->capacity; i++) {
			if (set->slot[i])
				set_put(&grown, set->slot[i]);
		}
		sim_set_free(set);
		*set = grown;
	}
	return set_put(set, hash ? hash : 1);
}

void sim_set_free(struct sim_set *set)
{
	free(set->slot);
	*set = (struct sim_set){ 0 };
}

/* ------------------------------------------------------------------ blocks */

struct sim_block *sim_block_new(const uint8_t *bytes)
{
	struct sim_block *block;

	if (memcmp(bytes, zeros, sizeof(zeros)) == 0)
		return NULL;
	block = sim_alloc(sizeof(*block));
	block->references = 1;
	block->hash = sim_hash(bytes, SIM_BLOCK_SIZE);
	memcpy(block->bytes, bytes, SIM_BLOCK_SIZE);
	return block;
}

struct sim_block *sim_block_hold(struct sim_block *block)
{
	if (block)
		block->references++;
	return block;
}

void sim_block_drop(struct sim_block *block)
{
	if (block && --block->references == 0)
		free(block);
}

uint64_t sim_block_hash(const struct sim_block *block)
{
	return block ? block->hash : 0;
}

const uint8_t *sim_block_bytes(const struct sim_block *block)
{
	return block ? block->bytes : zeros;
}

/* ------------------------------------------------------------------ chunks */

static void chunk_drop(struct sim_chunk *chunk)
{
	if (!chunk || --chunk->references)
		return;
	for (size_t i = 0; i < CHUNK_BLOCKS; i++)
		sim_block_drop(chunk->blocks[i]);
	free(chunk);
}

/* Returns the chunk at that place, made private to this image. */
static struct sim_chunk *own_chunk(struct sim_image *image, size_t i)
{
	struct sim_chunk *shared = image->chunks[i], *chunk;

	if (shared && shared->references == 1)
		return shared;
	chunk = sim_alloc(sizeof(*chunk));
	chunk->references = 1;
	for (size_t j = 0; shared && j < CHUNK_BLOCKS; j++)
		chunk->blocks[j] = sim_block_hold(shared->blocks[j]);
	chunk_drop(shared);
	image->chunks[i] = chunk;
	return chunk;
}

/* ------------------------------------------------------------------ images */

void sim_image_init(struct sim_image *image, uint64_t size_bytes)
{
	size_t each = CHUNK_BLOCKS * SIM_BLOCK_SIZE;

	image->hash = 0;
	image->chunk_count = (size_t)((size_bytes + each - 1) / each);
	image->chunks = sim_alloc(image->chunk_count * sizeof(struct sim_chunk *));
}

void sim_image_copy(struct sim_image *image, const struct sim_image *from)
{
	image->hash = from->hash;
	image->chunk_count = from->chunk_count;
	image->chunks = sim_alloc(image->chunk_count * sizeof(struct sim_chunk *));
	for (size_t i = 0; i < from->chunk_count; i++) {
		image->chunks[i] = from->chunks[i];
		if (image->chunks[i])
			image->chunks[i]->references++;
	}
}

void sim_image_free(struct sim_image *image)
{
	for (size_t i = 0; i < image->chunk_count; i++)
		chunk_drop(image->chunks[i]);
	free(image->chunks);
	*image = (struct sim_image){ 0 };
}

struct sim_block *sim_image_get(const struct sim_image *image, uint64_t number)
{
	const struct sim_chunk *chunk = image->chunks[number / CHUNK_BLOCKS];

	return chunk ? chunk->blocks[number % CHUNK_BLOCKS] : NULL;
}

static uint64_t share_of_hash(uint64_t number, const struct sim_block *block)
{
	return block ? sim_mix(block->hash + number * UINT64_C(0xd6e8feb86659fd93)) : 0;
}

void sim_image_set(struct sim_image *image, uint64_t number, struct sim_block *block)
{
	struct sim_block *old = sim_image_get(image, number);
	struct sim_chunk *chunk;

	if (old == block)
		return;
	chunk = own_chunk(image, (size_t)(number / CHUNK_BLOCKS));
	image->hash ^= share_of_hash(number, old) ^ share_of_hash(number, block);
	chunk->blocks[number % CHUNK_BLOCKS] = sim_block_hold(block);
	sim_block_drop(old);
}

void sim_image_read(const struct sim_image *image, void *buffer, size_t size, uint64_t offset_bytes)
{
	uint8_t *to = buffer;

	for (size_t done = 0; done < size; done += SIM_BLOCK_SIZE) {
		const struct sim_block *block = sim_image_get(image, (offset_bytes + done) / SIM_BLOCK_SIZE);

		memcpy(to + done, sim_block_bytes(block), SIM_BLOCK_SIZE);
	}
}

void sim_image_write(struct sim_image *image, const void *buffer, size_t size, uint64_t offset_bytes)
{
	for (size_t done = 0; done < size; done += SIM_BLOCK_SIZE) {
		struct sim_block *block = sim_block_new((const uint8_t *)buffer + done);

		sim_image_set(image, (offset_bytes + done) / SIM_BLOCK_SIZE, block);
		sim_block_drop(block);
	}
}
