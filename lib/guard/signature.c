/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "base/util.h"
#include "guard/magic.h"

#define BOOT_SECTOR_SIZE 512u
#define BOOT_MAGIC_AT 510u
#define BOOT_MAGIC "\x55\xaa"
/* Bytes of a partition table that change: the disk's number, and the entries. */
#define TABLE_FROM 440u
#define TABLE_TO 510u
/* Fields of FAT: sectors of a table, 0 with FAT32; and the mark that the file system is in use. */
#define FAT_TABLE_SECTORS_AT 22u
#define FAT_USED_AT 37u
#define FAT32_USED_AT 65u
/* Bytes from each end of a place that may have a signature of an unknown kind. */
#define UNKNOWN_BYTES (UINT64_C(128) << 10)

static void raise_to(enum csum_guard_answer *answer, enum csum_guard_answer least)
{
	if (*answer < least)
		*answer = least;
}

/* ------------------------------------------------------------------ found */

/* Judges bytes that belong to a signature. is_new: the bytes are the magic of one that is not recorded. */
static int judge_range(struct csum_guard_look *look, const struct csum_guard_range *range, bool is_new,
		       enum csum_guard_answer *answer)
{
	struct csum_guard_view view;
	int error = csum_guard_view_read(look, range->offset_bytes, range->size_bytes, &view);

	if (error || !view.bytes)
		return error;
	raise_to(answer, is_new ? csum_guard_view_changed(look, &view, 0, range->size_bytes) :
				  csum_guard_view_new(look, &view, 0, range->size_bytes));
	csum_guard_view_free(&view);
	return 0;
}

/*
 * A signature that is not recorded, and whose magic has wrong bits, was written over other content. A signature that
 * only lies in a sector with wrong bits elsewhere was there before.
 */
static int judge_found(struct csum_guard_look *look, const struct csum_guard_place *place,
		       const struct csum_signature *found, enum csum_guard_answer *answer)
{
	bool recorded = csum_guard_is_recorded(look->volume, place->offset_bytes, found->type);
	struct csum_guard_range range = { found->magic_offset_bytes, found->magic_size };
	uint32_t from, to;
	int error;

	*answer = CSUM_GUARD_NO;
	error = judge_range(look, &range, !recorded, answer);
	if (error || !csum_guard_magic_span(found->type, &from, &to) || !csum_guard_place_has(place, from, to - from))
		return error;
	range = (struct csum_guard_range){ place->offset_bytes + from, to - from };
	return judge_range(look, &range, false, answer);
}

/* Whether a structure of that type has a checksum of its own: question 1 has judged it, and that says more. */
static bool is_checksummed(const struct csum_guard_structure *structures, const char *type)
{
	for (int i = 0; i < CSUM_GUARD_STRUCTURES; i++) {
		if (structures[i].checksummed && structures[i].type && csum_guard_same_type(structures[i].type, type))
			return true;
	}
	return false;
}

static int ask_found(struct csum_guard_look *look, const struct csum_guard_place *place,
		     const struct csum_guard_structure *structures, enum csum_guard_answer *answer, char *clause)
{
	for (size_t i = 0; i < place->found_count && *answer != CSUM_GUARD_YES; i++) {
		const struct csum_signature *found = &place->found[i];
		enum csum_guard_answer one;
		int error;

		if (is_checksummed(structures, found->type))
			continue;
		error = judge_found(look, place, found, &one);
		if (error)
			return error;
		if (one <= *answer)
			continue;
		*answer = one;
		snprintf(clause, CSUM_GUARD_CLAUSE_SIZE, "%s at %" PRIu64 " %s", found->text, place->offset_bytes,
			 csum_guard_is_recorded(look->volume, place->offset_bytes, found->type) ? "has changed" :
												  "is new");
	}
	return 0;
}

/* ------------------------------------------------------------------ boot sectors */

/* Entries of a partition table, and the mark of a FAT in use, are changed by programs that use them. */
static enum csum_guard_answer judge_boot(struct csum_guard_look *look, const struct csum_guard_place *place,
					 const struct csum_guard_view *view, const char **what)
{
	const uint8_t *sectors = view->bytes + FAT_TABLE_SECTORS_AT;
	uint32_t used = csum_le16_get((le16){ { sectors[0], sectors[1] } }) ? FAT_USED_AT : FAT32_USED_AT;

	*what = "the FAT";
	if (csum_guard_is_found(place, "vfat") && csum_guard_view_only(look, view, used, used + 1))
		return CSUM_GUARD_YES;
	*what = "the partition table";
	if (memcmp(view->bytes + BOOT_MAGIC_AT, BOOT_MAGIC, 2) != 0)
		return CSUM_GUARD_NO;
	if (csum_guard_view_only(look, view, TABLE_FROM, TABLE_TO))
		return CSUM_GUARD_YES;
	return csum_guard_view_new(look, view, 0, BOOT_SECTOR_SIZE);
}

static int ask_boot(struct csum_guard_look *look, const struct csum_guard_place *place, enum csum_guard_answer *answer,
		    char *clause)
{
	struct csum_guard_view view;
	enum csum_guard_answer one;
	const char *what;
	int error;

	if (!csum_guard_place_has(place, 0, BOOT_SECTOR_SIZE))
		return 0;
	error = csum_guard_view_read(look, place->offset_bytes, BOOT_SECTOR_SIZE, &view);
	if (error)
		return error;
	one = judge_boot(look, place, &view, &what);
	if (one > *answer) {
		*answer = one;
		snprintf(clause, CSUM_GUARD_CLAUSE_SIZE, "%s at %" PRIu64 " has changed", what, place->offset_bytes);
	}
	csum_guard_view_free(&view);
	return 0;
}

