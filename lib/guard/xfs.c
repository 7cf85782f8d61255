/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XFS: a superblock in the first sector of each allocation group, and three headers behind it. A mount stamps its log,
 * writing changes headers; the superblock in the first group says where they are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/le.h"
#include "base/util.h"
#include "guard/structure.h"

#define BLOCK_SIZE_MAX 65536u
#define SECTOR_SIZE_MIN 512u
#define SECTOR_SIZE_MAX 32768u
#define AG_BLOCKS_MIN 64u
#define LOG_BYTES_MAX (UINT64_C(2) << 30)
#define LOG_UNIT 512u
/* Groups whose headers are looked at, evenly spread where there are more. */
#define GROUPS_MAX 1024u
/* Reading the headers of a group takes as long as so many bytes in a row. */
#define GROUP_COST (UINT64_C(1) << 20)
/* Numbers of groups, and the block size, that are tried where the superblock with them cannot be read. */
#define GUESSED_GROUPS_MAX 64u
#define GUESSED_BLOCK_SIZE 4096u

enum field {
	BLOCK_SIZE = 4,
	DATA_BLOCKS = 8,
	LOG_START = 48,
	AG_BLOCKS = 84,
	AG_COUNT = 88,
	LOG_BLOCKS = 96,
	VERSION = 100,
	SECTOR_SIZE = 102,
	AG_BLOCK_LOG = 124,
	LSN = 240,
};

/* The structures with a checksum of their own, in the order in which they lie in a group, a sector each. */
enum { SUPERBLOCK, HEADERS_FROM, STRUCTURES = 4 };

static const struct {
	const char *magic;
	uint32_t checksum; /* its offset */
} structures[STRUCTURES] = {
	{ "XFSB", 224 },
	{ "XAGF", 216 },
	{ "XAGI", 312 },
	{ "XAFL", 32 },
};

struct geometry {
	bool checksummed; /* version 5 */
	uint32_t sector_size;
	uint64_t size_bytes, ag_bytes, ag_count;
	uint64_t log_offset_bytes, log_bytes; /* 0 bytes: on another device */
	uint64_t log_written_bytes;
};

/* Fields are big-endian. */
static uint64_t field(const uint8_t *bytes, enum field at, int size)
{
	uint64_t value = 0;

	for (int i = 0; i < size; i++)
		value = value << 8 | bytes[(int)at + i];
	return value;
}

static bool is_power_within(uint64_t value, uint64_t least, uint64_t most)
{
	return value >= least && value <= most && (value & (value - 1)) == 0;
}

/* The sector size of a superblock; 0 when it is none. */
static uint32_t sector_size_of(const uint8_t *bytes)
{
	uint32_t size = (uint32_t)field(bytes, SECTOR_SIZE, 2);

	if (memcmp(bytes, structures[SUPERBLOCK].magic, 4) != 0 ||
	    !is_power_within(size, SECTOR_SIZE_MIN, SECTOR_SIZE_MAX))
		return 0;
	return size;
}

static bool is_right(uint8_t *bytes, uint32_t sector_size, unsigned int structure)
{
	uint8_t *at = bytes + structures[structure].checksum;
	le32 stored;
	bool right;

	memcpy(&stored, at, sizeof(stored));
	memset(at, 0, sizeof(stored));
	right = memcmp(bytes, structures[structure].magic, 4) == 0 &&
		csum_le32_get(stored) == csum_checksum(CSUM_CRC32C, bytes, sector_size);
	memcpy(at, &stored, sizeof(stored));
	return right;
}

/* Block numbers have the group in their upper bits. A log lies within one group. */
static bool decode_log(const uint8_t *bytes, uint64_t block_size, struct geometry *geometry)
{
	uint64_t start = field(bytes, LOG_START, 8), blocks = field(bytes, LOG_BLOCKS, 4);
	uint64_t log = field(bytes, AG_BLOCK_LOG, 1), group, block;

	if (start == 0)
		return true;
	if (log > 31)
		return false;
	group = start >> log;
	block = start & ((UINT64_C(1) << log) - 1);
	if (group >= geometry->ag_count || blocks == 0 || blocks > LOG_BYTES_MAX / block_size ||
	    (block + blocks) * block_size > geometry->ag_bytes)
		return false;
	geometry->log_offset_bytes = group * geometry->ag_bytes + block * block_size;
	geometry->log_bytes = blocks * block_size;
	/* The low half of the number is a block of the log. */
	geometry->log_written_bytes = (field(bytes, LSN, 8) & UINT32_MAX) * LOG_UNIT;
	if (geometry->log_written_bytes >= geometry->log_bytes)
		geometry->log_written_bytes = 0;
	return true;
}

