/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ondisk/imd.h"

#include <string.h>

#include "base/checksum.h"

static const struct csum_disk_imd *header(const void *sector)
{
	return sector;
}

uint32_t csum_imd_generation(const void *sector)
{
	return csum_le32_get(header(sector)->generation);
}

uint32_t csum_imd_stored_group(const void *sector)
{
	return csum_le32_get(header(sector)->group);
}

uint32_t csum_imd_stored_crc(const void *sector)
{
	return csum_le32_get(header(sector)->crc);
}

bool csum_imd_has_magic(const void *sector)
{
	return memcmp(header(sector)->magic, CSUM_IMD_MAGIC, sizeof(header(sector)->magic)) == 0;
}

void csum_imd_set_entry(void *sector, uint32_t index, uint64_t entry)
{
	struct csum_disk_imd *imd = sector;

	imd->entry[index] = csum_le64(entry);
}

uint32_t csum_imd_crc(struct csum_imd_place place, const void *sector)
{
	struct {
		le64 group;
		uint8_t copy;
		uint8_t magic[4];
		le32 crc;
	} prefix = { csum_le64(place.group), (uint8_t)place.copy, { 0 }, csum_le32(0) };
	const size_t start = offsetof(struct csum_disk_imd, generation);
	uint32_t state;

	static_assert(sizeof(prefix) == 17, "no padding before the CRC's input");
	memcpy(prefix.magic, header(sector)->magic, sizeof(prefix.magic));
	state = csum_checksum_crc32(place.seed_state, &prefix, sizeof(prefix));
	return csum_checksum_crc32(state, (const uint8_t *)sector + start, place.sector_size - start);
}

enum csum_imd_verdict csum_imd_verify(struct csum_imd_place place, const void *sector)
{
	uint32_t stored = csum_imd_stored_crc(sector);
	struct csum_imd_place elsewhere = place;

	elsewhere.group = (place.group & ~UINT64_C(0xffffffff)) | csum_imd_stored_group(sector);
	if (!csum_imd_has_magic(sector))
		return CSUM_IMD_NO_MAGIC;
	if (stored == csum_imd_crc(place, sector))
		return elsewhere.group == place.group ? CSUM_IMD_VALID : CSUM_IMD_WRONG_GROUP;
	for (elsewhere.copy = 0; elsewhere.copy < 2; elsewhere.copy++) {
		if (stored == csum_imd_crc(elsewhere, sector))
			return CSUM_IMD_WRONG_GROUP;
	}
	return CSUM_IMD_WRONG_CRC;
}

void csum_imd_seal(struct csum_imd_place place, uint32_t generation, void *sector)
{
	struct csum_disk_imd *imd = sector;

	memcpy(imd->magic, CSUM_IMD_MAGIC, sizeof(imd->magic));
	imd->generation = csum_le32(generation);
	imd->group = csum_le32((uint32_t)place.group);
	imd->crc = csum_le32(csum_imd_crc(place, sector));
}

bool csum_imd_same_entries(const void *a, const void *b, uint32_t sector_size)
{
	return memcmp((const uint8_t *)a + CSUM_IMD_HEADER_SIZE, (const uint8_t *)b + CSUM_IMD_HEADER_SIZE,
		      sector_size - CSUM_IMD_HEADER_SIZE) == 0;
}

int csum_imd_compare_generations(uint32_t a, uint32_t b)
{
	uint32_t distance = a - b;

	if (distance == 0 || distance == UINT32_C(0x80000000))
		return 0;
	return distance < UINT32_C(0x80000000) ? 1 : -1;
}

int csum_imd_newer_copy(const enum csum_imd_verdict verdict[2], const uint32_t generation[2])
{
	if (verdict[0] == CSUM_IMD_VALID && verdict[1] == CSUM_IMD_VALID)
		return csum_imd_compare_generations(generation[0], generation[1]) > 0 ? 0 : 1;
	if (verdict[1] == CSUM_IMD_VALID)
		return 1;
	return verdict[0] == CSUM_IMD_VALID ? 0 : -1;
}

const char *csum_imd_verdict_name(enum csum_imd_verdict verdict)
{
	static const char *const names[] = {
		[CSUM_IMD_VALID] = "valid",
		[CSUM_IMD_NO_MAGIC] = "no imd magic",
		[CSUM_IMD_WRONG_GROUP] = "belongs to another place",
		[CSUM_IMD_WRONG_CRC] = "checksum of the imd sector wrong",
		[CSUM_IMD_UNREADABLE] = "unreadable",
		[CSUM_IMD_MISSING] = "beyond the end of the device",
	};

	return verdict <= CSUM_IMD_MISSING ? names[verdict] : NULL;
}
