/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of an XFS, which each mount writes: 2 MiB of it are stamped anew, and a record is written. */
#include <string.h>

#include "base/util.h"
#include "guard/structure.h"
#include "ondisk/layout.h"
#include "volume/scan.h"

/* So many adjacent changed sectors are no chance. */
#define RUN_SECTORS 8u
#define UNIT 512u
#define RECORD_MAGIC "\xfe\xed\xba\xbe"
/* Bytes of the log that an opening reads: as far as mounts were seen to write, and a little more. */
#define OPENING_BYTES (UINT64_C(9) << 18)
#define BATCH_BYTES (UINT64_C(4) << 20)

/* Adjacent sectors up to the present one: how many there are, and whether a record begins in one of them. */
struct run {
	uint32_t changed, renewed;
	bool begins;
};

struct walk {
	struct csum_guard_look *look;
	struct csum_guard_xfs_log *log;
	uint32_t sector_size;
	struct run run[CSUM_GUARD_YES + 1]; /* by the least answer that goes on with it: MAYBE, YES */
};

static bool begins_record(const uint8_t *bytes, uint32_t sector_size)
{
	for (uint32_t at = 0; at < sector_size; at += UNIT) {
		if (memcmp(bytes + at, RECORD_MAGIC, 4) == 0)
			return true;
	}
	return false;
}

static void raise_to(enum csum_guard_answer *answer, enum csum_guard_answer least)
{
	if (*answer < least)
		*answer = least;
}

static void go_on(struct walk *walk, enum csum_guard_answer changed, enum csum_guard_answer renewed, bool begins)
{
	for (enum csum_guard_answer least = CSUM_GUARD_MAYBE; least <= CSUM_GUARD_YES; least++) {
		struct run *run = &walk->run[least];

		run->begins = changed >= least && (run->begins || begins);
		run->changed = changed >= least ? run->changed + 1 : 0;
		run->renewed = renewed >= least ? run->renewed + 1 : 0;
		if (run->changed >= RUN_SECTORS && run->begins)
			raise_to(&walk->log->stamped, least);
		if (run->renewed >= RUN_SECTORS)
			raise_to(&walk->log->renewed, least);
	}
}

/* The entry that the sector at `i` of the batch ought to match. */
static uint64_t entry_of(const struct walk *walk, const struct csum_scan_batch *batch, uint64_t i)
{
	const struct csum_geometry *geometry = csum_volume_geometry(walk->look->volume);
	uint64_t sector = batch->first_sector + i, number = csum_layout_group_of(geometry, sector);
	const struct csum_group *group = csum_groups_group(&batch->span, number);

	if (group->version_count == 0)
		return 0;
	return csum_group_entry(group, (uint32_t)(sector - csum_layout_first_sector(geometry, number)));
}

static int visit(void *user, const struct csum_scan_batch *batch)
{
	struct walk *walk = user;

	for (uint64_t i = 0; i < batch->sector_count; i++) {
		const uint8_t *bytes = batch->data + i * walk->sector_size;
		enum csum_verdict verdict = batch->verdict[i];
		enum csum_guard_answer renewed = CSUM_GUARD_NO;
		struct csum_heal_result wrong;
		enum csum_class class = csum_guard_class_read(walk->look->healer, bytes, walk->sector_size,
							      entry_of(walk, batch, i), verdict, &wrong);

		if (class == CSUM_CLASS_NEW)
			renewed = csum_guard_unknown(walk->look, batch->entry[i]);
		go_on(walk, class == CSUM_CLASS_NEAR ? CSUM_GUARD_YES : renewed, renewed,
		      class != CSUM_CLASS_NONE && begins_record(bytes, walk->sector_size));
		if (walk->log->stamped == CSUM_GUARD_YES)
			return 1;
	}
	return 0;
}

static int walk_part(struct csum_guard_look *look, struct csum_guard_xfs_log *log, uint64_t from, uint64_t size)
{
	const struct csum_geometry *geometry = csum_volume_geometry(look->volume);
	uint64_t first = (log->offset_bytes + from) / geometry->sector_size;
	uint64_t end = (log->offset_bytes + from + size + geometry->sector_size - 1) / geometry->sector_size;
	struct walk walk = { .look = look, .log = log, .sector_size = geometry->sector_size };
	struct csum_scan_options scan = {
		.first_sector = first,
		.keep_data = true,
		.visit = visit,
		.user = &walk,
		.batch_bytes = BATCH_BYTES,
	};
	int result;

	end = csum_min_u64(end, csum_scan_present_sectors(look->volume));
	if (size == 0 || end <= first || log->stamped == CSUM_GUARD_YES)
		return 0;
	scan.sector_count = end - first;
	result = csum_scan(look->volume, &scan);
	return result < 0 ? result : 0;
}

int csum_guard_xfs_log(struct csum_guard_look *look, enum csum_guard_depth depth, struct csum_guard_xfs_log *log)
{
	uint64_t size = depth == CSUM_GUARD_SCAN ? log->size_bytes : csum_min_u64(log->size_bytes, OPENING_BYTES);
	uint64_t from = depth == CSUM_GUARD_SCAN ? 0 : log->written_bytes;
	uint64_t rest = csum_min_u64(size, log->size_bytes - from);
	int error;

	log->stamped = CSUM_GUARD_NO;
	log->renewed = CSUM_GUARD_NO;
	if (!csum_guard_spend(look, size)) {
		/* A log that was not read vouches for nothing. */
		log->renewed = CSUM_GUARD_YES;
		return 0;
	}
	error = walk_part(look, log, from, rest);
	return error ? error : walk_part(look, log, 0, size - rest);
}
