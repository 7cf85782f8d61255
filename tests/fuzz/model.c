/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/model.h"

#include <string.h>

#include "fuzz/disks.h"
#include "fuzz/model_shared.h"
#include "support/bytes.h"

/* ------------------------------------------------------------------ checksums */

static uint64_t tables[2][256]; /* of CRC-32C and of CRC-64/XZ */

static void make_tables(void)
{
	static const uint64_t polynomial[2] = { 0x82f63b78, UINT64_C(0xc96c5795d7870f42) };

	for (int t = 0; t < 2; t++) {
		for (unsigned int i = 0; i < 256; i++) {
			uint64_t value = i;

			for (int bit = 0; bit < 8; bit++)
				value = value & 1 ? value >> 1 ^ polynomial[t] : value >> 1;
			tables[t][i] = value;
		}
	}
}

static uint64_t by_table(const uint64_t *table, uint64_t start, const uint8_t *bytes, uint32_t size)
{
	uint64_t value = start;

	for (uint32_t i = 0; i < size; i++)
		value = table[(value ^ bytes[i]) & 0xff] ^ value >> 8;
	return value ^ start;
}

static uint64_t entry_of(uint32_t type, const uint8_t *bytes, uint32_t size)
{
	uint64_t value;

	if (!tables[0][1])
		make_tables();
	if (type == 1)
		return (UINT64_C(1) << 32) + zlib_crc32(0, bytes, size);
	if (type == 2)
		return (UINT64_C(1) << 32) + by_table(tables[0], UINT32_MAX, bytes, size);
	value = by_table(tables[1], UINT64_MAX, bytes, size);
	return value < 2 ? UINT64_MAX - value : value;
}

uint64_t model_hash(const uint8_t *bytes, uint32_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < size; i += 8) {
		uint64_t word;

		memcpy(&word, bytes + i, 8);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash | 1;
}

/* ------------------------------------------------------------------ places */

static void cluster_of(const struct model *model, uint64_t group, uint64_t *start, uint64_t *groups, uint64_t *sectors)
{
	uint64_t cluster = group / model->interleave, first = cluster * model->interleave;

	*groups = model->groups - first < model->interleave ? model->groups - first : model->interleave;
	*sectors = *groups * model->entries;
	if (first * model->entries + *sectors > model->data_sectors)
		*sectors = model->data_sectors - first * model->entries;
	*start = MODEL_CLUSTERS + first * (fuzz_disks.external ? 2 : model->entries + 2) * model->sector_size;
}

uint64_t model_imd_offset(const struct model *model, uint64_t group, int copy)
{
	uint64_t start, groups, sectors;

	cluster_of(model, group, &start, &groups, &sectors);
	start += group % model->interleave * model->sector_size;
	if (copy == 0)
		return start;
	return start + (groups + (fuzz_disks.external ? 0 : sectors)) * model->sector_size;
}

static uint64_t data_offset(const struct model *model, uint64_t sector)
{
	uint64_t start, groups, sectors;

	if (fuzz_disks.external)
		return sector * model->sector_size;
	cluster_of(model, sector / model->entries, &start, &groups, &sectors);
	return start + (groups + sector % (model->interleave * (uint64_t)model->entries)) * model->sector_size;
}

void model_set_kinds(const struct model *model)
{
	int metadata = fuzz_disk_metadata();

	fuzz_disk_clear_kinds();
	if (!model->small)
		return;
	fuzz_disk_set_kind(metadata, 0, MODEL_BLOCK, FUZZ_SLOT_AB);
	fuzz_disk_set_kind(metadata, MODEL_JOURNAL, MODEL_JOURNAL_SIZE, FUZZ_JOURNAL);
	fuzz_disk_set_kind(metadata, MODEL_SLOT_B, MODEL_BLOCK, FUZZ_SLOT_AB);
	fuzz_disk_set_kind(metadata, model->backup_offset, MODEL_BLOCK, FUZZ_SLOT_C);
	for (uint64_t group = 0; group < model->groups; group++) {
		for (int copy = 0; copy < 2; copy++)
			fuzz_disk_set_kind(metadata, model_imd_offset(model, group, copy), model->sector_size,
					   FUZZ_IMD);
	}
	for (uint64_t sector = 0; sector < model->data_sectors; sector++)
		fuzz_disk_set_kind(0, model->sector[sector].disk_offset, model->sector_size, FUZZ_DATA);
}

/* ------------------------------------------------------------------ imd and journal */

