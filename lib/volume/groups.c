/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "volume/groups.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "volume/record.h"

/* Imd sectors of one copy that are read at a time: many in a run, few where each lies by itself. */
#define PIECE_BYTES (256u << 10)
#define SCATTERED_PIECE_GROUPS 32u

int csum_groups_init(struct csum_groups *span, const struct csum_volume *volume, uint64_t capacity)
{
	size_t sector_size = csum_volume_geometry(volume)->sector_size;

	*span = (struct csum_groups){ .capacity = capacity };
	span->groups = calloc(capacity, sizeof(*span->groups));
	span->copies[0] = csum_io_alloc(capacity * sector_size);
	span->copies[1] = csum_io_alloc(capacity * sector_size);
	if (span->groups && span->copies[0] && span->copies[1])
		return 0;
	csum_groups_free(span);
	return csum_report_error(&volume->handlers, -ENOMEM, NULL, "preparing to read metadata");
}

void csum_groups_free(struct csum_groups *span)
{
	free(span->groups);
	free(span->copies[0]);
	free(span->copies[1]);
	*span = (struct csum_groups){ 0 };
}

void csum_groups_place(struct csum_groups *span, uint64_t first_group, uint64_t group_count)
{
	span->first_group = first_group;
	span->group_count = group_count;
}

static uint64_t piece_groups(const struct csum_volume *volume)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint32_t most = PIECE_BYTES / geometry->sector_size;

	return geometry->interleave < SCATTERED_PIECE_GROUPS ? SCATTERED_PIECE_GROUPS : most;
}

size_t csum_groups_pieces(const struct csum_volume *volume, const struct csum_groups *span)
{
	uint64_t each = piece_groups(volume);

	return (size_t)((span->group_count + each - 1) / each);
}

bool csum_group_sound(const struct csum_group *group, uint32_t sector_size)
{
	return group->verdict[0] == CSUM_IMD_VALID && group->verdict[1] == CSUM_IMD_VALID &&
	       csum_imd_compare_generations(group->generation[0], group->generation[1]) != 0 &&
	       csum_imd_same_entries(group->copy[0], group->copy[1], sector_size);
}

bool csum_group_hidden(const struct csum_group *group)
{
	bool hidden = false;

	for (int copy = 0; copy < 2; copy++)
		hidden |= group->verdict[copy] == CSUM_IMD_UNREADABLE || group->verdict[copy] == CSUM_IMD_MISSING;
	return hidden;
}

uint64_t csum_group_entry(const struct csum_group *group, uint32_t index)
{
	return csum_imd_entry(group->version[0], index);
}

/* Whether the image is newer than every valid copy in place. (format.md: Journal) */
static bool image_in_force(const struct csum_group *group, const void *image)
{
	for (int copy = 0; copy < 2; copy++) {
		if (group->verdict[copy] == CSUM_IMD_VALID &&
		    csum_imd_compare_generations(csum_imd_generation(image), group->generation[copy]) <= 0)
			return false;
	}
	return true;
}

static void collect_versions(const struct csum_volume *volume, uint64_t number, struct csum_group *group)
{
	bool in_intent = csum_volume_in_intent(volume, number);
	const void *image = in_intent ? csum_record_find(volume, number, NULL) : NULL;

	group->version_count = 0;
	if (image && image_in_force(group, image))
		group->version[group->version_count++] = image;
	if (group->newer < 0)
		return;
	group->version[group->version_count++] = group->copy[group->newer];
	if (in_intent && group->verdict[1 - group->newer] == CSUM_IMD_VALID)
		group->version[group->version_count++] = group->copy[1 - group->newer];
}

void csum_group_judge(const struct csum_volume *volume, uint64_t number, struct csum_group *group)
{
	for (int copy = 0; copy < 2; copy++) {
		if (group->verdict[copy] == CSUM_IMD_UNREADABLE || group->verdict[copy] == CSUM_IMD_MISSING)
			continue;
		group->verdict[copy] = csum_imd_verify(csum_volume_imd_place(volume, number, copy), group->copy[copy]);
		group->generation[copy] = csum_imd_generation(group->copy[copy]);
	}
	group->newer = csum_imd_newer_copy(group->verdict, group->generation);
	collect_versions(volume, number, group);
}

static int read_single(const struct csum_volume *volume, struct csum_group *group, int copy, uint64_t offset_bytes)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;
	int error = csum_io_read_patiently(volume->metadata, group->copy[copy], sector_size, offset_bytes, NULL);

	if (csum_io_vanished(error))
		return error;
	if (error)
		group->verdict[copy] = error == CSUM_IO_PAST_END ? CSUM_IMD_MISSING : CSUM_IMD_UNREADABLE;
	return 0;
}

