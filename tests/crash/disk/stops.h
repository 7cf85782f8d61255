/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states that a stop may leave of a machine's disks. Power cut: of every unit that is not flushed, none, all or,
 * unless it is data, a part. Kill: issued writes stay in the cache, readable and not durable; of the present round any
 * part may have been issued.
 *
 * All combinations are tried while they are at most `limit`. Otherwise, per kind of stop: all units and none; each unit
 * alone and each missing; each prefix; each torn one beside all others and beside none (as far as the limit allows,
 * spread evenly); then random ones, of which one half, one eighth and seven eighths of the units are kept in turn,
 * drawn by splitmix64 from `seed` alone.
 */
#ifndef CSUM_TEST_CRASH_DISK_STOPS_H
#define CSUM_TEST_CRASH_DISK_STOPS_H

#include "crash/disk/disk.h"

enum sim_stop { SIM_POWER_CUT, SIM_KILL };

/* A way to stop: the fate of each unit in the machine's cache. */
struct sim_fates {
	enum sim_stop stop;
	size_t count;
	uint8_t *fate; /* enum sim_fate; for a kill: SIM_KEPT stays in the cache, SIM_LOST was not issued */
};

void sim_fates_free(struct sim_fates *fates);

/* Makes the state that the stop leaves. */
void sim_stop_state(const struct sim_machine *machine, const struct sim_fates *fates, struct sim_state *state);

/* Called with each way to stop; false ends the series. sim_stops() returns whether it gave all combinations. */
typedef bool sim_take_fn(void *user, const struct sim_fates *fates);
bool sim_stops(const struct sim_machine *machine, uint64_t limit, uint64_t seed, sim_take_fn *take, void *user);

/* Makes a text: "power cut; kept: data 3, slot A; torn: imd 0.1; lost: ..." */
void sim_fates_name(const struct sim_machine *machine, const struct sim_fates *fates, char *text, size_t size);

#endif
