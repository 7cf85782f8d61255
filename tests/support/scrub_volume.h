/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of scrub: a volume that the library made and filled, on devices in memory, to be damaged. */
#ifndef CSUM_TEST_SUPPORT_SCRUB_VOLUME_H
#define CSUM_TEST_SUPPORT_SCRUB_VOLUME_H

#include "support/device_helpers.h"
#include "support/memory_disk.h"
#include "volume/volume.h"

enum { SCRUB_VOLUME_FINDINGS = 256 };

struct scrub_volume_shape {
	uint32_t sector_size, interleave;
	bool external;
	enum csum_checksum_type checksum_type;
	uint64_t data_sectors;
};

/* Data sector n has content of its own, but every seventh is unwritten, and sectors 1, 2 are zeros, all 0x55. */
struct scrub_volume {
	struct recorder recorder;
	struct memory_disk disks[2];
	struct memory_disk *data, *metadata; /* of disks; the same one when internal */
	struct csum_geometry geometry;
	uint8_t *original[2]; /* the disks as they were filled */
	char *directory; /* for files */
	char *replica; /* a file there, once made */
	/* Of the last scrub. */
	struct csum_scrub_result result;
	struct csum_finding findings[SCRUB_VOLUME_FINDINGS]; /* the first ones; strings are not valid */
	char how[SCRUB_VOLUME_FINDINGS][80];
	size_t finding_count;
	uint64_t cancelling_sector;
};

extern struct scrub_volume scrub_volume;

extern const struct scrub_volume_shape scrub_volume_usual; /* S = 512, K = 3, internal, crc64 */

void scrub_volume_start(const struct scrub_volume_shape *shape);
void scrub_volume_stop(void);
int scrub_volume_set_up(void **state); /* of the usual shape */
int scrub_volume_tear_down(void **state);

/* Where things lie in memory. */
uint8_t *scrub_volume_sector(uint64_t data_sector);
uint8_t *scrub_volume_imd(uint64_t group, int copy);
uint64_t scrub_volume_offset(uint64_t data_sector); /* on the data disk */
/* What a sector held at first. */
const uint8_t *scrub_volume_original(uint64_t data_sector);
/* Damage (S = 512): garbage over a sector; over `place` what `data_sector` held. */
void scrub_volume_garbage(uint64_t data_sector);
void scrub_volume_put(uint64_t place, uint64_t data_sector);

/* A raw image of the original data space. */
const char *scrub_volume_make_replica(void);

/*
 * Cancels once that data sector has been read, when the batch before its own is visited. Not after a number of
 * questions: a scrub also asks while it sleeps for its rate, which a slow machine does not.
 */
void scrub_volume_cancel_once_read(uint64_t data_sector);

struct csum_volume *scrub_volume_open(bool repair);
struct csum_volume *scrub_volume_open_to_read(void);
/* The same before anything is read. */
struct csum_volume *scrub_volume_prepare_to_read(void);
/* Scrubs; defaults where options are NULL. The error of opening, scrubbing or closing: the first. */
int scrub_volume_run(const struct csum_scrub_options *options);
/* Damage is gone: data sectors are as they were, and a check finds nothing. */
void assert_healed(void);
/* Every written data sector is as it was. */
void assert_original_data(void);
/* What a check finds: errors. */
uint64_t scrub_volume_check(struct csum_totals *totals);
/* Checks as scrub_volume_run() scrubs. */
int scrub_volume_check_with(const struct csum_check_options *options, struct csum_totals *totals);

/* Exactly one finding, of that kind, on that sector. */
const struct csum_finding *assert_one_finding(enum csum_finding_kind kind, uint64_t first_sector,
					      enum csum_disposition disposition, const char *how);

#endif