static bool imd_is_valid(const struct model_look *look, const uint8_t *imd, uint64_t group, int copy)
{
	static const uint8_t zeros[4];
	uint8_t place[9];
	uint32_t crc;

	if (!imd || memcmp(imd, "IMD1", 4) != 0 || get_le(imd + 12, 4) != (group & UINT32_MAX))
		return false;
	put_le(place, 8, group);
	place[8] = (uint8_t)copy;
	crc = zlib_crc32(zlib_crc32(0, look->seed, 16), place, 9);
	crc = zlib_crc32(zlib_crc32(crc, imd, 4), zeros, 4);
	return zlib_crc32(crc, imd + 8, look->model->sector_size - 8) == get_le(imd + 4, 4);
}

static bool newer(const uint8_t *a, const uint8_t *b)
{
	uint32_t distance = (uint32_t)get_le(a + 8, 4) - (uint32_t)get_le(b + 8, 4);

	return distance != 0 && distance < UINT32_C(0x80000000);
}

static bool in_intent(const struct model *model, uint64_t group)
{
	return model->state != MODEL_CLEAN && group >= model->intent_first &&
	       group - model->intent_first < model->intent_count;
}

static bool record_crc_fits(const struct model_look *look, const uint8_t *head, uint32_t images)
{
	static const uint8_t zeros[4];
	uint32_t crc = zlib_crc32(zlib_crc32(0, look->seed, 16), head, 8);

	crc = zlib_crc32(zlib_crc32(crc, zeros, 4), head + 12, MODEL_BLOCK - 12);
	return zlib_crc32(crc, head + MODEL_BLOCK, images * look->model->sector_size) == get_le(head + 8, 4);
}

static void find_journal(struct model_look *look)
{
	const uint8_t *head = model_metadata_at(MODEL_JOURNAL, MODEL_BLOCK);
	uint64_t images;

	if (look->model->state != MODEL_ACTIVE)
		return;
	look->model->journal_unreadable = !head;
	if (!head || memcmp(head, "CSUMJRNL", 8) != 0)
		return;
	images = get_le(head + 12, 4);
	if (images < 1 || images > 254 || images > (MODEL_JOURNAL_SIZE - MODEL_BLOCK) / look->model->sector_size)
		return;
	look->model->journal_unreadable =
		!model_metadata_at(MODEL_JOURNAL + MODEL_BLOCK, images * look->model->sector_size);
	if (look->model->journal_unreadable || !record_crc_fits(look, head, (uint32_t)images) ||
	    get_le(head + 16, 8) != look->session)
		return;
	for (uint64_t i = 0; i < images; i++) {
		const uint8_t *place = head + 32 + 16 * i;

		if (get_le(place + 8, 4) > 1 || !in_intent(look->model, get_le(place, 8)))
			return;
		for (uint64_t j = 0; j < i; j++) {
			if (get_le(place, 8) == get_le(head + 32 + 16 * j, 8))
				return;
		}
	}
	look->journal = head;
	look->images = (uint32_t)images;
}

static const uint8_t *image_of(const struct model_look *look, uint64_t group)
{
	for (uint32_t i = 0; i < look->images; i++) {
		const uint8_t *place = look->journal + 32 + 16 * i;
		const uint8_t *image = look->journal + MODEL_BLOCK + i * look->model->sector_size;

		if (get_le(place, 8) == group)
			return imd_is_valid(look, image, group, (int)get_le(place + 8, 4)) ? image : NULL;
	}
	return NULL;
}

/* ------------------------------------------------------------------ sectors */

static void judge_sector(struct model *model, uint64_t number, const uint8_t *const *versions, uint32_t count,
			 bool image_in_force)
{
	struct model_sector *sector = &model->sector[number];
	const uint8_t *bytes;
	uint64_t at = 16 + 8 * (number % model->entries), entry;

	if (count && get_le(versions[0] + at, 8) == 0) {
		static const uint8_t zeros[MODEL_BLOCK];

		sector->reading = MODEL_UNWRITTEN;
		sector->hash = model_hash(zeros, model->sector_size);
		return;
	}
	if (!count || !fuzz_disk_readable(0, sector->disk_offset, model->sector_size))
		return;
	bytes = fuzz_disks.disk[0].bytes + sector->disk_offset;
	entry = entry_of(model->checksum_type, bytes, model->sector_size);
	for (uint32_t v = 0; v < count && sector->reading == MODEL_BAD; v++) {
		if (get_le(versions[v] + at, 8) != entry)
			continue;
		sector->reading = v == 0 ? MODEL_GOOD : MODEL_OLDER;
		sector->hash = model_hash(bytes, model->sector_size);
		sector->not_by_image = image_in_force && v > 0;
	}
}

