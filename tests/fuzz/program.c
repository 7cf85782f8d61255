/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/program.h"

#include <string.h>

#include "fuzz/disks.h"
#include "ondisk/imd.h"
#include "ondisk/journal.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"
#include "ondisk/superblock.h"
#include "support/bytes.h"

enum { MOST_CHANGES = 48, MOST_TOUCHED = 32 };

enum region { SLOT_A, SLOT_B, SLOT_C, JOURNAL_HEAD, JOURNAL_IMAGE, IMD, DATA, ANYWHERE };

enum method { SET, XOR, FILL, COPY, FIELD, ADD, RESIZE, UNREADABLE };

/* The part of the image that a change affects. */
struct part {
	enum region region;
	int disk;
	uint64_t offset_bytes, size;
	uint64_t group; /* for an imd sector */
	int copy;
};

/* Facts that the changes depend on: the geometry before any change. */
struct image {
	struct csum_superblock superblock;
	bool known;
	struct part touched[MOST_TOUCHED]; /* imd sectors that were changed */
	size_t touched_count;
};

struct cursor {
	const uint8_t *at, *end;
};

static uint64_t take(struct cursor *cursor, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size && cursor->at < cursor->end; i++)
		value |= (uint64_t)*cursor->at++ << 8 * i;
	return value;
}

static uint8_t byte_at(const uint8_t *input, size_t size, size_t i)
{
	return i < size ? input[i] : 0;
}

/* Chooses a volume. The last one takes long to read, so it comes rarely. */
static unsigned int choose_history(uint8_t byte)
{
	return byte == PROGRAM_LARGE_HISTORY ? HISTORIES - 1 : byte % (HISTORIES - 1);
}

void program_parse(const uint8_t *input, size_t size, struct program *program)
{
	*program = (struct program){
		.history = choose_history(byte_at(input, size, PROGRAM_HISTORY)),
		.moment = {
			.write = (uint32_t)(byte_at(input, size, PROGRAM_WRITE) |
					    byte_at(input, size, PROGRAM_WRITE + 1) << 8),
			.sectors = byte_at(input, size, PROGRAM_SECTORS),
			.lost = byte_at(input, size, PROGRAM_LOST),
		},
		.fix = byte_at(input, size, PROGRAM_FIX),
		.action = byte_at(input, size, PROGRAM_ACTION),
		.first = byte_at(input, size, PROGRAM_FIRST),
		.length = byte_at(input, size, PROGRAM_LENGTH),
	};
	if (size <= PROGRAM_HEADER)
		return;
	program->changes = input + PROGRAM_HEADER;
	program->changes_size = size - PROGRAM_HEADER;
}

/* ------------------------------------------------------------------ places */

static uint64_t metadata_bytes(void)
{
	return fuzz_disks.disk[fuzz_disk_metadata()].size;
}

static bool load_superblock(uint64_t offset_bytes, struct csum_superblock *superblock)
{
	const uint8_t *block = fuzz_disk_at(fuzz_disk_metadata(), offset_bytes, CSUM_BLOCK_SIZE);
	char reason[128];

	return block && csum_superblock_decode(block, superblock) &&
	       !csum_superblock_check(superblock, reason, sizeof(reason));
}

/* Takes the geometry from the first valid slot; which slot governs does not matter here. */
static void find_geometry(struct image *image)
{
	image->known = load_superblock(CSUM_SLOT_A_OFFSET, &image->superblock) ||
		       load_superblock(CSUM_SLOT_B_OFFSET, &image->superblock) ||
		       load_superblock(csum_layout_backup_offset(metadata_bytes()), &image->superblock);
}

static struct part take_part(const struct image *image, struct cursor *cursor, enum region region)
{
	const struct csum_geometry *geometry = &image->superblock.geometry;
	struct part part = { .region = region, .disk = fuzz_disk_metadata(), .size = CSUM_BLOCK_SIZE };
	uint64_t which = region >= JOURNAL_IMAGE ? take(cursor, 1) : 0;

	if ((region == JOURNAL_IMAGE || region == IMD || region == DATA) && image->known)
		part.size = geometry->sector_size;
	switch (region) {
	case SLOT_A:
		break;
	case SLOT_B:
		part.offset_bytes = CSUM_SLOT_B_OFFSET;
		break;
	case SLOT_C:
		part.offset_bytes = csum_layout_backup_offset(metadata_bytes());
		break;
	case JOURNAL_HEAD:
		part.offset_bytes = CSUM_JOURNAL_OFFSET;
		break;
	case JOURNAL_IMAGE:
		part.offset_bytes = CSUM_JOURNAL_OFFSET + CSUM_BLOCK_SIZE + which % 8 * part.size;
		break;
	case IMD:
		part.copy = (int)(which & 1);
		part.group = image->known ? which / 2 % geometry->groups : 0;
		if (image->known)
			part.offset_bytes = csum_layout_imd_offset(geometry, part.group, part.copy);
		break;
	case DATA:
		part.disk = 0;
		if (image->known)
			part.offset_bytes = csum_layout_data_offset(geometry, which % geometry->data_sectors);
		break;
	case ANYWHERE:
		part.disk = (int)(which & 1) && fuzz_disks.external ? 1 : 0;
		part.offset_bytes = (which << 16 | take(cursor, 2)) % (fuzz_disks.disk[part.disk].size + 1);
		break;
	}
	return part;
}

