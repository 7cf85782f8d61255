/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The superblock slots on disk: which one governs. */
#include "volume/super.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/report.h"
#include "device/probe.h"
#include "ondisk/layout.h"
#include "volume/beside.h"
#include "volume/slots.h"

/* Reads one slot; an unreadable slot counts as invalid. Only a vanished device is an error. */
static int read_slot(struct csum_volume *volume, enum csum_slot slot, uint64_t offset_bytes)
{
	struct csum_device *device = volume->metadata;
	int error = csum_slot_read(device, volume->slot_buffer, offset_bytes, &volume->slots[slot],
				   &volume->slot_valid[slot]);

	if (error)
		csum_io_report(&volume->handlers, error, device->name, "reading the superblock at offset %" PRIu64,
			       offset_bytes);
	return error;
}

static int read_backup(struct csum_volume *volume, uint64_t device_bytes)
{
	volume->slot_valid[CSUM_SLOT_C] = false;
	if (device_bytes < CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE)
		return 0;
	return read_slot(volume, CSUM_SLOT_C, csum_layout_backup_offset(device_bytes));
}

/* On a device that has grown, the backup lies where the end was before, and only the backup knows where that is. */
static int search_backup(struct csum_volume *volume)
{
	struct csum_device *device = volume->metadata;
	int error = csum_slot_search_backup(device, &volume->slots[CSUM_SLOT_C], &volume->slot_valid[CSUM_SLOT_C]);

	if (error)
		return csum_io_report(&volume->handlers, error, device->name, "looking for the backup superblock");
	return 0;
}

static bool choose_governing(struct csum_volume *volume)
{
	const struct csum_superblock *slots = volume->slots;
	const bool *valid = volume->slot_valid;

	if (valid[CSUM_SLOT_A] && valid[CSUM_SLOT_B])
		volume->governing = slots[CSUM_SLOT_B].generation > slots[CSUM_SLOT_A].generation ? CSUM_SLOT_B :
												    CSUM_SLOT_A;
	else if (valid[CSUM_SLOT_A] || valid[CSUM_SLOT_B])
		volume->governing = valid[CSUM_SLOT_A] ? CSUM_SLOT_A : CSUM_SLOT_B;
	else if (valid[CSUM_SLOT_C])
		volume->governing = CSUM_SLOT_C;
	else
		return false;
	volume->superblock = slots[volume->governing];
	return true;
}

static bool same_volume(const struct csum_volume *volume, enum csum_slot one, enum csum_slot other)
{
	const struct csum_superblock *slots = volume->slots;

	return volume->slot_valid[one] && volume->slot_valid[other] &&
	       memcmp(slots[one].seed, slots[other].seed, sizeof(slots[one].seed)) == 0;
}

/*
 * Of A and B, both valid, one may belong to another volume, written over this one. Generations of two volumes cannot
 * be compared: the backup decides, at the place that its own volume gives it. (format.md: Which slot governs)
 */
static int choose_by_backup(struct csum_volume *volume)
{
	enum csum_slot other = volume->governing == CSUM_SLOT_A ? CSUM_SLOT_B : CSUM_SLOT_A;
	int error;

	if (!volume->slot_valid[other] || same_volume(volume, CSUM_SLOT_A, CSUM_SLOT_B) ||
	    same_volume(volume, volume->governing, CSUM_SLOT_C))
		return 0;
	error = read_backup(volume, volume->slots[other].geometry.metadata_device_bytes);
	if (error)
		return error;
	if (!same_volume(volume, other, CSUM_SLOT_C))
		return read_backup(volume, volume->superblock.geometry.metadata_device_bytes);
	volume->governing = other;
	volume->superblock = volume->slots[other];
	return 0;
}

