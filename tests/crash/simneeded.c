/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "simneeded.h"

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
#define REPLAYED "with the flush before it, one of both copies is durable; with neither it is caught in recover-many"
#define DIFFERS_ANYWAY "the scenario begins with copies that differ, so that is permitted in it; overwrite guards"
#define OTHER_DISK "the cache of that disk held nothing"

const struct sim_excuse sim_excuses[] = {
	{ "overwrite", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "one-sector", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "discard", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "discard-unaligned", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "two-groups", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "discard-rounds", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "discard-sliding", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "fresh", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "mixed", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "unaligned", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "two-rounds", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "sliding", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "large-sectors", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "external", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "external-rounds", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "group-lost", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "group-lost-discard", SIM_SWAP_ROUNDS, 0, 0, SLOTS_ALIKE },
	{ "slot-damaged", SIM_SWAP_ROUNDS, 1, 1, SLOTS_ALIKE },
	{ "copy-damaged", SIM_SWAP_ROUNDS, 1, 1, SLOTS_ALIKE },
	{ "write-lost", SIM_SWAP_ROUNDS, 1, 1, SLOTS_ALIKE },
	{ "recover-cache", SIM_SWAP_ROUNDS, 2, 2, SLOTS_ALIKE },
	{ "recover-cache-external", SIM_SWAP_ROUNDS, 2, 2, SLOTS_ALIKE },
	{ "fresh", SIM_DROP_FLUSH, 2, 2, W2_AHEAD },
	{ "fresh", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "mixed", SIM_DROP_FLUSH, 2, 2, W2_AHEAD },
	{ "mixed", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "unaligned", SIM_DROP_FLUSH, 2, 2, W2_AHEAD },
	{ "unaligned", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "two-rounds", SIM_DROP_FLUSH, 2, 2, W2_AHEAD },
	{ "two-rounds", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "sliding", SIM_DROP_FLUSH, 2, 2, W2_AHEAD },
	{ "sliding", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "group-lost", SIM_DROP_FLUSH, 2, 2, W2_AHEAD },
	{ "group-lost", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "external", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "external-rounds", SIM_SWAP_ROUNDS, 1, 1, W2_AHEAD },
	{ "external-rounds", SIM_DROP_FLUSH, 7, 7, W2_AHEAD },
	{ "external-rounds", SIM_DROP_FLUSH, 9, 9, SETTLED_LATER },
	{ "fresh", SIM_SWAP_ROUNDS, 3, 3, COPIES_ALIKE },
	{ "discard", SIM_SWAP_ROUNDS, 2, 2, COPIES_ALIKE },
	{ "discard-rounds", SIM_DROP_FLUSH, 3, 9, W4_EMPTY },
	{ "discard-rounds", SIM_SWAP_ROUNDS, 2, 8, W4_EMPTY },
	{ "discard-sliding", SIM_DROP_FLUSH, 3, 3, W4_EMPTY },
	{ "discard-sliding", SIM_DROP_FLUSH, 5, 7, W4_EMPTY },
	{ "discard-sliding", SIM_DROP_FLUSH, 9, 13, W4_EMPTY },
	{ "discard-sliding", SIM_SWAP_ROUNDS, 2, 12, W4_EMPTY },
	{ "copy-damaged", SIM_DROP_FLUSH, 1, 1, INVALID_COPY },
	{ "copy-damaged", SIM_SWAP_ROUNDS, 0, 0, INVALID_COPY },
	{ "write-lost", SIM_DROP_FLUSH, 6, 6, DIFFERS_ANYWAY },
	{ "write-lost", SIM_LOSE_ROUND, 5, 5, DIFFERS_ANYWAY },
	{ "write-lost", SIM_SWAP_ROUNDS, 5, 5, DIFFERS_ANYWAY },
	{ "group-lost", SIM_DROP_FLUSH, 4, 4, LOST_ANYWAY },
	{ "group-lost", SIM_SWAP_ROUNDS, 3, 3, COPIES_ALIKE },
	{ "group-lost-discard", SIM_DROP_FLUSH, 3, 3, LOST_ANYWAY },
	{ "group-lost-discard", SIM_SWAP_ROUNDS, 2, 2, COPIES_ALIKE },
	{ "format", SIM_DROP_FLUSH, 3, 3, BOTH_TORN },
	{ "format", SIM_SWAP_ROUNDS, 3, 3, BOTH_TORN },
	{ "format-external", SIM_DROP_FLUSH, 3, 3, BOTH_TORN },
	{ "format-external", SIM_SWAP_ROUNDS, 3, 3, BOTH_TORN },
	{ "recover-cache", SIM_LOSE_ROUND, 1, 1, ACTIVE_AGAIN },
	{ "recover-cache", SIM_SWAP_ROUNDS, 1, 1, ACTIVE_AGAIN },
	{ "recover-cache-external", SIM_LOSE_ROUND, 1, 1, ACTIVE_AGAIN },
	{ "recover-cache-external", SIM_SWAP_ROUNDS, 1, 1, ACTIVE_AGAIN },
	{ "recover-cache-external", SIM_DROP_FLUSH, 1, 1, OTHER_DISK },
	{ "recover-cache-imd", SIM_DROP_FLUSH, 0, 0, OTHER_DISK },
	{ "recover-merge", SIM_DROP_FLUSH, 2, 2, IN_JOURNAL },
	{ "recover-merge", SIM_SWAP_ROUNDS, 1, 1, IN_JOURNAL },
	{ "recover-two-groups", SIM_DROP_FLUSH, 2, 2, IN_JOURNAL },
	{ "recover-two-groups", SIM_SWAP_ROUNDS, 1, 1, IN_JOURNAL },
	{ "recover-external", SIM_DROP_FLUSH, 3, 3, IN_JOURNAL },
	{ "recover-external", SIM_SWAP_ROUNDS, 1, 1, IN_JOURNAL },
	{ "recover-replay", SIM_DROP_FLUSH, 1, 1, IN_JOURNAL },
	{ "recover-replay", SIM_SWAP_ROUNDS, 0, 0, IN_JOURNAL },
	{ "recover-replay-groups", SIM_DROP_FLUSH, 1, 1, IN_JOURNAL },
	{ "recover-replay-groups", SIM_SWAP_ROUNDS, 0, 0, IN_JOURNAL },
	{ "recover-replay-groups", SIM_DROP_FLUSH, 2, 2, REPLAYED },
	{ "recover-replay-groups", SIM_SWAP_ROUNDS, 1, 1, REPLAYED },
};

const size_t sim_excuse_count = sizeof(sim_excuses) / sizeof(*sim_excuses);
