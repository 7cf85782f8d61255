/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inputs that begin a search: every state that a volume passes through, and every kind of change. */
#include "fuzz/volume_body.h"

#include <stdbool.h>
#include <string.h>

#include "fuzz/program.h"

/* Moments spread over each life; numbers of regions and methods in program.c. */
enum { MOMENTS = 40, REGIONS = 8, METHODS = 8 };

struct seeder {
	void (*seed)(void *user, const uint8_t *input, size_t size);
	void *user;
};

static void set_moment(uint8_t *input, unsigned int history, unsigned int moment)
{
	uint32_t write = history_length(history) * moment / MOMENTS;

	input[PROGRAM_HISTORY] = history == HISTORIES - 1 ? PROGRAM_LARGE_HISTORY : (uint8_t)history;
	input[PROGRAM_WRITE] = (uint8_t)write;
	input[PROGRAM_WRITE + 1] = (uint8_t)(write >> 8);
}

/* Makes stops without any change, by power cut or kill; after each something else is written. */
static void seed_moment(const struct seeder *seeder, unsigned int history, unsigned int moment)
{
	uint8_t input[PROGRAM_HEADER] = { 0 };

	set_moment(input, history, moment);
	input[PROGRAM_SECTORS] = (uint8_t)(moment % 3 * 5);
	input[PROGRAM_LOST] = (uint8_t)(moment % 4 == 3 ? 1u << moment % 3 : 0);
	input[PROGRAM_FIX] = moment % 3 ? 0 : PROGRAM_DUMP;
	input[PROGRAM_ACTION] = (uint8_t)(moment * 37);
	input[PROGRAM_FIRST] = (uint8_t)(moment * 11);
	input[PROGRAM_LENGTH] = (uint8_t)(moment * 29);
	seeder->seed(seeder->user, input, sizeof(input));
}

/* Makes one change, at a moment when the volume holds much. */
static void seed_change(const struct seeder *seeder, unsigned int history, unsigned int region, unsigned int method)
{
	static const uint8_t arguments[] = { 3, 1, 2, 4, 0, 0, 0, 0, 0, 0 };
	uint8_t input[PROGRAM_HEADER + 1 + sizeof(arguments)] = { 0 };

	set_moment(input, history, 12 + (region * METHODS + method * 5 + history) % 24);
	input[PROGRAM_FIX] =
		(uint8_t)(1u << (region + method + history) % 6 | PROGRAM_FIX_SLOTS | (method % 2 ? PROGRAM_DUMP : 0));
	input[PROGRAM_ACTION] = method % 2 ? PROGRAM_CARVE : 0;
	input[PROGRAM_LENGTH] = 200;
	input[PROGRAM_HEADER] = (uint8_t)(region + REGIONS * method);
	memcpy(input + PROGRAM_HEADER + 1, arguments, sizeof(arguments));
	seeder->seed(seeder->user, input, sizeof(input));
}

/* Changes a field of all three slots, or of the journal's head, by plus or minus one; the CRC is made right. */
static void seed_field(const struct seeder *seeder, unsigned int history, unsigned int moment, unsigned int field,
		       bool journal)
{
	enum { ADD = 8 * 5, JOURNAL_HEAD = 3 };
	uint8_t add = moment % 2 ? 0xff : 1, code = journal ? ADD + JOURNAL_HEAD : ADD;
	uint8_t input[PROGRAM_HEADER + 9] = { 0 };
	uint8_t changes[9] = { code, (uint8_t)field, add, ADD + 1, (uint8_t)field, add, ADD + 2, (uint8_t)field, add };

	set_moment(input, history, moment);
	input[PROGRAM_FIX] = journal ? PROGRAM_FIX_JOURNAL | PROGRAM_FIX_IMAGES : PROGRAM_FIX_SLOTS;
	input[PROGRAM_LENGTH] = 60;
	memcpy(input + PROGRAM_HEADER, changes, sizeof(changes));
	seeder->seed(seeder->user, input, journal ? PROGRAM_HEADER + 3 : sizeof(input));
}

