/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/disk/stops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_fates_free(struct sim_fates *fates)
{
	free(fates->fate);
	*fates = (struct sim_fates){ 0 };
}

void sim_stop_state(const struct sim_machine *machine, const struct sim_fates *fates, struct sim_state *state)
{
	const struct sim_units *cache = &machine->state.cache;

	*state = (struct sim_state){ .disks = machine->state.disks };
	for (int disk = 0; disk < state->disks; disk++)
		sim_image_copy(&state->durable[disk], &machine->state.durable[disk]);
	for (size_t i = 0; i < cache->count; i++) {
		struct sim_unit *unit = cache->unit[i];

		if (fates->stop == SIM_POWER_CUT)
			sim_unit_apply(unit, (enum sim_fate)fates->fate[i], &state->durable[unit->disk]);
		else if (fates->fate[i] == SIM_KEPT)
			sim_units_add(&state->cache, unit);
	}
}

/* ------------------------------------------------------------------ enumeration */

struct enumeration {
	const struct sim_machine *machine;
	struct sim_fates fates;
	uint64_t left, random;
	sim_take_fn *take;
	void *user;
	bool ended;
};

static const struct sim_unit *unit_of(const struct enumeration *e, size_t i)
{
	return e->machine->state.cache.unit[i];
}

/* Returns how many fates unit i can have. */
static unsigned int radix(const struct enumeration *e, size_t i)
{
	const struct sim_unit *unit = unit_of(e, i);

	if (e->fates.stop == SIM_KILL)
		return unit->sequence >= e->machine->round_sequence ? 2 : 1;
	return unit->kind == SIM_DATA ? 2 : SIM_FATES;
}

/* When a process is killed, units from before this round stay in the cache. */
static uint8_t settle_fate(const struct enumeration *e, size_t i, unsigned int fate)
{
	return radix(e, i) == 1 ? SIM_KEPT : (uint8_t)(fate % radix(e, i));
}

static void set_all(struct enumeration *e, unsigned int fate)
{
	for (size_t i = 0; i < e->fates.count; i++)
		e->fates.fate[i] = settle_fate(e, i, fate);
}

static void give(struct enumeration *e)
{
	if (e->ended)
		return;
	if (e->left == 0 || !e->take(e->user, &e->fates)) {
		e->ended = true;
		return;
	}
	e->left--;
}

static void give_all(struct enumeration *e)
{
	size_t i = 0;

	set_all(e, SIM_LOST);
	give(e);
	while (i < e->fates.count && !e->ended) {
		if ((unsigned int)e->fates.fate[i] + 1 < radix(e, i)) {
			e->fates.fate[i]++;
			i = 0;
			give(e);
		} else {
			e->fates.fate[i] = settle_fate(e, i, SIM_LOST);
			i++;
		}
	}
}

static uint64_t draw(struct enumeration *e)
{
	e->random += UINT64_C(0x9e3779b97f4a7c15);
	return sim_mix(e->random);
}

/* Gives unit i one fate and all others another. */
static void give_single(struct enumeration *e, size_t i, unsigned int fate, unsigned int others)
{
	set_all(e, others);
	e->fates.fate[i] = settle_fate(e, i, fate);
	give(e);
}

static void give_regular(struct enumeration *e)
{
	uint64_t most = e->left / 2;
	size_t step = most && e->fates.count * 12 > most ? e->fates.count * 12 / most + 1 : 1;

	set_all(e, SIM_LOST);
	give(e);
	set_all(e, SIM_KEPT);
	give(e);
	for (size_t i = draw(e) % step; i < e->fates.count; i += step) {
		give_single(e, i, SIM_KEPT, SIM_LOST);
		give_single(e, i, SIM_LOST, SIM_KEPT);
		for (unsigned int fate = SIM_HEAD_KEPT; fate < radix(e, i); fate++) {
			give_single(e, i, fate, SIM_KEPT);
			give_single(e, i, fate, SIM_LOST);
		}
		set_all(e, SIM_LOST);
		for (size_t j = 0; j < i; j++)
			e->fates.fate[j] = settle_fate(e, j, SIM_KEPT);
		give(e);
	}
}

static void give_random(struct enumeration *e)
{
	static const unsigned int eighths[] = { 4, 1, 7 };

	for (unsigned int turn = 0; !e->ended; turn++) {
		for (size_t i = 0; i < e->fates.count; i++) {
			unsigned int kept = draw(e) % 8 < eighths[turn % 3] ? SIM_KEPT : SIM_LOST;
			unsigned int fate = draw(e) % 4 == 0 ? (unsigned int)(draw(e) % SIM_FATES) : kept;

			e->fates.fate[i] = settle_fate(e, i, radix(e, i) > 2 ? fate : kept);
		}
		give(e);
	}
}

static bool few(const struct enumeration *e)
{
	uint64_t product = 1;

	for (size_t i = 0; i < e->fates.count && product <= e->left; i++)
		product *= radix(e, i);
	return product <= e->left;
}

bool sim_stops(const struct sim_machine *machine, uint64_t limit, uint64_t seed, sim_take_fn *take, void *user)
{
	struct enumeration e = {
		.machine = machine,
		.fates.count = machine->state.cache.count,
		.take = take,
		.user = user,
	};
	bool all = true;

	e.fates.fate = sim_alloc(e.fates.count);
	for (int stop = SIM_POWER_CUT; stop <= SIM_KILL; stop++) {
		e.fates.stop = (enum sim_stop)stop;
		e.left = limit;
		e.random = seed * 2 + (uint64_t)stop;
		e.ended = false;
		if (few(&e)) {
			give_all(&e);
			continue;
		}
		all = false;
		give_regular(&e);
		give_random(&e);
	}
	sim_fates_free(&e.fates);
	return all;
}

/* ------------------------------------------------------------------ naming */

static size_t name_fate(const struct sim_machine *machine, const struct sim_fates *fates, unsigned int fate, char *text,
			size_t size)
{
	static const char *const names[] = { "; lost:", "; kept:", "; head kept:", "; tail kept:", "; garbage:" };
	size_t used = 0;
	char unit[40];

	for (size_t i = 0; i < fates->count; i++) {
		if (fates->fate[i] != fate || used + 60 > size)
			continue;
		sim_unit_name(machine->state.cache.unit[i], unit, sizeof(unit));
		used += (size_t)snprintf(text + used, size - used, "%s %s", used ? "," : names[fate], unit);
	}
	return used;
}

void sim_fates_name(const struct sim_machine *machine, const struct sim_fates *fates, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "%s",
				       fates->stop == SIM_KILL ? "killed (kept: in the cache)" : "power cut");

	for (unsigned int fate = 0; fate < SIM_FATES && used < size; fate++)
		used += name_fate(machine, fates, fate, text + used, size - used);
}
