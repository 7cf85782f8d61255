/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps a hostile image. */
#include <errno.h>
#include <inttypes.h>

#include "support/hostile_steps.h"

static int on_info(void *user, const struct csum_volume_info *info)
{
	return csum_checksum_name(info->checksum_type) && user ? 0 : -EINVAL;
}

static int on_journal(void *user, const struct csum_dump_journal *journal)
{
	if (!journal->problem)
		hostile_fail(user, "a journal without a reason");
	return 0;
}

static int on_carved(void *user, const struct csum_carved *carved)
{
	struct hostile_run *run = user;

	if (carved->device_offset_bytes + carved->sector_size >
	    run->image.device[hostile_metadata_path(run) ? 1 : 0].size)
		hostile_fail(run, "a candidate behind the end");
	return 0;
}

static int on_geometry(void *user, const struct csum_carved_geometry *geometry)
{
	if (geometry->fitting > geometry->candidates)
		hostile_fail(user, "more candidates fit than there are");
	return 0;
}

static int on_group(void *user, const struct csum_geometry *geometry, const struct csum_dump_group *group)
{
	struct hostile_run *run = user;

	if (group->group >= geometry->groups || group->sector_count > geometry->sectors_per_group ||
	    group->newer < -1 || group->newer > 1)
		hostile_fail(run, "dumped group %" PRIu64, group->group);
	for (int i = 0; i < 2; i++) {
		const struct csum_dump_copy *copy = &group->copy[i];

		if (!csum_imd_verdict_name(copy->verdict) || !copy->raw != !copy->entries)
			hostile_fail(run, "dumped copy %d of group %" PRIu64, i, group->group);
		/* The last bytes are read, so that a sanitizer sees whether they exist. */
		run->random += copy->raw ? copy->raw[geometry->sector_size - 1] +
						   copy->entries[geometry->sectors_per_group - 1] :
					   0;
	}
	for (uint32_t i = 0; i < group->sector_count; i++) {
		if (!csum_data_verdict_name(group->data[i]))
			hostile_fail(run, "data verdict %d", (int)group->data[i]);
		run->random += group->data_offsets[i] + group->data_entries[i];
		run->random += group->journal_entries ? group->journal_entries[i] : 0;
	}
	return 0;
}

static void run_dump(struct hostile_run *run, const char *data, const char *metadata, bool carve, bool by_offset)
{
	const struct csum_dump_options options = {
		.carve = carve,
		.read_data = hostile_pick(run, 2),
		.differ_only = hostile_pick(run, 4) == 0,
		.first_group = hostile_pick(run, 3),
		.group_count = by_offset ? 5 : CSUM_TO_END,
		.by_offset = by_offset,
		.offset_bytes = hostile_pick(run, 100000),
		.length_bytes = CSUM_TO_END,
		.info = on_info,
		.journal = on_journal,
		.carved = on_carved,
		.carved_geometry = on_geometry,
		.group = on_group,
		.user = run,
	};

	hostile_judge(run, csum_dump(&run->handlers, data, metadata, &options));
}

/* One way for each image, as each takes long; over many images a rare state meets all ways. */
void hostile_run_dumps(struct hostile_run *run)
{
	static const struct {
		const char *name;
		bool carve, by_offset, metadata_only;
	} ways[] = {
		{ "dump", false, false, false },
		{ "dump by offset", false, true, false },
		{ "dump of the metadata device", false, false, true },
		{ "carve", true, false, false },
		{ "carve by offset", true, true, false },
		{ "carve the metadata device", true, false, true },
	};
	size_t i = hostile_pick(run, sizeof(ways) / sizeof(ways[0]));
	bool metadata_only = ways[i].metadata_only && hostile_metadata_path(run);

	hostile_begin(run, ways[i].name);
	run_dump(run, hostile_paths[metadata_only ? 1 : 0], metadata_only ? NULL : hostile_metadata_path(run),
		 ways[i].carve, ways[i].by_offset);
}
