/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ondisk/superblock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/util.h"
#include "ondisk/layout.h"

static uint32_t block_crc(const struct csum_disk_superblock *block)
{
	struct csum_disk_superblock copy = *block;

	copy.crc = csum_le32(0);
	return csum_checksum_crc32(0, &copy, sizeof(copy));
}

static struct csum_scrub_totals decode_totals(const struct csum_disk_totals *disk)
{
	return (struct csum_scrub_totals){
		.verified = csum_le64_get(disk->verified),
		.unwritten = csum_le64_get(disk->unwritten),
		.repaired = csum_le64_get(disk->repaired),
		.left_bad = csum_le64_get(disk->left_bad),
		.imd_repaired = csum_le64_get(disk->imd_repaired),
	};
}

static struct csum_disk_totals encode_totals(const struct csum_scrub_totals *totals)
{
	return (struct csum_disk_totals){
		.verified = csum_le64(totals->verified),
		.unwritten = csum_le64(totals->unwritten),
		.repaired = csum_le64(totals->repaired),
		.left_bad = csum_le64(totals->left_bad),
		.imd_repaired = csum_le64(totals->imd_repaired),
	};
}

static void decode_static(const struct csum_disk_superblock *disk, struct csum_superblock *superblock)
{
	memcpy(superblock->uuid, disk->uuid, sizeof(superblock->uuid));
	memcpy(superblock->label, disk->label, sizeof(disk->label));
	superblock->features_compat = csum_le32_get(disk->compat);
	superblock->features_ro_compat = csum_le32_get(disk->ro_compat);
	superblock->features_incompat = csum_le32_get(disk->incompat);
	superblock->geometry = (struct csum_geometry){
		.sector_size = csum_le32_get(disk->sector_size),
		.interleave = csum_le32_get(disk->interleave),
		.external = superblock->features_incompat & CSUM_INCOMPAT_EXTERNAL,
		.data_sectors = csum_le64_get(disk->data_sectors),
		.metadata_device_bytes = csum_le64_get(disk->metadata_device_bytes),
		.data_device_bytes = csum_le64_get(disk->data_device_bytes),
	};
	superblock->checksum_type = csum_le32_get(disk->checksum_type);
	superblock->created = csum_le64_get(disk->created);
	memcpy(superblock->seed, disk->seed, sizeof(superblock->seed));
	superblock->journal_offset = csum_le64_get(disk->journal_offset);
	superblock->journal_size = csum_le64_get(disk->journal_size);
	superblock->clusters_offset = csum_le64_get(disk->clusters_offset);
	superblock->physical_sector_size = csum_le32_get(disk->physical_sector_size);
	memcpy(superblock->data_identity, disk->data_identity, sizeof(disk->data_identity));
}

static void encode_static(const struct csum_superblock *superblock, struct csum_disk_superblock *disk)
{
	const struct csum_geometry *geometry = &superblock->geometry;

	memcpy(disk->uuid, superblock->uuid, sizeof(disk->uuid));
	memcpy(disk->label, superblock->label, sizeof(disk->label));
	disk->compat = csum_le32(superblock->features_compat);
	disk->ro_compat = csum_le32(superblock->features_ro_compat);
	disk->incompat = csum_le32(superblock->features_incompat);
	disk->sector_size = csum_le32(geometry->sector_size);
	disk->checksum_type = csum_le32(superblock->checksum_type);
	disk->interleave = csum_le32(geometry->interleave);
	disk->data_sectors = csum_le64(geometry->data_sectors);
	disk->metadata_device_bytes = csum_le64(geometry->metadata_device_bytes);
	disk->data_device_bytes = csum_le64(geometry->data_device_bytes);
	disk->created = csum_le64(superblock->created);
	memcpy(disk->seed, superblock->seed, sizeof(disk->seed));
	disk->journal_offset = csum_le64(superblock->journal_offset);
	disk->journal_size = csum_le64(superblock->journal_size);
	disk->clusters_offset = csum_le64(superblock->clusters_offset);
	disk->physical_sector_size = csum_le32(superblock->physical_sector_size);
	memcpy(disk->data_identity, superblock->data_identity, sizeof(disk->data_identity));
}