/* Reads one copy of groups that lie side by side. A failed read is narrowed down to the sectors it fails for. */
static int read_run(const struct csum_volume *volume, struct csum_groups *span, uint64_t first, uint64_t count,
		    int copy)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	uint64_t offset_bytes = csum_layout_imd_offset(geometry, first, copy);
	struct csum_group *groups = csum_groups_group(span, first);
	int error =
		csum_io_read_now(volume->metadata, groups[0].copy[copy], count * geometry->sector_size, offset_bytes);

	if (!error || csum_io_vanished(error))
		return error;
	error = 0;
	for (uint64_t i = 0; i < count && !error; i++)
		error = read_single(volume, &groups[i], copy, offset_bytes + i * geometry->sector_size);
	return error;
}

static void place_group(const struct csum_volume *volume, struct csum_groups *span, uint64_t number)
{
	struct csum_group *group = csum_groups_group(span, number);
	size_t at = (size_t)(number - span->first_group) * csum_volume_geometry(volume)->sector_size;

	*group = (struct csum_group){ .copy = { span->copies[0] + at, span->copies[1] + at } };
}

/* An imd sector that was read wrong once, and right when read again, was not wrong on the medium. */
static int reread_invalid(const struct csum_volume *volume, uint64_t number, struct csum_group *group)
{
	bool again = false;
	int error = 0;

	for (int copy = 0; copy < 2 && !error; copy++) {
		if (group->verdict[copy] == CSUM_IMD_VALID || group->verdict[copy] == CSUM_IMD_UNREADABLE ||
		    group->verdict[copy] == CSUM_IMD_MISSING)
			continue;
		error = read_single(volume, group, copy,
				    csum_layout_imd_offset(csum_volume_geometry(volume), number, copy));
		again = true;
	}
	if (again && !error)
		csum_group_judge(volume, number, group);
	return error;
}

/* Groups that lie side by side. */
static int load_run(const struct csum_volume *volume, struct csum_groups *span, uint64_t first, uint64_t count)
{
	int error = 0;

	for (uint64_t i = 0; i < count; i++)
		place_group(volume, span, first + i);
	for (int copy = 0; copy < 2 && !error; copy++)
		error = read_run(volume, span, first, count, copy);
	for (uint64_t i = 0; i < count && !error; i++) {
		csum_group_judge(volume, first + i, csum_groups_group(span, first + i));
		error = reread_invalid(volume, first + i, csum_groups_group(span, first + i));
	}
	return error;
}

int csum_groups_load_piece(const struct csum_volume *volume, struct csum_groups *span, size_t piece)
{
	uint64_t each = piece_groups(volume);
	uint64_t group = span->first_group + piece * each;
	uint64_t end = span->first_group + span->group_count;
	uint64_t run;
	int error = 0;

	if (end - group > each)
		end = group + each;
	for (; group < end && !error; group += run) {
		run = csum_layout_contiguous_groups(csum_volume_geometry(volume), group, end - group);
		error = load_run(volume, span, group, run);
	}
	return error;
}

int csum_groups_load_group(const struct csum_volume *volume, struct csum_groups *span, uint64_t number)
{
	return load_run(volume, span, number, 1);
}

struct load {
	struct csum_volume *volume;
	struct csum_groups *span;
	int *errors;
};

static void load_work(void *argument, size_t index)
{
	struct load *load = argument;

	load->errors[index] = csum_groups_load_piece(load->volume, load->span, index);
}

int csum_groups_load(struct csum_volume *volume, struct csum_groups *span, uint64_t first_group, uint64_t group_count)
{
	struct load load = { .volume = volume, .span = span };
	size_t pieces;
	int error = 0;

	csum_groups_place(span, first_group, group_count);
	pieces = csum_groups_pieces(volume, span);
	load.errors = calloc(pieces ? pieces : 1, sizeof(*load.errors));
	if (!load.errors)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "reading metadata");
	csum_io_parallel(volume->io, 0, pieces, load_work, &load);
	for (size_t i = 0; i < pieces && !error; i++)
		error = load.errors[i];
	free(load.errors);
	if (error)
		return csum_io_report(&volume->handlers, error, volume->metadata->name,
				      "reading metadata of groups %" PRIu64 " to %" PRIu64, first_group,
				      first_group + group_count - 1);
	return 0;
}
