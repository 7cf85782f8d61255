/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_format_*(): what a new volume will be, and whether it may be made where it is asked for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "device_facts.h"
#include "io.h"
#include "layout.h"
#include "mkvolume.h"
#include "mkvolume_blank.h"
#include "report.h"

/* Bytes a second where reading did not tell, and the most that is believed of it. */
#define ASSUMED_RATE UINT64_C(400000000)
#define ROTATIONAL_RATE UINT64_C(150000000)
#define SEEKS_PER_SECOND 60u

struct csum_format {
	struct csum_handlers handlers;
	struct csum_format_options options;
	char *data_path, *metadata_path; /* resolved; metadata_path NULL when internal */
	struct csum_device *data, *metadata; /* the same when internal; NULL in a dry run that would create them */
	bool created; /* the file with the metadata; removed unless finished */
	bool finished;
	bool sector_size_from_device;
	uint64_t metadata_bytes, data_bytes; /* sizes of the devices, or what they would be */
	uint32_t physical_sector_size;
	struct csum_superblock superblock;
	uint64_t old_backup_offset_bytes;
	uint64_t read_bytes, read_microseconds;
};

static const char *metadata_path(const struct csum_format *format)
{
	return format->metadata_path ? format->metadata_path : format->data_path;
}

static bool creates(const struct csum_format *format)
{
	return format->options.create_bytes || format->options.create_data_bytes;
}

static int refuse(const struct csum_format *format, int error, const char *device, const char *text)
{
	return csum_report_refusal(&format->handlers, error, device, "%s", text);
}

/* ------------------------------------------------------------------ sector size */

/* The physical sector size under a file that does not exist yet is that of its directory. */
static uint32_t directory_sector_size(const char *path)
{
	struct csum_topology topology = { 0 };
	char *copy = strdup(path);
	struct stat status;

	if (copy && stat(dirname(copy), &status) == 0)
		csum_device_topology(&csum_system_roots_default, status.st_dev, &topology);
	free(copy);
	return topology.physical_sector_size;
}

/* Chosen by the device with the data: it is data sectors that must be written atomically. */
static void choose_sector_size(struct csum_format *format)
{
	const struct csum_device *data = format->data;

	format->physical_sector_size = data ? data->physical_sector_size : directory_sector_size(format->data_path);
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
		return csum_report_refusal(&format->handlers, -EINVAL, device->name,
					   "sectors of %" PRIu32
					   " bytes are below the device's physical sectors of %" PRIu32
					   ": a crash could tear several at once; --force does it all the same",
					   sector_size, device->physical_sector_size);
	if (device->alignment_offset_bytes)
		return csum_report_refusal(&format->handlers, -EINVAL, device->name,
					   "is not aligned to its physical sectors (by %" PRIu64
					   " bytes); --force does it "
					   "all the same",
					   device->alignment_offset_bytes);
	return 0;
}

/* ------------------------------------------------------------------ creating a file */

static int sync_directory(const char *path)
{
	char *copy = strdup(path);
	int descriptor, error = 0;

	if (!copy)
		return -ENOMEM;
	descriptor = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0 || fsync(descriptor) != 0)
		error = -errno;
	if (descriptor >= 0)
		close(descriptor);
	free(copy);
	return error;
}

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
		return refuse(format, -EFBIG, metadata_path(format), "so large a file is not possible");
	return 0;
}