static void decode_record(const struct csum_disk_superblock *disk, struct csum_data_record *record)
{
	*record = (struct csum_data_record){
		.held_since = csum_le64_get(disk->held_since),
		.held_reason = csum_le32_get(disk->held_reason),
	};
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++) {
		record->signatures[i].offset_bytes = csum_le64_get(disk->signatures[i].offset);
		record->signatures[i].uuid = csum_le64_get(disk->signatures[i].uuid);
		memcpy(record->signatures[i].type, disk->signatures[i].type, CSUM_SIGNATURE_TYPE_SIZE);
	}
	/* Of another session: a build that does not keep these up to date has written the volume. */
	if (csum_le64_get(disk->recorded_session) != csum_le64_get(disk->session))
		return;
	record->content_end_bytes = csum_le64_get(disk->content_end);
	record->file_mtime_ns = csum_le64_get(disk->data_mtime);
	record->file_size_bytes = csum_le64_get(disk->data_size);
	memcpy(record->undo_id, disk->undo_id, sizeof(record->undo_id));
}

/* Whether the record has a field that counts for its session only. */
static bool is_tied(const struct csum_data_record *record)
{
	return record->content_end_bytes || record->file_mtime_ns || record->file_size_bytes ||
	       !csum_is_zero(record->undo_id, sizeof(record->undo_id));
}

static void encode_record(const struct csum_superblock *superblock, struct csum_disk_superblock *disk)
{
	const struct csum_data_record *record = &superblock->record;

	disk->recorded_session = csum_le64(is_tied(record) ? superblock->session : 0);
	disk->content_end = csum_le64(record->content_end_bytes);
	disk->data_mtime = csum_le64(record->file_mtime_ns);
	disk->data_size = csum_le64(record->file_size_bytes);
	memcpy(disk->undo_id, record->undo_id, sizeof(disk->undo_id));
	disk->held_since = csum_le64(record->held_since);
	disk->held_reason = csum_le32(record->held_reason);
	for (unsigned int i = 0; i < CSUM_RECORDED_SIGNATURES; i++) {
		disk->signatures[i].offset = csum_le64(record->signatures[i].offset_bytes);
		disk->signatures[i].uuid = csum_le64(record->signatures[i].uuid);
		memcpy(disk->signatures[i].type, record->signatures[i].type, CSUM_SIGNATURE_TYPE_SIZE);
	}
}

static void decode_state(const struct csum_disk_superblock *disk, struct csum_superblock *superblock)
{
	superblock->state = csum_le32_get(disk->state);
	superblock->session = csum_le64_get(disk->session);
	superblock->intent_first = csum_le64_get(disk->intent_first);
	superblock->intent_count = csum_le64_get(disk->intent_count);
	superblock->last_write = csum_le64_get(disk->last_write);
	superblock->last_scrub = (struct csum_scrub_record){
		.started = csum_le64_get(disk->scrub_started),
		.ended = csum_le64_get(disk->scrub_ended),
		.totals = decode_totals(&disk->scrub_totals),
	};
	superblock->current_scrub = (struct csum_scrub_record){
		.started = csum_le64_get(disk->scrub_now_started),
		.next_group = csum_le64_get(disk->scrub_now_group),
		.totals = decode_totals(&disk->scrub_now_totals),
	};
	decode_record(disk, &superblock->record);
}

