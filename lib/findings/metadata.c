/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Findings about metadata: superblock slots, imd copies, the journal. */
#include "findings/finder.h"

#include "findings/finding.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

static uint64_t slot_offset(const struct csum_volume *volume, enum csum_slot slot)
{
	if (slot == CSUM_SLOT_C)
		return csum_layout_backup_offset(csum_volume_geometry(volume)->metadata_device_bytes);
	return slot == CSUM_SLOT_A ? CSUM_SLOT_A_OFFSET : CSUM_SLOT_B_OFFSET;
}

void csum_finder_judge_slots(const struct csum_volume *volume, struct csum_slot_judgement judged[CSUM_SLOTS])
{
	const bool *valid = volume->slot_valid;
	bool left_behind[CSUM_SLOTS];

	csum_superblock_find_left_behind(volume->slots, valid, volume->governing, left_behind);
	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		/*
		 * A crash leaves at most one of A and B torn, C in a change of static fields only, and cuts no device
		 * short.
		 */
		bool torn = left_behind[slot] || (slot != CSUM_SLOT_C && (valid[CSUM_SLOT_A] || valid[CSUM_SLOT_B]));
		uint64_t end = slot_offset(volume, (enum csum_slot)slot) + CSUM_BLOCK_SIZE;

		judged[slot] = (struct csum_slot_judgement){ 0 };
		if (end > volume->metadata->size_bytes)
			judged[slot] = (struct csum_slot_judgement){ true, CSUM_SUPERBLOCK_BAD,
								     "beyond the end of the device" };
		else if (!valid[slot])
			judged[slot] = (struct csum_slot_judgement){ true,
								     torn ? CSUM_INTERRUPTED : CSUM_SUPERBLOCK_BAD,
								     "magic or checksum wrong, or unreadable" };
		else if (left_behind[slot])
			judged[slot] = (struct csum_slot_judgement){ true, CSUM_INTERRUPTED,
								     "has another identity of the data device" };
		else if (!csum_superblock_same_static(&volume->slots[slot], &volume->slots[volume->governing]))
			judged[slot] =
				(struct csum_slot_judgement){ true, CSUM_SUPERBLOCK_BAD,
							      "static fields differ from the superblock in force" };
	}
}

void csum_finder_slot(struct csum_finder *finder, enum csum_slot slot, const struct csum_slot_judgement *judged,
		      const struct csum_outcome *outcome)
{
	struct csum_finding finding = {
		.kind = judged->kind,
		.subject = CSUM_SUBJECT_SUPERBLOCK,
		.slot = slot,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = slot_offset(finder->volume, slot),
		.problem = judged->problem,
	};

	if (!judged->finding)
		return;
	csum_finding_put_outcome(&finding, outcome);
	csum_finding_count(finder, judged->kind, 1, outcome);
	csum_finding_report(finder, &finding);
}

void csum_finder_superblocks(struct csum_finder *finder)
{
	struct csum_slot_judgement judged[CSUM_SLOTS];

	csum_finder_judge_slots(finder->volume, judged);
	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++)
		csum_finder_slot(finder, (enum csum_slot)slot, &judged[slot], &csum_outcome_left);
}

void csum_finder_foreign(struct csum_finder *finder, const struct csum_foreign_thing *thing,
			 const struct csum_outcome *outcome)
{
	struct csum_finding finding = {
		.kind = CSUM_FOREIGN,
		.subject = CSUM_SUBJECT_DEVICE,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = thing->offset_bytes,
		.problem = thing->text,
	};

	csum_finding_put_outcome(&finding, outcome);
	csum_finding_count(finder, finding.kind, 1, outcome);
	csum_finding_report(finder, &finding);
}

void csum_finder_journal(struct csum_finder *finder, const struct csum_outcome *outcome)
{
	struct csum_finding finding = {
		.kind = CSUM_UNREADABLE,
		.subject = CSUM_SUBJECT_JOURNAL,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = CSUM_JOURNAL_OFFSET,
		.problem = "the device cannot read the journal, which an interrupted update may need",
	};

	csum_finding_put_outcome(&finding, outcome);
	csum_finding_count(finder, finding.kind, 1, outcome);
	csum_finding_report(finder, &finding);
}

