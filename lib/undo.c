/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "undo.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "layout.h"
#include "report.h"
#include "undo_format.h"

struct csum_undo_file {
	const struct csum_volume *volume;
	char *path;
	int descriptor;
	uint64_t records;
	uint8_t *record; /* the one being made, its old bytes at RECORD_BYTES */
};

/* Where the old bytes of the record in memory lie: aligned for reading them from the device. */
#define OLD_AT CSUM_BUFFER_ALIGNMENT

static struct csum_disk_undo_record *head_of(struct csum_undo_file *file)
{
	return (struct csum_disk_undo_record *)(void *)(file->record + OLD_AT - sizeof(struct csum_disk_undo_record));
}

static int write_all(struct csum_undo_file *file, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t moved = write(file->descriptor, (const uint8_t *)bytes + done, size - done);

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved <= 0)
			return csum_report_error(&file->volume->handlers, moved < 0 ? -errno : -EIO, file->path,
						 "writing the undo file");
		done += (size_t)moved;
	}
	return 0;
}

static int sync_file(struct csum_undo_file *file)
{
	if (fdatasync(file->descriptor))
		return csum_report_error(&file->volume->handlers, -errno, file->path, "flushing the undo file");
	return 0;
}

/* The file's name is durable only with its directory. */
static int sync_directory(const struct csum_undo_file *file)
{
	char *copy = strdup(file->path);
	int descriptor = -1, error = 0;

	if (copy)
		descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0 || fsync(descriptor))
		error = csum_report_error(&file->volume->handlers, copy ? -errno : -ENOMEM, file->path,
					  "flushing the directory of the undo file");
	if (descriptor >= 0)
		close(descriptor);
	free(copy);
	return error;
}

static int write_head(struct csum_undo_file *file)
{
	const struct csum_superblock *superblock = &file->volume->superblock;
	struct csum_disk_undo_head head = {
		.version = csum_le32(CSUM_UNDO_VERSION),
		.seed_state = csum_le32(file->volume->seed_state),
		.sector_size = csum_le32(superblock->geometry.sector_size),
		.checksum_type = csum_le32(superblock->checksum_type),
	};
	int error;

	memcpy(head.magic, CSUM_UNDO_MAGIC, sizeof(head.magic));
	memcpy(head.uuid, superblock->uuid, sizeof(head.uuid));
	head.crc = csum_le32(csum_checksum_crc32(0, &head, sizeof(head)));
	error = write_all(file, &head, sizeof(head));
	return error ? error : sync_file(file);
}

/* What is kept on the volume's own device goes with it. */
static int refuse_inside(const struct csum_undo_file *file)
{
	const struct csum_volume *volume = file->volume;
	struct stat status;

	if (fstat(file->descriptor, &status))
		return csum_report_error(&volume->handlers, -errno, file->path, "looking at the undo file");
	if ((volume->data->is_block && volume->data->block_device == status.st_dev) ||
	    (volume->metadata->is_block && volume->metadata->block_device == status.st_dev))
		return csum_report_refusal(&volume->handlers, -EINVAL, file->path,
					   "the undo file must not lie on the volume itself");
	return 0;
}

static void discard_file(struct csum_undo_file *file)
{
	if (file->descriptor >= 0) {
		unlink(file->path);
		close(file->descriptor);
	}
	free(file->path);
	free(file->record);
	free(file);
}

static int create_file(struct csum_undo_file *file)
{
	int error;

	file->descriptor = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file->descriptor < 0)
		return csum_report_error(&file->volume->handlers, -errno, file->path, "creating the undo file");
	error = refuse_inside(file);
	if (!error)
		error = write_head(file);
	return error ? error : sync_directory(file);
}

int csum_undo_create(const struct csum_volume *volume, const char *path, struct csum_undo_file **file)
{
	struct csum_undo_file *new = calloc(1, sizeof(*new));
	int error = -ENOMEM;

	*file = NULL;
	if (!new)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "creating the undo file");
	new->volume = volume;
	new->descriptor = -1;
	new->path = strdup(path);
	new->record = csum_io_alloc(OLD_AT + CSUM_UNDO_SIZE_MAX);
	if (new->path &&new->record)
		error = create_file(new);
	else
		csum_report_error(&volume->handlers, error, NULL, "creating the undo file");
	if (error)
		discard_file(new);
	else
		*file = new;
	return error;
}

