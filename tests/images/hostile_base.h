/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sound volumes that hostile images (hostile.h) start from, made from the description of the format alone. */
#ifndef HOSTILE_BASE_H
#define HOSTILE_BASE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum { HOSTILE_DEVICES = 2, HOSTILE_BASES = 12, HOSTILE_SPARE = 65536 };

struct hostile_device {
	uint8_t *bytes;
	uint64_t size, capacity;
};

struct hostile {
	uint32_t sector_size, interleave, checksum_type;
	uint64_t data_sectors, groups;
	bool external;
	/* device[0]: the whole volume, or its data device; device[1]: the metadata device of an external volume. */
	struct hostile_device device[HOSTILE_DEVICES];
	uint64_t random;
};

/* ------------------------------------------------------------------ bytes */

static inline void hostile_put(uint8_t *at, int size, uint64_t value)
{
	for (int i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t hostile_get(const uint8_t *at, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

/* splitmix64, which works with any state. */
static inline uint64_t hostile_random(struct hostile *h)
{
	uint64_t z = h->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline uint64_t hostile_below(struct hostile *h, uint64_t limit)
{
	return limit ? hostile_random(h) % limit : 0;
}

static inline uint32_t hostile_crc32(uint32_t state, const void *data, size_t size)
{
	return (uint32_t)crc32_z(state, data, size);
}

/* Computes a reflected CRC bit by bit: slow, but shares no mistake with the library. */
static inline uint64_t hostile_crc_bits(uint64_t polynomial, uint64_t state, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		state ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			state = state >> 1 ^ (state & 1 ? polynomial : 0);
	}
	return state;
}

static inline uint64_t hostile_entry(const struct hostile *h, const uint8_t *sector)
{
	uint64_t crc;

	switch (h->checksum_type) {
	case 1:
		return (UINT64_C(1) << 32) + hostile_crc32(0, sector, h->sector_size);
	case 2:
		crc = hostile_crc_bits(0x82f63b78, UINT32_MAX, sector, h->sector_size);
		return (UINT64_C(1) << 32) + (crc ^ UINT32_MAX);
	default:
		crc = ~hostile_crc_bits(UINT64_C(0xc96c5795d7870f42), UINT64_MAX, sector, h->sector_size);
		return crc <= 1 ? UINT64_MAX - crc : crc;
	}
}

/* ------------------------------------------------------------------ places */

static inline struct hostile_device *hostile_metadata(struct hostile *h)
{
	return &h->device[h->external ? 1 : 0];
}

static inline uint64_t hostile_entries(const struct hostile *h)
{
	return (h->sector_size - 16) / 8;
}

static inline uint64_t hostile_cluster(const struct hostile *h, uint64_t cluster, uint64_t *groups, uint64_t *sectors)
{
	uint64_t each = hostile_entries(h), first = cluster * h->interleave;

	*groups = h->groups - first < h->interleave ? h->groups - first : h->interleave;
	*sectors = *groups * each;
	if ((first + *groups) * each > h->data_sectors)
		*sectors = h->data_sectors - first * each;
	return 1048576 + first * (h->external ? 2 : each + 2) * h->sector_size;
}

static inline uint64_t hostile_imd_offset(const struct hostile *h, uint64_t group, int copy)
{
	uint64_t groups, sectors, offset = hostile_cluster(h, group / h->interleave, &groups, &sectors);

	if (copy)
		offset += (groups + (h->external ? 0 : sectors)) * h->sector_size;
	return offset + group % h->interleave * h->sector_size;
}

static inline uint64_t hostile_data_offset(const struct hostile *h, uint64_t sector)
{
	uint64_t each = hostile_entries(h) * h->interleave;
	uint64_t groups, sectors, offset;

	if (h->external)
		return sector * h->sector_size;
	offset = hostile_cluster(h, sector / each, &groups, &sectors);
	return offset + (groups + sector % each) * h->sector_size;
}

/* Returns the offset of C, in the device with its present size or its size at format. */
static inline uint64_t hostile_backup(const struct hostile *h)
{
	const struct hostile_device *metadata = &h->device[h->external ? 1 : 0];
	uint64_t usable = (metadata->capacity - HOSTILE_SPARE) / 4096 * 4096;

	return usable - 65536;
}

/* ------------------------------------------------------------------ checksums of metadata */

/* Returns these bytes of the device; NULL when they do not all lie on it. */
static inline uint8_t *hostile_at(struct hostile_device *device, uint64_t offset, uint64_t size)
{
	return offset <= device->size && size <= device->size - offset ? device->bytes + offset : NULL;
}

static inline void hostile_seal_super(struct hostile *h, uint64_t offset)
{
	uint8_t *block = hostile_at(hostile_metadata(h), offset, 4096);

	if (!block)
		return;
	hostile_put(block + 8, 4, 0);
	hostile_put(block + 8, 4, hostile_crc32(0, block, 4096));
}

static inline void hostile_seal_imd(struct hostile *h, const uint8_t *seed, uint64_t group, int copy, uint8_t *sector)
{
	uint8_t prefix[9];
	uint32_t state = hostile_crc32(0, seed, 16);

	hostile_put(prefix, 8, group);
	prefix[8] = (uint8_t)copy;
	hostile_put(sector + 4, 4, 0);
	state = hostile_crc32(state, prefix, sizeof(prefix));
	hostile_put(sector + 4, 4, hostile_crc32(state, sector, h->sector_size));
}

static inline void hostile_seal_journal(struct hostile *h, const uint8_t *seed)
{
	uint8_t *record = hostile_at(hostile_metadata(h), 65536, 458752);
	uint64_t count, size;

	if (!record)
		return;
	count = hostile_get(record + 12, 4);
	size = 4096 + (count > 254 ? 0 : count) * h->sector_size;
	if (size > 458752)
		size = 4096;
	for (uint64_t i = 0; 4096 + (i + 1) * h->sector_size <= size; i++)
		hostile_seal_imd(h, seed, hostile_get(record + 32 + 16 * i, 8),
				 (int)(hostile_get(record + 40 + 16 * i, 4) & 1), record + 4096 + i * h->sector_size);
	hostile_put(record + 8, 4, 0);
	hostile_put(record + 8, 4, hostile_crc32(hostile_crc32(0, seed, 16), record, size));
}

/* Makes every checksum match the present bytes of the image. */
static inline void hostile_seal(struct hostile *h)
{
	struct hostile_device *metadata = hostile_metadata(h);
	const uint8_t *super = hostile_at(metadata, 0, 4096);

	hostile_seal_super(h, 0);
	hostile_seal_super(h, 524288);
	hostile_seal_super(h, hostile_backup(h));
	if (!super)
		return;
	for (uint64_t group = 0; group < h->groups; group++) {
		for (int copy = 0; copy < 2; copy++) {
			uint8_t *sector = hostile_at(metadata, hostile_imd_offset(h, group, copy), h->sector_size);

			if (sector)
				hostile_seal_imd(h, super + 128, group, copy, sector);
		}
	}
	hostile_seal_journal(h, super + 128);
}

/* ------------------------------------------------------------------ volumes to begin with */

struct hostile_base {
	uint32_t sector_size, interleave, checksum_type;
	uint64_t size, data_size; /* data_size: of an external volume */
	uint64_t written; /* written data sectors, from the first one on */
	bool active, journal, backup_only;
};

static const struct hostile_base hostile_bases[HOSTILE_BASES] = {
	{ 512, 1, 3, 1290240, 0, 0, false, false, false },
	{ 512, 2, 3, 1290240, 0, 332, false, false, false },
	{ 512, 2, 1, 1290240, 0, 100, true, false, false },
	{ 512, 3, 2, 1150976, 0, 68, true, true, false },
	{ 512, 2048, 3, 1290240, 0, 200, false, false, true },
	{ 512, 2, 3, 1310720, 169984, 300, false, false, false },
	{ 512, 65536, 2, 1310720, 100001, 150, true, true, false },
	{ 4096, 1, 3, 1245184, 0, 28, false, false, false },
	{ 4096, 32, 1, 1245184, 0, 15, true, true, false },
	{ 4096, 2, 2, 1310720, 400000, 97, false, false, false },
	{ 512, 1, 3, 1118208, 0, 6, true, false, true },
	{ 512, 5, 1, 1704000, 0, 900, true, true, false },
};

static inline void hostile_make_super(struct hostile *h, const struct hostile_base *base, uint64_t offset,
				      uint64_t generation)
{
	uint8_t *block = hostile_metadata(h)->bytes + offset;

	memcpy(block, "CSUMVOL\x1a", 8);
	hostile_put(block + 12, 2, 1);
	hostile_put(block + 16, 8, generation);
	for (int i = 0; i < 16; i++)
		block[24 + i] = block[128 + i] = (uint8_t)(0x10 + i);
	memcpy(block + 40, "hostile", 7);
	hostile_put(block + 80, 4, h->external);
	hostile_put(block + 84, 4, h->sector_size);
	hostile_put(block + 88, 4, h->checksum_type);
	hostile_put(block + 92, 4, h->interleave);
	hostile_put(block + 96, 8, h->data_sectors);
	hostile_put(block + 104, 8, base->size);
	hostile_put(block + 112, 8, base->data_size);
	hostile_put(block + 120, 8, 1700000000);
	hostile_put(block + 144, 8, 65536);
	hostile_put(block + 152, 8, 458752);
	hostile_put(block + 160, 8, 1048576);
	hostile_put(block + 168, 4, 512);
	hostile_put(block + 256, 4, base->active);
	hostile_put(block + 264, 8, 7);
	hostile_put(block + 280, 8, base->active ? h->groups : 0);
	hostile_put(block + 288, 8, 1700000001);
}

/* Makes an imd sector. Copy 1 is newer; in an active volume copy 0 lacks entries of the last written sectors. */
static inline void hostile_make_imd(struct hostile *h, const struct hostile_base *base, uint64_t group, int copy)
{
	uint8_t *sector = hostile_metadata(h)->bytes + hostile_imd_offset(h, group, copy);
	uint64_t first = group * hostile_entries(h);
	uint64_t written = base->active && copy == 0 ? base->written / 2 : base->written;

	memcpy(sector, "IMD1", 4);
	hostile_put(sector + 8, 4, (uint64_t)copy + 4);
	hostile_put(sector + 12, 4, group);
	for (uint64_t i = 0; i < hostile_entries(h) && first + i < written; i++)
		hostile_put(sector + 16 + 8 * i, 8,
			    hostile_entry(h, h->device[0].bytes + hostile_data_offset(h, first + i)));
}

static inline void hostile_make_journal(struct hostile *h)
{
	uint8_t *record = hostile_metadata(h)->bytes + 65536;
	uint64_t count = h->groups < 3 ? h->groups : 3;

	memcpy(record, "CSUMJRNL", 8);
	hostile_put(record + 12, 4, count);
	hostile_put(record + 16, 8, 7);
	for (uint64_t i = 0; i < count; i++) {
		uint8_t *image = record + 4096 + i * h->sector_size;

		hostile_put(record + 32 + 16 * i, 8, i);
		memcpy(image, hostile_metadata(h)->bytes + hostile_imd_offset(h, i, 1), h->sector_size);
		hostile_put(image + 8, 4, i % 2 ? 6 : 1);
	}
}

static inline bool hostile_allocate(struct hostile_device *device, uint64_t size)
{
	device->size = size;
	device->capacity = size + HOSTILE_SPARE;
	device->bytes = calloc(1, device->capacity);
	return device->bytes;
}

static inline void hostile_free(struct hostile *h)
{
	free(h->device[0].bytes);
	free(h->device[1].bytes);
	h->device[0].bytes = h->device[1].bytes = NULL;
}

/* The data sectors and groups that the devices have room for. */
static inline void hostile_measure(struct hostile *h, const struct hostile_base *base)
{
	uint64_t each = (base->sector_size - 16) / 8;

	if (h->external) {
		h->data_sectors = base->data_size / h->sector_size;
	} else {
		uint64_t room = (base->size / 4096 * 4096 - 65536 - 1048576) / h->sector_size;
		uint64_t rest = room % (each + 2);

		h->data_sectors = room / (each + 2) * each + (rest > 2 ? rest - 2 : 0);
	}
	h->groups = (h->data_sectors + each - 1) / each;
}

static inline void hostile_make_data(struct hostile *h, const struct hostile_base *base)
{
	for (uint64_t i = 0; i < base->written; i++) {
		uint8_t *data = h->device[0].bytes + hostile_data_offset(h, i);

		for (uint32_t j = 0; j < h->sector_size; j += 8)
			hostile_put(data + j, 8, hostile_random(h));
	}
}

/* A sound volume. False when there is no memory. */
static inline bool hostile_make_base(struct hostile *h, unsigned int number)
{
	const struct hostile_base *base = &hostile_bases[number % HOSTILE_BASES];

	*h = (struct hostile){
		.sector_size = base->sector_size,
		.interleave = base->interleave,
		.checksum_type = base->checksum_type,
		.external = base->data_size,
		.random = number,
	};
	hostile_measure(h, base);
	if (!hostile_allocate(&h->device[0], h->external ? base->data_size : base->size) ||
	    (h->external && !hostile_allocate(&h->device[1], base->size))) {
		hostile_free(h);
		return false;
	}
	hostile_make_data(h, base);
	for (uint64_t group = 0; group < h->groups; group++) {
		hostile_make_imd(h, base, group, 0);
		hostile_make_imd(h, base, group, 1);
	}
	hostile_make_super(h, base, 0, 9);
	hostile_make_super(h, base, 524288, 8);
	hostile_make_super(h, base, hostile_backup(h), 1);
	if (base->journal)
		hostile_make_journal(h);
	hostile_seal(h);
	if (base->backup_only) {
		hostile_metadata(h)->bytes[0] ^= 1;
		hostile_metadata(h)->bytes[524288] ^= 1;
	}
	return true;
}

#endif
