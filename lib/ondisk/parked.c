/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ondisk/parked.h"

#include <string.h>

#include "base/checksum.h"

size_t csum_parked_record_size(uint32_t sector_size)
{
	return CSUM_BLOCK_SIZE + (size_t)sector_size;
}

void *csum_parked_content(void *record)
{
	return (uint8_t *)record + CSUM_BLOCK_SIZE;
}

bool csum_parked_has_magic(const void *head)
{
	const struct csum_disk_parked_head *disk = head;

	return memcmp(disk->magic, CSUM_PARKED_MAGIC, sizeof(disk->magic)) == 0;
}

static uint32_t record_crc(const void *record, uint32_t seed_state, uint32_t sector_size)
{
	struct csum_disk_parked_head head;

	memcpy(&head, record, sizeof(head));
	head.crc = csum_le32(0);
	return csum_checksum_crc32(csum_checksum_crc32(seed_state, &head, sizeof(head)),
				   (const uint8_t *)record + CSUM_BLOCK_SIZE, sector_size);
}

bool csum_parked_decode(const void *record, uint32_t seed_state, uint32_t sector_size, struct csum_parked *parked)
{
	const struct csum_disk_parked_head *disk = record;

	*parked = (struct csum_parked){
		.entry = csum_le64_get(disk->entry),
		.owner = csum_le64_get(disk->owner),
		.place = csum_le64_get(disk->place),
	};
	return csum_parked_has_magic(record) && csum_le32_get(disk->crc) == record_crc(record, seed_state, sector_size);
}

void csum_parked_encode(const struct csum_parked *parked, uint32_t seed_state, uint32_t sector_size, void *record)
{
	struct csum_disk_parked_head *disk = record;

	memset(disk, 0, sizeof(*disk));
	memcpy(disk->magic, CSUM_PARKED_MAGIC, sizeof(disk->magic));
	disk->entry = csum_le64(parked->entry);
	disk->owner = csum_le64(parked->owner);
	disk->place = csum_le64(parked->place);
	disk->crc = csum_le32(record_crc(record, seed_state, sector_size));
}
