/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contents of data sectors as numbers, and the contents that a sector may read as. */
#include <stdlib.h>
#include <string.h>

#include "crash/disk/volume.h"

static uint32_t append(struct sim_contents *contents, const uint8_t *bytes)
{
	if (contents->count == contents->capacity) {
		contents->capacity = contents->capacity ? 2 * contents->capacity : 64;
		contents->bytes = sim_realloc(contents->bytes, contents->capacity * sizeof(uint8_t *));
		contents->hash = sim_realloc(contents->hash, contents->capacity * sizeof(uint64_t));
	}
	contents->bytes[contents->count] = sim_alloc(contents->sector_size);
	memcpy(contents->bytes[contents->count], bytes, contents->sector_size);
	contents->hash[contents->count] = sim_hash(bytes, contents->sector_size);
	return contents->count++;
}

void sim_contents_init(struct sim_contents *contents, const struct csum_geometry *geometry)
{
	uint8_t *zeros = sim_alloc(geometry->sector_size);

	*contents = (struct sim_contents){
		.sector_size = geometry->sector_size,
		.data_sectors = geometry->data_sectors,
		.known = sim_alloc(geometry->data_sectors * sizeof(struct sim_known)),
		.whole = sim_alloc(geometry->data_sectors * sizeof(uint32_t)),
	};
	for (uint64_t i = 0; i < contents->data_sectors; i++)
		contents->whole[i] = SIM_STRANGE;
	append(contents, zeros);
	free(zeros);
}

void sim_contents_free(struct sim_contents *contents)
{
	for (uint32_t i = 0; i < contents->count; i++)
		free(contents->bytes[i]);
	free(contents->bytes);
	free(contents->hash);
	free(contents->known);
	free(contents->whole);
	*contents = (struct sim_contents){ 0 };
}

static bool is(const struct sim_contents *contents, uint32_t id, const uint8_t *bytes)
{
	return id < contents->count && memcmp(contents->bytes[id], bytes, contents->sector_size) == 0;
}

uint32_t sim_contents_find(const struct sim_contents *contents, const uint8_t *bytes, uint32_t a, uint32_t b)
{
	uint64_t hash;

	if (is(contents, a, bytes))
		return a;
	if (is(contents, b, bytes))
		return b;
	hash = sim_hash(bytes, contents->sector_size);
	for (uint32_t i = 0; i < contents->count; i++) {
		if (contents->hash[i] == hash && is(contents, i, bytes))
			return i;
	}
	return SIM_STRANGE;
}

uint32_t sim_contents_add(struct sim_contents *contents, uint64_t sector, const uint8_t *bytes)
{
	struct sim_known *known = &contents->known[sector];
	uint32_t most = sizeof(known->id) / sizeof(*known->id);
	uint32_t id = known->count ? known->id[0] : SIM_ZEROS;

	id = sim_contents_find(contents, bytes, id, SIM_ZEROS);
	if (id == SIM_STRANGE)
		id = append(contents, bytes);
	for (uint32_t i = 0; i < known->count; i++) {
		if (known->id[i] == id)
			return id;
	}
	if (known->count == most)
		memmove(known->id, known->id + 1, --known->count * sizeof(*known->id));
	known->id[known->count++] = id;
	return id;
}

/* ------------------------------------------------------------------ expectations */

void sim_expect_init(struct sim_expect *expect, uint64_t count)
{
	expect->count = count;
	for (int i = 0; i < 2; i++)
		expect->either[i] = sim_alloc(count * sizeof(uint32_t));
}

void sim_expect_set(struct sim_expect *expect, const uint32_t *a, const uint32_t *b)
{
	memmove(expect->either[0], a, expect->count * sizeof(uint32_t));
	memmove(expect->either[1], b, expect->count * sizeof(uint32_t));
}

void sim_expect_copy(struct sim_expect *expect, const struct sim_expect *from)
{
	sim_expect_init(expect, from->count);
	sim_expect_set(expect, from->either[0], from->either[1]);
}

void sim_expect_free(struct sim_expect *expect)
{
	free(expect->either[0]);
	free(expect->either[1]);
	*expect = (struct sim_expect){ 0 };
}

uint64_t sim_expect_hash(const struct sim_expect *expect)
{
	uint64_t hash = expect->count;

	for (int i = 0; i < 2; i++) {
		for (uint64_t j = 0; j < expect->count; j++)
			hash = (hash ^ expect->either[i][j]) * UINT64_C(0x9fb21c651e98df25) + (hash >> 29);
	}
	return sim_mix(hash);
}
