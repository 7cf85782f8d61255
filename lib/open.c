/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_volume_open(): opens the devices, loads the volume, asks whether it may be written, and recovers it. */
#include "open.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/report.h"
#include "base/version.h"
#include "device/resolve.h"
#include "guard/data_identity.h"
#include "guard/foreign.h"
#include "guard/guard.h"
#include "update/recover.h"
#include "update/super.h"
#include "volume/record.h"
#include "volume/super.h"

/*
 * Says how a device that was cut short becomes usable for a scrub again; the part that was cut off then reads as bad.
 */
static void say_how_large(const struct csum_device *device, uint64_t recorded, char *text, size_t size)
{
	int length = snprintf(text, size, "it must have at least %" PRIu64 " bytes again", recorded);

	if (!device->is_block && length > 0 && (size_t)length < size)
		snprintf(text + length, size - (size_t)length, ", which 'truncate -s %" PRIu64 "' gives the file",
			 recorded);
}

static int check_size(const struct csum_volume *volume, const struct csum_device *device, uint64_t recorded)
{
	const struct csum_handlers *handlers = &volume->handlers;
	char remedy[160];

	if (device->size_bytes >= recorded) {
		if (device->size_bytes > recorded)
			csum_report_note(handlers, device->name,
					 "%" PRIu64 " bytes, of which the volume uses %" PRIu64 " as recorded",
					 device->size_bytes, recorded);
		return 0;
	}
	say_how_large(device, recorded, remedy, sizeof(remedy));
	if (volume->writable)
		return csum_report_refusal(handlers, -EINVAL, device->name,
					   "%" PRIu64 " bytes, but the volume was made on %" PRIu64
					   ": cut short, or not the right device; refused for writing: %s",
					   device->size_bytes, recorded, remedy);
	csum_report_warning(handlers, device->name,
			    "%" PRIu64 " bytes, but the volume was made on %" PRIu64 ": cut short, or not the right "
			    "device; before it can be written or scrubbed %s",
			    device->size_bytes, recorded, remedy);
	return 0;
}

/* A write below the device's own unit could tear sectors that the write does not name. */
static int check_unit(const struct csum_volume *volume, const struct csum_device *device)
{
	uint32_t sector_size = csum_volume_geometry(volume)->sector_size;

	if (!volume->writable || !device->is_block || device->logical_sector_size <= sector_size)
		return 0;
	return csum_report_refusal(&volume->handlers, -EINVAL, device->name,
				   "sectors of the volume (%" PRIu32 " bytes) are smaller than the device's logical "
				   "sectors (%" PRIu32 " bytes); refused for writing",
				   sector_size, device->logical_sector_size);
}

static int check_pairing(const struct csum_volume *volume)
{
	bool external = csum_volume_geometry(volume)->external;
	const char *metadata = volume->metadata->name;

	if (external && volume->metadata == volume->data)
		return csum_report_refusal_reason(&volume->handlers, -EINVAL, CSUM_REASON_METADATA_ALONE, metadata,
						  "holds the metadata of an external volume");
	if (!external && volume->metadata != volume->data)
		return csum_report_refusal_reason(&volume->handlers, -EINVAL, CSUM_REASON_NOT_EXTERNAL, metadata,
						  "holds a volume with data and metadata on one device");
	return 0;
}

int csum_volume_check_devices(struct csum_volume *volume)
{
	const struct csum_geometry *geometry = csum_volume_geometry(volume);
	int error = check_size(volume, volume->metadata, geometry->metadata_device_bytes);

	if (!error)
		error = check_unit(volume, volume->metadata);
	if (!error)
		error = csum_device_set_unit(&volume->handlers, volume->metadata, geometry->sector_size);
	if (error || volume->data == volume->metadata)
		return error;
	error = check_size(volume, volume->data, geometry->data_device_bytes);
	if (!error)
		error = check_unit(volume, volume->data);
	if (!error)
		error = csum_device_set_unit(&volume->handlers, volume->data, geometry->sector_size);
	return error;
}

