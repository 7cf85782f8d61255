/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * csum_undo(): data sectors get back what a scrub overwrote. Entries do not change, so a plain write and a flush are
 * enough: at any crash a sector holds the one content or the other, and undoing again goes on. Imd sectors and
 * superblocks are not put back: what scrub replaced there was invalid or did not govern, and later writes rely on
 * what replaced it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "layout.h"
#include "report.h"
#include "undo_format.h"
#include "verify.h"

/* Sectors written in one round. */
enum { ROUND = 128 };

struct undo {
	struct csum_volume *volume;
	const struct csum_undo_options *options;
	struct csum_undo_result *result;
	const char *path;
	const uint8_t *bytes; /* the file */
	size_t size;
	uint32_t sector_size;
	struct csum_span span; /* of one group */
	struct csum_io_list list;
	uint8_t *data; /* ROUND sectors to be written */
	uint64_t sectors[ROUND];
	size_t count;
	uint8_t *present; /* what a sector holds */
};

/* ------------------------------------------------------------------ the file */

static int map_file(struct undo *undo, int descriptor)
{
	const struct csum_handlers *handlers = &undo->volume->handlers;
	struct stat status;
	void *bytes;

	if (fstat(descriptor, &status))
		return csum_report_error(handlers, -errno, undo->path, "looking at the undo file");
	if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(struct csum_disk_undo_head))
		return csum_report_refusal(handlers, -EINVAL, undo->path, "not an undo file");
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (bytes == MAP_FAILED)
		return csum_report_error(handlers, -errno, undo->path, "reading the undo file");
	undo->bytes = bytes;
	undo->size = (size_t)status.st_size;
	return 0;
}

static int open_file(struct undo *undo)
{
	int descriptor = open(undo->path, O_RDONLY | O_CLOEXEC);
	int error;

	if (descriptor < 0)
		return csum_report_error(&undo->volume->handlers, -errno, undo->path, "opening the undo file");
	error = map_file(undo, descriptor);
	close(descriptor);
	return error;
}

static int check_head(const struct undo *undo)
{
	const struct csum_volume *volume = undo->volume;
	const struct csum_handlers *handlers = &volume->handlers;
	struct csum_disk_undo_head head;
	uint32_t crc;

	memcpy(&head, undo->bytes, sizeof(head));
	crc = csum_le32_get(head.crc);
	head.crc = csum_le32(0);
	if (memcmp(head.magic, CSUM_UNDO_MAGIC, sizeof(head.magic)) != 0 ||
	    crc != csum_checksum_crc32(0, &head, sizeof(head)))
		return csum_report_refusal(handlers, -EINVAL, undo->path, "not an undo file, or its head is damaged");
	if (csum_le32_get(head.version) != CSUM_UNDO_VERSION)
		return csum_report_refusal(handlers, -EINVAL, undo->path, "undo file of unknown version %" PRIu32,
					   csum_le32_get(head.version));
	if (memcmp(head.uuid, volume->superblock.uuid, sizeof(head.uuid)) != 0 ||
	    csum_le32_get(head.seed_state) != volume->seed_state ||
	    csum_le32_get(head.sector_size) != undo->sector_size ||
	    csum_le32_get(head.checksum_type) != volume->superblock.checksum_type)
		return csum_report_refusal(handlers, -EINVAL, undo->path, "undo file of another volume");
	return 0;
}

/* The record at that place of the file, its head copied out; NULL when there is no sound one. */
static const uint8_t *record_at(const struct undo *undo, size_t at, struct csum_disk_undo_record *record)
{
	const uint8_t *old = undo->bytes + at + sizeof(*record);
	uint32_t crc, size;

	if (undo->size - at < sizeof(*record))
		return NULL;
	memcpy(record, undo->bytes + at, sizeof(*record));
	size = csum_le32_get(record->size);
	if (memcmp(record->magic, CSUM_UNDO_RECORD_MAGIC, sizeof(record->magic)) != 0 || size > CSUM_UNDO_SIZE_MAX ||
	    size > undo->size - at - sizeof(*record))
		return NULL;
	crc = csum_le32_get(record->crc);
	record->crc = csum_le32(0);
	if (crc != csum_checksum_crc32(csum_checksum_crc32(0, record, sizeof(*record)), old, size))
		return NULL;
	return old;
}

/* Where the sound records end. -EBADMSG when there is another one behind that. */
static int find_end(struct undo *undo, size_t *end)
{
	struct csum_disk_undo_record record;
	size_t at = sizeof(struct csum_disk_undo_head);

	while (at < undo->size && record_at(undo, at, &record))
		at += sizeof(record) + csum_le32_get(record.size);
	*end = at;
	undo->result->cut_short = at < undo->size;
	for (; at < undo->size; at++) {
		const uint8_t *next = memchr(undo->bytes + at, CSUM_UNDO_RECORD_MAGIC[0], undo->size - at);

		if (!next)
			return 0;
		at = (size_t)(next - undo->bytes);
		if (record_at(undo, at, &record))
			return csum_report_refusal(&undo->volume->handlers, -EBADMSG, undo->path,
						   "the undo file is damaged at offset %zu: nothing was written", *end);
	}
	return 0;
}

/* ------------------------------------------------------------------ sectors */

static void tell(struct undo *undo, uint64_t sector, const char *refused)
{
	if (refused)
		undo->result->refused++;
	else
		undo->result->restored++;
	if (undo->options->sector)
		undo->options->sector(undo->options->user, sector, refused);
}

