/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support/memdevice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool fits(const struct memdevice_fault *fault, const struct memdevice_event *event)
{
	return fault->call == event->call &&
	       (fault->size == 0 || (event->offset_bytes < fault->offset_bytes + fault->size &&
				     fault->offset_bytes < event->offset_bytes + event->size));
}

/* Writes the call down; the fault that it meets, if any. Called with the lock held. */
static const struct memdevice_fault *enter(struct memdevice *memory, const struct memdevice_event *event)
{
	if (memory->call_count < MEMDEVICE_LOG)
		memory->log[memory->call_count] = *event;
	memory->call_count++;
	memory->calls[event->call]++;
	for (size_t i = 0; i < memory->fault_count; i++) {
		struct memdevice_fault *fault = &memory->faults[i];

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

/* Bytes of the transfer that the memory has. */
static size_t present(const struct memdevice *memory, size_t size, uint64_t offset_bytes)
{
	if (offset_bytes >= memory->size)
		return 0;
	return size < memory->size - offset_bytes ? size : (size_t)(memory->size - offset_bytes);
}

static int64_t transfer(struct memdevice *memory, enum memdevice_call call, void *in, const void *out, size_t size,
			uint64_t offset_bytes)
{
	const struct memdevice_event event = { call, offset_bytes, size };
	const struct memdevice_fault *fault;
	size_t moved = present(memory, size, offset_bytes);
	int64_t result;

	pthread_mutex_lock(&memory->lock);
	if (memory->meanwhile)
		memory->meanwhile(memory, &event);
	fault = enter(memory, &event);
	if (fault && !fault->error && !fault->corrupt && moved > fault->most)
		moved = fault->most;
	result = fault && fault->error ? fault->error : (int64_t)moved;
	if (result > 0 && in)
		memcpy(in, memory->bytes + offset_bytes, moved);
	if (result > 0 && out)
		memcpy(memory->bytes + offset_bytes, out, moved);
	if (result > 0 && fault && fault->corrupt)
		((uint8_t *)in)[fault->offset_bytes - offset_bytes] ^= 0x10;
	pthread_mutex_unlock(&memory->lock);
	return result;
}

static int64_t memory_pread(void *context, void *buffer, size_t size, uint64_t offset_bytes)
{
	return transfer(context, MEMDEVICE_READ, buffer, NULL, size, offset_bytes);
}

static int64_t memory_pwrite(void *context, const void *buffer, size_t size, uint64_t offset_bytes)
{
	return transfer(context, MEMDEVICE_WRITE, NULL, buffer, size, offset_bytes);
}

static int command(struct memdevice *memory, enum memdevice_call call)
{
	const struct memdevice_event event = { call, 0, 0 };
	const struct memdevice_fault *fault;
	int error;

	pthread_mutex_lock(&memory->lock);
	fault = enter(memory, &event);
	error = fault ? fault->error : 0;
	pthread_mutex_unlock(&memory->lock);
	return error;
}

static int memory_flush(void *context)
{
	return command(context, MEMDEVICE_FLUSH);
}

static int memory_drop_cache(void *context)
{
	return command(context, MEMDEVICE_DROP_CACHE);
}

static enum csum_at_work memory_at_work(void *context)
{
	const struct memdevice *memory = context;

	return memory->at_work;
}

static int memory_close(void *context)
{
	(void)context;
	return 0;
}

static const struct csum_device_ops memory_ops = {
	.pread = memory_pread,
	.pwrite = memory_pwrite,
	.flush = memory_flush,
	.drop_cache = memory_drop_cache,
	.at_work = memory_at_work,
	.close = memory_close,
};

void memdevice_init(struct memdevice *memory, const char *name, uint64_t size)
{
	memset(memory, 0, sizeof(*memory));
	memory->bytes = calloc(1, size);
	assert_non_null(memory->bytes);
	memory->size = size;
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

void memdevice_free(struct memdevice *memory)
{
	pthread_mutex_destroy(&memory->lock);
	free(memory->bytes);
	memory->bytes = NULL;
}

void memdevice_fault(struct memdevice *memory, const struct memdevice_fault *fault)
{
	assert_true(memory->fault_count < MEMDEVICE_FAULTS);
	memory->faults[memory->fault_count++] = *fault;
}

void memdevice_fail(struct memdevice *memory, enum memdevice_call call, uint64_t offset_bytes, uint64_t size, int times,
		    int error)
{
	const struct memdevice_fault fault = {
		.call = call,
		.offset_bytes = offset_bytes,
		.size = size,
		.times = times,
		.error = error,
	};

	memdevice_fault(memory, &fault);
}

void memdevice_reset(struct memdevice *memory)
{
	memory->fault_count = 0;
	memory->call_count = 0;
	memset(memory->calls, 0, sizeof(memory->calls));
}
