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
	char *undo_directory; /* where undo files go, or NULL */
	const char *undo_dir_given; /* as typed, or NULL */
	char *undo_made; /* the undo file, or NULL: none was needed */
	uint64_t weak_sectors; /* sectors healed by a 32-bit checksum */
	struct csum_scrub_result result;
	double seconds;
};

/* Bad sectors that earlier runs left of a scrub that this run completed. */
uint64_t scrub_left_earlier(const struct scrubbing *scrubbing, int error);

/*
 * Prints for people, on stdout: sectors verified, findings, repairs, the progress of the run, and advice on next steps.
 */
void scrub_print_summary(const struct scrubbing *scrubbing, int error);
json_t *scrub_summary_json(const struct scrubbing *scrubbing, int error);

#endif
