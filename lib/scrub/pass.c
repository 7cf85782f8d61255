/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pass of a scrub over its range: batches verified, their damage repaired or put in the table; limits. */
#include "scrub/pass.h"

#include <errno.h>

#include "scrub/groups.h"
#include "scrub/pace.h"
#include "scrub/record.h"
#include "scrub/resolve.h"
#include "scrub/ruling.h"
#include "scrub/sector.h"
#include "scrub/table.h"
#include "scrub/undecided.h"
#include "volume/scan.h"

/* Why the scan was ended, where it is not for an error. */
enum { END_TIME = 1, END_ERRORS };

/*
 * Between a bad sector and its repair at most this part of the volume is read, one sixteenth. A crash costs that much
 * of the work; but each time bad sectors are resolved all metadata is scanned.
 */
#define RESOLVE_PART 16u

struct pass {
	struct csum_scrub *scrub;
	uint64_t waiting_since; /* data sector at which the table began to fill */
};

static int collect_sector(struct pass *pass, const struct csum_scan_batch *batch, uint64_t i)
{
	struct csum_scrub *scrub = pass->scrub;
	struct csum_bad_sector found;

	if (!csum_scrub_sector_bad(scrub, batch, i, &found))
		return 0;
	if (csum_scrub_undecided_is(scrub, found.sector))
		return csum_scrub_undecided_add(scrub, &found);
	if (csum_scrub_table_count(scrub) == 0)
		pass->waiting_since = batch->first_sector;
	return csum_scrub_table_add(scrub, &found);
}

/* Collects what is wrong in a batch: groups, and bad sectors. */
static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct pass *pass = user;
	struct csum_scrub *scrub = pass->scrub;
	int error = csum_scrub_groups_collect(scrub, batch);

	if (scrub->options->metadata_only)
		return error;
	csum_finder_data(&scrub->finder, batch);
	for (uint64_t i = 0, next; i < batch->sector_count && !error; i = next) {
		next = i + csum_scan_alike(batch, i);
		if (!csum_verdict_is_bad(batch->verdict[i]))
			continue;
		for (uint64_t k = i; k < next && !error; k++)
			error = collect_sector(pass, batch, k);
	}
	return error;
}

/* How many bad sectors have been found and not dealt with yet. */
static uint64_t waiting(const struct csum_scrub *scrub)
{
	return csum_scrub_table_count(scrub) + csum_scrub_undecided_count(scrub);
}

/* ------------------------------------------------------------------ between batches */

static void progress(const struct csum_scrub *scrub)
{
	const struct csum_scrub_result *result = scrub->result;
	uint64_t begin = scrub->options->offset_bytes / scrub->sector_size;
	const struct csum_progress now = {
		.done_sectors = result->next_sector - begin,
		.total_sectors = result->end_sector - begin,
		.errors = result->totals.errors + waiting(scrub),
		.repaired = result->errors_repaired,
	};

	if (scrub->options->progress)
		scrub->options->progress(scrub->options->user, &now);
}

/*
 * Whether the bad sectors in the table have waited long enough. Only contents that may be misplaced make them wait. In
 * the first batch of a scrub on record they do not: an interrupted run may have had them waiting, and runs that are
 * always interrupted would come no further.
 */
static bool is_due(const struct pass *pass, const struct csum_scan_batch *batch)
{
	const struct csum_scrub *scrub = pass->scrub;
	const struct csum_geometry *geometry = csum_volume_geometry(scrub->volume);
	uint64_t next_sector = batch->first_sector + batch->sector_count;

	return (scrub->result->recorded && batch->first_sector == scrub->first_sector) ||
	       csum_scrub_table_count(scrub) >= CSUM_SCRUB_TABLE_ROWS ||
	       scrub->volume->superblock.checksum_type != CSUM_CRC64 ||
	       next_sector - pass->waiting_since > geometry->data_sectors / RESOLVE_PART;
}

static int limits(struct csum_scrub *scrub)
{
	uint64_t most = scrub->options->max_errors;

	if (most && scrub->result->totals.errors + waiting(scrub) + csum_scrub_groups_count(scrub) > most)
		return END_ERRORS;
	return csum_scrub_pace_time_is_up(scrub) ? END_TIME : 0;
}

/* Whether anything is to be written for that batch. */
static bool needs_rest(void *user, const struct csum_scan_batch *batch)
{
	const struct pass *pass = user;
	const struct csum_scrub *scrub = pass->scrub;

	return csum_scrub_groups_count(scrub) > 0 || (csum_scrub_table_count(scrub) > 0 && is_due(pass, batch)) ||
	       csum_scrub_record_is_due(scrub);
}

