/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/scenario/scenario.h"

/* clang-format off */
#define WRITE(from, number, content) { .action = SIM_WRITE, .first = (from), .count = (number), .version = (content) }
#define WRITE_PART(from, number, less, off, content) \
	{ .action = SIM_WRITE, .first = (from), .count = (number), .skip = (less), .cut = (off), .version = (content) }
#define WRITE_ROUNDS(from, number, window, batch, content) \
	{ .action = SIM_WRITE, .first = (from), .count = (number), .version = (content), \
	  .window_groups = (window), .batch_groups = (batch) }
#define DISCARD(from, number) { .action = SIM_DISCARD, .first = (from), .count = (number) }
#define DISCARD_PART(from, number, less, off) \
	{ .action = SIM_DISCARD, .first = (from), .count = (number), .skip = (less), .cut = (off) }
#define DISCARD_ROUNDS(from, number, window, batch) \
	{ .action = SIM_DISCARD, .first = (from), .count = (number), \
	  .window_groups = (window), .batch_groups = (batch) }
#define RECOVER { .action = SIM_RECOVER }
#define FORMAT { .action = SIM_FORMAT }
#define SCRUB { .action = SIM_SCRUB }
#define SCRUB_FROM { .action = SIM_SCRUB, .with_replica = true }
#define SCRUB_WITH_UNDO { .action = SIM_SCRUB, .with_undo = true }
/* Reads of those units fail all the time while the scrub runs, and pass afterwards. */
#define SCRUB_FAILING(what, which) \
	{ .action = SIM_SCRUB, .failing = { .kind = what, .number = (which), .reads = 600 } }
#define SCRUB_ALL_FAILING(what) { .action = SIM_SCRUB, .failing = { .kind = what, .all = true, .reads = 600 } }
#define UNDO { .action = SIM_UNDO }
#define ENDED(what) { .command = what, .flush = SIM_WHOLE }
#define STOPPED(what, before, how, which) { .command = what, .flush = (before), .stop = (how), .fates = (which) }
#define STOPPED_DAMAGED(what, before, how, which, then) \
	{ .command = what, .flush = (before), .stop = (how), .fates = (which), .damage = (then) }

/*
 * A group of S = 512 has 62 data sectors, one of S = 4096 has 510. Flushes of a write without pipelining, by number, on
 * one disk: 0 opening; 1, 2 intent; then fresh data, new imd, data over old data, settling, each only if there is any;
 * clean. Tiny volumes are explored in full, three stops deep as far as the budget goes.
 */
