/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"
#include "support/bytes.h"

void damage_look_init(struct damage_look *look, const struct damage_volume *base)
{
	look->meaning = calloc(1, base->geometry.data_sectors);
	look->lost = calloc(1, base->geometry.groups);
	look->sound = calloc(1, base->geometry.groups);
	assert_true(look->meaning && look->lost && look->sound);
}

void damage_look_free(struct damage_look *look)
{
	free(look->meaning);
	free(look->lost);
	free(look->sound);
}

static const uint8_t *imd_bytes(const struct damage_volume *base, uint64_t imd)
{
	return base->metadata->bytes + damage_imd_offset(base, imd);
}

/* Whether an imd sector is valid by section 4 of format.md. */
static bool imd_valid(const struct damage_volume *base, uint64_t imd)
{
	uint32_t size = base->geometry.sector_size, crc;
	const uint8_t *bytes = imd_bytes(base, imd);
	uint8_t before[25], zeros[4] = { 0 };

	if (!memory_disk_readable(base->metadata, damage_imd_offset(base, imd), size) || memcmp(bytes, "IMD1", 4) != 0)
		return false;
	memset(before, DAMAGE_SEED_BYTE, 16);
	put_le(before + 16, 8, imd / 2);
	before[24] = (uint8_t)(imd % 2);
	crc = zlib_crc32(zlib_crc32(0, before, sizeof(before)), bytes, 4);
	crc = zlib_crc32(zlib_crc32(crc, zeros, sizeof(zeros)), bytes + 8, size - 8);
	return crc == get_le(bytes + 4, 4) && get_le(bytes + 12, 4) == imd / 2;
}

/* Returns the newer copy of a group; NULL: the group is lost. */
static const uint8_t *look_at_group(struct damage_look *look, const struct damage_volume *base, uint64_t group)
{
	bool valid[2] = { imd_valid(base, 2 * group), imd_valid(base, 2 * group + 1) };
	const uint8_t *copy[2] = { imd_bytes(base, 2 * group), imd_bytes(base, 2 * group + 1) };
	uint32_t ahead = (uint32_t)get_le(copy[1] + 8, 4) - (uint32_t)get_le(copy[0] + 8, 4);

	look->lost[group] = !valid[0] && !valid[1];
	look->sound[group] = valid[0] && valid[1] && ahead != 0 &&
			     memcmp(copy[0] + 16, copy[1] + 16, base->geometry.sector_size - 16) == 0;
	if (valid[0] && valid[1])
		return copy[ahead <= UINT32_MAX / 2 + 1];
	return valid[0] ? copy[0] : valid[1] ? copy[1] : NULL;
}

/* By section 5 of format.md an entry of 0 means zeros, whatever is stored. */
static void look_at_data(struct damage_look *look, const struct damage_volume *base, uint64_t group,
			 const uint8_t *newer)
{
	uint64_t first = csum_layout_first_sector(&base->geometry, group);
	uint32_t size = base->geometry.sector_size;

	for (uint32_t i = 0; i < csum_layout_group_sectors(&base->geometry, group); i++) {
		uint64_t offset = csum_layout_data_offset(&base->geometry, first + i);
		bool readable = memory_disk_readable(base->data, offset, size);

		look->meaning[first + i] = newer && get_le(newer + 16 + 8 * i, 8) != 0 &&
					   (!readable || !damage_right(base, first + i, base->data->bytes + offset));
	}
}

static bool slot_valid(const struct damage_volume *base, int slot)
{
	uint64_t offset = damage_slot_offset(base, slot);
	const uint8_t *bytes = base->metadata->bytes + offset;
	uint8_t zeros[4] = { 0 };
	uint32_t crc = zlib_crc32(0, bytes, 8);

	crc = zlib_crc32(zlib_crc32(crc, zeros, 4), bytes + 12, 4084);
	return memory_disk_readable(base->metadata, offset, 4096) && memcmp(bytes, "CSUMVOL\x1a", 8) == 0 &&
	       crc == get_le(bytes + 8, 4);
}

void damage_look(struct damage_look *look, const struct damage_volume *base)
{
	for (uint64_t group = 0; group < base->geometry.groups; group++)
		look_at_data(look, base, group, look_at_group(look, base, group));
	for (int slot = 0; slot < 3; slot++)
		look->slot_valid[slot] = slot_valid(base, slot);
}