static int check_governing(struct csum_volume *volume, const struct csum_handlers *refused)
{
	struct csum_superblock *superblock = &volume->superblock;
	char reason[256];
	int error;

	/* Only the static fields of backup C count: the state of the volume is not known. */
	if (volume->governing == CSUM_SLOT_C) {
		superblock->state = CSUM_STATE_ACTIVE;
		superblock->intent_first = 0;
		superblock->intent_count = 0;
	}
	error = csum_superblock_check(superblock, reason, sizeof(reason));
	if (error)
		return csum_report_refusal(refused, error, volume->metadata->name,
					   "volume refused by superblock %c: %s", "ABC"[volume->governing], reason);
	if (volume->governing == CSUM_SLOT_C)
		superblock->intent_count = superblock->geometry.groups;
	volume->seed_state = csum_superblock_seed_state(superblock);
	return 0;
}

/* Whether the data device begins with the superblock that the metadata device should have. */
static bool looks_swapped(const struct csum_volume *volume)
{
	struct csum_superblock superblock;

	return volume->data != volume->metadata &&
	       csum_io_read_patiently(volume->data, volume->slot_buffer, CSUM_BLOCK_SIZE, CSUM_SLOT_A_OFFSET, NULL) ==
		       0 &&
	       csum_superblock_decode(volume->slot_buffer, &superblock) && superblock.geometry.external;
}

/* A clause for the message, where the backup may lie further in than was searched. */
static const char *further_in(const struct csum_device *device)
{
	if (device->size_bytes <= CSUM_CLUSTERS_OFFSET + CSUM_BACKUP_SEARCH_BYTES)
		return "";
	return ", nor in the last 64 MiB; on a device that has grown by more the backup lies further in: attach it with "
	       "'losetup --sizelimit=BYTES', as many as it had";
}

static int refuse_no_volume(const struct csum_volume *volume, const struct csum_handlers *refused)
{
	const struct csum_device *device = volume->metadata;
	char found[256];

	if (looks_swapped(volume))
		return csum_report_refusal(refused, -EINVAL, device->name,
					   "holds no metadata of a volume, but %s does: the two are swapped",
					   volume->data->name);
	csum_probe_describe(device, found, sizeof(found));
	return csum_report_refusal(refused, -EINVAL, device->name,
				   "not a csumtool volume: no valid superblock at offsets %" PRIu64 " and %" PRIu64
				   ", nor a backup at the end%s%s%s",
				   CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET, further_in(device),
				   found[0] ? "; it holds: " : "", found);
}

/* Reads the slots once; *governed: one of them governs. */
static int look_at_slots(struct csum_volume *volume, bool *governed)
{
	int error = read_slot(volume, CSUM_SLOT_A, CSUM_SLOT_A_OFFSET);

	if (!error)
		error = read_slot(volume, CSUM_SLOT_B, CSUM_SLOT_B_OFFSET);
	if (error)
		return error;
	/* The backup lies where the recorded size puts it, or the present size when nothing is recorded. */
	*governed = choose_governing(volume);
	error = read_backup(volume, *governed ? volume->superblock.geometry.metadata_device_bytes :
						volume->metadata->size_bytes);
	if (!error && *governed)
		error = choose_by_backup(volume);
	if (!error && !*governed && !volume->slot_valid[CSUM_SLOT_C])
		error = search_backup(volume);
	if (!error && !*governed)
		*governed = choose_governing(volume);
	return error;
}

/*
 * Whether the slots can be taken as they are. While another process writes them, a slot may be torn, or ahead of
 * another one; and a volume that is active with no process at work may have been clean until after we looked for one.
 */
static bool is_settled(const struct csum_volume *volume)
{
	const struct csum_superblock *slots = volume->slots;

	for (int slot = CSUM_SLOT_A; slot < CSUM_SLOTS; slot++) {
		if (!volume->slot_valid[slot] || !csum_superblock_same_static(&slots[slot], &volume->superblock))
			return false;
	}
	return !volume->look || !csum_volume_active(volume) || volume->at_work != CSUM_NOBODY_AT_WORK;
}

int csum_super_load(struct csum_volume *volume, const struct csum_handlers *refused)
{
	enum csum_at_work before;
	unsigned int attempt = 0;
	bool governed = false;
	int error;

	csum_beside_look(volume, &before);
	do {
		error = look_at_slots(volume, &governed);
	} while (!error && !is_settled(volume) && csum_beside_again(volume, &attempt));
	if (error)
		return error;
	return governed ? check_governing(volume, refused) : refuse_no_volume(volume, refused);
}
