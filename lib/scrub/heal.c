/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The right content of a bad sector, from wherever the entry confirms it. */
#include "scrub/scrub.h"

#include <string.h>

#include "base/checksum.h"
#include "ondisk/layout.h"
#include "scrub/guard.h"
#include "scrub/index.h"
#include "scrub/table.h"

bool csum_scrub_heal_from_replica(struct csum_scrub *scrub, uint64_t sector, uint64_t entry, uint8_t *data,
				  struct csum_outcome *outcome)
{
	for (size_t i = 0; (scrub->heal & CSUM_HEAL_REPLICA) && i < scrub->replica_count; i++) {
		if (!csum_replica_read(scrub->replicas[i], sector, data) ||
		    csum_volume_entry(scrub->volume, data) != entry)
			continue;
		outcome->means = CSUM_MEANS_REPLICA;
		outcome->replica = csum_replica_name(scrub->replicas[i]);
		return true;
	}
	return false;
}

bool csum_scrub_heal_bits(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, struct csum_outcome *outcome)
{
	static const enum csum_means means[] = {
		[CSUM_HEAL_ONE_BIT] = CSUM_MEANS_ONE_BIT,
		[CSUM_HEAL_BURST] = CSUM_MEANS_BURST,
		[CSUM_HEAL_TWO_BITS] = CSUM_MEANS_TWO_BITS,
	};
	struct csum_heal_result result;

	if (!scrub->healer || !(scrub->heal & CSUM_HEAL_BITS) ||
	    !csum_healer_heal(scrub->healer, data, entry, &result) || result.pattern == CSUM_HEAL_NONE ||
	    csum_volume_entry(scrub->volume, data) != entry)
		return false;
	outcome->means = means[result.pattern];
	outcome->bits = result.pattern == CSUM_HEAL_ONE_BIT ? 1 : result.pattern == CSUM_HEAL_BURST ? result.length : 2;
	return true;
}

/* Reads a sector's stored bytes, whatever they are. */
static bool read_raw(struct csum_scrub *scrub, uint64_t sector, uint8_t *data)
{
	struct csum_volume *volume = scrub->volume;

	return csum_io_read_patiently(volume->data, data, scrub->sector_size,
				      csum_layout_data_offset(csum_volume_geometry(volume), sector), NULL) == 0;
}

/* From a sector elsewhere in the volume: a good one, or a bad one that holds what belongs here. */
static bool heal_from_elsewhere(struct csum_scrub *scrub, const struct csum_scrub_bad *bad, uint8_t *data,
				struct csum_outcome *outcome)
{
	const struct csum_scrub_content *content = csum_scrub_index_find(scrub, bad->found.expected_entry);
	bool found = false;

	if (!(scrub->heal & CSUM_HEAL_ELSEWHERE))
		return false;
	for (uint32_t i = 0; content && i < content->place_count && !found; i++) {
		found = read_raw(scrub, content->place[i], data) &&
			csum_volume_entry(scrub->volume, data) == bad->found.expected_entry;
		outcome->source_sector = content->place[i];
	}
	if (!found && bad->source != CSUM_SCRUB_NO_INDEX) {
		outcome->source_sector = csum_scrub_table_row(scrub, bad->source)->found.sector;
		found = read_raw(scrub, outcome->source_sector, data) &&
			csum_volume_entry(scrub->volume, data) == bad->found.expected_entry;
	}
	if (!found && scrub->parked.entry == bad->found.expected_entry) {
		outcome->source_sector = scrub->parked.place;
		memcpy(data, csum_parked_content(scrub->parked_record), scrub->sector_size);
		found = csum_volume_entry(scrub->volume, data) == bad->found.expected_entry;
	}
	if (!found)
		found = csum_scrub_search_read(scrub, bad->found.expected_entry, data, &outcome->source_sector);
	if (found)
		outcome->means = CSUM_MEANS_ELSEWHERE;
	else
		outcome->source_sector = 0;
	return found;
}

/* A lost write, an unreadable sector and a long stretch of bad ones are no bit flips. */
static bool may_be_bits(const struct csum_scrub_bad *bad)
{
	return (bad->found.verdict == CSUM_VERDICT_MISMATCH || bad->found.verdict == CSUM_VERDICT_ZEROED) &&
	       bad->readable && bad->adjacent <= CSUM_SCRUB_ADJACENT_MAX;
}

/* What is in `data`, by the means in the outcome; the guard may not let it go there. */
static bool permitted(struct csum_scrub *scrub, const struct csum_scrub_bad *bad, const uint8_t *data,
		      struct csum_outcome *outcome)
{
	if (csum_scrub_guard_permits(scrub, bad, data, outcome->means, outcome))
		return true;
	outcome->means = CSUM_MEANS_NONE;
	outcome->replica = NULL;
	outcome->source_sector = 0;
	outcome->bits = 0;
	return false;
}

bool csum_scrub_heal(struct csum_scrub *scrub, const struct csum_scrub_bad *bad, uint8_t *data,
		     struct csum_outcome *outcome)
{
	uint64_t entry = bad->found.expected_entry;

	if (!csum_entry_has_content(entry) || outcome->rewritten)
		return false;
	if (csum_scrub_heal_from_replica(scrub, bad->found.sector, entry, data, outcome) &&
	    permitted(scrub, bad, data, outcome))
		return true;
	if (heal_from_elsewhere(scrub, bad, data, outcome) && permitted(scrub, bad, data, outcome))
		return true;
	return may_be_bits(bad) && scrub->healer && read_raw(scrub, bad->found.sector, data) &&
	       csum_scrub_heal_bits(scrub, entry, data, outcome) && permitted(scrub, bad, data, outcome);
}
