/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Repairs on their way to the disk: saved for undo, written, flushed, read back, verified. */
#include "scrub/write.h"

#include <stdlib.h>

#include "base/report.h"
#include "ondisk/layout.h"
#include "scrub/round.h"
#include "scrub/slots.h"
#include "scrub/undo.h"

struct csum_scrub_writer {
	struct csum_io_list list; /* of a round */
	uint8_t *back; /* a sector as it reads back */
};

struct csum_scrub_writer *csum_scrub_write_create(const struct csum_scrub *scrub)
{
	struct csum_scrub_writer *writer = calloc(1, sizeof(*writer));

	if (writer)
		writer->back = csum_io_alloc(scrub->sector_size);
	if (writer && writer->back)
		return writer;
	free(writer);
	return NULL;
}

void csum_scrub_write_free(struct csum_scrub_writer *writer)
{
	if (!writer)
		return;
	csum_io_list_free(&writer->list);
	free(writer->back);
	free(writer);
}

/* The outcome of a sector that is left says nothing of the content found for it, but still what the sector holds. */
static void set_left(struct csum_outcome *outcome, const char *why)
{
	*outcome = (struct csum_outcome){
		.has_other_sector = outcome->has_other_sector,
		.other_sector = outcome->other_sector,
		.class = outcome->class,
		.why = why,
	};
}

/* Sets the outcome by what the medium has now. */
static int read_back(struct csum_scrub *scrub, const struct csum_scrub_write *write)
{
	struct csum_volume *volume = scrub->volume;
	uint64_t offset_bytes = csum_layout_data_offset(csum_volume_geometry(volume), write->sector);
	int error = csum_io_read_patiently(volume->data, scrub->writer->back, scrub->sector_size, offset_bytes, NULL);

	if (csum_io_vanished(error))
		return csum_io_report(&volume->handlers, error, volume->data->name, "reading back a repaired sector");
	if (!error && csum_volume_entry(volume, scrub->writer->back) == write->entry) {
		write->outcome->disposition = CSUM_REPAIRED;
		return 0;
	}
	set_left(write->outcome, "could not be repaired: the write was refused or does not read back");
	return 0;
}

static int list_writes(struct csum_scrub *scrub, const struct csum_scrub_write *writes, size_t count)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_io_list *list = &scrub->writer->list;
	int error = 0;

	list->count = 0;
	for (size_t i = 0; i < count && !error; i++) {
		error = csum_io_list_add(list, volume->data, CSUM_IO_WRITE, writes[i].data, scrub->sector_size,
					 csum_layout_data_offset(csum_volume_geometry(volume), writes[i].sector));
		if (error)
			csum_report_error(&volume->handlers, error, NULL, "repairing data sectors");
	}
	return error;
}

/* Whether the round may be done: what it overwrites is durable, in a file that the volume names. */
static int keep(struct csum_scrub *scrub, bool *kept)
{
	const struct csum_io_list *list = &scrub->writer->list;
	int error = csum_scrub_undo_keep(scrub, list->requests, list->count, kept);

	if (!error && *kept)
		error = csum_scrub_slots_name_undo(scrub);
	if (!error && *kept)
		*kept = csum_scrub_undo_confirm(scrub);
	return error;
}

int csum_scrub_write(struct csum_scrub *scrub, const struct csum_scrub_write *writes, size_t count)
{
	bool kept = true;
	int error = list_writes(scrub, writes, count);

	if (!error)
		error = keep(scrub, &kept);
	if (!error && kept)
		error = csum_scrub_round(scrub, &scrub->writer->list, scrub->volume->data);
	for (size_t i = 0; i < count && !error && kept; i++)
		error = read_back(scrub, &writes[i]);
	for (size_t i = 0; i < count && (error || !kept); i++) {
		if (writes[i].outcome->disposition == CSUM_LEFT)
			set_left(writes[i].outcome, error ? "could not be repaired: writing has failed" :
							    "what it holds cannot be kept for undo");
	}
	return error;
}
