/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/look.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/util.h"
#include "ondisk/layout.h"

/* More bytes than the logs and headers of any honest disk have together. */
#define BUDGET_BYTES (UINT64_C(8) << 30)

int csum_guard_look_init(struct csum_guard_look *look, struct csum_volume *volume)
{
	enum csum_checksum_type type = (enum csum_checksum_type)volume->superblock.checksum_type;

	*look = (struct csum_guard_look){ .volume = volume };
	if (type == CSUM_CRC64 &&
	    csum_healer_create(type, csum_volume_geometry(volume)->sector_size, false, &look->healer) < 0)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "asking whether others wrote");
	return 0;
}

void csum_guard_look_free(struct csum_guard_look *look)
{
	csum_healer_free(look->healer);
	csum_guard_known_free(look->known);
}

void csum_guard_look_again(struct csum_guard_look *look)
{
	look->budget_bytes = BUDGET_BYTES;
}

bool csum_guard_spend(struct csum_guard_look *look, uint64_t bytes)
{
	if (bytes > look->budget_bytes)
		return false;
	look->budget_bytes -= bytes;
	return true;
}

/* ------------------------------------------------------------------ ranges */

int csum_guard_ranges_add(const struct csum_handlers *handlers, struct csum_guard_ranges *ranges, uint64_t offset_bytes,
			  uint64_t size_bytes)
{
	if (ranges->count == ranges->capacity) {
		size_t capacity = ranges->capacity ? ranges->capacity * 2 : 16;
		struct csum_guard_range *grown = reallocarray(ranges->range, capacity, sizeof(*grown));

		if (!grown)
			return csum_report_error(handlers, -ENOMEM, NULL, "asking whether others wrote");
		ranges->range = grown;
		ranges->capacity = capacity;
	}
	ranges->range[ranges->count++] = (struct csum_guard_range){ offset_bytes, size_bytes };
	return 0;
}

bool csum_guard_ranges_touch(const struct csum_guard_ranges *ranges, uint64_t offset_bytes, uint64_t size_bytes)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct csum_guard_range *range = &ranges->range[i];

		if (offset_bytes < range->offset_bytes + range->size_bytes &&
		    range->offset_bytes < offset_bytes + size_bytes)
			return true;
	}
	return false;
}

bool csum_guard_ranges_hold(const struct csum_guard_ranges *ranges, uint64_t offset_bytes, uint64_t size_bytes)
{
	for (size_t i = 0; i < ranges->count; i++) {
		const struct csum_guard_range *range = &ranges->range[i];

		if (offset_bytes >= range->offset_bytes && size_bytes <= range->size_bytes &&
		    offset_bytes - range->offset_bytes <= range->size_bytes - size_bytes)
			return true;
	}
	return false;
}

void csum_guard_ranges_free(struct csum_guard_ranges *ranges)
{
	free(ranges->range);
	*ranges = (struct csum_guard_ranges){ 0 };
}

/* ------------------------------------------------------------------ reading */

void csum_guard_view_free(struct csum_guard_view *view)
{
	free(view->sectors);
	free(view->verdict);
	free(view->computed);
	free(view->entry);
	*view = (struct csum_guard_view){ 0 };
}

static int allocate(struct csum_guard_view *view)
{
	size_t count = view->sector_count;

	view->sectors = csum_io_alloc(count * view->sector_size);
	view->verdict = calloc(count, sizeof(*view->verdict));
	view->computed = calloc(count, sizeof(*view->computed));
	view->entry = calloc(count, sizeof(*view->entry));
	if (!view->sectors || !view->verdict || !view->computed || !view->entry)
		return -ENOMEM;
	memset(view->sectors, 0, count * view->sector_size);
	return 0;
}

/* Notes the entry of each sector. Unwritten sectors, which are verified without reading, are read here. */
static int complete(struct csum_volume *volume, const struct csum_groups *span, struct csum_guard_view *view)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	int error = 0;

	for (uint32_t i = 0; i < view->sector_count && !csum_io_vanished(error); i++) {
		uint64_t sector = view->first_sector + i, group = csum_layout_group_of(geometry, sector);
		uint32_t index = (uint32_t)(sector - csum_layout_first_sector(geometry, group));

		if (csum_groups_group(span, group)->version_count)
			view->entry[i] = csum_group_entry(csum_groups_group(span, group), index);
		if (view->verdict[i] != CSUM_VERDICT_UNWRITTEN)
			continue;
		error = csum_io_read_patiently(volume->data, view->sectors + (size_t)i * view->sector_size,
					       view->sector_size, csum_layout_data_offset(geometry, sector), NULL);
		if (error)
			memset(view->sectors + (size_t)i * view->sector_size, 0, view->sector_size);
	}
	return csum_io_vanished(error) ? error : 0;
}

