/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "damage/replica.h"

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

static char *put(const struct damage_volume *base, const char *name, const void *bytes, size_t size)
{
	char *path = path_in(base->directory, name);
	FILE *file = fopen(path, "wbe");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, size, 1, file), 1);
	assert_int_equal(fclose(file), 0);
	return path;
}

struct filling {
	const uint8_t *from;
};

static int64_t fill(void *user, void *buffer, size_t size)
{
	struct filling *filling = user;

	memcpy(buffer, filling->from, size);
	filling->from += size;
	return (int64_t)size;
}

static void format(struct memory_disk *disk, const struct csum_handlers *handlers, const struct csum_geometry *geometry)
{
	struct csum_make make = {
		.handlers = *handlers,
		.data = &disk->device,
		.metadata = &disk->device,
		.superblock = {
			.checksum_type = CSUM_CRC32C,
			.geometry = *geometry,
			.journal_offset = CSUM_JOURNAL_OFFSET,
			.journal_size = CSUM_JOURNAL_SIZE,
			.clusters_offset = CSUM_CLUSTERS_OFFSET,
		},
	};

	memset(make.superblock.uuid, 3, sizeof(make.superblock.uuid));
	memset(make.superblock.seed, 4, sizeof(make.superblock.seed));
	assert_int_equal(csum_make_write(&make), 0);
}

/* Makes another volume with the same data, but its own layout and checksums. */
static void make_twin(struct damage_volume *base, const uint8_t *data, struct memory_disk *disk,
		      struct csum_geometry *geometry)
{
	uint32_t size = base->geometry.sector_size;
	uint64_t sectors = base->geometry.data_sectors, bytes, done;
	struct filling filling = { data };
	const struct csum_write_options options = { .length_bytes = sectors * size, .source = { fill, &filling } };
	struct csum_device *device;
	struct csum_volume *volume;

	assert_int_equal(csum_layout_device_bytes(size, 5, false, sectors, &bytes), 0);
	assert_int_equal(csum_layout_derive(size, 5, false, bytes, 0, geometry), 0);
	memory_disk_init(disk, "twin", bytes);
	format(disk, &base->recorder.handlers, geometry);
	device = memory_disk_lend(disk);
	assert_int_equal(csum_volume_open_devices(&base->recorder.handlers, device, device, true, 0, &volume), 0);
	assert_int_equal(csum_write(volume, &options, &done), 0);
	assert_int_equal(csum_volume_close(volume), 0);
}

static void choose_bad(struct damage_volume *base)
{
	base->replica_bad = calloc(1, base->geometry.data_sectors);
	assert_non_null(base->replica_bad);
	for (uint64_t i = 0; i < base->geometry.data_sectors; i++)
		base->replica_bad[i] = damage_below(&base->random, 6) == 0;
}

static void make_raw(struct damage_volume *base, uint8_t *data)
{
	uint32_t size = base->geometry.sector_size;
	uint64_t sectors = base->geometry.data_sectors;

	base->replica[DAMAGE_RAW] = put(base, "raw", data, sectors * size);
	for (uint64_t i = 0; i < sectors; i++) {
		if (base->replica_bad[i])
			fill_random(data + i * size, size, base->seed + i);
	}
	base->replica[DAMAGE_RAW_DAMAGED] = put(base, "raw-damaged", data, sectors * size);
}

static void make_volumes(struct damage_volume *base, const uint8_t *data)
{
	struct csum_geometry geometry;
	struct memory_disk disk;

	make_twin(base, data, &disk, &geometry);
	base->replica[DAMAGE_VOLUME] = put(base, "volume", disk.bytes, disk.size);
	for (uint64_t i = 0; i < base->geometry.data_sectors; i++) {
		if (base->replica_bad[i])
			disk.bytes[csum_layout_data_offset(&geometry, i) + i % geometry.sector_size] ^= 0x40;
	}
	base->replica[DAMAGE_VOLUME_DAMAGED] = put(base, "volume-damaged", disk.bytes, disk.size);
	memory_disk_free(&disk);
}

void damage_make_replicas(struct damage_volume *base)
{
	uint64_t sectors = base->geometry.data_sectors;
	uint8_t *data = malloc(sectors * base->geometry.sector_size), *bad = malloc(sectors);

	assert_true(data && bad);
	damage_read(base, data, bad);
	/* The base counts as well: whatever interrupted it, each sector is right by one version. */
	for (uint64_t i = 0; i < sectors; i++)
		assert_true(!bad[i] && damage_right(base, i, data + i * base->geometry.sector_size));
	base->directory = temporary_directory();
	choose_bad(base);
	make_volumes(base, data);
	make_raw(base, data);
	free(data);
	free(bad);
}