static bool decode(const uint8_t *bytes, struct geometry *geometry)
{
	uint64_t version = field(bytes, VERSION, 2) & 15, block_size = field(bytes, BLOCK_SIZE, 4);
	uint64_t blocks = field(bytes, DATA_BLOCKS, 8), ag_blocks = field(bytes, AG_BLOCKS, 4);

	*geometry = (struct geometry){ .checksummed = version == 5, .sector_size = sector_size_of(bytes) };
	if (geometry->sector_size == 0 || (version != 4 && version != 5) ||
	    !is_power_within(block_size, SECTOR_SIZE_MIN, BLOCK_SIZE_MAX) || block_size < geometry->sector_size ||
	    blocks == 0 || blocks > INT64_MAX / block_size || ag_blocks < AG_BLOCKS_MIN)
		return false;
	geometry->size_bytes = blocks * block_size;
	geometry->ag_bytes = ag_blocks * block_size;
	geometry->ag_count = (blocks - 1) / ag_blocks + 1;
	return geometry->ag_count == field(bytes, AG_COUNT, 4) && decode_log(bytes, block_size, geometry);
}

/* ------------------------------------------------------------------ the superblock */

/* Reads the superblock, of any sector size. heal: puts it right where it is near. */
static int load(struct csum_guard_look *look, const struct csum_guard_place *place, bool heal,
		struct csum_guard_view *view)
{
	uint32_t sector_size = SECTOR_SIZE_MIN;
	int error;

	for (;;) {
		error = csum_guard_view_read(look, place->offset_bytes, sector_size, view);
		if (error)
			return error;
		if (heal)
			csum_guard_view_heal(look, view);
		if (sector_size_of(view->bytes) <= sector_size ||
		    !csum_guard_place_has(place, 0, sector_size_of(view->bytes)))
			return 0;
		sector_size = sector_size_of(view->bytes);
		csum_guard_view_free(view);
	}
}

/* Whether the loaded bytes are a superblock that can be trusted. */
static bool is_sound(const struct csum_guard_view *view, struct geometry *geometry)
{
	if (!decode(view->bytes, geometry) ||
	    (uint64_t)view->sector_count * view->sector_size - view->skip < geometry->sector_size)
		return false;
	return geometry->checksummed ? is_right(view->bytes, geometry->sector_size, SUPERBLOCK) :
				       csum_guard_view_matches(view, 0, geometry->sector_size);
}

/* Looks for the second superblock, as the first cannot be read: where the second of equal groups would begin. */
static int guess(struct csum_guard_look *look, const struct csum_guard_place *place, struct geometry *geometry,
		 bool *found)
{
	uint64_t blocks = place->size_bytes / GUESSED_BLOCK_SIZE;

	for (uint64_t groups = 2; groups <= GUESSED_GROUPS_MAX && !*found; groups++) {
		uint64_t offset = (blocks + groups - 1) / groups * GUESSED_BLOCK_SIZE;
		const struct csum_guard_place second = {
			.offset_bytes = place->offset_bytes + offset,
			.size_bytes = place->size_bytes - offset,
		};
		struct csum_guard_view view;
		int error;

		if (!csum_guard_place_has(place, offset, SECTOR_SIZE_MAX))
			continue;
		error = load(look, &second, true, &view);
		if (error)
			return error;
		*found = is_sound(&view, geometry) && geometry->ag_bytes == offset;
		csum_guard_view_free(&view);
	}
	return 0;
}

/* The facts about the superblock, and where the other structures lie. */
struct survey {
	struct geometry geometry;
	bool known; /* the geometry is known */
	bool superblock_held; /* the superblock matches, is dead or near */
	uint64_t headers, headers_held;
};

static void note(struct csum_guard_structure *found, enum csum_guard_answer changed, const char *what,
		 const struct csum_guard_place *place)
{
	if (changed <= found->changed)
		return;
	found->changed = changed;
	snprintf(found->clause, sizeof(found->clause), "%s of the xfs at %" PRIu64 " was written", what,
		 place->offset_bytes);
}

/* Takes the geometry from the superblock as it is, or put right, or else from the second one. */
static int survey_superblock(struct csum_guard_look *look, const struct csum_guard_place *place, struct survey *survey,
			     struct csum_guard_structure *found)
{
	struct csum_guard_view view;
	uint64_t size;
	int error = load(look, place, false, &view);

