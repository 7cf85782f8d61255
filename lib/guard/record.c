/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Facts kept in the superblock, by which the next opening tells damage from writing by others. (format.md: Record of
 * the data)
 */
#include "guard/guard.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/report.h"
#include "base/util.h"
#include "device/probe.h"
#include "volume/spot.h"

#define NS_PER_SECOND UINT64_C(1000000000)
/* Two ticks of the coarsest clock that file systems take times from: then a later write has a later time. */
#define CLOCK_TICKS_NS 20000000L

/* Whether there is a data device whose facts can be recorded. */
static bool applies(const struct csum_volume *volume)
{
	return csum_volume_geometry(volume)->external && volume->data != volume->metadata &&
	       volume->data->descriptor >= 0;
}

/* ------------------------------------------------------------------ time and size */

struct file_state {
	uint64_t mtime_ns, size_bytes; /* mtime_ns 0: before 1970, or too far off */
};

static int look_at_file(const struct csum_volume *volume, struct file_state *state)
{
	struct stat status;

	if (fstat(volume->data->descriptor, &status) < 0)
		return -errno;
	*state = (struct file_state){ .size_bytes = (uint64_t)status.st_size };
	if (status.st_mtim.tv_sec >= 0 && (uint64_t)status.st_mtim.tv_sec < UINT64_MAX / NS_PER_SECOND)
		state->mtime_ns = (uint64_t)status.st_mtim.tv_sec * NS_PER_SECOND + (uint64_t)status.st_mtim.tv_nsec;
	return 0;
}

/* A whole second is set by tools, and by file systems without finer times. */
static bool is_evidence(uint64_t mtime_ns)
{
	return mtime_ns % NS_PER_SECOND != 0;
}

enum csum_data_file csum_guard_data_file(const struct csum_volume *volume)
{
	const struct csum_data_record *record = &volume->superblock.record;
	struct file_state now;

	if (!applies(volume) || volume->data->is_block)
		return CSUM_DATA_FILE_NONE;
	if (!is_evidence(record->file_mtime_ns) || look_at_file(volume, &now))
		return CSUM_DATA_FILE_UNKNOWN;
	if (now.mtime_ns == record->file_mtime_ns && now.size_bytes == record->file_size_bytes)
		return CSUM_DATA_FILE_SAME;
	/* The repairs of a scrub move the time, which is recorded only when it ends. */
	return volume->at_work == CSUM_NOBODY_AT_WORK ? CSUM_DATA_FILE_CHANGED : CSUM_DATA_FILE_UNKNOWN;
}

bool csum_guard_is_ours(const struct csum_volume *volume)
{
	const struct csum_superblock *superblock = &volume->superblock;

	if (!applies(volume) || superblock->features_compat & CSUM_COMPAT_EXCLUSIVE)
		return true;
	/* A scrub beside us moves the time, but has asked this question before its first write. */
	if (volume->at_work == CSUM_SCRUB_AT_WORK)
		return true;
	/* The backup does not know the session. */
	if (superblock->session == 0 && volume->governing != CSUM_SLOT_C)
		return true;
	return csum_guard_data_file(volume) == CSUM_DATA_FILE_SAME;
}

/*
 * The time has to be on the medium too, or a power cut would make the file look older than we left it: so fsync(2), as
 * fdatasync(2) need not write times.
 */
static int record_file(struct csum_volume *volume)
{
	struct timespec left = { .tv_nsec = CLOCK_TICKS_NS };
	struct csum_data_record *record = &volume->superblock.record;
	struct file_state now;
	int error;

	if (csum_guard_data_file(volume) == CSUM_DATA_FILE_SAME)
		return 0;
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	error = csum_sync(fsync, volume->data->descriptor);
	if (!error)
		error = look_at_file(volume, &now);
	if (error)
		return csum_report_error(&volume->handlers, error, volume->data->name, "recording its time");
	record->file_mtime_ns = now.mtime_ns;
	record->file_size_bytes = now.size_bytes;
	return 0;
}

/* ------------------------------------------------------------------ signatures */

struct found {
	struct csum_recorded_signature signatures[CSUM_RECORDED_SIGNATURES];
	unsigned int count;
};

static struct csum_recorded_signature to_record(const struct csum_signature *signature)
{
	struct csum_recorded_signature result = { .offset_bytes = signature->offset_bytes };
	size_t length = strlen(signature->uuid);

	strncpy(result.type, signature->type, CSUM_SIGNATURE_TYPE_SIZE);
	if (length)
		result.uuid = csum_checksum(CSUM_CRC64, signature->uuid, length);
	return result;
}

static bool has(const struct csum_recorded_signature *signatures, unsigned int count,
		const struct csum_recorded_signature *wanted)
{
	for (unsigned int i = 0; i < count; i++) {
		if (signatures[i].offset_bytes == wanted->offset_bytes && strcmp(signatures[i].type, wanted->type) == 0)
			return true;
	}
	return false;
}

/* A signature with a sector that is not right may have been written by others, unless it was there before. */
static int add_signature(struct csum_volume *volume, const struct csum_signature *signature, struct found *found)
{
	const struct csum_recorded_signature new = to_record(signature);
	bool ours;
	int error;

	if (found->count == CSUM_RECORDED_SIGNATURES || !new.type[0] || has(found->signatures, found->count, &new))
		return 0;
	error = csum_spot_signature_is_ours(volume, signature->magic_offset_bytes, &ours);
	if (!error && (ours || has(volume->superblock.record.signatures, CSUM_RECORDED_SIGNATURES, &new)))
		found->signatures[found->count++] = new;
	return error;
}

static int add_place(struct csum_volume *volume, uint64_t offset_bytes, uint64_t size_bytes, struct found *found)
{
	/* A place that cannot be read is not recorded, and is no reason to fail. */
	static const struct csum_handlers silent;
	struct csum_signatures list;
	int error = 0;

	if (csum_probe_list(&silent, volume->data, offset_bytes, size_bytes, &list))
		return 0;
	for (size_t i = 0; i < list.count && !error; i++)
		error = add_signature(volume, &list.found[i], found);
	return error;
}

static int record_signatures(struct csum_volume *volume)
{
	static const struct csum_handlers silent;
	uint64_t size_bytes = csum_volume_data_bytes(volume);
	struct csum_partitions partitions;
	struct found found = { .count = 0 };
	int error = add_place(volume, 0, size_bytes, &found);

	if (!error && csum_probe_partitions(&silent, volume->data, 0, size_bytes, &partitions))
		partitions.count = 0;
	for (size_t i = 0; !error && i < partitions.count && found.count < CSUM_RECORDED_SIGNATURES; i++)
		error = add_place(volume, partitions.found[i].offset_bytes, partitions.found[i].size_bytes, &found);
	if (!error)
		memcpy(volume->superblock.record.signatures, found.signatures, sizeof(found.signatures));
	return error;
}

int csum_guard_record(struct csum_volume *volume)
{
	int error;

	if (!applies(volume))
		return 0;
	error = record_signatures(volume);
	return error || volume->data->is_block ? error : record_file(volume);
}
