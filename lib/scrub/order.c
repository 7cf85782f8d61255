/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of repairs. What a bad sector holds may be what another one lacks, and then the other comes first: its
 * content must be durable in its own place before this copy of it is overwritten. Where they hold each other's
 * contents in a ring, one of them is parked meanwhile.
 */
#include "scrub/order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/report.h"
#include "scrub/heal.h"
#include "scrub/index.h"
#include "scrub/park.h"
#include "scrub/table.h"
#include "scrub/write.h"

/* Sectors written in one round. */
#define ROUND_SECTORS 128u

struct csum_scrub_order {
	uint32_t *ready; /* a stack of rows: no other row needs what they hold */
	size_t ready_count;
	uint32_t ring_cursor; /* the rows before it are done */
	uint8_t *contents; /* ROUND_SECTORS of them, aligned */
};

struct csum_scrub_order *csum_scrub_order_create(const struct csum_scrub *scrub)
{
	struct csum_scrub_order *order = calloc(1, sizeof(*order));

	if (order)
		order->contents = csum_io_alloc((size_t)ROUND_SECTORS * scrub->sector_size);
	if (order && order->contents)
		return order;
	free(order);
	return NULL;
}

void csum_scrub_order_free(struct csum_scrub_order *order)
{
	if (!order)
		return;
	free(order->ready);
	free(order->contents);
	free(order);
}

/* Makes room for all rows of the table, of which none is ready yet. */
static int start(struct csum_scrub *scrub)
{
	struct csum_scrub_order *order = scrub->order;

	free(order->ready);
	order->ready = calloc(csum_scrub_table_count(scrub), sizeof(*order->ready));
	order->ready_count = 0;
	order->ring_cursor = 0;
	if (!order->ready)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "repairing data sectors");
	return 0;
}

static void push(struct csum_scrub *scrub, uint32_t index)
{
	scrub->order->ready[scrub->order->ready_count++] = index;
}

static bool is_parked(const struct csum_scrub *scrub, const struct csum_scrub_bad *bad)
{
	return csum_scrub_park_has(scrub, bad->found.expected_entry);
}

/*
 * This one is not overwritten: what it holds is the only copy of a content that could not be put right. So its own
 * content stays lost, and the place of that is not overwritten either, and so on.
 */
static void block(struct csum_scrub *scrub, uint32_t index)
{
	while (index != CSUM_SCRUB_NO_INDEX && !csum_scrub_table_row(scrub, index)->done) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index);

		bad->done = bad->blocked = true;
		if (!bad->outcome.why)
			bad->outcome.why = "it holds the content of another bad sector, which could not be repaired";
		index = bad->source;
	}
}

/* A row has been repaired, or is left: the one that holds its content may be ready now. */
static void finish(struct csum_scrub *scrub, uint32_t index)
{
	struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index), *source;
	bool left = bad->outcome.disposition == CSUM_LEFT && scrub->mode != CSUM_SCRUB_LOOK && !scrub->ended_repairs;

	bad->done = true;
	if (is_parked(scrub, bad) && !left)
		csum_scrub_park_release(scrub);
	if (bad->source == CSUM_SCRUB_NO_INDEX)
		return;
	source = csum_scrub_table_row(scrub, bad->source);
	if (left && !is_parked(scrub, bad))
		block(scrub, bad->source);
	else if (--source->needed_by == 0 && !source->done)
		push(scrub, bad->source);
}

/*
 * When no row is ready, each of those left waits for the next one in a ring. One place of a ring is free to be
 * overwritten once the content that it holds is parked.
 */
static int break_ring(struct csum_scrub *scrub)
{
	uint32_t first = scrub->order->ring_cursor, last = first;
	bool safe = true;
	int error = 0;

	while (csum_scrub_table_row(scrub, last)->source != first)
		last = csum_scrub_table_row(scrub, last)->source;
	if (scrub->mode != CSUM_SCRUB_LOOK && !scrub->ended_repairs) {
		const struct csum_bad_sector *owner = &csum_scrub_table_row(scrub, last)->found;
		const struct csum_parked wanted = {
			.entry = owner->expected_entry,
			.owner = owner->sector,
			.place = csum_scrub_table_row(scrub, first)->found.sector,
		};

		error = csum_scrub_park(scrub, &wanted, &safe);
	}
	if (safe)
		push(scrub, first);
	else
		block(scrub, first);
	return error;
}

