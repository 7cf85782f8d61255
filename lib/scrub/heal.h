/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The right content of a bad sector, from wherever its entry confirms it. */
#ifndef CSUM_SCRUB_HEAL_H
#define CSUM_SCRUB_HEAL_H

#include "scrub/bad.h"
#include "scrub/scrub.h"

/* Adjacent bad sectors more than which are no bit flips. */
#define CSUM_SCRUB_ADJACENT_MAX 64u

/* NULL: no memory. */
struct csum_scrub_healing *csum_scrub_heal_create(void) CSUM_MUST_CHECK;
void csum_scrub_heal_free(struct csum_scrub_healing *healing); /* NULL is allowed */

/*
 * Makes what decodes checksums, if it is of use, and opens the replicas. The guard has been asked. Errors are reported.
 */
int csum_scrub_heal_begin(struct csum_scrub *scrub) CSUM_MUST_CHECK;

/* Whether a sector may be healed by this of enum csum_heal. */
bool csum_scrub_heal_may(const struct csum_scrub *scrub, enum csum_heal way);
/* What tells which bad sectors are near their content; NULL with checksums that cannot. */
const struct csum_healer *csum_scrub_heal_decoder(const struct csum_scrub *scrub);

/* Puts the content that the entry confirms into `data`, and where it came from into *outcome. false: none. */
bool csum_scrub_heal_from_replica(struct csum_scrub *scrub, uint64_t sector, uint64_t entry, uint8_t *data,
				  struct csum_outcome *outcome);
/* data: what the sector holds now; put right in place. */
bool csum_scrub_heal_bits(struct csum_scrub *scrub, uint64_t entry, uint8_t *data, struct csum_outcome *outcome);
/* All ways, in their order, as far as the guard permits. */
bool csum_scrub_heal(struct csum_scrub *scrub, const struct csum_scrub_bad *bad, uint8_t *data,
		     struct csum_outcome *outcome);

#endif
