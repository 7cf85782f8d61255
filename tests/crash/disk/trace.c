/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/disk/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ondisk/imd.h"
#include "ondisk/layout.h"
#include "ondisk/superblock.h"

/* The step that a unit is part of, and the range of numbers that it affects. */
struct part {
	enum sim_step step;
	uint64_t first, last;
};

/* ------------------------------------------------------------------ slots */

struct slots {
	struct csum_superblock slot[CSUM_SLOTS];
	bool valid[CSUM_SLOTS];
	const struct csum_superblock *newest; /* NULL: no slot is valid */
};

/* Reads the slots that are on the disk; allocated. */
static struct slots *slots_load(const struct sim_machine *machine)
{
	const uint64_t offset[CSUM_SLOTS] = { CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET,
					      csum_layout_backup_offset(machine->map->geometry.metadata_device_bytes) };
	struct slots *slots = sim_alloc(sizeof(*slots));
	uint8_t block[CSUM_BLOCK_SIZE];

	for (int i = 0; i < CSUM_SLOTS; i++) {
		sim_image_read(&machine->current[sim_map_metadata_disk(machine->map)], block, sizeof(block), offset[i]);
		slots->valid[i] = csum_superblock_decode(block, &slots->slot[i]);
		if (slots->valid[i] && (!slots->newest || slots->slot[i].generation > slots->newest->generation))
			slots->newest = &slots->slot[i];
	}
	return slots;
}

static bool same_intent(const struct csum_superblock *a, const struct csum_superblock *b)
{
	return a->state == b->state && a->session == b->session && a->intent_first == b->intent_first &&
	       a->intent_count == b->intent_count;
}

static enum sim_step active_step(const struct slots *slots, uint64_t number, const struct csum_superblock *to)
{
	for (uint64_t i = CSUM_SLOT_A; i <= CSUM_SLOT_B; i++) {
		if (i != number && slots->valid[i] && same_intent(&slots->slot[i], to))
			return SIM_STEP_SECOND_ACTIVE;
	}
	return SIM_STEP_FIRST_ACTIVE;
}

static enum sim_step clean_step(const struct slots *slots, uint64_t number, const struct csum_superblock *to)
{
	const struct csum_superblock *newest = slots->newest;

	if (number == CSUM_SLOT_C)
		return SIM_STEP_BACKUP;
	if (newest && newest->state == CSUM_STATE_ACTIVE)
		return SIM_STEP_CLEAN;
	if (newest && memcmp(&newest->last_scrub, &to->last_scrub, sizeof(to->last_scrub)) != 0)
		return SIM_STEP_SCRUB_ENDED;
	if (newest && memcmp(&newest->current_scrub, &to->current_scrub, sizeof(to->current_scrub)) != 0)
		return SIM_STEP_SCRUB_BEGUN;
	if (newest && memcmp(newest->record.undo_id, to->record.undo_id, sizeof(to->record.undo_id)) != 0)
		return SIM_STEP_UNDO_FILE;
	return slots->valid[CSUM_SLOT_A] || slots->valid[CSUM_SLOT_B] ? SIM_STEP_SAME_SLOT : SIM_STEP_FIRST_SLOT;
}

/* Returns the part that a slot with these bytes is. */
static struct part slot_part(const struct sim_machine *machine, uint64_t number, const uint8_t *bytes)
{
	struct slots *slots = slots_load(machine);
	struct csum_superblock *to = sim_alloc(sizeof(*to));
	struct part part = { SIM_STEP_NO_SLOT, number, number };

	if (csum_superblock_decode(bytes, to) && to->state == CSUM_STATE_ACTIVE)
		part = (struct part){ active_step(slots, number, to), to->intent_first,
				      to->intent_first + to->intent_count - 1 };
	else if (csum_superblock_decode(bytes, to))
		part = (struct part){ clean_step(slots, number, to), to->session, to->session };
	free(to);
	free(slots);
	return part;
}

static bool is_active(const struct sim_machine *machine, uint64_t *session)
{
	struct slots *slots = slots_load(machine);
	bool active = slots->newest && slots->newest->state == CSUM_STATE_ACTIVE;

	*session = slots->newest ? slots->newest->session : 0;
	free(slots);
	return active;
}

