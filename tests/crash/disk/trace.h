/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The purpose of a command's writes. Each flush and each round gets a name made of the steps that its writes take, so
 * that it is known by its work and not by how many came before it.
 */
#ifndef CSUM_TEST_CRASH_DISK_TRACE_H
#define CSUM_TEST_CRASH_DISK_TRACE_H

#include "crash/disk/disk.h"

/* Steps, in the order in which a name lists them. W0 to W6 are the steps of update/protocol.h. */
enum sim_step {
	SIM_STEP_OTHER,
	SIM_STEP_NO_SLOT, /* a superblock slot becomes empty */
	SIM_STEP_FIRST_ACTIVE, /* W1: the first of slots A and B to take an intent */
	SIM_STEP_SECOND_ACTIVE, /* W1: the other slot */
	SIM_STEP_CLEAN, /* W6, and the end of recovery */
	SIM_STEP_BACKUP, /* slot C of a new volume */
	SIM_STEP_FIRST_SLOT, /* the first of A and B in a new volume */
	SIM_STEP_SAME_SLOT, /* a slot takes the state that another slot has */
	SIM_STEP_UNDO_FILE, /* a slot names an undo file, or no longer names one */
	SIM_STEP_SCRUB_BEGUN,
	SIM_STEP_SCRUB_ENDED,
	SIM_STEP_FRESH_DATA, /* W2: data of sectors without an entry */
	SIM_STEP_ENTRIES, /* W3: a copy of a group gets entries that the other copy lacks */
	SIM_STEP_MERGED, /* as W3, in recovery: from the record in the journal */
	SIM_STEP_DATA, /* W4, and repairs */
	SIM_STEP_SETTLED, /* W5, and recovery: a copy gets the entries of the other copy */
	SIM_STEP_MIRRORED, /* W0, and scrub: as W5, while the volume is clean */
	SIM_STEP_RECORD, /* a record in the journal */
	SIM_STEP_PARKED, /* a parked sector, at the place of the journal */
	SIM_STEP_NO_RECORD, /* the journal becomes empty */
	SIM_STEPS
};

enum { SIM_TRACED = 128, SIM_NAME_SIZE = 160 };

/* Plain data, so that a child process can hand it to its parent. */
struct sim_covered {
	uint32_t kinds; /* bits of enum sim_kind */
	uint32_t steps; /* bits of enum sim_step */
	/* Lowest and highest number: of a group; of a data sector; for a clean slot, of its session. */
	uint32_t first[SIM_STEPS], last[SIM_STEPS];
	uint32_t opening_disk; /* 1 + number of the disk if nothing had been written before; else 0 */
};

struct sim_trace {
	struct sim_covered flushes[SIM_TRACED]; /* writes of the disk since its last flush */
	struct sim_covered rounds[SIM_TRACED]; /* writes on all disks */
	struct sim_covered unflushed[SIM_DISKS];
};

/* Called before the write, which belongs to the present round, is on the disk. */
void sim_trace_unit(struct sim_machine *machine, const struct sim_unit *unit);
/* Called before the flush is counted. */
void sim_trace_flush(struct sim_machine *machine, int disk);

/*
 * Makes a name such as "second slot active, settled copy", or with_numbers "second slot active 0-3, settled copy 0",
 * which differs from the names of similar flushes.
 */
void sim_covered_name(const struct sim_covered *covered, bool with_numbers, char name[SIM_NAME_SIZE]);

#endif
