/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the command scrub, and its summary. */
#ifndef CSUMTOOL_SHOW_SCRUB_H
#define CSUMTOOL_SHOW_SCRUB_H

#include "show/report.h"

struct scrubbing {
	struct report *report;
	const char *metadata; /* as typed, or NULL */
	struct csum_scrub_options how;
	uint32_t sector_size, sectors_per_group;
	enum csum_checksum_type checksum;
	bool whole; /* every sector of the volume, and its data */
	char *undo_directory; /* that undo files go to, or NULL */
	const char *undo_dir_given; /* as typed, or NULL */
	char *undo_made; /* the file there, or NULL: none was needed */
	uint64_t weak_sectors; /* healed by a 32-bit checksum */
	struct csum_scrub_result result;
	double seconds;
};

/* Bad sectors that the earlier parts of a scrub left which this run completed. */
uint64_t scrub_left_earlier(const struct scrubbing *scrubbing, int error);

/* For people, on stdout: what was looked at, found and done, how far it came, and what to do next. */
void scrub_print_summary(const struct scrubbing *scrubbing, int error);
json_t *scrub_summary_json(const struct scrubbing *scrubbing, int error);

#endif