/* ------------------------------------------------------------------ groups and the journal */

/* Whether the journal holds a record of that session with an image of the group. */
static bool is_recorded(const struct sim_machine *machine, uint64_t session, uint64_t group)
{
	struct csum_disk_journal_head *head = sim_alloc(sizeof(*head));
	bool recorded = false;

	sim_image_read(&machine->current[sim_map_metadata_disk(machine->map)], head, sizeof(*head),
		       CSUM_JOURNAL_OFFSET);
	if (memcmp(head->magic, CSUM_JOURNAL_MAGIC, sizeof(head->magic)) == 0 &&
	    csum_le64_get(head->session) == session) {
		for (uint32_t i = 0; i < csum_le32_get(head->count) && i < CSUM_JOURNAL_PLACES; i++)
			recorded |= csum_le64_get(head->place[i].group) == group;
	}
	free(head);
	return recorded;
}

static void load_copy(const struct sim_machine *machine, uint64_t group, int copy, uint8_t *sector)
{
	sim_image_read(&machine->current[sim_map_metadata_disk(machine->map)], sector,
		       machine->map->geometry.sector_size,
		       csum_layout_imd_offset(&machine->map->geometry, group, copy));
}

static struct part copy_part(const struct sim_machine *machine, uint64_t number, const uint8_t *bytes)
{
	uint32_t size = machine->map->geometry.sector_size;
	uint8_t *other = sim_alloc(size);
	uint64_t group = number / 2, session;
	bool active = is_active(machine, &session);
	struct part part = { SIM_STEP_ENTRIES, group, group };

	load_copy(machine, group, 1 - (int)(number % 2), other);
	if (csum_imd_same_entries(bytes, other, size))
		part.step = active ? SIM_STEP_SETTLED : SIM_STEP_MIRRORED;
	else if (active && is_recorded(machine, session, group))
		part.step = SIM_STEP_MERGED;
	free(other);
	return part;
}

static struct part data_part(const struct sim_machine *machine, uint64_t sector)
{
	const struct csum_geometry *geometry = &machine->map->geometry;
	uint64_t group = csum_layout_group_of(geometry, sector);
	uint32_t index = (uint32_t)(sector - csum_layout_first_sector(geometry, group));
	uint8_t *entries = sim_alloc(geometry->sector_size);
	struct part part = { SIM_STEP_FRESH_DATA, sector, sector };

	for (int copy = 0; copy < 2; copy++) {
		load_copy(machine, group, copy, entries);
		if (csum_imd_entry(entries, index))
			part.step = SIM_STEP_DATA;
	}
	free(entries);
	return part;
}

static struct part journal_part(const uint8_t *bytes)
{
	if (memcmp(bytes, CSUM_JOURNAL_MAGIC, strlen(CSUM_JOURNAL_MAGIC)) == 0)
		return (struct part){ SIM_STEP_RECORD, 0, 0 };
	if (memcmp(bytes, CSUM_PARKED_MAGIC, strlen(CSUM_PARKED_MAGIC)) == 0)
		return (struct part){ SIM_STEP_PARKED, 0, 0 };
	return (struct part){ SIM_STEP_NO_RECORD, 0, 0 };
}

/* ------------------------------------------------------------------ flushes and rounds */

static struct part part_of(const struct sim_machine *machine, const struct sim_unit *unit)
{
	/* A slot is decoded as a whole, though only a part of it may have been written. */
	uint8_t *bytes = sim_alloc(CSUM_BLOCK_SIZE + unit->block_count * SIM_BLOCK_SIZE);
	struct part part = { SIM_STEP_OTHER, 0, 0 };

	for (uint32_t i = 0; i < unit->block_count; i++)
		memcpy(bytes + i * SIM_BLOCK_SIZE, sim_block_bytes(unit->blocks[i]), SIM_BLOCK_SIZE);
	if (unit->kind == SIM_SLOT)
		part = slot_part(machine, unit->number, bytes);
	else if (unit->kind == SIM_IMD)
		part = copy_part(machine, unit->number, bytes);
	else if (unit->kind == SIM_DATA)
		part = data_part(machine, unit->number);
	else if (unit->kind == SIM_JOURNAL)
		part = journal_part(bytes);
	free(bytes);
	return part;
}

