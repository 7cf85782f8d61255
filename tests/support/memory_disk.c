/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/memory_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fuzz targets have no cmocka, so this replaces its assertions. */
static void need(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "memory disk: %s\n", what);
	abort();
}

static void *allocate(uint64_t size)
{
	void *memory = calloc(1, size);

	need(memory, "out of memory");
	return memory;
}

/* ------------------------------------------------------------------ contents */

/* Sets the marks of all units that the bytes touch, as far as the memory reaches. */
static void mark(const struct memory_disk *memory, uint8_t *marks, uint64_t each, uint64_t offset_bytes, uint64_t size,
		 uint8_t value)
{
	if (offset_bytes >= memory->capacity || size == 0)
		return;
	size = size < memory->capacity - offset_bytes ? size : memory->capacity - offset_bytes;
	memset(marks + offset_bytes / each, value, (offset_bytes + size - 1) / each - offset_bytes / each + 1);
}

uint8_t *memory_disk_touch(struct memory_disk *memory, uint64_t offset_bytes, uint64_t size)
{
	need(offset_bytes <= memory->size && size <= memory->size - offset_bytes, "a change behind its end");
	mark(memory, memory->dirty, MEMORY_DISK_UNIT, offset_bytes, size, 1);
	return memory->bytes + offset_bytes;
}

int64_t memory_disk_store(struct memory_disk *memory, const uint8_t *bytes, size_t size, uint64_t offset_bytes)
{
	memcpy(memory_disk_touch(memory, offset_bytes, size), bytes, size);
	if (memory->any_unreadable)
		mark(memory, memory->unreadable, MEMORY_DISK_BLOCK, offset_bytes, size, 0);
	return (int64_t)size;
}

void memory_disk_make_unreadable(struct memory_disk *memory, uint64_t offset_bytes, uint64_t size)
{
	mark(memory, memory->unreadable, MEMORY_DISK_BLOCK, offset_bytes, size, 1);
	memory->any_unreadable = true;
}

bool memory_disk_readable(const struct memory_disk *memory, uint64_t offset_bytes, uint64_t size)
{
	uint64_t first = offset_bytes / MEMORY_DISK_BLOCK, last = (offset_bytes + size - 1) / MEMORY_DISK_BLOCK;

	if (offset_bytes > memory->size || size > memory->size - offset_bytes)
		return false;
	return !memory->any_unreadable || size == 0 || !memchr(memory->unreadable + first, 1, last - first + 1);
}

void memory_disk_keep(struct memory_disk *memory)
{
	if (!memory->base)
		memory->base = allocate(memory->capacity);
	memcpy(memory->base, memory->bytes, memory->capacity);
	memset(memory->dirty, 0, memory->capacity / MEMORY_DISK_UNIT + 1);
}

static void restore_unit(struct memory_disk *memory, uint64_t offset_bytes)
{
	uint64_t left = memory->capacity - offset_bytes, size = left < MEMORY_DISK_UNIT ? left : MEMORY_DISK_UNIT;

	if (memory->base)
		memcpy(memory->bytes + offset_bytes, memory->base + offset_bytes, size);
	else
		memset(memory->bytes + offset_bytes, 0, size);
}

void memory_disk_restore(struct memory_disk *memory)
{
	for (uint64_t at = 0; at < memory->capacity; at += MEMORY_DISK_UNIT) {
		if (memory->dirty[at / MEMORY_DISK_UNIT])
			restore_unit(memory, at);
	}
	memset(memory->dirty, 0, memory->capacity / MEMORY_DISK_UNIT + 1);
	if (memory->any_unreadable)
		memset(memory->unreadable, 0, memory->capacity / MEMORY_DISK_BLOCK + 1);
	memory->any_unreadable = false;
}

/* ------------------------------------------------------------------ calls */

static bool fits(const struct memory_disk_fault *fault, const struct memory_disk_event *event)
{
	return fault->call == event->call &&
	       (fault->size == 0 || (event->offset_bytes < fault->offset_bytes + fault->size &&
				     fault->offset_bytes < event->offset_bytes + event->size));
}

/* Logs the call, and returns the fault that it meets, or NULL. Called with the lock held. */
static const struct memory_disk_fault *enter(struct memory_disk *memory, const struct memory_disk_event *event)
{
	if (memory->call_count < MEMORY_DISK_LOG)
		memory->log[memory->call_count] = *event;
	memory->call_count++;
	memory->calls[event->call]++;
	for (size_t i = 0; i < memory->fault_count; i++) {
		struct memory_disk_fault *fault = &memory->faults[i];

		if (!fits(fault, event) || fault->times == 0)
			continue;
		if (fault->skip > 0) {
			fault->skip--;
			continue;
		}
		if (fault->times > 0)
			fault->times--;
		return fault;
	}
	return NULL;
}

/* Returns how many bytes of the transfer lie within the memory. */
static size_t present(const struct memory_disk *memory, size_t size, uint64_t offset_bytes)
{
	if (offset_bytes >= memory->size)
		return 0;
	return size < memory->size - offset_bytes ? size : (size_t)(memory->size - offset_bytes);
}

