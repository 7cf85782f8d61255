/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Simulated disks under the library's table of operations. A disk is what is durable and a volatile cache that
 * keeps every write since its last flush, in order; flushing one disk does nothing for another. Writes are cut
 * into units: a data sector is durable or not; imd sectors, superblock slots and journal records tear as well.
 */
#ifndef CSUM_TEST_CRASH_DISK_DISK_H
#define CSUM_TEST_CRASH_DISK_DISK_H

#include "crash/disk/image.h"
#include "csum.h"
#include "device/device.h"

enum { SIM_DISKS = 2 };

enum sim_kind { SIM_OTHER, SIM_DATA, SIM_IMD, SIM_SLOT, SIM_JOURNAL };

/* What lies where. Disk 0 holds the data, the last one the metadata. */
struct sim_map {
	struct csum_geometry geometry;
	int disks;
	uint32_t logical_sector_size;
	uint64_t size_bytes[SIM_DISKS];
	uint32_t *place; /* of each sector behind the clusters' start on the metadata disk: kind and number */
	uint64_t places;
};

void sim_map_init(struct sim_map *map, const struct csum_geometry *geometry, uint32_t logical_sector_size);
void sim_map_free(struct sim_map *map);
/* What the sector of that index behind the clusters' start is, and its number. */
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
	uint64_t number; /* data sector; 2 * group + copy; slot */
	uint64_t sequence; /* order of issue in its machine */
	uint64_t first_block;
	uint32_t block_count;
	uint64_t hash; /* of place and content */
	struct sim_block *blocks[];
};

/* "data 7", "imd 2.1", "slot B" ... */
void sim_unit_name(const struct sim_unit *unit, char *text, size_t size);

struct sim_units {
	struct sim_unit **unit;
	size_t count, capacity;
};

void sim_unit_drop(struct sim_unit *unit);
void sim_units_add(struct sim_units *units, struct sim_unit *unit); /* takes a reference of its own */
void sim_units_free(struct sim_units *units);

/* Disks with nobody at work on them. */
struct sim_state {
	int disks;
	struct sim_image durable[SIM_DISKS];
	struct sim_units cache;
};

void sim_state_init(struct sim_state *state, const struct sim_map *map); /* all zeros */
void sim_state_copy(struct sim_state *state, const struct sim_state *from);
void sim_state_free(struct sim_state *state);
uint64_t sim_state_hash(const struct sim_state *state);
/* Everything in the cache becomes durable. */
void sim_state_settle(struct sim_state *state);

/* How a unit may survive. Data: the first two. */
enum sim_fate { SIM_LOST, SIM_KEPT, SIM_HEAD_KEPT, SIM_TAIL_KEPT, SIM_GARBAGE, SIM_FATES };

void sim_unit_apply(const struct sim_unit *unit, enum sim_fate fate, struct sim_image *image);

/* ------------------------------------------------------------------ a machine at work on them */

enum sim_mode {
	SIM_FAITHFUL,
	SIM_DROP_FLUSH, /* flush number `at` is acknowledged and not done */
	SIM_SWAP_ROUNDS, /* the writes of round `at` reach the disk behind those of the next round and its flush */
	SIM_LOSE_ROUND, /* the writes of round `at` are acknowledged and never reach the disk */
};

enum sim_fault {
	SIM_NO_FAULT,
	SIM_EIO, /* nothing was moved */
	SIM_EIO_HALF, /* writes: half of it was moved, then the error */
	SIM_ENOSPC, /* writes */
	SIM_EINTR, /* once */
	SIM_SHORT, /* reads and writes of several sectors: half of it is moved */
	SIM_VANISH, /* -ENODEV, and from then on */
	SIM_FAULTS
};

/* Reads that fail for a while, then pass: the first `reads` that touch one of these units; 0: none do. */
struct sim_failing {
	enum sim_kind kind;
	bool all; /* of that kind; else that one */
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
	struct sim_image current[SIM_DISKS]; /* what reads see */
	struct sim_port ports[SIM_DISKS];
	int open_devices;
	uint64_t op; /* number of the present read, write or flush */
	uint64_t flushes, rounds; /* so far; a round begins with the first write behind a flush */
	bool in_round;
	uint64_t sequence, round_sequence; /* of the next unit; of the first of the present round */
	/*
	 * Called before every flush; may be NULL. What a stop before a write leaves is among what a stop before
	 * the flush behind it leaves: the writes of a round are issued by many threads, in any order.
	 */
	void (*point)(struct sim_machine *machine);
	void *user;
	bool stopped; /* by point(): the process is no more, nothing it does from here on counts */

	enum sim_mode mode;
	uint64_t at;
	struct sim_units held;

	enum sim_fault fault;
	uint64_t fault_at; /* operation */
	bool fault_done; /* it came to pass */
	bool vanished;
	uint64_t changes_after_fault; /* writes and flushes tried after a failed write or flush */
	bool failed; /* a write or flush has, and it was not one to carry on after */
	bool lenient; /* a refused write is one to carry on after, unlike a failed flush: scrub */
	const uint64_t *unreadable; /* pairs: disk, block number; ended by UINT64_MAX; a write does not heal them */
	struct sim_failing failing; /* counts down */
	int read_error; /* what reads of such a place end with; 0: -EIO */
	struct sim_trace *trace; /* what flushes and rounds are for; may be NULL */
};

/* On a copy of the state. */
void sim_machine_init(struct sim_machine *machine, const struct sim_map *map, const struct sim_state *state);
void sim_machine_free(struct sim_machine *machine);
/* Of that disk, as csum_volume_open_devices() wants it; the machine outlives it. */
struct csum_device *sim_machine_device(struct sim_machine *machine, int disk, bool writable);

#endif