static int refuse_read_only(const struct csum_volume *volume)
{
	if (csum_superblock_exhausted(&volume->superblock))
		return csum_report_refusal(&volume->handlers, -EINVAL, volume->metadata->name,
					   "superblock generation %" PRIu64 " or session %" PRIu64
					   " leaves no room to count on: reading only",
					   volume->superblock.generation, volume->superblock.session);
	if (!csum_superblock_read_only(&volume->superblock))
		return 0;
	return csum_report_refusal(&volume->handlers, -ENOTSUP, volume->metadata->name,
				   "unknown ro_compat feature bits 0x%" PRIx32 " allow reading only",
				   volume->superblock.features_ro_compat);
}

/* Refuses a volume that needs a scrub before it may be written. */
static int refuse_for_writing(const struct csum_volume *volume)
{
	if (csum_volume_active(volume) && volume->journal_unreadable)
		return csum_report_refusal_reason(&volume->handlers, -EBADMSG, CSUM_REASON_JOURNAL_UNREADABLE,
						  volume->metadata->name,
						  "the journal at offset %" PRIu64
						  " cannot be read, and an interrupted write may need it",
						  CSUM_JOURNAL_OFFSET);
	if (volume->governing == CSUM_SLOT_C)
		return csum_report_refusal_reason(&volume->handlers, -EBADMSG, CSUM_REASON_SLOTS_INVALID,
						  volume->metadata->name, "superblocks A and B are both invalid");
	return 0;
}

/* Asks the guard, before the first write, whether the data is this volume's to change. */
static int ask_guard(struct csum_volume *volume)
{
	struct csum_guard *guard = NULL;
	int error = csum_guard_create(volume, CSUM_GUARD_OPENING, volume->allow, &guard);

	if (error)
		return error;
	volume->ours = csum_guard_ours(guard);
	error = csum_guard_refuse(guard);
	csum_guard_free(guard);
	return error;
}

/* O1 and O2 of update/protocol.h, without the flush. */
static int prepare_for_writing(struct csum_volume *volume)
{
	int error = refuse_for_writing(volume);

	if (!error)
		error = ask_guard(volume);
	if (!error && !(volume->slot_valid[CSUM_SLOT_A] && volume->slot_valid[CSUM_SLOT_B]))
		error = csum_super_write(volume);
	if (!error)
		error = csum_super_level_identity(volume);
	if (!error && csum_volume_active(volume))
		error = csum_protocol_recover(volume);
	return error;
}

/* Without a lock a writer may be changing the data: it is compared only when nothing is at work. */
static int identify(struct csum_volume *volume)
{
	return volume->look && volume->at_work != CSUM_NOBODY_AT_WORK ? 0 : csum_data_identity_check(volume);
}

static int load(struct csum_volume *volume)
{
	int error = 0;

	if (volume->writable)
		error = csum_io_flush_all(volume->io); /* I7 */
	if (!error)
		error = csum_super_load(volume, &volume->handlers);
	if (!error)
		error = check_pairing(volume);
	if (!error)
		error = csum_volume_check_devices(volume);
	if (!error)
		error = csum_record_load(volume);
	if (!error)
		error = identify(volume);
	if (!error && volume->writable)
		error = refuse_read_only(volume);
	if (!error && volume->writable)
		error = csum_foreign_refuse(volume);
	if (!error && volume->writable && !volume->repair)
		error = prepare_for_writing(volume);
	return error;
}

/* The failure is reported already, so an error of closing loses nothing. */
static int give_up(struct csum_volume *volume, int error)
{
	int ignored = csum_volume_close(volume);

	(void)ignored;
	return error;
}

static bool for_writing(const struct csum_open_options *options)
{
	return options->access == CSUM_WRITE || options->access == CSUM_REPAIR;
}

