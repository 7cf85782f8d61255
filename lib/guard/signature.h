/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Evidence from signatures, where it is not known that all writes were ours. Otherwise they are not asked, as garbage
 * looks like some of them. (doc/guard.md: Signatures)
 */
#ifndef CSUM_GUARD_SIGNATURE_H
#define CSUM_GUARD_SIGNATURE_H

#include "guard/structure.h"

enum { CSUM_GUARD_STRUCTURES = 3 }; /* that may begin at a place: ext, btrfs, XFS */

/*
 * Whether a signature at one of the places is new, has changed or was wiped; the clause, of CSUM_GUARD_CLAUSE_SIZE,
 * says which one. csum_guard_places_ask() has been called. structures: CSUM_GUARD_STRUCTURES for each place. Errors as
 * csum_guard_view_read().
 */
int csum_guard_signatures(struct csum_guard_look *look, const struct csum_guard_places *places,
			  const struct csum_guard_structure *structures, enum csum_guard_answer *answer,
			  char *clause) CSUM_MUST_CHECK;

/*
 * For the signatures that are recorded and not found any more: notes which of them our own writes have replaced; the
 * places of the others are added to *gone.
 */
int csum_guard_signatures_lost(struct csum_guard_look *look, struct csum_guard_places *places,
			       struct csum_guard_ranges *gone) CSUM_MUST_CHECK;

#endif
