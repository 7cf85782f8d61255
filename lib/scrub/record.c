/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far a scrub of the whole volume has come, on record in the superblock. (protocol.md: Scrub) */
#include "scrub/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/report.h"
#include "ondisk/layout.h"
#include "scrub/pace.h"
#include "scrub/slots.h"

/* The record is written no more often. A crash costs the work of that time. */
#define RECORD_EVERY_MS 5000u

struct csum_scrub_recorder {
	struct csum_scrub_totals base; /* of earlier runs of this scrub */
	struct csum_scrub_record safe; /* as the record may be written: everything before it has been dealt with */
	uint64_t written_ms; /* when it was written last */
};

struct csum_scrub_recorder *csum_scrub_record_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_recorder));
}

void csum_scrub_record_free(struct csum_scrub_recorder *recorder)
{
	free(recorder);
}

static struct csum_scrub_totals totals_so_far(const struct csum_scrub *scrub)
{
	const struct csum_scrub_result *result = scrub->result;
	struct csum_scrub_totals totals = scrub->recorder->base;

	totals.verified += result->totals.sectors_verified;
	totals.unwritten += result->totals.sectors_unwritten;
	totals.repaired += result->sectors_repaired;
	totals.left_bad += result->totals.sectors_bad - result->sectors_repaired;
	totals.imd_repaired += result->imd_repaired;
	return totals;
}

/* A device that refuses a slot may have vanished; that is an error, and the record that it has still counts. */
static int still_there(const struct csum_scrub *scrub)
{
	struct csum_device *metadata = scrub->volume->metadata;
	int error = csum_io_still_there(metadata);

	if (error)
		csum_io_report(&scrub->volume->handlers, error, metadata->name, "recording how far the scrub came");
	return error;
}

static int write_record(struct csum_scrub *scrub)
{
	bool refused;
	int error = csum_scrub_slots_write(scrub, &refused);

	scrub->recorder->written_ms = csum_scrub_clock_ms();
	if (!error && !refused)
		scrub->result->record = scrub->volume->superblock.current_scrub;
	if (!error && refused)
		error = still_there(scrub);
	if (!error && refused) {
		scrub->result->recorded = false;
		csum_report_warning(&scrub->volume->handlers, scrub->volume->metadata->name,
				    "a superblock slot cannot be written: this scrub is not recorded");
	}
	return error;
}

void csum_scrub_record_resume(struct csum_scrub *scrub)
{
	const struct csum_volume *volume = scrub->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	const struct csum_scrub_record *record = &volume->superblock.current_scrub;

	if (!scrub->result->recorded || scrub->options->restart || record->started == 0 || record->next_group == 0 ||
	    record->next_group >= geometry->groups || volume->governing == CSUM_SLOT_C)
		return;
	scrub->result->resumed = true;
	scrub->first_sector = csum_layout_first_sector(geometry, record->next_group);
	csum_report_note(&volume->handlers, volume->data->name,
			 "going on with an interrupted scrub at data sector %" PRIu64 " of %" PRIu64,
			 scrub->first_sector, geometry->data_sectors);
}

int csum_scrub_record_begin(struct csum_scrub *scrub)
{
	struct csum_superblock *superblock = &scrub->volume->superblock;

	scrub->result->recorded &= scrub->mode == CSUM_SCRUB_REPAIR && !csum_scrub_slots_stuck(scrub);
	if (!scrub->result->recorded)
		return 0;
	if (scrub->result->resumed)
		scrub->recorder->base = superblock->current_scrub.totals;
	else
		superblock->current_scrub = (struct csum_scrub_record){ .started = (uint64_t)time(NULL) };
	scrub->recorder->safe = superblock->current_scrub;
	return write_record(scrub);
}

void csum_scrub_record_advance(struct csum_scrub *scrub, uint64_t next_sector, bool waiting)
{
	if (!scrub->result->recorded || waiting)
		return;
	scrub->recorder->safe.next_group = next_sector / csum_volume_geometry(scrub->volume)->sectors_per_group;
	scrub->recorder->safe.totals = totals_so_far(scrub);
}

bool csum_scrub_record_is_due(const struct csum_scrub *scrub)
{
	return scrub->result->recorded && csum_scrub_clock_ms() - scrub->recorder->written_ms >= RECORD_EVERY_MS;
}

int csum_scrub_record_write(struct csum_scrub *scrub)
{
	scrub->volume->superblock.current_scrub = scrub->recorder->safe;
	return write_record(scrub);
}

int csum_scrub_record_end(struct csum_scrub *scrub)
{
	struct csum_superblock *superblock = &scrub->volume->superblock;
	struct csum_scrub_result *result = scrub->result;
	int error;

	if (!result->recorded)
		return 0;
	if (result->end == CSUM_SCRUB_COMPLETE) {
		superblock->last_scrub = (struct csum_scrub_record){
			.started = scrub->recorder->safe.started,
			.ended = (uint64_t)time(NULL),
			.totals = totals_so_far(scrub),
		};
		superblock->current_scrub = (struct csum_scrub_record){ 0 };
	} else {
		/*
		 * No bad sector waits any more: all before next_sector has been dealt with, unless some were dropped.
		 */
		if (scrub->unfinished) {
			result->next_sector =
				csum_layout_first_sector(&superblock->geometry, scrub->recorder->safe.next_group);
		} else {
			scrub->recorder->safe.next_group = result->next_sector / superblock->geometry.sectors_per_group;
			scrub->recorder->safe.totals = totals_so_far(scrub);
		}
		superblock->current_scrub = scrub->recorder->safe;
	}
	if (csum_io_failed(scrub->volume->io))
		return 0;
	error = write_record(scrub);
	if (!error && result->end == CSUM_SCRUB_COMPLETE)
		result->record = superblock->last_scrub;
	return error;
}
