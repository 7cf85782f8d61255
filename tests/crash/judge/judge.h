/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: whether a state that a stop has left keeps what the protocol promises. Each promise has a name,
 * which a violation is reported under.
 */
#ifndef CSUM_TEST_CRASH_JUDGE_JUDGE_H
#define CSUM_TEST_CRASH_JUDGE_JUDGE_H

#include "crash/disk/volume.h"

enum sim_oracle {
	SIM_RIGHT,
	SIM_OPENS, /* the volume opens for reading */
	SIM_CONTENT, /* every sector reads as its old or its new content, others as before */
	SIM_CHECK, /* check finds nothing but "interrupted" */
	SIM_CLEAN, /* a command that ended with success left the volume clean, whatever happens later */
	SIM_SLOT_LOST, /* the same content and findings with slot A or B destroyed on top */
	SIM_RECOVERS, /* opening for writing succeeds */
	SIM_RECOVERED_DURABLE, /* and leaves nothing in a cache */
	SIM_RECOVERED_CONTENT, /* and changes no content */
	SIM_RECOVERED_CHECK, /* and leaves a clean volume without a finding */
	SIM_COPY_LOST, /* at rest one imd copy may be destroyed, and everything verifies */
	SIM_LOST_WRITE, /* at rest a sector put back to an earlier content is reported */
	SIM_REPAIRED, /* a scrub that ended with success leaves no finding that it could repair, and is on record */
	SIM_HEALS, /* of a stopped scrub: the next one repairs all that this one would have */
	/*
	 * Of a stopped scrub: undo puts back the bytes of every sector that it has overwritten. Of a stopped undo: so does
	 * the next one; and one that ended with success is not done again.
	 */
	SIM_UNDONE,
	SIM_FORMATTED, /* a stopped format leaves the old volume, none, or the new one */
	SIM_COMMAND, /* the command itself failed, or claimed success when it must not */
	SIM_ORACLES
};

const char *sim_oracle_name(enum sim_oracle oracle);

struct sim_judge {
	const struct sim_map *map;
	const struct sim_contents *contents;
	uint32_t permitted; /* kinds of findings that damage of the scenario's own leaves, a bit each */
	const struct sim_command *repair; /* the scrub that is stopped; NULL: the command is none */
	const uint32_t *whole; /* what the sectors hold behind it */
	bool undoing; /* the command is an undo */
	const struct sim_aids *aids; /* its replica, and its undo file as it is at the stop */
	const struct sim_state *damaged; /* before the scrub that made the undo file */
	struct sim_set rests; /* recovered states whose rest has been tried */
	uint64_t rest_trials;
	char detail[400]; /* of the last violation */
};

/*
 * Judges a state. `content` (data_sectors of them) takes what every sector reads as. done: the command has
 * ended with success.
 */
enum sim_oracle sim_judge(struct sim_judge *judge, const struct sim_state *state, const struct sim_expect *expect,
			  bool done, uint32_t *content);

/* Of a format over a volume with other UUID: `expect` is what the old one held and the new one holds. */
enum sim_oracle sim_judge_format(struct sim_judge *judge, const struct sim_state *state,
				 const struct sim_expect *expect, uint8_t new_id, bool done);

/* Fills the space that the volume keeps free; whether it is zero, with all that is in the cache written. */
void sim_reserved_fill(const struct sim_map *map, struct sim_state *state);
bool sim_reserved_is_zero(const struct sim_map *map, const struct sim_state *state);

/* Puts those bytes there, whatever is in the cache; so does what destroys a slot or an imd sector. */
void sim_overwrite(struct sim_state *state, int disk, const uint8_t *bytes, size_t size, uint64_t offset_bytes);
void sim_destroy_slot(const struct sim_map *map, struct sim_state *state, enum csum_slot slot);
void sim_destroy_copy(const struct sim_map *map, struct sim_state *state, uint64_t group, int copy);

#endif
