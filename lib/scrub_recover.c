/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The recovery that a scrub begins with: as any other, but sectors that are right by no version do not stop it, and
 * neither do media errors.
 */
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

/* Whether the sector could be made right by that entry. Its content, which goes to round_data, is not needed yet. */
static bool can_be(struct csum_scrub *scrub, const struct csum_verify *run, uint32_t i, uint64_t entry)
{
	enum csum_verdict verdict = (enum csum_verdict)run->verdict[i];
	struct csum_outcome outcome = { 0 };

	if (entry == CSUM_ENTRY_UNWRITTEN || entry == CSUM_ENTRY_BAD)
		return false;
	if (csum_scrub_heal_from_replica(scrub, run->first_sector + i, entry, scrub->round_data, &outcome))
		return true;
	if ((verdict != CSUM_VERDICT_MISMATCH && verdict != CSUM_VERDICT_ZEROED) || in_long_run(run, i))
		return false;
	memcpy(scrub->round_data, run->data + (size_t)i * scrub->sector_size, scrub->sector_size);
	return csum_scrub_heal_bits(scrub, entry, scrub->round_data, &outcome);
}

static void name_unresolved(const struct csum_scrub *scrub, uint64_t sector, const struct csum_group *group, uint32_t i)
{
	const struct csum_volume *volume = scrub->volume;

	csum_report_warning(&volume->handlers, volume->data->name,
			    "data sector %" PRIu64 " (device offset %" PRIu64
			    ") is right by neither version of its interrupted update, %016" PRIx64 " and %016" PRIx64
			    "; the newer one is kept",
			    sector, csum_layout_data_offset(csum_volume_geometry(volume), sector),
			    csum_imd_entry(group->version[0], i),
			    csum_imd_entry(group->version[group->version_count - 1], i));
}

/* Only the entry is chosen here: data is repaired later, when it is known whose contents the bad sectors hold. */
static int choose_entry(void *user, const struct csum_verify *run, uint32_t i, const struct csum_group *group,
			uint64_t *entry)
{
	struct csum_scrub *scrub = user;
	struct csum_bad_sector found = {
		.sector = run->first_sector + i,
		.verdict = (enum csum_verdict)run->verdict[i],
		.computed_entry = run->entry[i],
	};
	uint32_t v = 0;

	while (v < group->version_count && !can_be(scrub, run, i, csum_imd_entry(group->version[v], i)))
		v++;
	*entry = csum_imd_entry(group->version[v < group->version_count ? v : 0], i);
	if (v == group->version_count)
		name_unresolved(scrub, found.sector, group, i);
	found.expected_entry = *entry;
	/* The pass comes to it. */
	if (found.sector >= scrub->first_sector && found.sector < scrub->end_sector && !scrub->options->metadata_only)
		return 0;
	return csum_scrub_bad_add(scrub, &found);
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
		.choose = choose_entry,
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
	return error ? error : csum_scrub_bad_settle(scrub);
}
