/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of repairs. What a bad sector holds may be what another one lacks, and then the other comes first: its
 * content must be durable in its own place before this copy of it is overwritten. Where they hold each other's
 * contents in a ring, one of them is parked meanwhile.
 */
#include "scrub/scrub.h"

#include <errno.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/report.h"
#include "scrub/index.h"
#include "scrub/table.h"
#include "scrub/write.h"

struct order {
	struct csum_scrub *scrub;
	uint32_t *ready; /* a stack: nobody waits for what they hold */
	size_t ready_count;
	uint32_t ring_cursor;
};

static bool is_parked(const struct csum_scrub *scrub, const struct csum_scrub_bad *bad)
{
	return scrub->parked.entry != CSUM_ENTRY_UNWRITTEN && scrub->parked.entry == bad->found.expected_entry;
}

/* What may not be overwritten, and neither may the place that its own content is in, and so on. */
static void block(struct order *order, uint32_t index)
{
	while (index != CSUM_SCRUB_NO_INDEX && !csum_scrub_table_row(order->scrub, index)->done) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(order->scrub, index);

		bad->done = bad->blocked = true;
		if (!bad->outcome.why)
			bad->outcome.why = "it holds the content of another bad sector, which could not be repaired";
		index = bad->source;
	}
}

static void finish(struct order *order, uint32_t index)
{
	struct csum_scrub *scrub = order->scrub;
	struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index);
	bool left = bad->outcome.disposition == CSUM_LEFT && scrub->mode != CSUM_SCRUB_LOOK && !scrub->ended_repairs;

	bad->done = true;
	if (is_parked(scrub, bad) && !left)
		scrub->parked_needed = false;
	if (bad->source == CSUM_SCRUB_NO_INDEX)
		return;
	if (left && !is_parked(scrub, bad))
		block(order, bad->source);
	else if (--csum_scrub_table_row(scrub, bad->source)->needed_by == 0 &&
		 !csum_scrub_table_row(scrub, bad->source)->done)
		order->ready[order->ready_count++] = bad->source;
}

/*
 * When nobody is ready each of the others waits for the next one in a ring. One place of a ring is free to be
 * overwritten once its content is parked.
 */
static int break_ring(struct order *order)
{
	struct csum_scrub *scrub = order->scrub;
	uint32_t first = order->ring_cursor, last = first;
	bool safe = true;
	int error = 0;

	while (csum_scrub_table_row(scrub, last)->source != first)
		last = csum_scrub_table_row(scrub, last)->source;
	if (scrub->mode != CSUM_SCRUB_LOOK && !scrub->ended_repairs) {
		const struct csum_parked wanted = {
			.entry = csum_scrub_table_row(scrub, last)->found.expected_entry,
			.owner = csum_scrub_table_row(scrub, last)->found.sector,
			.place = csum_scrub_table_row(scrub, first)->found.sector,
		};

		error = csum_scrub_park(scrub, &wanted, &safe);
	}
	if (safe)
		order->ready[order->ready_count++] = first;
	else
		block(order, first);
	return error;
}

static bool is_any_left(struct order *order)
{
	while (order->ring_cursor < csum_scrub_table_count(order->scrub) &&
	       csum_scrub_table_row(order->scrub, order->ring_cursor)->done)
		order->ring_cursor++;
	return order->ring_cursor < csum_scrub_table_count(order->scrub);
}

static void settle_one(struct csum_scrub *scrub, uint32_t index, struct csum_scrub_write *writes, size_t *count)
{
	struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, index);
	uint8_t *data = scrub->round_data + *count * scrub->sector_size;

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

static int settle_round(struct order *order)
{
	struct csum_scrub *scrub = order->scrub;
	struct csum_scrub_write writes[CSUM_SCRUB_ROUND];
	uint32_t taken[CSUM_SCRUB_ROUND];
	size_t taken_count = 0, count = 0;
	int error;

	while (order->ready_count && taken_count < CSUM_SCRUB_ROUND) {
		taken[taken_count] = order->ready[--order->ready_count];
		settle_one(scrub, taken[taken_count++], writes, &count);
	}
	error = count ? csum_scrub_write(scrub, writes, count) : 0;
	for (size_t i = 0; i < taken_count; i++)
		finish(order, taken[i]);
	return error;
}

/* What an earlier scrub has parked need not be taken from the bad sector that holds it, if one still does. */
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
	struct order order = { .scrub = scrub };
	int error = 0;

	order.ready = calloc(csum_scrub_table_count(scrub), sizeof(*order.ready));
	if (!order.ready)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "repairing data sectors");
	take_parked(scrub);
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		if (csum_scrub_table_row(scrub, i)->blocked)
			block(&order, i);
	}
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		if (csum_scrub_table_row(scrub, i)->gone)
			csum_scrub_table_row(scrub, i)->done = true;
		else if (csum_scrub_table_row(scrub, i)->needed_by == 0 && !csum_scrub_table_row(scrub, i)->done)
			order.ready[order.ready_count++] = i;
	}
	while (!error && (order.ready_count || is_any_left(&order)))
		error = order.ready_count ? settle_round(&order) : break_ring(&order);
	free(order.ready);
	return error;
}

/* Notes where contents have just been put right: two bad sectors may have had the same one. */
static void note_repaired(struct csum_scrub *scrub)
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

/* Those that were left, and whose content another one has got meanwhile, are tried once more. */
static int repair_duplicates(struct csum_scrub *scrub)
{
	struct order order = { .scrub = scrub };
	int error = 0;

	note_repaired(scrub);
	order.ready = calloc(csum_scrub_table_count(scrub), sizeof(*order.ready));
	if (!order.ready)
		return csum_report_error(&scrub->volume->handlers, -ENOMEM, NULL, "repairing data sectors");
	for (uint32_t i = 0; i < csum_scrub_table_count(scrub); i++) {
		struct csum_scrub_bad *bad = csum_scrub_table_row(scrub, i);
		const struct csum_scrub_content *content = csum_scrub_index_find(scrub, bad->found.expected_entry);

		if (bad->gone || bad->blocked || bad->outcome.disposition != CSUM_LEFT || !content ||
		    !content->repaired)
			continue;
		bad->source = CSUM_SCRUB_NO_INDEX;
		order.ready[order.ready_count++] = i;
	}
	while (!error && order.ready_count)
		error = settle_round(&order);
	free(order.ready);
	return error;
}

int csum_scrub_order_repair(struct csum_scrub *scrub)
{
	int error = repair_all(scrub);

	if (!error && csum_scrub_index_is_filled(scrub) && !scrub->ended_repairs)
		error = repair_duplicates(scrub);
	return error ? error : csum_scrub_park_end(scrub);
}
