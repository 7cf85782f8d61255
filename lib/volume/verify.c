/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/verify.h"

#include <errno.h>
#include <string.h>

#include "base/checksum.h"
#include "base/util.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"

/* A sector that the run has to read; turned into a verdict before the run ends. */
#define PENDING UINT8_C(0xff)

static uint32_t sector_size(const struct csum_verify *run)
{
	return csum_volume_geometry(run->volume)->sector_size;
}

static uint8_t *sector_data(const struct csum_verify *run, uint32_t i)
{
	return run->data + (size_t)i * sector_size(run);
}

static uint64_t device_offset(const struct csum_verify *run, uint32_t i)
{
	return csum_layout_data_offset(csum_volume_geometry(run->volume), run->first_sector) +
	       (uint64_t)i * sector_size(run);
}

/* The sectors [begin, end) of the run lie in one group, the first of them with that index there. */
struct part {
	const struct csum_group *group;
	uint32_t index, begin, end;
};

/* The part that begins with sector i of the run. */
static struct part part_from(const struct csum_verify *run, uint32_t i)
{
	const struct csum_geometry *geometry = csum_volume_geometry(run->volume);
	uint64_t group = csum_layout_group_of(geometry, run->first_sector + i);
	struct part part = {
		.group = csum_groups_group(run->span, group),
		.index = (uint32_t)(run->first_sector + i - csum_layout_first_sector(geometry, group)),
		.begin = i,
	};

	part.end = (uint32_t)csum_min_u64(run->sector_count, (uint64_t)i + geometry->sectors_per_group - part.index);
	return part;
}

static csum_verdict8 plan_sector(const struct csum_verify *run, const struct csum_group *group, uint32_t index)
{
	if (run->need == CSUM_NEED_DIFFERING &&
	    (group->version_count < 2 ||
	     csum_imd_entry(group->version[0], index) == csum_imd_entry(group->version[1], index)))
		return CSUM_VERDICT_NOT_READ;
	return csum_group_entry(group, index) == CSUM_ENTRY_UNWRITTEN ? CSUM_VERDICT_UNWRITTEN : PENDING;
}

