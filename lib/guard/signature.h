/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What signatures say where it is not known that all was written by us: garbage looks like some of these, so they are not
 * asked before. (doc/guard.md: Signatures)
 */
#ifndef CSUM_GUARD_SIGNATURE_H
#define CSUM_GUARD_SIGNATURE_H

#include "guard/structure.h"

enum { CSUM_GUARD_STRUCTURES = 3 }; /* that may be at a place: ext, btrfs, XFS */

/*
 * Whether a signature, which the places have been asked for, is new, has changed or was wiped; the clause, of
 * CSUM_GUARD_CLAUSE_SIZE, says which. structures: CSUM_GUARD_STRUCTURES for each place. Errors as csum_guard_view_read().
 */
int csum_guard_signatures(struct csum_guard_look *look, const struct csum_guard_places *places,
			  const struct csum_guard_structure *structures, enum csum_guard_answer *answer,
			  char *clause) CSUM_MUST_CHECK;

/*
 * Of the signatures that are recorded and not found any more: which of them we have replaced by our own writes; *gone
 * becomes where the others lay.
 */
int csum_guard_signatures_lost(struct csum_guard_look *look, struct csum_guard_places *places,
			       struct csum_guard_ranges *gone) CSUM_MUST_CHECK;

#endif