/* ------------------------------------------------------------------ imd */

struct imd_verdict {
	bool finding;
	struct csum_imd_judgement judged;
};

static struct imd_verdict judge_one_invalid(const struct csum_group *group, bool in_intent)
{
	int copy = 1 - group->newer;
	enum csum_imd_verdict verdict = group->verdict[copy];
	/* A crash tears a copy; it neither makes the copy unreadable nor puts that of another group there. */
	bool torn = in_intent && (verdict == CSUM_IMD_NO_MAGIC || verdict == CSUM_IMD_WRONG_CRC);

	return (struct imd_verdict){ true,
				     { torn ? CSUM_INTERRUPTED : CSUM_IMD_BAD, copy, csum_imd_verdict_name(verdict) } };
}

static struct imd_verdict judge_both_valid(const struct csum_group *group, bool in_intent, uint32_t sector_size)
{
	if (csum_group_sound(group, sector_size))
		return (struct imd_verdict){ 0 };
	if (csum_imd_compare_generations(group->generation[0], group->generation[1]) == 0)
		return (struct imd_verdict){ true,
					     { CSUM_IMD_DIFFERS, 0, "generations do not tell which copy is newer" } };
	return (struct imd_verdict){ true,
				     { in_intent ? CSUM_INTERRUPTED : CSUM_IMD_DIFFERS, 1 - group->newer,
				       in_intent ? "older than the other copy: an update was interrupted" :
						   "entries differ from the other, newer copy" } };
}

static struct imd_verdict judge_group(const struct csum_volume *volume, uint64_t number, const struct csum_group *group)
{
	bool in_intent = csum_volume_in_intent(volume, number);

	if (group->newer < 0 && group->version_count)
		return (struct imd_verdict){ true,
					     { CSUM_INTERRUPTED, -1, "both copies invalid; the journal holds one" } };
	if (group->newer < 0)
		return (struct imd_verdict){ true, { CSUM_IMD_LOST, -1, "both copies invalid" } };
	if (group->verdict[1 - group->newer] != CSUM_IMD_VALID)
		return judge_one_invalid(group, in_intent);
	return judge_both_valid(group, in_intent, csum_volume_geometry(volume)->sector_size);
}

bool csum_finder_judge_group(const struct csum_volume *volume, uint64_t number, const struct csum_group *group,
			     struct csum_imd_judgement *judged)
{
	const struct imd_verdict verdict = judge_group(volume, number, group);

	*judged = verdict.judged;
	return verdict.finding;
}

void csum_finder_group(struct csum_finder *finder, uint64_t number, const struct csum_imd_judgement *judged,
		       const struct csum_outcome *outcome)
{
	const struct csum_geometry *geometry = csum_volume_geometry(finder->volume);
	struct csum_finding *held = &finder->imd;

	csum_finding_count(finder, judged->kind, 1, outcome);
	if (held->group_count && held->kind == judged->kind && held->copy == judged->copy &&
	    held->problem == judged->problem && held->first_group + held->group_count == number &&
	    csum_finding_same_outcome(held, outcome)) {
		held->group_count++;
		held->sector_count += csum_layout_group_sectors(geometry, number);
		return;
	}
	csum_finding_flush_imd(finder);
	*held = (struct csum_finding){
		.kind = judged->kind,
		.subject = CSUM_SUBJECT_IMD,
		.first_group = number,
		.group_count = 1,
		.first_sector = csum_layout_first_sector(geometry, number),
		.sector_count = csum_layout_group_sectors(geometry, number),
		.copy = judged->copy,
		.device = finder->volume->metadata->name,
		.device_offset_bytes = csum_layout_imd_offset(geometry, number, judged->copy < 0 ? 0 : judged->copy),
		.problem = judged->problem,
	};
	csum_finding_put_outcome(held, outcome);
}
