/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ondisk/journal.h"

#include <string.h>

#include "base/checksum.h"

uint32_t csum_journal_capacity(uint32_t sector_size)
{
	uint64_t fits = (CSUM_JOURNAL_SIZE - CSUM_BLOCK_SIZE) / sector_size;

	return fits < CSUM_JOURNAL_PLACES ? (uint32_t)fits : CSUM_JOURNAL_PLACES;
}

size_t csum_journal_record_size(uint32_t sector_size, uint32_t count)
{
	return CSUM_BLOCK_SIZE + (size_t)count * sector_size;
}

static uint32_t record_crc(const void *record, uint32_t seed_state, uint32_t sector_size, uint32_t count)
{
	struct csum_disk_journal_head head;
	uint32_t state;

	memcpy(&head, record, sizeof(head));
	head.crc = csum_le32(0);
	state = csum_checksum_crc32(seed_state, &head, sizeof(head));
	return csum_checksum_crc32(state, (const uint8_t *)record + CSUM_BLOCK_SIZE, (size_t)count * sector_size);
}

bool csum_journal_head_count(const void *head, uint32_t sector_size, uint32_t *count)
{
	const struct csum_disk_journal_head *disk = head;

	*count = csum_le32_get(disk->count);
	return memcmp(disk->magic, CSUM_JOURNAL_MAGIC, sizeof(disk->magic)) == 0 && *count > 0 &&
	       *count <= csum_journal_capacity(sector_size);
}

static bool groups_distinct(const struct csum_journal *journal)
{
	for (uint32_t i = 0; i < journal->count; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (journal->place[i].group == journal->place[j].group)
				return false;
		}
	}
	return true;
}

const char *csum_journal_decode(const void *record, uint32_t seed_state, uint32_t sector_size,
				struct csum_journal *journal)
{
	const struct csum_disk_journal_head *disk = record;

	journal->session = csum_le64_get(disk->session);
	if (!csum_journal_head_count(record, sector_size, &journal->count))
		return "no journal record";
	if (record_crc(record, seed_state, sector_size, journal->count) != csum_le32_get(disk->crc))
		return "checksum of the journal record wrong";
	for (uint32_t i = 0; i < journal->count; i++) {
		uint32_t copy = csum_le32_get(disk->place[i].copy);

		if (copy > 1)
			return "journal record names a copy that is neither 0 nor 1";
		journal->place[i] = (struct csum_journal_place){ csum_le64_get(disk->place[i].group), (int)copy };
	}
	return groups_distinct(journal) ? NULL : "journal record names a group twice";
}

void csum_journal_encode(const struct csum_journal *journal, uint32_t seed_state, uint32_t sector_size, void *record)
{
	struct csum_disk_journal_head *disk = record;

	memset(disk, 0, sizeof(*disk));
	memcpy(disk->magic, CSUM_JOURNAL_MAGIC, sizeof(disk->magic));
	disk->count = csum_le32(journal->count);
	disk->session = csum_le64(journal->session);
	for (uint32_t i = 0; i < journal->count; i++) {
		disk->place[i].group = csum_le64(journal->place[i].group);
		disk->place[i].copy = csum_le32((uint32_t)journal->place[i].copy);
	}
	disk->crc = csum_le32(record_crc(record, seed_state, sector_size, journal->count));
}

void *csum_journal_image(void *record, uint32_t sector_size, uint32_t index)
{
	return (uint8_t *)record + csum_journal_record_size(sector_size, index);
}
