/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parked sector: the one content that a scrub keeps aside, durably, at the place of the journal, while it
 * overwrites the only place that held it. The volume is clean then, so there is no journal record to be lost. A scrub
 * that is stopped in between leaves it for the next one. (protocol.md: Scrub)
 */
#include "scrub/scrub.h"

#include <string.h>

#include "base/checksum.h"
#include "base/report.h"
#include "ondisk/layout.h"
#include "scrub/round.h"
#include "scrub/sector.h"

/* Nobody needs it any more. Where the device refuses that, the next scrub finds the same. */
static int end_parking(struct csum_scrub *scrub)
{
	bool held;

	scrub->parked = (struct csum_parked){ 0 };
	scrub->parked_needed = false;
	if (scrub->mode != CSUM_SCRUB_REPAIR)
		return 0;
	memset(scrub->parked_record, 0, CSUM_BLOCK_SIZE);
	return csum_scrub_round_metadata(scrub, scrub->parked_record, CSUM_BLOCK_SIZE, CSUM_JOURNAL_OFFSET, &held);
}

int csum_scrub_park_load(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	uint8_t *record = scrub->parked_record;
	struct csum_bad_sector owner;
	int error;

	if (volume->superblock.checksum_type != CSUM_CRC64 || csum_volume_active(volume))
		return 0;
	error = csum_io_read_patiently(volume->metadata, record, csum_parked_record_size(scrub->sector_size),
				       CSUM_JOURNAL_OFFSET, NULL);
	if (csum_io_vanished(error))
		return csum_io_report(&volume->handlers, error, volume->metadata->name, "reading a parked sector");
	/* What may lie there, and be read again, is not to be parked over. */
	if (error && !(volume->allow & CSUM_ALLOW_UNREAD)) {
		scrub->parked_needed = true;
		return 0;
	}
	if (error || !csum_parked_decode(record, volume->seed_state, scrub->sector_size, &scrub->parked) ||
	    scrub->parked.owner >= csum_volume_geometry(volume)->data_sectors ||
	    csum_volume_entry(volume, csum_parked_content(record)) != scrub->parked.entry) {
		scrub->parked = (struct csum_parked){ 0 };
		return 0;
	}
	error = csum_scrub_sector_read(scrub, scrub->parked.owner, &owner);
	if (error)
		return error;
	scrub->parked_needed = csum_verdict_is_bad(owner.verdict) && owner.verdict != CSUM_VERDICT_LOST &&
			       owner.expected_entry == scrub->parked.entry;
	return scrub->parked_needed ? 0 : end_parking(scrub);
}

int csum_scrub_park(struct csum_scrub *scrub, const struct csum_parked *wanted, bool *safe)
{
	struct csum_volume *volume = scrub->volume;
	void *content = csum_parked_content(scrub->parked_record);
	int error;

	*safe = !scrub->parked_needed;
	if (!*safe)
		return 0;
	error = csum_io_read_patiently(volume->data, content, scrub->sector_size,
				       csum_layout_data_offset(csum_volume_geometry(volume), wanted->place), NULL);
	/* What cannot be read now may be readable again; what is not what it was is nobody's loss. */
	*safe = !error;
	if (error || csum_volume_entry(volume, content) != wanted->entry)
		return 0;
	scrub->parked = *wanted;
	scrub->parked_needed = scrub->mode != CSUM_SCRUB_REPAIR;
	if (scrub->mode != CSUM_SCRUB_REPAIR)
		return 0;
	csum_parked_encode(wanted, volume->seed_state, scrub->sector_size, scrub->parked_record);
	error = csum_scrub_round_metadata(scrub, scrub->parked_record, csum_parked_record_size(scrub->sector_size),
					  CSUM_JOURNAL_OFFSET, safe);
	if (!*safe)
		scrub->parked = (struct csum_parked){ 0 };
	scrub->parked_needed = *safe;
	return error;
}

int csum_scrub_park_end(struct csum_scrub *scrub)
{
	return scrub->parked.entry == CSUM_ENTRY_UNWRITTEN || scrub->parked_needed ||
			       csum_io_failed(scrub->volume->io) ?
		       0 :
		       end_parking(scrub);
}
