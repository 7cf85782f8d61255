/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scrubs a hostile image, scrubs it again, and undoes the first scrub. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "open.h"
#include "support/hostile_steps.h"

static struct csum_volume *open_for_repair(struct hostile_run *run)
{
	const struct csum_open_options options = { .access = CSUM_REPAIR };
	struct csum_device *data, *metadata;
	struct csum_volume *volume = NULL;
	int error = csum_volume_open_named(&run->handlers, hostile_paths[0], hostile_metadata_path(run), &options,
					   &data, &metadata);

	if (!error)
		error = csum_volume_open_for_repair(&run->handlers, data, metadata, run->as_usual ? 4 : 0, &volume);
	hostile_judge(run, error);
	return volume;
}

/* Returns false when the scrub was refused, or did not come to its end. */
static bool scrub(struct hostile_run *run, const char *undo_file, struct csum_scrub_result *result)
{
	const struct csum_scrub_options options = {
		.length_bytes = CSUM_TO_END,
		.heal = CSUM_HEAL_BITS,
		.undo_file = undo_file,
	};
	struct csum_volume *volume;
	int error;

	hostile_begin(run, "open for repair");
	volume = open_for_repair(run);
	if (!volume)
		return false;
	hostile_begin(run, "scrub");
	error = csum_scrub(volume, &options, result);
	hostile_judge(run, error);
	hostile_begin(run, "close what was scrubbed");
	hostile_close(run, volume);
	return !error;
}

static void undo(struct hostile_run *run, const char *file)
{
	const struct csum_undo_options options = { 0 };
	struct csum_undo_result result;
	struct csum_volume *volume;

	hostile_begin(run, "open for undoing");
	volume = hostile_open(run, true);
	if (!volume)
		hostile_fail(run, "cannot be opened for writing after a scrub that succeeded");
	hostile_begin(run, "undo");
	hostile_judge(run, csum_undo(volume, file, &options, &result));
	if (result.refused)
		hostile_fail(run, "%" PRIu64 " sectors are not put back", result.refused);
	hostile_begin(run, "close what was undone");
	hostile_close(run, volume);
}

static void scrub_and_undo(struct hostile_run *run, const char *file)
{
	struct csum_scrub_result first, second;

	if (!scrub(run, file, &first))
		return;
	if (!scrub(run, NULL, &second))
		hostile_fail(run, "cannot be scrubbed again");
	if (!first.still_active && (second.errors_repaired || second.recovered))
		hostile_fail(run, "the second scrub repairs %" PRIu64 " errors", second.errors_repaired);
	if (first.undo_records && !first.still_active)
		undo(run, file);
}

void hostile_run_scrubs(struct hostile_run *run)
{
	char file[sizeof(hostile_paths[0]) + 8];

	snprintf(file, sizeof(file), "%s.undo", hostile_paths[0]);
	scrub_and_undo(run, file);
	unlink(file);
}
