/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/explore/needed.h"

#define SLOTS_ALIKE "both slots take the same intent, in either order; that each has its flush is needed"
#define W2_AHEAD                                                                                          \
	"W2 puts data where nothing is read: it could share the flush of the second slot. Kept: nothing " \
	"of a group is written before its intent is in both (I2)"
#define COPIES_ALIKE "the copies are alike at rest: either may take the new entries first, as long as one waits"
#define INVALID_COPY "an invalid copy is no version, so its mirror may come late; write-lost guards mirror_first"
#define SETTLED_LATER "what it settles is relied on when its group leaves the intent, behind another flush of that disk"
#define W4_EMPTY                                                                                         \
	"W4 of these groups is empty, so another flush lies between their W3 and W5; discard guards it " \
	"where there is none"
#define LOST_ANYWAY "a lost group of which both copies are torn is what it was; other groups need it"
#define BOTH_TORN "before it C is alone as well; kept: a flush lies between the writes of A and B (format.md)"
#define ACTIVE_AGAIN "a write follows and makes the volume active again; recover-copy guards where none does"
#define IN_JOURNAL                                                                                         \
	"the journal holds the image until both copies are durable; kept: with one copy in flight (I3) a " \
	"journal that decays then costs the merge, not the group"
#define NO_OLDER "a lost group has no older version that an intent would make count; both_slots is guarded by overwrite"
#define OLDER_GOVERNS                                                                                           \
	"the older copy, durable by then, has the merged entries and governs; kept: a record stays until both " \
	"copies are durable (I9), so that no copy that decays then costs the merge"
#define REPLAYED "with the flush before it, one of both copies is durable; with neither it is caught in recover-many"
#define DIFFERS_ANYWAY "the scenario begins with copies that differ, so that is permitted in it; overwrite guards"
#define OTHER_DISK "the cache of that disk held nothing"
#define RECORD \
	"a record says where the scrub is, and no repair relies on it: when it is lost, the next one begins earlier"
#define FLUSHED_LATER                                                                                          \
	"a flush of that disk follows before success, and nothing relies on it sooner; scrub-external guards " \
	"where none does. Kept: a repair is read back from the medium before it is reported"
#define UNPARKED "what is parked is in its place by then; the next scrub finds that, and clears it away"
#define CLEAN_TWICE "the record behind it says clean as well; recover-copy guards where none follows"
#define NO_RECORD_YET "no record there is of the session that begins; scrub-slots-lost-twice guards where one is"
#define RECORD_FIRST \
	"recovery begins with a journal record, and its flush makes the slot durable before an imd sector is written"
#define STAYS_ACTIVE                                                                                       \
	"the volume stays active, so the next one merges what has not been merged; scrub-recovers guards " \
	"where it becomes clean"
#define ALL_OLD "what is merged is what the older copy says already: all of it is old; scrub-rotated-merge guards"
#define C_ALONE "at rest C alone shows the same contents; scrub-slots-lost-active and -twice guard"