static void encode_state(const struct csum_superblock *superblock, struct csum_disk_superblock *disk)
{
	disk->state = csum_le32(superblock->state);
	disk->session = csum_le64(superblock->session);
	disk->intent_first = csum_le64(superblock->intent_first);
	disk->intent_count = csum_le64(superblock->intent_count);
	disk->last_write = csum_le64(superblock->last_write);
	disk->scrub_started = csum_le64(superblock->last_scrub.started);
	disk->scrub_ended = csum_le64(superblock->last_scrub.ended);
	disk->scrub_totals = encode_totals(&superblock->last_scrub.totals);
	disk->scrub_now_started = csum_le64(superblock->current_scrub.started);
	disk->scrub_now_group = csum_le64(superblock->current_scrub.next_group);
	disk->scrub_now_totals = encode_totals(&superblock->current_scrub.totals);
	encode_record(superblock, disk);
}

bool csum_superblock_decode(const void *block, struct csum_superblock *superblock)
{
	struct csum_disk_superblock disk;

	memcpy(&disk, block, sizeof(disk));
	if (memcmp(disk.magic, CSUM_SUPERBLOCK_MAGIC, sizeof(disk.magic)) != 0 ||
	    csum_le32_get(disk.crc) != block_crc(&disk))
		return false;
	*superblock = (struct csum_superblock){
		.version_major = csum_le16_get(disk.version_major),
		.version_minor = csum_le16_get(disk.version_minor),
		.generation = csum_le64_get(disk.generation),
	};
	decode_static(&disk, superblock);
	decode_state(&disk, superblock);
	superblock->block = disk;
	return true;
}

void csum_superblock_encode(const struct csum_superblock *superblock, void *block)
{
	struct csum_disk_superblock disk = superblock->block;

	memcpy(disk.magic, CSUM_SUPERBLOCK_MAGIC, sizeof(disk.magic));
	disk.version_major = csum_le16(superblock->version_major);
	disk.version_minor = csum_le16(superblock->version_minor);
	disk.generation = csum_le64(superblock->generation);
	encode_static(superblock, &disk);
	encode_state(superblock, &disk);
	disk.crc = csum_le32(block_crc(&disk));
	memcpy(block, &disk, sizeof(disk));
}

struct refusal {
	char *reason;
	size_t size;
};

static int refuse(const struct refusal *refusal, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct refusal *refusal, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(refusal->reason, refusal->size, format, arguments);
	va_end(arguments);
	return error;
}

static int check_known(const struct csum_superblock *superblock, const struct refusal *refusal)
{
	uint32_t unknown = superblock->features_incompat & ~CSUM_INCOMPAT_KNOWN;

	if (superblock->version_major != CSUM_FORMAT_MAJOR)
		return refuse(refusal, -ENOTSUP, "format version %u.%u is not supported (this program knows %u.x)",
			      superblock->version_major, superblock->version_minor, CSUM_FORMAT_MAJOR);
	if (unknown)
		return refuse(refusal, -ENOTSUP, "unknown incompat feature bits 0x%" PRIx32, unknown);
	if (!csum_layout_sector_size_ok(superblock->geometry.sector_size))
		return refuse(refusal, -EINVAL, "sector size %" PRIu32 " is neither 512 nor 4096",
			      superblock->geometry.sector_size);
	if (!csum_checksum_name((enum csum_checksum_type)superblock->checksum_type))
		return refuse(refusal, -ENOTSUP, "unknown checksum type %" PRIu32, superblock->checksum_type);
	if (!csum_layout_interleave_ok(superblock->geometry.interleave))
		return refuse(refusal, -EINVAL, "interleave %" PRIu32 " is not within 1 ... %u",
			      superblock->geometry.interleave, CSUM_INTERLEAVE_MAX);
	if (superblock->journal_offset != CSUM_JOURNAL_OFFSET || superblock->journal_size != CSUM_JOURNAL_SIZE ||
	    superblock->clusters_offset != CSUM_CLUSTERS_OFFSET)
		return refuse(refusal, -EINVAL,
			      "journal at %" PRIu64 " (%" PRIu64 " bytes) and clusters at %" PRIu64
			      " are not where version 1.0 has them",
			      superblock->journal_offset, superblock->journal_size, superblock->clusters_offset);
	if (superblock->state != CSUM_STATE_CLEAN && superblock->state != CSUM_STATE_ACTIVE)
		return refuse(refusal, -EINVAL, "unknown state %" PRIu32, superblock->state);
	return 0;
}

