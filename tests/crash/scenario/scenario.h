/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of scenarios, and the volumes they begin with. */
#ifndef CSUM_TEST_CRASH_SCENARIO_SCENARIO_H
#define CSUM_TEST_CRASH_SCENARIO_SCENARIO_H

#include "crash/disk/stops.h"
#include "crash/judge/judge.h"

/* What is wrong with the volume, at rest, when the scenario begins. */
enum sim_damage {
	SIM_SOUND,
	SIM_SLOT_DAMAGED, /* slot A invalid */
	SIM_SLOTS_LOST, /* slots A and B invalid */
	SIM_SLOTS_AND_GROUP, /* the same, and both copies of the last group */
	SIM_COPY_DAMAGED, /* copy 0 of the last group invalid */
	SIM_WRITE_LOST, /* the device lost the last setup command's first sector, and the settling of its group */
	SIM_GROUP_LOST, /* both copies of the last group invalid */
	SIM_BITS_FLIPPED, /* in the first two sectors, a bit each */
	SIM_BITS_AND_COPY, /* the same, and copy 0 of group 0 invalid */
	SIM_GARBAGE_WRITTEN, /* over sector 0, and zeros over sector 1 */
	SIM_SWAPPED, /* sectors 0 and 1 */
	SIM_RING, /* sectors 0, 1 and 2 each hold the content of the one before, 0 that of 2 */
	SIM_SHIFTED, /* sectors 1, 2 and 3 each hold the content of the one before, and 0 garbage */
	SIM_MANY_INTERRUPTED, /* active; in every group one sector right by the older copy, one by the newer */
};

/* Which units survive a stop before the scenario begins. */
enum sim_pattern_of_fates { SIM_ALL_LOST, SIM_ALL_KEPT, SIM_EVERY_OTHER, SIM_FIRST_TORN };

#define SIM_WHOLE UINT64_MAX

struct sim_prelude {
	struct sim_command command;
	uint64_t flush; /* the stop comes before that flush of it, 0 the first; SIM_WHOLE: it runs to its end */
	enum sim_stop stop;
	enum sim_pattern_of_fates fates;
	enum sim_damage damage; /* behind the stop */
};

struct sim_scenario {
	const char *name;
	uint32_t sector_size, interleave; /* 0: default */
	uint64_t groups; /* full ones */
	uint32_t tail_sectors; /* data sectors of a short group behind them, at least; 0: none */
	bool external;
	enum csum_checksum_type checksum_type; /* 0: crc64 */
	uint32_t logical_sector_size; /* 0: 512 */
	struct sim_command setup[4];
	enum sim_damage damage; /* behind the setup */
	enum sim_damage late_damage; /* behind the prelude */
	struct sim_prelude prelude[3];
	struct sim_command command; /* that is stopped */
	struct sim_command then; /* what the next process does, beside recovering; SIM_NOTHING: nothing */
	int depth; /* stops, one in the process after the other */
	unsigned int weight; /* share of the budget of states */
	bool endless; /* more states than a budget has room for */
	uint64_t most; /* states, where they are slow to judge; 0: no limit of its own */
	uint64_t floor; /* fewest distinct states where the budget has room for them */
};

extern const struct sim_scenario sim_scenarios[];
extern const size_t sim_scenario_count;

/* A scenario made ready. */
struct sim_start {
	const struct sim_scenario *scenario;
	struct sim_map map;
	struct sim_format old_format, new_format;
	char *directory, *replica, *undo_file; /* NULL where the scenario has no use for them */
	struct sim_aids aids; /* of the scenario's commands */
	struct sim_contents contents;
	struct sim_state state;
	struct sim_expect expect; /* until what is in the cache is durable */
	uint32_t *content; /* what every sector reads as */
	uint32_t permitted; /* kinds of findings */
	struct sim_state unscrubbed; /* what a scrub of the prelude kept for undo; as `state` where there was none */
};

/* false: the library failed to make it, and *reason (256 bytes) says how. */
bool sim_start_init(struct sim_start *start, const struct sim_scenario *scenario, char *reason);
void sim_start_free(struct sim_start *start);

/* Does that damage. last, before: for SIM_WRITE_LOST, the last command and the state before it; else NULL. */
void sim_damage(struct sim_start *start, enum sim_damage damage, const struct sim_command *last,
		const struct sim_state *before);

#endif
