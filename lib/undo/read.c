/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading an undo file in pieces: it may be larger than memory, may be cut short meanwhile, and may have been made to
 * harm. A record that is not sound is never passed on.
 */
#include "undo/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/report.h"

#define RECORD_MAX (sizeof(struct csum_disk_undo_record) + CSUM_UNDO_SIZE_MAX)
/* Bytes that are searched at a time for records behind a place without one. */
#define CHUNK_BYTES 65536u

static_assert(CHUNK_BYTES >= RECORD_MAX && CHUNK_BYTES % CSUM_UNDO_UNIT == 0, "chunk");

/* ------------------------------------------------------------------ the head */

static bool is_of_volume(const struct csum_volume *volume, const struct csum_disk_undo_head *disk)
{
	return memcmp(disk->uuid, volume->superblock.uuid, sizeof(disk->uuid)) == 0 &&
	       csum_le32_get(disk->seed_state) == volume->seed_state &&
	       csum_le32_get(disk->sector_size) == csum_volume_geometry(volume)->sector_size &&
	       csum_le32_get(disk->checksum_type) == volume->superblock.checksum_type;
}

const char *csum_undo_decode_head(const struct csum_volume *volume, const void *bytes, size_t size,
				  struct csum_undo_head *head)
{
	static const char none[] = "not an undo file, or its head is damaged";
	struct csum_disk_undo_head disk = { 0 };
	size_t head_size = CSUM_UNDO_HEAD_SIZE_OLD;
	uint32_t crc;

	if (size < head_size || memcmp(bytes, CSUM_UNDO_MAGIC, sizeof(disk.magic)) != 0)
		return none;
	memcpy(&disk, bytes, head_size);
	*head = (struct csum_undo_head){ .version = csum_le32_get(disk.version) };
	if (head->version != CSUM_UNDO_VERSION && head->version != CSUM_UNDO_VERSION_OLD)
		return "an undo file of a version that this program does not know, or its head is damaged";
	if (head->version == CSUM_UNDO_VERSION)
		head_size = sizeof(disk);
	if (size < head_size)
		return none;
	memcpy(&disk, bytes, head_size);
	crc = csum_le32_get(disk.crc);
	disk.crc = csum_le32(0);
	if (crc != csum_checksum_crc32(0, &disk, head_size))
		return none;
	if (!is_of_volume(volume, &disk))
		return "undo file of another volume";
	memcpy(head->id, disk.id, sizeof(head->id));
	memcpy(head->previous, disk.previous, sizeof(head->previous));
	head->session = csum_le64_get(disk.session);
	head->time = csum_le64_get(disk.time);
	return NULL;
}

/* Up to `size` bytes; fewer only where the file ends. Errors are reported. */
static int read_bytes(const struct csum_undo_reader *reader, void *bytes, size_t size, uint64_t at, size_t *got)
{
	*got = 0;
	while (*got < size) {
		ssize_t moved = pread(reader->descriptor, (uint8_t *)bytes + *got, size - *got, (off_t)(at + *got));

		if (moved < 0 && errno == EINTR)
			continue;
		if (moved < 0)
			return csum_report_error(&reader->volume->handlers, -errno, reader->path,
						 "reading the undo file at offset %" PRIu64, at);
		if (moved == 0)
			return 0;
		*got += (size_t)moved;
	}
	return 0;
}

static int check_head(struct csum_undo_reader *reader)
{
	const struct csum_handlers *handlers = &reader->volume->handlers;
	uint8_t bytes[sizeof(struct csum_disk_undo_head)];
	struct stat status;
	const char *why;
	size_t got;
	int error;

	if (fstat(reader->descriptor, &status))
		return csum_report_error(handlers, -errno, reader->path, "looking at the undo file");
	if (!S_ISREG(status.st_mode))
		return csum_report_refusal(handlers, -EINVAL, reader->path, "not an undo file");
	reader->size_bytes = (uint64_t)status.st_size;
	error = read_bytes(reader, bytes, sizeof(bytes), 0, &got);
	if (error)
		return error;
	why = csum_undo_decode_head(reader->volume, bytes, got, &reader->head);
	if (why)
		return csum_report_refusal(handlers, -EINVAL, reader->path, "%s", why);
	csum_undo_reader_rewind(reader);
	return 0;
}

