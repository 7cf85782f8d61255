/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns verdicts into findings and totals: equal verdicts on adjacent sectors or groups become one finding. */
#ifndef CSUM_FINDINGS_FINDER_H
#define CSUM_FINDINGS_FINDER_H

#include "guard/foreign.h"
#include "volume/scan.h"

/* The outcome of a finding; all zeros: nothing was tried. */
struct csum_outcome {
	enum csum_disposition disposition;
	enum csum_means means;
	unsigned int bits;
	const char *replica; /* compared by its address */
	uint64_t source_sector;
	bool has_other_sector; /* data: misplaced, and holds the content of other_sector */
	uint64_t other_sector;
	const char *why; /* where left: a constant text, or NULL */
	enum csum_reason reason; /* where left: goes with `why` */
	enum csum_class class; /* of data sectors */
	bool rewritten; /* data, left: others wrote it, or that cannot be ruled out */
};

struct csum_finder {
	const struct csum_volume *volume;
	csum_finding_fn *report; /* may be NULL */
	void *user;
	struct csum_totals *totals;
	/*
	 * For a scrub: how many findings of each kind were not left, and how many errors among them; NULL: not wanted.
	 */
	uint64_t *repaired, *errors_repaired;
	struct csum_finding data, imd; /* held back because more may follow; count 0: none */
};

/* Adds findings about the superblock slots, as they were when the volume was opened. */
void csum_finder_superblocks(struct csum_finder *finder);

/* Judging the slots and adding their findings, as two steps: a scrub repairs the slots in between. */
struct csum_slot_judgement {
	bool finding;
	enum csum_finding_kind kind;
	const char *problem;
};
void csum_finder_judge_slots(const struct csum_volume *volume, struct csum_slot_judgement judged[CSUM_SLOTS]);
void csum_finder_slot(struct csum_finder *finder, enum csum_slot slot, const struct csum_slot_judgement *judged,
		      const struct csum_outcome *outcome);

/* Adds a finding: something that is not the volume's lies on the device of the superblocks. */
void csum_finder_foreign(struct csum_finder *finder, const struct csum_foreign_thing *thing,
			 const struct csum_outcome *outcome);

/* Adds a finding: the device cannot read the journal of an active volume. */
void csum_finder_journal(struct csum_finder *finder, const struct csum_outcome *outcome);

/* Judging the copies of a group and adding the finding, as two steps. The first returns whether there is a finding. */
struct csum_imd_judgement {
	enum csum_finding_kind kind;
	int copy;
	const char *problem;
};
bool csum_finder_judge_group(const struct csum_volume *volume, uint64_t number, const struct csum_group *group,
			     struct csum_imd_judgement *judged);
void csum_finder_group(struct csum_finder *finder, uint64_t number, const struct csum_imd_judgement *judged,
		       const struct csum_outcome *outcome);

/* A data sector that was bad or transient when it was read. csum_finder_bad() counts it and adds the finding. */
struct csum_bad_sector {
	uint64_t sector;
	enum csum_verdict verdict;
	uint64_t expected_entry, computed_entry; /* meaningful where the verdict means that the sector was read */
};
void csum_finder_bad(struct csum_finder *finder, const struct csum_bad_sector *bad, const struct csum_outcome *outcome);

/*
 * Adds findings for the data sectors of a batch, and counts them. Bad sectors are left to csum_finder_bad(); those of a
 * lost group are counted here, and make no findings of their own.
 */
void csum_finder_data(struct csum_finder *finder, const struct csum_scan_batch *batch);
/* Adds the finding for sector i of the batch alone, and does not count it. */
void csum_finder_sector(struct csum_finder *finder, const struct csum_scan_batch *batch, uint64_t i);

/* Adds findings for data sectors behind the end of a device that was cut short. */
void csum_finder_missing(struct csum_finder *finder, uint64_t first_sector, uint64_t sector_count);

/* Reports the findings that are held back; call it at the end. */
void csum_finder_flush(struct csum_finder *finder);

#endif
