/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The right content of a bad sector, from wherever the entry confirms it. */
#include "scrub/heal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/heal.h"
#include "base/report.h"
#include "ondisk/layout.h"
#include "repair/replica.h"
#include "scrub/guard.h"
#include "scrub/index.h"
#include "scrub/park.h"
#include "scrub/search.h"
#include "scrub/table.h"

struct csum_scrub_healing {
	unsigned int ways; /* bits of enum csum_heal; the default resolved */
	struct csum_healer *healer; /* NULL: neither to heal from the checksum nor to tell classes apart */
	struct csum_replica **replicas;
	size_t replica_count;
};

struct csum_scrub_healing *csum_scrub_heal_create(void)
{
	return calloc(1, sizeof(struct csum_scrub_healing));
}

void csum_scrub_heal_free(struct csum_scrub_healing *healing)
{
	if (!healing)
		return;
	for (size_t i = 0; i < healing->replica_count; i++)
		csum_replica_close(healing->replicas[i]);
	free(healing->replicas);
	csum_healer_free(healing->healer);
	free(healing);
}

static unsigned int resolve_ways(const struct csum_volume *volume, const struct csum_scrub_options *options)
{
	if (options->heal != CSUM_HEAL_DEFAULT)
		return options->heal;
	return CSUM_HEAL_REPLICA | CSUM_HEAL_ELSEWHERE |
	       (volume->superblock.checksum_type == CSUM_CRC64 ? CSUM_HEAL_BITS : 0u);
}

static int make_healer(struct csum_scrub *scrub)
{
	const struct csum_volume *volume = scrub->volume;
	enum csum_checksum_type type = (enum csum_checksum_type)volume->superblock.checksum_type;
	bool heals = scrub->mode != CSUM_SCRUB_LOOK && csum_scrub_heal_may(scrub, CSUM_HEAL_BITS);
	bool classifies = type == CSUM_CRC64 && csum_scrub_guard_verdict(scrub) != CSUM_GUARD_DECAY;
	int error;

	if (!heals && !classifies)
		return 0;
	error = csum_healer_create(type, scrub->sector_size, true, &scrub->healing->healer);
	if (error)
		csum_report_error(&volume->handlers, error, NULL, "preparing to heal from checksums");
	return error;
}

static int open_replicas(struct csum_scrub *scrub)
{
	const struct csum_scrub_options *options = scrub->options;
	struct csum_scrub_healing *healing = scrub->healing;
	int error = 0;

	if (options->replica_count == 0)
		return 0;
	healing->replicas = calloc(options->replica_count, sizeof(struct csum_replica *));
	if (!healing->replicas)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "opening replicas");
	for (; healing->replica_count < options->replica_count && !error; healing->replica_count += !error)
		error = csum_replica_open(scrub->volume, options->replicas[healing->replica_count],
					  &healing->replicas[healing->replica_count]);
	return error;
}

int csum_scrub_heal_begin(struct csum_scrub *scrub)
{
	int error;

	scrub->healing->ways = resolve_ways(scrub->volume, scrub->options);
	error = make_healer(scrub);
	return error || scrub->mode == CSUM_SCRUB_LOOK ? error : open_replicas(scrub);
}

bool csum_scrub_heal_may(const struct csum_scrub *scrub, enum csum_heal way)
{
	return scrub->healing->ways & way;
}

const struct csum_healer *csum_scrub_heal_decoder(const struct csum_scrub *scrub)
{
	return scrub->volume->superblock.checksum_type == CSUM_CRC64 ? scrub->healing->healer : NULL;
}

/* ------------------------------------------------------------------ the ways */

bool csum_scrub_heal_from_replica(struct csum_scrub *scrub, uint64_t sector, uint64_t entry, uint8_t *data,
				  struct csum_outcome *outcome)
{
	struct csum_scrub_healing *healing = scrub->healing;

	for (size_t i = 0; (healing->ways & CSUM_HEAL_REPLICA) && i < healing->replica_count; i++) {
		if (!csum_replica_read(healing->replicas[i], sector, data) ||
		    csum_volume_entry(scrub->volume, data) != entry)
			continue;
		outcome->means = CSUM_MEANS_REPLICA;
		outcome->replica = csum_replica_name(healing->replicas[i]);
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
	const struct csum_scrub_healing *healing = scrub->healing;
	struct csum_heal_result result;

	if (!healing->healer || !(healing->ways & CSUM_HEAL_BITS) ||
	    !csum_healer_heal(healing->healer, data, entry, &result) || result.pattern == CSUM_HEAL_NONE ||
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

	if (!csum_scrub_heal_may(scrub, CSUM_HEAL_ELSEWHERE))
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
	if (!found)
		found = csum_scrub_park_read(scrub, bad->found.expected_entry, data, &outcome->source_sector);
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
	return may_be_bits(bad) && scrub->healing->healer && read_raw(scrub, bad->found.sector, data) &&
	       csum_scrub_heal_bits(scrub, entry, data, outcome) && permitted(scrub, bad, data, outcome);
}
