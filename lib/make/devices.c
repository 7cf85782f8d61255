/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a new volume: opened or created, and the sector size that suits them. */
#include "make/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/report.h"
#include "device/directory.h"
#include "device/system.h"
#include "device/topology.h"
#include "ondisk/layout.h"

static bool creates(const struct csum_format *format)
{
	return format->options.create_bytes || format->options.create_data_bytes;
}

int csum_format_refuse(const struct csum_format *format, int error, const char *device, const char *text)
{
	return csum_report_refusal(&format->handlers, error, device, "%s", text);
}

/* ------------------------------------------------------------------ sector size */

/* A file that does not exist yet will lie on the same device as its directory. */
static void learn_from_directory(struct csum_format *format)
{
	struct csum_topology topology = { 0 };
	char *copy = strdup(format->data_path);
	struct stat status;

	if (copy && stat(dirname(copy), &status) == 0)
		csum_device_topology(&csum_system_roots_default, status.st_dev, &topology);
	free(copy);
	format->physical_sector_size = topology.physical_sector_size;
	format->atomic_write_size = topology.atomic_write_size;
}

/* Chosen by the device with the data, as data sectors must be written atomically. */
static void choose_sector_size(struct csum_format *format)
{
	const struct csum_device *data = format->data;

	if (data) {
		format->physical_sector_size = data->physical_sector_size;
		format->atomic_write_size = data->atomic_write_size;
	} else {
		learn_from_directory(format);
	}
	if (format->options.sector_size)
		return;
	format->sector_size_from_device = format->physical_sector_size != 0;
	format->options.sector_size = format->physical_sector_size == 512 ? 512 : 4096;
}

static int check_sector_size(const struct csum_format *format, const struct csum_device *device)
{
	uint32_t sector_size = format->options.sector_size;

	if (!device || !device->is_block)
		return 0;
	if (device->logical_sector_size > sector_size)
		return csum_report_refusal(&format->handlers, -EINVAL, device->name,
					   "sectors of %" PRIu32
					   " bytes are below the device's logical sectors of %" PRIu32,
					   sector_size, device->logical_sector_size);
	if (format->options.force)
		return 0;
	if (device->physical_sector_size > sector_size)
		return csum_report_refusal_reason(&format->handlers, -EINVAL, CSUM_REASON_SECTORS_BELOW_PHYSICAL,
						  device->name,
						  "sectors of %" PRIu32
						  " bytes are below the device's physical sectors of %" PRIu32
						  ": a crash could tear several at once",
						  sector_size, device->physical_sector_size);
	if (device->alignment_offset_bytes)
		return csum_report_refusal_reason(&format->handlers, -EINVAL, CSUM_REASON_NOT_ALIGNED, device->name,
						  "is not aligned to its physical sectors (by %" PRIu64 " bytes)",
						  device->alignment_offset_bytes);
	return 0;
}

/*
 * A data sector of several physical ones may be written in part when the power fails. Several data sectors in one
 * physical one may be torn together: a device is refused then (above). A size that was not asked for is the best one.
 */
static void warn_sector_size(const struct csum_format *format)
{
	uint32_t sector_size = format->options.sector_size, physical = format->physical_sector_size;

	if (!physical || format->sector_size_from_device)
		return;
	if (sector_size > physical && sector_size > format->atomic_write_size)
		csum_report_warning_reason(
			&format->handlers, physical == 512 ? CSUM_REASON_SECTORS_ABOVE_512 : CSUM_REASON_NONE,
			format->data_path,
			"sectors of %" PRIu32 " bytes are above the device's physical sectors of %" PRIu32
			": a power cut in the middle of a write could leave a sector half written, which is bad then",
			sector_size, physical);
	if (sector_size < physical && !(format->data && format->data->is_block))
		csum_report_warning(&format->handlers, format->data_path,
				    "sectors of %" PRIu32
				    " bytes are below the physical sectors of the device under the file, of %" PRIu32
				    ": a crash could tear several at once",
				    sector_size, physical);
}

/* ------------------------------------------------------------------ creating a file */