static void seed_fields(const struct seeder *seeder, unsigned int history)
{
	enum { SLOT_FIELDS = 26, JOURNAL_FIELDS = 9 };

	for (unsigned int field = history % 3; field < SLOT_FIELDS; field += 3)
		seed_field(seeder, history, 30 + history / 3 % 2, field, false);
	for (unsigned int field = history % 3; field < JOURNAL_FIELDS; field += 3) {
		for (unsigned int moment = 11; moment < 30; moment += 2)
			seed_field(seeder, history, moment + field % 2, field, true);
	}
}

/* Overwrites slots A and B, or all three. */
static void seed_lost_slots(const struct seeder *seeder, unsigned int history, unsigned int slots)
{
	uint8_t input[PROGRAM_HEADER + 3 * 6] = { 0 };

	set_moment(input, history, 20);
	for (unsigned int slot = 0; slot < slots; slot++)
		/* Method FILL: two bytes from 0 on become 0. */
		memcpy(input + PROGRAM_HEADER + slot * 6, (const uint8_t[]){ (uint8_t)(slot + 16), 0, 0, 1, 0, 0 }, 6);
	seeder->seed(seeder->user, input, PROGRAM_HEADER + slots * 6);
}

/*
 * Makes slots of another volume (another seed); and bytes that run on from slot A, with B destroyed, or from C into
 * reserved space.
 */
static void seed_foreign(const struct seeder *seeder, unsigned int history)
{
	enum { FILL = 8 * 2, ADD = 8 * 5, SEED_FIELD = 14, SLOT_B = 1, SLOT_C = 2 };
	/* Arguments of FILL: 1001 bytes from 4000 on become 7. */
	static const uint8_t runs_on[] = { 0xa0, 0x0f, 0xe8, 0x03, 7 };
	uint8_t input[PROGRAM_HEADER + 2 * 6] = { 0 };
	uint8_t *changes = input + PROGRAM_HEADER;

	set_moment(input, history, 20);
	changes[0] = FILL + SLOT_C;
	memcpy(changes + 1, runs_on, sizeof(runs_on));
	seeder->seed(seeder->user, input, PROGRAM_HEADER + 6);
	changes[0] = FILL;
	memcpy(changes + 6, (const uint8_t[]){ FILL + SLOT_B, 0, 0, 1, 0, 0 }, 6);
	seeder->seed(seeder->user, input, PROGRAM_HEADER + 12);
	input[PROGRAM_FIX] = PROGRAM_FIX_SLOTS;
	for (unsigned int slot = 0; slot < 3; slot++) {
		memcpy(changes, (const uint8_t[]){ (uint8_t)(ADD + slot), SEED_FIELD, 1 }, 3);
		seeder->seed(seeder->user, input, PROGRAM_HEADER + 3);
	}
}

/* Damages both copies of the first group, which is then written as a whole or in part. */
static void seed_lost_group(const struct seeder *seeder, unsigned int history, uint8_t first, uint8_t length)
{
	uint8_t input[] = { 0, 0, 0, 0, 0, 0, 0, first, length, 8 + 5, 0, 20, 0, 1, 8 + 5, 1, 20, 0, 1 };

	set_moment(input, history, 39);
	seeder->seed(seeder->user, input, sizeof(input));
}

void volume_body_seeds(void (*seed)(void *user, const uint8_t *input, size_t size), void *user)
{
	const struct seeder seeder = { seed, user };

	for (unsigned int history = 0; history < HISTORIES; history++) {
		unsigned int step = history == HISTORIES - 1 ? 5 : 1;

		for (unsigned int moment = 0; moment <= MOMENTS; moment += step)
			seed_moment(&seeder, history, moment);
		for (unsigned int change = 0; change < REGIONS * METHODS; change++) {
			if (change % HISTORIES == history)
				seed_change(&seeder, history, change % REGIONS, change / REGIONS);
		}
		seed_lost_slots(&seeder, history, 2);
		seed_lost_slots(&seeder, history, 3);
		seed_foreign(&seeder, history);
		seed_lost_group(&seeder, history, 0, 255);
		seed_lost_group(&seeder, history, 0, 10);
		seed_lost_group(&seeder, history, 20, 255);
		seed_fields(&seeder, history);
	}
}
