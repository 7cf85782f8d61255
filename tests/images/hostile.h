/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images that csumtool never wrote: small volumes in several states, made here from the description of the format, with
 * random changes of bytes and fields. In half of the images all checksums are made right again afterwards. The number
 * of an image determines its bytes, on every machine.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "images/hostile_base.h"

static inline uint64_t hostile_value(struct hostile *h)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 61, 62, 63, 253, 254, 255, 511, 512, 513, 4095, 4096, 65535, 65536, 65537, 1048575, 1048576,
	};
	uint64_t random = hostile_random(h);

	switch (hostile_below(h, 6)) {
	case 0:
		return values[random % (sizeof(values) / sizeof(values[0]))];
	case 1:
		return UINT64_C(1) << random % 64;
	case 2:
		return (UINT64_C(1) << random % 64) - 1;
	case 3:
		return ~(random % 4096);
	case 4:
		return random % 1000;
	default:
		return random;
	}
}

static const struct {
	uint16_t offset;
	uint8_t size;
} hostile_fields[] = {
	{ 0, 8 },   { 12, 2 },	{ 14, 2 },  { 16, 8 },	{ 40, 8 },  { 72, 4 },	{ 76, 4 },  { 80, 4 },
	{ 84, 4 },  { 88, 4 },	{ 92, 4 },  { 96, 8 },	{ 104, 8 }, { 112, 8 }, { 120, 8 }, { 128, 8 },
	{ 144, 8 }, { 152, 8 }, { 160, 8 }, { 168, 4 }, { 176, 8 }, { 256, 4 }, { 264, 8 }, { 272, 8 },
	{ 280, 8 }, { 288, 8 }, { 296, 8 }, { 304, 8 }, { 312, 8 }, { 352, 8 }, { 360, 8 }, { 368, 8 },
};

static inline uint64_t hostile_slot(struct hostile *h)
{
	switch (hostile_below(h, 3)) {
	case 0:
		return 0;
	case 1:
		return 524288;
	default:
		return hostile_backup(h);
	}
}

static inline void hostile_set(struct hostile *h, uint64_t offset, int size, uint64_t value)
{
	uint8_t *at = hostile_at(hostile_metadata(h), offset, (uint64_t)size);

	if (at)
		hostile_put(at, size, value);
}

static inline void hostile_change_super(struct hostile *h)
{
	size_t count = sizeof(hostile_fields) / sizeof(hostile_fields[0]);
	size_t i = (size_t)hostile_below(h, count);
	uint64_t slot = hostile_slot(h), value = hostile_value(h);
	bool all = hostile_below(h, 2);

	for (int place = 0; place < 3; place++) {
		uint64_t offset = place == 0 ? 0 : place == 1 ? 524288 : hostile_backup(h);

		if (all || offset == slot)
			hostile_set(h, offset + hostile_fields[i].offset, hostile_fields[i].size, value);
	}
}

/* Writes sizes and counts that agree with each other, but not with the device. */
static inline void hostile_lie(struct hostile *h)
{
	/* A large interleave is rare: a cluster, here up to 4 GiB, takes long to look through. */
	uint64_t most = hostile_below(h, 16) ? 64 : h->sector_size == 512 ? 65536 : 2048;
	uint64_t interleave = hostile_below(h, 2) || h->interleave > most ? 1 + hostile_below(h, most) : h->interleave;
	uint64_t each = hostile_entries(h);
	uint64_t bytes = (UINT64_C(1) << (20 + hostile_below(h, 43))) + hostile_below(h, 1 << 24);
	uint64_t data_bytes = 0, sectors, room;

	if (h->external) {
		data_bytes = bytes;
		sectors = data_bytes / h->sector_size;
		bytes = bytes / 8 + (UINT64_C(1) << 24);
	} else {
		room = bytes < 1200000 ? 10 : (bytes / 4096 * 4096 - 65536 - 1048576) / h->sector_size;
		sectors = room / (each + 2) * each + (room % (each + 2) > 2 ? room % (each + 2) - 2 : 0);
	}
	for (int slot = 0; slot < 3; slot++) {
		uint64_t offset = slot == 0 ? 0 : slot == 1 ? 524288 : hostile_backup(h);

		hostile_set(h, offset + 92, 4, interleave);
		hostile_set(h, offset + 96, 8, sectors);
		hostile_set(h, offset + 104, 8, bytes);
		hostile_set(h, offset + 112, 8, data_bytes);
		if (hostile_get(hostile_metadata(h)->bytes + offset + 256, 4))
			hostile_set(h, offset + 280, 8, (sectors + each - 1) / each);
	}
}

