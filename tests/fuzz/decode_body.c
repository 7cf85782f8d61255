/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/decode_body.h"

#include <inttypes.h>
#include <string.h>

#include "fuzz/disks.h"
#include "ondisk/imd.h"
#include "ondisk/journal.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"
#include "ondisk/superblock.h"
#include "support/bytes.h"

#define SEED_STATE UINT32_C(0x12345678)
#define GROUP UINT64_C(0x100000005)

/* Puts the rest of the input over the bytes; its first two bytes say at which place. */
static void overlay(uint8_t *bytes, size_t size, const uint8_t *input, size_t input_size)
{
	size_t at;

	if (input_size < 2)
		return;
	at = (size_t)get_le(input, 2) % size;
	input_size -= 2;
	if (input_size)
		memcpy(bytes + at, input + 2, input_size < size - at ? input_size : size - at);
}

/* ------------------------------------------------------------------ superblocks */

static void make_superblock(uint8_t how, uint8_t *block)
{
	uint32_t sector_size = how & DECODE_LARGE ? 4096 : 512;
	bool external = how & DECODE_EXTERNAL;
	struct csum_superblock superblock = {
		.version_major = CSUM_FORMAT_MAJOR,
		.generation = 7,
		.features_incompat = external ? CSUM_INCOMPAT_EXTERNAL : 0,
		.checksum_type = CSUM_CRC64,
		.journal_offset = CSUM_JOURNAL_OFFSET,
		.journal_size = CSUM_JOURNAL_SIZE,
		.clusters_offset = CSUM_CLUSTERS_OFFSET,
		.state = CSUM_STATE_ACTIVE,
		.intent_count = 2,
	};

	if (csum_layout_derive(sector_size, 3, external, 20 << 20, external ? 50 << 20 : 0, &superblock.geometry))
		fuzz_fail("no such geometry");
	csum_superblock_encode(&superblock, block);
}

static void check_imd_places(const struct csum_geometry *geometry, uint64_t group)
{
	uint64_t end = csum_layout_backup_offset(geometry->metadata_device_bytes);

	for (int copy = 0; copy < 2; copy++) {
		uint64_t offset = csum_layout_imd_offset(geometry, group, copy);

		if (offset < CSUM_CLUSTERS_OFFSET || offset > end - geometry->sector_size)
			fuzz_fail("imd sector %" PRIu64 ".%d lies at %" PRIu64, group, copy, offset);
	}
}

static void check_data_place(const struct csum_geometry *geometry, uint64_t sector)
{
	uint64_t offset = csum_layout_data_offset(geometry, sector);
	uint64_t begin = geometry->external ? 0 : CSUM_CLUSTERS_OFFSET;
	uint64_t end = geometry->external ? geometry->data_device_bytes :
					    csum_layout_backup_offset(geometry->metadata_device_bytes);

	if (offset < begin || offset > end - geometry->sector_size)
		fuzz_fail("data sector %" PRIu64 " lies at %" PRIu64, sector, offset);
}

/* Asserts that all places of an accepted superblock lie inside its devices. */
static void check_accepted(const struct csum_superblock *superblock)
{
	const struct csum_geometry *geometry = &superblock->geometry;

	if (geometry->groups == 0 || geometry->clusters == 0 || geometry->data_sectors == 0 ||
	    !csum_checksum_name((enum csum_checksum_type)superblock->checksum_type))
		fuzz_fail("accepted: %" PRIu64 " groups, checksum type %" PRIu32, geometry->groups,
			  superblock->checksum_type);
	if (superblock->intent_first + superblock->intent_count > geometry->groups ||
	    superblock->intent_first + superblock->intent_count < superblock->intent_first)
		fuzz_fail("accepted: intent %" PRIu64 " + %" PRIu64, superblock->intent_first,
			  superblock->intent_count);
	check_imd_places(geometry, 0);
	check_imd_places(geometry, geometry->groups / 2);
	check_imd_places(geometry, geometry->groups - 1);
	check_data_place(geometry, 0);
	check_data_place(geometry, geometry->data_sectors / 2);
	check_data_place(geometry, geometry->data_sectors - 1);
}

/*
 * Whether both are equal but for the CRC and fields that are not written again, as they are of another session or
 * empty.
 */
static bool is_same(const uint8_t *block, const uint8_t *again)
{
	bool is_void = memcmp(block + 264, block + 416, 8) != 0;
	size_t end = is_void ? 464 : 424;

	return memcmp(block + 12, again + 12, 416 - 12) == 0 &&
	       memcmp(block + end, again + end, CSUM_BLOCK_SIZE - end) == 0;
}

static void try_superblock(uint8_t how, const uint8_t *input, size_t size)
{
	uint8_t block[CSUM_BLOCK_SIZE], again[CSUM_BLOCK_SIZE];
	struct csum_superblock superblock;
	char reason[256] = "";

	make_superblock(how, block);
	overlay(block, sizeof(block), input, size);
	if (how & DECODE_FIX) {
		put_le(block + 8, 4, 0);
		put_le(block + 8, 4, zlib_crc32(0, block, sizeof(block)));
	}
	if (!csum_superblock_decode(block, &superblock))
		return;
	csum_superblock_encode(&superblock, again);
	if (!is_same(block, again))
		fuzz_fail("a superblock changes when it is decoded and encoded");
	if (!csum_superblock_decode(again, &superblock))
		fuzz_fail("a superblock that was encoded is none");
	csum_superblock_encode(&superblock, block);
	if (memcmp(block, again, sizeof(block)) != 0)
		fuzz_fail("a superblock changes when it is decoded and encoded again");
	if (!csum_superblock_check(&superblock, reason, sizeof(reason)))
		check_accepted(&superblock);
	else if (!reason[0] || !memchr(reason, 0, sizeof(reason)))
		fuzz_fail("a superblock is refused without a reason");
}

