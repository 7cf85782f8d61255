/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "repair/replica.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "device/resolve.h"
#include "ondisk/layout.h"
#include "open.h"
#include "volume/beside.h"
#include "volume/slots.h"
#include "volume/sector.h"

/* No threads: a replica is asked for one sector at a time. */
#define THREADS 0u

struct csum_replica {
	const struct csum_volume *repaired;
	const char *name; /* belongs to the options */
	struct csum_device *device; /* where the replica is raw; else NULL */
	struct csum_volume *volume; /* where the replica is a volume; else NULL */
	struct csum_groups span; /* room for one group of `volume` */
	bool gone;
};

static bool slot_at(struct csum_device *device, void *buffer, uint64_t offset_bytes)
{
	struct csum_superblock *superblock = malloc(sizeof(*superblock));
	bool found = false;

	if (superblock && csum_slot_read(device, buffer, offset_bytes, superblock, &found))
		found = false;
	free(superblock);
	return found;
}

/* Whether a superblock lies where a volume has one. */
static bool is_volume(struct csum_device *device)
{
	void *buffer = csum_io_alloc(CSUM_BLOCK_SIZE);
	bool found = false;

	if (buffer)
		found = slot_at(device, buffer, CSUM_SLOT_A_OFFSET) || slot_at(device, buffer, CSUM_SLOT_B_OFFSET);
	if (buffer && !found && device->size_bytes >= CSUM_CLUSTERS_OFFSET + CSUM_TAIL_SIZE)
		found = slot_at(device, buffer, csum_layout_backup_offset(device->size_bytes));
	free(buffer);
	return found;
}

static int check_volume(const struct csum_replica *replica)
{
	const struct csum_geometry *wanted = csum_volume_geometry(replica->repaired);
	const struct csum_geometry *present = csum_volume_geometry(replica->volume);
	const struct csum_handlers *handlers = &replica->repaired->handlers;

	if (present->sector_size != wanted->sector_size)
		return csum_report_refusal(handlers, -EINVAL, replica->name,
					   "a volume with sectors of %" PRIu32
					   " bytes is no replica of one with %" PRIu32,
					   present->sector_size, wanted->sector_size);
	if (present->data_sectors < wanted->data_sectors)
		return csum_report_refusal(handlers, -EINVAL, replica->name,
					   "too small for a replica: %" PRIu64 " data sectors of %" PRIu64,
					   present->data_sectors, wanted->data_sectors);
	return 0;
}

static int open_volume(struct csum_replica *replica)
{
	const struct csum_handlers *handlers = &replica->repaired->handlers;
	struct csum_device *device = replica->device;
	int error;

	/* The volume owns the device from here on. */
	replica->device = NULL;
	error = csum_volume_open_devices(handlers, device, device, false, THREADS, &replica->volume);
	if (!error)
		error = check_volume(replica);
	if (!error)
		error = csum_groups_init(&replica->span, replica->volume, 1);
	return error;
}

static int check_raw(struct csum_replica *replica)
{
	const struct csum_volume *repaired = replica->repaired;
	uint64_t needed = csum_volume_data_bytes(repaired);

	if (replica->device->size_bytes < needed)
		return csum_report_refusal(&repaired->handlers, -EINVAL, replica->name,
					   "too small for a replica: %" PRIu64 " bytes of %" PRIu64,
					   replica->device->size_bytes, needed);
	return csum_device_set_unit(&repaired->handlers, replica->device, csum_volume_geometry(repaired)->sector_size);
}

static int open_replica(struct csum_replica *replica)
{
	const struct csum_volume *repaired = replica->repaired;
	/* A checksum confirms what is read from a replica, so it does no harm that a replica is in use. */
	const struct csum_device_options options = { .force = true };
	char *path;
	int error = csum_resolve_name(&repaired->handlers, replica->name, NULL, &path);

	if (error)
		return error;
	error = csum_device_open(&repaired->handlers, path, &options, &replica->device);
	free(path);
	if (error)
		return error;
	if (csum_device_same(replica->device, repaired->data) || csum_device_same(replica->device, repaired->metadata))
		return csum_report_refusal(&repaired->handlers, -EINVAL, replica->name,
					   "is the volume itself, not a replica of it");
	return is_volume(replica->device) ? open_volume(replica) : check_raw(replica);
}

int csum_replica_open(const struct csum_volume *volume, const char *name, struct csum_replica **replica)
{
	struct csum_replica *new = calloc(1, sizeof(*new));
	int error;

	*replica = NULL;
	if (!new)
		return csum_report_error(&volume->handlers, -ENOMEM, NULL, "opening a replica");
	new->repaired = volume;
	new->name = name;
	error = open_replica(new);
	if (error)
		csum_replica_close(new);
	else
		*replica = new;
	return error;
}

void csum_replica_close(struct csum_replica *replica)
{
	int ignored;

	if (!replica)
		return;
	/* Nothing was written to the replica, so an error of closing it loses nothing. */
	ignored = replica->volume ? csum_volume_close(replica->volume) : csum_device_close(replica->device);
	(void)ignored;
	csum_groups_free(&replica->span);
	free(replica);
}

const char *csum_replica_name(const struct csum_replica *replica)
{
	return replica->name;
}

/* Reads a sector of a replica that is a volume. *bad: whether it is bad there. Errors: the replica is gone. */
static void verify(struct csum_replica *replica, uint64_t data_sector, uint8_t *buffer, bool *bad)
{
	struct csum_sector found;
	int error = csum_sector_load(replica->volume, &replica->span, data_sector, buffer, &found);

	if (error)
		csum_sector_report(replica->volume, data_sector, error, &found);
	replica->gone = error != 0;
	*bad = csum_verdict_is_bad(found.verdict);
}

static bool read_verified(struct csum_replica *replica, uint64_t data_sector, uint8_t *buffer)
{
	unsigned int attempt = 0;
	bool bad;

	do {
		verify(replica, data_sector, buffer, &bad);
	} while (!replica->gone && bad && csum_beside_again(replica->volume, &attempt));
	return !replica->gone && !bad;
}

bool csum_replica_read(struct csum_replica *replica, uint64_t data_sector, uint8_t *buffer)
{
	uint32_t sector_size = csum_volume_geometry(replica->repaired)->sector_size;
	int error;

	if (replica->gone)
		return false;
	if (replica->volume)
		return read_verified(replica, data_sector, buffer);
	error = csum_io_read_patiently(replica->device, buffer, sector_size, data_sector * sector_size, NULL);
	replica->gone = csum_io_vanished(error);
	if (replica->gone)
		csum_report_warning(&replica->repaired->handlers, replica->name, "the replica has vanished");
	return error == 0;
}
