/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens for writing, which recovers, and writes; then compares how every sector reads. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "fuzz/disks.h"
#include "fuzz/volume_shared.h"
#include "ondisk/ondisk.h"

/* In bytes; enough for several groups of small sectors. */
#define MOST_WRITTEN (UINT64_C(200) << 10)

/* Asserts that every sector of `after` reads as in `before`, except those of [first, end). */
static void compare_contents(const struct model *before, const struct model *after, uint64_t first, uint64_t end,
			     bool recovered, const char *what)
{
	for (uint64_t sector = 0; sector < before->data_sectors; sector++) {
		const struct model_sector *old = &before->sector[sector], *new = &after->sector[sector];

		if (sector >= first && sector < end)
			continue;
		if (old->hash == new->hash)
			continue;
		if (recovered && old->not_by_image && new->reading == MODEL_BAD)
			continue;
		fuzz_fail("sector %" PRIu64 " read %s, and %s behind %s", sector,
			  old->reading == MODEL_BAD ? "as bad" : "right",
			  new->reading == MODEL_BAD ? "is bad" : "as something else", what);
	}
}

static void compare_groups(const struct model *before, const struct model *after)
{
	for (uint64_t number = 0; number < before->groups; number++) {
		const struct model_group *old = &before->group[number], *new = &after->group[number];
		bool lost = !old->valid[0] && !old->valid[1] && !old->in_force;

		if (!old->in_intent)
			continue;
		if (lost ? new->valid[0] || new->valid[1] : !new->sound)
			fuzz_fail("group %" PRIu64 ", which was in the intent, is not %s behind recovery", number,
				  lost ? "lost" : "sound");
	}
}

static bool any_in_force(const struct model *model)
{
	for (uint64_t number = 0; number < model->groups; number++) {
		if (model->group[number].in_force)
			return true;
	}
	return false;
}

static bool any_old_bad(const struct model *model)
{
	for (uint64_t sector = 0; sector < model->data_sectors; sector++) {
		if (model->sector[sector].reading == MODEL_BAD && model->group[sector / model->entries].in_intent)
			return true;
	}
	return false;
}

static void compare_recovered(const struct model *before, const struct model *after)
{
	if (!after->opens)
		fuzz_fail("opened for writing, and then it is no volume");
	if (after->state != MODEL_CLEAN || !after->slot_valid[0] || !after->slot_valid[1])
		fuzz_fail("behind opening for writing: state %d, slots valid: %d %d", after->state,
			  after->slot_valid[0], after->slot_valid[1]);
	if (before->state == MODEL_ACTIVE)
		compare_groups(before, after);
	compare_contents(before, after, 0, 0, true, "opening for writing");
}

static void compare_refusal(const struct model *before, const struct model *after, int error)
{
	bool allowed, stuck;

	if (!before->opens)
		return;
	allowed = !before->read_only && before->state != MODEL_UNKNOWN && !before->foreign;
	stuck = before->state == MODEL_ACTIVE && (before->journal_unreadable || any_old_bad(before));
	if (allowed && !(error == -EBADMSG && stuck))
		fuzz_fail("opening for writing is refused without a cause: %d", error);
	if (!after->opens)
		fuzz_fail("opening for writing failed, and then it is no volume");
	compare_contents(before, after, 0, 0, true, "a refusal to open for writing");
}

struct source {
	uint64_t cursor, end;
};

static int64_t fill(void *user, void *buffer, size_t size)
{
	struct source *source = user;

	if (size > source->end - source->cursor)
		size = (size_t)(source->end - source->cursor);
	/* Portions are odd, as from a pipe. */
	if (size > 5000)
		size -= 777;
	history_pattern(77, source->cursor, buffer, size);
	source->cursor += size;
	return (int64_t)size;
}

/* A write or discard, in bytes of data space. */
struct change {
	uint64_t begin, end;
	bool discard, until_end, verify;
};

static struct change plan_change(const struct model *model)
{
	uint64_t space = model->data_sectors * model->sector_size;
	struct change change = {
		.discard = volume_program.action & PROGRAM_DISCARD,
		.until_end = (volume_program.action & PROGRAM_UNTIL_END) && !(volume_program.action & PROGRAM_DISCARD),
		.verify = volume_program.action & PROGRAM_VERIFY,
	};
	uint64_t unit = volume_program.action & PROGRAM_UNALIGNED ? 1 : model->sector_size;

	change.begin = space * volume_program.first / 256 / unit * unit;
	change.end = space * volume_program.length / 256 / unit * unit;
	if (change.end <= change.begin)
		change.end = change.begin + model->sector_size;
	if (change.end > space)
		change.end = space;
	if (change.end - change.begin > MOST_WRITTEN)
		change.begin = change.end - MOST_WRITTEN;
	return change;
}