static int verify(struct csum_volume *volume, struct csum_groups *span, struct csum_guard_view *view)
{
	const struct csum_verify run = {
		.volume = volume,
		.span = span,
		.need = CSUM_NEED_CONTENT,
		.first_sector = view->first_sector,
		.sector_count = view->sector_count,
		.data = view->sectors,
		.verdict = view->verdict,
		.entry = view->computed,
	};
	size_t pieces = csum_groups_pieces(volume, span);
	int error = 0;

	/* Runs in this thread: the pool may be at work for a scan. */
	for (size_t piece = 0; piece < pieces && !error; piece++)
		error = csum_groups_load_piece(volume, span, piece);
	if (!error)
		error = csum_verify_run(&run);
	if (!error)
		error = complete(volume, span, view);
	if (error)
		return csum_io_report(&volume->handlers, error, volume->data->name,
				      "reading data sectors from %" PRIu64 " on", view->first_sector);
	return 0;
}

int csum_guard_view_read(struct csum_guard_look *look, uint64_t offset_bytes, uint64_t size_bytes,
			 struct csum_guard_view *view)
{
	const struct csum_geometry *geometry = csum_volume_geometry(look->volume);
	uint64_t space = csum_volume_data_bytes(look->volume), first_group, last_group;
	uint32_t sector_size = geometry->sector_size;
	struct csum_groups span;
	int error;

	*view = (struct csum_guard_view){ .sector_size = sector_size };
	if (size_bytes == 0 || size_bytes > space || offset_bytes > space - size_bytes)
		return 0;
	view->first_sector = offset_bytes / sector_size;
	view->sector_count = (uint32_t)((offset_bytes + size_bytes - 1) / sector_size - view->first_sector + 1);
	view->skip = (uint32_t)(offset_bytes % sector_size);
	first_group = csum_layout_group_of(geometry, view->first_sector);
	last_group = csum_layout_group_of(geometry, view->first_sector + view->sector_count - 1);
	error = csum_groups_init(&span, look->volume, last_group - first_group + 1);
	if (error)
		return error;
	csum_groups_place(&span, first_group, last_group - first_group + 1);
	error = allocate(view);
	if (error)
		csum_report_error(&look->volume->handlers, error, NULL, "asking whether others wrote");
	else
		error = verify(look->volume, &span, view);
	csum_groups_free(&span);
	if (error)
		csum_guard_view_free(view);
	else
		view->bytes = view->sectors + view->skip;
	return error;
}

/* ------------------------------------------------------------------ judging */

static uint8_t *sector_of(const struct csum_guard_view *view, uint32_t i)
{
	return view->sectors + (size_t)i * view->sector_size;
}

enum csum_class csum_guard_class_read(const struct csum_healer *healer, const uint8_t *bytes, uint32_t sector_size,
				      uint64_t entry, enum csum_verdict verdict, struct csum_heal_result *wrong)
{
	*wrong = (struct csum_heal_result){ .pattern = CSUM_HEAL_NONE };
	if (!csum_verdict_is_bad(verdict) || verdict == CSUM_VERDICT_LOST)
		return CSUM_CLASS_NONE;
	if (verdict == CSUM_VERDICT_UNREADABLE || verdict == CSUM_VERDICT_MISSING)
		bytes = NULL;
	return csum_guard_class_wrong(healer, bytes, sector_size, entry, verdict, wrong);
}

static enum csum_class class_of(const struct csum_guard_look *look, const struct csum_guard_view *view, uint32_t i,
				struct csum_heal_result *wrong)
{
	return csum_guard_class_read(look->healer, sector_of(view, i), view->sector_size, view->entry[i],
				     view->verdict[i], wrong);
}

/* The sectors of bytes [from, to) of the view: from *first up to, but not including, *end. */
static void sectors_of(const struct csum_guard_view *view, uint64_t from, uint64_t to, uint32_t *first, uint32_t *end)
{
	*first = (uint32_t)((view->skip + from) / view->sector_size);
	*end = (uint32_t)((view->skip + to - 1) / view->sector_size + 1);
}

static bool is_right(const struct csum_guard_view *view, uint32_t i)
{
	return view->verdict[i] == CSUM_VERDICT_GOOD || view->verdict[i] == CSUM_VERDICT_OLDER ||
	       view->verdict[i] == CSUM_VERDICT_TRANSIENT;
}

