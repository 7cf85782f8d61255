/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The superblock as bytes. test_superblock_check.c has the reasons to refuse a volume. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/superblock.h"
#include "support/bytes.h"

enum { BLOCK = 4096 };

static void fix_crc(uint8_t *block)
{
	put_le(block + 8, 4, 0);
	put_le(block + 8, 4, zlib_crc32(0, block, BLOCK));
}

/* The static fields of the format's table, at their offsets, each with a value of its own. */
static void put_static_fields(uint8_t *block)
{
	static const uint8_t magic[8] = { 0x43, 0x53, 0x55, 0x4d, 0x56, 0x4f, 0x4c, 0x1a };

	memcpy(block, magic, 8);
	put_le(block + 12, 2, 1); /* major */
	put_le(block + 14, 2, 0x0203); /* minor */
	put_le(block + 16, 8, UINT64_C(0x1112131415161718)); /* generation */
	for (int i = 0; i < 16; i++) {
		block[24 + i] = (uint8_t)(0xa0 + i); /* UUID */
		block[128 + i] = (uint8_t)(0xb0 + i); /* seed */
	}
	memset(block + 40, 0, 32);
	memcpy(block + 40, "a label", 7);
	put_le(block + 72, 4, 0x21222324); /* compat */
	put_le(block + 76, 4, 0x31323334); /* ro_compat */
	put_le(block + 80, 4, 0x41424345); /* incompat, with bit 0: external */
	put_le(block + 84, 4, 4096); /* sector size */
	put_le(block + 88, 4, 3); /* checksum type */
	put_le(block + 92, 4, 0x51525354); /* interleave */
	put_le(block + 96, 8, UINT64_C(0x6162636465666768)); /* data_sectors */
	put_le(block + 104, 8, UINT64_C(0x7172737475767778)); /* device size */
	put_le(block + 112, 8, UINT64_C(0x8182838485868788)); /* data device size */
	put_le(block + 120, 8, UINT64_C(0x9192939495969798)); /* created */
	put_le(block + 144, 8, 65536); /* journal offset */
	put_le(block + 152, 8, 458752); /* journal size */
	put_le(block + 160, 8, 1048576); /* clusters */
	put_le(block + 168, 4, 0xa1a2a3a4); /* physical sector size */
	memset(block + 176, 0, 64);
	memcpy(block + 176, "PARTUUID=0123", 13);
}

/* And the dynamic ones. */
static void put_dynamic_fields(uint8_t *block)
{
	put_le(block + 256, 4, 1); /* state */
	for (int i = 0; i < 4; i++)
		put_le(block + 264 + 8 * i, 8, UINT64_C(0x0100000000000000) + i); /* session, intent, last write */
	for (int i = 0; i < 14; i++)
		put_le(block + 296 + 8 * i, 8, UINT64_C(0x0200000000000000) + i); /* both scrub records */
	put_le(block + 416, 8, UINT64_C(0x0100000000000000)); /* the session of the fields below */
	put_le(block + 424, 8, UINT64_C(0x0300000000000000)); /* end of the content */
	put_le(block + 432, 8, UINT64_C(0x0300000000000001)); /* data file: modification time */
	put_le(block + 440, 8, UINT64_C(0x0300000000000002)); /* data file: size */
	for (int i = 0; i < 16; i++)
		block[448 + i] = (uint8_t)(0xc0 + i); /* undo id */
	put_le(block + 464, 8, UINT64_C(0x0300000000000003)); /* held since */
	put_le(block + 472, 4, 2); /* reason of that */
	for (int i = 0; i < 4; i++) {
		put_le(block + 480 + 40 * i, 8, UINT64_C(0x0400000000000000) + i); /* signature: offset */
		memset(block + 488 + 40 * i, 0, 24);
		memcpy(block + 488 + 40 * i, "linux_raid_member", 17); /* type */
		put_le(block + 512 + 40 * i, 8, UINT64_C(0x0500000000000000) + i); /* UUID */
	}
}

/* Every field. The bytes between them are left as they are. */
static void put_fields(uint8_t *block)
{
	put_static_fields(block);
	put_dynamic_fields(block);
}