	if (error)
		return error;
	found->checksummed = sector_size_of(view.bytes) && (field(view.bytes, VERSION, 2) & 15) == 5;
	survey->known = is_sound(&view, &survey->geometry);
	if (survey->known && survey->geometry.checksummed)
		note(found, csum_guard_view_changed(look, &view, 0, survey->geometry.sector_size), "the superblock",
		     place);
	if (!survey->known) {
		csum_guard_view_free(&view);
		error = load(look, place, true, &view);
		if (error)
			return error;
		survey->known = is_sound(&view, &survey->geometry);
	}
	size = (uint64_t)view.sector_count * view.sector_size - view.skip;
	survey->superblock_held = csum_guard_view_nearly(look, &view, 0, size);
	if (!survey->known && csum_guard_view_dead(&view, 0, size))
		error = guess(look, place, &survey->geometry, &survey->known);
	csum_guard_view_free(&view);
	return error;
}

/* ------------------------------------------------------------------ the headers of groups */

static int survey_group(struct csum_guard_look *look, const struct csum_guard_place *place, uint64_t from,
			struct survey *survey, struct csum_guard_structure *found)
{
	uint32_t size = survey->geometry.sector_size;
	struct csum_guard_view view;
	int error = csum_guard_view_read(look, place->offset_bytes + from, (STRUCTURES - HEADERS_FROM) * size, &view);

	if (error)
		return error;
	for (unsigned int i = HEADERS_FROM; i < STRUCTURES; i++) {
		uint64_t at = (i - HEADERS_FROM) * size;

		if (survey->geometry.checksummed && is_right(view.bytes + at, size, i))
			note(found, csum_guard_view_changed(look, &view, at, at + size), "a group header", place);
		survey->headers++;
		survey->headers_held += csum_guard_view_matches(&view, at, at + size);
	}
	csum_guard_view_free(&view);
	return 0;
}

static int survey_groups(struct csum_guard_look *look, const struct csum_guard_place *place, struct survey *survey,
			 struct csum_guard_structure *found)
{
	const struct geometry *geometry = &survey->geometry;
	uint64_t count = csum_min_u64(geometry->ag_count, GROUPS_MAX);
	int error = 0;

	for (uint64_t i = 0; i < count && !error; i++) {
		/* The product is small: a group number has 32 bits. */
		uint64_t from = i * geometry->ag_count / count * geometry->ag_bytes;

		if (!csum_guard_place_has(place, from, STRUCTURES * geometry->sector_size) ||
		    !csum_guard_spend(look, GROUP_COST))
			break;
		error = survey_group(look, place, from + HEADERS_FROM * geometry->sector_size, survey, found);
	}
	return error;
}

/* ------------------------------------------------------------------ all of it */

static int survey_log(struct csum_guard_look *look, const struct csum_guard_place *place, enum csum_guard_depth depth,
		      const struct survey *survey, struct csum_guard_structure *found)
{
	const struct geometry *geometry = &survey->geometry;
	struct csum_guard_xfs_log log = {
		.offset_bytes = place->offset_bytes + geometry->log_offset_bytes,
		.size_bytes = geometry->log_bytes,
		.written_bytes = geometry->log_written_bytes,
	};
	int error;

	/* A log on another device may be written without a trace on this one. */
	if (log.size_bytes == 0 || !csum_guard_place_has(place, geometry->log_offset_bytes, log.size_bytes))
		return 0;
	error = csum_guard_xfs_log(look, depth, &log);
	if (error)
		return error;
	if (geometry->checksummed)
		note(found, log.stamped, "the log", place);
	if (!survey->superblock_held || survey->headers == 0 || 2 * survey->headers_held < survey->headers)
		return 0;
	found->untouched = log.renewed == CSUM_GUARD_NO	   ? CSUM_GUARD_YES :
			   log.renewed == CSUM_GUARD_MAYBE ? CSUM_GUARD_MAYBE :
							     CSUM_GUARD_NO;
	found->covered_bytes = csum_min_u64(geometry->size_bytes, place->size_bytes);
	return 0;
}

int csum_guard_xfs(struct csum_guard_look *look, const struct csum_guard_place *place, enum csum_guard_depth depth,
		   struct csum_guard_structure *found)
{
	struct survey survey = { .known = false };
	int error;

	*found = (struct csum_guard_structure){ .type = NULL };
	if (!csum_guard_place_has(place, 0, SECTOR_SIZE_MIN))
		return 0;
	error = survey_superblock(look, place, &survey, found);
	if (error || !survey.known)
		return error;
	found->type = "xfs";
	error = survey_groups(look, place, &survey, found);
	if (!error && found->changed != CSUM_GUARD_YES)
		error = survey_log(look, place, depth, &survey, found);
	return error;
}
