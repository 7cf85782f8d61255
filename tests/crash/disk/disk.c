/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crash/disk/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crash/disk/trace.h"
#include "ondisk/layout.h"
#include "ondisk/ondisk.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ------------------------------------------------------------------ writes cut into units */

struct extent {
	enum sim_kind kind;
	uint64_t number;
	uint64_t end; /* where the unit ends, bytes on the disk */
};

static struct extent metadata_extent(const struct sim_map *map, uint64_t offset_bytes)
{
	uint64_t slots[CSUM_SLOTS] = { CSUM_SLOT_A_OFFSET, CSUM_SLOT_B_OFFSET,
				       csum_layout_backup_offset(map->geometry.metadata_device_bytes) };
	uint64_t size = map->geometry.sector_size;
	uint64_t i = (offset_bytes - CSUM_CLUSTERS_OFFSET) / size;
	enum sim_kind kind;
	uint64_t number;

	for (uint64_t slot = 0; slot < CSUM_SLOTS; slot++) {
		if (offset_bytes >= slots[slot] && offset_bytes < slots[slot] + CSUM_BLOCK_SIZE)
			return (struct extent){ SIM_SLOT, slot, slots[slot] + CSUM_BLOCK_SIZE };
	}
	if (offset_bytes >= CSUM_JOURNAL_OFFSET && offset_bytes < CSUM_JOURNAL_OFFSET + CSUM_JOURNAL_SIZE)
		return (struct extent){ SIM_JOURNAL, 0, CSUM_JOURNAL_OFFSET + CSUM_JOURNAL_SIZE };
	if (offset_bytes < CSUM_CLUSTERS_OFFSET || i >= map->places)
		return (struct extent){ SIM_OTHER, 0, offset_bytes + SIM_BLOCK_SIZE };
	kind = sim_map_place(map, i, &number);
	return (struct extent){ kind, number, CSUM_CLUSTERS_OFFSET + (i + 1) * size };
}

static struct extent extent_at(const struct sim_map *map, int disk, uint64_t offset_bytes)
{
	uint64_t size = map->geometry.sector_size;

	if (disk == sim_map_metadata_disk(map))
		return metadata_extent(map, offset_bytes);
	return (struct extent){ SIM_DATA, offset_bytes / size, (offset_bytes / size + 1) * size };
}

static struct sim_unit *new_unit(int disk, const struct extent *extent, uint64_t offset_bytes, const uint8_t *bytes,
				 size_t size)
{
	uint32_t count = (uint32_t)(size / SIM_BLOCK_SIZE);
	struct sim_unit *unit = sim_alloc(sizeof(*unit) + count * sizeof(struct sim_block *));

	unit->references = 1;
	unit->disk = disk;
	unit->kind = extent->kind;
	unit->number = extent->number;
	unit->first_block = offset_bytes / SIM_BLOCK_SIZE;
	unit->block_count = count;
	unit->hash = sim_mix(unit->first_block * SIM_DISKS + (uint64_t)disk);
	for (uint32_t i = 0; i < count; i++) {
		unit->blocks[i] = sim_block_new(bytes + (size_t)i * SIM_BLOCK_SIZE);
		unit->hash = sim_mix(unit->hash ^ sim_block_hash(unit->blocks[i]));
	}
	return unit;
}

/* Returns where units of the present round go: the cache, unless the mode holds the round back or loses it (NULL). */
static struct sim_units *destination(struct sim_machine *machine)
{
	uint64_t round = machine->rounds - 1;

	if (machine->mode == SIM_SWAP_ROUNDS && round == machine->at)
		return &machine->held;
	if (machine->mode == SIM_LOSE_ROUND && round == machine->at)
		return NULL;
	return &machine->state.cache;
}

static void store(struct sim_machine *machine, int disk, const uint8_t *bytes, size_t size, uint64_t offset_bytes)
{
	struct sim_units *to = destination(machine);

	for (size_t done = 0; done < size;) {
		struct extent extent = extent_at(machine->map, disk, offset_bytes + done);
		size_t each = (size_t)min_u64(extent.end - (offset_bytes + done), size - done);
		struct sim_unit *unit = new_unit(disk, &extent, offset_bytes + done, bytes + done, each);

		unit->sequence = machine->sequence++;
		if (machine->trace)
			sim_trace_unit(machine, unit);
		sim_unit_apply(unit, SIM_KEPT, &machine->current[disk]);
		if (to)
			sim_units_add(to, unit);
		sim_unit_drop(unit);
		done += each;
	}
}

