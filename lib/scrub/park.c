/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parked sector: the one content that a scrub keeps aside, durably, at the place of the journal, while it
 * overwrites the only place that held it. The volume is clean then, so there is no journal record to be lost. A scrub
 * that is stopped in between leaves it for the next one. (protocol.md: Scrub)
 */
#include "scrub/park.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "ondisk/layout.h"
#include "scrub/round.h"
#include "scrub/sector.h"

struct csum_scrub_parking {
	struct csum_parked parked; /* entry 0: none */
	bool needed; /* its owner is bad, or it cannot be read whether anything is parked */
	uint8_t *record; /* head and content as on the device */
};

struct csum_scrub_parking *csum_scrub_park_create(const struct csum_scrub *scrub)
{
	struct csum_scrub_parking *parking = calloc(1, sizeof(*parking));

	if (parking)
		parking->record = csum_io_alloc(csum_parked_record_size(scrub->sector_size));
	if (parking && parking->record)
		return parking;
	free(parking);
	return NULL;
}

void csum_scrub_park_free(struct csum_scrub_parking *parking)
{
	if (parking)
		free(parking->record);
	free(parking);
}

/*
 * Overwrites the head. Where the device refuses that, the next scrub finds the same content, and does not need it
 * either.
 */
static int free_place(struct csum_scrub *scrub)
{
	struct csum_scrub_parking *parking = scrub->parking;
	bool held;

	parking->parked = (struct csum_parked){ 0 };
	parking->needed = false;
	if (scrub->mode != CSUM_SCRUB_REPAIR)
		return 0;
	memset(parking->record, 0, CSUM_BLOCK_SIZE);
	return csum_scrub_round_metadata(scrub, parking->record, CSUM_BLOCK_SIZE, CSUM_JOURNAL_OFFSET, &held);
}

/* ------------------------------------------------------------------ */

int csum_scrub_park_load(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_scrub_parking *parking = scrub->parking;
	uint8_t *record = parking->record;
	struct csum_bad_sector owner;
	int error;

	if (volume->superblock.checksum_type != CSUM_CRC64 || csum_volume_active(volume))
		return 0;
	error = csum_io_read_patiently(volume->metadata, record, csum_parked_record_size(scrub->sector_size),
				       CSUM_JOURNAL_OFFSET, NULL);
	if (csum_io_vanished(error))
		return csum_io_report(&volume->handlers, error, volume->metadata->name, "reading a parked sector");
	/* A content may be parked there that can be read later: nothing else is parked in its place. */
	if (error && !(volume->allow & CSUM_ALLOW_UNREAD)) {
		parking->needed = true;
		return 0;
	}
	if (error || !csum_parked_decode(record, volume->seed_state, scrub->sector_size, &parking->parked) ||
	    parking->parked.owner >= csum_volume_geometry(volume)->data_sectors ||
	    csum_volume_entry(volume, csum_parked_content(record)) != parking->parked.entry) {
		parking->parked = (struct csum_parked){ 0 };
		return 0;
	}
	error = csum_scrub_sector_read(scrub, parking->parked.owner, &owner);
	if (error)
		return error;
	parking->needed = csum_verdict_is_bad(owner.verdict) && owner.verdict != CSUM_VERDICT_LOST &&
			  owner.expected_entry == parking->parked.entry;
	return parking->needed ? 0 : free_place(scrub);
}

int csum_scrub_park(struct csum_scrub *scrub, const struct csum_parked *wanted, bool *safe)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_scrub_parking *parking = scrub->parking;
	void *content = csum_parked_content(parking->record);
	int error;

	*safe = !parking->needed;
	if (!*safe)
		return 0;
	error = csum_io_read_patiently(volume->data, content, scrub->sector_size,
				       csum_layout_data_offset(csum_volume_geometry(volume), wanted->place), NULL);
	/*
	 * What cannot be read now may be read again later. Where another content lies by now, nothing is lost with it.
	 */
	*safe = !error;
	if (error || csum_volume_entry(volume, content) != wanted->entry)
		return 0;
	parking->parked = *wanted;
	parking->needed = scrub->mode != CSUM_SCRUB_REPAIR;
	if (scrub->mode != CSUM_SCRUB_REPAIR)
		return 0;
	csum_parked_encode(wanted, volume->seed_state, scrub->sector_size, parking->record);
	error = csum_scrub_round_metadata(scrub, parking->record, csum_parked_record_size(scrub->sector_size),
					  CSUM_JOURNAL_OFFSET, safe);
	if (!*safe)
		parking->parked = (struct csum_parked){ 0 };
	parking->needed = *safe;
	return error;
}

bool csum_scrub_park_has(const struct csum_scrub *scrub, uint64_t entry)
{
	return entry != CSUM_ENTRY_UNWRITTEN && scrub->parking->parked.entry == entry;
}

bool csum_scrub_park_read(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, uint64_t *place)
{
	struct csum_scrub_parking *parking = scrub->parking;

	if (!csum_scrub_park_has(scrub, entry))
		return false;
	*place = parking->parked.place;
	memcpy(data, csum_parked_content(parking->record), scrub->sector_size);
	return csum_volume_entry(scrub->volume, data) == entry;
}

void csum_scrub_park_release(struct csum_scrub *scrub)
{
	scrub->parking->needed = false;
}

int csum_scrub_park_end(struct csum_scrub *scrub)
{
	const struct csum_scrub_parking *parking = scrub->parking;

	if (parking->parked.entry == CSUM_ENTRY_UNWRITTEN || parking->needed || csum_io_failed(scrub->volume->io))
		return 0;
	return free_place(scrub);
}
