/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inputs that a search begins with: every state that a volume passes through, and every kind of change. */
#include "volume_body.h"

#include <string.h>

#include "program.h"

/* Moments of each life, spread over it; how many of the regions and methods of program.c there are. */
enum { MOMENTS = 40, REGIONS = 8, METHODS = 8 };

struct seeder {
	void (*seed)(void *user, const uint8_t *input, size_t size);
	void *user;
};

static void set_moment(uint8_t *input, unsigned int history, unsigned int moment)
{
	uint32_t write = history_length(history) * moment / MOMENTS;

	input[PROGRAM_HISTORY] = (uint8_t)history;
	input[PROGRAM_WRITE] = (uint8_t)write;
	input[PROGRAM_WRITE + 1] = (uint8_t)(write >> 8);
}

/* Stops without any change: power cut or kill, with something else being written afterwards each time. */
static void seed_moment(const struct seeder *seeder, unsigned int history, unsigned int moment)
{
	uint8_t input[PROGRAM_HEADER] = { 0 };

	set_moment(input, history, moment);
	input[PROGRAM_SECTORS] = (uint8_t)(moment % 3 * 5);
	input[PROGRAM_LOST] = (uint8_t)(moment % 4 == 3 ? 1u << moment % 3 : 0);
	input[PROGRAM_FIX] = moment % 3 ? 0 : PROGRAM_DUMP;
	input[PROGRAM_ACTION] = (uint8_t)(moment * 37 & ~PROGRAM_CARVE);
	input[PROGRAM_FIRST] = (uint8_t)(moment * 11);
	input[PROGRAM_LENGTH] = (uint8_t)(moment * 29);
	seeder->seed(seeder->user, input, sizeof(input));
}

/* One change, at a moment when much is there. */
static void seed_change(const struct seeder *seeder, unsigned int history, unsigned int region, unsigned int method)
{
	static const uint8_t arguments[] = { 3, 1, 2, 4, 0, 0, 0, 0, 0, 0 };
	uint8_t input[PROGRAM_HEADER + 1 + sizeof(arguments)] = { 0 };

	set_moment(input, history, 12 + (region * METHODS + method * 5 + history) % 24);
	input[PROGRAM_FIX] =
		(uint8_t)(1u << (region + method + history) % 6 | PROGRAM_FIX_SLOTS | (method % 2 ? PROGRAM_DUMP : 0));
	input[PROGRAM_ACTION] = region + method == 9 ? PROGRAM_CARVE : 0;
	input[PROGRAM_FIRST] = 7;
	input[PROGRAM_LENGTH] = 200;
	input[PROGRAM_HEADER] = (uint8_t)(region + REGIONS * method);
	memcpy(input + PROGRAM_HEADER + 1, arguments, sizeof(arguments));
	seeder->seed(seeder->user, input, sizeof(input));
}

/* Both slots, or all three of them, overwritten; once to be carved. */
static void seed_lost_slots(const struct seeder *seeder, unsigned int history, unsigned int slots)
{
	uint8_t input[PROGRAM_HEADER + 3 * 6] = { 0 };

	set_moment(input, history, 20);
	input[PROGRAM_ACTION] = slots == 3 && history % 2 == 0 ? PROGRAM_CARVE : 0;
	input[PROGRAM_FIRST] = 7;
	for (unsigned int slot = 0; slot < slots; slot++)
		/* Fill: at 0, two bytes, with 0. */
		memcpy(input + PROGRAM_HEADER + slot * 6, (const uint8_t[]){ (uint8_t)(slot + 16), 0, 0, 1, 0, 0 }, 6);
	seeder->seed(seeder->user, input, PROGRAM_HEADER + slots * 6);
}

/* Both copies of the first group damaged. */
static void seed_lost_group(const struct seeder *seeder, unsigned int history)
{
	uint8_t input[] = { 0, 0, 0, 0, 0, 0, 0, 0, 255, 8 + 5, 0, 20, 0, 1, 8 + 5, 1, 20, 0, 1 };

	set_moment(input, history, 39);
	seeder->seed(seeder->user, input, sizeof(input));
}

void volume_body_seeds(void (*seed)(void *user, const uint8_t *input, size_t size), void *user)
{
	const struct seeder seeder = { seed, user };

	for (unsigned int history = 0; history < HISTORIES; history++) {
		for (unsigned int moment = 0; moment <= MOMENTS; moment++)
			seed_moment(&seeder, history, moment);
		for (unsigned int change = 0; change < REGIONS * METHODS; change++) {
			if (change % HISTORIES == history)
				seed_change(&seeder, history, change % REGIONS, change / REGIONS);
		}
		seed_lost_slots(&seeder, history, 2);
		seed_lost_slots(&seeder, history, 3);
		seed_lost_group(&seeder, history);
	}
}
