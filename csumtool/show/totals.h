/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What check and scrub counted, for people and as JSON. */
#ifndef CSUMTOOL_SHOW_TOTALS_H
#define CSUMTOOL_SHOW_TOTALS_H

#include "show/report.h"

/* Data sectors that verified, and all that a verdict was reached on. */
uint64_t totals_right(const struct csum_totals *totals);
uint64_t totals_seen(const struct csum_totals *totals);
/* False when it failed at once: there is nothing to sum up. */
bool totals_anything(const struct csum_totals *totals);

/*
 * Of counts by kind, those of the kinds that are errors, or those of the others, after `before` on stdout:
 * "3 mismatch, 1 stale". Nothing at all when all are 0.
 */
void totals_print_kinds(const uint64_t counts[CSUM_FINDING_KINDS], bool errors, const char *before);
/* Bit 1 << kind of each kind with a count. */
unsigned int totals_kinds(const uint64_t counts[CSUM_FINDING_KINDS]);

/* Kinds of findings on data sectors that are bad. */
#define TOTALS_BAD_DATA \
	(1u << CSUM_MISMATCH | 1u << CSUM_ZEROED | 1u << CSUM_STALE | 1u << CSUM_MISPLACED | 1u << CSUM_UNREADABLE)

/* Advice on what others wrote, or may have; the same wherever it is found. */
#define TOTALS_ADVICE_REWRITTEN                                                                        \
	{                                                                                              \
		"Sectors called rewritten are left until you decide. To keep what they hold now:\n"    \
		"mount the data no more, take it with 'csumtool read --on-error=raw' to a file, and\n" \
		"write that with 'csumtool write --allow=rewritten'. Where nobody wrote,\n"            \
		"'csumtool scrub --allow=rewritten' puts the recorded content back.",                  \
			1u << CSUM_REWRITTEN                                                           \
	}

/* What to do where one of the kinds is among those found. */
struct advice {
	const char *text;
	unsigned int kinds;
};

void totals_advise(const struct advice *advice, size_t count, unsigned int found);

/* The lines on what was looked at, and how fast. */
void totals_print(const struct csum_totals *totals, uint32_t sector_size, bool metadata_only, double seconds);

/* Members of a summary object; an object of counts by kind. */
json_t *totals_json(const struct csum_totals *totals);
json_t *totals_kinds_json(const uint64_t counts[CSUM_FINDING_KINDS]);

#endif
