/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* csum_volume_open() behind the names, and its parts, for functions that do not open a volume as a whole. */
#ifndef CSUM_OPEN_H
#define CSUM_OPEN_H

#include "volume/volume.h"

/*
 * Takes over the devices (data == metadata when internal), which are closed on error too. threads: as for
 * csum_io_create().
 */
int csum_volume_open_devices(const struct csum_handlers *handlers, struct csum_device *data,
			     struct csum_device *metadata, bool writable, unsigned int threads,
			     struct csum_volume **volume) CSUM_MUST_CHECK;

/* The same for a scrub: writable, and flushed, but nothing is written yet. */
int csum_volume_open_for_repair(const struct csum_handlers *handlers, struct csum_device *data,
				struct csum_device *metadata, unsigned int threads,
				struct csum_volume **volume) CSUM_MUST_CHECK;

/*
 * Opens the devices that the names stand for; both outputs are the same one when metadata is NULL, and NULL on error.
 * csum_volume_prepare() makes a volume of them.
 */
int csum_volume_open_named(const struct csum_handlers *handlers, const char *data, const char *metadata,
			   const struct csum_open_options *options, struct csum_device **data_device,
			   struct csum_device **metadata_device) CSUM_MUST_CHECK;

/* Compares the devices with the superblock, which has been loaded, and sets their unit of I/O. */
int csum_volume_check_devices(struct csum_volume *volume) CSUM_MUST_CHECK;

#endif
