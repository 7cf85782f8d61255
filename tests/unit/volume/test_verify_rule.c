/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading rule of the protocol, in every situation of one group: each state of the volume, of both copies and of
 * the journal's image, with every combination of their entries and the stored data.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"
#include "support/memory_volume.h"
#include "volume/verify.h"

/* Meanings of an entry, and stored contents. */
enum says { UNWRITTEN, BAD, CONTENT_A, CONTENT_B, ZEROS, IMPOSSIBLE, SAYINGS };
enum stored { STORED_A, STORED_B, STORED_ZEROS, STORED_OTHER, STORED_UNREADABLE, STORES };
/* There is one data sector for each combination of the entries of image, copy 0 and copy 1, and the data. */
enum { PER_STORE = SAYINGS * SAYINGS * SAYINGS, SECTORS = PER_STORE * STORES, ENTRIES = 62, SECTOR_SIZE = 512 };
enum { GROUPS = (SECTORS + ENTRIES - 1) / ENTRIES };

struct sector {
	enum says image, copy[2];
	enum stored stored;
};

enum state { CLEAN, OUTSIDE, IN_INTENT, STATES };
enum copy_state { VALID, TORN, UNREADABLE, COPY_STATES };
enum image_state { NO_IMAGE, OLD_IMAGE, EQUAL_IMAGE, NEW_IMAGE, TORN_IMAGE, IMAGE_STATES };

struct situation {
	enum state state;
	enum copy_state copy[2];
	uint32_t generation[2]; /* 5 ... 7 */
	enum image_state image;
};

static struct memory_volume memory;
static struct csum_groups span;
static uint8_t *data;
static csum_verdict8 verdicts[SECTORS];
static uint64_t computed[SECTORS];

static struct sector sector_number(unsigned int n)
{
	return (struct sector){
		.image = (enum says)(n % SAYINGS),
		.copy = { (enum says)(n / SAYINGS % SAYINGS), (enum says)(n / SAYINGS / SAYINGS % SAYINGS) },
		.stored = (enum stored)(n / PER_STORE),
	};
}

static uint64_t entry_that(enum says says, unsigned int n)
{
	uint8_t bytes[SECTOR_SIZE];

	memory_volume_content(&memory, bytes, n, says == CONTENT_B ? 2 : says == ZEROS ? 0 : 1);
	switch (says) {
	case UNWRITTEN:
		return 0;
	case BAD:
		return 1;
	case IMPOSSIBLE: /* the right checksum, but not in the form that is stored */
		return memory_volume_entry(&memory, bytes) & 0xffffffff;
	default:
		return memory_volume_entry(&memory, bytes);
	}
}

static bool image_present(const struct situation *situation)
{
	return situation->image == OLD_IMAGE || situation->image == EQUAL_IMAGE || situation->image == NEW_IMAGE;
}

/* Returns the generation of the image, from that of the newest valid copy (1 ... 9 are far from any wrap). */
static uint32_t image_generation(const struct situation *situation)
{
	uint32_t newest = 5;

	for (int copy = 0; copy < 2; copy++) {
		if (situation->copy[copy] == VALID && situation->generation[copy] > newest)
			newest = situation->generation[copy];
	}
	return situation->image == OLD_IMAGE ? newest - 1 : situation->image == EQUAL_IMAGE ? newest : newest + 1;
}

/* Makes half of the sector another one's. */
static void tear(uint8_t *sector)
{
	for (int i = 256; i < SECTOR_SIZE; i++)
		sector[i] ^= 0x11;
}

/* Puts every group into that situation. */
static void make(const struct situation *situation)
{
	static uint64_t entries[3][ENTRIES];

	memory.volume.journal.count = 0;
	memory_volume_set_intent(&memory, situation->state == OUTSIDE ? GROUPS : 0,
				 situation->state == CLEAN   ? 0 :
				 situation->state == OUTSIDE ? 1 :
							       GROUPS);
	for (unsigned int group = 0; group < GROUPS; group++) {
		for (unsigned int i = 0; i < ENTRIES; i++) {
			unsigned int n = group * ENTRIES + i;
			struct sector sector = sector_number(n < SECTORS ? n : 0);

			entries[0][i] = entry_that(sector.copy[0], n);
			entries[1][i] = entry_that(sector.copy[1], n);
			entries[2][i] = entry_that(sector.image, n);
		}
		for (int copy = 0; copy < 2; copy++) {
			memory_volume_put_imd(&memory, group, copy, situation->generation[copy], entries[copy]);
			if (situation->copy[copy] == TORN)
				tear(memory_volume_imd(&memory, group, copy));
		}
		if (situation->image != NO_IMAGE) {
			uint8_t *image =
				memory_volume_put_image(&memory, group, 0, image_generation(situation), entries[2]);

			if (situation->image == TORN_IMAGE)
				tear(image);
		}
	}
}

