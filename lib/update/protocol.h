/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The update protocol: it keeps every sector readable as its old or its new content, whenever a crash comes.
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
 *  I7  Opening for writing flushes before it reads: writes of a killed process may still be in a cache.
 *                                                                                          [flush_at_open]
 *  I8  A group whose copies are not as in I1 is mirrored, durably, before an intent covers it.  [mirror_first]
 *  I9  Recovery changes a governing copy only through the journal; a record stays until both copies of every
 *      group in it are durable.                            [replay_first, use_journal, journal_after_older]
 *
 * Steps. "Flushed" means fdatasync of every device written since its last one.
 *
 *   step                 what is written                            function
 *   O1 open              flush of every device; an invalid slot;    csum_volume_open_devices()
 *                        an identity that W6 left half changed
 *   O2 recover           see recover.c                              csum_protocol_recover()
 *   W0 mirror            the older copy := the newer's entries      csum_protocol_mirror()
 *   W1 intent            superblock, active, to one slot, then      csum_super_add() in two rounds
 *                        to the other
 *   W2 fresh data        data of sectors without an entry           add_data() in commit.c
 *   W3 new entries       the older copy, generation + 1             add_imd()
 *   W4 data              data of sectors that had an entry          add_data()
 *   W5 settle            the other copy, generation + 2             add_imd()
 *   W6 clean             superblock, clean, to one slot; to all     csum_super_clean()
 *                        three when the identity changed
 *
 * Each step is flushed before the next step of the same group begins. W2 of a batch of groups, W3 of the batch
 * before, W4 and W5 of the two batches before that share a round and its one flush; batches share no group.
 *
 * After a crash: before W3 is durable the group reads as it was (W2 touches unwritten sectors only); from then
 * until W5 a sector reads by whichever copy it matches; after W5 as new.
 */