/* ------------------------------------------------------------------ journal */

static struct csum_imd_place place_of(const struct csum_journal_place *place, uint32_t sector_size)
{
	return (struct csum_imd_place){ SEED_STATE, sector_size, place->group, place->copy };
}

static void make_record(uint32_t sector_size, uint8_t *record)
{
	struct csum_journal journal = { .count = 3, .session = 5 };

	for (uint32_t i = 0; i < journal.count; i++) {
		journal.place[i] = (struct csum_journal_place){ GROUP + i, (int)(i % 2) };
		csum_imd_seal(place_of(&journal.place[i], sector_size), i, csum_journal_image(record, sector_size, i));
	}
	csum_journal_encode(&journal, SEED_STATE, sector_size, record);
}

static void check_record(const struct csum_journal *journal, uint8_t *record, uint32_t sector_size)
{
	if (journal->count == 0 || journal->count > csum_journal_capacity(sector_size) ||
	    csum_journal_record_size(sector_size, journal->count) > CSUM_JOURNAL_SIZE)
		fuzz_fail("a record of %" PRIu32 " images", journal->count);
	for (uint32_t i = 0; i < journal->count; i++) {
		const uint8_t *image = csum_journal_image(record, sector_size, i);

		if (journal->place[i].copy != 0 && journal->place[i].copy != 1)
			fuzz_fail("a record for copy %d", journal->place[i].copy);
		if (!csum_imd_verdict_name(csum_imd_verify(place_of(&journal->place[i], sector_size), image)))
			fuzz_fail("a verdict without a name");
	}
}

static void try_journal(uint8_t how, const uint8_t *input, size_t size)
{
	static uint8_t record[CSUM_JOURNAL_SIZE];
	uint32_t sector_size = how & DECODE_LARGE ? 4096 : 512, count;
	struct csum_journal journal;

	memset(record, 0, csum_journal_record_size(sector_size, 4));
	make_record(sector_size, record);
	overlay(record, csum_journal_record_size(sector_size, 3), input, size);
	if (!csum_journal_head_count(record, sector_size, &count))
		return;
	if (how & DECODE_FIX) {
		put_le(record + 8, 4, 0);
		put_le(record + 8, 4, zlib_crc32(SEED_STATE, record, csum_journal_record_size(sector_size, count)));
	}
	if (!csum_journal_decode(record, SEED_STATE, sector_size, &journal))
		check_record(&journal, record, sector_size);
	/* Behind the three images that were there lie zeros, which must be zeros again. */
	memset(record, 0, csum_journal_record_size(sector_size, 4));
}

/* ------------------------------------------------------------------ imd */

static void try_imd(uint8_t how, const uint8_t *input, size_t size)
{
	uint32_t sector_size = how & DECODE_LARGE ? 4096 : 512;
	const struct csum_imd_place place = { SEED_STATE, sector_size, GROUP, how & DECODE_EXTERNAL ? 1 : 0 };
	uint8_t sector[4096] = { 0 };
	enum csum_imd_verdict verdict;

	csum_imd_seal(place, 9, sector);
	overlay(sector, sector_size, input, size);
	if (how & DECODE_FIX)
		put_le(sector + 4, 4, csum_imd_crc(place, sector));
	verdict = csum_imd_verify(place, sector);
	if (verdict == CSUM_IMD_VALID &&
	    (get_le(sector + 12, 4) != (GROUP & UINT32_MAX) || !csum_imd_has_magic(sector)))
		fuzz_fail("an imd sector of group %" PRIu64 " is valid", get_le(sector + 12, 4));
	if (how & DECODE_FIX && verdict == CSUM_IMD_WRONG_CRC)
		fuzz_fail("an imd sector's CRC is made right and is wrong");
}

void decode_body(const uint8_t *input, size_t size)
{
	if (size == 0)
		return;
	switch (input[0] & 3) {
	case DECODE_SUPERBLOCK:
		try_superblock(input[0], input + 1, size - 1);
		break;
	case DECODE_JOURNAL:
		try_journal(input[0], input + 1, size - 1);
		break;
	default:
		try_imd(input[0], input + 1, size - 1);
		break;
	}
}

void decode_body_seeds(void (*seed)(void *user, const uint8_t *input, size_t size), void *user)
{
	static const uint16_t places[] = { 0, 12, 16, 80, 84, 88, 92, 96, 104, 112, 144, 256, 272, 280, 500 };
	uint8_t input[11];

	for (unsigned int how = 0; how < 2 * DECODE_EXTERNAL; how++) {
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			memset(input, (int)i, sizeof(input));
			input[0] = (uint8_t)how;
			put_le(input + 1, 2, places[i]);
			seed(user, input, i % 3 == 0 ? 3 : sizeof(input));
		}
	}
}
