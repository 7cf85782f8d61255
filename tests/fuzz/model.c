/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/model.h"

#include <string.h>

#include "fuzz/disks.h"
#include "support/bytes.h"

#define BLOCK 4096u
#define JOURNAL 65536u
#define JOURNAL_SIZE 458752u
#define SLOT_B 524288u
#define CLUSTERS 1048576u
#define TAIL 65536u

/* State while an image is examined that the user of the model does not need. */
struct look {
	struct model *model;
	const uint8_t *superblock;
	uint64_t session;
	const uint8_t *seed;
	uint64_t metadata_bytes, data_bytes; /* as recorded */
	const uint8_t *journal; /* the journal record in force, or NULL */
	uint32_t images;
};

static const uint8_t *metadata_at(uint64_t offset, uint64_t size)
{
	int disk = fuzz_disk_metadata();

	return fuzz_disk_readable(disk, offset, size) ? fuzz_disks.disk[disk].bytes + offset : NULL;
}

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

/* ------------------------------------------------------------------ superblock */

static bool slot_is_valid(const uint8_t *block)
{
	static const uint8_t zeros[4];
	uint32_t crc;

	if (!block || memcmp(block, "CSUMVOL\x1a", 8) != 0)
		return false;
	crc = zlib_crc32(zlib_crc32(0, block, 8), zeros, 4);
	return zlib_crc32(crc, block + 12, BLOCK - 12) == get_le(block + 8, 4);
}

static const uint8_t *slot_at(uint64_t offset, bool *valid)
{
	const uint8_t *block = metadata_at(offset, BLOCK);

	*valid = slot_is_valid(block);
	return *valid ? block : NULL;
}

static const uint8_t *backup(uint64_t device_bytes, bool *valid)
{
	uint64_t usable = device_bytes / BLOCK * BLOCK;

	*valid = false;
	return usable < TAIL || device_bytes < CLUSTERS + TAIL ? NULL : slot_at(usable - TAIL, valid);
}

static bool same_seed(const uint8_t *one, const uint8_t *other)
{
	return one && other && memcmp(one + 128, other + 128, 16) == 0;
}

/* Whether the backup at the place that the slot says is of the same volume. */
static bool has_backup(const uint8_t *slot)
{
	bool valid;

	return same_seed(slot, backup(get_le(slot + 104, 8), &valid));
}

/* Whether the static fields of two valid slots differ in the identity of the data device alone. */
static bool differ_in_identity(const uint8_t *a, const uint8_t *b)
{
	return a && b && memcmp(a + 24, b + 24, 152) == 0 && memcmp(a + 240, b + 240, 16) == 0 &&
	       memcmp(a + 176, b + 176, 64) != 0;
}