static void plan_part(const struct csum_verify *run, const struct part *part)
{
	csum_verdict8 *verdict = run->verdict + part->begin;
	uint32_t count = part->end - part->begin;

	if (part->group->version_count == 0) {
		memset(verdict, run->need == CSUM_NEED_CONTENT ? PENDING : CSUM_VERDICT_LOST, count);
		return;
	}
	/* Most groups of a large volume that is new. */
	if (part->group->version_count == 1 && csum_imd_all_unwritten(part->group->version[0], part->index, count)) {
		memset(verdict, run->need == CSUM_NEED_DIFFERING ? CSUM_VERDICT_NOT_READ : CSUM_VERDICT_UNWRITTEN,
		       count);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		verdict[i] = plan_sector(run, part->group, part->index + i);
}

/* The first and the last pending sector, as [*begin, *end); false when there is none. */
static bool plan(const struct csum_verify *run, uint32_t *begin, uint32_t *end)
{
	const uint8_t *first;

	for (uint32_t i = 0; i < run->sector_count;) {
		struct part part = part_from(run, i);

		plan_part(run, &part);
		i = part.end;
	}
	first = memchr(run->verdict, PENDING, run->sector_count);
	if (!first)
		return false;
	*begin = (uint32_t)(first - run->verdict);
	*end = run->sector_count;
	while (run->verdict[*end - 1] != PENDING)
		--*end;
	return true;
}

static enum csum_verdict judge_bad(const struct csum_verify *run, const struct csum_group *group, uint32_t index,
				   uint32_t i)
{
	int older = 1 - group->newer;

	if (group->newer >= 0 && group->verdict[older] == CSUM_IMD_VALID &&
	    csum_imd_entry(group->copy[older], index) == run->entry[i])
		return CSUM_VERDICT_STALE;
	return csum_is_zero(sector_data(run, i), sector_size(run)) ? CSUM_VERDICT_ZEROED : CSUM_VERDICT_MISMATCH;
}

/* By the entry that was computed from what was read. */
static enum csum_verdict judge(const struct csum_verify *run, const struct csum_group *group, uint32_t index,
			       uint32_t i)
{
	for (uint32_t v = 0; v < group->version_count; v++) {
		if (csum_imd_entry(group->version[v], index) == run->entry[i])
			return v == 0 ? CSUM_VERDICT_GOOD : CSUM_VERDICT_OLDER;
	}
	return group->version_count == 0 ? CSUM_VERDICT_LOST : judge_bad(run, group, index, i);
}

/* Whether all of the sectors [begin, end), which lie in one part, match the newest version of their group. */
static bool all_match(const struct csum_verify *run, const struct part *part, uint32_t begin, uint32_t end)
{
	uint64_t differences = 0;

	if (part->group->version_count == 0)
		return false;
	for (uint32_t i = begin; i < end; i++)
		differences |= run->entry[i] ^ csum_group_entry(part->group, part->index + i - part->begin);
	return differences == 0;
}

/* Gives the sectors [begin, end), which lie in one part and have been read, their verdicts. */
static void judge_stretch(const struct csum_verify *run, const struct part *part, uint32_t begin, uint32_t end)
{
	csum_volume_entries(run->volume, sector_data(run, begin), end - begin, run->entry + begin);
	if (all_match(run, part, begin, end)) {
		memset(run->verdict + begin, CSUM_VERDICT_GOOD, end - begin);
		return;
	}
	for (uint32_t i = begin; i < end; i++)
		run->verdict[i] = judge(run, part->group, part->index + i - part->begin, i);
}

/* The same for those of any sectors that are pending. */
static void judge_pending(const struct csum_verify *run, uint32_t begin, uint32_t end)
{
	for (uint32_t i = begin, next; i < end; i = next) {
		struct part part = part_from(run, i);

		next = i + 1;
		if (run->verdict[i] != PENDING)
			continue;
		while (next < end && next < part.end && run->verdict[next] == PENDING)
			next++;
		judge_stretch(run, &part, i, next);
	}
}

static bool is_mismatch(enum csum_verdict verdict)
{
	return verdict >= CSUM_VERDICT_MISMATCH && verdict <= CSUM_VERDICT_STALE;
}

static bool is_exceeded(const struct csum_verify *run)
{
	return run->limit && atomic_load(&run->limit->found) > run->limit->most;
}

static void count_bad(const struct csum_verify *run, uint32_t i)
{
	if (run->limit && csum_verdict_is_bad(run->verdict[i]))
		atomic_fetch_add(&run->limit->found, 1);
}

/* Reads one sector on which a larger read failed. */
static int read_single(const struct csum_verify *run, uint32_t i, bool *again)
{
	int attempts;
	int error = csum_io_read_patiently(run->volume->data, sector_data(run, i), sector_size(run),
					   device_offset(run, i), &attempts);

	if (csum_io_vanished(error))
		return error;
	*again = attempts > 1;
	if (error) {
		memset(sector_data(run, i), 0, sector_size(run));
		run->verdict[i] = error == CSUM_IO_PAST_END ? CSUM_VERDICT_MISSING : CSUM_VERDICT_UNREADABLE;
	}
	return 0;
}

/*
 * After a failed read of [begin, end): sector by sector. When no sector fails by itself, the first one stands
 * for the error that a second read did not show; unless there are sectors that need not be read, as then the
 * error may come from one of these.
 */
static int read_narrowed(const struct csum_verify *run, uint32_t begin, uint32_t end)
{
	bool explained = false;

	for (uint32_t i = begin; i < end; i++) {
		bool again = false;
		int error;

		if (run->verdict[i] != PENDING) {
			explained = true;
			continue;
		}
		/* Each read of a place that the device cannot read may take it seconds. */
		if (is_exceeded(run)) {
			run->verdict[i] = CSUM_VERDICT_NOT_READ;
			continue;
		}
		error = read_single(run, i, &again);
		if (error)
			return error;
		explained |= again || run->verdict[i] != PENDING;
		judge_pending(run, i, i + 1);
		if (again && run->verdict[i] == CSUM_VERDICT_GOOD)
			run->verdict[i] = CSUM_VERDICT_TRANSIENT;
		if (run->verdict[i] == CSUM_VERDICT_UNREADABLE)
			count_bad(run, i);
	}
	if (!explained && run->verdict[begin] == CSUM_VERDICT_GOOD)
		run->verdict[begin] = CSUM_VERDICT_TRANSIENT;
	return 0;
}

/* Reads the mismatching sectors [begin, end) once more: the transfer may have been at fault, not the medium. */
static int read_again(const struct csum_verify *run, uint32_t begin, uint32_t end)
{
	int error = csum_io_read_now(run->volume->data, sector_data(run, begin),
				     (size_t)(end - begin) * sector_size(run), device_offset(run, begin));

	if (csum_io_vanished(error))
		return error;
	memset(run->verdict + begin, PENDING, end - begin);
	if (error) {
		/* They could be read a moment ago: now each is read and judged by itself. */
		error = read_narrowed(run, begin, end);
		if (error)
			return error;
	} else {
		judge_pending(run, begin, end);
	}
	for (uint32_t i = begin; i < end; i++) {
		if (run->verdict[i] == CSUM_VERDICT_GOOD)
			run->verdict[i] = CSUM_VERDICT_TRANSIENT;
	}
	return 0;
}

static int confirm_mismatches(const struct csum_verify *run, uint32_t begin, uint32_t end)
{
	int error = 0;

	for (uint32_t i = begin, next; i < end && !error; i = next) {
		next = i + 1;
		if (!is_mismatch(run->verdict[i]))
			continue;
		while (next < end && is_mismatch(run->verdict[next]))
			next++;
		error = read_again(run, i, next);
	}
	return error;
}

static void zero_unwritten(const struct csum_verify *run)
{
	for (uint32_t i = 0; i < run->sector_count; i++) {
		if (run->verdict[i] == CSUM_VERDICT_UNWRITTEN)
			memset(sector_data(run, i), 0, sector_size(run));
	}
}

int csum_verify_run(const struct csum_verify *run)
{
	uint32_t begin, end;
	int error = 0;

	if (is_exceeded(run)) {
		memset(run->verdict, CSUM_VERDICT_NOT_READ, run->sector_count);
		return 0;
	}
	if (plan(run, &begin, &end)) {
		error = csum_io_read_now(run->volume->data, sector_data(run, begin),
					 (size_t)(end - begin) * sector_size(run), device_offset(run, begin));
		if (csum_io_vanished(error))
			return error;
		if (error)
			error = read_narrowed(run, begin, end);
		else
			judge_pending(run, begin, end);
		if (!error)
			error = confirm_mismatches(run, begin, end);
		for (uint32_t i = begin; i < end && run->limit && !error; i++) {
			if (run->verdict[i] != CSUM_VERDICT_UNREADABLE)
				count_bad(run, i);
		}
	}
	if (run->need == CSUM_NEED_CONTENT)
		zero_unwritten(run);
	return error;
}
