/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/scrub_volume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make/write.h"
#include "ondisk/layout.h"
#include "open.h"
#include "support/bytes.h"

struct scrub_volume scrub_volume;
static struct scrub_volume *const s = &scrub_volume;

const struct scrub_volume_shape scrub_volume_usual = {
	.sector_size = 512,
	.interleave = 3,
	.checksum_type = CSUM_CRC64,
	.data_sectors = 62 * 7 + 20,
};

/* Returns a device that the library may close; the memory stays. */
static struct csum_device *lend(struct memory_disk *memory)
{
	struct csum_device *device = malloc(sizeof(*device));

	assert_non_null(device);
	*device = memory->device;
	device->name = strdup(memory->device.name);
	return device;
}

static void make_disks(const struct scrub_volume_shape *shape)
{
	uint64_t data_bytes = shape->data_sectors * shape->sector_size, metadata_bytes;

	assert_int_equal(csum_layout_device_bytes(shape->sector_size, shape->interleave, shape->external,
						  shape->data_sectors, &metadata_bytes),
			 0);
	assert_int_equal(csum_layout_derive(shape->sector_size, shape->interleave, shape->external, metadata_bytes,
					    data_bytes, &s->geometry),
			 0);
	memory_disk_init(&s->disks[0], "metadata disk", metadata_bytes);
	memory_disk_init(&s->disks[1], "data disk", shape->external ? data_bytes : 1);
	s->metadata = &s->disks[0];
	s->data = &s->disks[shape->external];
}

static void make_volume(const struct scrub_volume_shape *shape)
{
	struct csum_make make = {
		.handlers = s->recorder.handlers,
		.data = &s->data->device,
		.metadata = &s->metadata->device,
		.superblock = {
			.features_incompat = shape->external ? CSUM_INCOMPAT_EXTERNAL : 0,
			.checksum_type = shape->checksum_type,
			.geometry = s->geometry,
			.journal_offset = CSUM_JOURNAL_OFFSET,
			.journal_size = CSUM_JOURNAL_SIZE,
			.clusters_offset = CSUM_CLUSTERS_OFFSET,
		},
	};

	memset(make.superblock.uuid, 7, sizeof(make.superblock.uuid));
	memset(make.superblock.seed, 8, sizeof(make.superblock.seed));
	assert_int_equal(csum_make_write(&make), 0);
}

static void content(uint64_t sector, uint8_t *bytes)
{
	if (sector == 1 || sector == 2)
		memset(bytes, sector == 1 ? 0 : 0x55, s->geometry.sector_size);
	else
		fill_random(bytes, s->geometry.sector_size, sector + 1000);
}

struct filling {
	uint64_t sector;
};

static int64_t fill(void *user, void *buffer, size_t size)
{
	struct filling *filling = user;

	assert_true(size >= s->geometry.sector_size);
	content(filling->sector++, buffer);
	return s->geometry.sector_size;
}

static void fill_volume(void)
{
	struct csum_volume *volume = scrub_volume_open(false);

	for (uint64_t sector = 0; sector < s->geometry.data_sectors; sector += 7) {
		struct filling filling = { .sector = sector + (sector ? 1 : 0) };
		uint64_t count = sector ? 6 : 7, done;
		struct csum_write_options options = { .source = { fill, &filling } };

		if (filling.sector >= s->geometry.data_sectors)
			break;
		if (count > s->geometry.data_sectors - filling.sector)
			count = s->geometry.data_sectors - filling.sector;
		options.offset_bytes = filling.sector * s->geometry.sector_size;
		options.length_bytes = count * s->geometry.sector_size;
		assert_int_equal(csum_write(volume, &options, &done), 0);
	}
	assert_int_equal(csum_volume_close(volume), 0);
}

void scrub_volume_start(const struct scrub_volume_shape *shape)
{
	memset(s, 0, sizeof(*s));
	recorder_init(&s->recorder);
	make_disks(shape);
	make_volume(shape);
	fill_volume();
	s->directory = temporary_directory();
	for (int i = 0; i < 2; i++) {
		s->original[i] = malloc(s->disks[i].size);
		assert_non_null(s->original[i]);
		memcpy(s->original[i], s->disks[i].bytes, s->disks[i].size);
		memory_disk_reset(&s->disks[i]);
	}
	recorder_init(&s->recorder);
}

void scrub_volume_stop(void)
{
	for (int i = 0; i < 2; i++) {
		free(s->original[i]);
		memory_disk_free(&s->disks[i]);
	}
	free(s->replica);
	temporary_remove(s->directory);
}

int scrub_volume_set_up(void **state)
{
	(void)state;
	scrub_volume_start(&scrub_volume_usual);
	return 0;
}

int scrub_volume_tear_down(void **state)
{
	(void)state;
	scrub_volume_stop();
	return 0;
}

uint64_t scrub_volume_offset(uint64_t data_sector)
{
	return csum_layout_data_offset(&s->geometry, data_sector);
}

uint8_t *scrub_volume_sector(uint64_t data_sector)
{
	return s->data->bytes + scrub_volume_offset(data_sector);
}

uint8_t *scrub_volume_imd(uint64_t group, int copy)
{
	return s->metadata->bytes + csum_layout_imd_offset(&s->geometry, group, copy);
}

