/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "simneeded.h"

#define SLOTS_ALIKE "both slots take the same intent, in either order; that each has its flush is needed"
#define W2_AHEAD                                                                                     \
	"W2 puts data where nothing is read: it could share the flush of the second slot. Kept: nothing " \
	"of a group is written before its intent is in both (I2)"
#define COPIES_ALIKE "the copies are alike at rest: either may take the new entries first, as long as one waits"
#define INVALID_COPY "an invalid copy is no version, so its mirror may come late; write-lost guards mirror_first"
#define W4_EMPTY                                                                                      \
	"W4 of these groups is empty, so another flush lies between their W3 and W5; discard guards it " \
	"where there is none"
#define LOST_ANYWAY "a lost group of which both copies are torn is what it was; other groups need it"
#define BOTH_TORN "before it C is alone as well; kept: a flush lies between the writes of A and B (format.md)"
#define ACTIVE_AGAIN "a write follows and makes the volume active again; recover-copy guards where none does"
#define IN_JOURNAL                                                                                      \
	"the journal holds the image until both copies are durable; kept: with one copy in flight (I3) a " \
	"journal that decays then costs the merge, not the group"
#define REPLAYED "with the flush before it, one of both copies is durable; with neither it is caught in recover-many"
#define DIFFERS_ANYWAY "the scenario begins with copies that differ, so that is permitted in it; overwrite guards"
#define OTHER_DISK "the cache of that disk held nothing"

const struct sim_excuse sim_excuses[] = {
	{ "", SIM_FAITHFUL, 0, 0, "" },
};

const size_t sim_excuse_count = sizeof(sim_excuses) / sizeof(*sim_excuses);