/* Moves the bytes, or returns an error. */
static int64_t move(struct memory_disk *memory, void *in, const void *out, size_t size, uint64_t offset_bytes)
{
	if (out && memory->write)
		return memory->write(memory, out, size, offset_bytes);
	if (size == 0)
		return 0;
	if (out)
		return memory_disk_store(memory, out, size, offset_bytes);
	if (!memory_disk_readable(memory, offset_bytes, size))
		return -EIO;
	memcpy(in, memory->bytes + offset_bytes, size);
	return (int64_t)size;
}

static int64_t transfer(struct memory_disk *memory, enum memory_disk_call call, void *in, const void *out, size_t size,
			uint64_t offset_bytes)
{
	const struct memory_disk_event event = { call, offset_bytes, size };
	const struct memory_disk_fault *fault;
	/* The hook also sees writes that reach behind the end. */
	size_t moved = out && memory->write ? size : present(memory, size, offset_bytes);
	int64_t result;

	pthread_mutex_lock(&memory->lock);
	if (memory->meanwhile)
		memory->meanwhile(memory, &event);
	fault = enter(memory, &event);
	if (fault && !fault->error && !fault->corrupt && moved > fault->most)
		moved = fault->most;
	result = fault && fault->error ? fault->error : move(memory, in, out, moved, offset_bytes);
	if (result > 0 && fault && fault->corrupt)
		((uint8_t *)in)[fault->offset_bytes - offset_bytes] ^= 0x10;
	pthread_mutex_unlock(&memory->lock);
	return result;
}

static int64_t memory_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	return transfer(context, MEMORY_DISK_READ, buffer, NULL, size, offset_bytes);
}

static int64_t memory_pwrite(void *context, const void *buffer, size_t size, uint64_t offset_bytes)
{
	return transfer(context, MEMORY_DISK_WRITE, NULL, buffer, size, offset_bytes);
}

static int command(struct memory_disk *memory, enum memory_disk_call call)
{
	const struct memory_disk_event event = { call, 0, 0 };
	const struct memory_disk_fault *fault;
	int error;

	pthread_mutex_lock(&memory->lock);
	fault = enter(memory, &event);
	error = fault ? fault->error : 0;
	if (!error && call == MEMORY_DISK_FLUSH && memory->flushed)
		memory->flushed(memory);
	pthread_mutex_unlock(&memory->lock);
	return error;
}

static int memory_flush(void *context)
{
	return command(context, MEMORY_DISK_FLUSH);
}

static int memory_drop_cache(void *context)
{
	return command(context, MEMORY_DISK_DROP_CACHE);
}

static enum csum_at_work memory_at_work(void *context)
{
	const struct memory_disk *memory = context;

	return memory->at_work;
}

static int memory_close(void *context)
{
	struct memory_disk *memory = context;

	memory->lent--;
	return 0;
}

/* ------------------------------------------------------------------ disks */

static const struct csum_device_ops memory_ops = {
	.pread = memory_pread,
	.pwrite = memory_pwrite,
	.flush = memory_flush,
	.drop_cache = memory_drop_cache,
	.at_work = memory_at_work,
	.close = memory_close,
};

void memory_disk_init(struct memory_disk *memory, const char *name, uint64_t size)
{
	memset(memory, 0, sizeof(*memory));
	memory->bytes = allocate(size);
	memory->dirty = allocate(size / MEMORY_DISK_UNIT + 1);
	memory->unreadable = allocate(size / MEMORY_DISK_BLOCK + 1);
	memory->size = memory->capacity = size;
	memory->device = (struct csum_device){
		.ops = &memory_ops,
		.context = memory,
		.name = (char *)(uintptr_t)name,
		.size_bytes = size,
		.writable = true,
		.direct = true,
		.logical_sector_size = 512,
		.physical_sector_size = 512,
		.descriptor = -1,
	};
	pthread_mutex_init(&memory->lock, NULL);
}

void memory_disk_free(struct memory_disk *memory)
{
	pthread_mutex_destroy(&memory->lock);
	free(memory->bytes);
	free(memory->base);
	free(memory->dirty);
	free(memory->unreadable);
	memory->bytes = memory->base = memory->dirty = memory->unreadable = NULL;
}

struct csum_device *memory_disk_lend(struct memory_disk *memory)
{
	struct csum_device *device = allocate(sizeof(*device));

	*device = memory->device;
	device->name = strdup(memory->device.name);
	need(device->name, "out of memory");
	memory->lent++;
	return device;
}

void memory_disk_fault(struct memory_disk *memory, const struct memory_disk_fault *fault)
{
	need(memory->fault_count < MEMORY_DISK_FAULTS, "too many faults");
	memory->faults[memory->fault_count++] = *fault;
}

void memory_disk_fail(struct memory_disk *memory, enum memory_disk_call call, uint64_t offset_bytes, uint64_t size,
		      int times, int error)
{
	const struct memory_disk_fault fault = {
		.call = call,
		.offset_bytes = offset_bytes,
		.size = size,
		.times = times,
		.error = error,
	};

	memory_disk_fault(memory, &fault);
}

void memory_disk_reset(struct memory_disk *memory)
{
	memory->fault_count = 0;
	memory->call_count = 0;
	memset(memory->calls, 0, sizeof(memory->calls));
}