/* The same fields, in memory. */
static struct csum_superblock static_fields(void)
{
	struct csum_superblock superblock = {
		.version_major = 1,
		.version_minor = 0x0203,
		.generation = UINT64_C(0x1112131415161718),
		.label = "a label",
		.features_compat = 0x21222324,
		.features_ro_compat = 0x31323334,
		.features_incompat = 0x41424345,
		.checksum_type = 3,
		.geometry = {
			.sector_size = 4096,
			.interleave = 0x51525354,
			.external = true,
			.data_sectors = UINT64_C(0x6162636465666768),
			.metadata_device_bytes = UINT64_C(0x7172737475767778),
			.data_device_bytes = UINT64_C(0x8182838485868788),
		},
		.created = UINT64_C(0x9192939495969798),
		.journal_offset = 65536,
		.journal_size = 458752,
		.clusters_offset = 1048576,
		.physical_sector_size = 0xa1a2a3a4,
		.data_identity = "PARTUUID=0123",
	};

	for (int i = 0; i < 16; i++) {
		superblock.uuid[i] = (uint8_t)(0xa0 + i);
		superblock.seed[i] = (uint8_t)(0xb0 + i);
	}
	return superblock;
}

static struct csum_superblock fields(void)
{
	const uint64_t scrub = UINT64_C(0x0200000000000000);
	struct csum_superblock superblock = static_fields();

	superblock.state = 1;
	superblock.session = UINT64_C(0x0100000000000000);
	superblock.intent_first = UINT64_C(0x0100000000000001);
	superblock.intent_count = UINT64_C(0x0100000000000002);
	superblock.last_write = UINT64_C(0x0100000000000003);
	superblock.last_scrub = (struct csum_scrub_record){
		scrub, scrub + 1, 0, { scrub + 2, scrub + 3, scrub + 4, scrub + 5, scrub + 6 }
	};
	superblock.current_scrub = (struct csum_scrub_record){
		scrub + 7, 0, scrub + 8, { scrub + 9, scrub + 10, scrub + 11, scrub + 12, scrub + 13 }
	};
	superblock.record.content_end_bytes = UINT64_C(0x0300000000000000);
	superblock.record.file_mtime_ns = UINT64_C(0x0300000000000001);
	superblock.record.file_size_bytes = UINT64_C(0x0300000000000002);
	superblock.record.held_since = UINT64_C(0x0300000000000003);
	superblock.record.held_reason = CSUM_HELD_UNDECIDED;
	for (int i = 0; i < 16; i++)
		superblock.record.undo_id[i] = (uint8_t)(0xc0 + i);
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++)
		superblock.record.signatures[i] = (struct csum_recorded_signature){ UINT64_C(0x0400000000000000) + i,
										    "linux_raid_member",
										    UINT64_C(0x0500000000000000) + i };
	return superblock;
}

static void test_encode_known_bytes(void **state)
{
	const struct csum_superblock superblock = fields();
	uint8_t expected[BLOCK] = { 0 }, block[BLOCK];

	(void)state;
	put_fields(expected);
	fix_crc(expected);
	memset(block, 0x5a, sizeof(block));
	csum_superblock_encode(&superblock, block);
	assert_memory_equal(block, expected, BLOCK);
}

static void assert_totals(const struct csum_scrub_totals *a, const struct csum_scrub_totals *b)
{
	assert_int_equal(a->verified, b->verified);
	assert_int_equal(a->unwritten, b->unwritten);
	assert_int_equal(a->repaired, b->repaired);
	assert_int_equal(a->left_bad, b->left_bad);
	assert_int_equal(a->imd_repaired, b->imd_repaired);
}

static void assert_static(const struct csum_superblock *a, const struct csum_superblock *b)
{
	assert_memory_equal(a->uuid, b->uuid, sizeof(a->uuid));
	assert_string_equal(a->label, b->label);
	assert_int_equal(a->features_compat, b->features_compat);
	assert_int_equal(a->features_ro_compat, b->features_ro_compat);
	assert_int_equal(a->features_incompat, b->features_incompat);
	assert_int_equal(a->checksum_type, b->checksum_type);
	assert_int_equal(a->geometry.sector_size, b->geometry.sector_size);
	assert_int_equal(a->geometry.interleave, b->geometry.interleave);
	assert_int_equal(a->geometry.external, b->geometry.external);
	assert_int_equal(a->geometry.data_sectors, b->geometry.data_sectors);
	assert_int_equal(a->geometry.metadata_device_bytes, b->geometry.metadata_device_bytes);
	assert_int_equal(a->geometry.data_device_bytes, b->geometry.data_device_bytes);
	assert_int_equal(a->created, b->created);
	assert_memory_equal(a->seed, b->seed, sizeof(a->seed));
	assert_int_equal(a->journal_offset, b->journal_offset);
	assert_int_equal(a->journal_size, b->journal_size);
	assert_int_equal(a->clusters_offset, b->clusters_offset);
	assert_int_equal(a->physical_sector_size, b->physical_sector_size);
	assert_string_equal(a->data_identity, b->data_identity);
}