/*
 * Whether the cluster of a group is missing. On a device cut short, a cluster that begins behind the end is missing as
 * a whole, whatever the journal holds.
 */
static bool cluster_missing(const struct model *model, uint64_t group)
{
	uint64_t start, groups, sectors;

	cluster_of(model, group, &start, &groups, &sectors);
	return start >= fuzz_disks.disk[fuzz_disk_metadata()].size;
}

static void judge_group(const struct model_look *look, uint64_t number)
{
	struct model *model = look->model;
	struct model_group *group = &model->group[number];
	uint64_t end = (number + 1) * model->entries;
	const uint8_t *copy[2], *versions[3], *image;
	uint32_t count = 0;
	int newest;

	for (int i = 0; i < 2; i++) {
		copy[i] = model_metadata_at(model_imd_offset(model, number, i), model->sector_size);
		group->valid[i] = imd_is_valid(look, copy[i], number, i);
	}
	newest = group->valid[1] && !(group->valid[0] && newer(copy[0], copy[1])) ? 1 : 0;
	group->in_intent = in_intent(model, number);
	group->sound = group->valid[0] && group->valid[1] && (newer(copy[0], copy[1]) || newer(copy[1], copy[0])) &&
		       memcmp(copy[0] + 16, copy[1] + 16, model->sector_size - 16) == 0;
	image = group->in_intent && !cluster_missing(model, number) ? image_of(look, number) : NULL;
	group->in_force = image && !(group->valid[0] && !newer(image, copy[0])) &&
			  !(group->valid[1] && !newer(image, copy[1]));
	if (group->in_force)
		versions[count++] = image;
	if (group->valid[newest])
		versions[count++] = copy[newest];
	if (group->valid[newest] && group->valid[1 - newest] && group->in_intent)
		versions[count++] = copy[1 - newest];
	if (end > model->data_sectors)
		end = model->data_sectors;
	for (uint64_t sector = number * model->entries; sector < end; sector++) {
		model->sector[sector] =
			(struct model_sector){ .reading = MODEL_BAD, .disk_offset = data_offset(model, sector) };
		judge_sector(model, sector, versions, count, group->in_force);
	}
}

/* ------------------------------------------------------------------ the image */

void model_load(struct model *model)
{
	struct model_look look = { .model = model };
	int metadata = fuzz_disk_metadata();

	model->opens = model->small = model->read_only = model->foreign = model->journal_unreadable = false;
	model->state = MODEL_CLEAN;
	model->intent_first = model->intent_count = 0;
	look.superblock = model_governing_slot(model);
	if (!look.superblock || !model_take_superblock(&look))
		return;
	model->opens = true;
	model->backup_offset = look.metadata_bytes / MODEL_BLOCK * MODEL_BLOCK - MODEL_TAIL;
	model->read_only = get_le(look.superblock + 76, 4) != 0 ||
			   get_le(look.superblock + 16, 8) > UINT64_MAX - (UINT64_C(2) << 32) ||
			   get_le(look.superblock + 264, 8) > UINT64_MAX - (UINT64_C(2) << 32) ||
			   fuzz_disks.disk[metadata].size < look.metadata_bytes ||
			   (fuzz_disks.external && fuzz_disks.disk[0].size < look.data_bytes);
	model->small = model->data_sectors <= MODEL_SECTORS && model->groups <= MODEL_GROUPS;
	if (!model->small)
		return;
	find_journal(&look);
	for (uint64_t group = 0; group < model->groups; group++)
		judge_group(&look, group);
	model->foreign = model_is_foreign(&look);
}

void model_content(const struct model *model, uint64_t sector, uint8_t *bytes)
{
	const struct model_sector *at = &model->sector[sector];

	if (at->reading == MODEL_GOOD || at->reading == MODEL_OLDER)
		memcpy(bytes, fuzz_disks.disk[0].bytes + at->disk_offset, model->sector_size);
	else
		memset(bytes, 0, model->sector_size);
}

uint64_t model_valid_copies(const struct model *model)
{
	uint64_t count = 0;

	for (uint64_t group = 0; group < model->groups; group++)
		count += (uint64_t)model->group[group].valid[0] + model->group[group].valid[1];
	return count;
}
