/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: judges whether a state that a stop has left keeps the promises of the protocol. Each promise has a name,
 * under which violations are reported.
 */
#ifndef CSUM_TEST_CRASH_JUDGE_JUDGE_H
#define CSUM_TEST_CRASH_JUDGE_JUDGE_H

#include "crash/disk/volume.h"

enum sim_oracle {
	SIM_RIGHT,
	SIM_OPENS, /* the volume opens for reading */
	SIM_CONTENT, /* every sector in the command reads as its old or its new content, others as before */
	SIM_CHECK, /* check finds nothing but "interrupted" */
	SIM_CLEAN, /* a command that ended with success left the volume clean, whatever happens later */
	SIM_SLOT_LOST, /* content and findings are the same when slot A or B is destroyed as well */
	SIM_RECOVERS, /* opening for writing succeeds */
	SIM_RECOVERED_DURABLE, /* recovery leaves nothing in a cache */
	SIM_RECOVERED_CONTENT, /* recovery changes no content */
	SIM_RECOVERED_CHECK, /* recovery leaves a clean volume without a finding */
	SIM_COPY_LOST, /* at rest one imd copy may be destroyed, and everything still verifies */
	SIM_LOST_WRITE, /* at rest a sector put back to an earlier content is reported */
	SIM_REPAIRED, /* a scrub that ended with success left no finding that it could repair, and is on record */
	SIM_HEALS, /* after a stopped scrub the next one repairs everything that this one would have */
	/*
	 * After a stopped scrub, undo puts back the bytes of every sector that was overwritten; after a stopped undo
	 * the next undo does. An undo that ended with success is not done again.
	 */
	SIM_UNDONE,
	SIM_FORMATTED, /* a stopped format leaves the old volume, no volume, or the new one */
	SIM_COMMAND, /* the command itself failed, or claimed success when it must not */
	SIM_ORACLES
};

const char *sim_oracle_name(enum sim_oracle oracle);

struct sim_judge {
	const struct sim_map *map;
	const struct sim_contents *contents;
	uint32_t permitted; /* bits of the kinds of findings that the scenario's own damage leaves */
	const struct sim_command *repair; /* the scrub that is stopped; NULL: the command is no scrub */
	const uint32_t *whole; /* contents after that scrub */
	bool undoing; /* the command is an undo */
	const struct sim_aids *aids; /* its replica, and its undo file at the time of the stop */
	const struct sim_state *damaged; /* the state before the scrub that made the undo file */
	struct sim_set rests; /* recovered states at rest that were tried already */
	uint64_t rest_trials;
	char detail[400]; /* of the last violation */
};

/*
 * Judges a state. `content` (data_sectors of them) takes the content that every sector reads as. done: the command has
 * ended with success.
 */
enum sim_oracle sim_judge(struct sim_judge *judge, const struct sim_state *state, const struct sim_expect *expect,
			  bool done, uint32_t *content);

/* Judges a format over a volume with another UUID: `expect` has the contents of the old volume and of the new one. */
enum sim_oracle sim_judge_format(struct sim_judge *judge, const struct sim_state *state,
				 const struct sim_expect *expect, uint8_t new_id, bool done);

/* Fills the space that the volume keeps free; and: whether that space is zero, with everything in the cache written. */
void sim_reserved_fill(const struct sim_map *map, struct sim_state *state);
bool sim_reserved_is_zero(const struct sim_map *map, const struct sim_state *state);

/*
 * Puts those bytes there, and removes cached writes to that place; so do the functions that destroy a slot or a copy.
 */
void sim_overwrite(struct sim_state *state, int disk, const uint8_t *bytes, size_t size, uint64_t offset_bytes);
void sim_destroy_slot(const struct sim_map *map, struct sim_state *state, enum csum_slot slot);
void sim_destroy_copy(const struct sim_map *map, struct sim_state *state, uint64_t group, int copy);

#endif