static const uint8_t *governing(struct model *model)
{
	const uint8_t *a = slot_at(0, &model->slot_valid[0]);
	const uint8_t *b = slot_at(SLOT_B, &model->slot_valid[1]);
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

static bool fields_allowed(const uint8_t *block)
{
	uint64_t size = get_le(block + 84, 4), type = get_le(block + 88, 4), interleave = get_le(block + 92, 4);

	return get_le(block + 12, 2) == 1 && (get_le(block + 80, 4) & ~UINT64_C(1)) == 0 &&
	       (size == 512 || size == 4096) && type >= 1 && type <= 3 && interleave >= 1 && interleave <= 65536 &&
	       get_le(block + 144, 8) == JOURNAL && get_le(block + 152, 8) == JOURNAL_SIZE &&
	       get_le(block + 160, 8) == CLUSTERS;
}

/* Returns how many data sectors the sizes give; 0: none, or the metadata does not fit. */
static uint64_t sectors_given(uint64_t size, bool external, uint64_t metadata_bytes, uint64_t data_bytes)
{
	uint64_t entries = (size - 16) / 8, area, rest, sectors;

	if (metadata_bytes > INT64_MAX || data_bytes > INT64_MAX || metadata_bytes < CLUSTERS + TAIL)
		return 0;
	area = (metadata_bytes / BLOCK * BLOCK - TAIL - CLUSTERS) / size;
	if (external) {
		sectors = data_bytes / size;
		return (sectors + entries - 1) / entries * 2 <= area ? sectors : 0;
	}
	rest = area % (entries + 2);
	return data_bytes ? 0 : area / (entries + 2) * entries + (rest > 2 ? rest - 2 : 0);
}

static bool take_superblock(struct look *look)
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
	/* Only static fields of the backup count. */
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

/* ------------------------------------------------------------------ places */

static void cluster_of(const struct model *model, uint64_t group, uint64_t *start, uint64_t *groups, uint64_t *sectors)
{
	uint64_t cluster = group / model->interleave, first = cluster * model->interleave;

	*groups = model->groups - first < model->interleave ? model->groups - first : model->interleave;
	*sectors = *groups * model->entries;
	if (first * model->entries + *sectors > model->data_sectors)
		*sectors = model->data_sectors - first * model->entries;
	*start = CLUSTERS + first * (fuzz_disks.external ? 2 : model->entries + 2) * model->sector_size;
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
	fuzz_disk_set_kind(metadata, 0, BLOCK, FUZZ_SLOT_AB);
	fuzz_disk_set_kind(metadata, JOURNAL, JOURNAL_SIZE, FUZZ_JOURNAL);
	fuzz_disk_set_kind(metadata, SLOT_B, BLOCK, FUZZ_SLOT_AB);
	fuzz_disk_set_kind(metadata, model->backup_offset, BLOCK, FUZZ_SLOT_C);
	for (uint64_t group = 0; group < model->groups; group++) {
		for (int copy = 0; copy < 2; copy++)
			fuzz_disk_set_kind(metadata, model_imd_offset(model, group, copy), model->sector_size,
					   FUZZ_IMD);
	}
	for (uint64_t sector = 0; sector < model->data_sectors; sector++)
		fuzz_disk_set_kind(0, model->sector[sector].disk_offset, model->sector_size, FUZZ_DATA);
}

/* ------------------------------------------------------------------ imd and journal */

static bool imd_is_valid(const struct look *look, const uint8_t *imd, uint64_t group, int copy)
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

static bool record_crc_fits(const struct look *look, const uint8_t *head, uint32_t images)
{
	static const uint8_t zeros[4];
	uint32_t crc = zlib_crc32(zlib_crc32(0, look->seed, 16), head, 8);

	crc = zlib_crc32(zlib_crc32(crc, zeros, 4), head + 12, BLOCK - 12);
	return zlib_crc32(crc, head + BLOCK, images * look->model->sector_size) == get_le(head + 8, 4);
}

static void find_journal(struct look *look)
{
	const uint8_t *head = metadata_at(JOURNAL, BLOCK);
	uint64_t images;

	if (look->model->state != MODEL_ACTIVE)
		return;
	look->model->journal_unreadable = !head;
	if (!head || memcmp(head, "CSUMJRNL", 8) != 0)
		return;
	images = get_le(head + 12, 4);
	if (images < 1 || images > 254 || images > (JOURNAL_SIZE - BLOCK) / look->model->sector_size)
		return;
	look->model->journal_unreadable = !metadata_at(JOURNAL + BLOCK, images * look->model->sector_size);
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

static const uint8_t *image_of(const struct look *look, uint64_t group)
{
	for (uint32_t i = 0; i < look->images; i++) {
		const uint8_t *place = look->journal + 32 + 16 * i;
		const uint8_t *image = look->journal + BLOCK + i * look->model->sector_size;

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
		static const uint8_t zeros[BLOCK];

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

static void judge_group(const struct look *look, uint64_t number)
{
	struct model *model = look->model;
	struct model_group *group = &model->group[number];
	uint64_t end = (number + 1) * model->entries;
	const uint8_t *copy[2], *versions[3], *image;
	uint32_t count = 0;
	int newest;

	for (int i = 0; i < 2; i++) {
		copy[i] = metadata_at(model_imd_offset(model, number, i), model->sector_size);
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

/* ------------------------------------------------------------------ bytes of others */

static bool has_bytes(uint64_t begin, uint64_t end)
{
	for (uint64_t offset = begin; offset < end; offset += BLOCK) {
		const uint8_t *block = metadata_at(offset, BLOCK);

		for (uint64_t i = 0; block && i < BLOCK; i++) {
			if (block[i])
				return true;
		}
	}
	return false;
}

/* Whether a valid backup of another volume lies where the present end of the device puts one, outside our data. */
static bool foreign_at_end(const struct look *look)
{
	const struct model *model = look->model;
	uint64_t present = fuzz_disks.disk[fuzz_disk_metadata()].size, size = model->sector_size;
	bool valid;
	const uint8_t *block = backup(present, &valid);
	uint64_t offset = present / BLOCK * BLOCK - TAIL;

	if (!valid || same_seed(block, look->superblock))
		return false;
	for (uint64_t sector = 0; !fuzz_disks.external && sector < model->data_sectors; sector++) {
		if (model->sector[sector].disk_offset <= offset && offset < model->sector[sector].disk_offset + size)
			return false;
	}
	return true;
}

static bool is_foreign(const struct look *look)
{
	const struct model *model = look->model;
	uint64_t places[3] = { 0, SLOT_B, model->backup_offset };
	bool valid;

	if (model->state == MODEL_UNKNOWN)
		return has_bytes(BLOCK, JOURNAL);
	for (int slot = 0; slot < 3; slot++) {
		const uint8_t *block = slot_at(places[slot], &valid);

		if (valid && !same_seed(block, look->superblock))
			return true;
	}
	return !model->slot_valid[2] &&
	       (foreign_at_end(look) || has_bytes(model->backup_offset + BLOCK, model->backup_offset + TAIL));
}

void model_load(struct model *model)
{
	struct look look = { .model = model };
	int metadata = fuzz_disk_metadata();

	model->opens = model->small = model->read_only = model->foreign = model->journal_unreadable = false;
	model->state = MODEL_CLEAN;
	model->intent_first = model->intent_count = 0;
	look.superblock = governing(model);
	if (!look.superblock || !take_superblock(&look))
		return;
	model->opens = true;
	model->backup_offset = look.metadata_bytes / BLOCK * BLOCK - TAIL;
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
	model->foreign = is_foreign(&look);
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
