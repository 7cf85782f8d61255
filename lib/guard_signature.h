/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What signatures say where it is not known that all was written by us: garbage looks like some of these, so they are not
 * asked before. (doc/guard.md: Signatures)
 */
#ifndef CSUM_GUARD_SIGNATURE_H
#define CSUM_GUARD_SIGNATURE_H

#include "guard_structure.h"

enum { CSUM_GUARD_STRUCTURES = 3 }; /* that may be at a place: ext, btrfs, XFS */

/*
 * Whether a signature, which the places have been asked for, is new, has changed or was wiped; the clause, of
 * CSUM_GUARD_CLAUSE_SIZE, says which. structures: CSUM_GUARD_STRUCTURES for each place. Errors as csum_guard_view_read().
 */
int csum_guard_signatures(struct csum_guard_look *look, const struct csum_guard_places *places,
			  const struct csum_guard_structure *structures, enum csum_guard_answer *answer,
			  char *clause) CSUM_MUST_CHECK;

/* Adds where signatures lie that were recorded, are not found any more, and were not replaced by ourselves. */
int csum_guard_signatures_gone(struct csum_guard_look *look, const struct csum_guard_places *places,
			       struct csum_guard_ranges *gone) CSUM_MUST_CHECK;

#endif
