/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_erase_*(): zeros the superblocks of a volume whose device has become something else. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/version.h"
#include "open.h"
#include "volume/slots.h"
#include "volume/volume.h"

/* No threads: slots are written one after the other. */
#define THREADS 0u

struct csum_erase {
	struct csum_volume *volume; /* holds the devices; its superblock is not read */
	struct csum_slots_found found;
	struct csum_erase_slot slots[CSUM_SLOT_PLACES];
};

static int open_devices(struct csum_erase *erase, const struct csum_handlers *handlers, const char *data,
			const char *metadata, const struct csum_erase_options *options)
{
	const bool writable = !options->dry_run;
	const struct csum_open_options how = {
		.access = writable ? CSUM_WRITE : CSUM_READ,
		.wait_ms = options->wait_ms,
	};
	struct csum_device *data_device, *metadata_device;
	int error = csum_volume_open_named(handlers, data, metadata, &how, &data_device, &metadata_device);

	if (!error)
		error = csum_volume_prepare(handlers, data_device, metadata_device, writable, THREADS, &erase->volume);
	if (!error)
		error = csum_device_set_unit(handlers, erase->volume->metadata, CSUM_BLOCK_SIZE);
	/* A killed process may have left writes in a cache. */
	if (!error && writable)
		error = csum_io_flush_all(erase->volume->io);
	return error;
}

/* With a data device given, the metadata must not be of a volume that has its data on the same device. */
static int check_layout(const struct csum_erase *erase)
{
	const struct csum_volume *volume = erase->volume;

	if (volume->data == volume->metadata)
		return 0;
	for (size_t i = 0; i < erase->found.count; i++) {
		if (!erase->found.found[i].superblock.geometry.external)
			return csum_report_refusal_reason(&volume->handlers, -EINVAL, CSUM_REASON_NOT_EXTERNAL,
							  volume->metadata->name,
							  "holds a volume with data and metadata on one device");
	}
	return 0;
}

static int find(struct csum_erase *erase)
{
	const struct csum_volume *volume = erase->volume;
	int error = csum_slots_find(&volume->handlers, volume->metadata, &erase->found);

	if (!error && erase->found.count == 0)
		return csum_report_refusal(&volume->handlers, -EINVAL, volume->metadata->name,
					   "no valid superblock of a csumtool volume: there is nothing to erase");
	for (size_t i = 0; i < erase->found.count && !error; i++) {
		const struct csum_slot_found *found = &erase->found.found[i];

		erase->slots[i] = (struct csum_erase_slot){
			.slot = found->slot,
			.device = volume->metadata->name,
			.device_offset_bytes = found->offset_bytes,
		};
		memcpy(erase->slots[i].uuid, found->superblock.uuid, CSUM_UUID_SIZE);
	}
	return error ? error : check_layout(erase);
}

int csum_erase_prepare(const struct csum_handlers *handlers, const char *data, const char *metadata,
		       const struct csum_erase_options *options, struct csum_erase **erase)
{
	struct csum_erase *new = calloc(1, sizeof(*new));
	int error;

	*erase = NULL;
	if (!new)
		return csum_report_error(handlers, -ENOMEM, NULL, "erasing superblocks");
	error = csum_version_knows(handlers, options->reserved);
	if (!error)
		error = open_devices(new, handlers, data, metadata, options);
	if (!error)
		error = find(new);
	if (error) {
		int ignored = csum_erase_free(new);

		(void)ignored;
		return error;
	}
	*erase = new;
	return 0;
}

const struct csum_erase_slot *csum_erase_slots(const struct csum_erase *erase, size_t *count)
{
	*count = erase->found.count;
	return erase->slots;
}

/* Whether slot `one` is zeroed before slot `other`: backups first, the newer of A and B last. */
static bool goes_before(const struct csum_slot_found *one, const struct csum_slot_found *other)
{
	if ((one->slot == CSUM_SLOT_C) != (other->slot == CSUM_SLOT_C))
		return one->slot == CSUM_SLOT_C;
	if (one->superblock.generation != other->superblock.generation)
		return one->superblock.generation < other->superblock.generation;
	return one->slot > other->slot;
}

/* Returns the slot that is zeroed next; NULL when none is left. */
static struct csum_erase_slot *next_slot(struct csum_erase *erase)
{
	const struct csum_slot_found *found = erase->found.found;
	struct csum_erase_slot *next = NULL;

	for (size_t i = 0; i < erase->found.count; i++) {
		if (!erase->slots[i].erased && (!next || goes_before(&found[i], &found[next - erase->slots])))
			next = &erase->slots[i];
	}
	return next;
}

int csum_erase_run(struct csum_erase *erase)
{
	struct csum_volume *volume = erase->volume;
	struct csum_erase_slot *slot;
	int error = 0;

	if (!volume->writable)
		return csum_report_refusal(&volume->handlers, -EINVAL, volume->metadata->name,
					   "a dry run cannot be run");
	memset(volume->slot_buffer, 0, CSUM_BLOCK_SIZE);
	while (!error && (slot = next_slot(erase))) {
		struct csum_io_request zeros = {
			.device = volume->metadata,
			.operation = CSUM_IO_WRITE,
			.buffer = volume->slot_buffer,
			.size = CSUM_BLOCK_SIZE,
			.offset_bytes = slot->device_offset_bytes,
		};

		error = csum_io_round(volume->io, &(struct csum_io_list){ .requests = &zeros, .count = 1 }, NULL, NULL);
		slot->erased = !error;
	}
	return error;
}

int csum_erase_free(struct csum_erase *erase)
{
	int error = 0;

	if (!erase)
		return 0;
	error = csum_volume_close(erase->volume);
	free(erase);
	return error;
}
