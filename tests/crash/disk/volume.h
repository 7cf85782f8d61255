/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes on simulated disks: the commands that change them, run by the real library, and what a look at one
 * shows. Contents of sectors are numbers here, so that what a volume holds is compared quickly.
 */
#ifndef CSUM_TEST_CRASH_DISK_VOLUME_H
#define CSUM_TEST_CRASH_DISK_VOLUME_H

#include "crash/disk/disk.h"

/* ------------------------------------------------------------------ contents of data sectors */

#define SIM_ZEROS 0u
#define SIM_BAD UINT32_MAX /* the sector reads as bad, and is meant to */
#define SIM_STRANGE (UINT32_MAX - 1) /* reads as something that was never written */

struct sim_contents {
	uint32_t sector_size;
	uint64_t data_sectors;
	uint32_t count, capacity;
	uint8_t **bytes; /* of each content; [0] are zeros */
	uint64_t *hash;
	/* Contents that each sector has been given, in order, the latest few. */
	struct sim_known {
		uint32_t count, id[6];
	} * known;
	/* What each sector held before the scenario's damage, which a scrub gives back; SIM_STRANGE: it is not damaged. */
	uint32_t *whole;
};

void sim_contents_init(struct sim_contents *contents, const struct csum_geometry *geometry);
void sim_contents_free(struct sim_contents *contents);
/* The number of that content, new or not; remembered as one of the sector's. */
uint32_t sim_contents_add(struct sim_contents *contents, uint64_t sector, const uint8_t *bytes);
/* The number of that content, or SIM_STRANGE; `a` and `b` are tried first. */
uint32_t sim_contents_find(const struct sim_contents *contents, const uint8_t *bytes, uint32_t a, uint32_t b);

/* What each sector may read as: either of two contents. */
struct sim_expect {
	uint64_t count;
	uint32_t *either[2];
};

void sim_expect_init(struct sim_expect *expect, uint64_t count);
void sim_expect_copy(struct sim_expect *expect, const struct sim_expect *from);
/* a and b: `expect->count` contents. */
void sim_expect_set(struct sim_expect *expect, const uint32_t *a, const uint32_t *b);
void sim_expect_free(struct sim_expect *expect);
uint64_t sim_expect_hash(const struct sim_expect *expect);

/* ------------------------------------------------------------------ commands */

enum sim_action { SIM_NOTHING, SIM_RECOVER, SIM_WRITE, SIM_DISCARD, SIM_FORMAT, SIM_SCRUB, SIM_UNDO };

/* Of `count` sectors from `first` on, less the first `skip` and the last `cut` bytes of them. */
struct sim_command {
	enum sim_action action;
	uint64_t first, count;
	uint32_t skip, cut;
	uint32_t version; /* of the bytes to write */
	uint32_t window_groups, batch_groups; /* 0: the library's own */
	bool with_replica, with_undo; /* scrub */
	unsigned int allow; /* bits of enum csum_allow */
	struct sim_failing failing; /* reads, while it is at work */
};

/* The bytes that a write of that version puts at those places of data space: of some, in every sector the same ones. */
#define SIM_ALIKE 1000u
void sim_pattern(uint32_t version, uint64_t offset_bytes, uint8_t *bytes, size_t size);

void sim_command_name(const struct sim_command *command, char *text, size_t size);

/* What the sectors hold after the command, when they held `before`. */
void sim_command_result(struct sim_contents *contents, const struct sim_command *command, const uint32_t *before,
			uint32_t *after);

enum sim_phase { SIM_OPENING, SIM_AT_WORK, SIM_ENDED };

struct sim_run {
	enum sim_phase phase;
	int error; /* of opening, the command or closing: the first */
	uint64_t done_bytes;
	bool stays_active; /* a scrub with failing reads, which rightly leaves what it cannot read */
	char message[256]; /* the last one of the library */
};

/* What a format makes. */
struct sim_format {
	struct csum_geometry geometry;
	enum csum_checksum_type checksum_type;
	uint8_t id; /* every byte of UUID and seed */
};

/* Bytes of the last file that was flushed: what a power cut leaves of an undo file. See crash/scenario/system.h. */
extern uint64_t sim_synced_bytes;
/* Makes such a file; false: there is none. */
bool sim_copy_synced(const char *from, const char *to);

/* What commands have beside the volume. Files are real ones. */
struct sim_aids {
	const struct sim_format *format; /* SIM_FORMAT */
	const char *replica; /* a scrub with one: a raw image of the data space */
	const char *undo_file; /* a scrub with one makes it anew; SIM_UNDO */
};

/* Opens for writing, does it, closes. `aids` may be NULL when the command needs none. */
void sim_command_run(struct sim_machine *machine, const struct sim_command *command, const struct sim_aids *aids,
		     struct sim_run *run);

/* ------------------------------------------------------------------ looking */

struct sim_view {
	int open_error, read_error, check_error;
	uint64_t sectors;
	uint32_t *content; /* per sector; SIM_BAD where it was a finding */
	char reason[96]; /* of the last error that was found */
	struct csum_totals totals;
	struct csum_volume_info info; /* device names are not valid any more */
	bool names_undo_file; /* there is a scrub that is not undone */
	char message[256];
};

/* Opens for reading, reads everything and checks everything. */
void sim_look(const struct sim_map *map, const struct sim_state *state, const struct sim_contents *contents,
	      const struct sim_expect *expect, struct sim_view *view);
/* The same on a machine that is at hand. */
void sim_look_at(struct sim_machine *machine, const struct sim_contents *contents, const struct sim_expect *expect,
		 struct sim_view *view);
void sim_view_free(struct sim_view *view);

#endif