const struct sim_scenario sim_scenarios[] = {
	/* ---- one group, few sectors: every combination */
	{ .name = "fresh", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .command = WRITE(0, 2, 2), .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 2000 },
	{ .name = "overwrite", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .command = WRITE(0, 2, 2), .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 3000 },
	{ .name = "mixed", .sector_size = 512, .interleave = 2, .tail_sectors = 6, .checksum_type = CSUM_CRC32C,
	  .setup = { WRITE(0, 2, 1) }, .command = WRITE(1, 3, 2), .then = WRITE(0, 2, 3),
	  .depth = 3, .weight = 10, .floor = 3500 },
	{ .name = "one-sector", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .command = WRITE(2, 1, 2), .then = WRITE(2, 1, 3),
	  .depth = 3, .weight = 6, .floor = 1400 },
	{ .name = "unaligned", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 2, 1) }, .command = WRITE_PART(0, 4, 100, 37, 2), .then = WRITE_PART(1, 1, 5, 5, 3),
	  .depth = 3, .weight = 10, .floor = 3000 },
	{ .name = "discard", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(62, 4, 1), WRITE(0, 2, 1) }, .command = DISCARD(63, 2), .then = WRITE(62, 3, 3),
	  .depth = 3, .weight = 10, .floor = 3000 },
	{ .name = "discard-unaligned", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .command = DISCARD_PART(0, 3, 7, 9), .then = DISCARD(0, 2),
	  .depth = 3, .weight = 10, .floor = 1500 },
	{ .name = "write-twice", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1), DISCARD(1, 1) }, .command = WRITE(0, 3, 2), .then = DISCARD(1, 2),
	  .depth = 3, .weight = 10, .floor = 1800 },

	/* ---- two groups and more: rounds, windows, clusters */
	{ .name = "two-groups", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(60, 4, 1) }, .command = WRITE(60, 4, 2), .then = WRITE(61, 2, 3),
	  .depth = 3, .weight = 20, .floor = 25000 },
	{ .name = "two-rounds", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(61, 2, 1) }, .command = WRITE_ROUNDS(60, 4, 0, 1, 2), .then = WRITE_ROUNDS(61, 2, 0, 1, 3),
	  .depth = 3, .weight = 20, .floor = 11000 },
	{ .name = "sliding", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(61, 2, 1) }, .command = WRITE_ROUNDS(60, 4, 1, 1, 2), .then = WRITE_ROUNDS(61, 2, 1, 1, 3),
	  .depth = 3, .weight = 20, .floor = 10000 },
	{ .name = "discard-rounds", .sector_size = 512, .interleave = 2, .groups = 5, .tail_sectors = 6,
	  .setup = { WRITE(50, 265, 1), WRITE(0, 1, 1) },
	  .command = DISCARD_ROUNDS(61, 251, 0, 1), .then = WRITE(61, 2, 3),
	  .depth = 2, .weight = 20, .floor = 1300 },
	{ .name = "discard-sliding", .sector_size = 512, .interleave = 3, .groups = 6, .tail_sectors = 6,
	  .setup = { WRITE(50, 265, 1), WRITE(0, 1, 1) },
	  .command = DISCARD_ROUNDS(61, 251, 2, 1), .then = WRITE_ROUNDS(61, 2, 1, 1, 3),
	  .depth = 2, .weight = 20, .floor = 2000 },
	{ .name = "many-groups", .sector_size = 512, .groups = 4, .tail_sectors = 14, .checksum_type = CSUM_CRC32,
	  .setup = { WRITE(30, 100, 1) }, .command = WRITE(10, 230, 2), .then = WRITE(100, 60, 3),
	  .depth = 2, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "pipeline", .sector_size = 512, .interleave = 2, .groups = 6, .tail_sectors = 6,
	  .setup = { WRITE(30, 200, 1) },
	  .command = WRITE_ROUNDS(10, 360, 0, 1, 2), .then = WRITE_ROUNDS(100, 100, 0, 1, 3),
	  .depth = 2, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "pipeline-sliding", .sector_size = 512, .interleave = 2, .groups = 6, .tail_sectors = 6,
	  .setup = { WRITE(30, 200, 1) },
	  .command = WRITE_ROUNDS(10, 360, 2, 1, 2), .then = WRITE_ROUNDS(100, 100, 1, 1, 3),
	  .depth = 2, .weight = 10, .floor = 40000, .endless = true },

	/* ---- more sectors than can be combined in every way */
	{ .name = "overwrite-wide", .sector_size = 512, .interleave = 1, .tail_sectors = 14,
	  .setup = { WRITE(0, 12, 1) }, .command = WRITE(2, 8, 2), .then = WRITE(4, 8, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "mixed-wide", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 14,
	  .setup = { WRITE(56, 6, 1), WRITE(66, 2, 1) }, .command = WRITE(58, 10, 2), .then = WRITE(57, 8, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "mixed-parts", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 14,
	  .setup = { WRITE(56, 6, 1), WRITE(66, 2, 1) }, .command = WRITE_PART(58, 10, 3, 500, 2),
	  .then = DISCARD_PART(57, 8, 500, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "rounds-wide", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 14,
	  .setup = { WRITE(58, 6, 1) }, .command = WRITE_ROUNDS(56, 12, 0, 1, 2), .then = WRITE_ROUNDS(60, 4, 1, 1, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "sliding-wide", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 14,
	  .setup = { WRITE(58, 6, 1) }, .command = WRITE_ROUNDS(56, 12, 1, 1, 2), .then = WRITE_ROUNDS(60, 4, 1, 1, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "external-wide", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 14, .external = true,
	  .setup = { WRITE(58, 6, 1) }, .command = WRITE(56, 12, 2), .then = WRITE_ROUNDS(60, 4, 1, 1, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "external-pipeline", .sector_size = 512, .groups = 5, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(30, 150, 1) },
	  .command = WRITE_ROUNDS(10, 300, 2, 1, 2), .then = WRITE_ROUNDS(100, 100, 1, 1, 3),
	  .depth = 2, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "large-wide", .sector_size = 4096, .tail_sectors = 12, .checksum_type = CSUM_CRC32C,
	  .setup = { WRITE(0, 6, 1) }, .command = WRITE(2, 8, 2), .then = WRITE_PART(1, 6, 1000, 9, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "copy-damaged-wide", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 14,
	  .setup = { WRITE(58, 8, 1) }, .damage = SIM_COPY_DAMAGED, .command = WRITE(58, 8, 2), .then = WRITE(60, 4, 3),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },

	/* ---- S = 4096 */
	{ .name = "large-sectors", .sector_size = 4096, .tail_sectors = 5, .logical_sector_size = 4096,
	  .setup = { WRITE(0, 3, 1) }, .command = WRITE_PART(0, 3, 17, 1000, 2), .then = WRITE(1, 3, 3),
	  .depth = 3, .weight = 10, .floor = 4800 },
	{ .name = "large-sectors-groups", .sector_size = 4096, .interleave = 1, .groups = 1, .tail_sectors = 4,
	  .setup = { WRITE(509, 2, 1) }, .command = WRITE_ROUNDS(508, 4, 1, 1, 2), .then = WRITE(509, 2, 3),
	  .depth = 2, .weight = 6, .floor = 1200 },

	/* ---- external layout: two caches, two flushes */
	{ .name = "external", .sector_size = 512, .interleave = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 2, 1) }, .command = WRITE(1, 2, 2), .then = WRITE(0, 2, 3),
	  .depth = 3, .weight = 20, .floor = 2700 },
	{ .name = "external-rounds", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 5, .external = true,
	  .setup = { WRITE(61, 2, 1) }, .command = WRITE_ROUNDS(60, 4, 1, 1, 2), .then = WRITE(61, 2, 3),
	  .depth = 2, .weight = 20, .floor = 1200 },
	{ .name = "external-large", .sector_size = 4096, .tail_sectors = 5, .external = true, .logical_sector_size = 4096,
	  .setup = { WRITE(0, 3, 1) }, .command = WRITE(1, 3, 2), .then = DISCARD(2, 2),
	  .depth = 3, .weight = 6, .floor = 1800 },

	/* ---- damage at rest */
	{ .name = "slot-damaged", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1) }, .damage = SIM_SLOT_DAMAGED, .command = WRITE(0, 2, 2), .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 3000 },
	{ .name = "copy-damaged", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1) }, .damage = SIM_COPY_DAMAGED, .command = WRITE(0, 2, 2), .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 3000 },
	{ .name = "write-lost", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1), WRITE(0, 1, 2) }, .damage = SIM_WRITE_LOST,
	  .command = WRITE(1, 2, 3), .then = WRITE(2, 2, 4),
	  .depth = 3, .weight = 10, .floor = 2400 },
	{ .name = "group-lost", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(62, 3, 1), WRITE(0, 1, 1) }, .damage = SIM_GROUP_LOST, .command = WRITE(62, 6, 2),
	  .depth = 3, .weight = 10, .floor = 1300 },
	{ .name = "group-lost-discard", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(62, 3, 1), WRITE(0, 1, 1) }, .damage = SIM_GROUP_LOST, .command = DISCARD(62, 6),
	  .depth = 3, .weight = 6, .floor = 160 },

	/* A journal record of an earlier session has the lost group; it must not count. Sector 65 was written later. */
	{ .name = "group-lost-journal", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(62, 3, 1), WRITE(0, 1, 1) },
	  .prelude = { STOPPED(WRITE(62, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER), ENDED(RECOVER),
		       ENDED(WRITE(65, 1, 3)) },
	  .late_damage = SIM_GROUP_LOST, .command = WRITE(62, 6, 4),
	  .depth = 3, .weight = 10, .floor = 1300 },

	/* ---- scrub and undo */
	{ .name = "scrub", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1) }, .damage = SIM_BITS_AND_COPY, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 400 },
	{ .name = "scrub-external", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 3, 1) }, .damage = SIM_BITS_AND_COPY, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 400 },
	{ .name = "scrub-slot", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1) }, .damage = SIM_SLOT_DAMAGED, .command = SCRUB, .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 6, .floor = 1510 },
	{ .name = "scrub-slots-lost", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1) }, .damage = SIM_SLOTS_LOST, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 250 },
	{ .name = "scrub-slots-lost-active", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(60, 4, 1) }, .prelude = { STOPPED(WRITE(60, 4, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .late_damage = SIM_SLOTS_LOST, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 480 },
	/*
	 * Each loss of both slots begins the same session again, so a journal record of the first one must not count.
	 */
	{ .name = "scrub-slots-lost-twice", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(62, 3, 1), WRITE(0, 1, 1) },
	  .prelude = { STOPPED_DAMAGED(WRITE(62, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER, SIM_SLOTS_LOST),
		       ENDED(SCRUB), ENDED(WRITE(65, 1, 3)) },
	  .late_damage = SIM_SLOTS_AND_GROUP, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 250 },
	{ .name = "scrub-replica", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1) }, .damage = SIM_GARBAGE_WRITTEN, .command = SCRUB_FROM, .then = SCRUB_FROM,
	  .depth = 3, .weight = 6, .floor = 290 },
	{ .name = "scrub-lost-write", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1), WRITE(0, 1, 2) }, .damage = SIM_WRITE_LOST,
	  .command = SCRUB_FROM, .then = SCRUB_FROM,
	  .depth = 3, .weight = 6, .floor = 280 },
	{ .name = "scrub-group-lost", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(62, 3, 1), WRITE(0, 2, 1) }, .damage = SIM_GROUP_LOST, .late_damage = SIM_BITS_FLIPPED,
	  .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 290 },
	{ .name = "scrub-swapped", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .damage = SIM_SWAPPED, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 410 },
	{ .name = "scrub-ring", .sector_size = 4096, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 4, 1) }, .damage = SIM_RING, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 450 },
	{ .name = "scrub-shifted", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1), WRITE(3, 2, SIM_ALIKE) }, .damage = SIM_SHIFTED, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 350 },
	{ .name = "scrub-recovers", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = SCRUB, .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 6, .floor = 1580 },
	{ .name = "scrub-heals-interrupted", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .late_damage = SIM_BITS_FLIPPED, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 360 },
	{ .name = "scrub-replays", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) },
	  .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER), STOPPED(RECOVER, 2, SIM_POWER_CUT, SIM_FIRST_TORN) },
	  .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 220 },
	/* Reads fail for a while: content that they hide must not be given up. */
	{ .name = "scrub-reads-fail", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(60, 4, 1) }, .prelude = { STOPPED(WRITE(60, 4, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = SCRUB_FAILING(SIM_DATA, 63), .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 400 },
	{ .name = "scrub-reads-fail-external", .sector_size = 512, .interleave = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 4, 2), 5, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = SCRUB_ALL_FAILING(SIM_DATA), .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 100 },
	{ .name = "scrub-copy-reads-fail", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(60, 4, 1) }, .prelude = { STOPPED(WRITE(60, 4, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = SCRUB_FAILING(SIM_IMD, 2), .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 400 },
	{ .name = "scrub-copies-reads-fail", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = SCRUB_ALL_FAILING(SIM_IMD), .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 100 },
	{ .name = "scrub-journal-reads-fail", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) },
	  .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER), STOPPED(RECOVER, 2, SIM_POWER_CUT, SIM_FIRST_TORN) },
	  .command = SCRUB_ALL_FAILING(SIM_JOURNAL), .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 90 },
	/*
	 * Three sectors were rotated, one of them interrupted and still old: its content lies in a sector that is bad
	 * itself.
	 */
	{ .name = "scrub-rotated-interrupted", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 1, 2), 4, SIM_POWER_CUT, SIM_ALL_LOST) },
	  .late_damage = SIM_RING, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 550 },
	/* The same rotation, with all three sectors interrupted, and one of them new. */
	{ .name = "scrub-rotated-merge", .sector_size = 512, .interleave = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 3, 2), 5, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .late_damage = SIM_RING, .command = SCRUB, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 550 },
	{ .name = "scrub-with-undo", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .damage = SIM_BITS_AND_COPY, .command = SCRUB_WITH_UNDO, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 400 },
	{ .name = "scrub-swapped-with-undo", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .damage = SIM_SWAPPED, .command = SCRUB_WITH_UNDO, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 410 },
	{ .name = "undo", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .damage = SIM_RING,
	  .prelude = { ENDED(SCRUB_WITH_UNDO) }, .command = UNDO, .then = UNDO,
	  .depth = 3, .weight = 6, .floor = 20 },
	{ .name = "undo-scrubbed", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 4, 1) }, .damage = SIM_BITS_AND_COPY,
	  .prelude = { ENDED(SCRUB_WITH_UNDO) }, .command = UNDO, .then = SCRUB,
	  .depth = 3, .weight = 6, .floor = 200 },

	/* ---- recovery */
	{ .name = "recover-cache", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_KILL, SIM_ALL_KEPT) },
	  .command = WRITE(1, 2, 3), .then = WRITE(0, 1, 4),
	  .depth = 3, .weight = 10, .floor = 2900 },
	{ .name = "recover-cache-external", .sector_size = 512, .interleave = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 5, SIM_KILL, SIM_ALL_KEPT) },
	  .command = WRITE(1, 2, 3), .then = WRITE(0, 1, 4),
	  .depth = 3, .weight = 10, .floor = 2000 },
	{ .name = "recover-cache-imd", .sector_size = 512, .interleave = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 6, SIM_KILL, SIM_ALL_KEPT) },
	  .command = RECOVER, .then = WRITE(0, 1, 4),
	  .depth = 3, .weight = 10, .floor = 420 },
	{ .name = "recover-copy", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 5, SIM_POWER_CUT, SIM_FIRST_TORN) },
	  .command = RECOVER, .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 600 },
	{ .name = "recover-merge", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = RECOVER, .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 600 },
	{ .name = "recover-replay", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 4, 1) },
	  .prelude = { STOPPED(WRITE(0, 2, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER), STOPPED(RECOVER, 2, SIM_POWER_CUT, SIM_FIRST_TORN) },
	  .command = RECOVER, .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 600 },
	{ .name = "recover-two-groups", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(60, 4, 1) }, .prelude = { STOPPED(WRITE(60, 4, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = RECOVER, .then = WRITE(61, 2, 3),
	  .depth = 3, .weight = 20, .floor = 2200 },
	{ .name = "recover-replay-groups", .sector_size = 512, .interleave = 1, .groups = 1, .tail_sectors = 6,
	  .setup = { WRITE(60, 4, 1) },
	  .prelude = { STOPPED(WRITE(60, 4, 2), 4, SIM_POWER_CUT, SIM_EVERY_OTHER), STOPPED(RECOVER, 2, SIM_POWER_CUT, SIM_FIRST_TORN) },
	  .command = RECOVER, .then = WRITE(61, 2, 3),
	  .depth = 3, .weight = 20, .floor = 2000 },
	{ .name = "recover-wide", .sector_size = 512, .interleave = 2, .groups = 1, .tail_sectors = 14,
	  .setup = { WRITE(54, 16, 1) }, .prelude = { STOPPED(WRITE(54, 16, 2), 4, SIM_KILL, SIM_EVERY_OTHER) },
	  .command = WRITE(56, 10, 3), .then = WRITE(56, 4, 4),
	  .depth = 3, .weight = 10, .floor = 40000, .endless = true },
	{ .name = "recover-external", .sector_size = 512, .interleave = 1, .tail_sectors = 6, .external = true,
	  .setup = { WRITE(0, 4, 1) }, .prelude = { STOPPED(WRITE(0, 2, 2), 5, SIM_POWER_CUT, SIM_EVERY_OTHER) },
	  .command = RECOVER, .then = WRITE(1, 2, 3),
	  .depth = 3, .weight = 10, .floor = 600 },
	{ .name = "recover-many", .sector_size = 512, .interleave = 64, .groups = 300, .damage = SIM_MANY_INTERRUPTED,
	  .command = RECOVER, .depth = 2, .weight = 1, .floor = 100, .most = 2000, .endless = true },
	{ .name = "recover-many-large", .sector_size = 4096, .groups = 2, .tail_sectors = 3,
	  .damage = SIM_MANY_INTERRUPTED, .command = RECOVER, .depth = 2, .weight = 2, .floor = 200 },

	/* ---- format */
	{ .name = "format", .sector_size = 512, .interleave = 1, .tail_sectors = 6,
	  .setup = { WRITE(0, 3, 1) }, .command = FORMAT, .depth = 1, .weight = 2, .floor = 180 },
	{ .name = "format-groups", .sector_size = 512, .interleave = 2, .groups = 3, .tail_sectors = 6,
	  .setup = { WRITE(0, 100, 1) }, .command = FORMAT, .depth = 1, .weight = 10, .floor = 1200 },
	{ .name = "format-external", .sector_size = 4096, .tail_sectors = 5, .external = true,
	  .setup = { WRITE(0, 3, 1) }, .command = FORMAT, .depth = 1, .weight = 2, .floor = 180 },
};
/* clang-format on */

const size_t sim_scenario_count = sizeof(sim_scenarios) / sizeof(*sim_scenarios);
