/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/verify_helpers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ondisk/layout.h"
#include "support/bytes.h"

enum { ENTRIES = 62 };

struct verified verified;
static struct memory_volume *const memory = &verified.memory;

void verify_start(uint32_t sector_size, bool external, enum csum_checksum_type checksum_type)
{
	const struct memory_volume_shape shape = {
		.sector_size = sector_size,
		.interleave = 3,
		.external = external,
		.checksum_type = checksum_type,
		.data_sectors = (sector_size - 16) / 8 * (VERIFY_GROUPS - 1) + 21,
	};

	memory_volume_init(memory, &shape);
	memory_volume_fill(memory);
	verified.data = csum_io_alloc((size_t)VERIFY_MOST * 4096);
	assert_non_null(verified.data);
	assert_int_equal(csum_groups_init(&verified.span, &memory->volume, VERIFY_GROUPS), 0);
	verify_reload();
}

void verify_stop(void)
{
	csum_groups_free(&verified.span);
	free(verified.data);
	memory_volume_free(memory);
}

int verify_set_up(void **state)
{
	(void)state;
	verify_start(512, false, CSUM_CRC32);
	return 0;
}

int verify_tear_down(void **state)
{
	(void)state;
	verify_stop();
	return 0;
}

void verify_reload(void)
{
	memory_disk_reset(memory->metadata);
	assert_int_equal(csum_groups_load(&memory->volume, &verified.span, 0, VERIFY_GROUPS), 0);
	memory_disk_reset(memory->metadata);
}

void verify_set_entry(uint64_t data_sector, uint64_t entry)
{
	uint64_t entries[ENTRIES], group = data_sector / ENTRIES;

	for (uint32_t i = 0; i < ENTRIES; i++)
		entries[i] = get_le(memory_volume_imd(memory, group, 0) + 16 + 8 * i, 8);
	entries[data_sector % ENTRIES] = entry;
	memory_volume_put_imd(memory, group, 0, 4, entries);
	memory_volume_put_imd(memory, group, 1, 5, entries);
	verify_reload();
}

int verify_run(enum csum_need need, uint64_t first_sector, uint32_t sector_count)
{
	const struct csum_verify run = {
		.volume = &memory->volume,
		.span = &verified.span,
		.need = need,
		.first_sector = first_sector,
		.sector_count = sector_count,
		.data = verified.data,
		.verdict = verified.verdicts,
		.entry = verified.computed,
	};

	assert_true(sector_count < VERIFY_MOST);
	memset(verified.data, 0xee, (size_t)VERIFY_MOST * 4096);
	memset(verified.verdicts, 0x77, sizeof(verified.verdicts));
	return csum_verify_run(&run);
}

void assert_verdicts(uint32_t count, uint32_t first, uint32_t bad_count, enum csum_verdict bad)
{
	for (uint32_t i = 0; i < count; i++) {
		enum csum_verdict expected = i >= first && i < first + bad_count ? bad : CSUM_VERDICT_GOOD;

		if (verified.verdicts[i] != expected)
			fail_msg("sector %u: verdict %d, should be %d", i, verified.verdicts[i], expected);
	}
	assert_int_equal(verified.verdicts[count], 0x77);
}

uint64_t verify_offset_of(uint64_t data_sector)
{
	return csum_layout_data_offset(csum_volume_geometry(&memory->volume), data_sector);
}

static void add_fault(uint64_t data_sector, int skip, int times, int error)
{
	const struct memory_disk_fault fault = {
		.call = MEMORY_DISK_READ,
		.offset_bytes = verify_offset_of(data_sector),
		.size = 1,
		.skip = skip,
		.times = times,
		.error = error,
		.corrupt = error == 0,
	};

	memory_disk_fault(memory->data, &fault);
}

void verify_fail_reads(uint64_t data_sector, int skip, int times, int error)
{
	add_fault(data_sector, skip, times, error);
}

void verify_corrupt_reads(uint64_t data_sector, int skip, int times)
{
	add_fault(data_sector, skip, times, 0);
}
