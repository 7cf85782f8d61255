/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "update/merge.h"

#include <string.h>

#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "update/mirror.h"

/* *refused becomes true when the device refuses a write; any policy but that of a scrub ends with an error then. */
static int run_round(struct csum_merge *merge, bool *refused)
{
	bool in_this_one;
	int error = csum_io_round(merge->volume->io, &merge->list, merge->policy, &in_this_one);

	*refused |= in_this_one;
	merge->list.count = 0;
	return error;
}

static int no_memory(const struct csum_merge *merge, int error)
{
	return csum_report_error(&merge->volume->handlers, error, NULL, "recovering groups through the journal");
}

static void build_record(struct csum_merge *merge)
{
	struct csum_volume *volume = merge->volume;
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;
	struct csum_journal *journal = &volume->journal;

	journal->count = merge->count;
	journal->session = volume->superblock.session;
	for (uint32_t i = 0; i < merge->count; i++) {
		const struct csum_merge_group *merged = &merge->groups[i];
		const struct csum_group *group = merged->group;
		int older = 1 - group->newer;

		csum_imd_seal(csum_volume_imd_place(volume, merged->number, older), group->generation[group->newer] + 1,
			      merged->image);
		memcpy(csum_journal_image(volume->journal_record, sector_size, i), merged->image, sector_size);
		journal->place[i] = (struct csum_journal_place){ merged->number, older };
	}
	csum_journal_encode(journal, volume->seed_state, sector_size, volume->journal_record);
	/* The images are in memory from here on; on disk the record guards them. */
	journal->count = 0;
}

/* Without the record no group in it may be changed. */
static int write_record(struct csum_merge *merge)
{
	struct csum_volume *volume = merge->volume;
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;
	bool refused = false;
	int error;

	build_record(merge);
	error = csum_io_list_add(&merge->list, volume->metadata, CSUM_IO_WRITE, volume->journal_record,
				 csum_journal_record_size(sector_size, merge->count), CSUM_JOURNAL_OFFSET);
	if (error)
		return no_memory(merge, error);
	error = run_round(merge, &refused);
	merge->stuck |= refused;
	return error;
}

static int put_image(struct csum_merge *merge, const struct csum_merge_group *merged)
{
	struct csum_volume *volume = merge->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	struct csum_group *group = merged->group;
	int older = 1 - group->newer;

	memcpy(group->copy[older], merged->image, geometry->sector_size);
	group->verdict[older] = CSUM_IMD_VALID;
	csum_group_judge(volume, merged->number, group);
	return csum_io_list_add(&merge->list, volume->metadata, CSUM_IO_WRITE, group->copy[older],
				geometry->sector_size, csum_layout_imd_offset(geometry, merged->number, older));
}

static int put_images(struct csum_merge *merge)
{
	int error = 0;

	for (uint32_t i = 0; i < merge->count && !error; i++)
		error = put_image(merge, &merge->groups[i]);
	return error ? no_memory(merge, error) : 0;
}

static int put_other_copies(struct csum_merge *merge)
{
	int error = 0;

	for (uint32_t i = 0; i < merge->count && !error; i++)
		error = csum_protocol_copy_over(merge->volume, merge->groups[i].number, merge->groups[i].group,
						&merge->list);
	return error ? no_memory(merge, error) : 0;
}

/*
 * Asked where writes were refused: each group must have its new entries in at least one place. If not, its image in the
 * record is the only place, so the record stays, and the volume stays active.
 */
static int check_places(struct csum_merge *merge)
{
	int error = 0;

	for (uint32_t i = 0; i < merge->count && !error; i++) {
		bool holds;

		error = csum_protocol_holds(merge->volume, merge->groups[i].number, merge->groups[i].image, &holds);
		merge->stuck |= !error && !holds;
	}
	return error;
}

int csum_merge_run(struct csum_merge *merge)
{
	bool refused = false;
	int error = write_record(merge);

	if (error || merge->stuck)
		return error;
	error = put_images(merge);
	if (!error)
		error = run_round(merge, &refused);
	if (!error)
		error = put_other_copies(merge);
	if (!error)
		error = run_round(merge, &refused);
	if (!error && refused)
		error = check_places(merge);
	return error;
}

void csum_merge_free(struct csum_merge *merge)
{
	csum_io_list_free(&merge->list);
}