static void add(struct sim_covered *covered, enum sim_kind kind, const struct part *part)
{
	uint32_t first = (uint32_t)part->first, last = (uint32_t)part->last;
	bool known = covered->steps & 1u << part->step;

	covered->kinds |= 1u << kind;
	covered->steps |= 1u << part->step;
	if (!known || first < covered->first[part->step])
		covered->first[part->step] = first;
	if (!known || last > covered->last[part->step])
		covered->last[part->step] = last;
}

void sim_trace_unit(struct sim_machine *machine, const struct sim_unit *unit)
{
	struct part part = part_of(machine, unit);

	add(&machine->trace->unflushed[unit->disk], unit->kind, &part);
	if (machine->rounds <= SIM_TRACED)
		add(&machine->trace->rounds[machine->rounds - 1], unit->kind, &part);
}

void sim_trace_flush(struct sim_machine *machine, int disk)
{
	struct sim_covered *covered = &machine->trace->unflushed[disk];

	if (machine->rounds == 0)
		covered->opening_disk = (uint32_t)disk + 1;
	if (machine->flushes < SIM_TRACED)
		machine->trace->flushes[machine->flushes] = *covered;
	*covered = (struct sim_covered){ 0 };
}

/* ------------------------------------------------------------------ names */

static const char *const step_names[SIM_STEPS] = {
	[SIM_STEP_OTHER] = "other",
	[SIM_STEP_NO_SLOT] = "no slot",
	[SIM_STEP_FIRST_ACTIVE] = "first slot active",
	[SIM_STEP_SECOND_ACTIVE] = "second slot active",
	[SIM_STEP_CLEAN] = "slot clean",
	[SIM_STEP_BACKUP] = "backup slot",
	[SIM_STEP_FIRST_SLOT] = "first slot",
	[SIM_STEP_SAME_SLOT] = "same slot",
	[SIM_STEP_UNDO_FILE] = "undo file",
	[SIM_STEP_SCRUB_BEGUN] = "scrub begun",
	[SIM_STEP_SCRUB_ENDED] = "scrub ended",
	[SIM_STEP_FRESH_DATA] = "fresh data",
	[SIM_STEP_ENTRIES] = "new entries",
	[SIM_STEP_MERGED] = "merged copy",
	[SIM_STEP_DATA] = "data",
	[SIM_STEP_SETTLED] = "settled copy",
	[SIM_STEP_MIRRORED] = "mirrored copy",
	[SIM_STEP_RECORD] = "record",
	[SIM_STEP_PARKED] = "parked",
	[SIM_STEP_NO_RECORD] = "no record",
};

static size_t append(char name[SIM_NAME_SIZE], size_t used, const char *text, uint32_t first, uint32_t last)
{
	const char *comma = used ? ", " : "";
	size_t room = SIM_NAME_SIZE - used;
	int size;

	if (first == UINT32_MAX)
		size = snprintf(name + used, room, "%s%s", comma, text);
	else if (first == last)
		size = snprintf(name + used, room, "%s%s %" PRIu32, comma, text, first);
	else
		size = snprintf(name + used, room, "%s%s %" PRIu32 "-%" PRIu32, comma, text, first, last);
	return (size_t)size < room ? used + (size_t)size : SIM_NAME_SIZE - 1;
}

void sim_covered_name(const struct sim_covered *covered, bool with_numbers, char name[SIM_NAME_SIZE])
{
	size_t used = 0;

	for (int step = 0; step < SIM_STEPS; step++) {
		if (covered->steps & 1u << step)
			used = append(name, used, step_names[step], with_numbers ? covered->first[step] : UINT32_MAX,
				      covered->last[step]);
	}
	if (used)
		return;
	if (covered->opening_disk)
		append(name, 0, "opening of disk", with_numbers ? covered->opening_disk - 1 : UINT32_MAX,
		       covered->opening_disk - 1);
	else
		append(name, 0, "nothing", UINT32_MAX, 0);
}
