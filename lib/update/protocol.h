/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The update protocol: what keeps every sector readable as its old or its new content at any crash.
 *
 * Invariants. Code cites them by number.
 *
 *  I1  At rest (state clean) both copies of every group carry the same entries, with distinct generations, and
 *      every written sector matches its entry.
 *  I2  A group is written only while an intent that covers it lies in both superblock slots, each flushed
 *      before the write.                                                                    [both_slots]
 *  I3  Of the two copies of a group at most one is in flight between two flushes, and always the older.
 *  I4  Data goes to a sector that is unwritten before its entry does; data over a sector that has an entry
 *      goes after the new entry is durable, the old one being in the other copy.  [data_first, imd_before_data]
 *  I5  The other copy follows (settles) only when the new entries and the data are durable.      [settle_apart]
 *  I6  A group leaves the intent, by a sliding window or by "clean", only when it has settled.
 *                                                                                 [clean_apart, drop_apart]
 *  I7  Whoever opens for writing flushes before it reads: what a killed process wrote may be in a cache.
 *                                                                                          [flush_at_open]
 *  I8  A group whose copies are not as in I1 is mirrored, durably, before an intent covers it.  [mirror_first]
 *  I9  Recovery changes a governing copy only through the journal; a record stays until both copies of every
 *      group in it are durable.                            [replay_first, use_journal, journal_after_older]
 *
 * Steps. "Flushed" means fdatasync of every device written since its last one.
 *
 *   step                 what is written                            function
 *   O1 open              flush of every device; an invalid slot;    csum_volume_open_devices()
 *                        what W6 left half done of an identity
 *   O2 recover           see recover.c                              csum_protocol_recover()
 *   W0 mirror            the older copy := the newer's entries      csum_protocol_mirror()
 *   W1 intent            superblock, active, to one slot, then      csum_super_add() in two rounds
 *                        to the other
 *   W2 fresh data        data of sectors without an entry           add_data() in pipeline.c
 *   W3 new entries       the older copy, generation + 1             add_imd()
 *   W4 data              data of sectors that had an entry          add_data()
 *   W5 settle            the other copy, generation + 2             add_imd()
 *   W6 clean             superblock, clean, to one slot; to all     csum_super_clean()
 *                        three when the identity changed
 *
 * Each is flushed before the next of the same group begins. W2 of a batch of groups, W3 of the one before, W4
 * and W5 of those before that share a round and its one flush; batches share no group.
 *
 * After a crash: before W3 is durable the group reads as it was (W2 touches unwritten sectors only); from then
 * until W5 a sector reads by whichever copy it matches; after W5 as new.
 */
#ifndef CSUM_UPDATE_PROTOCOL_H
#define CSUM_UPDATE_PROTOCOL_H

#include "volume/groups.h"
#include "volume/verify.h"
#include "volume/volume.h"

/* ---- volume/super.c: the slots of the superblock */

