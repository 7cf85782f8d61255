/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of check, read and scrub, for people and as JSON. */
#ifndef CSUMTOOL_SHOW_FINDING_H
#define CSUMTOOL_SHOW_FINDING_H

#include <stdio.h>

#include "show/report.h"

/* Prints one line: kind, place in data space, place on the device, and what is wrong. */
void finding_print(FILE *out, const struct csum_finding *finding, uint32_t sector_size);
json_t *finding_json(const struct csum_finding *finding, uint32_t sector_size);
/* The forms of a scrub add the outcome. The checksum type tells how much healing from the checksum is worth. */
void finding_print_scrubbed(FILE *out, const struct csum_finding *finding, uint32_t sector_size,
			    enum csum_checksum_type checksum);
json_t *finding_json_scrubbed(const struct csum_finding *finding, uint32_t sector_size,
			      enum csum_checksum_type checksum);
/* Whether a repair rests on a 32-bit checksum, which wrong content may match by chance. */
bool finding_is_weak(const struct csum_finding *finding, enum csum_checksum_type checksum);
/* Prints "data sector 5 (offset 2560)" or "data sectors 5-6 (2 sectors, offset 2560)". */
void finding_print_sectors(FILE *out, uint64_t first, uint64_t count, uint32_t sector_size);

/* Returns "A", "B" or "C". */
const char *slot_name(enum csum_slot slot);

#endif
