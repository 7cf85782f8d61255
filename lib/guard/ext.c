/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ext2, ext3, ext4: a superblock of 1024 bytes at 1024. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/checksum.h"
#include "base/le.h"
#include "base/util.h"
#include "guard/structure.h"

#define SUPERBLOCK_OFFSET 1024u
#define SUPERBLOCK_SIZE 1024u
#define MAGIC 0xef53u
#define INCOMPAT_64BIT UINT32_C(0x80)
#define RO_COMPAT_METADATA_CSUM UINT32_C(0x400)
#define CHECKSUM_CRC32C 1u
/* Blocks are 1 KiB << 0 ... 6. */
#define LOG_BLOCK_SIZE_MAX 6u

enum field {
	BLOCKS_LOW = 0x4,
	LOG_BLOCK_SIZE = 0x18,
	MOUNT_TIME = 0x2c,
	WRITE_TIME = 0x30,
	MAGIC_AT = 0x38,
	INCOMPAT = 0x60,
	RO_COMPAT = 0x64,
	BLOCKS_HIGH = 0x150,
	CHECKSUM_TYPE = 0x175,
	WRITE_TIME_HIGH = 0x274,
	MOUNT_TIME_HIGH = 0x275,
	CHECKSUM = 0x3fc,
};

static uint32_t field32(const uint8_t *superblock, enum field field)
{
	const uint8_t *at = superblock + field;

	return csum_le32_get((le32){ { at[0], at[1], at[2], at[3] } });
}

/* The kernel leaves out the last inversion of the CRC. */
static bool is_right(const uint8_t *superblock)
{
	return field32(superblock, CHECKSUM) == (uint32_t)~csum_checksum(CSUM_CRC32C, superblock, CHECKSUM);
}

static uint64_t size_of(const uint8_t *superblock, uint64_t most)
{
	uint64_t blocks = field32(superblock, BLOCKS_LOW);
	uint32_t log = field32(superblock, LOG_BLOCK_SIZE);

	if (field32(superblock, INCOMPAT) & INCOMPAT_64BIT)
		blocks |= (uint64_t)field32(superblock, BLOCKS_HIGH) << 32;
	if (log > LOG_BLOCK_SIZE_MAX)
		return 0;
	return blocks > most >> (10 + log) ? most : blocks << (10 + log);
}

/* "ext4 at 0 was mounted 2026-11-25 10:12". If the last mount was before our last write, it says "written to". */
static void describe(const struct csum_guard_look *look, const struct csum_guard_place *place,
		     const uint8_t *superblock, struct csum_guard_structure *found)
{
	uint64_t mounted = field32(superblock, MOUNT_TIME) | (uint64_t)superblock[MOUNT_TIME_HIGH] << 32;
	uint64_t written = field32(superblock, WRITE_TIME) | (uint64_t)superblock[WRITE_TIME_HIGH] << 32;
	bool by_mount = mounted && mounted >= look->volume->superblock.last_write;
	time_t seconds = (time_t)(by_mount ? mounted : written);
	char date[32] = "";
	struct tm parts;

	if (seconds > 0 && gmtime_r(&seconds, &parts))
		strftime(date, sizeof(date), " %Y-%m-%d %H:%M", &parts);
	snprintf(found->clause, sizeof(found->clause), "ext4 at %" PRIu64 " was %s%s", place->offset_bytes,
		 by_mount ? "mounted" : "written to", date);
}

static void judge(struct csum_guard_look *look, const struct csum_guard_place *place,
		  const struct csum_guard_view *view, struct csum_guard_structure *found)
{
	const uint8_t *superblock = view->bytes;

	if ((field32(superblock, MAGIC_AT) & 0xffff) != MAGIC)
		return;
	found->type = "ext4";
	found->checksummed = (field32(superblock, RO_COMPAT) & RO_COMPAT_METADATA_CSUM) &&
			     superblock[CHECKSUM_TYPE] == CHECKSUM_CRC32C;
	if (found->checksummed && is_right(superblock))
		found->changed = csum_guard_view_changed(look, view, 0, SUPERBLOCK_SIZE);
	if (found->changed != CSUM_GUARD_NO)
		describe(look, place, superblock, found);
	if (!csum_guard_view_matches(view, 0, SUPERBLOCK_SIZE))
		return;
	found->untouched = CSUM_GUARD_YES;
	found->covered_bytes = size_of(superblock, place->size_bytes);
}

int csum_guard_ext(struct csum_guard_look *look, const struct csum_guard_place *place,
		   struct csum_guard_structure *found)
{
	struct csum_guard_view view;
	int error;

	*found = (struct csum_guard_structure){ .type = NULL };
	if (!csum_guard_place_has(place, SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE))
		return 0;
	error = csum_guard_view_read(look, place->offset_bytes + SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, &view);
	if (error)
		return error;
	judge(look, place, &view, found);
	csum_guard_view_free(&view);
	return 0;
}