void csum_guard_view_heal(const struct csum_guard_look *look, struct csum_guard_view *view)
{
	struct csum_heal_result wrong;

	for (uint32_t i = 0; look->healer && i < view->sector_count; i++) {
		if (class_of(look, view, i, &wrong) != CSUM_CLASS_NEAR ||
		    !csum_healer_heal(look->healer, sector_of(view, i), view->entry[i], &wrong))
			continue;
		view->computed[i] = view->entry[i];
		view->verdict[i] = CSUM_VERDICT_GOOD;
	}
}

bool csum_guard_view_matches(const struct csum_guard_view *view, uint64_t from, uint64_t to)
{
	uint32_t first, end;

	sectors_of(view, from, to, &first, &end);
	while (first < end && is_right(view, first))
		first++;
	return first == end;
}

bool csum_guard_view_nearly(const struct csum_guard_look *look, const struct csum_guard_view *view, uint64_t from,
			    uint64_t to)
{
	struct csum_heal_result wrong;
	uint32_t first, end;
	enum csum_class class;

	sectors_of(view, from, to, &first, &end);
	for (; first < end; first++) {
		if (is_right(view, first))
			continue;
		class = class_of(look, view, first, &wrong);
		if (class != CSUM_CLASS_DEAD && class != CSUM_CLASS_NEAR)
			return false;
	}
	return true;
}

bool csum_guard_view_dead(const struct csum_guard_view *view, uint64_t from, uint64_t to)
{
	uint32_t first, end;

	sectors_of(view, from, to, &first, &end);
	for (; first < end; first++) {
		if (view->verdict[first] == CSUM_VERDICT_UNREADABLE || view->verdict[first] == CSUM_VERDICT_MISSING)
			return true;
	}
	return false;
}

/* Whether one of the wrong bits of sector i lies in bytes [from, to) of the view. */
static bool wrong_within(const struct csum_guard_view *view, uint32_t i, const struct csum_heal_result *wrong,
			 uint64_t from, uint64_t to)
{
	uint64_t begin = (uint64_t)i * view->sector_size;
	uint64_t low = view->skip + from > begin ? view->skip + from - begin : 0;
	uint64_t high = csum_min_u64(view->skip + to - begin, view->sector_size);

	return csum_guard_wrong_within(wrong, (uint32_t)low, (uint32_t)high);
}

enum csum_guard_answer csum_guard_view_changed(struct csum_guard_look *look, const struct csum_guard_view *view,
					       uint64_t from, uint64_t to)
{
	enum csum_guard_answer answer = csum_guard_view_new(look, view, from, to);
	struct csum_heal_result wrong;
	uint32_t first, end;

	sectors_of(view, from, to, &first, &end);
	for (; first < end && answer != CSUM_GUARD_YES; first++) {
		if (class_of(look, view, first, &wrong) == CSUM_CLASS_NEAR &&
		    wrong_within(view, first, &wrong, from, to))
			answer = CSUM_GUARD_YES;
	}
	return answer;
}

enum csum_guard_answer csum_guard_view_new(struct csum_guard_look *look, const struct csum_guard_view *view,
					   uint64_t from, uint64_t to)
{
	enum csum_guard_answer answer = CSUM_GUARD_NO;
	struct csum_heal_result wrong;
	uint32_t first, end;

	sectors_of(view, from, to, &first, &end);
	for (; first < end; first++) {
		if (class_of(look, view, first, &wrong) == CSUM_CLASS_NEW) {
			enum csum_guard_answer unknown = csum_guard_unknown(look, view->computed[first]);

			answer = unknown > answer ? unknown : answer;
		}
	}
	return answer;
}

bool csum_guard_view_only(const struct csum_guard_look *look, const struct csum_guard_view *view, uint64_t from,
			  uint64_t to)
{
	uint32_t i = (uint32_t)((view->skip + from) / view->sector_size);
	uint32_t low = (uint32_t)((view->skip + from) % view->sector_size);
	struct csum_heal_result wrong;

	return class_of(look, view, i, &wrong) == CSUM_CLASS_NEAR && !csum_guard_wrong_within(&wrong, 0, low) &&
	       !csum_guard_wrong_within(&wrong, low + (uint32_t)(to - from), view->sector_size);
}

bool csum_guard_view_became_right(const struct csum_guard_look *look, const struct csum_guard_view *view)
{
	for (uint32_t i = 0; i < view->sector_count; i++) {
		if (view->verdict[i] >= CSUM_VERDICT_MISMATCH && view->verdict[i] <= CSUM_VERDICT_STALE &&
		    csum_volume_entry(look->volume, sector_of(view, i)) == view->entry[i])
			return true;
	}
	return false;
}