static bool is_any_left(struct csum_scrub *scrub)
{
	uint32_t *cursor = &scrub->order->ring_cursor;

	while (*cursor < csum_scrub_table_count(scrub) && csum_scrub_table_row(scrub, *cursor)->done)
		++*cursor;
	return *cursor < csum_scrub_table_count(scrub);
}

/* Heals a row, and adds what is to be written for it. */
static void repair_one(struct csum_scrub *scrub, uint32_t index, struct csum_scrub_write *writes, size_t *count)
{
	struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index);
	uint8_t *data = scrub->order->contents + *count * scrub->sector_size;

	if (scrub->mode == CSUM_SCRUB_LOOK)
		return;
	if (scrub->ended_repairs) {
		bad->outcome.why = scrub->unfinished ? "the scrub was interrupted before it could be repaired" :
						       "repairing had been ended";
		return;
	}
	if (!csum_scrub_heal(scrub, bad, data, &bad->outcome))
		return;
	if (scrub->mode != CSUM_SCRUB_REPAIR)
		bad->outcome.disposition = CSUM_WOULD_REPAIR;
	else
		writes[(*count)++] =
			(struct csum_scrub_write){ bad->found.sector, bad->found.expected_entry, data, &bad->outcome };
}

static int repair_round(struct csum_scrub *scrub)
{
	struct csum_scrub_order *order = scrub->order;
	struct csum_scrub_write writes[ROUND_SECTORS];
	uint32_t taken[ROUND_SECTORS];
	size_t taken_count = 0, count = 0;
	int error;

	while (order->ready_count && taken_count < ROUND_SECTORS) {
		taken[taken_count] = order->ready[--order->ready_count];
		repair_one(scrub, taken[taken_count++], writes, &count);
	}
	error = count ? csum_scrub_write(scrub, writes, count) : 0;
	for (size_t i = 0; i < taken_count; i++)
		finish(scrub, taken[i]);
	return error;
}

/* A content that an earlier scrub has parked is taken from there, even if a bad sector still holds it. */
static void take_parked(struct csum_scrub *scrub)
{
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);

		if (bad->source == CSUM_SCRUB_NO_INDEX || !is_parked(scrub, bad))
			continue;
		csum_scrub_table_row(scrub, bad->source)->needed_by--;
		bad->source = CSUM_SCRUB_NO_INDEX;
	}
}

static int repair_all(struct csum_scrub *scrub)
{
	int error = start(scrub);

	if (error)
		return error;
	take_parked(scrub);
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		if (csum_scrub_table_row(scrub, i)->blocked)
			block(scrub, i);
	}
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);

		if (bad->gone)
			bad->done = true;
		else if (bad->needed_by == 0 && !bad->done)
			push(scrub, i);
	}
	while (!error && (scrub->order->ready_count || is_any_left(scrub)))
		error = scrub->order->ready_count ? repair_round(scrub) : break_ring(scrub);
	return error;
}

/* Contents that have just been put right are in the index now: another bad sector may lack the same one. */
static void mark_repaired(struct csum_scrub *scrub)
{
	for (size_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		const struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);
		struct csum_scrub_content *content = csum_scrub_index_find(scrub, bad->found.expected_entry);

		if (!content || bad->gone || bad->outcome.disposition != CSUM_REPAIRED)
			continue;
		content->place[0] = bad->found.sector;
		content->place_count = content->place_count ? content->place_count : 1;
		content->repaired = true;
	}
}

/* Sectors that were left are tried once more if another one with the same content has been repaired meanwhile. */
static int repair_duplicates(struct csum_scrub *scrub)
{
	int error = start(scrub);

	mark_repaired(scrub);
	if (error)
		return error;
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);
		const struct csum_scrub_content *content = csum_scrub_index_find(scrub, bad->found.expected_entry);

		if (bad->gone || bad->blocked || bad->outcome.disposition != CSUM_LEFT || !content ||
		    !content->repaired)
			continue;
		bad->source = CSUM_SCRUB_NO_INDEX;
		push(scrub, i);
	}
	while (!error && scrub->order->ready_count)
		error = repair_round(scrub);
	return error;
}

int csum_scrub_order_repair(struct csum_scrub *scrub)
{
	int error = repair_all(scrub);

	if (!error && csum_scrub_index_is_filled(scrub) && !scrub->ended_repairs)
		error = repair_duplicates(scrub);
	return error ? error : csum_scrub_park_end(scrub);
}
