/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* btrfs: a superblock of 4096 bytes at 64 KiB, with copies; each commit writes all that the device has room for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/le.h"
#include "base/util.h"
#include "guard/structure.h"

#define SUPERBLOCK_SIZE 4096u
#define MAGIC "_BHRfS_M"
#define MAGIC_SIZE 8u
#define CHECKSUMMED_FROM 32u
#define CHECKSUM_CRC32C 0u

enum { COPIES = 3 };

static const uint64_t copy_offset[COPIES] = { UINT64_C(64) << 10, UINT64_C(64) << 20, UINT64_C(256) << 30 };

enum field {
	CHECKSUM = 0x0,
	MAGIC_AT = 0x40,
	CHECKSUM_TYPE = 0xc4,
	/* The size of this device: the file system has a field with the size of all its devices together. */
	DEVICE_SIZE = 0xd1,
};

static bool is_superblock(const uint8_t *bytes)
{
	return memcmp(bytes + MAGIC_AT, MAGIC, MAGIC_SIZE) == 0;
}

static bool is_checksummed(const uint8_t *bytes)
{
	return bytes[CHECKSUM_TYPE] == CHECKSUM_CRC32C && bytes[CHECKSUM_TYPE + 1] == 0;
}

static bool is_right(const uint8_t *bytes)
{
	const uint8_t *at = bytes + CHECKSUM;

	return csum_le32_get((le32){ { at[0], at[1], at[2], at[3] } }) ==
	       csum_checksum(CSUM_CRC32C, bytes + CHECKSUMMED_FROM, SUPERBLOCK_SIZE - CHECKSUMMED_FROM);
}

static uint64_t device_size(const uint8_t *bytes)
{
	le64 size;

	memcpy(&size, bytes + DEVICE_SIZE, sizeof(size));
	return csum_le64_get(size);
}

/* The facts that the copies of the superblock give together. */
struct copies {
	bool first_held; /* the first copy matches, is dead or near */
	bool matches; /* one of the copies does, with a magic */
	uint64_t size_bytes; /* from the first copy that matches */
};

/* The magic is looked for, too: a sector that matches may be left of another file system. Heals the view. */
static bool is_held(const struct csum_guard_look *look, struct csum_guard_view *view)
{
	if (!csum_guard_view_nearly(look, view, 0, SUPERBLOCK_SIZE))
		return false;
	csum_guard_view_heal(look, view);
	return is_superblock(view->bytes) || csum_guard_view_dead(view, MAGIC_AT, MAGIC_AT + MAGIC_SIZE);
}

static void judge(struct csum_guard_look *look, const struct csum_guard_place *place,
		  const struct csum_guard_view *view, struct copies *copies, struct csum_guard_structure *found)
{
	enum csum_guard_answer changed = CSUM_GUARD_NO;

	if (!is_superblock(view->bytes))
		return;
	found->type = "btrfs";
	found->checksummed |= is_checksummed(view->bytes);
	if (is_checksummed(view->bytes) && is_right(view->bytes))
		changed = csum_guard_view_changed(look, view, 0, SUPERBLOCK_SIZE);
	if (changed > found->changed) {
		found->changed = changed;
		snprintf(found->clause, sizeof(found->clause), "the btrfs at %" PRIu64 " was written to",
			 place->offset_bytes);
	}
	if (!copies->matches && csum_guard_view_matches(view, 0, SUPERBLOCK_SIZE)) {
		copies->matches = true;
		copies->size_bytes = device_size(view->bytes);
	}
}

int csum_guard_btrfs(struct csum_guard_look *look, const struct csum_guard_place *place,
		     struct csum_guard_structure *found)
{
	struct copies copies = { .first_held = false };
	struct csum_guard_view view;
	int error;

	*found = (struct csum_guard_structure){ .type = NULL };
	for (int copy = 0; copy < COPIES; copy++) {
		if (!csum_guard_place_has(place, copy_offset[copy], SUPERBLOCK_SIZE))
			break;
		error = csum_guard_view_read(look, place->offset_bytes + copy_offset[copy], SUPERBLOCK_SIZE, &view);
		if (error)
			return error;
		judge(look, place, &view, &copies, found);
		if (copy == 0)
			copies.first_held = is_held(look, &view);
		csum_guard_view_free(&view);
	}
	if (!copies.first_held || !copies.matches)
		return 0;
	found->untouched = CSUM_GUARD_YES;
	found->covered_bytes = csum_min_u64(copies.size_bytes, place->size_bytes);
	return 0;
}