static int write_round(struct undo *undo)
{
	int error = 0;

	if (undo->count && !undo->options->dry_run)
		error = csum_io_round(undo->volume->io, undo->list.requests, undo->list.count);
	for (size_t i = 0; i < undo->count && !error; i++)
		tell(undo, undo->sectors[i], NULL);
	undo->list.count = 0;
	undo->count = 0;
	return error;
}

/* Why it must stay as it is, or NULL. *already: it holds the old bytes. Errors are reported. */
static int judge(struct undo *undo, const struct csum_disk_undo_record *record, const uint8_t *old, const char **why,
		 bool *already)
{
	struct csum_volume *volume = undo->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t sector = csum_le64_get(record->place), entry = csum_le64_get(record->new_entry);
	uint64_t group = csum_layout_group_of(geometry, sector);
	int error = csum_span_load(volume, &undo->span, group, 1);

	*why = NULL;
	*already = false;
	if (error)
		return error;
	error = csum_io_read_patiently(volume->data, undo->present, undo->sector_size,
				       csum_layout_data_offset(geometry, sector), NULL);
	if (csum_io_vanished(error))
		return csum_report_error(&volume->handlers, error, volume->data->name, "reading a data sector");
	if (undo->span.groups[0].version_count == 0 ||
	    csum_group_entry(&undo->span.groups[0], (uint32_t)(sector - csum_layout_first_sector(geometry, group))) !=
		    entry)
		*why = "its entry has changed";
	else if (error)
		*why = "it cannot be read";
	else if (memcmp(undo->present, old, undo->sector_size) == 0)
		*already = true;
	else if (csum_checksum_entry((enum csum_checksum_type)volume->superblock.checksum_type, undo->present,
				     undo->sector_size) != entry ||
		 csum_checksum_crc32(0, undo->present, undo->sector_size) != csum_le32_get(record->new_crc))
		*why = "it no longer holds what the scrub wrote";
	return 0;
}

static int restore(struct undo *undo, const struct csum_disk_undo_record *record, const uint8_t *old)
{
	struct csum_volume *volume = undo->volume;
	uint64_t sector = csum_le64_get(record->place);
	uint8_t *data = undo->data + undo->count * undo->sector_size;
	const char *why;
	bool already;
	int error = judge(undo, record, old, &why, &already);

	if (error)
		return error;
	if (!why && csum_le32_get(record->flags) & CSUM_UNDO_UNREADABLE)
		why = "what it held could not be read";
	if (why || already) {
		tell(undo, sector, why);
		return 0;
	}
	memcpy(data, old, undo->sector_size);
	error = csum_io_list_add(&undo->list, volume->data, CSUM_IO_WRITE, data, undo->sector_size,
				 csum_layout_data_offset(csum_volume_geometry(volume), sector));
	if (error)
		return csum_report_error(&volume->handlers, error, NULL, "putting data sectors back");
	undo->sectors[undo->count++] = sector;
	return undo->count == ROUND ? write_round(undo) : 0;
}

static int apply(struct undo *undo, size_t end)
{
	uint64_t data_sectors = csum_volume_geometry(undo->volume)->data_sectors;
	int error = 0;

	for (size_t at = sizeof(struct csum_disk_undo_head); at < end && !error;) {
		struct csum_disk_undo_record record;
		const uint8_t *old = record_at(undo, at, &record);

		at += sizeof(record) + csum_le32_get(record.size);
		undo->result->records++;
		if (csum_le32_get(record.kind) != CSUM_UNDO_DATA)
			undo->result->metadata++;
		else if (csum_le32_get(record.size) != undo->sector_size || csum_le64_get(record.place) >= data_sectors)
			error = csum_report_refusal(&undo->volume->handlers, -EBADMSG, undo->path,
						    "a record names no data sector of this volume");
		else
			error = restore(undo, &record, old);
		if (!error && csum_report_cancelled(&undo->volume->handlers))
			error = -ECANCELED;
	}
	/* What was announced is written, unless writing is what failed. */
	if (!error || error == -ECANCELED) {
		int round_error = write_round(undo);

		error = round_error ? round_error : error;
	}
	return error;
}

int csum_undo(struct csum_volume *volume, const char *undo_file, const struct csum_undo_options *options,
	      struct csum_undo_result *result)
{
	struct undo undo = {
		.volume = volume,
		.options = options,
		.result = result,
		.path = undo_file,
		.sector_size = csum_volume_geometry(volume)->sector_size,
	};
	size_t end = 0;
	int error;

	memset(result, 0, sizeof(*result));
	error = open_file(&undo);
	if (!error)
		error = check_head(&undo);
	if (!error)
		error = find_end(&undo, &end);
	if (!error)
		error = csum_span_init(&undo.span, volume, 1);
	undo.data = csum_io_alloc((size_t)ROUND * undo.sector_size);
	undo.present = csum_io_alloc(undo.sector_size);
	if (!error && (!undo.data || !undo.present))
		error = csum_report_error(&volume->handlers, -ENOMEM, NULL, "preparing to undo");
	if (!error)
		error = apply(&undo, end);
	if (undo.bytes)
		munmap((void *)(uintptr_t)undo.bytes, undo.size);
	csum_span_free(&undo.span);
	csum_io_list_free(&undo.list);
	free(undo.data);
	free(undo.present);
	return error;
}