const uint8_t *scrub_volume_original(uint64_t data_sector)
{
	return scrub_volume.original[scrub_volume.data - scrub_volume.disks] + scrub_volume_offset(data_sector);
}

void scrub_volume_garbage(uint64_t data_sector)
{
	fill_random(scrub_volume_sector(data_sector), 512, data_sector + 77777);
}

void scrub_volume_put(uint64_t place, uint64_t data_sector)
{
	memcpy(scrub_volume_sector(place), scrub_volume_original(data_sector), 512);
}

const char *scrub_volume_make_replica(void)
{
	FILE *file;

	s->replica = path_in(s->directory, "replica");
	file = fopen(s->replica, "wb");
	assert_non_null(file);
	for (uint64_t sector = 0; sector < s->geometry.data_sectors; sector++)
		assert_int_equal(fwrite(s->original[s->data - s->disks] + scrub_volume_offset(sector),
					s->geometry.sector_size, 1, file),
				 1);
	assert_int_equal(fclose(file), 0);
	return s->replica;
}

static bool has_come_there(void *user)
{
	(void)user;
	return s->done_sectors >= s->cancelling_sector;
}

void scrub_volume_cancel_at(uint64_t data_sector)
{
	s->done_sectors = 0;
	s->cancelling_sector = data_sector;
	s->recorder.handlers.cancelled = has_come_there;
}

static void take_progress(void *user, const struct csum_progress *progress)
{
	(void)user;
	s->done_sectors = progress->done_sectors;
}

struct csum_volume *scrub_volume_open(bool repair)
{
	struct csum_device *data = lend(s->data);
	struct csum_device *metadata = s->data == s->metadata ? data : lend(s->metadata);
	struct csum_volume *volume;

	if (repair)
		assert_int_equal(csum_volume_open_for_repair(&s->recorder.handlers, data, metadata, 0, &volume), 0);
	else
		assert_int_equal(csum_volume_open_devices(&s->recorder.handlers, data, metadata, true, 0, &volume), 0);
	return volume;
}

struct csum_volume *scrub_volume_open_to_read(void)
{
	struct csum_device *data = lend(s->data);
	struct csum_device *metadata = s->data == s->metadata ? data : lend(s->metadata);
	struct csum_volume *volume;

	assert_int_equal(csum_volume_open_devices(&s->recorder.handlers, data, metadata, false, 0, &volume), 0);
	return volume;
}

struct csum_volume *scrub_volume_prepare_to_read(void)
{
	struct csum_device *data = lend(s->data);
	struct csum_device *metadata = s->data == s->metadata ? data : lend(s->metadata);
	struct csum_volume *volume;

	assert_int_equal(csum_volume_prepare(&s->recorder.handlers, data, metadata, false, 0, &volume), 0);
	return volume;
}

static void take_finding(void *user, const struct csum_finding *finding)
{
	(void)user;
	assert_non_null(finding->how);
	assert_non_null(finding->problem);
	if (s->finding_count < SCRUB_VOLUME_FINDINGS) {
		s->findings[s->finding_count] = *finding;
		snprintf(s->how[s->finding_count], sizeof(s->how[0]), "%s", finding->how);
	}
	s->finding_count++;
}

int scrub_volume_run(const struct csum_scrub_options *options)
{
	struct csum_scrub_options with = { .length_bytes = CSUM_TO_END };
	struct csum_volume *volume = scrub_volume_open(true);
	int error, close_error;

	if (options)
		with = *options;
	with.finding = take_finding;
	if (!with.progress)
		with.progress = take_progress;
	s->finding_count = 0;
	error = csum_scrub(volume, &with, &s->result);
	close_error = csum_volume_close(volume);
	return error ? error : close_error;
}

int scrub_volume_check_with(const struct csum_check_options *options, struct csum_totals *totals)
{
	struct csum_check_options with = *options;
	struct csum_volume *volume = scrub_volume_open_to_read();
	int error;

	with.finding = take_finding;
	if (!with.progress)
		with.progress = take_progress;
	s->finding_count = 0;
	error = csum_check(volume, &with, totals);
	assert_int_equal(csum_volume_close(volume), 0);
	return error;
}

uint64_t scrub_volume_check(struct csum_totals *totals)
{
	assert_int_equal(scrub_volume_check_with(&(struct csum_check_options){ .length_bytes = CSUM_TO_END }, totals),
			 0);
	return totals->errors;
}

void assert_original_data(void)
{
	for (uint64_t sector = 0; sector < s->geometry.data_sectors; sector++)
		assert_memory_equal(scrub_volume_sector(sector),
				    s->original[s->data - s->disks] + scrub_volume_offset(sector),
				    s->geometry.sector_size);
}

void assert_healed(void)
{
	struct csum_totals totals;

	assert_original_data();
	assert_int_equal(scrub_volume_check(&totals), 0);
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++)
		assert_int_equal(totals.findings[kind], 0);
}

const struct csum_finding *assert_one_finding(enum csum_finding_kind kind, uint64_t first_sector,
					      enum csum_disposition disposition, const char *how)
{
	assert_int_equal(s->finding_count, 1);
	assert_int_equal(s->findings[0].kind, kind);
	assert_int_equal(s->findings[0].first_sector, first_sector);
	assert_int_equal(s->findings[0].disposition, disposition);
	assert_string_equal(s->how[0], how);
	return &s->findings[0];
}
