/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_format_*(): decides how a new volume will be, and whether it may be made in that place. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/report.h"
#include "base/utf8.h"
#include "base/version.h"
#include "device/identify.h"
#include "device/probe.h"
#include "device/resolve.h"
#include "device/system.h"
#include "io/io.h"
#include "make/blank.h"
#include "make/plan.h"
#include "make/write.h"
#include "ondisk/layout.h"

/* Bytes per second that are assumed where reading did not tell, and the most that is believed of reading. */
#define ASSUMED_RATE UINT64_C(400000000)
#define ROTATIONAL_RATE UINT64_C(150000000)
#define SEEKS_PER_SECOND 60u

/* ------------------------------------------------------------------ the devices as they are */

static int look_at_metadata(struct csum_format *format)
{
	struct csum_found found;
	int error;

	if (!format->metadata || format->created)
		return 0;
	error = csum_make_look(&format->handlers, format->metadata, format->options.sector_size, &found);
	if (error)
		return error;
	format->old_backup_offset_bytes = found.backup_offset_bytes;
	format->read_bytes = found.read_bytes;
	format->read_microseconds = found.read_microseconds;
	if (!found.text[0] || format->options.force)
		return 0;
	return csum_report_refusal_reason(&format->handlers, -EEXIST, CSUM_REASON_NOT_BLANK, format->metadata->name,
					  "is not blank: %s", found.text);
}

/* Everything on the data device will read as zeros, whether it is wiped or not. */
static int look_at_data(struct csum_format *format)
{
	struct csum_found found;
	int error;

	if (!format->metadata_path)
		return 0;
	error = csum_make_look(&format->handlers, format->data, format->options.sector_size, &found);
	if (error || !found.text[0])
		return error;
	if (found.internal_volume && !format->options.wipe)
		return csum_report_refusal_reason(&format->handlers, -EEXIST, CSUM_REASON_DATA_HOLDS_VOLUME,
						  format->data->name, "holds a volume of its own: %s", found.text);
	if (!format->options.force)
		return csum_report_refusal_reason(
			&format->handlers, -EEXIST, CSUM_REASON_DATA_NOT_BLANK, format->data->name,
			"is not blank: %s; as data of a new volume all of it would read as zeros", found.text);
	return 0;
}

/* ------------------------------------------------------------------ the superblock to be */

static_assert(sizeof(uuid_t) == CSUM_UUID_SIZE, "a UUID of libuuid");

static void choose_uuid(struct csum_format *format)
{
	uint8_t *uuid = format->superblock.uuid;

	if (format->options.uuid)
		memcpy(uuid, format->options.uuid, CSUM_UUID_SIZE);
	else
		uuid_generate_random(uuid);
}

static int choose_seed(struct csum_format *format)
{
	struct csum_superblock *superblock = &format->superblock;

	if (format->options.uuid && format->options.created_given) {
		memcpy(superblock->seed, superblock->uuid, sizeof(superblock->seed));
		return 0;
	}
	if (getrandom(superblock->seed, sizeof(superblock->seed), 0) != (ssize_t)sizeof(superblock->seed))
		return csum_report_error(&format->handlers, -errno, NULL, "getting random bytes");
	return 0;
}

/* Says how large the metadata device must be for the data there is, or for one sector of data. */
static int refuse_too_small(const struct csum_format *format, bool external)
{
	uint32_t sector_size = format->options.sector_size, interleave = format->options.interleave;
	uint64_t sectors = external ? format->data_bytes / sector_size : 1;
	uint64_t least_bytes;
	int error;

	if (sectors == 0)
		return csum_report_refusal(&format->handlers, -ENOSPC, format->data_path,
					   "%" PRIu64 " bytes are less than one sector of %" PRIu32 " bytes",
					   format->data_bytes, sector_size);
	error = csum_layout_device_bytes(sector_size, interleave, external, sectors, &least_bytes);
	if (error)
		return csum_report_refusal(&format->handlers, error, csum_format_metadata_path(format),
					   "no volume is possible with these sizes");
	if (!external)
		return csum_report_refusal(&format->handlers, -ENOSPC, format->data_path,
					   "%" PRIu64 " bytes are too small for a volume: it takes at least %" PRIu64
					   " bytes",
					   format->metadata_bytes, least_bytes);
	return csum_report_refusal(&format->handlers, -ENOSPC, format->metadata_path,
				   "%" PRIu64 " bytes are too small for the metadata of %s (%" PRIu64
				   " bytes): it must have at least %" PRIu64 " bytes",
				   format->metadata_bytes, format->data_path, format->data_bytes, least_bytes);
}

