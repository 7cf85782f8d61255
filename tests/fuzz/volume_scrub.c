/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scrubs any image that an input makes: a scrub must lose nothing, and a second one must have nothing left to repair.
 */
#include <errno.h>
#include <inttypes.h>

#include "fuzz/disks.h"
#include "fuzz/volume_shared.h"
#include "open.h"

static int open_for_repair(struct csum_volume **volume)
{
	struct csum_device *data = fuzz_disk_device(0, true);
	struct csum_device *metadata = fuzz_disks.external ? fuzz_disk_device(1, true) : data;

	return csum_volume_open_for_repair(&volume_handlers, data, metadata, 0, volume);
}

/*
 * Compares before and after a scrub. A sector that was right reads the same; one that was bad may be right now. A
 * sector that was right only by a version that replaying the journal removes may be bad now, or have the journal's
 * version.
 */
static void compare(const struct model *before, const struct model *after)
{
	if (!after->opens)
		fuzz_fail("scrubbed, and then it is no volume");
	for (uint64_t sector = 0; sector < before->data_sectors; sector++) {
		const struct model_sector *old = &before->sector[sector], *new = &after->sector[sector];

		if (old->reading == MODEL_BAD || old->hash == new->hash || old->not_by_image)
			continue;
		fuzz_fail("sector %" PRIu64 " read right, and %s behind a scrub", sector,
			  new->reading == MODEL_BAD ? "is bad" : "as something else");
	}
}

static void scrub(unsigned int allow, struct csum_scrub_result *result)
{
	const struct csum_scrub_options options = { .length_bytes = CSUM_TO_END };
	struct csum_volume *volume;
	int error = open_for_repair(&volume);

	if (error)
		fuzz_fail("opening for repair: %d", error);
	volume->allow = allow;
	error = csum_scrub(volume, &options, result);
	if (error)
		fuzz_fail("a scrub ends with %d", error);
	volume_close(volume);
	volume_none_open("a scrub");
}

/*
 * A volume that may only be read, or where something is not its own, is not opened for repair, and nothing is written.
 */
static void try_refused(void)
{
	struct csum_volume *volume;

	fuzz_disks.may_write = 0;
	if (open_for_repair(&volume) == 0)
		fuzz_fail("opened for repair, though it is for reading only");
	volume_none_open("a refusal to open for repair");
}

void volume_scrub(void)
{
	struct csum_scrub_result first, second;

	if (!volume_models[0].small || volume_models[0].read_only || volume_models[0].foreign) {
		try_refused();
		return;
	}
	fuzz_disks.may_write = FUZZ_MAY(FUZZ_SLOT_AB) | FUZZ_MAY(FUZZ_SLOT_C) | FUZZ_MAY(FUZZ_JOURNAL) |
			       FUZZ_MAY(FUZZ_IMD) | FUZZ_MAY(FUZZ_DATA);
	scrub(0, &first);
	model_load(&volume_models[1]);
	/* Unreadable places may make a scrub leave the volume active; that must lose nothing. */
	if (first.still_active) {
		compare(&volume_models[0], &volume_models[1]);
		if (volume_models[1].state == MODEL_CLEAN)
			fuzz_fail("a scrub that has to leave the volume active leaves it clean");
		scrub(CSUM_ALLOW_UNREAD, &first);
		model_load(&volume_models[1]);
	}
	compare(&volume_models[0], &volume_models[1]);
	if (volume_models[1].state != MODEL_CLEAN || first.still_active)
		fuzz_fail("behind a scrub: state %d", volume_models[1].state);
	volume_body_counts.scrubbed++;
	volume_body_counts.repaired += first.errors_repaired > 0;
	scrub(CSUM_ALLOW_UNREAD, &second);
	if (second.errors_repaired || second.recovered || second.totals.errors != first.errors_left)
		fuzz_fail("the second scrub finds %" PRIu64 " errors and repairs %" PRIu64
			  ", the first had left %" PRIu64,
			  second.totals.errors, second.errors_repaired, first.errors_left);
	model_load(&volume_models[2]);
	compare(&volume_models[1], &volume_models[2]);
}
