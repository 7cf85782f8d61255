/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the writes of a command are for. Each flush and each round gets a name made of the steps that its writes
 * take, so that it is known by what it does and not by how many there were before it.
 */
#ifndef CSUM_TEST_CRASH_DISK_TRACE_H
#define CSUM_TEST_CRASH_DISK_TRACE_H

#include "crash/disk/disk.h"

/* In the order in which a name lists them. W0 to W6 are the steps of update/protocol.h. */
enum sim_step {
	SIM_STEP_OTHER,
	SIM_STEP_NO_SLOT, /* a superblock slot becomes empty */
	SIM_STEP_FIRST_ACTIVE, /* W1: of slots A and B the first one to take an intent */
	SIM_STEP_SECOND_ACTIVE, /* and the other one */
	SIM_STEP_CLEAN, /* W6, and the end of recovery */
	SIM_STEP_BACKUP, /* slot C of a new volume */
	SIM_STEP_FIRST_SLOT, /* of A and B the first one of a new volume */
	SIM_STEP_SAME_SLOT, /* takes the state that another slot has */
	SIM_STEP_UNDO_FILE, /* tells of an undo file, or of none any more */
	SIM_STEP_SCRUB_BEGUN,
	SIM_STEP_SCRUB_ENDED,
	SIM_STEP_FRESH_DATA, /* W2: of sectors without an entry */
	SIM_STEP_ENTRIES, /* W3: a copy of a group gets entries that the other one has not */
	SIM_STEP_MERGED, /* the same in recovery, from the record in the journal */
	SIM_STEP_DATA, /* W4, and repairs */
	SIM_STEP_SETTLED, /* W5, and recovery: a copy gets the entries of the other one */
	SIM_STEP_MIRRORED, /* W0, and scrub: the same while the volume is clean */
	SIM_STEP_RECORD, /* in the journal */
	SIM_STEP_PARKED, /* content, at the place of the journal */
	SIM_STEP_NO_RECORD, /* the journal becomes empty */
	SIM_STEPS
};

enum { SIM_TRACED = 128, SIM_NAME_SIZE = 160 };

/* Plain data, so that a child process can hand it to its parent. */
struct sim_covered {
	uint32_t kinds; /* bits of enum sim_kind */
	uint32_t steps; /* bits of enum sim_step */
	/* Groups; of data sectors; of a clean slot its session. The lowest and the highest one. */
	uint32_t first[SIM_STEPS], last[SIM_STEPS];
	uint32_t opening_disk; /* 1 + its number where nothing had been written by then; else 0 */
};

struct sim_trace {
	struct sim_covered flushes[SIM_TRACED]; /* what the disk wrote since its last flush */
	struct sim_covered rounds[SIM_TRACED]; /* on all disks */
	struct sim_covered unflushed[SIM_DISKS];
};

/* Call it before the write, which is of the present round, is on the disk. */
void sim_trace_unit(struct sim_machine *machine, const struct sim_unit *unit);
/* Call it before the flush is counted. */
void sim_trace_flush(struct sim_machine *machine, int disk);

/*
 * "second slot active, settled copy", or with the numbers that tell it from others of its sort:
 * "second slot active 0-3, settled copy 0".
 */
void sim_covered_name(const struct sim_covered *covered, bool with_numbers, char name[SIM_NAME_SIZE]);

#endif