static void set_faults(const struct situation *situation)
{
	const struct csum_geometry *geometry = csum_volume_geometry(&memory.volume);

	memory_disk_reset(memory.metadata);
	for (int copy = 0; copy < 2; copy++) {
		if (situation->copy[copy] == UNREADABLE)
			memory_disk_fail(memory.metadata, MEMORY_DISK_READ, csum_layout_imd_offset(geometry, 0, copy),
					 GROUPS * SECTOR_SIZE, -1, -EIO);
	}
	memory_disk_fail(memory.data, MEMORY_DISK_READ,
			 csum_layout_data_offset(geometry, (uint64_t)STORED_UNREADABLE * PER_STORE),
			 (uint64_t)PER_STORE * SECTOR_SIZE, -1, -EIO);
}

/* ------------------------------------------------------------------ the rule */

/* Lists the entries of a sector that count, newest first; returns their number. */
static int versions(const struct situation *situation, const struct sector *sector, enum says version[3])
{
	const enum copy_state *copy = situation->copy;
	const uint32_t *generation = situation->generation;
	/* "An invalid copy is always the older"; of equal generations copy 1 is taken as newer. */
	int newer = copy[0] != VALID ? 1 : copy[1] != VALID ? 0 : generation[0] > generation[1] ? 0 : 1;
	bool all_count = situation->state == IN_INTENT;
	int count = 0;

	if (all_count && image_present(situation) &&
	    (copy[0] != VALID || image_generation(situation) > generation[0]) &&
	    (copy[1] != VALID || image_generation(situation) > generation[1]))
		version[count++] = sector->image;
	if (copy[newer] == VALID)
		version[count++] = sector->copy[newer];
	if (copy[newer] == VALID && copy[1 - newer] == VALID && all_count)
		version[count++] = sector->copy[1 - newer];
	return count;
}

static bool matches(enum says says, enum stored stored)
{
	return (says == CONTENT_A && stored == STORED_A) || (says == CONTENT_B && stored == STORED_B) ||
	       (says == ZEROS && stored == STORED_ZEROS);
}

static enum csum_verdict bad(const struct situation *situation, const struct sector *sector)
{
	for (int copy = 0; copy < 2; copy++) {
		if (situation->copy[copy] == VALID && matches(sector->copy[copy], sector->stored))
			return CSUM_VERDICT_STALE;
	}
	return sector->stored == STORED_ZEROS ? CSUM_VERDICT_ZEROED : CSUM_VERDICT_MISMATCH;
}

static enum csum_verdict rule(const struct situation *situation, const struct sector *sector, enum csum_need need)
{
	enum says version[3];
	int count = versions(situation, sector, version);

	if (count == 0 && (need != CSUM_NEED_CONTENT || sector->stored != STORED_UNREADABLE))
		return CSUM_VERDICT_LOST;
	if (need == CSUM_NEED_DIFFERING && (count < 2 || version[0] == version[1]))
		return CSUM_VERDICT_NOT_READ;
	if (count > 0 && version[0] == UNWRITTEN)
		return CSUM_VERDICT_UNWRITTEN;
	if (sector->stored == STORED_UNREADABLE)
		return CSUM_VERDICT_UNREADABLE;
	for (int i = 0; i < count; i++) {
		if (matches(version[i], sector->stored))
			return i == 0 ? CSUM_VERDICT_GOOD : CSUM_VERDICT_OLDER;
	}
	return bad(situation, sector);
}

/* ------------------------------------------------------------------ comparison */

