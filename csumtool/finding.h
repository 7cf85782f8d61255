/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of check and read, for people and as JSON. */
#ifndef CSUMTOOL_FINDING_H
#define CSUMTOOL_FINDING_H

#include <stdio.h>

#include "report.h"

/* One line: kind, place in data space, place on the device, and what is wrong. */
void finding_print(FILE *out, const struct csum_finding *finding, uint32_t sector_size);
json_t *finding_json(const struct csum_finding *finding, uint32_t sector_size);

/* "A", "B" or "C". */
const char *slot_name(enum csum_slot slot);

#endif
