/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes on simulated disks: runs the commands that change them with the real library, and looks at their content.
 * Contents of sectors are numbers here, so that volumes are compared quickly.
 */
#ifndef CSUM_TEST_CRASH_DISK_VOLUME_H
#define CSUM_TEST_CRASH_DISK_VOLUME_H

#include "crash/disk/disk.h"

/* ------------------------------------------------------------------ contents of data sectors */

#define SIM_ZEROS 0u
#define SIM_BAD UINT32_MAX /* the sector reads as bad, and should */
#define SIM_STRANGE (UINT32_MAX - 1) /* the sector reads as content that was never written */

struct sim_contents {
	uint32_t sector_size;
	uint64_t data_sectors;
	uint32_t count, capacity;
	uint8_t **bytes; /* bytes of each content; [0] are zeros */
	uint64_t *hash;
	/* The latest contents that each sector was given, in order. */
	struct sim_known {
		uint32_t count, id[6];
	} * known;
	/*
	 * Content of each sector before the scenario's damage, which a scrub must bring back; SIM_STRANGE: not damaged.
	 */
	uint32_t *whole;
};

void sim_contents_init(struct sim_contents *contents, const struct csum_geometry *geometry);
void sim_contents_free(struct sim_contents *contents);
/* Returns the number of that content, new or not, and adds it to those of the sector. */
uint32_t sim_contents_add(struct sim_contents *contents, uint64_t sector, const uint8_t *bytes);
/* Returns the number of that content, or SIM_STRANGE; `a` and `b` are tried first. */
uint32_t sim_contents_find(const struct sim_contents *contents, const uint8_t *bytes, uint32_t a, uint32_t b);

/* The contents that each sector may have: either of two. */
struct sim_expect {
	uint64_t count;
	uint32_t *either[2];
};

void sim_expect_init(struct sim_expect *expect, uint64_t count);
void sim_expect_copy(struct sim_expect *expect, const struct sim_expect *from);
/* a and b have `expect->count` contents each. */
void sim_expect_set(struct sim_expect *expect, const uint32_t *a, const uint32_t *b);
void sim_expect_free(struct sim_expect *expect);
uint64_t sim_expect_hash(const struct sim_expect *expect);

/* ------------------------------------------------------------------ commands */

enum sim_action { SIM_NOTHING, SIM_RECOVER, SIM_WRITE, SIM_DISCARD, SIM_FORMAT, SIM_SCRUB, SIM_UNDO };

/* A command for `count` sectors from `first` on, without the first `skip` and the last `cut` bytes of them. */
struct sim_command {
	enum sim_action action;
	uint64_t first, count;
	uint32_t skip, cut;
	uint32_t version; /* of the content to write */
	uint32_t window_groups, batch_groups; /* 0: the library's default */
	bool with_replica, with_undo; /* for a scrub */
	unsigned int allow; /* bits of enum csum_allow */
	struct sim_failing failing; /* reads that fail while the command runs */
};

/*
 * Makes the bytes that a write of that version puts at those places of data space. Versions from SIM_ALIKE on put the
 * same bytes into every sector.
 */
#define SIM_ALIKE 1000u
void sim_pattern(uint32_t version, uint64_t offset_bytes, uint8_t *bytes, size_t size);

void sim_command_name(const struct sim_command *command, char *text, size_t size);

/* Sets *after to the contents of the sectors after the command, given those before it. */
void sim_command_result(struct sim_contents *contents, const struct sim_command *command, const uint32_t *before,
			uint32_t *after);

enum sim_phase { SIM_OPENING, SIM_AT_WORK, SIM_ENDED };

struct sim_run {
	enum sim_phase phase;
	int error; /* the first error of opening, the command or closing */
	uint64_t done_bytes;
	bool stays_active; /* a scrub with failing reads rightly left unreadable places alone */
	char message[256]; /* the last error message of the library */
};

/* The volume that a format makes. */
struct sim_format {
	struct csum_geometry geometry;
	enum csum_checksum_type checksum_type;
	uint8_t id; /* value of every byte of UUID and seed */
};

/* Size of the last file that was flushed: a power cut leaves so much of an undo file. See crash/scenario/system.h. */
extern uint64_t sim_synced_bytes;
/* Makes the file that a power cut would leave; false: there is none. */
bool sim_copy_synced(const char *from, const char *to);

/* Things that commands need beside the volume. Files are real files. */
struct sim_aids {
	const struct sim_format *format; /* for SIM_FORMAT */
	const char *replica; /* for a scrub with_replica: a raw image of the data space */
	const char *undo_file; /* for a scrub with_undo, which makes it anew, and for SIM_UNDO */
};

/* Opens for writing, runs the command, closes. `aids` may be NULL when the command needs none. */
void sim_command_run(struct sim_machine *machine, const struct sim_command *command, const struct sim_aids *aids,
		     struct sim_run *run);

/* ------------------------------------------------------------------ looking */

struct sim_view {
	int open_error, read_error, check_error;
	uint64_t sectors;
	uint32_t *content; /* per sector; SIM_BAD where there was a finding */
	char reason[96]; /* of the last finding that is an error */
	struct csum_totals totals;
	struct csum_volume_info info; /* its device names are no longer valid */
	bool names_undo_file; /* the superblock names an undo file: a scrub is not undone */
	char message[256];
};

/* Opens for reading, reads everything and checks everything. */
void sim_look(const struct sim_map *map, const struct sim_state *state, const struct sim_contents *contents,
	      const struct sim_expect *expect, struct sim_view *view);
/* Looks at a volume on a machine that exists already. */
void sim_look_at(struct sim_machine *machine, const struct sim_contents *contents, const struct sim_expect *expect,
		 struct sim_view *view);
void sim_view_free(struct sim_view *view);

#endif
