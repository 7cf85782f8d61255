/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of csum_dump(): the groups of a volume, whose geometry may have been carved. */
#ifndef CSUM_DUMP_H
#define CSUM_DUMP_H

#include "volume/scan.h"

/*
 * csum_dump() on open devices: takes them over (data == metadata when that is the only one), and closes them on
 * error too. threads: as for csum_io_create().
 */
int csum_dump_devices(const struct csum_handlers *handlers, struct csum_device *data, struct csum_device *metadata,
		      unsigned int threads, const struct csum_dump_options *options) CSUM_MUST_CHECK;

/* A range in whole groups, from the options of a dump. */
struct csum_dump_range {
	uint64_t first_group, group_count;
};

/* Resolves CSUM_TO_END and offsets; -EINVAL, reported, when it is not inside the volume. */
int csum_dump_resolve_range(const struct csum_volume *volume, const struct csum_dump_options *options,
			    struct csum_dump_range *range) CSUM_MUST_CHECK;

/* A scan, to be completed, over the data sectors of the range whose metadata is on the device. */
struct csum_scan_options csum_dump_present(const struct csum_volume *volume, const struct csum_dump_range *range);

/*
 * Calls options->group for the groups of the range; where the device was cut short, a warning says so. Errors:
 * of the callback and of csum_scan().
 */
int csum_dump_groups(struct csum_volume *volume, const struct csum_dump_options *options,
		     const struct csum_dump_range *range) CSUM_MUST_CHECK;

/*
 * For a volume whose checksum type is not known: sets it to the one that written sectors of the range match;
 * with a warning to `fallback` when they match none. Errors of csum_scan().
 */
int csum_dump_find_checksum_type(struct csum_volume *volume, const struct csum_dump_range *range,
				 enum csum_checksum_type fallback) CSUM_MUST_CHECK;

#endif