static void make_durable(struct sim_machine *machine, int disk)
{
	struct sim_units kept = { 0 };
	struct sim_units *cache = &machine->state.cache;

	for (size_t i = 0; i < cache->count; i++) {
		if (cache->unit[i]->disk == disk)
			sim_unit_apply(cache->unit[i], SIM_KEPT, &machine->state.durable[disk]);
		else
			sim_units_add(&kept, cache->unit[i]);
	}
	sim_units_free(cache);
	*cache = kept;
}

/* ------------------------------------------------------------------ faults */

/* Returns the fault that this operation meets, mostly SIM_NO_FAULT. Counts the operation. */
static enum sim_fault meet_fault(struct sim_machine *machine, bool change)
{
	enum sim_fault fault = SIM_NO_FAULT;

	if (machine->failed && change)
		machine->changes_after_fault++;
	if (machine->fault && machine->op == machine->fault_at)
		fault = machine->fault;
	machine->op++;
	if (fault == SIM_VANISH)
		machine->vanished = machine->fault_done = true;
	if (machine->vanished)
		fault = SIM_VANISH;
	return fault;
}

static int fail(struct sim_machine *machine, bool change, int error)
{
	machine->fault_done = true;
	machine->failed |= change;
	return error;
}

static bool unreadable(const struct sim_machine *machine, int disk, size_t size, uint64_t offset_bytes)
{
	const uint64_t *pair = machine->unreadable;

	for (; pair && *pair != UINT64_MAX; pair += 2) {
		uint64_t at = pair[1] * SIM_BLOCK_SIZE;

		if (pair[0] == (uint64_t)disk && at >= offset_bytes && at < offset_bytes + size)
			return true;
	}
	return false;
}

/* Whether this read fails because of `failing`. Counts it. */
static bool fails_for_now(struct sim_machine *machine, int disk, size_t size, uint64_t offset_bytes)
{
	struct sim_failing *failing = &machine->failing;
	struct extent extent;

	for (size_t done = 0; done < size && failing->reads; done = (size_t)(extent.end - offset_bytes)) {
		extent = extent_at(machine->map, disk, offset_bytes + done);
		if (extent.kind != failing->kind || (!failing->all && extent.number != failing->number))
			continue;
		failing->reads--;
		return true;
	}
	return false;
}

/* How many of `size` bytes a short transfer moves: whole sectors, as the device writes a sector at once. */
static size_t half(const struct sim_machine *machine, size_t size)
{
	uint32_t unit = machine->map->geometry.sector_size;

	return size / 2 / unit * unit;
}

static bool aligned(const struct sim_port *port, const void *buffer, size_t size, uint64_t offset_bytes)
{
	uint32_t unit = port->machine->map->logical_sector_size;

	return size && size % unit == 0 && offset_bytes % unit == 0 && (uintptr_t)buffer % SIM_BLOCK_SIZE == 0 &&
	       offset_bytes + size <= port->machine->map->size_bytes[port->disk];
}

/* ------------------------------------------------------------------ the table of operations */

static int64_t port_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	const struct sim_port *port = context;
	struct sim_machine *machine = port->machine;
	enum sim_fault fault;

	if (!aligned(port, buffer, size, offset_bytes))
		return -EINVAL;
	if (machine->stopped)
		return -EIO;
	fault = meet_fault(machine, false);
	if (fault == SIM_VANISH)
		return -ENODEV;
	if (fault == SIM_EIO || unreadable(machine, port->disk, size, offset_bytes))
		return fail(machine, false, machine->read_error ? machine->read_error : -EIO);
	if (fails_for_now(machine, port->disk, size, offset_bytes))
		return -EIO;
	if (fault == SIM_EINTR)
		return fail(machine, false, -EINTR);
	if (fault == SIM_SHORT && half(machine, size)) {
		machine->fault_done = true;
		size = half(machine, size);
	}
	sim_image_read(&machine->current[port->disk], buffer, size, offset_bytes);
	return (int64_t)size;
}

static int64_t faulty_write(struct sim_machine *machine, const struct sim_port *port, const void *buffer, size_t size,
			    uint64_t offset_bytes, enum sim_fault fault)
{
	size_t part = half(machine, size);

	switch (fault) {
	case SIM_VANISH:
		return fail(machine, true, -ENODEV);
	case SIM_EIO:
		return fail(machine, !machine->lenient, -EIO);
	case SIM_ENOSPC:
		return fail(machine, !machine->lenient, -ENOSPC);
	case SIM_EINTR:
		return fail(machine, false, -EINTR);
	case SIM_EIO_HALF:
		if (part)
			store(machine, port->disk, buffer, part, offset_bytes);
		return fail(machine, !machine->lenient, -EIO);
	default:
		if (part == 0)
			part = size;
		else
			machine->fault_done = true;
		store(machine, port->disk, buffer, part, offset_bytes);
		return (int64_t)part;
	}
}