static inline void hostile_change_imd(struct hostile *h)
{
	uint64_t group = hostile_below(h, h->groups), field;
	int copy = (int)hostile_below(h, 2);
	uint64_t offset = hostile_imd_offset(h, group, copy);

	switch (hostile_below(h, 4)) {
	case 0:
		hostile_set(h, offset + 8, 4, hostile_value(h));
		break;
	case 1:
		hostile_set(h, offset + 12, 4, hostile_value(h));
		break;
	case 2:
		field = hostile_below(h, hostile_entries(h));
		hostile_set(h, offset + 16 + 8 * field, 8, hostile_value(h));
		break;
	default:
		field = hostile_below(h, h->sector_size);
		hostile_set(h, offset + field, 1, hostile_random(h));
	}
}

static inline void hostile_change_journal(struct hostile *h)
{
	uint64_t i = hostile_below(h, hostile_below(h, 2) ? 4 : 254);

	switch (hostile_below(h, 6)) {
	case 0:
		hostile_set(h, 65536 + 12, 4, hostile_value(h));
		break;
	case 1:
		hostile_set(h, 65536 + 16, 8, hostile_below(h, 2) ? hostile_value(h) : 7);
		break;
	case 2:
		hostile_set(h, 65536 + 32 + 16 * i, 8, hostile_value(h));
		break;
	case 3:
		hostile_set(h, 65536 + 40 + 16 * i, 4, hostile_value(h));
		break;
	case 4:
		hostile_set(h, 65536 + 4096 + i % 4 * h->sector_size + hostile_below(h, h->sector_size), 1,
			    hostile_random(h));
		break;
	default:
		hostile_set(h, 65536 + hostile_below(h, 4096), 1, hostile_random(h));
	}
}

static inline void hostile_change_bytes(struct hostile *h)
{
	struct hostile_device *device = &h->device[h->external ? hostile_below(h, 2) : 0];
	uint64_t count = 1 + hostile_below(h, 200);

	for (uint64_t i = 0; i < count && device->size; i++)
		device->bytes[hostile_below(h, device->size)] = (uint8_t)hostile_random(h);
}

/* Overwrites a run of bytes with zeros, with ones, or with bytes from another place. */
static inline void hostile_change_run(struct hostile *h)
{
	struct hostile_device *device = hostile_metadata(h);
	uint64_t size = UINT64_C(512) << hostile_below(h, 6);
	uint64_t to = hostile_below(h, device->size / 512) * 512, from = hostile_below(h, device->size / 512) * 512;
	uint64_t choice = hostile_below(h, 4);
	uint8_t *target = hostile_at(device, to, size), *source = hostile_at(device, from, size);

	if (choice == 0)
		target = hostile_at(device, hostile_imd_offset(h, hostile_below(h, h->groups), 0), h->sector_size);
	if (!target || !source)
		return;
	if (choice == 0)
		memmove(target, source, h->sector_size);
	else if (choice == 1)
		memmove(target, source, size);
	else
		memset(target, choice == 2 ? 0 : 0xff, size);
}

static inline void hostile_change_size(struct hostile *h)
{
	struct hostile_device *device = &h->device[h->external ? hostile_below(h, 2) : 0];

	switch (hostile_below(h, 4)) {
	case 0:
		device->size = hostile_below(h, device->capacity + 1);
		break;
	case 1:
		device->size = device->size > 4096 ? device->size - hostile_below(h, 4096) : 0;
		break;
	case 2:
		device->size += hostile_below(h, device->capacity - device->size + 1);
		break;
	default:
		device->size = hostile_below(h, 1100000);
		if (device->size > device->capacity)
			device->size = device->capacity;
	}
}

static inline void hostile_change(struct hostile *h)
{
	switch (hostile_below(h, 12)) {
	case 0:
	case 1:
	case 2:
		hostile_change_super(h);
		break;
	case 3:
		hostile_lie(h);
		break;
	case 4:
	case 5:
		hostile_change_imd(h);
		break;
	case 6:
	case 7:
		hostile_change_journal(h);
		break;
	case 8:
	case 9:
		hostile_change_bytes(h);
		break;
	case 10:
		hostile_change_run(h);
		break;
	default:
		if (hostile_below(h, 3) == 0)
			hostile_change_size(h);
	}
}

/* Makes image `number`; hostile_free() releases it. Returns false when there is no memory. */
static inline bool hostile_make(struct hostile *h, uint64_t number)
{
	bool sealed = number % 2;
	uint64_t changes;

	if (!hostile_make_base(h, (unsigned int)(number / 2 % HOSTILE_BASES)))
		return false;
	h->random = number * UINT64_C(0xd1342543de82ef95) + 1;
	changes = 1 + hostile_below(h, 6);
	for (uint64_t i = 0; i < changes; i++)
		hostile_change(h);
	if (sealed)
		hostile_seal(h);
	return true;
}

#endif
