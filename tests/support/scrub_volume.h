/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of scrub: a volume that the library made and filled, on disks in memory, for the test to damage. */
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

/* Each data sector has its own content, but every seventh is unwritten, sector 1 is zeros, and sector 2 is 0x55. */
struct scrub_volume {
	struct recorder recorder;
	struct memory_disk disks[2];
	struct memory_disk *data, *metadata; /* point into disks; equal when internal */
	struct csum_geometry geometry;
	uint8_t *original[2]; /* the disks after filling */
	char *directory; /* for the files of a test */
	char *replica; /* a file in `directory`, once made */
	/* Results of the last scrub. */
	struct csum_scrub_result result;
	struct csum_finding findings[SCRUB_VOLUME_FINDINGS]; /* the first findings; their strings are not valid */
	char how[SCRUB_VOLUME_FINDINGS][80];
	size_t finding_count;
	uint64_t done_sectors, cancelling_sector;
};

extern struct scrub_volume scrub_volume;

extern const struct scrub_volume_shape scrub_volume_usual; /* S = 512, K = 3, internal, crc64 */

void scrub_volume_start(const struct scrub_volume_shape *shape);
void scrub_volume_stop(void);
int scrub_volume_set_up(void **state); /* sets up the usual shape */
int scrub_volume_tear_down(void **state);

/* Return places in memory, and an offset. */
uint8_t *scrub_volume_sector(uint64_t data_sector);
uint8_t *scrub_volume_imd(uint64_t group, int copy);
uint64_t scrub_volume_offset(uint64_t data_sector); /* in bytes, on the data disk */
/* Returns the content that a sector held at first. */
const uint8_t *scrub_volume_original(uint64_t data_sector);
/* Damage sectors (S = 512): one puts garbage there, the other puts the content of `data_sector` into `place`. */
void scrub_volume_garbage(uint64_t data_sector);
void scrub_volume_put(uint64_t place, uint64_t data_sector);

/* Makes a raw image of the original data space; returns its path. */
const char *scrub_volume_make_replica(void);

/*
 * Cancels once all before that data sector is done, by the progress of a scrub or check without a callback of its own.
 * Counting the calls of cancelled() would not do: a scrub also asks while it sleeps for its rate, and on a slow machine
 * it does not sleep.
 */
void scrub_volume_cancel_at(uint64_t data_sector);

struct csum_volume *scrub_volume_open(bool repair);
struct csum_volume *scrub_volume_open_to_read(void);
/* Prepares to open a volume for reading, and stops before anything is read. */
struct csum_volume *scrub_volume_prepare_to_read(void);
/* Scrubs; options NULL: the defaults. Returns the first error of opening, scrubbing or closing. */
int scrub_volume_run(const struct csum_scrub_options *options);
/* Asserts that the damage is gone: data sectors hold their original content, and a check finds nothing. */
void assert_healed(void);
/* Asserts that every written data sector holds its original content. */
void assert_original_data(void);
/* Checks the volume, and returns the number of errors. */
uint64_t scrub_volume_check(struct csum_totals *totals);
/* Checks with these options; returns errors as scrub_volume_run() does. */
int scrub_volume_check_with(const struct csum_check_options *options, struct csum_totals *totals);

/* Asserts that there is exactly one finding, of that kind, on that sector. */
const struct csum_finding *assert_one_finding(enum csum_finding_kind kind, uint64_t first_sector,
					      enum csum_disposition disposition, const char *how);

#endif
