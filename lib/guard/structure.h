/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File systems whose structures have a checksum that we know, CRC-32C: the structures that every mount changes. A
 * program that writes through a file system also changes its superblock, at the mount or at its first commit; with XFS
 * its log or the headers of its allocation groups. (doc/guard.md: Witnesses, Mount records)
 *
 * All fields come from the disk: each is checked before it places or sizes anything.
 */
#ifndef CSUM_GUARD_STRUCTURE_H
#define CSUM_GUARD_STRUCTURE_H

#include "guard/guard.h"
#include "guard/place.h"

#define CSUM_GUARD_CLAUSE_SIZE 128u

/* A file system at a place. */
struct csum_guard_structure {
	const char *type; /* libblkid's name for it; NULL: there is none */
	bool checksummed; /* by its own fields it has a checksum that we know, right or not */
	/* Question 1: a structure of it has changed, and is right by its own checksum; the clause says which. */
	enum csum_guard_answer changed;
	char clause[CSUM_GUARD_CLAUSE_SIZE];
	/* Whether its mount record is as we left it; the file system covers that much from its place on. */
	enum csum_guard_answer untouched;
	uint64_t covered_bytes;
};

/* Errors: -ENOMEM, -ECANCELED, a vanished device; reported. */
int csum_guard_ext(struct csum_guard_look *look, const struct csum_guard_place *place,
		   struct csum_guard_structure *found) CSUM_MUST_CHECK;
int csum_guard_btrfs(struct csum_guard_look *look, const struct csum_guard_place *place,
		     struct csum_guard_structure *found) CSUM_MUST_CHECK;
int csum_guard_xfs(struct csum_guard_look *look, const struct csum_guard_place *place, enum csum_guard_depth depth,
		   struct csum_guard_structure *found) CSUM_MUST_CHECK;

/* ---- xfs_log.c */

struct csum_guard_xfs_log {
	uint64_t offset_bytes, size_bytes; /* of data space */
	uint64_t written_bytes; /* from its begin to the last record, at the time of the superblock */
	enum csum_guard_answer stamped; /* many adjacent sectors changed, and one begins a record */
	enum csum_guard_answer renewed; /* many adjacent sectors are new */
};

/* Reads all of it, or a few MiB from where it was written last. */
int csum_guard_xfs_log(struct csum_guard_look *look, enum csum_guard_depth depth,
		       struct csum_guard_xfs_log *log) CSUM_MUST_CHECK;

#endif