/* Which record a write to that place makes, and of how many bytes. */
static uint32_t describe(const struct csum_undo_file *file, const struct csum_io_request *request, uint64_t at,
			 const void *new_bytes, struct csum_disk_undo_record *head)
{
	const struct csum_volume *volume = file->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	const struct csum_place place = csum_layout_place(geometry, request->device == volume->metadata, at);

	head->kind = csum_le32(CSUM_UNDO_OTHER);
	if (place.kind == CSUM_PLACE_DATA) {
		head->kind = csum_le32(CSUM_UNDO_DATA);
		head->place = csum_le64(place.data_sector);
		head->new_entry = csum_le64(csum_checksum_entry(
			(enum csum_checksum_type)volume->superblock.checksum_type, new_bytes, geometry->sector_size));
		return geometry->sector_size;
	}
	if (place.kind == CSUM_PLACE_IMD) {
		head->kind = csum_le32(CSUM_UNDO_IMD);
		head->place = csum_le64(2 * place.group + (unsigned int)place.copy);
		return geometry->sector_size;
	}
	if (at == CSUM_SLOT_A_OFFSET || at == CSUM_SLOT_B_OFFSET || at >= CSUM_CLUSTERS_OFFSET) {
		head->kind = csum_le32(CSUM_UNDO_SLOT);
		head->place = csum_le64(at == CSUM_SLOT_A_OFFSET ? CSUM_SLOT_A :
					at == CSUM_SLOT_B_OFFSET ? CSUM_SLOT_B :
								   CSUM_SLOT_C);
		return CSUM_BLOCK_SIZE;
	}
	return CSUM_UNDO_SIZE_MAX;
}

/* One record: of the bytes of the request from `done` on; how many it covers goes to *size. */
static int save_one(struct csum_undo_file *file, const struct csum_io_request *request, size_t done, uint32_t *size)
{
	const uint8_t *new_bytes = (const uint8_t *)request->buffer + done;
	struct csum_disk_undo_record *head = head_of(file);
	uint64_t at = request->offset_bytes + done;
	int error;

	memset(head, 0, sizeof(*head));
	memcpy(head->magic, CSUM_UNDO_RECORD_MAGIC, sizeof(head->magic));
	*size = describe(file, request, at, new_bytes, head);
	if (*size > request->size - done)
		*size = (uint32_t)(request->size - done);
	head->size = csum_le32(*size);
	head->device_offset = csum_le64(at);
	head->new_crc = csum_le32(csum_checksum_crc32(0, new_bytes, *size));
	error = csum_io_read_patiently(request->device, file->record + OLD_AT, *size, at, NULL);
	if (csum_io_vanished(error))
		return csum_report_error(&file->volume->handlers, error, request->device->name,
					 "reading what is to be overwritten");
	if (error) {
		memset(file->record + OLD_AT, 0, *size);
		head->flags = csum_le32(CSUM_UNDO_UNREADABLE);
	}
	head->crc = csum_le32(csum_checksum_crc32(0, head, sizeof(*head) + *size));
	file->records++;
	return write_all(file, head, sizeof(*head) + *size);
}

int csum_undo_save(struct csum_undo_file *file, const struct csum_io_request *requests, size_t count)
{
	uint32_t size;
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		for (size_t done = 0; done < requests[i].size && !error; done += size)
			error = save_one(file, &requests[i], done, &size);
	}
	return error ? error : sync_file(file);
}

uint64_t csum_undo_records(const struct csum_undo_file *file)
{
	return file->records;
}

int csum_undo_close(struct csum_undo_file *file)
{
	int error = 0;

	if (!file)
		return 0;
	if (file->records == 0) {
		discard_file(file);
		return 0;
	}
	if (close(file->descriptor))
		error = csum_report_error(&file->volume->handlers, -errno, file->path, "closing the undo file");
	file->descriptor = -1;
	discard_file(file);
	return error;
}
