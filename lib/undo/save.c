/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "undo/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/report.h"
#include "base/util.h"
#include "device/directory.h"
#include "ondisk/layout.h"

struct csum_undo_file {
	const struct csum_volume *volume;
	const struct csum_handlers *handlers; /* take the failures of the file */
	char *path;
	int descriptor;
	uint8_t id[CSUM_UNDO_ID_SIZE];
	uint64_t size_bytes, records, sectors;
	uint64_t flushed_bytes, flushed_records, flushed_sectors; /* as many of them are durable */
	bool broken, flush_failed;
	uint8_t *record; /* the record being made, with the old bytes at OLD_AT */
};

/* Where the old bytes of the record in memory lie: aligned for reading them from the device. */
#define OLD_AT CSUM_BUFFER_ALIGNMENT

static struct csum_disk_undo_record *head_of(struct csum_undo_file *file)
{
	return (struct csum_disk_undo_record *)(void *)(file->record + OLD_AT - sizeof(struct csum_disk_undo_record));
}

/* ------------------------------------------------------------------ the file */

static int break_file(struct csum_undo_file *file, int error, const char *doing)
{
	file->broken = true;
	return csum_report_error(file->handlers, error, file->path, "%s the undo file", doing);
}

static int write_all(struct csum_undo_file *file, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t moved = pwrite(file->descriptor, (const uint8_t *)bytes + done, size - done,
				       (off_t)(file->size_bytes + done));

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved <= 0)
			return break_file(file, moved < 0 ? -errno : -EIO, "writing");
		done += (size_t)moved;
	}
	file->size_bytes += size;
	return 0;
}

static int sync_file(struct csum_undo_file *file)
{
	int error = csum_sync(fdatasync, file->descriptor);

	if (error) {
		file->flush_failed = true;
		return break_file(file, error, "flushing");
	}
	file->flushed_bytes = file->size_bytes;
	file->flushed_records = file->records;
	file->flushed_sectors = file->sectors;
	return 0;
}

/* Cuts the file back to its durable part: no sector of a later record has been overwritten. */
static void cut_back(struct csum_undo_file *file)
{
	file->size_bytes = file->flushed_bytes;
	file->records = file->flushed_records;
	file->sectors = file->flushed_sectors;
	/* If that fails a part of a record stays at the end, as after a crash. */
	if (ftruncate(file->descriptor, (off_t)file->size_bytes))
		file->flush_failed = true;
}

/* The file's name is durable only with its directory. */
static int sync_directory(const struct csum_undo_file *file)
{
	int error = csum_directory_sync_name(file->path);

	if (error)
		csum_report_error(file->handlers, error, file->path, "flushing the directory of the undo file");
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
		.session = csum_le64(superblock->session),
		.time = csum_le64((uint64_t)time(NULL)),
	};
	int error;

	memcpy(head.magic, CSUM_UNDO_MAGIC, sizeof(head.magic));
	memcpy(head.uuid, superblock->uuid, sizeof(head.uuid));
	memcpy(head.id, file->id, sizeof(head.id));
	memcpy(head.previous, superblock->record.undo_id, sizeof(head.previous));
	head.crc = csum_le32(csum_checksum_crc32(0, &head, sizeof(head)));
	error = write_all(file, &head, sizeof(head));
	return error ? error : sync_file(file);
}

