/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show/totals.h"

#include <inttypes.h>
#include <stdio.h>

#include "show/text.h"

uint64_t totals_right(const struct csum_totals *totals)
{
	return totals->sectors_verified + totals->sectors_interrupted;
}

uint64_t totals_seen(const struct csum_totals *totals)
{
	return totals_right(totals) + totals->sectors_unwritten + totals->sectors_bad;
}

bool totals_anything(const struct csum_totals *totals)
{
	return totals_seen(totals) || totals->imd_verified || totals->errors;
}

void totals_print_kinds(const uint64_t counts[CSUM_FINDING_KINDS], bool errors, const char *before)
{
	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++) {
		if (!counts[kind] || csum_finding_is_error((enum csum_finding_kind)kind) != errors)
			continue;
		printf("%s%" PRIu64 " %s", before, counts[kind], csum_finding_name((enum csum_finding_kind)kind));
		before = ", ";
	}
}

unsigned int totals_kinds(const uint64_t counts[CSUM_FINDING_KINDS])
{
	unsigned int kinds = 0;

	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++) {
		if (counts[kind])
			kinds |= 1u << kind;
	}
	return kinds;
}

void totals_advise(const struct advice *advice, size_t count, unsigned int found)
{
	for (size_t i = 0; i < count; i++) {
		if (found & advice[i].kinds)
			printf("%s\n", advice[i].text);
	}
}

void totals_print(const struct csum_totals *totals, uint32_t sector_size, bool metadata_only, double seconds)
{
	/* Bytes that were read to reach those verdicts. */
	uint64_t bytes = (totals_right(totals) + totals->sectors_bad + totals->imd_verified) * sector_size;
	char duration[TEXT_MAX], rate[TEXT_MAX];

	text_duration(duration, seconds);
	if (metadata_only) {
		printf("%" PRIu64 " imd sectors right; data not looked at; in %s\n", totals->imd_verified, duration);
		return;
	}
	printf("%" PRIu64 " data sectors: %" PRIu64 " right, %" PRIu64 " unwritten, %" PRIu64 " bad\n",
	       totals_seen(totals), totals_right(totals), totals->sectors_unwritten, totals->sectors_bad);
	if (totals->sectors_interrupted)
		printf("of the right ones %" PRIu64 " hold what an interrupted write left\n",
		       totals->sectors_interrupted);
	printf("%" PRIu64 " imd sectors right; in %s", totals->imd_verified, duration);
	if (bytes)
		printf(", %s", text_rate(rate, bytes, seconds));
	putchar('\n');
}

json_t *totals_kinds_json(const uint64_t counts[CSUM_FINDING_KINDS])
{
	json_t *kinds = json_object();

	for (int kind = 0; kind < CSUM_FINDING_KINDS; kind++)
		json_object_set_new(kinds, csum_finding_name((enum csum_finding_kind)kind), report_count(counts[kind]));
	return kinds;
}

json_t *totals_json(const struct csum_totals *totals)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "verdict", csum_guard_verdict_name(totals->guard),
			 "reason", report_text(totals->guard_reason), "sectors_verified",
			 report_count(totals->sectors_verified), "sectors_unwritten",
			 report_count(totals->sectors_unwritten), "sectors_bad", report_count(totals->sectors_bad),
			 "sectors_interrupted", report_count(totals->sectors_interrupted), "sectors_transient",
			 report_count(totals->sectors_transient), "imd_verified", report_count(totals->imd_verified),
			 "errors", report_count(totals->errors), "findings", totals_kinds_json(totals->findings));
}
