/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Totals of check and scrub, for people and as JSON. */
#ifndef CSUMTOOL_SHOW_TOTALS_H
#define CSUMTOOL_SHOW_TOTALS_H

#include "show/report.h"

/* Data sectors that verified, and all data sectors with a verdict. */
uint64_t totals_right(const struct csum_totals *totals);
uint64_t totals_seen(const struct csum_totals *totals);
/* False when the command failed at once, and there is nothing to sum up. */
bool totals_anything(const struct csum_totals *totals);

/*
 * Prints the counts of kinds that are errors, or of the other kinds, after `before` on stdout: "3 mismatch, 1 stale".
 * Prints nothing when all are 0.
 */
void totals_print_kinds(const uint64_t counts[CSUM_FINDING_KINDS], bool errors, const char *before);
/* A mask with bit 1 << kind for each kind with a count. */
unsigned int totals_kinds(const uint64_t counts[CSUM_FINDING_KINDS]);

/* A mask of the kinds of findings on bad data sectors. */
#define TOTALS_BAD_DATA \
	(1u << CSUM_MISMATCH | 1u << CSUM_ZEROED | 1u << CSUM_STALE | 1u << CSUM_MISPLACED | 1u << CSUM_UNREADABLE)

/* Advice on sectors that others wrote, or may have; the same for every command. */
#define TOTALS_ADVICE_REWRITTEN                                                                        \
	{                                                                                              \
		"Sectors called rewritten are left until you decide. To keep what they hold now:\n"    \
		"mount the data no more, take it with 'csumtool read --on-error=raw' to a file, and\n" \
		"write that with 'csumtool write --allow=rewritten'. Where nobody wrote,\n"            \
		"'csumtool scrub --allow=rewritten' puts the recorded content back.",                  \
			1u << CSUM_REWRITTEN                                                           \
	}

/* Advice that is printed when one of the kinds was found. */
struct advice {
	const char *text;
	unsigned int kinds;
};

void totals_advise(const struct advice *advice, size_t count, unsigned int found);

/* Prints the lines on what was verified, and how fast. */
void totals_print(const struct csum_totals *totals, uint32_t sector_size, bool metadata_only, double seconds);

/* Members of a summary object; and an object of counts by kind. */
json_t *totals_json(const struct csum_totals *totals);
json_t *totals_kinds_json(const uint64_t counts[CSUM_FINDING_KINDS]);

#endif
