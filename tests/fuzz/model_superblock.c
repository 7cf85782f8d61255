/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model's superblock: which slot counts, what it says, and whether others have written where slots lie. */
#include <string.h>

#include "fuzz/disks.h"
#include "fuzz/model_shared.h"
#include "support/bytes.h"

/* ------------------------------------------------------------------ slots */

const uint8_t *model_metadata_at(uint64_t offset, uint64_t size)
{
	int disk = fuzz_disk_metadata();

	return fuzz_disk_readable(disk, offset, size) ? fuzz_disks.disk[disk].bytes + offset : NULL;
}

static bool slot_is_valid(const uint8_t *block)
{
	static const uint8_t zeros[4];
	uint32_t crc;

	if (!block || memcmp(block, "CSUMVOL\x1a", 8) != 0)
		return false;
	crc = zlib_crc32(zlib_crc32(0, block, 8), zeros, 4);
	return zlib_crc32(crc, block + 12, MODEL_BLOCK - 12) == get_le(block + 8, 4);
}

static const uint8_t *slot_at(uint64_t offset, bool *valid)
{
	const uint8_t *block = model_metadata_at(offset, MODEL_BLOCK);

	*valid = slot_is_valid(block);
	return *valid ? block : NULL;
}

static const uint8_t *backup(uint64_t device_bytes, bool *valid)
{
	uint64_t usable = device_bytes / MODEL_BLOCK * MODEL_BLOCK;

	*valid = false;
	return usable < MODEL_TAIL || device_bytes < MODEL_CLUSTERS + MODEL_TAIL ? NULL :
										   slot_at(usable - MODEL_TAIL, valid);
}

static bool same_seed(const uint8_t *one, const uint8_t *other)
{
	return one && other && memcmp(one + 128, other + 128, 16) == 0;
}

/* Whether the backup is of the same volume, where that slot says that it is. */
static bool has_backup(const uint8_t *slot)
{
	bool valid;

	return same_seed(slot, backup(get_le(slot + 104, 8), &valid));
}

/* Of two valid slots: whether the identity of the data device is all that is different in the static fields. */
static bool differ_in_identity(const uint8_t *a, const uint8_t *b)
{
	return a && b && memcmp(a + 24, b + 24, 152) == 0 && memcmp(a + 240, b + 240, 16) == 0 &&
	       memcmp(a + 176, b + 176, 64) != 0;
}

const uint8_t *model_governing_slot(struct model *model)
{
	const uint8_t *a = slot_at(0, &model->slot_valid[0]);
	const uint8_t *b = slot_at(MODEL_SLOT_B, &model->slot_valid[1]);
	const uint8_t *chosen = a ? a : b;

	if (a && b && get_le(b + 16, 8) > get_le(a + 16, 8))
		chosen = b;
	if (a && b && !same_seed(a, b) && !has_backup(chosen) && has_backup(chosen == a ? b : a))
		chosen = chosen == a ? b : a;
	if (chosen) {
		const uint8_t *c = backup(get_le(chosen + 104, 8), &model->slot_valid[2]);

		model->backup_behind = differ_in_identity(c ? c : a, c ? chosen : b);
		return chosen;
	}
	model->state = MODEL_UNKNOWN;
	return backup(fuzz_disks.disk[fuzz_disk_metadata()].size, &model->slot_valid[2]);
}

/* ------------------------------------------------------------------ what it says */

static bool fields_allowed(const uint8_t *block)
{
	uint64_t size = get_le(block + 84, 4), type = get_le(block + 88, 4), interleave = get_le(block + 92, 4);

	return get_le(block + 12, 2) == 1 && (get_le(block + 80, 4) & ~UINT64_C(1)) == 0 &&
	       (size == 512 || size == 4096) && type >= 1 && type <= 3 && interleave >= 1 && interleave <= 65536 &&
	       get_le(block + 144, 8) == MODEL_JOURNAL && get_le(block + 152, 8) == MODEL_JOURNAL_SIZE &&
	       get_le(block + 160, 8) == MODEL_CLUSTERS;
}

