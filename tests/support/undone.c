/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/undone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/bytes.h"

static struct scrubbed *const s = &scrubbed;

const uint64_t undone_places[UNDONE_SECTORS] = { 8, 9, 300 };
uint8_t undone_damaged[UNDONE_SECTORS][512];
char *undone_file;
const char *undone_refusals[UNDONE_SECTORS];
static uint8_t *remembered[2];

int undone_set_up(void **state)
{
	scrubbed_set_up(state);
	undone_file = path_in(s->directory, "undo");
	for (int i = 0; i < UNDONE_SECTORS; i++) {
		scrubbed_sector(undone_places[i])[i] ^= 8;
		memcpy(undone_damaged[i], scrubbed_sector(undone_places[i]), 512);
	}
	return 0;
}

int undone_tear_down(void **state)
{
	for (int i = 0; i < 2; i++) {
		free(remembered[i]);
		remembered[i] = NULL;
	}
	free(undone_file);
	return scrubbed_tear_down(state);
}

int undone_scrub(void)
{
	return scrubbed_run(&(struct csum_scrub_options){ .length_bytes = CSUM_TO_END, .undo_file = undone_file });
}

static void take_sector(void *user, uint64_t data_sector, const char *refused)
{
	(void)user;
	for (int i = 0; i < UNDONE_SECTORS; i++) {
		if (data_sector == undone_places[i])
			undone_refusals[i] = refused ? refused : "";
	}
}

int undone_undo_file(const char *path, const struct csum_undo_options *options, struct csum_undo_result *result)
{
	struct csum_undo_options with = *options;
	struct csum_volume *volume = scrubbed_open(false);
	int error;

	with.sector = take_sector;
	memset(undone_refusals, 0, sizeof(undone_refusals));
	error = csum_undo(volume, path, &with, result);
	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

int undone_undo(const struct csum_undo_options *options, struct csum_undo_result *result)
{
	return undone_undo_file(undone_file, options, result);
}

void assert_damaged(void)
{
	for (int i = 0; i < UNDONE_SECTORS; i++)
		assert_memory_equal(scrubbed_sector(undone_places[i]), undone_damaged[i], 512);
}

void undone_remember(void)
{
	for (int i = 0; i < 2; i++) {
		free(remembered[i]);
		remembered[i] = malloc(s->disks[i].size);
		assert_non_null(remembered[i]);
		memcpy(remembered[i], s->disks[i].bytes, s->disks[i].size);
	}
}

void undone_return(void)
{
	for (int i = 0; i < 2; i++)
		memcpy(s->disks[i].bytes, remembered[i], s->disks[i].size);
}

void undone_change_slots(void (*change)(uint8_t *slot))
{
	for (int i = 0; i < 3; i++) {
		uint64_t offset = i == 0 ? 0 : i == 1 ? 524288 : s->metadata->size / 4096 * 4096 - 65536;
		uint8_t *slot = s->metadata->bytes + offset;

		change(slot);
		put_le(slot + 8, 4, 0);
		put_le(slot + 8, 4, zlib_crc32(0, slot, 4096));
	}
}
