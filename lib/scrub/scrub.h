/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scrub at work, as its modules see it:
 *
 *   scrub.c          what it needs, and the order of its parts
 *   pass.c           the pass over the range, and its limits
 *   groups.c         copies of imd sectors
 *   slots.c          slots of the superblock, and the record of the scrub in them
 *   recover.c        an active volume first of all
 *   choose.c         of its bad sectors, by which version each can be made right
 *   search.c         their contents, looked for in all of the data
 *   table.c          the table of bad sectors: what is known of each, reports
 *   guard.c          whether others wrote them: classes, what may be repaired, what is held
 *   undecided.c      bad sectors on which that depends on all others, kept to the end of the pass
 *   index.c          where in the volume a content belongs, or is to be found
 *   order.c          in which order they are repaired
 *   park.c           a content kept aside while its place is overwritten
 *   heal.c           the right content of one sector
 *   write.c          writing it: saved for undo, flushed, read back, verified
 *   undo.c           the undo file, and what happens where there can be none
 *
 * Bad sectors are not repaired where they are found but together, later, since with crc64 it takes a pass over all
 * metadata to learn what belongs where. What a bad sector holds may be the only copy of another sector's content.
 */
#ifndef CSUM_SCRUB_H
#define CSUM_SCRUB_H

#include "base/heal.h"
#include "findings/finder.h"
#include "io/io.h"
#include "ondisk/parked.h"
#include "repair/replica.h"
#include "scrub/bad.h"
#include "update/recover.h"

/* Adjacent bad sectors more than which are no bit flips. */
#define CSUM_SCRUB_ADJACENT_MAX 64u
/* Sectors written in one round. */
#define CSUM_SCRUB_ROUND 128u

/* Contents of interrupted sectors that are looked for in one search, two a sector. */
#define CSUM_SCRUB_SOUGHT 65536u

/* What may be done about what is found. */
enum csum_scrub_mode {
	CSUM_SCRUB_LOOK, /* a check: nothing is healed, every bad sector is left */
	CSUM_SCRUB_DRY_RUN, /* nothing is written, but said what a repair would be: asked for, or the volume stays active */
	CSUM_SCRUB_REPAIR,
};

struct csum_scrub {
	struct csum_volume *volume;
	const struct csum_scrub_options *options;
	struct csum_scrub_result *result;
	struct csum_finder finder;
	struct csum_healer *healer; /* NULL: neither to heal from the checksum nor to tell classes apart */
	struct csum_replica **replicas;
	size_t replica_count;
	unsigned int heal; /* bits of enum csum_heal; the default resolved */
	uint32_t sector_size;
	uint64_t first_sector, end_sector; /* of the pass: where it begins, which may be behind options->offset */
	enum csum_scrub_mode mode;
	bool ended_repairs; /* too many errors, or interrupted */
	bool unfinished; /* interrupted with bad sectors in the table: the next run has to come to them again */
	bool complete; /* as far as it has come: from the first sector to the last, with their data, in one go */

	struct csum_scrub_guard *guard;
	struct csum_scrub_undecided *undecided;

	/* search.c */
	struct csum_scrub_sought *sought; /* a table; NULL: nothing has been wanted */
	uint32_t sought_count;
	bool searched;

	struct csum_scrub_table *table;
	struct csum_scrub_index *index;
	uint64_t bad_since; /* data sector at which the table began to fill */

	/* park.c */
	struct csum_parked parked; /* entry 0: none */
	bool parked_needed; /* its owner is bad, or nobody can read whether there is one */
	uint8_t *parked_record;

	struct csum_scrub_sector *sector;
	uint8_t *round_data; /* CSUM_SCRUB_ROUND sectors */

	struct csum_scrub_pace *pace;
	struct csum_scrub_undo *undo;
	struct csum_scrub_slots *slots;
	struct csum_scrub_recorder *recorder;
	struct csum_scrub_writer *writer;
	struct csum_scrub_groups *groups;
};

/* ---- scrub.c */

/* What csum_check() does: a scrub that only looks. *result as of csum_scrub(). */
int csum_scrub_only_look(struct csum_volume *volume, const struct csum_scrub_options *options,
			 struct csum_scrub_result *result) CSUM_MUST_CHECK;

/* ---- pass.c */

/* Verifies and repairs [first_sector, end_sector); why it ended is in the result. */
int csum_scrub_pass(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/* ---- recover.c */

/* Recovers an active volume; the mode becomes a dry run where it has to stay active. */
int csum_scrub_recover(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/* ---- search.c */

/*
 * The content of that entry is to be looked for. false: there is no room for another one, or no memory. Once the search
 * has been made: whether it was among those.
 */
bool csum_scrub_search_want(struct csum_scrub *scrub, uint64_t entry);
/* Whether anything is to be looked for, and has not been yet. */
bool csum_scrub_search_due(const struct csum_scrub *scrub);
/* Reads all data. *ended is false when the time limit came first. Errors as of csum_scan(). */
int csum_scrub_search_run(struct csum_scrub *scrub, bool *ended) CSUM_MUST_CHECK;
/* Whether that content lies in some sector, still: it goes to `data`, aligned, and the sector to *place. */
bool csum_scrub_search_read(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, uint64_t *place);

/* What tells which bad sectors are near their content; NULL with checksums that cannot. */
static inline const struct csum_healer *csum_scrub_decoder(const struct csum_scrub *scrub)
{
	return scrub->volume->superblock.checksum_type == CSUM_CRC64 ? scrub->healer : NULL;
}

/* ---- order.c */

/* Heals and writes what is in the table, in an order in which no content is lost. */
int csum_scrub_order_repair(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/* ---- park.c */

/* What an earlier scrub has left parked. The volume is clean, or nothing is done. */
int csum_scrub_park_load(struct csum_scrub *scrub) CSUM_MUST_CHECK;
/*
 * Keeps the content of wanted->place aside, durably. *safe: that place may be overwritten. It may not while another
 * content is parked and needed, or when the device refuses to write this one.
 */
int csum_scrub_park(struct csum_scrub *scrub, const struct csum_parked *wanted, bool *safe) CSUM_MUST_CHECK;
/* Ends it when its owner has been repaired. */
int csum_scrub_park_end(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/* ---- heal.c */

/* Puts the content that the entry confirms into `data`, and where it came from into *outcome. false: none. */
bool csum_scrub_heal_from_replica(struct csum_scrub *scrub, uint64_t sector, uint64_t entry, uint8_t *data,
				  struct csum_outcome *outcome);
/* data: what the sector holds now; put right in place. */
bool csum_scrub_heal_bits(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, struct csum_outcome *outcome);
/* All ways, in their order. */
bool csum_scrub_heal(struct csum_scrub *scrub, const struct csum_scrub_bad *bad, uint8_t *data,
		     struct csum_outcome *outcome);

#endif
