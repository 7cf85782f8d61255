/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Simulated disks under the library's table of operations. A disk has durable bytes, and a volatile cache that keeps
 * every write since the last flush, in order; flushing one disk does nothing for another. Writes are cut into units: a
 * data sector is durable or not; imd sectors, superblock slots and journal records may be torn.
 */
#ifndef CSUM_TEST_CRASH_DISK_DISK_H
#define CSUM_TEST_CRASH_DISK_DISK_H

#include "crash/disk/image.h"
#include "csum.h"
#include "device/device.h"

enum { SIM_DISKS = 2 };

enum sim_kind { SIM_OTHER, SIM_DATA, SIM_IMD, SIM_SLOT, SIM_JOURNAL };

/* The layout of the disks. Disk 0 holds the data, the last one the metadata. */
struct sim_map {
	struct csum_geometry geometry;
	int disks;
	uint32_t logical_sector_size;
	uint64_t size_bytes[SIM_DISKS];
	uint32_t *place; /* kind and number of each sector of the metadata disk, from the first cluster on */
	uint64_t places;
};

void sim_map_init(struct sim_map *map, const struct csum_geometry *geometry, uint32_t logical_sector_size);
void sim_map_free(struct sim_map *map);
/* Returns the kind and number of the sector at index i, counted on the metadata disk from the first cluster on. */
enum sim_kind sim_map_place(const struct sim_map *map, uint64_t i, uint64_t *number);
static inline int sim_map_metadata_disk(const struct sim_map *map)
{
	return map->disks - 1;
}

/* A write of one unit; immutable. */
struct sim_unit {
	uint32_t references;
	int disk;
	enum sim_kind kind;
	uint64_t number; /* by kind: data sector; 2 * group + copy; slot */
	uint64_t sequence; /* order of issue in its machine */
	uint64_t first_block;
	uint32_t block_count;
	uint64_t hash; /* hash of place and content */
	struct sim_block *blocks[];
};

/* Makes the unit's name: "data 7", "imd 2.1", "slot B" ... */
void sim_unit_name(const struct sim_unit *unit, char *text, size_t size);

struct sim_units {
	struct sim_unit **unit;
	size_t count, capacity;
};

void sim_unit_drop(struct sim_unit *unit);
void sim_units_add(struct sim_units *units, struct sim_unit *unit); /* takes a reference of its own */
void sim_units_free(struct sim_units *units);

/* The state of the disks while no machine uses them. */
struct sim_state {
	int disks;
	struct sim_image durable[SIM_DISKS];
	struct sim_units cache;
};

void sim_state_init(struct sim_state *state, const struct sim_map *map); /* all zeros */
void sim_state_copy(struct sim_state *state, const struct sim_state *from);
void sim_state_free(struct sim_state *state);
uint64_t sim_state_hash(const struct sim_state *state);
/* Makes everything in the cache durable. */
void sim_state_settle(struct sim_state *state);

/* Ways in which a unit survives. Data: only the first two. */
enum sim_fate { SIM_LOST, SIM_KEPT, SIM_HEAD_KEPT, SIM_TAIL_KEPT, SIM_GARBAGE, SIM_FATES };

void sim_unit_apply(const struct sim_unit *unit, enum sim_fate fate, struct sim_image *image);

/* ------------------------------------------------------------------ a machine at work on them */

enum sim_mode {
	SIM_FAITHFUL,
	SIM_DROP_FLUSH, /* flush number `at` is acknowledged but not done */
	SIM_SWAP_ROUNDS, /* the writes of round `at` reach the disk behind those of the next round and its flush */
	SIM_LOSE_ROUND, /* the writes of round `at` are acknowledged but never reach the disk */
};

enum sim_fault {
	SIM_NO_FAULT,
	SIM_EIO, /* nothing is moved */
	SIM_EIO_HALF, /* of writes: half is moved, then the error */
	SIM_ENOSPC, /* of writes */
	SIM_EINTR, /* once */
	SIM_SHORT, /* of reads and writes of several sectors: half is moved */
	SIM_VANISH, /* -ENODEV, from then on for every operation */
	SIM_FAULTS
};

/* Reads that fail for a while, and then pass: the first `reads` that touch such a unit; 0: none. */
struct sim_failing {
	enum sim_kind kind;
	bool all; /* all units of that kind; false: that one unit */
	uint64_t number;
	uint64_t reads;
};

struct sim_machine;
struct sim_trace;

struct sim_port {
	struct sim_machine *machine;
	int disk;
};

struct sim_machine {
	const struct sim_map *map;
	struct sim_state state;
	struct sim_image current[SIM_DISKS]; /* the content that reads return */
	struct sim_port ports[SIM_DISKS];
	int open_devices;
	uint64_t op; /* number of the present read, write or flush */
	uint64_t flushes, rounds; /* so far; a round begins with the first write after a flush */
	bool in_round;
	uint64_t sequence, round_sequence; /* number of the next unit; of the first unit in the present round */
	/*
	 * Called before every flush; may be NULL. Stops before a write need no call: the writes of a round are issued
	 * by many threads in any order, so their states are among those of a stop before the next flush.
	 */
	void (*point)(struct sim_machine *machine);
	void *user;
	bool stopped; /* set by point(): the process is gone, nothing it does from here on counts */

	enum sim_mode mode;
	uint64_t at;
	struct sim_units held;

	enum sim_fault fault;
	uint64_t fault_at; /* number of the operation */
	bool fault_done; /* the fault has happened */
	bool vanished;
	uint64_t changes_after_fault; /* writes and flushes tried after a failed write or flush */
	bool failed; /* a write or flush has failed, and the command must not carry on */
	bool lenient; /* for scrub: it may carry on after a refused write, but not after a failed flush */
	const uint64_t *unreadable; /* pairs: disk, block number; ended by UINT64_MAX; a write does not heal them */
	struct sim_failing failing; /* counts down */
	int read_error; /* the error for reads of such places; 0: -EIO */
	struct sim_trace *trace; /* records the steps in flushes and rounds; may be NULL */
};

/* Makes a machine on a copy of the state. */
void sim_machine_init(struct sim_machine *machine, const struct sim_map *map, const struct sim_state *state);
void sim_machine_free(struct sim_machine *machine);
/* Returns a device on that disk for csum_volume_open_devices(); the machine must outlive it. */
struct csum_device *sim_machine_device(struct sim_machine *machine, int disk, bool writable);

#endif
