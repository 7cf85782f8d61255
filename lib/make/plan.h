/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A format between csum_format_prepare() and csum_format_free(). */
#ifndef CSUM_MAKE_PLAN_H
#define CSUM_MAKE_PLAN_H

#include "csum.h"
#include "device/device.h"
#include "ondisk/superblock.h"

struct csum_format {
	struct csum_handlers handlers;
	struct csum_format_options options;
	char *data_path, *metadata_path; /* resolved; metadata_path NULL when internal */
	struct csum_device *data, *metadata; /* the same when internal; NULL in a dry run that would create them */
	bool created; /* the file with the metadata; removed unless finished */
	bool finished;
	bool sector_size_from_device;
	uint64_t metadata_bytes, data_bytes; /* sizes of the devices, also where they would be created */
	uint32_t physical_sector_size, atomic_write_size; /* of the device with the data, see device/device.h */
	struct csum_superblock superblock;
	uint64_t old_backup_offset_bytes;
	uint64_t read_bytes, read_microseconds;
};

/* The path of the device, or of the file to be created, that holds the metadata. */
static inline const char *csum_format_metadata_path(const struct csum_format *format)
{
	return format->metadata_path ? format->metadata_path : format->data_path;
}

/* Reports a refusal that needs no numbers; returns `error`. */
int csum_format_refuse(const struct csum_format *format, int error, const char *device, const char *text);

/*
 * Opens the devices to be formatted, or creates the file, and chooses sector size and interleave where the options
 * leave them open. On error a created file is left to csum_format_free().
 */
int csum_format_open(struct csum_format *format) CSUM_MUST_CHECK;

#endif