static int64_t port_pwrite(void *context, const void *buffer, size_t size, uint64_t offset_bytes)
{
	const struct sim_port *port = context;
	struct sim_machine *machine = port->machine;
	enum sim_fault fault;

	if (!aligned(port, buffer, size, offset_bytes))
		return -EINVAL;
	if (machine->stopped)
		return -EIO;
	if (!machine->in_round) {
		machine->in_round = true;
		machine->rounds++;
		machine->round_sequence = machine->sequence;
	}
	fault = meet_fault(machine, true);
	if (fault)
		return faulty_write(machine, port, buffer, size, offset_bytes, fault);
	store(machine, port->disk, buffer, size, offset_bytes);
	return (int64_t)size;
}

/* Puts a round that was held back behind the next round, and flushes it. */
static void release_held(struct sim_machine *machine)
{
	if (machine->held.count == 0 || machine->rounds < machine->at + 2)
		return;
	for (size_t i = 0; i < machine->held.count; i++)
		sim_units_add(&machine->state.cache, machine->held.unit[i]);
	sim_units_free(&machine->held);
	if (machine->point)
		machine->point(machine);
	for (int disk = 0; disk < machine->map->disks; disk++)
		make_durable(machine, disk);
}

static int port_flush(void *context)
{
	const struct sim_port *port = context;
	struct sim_machine *machine = port->machine;
	enum sim_fault fault;

	if (machine->point && !machine->stopped)
		machine->point(machine);
	if (machine->stopped)
		return -EIO;
	machine->in_round = false;
	fault = meet_fault(machine, true);
	if (fault == SIM_EINTR)
		return fail(machine, false, -EINTR);
	if (fault == SIM_VANISH || fault == SIM_EIO)
		return fail(machine, true, fault == SIM_EIO ? -EIO : -ENODEV);
	if (machine->trace)
		sim_trace_flush(machine, port->disk);
	if (machine->flushes++ == machine->at && machine->mode == SIM_DROP_FLUSH)
		return 0;
	make_durable(machine, port->disk);
	release_held(machine);
	return 0;
}

static int port_drop_cache(void *context)
{
	const struct sim_port *port = context;

	return port->machine->stopped ? -EIO : 0;
}

static int port_close(void *context)
{
	const struct sim_port *port = context;

	port->machine->open_devices--;
	return 0;
}

static const struct csum_device_ops port_ops = {
	.pread = port_pread,
	.pwrite = port_pwrite,
	.flush = port_flush,
	.drop_cache = port_drop_cache,
	.close = port_close,
};

/* ------------------------------------------------------------------ machines */

void sim_machine_init(struct sim_machine *machine, const struct sim_map *map, const struct sim_state *state)
{
	*machine = (struct sim_machine){ .map = map };
	sim_state_copy(&machine->state, state);
	for (int disk = 0; disk < map->disks; disk++) {
		sim_image_copy(&machine->current[disk], &state->durable[disk]);
		machine->ports[disk] = (struct sim_port){ machine, disk };
	}
	for (size_t i = 0; i < state->cache.count; i++) {
		const struct sim_unit *unit = state->cache.unit[i];

		sim_unit_apply(unit, SIM_KEPT, &machine->current[unit->disk]);
		if (unit->sequence >= machine->sequence)
			machine->sequence = unit->sequence + 1;
	}
	machine->round_sequence = machine->sequence;
}

void sim_machine_free(struct sim_machine *machine)
{
	sim_state_free(&machine->state);
	for (int disk = 0; disk < machine->map->disks; disk++)
		sim_image_free(&machine->current[disk]);
	sim_units_free(&machine->held);
}

struct csum_device *sim_machine_device(struct sim_machine *machine, int disk, bool writable)
{
	struct csum_device *device = sim_alloc(sizeof(*device));

	*device = (struct csum_device){
		.ops = &port_ops,
		.context = &machine->ports[disk],
		.name = strdup(disk == 0 ? "disk" : "metadata-disk"),
		.size_bytes = machine->map->size_bytes[disk],
		.writable = writable,
		.direct = true,
		.logical_sector_size = machine->map->logical_sector_size,
		.physical_sector_size = machine->map->geometry.sector_size,
		.descriptor = -1,
	};
	machine->open_devices++;
	return device;
}