/* clang-format off */
const struct sim_excuse sim_excuses[] = {
	{ SIM_SWAP_ROUNDS, "first slot active", SLOTS_ALIKE,
	  "fresh mixed overwrite one-sector unaligned discard discard-unaligned write-twice "
	  "two-rounds two-groups sliding discard-sliding discard-rounds many-groups pipeline "
	  "overwrite-wide pipeline-sliding mixed-wide mixed-parts rounds-wide sliding-wide "
	  "external-wide large-wide copy-damaged-wide large-sectors external-pipeline external "
	  "external-rounds external-large slot-damaged copy-damaged write-lost group-lost "
	  "group-lost-discard large-sectors-groups group-lost-journal scrub-slots-lost-active "
	  "recover-cache-external recover-cache recover-wide" },
	{ SIM_DROP_FLUSH, "second slot active", W2_AHEAD,
	  "fresh mixed unaligned write-twice two-rounds sliding many-groups pipeline "
	  "pipeline-sliding mixed-wide mixed-parts rounds-wide sliding-wide large-wide group-lost "
	  "large-sectors-groups group-lost-journal" },
	{ SIM_DROP_FLUSH, "second slot active 0-1", W2_AHEAD,
	  "external-rounds" },
	{ SIM_DROP_FLUSH, "second slot active 0-3, settled copy 0", W2_AHEAD,
	  "external-pipeline" },
	{ SIM_DROP_FLUSH, "second slot active 2-4, settled copy 2", W2_AHEAD,
	  "external-pipeline" },
	{ SIM_SWAP_ROUNDS, "second slot active", W2_AHEAD,
	  "fresh mixed unaligned write-twice two-rounds sliding many-groups pipeline "
	  "pipeline-sliding mixed-wide mixed-parts rounds-wide sliding-wide external-wide "
	  "large-wide external-pipeline external external-rounds external-large group-lost "
	  "large-sectors-groups group-lost-journal" },
	{ SIM_SWAP_ROUNDS, "second slot active, settled copy", W2_AHEAD,
	  "external-pipeline" },
	{ SIM_DROP_FLUSH, "settled copy 1", SETTLED_LATER,
	  "pipeline-sliding external-pipeline" },
	{ SIM_DROP_FLUSH, "settled copy 0", SETTLED_LATER,
	  "external-rounds" },
	{ SIM_DROP_FLUSH, "settled copy 4", SETTLED_LATER,
	  "pipeline pipeline-sliding" },
	{ SIM_SWAP_ROUNDS, "settled copy 1", SETTLED_LATER,
	  "pipeline-sliding" },
	{ SIM_SWAP_ROUNDS, "settled copy 4", SETTLED_LATER,
	  "pipeline pipeline-sliding" },
	{ SIM_SWAP_ROUNDS, "new entries 4", SETTLED_LATER,
	  "external-pipeline" },
	{ SIM_SWAP_ROUNDS, "new entries", COPIES_ALIKE,
	  "fresh discard group-lost group-lost-discard group-lost-journal" },
	{ SIM_DROP_FLUSH, "new entries 0", W4_EMPTY,
	  "discard-sliding discard-rounds" },
	{ SIM_DROP_FLUSH, "new entries 1", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_DROP_FLUSH, "new entries 2, settled copy 0", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_DROP_FLUSH, "new entries 3, settled copy 1", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_DROP_FLUSH, "new entries 4, settled copy 2", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_DROP_FLUSH, "new entries 5, settled copy 3", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_DROP_FLUSH, "settled copy 4", W4_EMPTY,
	  "discard-sliding discard-rounds" },
	{ SIM_DROP_FLUSH, "second slot active 0-3, settled copy 0", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, "settled copy 1", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, "new entries 2", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, "second slot active 2-5, settled copy 2", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, "settled copy 3", W4_EMPTY,
	  "discard-sliding external-pipeline" },
	{ SIM_DROP_FLUSH, "new entries 4", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, "new entries 5", W4_EMPTY,
	  "discard-sliding pipeline-sliding" },
	{ SIM_DROP_FLUSH, "new entries, settled copy", W4_EMPTY,
	  "pipeline" },
	{ SIM_SWAP_ROUNDS, "new entries 0", W4_EMPTY,
	  "discard-sliding discard-rounds" },
	{ SIM_SWAP_ROUNDS, "new entries 1", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_SWAP_ROUNDS, "new entries 2, settled copy 0", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_SWAP_ROUNDS, "new entries 3, settled copy 1", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_SWAP_ROUNDS, "new entries 4, settled copy 2", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_SWAP_ROUNDS, "new entries 5, settled copy 3", W4_EMPTY,
	  "discard-rounds" },
	{ SIM_SWAP_ROUNDS, "settled copy 4", W4_EMPTY,
	  "discard-sliding discard-rounds" },
	{ SIM_SWAP_ROUNDS, "first slot active 0-3, new entries 1", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "second slot active 0-3, settled copy 0", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "settled copy 1", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "new entries 2", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "first slot active 2-5, new entries 3", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "second slot active 2-5, settled copy 2", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "settled copy 3", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "new entries 4", W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, "new entries 5", W4_EMPTY,
	  "discard-sliding pipeline-sliding" },
	{ SIM_SWAP_ROUNDS, "new entries, settled copy", W4_EMPTY,
	  "pipeline" },
	{ SIM_DROP_FLUSH, "mirrored copy", INVALID_COPY,
	  "copy-damaged-wide copy-damaged" },
	{ SIM_SWAP_ROUNDS, "mirrored copy", INVALID_COPY,
	  "copy-damaged-wide copy-damaged" },
	{ SIM_DROP_FLUSH, "settled copy", DIFFERS_ANYWAY,
	  "write-lost" },
	{ SIM_LOSE_ROUND, "settled copy", DIFFERS_ANYWAY,
	  "write-lost" },
	{ SIM_SWAP_ROUNDS, "settled copy", DIFFERS_ANYWAY,
	  "write-lost" },
	{ SIM_DROP_FLUSH, "new entries", LOST_ANYWAY,
	  "group-lost group-lost-discard group-lost-journal" },
	{ SIM_DROP_FLUSH, "first slot active", BOTH_TORN,
	  "scrub-slots-lost-active" },
	{ SIM_DROP_FLUSH, "first slot", BOTH_TORN,
	  "format format-groups format-external" },
	{ SIM_SWAP_ROUNDS, "first slot", BOTH_TORN,
	  "format format-groups format-external" },
	{ SIM_LOSE_ROUND, "slot clean 2", ACTIVE_AGAIN,
	  "recover-cache-external recover-cache recover-wide" },
	{ SIM_SWAP_ROUNDS, "slot clean", ACTIVE_AGAIN,
	  "recover-cache-external recover-cache recover-wide" },
	{ SIM_DROP_FLUSH, "opening of disk 0", OTHER_DISK,
	  "recover-cache-imd" },
	{ SIM_DROP_FLUSH, "opening of disk 1", OTHER_DISK,
	  "recover-cache-external" },
	{ SIM_DROP_FLUSH, "merged copy", IN_JOURNAL,
	  "scrub-slots-lost-active scrub-heals-interrupted scrub-recovers scrub-replays "
	  "scrub-rotated-interrupted scrub-rotated-merge recover-merge recover-replay "
	  "recover-two-groups recover-replay-groups recover-external recover-wide "
	  "recover-many-large" },
	{ SIM_DROP_FLUSH, "merged copy 0-253", IN_JOURNAL,
	  "recover-many" },
	{ SIM_DROP_FLUSH, "merged copy 254-299", IN_JOURNAL,
	  "recover-many" },
	{ SIM_SWAP_ROUNDS, "merged copy", IN_JOURNAL,
	  "scrub-slots-lost-active scrub-heals-interrupted scrub-recovers scrub-replays "
	  "scrub-rotated-interrupted scrub-rotated-merge recover-merge recover-replay "
	  "recover-two-groups recover-replay-groups recover-external recover-wide "
	  "recover-many-large" },
	{ SIM_SWAP_ROUNDS, "merged copy 0-253", IN_JOURNAL,
	  "recover-many" },
	{ SIM_SWAP_ROUNDS, "merged copy 254-299", IN_JOURNAL,
	  "recover-many" },
	{ SIM_DROP_FLUSH, "settled copy 0", REPLAYED,
	  "recover-replay-groups" },
	{ SIM_SWAP_ROUNDS, "settled copy 0", REPLAYED,
	  "recover-replay-groups" },
	{ SIM_DROP_FLUSH, "scrub begun", RECORD,
	  "scrub scrub-external scrub-slots-lost scrub-slots-lost-twice scrub-replica "
	  "scrub-slots-lost-active scrub-group-lost scrub-swapped scrub-lost-write scrub-ring "
	  "scrub-shifted scrub-heals-interrupted scrub-rotated-interrupted scrub-rotated-merge "
	  "scrub-with-undo scrub-swapped-with-undo" },
	{ SIM_LOSE_ROUND, "scrub begun", RECORD,
	  "scrub scrub-external scrub-slot scrub-slots-lost scrub-slots-lost-twice scrub-replica "
	  "scrub-slots-lost-active scrub-group-lost scrub-swapped scrub-lost-write scrub-ring "
	  "scrub-shifted scrub-heals-interrupted scrub-recovers scrub-replays "
	  "scrub-rotated-interrupted scrub-rotated-merge scrub-with-undo scrub-swapped-with-undo" },
	{ SIM_SWAP_ROUNDS, "scrub begun", RECORD,
	  "scrub scrub-external scrub-slot scrub-slots-lost scrub-slots-lost-twice scrub-replica "
	  "scrub-slots-lost-active scrub-group-lost scrub-swapped scrub-lost-write scrub-ring "
	  "scrub-shifted scrub-heals-interrupted scrub-recovers scrub-replays "
	  "scrub-rotated-interrupted scrub-rotated-merge scrub-with-undo scrub-swapped-with-undo" },
	{ SIM_SWAP_ROUNDS, "data", RECORD,
	  "scrub scrub-external scrub-replica scrub-group-lost scrub-lost-write "
	  "scrub-heals-interrupted scrub-with-undo" },
	{ SIM_SWAP_ROUNDS, "data 3", RECORD,
	  "scrub-shifted" },
	{ SIM_DROP_FLUSH, "mirrored copy", FLUSHED_LATER,
	  "scrub scrub-external scrub-lost-write scrub-with-undo" },
	{ SIM_DROP_FLUSH, "data", FLUSHED_LATER,
	  "scrub scrub-replica scrub-group-lost scrub-lost-write scrub-heals-interrupted "
	  "scrub-with-undo" },
	{ SIM_DROP_FLUSH, "parked", FLUSHED_LATER,
	  "scrub-swapped-with-undo" },
	{ SIM_DROP_FLUSH, "data 3", FLUSHED_LATER,
	  "scrub-shifted" },
	{ SIM_SWAP_ROUNDS, "mirrored copy", FLUSHED_LATER,
	  "scrub scrub-external scrub-lost-write scrub-with-undo" },
	{ SIM_SWAP_ROUNDS, "parked", FLUSHED_LATER,
	  "scrub-swapped-with-undo" },
	{ SIM_DROP_FLUSH, "no record", UNPARKED,
	  "scrub-swapped scrub-ring scrub-rotated-interrupted scrub-rotated-merge "
	  "scrub-swapped-with-undo" },
	{ SIM_LOSE_ROUND, "no record", UNPARKED,
	  "scrub-swapped scrub-ring scrub-rotated-interrupted scrub-rotated-merge "
	  "scrub-swapped-with-undo" },
	{ SIM_SWAP_ROUNDS, "no record", UNPARKED,
	  "scrub-swapped scrub-ring scrub-rotated-interrupted scrub-rotated-merge "
	  "scrub-swapped-with-undo" },
	{ SIM_DROP_FLUSH, "slot clean", CLEAN_TWICE,
	  "scrub-slots-lost scrub-slots-lost-twice scrub-slots-lost-active" },
	{ SIM_LOSE_ROUND, "slot clean", CLEAN_TWICE,
	  "scrub-slots-lost scrub-slots-lost-twice scrub-slots-lost-active "
	  "scrub-heals-interrupted scrub-recovers scrub-replays scrub-rotated-interrupted "
	  "scrub-rotated-merge" },
	{ SIM_SWAP_ROUNDS, "slot clean", CLEAN_TWICE,
	  "scrub-slots-lost scrub-slots-lost-twice scrub-slots-lost-active "
	  "scrub-heals-interrupted scrub-recovers scrub-replays scrub-rotated-interrupted "
	  "scrub-rotated-merge" },
	{ SIM_DROP_FLUSH, "no record", C_ALONE,
	  "scrub-slots-lost" },
	{ SIM_DROP_FLUSH, "first slot active", C_ALONE,
	  "scrub-slots-lost scrub-slots-lost-twice" },
	{ SIM_DROP_FLUSH, "second slot active", C_ALONE,
	  "scrub-slots-lost scrub-slots-lost-twice" },
	{ SIM_LOSE_ROUND, "no record", C_ALONE,
	  "scrub-slots-lost" },
	{ SIM_LOSE_ROUND, "first slot active", C_ALONE,
	  "scrub-slots-lost scrub-slots-lost-twice" },
	{ SIM_LOSE_ROUND, "second slot active", C_ALONE,
	  "scrub-slots-lost scrub-slots-lost-twice" },
	{ SIM_SWAP_ROUNDS, "no record", C_ALONE,
	  "scrub-slots-lost" },
	{ SIM_SWAP_ROUNDS, "first slot active", C_ALONE,
	  "scrub-slots-lost scrub-slots-lost-twice" },
	{ SIM_SWAP_ROUNDS, "second slot active", C_ALONE,
	  "scrub-slots-lost scrub-slots-lost-twice" },
	{ SIM_DROP_FLUSH, "no record", NO_RECORD_YET,
	  "scrub-slots-lost-active" },
	{ SIM_LOSE_ROUND, "no record", NO_RECORD_YET,
	  "scrub-slots-lost-active" },
	{ SIM_SWAP_ROUNDS, "no record", NO_RECORD_YET,
	  "scrub-slots-lost-active" },
	{ SIM_DROP_FLUSH, "second slot active", RECORD_FIRST,
	  "scrub-slots-lost-active" },
	{ SIM_SWAP_ROUNDS, "second slot active", RECORD_FIRST,
	  "scrub-slots-lost-active" },
	{ SIM_DROP_FLUSH, "merged copy", STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_DROP_FLUSH, "settled copy", STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_LOSE_ROUND, "merged copy", STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_LOSE_ROUND, "settled copy", STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_SWAP_ROUNDS, "merged copy", STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_LOSE_ROUND, "merged copy", ALL_OLD,
	  "scrub-rotated-interrupted" },
	{ SIM_LOSE_ROUND, "first slot active", NO_OLDER,
	  "group-lost-journal" },
	{ SIM_DROP_FLUSH, "settled copy 0-253", OLDER_GOVERNS,
	  "recover-many" },
	{ SIM_SWAP_ROUNDS, "settled copy 0-253", OLDER_GOVERNS,
	  "recover-many" },
};
/* clang-format on */

const size_t sim_excuse_count = sizeof(sim_excuses) / sizeof(*sim_excuses);