static void assert_state(const struct csum_superblock *a, const struct csum_superblock *b)
{
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->session, b->session);
	assert_int_equal(a->intent_first, b->intent_first);
	assert_int_equal(a->intent_count, b->intent_count);
	assert_int_equal(a->last_write, b->last_write);
	assert_int_equal(a->last_scrub.started, b->last_scrub.started);
	assert_int_equal(a->last_scrub.ended, b->last_scrub.ended);
	assert_int_equal(a->last_scrub.next_group, b->last_scrub.next_group);
	assert_totals(&a->last_scrub.totals, &b->last_scrub.totals);
	assert_int_equal(a->current_scrub.started, b->current_scrub.started);
	assert_int_equal(a->current_scrub.ended, b->current_scrub.ended);
	assert_int_equal(a->current_scrub.next_group, b->current_scrub.next_group);
	assert_totals(&a->current_scrub.totals, &b->current_scrub.totals);
	assert_int_equal(a->record.content_end_bytes, b->record.content_end_bytes);
	assert_int_equal(a->record.file_mtime_ns, b->record.file_mtime_ns);
	assert_int_equal(a->record.file_size_bytes, b->record.file_size_bytes);
	assert_memory_equal(a->record.undo_id, b->record.undo_id, sizeof(a->record.undo_id));
	assert_int_equal(a->record.held_since, b->record.held_since);
	assert_int_equal(a->record.held_reason, b->record.held_reason);
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++) {
		assert_int_equal(a->record.signatures[i].offset_bytes, b->record.signatures[i].offset_bytes);
		assert_string_equal(a->record.signatures[i].type, b->record.signatures[i].type);
		assert_int_equal(a->record.signatures[i].uuid, b->record.signatures[i].uuid);
	}
}

static void test_decode_known_bytes(void **state)
{
	const struct csum_superblock expected = fields();
	struct csum_superblock superblock;
	uint8_t block[BLOCK] = { 0 };

	(void)state;
	put_fields(block);
	fix_crc(block);
	memset(&superblock, 0x5a, sizeof(superblock));
	assert_true(csum_superblock_decode(block, &superblock));
	assert_int_equal(superblock.version_major, expected.version_major);
	assert_int_equal(superblock.version_minor, expected.version_minor);
	assert_int_equal(superblock.generation, expected.generation);
	assert_static(&superblock, &expected);
	assert_state(&superblock, &expected);
	/* These are unknown before the other fields are checked. */
	assert_int_equal(superblock.geometry.groups, 0);
	assert_int_equal(superblock.geometry.clusters, 0);
	assert_int_equal(superblock.geometry.sectors_per_group, 0);
}

/* Bytes that a later minor version put into reserved places survive a rewrite, and the CRC covers them. */
static void test_reserved_bytes_are_kept(void **state)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK], again[BLOCK];

	(void)state;
	fill_random(block, sizeof(block), 4);
	put_fields(block);
	fix_crc(block);
	assert_true(csum_superblock_decode(block, &superblock));
	csum_superblock_encode(&superblock, again);
	assert_memory_equal(again, block, BLOCK);

	superblock.generation++;
	superblock.session++;
	superblock.state = 0;
	csum_superblock_encode(&superblock, again);
	put_le(block + 16, 8, UINT64_C(0x1112131415161719));
	put_le(block + 256, 4, 0);
	put_le(block + 264, 8, UINT64_C(0x0100000000000001));
	put_le(block + 416, 8, UINT64_C(0x0100000000000001)); /* the fields below belong to the session */
	fix_crc(block);
	assert_memory_equal(again, block, BLOCK);
}