static int open_devices(const struct csum_handlers *handlers, struct csum_device *data, struct csum_device *metadata,
			const struct csum_open_options *options, unsigned int threads, struct csum_volume **volume)
{
	struct csum_volume *result;
	int error = csum_volume_prepare(handlers, data, metadata, for_writing(options), threads, &result);

	*volume = NULL;
	if (error)
		return error;
	result->repair = options->access == CSUM_REPAIR;
	result->look = options->access == CSUM_LOOK;
	result->allow = options->allow;
	error = load(result);
	if (error)
		return give_up(result, error);
	csum_io_end_threads(result->io); /* those of a recovery: a server may fork after opening */
	if (result->at_work == CSUM_SCRUB_AT_WORK)
		csum_report_note(&result->handlers, result->metadata->name,
				 "a scrub is at work: what is bad is read again before it counts");
	*volume = result;
	return 0;
}

int csum_volume_open_devices(const struct csum_handlers *handlers, struct csum_device *data,
			     struct csum_device *metadata, bool writable, unsigned int threads,
			     struct csum_volume **volume)
{
	const struct csum_open_options options = { .access = writable ? CSUM_WRITE : CSUM_READ };

	return open_devices(handlers, data, metadata, &options, threads, volume);
}

int csum_volume_open_for_repair(const struct csum_handlers *handlers, struct csum_device *data,
				struct csum_device *metadata, unsigned int threads, struct csum_volume **volume)
{
	const struct csum_open_options options = { .access = CSUM_REPAIR };

	return open_devices(handlers, data, metadata, &options, threads, volume);
}

static int open_named(const struct csum_handlers *handlers, const char *name, const struct csum_open_options *options,
		      struct csum_device **device)
{
	const struct csum_device_options device_options = {
		.writable = for_writing(options),
		.repair = options->access == CSUM_REPAIR,
		.look = options->access == CSUM_LOOK,
		.force = options->force,
		.wait_ms = options->wait_ms,
	};
	char *path;
	int error = csum_resolve_name(handlers, name, NULL, &path);

	*device = NULL;
	if (error)
		return error;
	error = csum_device_open(handlers, path, &device_options, device);
	free(path);
	return error;
}

int csum_volume_open_named(const struct csum_handlers *handlers, const char *data, const char *metadata,
			   const struct csum_open_options *options, struct csum_device **data_device,
			   struct csum_device **metadata_device)
{
	int error = open_named(handlers, data, options, data_device);

	*metadata_device = *data_device;
	if (error || !metadata)
		return error;
	error = open_named(handlers, metadata, options, metadata_device);
	if (!error && csum_device_same(*data_device, *metadata_device)) {
		error = csum_report_refusal(handlers, -EINVAL, metadata,
					    "is the data device itself (%s), or shares "
					    "its bytes",
					    data);
		csum_device_close(*metadata_device);
	}
	if (error) {
		csum_device_close(*data_device);
		*data_device = *metadata_device = NULL;
	}
	return error;
}

static int check_options(const struct csum_handlers *handlers, const struct csum_open_options *options)
{
	int error = csum_version_knows(handlers, options->reserved);

	if (!error)
		error = csum_version_knows_value(handlers, "opening", "access", options->access, CSUM_REPAIR);
	return error ? error : csum_version_knows_bits(handlers, "opening", "allow", options->allow, CSUM_ALLOW_ALL);
}

int csum_volume_open(const struct csum_handlers *handlers, const char *data, const char *metadata,
		     const struct csum_open_options *options, struct csum_volume **volume)
{
	struct csum_device *data_device, *metadata_device;
	int error = check_options(handlers, options);

	*volume = NULL;
	if (!error)
		error = csum_volume_open_named(handlers, data, metadata, options, &data_device, &metadata_device);
	if (error)
		return error;
	return open_devices(handlers, data_device, metadata_device, options, CSUM_IO_THREADS, volume);
}