static int size_to_create(struct csum_format *format)
{
	uint32_t sector_size = format->options.sector_size;
	uint64_t data_sectors = format->options.create_data_bytes / sector_size +
				(format->options.create_data_bytes % sector_size != 0);
	int error = 0;

	if (format->options.create_bytes)
		format->metadata_bytes = format->options.create_bytes;
	else
		error = csum_layout_device_bytes(sector_size, format->options.interleave, false, data_sectors,
						 &format->metadata_bytes);
	if (error || format->metadata_bytes > INT64_MAX)
		return csum_format_refuse(format, -EFBIG, csum_format_metadata_path(format),
					  "so large a file is not possible");
	return 0;
}

/* Whether creating the file would fail, as far as that can be told beforehand. */
static int try_create(const struct csum_format *format, const char *path)
{
	char *copy = strdup(path);
	struct stat status;
	int error = 0;

	if (!copy)
		error = -ENOMEM;
	else if (lstat(path, &status) == 0)
		error = -EEXIST;
	else if (access(dirname(copy), W_OK | X_OK) != 0)
		error = -errno;
	free(copy);
	return error ? csum_report_error(&format->handlers, error, path, "creating the file") : 0;
}

static int create_file(struct csum_format *format)
{
	const char *path = csum_format_metadata_path(format);
	int descriptor, error = 0;

	if (format->options.dry_run)
		return try_create(format, path);
	descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (descriptor < 0)
		return csum_report_error(&format->handlers, -errno, path, "creating the file");
	format->created = true;
	if (ftruncate(descriptor, (off_t)format->metadata_bytes) != 0)
		error = -errno;
	if (close(descriptor) != 0 && !error)
		error = -errno;
	if (!error)
		error = csum_directory_sync_name(path);
	if (error)
		return csum_report_error(&format->handlers, error, path, "creating a file of %" PRIu64 " bytes",
					 format->metadata_bytes);
	return 0;
}

/* ------------------------------------------------------------------ opening */

static int open_device(struct csum_format *format, const char *path, bool writable, struct csum_device **device)
{
	const struct csum_device_options options = {
		.writable = writable,
		.wait_ms = format->options.wait_ms,
		.unit_bytes = format->options.sector_size,
	};

	return csum_device_open(&format->handlers, path, &options, device);
}

static int check_distinct(const struct csum_format *format)
{
	if (!format->metadata_path || !format->data || !format->metadata ||
	    !csum_device_same(format->data, format->metadata))
		return 0;
	return csum_report_refusal(&format->handlers, -EINVAL, format->metadata_path,
				   "is the data device itself (%s), or shares its bytes", format->data_path);
}

/* A data device that is not wiped is not written: it is locked as a reader locks it. */
static int open_data(struct csum_format *format)
{
	int error;

	if (!format->metadata_path && creates(format))
		return 0;
	error = open_device(format, format->data_path, !format->metadata_path || format->options.wipe, &format->data);
	if (!error)
		format->data_bytes = format->data->size_bytes;
	return error;
}

static int open_metadata(struct csum_format *format)
{
	int error = 0;

	if (creates(format)) {
		error = size_to_create(format);
		if (!error)
			error = create_file(format);
		if (error || format->options.dry_run)
			return error;
	}
	if (!format->metadata_path && format->data)
		format->metadata = format->data;
	else
		error = open_device(format, csum_format_metadata_path(format), true, &format->metadata);
	if (error)
		return error;
	if (!format->metadata_path)
		format->data = format->metadata;
	format->metadata_bytes = format->metadata->size_bytes;
	return check_distinct(format);
}

/* The data device was perhaps opened before its sector size was known. */
static int set_units(struct csum_format *format)
{
	int error = 0;

	if (format->data)
		error = csum_device_set_unit(&format->handlers, format->data, format->options.sector_size);
	if (!error)
		error = check_sector_size(format, format->data);
	if (!error && format->metadata != format->data)
		error = check_sector_size(format, format->metadata);
	return error;
}

int csum_format_open(struct csum_format *format)
{
	int error = open_data(format);

	if (error)
		return error;
	choose_sector_size(format);
	if (!format->options.interleave)
		format->options.interleave = csum_layout_default_interleave(format->options.sector_size);
	error = open_metadata(format);
	if (!error)
		error = set_units(format);
	if (!error)
		warn_sector_size(format);
	return error;
}