int csum_undo_reader_open(const struct csum_volume *volume, const char *path, struct csum_undo_reader *reader)
{
	int error;

	*reader = (struct csum_undo_reader){ .volume = volume, .path = path };
	/* Opening a FIFO would wait for a writer. */
	reader->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reader->descriptor < 0)
		return csum_report_error(&volume->handlers, -errno, path, "opening the undo file");
	reader->buffer = malloc(CHUNK_BYTES);
	if (!reader->buffer)
		error = csum_report_error(&volume->handlers, -ENOMEM, path, "reading the undo file");
	else
		error = check_head(reader);
	if (error)
		csum_undo_reader_close(reader);
	return error;
}

void csum_undo_reader_close(struct csum_undo_reader *reader)
{
	if (reader->descriptor >= 0)
		close(reader->descriptor);
	reader->descriptor = -1;
	free(reader->buffer);
	reader->buffer = NULL;
}

void csum_undo_reader_rewind(struct csum_undo_reader *reader)
{
	reader->at = reader->head.version == CSUM_UNDO_VERSION ? sizeof(struct csum_disk_undo_head) :
								 CSUM_UNDO_HEAD_SIZE_OLD;
	reader->records = reader->sectors = 0;
	reader->complete = false;
}

/* ------------------------------------------------------------------ records */

static bool is_current(const struct csum_undo_reader *reader)
{
	return reader->head.version == CSUM_UNDO_VERSION;
}

/* Old bytes that follow the record in the file. */
static uint32_t stored_bytes(const struct csum_undo_reader *reader, const struct csum_disk_undo_record *disk)
{
	uint32_t none = CSUM_UNDO_UNREADABLE | CSUM_UNDO_ZEROS;

	return is_current(reader) && csum_le32_get(disk->flags) & none ? 0 : csum_le32_get(disk->size);
}

/* Whether the `size` bytes begin with a sound record. */
static bool is_sound(const struct csum_undo_reader *reader, const uint8_t *bytes, size_t size,
		     struct csum_disk_undo_record *disk)
{
	uint32_t crc, stored, state = 0;

	if (size < sizeof(*disk) || memcmp(bytes, CSUM_UNDO_RECORD_MAGIC, sizeof(disk->magic)) != 0)
		return false;
	memcpy(disk, bytes, sizeof(*disk));
	stored = stored_bytes(reader, disk);
	if (csum_le32_get(disk->size) > CSUM_UNDO_SIZE_MAX || csum_le32_get(disk->size) % CSUM_UNDO_UNIT ||
	    stored > size - sizeof(*disk))
		return false;
	crc = csum_le32_get(disk->crc);
	disk->crc = csum_le32(0);
	/* With the id, so that a record of another undo file, in the content of a data sector, does not pass. */
	if (is_current(reader))
		state = csum_checksum_crc32(0, reader->head.id, sizeof(reader->head.id));
	state = csum_checksum_crc32(state, disk, sizeof(*disk));
	return crc == csum_checksum_crc32(state, bytes + sizeof(*disk), stored);
}

static void take_record(struct csum_undo_reader *reader, const struct csum_disk_undo_record *disk,
			struct csum_undo_record *record)
{
	uint32_t stored = stored_bytes(reader, disk);
	uint8_t *old = reader->buffer + sizeof(*disk);

	*record = (struct csum_undo_record){
		.kind = (enum csum_undo_kind)csum_le32_get(disk->kind),
		.size = csum_le32_get(disk->size),
		.flags = csum_le32_get(disk->flags),
		.place = csum_le64_get(disk->place),
		.new_entry = csum_le64_get(disk->new_entry),
		.new_crc = csum_le32_get(disk->new_crc),
		.old = old,
	};
	if (!stored)
		memset(old, 0, record->size);
	reader->at += sizeof(*disk) + stored;
	reader->records++;
	reader->sectors += record->kind == CSUM_UNDO_DATA;
}