static int derive_geometry(struct csum_format *format)
{
	bool external = format->metadata_path != NULL;
	int error = csum_layout_derive(format->options.sector_size, format->options.interleave, external,
				       format->metadata_bytes, external ? format->data_bytes : 0,
				       &format->superblock.geometry);

	if (error == -ENOSPC)
		return refuse_too_small(format, external);
	if (error)
		return csum_report_refusal(&format->handlers, error, csum_format_metadata_path(format),
					   "no volume is possible with these sizes");
	return 0;
}

static void identify_data(struct csum_format *format)
{
	struct csum_identity identity;
	uint64_t signature_offset_bytes;

	csum_device_identity(&csum_system_roots_default, format->data, &identity, &signature_offset_bytes);
	csum_identity_print(&identity, format->superblock.data_identity);
}

static int build_superblock(struct csum_format *format)
{
	const struct csum_format_options *options = &format->options;
	struct csum_superblock *superblock = &format->superblock;
	int error = derive_geometry(format);

	if (error)
		return error;
	choose_uuid(format);
	error = choose_seed(format);
	if (error)
		return error;
	superblock->checksum_type = options->checksum_type;
	superblock->features_compat = options->exclusive ? CSUM_COMPAT_EXCLUSIVE : 0;
	superblock->features_incompat = format->metadata_path ? CSUM_INCOMPAT_EXTERNAL : 0;
	superblock->created = options->created_given ? options->created : (uint64_t)time(NULL);
	superblock->journal_offset = CSUM_JOURNAL_OFFSET;
	superblock->journal_size = CSUM_JOURNAL_SIZE;
	superblock->clusters_offset = CSUM_CLUSTERS_OFFSET;
	superblock->physical_sector_size = format->physical_sector_size;
	if (options->label)
		strncpy(superblock->label, options->label, sizeof(superblock->label) - 1);
	if (format->metadata_path)
		identify_data(format);
	return 0;
}

/* ------------------------------------------------------------------ public */

static int check_options(struct csum_format *format)
{
	const struct csum_format_options *options = &format->options;
	const char *path = csum_format_metadata_path(format);

	if (options->sector_size && !csum_layout_sector_size_ok(options->sector_size))
		return csum_format_refuse(format, -EINVAL, path, "the sector size is neither 512 nor 4096");
	if (options->interleave > CSUM_INTERLEAVE_MAX)
		return csum_format_refuse(format, -EINVAL, path, "the interleave is too large");
	if (!csum_checksum_name(options->checksum_type))
		return csum_format_refuse(format, -EINVAL, path, "unknown checksum type");
	if (options->label && strlen(options->label) >= CSUM_LABEL_SIZE)
		return csum_format_refuse(format, -EINVAL, path, "the label is too long");
	if (options->label && !csum_utf8_valid(options->label))
		return csum_format_refuse(format, -EINVAL, path, "the label is not UTF-8");
	if (format->metadata_path && options->create_data_bytes)
		return csum_format_refuse(format, -EINVAL, path, "the amount of data is that of the data device");
	if (!format->metadata_path && options->exclusive)
		return csum_format_refuse(format, -EINVAL, path,
					  "a volume is exclusive only with its metadata on a device of its own");
	return 0;
}

static int prepare(struct csum_format *format)
{
	int error = check_options(format);

	if (!error)
		error = csum_format_open(format);
	if (!error)
		error = look_at_metadata(format);
	if (!error)
		error = look_at_data(format);
	return error ? error : build_superblock(format);
}