static int create_file(struct csum_format *format)
{
	const char *path = metadata_path(format);
	struct stat status;
	int descriptor, error = 0;

	if (format->options.dry_run) {
		if (lstat(path, &status) == 0)
			return csum_report_error(&format->handlers, -EEXIST, path, "creating the file");
		return 0;
	}
	descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (descriptor < 0)
		return csum_report_error(&format->handlers, -errno, path, "creating the file");
	format->created = true;
	if (ftruncate(descriptor, (off_t)format->metadata_bytes) != 0)
		error = -errno;
	if (close(descriptor) != 0 && !error)
		error = -errno;
	if (!error)
		error = sync_directory(path);
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
		error = open_device(format, metadata_path(format), true, &format->metadata);
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

/* ------------------------------------------------------------------ what is there */

static int look_at_metadata(struct csum_format *format)
{
	struct csum_found found;
	int error;

	if (!format->metadata || format->created)
		return 0;
	error = csum_mkvolume_look(&format->handlers, format->metadata, &found);
	if (error)
		return error;
	format->old_backup_offset_bytes = found.backup_offset_bytes;
	format->read_bytes = found.read_bytes;
	format->read_microseconds = found.read_microseconds;
	if (!found.text[0] || format->options.force)
		return 0;
	return csum_report_refusal(&format->handlers, -EEXIST, format->metadata->name,
				   "is not blank: %s; --force formats it all the same", found.text);
}

/* Everything on the data device will read as zeros, whether it is wiped or not. */
static int look_at_data(struct csum_format *format)
{
	struct csum_found found;
	int error;

	if (!format->metadata_path)
		return 0;
	error = csum_mkvolume_look(&format->handlers, format->data, &found);
	if (error || !found.text[0])
		return error;
	if (found.internal_volume && !format->options.wipe)
		return csum_report_refusal(&format->handlers, -EEXIST, format->data->name,
					   "holds a volume of its own: %s; --force with --wipe clears it", found.text);
	if (!format->options.force)
		return csum_report_refusal(&format->handlers, -EEXIST, format->data->name,
					   "is not blank: %s; as data of a new volume all of it would read as zeros; "
					   "--force does it all the same",
					   found.text);
	return 0;
}

/* ------------------------------------------------------------------ the superblock to be */

static int random_bytes(const struct csum_format *format, uint8_t *bytes, size_t size)
{
	if (getrandom(bytes, size, 0) != (ssize_t)size)
		return csum_report_error(&format->handlers, -errno, NULL, "getting random bytes");
	return 0;
}

/* A random (version 4) UUID as of RFC 4122. */
static int choose_uuid(struct csum_format *format)
{
	uint8_t *uuid = format->superblock.uuid;
	int error;

	if (format->options.uuid) {
		memcpy(uuid, format->options.uuid, CSUM_UUID_SIZE);
		return 0;
	}
	error = random_bytes(format, uuid, CSUM_UUID_SIZE);
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return error;
}

static int choose_seed(struct csum_format *format)
{
	struct csum_superblock *superblock = &format->superblock;

	if (format->options.uuid && format->options.created_given) {
		memcpy(superblock->seed, superblock->uuid, sizeof(superblock->seed));
		return 0;
	}
	return random_bytes(format, superblock->seed, sizeof(superblock->seed));
}

static int derive_geometry(struct csum_format *format)
{
	bool external = format->metadata_path != NULL;
	int error = csum_layout_derive(format->options.sector_size, format->options.interleave, external,
				       format->metadata_bytes, external ? format->data_bytes : 0,
				       &format->superblock.geometry);

	if (error == -ENOSPC && external)
		return csum_report_refusal(&format->handlers, -ENOSPC, format->metadata_path,
					   "%" PRIu64 " bytes are too small for the metadata of %s (%" PRIu64 " bytes)",
					   format->metadata_bytes, format->data_path, format->data_bytes);
	if (error == -ENOSPC)
		return csum_report_refusal(&format->handlers, -ENOSPC, format->data_path,
					   "%" PRIu64 " bytes are too small for a volume", format->metadata_bytes);
	if (error)
		return csum_report_refusal(&format->handlers, error, metadata_path(format),
					   "no volume is possible with these sizes");
	return 0;
}

static int build_superblock(struct csum_format *format)
{
	const struct csum_format_options *options = &format->options;
	struct csum_superblock *superblock = &format->superblock;
	int error = derive_geometry(format);

	if (!error)
		error = choose_uuid(format);
	if (!error)
		error = choose_seed(format);
	if (error)
		return error;
	superblock->checksum_type = options->checksum_type;
	superblock->features_incompat = format->metadata_path ? CSUM_INCOMPAT_EXTERNAL : 0;
	superblock->created = options->created_given ? options->created : (uint64_t)time(NULL);
	superblock->journal_offset = CSUM_JOURNAL_OFFSET;
	superblock->journal_size = CSUM_JOURNAL_SIZE;
	superblock->clusters_offset = CSUM_CLUSTERS_OFFSET;
	superblock->physical_sector_size = format->physical_sector_size;
	if (options->label)
		strncpy(superblock->label, options->label, sizeof(superblock->label) - 1);
	if (format->metadata_path)
		csum_device_identity(format->data, superblock->data_identity);
	return 0;
}

/* ------------------------------------------------------------------ public */

static int check_options(struct csum_format *format)
{
	const struct csum_format_options *options = &format->options;
	const char *path = metadata_path(format);

	if (options->sector_size && !csum_layout_sector_size_ok(options->sector_size))
		return refuse(format, -EINVAL, path, "the sector size is neither 512 nor 4096");
	if (options->interleave > CSUM_INTERLEAVE_MAX)
		return refuse(format, -EINVAL, path, "the interleave is too large");
	if (!csum_checksum_name(options->checksum_type))
		return refuse(format, -EINVAL, path, "unknown checksum type");
	if (options->label && strlen(options->label) >= CSUM_LABEL_SIZE)
		return refuse(format, -EINVAL, path, "the label is too long");
	if (format->metadata_path && options->create_data_bytes)
		return refuse(format, -EINVAL, path, "the amount of data is that of the data device");
	return 0;
}

static int prepare(struct csum_format *format)
{
	int error = check_options(format);

	if (!error)
		error = open_data(format);
	if (error)
		return error;
	choose_sector_size(format);
	if (!format->options.interleave)
		format->options.interleave = csum_layout_default_interleave(format->options.sector_size);
	error = open_metadata(format);
	if (!error)
		error = set_units(format);
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
		.metadata_device = metadata_path(format),
		.write_bytes = csum_mkvolume_bytes(geometry, format->options.wipe),
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
	const struct csum_mkvolume make = {
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
		return refuse(format, -EINVAL, metadata_path(format), "a dry run cannot be run");
	error = wipe_signatures(format);
	if (!error)
		error = csum_mkvolume(&make);
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
		csum_report_error(&format->handlers, error, metadata_path(format), "closing the device");
	if (format->created && !format->finished)
		unlink(metadata_path(format));
	free(format->data_path);
	free(format->metadata_path);
	free(format);
	return error;
}