int csum_undo_reader_next(struct csum_undo_reader *reader, struct csum_undo_record *record, bool *found)
{
	struct csum_disk_undo_record disk;
	size_t got;
	int error;

	*found = false;
	if (reader->complete || reader->at >= reader->size_bytes)
		return 0;
	error = read_bytes(reader, reader->buffer, RECORD_MAX, reader->at, &got);
	if (error || !is_sound(reader, reader->buffer, got, &disk))
		return error;
	if (is_current(reader) && csum_le64_get(disk.number) != reader->records)
		return 0;
	if (is_current(reader) && csum_le32_get(disk.kind) == CSUM_UNDO_END) {
		reader->complete = true;
		reader->at += sizeof(disk);
		return 0;
	}
	take_record(reader, &disk, record);
	*found = true;
	return 0;
}

/* The last record of a complete file says how many there are. */
static int read_end(struct csum_undo_reader *reader)
{
	struct csum_disk_undo_record disk;
	size_t got;
	int error;

	if (!is_current(reader) || reader->size_bytes < reader->at + sizeof(disk))
		return 0;
	error = read_bytes(reader, reader->buffer, sizeof(disk), reader->size_bytes - sizeof(disk), &got);
	if (error || !is_sound(reader, reader->buffer, got, &disk) || csum_le32_get(disk.kind) != CSUM_UNDO_END ||
	    csum_le64_get(disk.place) > csum_le64_get(disk.number))
		return error;
	reader->complete = true;
	reader->records = csum_le64_get(disk.number);
	reader->sectors = csum_le64_get(disk.place);
	return 0;
}

int csum_undo_reader_count(struct csum_undo_reader *reader)
{
	struct csum_undo_record record;
	int error = read_end(reader);
	bool found = !reader->complete;

	while (!error && found) {
		error = csum_undo_reader_next(reader, &record, &found);
		if (!error && csum_report_cancelled(&reader->volume->handlers))
			error = -ECANCELED;
	}
	return error;
}

/* ------------------------------------------------------------------ the end */

static int refuse_damaged(const struct csum_undo_reader *reader)
{
	return csum_report_refusal(&reader->volume->handlers, -EBADMSG, reader->path,
				   "the undo file is damaged at offset %" PRIu64 ": nothing was written", reader->at);
}

/*
 * A record behind a missing one tells of damage when it was written after the missing one had been durable. But a power
 * cut may leave any part of a last batch that was never flushed; the sectors of that batch had not been overwritten.
 */
static bool tells_of_damage(const struct csum_undo_reader *reader, const struct csum_disk_undo_record *disk,
			    uint64_t at)
{
	return !is_current(reader) || at == reader->at || csum_le64_get(disk->flushed) > reader->records;
}

/* Where a file with holes has bytes again; a hole may be too large to be read. */
static uint64_t skip_hole(const struct csum_undo_reader *reader, uint64_t at)
{
	off_t data = lseek(reader->descriptor, (off_t)at, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? reader->size_bytes : at;
	return (uint64_t)data > at ? at + ((uint64_t)data - at) / CSUM_UNDO_UNIT * CSUM_UNDO_UNIT : at;
}

int csum_undo_reader_check_end(struct csum_undo_reader *reader)
{
	uint64_t at = reader->at;

	if (reader->complete)
		return at < reader->size_bytes ? refuse_damaged(reader) : 0;
	while (at < reader->size_bytes) {
		struct csum_disk_undo_record disk;
		size_t got, i;
		int error;

		at = skip_hole(reader, at);
		error = read_bytes(reader, reader->buffer, CHUNK_BYTES, at, &got);
		if (error)
			return error;
		/* A record may reach past the chunk: the next one begins with it. */
		for (i = 0; i + CSUM_UNDO_UNIT <= got && (got < CHUNK_BYTES || i + RECORD_MAX <= got);
		     i += CSUM_UNDO_UNIT) {
			if (is_sound(reader, reader->buffer + i, got - i, &disk) &&
			    tells_of_damage(reader, &disk, at + i))
				return refuse_damaged(reader);
		}
		if (got < CHUNK_BYTES)
			return 0;
		at += i;
		if (csum_report_cancelled(&reader->volume->handlers))
			return -ECANCELED;
	}
	return 0;
}