static void touch(struct image *image, const struct part *part)
{
	if (part->region == IMD && image->touched_count < MOST_TOUCHED)
		image->touched[image->touched_count++] = *part;
}

/* ------------------------------------------------------------------ fields */

struct field {
	uint16_t offset;
	uint8_t size;
};

static const struct field slot_fields[] = {
	{ 0, 8 },   { 12, 2 },	{ 14, 2 },  { 16, 8 },	{ 24, 8 },  { 72, 4 },	{ 76, 4 },  { 80, 4 },	{ 84, 4 },
	{ 88, 4 },  { 92, 4 },	{ 96, 8 },  { 104, 8 }, { 112, 8 }, { 128, 8 }, { 144, 8 }, { 152, 8 }, { 160, 8 },
	{ 168, 4 }, { 176, 8 }, { 256, 4 }, { 264, 8 }, { 272, 8 }, { 280, 8 }, { 352, 8 }, { 360, 8 },
};
static const struct field journal_fields[] = {
	{ 0, 8 }, { 12, 4 }, { 16, 8 }, { 32, 8 }, { 40, 4 }, { 48, 8 }, { 56, 4 }, { 64, 8 }, { 72, 4 },
};
static const struct field imd_fields[] = {
	{ 0, 4 }, { 8, 4 }, { 12, 4 }, { 16, 8 }, { 24, 8 }, { 32, 8 }, { 40, 8 }, { 496, 8 }, { 504, 8 },
};

static struct field choose_field(const struct part *part, uint64_t choice)
{
	if (part->region <= SLOT_C)
		return slot_fields[choice % (sizeof(slot_fields) / sizeof(slot_fields[0]))];
	if (part->region == JOURNAL_HEAD)
		return journal_fields[choice % (sizeof(journal_fields) / sizeof(journal_fields[0]))];
	return imd_fields[choice % (sizeof(imd_fields) / sizeof(imd_fields[0]))];
}

static void change_field(const struct part *part, struct cursor *cursor, bool add)
{
	struct field field = choose_field(part, take(cursor, 1));
	uint8_t *at = fuzz_disk_at(part->disk, part->offset_bytes + field.offset, field.size);
	uint64_t value = add ? (uint64_t)(int8_t)take(cursor, 1) : take(cursor, field.size);

	if (at)
		put_le(at, field.size, add ? get_le(at, field.size) + value : value);
}

/* ------------------------------------------------------------------ changes */

static void change_bytes(const struct part *part, struct cursor *cursor, enum method method)
{
	uint64_t offset = part->offset_bytes + take(cursor, 2) % part->size;
	uint64_t count = method == FILL ? take(cursor, 2) % part->size + 1 :
			 method == SET	? take(cursor, 1) % 32 + 1 :
					  1;
	uint8_t value = method == SET ? 0 : (uint8_t)take(cursor, 1);

	for (uint64_t i = 0; i < count; i++) {
		uint8_t *at = fuzz_disk_at(part->disk, offset + i, 1);

		if (at && method == SET)
			*at = (uint8_t)take(cursor, 1);
		else if (at && method == XOR)
			*at ^= value ? value : 1;
		else if (at)
			*at = value;
	}
}

static void copy_part(const struct image *image, const struct part *part, struct cursor *cursor)
{
	struct part from = take_part(image, cursor, (enum region)(take(cursor, 1) % 8));
	uint64_t size = part->size < from.size ? part->size : from.size;
	uint8_t *bytes = fuzz_disk_at(from.disk, from.offset_bytes, size);

	if (bytes)
		fuzz_disk_put(part->disk, part->offset_bytes, bytes, size);
}

static void resize(const struct part *part, struct cursor *cursor)
{
	uint64_t size = take(cursor, 3) % (FUZZ_DISK_MAX + 1);
	struct memory_disk *disk = &fuzz_disks.disk[part->disk];

	/* Most disks have whole sectors. */
	disk->size = size % 8 ? size / 512 * 512 : size;
}

static void apply_change(struct image *image, struct cursor *cursor)
{
	unsigned int code = (unsigned int)take(cursor, 1);
	struct part part = take_part(image, cursor, (enum region)(code % 8));
	enum method method = (enum method)(code / 8 % 8);

	switch (method) {
	case SET:
	case XOR:
	case FILL:
		change_bytes(&part, cursor, method);
		break;
	case COPY:
		copy_part(image, &part, cursor);
		break;
	case FIELD:
	case ADD:
		change_field(&part, cursor, method == ADD);
		break;
	case RESIZE:
		resize(&part, cursor);
		return;
	case UNREADABLE:
		fuzz_disk_make_unreadable(part.disk, part.offset_bytes, part.size);
		return;
	}
	touch(image, &part);
}

