/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard: whether a data sector that does not match its entry has decayed, or was written by others. No content
 * tells the two apart; places do. (doc/guard.md)
 *
 *   guard.c            the questions in their order, and what follows for a sector
 *   sample.c           whether this is the data of this metadata at all
 *   place.c            where in the data space file systems and tables begin
 *   ext.c, xfs.c, xfs_log.c, btrfs.c    what of a file system each mount changes
 *   signature.c, magic.c    signatures that are new, have changed, or were wiped
 *   look.c, class.c, known.c    a few sectors, and what bad ones of them hold
 *   record.c           what is kept in the superblock for the next one: times, signatures, held
 */
#ifndef CSUM_GUARD_H
#define CSUM_GUARD_H

#include "volume/volume.h"

/* What speaks for decay where a sector lies. */
enum csum_guard_cover {
	CSUM_COVER_ALL, /* the verdict is decay, or it was allowed */
	CSUM_COVER_RECORD, /* it lies in a file system whose mount record is as we left it */
	CSUM_COVER_NONE, /* nothing: undecided */
	CSUM_COVER_HELD, /* others wrote, or did, and it is not settled yet: nothing is repaired */
};

enum csum_guard_depth {
	CSUM_GUARD_OPENING, /* before a write: what can be asked without reading much */
	CSUM_GUARD_SCAN, /* before a scan of the data: all of an XFS log is read, too */
};

struct csum_guard;

/*
 * Asks the questions of a loaded volume, of which nothing has been written yet. allow: bits of enum csum_allow. Data that
 * was rewritten still has that verdict and its reason where it is allowed, but csum_guard_cover() goes by it; whether it
 * is other data is not asked where that is allowed. Ends with csum_guard_free(). Errors are reported: -ENOMEM,
 * -ECANCELED, those of libblkid, a vanished device. A volume with internal layout, and one on simulated disks, gets DECAY
 * and costs nothing. Not while a scan of the volume is under way, but from its idle function.
 */
int csum_guard_create(struct csum_volume *volume, enum csum_guard_depth depth, unsigned int allow,
		      struct csum_guard **guard) CSUM_MUST_CHECK;
void csum_guard_free(struct csum_guard *guard); /* NULL is allowed */

enum csum_guard_verdict csum_guard_verdict(const struct csum_guard *guard);
/*
 * One clause for people: why something may be left. "ext4 at 0 was mounted 2026-11-25 10:12", "the file's time is not
 * ...". "" for DECAY unless it is held, and for a block device that nothing speaks against.
 */
const char *csum_guard_reason(const struct csum_guard *guard);
/* Question 2: all that is written to the data device is ours. Kept for csum_guard_record(). */
bool csum_guard_ours(const struct csum_guard *guard);
/* Whether the data is a plain file: what applies to sectors under no record differs. */
bool csum_guard_on_file(const struct csum_guard *guard);

/* Whether the data file still has the time and size that it had when the guard was created; true for a block device. */
bool csum_guard_same_time(const struct csum_guard *guard);

enum csum_guard_cover csum_guard_cover(const struct csum_guard *guard, uint64_t data_sector);

/*
 * Whether a bad sector of that class may be given that content by these means. cover is not CSUM_COVER_NONE on a block
 * device: that is decided at the end of a complete scan, by csum_guard_permits_undecided(). blank: the right content is.
 */
bool csum_guard_permits(const struct csum_guard *guard, enum csum_guard_cover cover, enum csum_class class, bool blank,
			enum csum_means means);
/* The same of a sector on a block device under no record, in a scan that ended without a new one among them. */
bool csum_guard_permits_undecided(const struct csum_guard *guard, uint64_t data_sector, enum csum_class class,
				  bool blank);

/*
 * Asks question 1 and reads the mount records again, which others may have changed since: before a batch of repairs. The
 * verdict may turn to REWRITTEN. As csum_guard_create() not while a scan is under way.
 */
int csum_guard_refresh(struct csum_guard *guard) CSUM_MUST_CHECK;

/* Refuses to open for writing, reported, -EPERM, what the verdict and `allow` do not let pass: OTHER_DATA, REWRITTEN. */
int csum_guard_refuse(const struct csum_guard *guard) CSUM_MUST_CHECK;

/* ---- sample.c */

struct csum_guard_sample {
	uint32_t drawn, right; /* written sectors that were not blank, and how many of them match their entries */
	bool other_data; /* so few that this is not the data of this metadata */
};

/* Draws it. An active volume's sectors are right by any version that counts. Errors as of csum_guard_create(). */
int csum_guard_take_sample(struct csum_volume *volume, struct csum_guard_sample *sample) CSUM_MUST_CHECK;

/* Whether it is the entry of a sector of one repeated byte, zeros for one: of nobody's in particular. */
bool csum_guard_is_blank_entry(const struct csum_volume *volume, uint64_t entry);

/* ---- record.c */

/* What time and size of the data file say, compared with the record. */
enum csum_data_file csum_guard_data_file(const struct csum_volume *volume);

/*
 * Question 2: whether nobody but us has written the data since our last close: internal layout, an exclusive volume, a
 * simulated disk, a volume that was never written, or a file with the time and size recorded.
 */
bool csum_guard_is_ours(const struct csum_volume *volume);

/*
 * Puts into volume->superblock.record, in memory, the time and size of the data file and the signatures in the data space
 * whose sectors match their entries: when everything written by this process is durable, and the caller is about to write
 * the superblock. Waits until the file's clock has moved on from our last write. For a volume let in by question 2
 * (csum_guard_ours()), or after a scan of everything that found every written sector right; for others it is not to be
 * called.
 */
int csum_guard_record(struct csum_volume *volume) CSUM_MUST_CHECK;

/* ---- guard.c, for tests */

/* What the two files above say. */
struct csum_guard_facts {
	struct csum_guard_sample sample;
	bool ours;
};

/* csum_guard_create() with these instead of asking them. */
int csum_guard_create_knowing(struct csum_volume *volume, enum csum_guard_depth depth, unsigned int allow,
			      const struct csum_guard_facts *facts, struct csum_guard **guard) CSUM_MUST_CHECK;

#endif
