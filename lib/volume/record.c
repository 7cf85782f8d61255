/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal record on disk: whether it counts, and its images. (format.md: Journal) */
#include "volume/record.h"

#include <errno.h>
#include <inttypes.h>

#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/parked.h"

int csum_record_read(const struct csum_volume *volume, struct csum_journal *journal, const char **reason)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;
	uint8_t *record = volume->journal_record;
	uint32_t count;
	int error = csum_io_read_patiently(volume->metadata, record, CSUM_BLOCK_SIZE, CSUM_JOURNAL_OFFSET, NULL);

	journal->count = 0;
	*reason = "no journal record";
	if (!error && csum_parked_has_magic(record))
		*reason = "no journal record, but a sector parked by a scrub";
	if (error || !csum_journal_head_count(record, sector_size, &count))
		return error;
	error = csum_io_read_patiently(volume->metadata, record + CSUM_BLOCK_SIZE, (size_t)count * sector_size,
				       CSUM_JOURNAL_OFFSET + CSUM_BLOCK_SIZE, NULL);
	if (!error)
		*reason = csum_journal_decode(record, volume->seed_state, sector_size, journal);
	return error;
}

/*
 * If wrong bytes arrived once, a record would be taken for none, and the groups that it guards would be lost. So only
 * three readings without a record mean that there is none; each of them is patient with errors by itself.
 */
static const char *find_record(struct csum_volume *volume, int *error)
{
	const char *reason = NULL;
	int attempt = 0;

	do {
		*error = csum_record_read(volume, &volume->journal, &reason);
		attempt++;
	} while (!*error && reason && attempt < CSUM_IO_READ_ATTEMPTS);
	volume->journal_unreadable = *error != 0;
	return *error ? "journal cannot be read" : reason;
}

/*
 * Why the record on disk does not count, or NULL when it does and volume->journal holds it. *error is the error of
 * reading it.
 */
static const char *load_record(struct csum_volume *volume, int *error)
{
	const struct csum_superblock *superblock = &volume->superblock;
	const char *reason;

	if (volume->governing == CSUM_SLOT_C)
		return "the session is not known, both superblocks being invalid";
	reason = find_record(volume, error);
	if (reason)
		return reason;
	if (!csum_volume_active(volume))
		return "the volume is clean";
	if (volume->journal.session != superblock->session)
		return "journal record of another session";
	for (uint32_t i = 0; i < volume->journal.count; i++) {
		if (!csum_volume_in_intent(volume, volume->journal.place[i].group))
			return "journal record names a group outside the intent";
	}
	return NULL;
}

int csum_record_load(struct csum_volume *volume)
{
	int error = 0;

	if (!volume->journal_record)
		volume->journal_record = csum_io_alloc(CSUM_JOURNAL_SIZE);
	if (!volume->journal_record)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "reading the journal");
	volume->journal_void_reason = load_record(volume, &error);
	if (csum_io_vanished(error))
		return csum_io_report(&volume->handlers, error, volume->metadata->name,
				      "reading the journal at offset %" PRIu64, CSUM_JOURNAL_OFFSET);
	if (volume->journal_void_reason)
		volume->journal.count = 0;
	else
		volume->journal_void_reason = "";
	return 0;
}

const void *csum_record_find(const struct csum_volume *volume, uint64_t group, int *copy)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;

	for (uint32_t i = 0; i < volume->journal.count; i++) {
		const struct csum_journal_place *place = &volume->journal.place[i];
		const void *image = csum_journal_image(volume->journal_record, sector_size, i);

		if (place->group != group)
			continue;
		if (csum_imd_verify(csum_volume_imd_place(volume, group, place->copy), image) != CSUM_IMD_VALID)
			return NULL;
		if (copy)
			*copy = place->copy;
		return image;
	}
	return NULL;
}
