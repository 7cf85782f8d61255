/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns verdicts into findings and totals: adjacent ones that say the same become one finding. */
#ifndef CSUM_FINDINGS_FINDER_H
#define CSUM_FINDINGS_FINDER_H

#include "guard/foreign.h"
#include "volume/scan.h"

/* What became of a finding; all zeros: nothing was tried. */
struct csum_outcome {
	enum csum_disposition disposition;
	enum csum_means means;
	unsigned int bits;
	const char *replica; /* compared by its address */
	uint64_t source_sector;
	bool has_other_sector; /* data: misplaced, from there */
	uint64_t other_sector;
	const char *why; /* left: a constant text, or NULL */
	enum csum_reason reason; /* left: of `why` */
	enum csum_class class; /* data */
	bool rewritten; /* data, left: that others wrote it is shown or cannot be ruled out */
};

struct csum_finder {
	const struct csum_volume *volume;
	csum_finding_fn *report; /* may be NULL */
	void *user;
	struct csum_totals *totals;
	/* A scrub's: what was not left, by kind and all errors of it; NULL: not wanted. */
	uint64_t *repaired, *errors_repaired;
	struct csum_finding data, imd; /* not reported yet, because more may follow; count 0: none */
};

/* The superblock slots, as they were when the volume was opened. */
void csum_finder_superblocks(struct csum_finder *finder);

/* The same in two steps, for who repairs in between. */
struct csum_slot_judgement {
	bool finding;
	enum csum_finding_kind kind;
	const char *reason;
};
void csum_finder_judge_slots(const struct csum_volume *volume, struct csum_slot_judgement judged[CSUM_SLOTS]);
void csum_finder_slot(struct csum_finder *finder, enum csum_slot slot, const struct csum_slot_judgement *judged,
		      const struct csum_outcome *outcome);

/* Something on the device of the superblocks that is not the volume's. */
void csum_finder_foreign(struct csum_finder *finder, const struct csum_foreign_thing *thing,
			 const struct csum_outcome *outcome);

/* A journal that the device cannot read, of an active volume. */
void csum_finder_journal(struct csum_finder *finder, const struct csum_outcome *outcome);

/* The copies of a group, in two steps. The first says whether there is a finding. */
struct csum_imd_judgement {
	enum csum_finding_kind kind;
	int copy;
	const char *reason;
};
bool csum_finder_judge_group(const struct csum_volume *volume, uint64_t number, const struct csum_group *group,
			     struct csum_imd_judgement *judged);
void csum_finder_group(struct csum_finder *finder, uint64_t number, const struct csum_imd_judgement *judged,
		       const struct csum_outcome *outcome);

/* A sector that was bad, or transient, when it was read; counted. */
struct csum_bad_sector {
	uint64_t sector;
	enum csum_verdict verdict;
	uint64_t expected_entry, computed_entry; /* meaningful where the verdict means that it was read */
};
void csum_finder_bad(struct csum_finder *finder, const struct csum_bad_sector *bad, const struct csum_outcome *outcome);

/*
 * The data sectors of a batch, counted too. Bad ones are left to csum_finder_bad(); those without a valid imd are counted
 * here, and no findings of their own.
 */
void csum_finder_data(struct csum_finder *finder, const struct csum_scan_batch *batch);
/* One sector of it only, not counted. */
void csum_finder_sector(struct csum_finder *finder, const struct csum_scan_batch *batch, uint64_t i);

/* Data sectors behind the end of a device that was cut short. */
void csum_finder_missing(struct csum_finder *finder, uint64_t first_sector, uint64_t sector_count);

/* Reports what is held back; call it at the end. */
void csum_finder_flush(struct csum_finder *finder);

#endif