/* ------------------------------------------------------------------ wiped, gone */

/* Whether the sector is bad, has zeros in place of a magic, and becomes right when the magic is put back. */
static int ask_wiped(struct csum_guard_look *look, const struct csum_guard_place *place, size_t index,
		     enum csum_guard_answer *answer, char *clause)
{
	struct csum_guard_magic_set set = csum_guard_magic_set(index);
	struct csum_guard_view view;
	int error;

	if (!csum_guard_place_has(place, set.block_offset, CSUM_GUARD_MAGIC_BLOCK))
		return 0;
	error = csum_guard_view_read(look, place->offset_bytes + set.block_offset, CSUM_GUARD_MAGIC_BLOCK, &view);
	if (error)
		return error;
	if (csum_guard_magic_restore(index, view.bytes) && csum_guard_view_became_right(look, &view)) {
		*answer = CSUM_GUARD_YES;
		snprintf(clause, CSUM_GUARD_CLAUSE_SIZE, "the signature of the %s at %" PRIu64 " was wiped", set.type,
			 place->offset_bytes);
	}
	csum_guard_view_free(&view);
	return 0;
}

static int ask_place(struct csum_guard_look *look, const struct csum_guard_place *place,
		     const struct csum_guard_structure *structures, enum csum_guard_answer *answer, char *clause)
{
	int error = ask_found(look, place, structures, answer, clause);

	if (!error)
		error = ask_boot(look, place, answer, clause);
	for (size_t i = 0; csum_guard_magic_set(i).type && *answer != CSUM_GUARD_YES && !error; i++)
		error = ask_wiped(look, place, i, answer, clause);
	return error;
}

int csum_guard_signatures(struct csum_guard_look *look, const struct csum_guard_places *places,
			  const struct csum_guard_structure *structures, enum csum_guard_answer *answer, char *clause)
{
	int error = 0;

	*answer = CSUM_GUARD_NO;
	for (size_t i = 0; i < places->count && *answer != CSUM_GUARD_YES && !error; i++)
		error = ask_place(look, &places->place[i], structures + i * CSUM_GUARD_STRUCTURES, answer, clause);
	return error;
}

static const struct csum_guard_place *place_at(const struct csum_guard_places *places, uint64_t offset_bytes)
{
	for (size_t i = 0; i < places->count; i++) {
		if (places->place[i].offset_bytes == offset_bytes)
			return &places->place[i];
	}
	return NULL;
}

static int add_range(struct csum_guard_look *look, const struct csum_guard_place *place, uint64_t from, uint64_t size,
		     struct csum_guard_ranges *ranges)
{
	size = csum_min_u64(size, place->size_bytes);
	from = csum_min_u64(from, place->size_bytes - size);
	return csum_guard_ranges_add(&look->volume->handlers, ranges, place->offset_bytes + from, size);
}

/* Where a signature of that type lies: at a known distance, or near one of the ends. */
static int add_ranges(struct csum_guard_look *look, const struct csum_guard_place *place, const char *type,
		      struct csum_guard_ranges *ranges)
{
	uint32_t from, to;
	int error = 0;

	if (csum_guard_magic_span(type, &from, &to))
		return add_range(look, place, from, to - from, ranges);
	for (size_t i = 0; csum_guard_magic_set(i).type && !error; i++) {
		if (csum_guard_same_type(csum_guard_magic_set(i).type, type))
			error = add_range(look, place, csum_guard_magic_set(i).block_offset, CSUM_GUARD_MAGIC_BLOCK,
					  ranges);
	}
	if (error || ranges->count > 0)
		return error;
	error = add_range(look, place, 0, UNKNOWN_BYTES, ranges);
	return error ? error : add_range(look, place, UINT64_MAX, UNKNOWN_BYTES, ranges);
}

static int all_match(struct csum_guard_look *look, const struct csum_guard_ranges *ranges, bool *matches)
{
	*matches = true;
	for (size_t i = 0; i < ranges->count && *matches; i++) {
		const struct csum_guard_range *range = &ranges->range[i];
		struct csum_guard_view view;
		int error = csum_guard_view_read(look, range->offset_bytes, range->size_bytes, &view);

		if (error)
			return error;
		*matches = csum_guard_view_matches(&view, 0, range->size_bytes);
		csum_guard_view_free(&view);
	}
	return 0;
}

/* For a signature that is not found any more: it is replaced if we wrote the bytes in its place, else gone. */
static int judge_lost(struct csum_guard_look *look, const struct csum_guard_place *place, const char *type,
		      bool *replaced, struct csum_guard_ranges *gone)
{
	struct csum_guard_ranges ranges = { .range = NULL };
	int error = add_ranges(look, place, type, &ranges);

	if (!error)
		error = all_match(look, &ranges, replaced);
	for (size_t i = 0; i < ranges.count && !error && !*replaced; i++)
		error = csum_guard_ranges_add(&look->volume->handlers, gone, ranges.range[i].offset_bytes,
					      ranges.range[i].size_bytes);
	csum_guard_ranges_free(&ranges);
	return error;
}

int csum_guard_signatures_lost(struct csum_guard_look *look, struct csum_guard_places *places,
			       struct csum_guard_ranges *gone)
{
	int error = 0;

	gone->count = 0;
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES && !error; i++) {
		const struct csum_recorded_signature *recorded = &look->volume->superblock.record.signatures[i];
		const struct csum_guard_place *place = place_at(places, recorded->offset_bytes);

		if (recorded->type[0] && place && !csum_guard_is_found(place, recorded->type))
			error = judge_lost(look, place, recorded->type, &places->replaced[i], gone);
	}
	return error;
}
