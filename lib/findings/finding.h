/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the two files behind finder.h: counts findings with their outcome, and reports them. */
#ifndef CSUM_FINDINGS_FINDING_H
#define CSUM_FINDINGS_FINDING_H

#include "findings/finder.h"

extern const struct csum_outcome csum_outcome_left; /* nothing was tried */

void csum_finding_count(struct csum_finder *finder, enum csum_finding_kind kind, uint64_t number,
			const struct csum_outcome *outcome);
void csum_finding_report(struct csum_finder *finder, const struct csum_finding *finding);
void csum_finding_put_outcome(struct csum_finding *finding, const struct csum_outcome *outcome);
/* Whether a finding for the next sector or group can be joined to the one held back, as far as the outcome goes. */
bool csum_finding_same_outcome(const struct csum_finding *held, const struct csum_outcome *outcome);
void csum_finding_flush_imd(struct csum_finder *finder);

#endif