/* Compares a sector that the change covers as a whole or in part. */
static void compare_changed_sector(const struct model *before, const struct model *after, const struct change *change,
				   uint64_t sector)
{
	uint64_t start = sector * after->sector_size, end = start + after->sector_size;
	uint64_t from = change->begin > start ? change->begin : start, to = change->end < end ? change->end : end;
	uint8_t expected[4096], found[4096];

	model_content(after, sector, found);
	memcpy(expected, found, sizeof(expected));
	if (change->discard)
		memset(expected + (from - start), 0, to - from);
	else
		history_pattern(77, from, expected + (from - start), to - from);
	if (after->sector[sector].reading == MODEL_BAD || memcmp(expected, found, after->sector_size) != 0)
		fuzz_fail("sector %" PRIu64 " does not read as it was %s", sector,
			  change->discard ? "discarded" : "written");
	/* The other bytes of a sector that was written in part must be the old ones. */
	if (to - from == after->sector_size)
		return;
	if (before->sector[sector].reading == MODEL_BAD)
		fuzz_fail("sector %" PRIu64 ", which was bad, was written in part", sector);
	if (before->sector[sector].reading != MODEL_UNWRITTEN)
		return;
	memset(expected, 0, from - start);
	memset(expected + (to - start), 0, end - to);
	if (memcmp(expected, found, after->sector_size) != 0)
		fuzz_fail("sector %" PRIu64 ", which was unwritten, has got more than was written", sector);
}

static void compare_change(const struct model *before, const struct model *after, const struct change *change,
			   int error, uint64_t done)
{
	uint64_t first = change->begin / before->sector_size;
	struct change made = *change;

	if (!after->opens || after->state != MODEL_CLEAN)
		fuzz_fail("behind a write: state %d", after->state);
	if (done > change->end - change->begin)
		fuzz_fail("%" PRIu64 " bytes are said to be done", done);
	made.end = change->begin + done;
	if (made.end == made.begin)
		first = 0;
	compare_contents(before, after, first, made.end == made.begin ? 0 : (made.end - 1) / before->sector_size + 1,
			 false, "a write");
	for (uint64_t sector = first; made.end > made.begin && sector * after->sector_size < made.end; sector++)
		compare_changed_sector(before, after, &made, sector);
	if (error && !change->until_end && !(volume_program.action & PROGRAM_SHORT_SOURCE) && done)
		fuzz_fail("a write of known length ends with %d behind %" PRIu64 " bytes", error, done);
}

static void change_volume(struct csum_volume *volume, const struct model *before, struct model *after)
{
	const struct change change = plan_change(before);
	struct source source = { change.begin, change.end };
	struct csum_write_options options = {
		.offset_bytes = change.begin,
		.length_bytes = change.until_end ? CSUM_TO_END : change.end - change.begin,
		.source = { fill, &source },
		.verify = change.verify,
	};
	bool cut_short = volume_program.action & PROGRAM_SHORT_SOURCE && !change.discard;
	uint64_t done;
	int error;

	if (cut_short)
		source.end -= (source.end - source.cursor) / 3;
	if (volume_program.action & PROGRAM_SMALL_WINDOW)
		volume->window_bytes = volume->batch_bytes = 1;
	if (change.discard)
		error = csum_discard(volume, change.begin, change.end - change.begin, &done);
	else
		error = csum_write(volume, &options, &done);
	if (error && error != -EBADMSG && !(cut_short && error == -ENODATA))
		fuzz_fail("a write ends with %d", error);
	volume_body_counts.written += !error && !change.discard;
	volume_body_counts.discarded += !error && change.discard;
	volume_body_counts.write_refused += error == -EBADMSG;
	model_load(after);
	compare_change(before, after, &change, error, done);
}

static uint64_t journal_record_bytes(void)
{
	const uint8_t *head = fuzz_disk_at(fuzz_disk_metadata(), CSUM_JOURNAL_OFFSET, CSUM_BLOCK_SIZE);
	uint64_t crc;

	if (!head)
		return 0;
	memcpy(&crc, head + 8, sizeof(crc));
	return crc;
}

/* Opens for writing and, if that succeeds, writes; compares everything with the model of the image before. */
void volume_change(void)
{
	uint64_t record = journal_record_bytes();
	struct csum_volume *volume;
	int error;

	/* Opening writes no data and nothing to reserved places, and the backup only to end a change. */
	fuzz_disks.may_write = FUZZ_MAY(FUZZ_SLOT_AB) | FUZZ_MAY(FUZZ_JOURNAL) | FUZZ_MAY(FUZZ_IMD);
	if (volume_models[0].backup_behind)
		fuzz_disks.may_write |= FUZZ_MAY(FUZZ_SLOT_C);
	if (volume_models[0].foreign)
		fuzz_disks.may_write = 0;
	error = volume_open(true, &volume);
	model_load(&volume_models[1]);
	if (error) {
		volume_body_counts.recovery_refused += error == -EBADMSG;
		volume_body_counts.foreign_refused += error == -EPERM;
		compare_refusal(&volume_models[0], &volume_models[1], error);
		volume_none_open("a refusal to open for writing");
		return;
	}
	if (volume_models[0].foreign)
		fuzz_fail("opened for writing, over what is not the volume's");
	volume_body_counts.recovered += volume_models[0].state == MODEL_ACTIVE;
	volume_body_counts.replayed += volume_models[0].state == MODEL_ACTIVE && any_in_force(&volume_models[0]);
	volume_body_counts.merged += record != journal_record_bytes();
	compare_recovered(&volume_models[0], &volume_models[1]);
	fuzz_disks.may_write = FUZZ_MAY(FUZZ_SLOT_AB) | FUZZ_MAY(FUZZ_IMD) | FUZZ_MAY(FUZZ_DATA);
	change_volume(volume, &volume_models[1], &volume_models[2]);
	volume_close(volume);
	volume_none_open("a write");
	volume_look(&volume_models[2], false);
}