/* Repairs, and writes the record, where it is time for that. */
static int write_due(struct pass *pass, const struct csum_scan_batch *batch)
{
	struct csum_scrub *scrub = pass->scrub;
	uint64_t next_sector = batch->first_sector + batch->sector_count;
	int error = 0;

	/* At the end of the pass the table is resolved anyway. */
	if (!limits(scrub) && next_sector < scrub->end_sector && is_due(pass, batch))
		error = csum_scrub_resolve(scrub);
	if (error)
		return error;
	csum_scrub_record_advance(scrub, next_sector, waiting(scrub) > 0);
	return csum_scrub_record_is_due(scrub) ? csum_scrub_record_write(scrub) : 0;
}

static int idle(void *user, struct csum_scan_batch *batch, bool at_rest)
{
	struct pass *pass = user;
	struct csum_scrub *scrub = pass->scrub;
	uint64_t next_sector = batch->first_sector + batch->sector_count;
	int end = limits(scrub);
	int error = 0;

	/*
	 * A disk that fails all over is not to be written to: the batch is left as it is, and the next run comes to it.
	 */
	if (end == END_ERRORS)
		return end;
	if (at_rest)
		error = csum_scrub_groups_repair(scrub, batch);
	if (error)
		return error;
	/* What was found in the batch has been counted by now: a run that goes on must not count it again. */
	scrub->result->next_sector = next_sector;
	if (at_rest)
		error = write_due(pass, batch);
	else
		csum_scrub_record_advance(scrub, next_sector, waiting(scrub) > 0);
	end = limits(scrub);
	progress(scrub);
	if (!error && !end)
		error = csum_scrub_pace_sleep(scrub, batch);
	return error ? error : end;
}

/* ------------------------------------------------------------------ the pass */

static int scan_range(struct csum_scrub *scrub)
{
	uint64_t present = csum_scan_present_sectors(scrub->volume);
	uint64_t end = scrub->end_sector < present ? scrub->end_sector : present;
	struct pass pass = { .scrub = scrub };
	struct csum_verify_limit limit = { .most = scrub->options->max_errors };
	const struct csum_scan_options scan = {
		.first_sector = scrub->first_sector,
		.sector_count = end > scrub->first_sector ? end - scrub->first_sector : 0,
		.metadata_only = scrub->options->metadata_only,
		.visit = visit,
		.needs_rest = needs_rest,
		.idle = idle,
		.user = &pass,
		.limit = limit.most ? &limit : NULL,
		.batch_bytes = csum_scrub_pace_batch_bytes(scrub),
	};
	int result;

	csum_scrub_pace_begin(scrub);
	result = csum_scan(scrub->volume, &scan);
	if (result == 0 && end < scrub->end_sector) {
		uint64_t missing = scrub->first_sector > end ? scrub->first_sector : end;

		csum_finder_missing(&scrub->finder, missing, scrub->end_sector - missing);
		scrub->result->next_sector = scrub->end_sector;
	}
	return result;
}

/* With too many errors, what was found and not dealt with is counted, and left for the next run to find again. */
static void drop_found(struct csum_scrub *scrub)
{
	scrub->result->errors_open = waiting(scrub) + csum_scrub_groups_count(scrub);
	scrub->unfinished = true;
	csum_scrub_table_cut(scrub, 0);
	csum_scrub_groups_drop(scrub);
	csum_scrub_undecided_drop(scrub);
}

int csum_scrub_pass(struct csum_scrub *scrub)
{
	struct csum_scrub_result *result = scrub->result;
	int scanned = scan_range(scrub);
	int error;

	/* The limit may have come with the last batch. */
	if (scanned == END_TIME && result->next_sector == result->end_sector)
		scanned = 0;
	if (scanned == END_ERRORS)
		drop_found(scrub);
	result->end = scanned == 0	    ? CSUM_SCRUB_COMPLETE :
		      scanned == END_TIME   ? CSUM_SCRUB_TIME_LIMIT :
		      scanned == END_ERRORS ? CSUM_SCRUB_MAX_ERRORS :
					      CSUM_SCRUB_FAILED;
	/*
	 * After an error the table is only reported; and an interrupted run does not wait for a scan of all metadata.
	 */
	scrub->ended_repairs |= scanned < 0;
	scrub->unfinished |= scanned == -ECANCELED && waiting(scrub) > 0;
	scrub->complete &= scanned == 0;
	error = csum_scrub_resolve(scrub);
	if (!error)
		error = csum_scrub_ruling(scrub);
	if (scanned < 0)
		error = scanned;
	if (error)
		result->end = CSUM_SCRUB_FAILED;
	csum_finder_flush(&scrub->finder);
	return error;
}