/* ------------------------------------------------------------------ making CRCs right */

static void fix_sizes(struct csum_superblock *superblock)
{
	struct csum_geometry geometry;

	if (csum_layout_derive(superblock->geometry.sector_size, superblock->geometry.interleave,
			       superblock->geometry.external, superblock->geometry.metadata_device_bytes,
			       superblock->geometry.data_device_bytes, &geometry))
		return;
	superblock->geometry.data_sectors = geometry.data_sectors;
	superblock->intent_first %= geometry.groups + 1;
	superblock->intent_count %= geometry.groups - superblock->intent_first + 1;
}

static void fix_slot(uint64_t offset_bytes, bool sizes)
{
	uint8_t *block = fuzz_disk_at(fuzz_disk_metadata(), offset_bytes, CSUM_BLOCK_SIZE);
	struct csum_superblock superblock;

	if (!block || memcmp(block, CSUM_SUPERBLOCK_MAGIC, 8) != 0)
		return;
	put_le(block + 8, 4, 0);
	put_le(block + 8, 4, zlib_crc32(0, block, CSUM_BLOCK_SIZE));
	if (!sizes || !csum_superblock_decode(block, &superblock))
		return;
	fix_sizes(&superblock);
	csum_superblock_encode(&superblock, block);
}

static void fix_slots(const struct program *program)
{
	bool sizes = program->fix & PROGRAM_FIX_SIZES;

	if (!(program->fix & (PROGRAM_FIX_SLOTS | PROGRAM_FIX_SIZES)))
		return;
	fix_slot(CSUM_SLOT_A_OFFSET, sizes);
	fix_slot(CSUM_SLOT_B_OFFSET, sizes);
	if (metadata_bytes() >= CSUM_TAIL_SIZE)
		fix_slot(csum_layout_backup_offset(metadata_bytes()), sizes);
}

static void fix_imd(const struct csum_superblock *superblock, uint64_t group, int copy, uint64_t offset_bytes)
{
	const struct csum_imd_place place = { csum_superblock_seed_state(superblock), superblock->geometry.sector_size,
					      group, copy };
	uint8_t *sector = fuzz_disk_at(fuzz_disk_metadata(), offset_bytes, place.sector_size);

	if (sector)
		csum_imd_seal(place, csum_imd_generation(sector), sector);
}

static void fix_all_imd(const struct csum_superblock *superblock)
{
	const struct csum_geometry *geometry = &superblock->geometry;

	for (uint64_t group = 0; group < geometry->groups && group < 64; group++) {
		for (int copy = 0; copy < 2; copy++)
			fix_imd(superblock, group, copy, csum_layout_imd_offset(geometry, group, copy));
	}
}

static void fix_journal(const struct csum_superblock *superblock, bool images)
{
	uint32_t sector_size = superblock->geometry.sector_size, count;
	uint8_t *record = fuzz_disk_at(fuzz_disk_metadata(), CSUM_JOURNAL_OFFSET, CSUM_JOURNAL_SIZE);
	uint32_t crc;

	if (!record || !csum_journal_head_count(record, sector_size, &count))
		return;
	for (uint32_t i = 0; images && i < count; i++) {
		const uint8_t *place = record + 32 + 16 * i;

		fix_imd(superblock, get_le(place, 8), (int)get_le(place + 8, 1),
			CSUM_JOURNAL_OFFSET + csum_journal_record_size(sector_size, i));
	}
	put_le(record + 8, 4, 0);
	crc = zlib_crc32(csum_superblock_seed_state(superblock), record, csum_journal_record_size(sector_size, count));
	put_le(record + 8, 4, crc);
}

static void fix(const struct program *program, struct image *image)
{
	fix_slots(program);
	/* From here on a changed seed or geometry counts. */
	find_geometry(image);
	if (!image->known)
		return;
	if (program->fix & PROGRAM_FIX_ALL_IMD)
		fix_all_imd(&image->superblock);
	for (size_t i = 0; i < image->touched_count && program->fix & PROGRAM_FIX_IMD; i++)
		fix_imd(&image->superblock, image->touched[i].group, image->touched[i].copy,
			image->touched[i].offset_bytes);
	if (program->fix & (PROGRAM_FIX_JOURNAL | PROGRAM_FIX_IMAGES))
		fix_journal(&image->superblock, program->fix & PROGRAM_FIX_IMAGES);
}

void program_load(const struct program *program)
{
	struct cursor cursor = { .at = program->changes };
	struct image image = { 0 };

	history_load(program->history, &program->moment);
	if (program->changes_size == 0)
		return;
	cursor.end = cursor.at + program->changes_size;
	find_geometry(&image);
	for (int i = 0; i < MOST_CHANGES && cursor.at < cursor.end; i++)
		apply_change(&image, &cursor);
	fix(program, &image);
}
