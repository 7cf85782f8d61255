/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guard: whether a data sector that does not match its entry has decayed, or was written by others. The content
 * does not tell the two apart, but places do. (doc/guard.md)
 *
 *   guard.c            the questions in their order, and what follows for a sector
 *   sample.c           whether this is the data of this metadata at all
 *   place.c            where in the data space file systems and tables begin
 *   ext.c, xfs.c, xfs_log.c, btrfs.c    the parts of a file system that each mount changes
 *   signature.c, magic.c    signatures that are new, have changed, or were wiped
 *   look.c, class.c, known.c    a few sectors, and the contents of the bad ones
 *   record.c           facts kept in the superblock for the next opening: times, signatures, held
 */
#ifndef CSUM_GUARD_H
#define CSUM_GUARD_H

#include "volume/volume.h"

/* The evidence for decay in the place of a sector. */
enum csum_guard_cover {
	CSUM_COVER_ALL, /* the verdict is decay, or it was allowed */
	CSUM_COVER_RECORD, /* it lies in a file system whose mount record is as we left it */
	CSUM_COVER_NONE, /* nothing: undecided */
	CSUM_COVER_HELD, /* others wrote, now or before, and no person has decided yet: nothing is repaired */
};

enum csum_guard_depth {
	CSUM_GUARD_OPENING, /* before a write: only questions that need little reading */
	CSUM_GUARD_SCAN, /* before a scan of the data: all of an XFS log is read, too */
};

struct csum_guard;

/*
 * Asks the questions about a loaded volume that has not been written to yet. allow: bits of enum csum_allow. Rewritten
 * data has that verdict and its reason also where it is allowed, but csum_guard_cover() then permits it; whether the
 * data is that of another volume is not asked where that is allowed. Ends with csum_guard_free(). Errors are reported:
 * -ENOMEM, -ECANCELED, those of libblkid, a vanished device. A volume with internal layout, and one on simulated
 * disks, gets DECAY and costs nothing. Not while a scan of the volume is under way, but from its idle function.
 */
int csum_guard_create(struct csum_volume *volume, enum csum_guard_depth depth, unsigned int allow,
		      struct csum_guard **guard) CSUM_MUST_CHECK;
void csum_guard_free(struct csum_guard *guard); /* NULL is allowed */

enum csum_guard_verdict csum_guard_verdict(const struct csum_guard *guard);
/*
 * One clause for people: why sectors may be left. "ext4 at 0 was mounted 2026-11-25 10:12", "the file's time is not
 * ...". "" for DECAY unless data is held, and for a block device without evidence against it.
 */
const char *csum_guard_reason(const struct csum_guard *guard);
/* The answer to question 2: all writes to the data device were ours. Kept for csum_guard_record(). */
bool csum_guard_ours(const struct csum_guard *guard);
/* Whether the data is a plain file, where the rule for sectors under no record is another one. */
bool csum_guard_on_file(const struct csum_guard *guard);

/* Whether the data file still has the time and size that it had when the guard was created; true for a block device. */
bool csum_guard_same_time(const struct csum_guard *guard);

enum csum_guard_cover csum_guard_cover(const struct csum_guard *guard, uint64_t data_sector);

/*
 * Whether a bad sector of that class may be repaired by these means. cover is not CSUM_COVER_NONE on a block device:
 * there csum_guard_permits_undecided() decides at the end of a complete scan. blank: the right content is blank.
 */
bool csum_guard_permits(const struct csum_guard *guard, enum csum_guard_cover cover, enum csum_class class, bool blank,
			enum csum_means means);
/* The same for a sector of a block device under no record, after a scan that found no new sector among these. */
bool csum_guard_permits_undecided(const struct csum_guard *guard, uint64_t data_sector, enum csum_class class,
				  bool blank);

/*
 * Asks question 1 and reads the mount records again, which others may have changed since: to be called before a batch
 * of repairs. The verdict may turn to REWRITTEN. Like csum_guard_create() not while a scan is under way.
 */
int csum_guard_refresh(struct csum_guard *guard) CSUM_MUST_CHECK;

/* Refuses to open for writing, -EPERM, reported, if the verdict is OTHER_DATA or REWRITTEN and `allow` has it not. */
int csum_guard_refuse(const struct csum_guard *guard) CSUM_MUST_CHECK;

/* ---- sample.c */

struct csum_guard_sample {
	uint32_t drawn, right; /* written sectors that were not blank, and how many of them match their entries */
	bool other_data; /* so few are right that the data belongs to other metadata */
};

/* Draws the sample. Sectors of an active volume are right by any version that counts. Errors as csum_guard_create(). */
int csum_guard_take_sample(struct csum_volume *volume, struct csum_guard_sample *sample) CSUM_MUST_CHECK;

/* Whether it is the entry of a sector of one repeated byte, as of zeros: any volume may have such sectors. */
bool csum_guard_is_blank_entry(const struct csum_volume *volume, uint64_t entry);

/* ---- record.c */

/* Time and size of the data file, compared with the record. */
enum csum_data_file csum_guard_data_file(const struct csum_volume *volume);

/*
 * Question 2: whether all writes to the data since our last close were ours: internal layout, an exclusive volume, a
 * simulated disk, a volume that was never written, or a file with the time and size recorded.
 */
bool csum_guard_is_ours(const struct csum_volume *volume);

/*
 * Puts into volume->superblock.record, in memory, the time and size of the data file and the signatures in the data space
 * whose sectors match their entries. To be called when all writes of this process are durable, and the caller is about
 * to write the superblock; and only for a volume let in by question 2 (csum_guard_ours()), or after a scan of the
 * whole volume that found every written sector right. Waits until the file's clock has moved on from our last write.
 */
int csum_guard_record(struct csum_volume *volume) CSUM_MUST_CHECK;

/* ---- guard.c, for tests */

/* The answers of the two files above. */
struct csum_guard_facts {
	struct csum_guard_sample sample;
	bool ours;
};

/* csum_guard_create() with these answers instead of asking. */
int csum_guard_create_knowing(struct csum_volume *volume, enum csum_guard_depth depth, unsigned int allow,
			      const struct csum_guard_facts *facts, struct csum_guard **guard) CSUM_MUST_CHECK;

#endif
