/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scrub at work: what its files share. Each of them has a header of its own, and uses only those below it:
 *
 *   scrub, check     what a scrub needs, and the order in which it is done; one that only looks
 *   pass             the pass over the range, and its limits
 *   recover, choose  an active volume first of all; by which version its bad sectors can be made right
 *   ruling           bad sectors on which the ruling depends on all of them, at the end of the pass
 *   resolve          the bad sectors in the table: what is known of each, repairs, reports
 *   undecided        bad sectors kept to the end of the pass
 *   order            in which order the bad sectors are repaired
 *   write            repaired sectors: saved for undo, flushed, read back, verified
 *   heal             the right content of one sector
 *   park             a content kept aside while its place is overwritten
 *   search           contents of interrupted sectors, looked for in all of the data
 *   index            where in the volume a content belongs, or is to be found
 *   table, bad       the bad sectors that are dealt with together; one of them
 *   groups           imd copies that are not sound
 *   guard            whether others wrote a sector: classes, what may be repaired, what is held
 *   record           the record of the scrub in the superblock
 *   slots            slots of the superblock
 *   round            a round of writes
 *   undo             the undo file, and what happens where there can be none
 *   sector           one sector and its verdict
 *   pace             limits of rate and time
 *
 * Bad sectors are not repaired where they are found but together, later, since with crc64 it takes a pass over all
 * metadata to learn what belongs where. What a bad sector holds may be the only copy of another sector's content.
 */
#ifndef CSUM_SCRUB_H
#define CSUM_SCRUB_H

#include "findings/finder.h"

/* What may be done about what is found. */
enum csum_scrub_mode {
	CSUM_SCRUB_LOOK, /* a check: nothing is healed, every bad sector is left */
	CSUM_SCRUB_DRY_RUN, /* reports what would be written: asked for, or the volume has to stay active */
	CSUM_SCRUB_REPAIR,
};

/* What all parts of a scrub share, and the parts: each is known to its own file alone. */
struct csum_scrub {
	struct csum_volume *volume;
	const struct csum_scrub_options *options;
	struct csum_scrub_result *result;
	struct csum_finder finder;
	uint32_t sector_size;
	uint64_t first_sector, end_sector; /* of the pass: where it begins, which may be behind options->offset_bytes */
	enum csum_scrub_mode mode;
	bool ended_repairs; /* nothing more is repaired: an error, an interruption, or a volume that stays active */
	bool unfinished; /* bad sectors were found and not dealt with: the next run has to come to them again */
	bool complete; /* up to now the pass sees each sector of the volume, with its data, in one run */

	/* In the order in which they use each other: each part only those before it. */
	struct csum_scrub_pace *pace;
	struct csum_scrub_sector *sector;
	struct csum_scrub_undo *undo;
	struct csum_scrub_slots *slots;
	struct csum_scrub_recorder *recorder;
	struct csum_scrub_guard *guard;
	struct csum_scrub_groups *groups;
	struct csum_scrub_table *table;
	struct csum_scrub_index *index;
	struct csum_scrub_search *search;
	struct csum_scrub_parking *parking;
	struct csum_scrub_healing *healing;
	struct csum_scrub_writer *writer;
	struct csum_scrub_order *order;
	struct csum_scrub_undecided *undecided;
};

/* What csum_check() does: a scrub that only looks. *result as of csum_scrub(). */
int csum_scrub_only_look(struct csum_volume *volume, const struct csum_scrub_options *options,
			 struct csum_scrub_result *result) CSUM_MUST_CHECK;

#endif
