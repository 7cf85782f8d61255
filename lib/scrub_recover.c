/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recovery that a scrub begins with: as any other, but it heals, and media errors do not stop it. */
#include "scrub.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "checksum.h"
#include "imd.h"
#include "layout.h"
#include "report.h"

static void name_group(void *user, uint64_t number, const struct csum_group *group)
{
	struct csum_scrub *scrub = user;
	struct csum_imd_judgement judged;
	struct csum_outcome outcome = { .disposition = CSUM_REPAIRED };

	if (!csum_finder_judge_group(scrub->volume, number, group, &judged) || judged.kind == CSUM_IMD_LOST)
		return;
	if (csum_finding_is_error(judged.kind)) {
		outcome.means = CSUM_MEANS_OTHER_COPY;
		scrub->result->imd_repaired++;
	}
	csum_finder_group(&scrub->finder, number, &judged, &outcome);
}

static bool in_long_run(const struct csum_verify *run, uint32_t i)
{
	uint32_t begin = i, end = i + 1;

	while (begin > 0 && csum_verdict_is_bad((enum csum_verdict)run->verdict[begin - 1]))
		begin--;
	while (end < run->sector_count && csum_verdict_is_bad((enum csum_verdict)run->verdict[end]))
		end++;
	return end - begin > CSUM_SCRUB_RUN_MAX;
}

/* The content that this entry stands for, into round_data. */
static bool heal_to(struct csum_scrub *scrub, const struct csum_verify *run, uint32_t i, uint64_t entry,
		    struct csum_outcome *outcome)
{
	enum csum_verdict verdict = (enum csum_verdict)run->verdict[i];

	if (entry == CSUM_ENTRY_UNWRITTEN || entry == CSUM_ENTRY_BAD)
		return false;
	if (csum_scrub_heal_from_replica(scrub, run->first_sector + i, entry, scrub->round_data, outcome))
		return true;
	if ((verdict != CSUM_VERDICT_MISMATCH && verdict != CSUM_VERDICT_ZEROED) || in_long_run(run, i))
		return false;
	memcpy(scrub->round_data, run->data + (size_t)i * scrub->sector_size, scrub->sector_size);
	return csum_scrub_heal_bits(scrub, entry, scrub->round_data, outcome);
}

static void name_left(struct csum_scrub *scrub, const struct csum_bad_sector *found, const struct csum_group *group,
		      uint32_t i, const struct csum_outcome *outcome)
{
	struct csum_volume *volume = scrub->volume;

	csum_report_warning(&volume->handlers, volume->data->name,
			    "data sector %" PRIu64 " (device offset %" PRIu64
			    ") is right by neither version of its interrupted update, %016" PRIx64 " and %016" PRIx64
			    "; %016" PRIx64 " is kept",
			    found->sector, csum_layout_data_offset(csum_volume_geometry(volume), found->sector),
			    csum_imd_entry(group->version[0], i),
			    csum_imd_entry(group->version[group->version_count - 1], i), found->expected_entry);
	/* The pass comes to it again. */
	if (found->sector >= scrub->first_sector && found->sector < scrub->end_sector && !scrub->options->metadata_only)
		return;
	csum_finder_bad(&scrub->finder, found, outcome);
}

static int heal_sector(void *user, const struct csum_verify *run, uint32_t i, const struct csum_group *group,
		       uint64_t *entry)
{
	struct csum_scrub *scrub = user;
	struct csum_outcome outcome = { 0 };
	struct csum_bad_sector found = {
		.sector = run->first_sector + i,
		.verdict = (enum csum_verdict)run->verdict[i],
		.expected_entry = csum_imd_entry(group->version[0], i),
		.computed_entry = run->entry[i],
	};
	int error = 0;

	for (uint32_t v = 0; v < group->version_count; v++) {
		uint64_t version = csum_imd_entry(group->version[v], i);
		const struct csum_scrub_write write = { found.sector, version, scrub->round_data, &outcome };

		if (!heal_to(scrub, run, i, version, &outcome))
			continue;
		error = csum_scrub_write(scrub, &write, 1);
		/* Also where the device refuses the write: by this entry the next scrub heals the sector. */
		*entry = found.expected_entry = version;
		break;
	}
	if (error || outcome.disposition == CSUM_LEFT) {
		name_left(scrub, &found, group, i, &outcome);
		return error;
	}
	csum_finder_bad(&scrub->finder, &found, &outcome);
	scrub->result->sectors_repaired++;
	return 0;
}

/* Without its head nothing of the journal is read any more. */
static int void_journal(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;
	struct csum_outcome outcome = { .disposition = scrub->dry_run ? CSUM_WOULD_REPAIR : CSUM_REPAIRED };
	size_t refused = atomic_load(&scrub->policy.refused);
	int error = 0;

	if (!scrub->dry_run) {
		memset(volume->journal_record, 0, CSUM_JOURNAL_SIZE);
		scrub->list.count = 0;
		error = csum_io_list_add(&scrub->list, volume->metadata, CSUM_IO_WRITE, volume->journal_record,
					 CSUM_JOURNAL_SIZE, CSUM_JOURNAL_OFFSET);
		if (!error)
			error = csum_io_round(volume->io, scrub->list.requests, scrub->list.count);
		if (error || atomic_load(&scrub->policy.refused) != refused)
			outcome = (struct csum_outcome){ .why = "the device refuses to write it" };
	}
	csum_finder_journal(&scrub->finder, &outcome);
	return error;
}

/* From here on the scrub only looks. */
static int stay_active(struct csum_scrub *scrub)
{
	struct csum_volume *volume = scrub->volume;

	scrub->result->still_active = true;
	scrub->ended_repairs = true;
	scrub->dry_run = true;
	csum_report_warning(
		&volume->handlers, volume->metadata->name,
		"the device refuses writes that recovery needs: the volume stays active, and nothing else is "
		"repaired");
	/* What is in the journal counts for reading. */
	return csum_journal_load(volume);
}

static int mark_clean(struct csum_scrub *scrub)
{
	struct csum_superblock *superblock = &scrub->volume->superblock;
	const struct csum_superblock active = *superblock;
	bool refused;
	int error;

	superblock->state = CSUM_STATE_CLEAN;
	superblock->intent_first = 0;
	superblock->intent_count = 0;
	error = csum_scrub_write_slot(scrub, &refused);
	if (error || !refused)
		return error;
	superblock->state = active.state;
	superblock->intent_first = active.intent_first;
	superblock->intent_count = active.intent_count;
	return stay_active(scrub);
}

int csum_scrub_recover(struct csum_scrub *scrub)
{
	struct csum_recovery recovery = {
		.policy = &scrub->policy,
		.user = scrub,
		.group = name_group,
		.heal = heal_sector,
	};
	int error = 0;

	if (!csum_volume_active(scrub->volume))
		return 0;
	if (scrub->slots_stuck)
		return stay_active(scrub);
	if (scrub->volume->journal_unreadable)
		error = void_journal(scrub);
	scrub->result->recovered = !error;
	if (error || scrub->dry_run)
		return error;
	error = csum_protocol_recover_groups(scrub->volume, &recovery);
	csum_finder_flush(&scrub->finder);
	if (!error)
		error = recovery.stuck ? stay_active(scrub) : mark_clean(scrub);
	scrub->result->recovered = !error && !scrub->result->still_active;
	return error;
}