/* An older build has written since: fields that it does not update are void, the others are not. */
static void test_record_of_another_session(void **state)
{
	const struct csum_superblock expected = fields();
	const uint8_t none[16] = { 0 };
	struct csum_superblock superblock;
	uint8_t block[BLOCK] = { 0 };

	(void)state;
	put_fields(block);
	put_le(block + 264, 8, UINT64_C(0x0100000000000001));
	fix_crc(block);
	assert_true(csum_superblock_decode(block, &superblock));
	assert_int_equal(superblock.record.content_end_bytes, 0);
	assert_int_equal(superblock.record.file_mtime_ns, 0);
	assert_int_equal(superblock.record.file_size_bytes, 0);
	assert_memory_equal(superblock.record.undo_id, none, sizeof(none));
	assert_int_equal(superblock.record.held_since, expected.record.held_since);
	assert_int_equal(superblock.record.held_reason, expected.record.held_reason);
	assert_string_equal(superblock.record.signatures[3].type, "linux_raid_member");
	csum_superblock_encode(&superblock, block);
	for (size_t i = 416; i < 464; i++)
		assert_int_equal(block[i], 0);
}

/* A field without a NUL at its end is read as a whole, and no further. */
static void test_full_label_and_identity(void **state)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK] = { 0 };

	(void)state;
	put_fields(block);
	memset(block + 40, 'L', 32);
	memset(block + 176, 'I', 64);
	fix_crc(block);
	assert_true(csum_superblock_decode(block, &superblock));
	assert_int_equal(strlen(superblock.label), 32);
	assert_int_equal(strspn(superblock.label, "L"), 32);
	assert_int_equal(strlen(superblock.data_identity), 64);
	assert_int_equal(strspn(superblock.data_identity, "I"), 64);
}

static void test_any_changed_byte_is_invalid(void **state)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK];

	(void)state;
	fill_random(block, sizeof(block), 5);
	put_fields(block);
	fix_crc(block);
	for (size_t i = 0; i < BLOCK; i++) {
		for (int change = 1; change < 256; change += 127) {
			block[i] ^= (uint8_t)change;
			if (csum_superblock_decode(block, &superblock))
				fail_msg("byte %zu changed, and still valid", i);
			block[i] ^= (uint8_t)change;
		}
	}
	assert_true(csum_superblock_decode(block, &superblock));
}

static void test_wrong_magic_with_right_crc(void **state)
{
	struct csum_superblock superblock;
	uint8_t block[BLOCK] = { 0 };

	(void)state;
	assert_false(csum_superblock_decode(block, &superblock));
	for (size_t i = 0; i < 8; i++) {
		put_fields(block);
		block[i] ^= 1;
		fix_crc(block);
		assert_false(csum_superblock_decode(block, &superblock));
	}
}

/* Bytes 24 ... 255 are compared, reserved ones too. */
static void test_same_static(void **state)
{
	struct csum_superblock a, b;
	uint8_t block[BLOCK];

	(void)state;
	fill_random(block, sizeof(block), 6);
	put_fields(block);
	fix_crc(block);
	assert_true(csum_superblock_decode(block, &a));
	for (size_t i = 12; i < BLOCK; i++) {
		block[i] ^= 0x80;
		fix_crc(block);
		assert_true(csum_superblock_decode(block, &b));
		assert_int_equal(csum_superblock_same_static(&a, &b), i < 24 || i > 255);
		block[i] ^= 0x80;
	}
}

static void test_seed_state(void **state)
{
	struct csum_superblock superblock = fields();
	uint8_t expected[16];

	(void)state;
	for (int i = 0; i < 16; i++)
		expected[i] = (uint8_t)(0xb0 + i);
	assert_int_equal(csum_superblock_seed_state(&superblock), zlib_crc32(0, expected, 16));
	superblock.seed[15] ^= 1;
	assert_int_not_equal(csum_superblock_seed_state(&superblock), zlib_crc32(0, expected, 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode_known_bytes),
		cmocka_unit_test(test_decode_known_bytes),
		cmocka_unit_test(test_reserved_bytes_are_kept),
		cmocka_unit_test(test_record_of_another_session),
		cmocka_unit_test(test_full_label_and_identity),
		cmocka_unit_test(test_any_changed_byte_is_invalid),
		cmocka_unit_test(test_wrong_magic_with_right_crc),
		cmocka_unit_test(test_same_static),
		cmocka_unit_test(test_seed_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
