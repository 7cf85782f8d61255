/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An open volume made of its devices, and closed; ranges of its data space. */
#include "volume/volume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/report.h"
#include "device/system.h"

static int prepare(struct csum_volume *volume, unsigned int threads)
{
	int error = csum_io_create(&volume->handlers, volume->data, volume->metadata, threads, &volume->io);

	if (error)
		return error;
	volume->slot_buffer = csum_io_alloc(CSUM_BLOCK_SIZE);
	if (!volume->slot_buffer)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "opening the volume");
	return 0;
}

int csum_volume_prepare(const struct csum_handlers *handlers, struct csum_device *data, struct csum_device *metadata,
			bool writable, unsigned int threads, struct csum_volume **volume)
{
	struct csum_volume *result = calloc(1, sizeof(*result));
	int error;

	*volume = NULL;
	if (!result) {
		csum_device_close(data);
		if (metadata != data)
			csum_device_close(metadata);
		return csum_report_error(handlers, -ENOMEM, NULL, "opening the volume");
	}
	result->handlers = *handlers;
	result->data = data;
	result->metadata = metadata;
	result->writable = writable;
	result->roots = &csum_system_roots_default;
	result->window_bytes = CSUM_WINDOW_BYTES;
	result->batch_bytes = CSUM_BATCH_BYTES;
	error = prepare(result, threads);
	if (error) {
		int ignored = csum_volume_close(result);

		(void)ignored;
		return error;
	}
	*volume = result;
	return 0;
}

static int close_device(const struct csum_volume *volume, struct csum_device *device, int error)
{
	/* The device owns its name, which is gone after the close. */
	char *name = device && device->name ? strdup(device->name) : NULL;
	int close_error = csum_device_close(device);

	if (close_error && volume->writable && !error)
		error = csum_report_error(&volume->handlers, close_error, name, "closing the device");
	free(name);
	return error;
}

int csum_volume_close(struct csum_volume *volume)
{
	int error = 0;

	if (!volume)
		return 0;
	csum_io_destroy(volume->io);
	if (volume->metadata != volume->data)
		error = close_device(volume, volume->metadata, error);
	error = close_device(volume, volume->data, error);
	free(volume->slot_buffer);
	free(volume->journal_record);
	free(volume);
	return error;
}

bool csum_volume_shares(const struct csum_volume *volume, const struct stat *file)
{
	bool is_block = S_ISBLK(file->st_mode);
	const struct csum_device device = {
		.is_block = is_block,
		.block_device = is_block ? file->st_rdev : 0,
		.file_system_device = file->st_dev,
		.inode = file->st_ino,
	};

	return csum_device_same(volume->data, &device) || csum_device_same(volume->metadata, &device);
}

uint64_t csum_volume_data_bytes(const struct csum_volume *volume)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);

	return geometry->data_sectors * geometry->sector_size;
}

uint64_t csum_volume_entry(const struct csum_volume *volume, const void *bytes)
{
	return csum_checksum_entry((enum csum_checksum_type)volume->superblock.checksum_type, bytes,
				   csum_volume_geometry(volume)->sector_size);
}

void csum_volume_entries(const struct csum_volume *volume, const void *bytes, size_t count, uint64_t *entries)
{
	csum_checksum_entries((enum csum_checksum_type)volume->superblock.checksum_type, bytes,
			      csum_volume_geometry(volume)->sector_size, count, entries);
}

int csum_volume_may_write(const struct csum_volume *volume)
{
	if (volume->repair)
		return csum_report_refusal(&volume->handlers, -EBADF, volume->data->name,
					   "is open for a scrub only, which recovers it first");
	if (!volume->writable)
		return csum_report_refusal(&volume->handlers, -EBADF, volume->data->name, "is open for reading only");
	return 0;
}

int csum_volume_may_read(const struct csum_volume *volume)
{
	if (!volume->look)
		return 0;
	return csum_report_refusal(&volume->handlers, -EBADF, volume->data->name,
				   "is open without a lock, which does for information about it only");
}

int csum_volume_check_range(const struct csum_volume *volume, uint64_t offset_bytes, uint64_t *length_bytes)
{
	uint64_t space = csum_volume_data_bytes(volume);

	if (offset_bytes > space)
		return csum_report_refusal(&volume->handlers, -EINVAL, volume->data->name,
					   "offset %" PRIu64 " is past the end of the data space of %" PRIu64 " bytes",
					   offset_bytes, space);
	if (*length_bytes == CSUM_TO_END)
		*length_bytes = space - offset_bytes;
	if (*length_bytes > space - offset_bytes)
		return csum_report_refusal(&volume->handlers, -EINVAL, volume->data->name,
					   "%" PRIu64 " bytes at offset %" PRIu64 " go past the end of the data space "
					   "of %" PRIu64 " bytes",
					   *length_bytes, offset_bytes, space);
	return 0;
}