/* The data sectors that the sizes give; 0: none, or the metadata does not fit. */
static uint64_t sectors_given(uint64_t size, bool external, uint64_t metadata_bytes, uint64_t data_bytes)
{
	uint64_t entries = (size - 16) / 8, area, rest, sectors;

	if (metadata_bytes > INT64_MAX || data_bytes > INT64_MAX || metadata_bytes < MODEL_CLUSTERS + MODEL_TAIL)
		return 0;
	area = (metadata_bytes / MODEL_BLOCK * MODEL_BLOCK - MODEL_TAIL - MODEL_CLUSTERS) / size;
	if (external) {
		sectors = data_bytes / size;
		return (sectors + entries - 1) / entries * 2 <= area ? sectors : 0;
	}
	rest = area % (entries + 2);
	return data_bytes ? 0 : area / (entries + 2) * entries + (rest > 2 ? rest - 2 : 0);
}

bool model_take_superblock(struct model_look *look)
{
	struct model *model = look->model;
	const uint8_t *block = look->superblock;
	bool external = get_le(block + 80, 4) & 1;

	if (!fields_allowed(block))
		return false;
	model->sector_size = (uint32_t)get_le(block + 84, 4);
	model->checksum_type = (uint32_t)get_le(block + 88, 4);
	model->interleave = (uint32_t)get_le(block + 92, 4);
	model->data_sectors = get_le(block + 96, 8);
	model->generation = get_le(block + 16, 8);
	look->metadata_bytes = get_le(block + 104, 8);
	look->data_bytes = get_le(block + 112, 8);
	look->seed = block + 128;
	look->session = get_le(block + 264, 8);
	if (model->data_sectors == 0 ||
	    model->data_sectors != sectors_given(model->sector_size, external, look->metadata_bytes, look->data_bytes))
		return false;
	model->entries = (model->sector_size - 16) / 8;
	model->groups = (model->data_sectors + model->entries - 1) / model->entries;
	model->intent_count = model->groups;
	/* Of the backup only static fields count. */
	if (model->state == MODEL_UNKNOWN)
		return external == fuzz_disks.external;
	if (get_le(block + 256, 4) > 1)
		return false;
	model->state = get_le(block + 256, 4) ? MODEL_ACTIVE : MODEL_CLEAN;
	model->intent_first = get_le(block + 272, 8);
	model->intent_count = get_le(block + 280, 8);
	return model->intent_first <= model->groups && model->intent_count <= model->groups - model->intent_first &&
	       external == fuzz_disks.external;
}

/* ------------------------------------------------------------------ what is not the volume's */

static bool has_bytes(uint64_t begin, uint64_t end)
{
	for (uint64_t offset = begin; offset < end; offset += MODEL_BLOCK) {
		const uint8_t *block = model_metadata_at(offset, MODEL_BLOCK);

		for (uint64_t i = 0; block && i < MODEL_BLOCK; i++) {
			if (block[i])
				return true;
		}
	}
	return false;
}

/* A backup of another volume where the device ends, and none of this one where it should be. */
static bool foreign_at_end(const struct model_look *look)
{
	const struct model *model = look->model;
	uint64_t present = fuzz_disks.disk[fuzz_disk_metadata()].size, size = model->sector_size;
	bool valid;
	const uint8_t *block = backup(present, &valid);
	uint64_t offset = present / MODEL_BLOCK * MODEL_BLOCK - MODEL_TAIL;

	if (!valid || same_seed(block, look->superblock))
		return false;
	for (uint64_t sector = 0; !fuzz_disks.external && sector < model->data_sectors; sector++) {
		if (model->sector[sector].disk_offset <= offset && offset < model->sector[sector].disk_offset + size)
			return false;
	}
	return true;
}

bool model_is_foreign(const struct model_look *look)
{
	const struct model *model = look->model;
	uint64_t places[3] = { 0, MODEL_SLOT_B, model->backup_offset };
	bool valid;

	if (model->state == MODEL_UNKNOWN)
		return has_bytes(MODEL_BLOCK, MODEL_JOURNAL);
	for (int slot = 0; slot < 3; slot++) {
		const uint8_t *block = slot_at(places[slot], &valid);

		if (valid && !same_seed(block, look->superblock))
			return true;
	}
	return !model->slot_valid[2] && (foreign_at_end(look) || has_bytes(model->backup_offset + MODEL_BLOCK,
									   model->backup_offset + MODEL_TAIL));
}