static int check_geometry(struct csum_superblock *superblock, const struct refusal *refusal)
{
	const struct csum_geometry *stored = &superblock->geometry;
	struct csum_geometry derived;
	int error = csum_layout_derive(stored->sector_size, stored->interleave, stored->external,
				       stored->metadata_device_bytes, stored->data_device_bytes, &derived);

	if (error)
		return refuse(refusal, -EINVAL,
			      "recorded device sizes of %" PRIu64 " and %" PRIu64 " bytes make no volume",
			      stored->metadata_device_bytes, stored->data_device_bytes);
	if (!stored->external && stored->data_device_bytes != 0)
		return refuse(refusal, -EINVAL, "internal layout, but a data device of %" PRIu64 " bytes is recorded",
			      stored->data_device_bytes);
	if (derived.data_sectors != stored->data_sectors)
		return refuse(refusal, -EINVAL,
			      "%" PRIu64 " data sectors are recorded, but the device sizes give %" PRIu64,
			      stored->data_sectors, derived.data_sectors);
	if (superblock->intent_first > derived.groups ||
	    superblock->intent_count > derived.groups - superblock->intent_first)
		return refuse(refusal, -EINVAL,
			      "the intent (groups from %" PRIu64 ", %" PRIu64 " of them) goes past the last of %" PRIu64
			      " groups",
			      superblock->intent_first, superblock->intent_count, derived.groups);
	superblock->geometry = derived;
	return 0;
}

int csum_superblock_check(struct csum_superblock *superblock, char *reason, size_t reason_size)
{
	struct refusal refusal = { reason, reason_size };
	int error = check_known(superblock, &refusal);

	return error ? error : check_geometry(superblock, &refusal);
}

bool csum_superblock_read_only(const struct csum_superblock *superblock)
{
	return superblock->features_ro_compat & ~CSUM_RO_COMPAT_KNOWN;
}

bool csum_superblock_exhausted(const struct csum_superblock *superblock)
{
	/* Restoring from C adds 2^32 to the generation, and makes the sum the session. */
	const uint64_t most = UINT64_MAX - (UINT64_C(1) << 33);

	return superblock->generation > most || superblock->session > most;
}

bool csum_superblock_same_static(const struct csum_superblock *a, const struct csum_superblock *b)
{
	return memcmp((const uint8_t *)&a->block + CSUM_STATIC_FIELDS_OFFSET,
		      (const uint8_t *)&b->block + CSUM_STATIC_FIELDS_OFFSET,
		      CSUM_STATIC_FIELDS_END - CSUM_STATIC_FIELDS_OFFSET) == 0;
}

/* Whether the identity of the data device is the only difference of the two. */
static bool differ_in_identity(const struct csum_superblock *a, const struct csum_superblock *b)
{
	struct csum_superblock other = *b;

	memcpy(other.block.data_identity, a->block.data_identity, sizeof(other.block.data_identity));
	return !csum_superblock_same_static(a, b) && csum_superblock_same_static(a, &other);
}

void csum_superblock_find_left_behind(const struct csum_superblock slots[CSUM_SLOTS], const bool valid[CSUM_SLOTS],
				      enum csum_slot governing, bool left_behind[CSUM_SLOTS])
{
	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++)
		left_behind[slot] = valid[slot] && differ_in_identity(&slots[slot], &slots[governing]);
	if (!valid[CSUM_SLOT_C])
		left_behind[CSUM_SLOT_C] = left_behind[CSUM_SLOT_A] || left_behind[CSUM_SLOT_B];
}

uint32_t csum_superblock_seed_state(const struct csum_superblock *superblock)
{
	return csum_checksum_crc32(0, superblock->seed, sizeof(superblock->seed));
}