int csum_format_prepare(const struct csum_handlers *handlers, const char *data, const char *metadata,
			const struct csum_format_options *options, struct csum_format **format)
{
	struct csum_format *result = calloc(1, sizeof(*result));
	int error;

	*format = NULL;
	if (!result)
		return csum_report_error(handlers, -ENOMEM, NULL, "formatting");
	result->handlers = *handlers;
	result->options = *options;
	error = csum_version_knows(handlers, options->reserved);
	if (!error)
		error = csum_resolve_name(handlers, data, NULL, &result->data_path);
	if (!error && metadata)
		error = csum_resolve_name(handlers, metadata, NULL, &result->metadata_path);
	if (!error)
		error = prepare(result);
	if (error) {
		int ignored = csum_format_free(result);

		(void)ignored;
		return error;
	}
	*format = result;
	return 0;
}

/* Reading told how fast the device is at best; a spinning one also seeks for every run of metadata. */
static uint64_t estimate_seconds(const struct csum_format *format, uint64_t write_bytes)
{
	bool rotational = format->metadata && format->metadata->rotational;
	uint64_t rate = rotational ? ROTATIONAL_RATE : ASSUMED_RATE;
	uint64_t seeks = rotational ? 2 * format->superblock.geometry.clusters : 0;

	if (format->read_microseconds && format->read_bytes > CSUM_IO_PIECE_BYTES) {
		uint64_t measured = format->read_bytes * 1000000 / format->read_microseconds;

		if (measured && (measured < rate || !rotational))
			rate = measured;
	}
	return write_bytes / rate + seeks / SEEKS_PER_SECOND + 1;
}

void csum_format_get_plan(const struct csum_format *format, struct csum_format_plan *plan)
{
	const struct csum_geometry *geometry = &format->superblock.geometry;

	*plan = (struct csum_format_plan){
		.geometry = *geometry,
		.checksum_type = format->options.checksum_type,
		.data_device = format->data_path,
		.metadata_device = csum_format_metadata_path(format),
		.write_bytes = csum_make_bytes(geometry, format->options.wipe),
		.uncovered_bytes = geometry->external ? geometry->data_device_bytes % geometry->sector_size : 0,
		.physical_sector_size = format->physical_sector_size,
		.sector_size_from_device = format->sector_size_from_device,
	};
	plan->estimated_seconds = estimate_seconds(format, plan->write_bytes);
	memcpy(plan->uuid, format->superblock.uuid, sizeof(plan->uuid));
}

static int wipe_signatures(const struct csum_format *format)
{
	int error = 0;

	if (!format->options.force || format->created)
		return 0;
	error = csum_wipe_signatures(&format->handlers, format->metadata);
	if (!error && format->options.wipe && format->data != format->metadata)
		error = csum_wipe_signatures(&format->handlers, format->data);
	return error;
}

int csum_format_run(struct csum_format *format)
{
	const struct csum_make make = {
		.handlers = format->handlers,
		.data = format->data,
		.metadata = format->metadata,
		.superblock = format->superblock,
		.wipe = format->options.wipe,
		.threads = CSUM_IO_THREADS,
		.old_backup_offset_bytes = format->old_backup_offset_bytes,
	};
	int error;

	if (!format->metadata)
		return csum_format_refuse(format, -EINVAL, csum_format_metadata_path(format),
					  "a dry run cannot be run");
	error = wipe_signatures(format);
	if (!error)
		error = csum_make_write(&make);
	format->finished = !error;
	return error;
}

int csum_format_free(struct csum_format *format)
{
	int error = 0;

	if (!format)
		return 0;
	error = csum_device_close(format->data);
	if (format->metadata != format->data) {
		int metadata_error = csum_device_close(format->metadata);

		error = error ? error : metadata_error;
	}
	if (error)
		csum_report_error(&format->handlers, error, csum_format_metadata_path(format), "closing the device");
	if (format->created && !format->finished)
		unlink(csum_format_metadata_path(format));
	free(format->data_path);
	free(format->metadata_path);
	free(format);
	return error;
}
