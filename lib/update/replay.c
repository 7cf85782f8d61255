/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* R1 of recovery: journal images in force go in place; then the other copies follow. */
#include "update/recover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "update/mirror.h"
#include "volume/record.h"

struct replay {
	struct csum_volume *volume;
	struct csum_groups spans[CSUM_JOURNAL_PLACES]; /* of one group each */
	uint32_t count; /* spans of images in force */
	struct csum_io_list list;
};

static void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	for (uint32_t i = 0; i < replay->count; i++)
		csum_groups_free(&replay->spans[i]);
	csum_io_list_free(&replay->list);
	free(replay);
}

/* Adds the write of one image when it is in force. */
static int replay_image(struct replay *replay, uint64_t number)
{
	struct csum_volume *volume = replay->volume;
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	struct csum_groups *span = &replay->spans[replay->count];
	struct csum_group *group;
	int copy = 0;
	const void *image = csum_record_find(volume, number, &copy);
	int error = csum_groups_init(span, volume, 1);

	if (error)
		return error;
	replay->count++;
	error = csum_groups_load(volume, span, number, 1);
	if (error)
		return error;
	group = &span->groups[0];
	if (!image || group->version_count == 0 || group->version[0] != image) {
		csum_groups_free(span);
		replay->count--;
		return 0;
	}
	memcpy(group->copy[copy], image, geometry->sector_size);
	group->verdict[copy] = CSUM_IMD_VALID;
	csum_group_judge(volume, number, group);
	return csum_io_list_add(&replay->list, volume->metadata, CSUM_IO_WRITE, group->copy[copy],
				geometry->sector_size, csum_layout_imd_offset(geometry, number, copy));
}

/* *refused becomes true when the device refuses a write; without a scrub that ends with an error. */
static int replay_round(struct replay *replay, const struct csum_recovery *recovery, bool *refused)
{
	bool in_this_one;
	int error = csum_io_round(replay->volume->io, &replay->list, recovery ? recovery->policy : NULL, &in_this_one);

	*refused |= in_this_one;
	replay->list.count = 0;
	return error;
}

/* Asked where writes were refused: a group without the entries of its image in any place makes the recovery stuck. */
static int check_replayed(struct replay *replay, struct csum_recovery *recovery)
{
	int error = 0;

	for (uint32_t i = 0; i < replay->count && !error; i++) {
		const struct csum_groups *span = &replay->spans[i];
		const struct csum_group *group = &span->groups[0];
		bool holds;

		error = csum_protocol_holds(replay->volume, span->first_group, group->copy[group->newer], &holds);
		if (!error && !holds)
			recovery->stuck = true;
	}
	return error;
}

int csum_protocol_replay(struct csum_volume *volume, struct csum_recovery *recovery)
{
	struct replay *replay;
	bool refused = false;
	int error = 0;

	if (volume->journal.count == 0)
		return 0;
	replay = calloc(1, sizeof(*replay));
	if (!replay)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "replaying the journal");
	replay->volume = volume;
	for (uint32_t i = 0; i < volume->journal.count && !error; i++)
		error = replay_image(replay, volume->journal.place[i].group);
	for (uint32_t i = 0; i < replay->count && !error && recovery; i++)
		error = recovery->group(recovery->user, replay->spans[i].first_group, &replay->spans[i].groups[0],
					false);
	if (!error)
		error = replay_round(replay, recovery, &refused);
	for (uint32_t i = 0; i < replay->count && !error; i++)
		error = csum_protocol_copy_over(volume, replay->spans[i].first_group, &replay->spans[i].groups[0],
						&replay->list);
	if (!error)
		error = replay_round(replay, recovery, &refused);
	if (!error && refused)
		error = check_replayed(replay, recovery);
	replay_free(replay);
	/* Images in force are in place now; the others must not count for groups changed from here on. */
	volume->journal.count = 0;
	return error;
}
