/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update/commit.h"

#include <errno.h>
#include <stdlib.h>

#include "ondisk/layout.h"

int csum_commit_init(struct csum_commit *commit, struct csum_volume *volume, size_t groups)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;

	*commit = (struct csum_commit){ .volume = volume, .capacity = groups };
	commit->groups = calloc(groups, sizeof(*commit->groups));
	commit->image[0] = csum_io_alloc(groups * sector_size);
	commit->image[1] = csum_io_alloc(groups * sector_size);
	return commit->groups && commit->image[0] && commit->image[1] ? 0 : -ENOMEM;
}

void csum_commit_free(struct csum_commit *commit)
{
	free(commit->groups);
	free(commit->image[0]);
	free(commit->image[1]);
}

void csum_commit_clear(struct csum_commit *commit)
{
	commit->count = 0;
	commit->overwrites = false;
	commit->next_step = CSUM_STEP_NONE;
}

void csum_commit_add(struct csum_commit *commit, uint64_t number, const struct csum_group *group,
		     const struct csum_group_change *change, uint8_t *data)
{
	size_t at = commit->count * csum_volume_geometry(commit->volume)->sector_size;
	struct csum_commit_group *added = &commit->groups[commit->count++];
	uint8_t *const image[2] = { commit->image[0] + at, commit->image[1] + at };

	*added = (struct csum_commit_group){ .number = number, .change = *change, .data = data };
	csum_images_make(commit->volume, number, group, &added->change, image, &added->first_copy);
	commit->overwrites |= added->change.overwrites;
}

/* ------------------------------------------------------------------ steps */

/* Adds the data of a group: for W2 that of fresh sectors, for W4 that of the others. */
static int add_data_of(const struct csum_commit *commit, const struct csum_commit_group *group, bool fresh,
		       struct csum_io_list *list)
{
	const struct csum_geometry *geometry = csum_volume_geometry(commit->volume);
	const struct csum_group_change *change = &group->change;
	uint64_t first = csum_layout_first_sector(geometry, group->number) + change->first_index;
	int error = 0;

	for (uint32_t i = 0; i < change->count && !error; i++) {
		if (change->action[i] != CSUM_ACTION_WRITE || change->fresh[i] != fresh)
			continue;
		error = csum_io_list_add(list, commit->volume->data, CSUM_IO_WRITE,
					 group->data + (size_t)i * geometry->sector_size, geometry->sector_size,
					 csum_layout_data_offset(geometry, first + i));
	}
	return error;
}

static int add_data(const struct csum_commit *commit, bool fresh, struct csum_io_list *list)
{
	int error = 0;

	for (size_t i = 0; i < commit->count && !error; i++)
		error = add_data_of(commit, &commit->groups[i], fresh, list);
	return error;
}

/* Adds imd sectors: for W3 image 0, for W5 image 1. */
static int add_imd(const struct csum_commit *commit, int image, struct csum_io_list *list)
{
	const struct csum_geometry *geometry = csum_volume_geometry(commit->volume);
	int error = 0;

	for (size_t i = 0; i < commit->count && !error; i++) {
		const struct csum_commit_group *group = &commit->groups[i];
		int copy = image == 0 ? group->first_copy : 1 - group->first_copy;

		if (group->first_copy < 0)
			continue;
		error = csum_io_list_add(list, commit->volume->metadata, CSUM_IO_WRITE,
					 commit->image[image] + i * geometry->sector_size, geometry->sector_size,
					 csum_layout_imd_offset(geometry, group->number, copy));
	}
	return error;
}

int csum_commit_add_step(const struct csum_commit *commit, struct csum_io_list *list)
{
	switch (commit->next_step) {
	case CSUM_STEP_FRESH_DATA:
		return add_data(commit, true, list);
	case CSUM_STEP_ENTRIES:
		return add_imd(commit, 0, list);
	case CSUM_STEP_DATA:
		return add_data(commit, false, list);
	case CSUM_STEP_SETTLE:
		return add_imd(commit, 1, list);
	default:
		return 0;
	}
}

bool csum_commit_is_in(const struct csum_commit *commit)
{
	return commit->next_step > CSUM_STEP_DATA || (commit->next_step > CSUM_STEP_ENTRIES && !commit->overwrites);
}