/* An undo file on the volume's own device would be lost with it. */
static int refuse_inside(const struct csum_undo_file *file)
{
	const struct csum_volume *volume = file->volume;
	struct csum_device below = { .descriptor = file->descriptor, .is_block = true };
	struct stat status;

	if (fstat(file->descriptor, &status))
		return csum_report_error(file->handlers, -errno, file->path, "looking at the undo file");
	below.block_device = below.file_system_device = status.st_dev;
	below.inode = status.st_ino;
	if (csum_device_same(volume->data, &below) || csum_device_same(volume->metadata, &below))
		return csum_report_refusal(file->handlers, -EINVAL, file->path,
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

static int open_file(struct csum_undo_file *file, const char *path, const char *directory)
{
	if (!path)
		return csum_undo_directory_create(file->volume, file->handlers, directory, &file->path,
						  &file->descriptor);
	file->path = strdup(path);
	if (!file->path)
		return csum_report_error(file->handlers, -ENOMEM, path, "creating the undo file");
	file->descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file->descriptor < 0)
		return csum_report_error(file->handlers, -errno, path, "creating the undo file");
	return 0;
}

static int fill_file(struct csum_undo_file *file)
{
	int error = refuse_inside(file);

	/* An id of zeros means that there is none. */
	while (!error && csum_is_zero(file->id, sizeof(file->id))) {
		if (getrandom(file->id, sizeof(file->id), 0) != (ssize_t)sizeof(file->id))
			error = csum_report_error(file->handlers, -errno, file->path, "getting random bytes");
	}
	if (!error)
		error = write_head(file);
	return error ? error : sync_directory(file);
}

int csum_undo_create(const struct csum_volume *volume, const struct csum_handlers *handlers, const char *path,
		     const char *directory, struct csum_undo_file **file)
{
	struct csum_undo_file *new = calloc(1, sizeof(*new));
	int error;

	*file = NULL;
	if (!new)
		return csum_report_error(handlers, -ENOMEM, NULL, "creating the undo file");
	new->volume = volume;
	new->handlers = handlers;
	new->descriptor = -1;
	new->record = csum_io_alloc(OLD_AT + CSUM_UNDO_SIZE_MAX);
	if (new->record)
		error = open_file(new, path, directory);
	else
		error = csum_report_error(handlers, -ENOMEM, NULL, "creating the undo file");
	if (!error)
		error = fill_file(new);
	if (error)
		discard_file(new);
	else
		*file = new;
	return error;
}

/* ------------------------------------------------------------------ records */

/* Fills in kind and place of the record for a write to that place; returns its greatest size. */
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
		head->new_entry = csum_le64(csum_volume_entry(volume, new_bytes));
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

/* Writes the record that is in memory; its old bytes follow, unless its flags stand for them. */
static int append(struct csum_undo_file *file, uint32_t stored)
{
	struct csum_disk_undo_record *head = head_of(file);
	uint32_t state = csum_checksum_crc32(0, file->id, sizeof(file->id));

	memcpy(head->magic, CSUM_UNDO_RECORD_MAGIC, sizeof(head->magic));
	head->number = csum_le64(file->records);
	head->flushed = csum_le64(file->flushed_records);
	head->crc = csum_le32(0);
	head->crc = csum_le32(csum_checksum_crc32(state, head, sizeof(*head) + stored));
	return write_all(file, head, sizeof(*head) + stored);
}

/* Saves one record, for the bytes of the request from `done` on; *size: how many of them it covers. */
static int save_one(struct csum_undo_file *file, const struct csum_io_request *request, size_t done, uint32_t *size)
{
	const uint8_t *new_bytes = (const uint8_t *)request->buffer + done;
	struct csum_disk_undo_record *head = head_of(file);
	uint64_t at = request->offset_bytes + done;
	uint32_t flags = 0;
	int error;

	memset(head, 0, sizeof(*head));
	*size = describe(file, request, at, new_bytes, head);
	if (*size > request->size - done)
		*size = (uint32_t)(request->size - done);
	head->size = csum_le32(*size);
	head->device_offset = csum_le64(at);
	head->new_crc = csum_le32(csum_checksum_crc32(0, new_bytes, *size));
	error = csum_io_read_patiently(request->device, file->record + OLD_AT, *size, at, NULL);
	if (csum_io_vanished(error))
		return csum_io_report(&file->volume->handlers, error, request->device->name,
				      "reading what is to be overwritten");
	if (error)
		flags = CSUM_UNDO_UNREADABLE;
	else if (csum_is_zero(file->record + OLD_AT, *size))
		flags = CSUM_UNDO_ZEROS;
	head->flags = csum_le32(flags);
	error = append(file, flags ? 0 : *size);
	file->records += !error;
	file->sectors += !error && csum_le32_get(head->kind) == CSUM_UNDO_DATA;
	return error;
}

int csum_undo_save(struct csum_undo_file *file, const struct csum_io_request *requests, size_t count)
{
	uint32_t size;
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		for (size_t done = 0; done < requests[i].size && !error; done += size)
			error = save_one(file, &requests[i], done, &size);
	}
	if (!error)
		error = sync_file(file);
	if (file->broken)
		cut_back(file);
	return error;
}

bool csum_undo_broken(const struct csum_undo_file *file)
{
	return file->broken;
}

const uint8_t *csum_undo_id(const struct csum_undo_file *file)
{
	return file->id;
}

const char *csum_undo_path(const struct csum_undo_file *file)
{
	return file->path;
}

uint64_t csum_undo_records(const struct csum_undo_file *file)
{
	return file->records;
}

uint64_t csum_undo_sectors(const struct csum_undo_file *file)
{
	return file->sectors;
}

/* ------------------------------------------------------------------ the end */

static int write_end(struct csum_undo_file *file)
{
	struct csum_disk_undo_record *head = head_of(file);
	int error;

	memset(head, 0, sizeof(*head));
	head->kind = csum_le32(CSUM_UNDO_END);
	head->place = csum_le64(file->sectors);
	error = append(file, 0);
	return error ? error : sync_file(file);
}

int csum_undo_close(struct csum_undo_file *file, bool named)
{
	static const struct csum_handlers silent;
	int error = 0;

	if (!file)
		return 0;
	if (file->records == 0 && !named) {
		discard_file(file);
		return 0;
	}
	/* A full disk, already reported, may have room for the end now. After a failed flush nothing is certain. */
	if (file->broken)
		file->handlers = &silent;
	if (!file->flush_failed)
		error = write_end(file);
	if (close(file->descriptor) && !error)
		error = csum_report_error(file->handlers, -errno, file->path, "closing the undo file");
	error = file->handlers == &silent ? 0 : error;
	file->descriptor = -1;
	discard_file(file);
	return error;
}
