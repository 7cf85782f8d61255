/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of scenarios, and the volumes that they begin with. */
#ifndef CSUM_TEST_CRASH_SCENARIO_SCENARIO_H
#define CSUM_TEST_CRASH_SCENARIO_SCENARIO_H

#include "crash/disk/stops.h"
#include "crash/judge/judge.h"

/* The damage of the volume at rest, when the scenario begins. */
enum sim_damage {
	SIM_SOUND,
	SIM_SLOT_DAMAGED, /* slot A invalid */
	SIM_SLOTS_LOST, /* slots A and B invalid */
	SIM_SLOTS_AND_GROUP, /* slots A and B, and both copies of the last group */
	SIM_COPY_DAMAGED, /* copy 0 of the last group invalid */
	SIM_WRITE_LOST, /* the device lost the first sector of the last setup command, and the settling of its group */
	SIM_GROUP_LOST, /* both copies of the last group invalid */
	SIM_BITS_FLIPPED, /* a bit each in the first two sectors */
	SIM_BITS_AND_COPY, /* the same bits, and copy 0 of group 0 invalid */
	SIM_GARBAGE_WRITTEN, /* garbage over sector 0, and zeros over sector 1 */
	SIM_SWAPPED, /* sectors 0 and 1 swapped */
	SIM_RING, /* sectors 0, 1 and 2 hold each the content of the one before, and 0 that of 2 */
	SIM_SHIFTED, /* sectors 1, 2 and 3 hold each the content of the one before, and 0 garbage */
	SIM_MANY_INTERRUPTED, /* active; in every group one sector is right by the older copy, one by the newer */
};

/* The units that survive a stop before the scenario begins. */
enum sim_pattern_of_fates { SIM_ALL_LOST, SIM_ALL_KEPT, SIM_EVERY_OTHER, SIM_FIRST_TORN };

#define SIM_WHOLE UINT64_MAX

struct sim_prelude {
	struct sim_command command;
	uint64_t flush; /* the stop comes before that flush of the command, 0 the first; SIM_WHOLE: no stop */
	enum sim_stop stop;
	enum sim_pattern_of_fates fates;
	enum sim_damage damage; /* done after the stop */
};

struct sim_scenario {
	const char *name;
	uint32_t sector_size, interleave; /* 0: default */
	uint64_t groups; /* full groups */
	uint32_t tail_sectors; /* 0: no short group at the end; else it has at least so many data sectors */
	bool external;
	enum csum_checksum_type checksum_type; /* 0: crc64 */
	uint32_t logical_sector_size; /* 0: 512 */
	struct sim_command setup[4];
	enum sim_damage damage; /* done after the setup */
	enum sim_damage late_damage; /* done after the prelude */
	struct sim_prelude prelude[3];
	struct sim_command command; /* the command that is stopped */
	struct sim_command then; /* command of the next process; SIM_NOTHING: it only recovers */
	int depth; /* most stops, each in the process after the one before */
	unsigned int weight; /* share of the budget of states */
	bool endless; /* it has more states than any budget has room for */
	uint64_t most; /* limit of states that are slow to judge; 0: none */
	uint64_t floor; /* distinct states that there must be at least, if the budget has room for them */
};

extern const struct sim_scenario sim_scenarios[];
extern const size_t sim_scenario_count;

/* A scenario that is ready to run. */
struct sim_start {
	const struct sim_scenario *scenario;
	struct sim_map map;
	struct sim_format old_format, new_format;
	char *directory, *replica, *undo_file; /* NULL where the scenario does not need them */
	struct sim_aids aids; /* for the scenario's commands */
	struct sim_contents contents;
	struct sim_state state;
	struct sim_expect expect; /* counts until everything in the cache is durable */
	uint32_t *content; /* contents of all sectors */
	uint32_t permitted; /* bits of kinds of findings */
	struct sim_state unscrubbed; /* before a scrub of the prelude that made an undo file; else as `state` */
};

/* false: the library failed to make the volume, and *reason (256 bytes) says how. */
bool sim_start_init(struct sim_start *start, const struct sim_scenario *scenario, char *reason);
void sim_start_free(struct sim_start *start);

/* Does that damage. last, before: for SIM_WRITE_LOST, the last command and the state before it; else NULL. */
void sim_damage(struct sim_start *start, enum sim_damage damage, const struct sim_command *last,
		const struct sim_state *before);

#endif