/* Reads the slots, chooses the governing one and checks it. Reports a refusal. */
int csum_super_load(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * Adds to a round the write of volume->superblock to the slot that does not govern, with the next generation;
 * that slot governs from then on. Not twice in one round.
 */
int csum_super_add(struct csum_volume *volume, struct csum_io_list *list) CSUM_MUST_CHECK;

/* A round of its own with csum_super_add(). */
int csum_super_write(struct csum_volume *volume) CSUM_MUST_CHECK;

/* Sets the state to active with that intent, in memory; a clean volume begins a new session. */
void csum_super_set_intent(struct csum_volume *volume, uint64_t first_group, uint64_t group_count);

/*
 * W6: clean, no intent; one slot, durable on return. With it goes what is known of the data now (guard/guard.h: record) and of
 * its device (guard/data_identity.h), and where that has changed then also C and the other slot.
 */
int csum_super_clean(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * Ends an interrupted change of the identity of the data device: makes C, and then the other slot, what the governing
 * one is, where that is all they differ in. Durable on return. (format.md: Identity)
 */
int csum_super_level_identity(struct csum_volume *volume) CSUM_MUST_CHECK;

/* Fills volume->slot_buffer with the backup of volume->superblock: static fields only. */
void csum_super_encode_backup(struct csum_volume *volume, struct csum_superblock *backup);

/* ---- volume/record.c */

/*
 * Reads the record, whether it counts or not, into volume->journal_record and decodes it. The error of reading it, not
 * reported; else *reason says why the bytes are none, or is NULL.
 */
int csum_record_read(const struct csum_volume *volume, struct csum_journal *journal,
		     const char **reason) CSUM_MUST_CHECK;

/*
 * Loads the record of an active volume into volume->journal when it counts. Errors: -ENOMEM; that of a device
 * that vanished.
 */
int csum_record_load(struct csum_volume *volume) CSUM_MUST_CHECK;

/* The image of that group in volume->journal and its copy; NULL when there is none that is valid. */
const void *csum_record_find(const struct csum_volume *volume, uint64_t group, int *copy);

/* ---- mirror.c */

/* W0: mirrors every group of the span that is not as I1 wants it; durable on return. Lost groups stay. */
int csum_protocol_mirror(struct csum_volume *volume, struct csum_groups *span) CSUM_MUST_CHECK;

/*
 * Makes the copy that is not the newer one take its entries with the next generation, in memory, and adds the
 * write to the list; the span must outlive the round. The group has a valid copy. -ENOMEM, not reported.
 */
int csum_protocol_copy_over(struct csum_volume *volume, uint64_t number, struct csum_group *group,
			    struct csum_io_list *list) CSUM_MUST_CHECK;

/* Whether the newer copy of the group, as read from the disk anew, has these entries. Errors are reported. */
int csum_protocol_holds(struct csum_volume *volume, uint64_t number, const void *entries, bool *holds) CSUM_MUST_CHECK;

/* ---- stream.c */

/* Reports that a lost group is not written in part; returns -EBADMSG. */
int csum_protocol_report_lost(const struct csum_volume *volume, uint64_t group);

/* ---- recover.c */

/* Recovers an active volume; it is clean, durably, on success. -EBADMSG: only a repair can go on. */
int csum_protocol_recover(struct csum_volume *volume) CSUM_MUST_CHECK;

/*
 * How a scrub takes part: its policy, in force, takes refused writes as findings, and of what is right by no version it
 * chooses the entry instead of refusing.
 */
struct csum_recovery {
	const struct csum_io_policy *policy;
	void *user;
	/*
	 * Sector i of the run (all of a group) is bad: *entry becomes that of the version that it can be made right by, or
	 * the newest one; or *open becomes true, and the group stays as it is.
	 */
	void (*choose)(void *user, const struct csum_verify *run, uint32_t i, const struct csum_group *group,
		       uint64_t *entry, bool *open);
	/* Behind choose(): the group is about to be put in order, or stays as it is (open). Errors end the recovery. */
	int (*group)(void *user, uint64_t number, const struct csum_group *group, bool open);
	bool give_up_unread; /* a group of which no copy can be read is lost, and does not stay open */
	/* Results. */
	bool stuck; /* so many writes were refused that the volume has to stay active */
	uint64_t open; /* groups that stay as they are, and the volume active */
};

/* Requests refused so far; 0 without a scrub. */
size_t csum_recovery_refused(const struct csum_recovery *recovery);

/* R1 and R2: all but the superblock. recovery: NULL, or a scrub's. */
int csum_protocol_recover_groups(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

/* R2 alone: once more, when a scrub knows more of the groups that it left open. Sets recovery->open anew. */
int csum_protocol_recover_intent(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

/* ---- replay.c */

/* R1. */
int csum_protocol_replay(struct csum_volume *volume, struct csum_recovery *recovery) CSUM_MUST_CHECK;

#endif
