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
	{ SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE,
	  "overwrite one-sector discard discard-unaligned two-groups discard-rounds "
	  "discard-sliding fresh mixed unaligned two-rounds sliding large-sectors external "
	  "external-rounds group-lost group-lost-discard large-sectors-groups large-wide "
	  "many-groups mixed-parts mixed-wide pipeline pipeline-sliding rounds-wide "
	  "sliding-wide write-twice group-lost-journal external-large external-pipeline "
	  "external-wide overwrite-wide" },
	{ SIM_SWAP_ROUNDS, 1, 1, SLOTS_ALIKE,
	  "slot-damaged copy-damaged write-lost scrub-slots-lost-active copy-damaged-wide" },
	{ SIM_SWAP_ROUNDS, 2, 2, SLOTS_ALIKE,
	  "recover-cache recover-cache-external" },
	{ SIM_SWAP_ROUNDS, 4, 4, SLOTS_ALIKE,
	  "recover-wide" },
	{ SIM_DROP_FLUSH, 2, 2, W2_AHEAD,
	  "fresh mixed unaligned two-rounds sliding group-lost large-sectors-groups large-wide "
	  "many-groups mixed-parts mixed-wide pipeline pipeline-sliding rounds-wide "
	  "sliding-wide write-twice group-lost-journal" },
	{ SIM_DROP_FLUSH, 7, 7, W2_AHEAD,
	  "external-rounds" },
	{ SIM_DROP_FLUSH, 9, 9, W2_AHEAD,
	  "external-pipeline" },
	{ SIM_DROP_FLUSH, 16, 16, W2_AHEAD,
	  "external-pipeline" },
	{ SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD,
	  "fresh mixed unaligned two-rounds sliding group-lost external external-rounds "
	  "large-sectors-groups large-wide many-groups mixed-parts mixed-wide pipeline "
	  "pipeline-sliding rounds-wide sliding-wide write-twice group-lost-journal "
	  "external-large external-pipeline external-wide" },
	{ SIM_SWAP_ROUNDS, 9, 9, W2_AHEAD,
	  "external-pipeline" },
	{ SIM_DROP_FLUSH, 7, 7, SETTLED_LATER,
	  "pipeline-sliding" },
	{ SIM_DROP_FLUSH, 9, 9, SETTLED_LATER,
	  "external-rounds" },
	{ SIM_DROP_FLUSH, 10, 10, SETTLED_LATER,
	  "pipeline" },
	{ SIM_DROP_FLUSH, 11, 11, SETTLED_LATER,
	  "external-pipeline" },
	{ SIM_DROP_FLUSH, 14, 14, SETTLED_LATER,
	  "pipeline-sliding" },
	{ SIM_SWAP_ROUNDS, 6, 6, SETTLED_LATER,
	  "pipeline-sliding" },
	{ SIM_SWAP_ROUNDS, 9, 9, SETTLED_LATER,
	  "pipeline" },
	{ SIM_SWAP_ROUNDS, 11, 11, SETTLED_LATER,
	  "external-pipeline" },
	{ SIM_SWAP_ROUNDS, 13, 13, SETTLED_LATER,
	  "pipeline-sliding" },
	{ SIM_SWAP_ROUNDS, 2, 2, COPIES_ALIKE,
	  "discard group-lost-discard" },
	{ SIM_SWAP_ROUNDS, 3, 3, COPIES_ALIKE,
	  "fresh group-lost group-lost-journal" },
	{ SIM_DROP_FLUSH, 3, 9, W4_EMPTY,
	  "discard-rounds" },
	{ SIM_DROP_FLUSH, 3, 3, W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, 5, 7, W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, 9, 13, W4_EMPTY,
	  "discard-sliding" },
	{ SIM_DROP_FLUSH, 9, 9, W4_EMPTY,
	  "pipeline" },
	{ SIM_DROP_FLUSH, 13, 13, W4_EMPTY,
	  "pipeline-sliding" },
	{ SIM_DROP_FLUSH, 18, 18, W4_EMPTY,
	  "external-pipeline" },
	{ SIM_SWAP_ROUNDS, 2, 8, W4_EMPTY,
	  "discard-rounds" },
	{ SIM_SWAP_ROUNDS, 2, 12, W4_EMPTY,
	  "discard-sliding" },
	{ SIM_SWAP_ROUNDS, 8, 8, W4_EMPTY,
	  "pipeline" },
	{ SIM_SWAP_ROUNDS, 12, 12, W4_EMPTY,
	  "pipeline-sliding" },
	{ SIM_DROP_FLUSH, 1, 1, INVALID_COPY,
	  "copy-damaged copy-damaged-wide" },
	{ SIM_SWAP_ROUNDS, 0, 0, INVALID_COPY,
	  "copy-damaged copy-damaged-wide" },
	{ SIM_DROP_FLUSH, 6, 6, DIFFERS_ANYWAY,
	  "write-lost" },
	{ SIM_LOSE_ROUND, 5, 5, DIFFERS_ANYWAY,
	  "write-lost" },
	{ SIM_SWAP_ROUNDS, 5, 5, DIFFERS_ANYWAY,
	  "write-lost" },
	{ SIM_DROP_FLUSH, 3, 3, LOST_ANYWAY,
	  "group-lost-discard" },
	{ SIM_DROP_FLUSH, 4, 4, LOST_ANYWAY,
	  "group-lost group-lost-journal" },
	{ SIM_DROP_FLUSH, 2, 2, BOTH_TORN,
	  "scrub-slots-lost-active" },
	{ SIM_DROP_FLUSH, 4, 4, BOTH_TORN,
	  "format format-external format-groups" },
	{ SIM_SWAP_ROUNDS, 4, 4, BOTH_TORN,
	  "format format-external format-groups" },
	{ SIM_LOSE_ROUND, 1, 1, ACTIVE_AGAIN,
	  "recover-cache recover-cache-external" },
	{ SIM_LOSE_ROUND, 3, 3, ACTIVE_AGAIN,
	  "recover-wide" },
	{ SIM_SWAP_ROUNDS, 1, 1, ACTIVE_AGAIN,
	  "recover-cache recover-cache-external" },
	{ SIM_SWAP_ROUNDS, 3, 3, ACTIVE_AGAIN,
	  "recover-wide" },
	{ SIM_DROP_FLUSH, 0, 0, OTHER_DISK,
	  "recover-cache-imd" },
	{ SIM_DROP_FLUSH, 1, 1, OTHER_DISK,
	  "recover-cache-external" },
	{ SIM_DROP_FLUSH, 1, 1, IN_JOURNAL,
	  "recover-replay recover-replay-groups scrub-replays" },
	{ SIM_DROP_FLUSH, 2, 2, IN_JOURNAL,
	  "recover-merge recover-two-groups scrub-recovers recover-many recover-many-large "
	  "recover-wide scrub-heals-interrupted" },
	{ SIM_DROP_FLUSH, 3, 3, IN_JOURNAL,
	  "recover-external" },
	{ SIM_DROP_FLUSH, 5, 5, IN_JOURNAL,
	  "scrub-slots-lost-active recover-many" },
	{ SIM_SWAP_ROUNDS, 0, 0, IN_JOURNAL,
	  "recover-replay recover-replay-groups scrub-replays" },
	{ SIM_SWAP_ROUNDS, 1, 1, IN_JOURNAL,
	  "recover-merge recover-two-groups recover-external scrub-recovers recover-many "
	  "recover-many-large recover-wide scrub-heals-interrupted" },
	{ SIM_SWAP_ROUNDS, 4, 4, IN_JOURNAL,
	  "scrub-slots-lost-active recover-many" },
	{ SIM_DROP_FLUSH, 2, 2, REPLAYED,
	  "recover-replay-groups" },
	{ SIM_SWAP_ROUNDS, 1, 1, REPLAYED,
	  "recover-replay-groups" },
	{ SIM_DROP_FLUSH, 1, 1, RECORD,
	  "scrub scrub-with-undo scrub-lost-write scrub-replica scrub-swapped "
	  "scrub-swapped-with-undo scrub-shifted scrub-group-lost" },
	{ SIM_DROP_FLUSH, 2, 2, RECORD,
	  "scrub-external scrub-ring" },
	{ SIM_DROP_FLUSH, 5, 5, RECORD,
	  "scrub-slots-lost scrub-slots-lost-twice scrub-heals-interrupted" },
	{ SIM_DROP_FLUSH, 8, 8, RECORD,
	  "scrub-slots-lost-active" },
	{ SIM_LOSE_ROUND, 0, 0, RECORD,
	  "scrub scrub-with-undo scrub-lost-write scrub-external scrub-replica scrub-swapped "
	  "scrub-swapped-with-undo scrub-ring scrub-shifted scrub-group-lost" },
	{ SIM_LOSE_ROUND, 1, 1, RECORD,
	  "scrub-slot" },
	{ SIM_LOSE_ROUND, 3, 3, RECORD,
	  "scrub-replays" },
	{ SIM_LOSE_ROUND, 4, 4, RECORD,
	  "scrub-recovers scrub-slots-lost scrub-slots-lost-twice scrub-heals-interrupted" },
	{ SIM_LOSE_ROUND, 7, 7, RECORD,
	  "scrub-slots-lost-active" },
	{ SIM_SWAP_ROUNDS, 0, 0, RECORD,
	  "scrub scrub-with-undo scrub-lost-write scrub-external scrub-swapped "
	  "scrub-swapped-with-undo scrub-ring scrub-shifted" },
	{ SIM_SWAP_ROUNDS, 0, 1, RECORD,
	  "scrub-replica scrub-group-lost" },
	{ SIM_SWAP_ROUNDS, 1, 1, RECORD,
	  "scrub-slot" },
	{ SIM_SWAP_ROUNDS, 2, 2, RECORD,
	  "scrub scrub-lost-write scrub-external" },
	{ SIM_SWAP_ROUNDS, 3, 3, RECORD,
	  "scrub-replays scrub-with-undo" },
	{ SIM_SWAP_ROUNDS, 4, 4, RECORD,
	  "scrub-shifted scrub-recovers scrub-slots-lost scrub-slots-lost-twice scrub-heals-interrupted" },
	{ SIM_SWAP_ROUNDS, 7, 7, RECORD,
	  "scrub-slots-lost-active" },
	{ SIM_SWAP_ROUNDS, 5, 5, RECORD,
	  "scrub-heals-interrupted" },
	{ SIM_DROP_FLUSH, 2, 3, FLUSHED_LATER,
	  "scrub scrub-lost-write" },
	{ SIM_DROP_FLUSH, 2, 2, FLUSHED_LATER,
	  "scrub-replica scrub-group-lost scrub-with-undo scrub-swapped-with-undo" },
	{ SIM_DROP_FLUSH, 4, 4, FLUSHED_LATER,
	  "scrub-with-undo" },
	{ SIM_DROP_FLUSH, 3, 3, FLUSHED_LATER,
	  "scrub-external" },
	{ SIM_DROP_FLUSH, 5, 5, FLUSHED_LATER,
	  "scrub-shifted" },
	{ SIM_SWAP_ROUNDS, 1, 1, FLUSHED_LATER,
	  "scrub scrub-with-undo scrub-lost-write scrub-external scrub-swapped-with-undo" },
	{ SIM_DROP_FLUSH, 6, 6, FLUSHED_LATER,
	  "scrub-heals-interrupted" },
	{ SIM_DROP_FLUSH, 5, 5, UNPARKED,
	  "scrub-swapped" },
	{ SIM_DROP_FLUSH, 6, 6, UNPARKED,
	  "scrub-swapped-with-undo" },
	{ SIM_DROP_FLUSH, 7, 7, UNPARKED,
	  "scrub-ring" },
	{ SIM_LOSE_ROUND, 4, 4, UNPARKED,
	  "scrub-swapped" },
	{ SIM_LOSE_ROUND, 5, 5, UNPARKED,
	  "scrub-ring scrub-swapped-with-undo" },
	{ SIM_SWAP_ROUNDS, 4, 4, UNPARKED,
	  "scrub-swapped" },
	{ SIM_SWAP_ROUNDS, 5, 5, UNPARKED,
	  "scrub-ring scrub-swapped-with-undo" },
	{ SIM_DROP_FLUSH, 4, 4, CLEAN_TWICE,
	  "scrub-slots-lost scrub-slots-lost-twice" },
	{ SIM_DROP_FLUSH, 7, 7, CLEAN_TWICE,
	  "scrub-slots-lost-active" },
	{ SIM_LOSE_ROUND, 2, 2, CLEAN_TWICE,
	  "scrub-replays" },
	{ SIM_LOSE_ROUND, 3, 3, CLEAN_TWICE,
	  "scrub-recovers scrub-slots-lost scrub-slots-lost-twice scrub-heals-interrupted" },
	{ SIM_LOSE_ROUND, 6, 6, CLEAN_TWICE,
	  "scrub-slots-lost-active" },
	{ SIM_SWAP_ROUNDS, 2, 2, CLEAN_TWICE,
	  "scrub-replays" },
	{ SIM_SWAP_ROUNDS, 3, 3, CLEAN_TWICE,
	  "scrub-recovers scrub-slots-lost scrub-slots-lost-twice scrub-heals-interrupted" },
	{ SIM_SWAP_ROUNDS, 6, 6, CLEAN_TWICE,
	  "scrub-slots-lost-active" },
	{ SIM_DROP_FLUSH, 1, 3, C_ALONE,
	  "scrub-slots-lost" },
	{ SIM_DROP_FLUSH, 2, 3, C_ALONE,
	  "scrub-slots-lost-twice" },
	{ SIM_LOSE_ROUND, 0, 2, C_ALONE,
	  "scrub-slots-lost" },
	{ SIM_LOSE_ROUND, 1, 2, C_ALONE,
	  "scrub-slots-lost-twice" },
	{ SIM_SWAP_ROUNDS, 0, 2, C_ALONE,
	  "scrub-slots-lost" },
	{ SIM_SWAP_ROUNDS, 1, 2, C_ALONE,
	  "scrub-slots-lost-twice" },
	{ SIM_DROP_FLUSH, 1, 1, NO_RECORD_YET,
	  "scrub-slots-lost-active" },
	{ SIM_LOSE_ROUND, 0, 0, NO_RECORD_YET,
	  "scrub-slots-lost-active" },
	{ SIM_SWAP_ROUNDS, 0, 0, NO_RECORD_YET,
	  "scrub-slots-lost-active" },
	{ SIM_DROP_FLUSH, 3, 3, RECORD_FIRST,
	  "scrub-slots-lost-active" },
	{ SIM_SWAP_ROUNDS, 2, 2, RECORD_FIRST,
	  "scrub-slots-lost-active" },
	{ SIM_DROP_FLUSH, 2, 3, STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_LOSE_ROUND, 1, 2, STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_SWAP_ROUNDS, 1, 1, STAYS_ACTIVE,
	  "scrub-reads-fail scrub-copy-reads-fail" },
	{ SIM_LOSE_ROUND, 1, 1, ALL_OLD,
	  "scrub-rotated-interrupted" },
	{ SIM_DROP_FLUSH, 2, 2, IN_JOURNAL,
	  "scrub-rotated-interrupted" },
	{ SIM_DROP_FLUSH, 3, 3, IN_JOURNAL,
	  "scrub-rotated-merge" },
	{ SIM_SWAP_ROUNDS, 1, 1, IN_JOURNAL,
	  "scrub-rotated-interrupted scrub-rotated-merge" },
	{ SIM_LOSE_ROUND, 3, 3, CLEAN_TWICE,
	  "scrub-rotated-interrupted scrub-rotated-merge" },
	{ SIM_SWAP_ROUNDS, 3, 3, CLEAN_TWICE,
	  "scrub-rotated-interrupted scrub-rotated-merge" },
	{ SIM_DROP_FLUSH, 5, 5, RECORD,
	  "scrub-rotated-interrupted" },
	{ SIM_DROP_FLUSH, 6, 6, RECORD,
	  "scrub-rotated-merge" },
	{ SIM_LOSE_ROUND, 4, 4, RECORD,
	  "scrub-rotated-interrupted scrub-rotated-merge" },
	{ SIM_SWAP_ROUNDS, 4, 4, RECORD,
	  "scrub-rotated-interrupted scrub-rotated-merge" },
	{ SIM_DROP_FLUSH, 10, 10, UNPARKED,
	  "scrub-rotated-interrupted" },
	{ SIM_DROP_FLUSH, 11, 11, UNPARKED,
	  "scrub-rotated-merge" },
	{ SIM_LOSE_ROUND, 9, 9, UNPARKED,
	  "scrub-rotated-interrupted scrub-rotated-merge" },
	{ SIM_SWAP_ROUNDS, 9, 9, UNPARKED,
	  "scrub-rotated-interrupted scrub-rotated-merge" },
	{ SIM_LOSE_ROUND, 0, 0, NO_OLDER,
	  "group-lost-journal" },
	{ SIM_DROP_FLUSH, 3, 3, OLDER_GOVERNS,
	  "recover-many" },
	{ SIM_SWAP_ROUNDS, 2, 2, OLDER_GOVERNS,
	  "recover-many" },
};
/* clang-format on */

const size_t sim_excuse_count = sizeof(sim_excuses) / sizeof(*sim_excuses);