/* With CSUM_NEED_CONTENT every byte is handed out. */
static void check_content(unsigned int n, const struct sector *sector)
{
	uint8_t expected[SECTOR_SIZE];

	if (verdicts[n] == CSUM_VERDICT_UNWRITTEN || verdicts[n] == CSUM_VERDICT_UNREADABLE)
		memset(expected, 0, sizeof(expected));
	else
		memcpy(expected, memory_volume_sector(&memory, n), sizeof(expected));
	assert_memory_equal(data + (size_t)n * SECTOR_SIZE, expected, SECTOR_SIZE);
	if (verdicts[n] >= CSUM_VERDICT_GOOD && verdicts[n] != CSUM_VERDICT_UNWRITTEN &&
	    sector->stored != STORED_UNREADABLE)
		assert_int_equal(computed[n], memory_volume_entry(&memory, expected));
}

static void compare(const struct situation *situation, enum csum_need need, uint32_t count)
{
	const struct csum_verify run = {
		.volume = &memory.volume,
		.span = &span,
		.need = need,
		.first_sector = 0,
		.sector_count = count,
		.data = data,
		.verdict = verdicts,
		.entry = computed,
	};

	memset(data, 0xee, (size_t)SECTORS * SECTOR_SIZE);
	assert_int_equal(csum_verify_run(&run), 0);
	for (unsigned int n = 0; n < count; n++) {
		const struct sector sector = sector_number(n);
		enum csum_verdict expected = rule(situation, &sector, need);

		if (verdicts[n] != expected)
			fail_msg("state %d copies %d/%u %d/%u image %d, entries J%d %d %d, data %d, need %d: "
				 "verdict %d, should be %d",
				 situation->state, situation->copy[0], situation->generation[0], situation->copy[1],
				 situation->generation[1], situation->image, sector.image, sector.copy[0],
				 sector.copy[1], sector.stored, need, verdicts[n], expected);
		if (need == CSUM_NEED_CONTENT)
			check_content(n, &sector);
	}
}

static void check(const struct situation *situation)
{
	make(situation);
	set_faults(situation);
	assert_int_equal(csum_groups_load(&memory.volume, &span, 0, GROUPS), 0);
	for (int need = CSUM_NEED_VERDICT; need <= CSUM_NEED_DIFFERING; need++) {
		/* First all readable sectors in one go; then with unreadable ones, so that reads are narrowed down. */
		compare(situation, (enum csum_need)need, STORED_UNREADABLE * PER_STORE);
		compare(situation, (enum csum_need)need, SECTORS);
	}
}

static void check_states(enum state state)
{
	static const uint32_t generations[][2] = { { 5, 6 }, { 7, 6 }, { 6, 6 } };

	for (int mix = 0; mix < COPY_STATES * COPY_STATES * IMAGE_STATES; mix++) {
		for (size_t order = 0; order < 3; order++) {
			const struct situation situation = {
				.state = state,
				.copy = { (enum copy_state)(mix % COPY_STATES),
					  (enum copy_state)(mix / COPY_STATES % COPY_STATES) },
				.generation = { generations[order][0], generations[order][1] },
				.image = (enum image_state)(mix / COPY_STATES / COPY_STATES),
			};

			check(&situation);
		}
	}
}

static void test_clean(void **state)
{
	(void)state;
	check_states(CLEAN);
}

static void test_outside_the_intent(void **state)
{
	(void)state;
	check_states(OUTSIDE);
}

static void test_in_the_intent(void **state)
{
	(void)state;
	check_states(IN_INTENT);
}

static int set_up(void **state)
{
	static const int version[STORES] = { 1, 2, 0, 3, 1 };
	const struct memory_volume_shape shape = {
		.sector_size = SECTOR_SIZE,
		.interleave = GROUPS,
		.checksum_type = CSUM_CRC32,
		.data_sectors = (GROUPS + 1) * ENTRIES,
	};

	(void)state;
	memory_volume_init(&memory, &shape);
	for (unsigned int n = 0; n < SECTORS; n++)
		memory_volume_content(&memory, memory_volume_sector(&memory, n), n, version[sector_number(n).stored]);
	data = csum_io_alloc((size_t)SECTORS * SECTOR_SIZE);
	assert_non_null(data);
	return csum_groups_init(&span, &memory.volume, GROUPS);
}

static int tear_down(void **state)
{
	(void)state;
	csum_groups_free(&span);
	free(data);
	memory_volume_free(&memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_outside_the_intent),
		cmocka_unit_test(test_in_the_intent),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
