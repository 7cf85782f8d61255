/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/undo_volume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"

static struct scrub_volume *const s = &scrub_volume;

const uint64_t undo_volume_places[UNDO_VOLUME_SECTORS] = { 8, 9, 300 };
uint8_t undo_volume_damaged[UNDO_VOLUME_SECTORS][512];
char *undo_volume_file;
const char *undo_volume_refusals[UNDO_VOLUME_SECTORS];
static uint8_t *remembered[2];

int undo_volume_set_up(void **state)
{
	scrub_volume_set_up(state);
	undo_volume_file = path_in(s->directory, "undo");
	for (int i = 0; i < UNDO_VOLUME_SECTORS; i++) {
		scrub_volume_sector(undo_volume_places[i])[i] ^= 8;
		memcpy(undo_volume_damaged[i], scrub_volume_sector(undo_volume_places[i]), 512);
	}
	return 0;
}

int undo_volume_tear_down(void **state)
{
	for (int i = 0; i < 2; i++) {
		free(remembered[i]);
		remembered[i] = NULL;
	}
	free(undo_volume_file);
	return scrub_volume_tear_down(state);
}

int undo_volume_scrub(void)
{
	return scrub_volume_run(
		&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .undo_file = undo_volume_file });
}

static void take_sector(void *user, uint64_t data_sector, const char *refused)
{
	(void)user;
	for (int i = 0; i < UNDO_VOLUME_SECTORS; i++) {
		if (data_sector == undo_volume_places[i])
			undo_volume_refusals[i] = refused ? refused : "";
	}
}

int undo_volume_undo_file(const char *path, const struct csum_undo_options *options, struct csum_undo_result *result)
{
	struct csum_undo_options with = *options;
	struct csum_volume *volume = scrub_volume_open(false);
	int error;

	with.sector = take_sector;
	memset(undo_volume_refusals, 0, sizeof(undo_volume_refusals));
	error = csum_undo(volume, path, &with, result);
	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

int undo_volume_undo(const struct csum_undo_options *options, struct csum_undo_result *result)
{
	return undo_volume_undo_file(undo_volume_file, options, result);
}

void assert_damaged(void)
{
	for (int i = 0; i < UNDO_VOLUME_SECTORS; i++)
		assert_memory_equal(scrub_volume_sector(undo_volume_places[i]), undo_volume_damaged[i], 512);
}

void undo_volume_remember(void)
{
	for (int i = 0; i < 2; i++) {
		free(remembered[i]);
		remembered[i] = malloc(s->disks[i].size);
		assert_non_null(remembered[i]);
		memcpy(remembered[i], s->disks[i].bytes, s->disks[i].size);
	}
}

void undo_volume_return(void)
{
	for (int i = 0; i < 2; i++)
		memcpy(s->disks[i].bytes, remembered[i], s->disks[i].size);
}

void undo_volume_change_slots(void (*change)(uint8_t *slot))
{
	for (int i = 0; i < 3; i++) {
		uint64_t offset = i == 0 ? 0 : i == 1 ? 524288 : s->metadata->size / 4096 * 4096 - 65536;
		uint8_t *slot = s->metadata->bytes + offset;

		change(slot);
		put_le(slot + 8, 4, 0);
		put_le(slot + 8, 4, zlib_crc32(0, slot, 4096));
	}
}
